"""
How older stores become current ones: Alembic scripts, in `versions/`.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configuration(connection: Connection | None = None) -> Config:
    """
    Alembic's configuration, over a connection that has a transaction open.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """
    Bring the store to the newest version, within the transaction of the connection.
    """
    command.upgrade(configuration(connection), "head")

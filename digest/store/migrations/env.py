"""
Run by Alembic: migrations on the connection that `upgrade` hands over.
"""

from alembic import context

from digest.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # The caller's transaction is the one.
)
context.run_migrations()

"""
What libraries and the server log, in the format of all else that a command says.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from .logs import for_programs


def open_log() -> None:
    """
    What libraries and the server log goes to standard error, in the chosen format.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _EventFormatter() if for_programs() else logging.Formatter("%(asctime)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class _EventFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        document = {
            "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "event": "problem" if record.levelno >= logging.WARNING else "log",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)

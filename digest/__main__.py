"""
`digest`, and `python -m digest`.
"""

import gc
import os
import signal

INTERRUPTED = 130
#: Nearly all that a command makes lives to its end; looking for the rest all the time is slow.
GARBAGE = 50_000


def main() -> None:
    """
    Run a command. Ctrl-C ends it without a word, also while most of it is not loaded yet.
    """
    # Who started us may want it ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    gc.set_threshold(GARBAGE)
    from .cli import main as run

    try:
        run()
    finally:
        gc.freeze()  # All that is left goes with the process: nobody has to look through it again.


def _leave(*_: object) -> None:
    # An exception would be lost where nobody can raise one: at the end of an import, or of us.
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()

"""A hard limit on the time that one page may take."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class PageTimeoutError(BaseException):
    """The block ran out of its time.

    Not an Exception, so that no parser's own `except Exception` swallows it.
    """


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise PageTimeoutError in the block once it has run for so many seconds of wall time.

    Works by SIGALRM: Python code and regular expressions are interrupted at once, a call into other C code
    (lxml's parser, linear in its input) when it returns. Only the main thread of a process can be limited,
    which is where Spark's Python workers run tasks; elsewhere RuntimeError. Blocks do not nest.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a time limit works in the main thread only")
    expired = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal expired
        expired = True
        raise PageTimeoutError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:  # two nested ones: the signal may come in the inner one's last step
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    if expired:  # a callback from C swallowed the exception
        raise PageTimeoutError

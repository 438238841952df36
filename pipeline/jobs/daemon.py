"""What Spark starts Python workers by on a local master: pyspark's own daemon, with cheaper ends of tasks."""

import gc
import os
import socket

from pyspark import daemon

_work = daemon.worker


def _worker(sock: socket.socket, authenticated: bool) -> int:
    """Run one task of this worker process, and after the first leave what it has imported out of collections.

    pyspark collects garbage after every task: among the objects of imported modules this takes 50 ms. A Spark
    that has what it wants, and does not listen any more, ends the worker without a word.
    """
    try:
        code: int = _work(sock, authenticated)
    except BrokenPipeError:
        os._exit(0)
    if not gc.get_freeze_count():
        gc.freeze()
    return code


if __name__ == "__main__":
    daemon.worker = _worker
    daemon.manager()

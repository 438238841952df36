"""The time limit interrupts what hostile pages can keep busy."""

import re
import signal
import threading
import time

import pytest

from extract.timelimit import PageTimeoutError, time_limit


def test_python_code_is_interrupted():
    began = time.monotonic()
    with pytest.raises(PageTimeoutError), time_limit(0.2):
        while True:
            pass
    assert time.monotonic() - began < 2


def test_a_regular_expression_is_interrupted():
    began = time.monotonic()
    with pytest.raises(PageTimeoutError), time_limit(0.2):
        re.match(r"(a+)+b", "a" * 60)
    assert time.monotonic() - began < 2


def test_except_exception_does_not_swallow_it():
    def parser():
        while True:
            try:
                time.sleep(10)
            except Exception:
                return

    with pytest.raises(PageTimeoutError), time_limit(0.1):
        parser()


def test_a_quick_block_leaves_nothing_behind():
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(0.1):
        pass
    time.sleep(0.2)
    assert signal.getsignal(signal.SIGALRM) is before


def test_other_threads_are_told():
    caught = []

    def work():
        try:
            with time_limit(1):
                pass
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == ["a time limit works in the main thread only"]

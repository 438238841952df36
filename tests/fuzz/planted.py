"""Targets with a fault each: what the harness must report (`test_run.py`)."""

import os
import time

from targets import Target


def _raises(data: bytes) -> None:
    if b"bad" in data:
        raise KeyError("planted")


def _loops(data: bytes) -> None:
    while b"bad" in data:
        pass


def _sleeps_through_signals(data: bytes) -> None:
    while b"bad" in data:
        try:
            time.sleep(60)
        except Exception:
            continue


def _balloons(data: bytes) -> None:
    hoard = []
    while b"bad" in data:
        hoard.append(bytearray(os.urandom(1 << 20)) * 8)


def _crashes(data: bytes) -> None:
    if b"bad" in data:
        os.abort()


def _passes(data: bytes) -> None:
    assert isinstance(data, bytes)


def _seeds() -> list[bytes]:
    return [b"good", b"better", b"bad"]


TARGETS = {
    check.__name__.strip("_"): Target(check.__name__.strip("_"), check, _seeds, ("bad",))
    for check in (_raises, _loops, _sleeps_through_signals, _balloons, _crashes, _passes)
}

"""Bloom filters of one hash that count to two: which of very many keys may occur more than once.

A key that does is never missed, another may be taken for one (false positives). Most rows share nothing with
any other row: what this rules out in one pass needs no sorting and joining by key.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MIN_BITS, MAX_BITS = 13, 28
"""Slots of a filter, as powers of 2: at most 256 MB while it is built and 32 MB a plane; of some use up to
300 million keys, beyond which nearly all pass."""

_SEEN, _TWICE, _NEW = 1, 2, 4


def n_bits_for(n_keys: int, *, slots_per_key: int) -> int:
    """Return the power of 2 that gives each key at least so many slots, within MIN_BITS and MAX_BITS."""
    return min(max((n_keys * slots_per_key).bit_length(), MIN_BITS), MAX_BITS)


class FilterBuilder:
    """Takes in keys whose low bits are evenly distributed, in one byte a slot."""

    def __init__(self, n_bits: int) -> None:
        self._slots = np.zeros(1 << n_bits, dtype=np.uint8)

    def add(self, keys: NDArray[np.int64], *, is_new: bool) -> None:
        """Take in keys `(n,)`; `is_new` says whether they are those of a new row."""
        slots = np.sort(_slots(keys, len(self._slots)))
        self._slots[slots] |= (self._slots[slots] & _SEEN) << 1 | _SEEN | (_NEW if is_new else 0)
        self._slots[slots[1:][slots[1:] == slots[:-1]]] |= _TWICE

    def packed(self) -> "CountingFilter":
        """Return the filter of all keys so far, one bit a slot in each plane."""
        planes = (np.packbits(self._slots & flag, bitorder="little") for flag in (_SEEN, _TWICE, _NEW))
        return CountingFilter(*planes)


@dataclass(frozen=True, slots=True)
class CountingFilter:
    """Three planes `(2 ** n_bits / 8,)` of bits: keys seen, seen twice or more, and seen on a new row."""

    seen: NDArray[np.uint8]
    twice: NDArray[np.uint8]
    new: NDArray[np.uint8]

    def __or__(self, other: Self) -> "CountingFilter":
        """Return the filter of the keys of both."""
        return CountingFilter(
            self.seen | other.seen,
            self.twice | other.twice | (self.seen & other.seen),
            self.new | other.new,
        )


def holds(plane: NDArray[np.uint8], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each key `(n,)` whether its bit in a plane is set."""
    slots = _slots(keys, 8 * len(plane))
    bits: NDArray[np.uint8] = plane[slots >> 3] >> (slots & 7).astype(np.uint8) & 1
    return bits.astype(bool)


def _slots(keys: NDArray[np.int64], n_slots: int) -> NDArray[np.uint32]:
    return (keys.view(np.uint64) & np.uint64(n_slots - 1)).astype(np.uint32)

"""Keys seen twice: never missed, rarely imagined."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mining.bloom import MAX_BITS, MIN_BITS, FilterBuilder, holds, n_bits_for

KEYS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 40), max_size=200)


def keys(*values):
    return np.array(values, dtype=np.int64)


def filter_of(batches, n_bits=20):
    builder = FilterBuilder(n_bits)
    for values, is_new in batches:
        builder.add(keys(*values), is_new=is_new)
    return builder.packed()


def test_once_twice_and_new_by_hand():
    found = filter_of([([1, 2, 2, -5], False), ([1, 3, 7], True), ([7], False)])
    asked = keys(1, 2, 3, 7, -5, 9)
    assert holds(found.seen, asked).tolist() == [True, True, True, True, True, False]
    assert holds(found.twice, asked).tolist() == [True, True, False, True, False, False]
    assert holds(found.new, asked).tolist() == [True, False, True, True, False, False]


@given(a=KEYS, b=KEYS)
def test_no_repeated_key_is_missed_however_the_keys_are_dealt(a, b):
    together = filter_of([(a, True), (b, False)], n_bits=13)
    apart = filter_of([(a, True)], n_bits=13) | filter_of([(b, False)], n_bits=13)
    for plane in ("seen", "twice", "new"):
        assert (getattr(together, plane) == getattr(apart, plane)).all()
    repeated = [key for key, n in Counter(a + b).items() if n > 1]
    assert holds(together.twice, keys(*repeated)).all()
    assert holds(together.new, keys(*a)).all()


def test_few_single_keys_pass_as_repeated():
    n = 100_000
    single = np.random.default_rng(3).integers(-(2**63), 2**63 - 1, n)
    found = filter_of([(single, True)], n_bits=n_bits_for(n, slots_per_key=8))
    assert holds(found.twice, single).mean() < 1 / 8


def test_the_number_of_slots_follows_the_keys_within_bounds():
    assert n_bits_for(0, slots_per_key=8) == MIN_BITS
    assert n_bits_for(1_000_000, slots_per_key=8) == 23
    assert n_bits_for(10**10, slots_per_key=8) == MAX_BITS

"""Suggested pairs of buckets, against a loop over the rows, however they are cut into batches."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mining.dedup_candidates import N_BEFORE, BandRows, Suggestions

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 60), st.booleans()), max_size=60
)


def band_rows(rows):
    columns = zip(*rows, strict=True) if rows else [()] * 4
    return BandRows(*(np.array(c, dtype=t) for c, t in zip(columns, (*["int64"] * 3, "bool"), strict=True)))


def suggested(batches):
    suggestions = Suggestions()
    return {
        (int(a), int(b)) for batch in batches for a, b in zip(*suggestions.of(band_rows(batch)), strict=True)
    }


def expected(rows):
    found = set()
    for i, (band, facts, location, is_new) in enumerate(rows):
        bucket = [row for row in rows if row[0] == band]
        before = [row for row in rows[max(0, i - N_BEFORE) : i] if row[0] == band]
        same = next(row for row in bucket if row[1] == facts)
        for other in (bucket[0], same, *before):
            if other[2] != location and (other[3] or is_new):
                found.add((min(other[2], location), max(other[2], location)))
    return found


@given(rows=ROWS, cuts=st.lists(st.integers(0, 60), max_size=8))
def test_pairs_are_those_of_a_loop_in_any_batches(rows, cuts):
    rows = sorted(rows)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    batches = [rows[a:b] for a, b in pairwise(bounds)]
    assert suggested(batches) == expected(rows)


def test_a_large_bucket_costs_a_few_pairs_a_row():
    rows = [(7, n // 100, n, True) for n in range(10_000)]
    found = suggested([rows[:5000], rows[5000:]])
    assert (0, 9_999) in found
    assert (9_900, 9_999) in found
    assert (9_996, 9_999) in found
    assert (9_995, 9_999) not in found
    assert len(found) < 5 * len(rows)


def test_old_pairs_do_not_meet_again():
    assert suggested([[(1, 0, 10, False), (1, 0, 11, False), (1, 0, 12, True)]]) == {(10, 12), (11, 12)}

"""Margins by hand, against brute force on real sentences, and what must not change the result."""

import numpy as np
import pytest
from conftest import SHARED_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.margin import Nearest, margin_candidates, nearest, neighbour_candidates, published_candidates

TATOEBA = SHARED_DATA / "parallel_text" / "facebookresearch__LASER" / "data" / "tatoeba" / "v1"


def unit(*rows):
    rows = np.array(rows, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def listed(found):
    columns = (found.index_a, found.index_b, found.cosine, found.margin, found.mutual)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def brute_force(a, b, k):
    """Return (index_a, index_b, margin, mutual) by the definition, in double precision, cell by cell."""
    a, b = (np.rint(side.astype(np.float64) * 2048) / 2048 for side in (a, b))
    cosines = a @ b.T
    mean_a = np.array([np.mean(np.maximum(np.sort(row)[::-1][:k], 0)) for row in cosines])
    mean_b = np.array([np.mean(np.maximum(np.sort(row)[::-1][:k], 0)) for row in cosines.T])

    def best(row, means, mean):
        nearest = sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]
        margins = {j: np.float32(row[j] / ((means[j] + mean) / 2)) for j in nearest if row[j] > 0}
        return max(margins, key=margins.get) if margins else None

    of_a = {(i, best(row, mean_b, mean_a[i])) for i, row in enumerate(cosines)}
    of_b = {(best(row, mean_a, mean_b[j]), j) for j, row in enumerate(cosines.T)}
    found = sorted(pair for pair in of_a | of_b if None not in pair)
    margins = [cosines[i, j] / ((mean_a[i] + mean_b[j]) / 2) for i, j in found]
    return [(i, j, m, (i, j) in of_a & of_b) for (i, j), m in zip(found, margins, strict=True)]


def assert_equals_brute_force(found, expected):
    assert [(i, j, mutual) for i, j, _, _, mutual in listed(found)] == [
        (i, j, mu) for i, j, _, mu in expected
    ]
    assert found.margin.tolist() == pytest.approx([margin for _, _, margin, _ in expected], rel=1e-6)


def embedded(texts, *, n_dimensions=64):
    """Random projections of the counts of a text's runs of three characters."""
    vectors: dict[str, np.ndarray] = {}
    rows = np.zeros((len(texts), n_dimensions), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for gram in (text[i : i + 3] for i in range(len(text))):
            if gram not in vectors:
                seed = int.from_bytes(gram.encode(), "big")
                vectors[gram] = np.random.default_rng(seed).standard_normal(n_dimensions)
            row += vectors[gram]
    return unit(*rows)


def test_margins_by_hand():
    # Multiples of 2^-11 already: cosines of (1, 0) and (0.5, 0.866) with three directions.
    a = unit((1, 0), (0, 1))
    b = unit((1, 0), (3, 4), (-1, 0))  # cosines with a: 1, 0.6, -1 and 0, 0.8, 0
    found = margin_candidates(a, b, k=2)
    # Means of the two nearest: a: (1 + 0.6) / 2 = 0.8 and (0.8 + 0) / 2 = 0.4.
    # b: (1 + 0) / 2 = 0.5, (0.8 + 0.6) / 2 = 0.7, (0 + 0) / 2 = 0.
    # (0, 0): 1 / ((0.8 + 0.5) / 2); (1, 1): 0.8 / ((0.4 + 0.7) / 2). b's third row is near to nothing.
    assert [(i, j, mutual) for i, j, _, _, mutual in listed(found)] == [(0, 0, True), (1, 1, True)]
    assert found.cosine.tolist() == pytest.approx([1, 0.8], abs=1e-3)
    assert found.margin.tolist() == pytest.approx([1 / 0.65, 0.8 / 0.55], abs=2e-3)


def test_the_margin_passes_over_a_row_that_is_close_to_everything():
    """By cosine all of `a` would take the hub; by margin none does that has a better one."""
    hub = (1, 1, 1, 1)
    a = unit(*(np.array(hub) + row for row in np.eye(4)))
    b = unit(hub, *(2 * np.eye(4) + 0.2))
    by_cosine = (a @ b.T).argmax(axis=1)
    assert by_cosine.tolist() == [0, 0, 0, 0]
    found = margin_candidates(a, b, k=2)
    assert [(i, j) for i, j, _, _, mutual in listed(found) if mutual] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert [row[:2] for row in listed(published_candidates(a, b, min_cosine=0.8))] == [(0, 0)]


def test_a_single_text_on_each_side_has_margin_one():
    found = margin_candidates(unit((1, 0)), unit((3, 4)))
    assert listed(found) == [(0, 0, pytest.approx(0.6, abs=1e-3), 1.0, True)]


def test_published_rule():
    a = unit((1, 0), (0, 1), (1, 0.1))
    b = unit((1, 0), (2, 5))  # cosines: 1, 0.37; 0, 0.93; 0.995, 0.46
    assert [row[:2] for row in listed(published_candidates(a, b))] == [(0, 0), (1, 1)]
    assert [row[:2] for row in listed(published_candidates(a, b, min_cosine=0.95))] == [(0, 0)]
    # The third of `a` is above the bound, but not the first of `b`'s nearest.
    assert all(row[4] for row in listed(published_candidates(a, b)))


def test_of_equal_rows_the_first_is_taken():
    a, b = unit((1, 0), (1, 0)), unit((1, 0), (1, 0), (1, 0))
    for find in (margin_candidates, published_candidates):
        assert [row[:2] for row in listed(find(a, b)) if row[4]] == [(0, 0)]


def test_empty_sides_and_texts_without_a_known_word():
    nothing, some = np.empty((0, 2), dtype=np.float32), unit((1, 0), (0, 1))
    for a, b in ((nothing, some), (some, nothing), (nothing, nothing), (np.zeros_like(some), some)):
        for find in (margin_candidates, published_candidates):
            found = find(a, b)
            assert len(found) == 0
            assert found.margin.shape == found.mutual.shape == (0,)
    assert [row[:2] for row in listed(margin_candidates(unit((0, 0), (1, 0)), some))] == [(1, 0)]


@pytest.mark.parametrize("row", [(0.5, 0.5), (2, 0), (np.nan, 0), (np.inf, 0)])
def test_rows_of_another_length_are_refused(row):
    with pytest.raises(ValueError, match="must have length 1, or 0"):
        margin_candidates(np.array([row], dtype=np.float32), unit((1, 0)))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_equals_brute_force_in_any_blocks(data):
    """Components of few values, so that equal rows and equal cosines abound."""
    n_a, n_b, k = (data.draw(st.integers(1, n)) for n in (12, 12, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    a, b = (unit(*rng.integers(-1, 3, size=(n, 6))) for n in (n_a, n_b))
    found = margin_candidates(a, b, k=k, block=data.draw(st.integers(1, 13)))
    assert_equals_brute_force(found, brute_force(a, b, k))
    assert listed(found) == listed(margin_candidates(a, b, k=k))
    swapped = margin_candidates(b, a, k=k)
    assert sorted((j, i, *scores) for i, j, *scores in listed(swapped)) == listed(found)


@pytest.fixture(scope="module")
def tatoeba():
    """Embeddings of 1000 German sentences and their English translations."""
    if not TATOEBA.is_dir():
        pytest.skip(f"parallel text is absent: no {TATOEBA}")
    sides = [(TATOEBA / f"tatoeba.deu-eng.{side}").read_text("utf-8").splitlines() for side in ("deu", "eng")]
    return tuple(embedded(side) for side in sides)


@pytest.mark.parametrize(("k", "block"), [(1, 4096), (4, 4096), (4, 77), (10, 300)])
def test_equals_brute_force_on_tatoeba(tatoeba, k, block):
    a, b = tatoeba[0], tatoeba[1][:800]
    found = margin_candidates(a, b, k=k, block=block)
    assert_equals_brute_force(found, brute_force(a, b, k))
    assert 500 < len(found) < 1800


def test_the_published_rule_equals_brute_force_on_tatoeba(tatoeba):
    a, b = (np.rint(side * 2048) / 2048 for side in tatoeba)
    cosines = a @ b.T
    nearest_a, nearest_b = cosines.argmax(axis=1), cosines.argmax(axis=0)
    expected = [(i, j) for i, j in enumerate(nearest_a) if nearest_b[j] == i and cosines[i, j] >= 0.3]
    assert [row[:2] for row in listed(published_candidates(*tatoeba, min_cosine=0.3, block=99))] == expected
    assert len(expected) > 20


def as_lists(found):
    return [
        [(i, c) for i, c in zip(*row, strict=True) if c > -np.inf]
        for row in zip(found.indices.tolist(), found.cosines.tolist(), strict=True)
    ]


def test_neighbours_by_hand():
    from_a, from_b = nearest(unit((1, 0), (0, 1)), unit((1, 0), (3, 4), (-1, 0)), k=2)
    cosine = {c: pytest.approx(c, abs=1e-3) for c in (0.6, 0.8)}
    assert as_lists(from_a) == [[(0, 1), (1, cosine[0.6])], [(1, cosine[0.8]), (0, 0)]]
    assert as_lists(from_b) == [[(0, 1), (1, 0)], [(1, cosine[0.8]), (0, cosine[0.6])], [(1, 0), (0, -1)]]
    assert as_lists(from_a.first(1)) == [[(0, 1)], [(1, cosine[0.8])]]


def test_a_row_has_no_more_neighbours_than_there_are():
    from_a, from_b = nearest(unit((1, 0), (0, 1)), unit((1, 0)), k=3)
    assert as_lists(from_a) == [[(0, 1)], [(0, 0)]]
    assert as_lists(from_b) == [[(0, 1), (1, 0)]]
    assert from_a.cosines.shape == from_a.indices.shape == (2, 3)
    assert from_a.indices[:, 1:].tolist() == [[0, 0], [0, 0]]


def test_without_takes_the_named_neighbour_out_and_else_the_last():
    found = Nearest(
        np.array([[0.9, 0.5, 0.1]] * 4, dtype=np.float32),
        np.array([[7, 0, 3], [7, 0, 3], [7, 0, 3], [0, 1, 2]]),
    )
    less = found.without(np.array([0, 1, 3]), np.array([0, 5, 0]))
    assert less.indices.tolist() == [[7, 3], [7, 0], [7, 0], [1, 2]]
    assert less.cosines.tolist() == [
        pytest.approx(row) for row in ([0.9, 0.1], [0.9, 0.5], [0.9, 0.5], [0.5, 0.1])
    ]


def test_without_does_not_take_an_empty_place_for_row_0():
    from_a, _ = nearest(unit((1, 0)), unit((0, 1), (1, 0)), k=3)
    assert as_lists(from_a) == [[(1, 1), (0, 0)]]
    assert as_lists(from_a.without(np.array([0]), np.array([0]))) == [[(1, 1)]]
    assert as_lists(from_a.without(np.array([0]), np.array([2]))) == [[(1, 1), (0, 0)]]


def cells_of(a, b):
    """Return every cell of two sets as lists of rows, indices and cosines."""
    cosines = (np.rint(a * np.float32(2048)) / 2048) @ (np.rint(b * np.float32(2048)) / 2048).T
    rows, indices = np.indices(cosines.shape).reshape(2, -1)
    return rows, indices, cosines.astype(np.float32).ravel()


def drawn(data):
    n_a, n_b = (data.draw(st.integers(1, 9)) for _ in range(2))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    return unit(*rng.integers(-1, 3, size=(n_a, 4))), unit(*rng.integers(-1, 3, size=(n_b, 4))), rng


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_merged_blocks_are_one_search(data):
    """What tasks find in blocks of both sides, merged in any order, is what one search finds."""
    a, b, rng = drawn(data)
    k, size = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    lists = {0: [], 1: []}
    for i in range(0, len(a), size):
        for j in range(0, len(b), size):
            firsts = (i, j)
            for side, found in enumerate(nearest(a[i : i + size], b[j : j + size], k=k)):
                rows, places = np.nonzero(found.cosines > -np.inf)
                lists[side] += zip(
                    rows + firsts[side],
                    found.indices[rows, places] + firsts[1 - side],
                    found.cosines[rows, places],
                    strict=True,
                )
    expected = nearest(a, b, k=k)
    for side, rows in enumerate((a, b)):
        edges = [lists[side][i] for i in rng.permutation(len(lists[side]))]
        merged = Nearest.of_edges(
            *(np.array(column) for column in zip(*edges, strict=True)), n_rows=len(rows), k=k
        )
        assert merged.cosines.tolist() == expected[side].cosines.tolist()
        assert merged.indices.tolist() == expected[side].indices.tolist()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_without_is_a_search_in_which_the_two_never_met(data):
    a, b, rng = drawn(data)
    k = data.draw(st.integers(1, 4))
    rows = np.flatnonzero(rng.random(len(a)) < 0.7)
    indices = rng.integers(len(b), size=len(rows))
    of_rows, of_indices, cosines = cells_of(a, b)
    partner = np.full(len(a), -1)
    partner[rows] = indices
    met = partner[of_rows] != of_indices
    expected = Nearest.of_edges(of_rows[met], of_indices[met], cosines[met], n_rows=len(a), k=k)
    found = nearest(a, b, k=k + 1)[0].without(rows, indices)
    assert as_lists(found) == as_lists(expected)


def test_edges_of_none_of_the_rows():
    nothing = np.empty(0, dtype=np.int64)
    found = Nearest.of_edges(nothing, nothing, np.empty(0, dtype=np.float32), n_rows=2, k=2)
    assert as_lists(found) == [[], []]
    assert len(neighbour_candidates(found, found)) == 0

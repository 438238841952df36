"""Exact search by hand, against sorting all scores, and on torch's tiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining import dense_tiles
from mining.dense_tiles import as_grid, keys_of, nearest_keys, nearest_keys_by_torch, read_keys

ABSENT = "torch is not installed; pip install faqtory[mining]"


def few_values(rng, n, d=4):
    """Return vectors of so few values that equal scores abound."""
    return rng.integers(-1, 2, size=(n, d)).astype(np.int16) * 512


def stated(queries, documents, k):
    """Return documents and scores by sorting every score of each query, in integers."""
    found = []
    for query in queries.astype(np.int64):
        scores = documents.astype(np.int64) @ query
        order = sorted(range(len(documents)), key=lambda i: (-scores[i], i))[:k]
        found.append([(i, scores[i] / 2**22) for i in order])
    return found


def listed(keys):
    return [list(zip(*row, strict=True)) for row in zip(*(a.tolist() for a in read_keys(keys)), strict=True)]


def test_nearest_by_hand():
    documents = as_grid(np.array([(1, 0), (0, 1), (0.5, 0.5), (-1, 0), (1, 0)], dtype=np.float16))
    query = as_grid(np.array([(1, 0.25)], dtype=np.float32))
    expected = [[(0, 1.0), (4, 1.0), (2, 0.625), (1, 0.25), (3, -1.0)]]
    assert listed(nearest_keys(query, documents, k=5)) == expected
    assert listed(nearest_keys(query, documents, k=2)) == [expected[0][:2]]


def test_keys_hold_the_least_and_the_largest():
    scores = np.array([-1.0, -(2.0**-22), 0.0, 2.0**-22, 1.0], dtype=np.float32)
    documents = np.array([0, 2**32 - 1, 5, 5_000_000, 1])
    keys = keys_of(scores, documents)
    assert (np.diff(keys) > 0).all()
    assert [column.tolist() for column in read_keys(keys)] == [documents.tolist(), scores.tolist()]
    assert (np.diff(keys_of(np.zeros(3, np.float32), np.arange(3))) < 0).all()


@pytest.mark.parametrize("component", [0.3, 1 / 4096, np.nan])
def test_vectors_off_the_grid_are_refused(component):
    with pytest.raises(ValueError, match=r"multiples of 2\^-11"), np.errstate(invalid="ignore"):
        as_grid(np.array([[component, 0]], dtype=np.float32))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_equals_sorting_all_scores_in_any_tiles(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    documents = few_values(rng, data.draw(st.integers(1, 60)))
    queries = few_values(rng, data.draw(st.integers(1, 9)))
    k = data.draw(st.integers(1, min(12, len(documents))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense_tiles, "_QUERIES", data.draw(st.integers(1, 10)))
        patch.setattr(dense_tiles, "_DOCUMENTS", data.draw(st.integers(1, 20)))
        assert listed(nearest_keys(queries, documents, k=k)) == stated(queries, documents, k)


@pytest.mark.parametrize(("n_queries", "n_documents"), [(3, 7), (100, 1), (2, 500)])
def test_torch_finds_the_same(n_queries, n_documents):
    pytest.importorskip("torch", reason=ABSENT)
    rng = np.random.default_rng(3)
    queries, documents = few_values(rng, 10), few_values(rng, 101)
    for k in (1, 5, 101):
        found = nearest_keys_by_torch(
            queries, documents, k=k, device="cpu", n_queries=n_queries, n_documents=n_documents
        )
        assert np.array_equal(found, nearest_keys(queries, documents, k=k))

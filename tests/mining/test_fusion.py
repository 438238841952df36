"""Reciprocal ranks by hand, and against a statement of the same over lists and dictionaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.fusion import fuse
from mining.ranking import Ranking

NONE = np.empty(0, dtype=np.int64)


def ranking(*lists):
    """Return lists of (document, score) as a ranking."""
    flat = [row for rows in lists for row in rows]
    return Ranking(
        np.cumsum([0, *map(len, lists)]),
        np.array([document for document, _ in flat], dtype=np.int64),
        np.array([score for _, score in flat], dtype=np.float32),
    )


def rows_of(fused):
    columns = (fused.query, fused.document, fused.rank, fused.is_positive)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_two_lists_by_hand():
    bm25 = ranking([(7, 9.5), (3, 4.0)], [])
    dense = ranking([(3, 0.9), (5, 0.8)], [(1, -0.1)])
    fused = fuse(bm25, dense, positive_query=np.array([0]), positive_document=np.array([5]), depth=10)
    # 3: 1/62 + 1/61; 7: 1/61; 5: 1/62.
    assert rows_of(fused) == [(0, 3, 1, False), (0, 7, 2, False), (0, 5, 3, True), (1, 1, 1, False)]
    assert fused.score.tolist() == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 61])
    assert fused.bm25_rank.tolist() == [2, 1, 0, 0]
    assert fused.dense_rank.tolist() == [1, 0, 2, 1]
    assert fused.bm25_score.tolist() == pytest.approx([4.0, 9.5, np.nan, np.nan], nan_ok=True)
    assert fused.dense_score.tolist() == pytest.approx([0.9, np.nan, 0.8, -0.1], nan_ok=True)


def test_positives_do_not_take_the_place_of_candidates():
    """`depth` remain when they are taken out, and a positive below the depth is still told."""
    bm25 = ranking([(d, 20.0 - d) for d in (4, 0, 1, 2, 3, 9)])
    at = np.array([0, 0, 0])
    fused = fuse(bm25, None, positive_query=at, positive_document=np.array([4, 1, 9]), depth=2)
    assert rows_of(fused) == [
        (0, 4, 1, True),
        (0, 0, 2, False),
        (0, 1, 3, True),
        (0, 2, 4, False),
        (0, 9, 6, True),
    ]


def test_equal_scores_are_in_the_order_of_documents():
    fused = fuse(
        ranking([(8, 1.0)]), ranking([(2, 1.0)]), positive_query=NONE, positive_document=NONE, depth=5
    )
    assert [row[1] for row in rows_of(fused)] == [2, 8]


def test_one_list_keeps_its_order_and_the_other_stays_empty():
    for bm25, dense in ((ranking([(8, 1.0), (2, 1.0)]), None), (None, ranking([(8, 1.0), (2, 1.0)]))):
        fused = fuse(bm25, dense, positive_query=NONE, positive_document=NONE, depth=5)
        assert fused.document.tolist() == [8, 2]
        absent = fused.dense_rank if dense is None else fused.bm25_rank
        assert absent.tolist() == [0, 0]


def test_no_lists_at_all():
    fused = fuse(
        ranking([], []), None, positive_query=np.array([1]), positive_document=np.array([3]), depth=5
    )
    assert rows_of(fused) == []


@pytest.mark.parametrize(("bm25", "dense"), [(None, None), (ranking([], []), ranking([]))])
def test_rankings_that_do_not_fit(bm25, dense):
    with pytest.raises(ValueError, match="one ranking, or two of the same queries"):
        fuse(bm25, dense, positive_query=NONE, positive_document=NONE, depth=5)


def stated(lists, positives, depth):
    """Return the candidates query by query, as the definition has them."""
    rows = []
    for query in range(len(lists[0])):
        scores = {}
        for found in lists:
            for rank, (document, _) in enumerate(found[query], start=1):
                scores.setdefault(document, []).append(1 / (60 + rank))
        n_others = 0
        order = sorted(scores, key=lambda d: (-sum(scores[d]), d))
        for rank, document in enumerate(order, start=1):
            is_positive = (query, document) in positives
            if is_positive or n_others < depth:
                rows.append((query, document, rank, is_positive))
            n_others += not is_positive
    return rows


one_list = st.lists(st.integers(0, 9), unique=True, max_size=8).map(
    lambda documents: [(document, 9.0 - i) for i, document in enumerate(documents)]
)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_equals_the_statement_by_query(data):
    n = data.draw(st.integers(1, 4))
    lists = [data.draw(st.lists(one_list, min_size=n, max_size=n)) for _ in range(2)]
    positives = data.draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, 12)), max_size=6))
    depth = data.draw(st.integers(0, 6))
    columns = np.array(sorted(positives), dtype=np.int64).reshape(-1, 2)
    fused = fuse(
        *(ranking(*side) for side in lists),
        positive_query=columns[:, 0],
        positive_document=columns[:, 1],
        depth=depth,
    )
    assert rows_of(fused) == stated(lists, positives, depth)
    for side, ranks, scores in zip(
        lists, (fused.bm25_rank, fused.dense_rank), (fused.bm25_score, fused.dense_score), strict=True
    ):
        for query, document, rank, score in zip(fused.query, fused.document, ranks, scores, strict=True):
            places = {d: (place, s) for place, (d, s) in enumerate(side[query], start=1)}
            expected = places.get(int(document), (0, np.nan))
            assert (int(rank), float(score)) == pytest.approx(expected, nan_ok=True)

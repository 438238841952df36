"""Lists of documents by hand."""

import numpy as np

from mining.ranking import Ranking

SOME = Ranking.of_table(
    np.array([[4, 2, -1], [-1, -1, -1], [0, 9, 3]]),
    np.array([[2, 1, 0], [0, 0, 0], [7, 6, 5]], dtype=np.float32),
)


def test_gaps_of_a_table_are_left_out():
    assert len(SOME) == 3
    assert SOME.offsets.tolist() == [0, 2, 2, 5]
    assert SOME.documents.tolist() == [4, 2, 0, 9, 3]
    assert SOME.scores.tolist() == [2, 1, 7, 6, 5]


def test_queries_and_ranks():
    assert SOME.queries.tolist() == [0, 0, 2, 2, 2]
    assert SOME.ranks.tolist() == [1, 2, 1, 2, 3]


def test_joined_blocks_are_one():
    joined = Ranking.joined([SOME, SOME])
    assert joined.offsets.tolist() == [0, 2, 2, 5, 7, 7, 10]
    assert joined.documents.tolist() == [4, 2, 0, 9, 3] * 2
    assert joined.scores.tolist() == [2, 1, 7, 6, 5] * 2
    assert len(Ranking.joined([])) == 0

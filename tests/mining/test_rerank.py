"""Scores in the order asked, each pair once, cascades by hand, and the remaining time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.pace import Pace, Progress
from mining.rerank import are_best, score_cascade, score_pairs
from pipeline.core.errors import ConfigError


class ByLength:
    """Scores a pair by the lengths of its texts, and keeps what it was asked."""

    def __init__(self, factor=1.0, label="by-length@1"):
        self.label = label
        self.factor = factor
        self.asked = []

    def score(self, pairs, pace):
        pace.start(len(pairs), len(pairs))
        texts = [
            (pairs.queries[q], pairs.documents[d]) for q, d in zip(pairs.query, pairs.document, strict=True)
        ]
        self.asked += texts
        pace.add(len(pairs), len(pairs))
        return np.array([self.factor * (100 * len(q) + len(d)) for q, d in texts], dtype=np.float32)


QUERIES = ["a", "bb", "a"]
DOCUMENTS = ["x", "yyy", "zz", "x"]


def test_each_distinct_pair_of_texts_is_scored_once_and_put_back_in_order():
    query, document = np.array([1, 0, 2, 0, 1]), np.array([1, 0, 3, 2, 1])
    scorer = ByLength()
    scores = score_pairs(query, document, queries=QUERIES, documents=DOCUMENTS, scorer=scorer)
    assert scores.tolist() == [203, 101, 101, 102, 203]
    assert scores.dtype == np.float32
    assert sorted(scorer.asked) == [("a", "x"), ("a", "zz"), ("bb", "yyy")]


def test_no_pairs():
    none = np.empty(0, dtype=np.int64)
    assert score_pairs(none, none, queries=[], documents=[], scorer=ByLength()).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=30), st.data())
def test_scores_belong_to_their_pairs(rows, data):
    texts = st.text("ab", max_size=3)
    queries, documents = (data.draw(st.lists(texts, min_size=n, max_size=n)) for n in (4, 5))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 2)
    scorer = ByLength()
    scores = score_pairs(columns[:, 0], columns[:, 1], queries=queries, documents=documents, scorer=scorer)
    assert scores.tolist() == [100 * len(queries[q]) + len(documents[d]) for q, d in rows]
    assert len(scorer.asked) == len(set(scorer.asked)) == len({(queries[q], documents[d]) for q, d in rows})


def test_scores_that_are_no_numbers_are_an_error():
    rows = np.zeros(1, dtype=np.int64)
    with pytest.raises(ConfigError, match=r"Model by-length@1 gives scores that are no numbers"):
        score_pairs(rows, rows, queries=["a"], documents=["b"], scorer=ByLength(float("nan")))


def test_a_cascade_asks_the_second_model_about_the_best_and_the_positives():
    query, document = np.array([0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 2])
    documents = ["x", "xxxx", "xxx", "xx"]
    always = np.array([True, False, False, False, False])
    small, large = ByLength(), ByLength(-1.0)
    found = score_cascade(
        query,
        document,
        queries=["q", "qq"],
        documents=documents,
        scorers=[small, large],
        n_next=1,
        always=always,
    )
    assert found[0].tolist() == [101, 104, 103, 102, 203]
    assert found[1].tolist() == pytest.approx([-101, -104, np.nan, np.nan, -203], nan_ok=True)
    assert len(large.asked) == 3


def test_of_equal_scores_the_lower_documents_are_the_best():
    query, document = np.array([1, 0, 1, 1, 0]), np.array([7, 9, 3, 5, 8])
    scores = np.array([1, 2, 1, 1, 3], dtype=np.float32)
    assert are_best(query, document, scores, n=2).tolist() == [False, True, True, True, True]
    assert are_best(query, document, scores, n=0).tolist() == [False] * 5


def test_the_remaining_time_goes_by_tokens():
    """100 tokens in the first 4 seconds, 300 left: 12 seconds, though half of the pairs are done."""
    seconds = iter([0.0, 0.0, 4.0, 10.0])
    told = []
    pace = Pace(told.append, clock=lambda: next(seconds))
    pace.start(400, 8)
    pace.add(100, 4)
    pace.add(300, 4)
    assert told == [Progress(4, 8, 12.0), Progress(8, 8, 0.0)]

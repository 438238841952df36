"""Scores of pairs, without any model library: fakes stand behind the protocols."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.enrich import Label, batches_by_length, cosines, semantic_similarities, top_labels

TEXTS = st.lists(st.text(alphabet="aeiou x", max_size=12), max_size=30)


class CountingVowels:
    """A text's embedding is the number of each of its vowels; answers are read backwards."""

    def __init__(self):
        self.batches = []

    def encode_questions(self, texts):
        self.batches.append(texts)
        return np.array([[t.count(v) for v in "aeiou"] for t in texts], dtype="float32")

    def encode_answers(self, texts):
        self.batches.append(texts)
        return np.array([[t.count(v) for v in "uoiea"] for t in texts], dtype="float32")


class ByLength:
    def classify(self, texts):
        return [Label("long" if len(t) > 5 else "short", 1 / (1 + len(t))) for t in texts]


def test_cosines_by_hand():
    left = np.array([[1, 0], [3, 4], [1, 2], [2, 0], [1, 1]], dtype="float32")
    right = np.array([[0, 5], [3, 4], [-1, -2], [1, 1], [1, 0]], dtype="float32")
    root = math.sqrt(0.5)
    assert cosines(left, right) == pytest.approx([0.0, 1.0, -1.0, root, root], abs=1e-12)


def test_cosine_is_undefined_without_a_direction():
    left = np.array([[0, 0], [1, 0], [np.inf, 1], [np.nan, 1]], dtype="float32")
    right = np.array([[1, 0], [0, 0], [1, 1], [1, 1]], dtype="float32")
    assert cosines(left, right) == [None] * 4


def test_cosine_of_very_large_and_very_small_numbers():
    left = np.array([[3e38, 3e38], [1e-40, 0]], dtype="float32")
    right = np.array([[3e38, 0], [1e-40, 1e-40]], dtype="float32")
    assert cosines(left, right) == pytest.approx([math.sqrt(0.5)] * 2, abs=1e-4)  # 1e-40 is denormal


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3))
def test_cosine_never_leaves_its_range(row):
    rows = np.array([row], dtype="float32")
    (same,), (opposite,) = cosines(rows, rows), cosines(rows, -rows)
    assert same is None or (same == pytest.approx(1.0) and -1 <= opposite <= same <= 1)


def test_questions_and_answers_go_to_their_own_side_longest_first():
    encoder = CountingVowels()
    questions, answers = ["a", "eee", "ii"], ["u", "o", "aaaa"]
    found = semantic_similarities(questions, answers, encoder=encoder, batch_size=2)
    assert encoder.batches == [["eee", "ii"], ["a"], ["aaaa", "u"], ["o"]]
    assert found == [1.0, 1.0, 0.0]  # a against u backwards; e against o backwards; i against u


@given(TEXTS, st.integers(1, 40))
def test_every_text_is_in_one_batch_and_lengths_fall(texts, batch_size):
    batches = list(batches_by_length(texts, batch_size))
    order = [i for batch in batches for i in batch]
    assert sorted(order) == list(range(len(texts)))
    assert [len(texts[i]) for i in order] == sorted(map(len, texts), reverse=True)
    assert all(len(batch) == batch_size for batch in batches[:-1])


@given(TEXTS, st.integers(1, 7), st.randoms())
def test_scores_do_not_depend_on_batches_or_on_order(texts, batch_size, random):
    questions, answers = texts, texts[::-1]
    one_by_one = [
        semantic_similarities([q], [a], encoder=CountingVowels(), batch_size=1)[0]
        for q, a in zip(questions, answers, strict=True)
    ]
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = semantic_similarities(
        [questions[i] for i in order],
        [answers[i] for i in order],
        encoder=CountingVowels(),
        batch_size=batch_size,
    )
    assert shuffled == [one_by_one[i] for i in order]


def test_labels_come_back_in_order():
    texts = ["aa", "aaaaaaa", "", "aaaaa"]
    assert top_labels(texts, classifier=ByLength(), batch_size=3) == [
        Label("short", 1 / 3),
        Label("long", 1 / 8),
        Label("short", 1.0),
        Label("short", 1 / 6),
    ]


def test_nothing_in_nothing_out():
    assert semantic_similarities([], [], encoder=CountingVowels(), batch_size=4) == []
    assert top_labels([], classifier=ByLength(), batch_size=4) == []


def test_a_question_without_its_answer_is_refused():
    with pytest.raises(ValueError, match="2 questions but 1 answers"):
        semantic_similarities(["a", "b"], ["c"], encoder=CountingVowels(), batch_size=4)


def test_a_model_that_returns_too_few_rows_is_refused():
    class Short(ByLength):
        def classify(self, texts):
            return super().classify(texts)[1:]

    with pytest.raises(ValueError, match="shorter"):
        top_labels(["a", "b"], classifier=Short(), batch_size=4)

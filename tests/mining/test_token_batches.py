"""Batches under a budget of tokens, by hand and for any lengths."""

import numpy as np
import pytest
import tiny_models as tiny
from hypothesis import given
from hypothesis import strategies as st

from mining.token_batches import token_batches, token_counts


def batches_of(lengths, budget):
    return [batch.tolist() for batch in token_batches(np.array(lengths, dtype=np.int64), budget=budget)]


def test_longest_first_within_the_budget():
    # 9 alone: with another of 9 it would be 18; then 2 x 5, then 5, 3 and 1 as 3 x 5 would be 15.
    assert batches_of([3, 9, 5, 1, 5, 5], budget=12) == [[1], [2, 4], [5, 0], [3]]


def test_a_text_beyond_the_budget_is_read_alone():
    assert batches_of([100, 2, 0], budget=10) == [[0], [1, 2]]
    assert batches_of([], budget=10) == []


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 60))
def test_every_text_once_and_no_batch_too_large(lengths, budget):
    batches = batches_of(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


def test_tokens_are_counted_by_the_tokenizer():
    pytest.importorskip("transformers", reason="transformers is not installed; pip install faqtory[mining]")
    tokenizer = tiny._fast_tokenizer()
    texts = ["north east west", "", "north", "what is this?"] * 2000  # the last: three words and a mark
    assert token_counts(tokenizer, texts, max_tokens=100).tolist() == [3, 0, 1, 4] * 2000
    assert token_counts(tokenizer, texts[:4], max_tokens=2).tolist() == [2, 0, 1, 2]


def test_of_a_static_model_bytes_stand_for_tokens():
    assert token_counts(object(), ["", "abc", "abcd", "日本" * 6, "\ud800"], max_tokens=5).tolist() == [
        1,
        1,
        2,
        5,
        1,
    ]

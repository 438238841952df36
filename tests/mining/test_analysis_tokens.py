"""Numbers of terms against a plain second statement: a dict filled by the terms of one text after another."""

from contextlib import ExitStack
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("Stemmer", reason="needs the extra `mining`")

from mining import analysis_tokens
from mining.analysis import analyzer_for
from mining.analysis_tokens import Tokenizer
from mining.analysis_vocabulary import Vocabulary

ENGLISH = analyzer_for("eng")
WORDS = [
    "what",
    "is",
    "it",
    "the",
    "booking",
    "Bookings",
    "12.05.2024",
    "1,000",
    "東京都",
    "京都",
    "ยกเลิก",
    "a",
    "room's",
    "?",
]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=8)


def as_lists(tokens):
    ends = zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
    assert tokens.offsets[-1] == len(tokens.ids)
    return [tokens.ids[start:end].tolist() for start, end in ends]


def by_dict(numbers, documents):
    return [[numbers.setdefault(term, len(numbers)) for term in ENGLISH.terms(text)] for text in documents]


def test_by_hand():
    """`a` and `the` are stop words, though not where nothing else stands; a date is three terms."""
    tokens = Tokenizer(ENGLISH, vocabulary := Vocabulary()).add(
        ["The rooms, a room", "", "What is a", "12.05.2024 room", "the what"]
    )
    assert tokens.ids.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 0, 7, 1]
    assert tokens.offsets.tolist() == [0, 2, 2, 5, 9, 11]
    assert (tokens.ids.dtype, tokens.offsets.dtype) == (np.int32, np.int64)
    assert [vocabulary.term(i) for i in range(8)] == ["room", "what", "is", "a", "12", "05", "2024", "the"]


@pytest.mark.parametrize("limits", [{}, {"_CHUNK_CHARS": 5}, {"_CHUNK_CHARS": 5, "_REMEMBERED_BYTES": 3}])
@given(documents=texts, further=texts, queries=texts)
def test_equals_a_dict_filled_text_by_text(limits, documents, further, queries):
    with ExitStack() as patches:
        for name, limit in limits.items():
            patches.enter_context(mock.patch.object(analysis_tokens, name, limit))
        numbers, vocabulary = {}, Vocabulary()
        tokenizer = Tokenizer(ENGLISH, vocabulary)
        for added in (documents, further):
            assert as_lists(tokenizer.add(added)) == by_dict(numbers, added)
            assert [vocabulary.term(i) for i in range(len(vocabulary))] == list(numbers)
            expected = [[numbers[t] for t in ENGLISH.terms(q) if t in numbers] for q in queries]
            assert as_lists(tokenizer.known(queries)) == expected
            assert len(vocabulary) == len(numbers)


@given(documents=texts, cut=st.integers(0, 8))
def test_ids_do_not_depend_on_the_calls(documents, cut):
    whole = as_lists(Tokenizer(ENGLISH, Vocabulary()).add(documents))
    parts = Tokenizer(ENGLISH, Vocabulary())
    assert as_lists(parts.add(documents[:cut])) + as_lists(parts.add(documents[cut:])) == whole


def test_what_is_remembered_is_bounded():
    """Pieces of 6 to 9 characters count 212 to 218 bytes: some 465 of them pass the limit."""
    limits = {"_CHUNK_CHARS": 100, "_REMEMBERED_BYTES": 100_000}
    with mock.patch.multiple(analysis_tokens, **limits):
        tokenizer = Tokenizer(ENGLISH, Vocabulary())
        n_remembered = []
        for i in range(100):
            tokenizer.add(f"x{i}word{k}" for k in range(20))
            n_remembered.append(len(tokenizer._added))
    assert 400 < max(n_remembered) < 467 + 20
    assert sum(n > 200 for n in n_remembered) > 40, "forgotten too early"

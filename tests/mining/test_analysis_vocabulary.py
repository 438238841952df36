"""A vocabulary in memory and one that was saved, against a dict."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining import analysis_vocabulary
from mining.analysis_vocabulary import Vocabulary
from pipeline.core.errors import ConfigError

TERMS = ["book", "größe", "取消", "ยกเลิก", "𐍈", "a", "ab", "b"]


def filled(terms):
    vocabulary = Vocabulary()
    for term in terms:
        vocabulary.add(term)
    return vocabulary


def test_numbers_follow_first_appearance():
    vocabulary = Vocabulary()
    assert [vocabulary.add(term) for term in ("b", "a", "b", "c")] == [0, 1, 0, 2]
    assert (len(vocabulary), vocabulary.find("c"), vocabulary.find("d")) == (3, 2, -1)
    assert [vocabulary.term(i) for i in range(3)] == ["b", "a", "c"]


@pytest.mark.parametrize("terms", [TERMS, TERMS[:1], []])
def test_saved_vocabulary_is_the_same(tmp_path, terms):
    filled(terms).save(tmp_path)
    loaded = Vocabulary.load(tmp_path)
    assert len(loaded) == len(terms)
    assert [loaded.find(term) for term in TERMS] == [*range(len(terms)), *[-1] * (8 - len(terms))]
    assert [loaded.term(i) for i in range(len(terms))] == terms


def test_loaded_vocabulary_grows_and_is_saved_again(tmp_path):
    filled(TERMS[:5]).save(tmp_path / "first")
    grown = Vocabulary.load(tmp_path / "first")
    assert [grown.add(term) for term in ("取消", "new", "a", "new")] == [2, 5, 6, 5]
    grown.save(tmp_path / "second")
    again = Vocabulary.load(tmp_path / "second")
    assert [again.find(term) for term in [*TERMS[:5], "new", "a", "b"]] == [0, 1, 2, 3, 4, 5, 6, -1]
    assert [again.term(i) for i in (0, 5, 6)] == ["book", "new", "a"]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), unique=True), st.integers(1, 3))
def test_terms_that_share_a_hash_are_kept_apart(tmp_path_factory, terms, n_hashes):
    folder = tmp_path_factory.mktemp("vocabulary")
    with mock.patch.object(
        analysis_vocabulary.xxhash, "xxh3_64_intdigest", lambda term: len(term) % n_hashes
    ):
        filled(terms).save(folder)
        loaded = Vocabulary.load(folder)
        assert [loaded.find(term) for term in terms] == list(range(len(terms)))
        assert loaded.find("".join(terms) + "x") == -1


def test_same_terms_give_the_same_bytes(tmp_path):
    for name in "ab":
        filled(TERMS).save(tmp_path / name)
    files = {name: {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab"}
    assert files["a"] == files["b"]
    assert len(files["a"]) == 5


def test_no_vocabulary(tmp_path):
    with pytest.raises(ConfigError, match="holds no vocabulary; build the index anew"):
        Vocabulary.load(tmp_path / "none")
    filled(TERMS).save(tmp_path)
    (tmp_path / "vocabulary.json").write_text('{"format": 0, "n_terms": 8}')
    with pytest.raises(ConfigError, match="another format"):
        Vocabulary.load(tmp_path)

"""Parts of a language: ranges of ids, found again in order from what a manifest says."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import language_parts
from pipeline.core.language_parts import LanguagePart, commits_by_language, part_of_id
from pipeline.core.manifest import Commit, Manifest, Shard
from pipeline.core.records import Query


def shard(name):
    return Shard.of(name, "parquet", version="", settings="")


def test_every_language_has_as_many_parts_as_its_pairs_need(monkeypatch):
    monkeypatch.setattr(language_parts, "ROWS_PER_PART", 10)
    assert language_parts.language_parts({"eng": 21, "deu": 10, "fra": 11, "ell": 0}) == [
        LanguagePart("deu", 0, 1),
        LanguagePart("eng", 0, 3),
        LanguagePart("eng", 1, 3),
        LanguagePart("eng", 2, 3),
        LanguagePart("fra", 0, 2),
        LanguagePart("fra", 1, 2),
    ]


@pytest.mark.parametrize(
    ("id", "n_parts", "no"),
    [("00000000f", 3, 0), ("55555555f", 3, 0), ("555555560", 3, 1), ("ffffffff0", 3, 2), ("ffffffff0", 1, 0)],
)
def test_the_first_digits_choose_the_part(id, n_parts, no):
    assert part_of_id(id, n_parts) == no


@given(st.lists(st.integers(), min_size=2, max_size=30), st.integers(1, 9999))
def test_parts_in_their_order_hold_ids_in_order(seeds, n_parts):
    ids = sorted(hashlib.md5(str(seed).encode()).hexdigest() for seed in seeds)
    parts = [part_of_id(id, n_parts) for id in ids]
    assert parts == sorted(parts)
    assert 0 <= parts[0] <= parts[-1] < n_parts


def test_the_commits_of_a_language_come_in_the_order_of_its_parts():
    parts = [LanguagePart(language, no, 12) for language in ("fra", "eng") for no in reversed(range(12))]
    commits = [Commit(shard(part.name), "read", {Query.TABLE: part.no}) for part in parts]
    found = commits_by_language(Manifest.of(Query, "split", commits))
    assert list(found) == ["eng", "fra"]
    for language, of_language in found.items():
        assert [LanguagePart.of(c.shard) for c in of_language] == [
            LanguagePart(language, no, 12) for no in range(12)
        ]


def test_a_shard_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="is no part of a language"):
        LanguagePart.of(shard("pairs of sites 0 of 3 or so"))

"""The generator of the deduplication benchmark says the truth about its pairs."""

import sys
from collections import Counter
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from mining.dedup import compare
from pipeline.core.errors import ConfigError
from pipeline.core.ids import origin_of, pair_id
from pipeline.core.manifest import part_files, read_manifest

sys.path.append(str(Path(__file__).parents[2]))  # benchmarks are no part of the installed packages
from benchmarks import synthetic_pairs
from benchmarks.synthetic_pairs import generate


def rows_of(work):
    return ds.dataset(part_files(str(work), read_manifest(str(work), "pairs_raw"))).to_table().to_pylist()


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A first release of two parts and a second one of one."""
    folder = tmp_path_factory.mktemp("synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_pairs, "PAIRS_PER_PART", 1500)
        assert generate(folder, n_pairs=2500, seed=3) == 2
        assert generate(folder, n_pairs=500, seed=3, first_part=2) == 1
    return folder


@pytest.fixture(scope="module")
def rows(work):
    return rows_of(work)


def test_the_table_is_one_of_pages_with_whole_pairs(work, rows):
    manifest = read_manifest(str(work), "pairs_raw")
    assert (manifest.n_rows, len(manifest.files), manifest.stage) == (3000, 3, "extract")
    assert Counter(Counter(row["page_id"] for row in rows).values()) == {5: 600}
    assert len({(row["url"], row["position"]) for row in rows}) == 3000
    for row in rows:
        assert row["id"] == pair_id(row["question"], row["answer"])
        assert row["origin"] == origin_of(row["url"])
    assert {row["html_lang"] for row in rows} == {"en", "de", "fr", "es", "ru", "ar", "hi", "ja", "zh"}


def test_the_truth_about_every_repeated_pair(work, rows):
    texts = {row["id"]: (row["question"], row["answer"]) for row in rows}
    truth = [t for part in (0, 2) for t in pq.read_table(work / f"truth-{part:05d}.parquet").to_pylist()]
    kinds = Counter(t["kind"] for t in truth)
    assert 150 < kinds["near"] < 270
    assert min(kinds["exact"], kinds["template"]) > 60
    assert kinds["boilerplate"] > 20
    for t in truth:
        comparison = compare(texts[t["id_a"]], texts[t["id_b"]], ngram=5)
        assert comparison.jaccard == t["jaccard"], t
        assert comparison.same_facts == (t["kind"] != "template"), t
        assert (t["id_a"] == t["id_b"]) == (t["kind"] in ("exact", "boilerplate")), t
    near = [t["jaccard"] for t in truth if t["kind"] == "near"]
    assert min(near) < 0.65
    assert all(any(low <= j < low + 0.1 for j in near) for low in (0.6, 0.7, 0.8, 0.9))


def test_a_second_release_repeats_pairs_of_the_first(work, rows):
    first, second = ({row["id"] for row in part} for part in (rows[:2500], rows[2500:]))
    repeated = pq.read_table(work / "truth-00002.parquet").to_pylist()
    assert {t["id_a"] for t in repeated if t["kind"] != "boilerplate"} & first
    assert first & second, "exact duplicates"


def test_the_same_pairs_in_every_run(tmp_path, rows):
    generate(tmp_path, n_pairs=2500, seed=3)
    again = rows_of(tmp_path)
    assert [row["id"] for row in again] == [row["id"] for row in rows[:2500]]
    assert {row["origin"] for row in again} == {row["origin"] for row in rows[:2500]}


@pytest.mark.parametrize(("n_pairs", "first_part"), [(12, 0), (0, 0), (10, 1)])
def test_numbers_that_do_not_follow_are_refused(tmp_path, n_pairs, first_part):
    with pytest.raises(ConfigError, match="give"):
        generate(tmp_path, n_pairs=n_pairs, first_part=first_part)

"""The align job on a real local Spark: gold translations, one partner a language, groups, releases."""

import json
import random
from collections import Counter
from itertools import combinations

import pytest
from rich.console import Console
from work_tables import read, run_clean, split, write_pairs_raw

from pipeline.core.config import SparkConfig, load_config
from pipeline.core.errors import ConfigError
from pipeline.jobs.matching import one_to_one
from pipeline.jobs.run_align import align
from pipeline.jobs.session import spark_session

pytestmark = pytest.mark.spark


def run(work, *settings, master="local[2]"):
    return align(
        work=str(work), master=master, config=load_config(None, settings), console=Console(quiet=True)
    )


@pytest.fixture(scope="module")
def aligned(sample_pairs, tmp_path_factory):
    work = tmp_path_factory.mktemp("align")
    write_pairs_raw(work, [sample_pairs])
    run_clean(work)
    return work, run(work)


def content(work):
    return {
        table: sorted(json.dumps(row, sort_keys=True) for row in read(work, table).to_pylist())
        for table in ("bitexts", "parallel_groups", "swap_test")
    }


@pytest.fixture(scope="module")
def truth(sample_crawl, aligned):
    """Ids of table pairs that translate each other, two by two."""
    work, _ = aligned
    kept = {row["id"]: row["kept_id"] for row in read(work, "duplicates").to_pylist()}
    at = {
        (row["url"], row["position"]): kept.get(row["id"], row["id"])
        for row in read(work, "cleaned").to_pylist()
    }
    groups = [json.loads(line) for line in (sample_crawl.gold_dir / "translations.jsonl").open()]
    return {
        frozenset(at[member["url"], member["position"]] for member in pair)
        for group in groups
        for pair in combinations(group["members"], 2)
    }


def test_gold_translations(aligned, truth):
    found = {frozenset((row["id_a"], row["id_b"])) for row in read(aligned[0], "bitexts").to_pylist()}
    assert len(truth) > 3000
    assert len(found & truth) / len(found) >= 0.98
    assert len(found & truth) / len(truth) >= 0.95


def test_texts_languages_and_addresses_are_those_of_the_pairs(aligned):
    pairs = {row["id"]: row for row in read(aligned[0], "pairs").to_pylist()}
    for row in read(aligned[0], "bitexts").to_pylist():
        assert row["language_a"] < row["language_b"]
        for side in ("a", "b"):
            pair = pairs[row[f"id_{side}"]]
            assert [row[f"{name}_{side}"] for name in ("question", "answer", "url", "language")] == [
                pair[name] for name in ("question", "answer", "url", "language")
            ]


def test_one_partner_a_language(aligned):
    rows = read(aligned[0], "bitexts").to_pylist()
    partners = Counter((row["id_a"], row["language_b"]) for row in rows)
    partners.update((row["id_b"], row["language_a"]) for row in rows)
    assert set(partners.values()) == {1}


def test_groups_hold_one_pair_a_language_and_each_pair_once(aligned):
    groups = read(aligned[0], "parallel_groups").to_pylist()
    members = [member["id"] for group in groups for member in group["members"]]
    assert len(members) == len(set(members)) > 1000
    for group in groups:
        languages = [member["language"] for member in group["members"]]
        assert languages == sorted(set(languages))
        assert group["n_languages"] == len(languages) >= 2
        assert group["group_id"] == min(member["id"] for member in group["members"])


def test_the_summary_says_what_the_tables_hold(aligned):
    work, summary = aligned
    assert summary.n_bitexts == read(work, "bitexts").num_rows == sum(summary.language_pairs.values())
    assert summary.n_groups == read(work, "parallel_groups").num_rows
    assert summary.n_pairs == read(work, "pairs").num_rows


def test_the_swap_test_counts_what_is_accepted_between_pages_that_are_no_translations(aligned):
    work, summary = aligned
    rows = read(work, "swap_test").to_pylist()
    totals = Counter()
    for row in rows:
        totals.update({name: n for name, n in row.items() if name.startswith("n_")})
        assert row["language_a"] < row["language_b"]
    assert totals["n_aligned"] >= summary.n_bitexts
    assert totals["n_swapped_page_pairs"] > 300
    assert 0 < summary.wrong_share < 0.05
    expected = (
        totals["n_swapped_aligned"]
        / totals["n_swapped_page_pairs"]
        * totals["n_page_pairs"]
        / totals["n_aligned"]
    )
    assert summary.wrong_share == pytest.approx(expected, abs=1e-6)


def test_the_same_rows_from_other_parts_and_nothing_to_do_after(sample_pairs, aligned, tmp_path, monkeypatch):
    write_pairs_raw(tmp_path, split(sample_pairs, 3))
    run_clean(tmp_path)
    run(tmp_path, master="local[1]")
    assert content(tmp_path) == content(aligned[0])
    monkeypatch.setattr(
        "pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark was started")
    )
    again = run(tmp_path)
    assert (again.n_bitexts, again.start_s) == (aligned[1].n_bitexts, 0)


def test_real_sites(real_pairs, tmp_path):
    """English text under other languages' paths has no translation; what is translated has."""
    write_pairs_raw(tmp_path, [real_pairs])
    run_clean(tmp_path)
    run(tmp_path)
    rows = read(tmp_path, "bitexts").to_pylist()
    assert {row["site"] for row in rows} == {"xposedornot.com"}
    assert len(rows) > 2500


def test_uncleaned_pairs_end_in_one_sentence(sample_pairs, tmp_path):
    write_pairs_raw(tmp_path, [sample_pairs.slice(0, 1)])
    with pytest.raises(ConfigError, match=r"no table cleaned; `faqtory clean --work"):
        run(tmp_path)


def test_rounds_of_mutual_choices_equal_taking_the_best_first():
    draw = random.Random(5)
    rows = {
        (f"a{draw.randrange(40)}", f"b{draw.randrange(40)}", draw.choice("xy"), draw.choice("uv"))
        for _ in range(400)
    }
    candidates = [(*row, draw.randrange(10) / 10) for row in sorted(rows)]
    columns = "id_a string, id_b string, language_a string, language_b string, score double"
    config = SparkConfig(conf={"spark.sql.shuffle.partitions": "2"})
    with spark_session("test", master="local[2]", config=config, shuffles=True) as spark:
        found = {tuple(row) for row in one_to_one(spark.createDataFrame(candidates, columns)).collect()}
        assert one_to_one(spark.createDataFrame([], columns)).collect() == []
    taken, expected = set(), set()
    for row in sorted(candidates, key=lambda r: (-r[4], r[0], r[1])):
        ends = {(row[0], row[3]), (row[1], row[2])}
        if taken.isdisjoint(ends):
            taken |= ends
            expected.add(row)
    assert found == expected
    assert len(found) > 50

"""The clean job on a real local Spark: gold duplicates and templates, resume, releases, conservation."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise

import pyarrow.compute as pc
import pytest
from published_rules import published, published_language
from work_tables import read, run_clean, split, write_pairs_raw

from pipeline.core.errors import ConfigError
from pipeline.core.ids import pair_id
from pipeline.core.manifest import read_manifest

pytestmark = pytest.mark.spark

TABLES = ("pairs", "duplicates", "rejects", "funnel")


def content(work):
    """Everything the tables hold, whatever the order and the parts."""
    return {
        table: sorted(json.dumps(row, default=str, sort_keys=True) for row in read(work, table).to_pylist())
        for table in TABLES
    }


@pytest.fixture(scope="module")
def in_one_part(sample_pairs, tmp_path_factory):
    work = tmp_path_factory.mktemp("one")
    write_pairs_raw(work, [sample_pairs])
    summary = run_clean(work, "clean.max_rejects_per_rule=100000", master="local[1]")
    return work, summary


def gold(sample_crawl, name):
    return [json.loads(line) for line in (sample_crawl.gold_dir / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def standing_for(in_one_part):
    """The id of the pair that stands for the pair at (url, position)."""
    work, _ = in_one_part
    kept = {row["id"]: row["kept_id"] for row in read(work, "duplicates").to_pylist()}
    return {
        (row["url"], row["position"]): kept.get(row["id"], row["id"])
        for row in read(work, "cleaned").to_pylist()
        if row["dropped_by"] is None
    }


def test_all_near_duplicates_of_gold_are_found_and_nothing_else_is_merged(sample_crawl, standing_for):
    groups = gold(sample_crawl, "near_duplicates")
    group_of = {(m["url"], m["position"]): n for n, g in enumerate(groups) for m in g["members"]}
    merged = defaultdict(set)
    for place, kept in standing_for.items():
        merged[kept].add(group_of.get(place, place))
    assert len(groups) >= 80
    for group in groups:
        assert len({standing_for[m["url"], m["position"]] for m in group["members"]}) == 1, group
    assert [kept for kept, of in merged.items() if len(of) > 1] == []


def test_no_template_sibling_is_lost_and_all_are_marked(sample_crawl, in_one_part, standing_for):
    work, _ = in_one_part
    template_of = {row["id"]: row["template_id"] for row in read(work, "pairs").to_pylist()}
    groups = gold(sample_crawl, "templates")
    marks = [
        {template_of[kept] for kept in kept_of}
        for kept_of in ({standing_for[m["url"], m["position"]] for m in g["members"]} for g in groups)
    ]
    assert [len({standing_for[m["url"], m["position"]] for m in g["members"]}) for g in groups] == [
        len(g["members"]) for g in groups
    ]
    assert all(len(of) == 1 for of in marks)
    assert None not in set.union(*marks)
    assert len(set.union(*marks)) == len(groups) >= 15


def test_conservation(sample_pairs, in_one_part):
    work, summary = in_one_part
    cleaned = read(work, "cleaned")
    assert cleaned["raw_id"].to_pylist() == sample_pairs["id"].to_pylist()
    pairs, duplicates, rejects = (read(work, t).to_pylist() for t in ("pairs", "duplicates", "rejects"))
    assert len(pairs) + len(duplicates) + len(rejects) == sample_pairs.num_rows == summary.n_pairs_raw
    assert Counter(row["reason"] for row in rejects) == summary.dropped
    kept = Counter(row["kept_id"] for row in duplicates)
    for row in pairs:
        assert row["cluster_id"] == row["id"] == pair_id(row["question"], row["answer"])
        assert row["cluster_size"] == 1 + kept[row["id"]]
        assert row["n_sightings"] == 1 + sum(
            d["kept_id"] == d["id"] == row["id"] for d in duplicates if d["kind"] == "exact"
        )
    assert set(kept) <= {row["id"] for row in pairs}
    assert len({row["id"] for row in pairs}) == len(pairs)


def test_the_funnel_of_each_language_leads_from_all_its_rows_to_its_pairs(in_one_part):
    work, summary = in_one_part
    by_language = defaultdict(list)
    for row in sorted(read(work, "funnel").to_pylist(), key=lambda r: r["step"]):
        by_language[row["language"]].append(row)
    cleaned = Counter(read(work, "cleaned")["language"].to_pylist())
    pairs = Counter(read(work, "pairs")["language"].to_pylist())
    assert set(by_language) == set(cleaned)
    for language, steps in by_language.items():
        assert steps[0]["n_in"] == cleaned[language]
        assert steps[-1]["n_out"] == pairs[language]
        for before, after in pairwise(steps):
            assert before["n_out"] == after["n_in"]
    assert summary.languages == dict(pairs)
    assert [row["rule"] for row in steps[-3:]] == ["boilerplate", "exact_duplicate", "near_duplicate"]


def test_every_pair_of_the_sample_has_its_language(sample_crawl, in_one_part):
    work, _ = in_one_part
    language_of = {(p["url"], p["position"]): p["language"] for p in gold(sample_crawl, "pairs")}
    wrong = [
        (row["url"], row["position"], row["language"])
        for row in read(work, "cleaned").to_pylist()
        if not row["dropped_by"] and language_of[row["url"], row["position"]] != row["language"]
    ]
    assert wrong == []


def test_releases_give_the_rows_of_one_run_over_everything(sample_pairs, in_one_part, tmp_path):
    """Three parts, then two more; copies of a pair lie in both releases."""
    everything, _ = in_one_part
    parts = split(sample_pairs, 5)
    write_pairs_raw(tmp_path, parts[:3])
    first = run_clean(tmp_path, "clean.max_rejects_per_rule=100000")
    linked = set((tmp_path / "tables" / "links").glob("part-*"))
    write_pairs_raw(tmp_path, parts[3:])
    second = run_clean(tmp_path, "clean.max_rejects_per_rule=100000")
    assert (first.n_parts_cleaned_now, second.n_parts_cleaned_now) == (3, 2)
    assert content(tmp_path) == content(everything)
    assert first.n_exact_duplicates + first.n_near_duplicates < (
        second.n_exact_duplicates + second.n_near_duplicates
    )
    assert linked < set((tmp_path / "tables" / "links").glob("part-*"))


def test_a_rerun_has_nothing_to_do(in_one_part, monkeypatch):
    work, summary = in_one_part
    before = {file: file.stat().st_mtime_ns for file in work.rglob("part-*")}
    monkeypatch.setattr(
        "pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark was started")
    )
    again = run_clean(work, "clean.max_rejects_per_rule=100000")
    assert (again.n_parts_cleaned_now, again.n_pairs) == (0, summary.n_pairs)
    assert {file: file.stat().st_mtime_ns for file in work.rglob("part-*")} == before


def test_a_changed_setting_redoes_what_depends_on_it(in_one_part, tmp_path):
    work, _ = in_one_part
    shutil.copytree(work, tmp_path / "w")
    cleaned = next((tmp_path / "w" / "tables" / "cleaned").glob("part-*"))
    before = cleaned.stat().st_mtime_ns
    summary = run_clean(tmp_path / "w", "dedup.min_jaccard=1.0")
    assert cleaned.stat().st_mtime_ns == before
    assert summary.n_parts_cleaned_now == 0
    near = [r for r in read(tmp_path / "w", "links").to_pylist() if r["jaccard"] < 1]
    assert near == []
    masked = run_clean(tmp_path / "w", 'clean.mask=["email"]')
    assert masked.n_parts_cleaned_now == 1
    assert not cleaned.exists()


def published_rows(raw):
    """(raw id, question, answer, language) of each raw pair that the published rules keep, one by one."""
    for row in raw.to_pylist():
        kept = published(row["question"], row["answer"])
        if isinstance(kept, tuple):
            language = published_language(
                *kept, title=row["title"], description=row["description"], url=row["url"]
            )
            if language:
                yield row["id"], *kept, language


def assert_published(work, raw):
    expected = list(published_rows(raw))
    cleaned = [row for row in read(work, "cleaned").to_pylist() if row["dropped_by"] is None]
    assert sorted(expected) == sorted(
        (row["raw_id"], row["question"], row["answer"], row["language"]) for row in cleaned
    )
    ids = {pair_id(question, answer) for _, question, answer, _ in expected}
    pairs = read(work, "pairs")
    assert sorted(pairs["id"].to_pylist()) == sorted(ids)
    assert set(zip(*(pairs[c].to_pylist() for c in ("question", "answer", "language")), strict=True)) <= {
        row[1:] for row in expected
    }
    return len(expected) - len(ids)


def test_the_published_profile_gives_the_rows_of_the_published_rules(sample_pairs, tmp_path):
    write_pairs_raw(tmp_path, split(sample_pairs, 2))
    summary = run_clean(tmp_path, "clean.profile=webfaq2", "clean.max_rejects_per_rule=100000")
    assert assert_published(tmp_path, sample_pairs) == summary.n_exact_duplicates > 0
    assert summary.n_near_duplicates == 0
    assert summary.dropped["question_mark_in_answer"] > 100
    assert "boilerplate" not in set(read(tmp_path, "funnel")["rule"].to_pylist())


def test_the_published_profile_on_real_sites(real_pairs, tmp_path):
    write_pairs_raw(tmp_path, [real_pairs])
    run_clean(tmp_path, "clean.profile=webfaq2")
    assert_published(tmp_path, real_pairs)


def test_boilerplate_is_dropped_wherever_it_stands_on_many_sites(sample_pairs, tmp_path):
    row = sample_pairs.filter(pc.equal(sample_pairs["html_lang"], "en")).slice(0, 1).to_pylist()[0]
    answer = "Please contact our customer service team by telephone during the usual office hours."
    schema = sample_pairs.schema

    def question(n, origin):
        text = f"What is the price of article number {n} in your shop?"
        url = f"https://{origin}/faq"
        return row | {
            "question": text,
            "answer": answer,
            "id": pair_id(text, answer),
            "url": url,
            "origin": origin,
            "page_id": f"{n}",
        }

    spread = [question(n, f"www.shop{n}.example") for n in range(21)]
    branches = [
        question(n, f"town{n}.chain.example") | {"answer": answer.replace("customer", "patient")}
        for n in range(21)
    ]
    table = sample_pairs.schema.empty_table().from_pylist([*spread, *branches], schema=schema)
    write_pairs_raw(tmp_path, [table])
    summary = run_clean(tmp_path)
    assert summary.dropped == {"boilerplate": 21}
    assert summary.n_pairs == 21
    assert read(tmp_path, "rejects")["reason"].to_pylist() == ["boilerplate"] * 5


def test_an_empty_table_gives_empty_tables(sample_pairs, tmp_path):
    write_pairs_raw(tmp_path, [sample_pairs.slice(0, 0)])
    summary = run_clean(tmp_path)
    assert (summary.n_pairs_raw, summary.n_pairs, summary.languages) == (0, 0, {})


def test_without_extracted_pairs_the_command_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"no table pairs_raw; `faqtory extract INPUT\.\.\. --work"):
        run_clean(tmp_path)


def test_kill_at_any_moment_loses_nothing_and_doubles_nothing(sample_pairs, in_one_part, tmp_path):
    everything, _ = in_one_part
    write_pairs_raw(tmp_path, split(sample_pairs, 3))
    for delay_s in (9, 14, 19, 24):
        process = _start(tmp_path)
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert _start(tmp_path).wait(timeout=240) == 0
    assert content(tmp_path) == content(everything)
    for table in (*TABLES, "cleaned", "links", "counts"):
        manifest = read_manifest(str(tmp_path), table)
        assert sorted(f.name for f in (tmp_path / "tables" / table).glob("part-*")) == sorted(manifest.files)
    assert [f for f in (tmp_path / "commits").rglob("*") if f.is_file()] == []


def _start(work):
    command = [sys.executable, "-m", "pipeline.cli", "clean", "--work", str(work), "--quiet"]
    settings = ["--master", "local[2]", "--set", "clean.max_rejects_per_rule=100000"]
    return subprocess.Popen([*command, *settings], start_new_session=True)

"""The extract job on a real local Spark: gold pairs, resume, changed settings, unreadable files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipeline.core.config import Config, load_config
from pipeline.core.errors import ShardError, TransientError
from pipeline.core.manifest import part_files, read_manifest
from pipeline.core.outcomes import RecordOutcome
from pipeline.jobs import extract as job
from pipeline.jobs import shards
from pipeline.jobs.run_extract import extract

pytestmark = pytest.mark.spark

TABLES = ("pages", "pairs_raw", "scan")


def run(inputs, work, *, config=None, master="local[2]"):
    return extract(
        [str(i) for i in inputs],
        work=str(work),
        format="warc",
        master=master,
        config=config or Config(),
        console=Console(quiet=True),
    )


def rows(work, table):
    return ds.dataset(part_files(str(work), read_manifest(str(work), table))).to_table().to_pylist()


def content(work):
    """Everything the tables hold, but for the time that reading took."""
    tables = {t: rows(work, t) for t in TABLES}
    for row in tables["scan"]:
        del row["seconds"]
    return {t: sorted(map(repr, found)) for t, found in tables.items()}


@pytest.fixture(scope="module")
def sample_work(sample_crawl, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    run(sample_crawl.warc_paths, work)
    return work


def gold(sample_crawl, name):
    return [json.loads(line) for line in (sample_crawl.gold_dir / f"{name}.jsonl").read_text().splitlines()]


def test_exactly_the_gold_pairs(sample_crawl, sample_work):
    responses = {p["url"]: p["n_responses"] for p in gold(sample_crawl, "pages")}
    expected = Counter()
    for pair in gold(sample_crawl, "pairs"):
        expected[pair["url"], pair["question"], pair["answer"], pair["position"]] += responses[pair["url"]]
    found = Counter(
        (r["url"], r["question"], r["answer"], r["position"]) for r in rows(sample_work, "pairs_raw")
    )
    assert found == expected
    assert found.total() >= 1000


def test_every_page_has_the_outcome_that_gold_says(sample_crawl, sample_work):
    pages = {row["url"]: row for row in rows(sample_work, "pages")}
    for expected in gold(sample_crawl, "pages"):
        page = pages.get(expected["url"])
        if expected["opted_out"]:
            assert page["outcome"] == "opted_out", expected["url"]
            assert page["opt_out"], expected["url"]
        elif expected["n_pairs"]:
            assert page["outcome"] == "extracted", expected["url"]
            assert page["n_pairs"] == expected["n_pairs"], expected["url"]
        else:
            assert page is None or page["outcome"] == "mention_only", expected["url"]


def test_conservation(sample_work):
    pages, pairs, scans = (rows(sample_work, t) for t in TABLES)
    for scan in scans:
        n_in = sum(c["n"] for c in scan["records"] if c["name"] in ("response", "resource"))
        assert sum(c["n"] for c in scan["outcomes"]) == n_in
    written = Counter(page["outcome"] for page in pages)
    scanned = Counter()
    for scan in scans:
        scanned.update({c["name"]: c["n"] for c in scan["outcomes"]})
    assert written == {name: n for name, n in scanned.items() if name in written}
    assert sum(p["n_pairs"] for p in pages) == len(pairs)
    for page in pages:
        assert sum(c["n"] for c in page["questions"]) == page["n_questions"]
    assert RecordOutcome.FAILED not in scanned


def test_same_rows_on_one_core_and_in_other_parts(sample_crawl, sample_work, tmp_path):
    run(sample_crawl.warc_paths[:1], tmp_path, master="local[1]")
    run(sample_crawl.warc_paths[1:], tmp_path, master="local[1]")
    assert content(tmp_path) == content(sample_work)
    for table in ("pages", "pairs_raw"):  # byte for byte, too
        for file in (Path(tmp_path) / "tables" / table).glob("part-*"):
            assert file.read_bytes() == (sample_work / "tables" / table / file.name).read_bytes()


def test_a_rerun_has_nothing_to_do_and_new_inputs_are_all_it_reads(sample_crawl, tmp_path, monkeypatch):
    first, second = sample_crawl.warc_paths[:2]
    assert run([first], tmp_path).n_inputs_read_now == 1
    before = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("part-*")}
    with monkeypatch.context() as patch:
        patch.setattr(
            "pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark was started")
        )
        again = run([first], tmp_path)
    assert (again.n_inputs_read_now, again.n_inputs) == (0, 1)
    more = run([first, second], tmp_path)
    assert (more.n_inputs_read_now, more.n_inputs) == (1, 2)
    assert all(f.stat().st_mtime_ns == at for f, at in before.items())
    assert {row["warc_file"] for row in rows(tmp_path, "pairs_raw")} == {str(first), str(second)}


def test_a_changed_setting_reads_everything_again_and_leaves_no_trace_of_the_old(sample_crawl, tmp_path):
    first, second = sample_crawl.warc_paths[:2]
    run([first, second], tmp_path)
    n_before = len(rows(tmp_path, "pairs_raw"))
    config = load_config(None, ["extract.respect_opt_out=false", "extract.keep_answer_html=true"])
    assert run([first], tmp_path, config=config).n_inputs_read_now == 2
    found = rows(tmp_path, "pairs_raw")
    assert len(found) > n_before
    assert {row["warc_file"] for row in found} == {str(first), str(second)}
    assert all(row["answer_html"] for row in found)
    for table in TABLES:
        assert len(list((tmp_path / "tables" / table).glob("part-*"))) == 2


def test_a_changed_file_replaces_its_rows(sample_crawl, tmp_path):
    copy = tmp_path / "a.warc.gz"
    shutil.copy(sample_crawl.warc_paths[0], copy)
    run([copy], tmp_path / "w")
    shutil.copy(sample_crawl.warc_paths[1], copy)
    run([copy], tmp_path / "w")
    alone = tmp_path / "alone"
    run([copy], alone)
    assert content(tmp_path / "w") == content(alone)


def test_unreadable_files_are_listed_and_fail_the_run_beyond_the_share(sample_crawl, tmp_path):
    folder = tmp_path / "crawl"
    folder.mkdir()
    shutil.copy(sample_crawl.warc_paths[0], folder / "good.warc.gz")
    (folder / "bad.warc.gz").write_bytes(b"this is no archive" * 100)
    (folder / "empty.warc").write_bytes(b"")
    summary = run([folder], tmp_path / "w")
    assert summary.inputs_by_outcome == {"unreadable": 2, "read": 1}
    assert summary.n_pairs > 100
    with pytest.raises(ShardError, match="2 of 3 inputs are unreadable"):
        summary.check(Config().extract)
    summary.check(load_config(None, ["extract.max_unreadable_share=0.67"]).extract)
    errors = {Path(r["input_file"]).name: r["error"] for r in rows(tmp_path / "w", "scan")}
    assert errors["good.warc.gz"] is None
    assert "not a WARC" in errors["bad.warc.gz"]
    assert "empty" in errors["empty.warc"]


def test_inputs_out_of_reach_are_left_to_the_next_run(sample_crawl, tmp_path, monkeypatch):
    shard_of = job.Shard.of
    monkeypatch.setattr(shards.time, "sleep", lambda _: None)
    monkeypatch.setattr(job.storage, "open_read", _refusing(job.storage.open_read, "sample-00001"))
    results = []
    for path in sample_crawl.warc_paths[:2]:
        shard = shard_of(str(path), "warc", version="", settings="s")
        batch = pa.RecordBatch.from_pydict({"row": [json.dumps(asdict(shard))]})
        extract_shard = partial(job.extract_shard, work=str(tmp_path), config=Config().extract)
        results += next(shards._do_batches(iter([batch]), do=extract_shard)).to_pylist()
    assert [r["error"] for r in results] == [None, "the network is down"]
    assert len(job.read_commits(str(tmp_path), "extract")) == 1
    assert len(list(tmp_path.rglob("part-*"))) == 3


def _refusing(open_read, name):
    def open_or_refuse(path):
        if name in path:
            raise TransientError("the network is down")
        return open_read(path)

    return open_or_refuse


def test_kill_at_any_moment_loses_nothing_and_doubles_nothing(sample_crawl, sample_work, tmp_path):
    """Each round kills the whole process group at a later moment; the last run is left alone."""
    expected = content(sample_work)
    for delay_s in (6, 9, 11, 13):
        process = _start(sample_crawl, tmp_path)
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process = _start(sample_crawl, tmp_path)
    assert process.wait(timeout=120) == 0
    assert content(tmp_path) == expected
    for table in TABLES:
        manifest = read_manifest(str(tmp_path), table)
        assert sorted(f.name for f in (tmp_path / "tables" / table).glob("part-*")) == sorted(manifest.files)
    assert list((tmp_path / "commits" / "extract").iterdir()) == []


def _start(sample_crawl, work):
    command = [sys.executable, "-m", "pipeline.cli", "extract", *map(str, sample_crawl.warc_paths)]
    return subprocess.Popen(
        [*command, "--work", str(work), "--master", "local[2]", "--quiet"], start_new_session=True
    )


def test_killed_between_the_manifests(sample_crawl, tmp_path, monkeypatch):
    """The narrowest moment: one manifest is written, the others are not."""
    written = []

    def write_one(work, manifest):
        if written:
            raise KeyboardInterrupt
        written.append(manifest.table)
        real(work, manifest)

    from pipeline.core import manifest as protocol

    real = protocol.write_manifest
    with monkeypatch.context() as patch:
        patch.setattr(protocol, "write_manifest", write_one)
        with pytest.raises(KeyboardInterrupt):
            run(sample_crawl.warc_paths[:1], tmp_path)
    assert written == ["pages"]
    assert read_manifest(str(tmp_path), "scan") is None
    with monkeypatch.context() as patch:
        patch.setattr(
            "pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark was started")
        )
        summary = run(sample_crawl.warc_paths[:1], tmp_path)
    assert summary.n_inputs_read_now == 0
    assert summary.n_pairs == len(rows(tmp_path, "pairs_raw")) > 0


def test_real_sites(real_warcs, tmp_path):
    """The counts are those that warcio and extruct 0.18 find, before repetitions across syntaxes go."""
    summary = run(real_warcs, tmp_path)
    by_syntax = Counter(row["syntax"] for row in rows(tmp_path, "pairs_raw"))
    assert by_syntax == {"jsonld": 1137, "rdfa": 76}
    assert sum(summary.outcomes.values()) == summary.records["response"] == 457


def test_parquet_declares_table_and_schema_version(sample_work):
    for table in TABLES:
        file = next((sample_work / "tables" / table).glob("part-*"))
        metadata = pq.read_schema(file).metadata
        assert metadata[b"faqtory.table"] == table.encode()
        assert metadata[b"faqtory.schema_version"] == b"1"

"""The command line as a user meets it: exit codes, one clear sentence, JSON, trace."""

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow.dataset as ds
import pytest
from hand_made import raw_pair, table_of
from work_tables import write_pairs_raw

from pipeline.core.manifest import part_files, read_manifest
from pipeline.core.records import PairRaw


def faqtory(*arguments, env=None):
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=env, check=False)


def refused(done, *, code, says):
    """The command must end with this code and one sentence, without a traceback and without Spark."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("faqtory: ")
    assert says in lines[0]


@pytest.fixture
def warc(sample_crawl):
    return sample_crawl.warc_paths[0]


@pytest.fixture
def extracted(tmp_path):
    """A work folder with one raw pair."""
    write_pairs_raw(tmp_path, [table_of(PairRaw, [raw_pair()])])
    return tmp_path


def test_missing_path(tmp_path):
    done = faqtory("extract", tmp_path / "none.warc.gz", "--work", tmp_path / "w")
    refused(done, code=2, says="none.warc.gz does not exist")
    assert not (tmp_path / "w").exists()


def test_pattern_and_folder_without_a_match(tmp_path):
    refused(faqtory("extract", tmp_path / "*.warc", "--work", tmp_path / "w"), code=2, says="No file matches")
    refused(faqtory("extract", tmp_path, "--work", tmp_path / "w"), code=2, says="holds no warc input")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"%PDF-1.7 something", "looks like"),
        (b"PK\x03\x04 an archive", "ZIP"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_no_warc(tmp_path, content, says):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(content)
    refused(faqtory("extract", path, "--work", tmp_path / "w"), code=2, says=says)


def test_bad_configuration(tmp_path, warc):
    done = faqtory("extract", warc, "--work", tmp_path, "--set", "extract.page_timout_s=3")
    refused(done, code=2, says="Did you mean extract.page_timeout_s?")
    done = faqtory("extract", warc, "--work", tmp_path, "--config", tmp_path / "none.toml")
    refused(done, code=2, says="none.toml")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--format", "pdf", "choose one of warc, owi, wdc"),
        ("--master", "local[0]", "write local, local[2], local[*]"),
        ("--work", "/dev/null/w", "choose another --work"),
    ],
)
def test_bad_options(tmp_path, warc, option, value, says):
    options = {"--work": str(tmp_path), option: value}
    done = faqtory("extract", warc, *(part for pair in options.items() for part in pair))
    refused(done, code=2, says=says)


@pytest.fixture
def loopback():
    """A web server that answers 403 to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_unreadable_bucket_and_address(tmp_path, loopback, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": loopback,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    for address in (
        "s3://bucket/a.warc.gz",
        "s3://bucket/*.warc.gz",
        "s3://bucket/folder/",
        f"{loopback}/a.warc.gz",
    ):
        done = faqtory("extract", address, "--work", tmp_path / "w")
        refused(done, code=2, says=address)


def test_an_address_where_nobody_answers_may_answer_later(tmp_path):
    done = faqtory("extract", "http://127.0.0.1:9/a.warc.gz", "--work", tmp_path / "w")
    refused(done, code=75, says="cannot be reached")


def test_another_run_holds_the_work_folder(extracted, warc):
    from pipeline.core.storage import exclusive

    with exclusive(str(extracted)):
        for command in (("extract", warc), ("clean",)):
            refused(faqtory(*command, "--work", extracted), code=75, says="Another run is writing")


def test_tables_and_trace_of_nothing(tmp_path):
    refused(faqtory("tables", "--work", tmp_path / "none"), code=2, says="There is no folder")
    refused(faqtory("trace", "abcdef", "--work", tmp_path), code=2, says="has no table pairs_raw")
    refused(faqtory("trace", "xyz", "--work", tmp_path), code=2, says="is no pair id")


TOPICS = ("--set", "enrich.topic_model=none/such")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("clean",), "has no table pairs_raw; `faqtory extract INPUT... --work"),
        (("enrich", *TOPICS), "has no table pairs; `faqtory clean --work"),
        (("split",), "has no table pairs; `faqtory clean --work"),
        (("report",), None),
    ],
)
def test_a_folder_without_the_table_it_takes_stays_as_it_is(tmp_path, command, says, there):
    folder = tmp_path / "w"
    if there:
        folder.mkdir()
    no_pairs = "has no table pairs; `faqtory clean" if there else f"There is no folder {folder}; `faqtory"
    refused(faqtory(*command, "--work", folder), code=2, says=says or no_pairs)
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("clean --profile webfaq", "clean.profile: Input should be 'default' or 'webfaq2', got 'webfaq'"),
        ("clean --set language.model=none.bin", "language.model: there is no file none.bin"),
        ("clean --set language.model=pyproject.toml", "pyproject.toml is not a fastText language model"),
        ("clean --profile webfaq2 --set language.min_score=0.6", "no effect in profile webfaq2"),
        ("clean --set dedup.ngrams=3", "Did you mean dedup.ngram?"),
        ("clean --master local[0]", "write local, local[2], local[*]"),
        ("split --set split.test_share=0.95", "dev_share and test_share are more than 1 together"),
        ("enrich", "No model is configured: set enrich.similarity_model"),
        ("enrich --set enrich.topic_model=x --set enrich.answer_prompt=x", "no effect without"),
    ],
)
def test_bad_requests_to_clean_and_enrich(extracted, command, says):
    before = sorted(extracted.rglob("*"))
    refused(faqtory(*command.split(), "--work", extracted), code=2, says=says)
    assert sorted(path for path in extracted.rglob("*") if path.name != ".lock") == before


@pytest.fixture(scope="module")
def work(sample_crawl, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    done = faqtory("extract", *sample_crawl.warc_paths, "--work", folder, "--master", "local[2]", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["n_inputs"] == figures["n_inputs_read_now"] == 4
    assert figures["n_pairs"] == len(pairs(folder))
    return folder


def table(work, name):
    return ds.dataset(part_files(str(work), read_manifest(str(work), name))).to_table().to_pylist()


def pairs(work):
    return table(work, "pairs_raw")


@pytest.mark.spark
def test_opt_outs_can_be_ignored(sample_crawl, tmp_path):
    command = ("extract", *sample_crawl.warc_paths, "--work", tmp_path, "--master", "local[2]", "--json")
    figures = json.loads(faqtory(*command, "--ignore-opt-out").stdout)
    assert "opted_out" not in figures["outcomes"]
    again = json.loads(faqtory(*command, "--respect-opt-out").stdout)
    assert again["outcomes"]["opted_out"] == 3
    assert again["n_pairs"] < figures["n_pairs"]


@pytest.mark.spark
def test_tables_as_json(work):
    listed = json.loads(faqtory("tables", "--work", work, "--json").stdout)
    assert [row["table"] for row in listed] == ["pages", "pairs_raw", "scan"]
    assert listed[1]["n_rows"] == len(pairs(work))


@pytest.mark.spark
def test_trace_of_every_syntax_and_of_every_repair(work):
    """The raw block must hold the question; of each syntax and repair one pair is traced."""
    from pipeline.trace import trace_pair

    first = {}
    for pair in sorted(pairs(work), key=lambda row: row["id"]):
        for kind in (pair["syntax"], *pair["repairs"]):
            first.setdefault(kind, pair)
    assert {"jsonld", "microdata", "rdfa"} < set(first)
    assert len(first) > 12
    for pair in first.values():
        found = trace_pair(pair["id"], work=str(work))
        assert found.raw_block
        assert found.page["page_id"] == found.pair["page_id"]
        words = [word for word in pair["question"].split() if word.isalpha() and word.isascii()]
        assert all(word in found.raw_block for word in words), (pair["id"], words)


@pytest.mark.spark
def test_trace_prints_the_way_back_with_control_characters_made_harmless(work, tmp_path):
    pair = next(row for row in pairs(work) if row["syntax"] == "jsonld")
    done = faqtory("trace", pair["id"][:10], "--work", work)
    assert done.returncode == 0, done.stderr
    for part in (pair["id"], str(pair["warc_offset"]), "page outcome extracted", "mainEntity"):
        assert part in done.stdout
    from pipeline.core.text import harmless

    assert harmless("a\x1b[31mred\u202eb\x07") == "a<U+001B>[31mred<U+202E>b<U+0007>"
    assert harmless("tab\tline\nزبان می‌خواهم") == "tab\tline\nزبان می‌خواهم"


@pytest.mark.spark
def test_unreadable_share_ends_with_3(tmp_path):
    folder = tmp_path / "crawl"
    folder.mkdir()
    (folder / "bad.warc.gz").write_bytes(b"no archive" * 50)
    done = faqtory("extract", folder, "--work", tmp_path / "w", "--master", "local[1]", "--quiet")
    refused(done, code=3, says="1 of 1 inputs are unreadable")


@pytest.mark.spark
def test_clean_report_and_trace(work, sample_crawl, tmp_path):
    folder = shutil.copytree(work, tmp_path / "w")
    command = ("clean", "--work", folder, "--master", "local[2]", "--json")
    done = faqtory(*command)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    n_duplicates = figures["n_exact_duplicates"] + figures["n_near_duplicates"]
    n_dropped = sum(figures["dropped"].values())
    assert figures["n_pairs_raw"] == len(pairs(work)) == figures["n_pairs"] + n_duplicates + n_dropped
    assert figures["n_pairs"] == sum(figures["languages"].values()) > 1000
    gold = [json.loads(line) for line in (sample_crawl.gold_dir / "pairs.jsonl").read_text().splitlines()]
    assert set(figures["languages"]) == {pair["language"] for pair in gold}
    assert (figures["n_parts"], figures["n_parts_cleaned_now"]) == (4, 4)

    again = json.loads(faqtory(*command).stdout)
    assert (again["n_parts_cleaned_now"], again["start_s"]) == (0, 0)
    assert again["languages"] == figures["languages"]

    written = faqtory("report", "--work", folder)
    assert (written.returncode, written.stdout.strip()) == (0, str(folder / "report.html"))
    page = (folder / "report.html").read_text()
    for n in (figures["n_pairs_raw"], figures["n_pairs"], figures["n_near_duplicates"]):
        assert f"{n:,}" in page, n

    kept = table(folder, "pairs")[0]
    traced = faqtory("trace", kept["id"], "--work", folder, "--json")
    assert traced.returncode == 0, traced.stderr
    decisions = json.loads(traced.stdout)["decisions"]
    assert any(line.startswith(f"language {kept['language']} in script") for line in decisions)

"""The mine job on the sample crawl: gold duplicates and translations, kills, any number of cores."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from rich.console import Console
from work_tables import read, run_clean, write_pairs_raw

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

import mine_until
from retrieval_tables import contents, mine, take_languages

from mining.bitext_address import site_of
from mining.retrieval_set import normal_question
from pipeline.core.config import load_config
from pipeline.core.manifest import read_manifest
from pipeline.core.storage import exclusive
from pipeline.jobs.run_align import align
from pipeline.jobs.run_split import split
from pipeline.summary_mine import print_mine_summary

pytestmark = pytest.mark.spark

TABLES = ("document_vectors", "candidates", "scores", "negatives")
STAGES = ("embedding documents", "searching", "scoring", "selecting")
KEEP = "dedup.near_duplicates=false"
LANGUAGES = ("ara", "deu", "eng", "jpn", "tha")


@pytest.fixture(scope="module")
def work(sample_pairs, tmp_path_factory):
    """The retrieval set of the sample crawl with its near-duplicates, so that there are such candidates."""
    folder = tmp_path_factory.mktemp("mine")
    write_pairs_raw(folder, [sample_pairs])
    run_clean(folder, KEEP)
    for job in (align, split):
        job(
            work=str(folder), master="local[2]", config=load_config(None, [KEEP]), console=Console(quiet=True)
        )
    return folder


@pytest.fixture(scope="module")
def mined(work):
    """The same, mined by two processes with models that are trained on it."""
    return work, mine(work, 'mining.teacher=["bootstrap"]')


@pytest.fixture(scope="module")
def places(mined):
    """Where each pair of table pairs stands: URL and position."""
    kept = {row["id"]: row["kept_id"] for row in read(mined[0], "duplicates").to_pylist()}
    found = defaultdict(set)
    for row in read(mined[0], "cleaned").to_pylist():
        if row["dropped_by"] is None:
            found[kept.get(row["id"], row["id"])].add((row["url"], row["position"]))
    return found


@pytest.fixture(scope="module")
def gold(sample_crawl):
    """What each place says: its answer, and the groups of duplicates and of translations that it is of."""

    def lines(name):
        return map(json.loads, (sample_crawl.gold_dir / f"{name}.jsonl").open())

    said = defaultdict(set)
    for pair in lines("pairs"):
        said[pair["url"], pair["position"]].add(("answer", pair["language"], pair["answer"]))
    for name in ("near_duplicates", "translations"):
        for no, group in enumerate(lines(name)):
            for member in group["members"]:
                said[member["url"], member["position"]].add((name, no))
    return said


@pytest.fixture(scope="module")
def said(mined, places, gold):
    """What the pairs of each query, and of each document, say by gold."""
    queries, documents = defaultdict(set), defaultdict(set)
    for pair in read(mined[0], "pairs").to_pylist():
        of_pair = set().union(*(gold[place] for place in places[pair["id"]]))
        question = normal_question(pair["question"])
        queries[pair["language"], site_of(pair["url"], by="domain"), question] |= of_pair
        documents[pair["language"], pair["answer"]] |= of_pair
    return (
        {
            row["query_id"]: queries[row["language"], row["site"], normal_question(row["text"])]
            for row in read(mined[0], "queries").to_pylist()
        },
        {
            row["doc_id"]: documents[row["language"], row["text"]]
            for row in read(mined[0], "corpus").to_pylist()
        },
    )


def test_no_negative_says_by_gold_what_its_query_asks_for(mined, said):
    queries, documents = said
    assert all(queries.values())
    assert all(documents.values())
    n_kept, others = 0, Counter()
    for row in read(mined[0], "negatives").to_pylist():
        shared = queries[row["query_id"]] & documents[row["doc_id"]]
        if row["decision"] == "kept":
            n_kept += 1
            assert not shared, (row, shared)
        elif shared:
            others[row["decision"], "near_duplicates" in {kind for kind, *_ in shared}] += 1
    assert n_kept > 10_000
    assert others["positive", True] > 100
    assert n_of_several_positives(mined[0]) > 50


def n_of_several_positives(work):
    return sum(row["n_positives"] > 1 for row in read(work, "queries").to_pylist())


def test_all_trained_queries_are_mined_among_their_own_split(mined):
    work, summary = mined
    queries = {row["query_id"]: row for row in read(work, "queries").to_pylist()}
    train = {id for id, row in queries.items() if row["split"] == "train"}
    assert {row["split"] for row in queries.values()} >= {"train", "dev", "test"}
    corpus = {row["doc_id"]: row for row in read(work, "corpus").to_pylist()}
    candidates = read(work, "candidates").to_pylist()
    assert {corpus[row["doc_id"]]["split"] for row in candidates} == {"train"}
    assert {row["query_id"] for row in candidates} <= train
    assert {row["query_id"] for row in read(work, "scores").to_pylist()} == train
    positives = {
        (row["query_id"], row["doc_id"])
        for row in read(work, "qrels").to_pylist()
        if row["query_id"] in train
    }
    assert {(r["query_id"], r["doc_id"]) for r in candidates if r["is_positive"]} <= positives
    found = {(row["query_id"], row["doc_id"]) for row in candidates}
    scored = [(row["query_id"], row["doc_id"]) for row in read(work, "scores").to_pylist()]
    assert len(scored) == len(set(scored))
    assert set(scored) == found | positives
    assert summary.n_candidates == len(candidates) == read(work, "negatives").num_rows


def test_every_language_has_as_many_candidates_as_its_corpus_allows(mined):
    """The dense search ranks all documents, so that no language lacks any but for texts it cannot read."""
    work, _ = mined
    n_documents = defaultdict(int)
    for row in read(work, "corpus").to_pylist():
        n_documents[row["language"]] += row["split"] == "train"
    n_positives = {row["query_id"]: row["n_positives"] for row in read(work, "queries").to_pylist()}
    others = defaultdict(int)
    language = {}
    for row in read(work, "candidates").to_pylist():
        others[row["query_id"]] += not row["is_positive"]
        language[row["query_id"]] = row["language"]
    short = [id for id, n in others.items() if n != min(200, n_documents[language[id]] - n_positives[id])]
    assert len(short) < len(others) / 100


def test_who_scored_is_told(mined):
    assert mined[1].dense_model.startswith("bootstrap@")
    (teacher,) = mined[1].teachers
    assert teacher.startswith("bootstrap-teacher@")
    assert set(read(mined[0], "scores")["teacher"].to_pylist()) == {teacher}


def test_what_a_person_sees(mined):
    out = Console(width=160)
    with out.capture() as printed:
        print_mine_summary(mined[1], console=out)
    lines = [" ".join(line.split()) for line in printed.get().splitlines()]
    counts = mined[1].languages["eng"]
    assert lines[1].startswith(f"eng {counts['n_queries']:,} {counts['n_candidates']:,} ")
    assert any(line.endswith(" kept negatives") for line in lines)
    assert json.loads(json.dumps(mined[1].figures()))["decisions"]["kept"] == mined[1].n_negatives


@pytest.fixture(scope="module")
def settings(mined):
    """The models that were trained on the sample crawl, by their folders."""
    dense, teacher = (
        next((mined[0] / "models").glob(f"*/{name}")) for name in ("bootstrap", "bootstrap-teacher")
    )
    return [f"mining.dense_model={dense}", f'mining.teacher=["{teacher}"]']


@pytest.fixture
def few(work, tmp_path):
    """The retrieval set of a few languages."""
    take_languages(work, tmp_path / "few", LANGUAGES)
    return tmp_path / "few"


@pytest.fixture(scope="module")
def expected(mined):
    """All bytes of these languages' tables, as mined with all others."""
    parts = contents(mined[0], *TABLES)
    return {(table, name): part for (table, name), part in parts.items() if name.startswith(LANGUAGES)}


@pytest.mark.parametrize("master", ["none[1]", "local[2]"])
def test_the_same_bytes_whoever_does_the_parts(few, settings, expected, master):
    mine(few, *settings, master=master)
    assert contents(few, *TABLES) == expected


def test_killed_in_the_middle_of_each_stage(few, settings, expected):
    """What was finished when a run was killed stays as it is, and the tables are those of one whole run."""
    finished = {}
    for stage in STAGES:
        assert killed_run(few, stage, 2, settings) == -signal.SIGKILL
        assert times(few, finished) == finished, "a part was done twice"
        finished |= times(few, committed(few))
        assert len(list((few / "commits").glob("*/*.json"))) >= 2
    assert {Path(path).parent.name for path in finished} == set(TABLES)
    summary = mine(few, *settings)
    assert times(few, finished) == finished
    assert contents(few, *TABLES) == expected
    assert summary.n_candidates == read(few, "negatives").num_rows
    left = [
        path for path in few.rglob("*") if path.is_file() and (".tmp" in path.name or "commits" in path.parts)
    ]
    assert left == []


def killed_run(work, stage, n_parts, settings):
    tests = Path(mine_until.__file__).parent
    command = [sys.executable, mine_until.__file__, str(work), stage, str(n_parts), *settings]
    return subprocess.run(
        command, env=os.environ | {"PYTHONPATH": f"{tests.parent}:{tests}"}, check=False
    ).returncode


def committed(work):
    """The parts that a commit record or a manifest names."""
    ids = {path.stem for path in (work / "commits").glob("*/*.json")}
    manifests = [manifest for table in TABLES if (manifest := read_manifest(str(work), table))]
    ids |= {commit.shard.id for manifest in manifests for commit in manifest.commits}
    parts = [path for table in TABLES for path in (work / "tables" / table).glob("part-*.parquet")]
    return [str(path) for path in parts if path.stem.removeprefix("part-") in ids]


def times(work, paths):
    return {path: Path(path).stat().st_mtime_ns for path in paths}


def faqtory(*arguments):
    command = [sys.executable, "-m", "pipeline.cli", "mine", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_line(mined, tmp_path):
    work = shutil.copytree(mined[0], tmp_path / "work")
    wrong = faqtory("--work", work, "--languages", "tlh", "--master", "none[1]")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("faqtory: There are no documents in tlh; the languages of")
    assert len(wrong.stderr.strip().splitlines()) == 1
    with exclusive(str(work)):
        held = faqtory("--work", work, "--teacher", "bootstrap", "--master", "none[1]")
    assert (held.returncode, len(held.stderr.strip().splitlines())) == (75, 1)
    done = faqtory("--work", work, "--teacher", "bootstrap", "--master", "none[1]", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["n_candidates"] == mined[1].n_candidates
    assert set(figures["seconds"].values()) == {0}

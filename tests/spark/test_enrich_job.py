"""The enrich job: what it computes, what it keeps, what it does without a model.

Fakes stand in for the models and, but for the last test, for Spark.
"""

import math
from contextlib import contextmanager
from dataclasses import fields
from io import StringIO
from types import SimpleNamespace
from typing import get_origin

import numpy as np
import pyarrow.parquet as pq
import pytest
import tiny_models
from rich.console import Console

from mining.enrich import Label
from mining.model_source import ModelOutOfReachError, ModelSource
from pipeline.core.config import load_config
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Commit, Shard, part_files, publish, read_commits, read_manifest
from pipeline.core.parts import open_part
from pipeline.core.records import Enrichment, Pair
from pipeline.jobs import enrich as job
from pipeline.jobs import enrich_part

PARTS = {
    "c": [("aa", "b"), ("ab", "ab"), ("b", "a")],
    "a": [("b", "abb")],
    "b": [("a", "aab"), ("x", "a")],
}
"""Questions and answers by input; (number of a, number of b) is a text's embedding, its letters its topic."""


def write_pairs(work, parts, version="1"):
    commits = []
    for name, texts in parts.items():
        shard = Shard.of(name, "parquet", version=version, settings="")
        with open_part(str(work), Pair, shard.id) as part:
            for question, answer in texts:
                part.add(pair(question, answer))
        commits.append(Commit(shard, "read", {"pairs": len(texts)}))
    publish(str(work), "dedup", records=[Pair], commits=commits)


def pair(question, answer):
    plain = {str: "", int: 1, float: 1.0}
    hints = {f.name: f.type for f in fields(Pair)}
    values = {name: plain.get(hint, [] if get_origin(hint) is list else None) for name, hint in hints.items()}
    return Pair(**values | {"id": f"{question}|{answer}", "question": question, "answer": answer})


class Models:
    """Stands in for the hub and the libraries; keeps the texts that models were given."""

    def __init__(self):
        self.revisions = {"sim": "1", "top": "1", "typ": "1"}
        self.seen = {"sim": [], "top": [], "typ": []}
        self.missing_files = set()
        self.breaks_at = None

    def find(self, spec):
        if spec not in self.revisions:
            raise ModelOutOfReachError(f"model {spec} is nowhere")
        return ModelSource(spec, self.revisions[spec])

    def load(self, source, reading):
        if source.name in self.missing_files:
            raise ModelOutOfReachError(f"model {source.name} is half there")
        assert source.revision == self.revisions[source.name]
        return Model(self, source.name)


class Model:
    def __init__(self, models, name):
        self.models = models
        self.name = name

    def encode_questions(self, texts):
        return self._encode(texts)

    def encode_answers(self, texts):
        return self._encode(texts, seen=False)

    def _encode(self, texts, seen=True):
        if self.models.breaks_at in texts:
            raise TransientError("the disk is away")
        self.models.seen[self.name] += texts if seen else []
        return np.array([(t.count("a"), t.count("b")) for t in texts], dtype="float32")

    def classify(self, texts):
        self.models.seen[self.name] += texts
        return [Label(t.upper(), 1 / len(t)) for t in texts]


@pytest.fixture
def models(monkeypatch):
    """Fake models, and shards done one after the other in this process."""
    models = Models()
    monkeypatch.setattr(job, "find_model", models.find)
    for module in (job, enrich_part):
        monkeypatch.setattr(module, "load_encoder", models.load)
        monkeypatch.setattr(module, "load_classifier", models.load)
    monkeypatch.setattr(job, "forget_models", lambda: None)
    monkeypatch.setattr(job, "run_shards", one_by_one)
    monkeypatch.setattr("pipeline.jobs.session.spark_session", no_spark)
    return models


def one_by_one(spark, shards, do, *, report):
    failed = {}
    for shard in shards:
        try:
            do(shard)
        except TransientError as reason:
            failed[shard.id] = str(reason)
    return failed


@contextmanager
def no_spark(*_, **__):
    yield None


SIM, TOP, TYP = "enrich.similarity_model=sim", "enrich.topic_model=top", "enrich.question_type_model=typ"


def run(work, *settings, master="local[2]"):
    printed = StringIO()
    console = Console(file=printed, width=500)
    config = load_config(None, settings)
    summary = job.enrich(str(work), master=master, config=config, console=console)
    return summary, printed.getvalue()


def rows(work, table="enrichments"):
    files = part_files(str(work), read_manifest(str(work), table))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def column(work, name):
    return [row[name] for row in rows(work)]


def test_one_row_a_pair_in_the_same_order_part_for_part(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    summary, printed = run(tmp_path, SIM, TOP, TYP)
    assert column(tmp_path, "id") == [row["id"] for row in rows(tmp_path, "pairs")]
    assert rows(tmp_path)[0] == {
        "id": "b|abb",
        "semantic_similarity": pytest.approx(2 / math.sqrt(5)),  # (0, 1) and (1, 2)
        "similarity_model": "sim@1",
        "topic": "B ABB",
        "topic_score": 0.2,
        "topic_model": "top@1",
        "question_type": "B",
        "question_type_score": 1.0,
        "question_type_model": "typ@1",
    }
    found = column(tmp_path, "semantic_similarity")  # inputs a, b, c; x has no direction
    assert found[1:] == [pytest.approx(2 / math.sqrt(5)), None, 0.0, pytest.approx(1.0), 0.0]
    sizes = [len(pq.read_table(f)) for f in part_files(str(tmp_path), read_manifest(str(tmp_path), "pairs"))]
    enriched = part_files(str(tmp_path), read_manifest(str(tmp_path), "enrichments"))
    assert [len(pq.read_table(f)) for f in enriched] == sizes == [1, 2, 3]
    figures = summary.figures()
    assert figures["n_scored"] == {"semantic_similarity": 5, "topic": 6, "question_type": 6}
    assert (figures["n_pairs"], figures["n_undefined"], figures["n_parts_written_now"]) == (6, 1, 3)
    assert figures["models"] == {"semantic_similarity": "sim@1", "topic": "top@1", "question_type": "typ@1"}
    assert printed == ""


def test_a_score_not_asked_for_is_null(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, TYP)
    assert column(tmp_path, "question_type") == ["B", "A", "X", "AA", "AB", "B"]
    for name in ("semantic_similarity", "similarity_model", "topic", "topic_score", "topic_model"):
        assert column(tmp_path, name) == [None] * 6
    assert models.seen == {"sim": [], "top": [], "typ": ["b", "a", "x", "aa", "ab", "b"]}


@pytest.mark.parametrize("window", [1, 2, 1000])
def test_windows_and_row_groups_do_not_matter(tmp_path, models, monkeypatch, window):
    monkeypatch.setattr(enrich_part, "WINDOW", window)
    monkeypatch.setattr("pipeline.core.parts.ROWS_PER_BATCH", 3)
    monkeypatch.setattr("pipeline.core.parts.ROW_GROUP_BYTES", 1)
    texts = [("a" * (i % 4 + 1), "ab" * (i % 3) + "b" * (i % 5)) for i in range(20)]
    write_pairs(tmp_path, {"a": texts})
    run(tmp_path, SIM, TOP, "enrich.batch_size=3")
    assert column(tmp_path, "id") == [f"{q}|{a}" for q, a in texts]
    assert column(tmp_path, "topic") == [f"{q} {a}".upper() for q, a in texts]
    expected = []
    for _, answer in texts:
        n_a, n_b = answer.count("a"), answer.count("b")
        expected.append(n_a / math.hypot(n_a, n_b) if answer else None)
    assert [s is None for s in column(tmp_path, "semantic_similarity")] == [e is None for e in expected]
    known = [(s, e) for s, e in zip(column(tmp_path, "semantic_similarity"), expected, strict=True) if e]
    assert [s for s, _ in known] == pytest.approx([e for _, e in known])


def test_a_rerun_has_nothing_to_do(tmp_path, models, monkeypatch):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM)
    before = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("part-*")}
    monkeypatch.setattr("pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark started"))
    monkeypatch.setattr(job, "load_encoder", lambda *_: pytest.fail("a model was loaded"))
    summary, printed = run(tmp_path, SIM)
    assert (summary.n_parts, summary.n_parts_written_now, summary.n_pairs, printed) == (3, 0, 6, "")
    assert {f: f.stat().st_mtime_ns for f in tmp_path.rglob("part-*")} == before


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda models: models.revisions.update(top="2"), {"sim": 0, "top": 6}),
        (lambda models: models.revisions.update(sim="2"), {"sim": 6, "top": 0}),
    ],
)
def test_a_changed_model_scores_again_what_it_scored_and_nothing_else(tmp_path, models, change, again):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM, TOP)
    models.seen = {"sim": [], "top": [], "typ": []}
    change(models)
    summary, printed = run(tmp_path, SIM, TOP)
    assert {name: len(models.seen[name]) for name in again} == again
    assert set(column(tmp_path, "topic_model")) == {f"top@{models.revisions['top']}"}
    assert set(column(tmp_path, "similarity_model")) == {f"sim@{models.revisions['sim']}"}
    assert summary.n_scored == {"semantic_similarity": 5, "topic": 6}
    assert summary.n_parts_written_now == 3
    assert "3 parts are written anew" in printed
    assert len(list(tmp_path.glob("tables/enrichments/part-*"))) == 3


def test_a_further_model_costs_no_other_score_and_a_setting_costs_its_own(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM)
    run(tmp_path, SIM, TOP)
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (6, 6)
    run(tmp_path, SIM, TOP, 'enrich.question_prompt="q: "')
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (12, 6)
    run(tmp_path, SIM, TOP, 'enrich.question_prompt="q: "', "enrich.batch_size=1", "enrich.device=cpu")
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (12, 6)  # neither changes a score
    run(tmp_path, SIM, TOP, 'enrich.question_prompt="q: "', "enrich.max_tokens=100")
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (18, 12)


def test_a_raised_stage_version_scores_everything_again(tmp_path, models, monkeypatch):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM)
    monkeypatch.setattr(job, "ENRICH", SimpleNamespace(name="enrich", version=2, writes=(Enrichment,)))
    run(tmp_path, SIM)
    assert len(models.seen["sim"]) == 12


def test_changed_pairs_score_only_what_is_new(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM, TOP)
    models.seen = {"sim": [], "top": [], "typ": []}
    changed = {"a": [("b", "abb"), ("bb", "b")], "c": PARTS["c"][1:], "d": [("a", "a")]}
    write_pairs(tmp_path, changed, version="2")
    summary, _ = run(tmp_path, SIM, TOP)
    assert models.seen == {"sim": ["bb", "a"], "top": ["bb b", "a a"], "typ": []}
    assert column(tmp_path, "id") == ["b|abb", "bb|b", "ab|ab", "b|a", "a|a"]
    assert column(tmp_path, "topic") == ["B ABB", "BB B", "AB AB", "B A", "A A"]
    assert (summary.n_parts, summary.n_pairs) == (3, 5)
    write_pairs(tmp_path, {"d": [("a", "a")]}, version="2")  # parts that are gone go here, too
    assert run(tmp_path, SIM, TOP)[0].n_parts_written_now == 0
    assert column(tmp_path, "id") == ["a|a"]


def test_a_killed_run_goes_on_where_it_was(tmp_path, models, monkeypatch):
    write_pairs(tmp_path, PARTS)
    with monkeypatch.context() as patch:
        patch.setattr(job, "run_shards", lambda spark, shards, do, report: kill_after(2, shards, do))
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, SIM)
    assert read_manifest(str(tmp_path), "enrichments") is None
    assert len(read_commits(str(tmp_path), "enrich")) == 2
    n_seen = len(models.seen["sim"])
    summary, _ = run(tmp_path, SIM)
    assert summary.n_parts_written_now == 1
    assert len(models.seen["sim"]) == 6 > n_seen
    assert column(tmp_path, "id") == [row["id"] for row in rows(tmp_path, "pairs")]
    assert read_commits(str(tmp_path), "enrich") == []


def kill_after(n, shards, do):
    for shard in shards[:n]:
        do(shard)
    raise KeyboardInterrupt


def test_killed_before_the_manifest(tmp_path, models, monkeypatch):
    write_pairs(tmp_path, PARTS)
    with monkeypatch.context() as patch:
        patch.setattr(job, "publish", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, SIM)
    assert run(tmp_path, SIM)[0].n_parts_written_now == 0
    assert len(models.seen["sim"]) == len(rows(tmp_path)) == 6


def test_a_part_that_fails_leaves_the_others_done_and_nothing_published(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    models.breaks_at = "abb"
    with pytest.raises(TransientError, match=r"1 of 3 parts could not be scored.*the disk is away"):
        run(tmp_path, SIM)
    assert read_manifest(str(tmp_path), "enrichments") is None
    assert len(list(tmp_path.glob("tables/enrichments/part-*"))) == 2
    models.breaks_at = None
    assert run(tmp_path, SIM)[0].n_parts_written_now == 1
    assert len(rows(tmp_path)) == 6


@pytest.mark.parametrize("how", ["unknown", "half there"])
def test_a_model_out_of_reach_is_skipped_with_a_line_and_filled_later(tmp_path, models, how):
    write_pairs(tmp_path, PARTS)
    if how == "unknown":
        del models.revisions["sim"]
    else:
        models.missing_files.add("sim")
    summary, printed = run(tmp_path, SIM, TOP)
    reason = "model sim is nowhere" if how == "unknown" else "model sim is half there"
    assert printed == f"semantic_similarity skipped: {reason}.\n"
    assert summary.skipped == {"semantic_similarity": reason}
    assert summary.models == {"topic": "top@1"}
    assert summary.n_scored == {"semantic_similarity": 0, "topic": 6}
    assert column(tmp_path, "similarity_model") == [None] * 6
    assert run(tmp_path, SIM, TOP)[0].n_parts_written_now == 0  # nothing more can be done
    models.revisions["sim"] = "1"
    models.missing_files.clear()
    summary, printed = run(tmp_path, SIM, TOP)
    assert summary.n_scored == {"semantic_similarity": 5, "topic": 6}
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (6, 6)
    assert "skipped" not in printed


def test_scores_of_a_model_that_gets_out_of_reach_stay(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM)
    before = column(tmp_path, "semantic_similarity")
    del models.revisions["sim"]
    run(tmp_path, SIM, TOP)
    assert column(tmp_path, "semantic_similarity") == before
    assert set(column(tmp_path, "similarity_model")) == {"sim@1"}
    models.revisions["sim"] = "1"
    run(tmp_path, SIM, TOP)
    assert (len(models.seen["sim"]), len(models.seen["top"])) == (6, 6)
    assert column(tmp_path, "semantic_similarity") == before


def test_all_models_out_of_reach(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    models.revisions.clear()
    with pytest.raises(TransientError) as caught:
        run(tmp_path, SIM, TOP)
    assert str(caught.value) == (
        "No model is within reach, nothing was written. semantic_similarity skipped: model sim is nowhere; "
        "topic skipped: model top is nowhere."
    )
    assert not (tmp_path / "tables" / "enrichments").exists()
    models.revisions, models.missing_files = {"sim": "1"}, {"sim"}
    with pytest.raises(TransientError, match="model sim is half there"):
        run(tmp_path, SIM)
    assert not (tmp_path / "tables" / "enrichments").exists()


def test_requests_that_cannot_be_met(tmp_path, models):
    with pytest.raises(ConfigError, match=r"set enrich.similarity_model, enrich.topic_model or enrich.quest"):
        run(tmp_path)
    with pytest.raises(ConfigError, match=r"enrich.answer_prompt has no effect without enrich.similarity_m"):
        run(tmp_path, TOP, "enrich.answer_prompt=passage")
    with pytest.raises(ConfigError, match=r"has no table pairs; `faqtory clean --work"):
        run(tmp_path / "none", SIM)
    assert not (tmp_path / "none").exists()


def test_scores_are_not_dropped_by_leaving_their_model_out(tmp_path, models):
    write_pairs(tmp_path, PARTS)
    run(tmp_path, SIM)
    with pytest.raises(ConfigError, match=r"holds semantic_similarity by sim.*set enrich\.similarity_model"):
        run(tmp_path, TOP)
    assert column(tmp_path, "similarity_model") == ["sim@1"] * 6


def test_no_pairs_at_all(tmp_path, models):
    publish(str(tmp_path), "dedup", records=[Pair], commits=[])
    summary, _ = run(tmp_path, SIM)
    assert (summary.n_parts, summary.n_pairs, summary.n_scored) == (0, 0, {"semantic_similarity": 0})


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfigError("Model m cannot be loaded: no."), "On a worker: Model m cannot be loaded"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "lower enrich.batch_size"),
    ],
)
def test_faults_of_a_worker_are_told_in_one_sentence(tmp_path, models, monkeypatch, error, says):
    write_pairs(tmp_path, PARTS)

    def fail(*_):
        raise error

    monkeypatch.setattr(enrich_part, "load_encoder", fail)
    with pytest.raises(TransientError, match=says):
        run(tmp_path, SIM)


@pytest.fixture
def tiny():
    """Real models, of few bytes, and offline."""
    pytest.importorskip(
        "sentence_transformers", reason="sentence-transformers is absent; pip install faqtory[mining]"
    )
    return tiny_models


@pytest.mark.spark
def test_with_real_models_on_spark(tiny, tmp_path):
    """Cosines by hand; a missing model stops no other."""
    encoder = tiny.save_encoder(tmp_path / "sim")
    classifier = tiny.save_classifier(tmp_path / "top", bias=[0.0, math.log(3)])
    texts = {"a": [("north", "northeast"), ("east", "west")], "b": [("east north", "east")], "c": []}
    write_pairs(tmp_path, texts)
    summary, printed = run(
        tmp_path,
        f"enrich.similarity_model={encoder}",
        f"enrich.topic_model={classifier}",
        "enrich.question_type_model=nobody/no-such-model",
        master="local[1]",
    )
    root = math.sqrt(0.5)
    assert column(tmp_path, "semantic_similarity") == pytest.approx([root, -1.0, root], abs=1e-5)
    assert column(tmp_path, "topic") == ["b"] * 3
    assert column(tmp_path, "topic_score") == pytest.approx([0.75] * 3, abs=1e-6)
    assert column(tmp_path, "question_type") == [None] * 3
    assert summary.models["topic"].startswith("top@")
    assert set(column(tmp_path, "similarity_model")) == {summary.models["semantic_similarity"]}
    assert printed == (
        "question_type skipped: model nobody/no-such-model is neither a local folder nor in the cache and "
        "the hub cannot be reached.\n"
    )

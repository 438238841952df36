"""What a run would do is what it then does; counts by hand, and nothing is written."""

from pathlib import Path

import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_tables import asked, in_this_process, mine, write_retrieval_set
from rich.console import Console
from tiny_models import save_encoder

from pipeline.core.config import load_config
from pipeline.core.errors import ConfigError
from pipeline.jobs import mine_rates
from pipeline.jobs.mine_estimate import estimate_mine, plan_mine
from pipeline.jobs.mine_plan import retrieval_set
from pipeline.jobs.runner import n_cores
from pipeline.summary_mine import print_mine_estimate

WORDS = ["north", "east", "west", "northeast"]
ROWS = [asked(f"Where is {word} {i}?", f"It is {word} of {i}.") for word in WORDS for i in range(5)]
ROWS += [asked("Where is west 0?", "It is far west.", site="birch.com")]
ROWS += [asked("Is it north?", "No.", "It is not.", site="cedar.com", split="test")]
ROWS += [asked(f"Wo ist {word}?", f"Es ist im {word}.", language="deu") for word in WORDS]
"""English: 21 queries of train, each with one of 21 documents, one of test with two documents; German: 4."""

BM25 = "mining.dense_model=none"


@pytest.fixture(autouse=True)
def runner(monkeypatch):
    runner = in_this_process(monkeypatch)
    monkeypatch.setattr(mine_rates, "one_thread", lambda: None)
    return runner


@pytest.fixture
def work(tmp_path):
    write_retrieval_set(tmp_path / "work", ROWS, n_parts={"eng": 2})
    return tmp_path / "work"


def estimate(work, *settings, master="none[2]"):
    return estimate_mine(work=str(work), master=master, config=load_config(None, settings))


def counts(estimate):
    return {stage.stage: (stage.n_todo, stage.n_done) for stage in estimate.stages}


def contents(work):
    return {path: path.read_bytes() for path in Path(work).rglob("*") if path.is_file()}


def test_all_is_to_do_and_nothing_is_written(work):
    before = contents(work)
    found = estimate(work, BM25, "mining.depth=10")
    assert contents(work) == before
    assert counts(found) == {"search": (25, 0), "select": (21 * 10 + 21 + 4 * 4 + 4, 0)}
    assert found.sample == {"language": "eng", "n_documents": 21, "n_queries": 21}
    assert all(stage.per_second > 0 and stage.seconds > 0 for stage in found.stages)
    assert found.seconds == pytest.approx(sum(stage.seconds for stage in found.stages))
    assert (found.n_teacher_pairs, found.to_train, found.n_cores) == (0, [], 2)


def test_what_is_done_does_not_count(work):
    mine(work, BM25, 'mining.languages=["deu"]')
    found = estimate(work, BM25)
    assert counts(found)["search"] == (21, 4)
    mine(work, BM25)
    before = contents(work)
    found = estimate(work, BM25)
    assert {n_todo for n_todo, _ in counts(found).values()} == {0}
    assert (found.seconds, found.sample) == (0, {})
    assert counts(estimate(work, BM25, 'mining.languages=["deu"]'))["search"] == (0, 4)
    assert counts(estimate(work, BM25, "mining.depth=7"))["search"] == (25, 0)
    found = estimate(work, BM25, "negatives.n_negatives=3")
    assert [stage.stage for stage in found.stages if stage.n_todo] == ["select"]
    assert contents(work) == before


def test_teachers_and_a_dense_model(work, tmp_path):
    encoder = save_encoder(tmp_path / "encoder")
    settings = [f"mining.dense_model={encoder}", f"mining.teacher=['{encoder}', '{encoder}']"]
    found = estimate(work, *settings, "mining.teacher_depth=3", 'mining.languages=["eng"]')
    stages = counts(found)
    assert stages["embed"] == (23, 0)  # of all splits
    pairs = [stage.n_todo for stage in found.stages if stage.stage.startswith("rerank")]
    assert pairs == [21 * 21 + 21, 21 * 3 + 21]
    assert found.n_teacher_pairs == sum(pairs)
    assert all(stage.per_second for stage in found.stages)
    assert found.sample["n_pairs"] == mine_rates.N_PAIRS


def test_a_model_that_must_be_trained_is_named(work):
    found = estimate(work, 'mining.teacher=["bootstrap"]', 'mining.languages=["eng"]')
    assert found.to_train == ["bootstrap", "bootstrap-teacher"]
    assert found.seconds is None
    rates = {stage.stage: stage.per_second for stage in found.stages}
    assert rates["embed"] is None
    assert rates["search"] is None
    assert rates["rerank by bootstrap-teacher"] is None
    assert rates["select"] > 0


@pytest.mark.parametrize(
    "changed", [(), ("mining.depth=7",), ("negatives.seed=5", "negatives.sampling=random")]
)
def test_the_plan_is_what_a_run_does(work, tmp_path, runner, changed):
    encoder = save_encoder(tmp_path / "encoder")
    settings = [f"mining.dense_model={encoder}", f"mining.teacher=['{encoder}']", "mining.depth=10"]
    if changed:
        mine(work, *settings, 'mining.languages=["eng"]')
    config = load_config(None, [*settings, *changed])
    plan = plan_mine(str(work), retrieval_set(str(work), config), config)
    runner.done.clear()
    mine(work, *settings, *changed)
    planned = {
        "embed_part": plan.embedded,
        "search_part": plan.found,
        "rerank_part": plan.scored,
        "select_part": plan.selected,
    }
    expected = [
        (name, commit.shard.input.split()[0]) for name, stage in planned.items() for commit in stage.todo
    ]
    assert sorted(runner.done) == sorted(expected)


def test_languages_that_are_neither_asked_for_nor_done_are_not_planned(work):
    config = load_config(None, [BM25, 'mining.languages=["deu"]'])
    plan = plan_mine(str(work), retrieval_set(str(work), config), config)
    assert list(plan.found.parts) == list(plan.selected.parts) == ["deu"]
    mine(work, BM25)
    plan = plan_mine(str(work), retrieval_set(str(work), config), config)
    assert list(plan.found.parts) == list(plan.selected.parts) == ["deu", "eng"]
    assert [commit.shard.input for commit in plan.found.done] == ["deu 000000 of 000001"]


def test_wrong_requests_end_as_a_run_would(work, tmp_path):
    with pytest.raises(ConfigError, match="has no retrieval set"):
        estimate(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"need.* for negatives.absolute_margin"):
        estimate(work, "negatives.absolute_margin=1")
    with pytest.raises(ConfigError, match="write none, or none"):
        estimate(work, BM25, master="none[0]")


@pytest.mark.parametrize(
    ("master", "n"),
    [("none[3]", 3), ("local", 1), ("local[2]", 2), ("spark://host:7077", None)],
)
def test_cores_of_a_master(master, n):
    assert n_cores(master) == n


def test_the_estimate_in_words(work):
    console = Console(record=True, width=200, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    print_mine_estimate(estimate(work, 'mining.teacher=["bootstrap"]'), console=console)
    shown = console.export_text()
    assert "bootstrap-teacher is to be trained first" in shown
    assert "All: unknown. Nothing was done" in shown

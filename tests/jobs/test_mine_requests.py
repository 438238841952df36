"""Requests that the mine job cannot meet: one sentence, the right exit code, nothing lost."""

import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_by_hand import GERMAN, ROWS, TABLES
from retrieval_tables import contents, mine, write_retrieval_set
from tiny_models import save_headless

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import publish
from pipeline.core.records import Document, Qrel, Query
from pipeline.core.storage import exclusive


def assert_one_sentence(error):
    message = str(error.value)
    assert "\n" not in message
    assert message.rstrip().endswith((".", "?"))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (['mining.languages=["eng", "tlh"]'], r"no documents in tlh; the languages of .* are deu, eng, fra"),
        (
            ["mining.teacher=[]", "negatives.absolute_margin=1"],
            r"needed for negatives.absolute_margin.*--teacher",
        ),
        (["mining.teacher=[]", "negatives.percent_of_positive=0.9"], r"percent_of_positive.*--teacher"),
        (
            ["mining.teacher=[]", "negatives.sampling=bands"],
            r"needed for negatives.sampling=bands.*--teacher",
        ),
        (
            ["mining.teacher=[]", "negatives.max_percentile=90"],
            r"needed for negatives.max_percentile.*--teacher",
        ),
        (["negatives.skip=8"], r"negatives.skip=8 leaves nothing of mining.depth=8"),
        (['mining.teacher=["/absent"]'], r"no model folder /absent"),
        (["mining.dense_model=/absent"], r"no model folder /absent"),
        (['mining.teacher=["NO_MODEL"]'], r"neither a cross-encoder nor an embedder"),
        (["mining.dense_model=NO_MODEL"], r"mining.dense_model"),
        (["mining.split=dev", 'mining.teacher=["bootstrap"]'], r"bootstrap.*train"),
    ],
)
def test_wrong_requests_end_before_any_work(work, runner, settings, tmp_path, changed, says):
    no_model = save_headless(tmp_path / "headless")
    before = contents(work, *TABLES)
    with pytest.raises(ConfigError, match=says) as error:
        mine(work, *settings, *(text.replace("NO_MODEL", no_model) for text in changed))
    assert_one_sentence(error)
    assert error.value.exit_code == 2
    assert runner.done == []
    assert contents(work, *TABLES) == before


def test_a_teacher_that_is_none_is_found_before_anything_is_embedded(tmp_path, runner, models):
    write_retrieval_set(tmp_path, ROWS)
    no_model = save_headless(tmp_path / "headless")
    with pytest.raises(ConfigError, match="neither a cross-encoder nor an embedder"):
        mine(tmp_path, f"mining.dense_model={models[0]}", f'mining.teacher=["{no_model}"]')
    assert runner.done == []


@pytest.mark.parametrize("master", ["none[0]", "none[]", "none[-1]", "nonesuch"])
def test_a_wrong_number_of_processes(work, settings, master):
    before = contents(work, *TABLES)
    with pytest.raises(ConfigError, match=r"write none, or none\[4\]") as error:
        mine(work, *settings, master=master)
    assert_one_sentence(error)
    assert contents(work, *TABLES) == before


def test_another_run_holds_the_folder(work, settings):
    with exclusive(str(work)), pytest.raises(TransientError, match="Another run is writing to") as error:
        mine(work, *settings)
    assert_one_sentence(error)
    assert error.value.exit_code == 75


def test_there_must_be_a_finished_retrieval_set(tmp_path, runner):
    with pytest.raises(
        ConfigError, match=r"has no retrieval set; `faqtory split --work .*` makes it"
    ) as error:
        mine(tmp_path)
    assert_one_sentence(error)
    publish(str(tmp_path), "split", records=[Document, Query, Qrel], commits=[])
    with pytest.raises(ConfigError, match="has no retrieval set"):
        mine(tmp_path)
    write_retrieval_set(tmp_path, ROWS)
    publish(str(tmp_path), "split", records=[Query], commits=[])
    with pytest.raises(ConfigError, match=r"are unfinished; `faqtory split --work .*` ends it"):
        mine(tmp_path)


def test_too_little_to_train_on_names_the_way_out(tmp_path, runner):
    write_retrieval_set(tmp_path, GERMAN)
    with pytest.raises(
        ConfigError, match=r"1 questions with answers.*name a model with mining.dense_model"
    ) as error:
        mine(tmp_path)
    assert_one_sentence(error)
    with pytest.raises(
        ConfigError, match=r"questions with negatives.*name a model with mining.teacher"
    ) as error:
        mine(tmp_path, "mining.dense_model=none", 'mining.teacher=["bootstrap"]')
    assert_one_sentence(error)


def test_the_demo_says_what_to_install(monkeypatch):
    from io import StringIO

    from rich.console import Console

    from pipeline import demo

    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    out = Console(file=StringIO(), width=200)
    assert not demo._mine("work", master="none", console=Console(quiet=True), out=out)
    assert "pip install 'faqtory[mining]'" in out.file.getvalue()

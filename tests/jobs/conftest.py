"""What the tests of the mine job share; they need the extra mining, others here do not."""

import shutil

import pytest


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folders of an embedder, and of two others as teachers."""
    folder = tmp_path_factory.mktemp("models")
    from tiny_models import save_encoder

    return [save_encoder(folder / name, scale=scale) for name, scale in (("a", 1), ("b", 2), ("c", 3))]


@pytest.fixture(scope="session")
def settings(models):
    """What the retrieval set made by hand is mined with."""
    from retrieval_by_hand import DEPTH

    dense, teacher, _ = models
    return [f"mining.dense_model={dense}", f'mining.teacher=["{teacher}"]', f"mining.depth={DEPTH}"]


@pytest.fixture(scope="session")
def mined(tmp_path_factory, settings):
    """The work folder of the retrieval set made by hand, mined; the summary; what was done."""
    from retrieval_by_hand import PARTS, ROWS
    from retrieval_tables import in_this_process, mine, write_retrieval_set

    work = tmp_path_factory.mktemp("mined")
    write_retrieval_set(work, ROWS, n_parts=PARTS)
    with pytest.MonkeyPatch.context() as patch:
        runner = in_this_process(patch)
        summary = mine(work, *settings)
    return work, summary, runner.done


@pytest.fixture
def work(mined, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(mined[0], tmp_path / "work")


@pytest.fixture
def runner(monkeypatch):
    """What lets `mine` work in this process, and tells which parts it did."""
    from retrieval_tables import in_this_process

    return in_this_process(monkeypatch)

"""The indexes of a language: what they know of documents, built once, the same bytes everywhere."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_tables import asked, doc_id, in_this_process, mine, write_retrieval_set
from tiny_models import save_encoder

from mining.model_source import find_model
from mining.negatives_block import id_keys
from pipeline.core.config_mining import MiningConfig
from pipeline.core.errors import ConfigError
from pipeline.core.ids import md5_hex
from pipeline.core.manifest import read_manifest
from pipeline.jobs import language_index as indexes
from pipeline.jobs import language_index_build
from pipeline.jobs.language_index import LanguageIndex
from pipeline.jobs.language_index_build import IndexRequest
from pipeline.jobs.mine_tables import text_keys

TREES = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine")
ROWS = [
    *(asked(f"Which {tree}?", f"north {tree} on the hill", site=f"{tree}.com") for tree in TREES),
    asked("Which birch?", "north alder on the hill", site="rowan.com", groups=["g"], near="near"),
    asked("Zwei Worte?", "Grüße, 東京", site="rowan.com"),
    asked("Of dev?", "north yew in the vale", site="yew.com", split="dev"),
    asked("Wo?", "north Tor", language="deu", split="test"),
]
ENGLISH = sorted({id for row in ROWS[:-2] for id in row["doc_ids"]})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def work(tmp_path_factory, model):
    """A retrieval set with its vectors; English in four parts."""
    folder = tmp_path_factory.mktemp("work")
    write_retrieval_set(folder, ROWS, n_parts={"eng": 4})
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(patch)
        mine(folder, f"mining.dense_model={model}")
    return folder


@pytest.fixture(autouse=True)
def nothing_remembered():
    indexes.language_index.cache_clear()
    yield
    indexes.language_index.cache_clear()


def request_for(work, cache, *, model=None, language="eng", **settings):
    parts, vectors = (
        tuple(
            commit.shard.id
            for commit in read_manifest(str(work), table).commits
            if commit.shard.input.startswith(language)
        )
        for table in ("corpus", "document_vectors")
    )
    return IndexRequest(
        work=str(work),
        cache=str(cache),
        language=language,
        documents=parts,
        vectors=vectors if model else (),
        queries=parts,
        model=find_model(model) if model else None,
        config=MiningConfig(**settings),
    )


@pytest.fixture
def index(work, tmp_path):
    return indexes.language_index(request_for(work, tmp_path))


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_documents_of_the_split_are_numbered_in_the_order_of_ids(index):
    assert len(index) == len(ENGLISH) == 11
    assert index.ids(np.arange(11)).to_pylist() == ENGLISH
    assert index.ids(np.array([3, 0, 3])).to_pylist() == [ENGLISH[3], ENGLISH[0], ENGLISH[3]]
    assert index.ids(np.empty(0, np.int64)).to_pylist() == []
    wanted = [ENGLISH[10], ENGLISH[0], ENGLISH[10]]
    assert index.numbers(pa.array(wanted)).tolist() == [10, 0, 10]
    assert index.numbers(pa.array([], pa.string())).tolist() == []


@pytest.mark.parametrize("id", ["0" * 32, "f" * 32, doc_id("north yew in the vale")])
def test_a_document_that_is_not_of_the_split_is_unknown(index, id):
    with pytest.raises(KeyError, match="not in the index of eng"):
        index.numbers(pa.array([ENGLISH[0], id]))


def test_texts(index):
    answers = {id: text for row in ROWS for id, text in zip(row["doc_ids"], row["answers"], strict=True)}
    assert index.texts(np.arange(11)) == [answers[id] for id in ENGLISH]
    assert index.texts(np.array([5, 5])) == [answers[ENGLISH[5]]] * 2


def test_what_selection_knows_of_documents(index):
    documents = index.documents
    assert documents.id.tolist() == id_keys(ENGLISH).tolist()
    alder, cedar = (ENGLISH.index(doc_id(f"north {tree} on the hill")) for tree in ("alder", "cedar"))
    assert documents.near[alder] == id_keys([md5_hex("near")])[0]
    assert np.flatnonzero(documents.near).tolist() == [alder]

    def keys(of, number):
        return set(of.keys[of.offsets[number] : of.offsets[number + 1]].tolist())

    assert keys(documents.sites, alder) == set(text_keys(["alder.com", "rowan.com"]).tolist())
    assert keys(documents.sites, cedar) == set(text_keys(["cedar.com"]).tolist())
    assert keys(documents.groups, alder) == set(id_keys([md5_hex("g")]).tolist())
    assert keys(documents.groups, cedar) == set()
    birch = ENGLISH.index(doc_id("north birch on the hill"))
    assert len(keys(documents.questions, alder)) == 2
    assert len(keys(documents.questions, alder) & keys(documents.questions, birch)) == 1
    assert not keys(documents.questions, cedar) & keys(documents.questions, alder)


def test_a_search_in_both_indexes(work, tmp_path, model):
    index = indexes.language_index(request_for(work, tmp_path, model=model))
    from mining.bm25 import search

    found, scores = search(index.bm25, index.tokens(["What about a larch?", "unheard of"]), 3)
    assert found[0].tolist() == [ENGLISH.index(doc_id("north larch on the hill")), -1, -1]
    assert scores[0, 0] > 0
    assert found[1].tolist() == [-1] * 3
    ranking = index.dense.search(index.model.queries(["north"]), 20)
    known = [ENGLISH.index(doc_id(f"north {tree} on the hill")) for tree in TREES]
    assert set(ranking.documents[:10].tolist()) == set(known)
    assert ranking.scores[:10] == pytest.approx(1, abs=1e-3)


def test_the_same_bytes_in_any_folder_whatever_is_read_at_once(work, tmp_path, model, monkeypatch):
    request = request_for(work, tmp_path / "a", model=model)
    indexes.language_index(request)
    monkeypatch.setattr(language_index_build, "_ROWS", 2)
    indexes.language_index(replace(request, cache=str(tmp_path / "b")))
    name = f"eng-{request.key}"
    assert files(tmp_path / "a" / name) == files(tmp_path / "b" / name)
    assert {path.parts[0] for path in files(tmp_path / "a" / name)} > {
        "bm25",
        "vocabulary",
        "dense",
        "texts.bin",
    }
    assert not (tmp_path / "a" / name / "vectors.bin").exists()


def test_it_is_built_once_and_opened_by_all_others(work, tmp_path, monkeypatch):
    request = request_for(work, tmp_path)
    built, build = [], indexes.build

    def counted(*arguments):
        built.append(arguments)
        build(*arguments)

    monkeypatch.setattr(indexes, "build", counted)
    found = []
    fresh = indexes.language_index.__wrapped__
    threads = [threading.Thread(target=lambda: found.append(fresh(request))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(index) for index in found] == [11] * 4
    assert len(built) == 1


def test_a_killed_build_is_no_index(work, tmp_path, monkeypatch):
    request = request_for(work, tmp_path)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(language_index_build, "build_index", killed)
        with pytest.raises(KeyboardInterrupt):
            indexes.language_index(request)
    assert not list(tmp_path.glob("*/index.json"))
    assert len(indexes.language_index(request)) == 11
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"eng-{request.key}", "eng.lock"]


@pytest.mark.parametrize(
    "settings", [{"bm25_k1": 2.0}, {"bm25_variant": "atire"}, {"split": "dev"}, {"bm25_b": 0.1}]
)
def test_other_settings_are_another_index_in_place_of_the_old_one(work, settings):
    cache = Path(work) / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    first, other = request_for(work, cache), request_for(work, cache, **settings)
    assert first.key != other.key
    (cache / "deu-other").mkdir(parents=True)
    indexes.language_index(first)
    indexes.language_index(other)
    found = sorted(path.name for path in cache.iterdir())
    shutil.rmtree(cache)
    assert found == ["deu-other", f"eng-{other.key}", "eng.lock"]


def test_in_a_folder_that_other_runs_may_share_the_old_index_stays(work, tmp_path):
    first, other = request_for(work, tmp_path), request_for(work, tmp_path, bm25_k1=2.0)
    indexes.language_index(first)
    indexes.language_index(other)
    assert {f"eng-{first.key}", f"eng-{other.key}"} < {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("settings", [{"rrf_constant": 1}, {"device": "cpu"}, {"teacher_depth": 1}])
def test_settings_that_do_not_enter(work, tmp_path, settings):
    assert request_for(work, tmp_path).key == request_for(work, tmp_path, **settings).key


def test_changed_tables_are_another_index(work, tmp_path, model):
    copy = shutil.copytree(work, tmp_path / "copy")
    keys = [request_for(copy, tmp_path).key, request_for(copy, tmp_path, model=model).key]
    assert keys == [request_for(work, tmp_path).key, request_for(work, tmp_path, model=model).key]
    assert len(set(keys)) == 2
    write_retrieval_set(copy, ROWS[1:], n_parts={"eng": 4})
    assert request_for(copy, tmp_path).key not in keys


@pytest.mark.parametrize("with_model", [False, True])
def test_a_language_without_documents_of_the_split(work, tmp_path, model, with_model):
    request = request_for(work, tmp_path, language="deu", model=model if with_model else None)
    index = indexes.language_index(request)
    assert len(index) == 0
    assert index.texts(np.empty(0, np.int64)) == []
    assert index.numbers(pa.array([], pa.string())).tolist() == []
    with pytest.raises(KeyError):
        index.numbers(pa.array([doc_id("north Tor", "deu")]))
    assert len(index.documents.id) == 0
    from mining.bm25 import search

    assert search(index.bm25, index.tokens(["Tor"]), 2)[0].tolist() == [[-1, -1]]
    if with_model:
        assert index.dense.search(index.model.queries(["north"]), 2).documents.tolist() == []


def test_without_bm25_there_is_no_vocabulary(work, tmp_path, model):
    index = indexes.language_index(request_for(work, tmp_path, model=model, bm25=False))
    assert not (index.folder / "bm25").exists()
    assert not (index.folder / "vocabulary").exists()
    assert index.texts(np.array([0]))


def test_a_folder_that_cannot_be_written(work, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigError, match=r"Cannot write to .*file/cache: .*; choose another mining\.cache\."
    ):
        indexes.language_index(request_for(work, tmp_path / "file" / "cache"))


def test_it_is_opened_as_it_was_built(work, tmp_path):
    request = request_for(work, tmp_path)
    folder = Path(indexes.language_index(request).folder)
    assert LanguageIndex(folder, request).ids(np.array([0])).to_pylist() == ENGLISH[:1]

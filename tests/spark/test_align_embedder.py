"""The align job with an embedder: pages without addresses, the published rule, and wrong requests."""

import hashlib
import json
from itertools import combinations
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from rich.console import Console
from work_tables import read, run_clean, write_pairs_raw

from pipeline.core.config import load_config
from pipeline.core.errors import ConfigError
from pipeline.jobs.run_align import align

pytestmark = pytest.mark.spark
ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"


def run(work, *settings):
    return align(
        work=str(work), master="local[2]", config=load_config(None, settings), console=Console(quiet=True)
    )


@pytest.fixture(scope="module")
def groups(sample_crawl):
    """The members, URL and position, of each group of translations."""
    lines = (sample_crawl.gold_dir / "translations.jsonl").open()
    return [[(m["url"], m["position"]) for m in json.loads(line)["members"]] for line in lines]


@pytest.fixture(scope="module")
def hidden(groups):
    """Pages that tell nothing of their translations, with the addresses that they have instead."""
    pages = {tuple(sorted({url for url, _ in group})) for group in groups}
    chosen = {url for versions in pages if digest(min(versions))[0] in "01234567" for url in versions}
    return {url: f"https://{urlsplit(url).netloc}/{digest(url)}" for url in chosen}


def digest(url):
    return hashlib.sha256(url.encode()).hexdigest()[:12]


@pytest.fixture(scope="module")
def work(sample_pairs, hidden, tmp_path_factory):
    """The sample crawl with pages that have no translations by their addresses."""
    rows = [
        row | {"url": hidden[row["url"]], "alternates": []} if row["url"] in hidden else row
        for row in sample_pairs.to_pylist()
    ]
    folder = tmp_path_factory.mktemp("embedder")
    write_pairs_raw(folder, [pa.Table.from_pylist(rows, schema=sample_pairs.schema)])
    run_clean(folder)
    return folder


@pytest.fixture(scope="module")
def places(work):
    """Id in table pairs of what stands at each place."""
    kept = {row["id"]: row["kept_id"] for row in read(work, "duplicates").to_pylist()}
    return {
        (row["url"], row["position"]): kept.get(row["id"], row["id"])
        for row in read(work, "cleaned").to_pylist()
        if row["dropped_by"] is None
    }


@pytest.fixture(scope="module")
def alone(places, hidden):
    """Ids of pairs that stand on hidden pages and nowhere else."""
    addresses = set(hidden.values())
    elsewhere = {id for (url, _), id in places.items() if url not in addresses}
    return {id for (url, _), id in places.items() if url in addresses} - elsewhere


@pytest.fixture(scope="module")
def truth(places, groups, hidden, alone):
    """Ids of pairs of hidden pages that translate each other, two by two."""
    members = [[places.get((hidden[url], n)) for url, n in group if url in hidden] for group in groups]
    found = {frozenset(two) for ids in members for two in combinations(set(ids) & alone, 2)}
    assert len(found) > 500
    return found


def off_page(work, alone):
    rows = read(work, "bitexts").to_pylist()
    return [row for row in rows if {row["id_a"], row["id_b"]} <= alone]


@pytest.fixture(scope="module")
def bootstrapped(work):
    pytest.importorskip("sentence_transformers", reason=ABSENT)
    return run(work, "align.embedder=bootstrap"), read(work, "swap_test").to_pylist()


def test_bootstrap_finds_what_no_address_tells(bootstrapped, work, alone, truth):
    rows = off_page(work, alone)
    found = {frozenset((row["id_a"], row["id_b"])) for row in rows}
    assert len(found & truth) / len(found) >= 0.95
    assert len(found & truth) / len(truth) >= 0.7
    for row in rows:
        assert not row["hreflang"]
        assert not row["same_path"]
        assert 0.8 <= row["score"] <= 1
        assert 0 < row["similarity"] <= 1
        assert row["margin"] > 0


def test_what_it_finds_where_nothing_is_to_be_found_is_told(bootstrapped):
    _, swap_test = bootstrapped
    n_removed = sum(row["n_removed"] for row in swap_test)
    assert n_removed > 100
    assert sum(row["n_removed_aligned"] for row in swap_test) / n_removed < 0.1


def test_structure_alone_finds_nothing_there(bootstrapped, work, alone):
    summary = run(work)
    assert summary.n_bitexts < bootstrapped[0].n_bitexts
    assert off_page(work, alone) == []
    assert all(row["n_removed"] == 0 for row in read(work, "swap_test").to_pylist())


def test_a_model_by_its_folder_and_the_published_rule(bootstrapped, work, alone, truth, tmp_path):
    from mining.bootstrap import Recipe, TrainingPair, train_bootstrap

    texts = {row["id"]: row for row in read(work, "pairs").to_pylist()}
    pairs = [
        TrainingPair(*(texts[id][part] for id in ids), *(texts[id]["language"] for id in ids), "gold")
        for ids in sorted(sorted(pair) for pair in truth)
        for part in ("question", "answer")
    ]
    model = tmp_path / "model"
    train_bootstrap(pairs, out=model, recipe=Recipe(n_epochs=4))
    run(work, f"align.embedder={model}")
    found = {frozenset((row["id_a"], row["id_b"])) for row in off_page(work, alone)}
    assert len(found & truth) / len(found) >= 0.95
    assert len(found & truth) / len(truth) >= 0.7
    summary = run(work, f"align.embedder={model}", "align.profile=webfaq2", "align.min_cosine=0.6")
    rows = read(work, "bitexts").to_pylist()
    assert summary.n_bitexts == len(rows) > 100
    assert summary.wrong_share is None
    for row in rows:
        assert row["score"] == pytest.approx(row["similarity"])
        assert row["similarity"] >= 0.6
        assert row["question_a"] != row["question_b"]
        assert row["answer_a"] != row["answer_b"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["align.profile=webfaq2"], r"name a model with --embedder"),
        (["align.profile=webfaq2", "align.embedder=bootstrap"], r"name another --embedder"),
        (['align.parallel=["x.tsv"]'], r"align\.parallel .* needs --embedder bootstrap"),
        (["align.embedder=bootstrap", 'align.parallel=["/absent.tsv"]'], r"Cannot read .*/absent\.tsv"),
        (["align.embedder=/absent"], r"no model folder /absent"),
    ],
)
def test_wrong_requests_end_before_spark(work, settings, message):
    with pytest.raises(ConfigError, match=message):
        run(work, *settings)


def test_too_little_to_learn_from(sample_pairs, tmp_path):
    pytest.importorskip("sentence_transformers", reason=ABSENT)
    origin = sample_pairs["origin"][0].as_py()
    write_pairs_raw(
        tmp_path, [sample_pairs.filter(pa.compute.equal(sample_pairs["origin"], origin)).slice(0, 9)]
    )
    run_clean(tmp_path)
    with pytest.raises(ConfigError, match=r"fewer than 50; add parallel text, or align without"):
        run(tmp_path, "align.embedder=bootstrap")

"""BM25: the kernel against a plain statement of the formula, the formulas by hand, the index as files."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.token_ids import TokenIds
from pipeline.core.errors import ConfigError

pytest.importorskip("numba", reason="needs the extra mining")

from mining import bm25
from mining.bm25 import NO_DOCUMENT, search
from mining.bm25_impact import VARIANTS
from mining.bm25_index import Bm25, build_index, open_index
from mining.bm25_kernel import BLOCK

LUCENE = Bm25()


def tokens(*texts):
    flat = [token for text in texts for token in text]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return TokenIds(np.array(flat, dtype=np.int32), offsets.astype(np.int64))


def index_of(folder, texts, *, form=LUCENE, batch=1000):
    build_index((tokens(*texts[at : at + batch]) for at in range(0, len(texts), batch)), folder, form=form)
    return open_index(folder)


def plain_impact(form, *, tf, df, n, length, mean, distinct, mean_distinct):
    """Return what an occurrence is worth, as the papers write it down."""
    k1, b = form.k1, form.b
    idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
    norm = 1 - b + b * length / mean
    match form.variant:
        case "lucene":
            return idf * tf / (tf + k1 * norm)
        case "robertson":
            return max(math.log((n - df + 0.5) / (df + 0.5)), 0) * tf * (k1 + 1) / (tf + k1 * norm)
        case "atire":
            return math.log(n / df) * tf * (k1 + 1) / (tf + k1 * norm)
        case "bm25+":
            return math.log((n + 1) / df) * (1 + tf * (k1 + 1) / (tf + k1 * norm))
        case "rankevolve":
            norm = 1 - b + b * (0.5 * length / mean + 0.5 * distinct / mean_distinct)
            return idf**1.3 * (tf * (k1 + 1) / (tf + k1 * norm) + 0.5)


def plain_ranking(texts, query, k, form=LUCENE):
    """Return the k best documents and their scores, by going through all documents."""
    df = Counter(token for text in texts for token in set(text))
    mean = np.mean([len(text) for text in texts])
    mean_distinct = np.mean([len(set(text)) for text in texts])
    found = []
    for document, text in enumerate(texts):
        tf, total = Counter(text), 0.0
        for term, n_in_query in sorted(Counter(query).items()):
            if tf[term]:
                weight = 1 + math.log(n_in_query) if form.variant == "rankevolve" else float(n_in_query)
                impact = plain_impact(
                    form,
                    tf=tf[term],
                    df=df[term],
                    n=len(texts),
                    length=len(text),
                    mean=mean,
                    distinct=len(tf),
                    mean_distinct=mean_distinct,
                )
                total += weight * float(np.float32(impact))
        if total > 0:
            found.append((-float(np.float32(total)), document))
    best = sorted(found)[:k]
    return [document for _, document in best], [-score for score, _ in best]


def assert_as_plain(found, texts, queries, k, form=LUCENE):
    documents, scores = found
    assert documents.shape == scores.shape == (len(queries), k)
    for row, query in enumerate(queries):
        expected, expected_scores = plain_ranking(texts, query, k, form)
        n = len(expected)
        assert scores[row, :n] == pytest.approx(expected_scores, rel=2e-7)
        ours = scores[row, :n].tolist()
        assert ours == sorted(ours, reverse=True)
        assert documents[row, n:].tolist() == [NO_DOCUMENT] * (k - n)
        assert (scores[row, n:] == 0).all()
        if len(set(expected_scores)) == n:  # without ties, and so without a last digit to decide one
            assert documents[row, :n].tolist() == expected


def zipf_texts(rng, n, *, n_terms, length):
    return [(n_terms ** rng.random(rng.integers(1, length))).astype(int).tolist() for _ in range(n)]


WORDS = st.integers(0, 12)


@settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=40),
    queries=st.lists(st.lists(WORDS, max_size=8), max_size=6),
    k=st.integers(1, 30),
    variant=st.sampled_from(sorted(VARIANTS)),
)
def test_as_the_formula_says(tmp_path_factory, texts, queries, k, variant):
    form = Bm25(variant, 0.9, 0.4)
    index = index_of(tmp_path_factory.mktemp("index"), texts, form=form)
    assert_as_plain(search(index, tokens(*queries), k), texts, queries, k, form)


def test_the_lucene_formula_by_hand(tmp_path):
    texts = [[0, 1], [0, 0, 2, 2], [3]]
    documents, scores = search(index_of(tmp_path / "i", texts), tokens([0], [2, 2], [3, 1]), 3)
    # idf of a term in 2 of 3 documents: ln(1 + 1.5 / 2.5); in 1 of 3: ln(1 + 2.5 / 1.5); mean length 7 / 3
    twice = math.log(1.6) * 2 / (2 + 1.2 * (0.25 + 0.75 * 4 / (7 / 3)))
    once = math.log(1.6) * 1 / (1 + 1.2 * (0.25 + 0.75 * 2 / (7 / 3)))
    assert documents[0].tolist() == [1, 0, NO_DOCUMENT]
    assert scores[0].tolist() == pytest.approx([twice, once, 0], rel=1e-6)
    doubled = 2 * math.log(8 / 3) * 2 / (2 + 1.2 * (0.25 + 0.75 * 4 / (7 / 3)))
    assert scores[1].tolist() == pytest.approx([doubled, 0, 0], rel=1e-6)
    assert documents[2].tolist() == [2, 0, NO_DOCUMENT]  # the shorter one first


def test_many_blocks_rows_and_ties_as_a_search_of_everything(tmp_path):
    rng = np.random.default_rng(5)
    texts = zipf_texts(rng, 3 * BLOCK + 100, n_terms=3000, length=20)
    texts += texts[:500]  # exact ties
    index = index_of(tmp_path / "i", texts, batch=7000)
    assert len(index.postings.rows) > 0
    assert len(index.postings.documents) > 0
    queries = zipf_texts(rng, 300, n_terms=3000, length=10)
    found = search(index, tokens(*queries), 50)
    for row in range(0, len(queries), 10):
        assert_everything(index, queries[row], found, row, 50)


def assert_everything(index, query, found, row, k):
    terms, counts = np.unique(np.array(query, dtype=np.int32), return_counts=True)
    weights = VARIANTS[index.form.variant].query_weight(counts.astype(np.float64))
    asked = bm25._Queries(terms, weights, np.array([0, len(terms)]))
    documents, scores = bm25._unpacked(bm25._search_all(index, asked, k)[None])
    assert found[0][row].tolist() == documents[0].tolist()
    assert found[1][row].tolist() == scores[0].tolist()


def test_equal_documents_stand_in_their_order_even_beyond_the_room(tmp_path):
    texts = [[0, 1] for _ in range(5000)] + [[0]]
    documents, scores = search(index_of(tmp_path / "i", texts), tokens([1], [0, 1]), 20)
    assert documents.tolist() == [list(range(20))] * 2
    assert len(set(scores[0].tolist())) == 1


def test_heavy_and_long_queries_do_not_wrap(tmp_path):
    rng = np.random.default_rng(1)
    texts = zipf_texts(rng, 400, n_terms=600, length=50)
    queries = [[1] * 40 + [2], list(range(600)), [3] * 16 + [5] * 17, [4] * 16]
    for variant in ("lucene", "rankevolve"):
        form = Bm25(variant)
        index = index_of(tmp_path / variant, texts, form=form)
        assert_as_plain(search(index, tokens(*queries), 60), texts, queries, 60, form)


def test_batches_and_threads_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    texts = zipf_texts(rng, 3000, n_terms=500, length=30)
    queries = zipf_texts(rng, 200, n_terms=500, length=8)
    index = index_of(tmp_path / "i", texts)
    whole = search(index, tokens(*queries), 30)
    monkeypatch.setattr(bm25, "BATCH", 7)
    parts = search(index, tokens(*queries), 30, n_threads=2)
    assert (whole[0] == parts[0]).all()
    assert (whole[1] == parts[1]).all()


def test_the_files_do_not_depend_on_the_batches(tmp_path):
    texts = zipf_texts(np.random.default_rng(3), 500, n_terms=100, length=30)
    for name, batch in (("a", 500), ("b", 33)):
        index_of(tmp_path / name, texts, batch=batch)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.parametrize("texts", [[], [[]], [[], [0], []]])
def test_few_documents_or_none(tmp_path, texts):
    documents, scores = search(index_of(tmp_path / "i", texts), tokens([0, 1], []), 3)
    n = sum(bool(text) for text in texts)
    assert documents.tolist() == [[1, -1, -1] if n else [-1] * 3, [-1] * 3]
    assert (scores > 0).sum() == n
    assert search(index_of(tmp_path / "i", texts), tokens(), 3)[0].shape == (0, 3)


def test_no_index_and_one_of_another_version(tmp_path):
    with pytest.raises(ConfigError, match="holds no BM25 index"):
        open_index(tmp_path)
    index_of(tmp_path / "i", [[0]])
    path = tmp_path / "i" / "bm25.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 0'))
    with pytest.raises(ConfigError, match="another version"):
        open_index(tmp_path / "i")

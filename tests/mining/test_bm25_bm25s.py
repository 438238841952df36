"""BM25 against bm25s, which shares no code with it, on the real texts of the sample crawl."""

import json
from collections import defaultdict

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("Stemmer", reason="needs the extra mining")

from mining.analysis import analyzer_for
from mining.analysis_tokens import Tokenizer
from mining.analysis_vocabulary import Vocabulary
from mining.bm25 import search
from mining.bm25_index import Bm25, build_index, open_index

bm25s = pytest.importorskip("bm25s")

K = 20
TOLERANCE = 1e-5
"""bm25s adds single-precision scores up in single precision."""
FACTOR = {"lucene": 1.0, "robertson": 2.2, "atire": 1.0}
"""k1 + 1 for Robertson's form, which bm25s leaves out: it changes no ranking."""


@pytest.fixture(scope="module")
def texts(sample_crawl):
    """Questions and distinct answers by language; `all` mixes all of them in one corpus."""
    found = defaultdict(lambda: (set(), set()))
    for line in (sample_crawl.gold_dir / "pairs.jsonl").open():
        pair = json.loads(line)
        for language in (pair["language"], "all"):
            for side, name in zip(found[language], ("question", "answer"), strict=True):
                side.add(pair[name])
    return {language: tuple(map(sorted, sides)) for language, sides in found.items()}


def lists(tokens):
    return [part.tolist() for part in np.split(tokens.ids, tokens.offsets[1:-1])]


@pytest.mark.parametrize("variant", ["lucene", "robertson", "atire"])
@pytest.mark.parametrize("language", ["all", "eng", "deu", "jpn", "ara", "hin"])
def test_the_same_scores_and_rankings(texts, tmp_path, language, variant):
    questions, answers = texts[language]
    vocabulary = Vocabulary()
    tokenizer = Tokenizer(analyzer_for("eng" if language == "all" else language), vocabulary)
    documents, queries = tokenizer.add(answers), tokenizer.known(questions)
    build_index([documents], tmp_path / "index", form=Bm25(variant, 1.2, 0.75))
    found, scores = search(open_index(tmp_path / "index"), queries, K)
    peer = bm25s.BM25(method=variant, k1=1.2, b=0.75)
    peer.index((lists(documents), {str(n): n for n in range(len(vocabulary))}), show_progress=False)
    n_found = 0
    for query, documents_of, scores_of in zip(lists(queries), found, scores, strict=True):
        expected = peer.get_scores_from_ids(query) * FACTOR[variant] if query else np.zeros(len(answers))
        n = min(K, int((expected > 0).sum()))
        assert (documents_of >= 0).sum() == n
        assert scores_of[:n] == pytest.approx(expected[documents_of[:n]], rel=TOLERANCE)
        best = np.sort(expected)[::-1][:n]
        assert scores_of[:n] == pytest.approx(best, rel=TOLERANCE), "but for ties, the same ranking"
        n_found += n
    assert n_found > 2 * len(questions)

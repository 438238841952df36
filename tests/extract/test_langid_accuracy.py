"""What language identification gets right, on the sample crawl, on real pages and on Tatoeba's sentences."""

import json
from collections import Counter

import pytest

from extract.langid import PageEvidence, identifier
from extract.langid_codes import code_of_label, code_of_tag
from extract.langid_model import load_predictor
from extract.shard import ShardScan, read_pages
from pipeline.core.config import ExtractConfig, LanguageConfig
from pipeline.core.manifest import Shard
from tests.conftest import SHARED_DATA

TATOEBA = SHARED_DATA / "parallel_text" / "facebookresearch__LASER" / "data" / "tatoeba" / "v1"
ALIGNED = SHARED_DATA / "warc" / "real-sites-align.tsv"


@pytest.fixture(scope="module")
def ours():
    return identifier(LanguageConfig(), profile="default")


def languages(ours, warcs):
    """Yield each pair of the crawl files with its language."""
    for path in warcs:
        shard = Shard.of(str(path), "warc", version="", settings="")
        with path.open("rb") as stream:
            for page, pairs in read_pages(stream, shard=shard, config=ExtractConfig(), scan=ShardScan()):
                evidence = PageEvidence(
                    page.url,
                    page.title,
                    page.description,
                    page.html_lang,
                    page.content_language,
                    page.og_locale,
                    [(alternate.hreflang, alternate.url) for alternate in page.alternates],
                )
                texts = [(pair.question, pair.answer, pair.markup_language) for pair in pairs]
                yield from zip(pairs, ours.identify_page(evidence, texts), strict=True)


def test_every_gold_pair_of_the_sample(ours, sample_crawl):
    lines = (sample_crawl.gold_dir / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    gold = {(row["url"], row["position"]): row["language"] for row in map(json.loads, lines)}
    found = {(pair.url, pair.position): of for pair, of in languages(ours, sample_crawl.warc_paths)}
    wrong = {place: found[place] for place, code in gold.items() if found[place].code != code}
    assert len(gold) > 1000
    assert wrong == {}
    assert {of.dropped_by for of in found.values()} == {None}
    assert not any(of.languages_differ for of in found.values())


def test_real_pages_have_the_language_of_their_text(ours, real_warcs):
    lines = ALIGNED.read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    truth = {row[8]: (code_of_tag(row[3]), code_of_tag(row[2])) for row in rows}
    n_pairs: Counter[str] = Counter()
    wrong = []
    for pair, of in languages(ours, real_warcs):
        if pair.url in truth:
            actual, declared = truth[pair.url]
            n_pairs["all"] += 1
            n_pairs["declared wrongly"] += actual != declared
            if of.code != actual or of.dropped_by:
                wrong.append((pair.url, pair.question, of))
    assert wrong == []
    assert n_pairs == {"all": 754, "declared wrongly": 201}


def sentences(*codes, n):
    """Return the last n sentences of each language: the first halves are what the weights were chosen on."""
    if not TATOEBA.is_dir():
        pytest.skip(f"parallel texts are absent: no {TATOEBA}")
    found = {}
    for code in codes:
        name = "deu-eng" if code == "eng" else f"{code}-eng"
        lines = (TATOEBA / f"tatoeba.{name}.{code}").read_text(encoding="utf-8").splitlines()
        found[code_of_tag(code)] = lines[-n:]
    return found


CODES = [
    *("bel", "bul", "cat", "ces", "cmn", "dan", "deu", "eng", "est", "fra", "glg", "hrv", "ind", "ita"),
    *("jpn", "lit", "mkd", "nld", "nob", "por", "ron", "rus", "slk", "slv", "spa", "srp", "ukr"),
]


@pytest.fixture(scope="module")
def plain():
    predictor = load_predictor("")
    return lambda text: code_of_label(predictor.predict(text, k=1)[0][0])[0]


def test_no_worse_than_the_model_on_sentences(ours, plain):
    """Micro and macro accuracy are one, as every language has as many sentences."""
    rows = [(code, line) for code, lines in sentences(*CODES, n=150).items() for line in lines]
    n_ours = sum(ours.identify_text(line).code == code for code, line in rows)
    n_plain = sum(plain(line) == code for code, line in rows)
    assert len(rows) == 150 * len(CODES)
    assert n_ours >= n_plain


@pytest.mark.parametrize(("declared", "least_gain"), [("rightly", 0.10), ("not", 0.05), ("as English", 0.02)])
def test_better_than_the_model_in_pages(ours, plain, declared, least_gain):
    n_pairs = n_ours = n_plain = 0
    for code, lines in sentences(*CODES, n=150).items():
        for start in range(0, len(lines), 6):
            texts = [(line, "", None) for line in lines[start : start + 6]]
            tag = {"rightly": code, "not": None, "as English": "en"}[declared]
            found = ours.identify_page(PageEvidence("https://a.example/faq", html_lang=tag), texts)
            n_ours += sum(of.code == code for of in found)
            n_plain += sum(plain(line) == code for line, _, _ in texts)
            n_pairs += len(texts)
    assert n_pairs == 150 * len(CODES)
    assert n_ours / n_pairs > n_plain / n_pairs + least_gain

"""Texts to read side by side: bitexts with what speaks for each in words, queries with their documents."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.report.bitexts import MAX_SIDE_CHARS
from pipeline.report.charts import percent
from pipeline.report.html import Html, element
from pipeline.report.mined_samples import Passage, QuerySample
from pipeline.report.texts import MAX_URL_CHARS, language_tag, numbered, shortened

MAX_SITE_CHARS = 60

_STRENGTHS = ((5.0, "speak very strongly"), (3.0, "speak strongly"), (1.0, "speak"))
"""Least weight of evidence, in nats, for each word (Kass and Raftery 1995, section 3.2, halved: theirs are
twice the logarithm)."""

_WEIGHTS = {"numbers": "Numbers", "tokens": "Words and addresses in both", "length": "Lengths"}


def bitext_card(row: dict[str, Any]) -> Html:
    """Show one bitext: both pairs beside each other, its score, and what it rests on.

    Addresses are text, not links, as in `texts.pair_card`.
    """
    score = f"{row['score']:.6f}".rstrip("0").rstrip(".")
    return element(
        "article",
        element(
            "p", f"Score {score} · ", element("bdi", shortened(row["site"], MAX_SITE_CHARS)), class_="meta"
        ),
        element("div", _side(row, "a"), _side(row, "b"), class_="sides"),
        element("ul", *(element("li", phrase) for phrase in evidence(row)), class_="evidence"),
        class_="bitext",
    )


def _side(row: dict[str, Any], side: str) -> Html:
    language, question, answer = (row[f"{name}_{side}"] for name in ("language", "question", "answer"))
    tag, towards = language_tag(language), direction(f"{question} {answer}")
    return element(
        "div",
        element("p", element("span", shortened(language, MAX_SITE_CHARS), class_="badge"), class_="meta"),
        element("p", shortened(question, MAX_SIDE_CHARS), class_="question", lang=tag, dir=towards),
        element("div", shortened(answer, MAX_SIDE_CHARS), class_="answer", lang=tag, dir=towards),
        element("p", element("bdi", shortened(row[f"url_{side}"], MAX_URL_CHARS)), class_="meta url"),
    )


def query_card(sample: QuerySample) -> Html:
    """Show one query above its first positives and negatives, which stand beside each other."""
    tag = language_tag(sample.language)
    positives = [("positive", passage) for passage in sample.positives]
    negatives = [(f"negative {no}", passage) for no, passage in enumerate(sample.negatives, start=1)]
    counted = f"{numbered(sample.n_positives, 'positive')}, {numbered(sample.n_negatives, 'negative')} · "
    return element(
        "article",
        element(
            "p",
            element("span", shortened(sample.language, MAX_SITE_CHARS), class_="badge"),
            counted,
            element("bdi", shortened(sample.site, MAX_SITE_CHARS)),
            class_="meta",
        ),
        element(
            "p",
            shortened(sample.text, MAX_SIDE_CHARS),
            class_="question",
            lang=tag,
            dir=direction(sample.text),
        ),
        element(
            "div", *(_passage(*named, tag) for named in [*positives, *negatives]), class_="sides passages"
        ),
        class_="bitext",
    )


def _passage(name: str, passage: Passage, tag: str) -> Html:
    told = [] if passage.score is None else [f"score {_signed(passage.score, 3).removeprefix('+')}"]
    told += [] if passage.rank is None else [f"rank {passage.rank}"]
    text = shortened(passage.text, MAX_SIDE_CHARS)
    return element(
        "div",
        element("p", element("span", name, class_="badge"), ", ".join(told), class_="meta"),
        element("div", text, class_="answer", lang=tag, dir=direction(passage.text)),
    )


def direction(text: str) -> str:
    """Return the direction of a text whose script no column tells: rtl where most letters ask for it."""
    counted = Counter(unicodedata.bidirectional(letter) for letter in text)
    return "rtl" if counted["R"] + counted["AL"] > counted["L"] else "auto"


def evidence(row: dict[str, Any]) -> Iterator[str]:
    """Say in words what speaks for a bitext, and what against it."""
    for column, name in _WEIGHTS.items():
        yield weight_in_words(name, row[column])
    if row["hreflang"] or row["same_path"]:
        yield f"Places on the pages: {percent(row['position'])} probable"
    if row["hreflang"]:
        yield "One page names the other as its translation"
    if row["same_path"]:
        yield "The addresses differ in the language alone"
    if row["similarity"] is not None:
        yield f"Cosine of the embeddings: {_signed(row['similarity'], 2).removeprefix('+')}"
    if row["margin"] is not None:
        yield f"Margin over the nearest others: {_signed(row['margin'], 2).removeprefix('+')}"


def weight_in_words(name: str, nats: float) -> str:
    """Say how strongly a weight of evidence speaks, and for what."""
    towards = "for it" if nats > 0 else "against it"
    for least, verb in _STRENGTHS:
        if abs(nats) >= least:
            return f"{name} {verb} {towards} ({_signed(nats, 1)})"
    return f"{name} say {'little' if nats else 'nothing'} ({_signed(nats, 1)})"


def _signed(x: float, n_digits: int) -> str:
    return f"{x:+.{n_digits}f}".replace("-", "−")

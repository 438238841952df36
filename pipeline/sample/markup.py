"""Question-answer pairs as JSON-LD blocks, Microdata or RDFa, in the varieties that real sites write."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zlib import crc32

from pipeline.sample.text import html_blocks, html_inline, typed_text
from pipeline.sample.web import Pair, WebPage

Json = dict[str, Any] | list[Any]

CONTEXT = "https://schema.org"


class Shape(StrEnum):
    """How a page's JSON-LD is arranged."""

    ONE = "one"
    """One FAQPage in one block."""
    GRAPH = "graph"
    """`@graph` with the questions as nodes of their own, referred to by `@id`."""
    SPLIT = "split"
    """Two blocks, each a FAQPage with half of the questions."""
    ARRAY = "array"
    """One block that is an array: the FAQPage and a BreadcrumbList."""
    SINGLES = "singles"
    """A block for each question: a FAQPage whose mainEntity is one object, not a list."""


_SHAPES = (Shape.ONE, Shape.ONE, Shape.GRAPH, Shape.ONE, Shape.SPLIT, Shape.ONE, Shape.ARRAY, Shape.ONE)


def shape_of(page: WebPage) -> Shape:
    """Return the arrangement: what the page's markup says, one block if it is defective, else by its URL."""
    variant = page.markup.partition("-")[2]
    if variant:
        return Shape(variant)
    return Shape.ONE if page.defect else _SHAPES[crc32(page.url.encode()) % len(_SHAPES)]


def answers_as_html(page: WebPage) -> bool:
    """Tell whether the page's JSON-LD answers are HTML; those of every second language are."""
    return (page.site.languages.index(page.language) + crc32(page.group.encode())) % 2 == 1


@dataclass(frozen=True, slots=True)
class JsonStyle:
    """How a site's software prints JSON."""

    indent: int | None
    ascii_only: bool
    """As PHP's json_encode: `\\u00e9` and `\\/`."""


def dump(value: Json, style: JsonStyle, *, codec: str = "utf-8") -> str:
    """Print JSON for a script element; what the page's character set lacks becomes a JSON escape."""
    separators = (",", ":") if style.indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=style.ascii_only, indent=style.indent, separators=separators)
    text = text.replace("/", "\\/") if style.ascii_only else text.replace("</", "<\\/")
    return "".join(char if _encodes(char, codec) else json.dumps(char)[1:-1] for char in text)


def _encodes(char: str, codec: str) -> bool:
    if codec == "utf-8" or char.isascii():
        return True
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def question_object(pair: Pair, *, as_html: bool) -> dict[str, Any]:
    """Return a Question with its accepted Answer; the answer either HTML or as typed into a plain field."""
    return {
        "@type": "Question",
        "name": html_inline(pair.question) if as_html else typed_text(pair.question),
        "acceptedAnswer": {"@type": "Answer", "text": answer_string(pair, as_html=as_html)},
    }


def answer_string(pair: Pair, *, as_html: bool) -> str:
    """Return the text of an Answer."""
    return "".join(html_blocks(pair.answer, strong_labels=True)) if as_html else typed_text(pair.answer)


def faq_values(page: WebPage, *, as_html: bool) -> list[Json]:
    """Return the values of the page's FAQ blocks, one for each script element."""
    questions = [question_object(pair, as_html=as_html) for pair in page.pairs]
    match shape_of(page):
        case Shape.ONE:
            return [_faq_page(questions)]
        case Shape.GRAPH:
            return [_graph(page, questions)]
        case Shape.SPLIT:
            middle = (len(questions) + 1) // 2
            return [_faq_page(half) for half in (questions[:middle], questions[middle:]) if half]
        case Shape.ARRAY:
            return [[_faq_page(questions), breadcrumbs(page)]]
        case Shape.SINGLES:
            return [_faq_page(question) for question in questions]


def _faq_page(main_entity: Json) -> dict[str, Any]:
    return {"@context": CONTEXT, "@type": "FAQPage", "mainEntity": main_entity}


def _graph(page: WebPage, questions: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [f"{page.url}#faq-question-{crc32(question['name'].encode())}" for question in questions]
    web_page = {
        "@type": ["WebPage", "FAQPage"],
        "@id": page.url,
        "url": page.url,
        "name": page.title,
        "inLanguage": page.language,
        "mainEntity": [{"@id": node_id} for node_id in ids],
    }
    nodes = [
        {**question, "@id": node_id, "position": position, "url": node_id}
        for position, (question, node_id) in enumerate(zip(questions, ids, strict=True), start=1)
    ]
    return {"@context": CONTEXT, "@graph": [web_page, *nodes]}


def breadcrumbs(page: WebPage) -> dict[str, Any]:
    """Return the BreadcrumbList that stands on many pages beside the FAQPage."""
    steps = [(page.site.name, f"https://{page.site.domain}/"), (page.title, page.canonical)]
    return {
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": url}
            for position, (name, url) in enumerate(steps, start=1)
        ],
    }


def organization(page: WebPage) -> dict[str, Any]:
    """Return the Organization that home pages describe."""
    url = f"https://{page.site.domain}/"
    return {
        "@context": CONTEXT,
        "@type": "Organization",
        "name": page.site.name,
        "url": url,
        "logo": url + "logo.gif",
    }


def microdata_section(page: WebPage) -> str:
    """Return the questions as visible HTML with Microdata."""
    scheme = "http" if crc32(page.url.encode()) % 5 == 0 else "https"
    parts = [f'<section class="faq" itemscope itemtype="{scheme}://schema.org/FAQPage">']
    for pair in page.pairs:
        parts += [
            f'<div class="faq-item" itemscope itemprop="mainEntity" itemtype="{scheme}://schema.org/Question">',
            f'  <h3 itemprop="name">{html_inline(pair.question)}</h3>',
            f'  <div itemscope itemprop="acceptedAnswer" itemtype="{scheme}://schema.org/Answer">',
            f'    <div class="faq-answer" itemprop="text">{answer_html(pair)}</div>',
            "  </div>",
            "</div>",
        ]
    return "\n".join([*parts, "</section>"])


def rdfa_section(page: WebPage) -> str:
    """Return the questions as visible HTML with RDFa: by `vocab`, or with the prefix `schema:`."""
    with_prefix = page.markup.endswith("-prefix")
    p = "schema:" if with_prefix else ""
    scope = 'prefix="schema: https://schema.org/"' if with_prefix else 'vocab="https://schema.org/"'
    parts = [f'<section class="faq" {scope} typeof="{p}FAQPage">']
    for pair in page.pairs:
        parts += [
            f'<div class="faq-item" property="{p}mainEntity" typeof="{p}Question">',
            f'  <h3 property="{p}name">{html_inline(pair.question)}</h3>',
            f'  <div property="{p}acceptedAnswer" typeof="{p}Answer">',
            f'    <div class="faq-answer" property="{p}text">{answer_html(pair)}</div>',
            "  </div>",
            "</div>",
        ]
    return "\n".join([*parts, "</section>"])


def answer_html(pair: Pair) -> str:
    """Return the answer as the HTML that readers see."""
    return "\n".join(html_blocks(pair.answer, strong_labels=True))

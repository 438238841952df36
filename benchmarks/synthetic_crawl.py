"""A crawl-like WARC of any size: most pages without markup, one in `every` with.

Made to cost what a real crawl costs: pages of 20 to 200 KB (median 60 KB) that gzip to about a sixth, with
navigation, inline scripts and styles, visible text in several languages, and requests between the responses
as Common Crawl stores them. The pages with markup are 85 % JSON-LD, 13 % Microdata, 2 % RDFa, near the shares
that Web Data Commons reports for FAQPage; each has 3 to 20 questions.
"""

import io
import json
import math
import random
from functools import cache
from html import escape
from itertools import accumulate
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipeline.sample.source import load_sites

SYNTAX_SHARES = (("jsonld", 0.85), ("microdata", 0.13), ("rdfa", 0.02))


def write_crawl(path: Path, *, n_pages: int, every: int = 50, seed: int = 0) -> int:
    """Write a gzipped WARC with so many responses; returns the number of FAQ pairs in it."""
    n_pairs = 0
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True, warc_version="1.1")
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "synthetic"}))
        for number in range(n_pages):
            chance = _Topic(seed * 1_000_003 + number)
            questions = _questions(chance) if number % every == every // 2 else []
            n_pairs += len(questions)
            _write_page(writer, number, _page(chance, questions))
    return n_pairs


def _write_page(writer: WARCWriter, number: int, html: bytes) -> None:
    url = f"https://www.site{number % 997}.example/section-{number % 31}/page-{number}.html"
    date = {"WARC-Date": f"2026-11-{1 + number % 28:02d}T{number % 24:02d}:00:00Z"}
    head = StatusAndHeaders(
        "GET / HTTP/1.1", [("Host", url.split("/")[2]), ("User-Agent", "bench")], is_http_request=True
    )
    request = writer.create_warc_record(url, "request", http_headers=head, warc_headers_dict=date)
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(html))),
        ("Server", "nginx"),
    ]
    response = writer.create_warc_record(
        url,
        "response",
        payload=io.BytesIO(html),
        http_headers=StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1"),
        warc_headers_dict=date,
    )
    writer.write_record(request)
    writer.write_record(response)


@cache
def _words() -> tuple[list[str], list[float]]:
    """Return the sample crawl's words and their cumulated weights, falling as in natural language."""
    questions = [question for site in load_sites() for page in site.pages for question in page.questions]
    texts = [text for question in questions for text in question.answer.values()]
    words = sorted({word for text in texts for word in text.split()})
    random.Random(1).shuffle(words)
    return words, list(accumulate(1 / (rank + 3) for rank in range(len(words))))


class _Topic(random.Random):
    """Chance with a page's own vocabulary: pages repeat themselves, which is why they compress."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        words, weights = _words()
        self._vocabulary = self.choices(words, cum_weights=weights, k=250)

    def text(self, n_words: int) -> str:
        return " ".join(self.choices(self._vocabulary, k=n_words))


def _questions(chance: _Topic) -> list[tuple[str, str]]:
    return [
        (chance.text(chance.randint(5, 14)) + "?", chance.text(chance.randint(15, 90)) + ".")
        for _ in range(chance.randint(3, 20))
    ]


def _page(chance: _Topic, questions: list[tuple[str, str]]) -> bytes:
    size = min(max(math.exp(chance.gauss(math.log(60_000), 0.5)), 20_000), 200_000)
    syntax = (
        chance.choices([s for s, _ in SYNTAX_SHARES], [w for _, w in SYNTAX_SHARES])[0] if questions else ""
    )
    head, body = _markup(syntax, questions)
    blocks = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(chance.text(8))}</title>",
        f'<meta name="description" content="{escape(chance.text(20))}">',
        *(f'<link rel="stylesheet" href="/assets/{chance.getrandbits(64):x}.css">' for _ in range(6)),
        f"<script>window.__STATE__={json.dumps(_state(chance, size))}</script>",
        head,
        "</head><body><nav><ul>",
        *(
            f'<li class="nav-item"><a href="/{chance.randint(1, 999)}">{escape(chance.text(2))}</a></li>'
            for _ in range(40)
        ),
        "</ul></nav><main>",
        body,
    ]
    length = sum(map(len, blocks))
    while length < 0.8 * size:
        block = (
            f'<div class="col-md-{chance.randint(1, 12)} card" data-id="{chance.randint(1, 9999)}"><h3>'
            f"{escape(chance.text(6))}</h3><p>{escape(chance.text(60))}</p>"
            f'<a class="btn btn-primary" href="/item/{chance.randint(1, 9999)}">{escape(chance.text(2))}</a>'
            "</div>\n"
        )
        blocks.append(block)
        length += len(block)
    return "".join([*blocks, "</main><footer></footer></body></html>"]).encode()


def _state(chance: _Topic, size: float) -> dict[str, object]:
    rows = int(size / 700)
    return {
        "user": None,
        "items": [
            {
                "id": chance.randint(1, 99999),
                "price": chance.randint(1, 99),
                "name": "item",
                "visible": True,
                "tags": [],
            }
            for _ in range(rows)
        ],
    }


def _markup(syntax: str, questions: list[tuple[str, str]]) -> tuple[str, str]:
    return (
        {"jsonld": _jsonld, "microdata": _microdata, "rdfa": _rdfa}[syntax](questions) if syntax else ("", "")
    )


def _jsonld(questions: list[tuple[str, str]]) -> tuple[str, str]:
    entities = [
        {"@type": "Question", "name": q, "acceptedAnswer": {"@type": "Answer", "text": f"<p>{escape(a)}</p>"}}
        for q, a in questions
    ]
    block = {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": entities}
    visible = "".join(f"<h3>{escape(q)}</h3><p>{escape(a)}</p>" for q, a in questions)
    return f'<script type="application/ld+json">{json.dumps(block)}</script>', visible


def _microdata(questions: list[tuple[str, str]]) -> tuple[str, str]:
    rows = "".join(
        '<div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">'
        f'<h3 itemprop="name">{escape(q)}</h3>'
        '<div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">'
        f'<div itemprop="text"><p>{escape(a)}</p></div></div></div>'
        for q, a in questions
    )
    return "", f'<section itemscope itemtype="https://schema.org/FAQPage">{rows}</section>'


def _rdfa(questions: list[tuple[str, str]]) -> tuple[str, str]:
    rows = "".join(
        f'<div property="mainEntity" typeof="Question"><h3 property="name">{escape(q)}</h3>'
        f'<div property="acceptedAnswer" typeof="Answer"><div property="text"><p>{escape(a)}</p></div>'
        "</div></div>"
        for q, a in questions
    )
    return "", f'<section vocab="https://schema.org/" typeof="FAQPage">{rows}</section>'


def copies(path: Path, target: Path, *, n: int) -> None:
    """Write `n` copies of a WARC one after the other: a gzipped WARC is a sequence of members."""
    content = path.read_bytes()
    with target.open("wb") as stream:
        for _ in range(n):
            stream.write(content)

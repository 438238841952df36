"""`faqtory trace`: one pair's way back to the bytes that it came from, and every decision on it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import lxml.html
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from lxml.html import HtmlElement
from rich.console import Console

from extract.charset import decode_html, parse_html
from extract.html_text import element_to_text
from extract.inputs import InputFormat
from extract.items import Syntax
from extract.jsonld import block_texts
from extract.warc_lookup import read_record
from extract.warc_model import Response, WarcLimits
from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Manifest, part_files, read_manifest
from pipeline.core.records import Page, PairRaw, Scan
from pipeline.core.text import harmless
from pipeline.fate import cleaned_rows, fate
from pipeline.summary import shown

MIN_PREFIX = 6
SHOWN_CHARS = 3000
"""Characters of the raw block that are printed; `--json` gives it whole."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a pair comes from."""

    pair: dict[str, Any]
    page: dict[str, Any]
    scan: dict[str, Any]
    n_sightings: int
    """Rows of pairs_raw with this id, or cleaned to it; the first by address is traced."""
    raw_block: str | None
    """The markup as it stands in the page; None where the source holds no pages."""
    decisions: list[str]

    def figures(self) -> dict[str, Any]:
        """Return the trace as one JSON object."""
        return {k: _json_ready(v) for k, v in asdict(self).items()}


def trace_pair(pair_id: str, *, work: str) -> Trace:
    """Find a pair by its id (or the beginning of it) and go back to its page's record.

    Raises ConfigError where no pair or several have this id, or the input file is gone or has changed.
    """
    pair, n_sightings = _find_pair(pair_id, work)
    page = _first_row(work, Page.TABLE, pc.field("page_id") == pair["page_id"])
    scan = _first_row(work, Scan.TABLE, pc.field("input_file") == pair["warc_file"])
    response = _response(pair, work)
    raw = _raw_block(response, pair) if response else None
    if response and raw is None:
        raise ConfigError(
            f"The record at {pair['warc_file']}, offset {pair['warc_offset']}, no longer holds this pair; "
            "the file has changed since. Extract it again."
        )
    decisions = [*_decisions(pair, page, scan), *fate(pair, work)]
    return Trace(pair, page, scan, n_sightings, raw, decisions)


def _find_pair(pair_id: str, work: str) -> tuple[dict[str, Any], int]:
    prefix = pair_id.strip().lower()
    if len(prefix) < MIN_PREFIX or not set(prefix) <= set("0123456789abcdef"):
        raise ConfigError(f"{pair_id!r} is no pair id: give {MIN_PREFIX} to 32 of its hexadecimal digits.")
    manifest = _manifest(work, PairRaw.TABLE)
    matching = pc.starts_with(pc.field("id"), prefix)
    cleaned = cleaned_rows(work, matching)  # a clean pair's id leads to the raw pairs it was made of
    matching |= pc.field("id").isin(pa.array(sorted({row["raw_id"] for row in cleaned}), pa.string()))
    rows = ds.dataset(part_files(work, manifest)).to_table(filter=matching).to_pylist()
    ids = sorted({row["id"] for row in [*cleaned, *rows] if row["id"].startswith(prefix)})
    if not ids:
        raise ConfigError(f"No pair in {work} has an id that begins with {prefix}.")
    if len(ids) > 1:
        raise ConfigError(f"{len(ids)} pairs have ids that begin with {prefix}: {', '.join(ids[:5])}.")
    return min(rows, key=lambda row: (row["url"], row["warc_file"], row["warc_offset"])), len(rows)


def _manifest(work: str, table: str) -> Manifest:
    manifest = read_manifest(work, table)
    if manifest is None:
        raise ConfigError(f"{work} has no table {table}; `faqtory extract INPUT... --work {work}` makes it.")
    return manifest


def _first_row(work: str, table: str, condition: pc.Expression) -> dict[str, Any]:
    files = part_files(work, _manifest(work, table))
    row: dict[str, Any] = ds.dataset(files).to_table(filter=condition).slice(0, 1).to_pylist()[0]
    return row


def _response(pair: dict[str, Any], work: str) -> Response | None:
    """Read the pair's record again; None for sources that hold no pages."""
    commits = _manifest(work, PairRaw.TABLE).commits
    shard = next(c.shard for c in commits if c.shard.input == pair["warc_file"])
    if shard.format != InputFormat.WARC:
        return None
    with storage.open_read(shard.input) as stream:
        return read_record(
            stream, pair["warc_offset"], record_id=pair["warc_record_id"] or "", limits=WarcLimits()
        )


def _raw_block(response: Response, pair: dict[str, Any]) -> str | None:
    tree = parse_html(decode_html(response.body, response.http_charset).text)
    if pair["syntax"] == Syntax.JSONLD:
        return _jsonld_block(tree, pair)
    return _element_block(tree, pair)


def _jsonld_block(tree: HtmlElement, pair: dict[str, Any]) -> str | None:
    from extract.faqpage import find_questions, page_pairs
    from extract.jsonld import jsonld_blocks

    texts = dict(block_texts(tree))
    for block in jsonld_blocks(tree):
        pairs, _ = page_pairs(
            find_questions(block.items, Syntax.JSONLD), max_pairs_per_page=10**6, max_text_chars=10**8
        )
        if any((p.question, p.answer) == (pair["question"], pair["answer"]) for p in pairs):
            return texts[block.index]
    return None


def _element_block(tree: HtmlElement, pair: dict[str, Any]) -> str | None:
    """Return the smallest item element that shows the question and the beginning of the answer."""
    wanted = [_folded(pair["question"]), _folded(pair["answer"][:200])]
    best: HtmlElement | None = None
    for element in tree.xpath("descendant-or-self::*[@itemscope or @typeof or @itemprop or @property]"):
        text = _folded(element_to_text(element))
        if all(part in text for part in wanted) and (
            best is None or len(text) <= len(_folded(element_to_text(best)))
        ):
            best = element
    return None if best is None else str(lxml.html.tostring(best, encoding="unicode", with_tail=False))


def _folded(text: str) -> str:
    return "".join(text.split())


def _decisions(pair: dict[str, Any], page: dict[str, Any], scan: dict[str, Any]) -> Iterator[str]:
    lost = f", {scan['n_bytes_lost']:,} bytes lost elsewhere in it" if scan["n_bytes_lost"] else ""
    yield f"input file: {scan['outcome']}{lost}"
    status = f"HTTP {page['http_status']}, " if page["http_status"] else ""
    yield f"page: {status}{page['content_type'] or 'no media type'}, {page['n_bytes']:,} bytes, names FAQPage"
    if page["charset"]:
        yield f"decoded as {page['charset']} (told by: {page['charset_source']})"
    yield f"opt-out signals: {', '.join(page['opt_out']) or 'none'}"
    questions = ", ".join(f"{c['n']} {c['name']}" for c in page["questions"])
    yield f"page outcome {page['outcome']}: {page['n_questions']} questions ({questions})"
    if page["n_broken_blocks"]:
        yield f"{page['n_broken_blocks']} JSON-LD blocks of the page could not be read"
    also = f", also stated in {', '.join(pair['also_in'])}" if pair["also_in"] else ""
    place = f"question {pair['position']}, answer {pair['answer_index']}"
    yield f"pair: {place}, read from {pair['syntax']}{also}"
    yield f"repairs of its block: {', '.join(pair['repairs']) or 'none, well-formed'}"
    languages = {
        k: pair[k] for k in ("markup_language", "html_lang", "content_language", "og_locale") if pair[k]
    }
    declared = ", ".join(f"{k} {v}" for k, v in languages.items())
    yield f"declared language: {declared or 'none'}"


def print_trace(trace: Trace, *, console: Console) -> None:
    """Print a trace; text from the crawl is shown with its control characters made visible."""
    pair = trace.pair
    _section(console, "Pair", pair["id"])
    console.print(f"[bold]{shown(pair['question'])}[/bold]\n{shown(pair['answer'])}")
    _section(console, "Where")
    console.print(f"page    {shown(pair['url'])}")
    console.print(f"file    {shown(pair['warc_file'])}")
    console.print(f"offset  {pair['warc_offset']}   record {shown(pair['warc_record_id'] or 'without id')}")
    console.print(f"fetched {pair['crawl_date'] or 'at an unknown time'}")
    if trace.n_sightings > 1:
        console.print(f"        ({trace.n_sightings} sightings of this pair; this is the first by address)")
    _section(console, "Decisions")
    for decision in trace.decisions:
        console.print(f"- {shown(decision)}")
    _section(console, "Markup as crawled")
    raw = trace.raw_block
    if raw is None:
        console.print("The source holds extracted items, not pages.")
        return
    console.print(shown(raw[:SHOWN_CHARS].strip()), highlight=False)
    if len(raw) > SHOWN_CHARS:
        console.print(f"... {len(raw) - SHOWN_CHARS:,} characters more; --json shows all of them")


def _section(console: Console, title: str, detail: str = "") -> None:
    console.print(f"\n[bold cyan]{title}[/bold cyan] {detail}")


def _json_ready(value: Any) -> Any:
    convert: dict[type, Callable[[Any], Any]] = {
        dict: lambda v: {k: _json_ready(x) for k, x in v.items()},
        list: lambda v: [_json_ready(x) for x in v],
        str: harmless,
    }
    if value is None or isinstance(value, bool | int | float):
        return value
    return convert.get(type(value), str)(value)

"""JSON-LD blocks of a page to items; one broken block never costs another one's items.

script elements --jsonld_repair--> values --jsonld_items--> items
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from extract.items import Item
from extract.jsonld_items import Graph, to_items
from extract.jsonld_repair import JsonLdError, JsonValue, Limits, Repair, parse_json

__all__ = [
    "Block",
    "JsonLdError",
    "JsonValue",
    "Limits",
    "Repair",
    "block_texts",
    "jsonld_blocks",
    "parse_json",
    "to_items",
]

_WORDS = ("faq", "question", "answer")


@dataclass(frozen=True, slots=True)
class Block:
    """What became of one JSON-LD block of a page."""

    index: int
    """Position among the page's JSON-LD blocks, from 0."""
    items: tuple[Item, ...]
    """Top-level items; one that several blocks describe stands in the first of them."""
    repairs: tuple[Repair, ...]
    """In the order applied; empty for strict JSON. With TRUNCATED, something at the end was left out."""
    error: str | None
    """Why nothing could be read, one clause with the position."""


def jsonld_blocks(tree: HtmlElement, *, limits: Limits | None = None, read_all: bool = False) -> list[Block]:
    """Read the page's JSON-LD blocks in document order. Never raises.

    Only blocks that name a FAQ, question or answer in any case are read (HTML escaping, backslashes and
    double encoding keep those words), the rest only where a block that was read refers to an `@id` that none
    of them defines. Blocks left unread, and empty ones, are not listed; `read_all` reads every block.
    """
    sources = list(block_texts(tree))
    wanted = {i for i, text in sources if read_all or _is_of_interest(text)}
    graph = Graph()
    blocks = [_block(i, text, graph, limits) for i, text in sources if i in wanted]
    if graph.has_dangling:
        others = [(i, text) for i, text in sources if i not in wanted and "@id" in text]
        blocks += [_block(i, text, graph, limits) for i, text in others]
    graph.finish()
    return sorted(blocks, key=lambda block: block.index)


def _block(index: int, text: str, graph: Graph, limits: Limits | None) -> Block:
    try:
        values, repairs = parse_json(text, limits=limits)
    except JsonLdError as error:
        return Block(index, (), (), str(error))
    return Block(index, graph.add(values), repairs, None)


def _is_of_interest(text: str) -> bool:
    folded = text.lower()
    return any(word in folded for word in _WORDS)


def block_texts(tree: HtmlElement) -> Iterator[tuple[int, str]]:
    """Yield the page's JSON-LD blocks that are not empty, as written, with their index."""
    scripts = (element for element in tree.iter("script") if _is_jsonld(element.get("type")))
    for index, element in enumerate(scripts):
        text = element.text_content() or "".join(child.text or "" for child in element)
        if text and not text.isspace():
            yield index, text


def _is_jsonld(type_: str | None) -> bool:
    """Tell JSON-LD by its media type: in any case, with parameters, spaces or quotes around."""
    if not type_:
        return False
    media_type = "".join(type_.partition(";")[0].split()).strip("\"'“”‘’\\")
    return media_type.lower() == "application/ld+json"

"""What must hold of the parsers of markup and text, whatever they are given."""

import json
from collections.abc import Callable, Iterable

import seeds

from extract.charset import TooComplexError, parse_html
from extract.html_text import element_to_text, fold_lines, html_to_text
from extract.items import Item, Text
from extract.jsonld import JsonLdError, JsonValue, Limits, jsonld_blocks, parse_json
from extract.markup import reachable
from extract.microdata import microdata_items
from extract.rdfa import rdfa_items

URL = "https://example.org/faq"


def check_jsonld(data: bytes) -> None:
    text = _any_text(data)
    for limits in (Limits(), Limits(max_chars=2000, max_depth=6, max_values=30)):
        _check_block(text, limits)
    tree = parse_html(seeds.page_of(seeds.script(text)))
    for block in jsonld_blocks(tree, read_all=True):
        assert block.index >= 0
        assert bool(block.error) or block.error is None
        _check_items(block.items)


def _check_block(text: str, limits: Limits) -> None:
    try:
        values, repairs = parse_json(text, limits=limits)
    except JsonLdError as error:
        if not 0 <= error.position <= len(text):
            raise AssertionError(f"the error's position is {error.position} of {len(text)}") from error
        return
    assert len(text) <= limits.max_chars
    _check_values(values, limits)
    assert len(set(repairs)) == len(repairs)
    if (strict := _strict(text)) is not None:
        assert not repairs, repairs
        assert values == [strict]


def _any_text(data: bytes) -> str:
    """Decode as UTF-8 with lone surrogates let through; what is none is taken for Latin-1."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _strict(text: str) -> JsonValue:
    """Return the object that the text is as strict JSON, if it needs no change to be stored."""
    try:
        value: JsonValue = json.loads(text)
        text.encode()
    except (ValueError, RecursionError):
        return None
    is_plain = not any(part in text for part in ("NaN", "Infinity", "\\u", "\0"))
    return value if isinstance(value, dict) and is_plain else None


def _check_values(values: list[JsonValue], limits: Limits) -> None:
    n_values = 0
    level = list(values)
    depth = 0
    while level:
        n_values += len(level)
        inner: list[JsonValue] = []
        for value in level:
            if isinstance(value, str):
                assert "\0" not in value
                value.encode()
            elif isinstance(value, dict):
                "".join(value).encode()
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        depth += any(isinstance(value, dict | list) for value in level)
        level = inner
    assert depth <= limits.max_depth, depth
    assert n_values <= limits.max_values, n_values


def _check_items(items: Iterable[Item]) -> None:
    for item in reachable(items):
        for name, values in item.properties.items():
            assert isinstance(name, str)
            assert all(isinstance(value, Item | Text) for value in values), values
            for value in values:
                if isinstance(value, Text):
                    value.content.encode()


def check_microdata(data: bytes) -> None:
    _check_markup(data, microdata_items)


def check_rdfa(data: bytes) -> None:
    _check_markup(data, rdfa_items)


def _check_markup(data: bytes, read: Callable[..., list[Item]]) -> None:
    flags, html = data[:1] or b"\0", data[1:]
    try:
        tree = parse_html(html.decode("utf-8", "replace"))
        items = read(tree, URL, keep_html=bool(flags[0] & 1), everything=bool(flags[0] & 2))
    except TooComplexError:
        return
    _check_items(items)
    assert len(set(items)) == len(items)


# --- text

CONTROLS = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)])) - {"\n"}


def check_html_text(data: bytes) -> None:
    source = data.decode("utf-8", "surrogateescape")
    for text in (html_to_text(source), element_to_text(parse_html(source)), fold_lines(source)):
        text.encode()
        assert not CONTROLS & set(text), text
        assert not text or all(line == " ".join(line.split()) and line for line in text.split("\n"))
        assert fold_lines(text) == text
        bare = text.replace("<", "(").replace(">", ")")
        # Text that shows no tags comes back from its own escaped form; what shows tags is decoded twice.
        assert html_to_text(bare.replace("&", "&amp;")) == bare
        if "<" not in text and "&" not in text:
            assert html_to_text(text) == text

"""What Microdata and RDFa share: names, languages, and literals that are rendered only where they matter.

Both walk the page first and put an `Unrendered` element for every literal. Laying out text is the costly
part, so it is done last and, by default, only for FAQPage and Question items and what they hold.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast

import lxml.etree
from lxml.html import HtmlElement

from extract.charset import TooComplexError
from extract.context import own_language
from extract.html_text import element_to_text, inner_html
from extract.items import Item, Text, Value

INTERESTING_TYPES = frozenset({"faqpage", "faqpages", "question"})
MAX_VALUES = 500_000  # property values of a page; one per 10 bytes of the longest page there can be
MAX_RENDERED_NODES = 2_000_000  # laid out for one page, about 1 s; literals within literals multiply them
CHARS_PER_NODE = 64  # a long text costs as much as so many nodes
MAX_CACHED_CHARS = 300  # of a name; longer ones are no names, and would fill the caches

TEXTUAL = frozenset({"name", "text", "headline", "description"})
"""Properties whose value is text: <a itemprop="name" href="#q1"> names the question, not its address."""


_count_nodes = lxml.etree.XPath("count(descendant::node())")


class Unrendered:
    """A literal that is an element's text, to be laid out later; the value so far of one property."""

    __slots__ = ("element", "url")

    def __init__(self, element: HtmlElement, url: str | None = None) -> None:
        self.element = element
        self.url = url
        """The value instead, unless the property is a TEXTUAL one and the element has text."""


Draft = Value | Unrendered


def add_value(item: Item, name: str, value: Draft) -> None:
    """Append a value, which `render` makes a Text of if it is an element still."""
    item.properties.setdefault(name, []).append(cast(Value, value))


class Languages:
    """The language of elements, by the nearest declaration above them; each element is looked at once."""

    def __init__(self) -> None:
        self._known: dict[HtmlElement, str | None] = {}

    def of(self, element: HtmlElement) -> str | None:
        """Return the language tag in force at an element, None where it is unknown."""
        path = []
        language = None
        node = element
        while node is not None:
            if node in self._known:
                language = self._known[node]
                break
            path.append(node)
            tag = own_language(node)
            if tag is not None:
                language = tag or None
                break
            node = node.getparent()
        self._known.update(dict.fromkeys(path, language))
        return language


def local_name(name: str) -> str:
    """Cut an IRI, or a prefixed name, down to its local part: `https://schema.org/FAQPage/` -> `FAQPage`."""
    return _local_name(name) if len(name) <= MAX_CACHED_CHARS else _local_name.__wrapped__(name)


@lru_cache(4096)
def _local_name(name: str) -> str:
    return re.split(r"[/#:]", name.strip().rstrip("/#"))[-1]


def fold_type(name: str) -> str:
    """Fold a type for comparison: `FAQ_Page`, `FaqPage` and `FAQ Page` are all `faqpage`."""
    return _fold_type(name) if len(name) <= MAX_CACHED_CHARS else _fold_type.__wrapped__(name)


@lru_cache(4096)
def _fold_type(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def is_interesting(item: Item) -> bool:
    """Tell whether an item is a FAQPage or a Question."""
    return any(fold_type(name) in INTERESTING_TYPES for name in item.types)


def reachable(items: Iterable[Item], seen: set[Item] | None = None) -> Iterator[Item]:
    """Yield the items and all items in them, each once, outer before inner, in document order.

    Items already `seen` are left out with what is in them; those yielded are added to it.
    """
    seen = set() if seen is None else seen
    stack = list(items)[::-1]
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        yield item
        inner = [value for values in item.properties.values() for value in values if isinstance(value, Item)]
        stack.extend(reversed(inner))


def top_level(items: list[Item]) -> list[Item]:
    """Return the items that no other one holds, and one of every circle that nothing else leads to."""
    held = {
        value
        for item in items
        for values in item.properties.values()
        for value in values
        if isinstance(value, Item) and value is not item
    }
    roots = [item for item in items if item not in held]
    reached: set[Item] = set()
    for _ in reachable(roots, reached):
        pass
    for item in items:
        if item not in reached:
            roots.append(item)
            for _ in reachable([item], reached):
                pass
    return roots


def render(items: list[Item], *, keep_html: bool, everything: bool) -> None:
    """Lay out the literals of the items that matter, in place, and drop those of all others."""
    wanted = set(items if everything else reachable(filter(is_interesting, items)))
    renderer = _Renderer(keep_html=keep_html, everything=everything)
    for item in items:
        for name, values in item.properties.items():
            item.properties[name] = [
                renderer.rendered(name, value)
                for value in values
                if item in wanted or not isinstance(value, Unrendered)
            ]


class _Renderer:
    def __init__(self, *, keep_html: bool, everything: bool) -> None:
        self._keep_html = keep_html
        self._everything = everything
        self._languages = Languages()
        self._n_nodes = 0

    def rendered(self, name: str, value: Draft) -> Value:
        if not isinstance(value, Unrendered):
            return value
        if value.url is not None and (self._everything or name.casefold() not in TEXTUAL):
            return Text(value.url, is_plain=True)
        self._spend(int(_count_nodes(value.element)))
        text = element_to_text(value.element)
        self._spend(len(text) // CHARS_PER_NODE)
        if value.url is not None and not text:
            return Text(value.url, is_plain=True)
        source = inner_html(value.element) if self._keep_html else None
        return Text(text, language=self._languages.of(value.element), is_plain=True, html=source)

    def _spend(self, n_nodes: int) -> None:
        self._n_nodes += n_nodes
        if self._n_nodes > MAX_RENDERED_NODES:
            raise TooComplexError(f"the markup's literals nest to more than {MAX_RENDERED_NODES} nodes")


def check_size(n_values: int) -> None:
    """Raise TooComplexError where references have multiplied a page's property values."""
    if n_values > MAX_VALUES:
        raise TooComplexError(f"the markup has more than {MAX_VALUES} property values")

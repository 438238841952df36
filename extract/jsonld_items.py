"""JSON-LD values to items: node objects, literals, and references between them."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from extract.items import Item, Text, Value
from extract.jsonld_context import Context, Term, language_tag
from extract.jsonld_model import JsonValue, Limits

_MAX_DEPTH = Limits().max_depth
_TELLING = ("name", "text")  # two nodes that state these differently are two nodes, whatever their @id
_TYPE_KEYS, _ID_KEYS = ("@type", "type"), ("@id", "id")


def to_items(values: Iterable[JsonValue]) -> tuple[Item, ...]:
    """Return the top-level items of one document: its nodes and those of every `@graph`, in document order.

    Nodes with the same `@id` are one item, with the values of each in order; references to it are that
    item (circles are possible). A reference to nothing gives an item without types and properties.
    """
    graph = Graph()
    items = graph.add(values)
    graph.finish()
    return items


@dataclass(slots=True, eq=False)
class _Node:
    """An item with an `@id` that is being collected."""

    item: Item
    types: dict[str, None] = field(default_factory=dict)
    telling: dict[str, str] = field(default_factory=dict)
    n_definitions: int = 0


@dataclass(frozen=True, slots=True)
class _Source:
    """A node object with its keywords told from its properties."""

    keywords: dict[str, JsonValue]
    members: list[tuple[str, JsonValue]]
    context: Context

    @property
    def id(self) -> str | None:
        value = self.keywords.get("@id")
        return value.strip() or None if isinstance(value, str) else None

    @property
    def types(self) -> list[str]:
        value = self.keywords.get("@type")
        listed = value if isinstance(value, list) else [value]
        return [self.context.local_name(t) for t in listed if isinstance(t, str) and t.strip()]

    @property
    def is_definition(self) -> bool:
        return bool(self.members or self.types)

    @property
    def telling(self) -> dict[str, str]:
        named = ((self.context.local_name(key), value) for key, value in self.members)
        return {name: value for name, value in named if name in _TELLING and isinstance(value, str)}


class Graph:
    """The items of a page, collected block by block; `finish` before reading types and properties.

    Blank node ids (`_:b0`) hold within one block, all others on the whole page.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._blank: dict[str, _Node] = {}
        self._listed: set[int] = set()
        self._top: list[Item] = []

    def add(self, values: Iterable[JsonValue]) -> tuple[Item, ...]:
        """Collect one block; return its top-level items that no earlier block has listed."""
        self._end_block()
        self._top = []
        for value in values:
            self._add_top(value, Context(), 0)
        return tuple(self._top)

    def finish(self) -> None:
        """Complete the items; what several definitions of one node repeat exactly is dropped."""
        self._end_block()
        _complete(self._nodes.values())

    @property
    def has_dangling(self) -> bool:
        """Tell whether something refers to a node that no block so far defines."""
        return any(not node.n_definitions for node in self._nodes.values())

    def _end_block(self) -> None:
        _complete(self._blank.values())
        self._blank.clear()

    def _add_top(self, value: JsonValue, context: Context, depth: int) -> None:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, list):
            for element in value:
                self._add_top(element, context, depth + 1)
        elif isinstance(value, dict):
            source = _source(value, context)
            if source.is_definition:
                self._add_node(source, depth, is_top=True)
            else:
                self._add_members(source, depth)

    def _add_node(self, source: _Source, depth: int, *, is_top: bool) -> Item:
        item = self._item(source)
        if is_top and id(item) not in self._listed:
            self._listed.add(id(item))
            self._top.append(item)
        for key, value in source.members:
            values = self._values(value, source.context, source.context.term(key), depth + 1)
            if values:
                item.properties.setdefault(source.context.local_name(key), []).extend(values)
        self._add_members(source, depth)
        return item

    def _add_members(self, source: _Source, depth: int) -> None:
        for keyword in ("@graph", "@included"):
            self._add_top(source.keywords.get(keyword), source.context, depth + 1)

    def _item(self, source: _Source) -> Item:
        """Return the item that a node object describes or refers to."""
        types = dict.fromkeys(source.types)
        if source.id is None:
            return Item(tuple(types))
        node = self._node(source.id)
        if source.is_definition:
            telling = source.telling
            if any(node.telling.get(name, text) != text for name, text in telling.items()):
                return Item(tuple(types), id=source.id)
            node.n_definitions += 1
            node.types.update(types)
            node.telling = telling | node.telling
        return node.item

    def _node(self, id_: str) -> _Node:
        nodes = self._blank if id_.startswith("_:") else self._nodes
        if id_ not in nodes:
            nodes[id_] = _Node(Item((), id=id_))
        return nodes[id_]

    def _values(self, value: JsonValue, context: Context, term: Term | None, depth: int) -> list[Value]:
        if value is None or depth > _MAX_DEPTH:
            return []
        if isinstance(value, list):
            return [v for element in value for v in self._values(element, context, term, depth + 1)]
        if not isinstance(value, dict):
            return self._scalar(value, context, term)
        if term and term.is_language_map:
            return _language_map(value)
        source = _source(value, context)
        for wrapper in ("@list", "@set"):
            if wrapper in source.keywords:
                return self._values(source.keywords[wrapper], source.context, term, depth + 1)
        if "@value" in source.keywords:
            tag = language_tag(source.keywords.get("@language"))
            return _literal(source.keywords["@value"], tag)
        if not source.is_definition and source.id is None:
            self._add_members(source, depth)
            return []
        return [self._add_node(source, depth, is_top=False)]

    def _scalar(self, value: JsonValue, context: Context, term: Term | None) -> list[Value]:
        if term and term.is_reference and isinstance(value, str) and value.strip():
            return [self._node(value.strip()).item]
        language = term.language if term and term.has_language else context.language
        return _literal(value, language if isinstance(value, str) else None)


def _complete(nodes: Iterable[_Node]) -> None:
    for node in nodes:
        node.item.types = tuple(node.types)
        if node.n_definitions > 1:
            properties = node.item.properties
            for name, values in properties.items():
                properties[name] = list(dict.fromkeys(values))


def _source(value: dict[str, JsonValue], context: Context) -> _Source:
    declared = value.get("@context")
    if declared is not None:
        context = context.extended(declared)
    keywords: dict[str, JsonValue] = {}
    members: list[tuple[str, JsonValue]] = []
    for key, member in value.items():
        keyword = context.keyword(key)
        if keyword:
            keywords.setdefault(keyword, member)
        else:
            members.append((key.strip(), member))
    for keyword, bare in (_TYPE_KEYS, _ID_KEYS):
        if keyword not in keywords:
            _take_bare(keyword, bare, keywords, members)
    return _Source(keywords, members, context)


def _take_bare(
    keyword: str, bare: str, keywords: dict[str, JsonValue], members: list[tuple[str, JsonValue]]
) -> None:
    """Read `type` and `id` as the keywords that schema.org's context makes of them."""
    for i, (key, value) in enumerate(members):
        texts = value if isinstance(value, list) and keyword == "@type" else [value]
        if key == bare and texts and all(isinstance(text, str) for text in texts):
            keywords[keyword] = members.pop(i)[1]
            return


def _language_map(value: dict[str, JsonValue]) -> list[Value]:
    return [
        text
        for tag, texts in value.items()
        for one in (texts if isinstance(texts, list) else [texts])
        if isinstance(one, str)
        for text in _literal(one, None if tag.lower() == "@none" else language_tag(tag))
    ]


def _literal(value: JsonValue, language: str | None) -> list[Value]:
    """Return a literal as it is, numbers and other JSON in their JSON form."""
    if isinstance(value, str):
        return [Text(value, language)]
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return []
    return [Text(json.dumps(value, ensure_ascii=False))]

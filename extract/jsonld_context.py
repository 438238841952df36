"""The inline part of JSON-LD contexts: prefixes, aliases, default languages, language maps.

Remote contexts are never fetched: names count as schema.org's own. Source: JSON-LD 1.1, sections 3 and 4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from extract.jsonld_model import JsonValue

_SCHEMA = re.compile(r"(?:https?:)?(?://)?(?:[\w-]+\.)?schema\.org(?:[/#]+|$)", re.IGNORECASE)
_PREFIXES = ("schema:", "schema.org:")
_ALIASES = 4  # an alias may stand for a prefixed name, the prefix for another


@dataclass(frozen=True, slots=True)
class Term:
    """What a context says about a name."""

    iri: str | None = None
    is_language_map: bool = False
    is_reference: bool = False
    language: str | None = None
    has_language: bool = False


class Context:
    """The names known at a node: its own context's, then those around it."""

    __slots__ = ("_local_names", "_outer", "_terms", "language")

    def __init__(self, outer: "Context | None" = None) -> None:
        self._outer = outer
        self._terms: dict[str, Term] = {}
        self._local_names: dict[str, str] = {}  # what was asked for: a block repeats the same few names
        self.language: str | None = outer.language if outer else None

    def extended(self, declared: JsonValue) -> "Context":
        """Return the context that holds within a node with this `@context`."""
        inner = Context(self)
        for part in declared if isinstance(declared, list) else [declared]:
            if isinstance(part, dict):
                inner._declare(part)
        return inner

    def term(self, name: str) -> Term | None:
        """Return what is declared about a name."""
        context: Context | None = self
        while context is not None:
            if name in context._terms:
                return context._terms[name]
            context = context._outer
        return None

    def keyword(self, key: str) -> str | None:
        """Return the JSON-LD keyword, in lower case, that a key is or stands for."""
        key = key.strip()
        if key.startswith("@"):
            return key.lower()
        term = self.term(key)
        return term.iri.lower() if term and term.iri and term.iri.startswith("@") else None

    def local_name(self, name: str) -> str:
        """Cut schema.org's namespace off a name, in whichever way it is written; others stay as they are."""
        if name not in self._local_names:
            bare = name.strip()
            found = (local for known in self._meanings(bare) if (local := _local(known)))
            self._local_names[name] = next(found, bare)
        return self._local_names[name]

    def _meanings(self, name: str) -> Iterator[str]:
        for _ in range(_ALIASES):
            yield name
            prefix, colon, rest = name.partition(":")
            term = self.term(prefix) if colon else self.term(name)
            if term is None or not term.iri or term.iri == name:
                return
            name = term.iri + rest if colon else term.iri

    def _declare(self, part: dict[str, JsonValue]) -> None:
        for name, meaning in part.items():
            if name.strip().lower() == "@language":
                self.language = language_tag(meaning)
            elif not name.startswith("@"):
                self._terms[name.strip()] = _term(meaning)


def language_tag(value: JsonValue) -> str | None:
    """Return a language tag as written, None where there is none."""
    return value.strip() or None if isinstance(value, str) else None


def _local(name: str) -> str | None:
    """Return what follows schema.org's namespace, None where the name is not in it."""
    match = _SCHEMA.match(name)
    start = match.end() if match else next((len(p) for p in _PREFIXES if name.lower().startswith(p)), None)
    return name[start:].strip().strip("/#") or None if start is not None else None


def _term(meaning: JsonValue) -> Term:
    if isinstance(meaning, str):
        return Term(meaning.strip())
    if not isinstance(meaning, dict):
        return Term()
    iri, container = meaning.get("@id"), meaning.get("@container")
    containers = container if isinstance(container, list) else [container]
    return Term(
        iri.strip() if isinstance(iri, str) else None,
        is_language_map="@language" in containers,
        is_reference=meaning.get("@type") == "@id",
        language=language_tag(meaning.get("@language")),
        has_language="@language" in meaning,
    )

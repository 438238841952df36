"""RDFa 1.1 with the rules of HTML+RDFa: a page's statements, in document order.

Section numbers are those of RDFa Core 1.1 (https://www.w3.org/TR/rdfa-core/). Only elements that bear RDFa
attributes are visited. Nothing is ever fetched: vocabularies are names here. Not done, as no FAQ needs it:
@inlist, property copying (rdfa:copy), rdfa:usesVocabulary statements, embedded Turtle or RDF/XML.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin

import lxml.etree
from lxml.html import HtmlElement

from extract.items import Text
from extract.markup import Draft, Languages, Unrendered, check_size, local_name

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SCHEMA = "https://schema.org/"
LINKING = frozenset(
    {
        "mainentity",
        "mainentityofpage",
        "acceptedanswer",
        "suggestedanswer",
        "haspart",
        "itemlistelement",
        "item",
        "about",
    }
)
"""Properties, folded, that a @rel may stand for; all others (nofollow, stylesheet) are about links."""

_PREFIXES = {  # of the initial context (https://www.w3.org/2011/rdfa-context/rdfa-1.1), those that pages use
    "schema": "http://schema.org/",
    "og": "http://ogp.me/ns#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdfa": "http://www.w3.org/ns/rdfa#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "dc": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "dc11": "http://purl.org/dc/elements/1.1/",
    "cc": "http://creativecommons.org/ns#",
    "gr": "http://purl.org/goodrelations/v1#",
    "sioc": "http://rdfs.org/sioc/ns#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "v": "http://rdf.data-vocabulary.org/#",
    "xhv": "http://www.w3.org/1999/xhtml/vocab#",
}
_TERMS = {
    "describedby": "http://www.w3.org/2007/05/powder-s#describedby",
    "license": "http://www.w3.org/1999/xhtml/vocab#license",
    "role": "http://www.w3.org/1999/xhtml/vocab#role",
}
_SCHEMA_ORG = re.compile(r"(?:(?:https?:)?//)?(?:www\.)?schema\.org(?:[/#]+|$)", re.IGNORECASE)

_PREFIX = re.compile(r"(\S*):\s+(\S+)")

_MARKS = frozenset({"typeof", "property", "about", "resource", "vocab", "prefix"})
_RDFA = " or ".join(f"@{name}" for name in (*sorted(_MARKS), "rel", "rev")) + " or self::html or self::body"
_marked = lxml.etree.XPath(f"descendant-or-self::*[{_RDFA}]")
_marked_or_linked = lxml.etree.XPath(f"descendant-or-self::*[{_RDFA} or @href or @src]")


@dataclass(frozen=True, slots=True)
class Triple:
    """A statement; `value` is a name (IRI or `_:b1`) or, if a literal, a Text or an element."""

    subject: str
    predicate: str
    value: str | Draft


@dataclass(slots=True)
class _Context:
    """What an element hands down to those in it (section 7.2)."""

    subject: str
    object: str
    vocab: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    incomplete: list[tuple[str, bool]] = field(default_factory=list)
    """Predicates that wait for a subject below; true for those of @rev."""


@dataclass(slots=True)
class _Subjects:
    """What steps 5 and 6 find: whom an element speaks of, whom it links to, and whom its @typeof types."""

    subject: str
    target: str | None = None
    typed: str | None = None
    is_skipped: bool = False


def rdfa_triples(tree: HtmlElement, base_url: str, *, everything: bool = False) -> Iterator[Triple]:
    """Yield the page's statements; raises TooComplexError beyond `markup.MAX_VALUES` of them.

    Unless `everything` is asked for, what authors mean goes before the letter: only schema.org's terms count,
    and terms of no vocabulary at all (an invalid, but common omission); @rel only where it is one of LINKING;
    and @href or @src alone (without @typeof) does not change whom an element and the text in it speak of.
    """
    walker = _Walker(tree, base_url, everything=everything)
    n_triples = 0
    for element in _marked_or_linked(tree) if everything else filter(_is_marked, _marked(tree)):
        for triple in walker.visit(element):
            n_triples += 1
            check_size(n_triples)
            yield triple


def _is_marked(element: HtmlElement) -> bool:
    """Leave out the many elements whose only mark is a @rel that is none of LINKING."""
    rels = (element.get("rel") or "") + " " + (element.get("rev") or "")
    if rels == " " or any(local_name(word).casefold() in LINKING for word in rels.split()):
        return True
    return not _MARKS.isdisjoint(element.attrib)


class _Walker:
    def __init__(self, tree: HtmlElement, base_url: str, *, everything: bool) -> None:
        self._everything = everything
        self._base_url = urldefrag(base_url)[0]
        self._root = tree
        self._start = _Context(self._base_url, self._base_url)
        self._contexts: dict[HtmlElement, _Context] = {}
        self._languages = Languages()
        self._n_blank = 0

    def visit(self, element: HtmlElement) -> Iterator[Triple]:
        """Process one element as section 7.5 says, all marked elements above it being done."""
        above = self._context_above(element)
        here = self._declared(element, above)  # 2 to 4
        rels, revs = self._links(element, here)
        properties = self._terms(element, "property", here)
        types = self._terms(element, "typeof", here)
        if rels is None or revs is None:
            found = self._without_link(element, here, above)  # 5
        else:
            found = self._with_link(element, here, above)  # 6
        if found.typed is not None:
            yield from (Triple(found.typed, RDF_TYPE, iri) for iri in types)  # 7
        if rels or revs:
            if found.target is None:  # 10
                here.incomplete = [(iri, False) for iri in rels or ()] + [(iri, True) for iri in revs or ()]
                found.target = self._blank()
            else:  # 9
                yield from (Triple(found.subject, iri, found.target) for iri in rels or ())
                yield from (Triple(found.target, iri, found.subject) for iri in revs or ())
        if properties:  # 11
            value = self._value(element, here, found, has_link=rels is not None)
            yield from (Triple(found.subject, iri, value) for iri in properties)
        if found.is_skipped:  # 13
            here.subject, here.object, here.incomplete = above.subject, above.object, above.incomplete
        else:  # 12 and 13
            for iri, is_reverse in above.incomplete:
                ends = (found.subject, above.subject) if is_reverse else (above.subject, found.subject)
                yield Triple(ends[0], iri, ends[1])
            here.subject, here.object = found.subject, found.target or found.subject
        self._contexts[element] = here

    def _context_above(self, element: HtmlElement) -> _Context:
        """Return the context of the nearest marked element above; each ancestor is looked at once."""
        path = []
        context = self._start
        node = element.getparent()
        while node is not None:
            if node in self._contexts:
                context = self._contexts[node]
                break
            path.append(node)
            node = node.getparent()
        self._contexts.update(dict.fromkeys(path, context))
        return context

    def _declared(self, element: HtmlElement, above: _Context) -> _Context:
        here = _Context(above.subject, above.object, above.vocab, above.prefixes)
        vocab = element.get("vocab")
        if vocab is not None:
            is_schema = not self._everything and _SCHEMA_ORG.match(vocab.strip())
            here.vocab = SCHEMA if is_schema else vocab.strip() or None
        declared = {name.lower(): iri for name, iri in _PREFIX.findall(element.get("prefix") or "")}
        for name, value in element.items():
            if name.startswith("xmlns:"):
                declared.setdefault(name[6:].lower(), value.strip())
        if declared:
            here.prefixes = {**above.prefixes, **declared}
        return here

    def _links(self, element: HtmlElement, here: _Context) -> tuple[list[str] | None, list[str] | None]:
        """Return the predicates of @rel and @rev; (None, None) if the element has neither that counts."""
        rel, rev = element.get("rel"), element.get("rev")
        if rel is None and rev is None:
            return None, None
        # Beside @property only prefixed names and IRIs count (HTML+RDFa, section 3.1).
        needs_colon = element.get("property") is not None and self._everything
        rels, revs = (
            [
                iri
                for word in (value or "").split()
                if (":" in word or not needs_colon) and (iri := self._term(word, here))
                if self._everything or local_name(iri).casefold() in LINKING
            ]
            for value in (rel, rev)
        )
        if not rels and not revs and (needs_colon or not self._everything):
            return None, None
        return rels, revs

    def _without_link(self, element: HtmlElement, here: _Context, above: _Context) -> _Subjects:
        about = self._resource(element, here, "about")
        other = self._resource(element, here, "resource", "href", "src")
        is_typed = element.get("typeof") is not None
        root = self._base_url if element is self._root else None
        has_text_value = element.get("content") is None and element.get("datatype") is None
        if element.get("property") is not None and has_text_value:  # 5.1
            found = _Subjects(about or root or above.object)
            if is_typed:
                found.typed = found.target = about or root or other or self._blank()
            return found
        if not is_typed and not self._everything:
            other = self._resource(element, here, "resource")
        subject = about or other or root  # 5.2
        if subject is None and is_typed and element.tag not in ("head", "body"):
            subject = self._blank()
        is_skipped = subject is None and not is_typed and element.get("property") is None
        subject = subject or above.object
        return _Subjects(subject, typed=subject if is_typed else None, is_skipped=is_skipped)

    def _with_link(self, element: HtmlElement, here: _Context, above: _Context) -> _Subjects:
        about = self._resource(element, here, "about")
        root = self._base_url if element is self._root else None
        target = self._resource(element, here, "resource", "href", "src")
        is_typed = element.get("typeof") is not None
        if target is None and is_typed and about is None:
            target = self._blank()
        typed = (about or target) if is_typed else None
        return _Subjects(about or root or above.object, target, typed)

    def _value(
        self, element: HtmlElement, here: _Context, found: _Subjects, *, has_link: bool
    ) -> str | Draft:
        """Return the value of @property (step 11)."""
        content = element.get("content")
        if content is None and element.tag == "time":
            content = element.get("datetime")
        if content is not None:
            return Text(content, language=self._languages.of(element))
        if element.get("datatype") is None and not has_link:
            other = self._resource(element, here, "resource", "href", "src")
            if other is not None:
                is_address = element.get("resource") is None and not self._everything
                return Unrendered(element, other) if is_address and element.get("typeof") is None else other
        if element.get("datatype") is None and found.typed is not None and element.get("about") is None:
            return found.typed
        return Unrendered(element)

    def _resource(self, element: HtmlElement, here: _Context, *attributes: str) -> str | None:
        """Return the name that the first usable one of the attributes gives (section 7.4)."""
        for attribute in attributes:
            value = element.get(attribute)
            if value is None:
                continue
            value = value.strip()
            if attribute in ("about", "resource"):
                if value.startswith("[") and value.endswith("]"):
                    if (name := self._prefixed(value[1:-1].strip(), here)) is None:
                        continue
                    return name
                if (name := self._prefixed(value, here)) is not None:
                    return name
            try:
                address: str = urljoin(self._base_url, value)
            except ValueError:  # such as "http://[": an IPv6 address without end
                continue
            return address
        return None

    def _prefixed(self, value: str, here: _Context) -> str | None:
        """Expand `prefix:name`; None if the prefix is not known."""
        prefix, colon, name = value.partition(":")
        if not colon or name.startswith("//"):
            return None
        if prefix == "_":
            return f"_:named-{name}"
        if not prefix:
            return _PREFIXES["xhv"] + name
        base = here.prefixes.get(prefix.lower()) or _PREFIXES.get(prefix.lower())
        return None if base is None else base + name

    def _terms(self, element: HtmlElement, attribute: str, here: _Context) -> list[str]:
        return [iri for word in (element.get(attribute) or "").split() if (iri := self._term(word, here))]

    def _term(self, word: str, here: _Context) -> str | None:
        """Return the IRI of a term, prefixed name or IRI (section 7.4.3); None where it does not count."""
        if ":" in word:
            iri = self._prefixed(word, here) or word
            if iri.startswith("_:"):
                return None
            return iri if self._everything or _SCHEMA_ORG.match(iri) else None
        if here.vocab:
            return here.vocab + word if self._everything or here.vocab == SCHEMA else None
        if self._everything:
            return _TERMS.get(word.lower())
        return word

    def _blank(self) -> str:
        self._n_blank += 1
        return f"_:b{self._n_blank}"

"""What a page says about itself: title, languages, translations, and whether it may be reused."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml.html import HtmlElement

from extract.html_text import fold_lines

MAX_TITLE_CHARS = 1_000
MAX_DESCRIPTION_CHARS = 5_000
MAX_KEYWORDS_CHARS = 2_000
MAX_URL_CHARS = 2_048  # what browsers and sitemaps.org allow
MAX_TAG_CHARS = 100  # RFC 5646 tags are 35 characters at most; lists of them are a little longer
MAX_ALTERNATES = 200
MAX_LINK_HEADER_CHARS = 64_000

ROBOTS_OPT_OUT = frozenset({"noindex", "noarchive", "none", "noai", "noimageai"})

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,<>\"=]+(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_LINK_PARAMETER = re.compile(r";\s*([A-Za-z*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))")
_AGENT = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*:")
_XML_LANG = ("lang", "xml:lang", "{http://www.w3.org/XML/1998/namespace}lang")


@dataclass(frozen=True, slots=True)
class PageContext:
    """A page's description of itself; URLs are absolute, texts are one line, absent things are None."""

    base_url: str
    """What relative addresses of the page are relative to."""
    title: str | None = None
    """<title>, else og:title."""
    description: str | None = None
    """<meta name=description>, else og:description."""
    keywords: str | None = None
    author: str | None = None
    canonical: str | None = None
    html_lang: str | None = None
    content_language: str | None = None
    """Content-Language header, else <meta http-equiv>."""
    og_locale: str | None = None
    alternates: tuple[tuple[str, str], ...] = ()
    """(hreflang as written, URL), of <link> elements, then of Link headers, each once."""
    opt_out: tuple[str, ...] = ()
    """Signals that reserve reuse, in the order seen, as `meta-robots:noai` or `tdm-header:1`."""


def page_context(
    tree: HtmlElement, *, url: str, headers: Sequence[tuple[str, str]], agent: str = "faqtory"
) -> PageContext:
    """Read a page's context from its tree and HTTP headers (names in any case, repeated ones allowed).

    Robots rules for other agents than `agent` are not for us and are left out, whether in a <meta> or behind
    a name in X-Robots-Tag. Every value is cut to a bounded length; unusable URLs are dropped.
    """
    base_url = _base_url(tree, url)
    metas = _metas(tree)
    links = [*_links(tree), *_header_links(headers)]
    canonical = next((href for rels, _, href in links if "canonical" in rels and href), None)
    return PageContext(
        title=_one_line(_title(tree), MAX_TITLE_CHARS) or _one_line(metas.get("og:title"), MAX_TITLE_CHARS),
        description=_one_line(metas.get("description"), MAX_DESCRIPTION_CHARS)
        or _one_line(metas.get("og:description"), MAX_DESCRIPTION_CHARS),
        keywords=_one_line(metas.get("keywords"), MAX_KEYWORDS_CHARS),
        author=_one_line(metas.get("author"), MAX_TITLE_CHARS),
        canonical=_absolute(base_url, canonical) if canonical else None,
        html_lang=_one_line(own_language(tree), MAX_TAG_CHARS),
        content_language=_one_line(
            next(_header_values(headers, "content-language"), metas.get("http-equiv:content-language")),
            MAX_TAG_CHARS,
        ),
        og_locale=_one_line(metas.get("og:locale"), MAX_TAG_CHARS),
        alternates=_alternates(base_url, links),
        base_url=base_url,
        opt_out=tuple(dict.fromkeys(_opt_outs(tree, headers, agent.lower()))),
    )


def own_language(element: HtmlElement) -> str | None:
    """Return the language tag that this very element declares, if any; "" says that it is unknown."""
    for name in _XML_LANG:
        tag: str | None = element.get(name)
        if tag is not None:
            return tag.strip()
    return None


def _base_url(tree: HtmlElement, url: str) -> str:
    for base in tree.iter("base"):
        if href := base.get("href"):
            return _absolute(url, href) or url
    return url


def _title(tree: HtmlElement) -> str | None:
    """Return the first title with text, one in <head> before others; drawings have titles of their own."""
    best = None
    for title in tree.iter("title"):
        if title.text and title.text.strip():
            above = {str(element.tag) for element in title.iterancestors()}
            if "head" in above:
                return str(title.text)
            if best is None and "svg" not in above:
                best = str(title.text)
    return best


def _metas(tree: HtmlElement) -> dict[str, str]:
    """Return the first non-empty content of every <meta> by its lower-case name, property or http-equiv."""
    metas: dict[str, str] = {}
    for meta in tree.iter("meta"):
        content = (meta.get("content") or "").strip()
        if not content:
            continue
        names = (meta.get("name") or "").split() + (meta.get("property") or "").split()
        if pragma := (meta.get("http-equiv") or "").strip():
            names.append(f"http-equiv:{pragma}")
        for name in names:
            metas.setdefault(name.lower(), content)
    return metas


def _links(tree: HtmlElement) -> Iterator[tuple[list[str], str, str]]:
    """Yield (relations, hreflang, href) of every <link>."""
    for link in tree.iter("link"):
        if rel := link.get("rel"):
            yield rel.lower().split(), (link.get("hreflang") or "").strip(), (link.get("href") or "").strip()


def _header_links(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[list[str], str, str]]:
    """Yield (relations, hreflang, target) of every link in Link headers (RFC 8288)."""
    for value in _header_values(headers, "link"):
        for target, parameters in _LINK.findall(value[:MAX_LINK_HEADER_CHARS]):
            found = _LINK_PARAMETER.findall(parameters)
            named = {name.lower(): quoted or bare for name, quoted, bare in found}
            yield named.get("rel", "").lower().split(), named.get("hreflang", "").strip(), target.strip()


def _alternates(base_url: str, links: Iterable[tuple[list[str], str, str]]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for rels, hreflang, href in links:
        if "alternate" in rels and hreflang and href and len(hreflang) <= MAX_TAG_CHARS:
            if absolute := _absolute(base_url, href):
                found[hreflang, absolute] = None
            if len(found) == MAX_ALTERNATES:
                break
    return tuple(found)


def _opt_outs(tree: HtmlElement, headers: Sequence[tuple[str, str]], agent: str) -> Iterator[str]:
    for value in _header_values(headers, "x-robots-tag"):
        yield from (f"x-robots-tag:{rule}" for rule in _header_rules(value, agent))
    if any(value.strip() == "1" for value in _header_values(headers, "tdm-reservation")):
        yield "tdm-header:1"
    for meta in tree.iter("meta"):
        name, content = (meta.get("name") or "").strip().lower(), meta.get("content") or ""
        if name in ("robots", agent):
            yield from (f"meta-{name}:{rule}" for rule in _rules(content))
        elif name == "tdm-reservation" and content.strip() == "1":
            yield "tdm-meta:1"


def _header_rules(value: str, agent: str) -> Iterator[str]:
    """Yield the rules of an X-Robots-Tag for everyone or us.

    A name with a colon turns what follows it, up to the next one, into rules for that agent; rules with a
    value (`max-snippet: 0`, `unavailable_after: 25 Jun 2030 15:00:00 PST`) look alike and end nothing.
    """
    ours = True
    for part in value.split(","):
        match = _AGENT.match(part)
        if match:
            name = match[1].lower()
            if name.startswith("max-") or name == "unavailable_after":
                continue
            ours = name == agent
            part = part[match.end() :]
        if ours:
            yield from _rules(part)


def _rules(content: str) -> Iterator[str]:
    for rule in re.split(r"[,;\s]+", content.lower()):
        if rule in ROBOTS_OPT_OUT:
            yield rule


def _header_values(headers: Iterable[tuple[str, str]], name: str) -> Iterator[str]:
    return (value for key, value in headers if key.strip().lower() == name and value.strip())


def _absolute(base_url: str, href: str) -> str | None:
    """Return the http(s) URL that an address stands for, or None if it is none or too long."""
    try:
        url = urljoin(base_url, href.strip())
    except ValueError:  # such as "http://[": an IPv6 address without end
        return None
    return url if url.startswith(("http://", "https://")) and len(url) <= MAX_URL_CHARS else None


def _one_line(text: str | None, max_chars: int) -> str | None:
    if not text:
        return None
    return fold_lines(text[: 4 * max_chars]).replace("\n", " ")[:max_chars].rstrip() or None

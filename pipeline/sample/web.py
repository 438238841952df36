"""Which pages the sample's sites have, and where: every page of every site as one frozen record."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.core.errors import ConfigError
from pipeline.sample.languages import languages
from pipeline.sample.source import Layout, Page, PageKind, Site, Texts

_WITHOUT_SPACES = ("ja", "th", "zh")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class WebKind(StrEnum):
    """What a page is."""

    FAQ = "faq"
    TEMPLATE = "template"
    PLAIN = "plain"
    HOME = "home"
    OVERVIEW = "overview"
    CONTACT = "contact"
    IMPRINT = "imprint"
    PRINT = "print"
    """A copy of a FAQ page for the printer, word for word."""
    AMP = "amp"
    """A copy of a FAQ page for phones; long answers lost their last full stop."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question of one page with its answer, in the source's notation."""

    qa_id: str
    """The question's id in the site; of templates with the row's number: `route-price/3`."""
    question: str
    answer: str
    near_duplicate_of: str | None
    """Question of the same site and language that this one repeats with a small edit."""
    template: str | None
    """The template question that this pair is an instance of."""


@dataclass(frozen=True, slots=True)
class WebPage:
    """One page at one address."""

    site: Site
    group: str
    """Page group: the same page in other languages has the same."""
    kind: WebKind
    language: str
    """Tag of the language that the address stands for."""
    text_language: str
    """Tag of the language that title, text and pairs are written in."""
    url: str
    title: str
    description: str
    text: str
    pairs: tuple[Pair, ...] = ()
    alternates: tuple[tuple[str, str], ...] = ()
    """hreflang and URL of each language version, `x-default` last; empty for a page in one language."""
    canonical: str = ""
    copy_of: str | None = None
    """URL of the page whose pairs this one repeats."""
    defect: str | None = None
    markup: str = ""
    """jsonld, microdata, rdfa, or two of them joined by `+`; a variant follows after a hyphen."""

    @property
    def place(self) -> tuple[str, str, str]:
        """Site, page group and language: what the tables of single pages name a page by."""
        return self.site.id, self.group, self.language


def address(site: Site, tag: str, slug: str) -> str:
    """Return the URL of a page; an empty slug is the language's home page."""
    match site.layout:
        case Layout.PATH:
            return f"https://{site.domain}/{tag}/{slug}"
        case Layout.SUBDOMAIN:
            return f"https://{tag}.{site.domain}/{slug}"
        case Layout.SUFFIX:
            return f"https://{site.domain}/{slug or 'index'}.{tag}.html"
        case Layout.QUERY:
            return f"https://{site.domain}/{slug}?lang={tag}"


def host_of(url: str) -> str:
    """Return the URL's host."""
    return url.split("/", 3)[2]


def site_pages(site: Site) -> list[WebPage]:
    """Return the site's pages by language and then in the order of its file, generated ones included.

    Raises ConfigError where two pages would have the same address.
    """
    pages = [page for tag in site.languages for page in _language_pages(site, tag)]
    _check_addresses(site, pages)
    urls: dict[str, dict[str, str]] = {}
    for page in pages:
        urls.setdefault(page.group, {})[page.language] = page.url
    return [replace(page, alternates=_alternates(site, urls[page.group])) for page in pages]


def _language_pages(site: Site, tag: str) -> Iterator[WebPage]:
    written = [page for source in site.pages if tag in source.title for page in _written(site, source, tag)]
    yield _generated(site, tag, WebKind.HOME, written)
    yield from written
    for kind in (WebKind.OVERVIEW, WebKind.CONTACT, WebKind.IMPRINT):
        yield _generated(site, tag, kind, written)


def _written(site: Site, source: Page, tag: str) -> Iterator[WebPage]:
    if source.kind != PageKind.TEMPLATE:
        yield _page(site, source, tag, {}, None)
        return
    for number, row in enumerate(source.rows, start=1):
        yield _page(site, source, tag, row, number)


def _page(site: Site, source: Page, tag: str, row: Mapping[str, Texts], number: int | None) -> WebPage:
    def filled(texts: Texts) -> str:
        text = texts.get(tag) or texts[site.default_language]
        return _PLACEHOLDER.sub(lambda match: row[match[1]][tag], text)

    url = address(site, tag, filled(source.slug))
    return WebPage(
        site=site,
        group=source.id if number is None else f"{source.id}/{number}",
        kind=WebKind(source.kind.value),
        language=tag,
        text_language=tag,
        url=url,
        canonical=url,
        title=filled(source.title),
        description=filled(source.description),
        text=filled(source.text),
        pairs=tuple(
            Pair(
                qa_id=qa.id if number is None else f"{qa.id}/{number}",
                question=filled(qa.question),
                answer=filled(qa.answer),
                near_duplicate_of=qa.near_duplicate_of,
                template=None if number is None else qa.id,
            )
            for qa in source.questions
            if tag in qa.question
        ),
        markup=site.syntax if source.questions else "",
    )


def _generated(site: Site, tag: str, kind: WebKind, written: list[WebPage]) -> WebPage:
    slug = {WebKind.HOME: "", WebKind.CONTACT: "contact-form"}.get(kind, kind.value)
    url = address(site, tag, slug)
    word = languages()[tag].words[kind.value]
    return WebPage(
        site=site,
        group=f"{kind.value}-page",
        kind=kind,
        language=tag,
        text_language=tag,
        url=url,
        canonical=url,
        title=site.name if kind is WebKind.HOME else word,
        description=written[0].description,
        text=written[0].text if kind is WebKind.HOME else "",
    )


def _alternates(site: Site, urls: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if len(urls) < 2:
        return ()
    default = urls.get(site.default_language) or next(iter(urls.values()))
    return (*urls.items(), ("x-default", default))


def _check_addresses(site: Site, pages: Iterable[WebPage]) -> None:
    seen: dict[str, str] = {}
    for page in pages:
        if page.url in seen:
            raise ConfigError(
                f"{site.id}.toml: pages {seen[page.url]} and {page.group} have the same address {page.url}; "
                f"change slug.{page.language} of one."
            )
        seen[page.url] = page.group


def untranslated(page: WebPage, default: WebPage) -> WebPage:
    """Return the page with the default language's text, as when nobody got round to translating it."""
    return replace(
        page,
        title=default.title,
        description=default.description,
        text=default.text,
        pairs=default.pairs,
        text_language=default.text_language,
        copy_of=default.url,
    )


def copy_page(page: WebPage, kind: WebKind) -> WebPage:
    """Return the page's print or AMP version, at an address of its own."""
    parts = page.url.split("/", 3)
    if kind is WebKind.AMP or page.site.syntax != "jsonld":
        url = "/".join([*parts[:3], kind.value, parts[3]])
    else:
        url = f"{page.url}{'&' if '?' in page.url else '?'}print=1"
    pairs = (
        page.pairs if kind is WebKind.PRINT else tuple(_without_full_stop(page, pair) for pair in page.pairs)
    )
    return replace(page, kind=kind, url=url, pairs=pairs, alternates=(), copy_of=page.url, defect=None)


def _without_full_stop(page: WebPage, pair: Pair) -> Pair:
    """Drop the last full stop of an answer that is long enough to stay a near-duplicate."""
    text = f"{pair.question} {pair.answer}"
    is_long = len(text) >= 60 if page.text_language in _WITHOUT_SPACES else len(text.split()) >= 25
    end = pair.answer.rstrip()
    return replace(pair, answer=end[:-1]) if is_long and end[-1] in ".\u3002" else pair

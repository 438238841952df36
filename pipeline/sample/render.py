"""From a planned page to the bytes a server would send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from pipeline.sample import markup
from pipeline.sample.defects import Declared, Defect, defect_of
from pipeline.sample.languages import languages
from pipeline.sample.looks import Look, filler_script, filler_styles, look_of
from pipeline.sample.text import html_blocks, html_inline
from pipeline.sample.web import WebKind, WebPage


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as it goes over the wire, before any transfer coding."""

    content_type: str
    body: bytes


def render(page: WebPage, siblings: Sequence[WebPage], *, on: date) -> Rendered:
    """Return the page's media type and bytes; `siblings` are the site's pages in its language, for menus.

    Characters that the page's character set lacks are written as references.
    """
    defect, look = defect_of(page.defect), look_of(page.site)
    text = "\n".join(_document(page, siblings, look=look, defect=defect, on=on)) + "\n"
    return Rendered(_content_type(look, defect), text.encode(defect.codec, "xmlcharrefreplace"))


def _content_type(look: Look, defect: Defect) -> str:
    in_http = look.declares_charset_in_http or defect.declared is Declared.HTTP
    return (
        f"text/html; charset={defect.label}"
        if in_http and defect.declared is not Declared.META
        else "text/html"
    )


def _document(
    page: WebPage, siblings: Sequence[WebPage], *, look: Look, defect: Defect, on: date
) -> list[str]:
    language = languages()[page.language]
    tag = defect.html_lang or page.language
    amp = " amp" if page.kind is WebKind.AMP else ""
    direction = ' dir="rtl"' if language.direction == "rtl" else ""
    return [
        "<!DOCTYPE html>",
        f'<html{amp} lang="{tag}"{direction} prefix="og: https://ogp.me/ns#">',
        "<head>",
        *_head(page, look, defect),
        "</head>",
        f'<body class="{look.prefix}-page {look.prefix}-{page.kind}">',
        *_header(page, siblings, look),
        f'<main class="{look.prefix}-main">',
        f"<h1>{html_inline(page.title)}</h1>",
        *html_blocks(page.text),
        *_content(page, siblings, look),
        "</main>",
        *_footer(page, siblings, look=look, on=on),
        "</body>",
        "</html>",
    ]


def _head(page: WebPage, look: Look, defect: Defect) -> list[str]:
    title = page.title if page.kind is WebKind.HOME else f"{page.title} | {page.site.name}"
    locale = languages()[page.language].locale
    lines = [
        *_charset_meta(defect),
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title, quote=False)}</title>",
        f'<meta name="description" content="{escape(page.description)}">',
        f'<meta name="generator" content="{look.generator}">' if look.generator else "",
        defect.head or "",
        f'<link rel="canonical" href="{escape(page.canonical)}">',
        *(f'<link rel="alternate" hreflang="{tag}" href="{escape(url)}">' for tag, url in page.alternates),
        f'<meta property="og:title" content="{escape(page.title)}">',
        f'<meta property="og:locale" content="{locale}">',
        f'<link rel="stylesheet" href="https://{page.site.domain}/assets/style.css">',
        *_filler(page, look, defect),
        *_scripts(page, look, defect),
    ]
    return [line for line in lines if line]


def _charset_meta(defect: Defect) -> list[str]:
    match defect.declared:
        case Declared.HTTP_AND_META:
            return ['<meta charset="utf-8">']
        case Declared.META:
            return [f'<meta http-equiv="Content-Type" content="text/html; charset={defect.meta_label}">']
        case Declared.HTTP:
            return []


def _filler(page: WebPage, look: Look, defect: Defect) -> list[str]:
    n_bytes = look.filler_bytes if page.kind in (WebKind.HOME, WebKind.FAQ) else 0
    lines = []
    if n_bytes:
        lines.append(f"<style>{filler_styles(look, n_bytes // 2)}</style>")
    if n_bytes or defect.filler_bytes:
        lines.append(f"<script>{filler_script(page.url, n_bytes // 2 + defect.filler_bytes)}</script>")
    return lines


def _scripts(page: WebPage, look: Look, defect: Defect) -> list[str]:
    """Return the JSON-LD script elements: what is not about questions first."""
    blocks = [defect.sibling] if defect.sibling else []
    if page.kind is WebKind.HOME:
        blocks.append(markup.dump(markup.organization(page), look.json))
    elif page.kind is WebKind.PLAIN and look.generator:
        blocks.append(markup.dump(markup.breadcrumbs(page), look.json))
    scripts = [_script(block, "application/ld+json") for block in blocks]
    if page.markup.startswith("jsonld"):
        scripts += [_script(block, defect.script_type) for block in _faq_blocks(page, look, defect)]
    return scripts


def _faq_blocks(page: WebPage, look: Look, defect: Defect) -> list[str]:
    as_html = markup.answers_as_html(page) if defect.as_html is None else defect.as_html
    style = look.json if defect.codec == "utf-8" else markup.JsonStyle(look.json.indent, False)
    values = markup.faq_values(page, as_html=as_html)
    blocks = [markup.dump(value, style, codec=defect.codec) for value in values]
    return [defect.block(block) for block in blocks] if defect.block else blocks


def _script(block: str, script_type: str) -> str:
    return f'<script type="{script_type}">{block}</script>'


def _header(page: WebPage, siblings: Sequence[WebPage], look: Look) -> list[str]:
    words = languages()[page.language].words
    if page.kind is WebKind.PRINT:
        return [f'<p class="{look.prefix}-print">{escape(words["print"])}</p>']
    links = [
        page_link(other) for other in siblings if other.kind in (WebKind.HOME, WebKind.FAQ, WebKind.PLAIN)
    ]
    versions = [
        f'<a hreflang="{tag}" href="{escape(url)}">{languages()[tag].name}</a>'
        for tag, url in page.alternates
        if tag != "x-default"
    ]
    return [
        f'<header class="{look.prefix}-head">',
        f"<strong>{escape(page.site.name, quote=False)}</strong>",
        f'<nav class="{look.prefix}-menu">' + " ".join(links) + "</nav>",
        f'<form role="search"><input type="search" name="s" placeholder="{escape(words["search"])}"></form>',
        *([f'<nav class="{look.prefix}-languages">' + " ".join(versions) + "</nav>"] if versions else []),
        "</header>",
    ]


def page_link(page: WebPage) -> str:
    """Return a link to the page under its title (home pages under their word)."""
    label = languages()[page.language].words["home"] if page.kind is WebKind.HOME else page.title
    return f'<a href="{escape(page.url)}">{escape(label, quote=False)}</a>'


def _content(page: WebPage, siblings: Sequence[WebPage], look: Look) -> list[str]:
    match page.kind:
        case WebKind.HOME | WebKind.OVERVIEW:
            return _cards(page, siblings, look)
        case WebKind.CONTACT:
            return [*_details(page), *_contact_form(page)]
        case WebKind.IMPRINT:
            return _details(page)
        case WebKind.PLAIN:
            return []
    if "microdata" in page.markup:
        return [markup.microdata_section(page)]
    if page.markup.startswith("rdfa"):
        return [markup.rdfa_section(page)]
    return _visible_questions(page, look)


def _visible_questions(page: WebPage, look: Look) -> list[str]:
    """Return the questions as a reader sees them on a page whose markup stands elsewhere."""
    before, between, after = {
        "details": ('<details class="faq-item"><summary>', "</summary>", "</details>"),
        "headings": ('<h2 class="faq-item">', "</h2>", ""),
        "dl": ("<dt>", "</dt><dd>", "</dd>"),
    }[look.questions]
    outer = "dl" if look.questions == "dl" else "section"
    items = (
        f"{before}{html_inline(pair.question)}{between}\n{markup.answer_html(pair)}\n{after}".rstrip()
        for pair in page.pairs
    )
    return [f'<{outer} class="faq">', *items, f"</{outer}>"]


def _cards(page: WebPage, siblings: Sequence[WebPage], look: Look) -> list[str]:
    more = languages()[page.language].words["more"]
    kinds = (
        (WebKind.FAQ, WebKind.PLAIN)
        if page.kind is WebKind.HOME
        else (WebKind.TEMPLATE, WebKind.PLAIN, WebKind.FAQ)
    )
    return [
        f'<article class="{look.prefix}-card"><h2>{html_inline(other.title)}</h2>'
        f"<p>{html_inline(other.description)}</p>"
        f'<p><a href="{escape(other.url)}">{escape(more, quote=False)}</a></p></article>'
        for other in sorted(siblings, key=lambda other: (other.kind not in kinds[:1], other.url))
        if other.kind in kinds
    ]


def _details(page: WebPage) -> list[str]:
    words = languages()[page.language].words
    number = sum(page.site.domain.encode())
    rows = [
        (words["address"], f"{page.site.name}, PO Box {number}"),
        (words["phone"], f"+00 555 01{number % 90 + 10}"),
        ("E-mail", f"info@{page.site.domain}"),
        ("WWW", f"https://{page.site.domain}/"),
    ]
    return [
        "<dl>",
        *(f"<dt>{escape(name)}</dt><dd>{html_inline(value)}</dd>" for name, value in rows),
        "</dl>",
    ]


def _contact_form(page: WebPage) -> list[str]:
    send = escape(languages()[page.language].words["send"])
    return [
        '<form method="post"><p><input type="email" name="from" required></p>',
        f'<p><textarea name="message" rows="6"></textarea></p><p><button>{send}</button></p></form>',
    ]


def _footer(page: WebPage, siblings: Sequence[WebPage], *, look: Look, on: date) -> list[str]:
    words = languages()[page.language].words
    links = [
        page_link(other)
        for other in siblings
        if other.kind in (WebKind.OVERVIEW, WebKind.CONTACT, WebKind.IMPRINT)
    ]
    return [
        f'<footer class="{look.prefix}-foot">',
        "<p>" + " ".join(links) + "</p>",
        f"<p>{escape(words['updated'])}: <time>{on.isoformat()}</time></p>",
        f"<p>© {on.year} {escape(page.site.name)}. {escape(words['rights'])}</p>",
        "</footer>",
    ]

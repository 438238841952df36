"""What a page says about itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.charset import parse_html
from extract.context import MAX_ALTERNATES, MAX_TITLE_CHARS, PageContext, page_context

URL = "https://shop.example/de/faq/"


def context(source: str, *headers: tuple[str, str], url: str = URL) -> PageContext:
    return page_context(parse_html(source), url=url, headers=headers)


def test_everything():
    page = context(
        """<html lang="de-AT"><head><base href="/basis/"><title> Häufige
           Fragen &amp; Antworten </title>
        <meta name="Description" content="Was Kunden fragen.">
        <meta name="keywords" content="faq, hilfe"><meta name="author" content="Laden">
        <meta property="og:locale" content="de_AT">
        <link rel="canonical" href="../faq">
        <link rel="alternate" hreflang="en" href="/en/faq/"><link rel="alternate stylesheet" href="x.css">
        <link rel="Alternate" hreflang="x-default" href="https://shop.example/faq/"></head>"""
    )
    assert page == PageContext(
        title="Häufige Fragen & Antworten",
        description="Was Kunden fragen.",
        keywords="faq, hilfe",
        author="Laden",
        canonical="https://shop.example/faq",
        html_lang="de-AT",
        content_language=None,
        og_locale="de_AT",
        alternates=(("en", "https://shop.example/en/faq/"), ("x-default", "https://shop.example/faq/")),
        base_url="https://shop.example/basis/",
        opt_out=(),
    )


def test_nothing():
    page = context("")
    assert page.base_url == URL
    assert (page.alternates, page.opt_out) == ((), ())
    values = (page.title, page.description, page.keywords, page.author, page.canonical, page.html_lang)
    assert values == (None,) * 6


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("<title>a</title><meta property='og:title' content='b'>", "a"),
        ("<title> </title><meta property='og:title' content='b'>", "b"),
        ("<body><svg><g><title>icon</title></g></svg>", None),
        ("<head><title>a</title></head><svg><title>icon</title></svg>", "a"),
        ("<p>x</p><title>late</title>", "late"),
        ("<title>a <b>b</b></title>", "a <b>b</b>"),
        ("<title></title><title>second</title>", "second"),
    ],
)
def test_title(source, title):
    assert context(source).title == title


def test_open_graph_fills_the_description():
    assert (
        context("<meta property=og:description content=o><meta name=description content=' '>").description
        == "o"
    )
    assert (
        context("<meta property=og:description content=o><meta name=description content=d>").description
        == "d"
    )


def test_content_language_of_the_header_beats_the_meta():
    meta = "<meta http-equiv=Content-Language content=fr>"
    assert context(meta).content_language == "fr"
    assert context(meta, ("CONTENT-LANGUAGE", "de, en")).content_language == "de, en"


def test_xml_lang():
    assert context('<html xml:lang="pt">').html_lang == "pt"
    assert context('<html xml:lang="pt" lang="pt-BR">').html_lang == "pt-BR"


def test_link_headers():
    value = (
        '<https://shop.example/en/?a=1,2>; rel="alternate"; hreflang="en", '
        "</fr/>;rel=alternate;hreflang=fr, </style.css>; rel=preload; as=style, "
        '<http://shop.example/kanonisch>; rel="canonical"'
    )
    page = context(
        "<link rel=alternate hreflang=it href=/it/>",
        ("Link", value),
        ("link", "</es/>; rel=alternate; hreflang=es"),
    )
    assert page.alternates == (
        ("it", "https://shop.example/it/"),
        ("en", "https://shop.example/en/?a=1,2"),
        ("fr", "https://shop.example/fr/"),
        ("es", "https://shop.example/es/"),
    )
    assert page.canonical == "http://shop.example/kanonisch"


@pytest.mark.parametrize("href", ["javascript:x()", "mailto:a@b.example", "http://[", "x" * 5000, ""])
def test_unusable_addresses_are_dropped(href):
    page = context(
        f"<base href='{href}'><link rel=canonical href='{href}'>"
        f"<link rel=alternate hreflang=de href='{href}'>"
    )
    assert (page.canonical, page.alternates, page.base_url) == (None, (), URL)


def test_lengths_are_bounded():
    many = "".join(f"<link rel=alternate hreflang=de href=/{i}>" for i in range(500))
    page = context(f"<title>{'t' * 5000}</title>{many}")
    assert len(page.title) == MAX_TITLE_CHARS
    assert len(page.alternates) == MAX_ALTERNATES


def test_alternates_are_listed_once():
    twice = "<link rel=alternate hreflang=de href=/de><link rel=alternate hreflang=de href=/de>"
    assert context(twice).alternates == (("de", "https://shop.example/de"),)


OPT_OUT = {
    "robots meta": ("<meta name=ROBOTS content='NoIndex, nofollow'>", [], ("meta-robots:noindex",)),
    "several metas": (
        "<meta name=robots content=noai><meta name=robots content='noimageai,noarchive'>",
        [],
        ("meta-robots:noai", "meta-robots:noimageai", "meta-robots:noarchive"),
    ),
    "none": ("<meta name=robots content=none>", [], ("meta-robots:none",)),
    "other agents": ("<meta name=googlebot content=noindex>", [("X-Robots-Tag", "googlebot: noindex")], ()),
    "us by name": (
        "<meta name=Faqtory content=noindex>",
        [("X-Robots-Tag", "Faqtory: noai")],
        ("x-robots-tag:noai", "meta-faqtory:noindex"),
    ),
    "index": ("<meta name=robots content='index, follow, max-image-preview:large'>", [], ()),
    "robots header": ("", [("x-robots-tag", "noindex, nofollow")], ("x-robots-tag:noindex",)),
    "repeated headers": (
        "",
        [("X-Robots-Tag", "nofollow"), ("X-Robots-Tag", "noai, noimageai")],
        ("x-robots-tag:noai", "x-robots-tag:noimageai"),
    ),
    "an agent's rules end with the next": (
        "",
        [("X-Robots-Tag", "googlebot: nofollow, noindex, faqtory: noarchive, otherbot: noai")],
        ("x-robots-tag:noarchive",),
    ),
    "rules with values": (
        "",
        [("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST, max-snippet: 0, noindex")],
        ("x-robots-tag:noindex",),
    ),
    "tdm header": ("", [("TDM-Reservation", " 1 ")], ("tdm-header:1",)),
    "tdm meta": ("<meta name=tdm-reservation content=1>", [], ("tdm-meta:1",)),
    "tdm granted": ("<meta name=tdm-reservation content=0>", [("tdm-reservation", "0")], ()),
    "said twice": ("<meta name=robots content='noindex,noindex'>", [], ("meta-robots:noindex",)),
    "in the body": ("<p>x<meta name=robots content=noindex>", [], ("meta-robots:noindex",)),
}


@pytest.mark.parametrize("case", OPT_OUT)
def test_opt_out(case):
    source, headers, expected = OPT_OUT[case]
    assert context(source, *headers).opt_out == expected


WORDS = st.sampled_from(
    [
        "<meta ",
        "name=robots ",
        "content='noindex' ",
        "<link ",
        "rel=alternate ",
        "hreflang=x ",
        "href='http://[' ",
        ">",
    ]
)


@given(st.lists(WORDS), st.lists(st.tuples(st.sampled_from(["Link", "X-Robots-Tag"]), st.text(max_size=60))))
def test_never_raises(parts, headers):
    context("".join(parts), *headers)


def test_link_header_time_is_linear():
    context(
        "",
        ("Link", "<" * 60_000),
        ("Link", "<a>;" * 15_000),
        ("Link", "<a>; " + "x " * 30_000),
        ("Link", '<a>;x="' * 9_000),
    )

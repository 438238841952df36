"""What a page's URL says about its translations: the address to compare, the site, and all but the language.

Two pages of one site with the same `page_key` may be translations of each other, no more: `/it/` is Italian
on one site and the IT department on the next, and `/how-to` ends like a page in Tongan. The keys err on the
generous side, as the pages' texts are asked afterwards. What the path's words say is lost: `/de/preise` and
`/en/prices` have different keys, and meet by their hreflang links alone.
"""

import re
from contextlib import suppress
from functools import cache, lru_cache
from urllib.parse import SplitResult, quote, urlsplit

import langcodes
import tldextract

_TWO_LETTERS = (
    r"a[abefkmnrsvyz]|b[aegimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]|"
    r"i[adegikostu]|j[av]|k[agijklmnorsuvwy]|l[abginotuv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|"
    r"p[ailst]|qu|r[mnouw]|s[acdeghiklmnoqrstuvw]|t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|xh|y[io]|"
    r"z[ahu]"
)
"""ISO 639-1, with sh, once one of it. Not in, iw and ji, withdrawn in 1989: the first is a word."""
_THREE_LETTERS = (
    r"ara|arz|ast|bel|ben|bul|cat|ceb|ces|ckb|cmn|cze|dan|deu|dsb|ell|eng|est|eus|fas|fil|fin|fra|fre|"
    r"gal|ger|gle|gre|gsw|heb|hin|hrv|hsb|hun|hye|ind|isl|ita|jpn|kab|kat|kaz|kmr|kor|lav|lit|mar|mkd|"
    r"mlt|msa|nds|nep|nld|nob|nor|pol|por|ron|rum|rus|slk|slo|slv|spa|sqi|srp|swa|swe|tam|tel|tgl|tha|"
    r"tur|ukr|urd|uzb|vie|yue|zho"
)
"""Codes of ISO 639-2 and 639-3 that sites use; most others are words, such as new, pro and the."""
_MISTAKEN = r"jp|cz|gr|dk|ua|vn|cn|rs"
"""Country codes that sites write for languages."""
_CODE = re.compile(f"{_TWO_LETTERS}|{_THREE_LETTERS}|{_MISTAKEN}")

_TAG = re.compile(r"([a-z]{2,3})(?:[-_](hans|hant|latn|cyrl|arab))?(?:[-_]([a-z]{2}|419))?")
_TAG_IN_NAME = r"(?:[a-z]{2,3}(?:[-_](?:hans|hant|latn|cyrl|arab))?(?:[-_](?:[a-z]{2}|419))?)"
_SUFFIX = re.compile(rf"(.*?)[._-]({_TAG_IN_NAME})")
_PREFIX = re.compile(rf"({_TAG_IN_NAME})[._-](.+)")
_PAGE_TYPE = re.compile(r"\.(?:html?|xhtml|php|aspx?|jsp)(?=\.|$)")
_INDEX = re.compile(r"(?:index|default)(?:\.(?:html?|xhtml|php|aspx?|jsp))?")
_LANGUAGE_PARAMETER = re.compile(
    r"(?:set)?lang(?:uage|ue|_code)?|lng|locale|hl|l|lc|ln|idioma|sprache",
)

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_SAFE = "!$%&'()*+,/:;=?@[]~"
_DEFAULT_PORTS = {"http": 80, "https": 443}

_SUFFIX_LIST = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=4096)
def normal_url(url: str) -> str:
    """Return the form by which a link and the crawled URL that it names are compared.

    Scheme, user, default port, fragment, last slash and a last `index.html` do not count, nor do the case of
    the host, its final dot, the way characters are escaped and the order of query parameters.
    """
    parts = _split(url)
    if parts is None:
        return url.strip()
    segments = _segments(parts)
    query = "&".join(sorted(filter(None, _escaped(parts.query).split("&"))))
    url = "/".join([f"https://{_host(parts)}{_port(parts)}", *segments])
    return f"{url}?{query}" if query else url


@lru_cache(maxsize=4096)
def page_key(url: str) -> str:
    """Return the URL without its language: equal for pages that differ in it alone.

    The language may stand in the host (`de.example.org`), as a segment (`/de/faq`, `/de-at/faq`,
    `/at/de/faq`), in the file's name (`faq.de.html`, `faq_de.html`, `de_faq.html`) or in the query
    (`?lang=de`). Neither `www` nor the file's type counts.
    """
    parts = _split(url)
    if parts is None:
        return url.strip()
    segments = _without_language([segment.lower() for segment in _segments(parts)])
    if segments:
        segments[-1:] = [name] if (name := _name_without_language(segments[-1])) else []
    query = sorted(
        parameter
        for parameter in filter(None, _escaped(parts.query).split("&"))
        if not _names_language(parameter)
    )
    key = f"{_host_without_language(_host(parts))}{_port(parts)}/{'/'.join(segments)}"
    return f"{key}?{'&'.join(query)}" if query else key


def site_of(url: str, *, by: str) -> str:
    """Return the site that a URL belongs to, `by` its registered `domain` or its host, the `origin`.

    The registered domain is one label more than the public suffix, of the list that comes with tldextract,
    private suffixes such as github.io included. Empty where the URL has no host.
    """
    parts = _split(url)
    host = _host(parts) if parts else ""
    return _registered_domain(host) if by == "domain" else host


@lru_cache(maxsize=4096)
def _registered_domain(host: str) -> str:
    found = _SUFFIX_LIST(host)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else host
    labels = host.split(".")
    is_name = not labels[-1].isdecimal() and not host.startswith("[")
    return ".".join(labels[-2:]) if is_name else host


def _split(url: str) -> SplitResult | None:
    """Return the URL's parts, None where it has no host or a port that is none."""
    try:
        parts = urlsplit(url.strip())
        return parts if parts.hostname and (parts.port is None or parts.port >= 0) else None
    except ValueError:
        return None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    with suppress(UnicodeError):  # no name that the DNS could hold: compared as written
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    return f"[{host}]" if ":" in host else host


def _port(parts: SplitResult) -> str:
    port = parts.port
    return f":{port}" if port and port != _DEFAULT_PORTS.get(parts.scheme.lower()) else ""


def _segments(parts: SplitResult) -> list[str]:
    segments = [segment for segment in _escaped(parts.path).split("/") if segment not in ("", ".")]
    if segments and _INDEX.fullmatch(segments[-1].lower()):
        del segments[-1]
    return segments


def _escaped(text: str) -> str:
    """Return the text with every character escaped that must be, in capitals, and no other one."""
    return quote(_ESCAPE.sub(_unescaped, text), safe=_SAFE, errors="replace")


def _unescaped(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if _UNRESERVED.match(char) else match[0].upper()


@cache
def _is_region(code: str) -> bool:
    return code == "419" or langcodes.Language.make(territory=code.upper()).is_valid()


def _is_language(tag: str) -> bool:
    match = _TAG.fullmatch(tag)
    if match is None:
        return False
    if _CODE.fullmatch(match[1]):
        return match[3] is None or _is_region(match[3])
    return bool(match[3] and _CODE.fullmatch(match[3])) and _is_region(
        match[1]
    )  # the region first, as in `us-en`


def _without_language(segments: list[str]) -> list[str]:
    """Leave out the first segment that is a language, and a region before it."""
    for place, segment in enumerate(segments):
        following = segments[place + 1] if place + 1 < len(segments) else ""
        if len(segment) == 2 and _is_region(segment) and _CODE.fullmatch(following):
            return segments[:place] + segments[place + 2 :]
        if _is_language(segment):
            return segments[:place] + segments[place + 1 :]
    return segments


def _name_without_language(name: str) -> str:
    """Return the name of a file without its type and language; empty where these are all, or for an index."""
    stem = _PAGE_TYPE.sub("", name)
    if (after := _SUFFIX.fullmatch(stem)) and _is_language(after[2]):
        stem = after[1]
    elif (before := _PREFIX.fullmatch(stem)) and _is_language(before[1]):
        stem = before[2]
    elif stem != name and _is_language(stem):
        return ""
    return "" if stem in ("index", "default") else stem


def _host_without_language(host: str) -> str:
    """Return the host without first labels that are `www` or a language, the registered domain excepted."""
    domain = _registered_domain(host)
    below = host.removesuffix(domain).rstrip(".").split(".")
    while below and (below[0] == "www" or _is_language(below[0])):
        del below[0]
    return ".".join([*filter(None, below), domain])


def _names_language(parameter: str) -> bool:
    name, _, value = parameter.lower().partition("=")
    return _LANGUAGE_PARAMETER.fullmatch(name) is not None and _is_language(value)

"""The languages that a page declares, in its markup and its address: evidence, never truth."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from extract.langid_codes import code_of_tag
from extract.langid_records import PageEvidence

ENGLISH_VOTE = 0.5
"""Votes of a declaration of English; others have one. Templates declare English without being asked."""

_URL_TAG = re.compile(r"[A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?")
_FILE_TAG = re.compile(r"\.([A-Za-z]{2}(?:[-_][A-Za-z]{2})?)\.(?:html?|php|aspx?)$")
_QUERY_KEYS = frozenset({"lang", "language", "locale", "hl", "lng"})


def declared_votes(page: PageEvidence) -> dict[str, float]:
    """Return how many of the page's declarations are for which language (ISO 639-3).

    Counted are the html element, Content-Language, og:locale, an hreflang link to the page itself, and the
    address: a subdomain, one of the first two folders, a file's `.de.html`, a parameter such as `?lang=de`.
    """
    tags = [page.html_lang, page.content_language, page.og_locale, _own_hreflang(page), _url_tag(page.url)]
    votes: dict[str, float] = {}
    for tag in tags:
        if tag:
            add_vote(votes, tag)
    return votes


def add_vote(votes: dict[str, float], tag: str) -> None:
    """Count one more declaration, unless its tag names no language or, as `de, en`, several."""
    code = code_of_tag(tag) if "," not in tag else None
    if code:
        votes[code] = votes.get(code, 0.0) + (ENGLISH_VOTE if code == "eng" else 1.0)


def vote_shares(votes: Mapping[str, float]) -> dict[str, float]:
    """Return each language's share of the votes; of less than one vote, as English alone has, the votes."""
    total = max(1.0, sum(votes.values()))
    return {code: n / total for code, n in votes.items()}


def _own_hreflang(page: PageEvidence) -> str | None:
    own = _comparable(page.url)
    return next((tag for tag, url in page.alternates if _comparable(url) == own and tag != "x-default"), None)


def _comparable(url: str) -> str:
    return url.partition("#")[0].partition("://")[2].rstrip("/")


def _url_tag(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        labels = (parts.hostname or "").split(".")
        named = [value for key, value in parse_qsl(parts.query) if key.lower() in _QUERY_KEYS]
    except ValueError:
        return None
    in_file = _FILE_TAG.search(parts.path)
    candidates = [*named, *([in_file.group(1)] if in_file else []), *parts.path.split("/")[1:3]]
    candidates += labels[:1] if len(labels) > 2 else []
    return next((tag for tag in candidates if _URL_TAG.fullmatch(tag) and code_of_tag(tag)), None)

"""Stable identifiers."""

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit


def pair_id(question: str, answer: str) -> str:
    """Return WebFAQ's own key: md5 hex of `question + " " + answer`, newlines as spaces."""
    return md5_hex((question + " " + answer).replace("\n", " "))


def md5_hex(text: str) -> str:
    """Return the md5 of the text's UTF-8 bytes as 32 hex digits (a key, not a safeguard)."""
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


def key_of(**parts: Any) -> str:
    """Return 16 hex digits that change when any of the JSON-representable parts does."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()[
        :16
    ]


def origin_of(url: str) -> str:
    """Return the URL's host in lower case without port; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""

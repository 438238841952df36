"""HTML that is built from elements, so that text from strangers cannot become markup.

`Html` marks what is markup already; every other string that enters an element is escaped on the way in. Only
this module makes `Html` from a string.
"""

import re
from collections.abc import Iterable
from html import escape

from pipeline.core.text import harmless

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_VOID = frozenset({"meta", "br", "rect", "line"})


class Html(str):
    """Markup that is safe to place in a page; joining it with `+` or formatting gives plain text again."""

    __slots__ = ()


Child = Html | str
"""What an element may hold: markup, or plain text, which is escaped."""

Value = str | int | float | None
"""What an attribute may hold; None leaves the attribute out."""


def text(plain: str) -> Html:
    """Escape plain text; control and direction characters show as their code points."""
    return Html(escape(harmless(plain), quote=True))


def joined(children: Iterable[Child]) -> Html:
    """Put markup and texts one after the other."""
    return Html("".join(c if isinstance(c, Html) else text(c) for c in children))


def element(tag: str, *children: Child, **attributes: Value) -> Html:
    """Build one element; `class_` stands for class, and other underscores for hyphens.

    Raises ValueError for a name of element or attribute that is no name, or that would run a script.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None)
    if not _NAME.fullmatch(tag) or tag.lower() == "script":
        raise ValueError(f"{tag!r} cannot be an element of the page")
    if tag in _VOID and not children:
        return Html(f"<{tag}{written}>" if tag in ("meta", "br") else f"<{tag}{written}/>")
    return Html(f"<{tag}{written}>{joined(children)}</{tag}>")


def stylesheet(css: str) -> Html:
    """Build the one style element of the page from the project's own style sheet.

    Raises ValueError where the sheet could end the element.
    """
    if "<" in css:
        raise ValueError("a style sheet must not contain <")
    return Html(f"<style>{css}</style>")


def document(*, language: str, head: Iterable[Child], body: Iterable[Child]) -> Html:
    """Build a whole page."""
    page = element("html", element("head", *head), element("body", *body), lang=language)
    return Html(f"<!doctype html>\n{page}\n")


def _attribute(name: str, value: Value) -> str:
    name = name.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name) or name.lower().startswith("on"):
        raise ValueError(f"{name!r} cannot be an attribute of the page")
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {name}="{text(shown)}"'

"""Texts from crawled pages, set so that any script reads rightly and nothing in them acts."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import langcodes

from pipeline.report.charts import percent, share_of
from pipeline.report.html import Child, Html, element
from pipeline.report.tables import Counts

EXTRACT = "faqtory extract INPUT... --work DIR"
CLEAN = "faqtory clean --work DIR"
ENRICH = "faqtory enrich --work DIR"
ALIGN = "faqtory align --work DIR"
MINE = "faqtory mine --work DIR"

MAX_CHARS = 600
"""Characters of a question or an answer that are shown."""

MAX_URL_CHARS = 200

RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})
"""Scripts whose texts run from right to left, even where one begins with a Latin name."""


def pair_card(row: dict[str, Any], *, notes: Iterable[Child] = ()) -> Html:
    """Show one pair: question, answer, and where it comes from.

    The address is text, not a link: a report that is passed on must not lead its readers to strangers' sites.
    """
    tag = language_tag(row["language"])
    direction = "rtl" if row.get("script") in RIGHT_TO_LEFT else "auto"
    badges = [row["language"], *(row[key] for key in ("script", "syntax") if row.get(key))]
    return element(
        "article",
        element("p", *(element("span", badge, class_="badge") for badge in badges), *notes, class_="meta"),
        element("p", shortened(row["question"]), class_="question", lang=tag, dir=direction),
        element("div", shortened(row["answer"]), class_="answer", lang=tag, dir=direction),
        element("p", element("bdi", shortened(row["url"], MAX_URL_CHARS)), class_="meta url"),
    )


def numbered(n: int, noun: str) -> str:
    """Write a number with its noun, in the plural where it takes one."""
    if n == 1:
        return f"{n:,} {noun}"
    return f"{n:,} {noun[:-1]}ies" if noun.endswith("y") else f"{n:,} {noun}s"


def shortened(text: str, max_chars: int = MAX_CHARS) -> str:
    """Cut a text that is longer than `max_chars`, and say so with an ellipsis."""
    return text if len(text) <= max_chars else text[:max_chars].rstrip() + " …"


def language_tag(code: str) -> str:
    """Return the tag by which browsers know an ISO 639-3 code; empty, for unknown, where it is none."""
    if not re.fullmatch("[a-z]{3}", code) or code == "und":
        return ""
    return _two_letters().get(code, code)


@cache
def _two_letters() -> dict[str, str]:
    """Return the two-letter code of each language that has one: the form that BCP 47 asks for."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = {}
    for tag in (a + b for a in letters for b in letters):
        try:
            code = langcodes.Language.get(tag, normalize=False).to_alpha3()
        except LookupError:
            continue
        if langcodes.standardize_tag(tag) == tag:
            found[code] = tag
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[Child]], *, n_texts: int = 1) -> Html:
    """Build a table whose first column names the rows; columns after the first `n_texts` hold numbers."""
    classes = [None] * n_texts + ["number"] * (len(head) - n_texts)
    header = [element("th", name, scope="col", class_=c) for name, c in zip(head, classes, strict=True)]
    body = []
    for first, *others in rows:
        cells = [element("td", cell, class_=c) for cell, c in zip(others, classes[1:], strict=True)]
        body.append(element("tr", element("th", first, scope="row"), *cells))
    whole = element("table", element("thead", element("tr", *header)), element("tbody", *body))
    return element("div", whole, class_="scroll")


def counts_table(head: str, unit: str, counts: Counts, *, whole: int | None = None) -> Html:
    """Build a table of counts, the largest first, with their shares of `whole`, by default of the sum."""
    whole = counts.n.total() if whole is None else whole
    rows = [[name, f"{n:,}", percent(share_of(n, whole))] for name, n in counts.ranked()]
    return table([head, unit, "share"], rows) if rows else note(f"No {unit} with a {head}.")


def facts(entries: Iterable[tuple[str, Child]]) -> Html:
    """Build a list of names and values."""
    rows = [element(tag, child) for name, value in entries for tag, child in (("dt", name), ("dd", value))]
    return element("dl", *rows, class_="facts")


def cards(rows: Iterable[dict[str, Any]], *, size: str | None = None, unit: str = "") -> Html:
    """Show pairs beside each other where there is room; `size` names a column to show, in `unit`."""
    articles = [pair_card(row, notes=[f"{row[size]:,} {unit}"] if size else ()) for row in rows]
    return element("div", *articles, class_="cards") if articles else note("None.")


def details(summary: str, *content: Child) -> Html:
    """Hide content behind a line that opens it."""
    return element("details", element("summary", summary), *content)


def note(*content: Child) -> Html:
    """Build a line in a softer voice."""
    return element("p", *content, class_="note")


def missing(table_name: str, command: str) -> Html:
    """Say that a part is left out for want of a table, and what makes it."""
    name = element("code", table_name)
    return note("Left out: there is no table ", name, ". ", element("code", command), " makes it.")

"""A matrix of counts between languages: a table whose cells are shaded by their counts."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.report.html import Html, element
from pipeline.report.texts import shortened

MAX_NAMES = 25
"""Rows and columns that fit the page's width; further names are summed up in one more."""

N_SHADES = 6
"""Shades that report.css defines."""

_MAX_HEAD_CHARS = 8


def matrix(counts: Mapping[tuple[str, str], int], *, title: str, summary: str) -> Html:
    """Draw counts of unordered pairs of names: as many rows as columns, the names with most of them first.

    Each count stands on both sides of the diagonal; the last column has each name's sum. Names beyond
    `MAX_NAMES` share one row and one column, which are not shaded and meet in what is between them.
    """
    names = _ranked(counts)
    shown = names[:MAX_NAMES]
    cells = _cells(counts, shown)
    heads = [*shown, "other"] if len(names) > len(shown) else shown
    single = {n for place, n in cells.items() if n and max(place) < len(shown)} or {1}
    edges = shade_edges(single)
    every = range(len(heads))
    header = [element("td"), *(_head(name, "col") for name in heads), _head("all", "col")]
    rows = [
        element(
            "tr",
            _head(name, "row"),
            *(_cell(cells[i, j], edges if max(i, j) < len(shown) else [], diagonal=i == j) for j in every),
            element("td", brief(sum(cells[i, j] for j in every)), class_="sum"),
        )
        for i, name in enumerate(heads)
    ]
    whole = element(
        "table", element("thead", element("tr", *header)), element("tbody", *rows), class_="matrix"
    )
    caption = element("figcaption", element("b", title), summary)
    return element("figure", caption, _legend(edges, max(single)), element("div", whole, class_="scroll"))


def brief(n: int) -> str:
    """Write a count in at most four characters up to 999 million: 9999, 12k, 1.2M; nothing for 0."""
    if n < 10_000:
        return str(n) if n else ""
    if n < 999_500:
        return f"{n / 1e3:.0f}k"
    return f"{n / 1e6:.1f}M" if n < 9_950_000 else f"{n / 1e6:.0f}M"


def shade_edges(counts: set[int]) -> list[int]:
    """Return the least count of each shade: round numbers, equally far apart on a logarithmic scale."""
    low, high = min(counts), max(counts)
    exact = (low * (high / low) ** (k / N_SHADES) for k in range(N_SHADES))
    return sorted({_rounded_down(edge) for edge in exact})


def _ranked(counts: Mapping[tuple[str, str], int]) -> list[str]:
    sums: Counter[str] = Counter()
    for pair, n in counts.items():
        for name in set(pair):
            sums[name] += n
    return sorted(sums, key=lambda name: (-sums[name], name))


def _cells(counts: Mapping[tuple[str, str], int], shown: Sequence[str]) -> Counter[tuple[int, int]]:
    places = {name: i for i, name in enumerate(shown)}
    cells: Counter[tuple[int, int]] = Counter()
    for pair, n in counts.items():
        i, j = (places.get(name, len(shown)) for name in pair)
        for place in {(i, j), (j, i)}:
            cells[place] += n
    return cells


def _rounded_down(x: float) -> int:
    """Return the largest number of one significant digit that is not above x, which is at least 1."""
    unit = int(10 ** math.floor(math.log10(x) + 1e-12))
    return int(x / unit + 1e-9) * unit


def _head(name: str, scope: str) -> Html:
    return element("th", shortened(name, _MAX_HEAD_CHARS), scope=scope)


def _cell(n: int, edges: Sequence[int], *, diagonal: bool) -> Html:
    if not n:
        return element("td", class_="diagonal" if diagonal else None)
    return element("td", brief(n), class_=_shade(n, edges) if edges else None, title=f"{n:,}")


def _shade(n: int, edges: Sequence[int]) -> str:
    """Return the class of the darkest shade whose edge the count reaches; few shades are spread over all."""
    step = sum(edge <= n for edge in edges)
    return f"shade-{round(step * N_SHADES / len(edges))}"


def _legend(edges: Sequence[int], most: int) -> Html:
    spans = [(low, above - 1) for low, above in pairwise(edges)] + [(edges[-1], most)]
    items = [
        element("li", f"{low:,}" if low == high else f"{low:,} to {high:,}", class_=_shade(low, edges))
        for low, high in spans
    ]
    return element("ul", *items, class_="legend")

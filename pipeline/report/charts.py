"""Charts as inline SVG that fit any width: places are in percent, heights and letters in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.html import Html, element, joined

_PLOT_PX = 130
"""Height of a histogram's highest column."""

_LABEL_PX = 22
_TICKS_PX = 26


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart; shares are of the chart's width."""

    label: str
    value: str
    share: float
    lost: float = 0.0
    """Drawn after the bar, in the colour of drops."""
    marked: bool = False
    """Whether the row is to stand out."""


@dataclass(frozen=True, slots=True)
class Column:
    """One bin of a histogram."""

    label: str
    """Shown when pointed at."""
    n: int
    tick: str | None = None
    """Written below the column, by default below its left edge."""


def compact(n: float) -> str:
    """Write a count shortly: 12,345, and from a million on 12.3 M."""
    for unit, size in (("G", 1e9), ("M", 1e6)):
        if n >= size:
            return f"{n / size:,.1f} {unit}"
    return f"{n:,.0f}"


def percent(share: float) -> str:
    """Write a share as percent with one digit; what is neither none nor all is not rounded to it."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def share_of(part: float, whole: float) -> float:
    """Return part / whole, 0 where there is no whole."""
    return part / whole if whole else 0.0


def long_bars(name: str, bars: Sequence[Bar], *, title: str, summary: str) -> Html:
    """Draw horizontal bars below their labels, of any length; `name` must be unique in the page."""
    height = 38
    rows = [
        element(
            "svg",
            element("text", bar.label, x=0, y=14, class_="label"),
            element("text", bar.value, x="100%", y=14, class_="value", text_anchor="end"),
            element("rect", x=0, y=20, width="100%", height=9, class_="track"),
            _segments(bar, y=20, height=9),
            y=i * height,
            width="100%",
            height=height,
            class_="marked" if bar.marked else None,
        )
        for i, bar in enumerate(bars)
    ]
    return _figure(name, rows, height=height * len(bars), title=title, summary=summary)


def short_bars(name: str, bars: Sequence[Bar], *, title: str, summary: str) -> Html:
    """Draw horizontal bars beside labels of a few letters, with their values at the end."""
    height = 22
    rows = [
        element(
            "svg",
            element("text", bar.label, x=0, y=15, class_="label"),
            element(
                "svg",
                _segments(bar, y=4, height=13),
                element("text", bar.value, x=_percent(bar.share + bar.lost), dx=8, y=15, class_="value"),
                x=44,
                width="70%",
                height=height,
                overflow="visible",
            ),
            y=i * height,
            width="100%",
            height=height,
            class_="marked" if bar.marked else None,
        )
        for i, bar in enumerate(bars)
    ]
    return _figure(name, rows, height=height * len(bars), title=title, summary=summary)


def histogram(
    name: str, columns: Sequence[Column], *, title: str, summary: str, centred: bool = False
) -> Html:
    """Draw columns side by side; `name` must be unique in the page. Ticks of single values are centred."""
    most = max((column.n for column in columns), default=0)
    step = 1 / max(len(columns), 1)
    floor = 6 + _PLOT_PX
    drawn = []
    for i, column in enumerate(columns):
        high = max(share_of(column.n, most) * _PLOT_PX, 1.0 if column.n else 0.0)
        tip = element("title", f"{column.label}: {column.n:,}")
        area = _rect(i * step, step * 0.9, y=floor - high, height=high, class_="kept")
        drawn.append(element("g", tip, area))
        if column.tick is not None:
            middle = (i + 0.45) * step
            drawn.append(_tick(column.tick, middle if centred else i * step, y=floor + 17, centred=centred))
    axis = element("line", x1=0, x2="100%", y1=floor + 0.5, y2=floor + 0.5, class_="axis")
    return _figure(name, [*drawn, axis], height=floor + 24, title=title, summary=summary)


def mirrored(
    name: str,
    upper: Sequence[Column],
    lower: Sequence[Column],
    *,
    labels: tuple[str, str],
    title: str,
    summary: str,
) -> Html:
    """Draw two histograms of the same bins on one scale, the first upwards, the second below it downwards.

    Heights are shares of each one's own sum, so that few stand beside many. Ticks are those of the first.
    """
    wholes = [max(sum(column.n for column in columns), 1) for columns in (upper, lower)]
    most = max(
        (c.n / n for columns, n in zip((upper, lower), wholes, strict=True) for c in columns), default=0
    )
    step = 1 / max(len(upper), 1)
    floor, ceiling = _LABEL_PX + _PLOT_PX, _LABEL_PX + _PLOT_PX + _TICKS_PX
    drawn = []
    for columns, whole, class_ in ((upper, wholes[0], "kept"), (lower, wholes[1], "lost")):
        for i, column in enumerate(columns):
            high = max(share_of(column.n / whole, most) * _PLOT_PX, 1.0 if column.n else 0.0)
            top = floor - high if columns is upper else ceiling
            tip = element("title", f"{column.label}: {column.n:,} ({percent(column.n / whole)})")
            drawn.append(element("g", tip, _rect(i * step, step * 0.9, y=top, height=high, class_=class_)))
    drawn += [
        _tick(column.tick, i * step, y=floor + 17, centred=False)
        for i, column in enumerate(upper)
        if column.tick is not None
    ]
    lines = [
        element("line", x1=0, x2="100%", y1=y + 0.5, y2=y + 0.5, class_="axis") for y in (floor, ceiling)
    ]
    height = ceiling + _PLOT_PX + _LABEL_PX
    heads = [
        element("text", label, x=0, y=y, class_="label")
        for label, y in zip(labels, (13, height - 4), strict=True)
    ]
    return _figure(name, [*drawn, *lines, *heads], height=height, title=title, summary=summary)


def _tick(label: str, x: float, *, y: int, centred: bool) -> Html:
    anchor, place = "middle", x
    if not centred and not 0.05 <= x <= 0.93:  # a label of some letters would leave the chart
        anchor, place = ("start", 0.0) if x < 0.05 else ("end", 1.0)
    return element("text", label, x=_percent(place), y=y, text_anchor=anchor)


def _segments(bar: Bar, *, y: int, height: int) -> Html:
    kept = _rect(0, bar.share, y=y, height=height, class_="kept")
    return joined([kept, _rect(bar.share, bar.lost, y=y, height=height, class_="lost") if bar.lost else ""])


def _rect(x: float, width: float, *, y: float, height: float, class_: str) -> Html:
    return element("rect", x=_percent(x), y=y, width=_percent(width), height=height, class_=class_)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _figure(name: str, drawn: Sequence[Html], *, height: float, title: str, summary: str) -> Html:
    chart = element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", summary, id=f"{name}-summary"),
        *drawn,
        role="img",
        width="100%",
        height=height,
        class_="chart",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-summary",
    )
    return element("figure", element("figcaption", element("b", title), summary), chart)

"""The report's sections on translations: counts, the swap test, and examples to read side by side."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from pipeline.report.bitexts import GROUNDS, SCORE_EDGES, BitextFigures, GroupFigures
from pipeline.report.charts import Column, compact, histogram, percent, share_of
from pipeline.report.figures import Figures
from pipeline.report.html import Html, element
from pipeline.report.matrix import MAX_NAMES, matrix
from pipeline.report.side_by_side import MAX_SITE_CHARS, bitext_card
from pipeline.report.texts import (
    ALIGN,
    details,
    facts,
    missing,
    note,
    numbered,
    shortened,
    table,
)

N_LANGUAGE_PAIRS_LISTED = 300
N_SITES_SHOWN = 20
N_SAMPLE_LANGUAGE_PAIRS = 8
N_WORST_SHOWN = 20

MIN_SWAPPED_PAGE_PAIRS = 5
"""Fewest swapped page pairs for a language pair's share to be shown: with fewer, one accepted alignment, on
pages of some seven questions, makes several points."""

MAX_SINGLE_TICKS = 20
"""Languages of a group up to which every number of them has room for its tick."""

_SCORE_TICKS = range(0, 15, 3)
"""Bins whose edge is named: 0, 0.9, 0.99 and so on, as far as there is room for the nines."""


def translations(figures: Figures) -> Iterator[Html]:
    """Show how many bitexts there are between which languages, what they rest on, and the parallel groups."""
    bitexts = figures.bitexts
    if bitexts is None:
        yield missing("bitexts", ALIGN)
        return
    yield _stages(bitexts, figures.groups)
    if not bitexts.n:
        yield note("No translations were found.")
        return
    yield _language_matrix(bitexts)
    yield _grounds(bitexts)
    charts = [_score_histogram(bitexts)]
    if figures.groups is None:
        charts.append(missing("parallel_groups", ALIGN))
    elif figures.groups.n:
        charts.append(_group_histogram(figures.groups))
    yield element("div", *charts, class_="columns")
    yield details("Language pairs", *_language_pairs(bitexts))
    yield details("Sites with most bitexts", _sites(bitexts))


def swap_test(figures: Figures) -> Iterator[Html]:
    """Show how much is accepted between pages that are no translations of each other."""
    test = figures.swap_test
    if test is None:
        yield missing("swap_test", ALIGN)
        return
    yield element(
        "p",
        "Each page was also aligned with another page of its site in the place of its translation. What is "
        "accepted there is wrong, or right by chance: if no page were the translation it is taken for, so "
        "much would still be accepted.",
    )
    yield facts(
        [
            ("Still accepted", element("b", percent(test.wrong_share)))
            if test.wrong_share is not None
            else ("Still accepted", "unknown: no page could be exchanged, or nothing was aligned"),
            ("Page pairs", _accepted(test.total("n_page_pairs"), test.total("n_aligned"))),
            ("Exchanged", _accepted(test.total("n_swapped_page_pairs"), test.total("n_swapped_aligned"))),
        ]
    )
    yield from _removed(test.total("n_removed"), test.total("n_removed_aligned"))
    worst = test.worst(min_page_pairs=MIN_SWAPPED_PAGE_PAIRS)
    yield element("h3", "Language pairs with the largest share")
    yield note(
        "" if worst else "None. ",
        f"Looked for are language pairs with at least {MIN_SWAPPED_PAGE_PAIRS} exchanged page pairs, of "
        "which any alignment is accepted.",
    )
    if worst:
        yield _worst(worst[:N_WORST_SHOWN])


def _removed(n: int, n_aligned: int) -> Iterator[Html]:
    """Say what an embedder finds for pairs whose translation was taken away."""
    if n:
        yield element(
            "p",
            "For the embedder, translations that the pages vouch for were taken away: what it then finds of "
            f"the pairs left behind is wrong. Of {n:,} translations taken away it put another one in the "
            f"place of {n_aligned:,} ({percent(n_aligned / n)}).",
        )


def samples(figures: Figures) -> Iterator[Html]:
    """Show some bitexts of the largest language pairs, and some of those with the lowest scores."""
    bitexts = figures.bitexts
    if bitexts is None:
        yield missing("bitexts", ALIGN)
        return
    if not bitexts.n:
        yield note("None.")
        return
    yield note(
        "Chosen by a hash of the ids. In brackets is the weight of evidence in nats: the logarithm of how "
        "many times as probable the texts are if one translates the other. From 1 on it speaks, from 3 on "
        "strongly, from 5 on very strongly (Kass and Raftery 1995)."
    )
    counted, by_pair = bitexts.language_pairs(), defaultdict(list)
    for row in bitexts.samples.rows():
        by_pair[row["language_a"], row["language_b"]].append(row)
    for (a, b), n in _ranked(counted)[:N_SAMPLE_LANGUAGE_PAIRS]:
        yield element("h3", f"{_named(a, b)}, {numbered(n, 'bitext')}")
        yield from (bitext_card(row) for row in by_pair[a, b])
    yield element("h3", "Lowest scores")
    yield note("The bitexts that came closest to being left out, one a language pair.")
    yield from (bitext_card(row) for row in bitexts.weakest.rows())


def _stages(bitexts: BitextFigures, groups: GroupFigures | None) -> Html:
    pairs = bitexts.language_pairs()
    steps = [
        (compact(bitexts.n), "bitexts"),
        (compact(len(pairs)), "language pairs"),
        (compact(len({name for pair in pairs for name in pair})), "languages"),
        (("≥ " if bitexts.sites.max_error else "") + compact(len(bitexts.sites.n)), "sites with bitexts"),
        *([(compact(groups.n), "parallel groups: one question in all its languages")] if groups else []),
    ]
    items = (element("li", element("b", n), element("span", name)) for n, name in steps)
    return element("ol", *items, class_="stages")


def _language_matrix(bitexts: BitextFigures) -> Html:
    counts = bitexts.language_pairs()
    n_languages = len({name for pair in counts for name in pair})
    shown = (
        f"{numbered(n_languages, 'language')}, "
        if n_languages <= MAX_NAMES
        else f"The {MAX_NAMES} languages with most bitexts, the other {n_languages - MAX_NAMES} summed up. "
    )
    return matrix(
        counts,
        title="Bitexts by language pair",
        summary=f"{shown}ISO 639-3 codes; each bitext stands on both sides of the diagonal."
        + (" k: thousands, M: millions." if bitexts.n >= 10_000 else ""),
    )


def _grounds(bitexts: BitextFigures) -> Html:
    counted = bitexts.grounds()
    meaning = {
        "hreflang": "one page names the other as its translation",
        "hreflang and path": "the same, and the addresses differ in the language alone",
        "path": "the addresses differ in the language alone",
        "embedding alone": "no address leads from one page to the other",
    }
    return table(
        ["found by", "that is", "bitexts", "share"],
        [[g, meaning[g], f"{counted[g]:,}", percent(share_of(counted[g], bitexts.n))] for g in meaning],
        n_texts=2,
    )


def _score_histogram(bitexts: BitextFigures) -> Html:
    labels = [f"{edge:.6f}".rstrip("0").rstrip(".") for edge in SCORE_EDGES]
    last = max(i for i, n in enumerate(bitexts.scores) if n)
    first = min(i for i, n in enumerate(bitexts.scores) if n) // 3 * 3
    columns = [
        Column(
            f"{labels[i]} to {labels[i + 1] if i + 1 < len(labels) else 1}",
            bitexts.scores[i],
            labels[i] if i in _SCORE_TICKS else None,
        )
        for i in range(first, last + 1)
    ]
    wrong = bitexts.missing_millionths / 1e6
    return histogram(
        "bitext-scores",
        columns,
        title="Scores",
        summary="Estimated probability that one translates the other; columns by how little is missing to 1. "
        f"By the scores, {percent(share_of(wrong, bitexts.n))} of the bitexts are wrong.",
    )


def _group_histogram(groups: GroupFigures) -> Html:
    most = max(groups.by_size)
    step = 1 if most <= MAX_SINGLE_TICKS else 10
    columns = [
        Column(f"{n} languages", groups.by_size[n], f"{n}" if n % step == 0 or n == 2 else None)
        for n in range(min(2, *groups.by_size), most + 1)
    ]
    members = sum(size * n for size, n in groups.by_size.items())
    return histogram(
        "group-sizes",
        columns,
        title="Languages of parallel groups",
        summary=f"{numbered(groups.n, 'group')} of {members / groups.n:.1f} languages on average.",
        centred=True,
    )


def _language_pairs(bitexts: BitextFigures) -> Iterator[Html]:
    ranked = _ranked(bitexts.language_pairs())
    if len(ranked) > N_LANGUAGE_PAIRS_LISTED:
        yield note(f"The {N_LANGUAGE_PAIRS_LISTED} largest of {len(ranked):,}.")
    grounds = list(GROUNDS.values())
    yield table(
        ["language pair", "bitexts", "share", *grounds],
        [
            [_named(*pair), f"{n:,}", percent(share_of(n, bitexts.n))]
            + [f"{bitexts.counts[*pair, ground]:,}" for ground in grounds]
            for pair, n in ranked[:N_LANGUAGE_PAIRS_LISTED]
        ],
    )


def _sites(bitexts: BitextFigures) -> Html:
    return table(
        ["site", "bitexts", "share"],
        [
            [element("bdi", shortened(name, MAX_SITE_CHARS)), f"{n:,}", percent(share_of(n, bitexts.n))]
            for name, n in bitexts.sites.ranked(N_SITES_SHOWN)
        ],
    )


def _worst(rows: list[dict[str, Any]]) -> Html:
    return table(
        ["language pair", "still accepted", "page pairs", "alignments", "exchanged", "alignments there"],
        [
            [
                _named(row["language_a"], row["language_b"]),
                percent(row["wrong_share"]),
                *(f"{row[name]:,}" for name in ("n_page_pairs", "n_aligned")),
                *(f"{row[name]:,}" for name in ("n_swapped_page_pairs", "n_swapped_aligned")),
            ]
            for row in rows
        ],
    )


def _accepted(n_page_pairs: int, n_aligned: int) -> str:
    each = share_of(n_aligned, n_page_pairs)
    return f"{n_page_pairs:,}, with {numbered(n_aligned, 'accepted alignment')}: {each:.2f} each"


def _named(a: str, b: str) -> str:
    return f"{a} – {b}"


def _ranked(counts: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

"""The report's sections on the pairs themselves: lengths, markup, origins, duplicates, and examples."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.report.charts import Column, histogram, percent, share_of
from pipeline.report.figures import MAX_ORIGINS, SIMILARITY_EDGES, Figures
from pipeline.report.html import Html, element
from pipeline.report.tables import Lengths
from pipeline.report.texts import (
    CLEAN,
    ENRICH,
    cards,
    counts_table,
    details,
    missing,
    note,
    numbered,
    shortened,
    table,
)

N_ORIGINS_SHOWN = 20
N_SAMPLE_LANGUAGES = 12
MAX_ORIGIN_CHARS = 60

MAX_FINE_COLUMNS = 20
"""Columns up to which a histogram of lengths has room for ticks at 1, 2, 5, 10, 20 and so on."""

_RENARD = (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8)
_LENGTH_EDGES = sorted({0, *(int(f * 10**e) for e in range(6) for f in _RENARD)})
"""Ten bins a decade, equally wide on a logarithmic scale (ISO 3, series R10)."""


def lengths(figures: Figures) -> Iterator[Html]:
    """Show how long questions and answers are."""
    yield element(
        "div",
        _length_histogram("question-lengths", "Questions", figures.pairs.questions),
        _length_histogram("answer-lengths", "Answers", figures.pairs.answers),
        class_="columns",
    )


def markup(figures: Figures) -> Iterator[Html]:
    """Show the syntaxes of the markup, what had to be repaired, and the doubts about pairs."""
    pairs = figures.pairs
    parts = [
        counts_table("syntax", "pairs", pairs.syntaxes, whole=pairs.n),
        counts_table("repair of the markup", "pairs", pairs.repairs, whole=pairs.n),
        counts_table("flag", "pairs", pairs.flags, whole=pairs.n),
    ]
    yield element("div", *parts, class_="columns")


def origins(figures: Figures) -> Iterator[Html]:
    """Show where most pairs come from."""
    counted = figures.pairs.origins
    ranked = counted.ranked(N_ORIGINS_SHOWN)
    n = figures.pairs.n
    shown = share_of(sum(count for _, count in ranked), n)
    yield note(
        f"The {len(ranked)} largest origins hold {percent(shown)} of the pairs."
        + (
            f" There are more than {MAX_ORIGINS:,} origins, so that each count may be up to "
            f"{counted.max_error:,} too low."
            if counted.max_error
            else ""
        )
    )
    yield table(
        ["origin", "pairs", "share"],
        [
            [element("bdi", shortened(name, MAX_ORIGIN_CHARS)), f"{c:,}", percent(share_of(c, n))]
            for name, c in ranked
        ],
    )


def duplicates(figures: Figures) -> Iterator[Html]:
    """Show what was removed as a duplicate, and which pairs stand for the most others."""
    if figures.duplicates is None:
        yield missing("duplicates", CLEAN)
    else:
        yield counts_table("kind", "pairs removed", figures.duplicates)
    yield element("h3", "Largest clusters")
    yield note("Pairs that stand for the most sightings, exact and near-duplicates together.")
    yield cards(figures.pairs.clusters.rows(), size="cluster_size", unit="sightings")
    yield element("h3", "Largest templates")
    yield note("Pairs of almost the same text that differ in a number or a name are kept; one of each here.")
    yield cards(figures.pairs.templates.rows(), size="template_size", unit="pairs")


def rejects(figures: Figures) -> Iterator[Html]:
    """Show some dropped pairs for each reason."""
    if figures.rejects is None:
        yield missing("rejects", CLEAN)
        return
    if not figures.rejects:
        yield note("No pair was dropped.")
    by_reason: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in figures.rejects:
        by_reason[row["reason"]].append(row)
    dropped = {rule.name: p.n_dropped for rule, p in figures.funnel.passages()} if figures.funnel else {}
    for reason in [*(name for name in dropped if name in by_reason), *sorted(set(by_reason) - set(dropped))]:
        of = f" of {dropped[reason]:,}" if reason in dropped else ""
        yield details(f"{reason}: {len(by_reason[reason])}{of}", cards(by_reason[reason]))


def similarity(figures: Figures) -> Iterator[Html]:
    """Show how close the embeddings of question and answer are."""
    if figures.similarity is None:
        yield missing("enrichments", ENRICH)
        return
    if not figures.similarity.bins:
        yield note("No pair has a semantic similarity.")
    for i, (model, counts) in enumerate(sorted(figures.similarity.bins.items())):
        yield _similarity_histogram(f"similarity-{i}", model, counts)


def samples(figures: Figures) -> Iterator[Html]:
    """Show some pairs of the largest languages, at least one language of each script before a second one."""
    samples_of = figures.pairs.samples_by_language()
    yield note("Chosen by id, which is a hash of the text.")
    for language in figures.pairs.varied_languages(N_SAMPLE_LANGUAGES):
        yield element("h3", f"{language}, {numbered(figures.pairs.languages.n[language], 'pair')}")
        yield cards(samples_of[language])


def _length_histogram(name: str, title: str, counted: Lengths) -> Html:
    counts = counted.between(_LENGTH_EDGES)
    filled = [i for i, n in enumerate(counts) if n] or [0]
    heads = {"1", "2", "5"} if filled[-1] - filled[0] < MAX_FINE_COLUMNS else {"1"}
    ticks = {i for i, edge in enumerate(_LENGTH_EDGES) if str(edge).rstrip("0") in heads}
    first = max((i for i in ticks if i <= filled[0]), default=0)
    columns = []
    for i in range(first, filled[-1] + 1):
        low, above = _LENGTH_EDGES[i], [*_LENGTH_EDGES, None][i + 1]
        label = f"{low:,} or more" if above is None else f"{low:,} to {above - 1:,}"
        columns.append(Column(f"{label} characters", counts[i], f"{low:,}" if i in ticks else None))
    low, median, high = (counted.quantile(q) for q in (0.05, 0.5, 0.95))
    summary = f"Characters: half have up to {median:,}, nine in ten between {low:,} and {high:,}."
    return histogram(name, columns, title=title, summary=summary)


def _similarity_histogram(name: str, model: str, counts: Sequence[int]) -> Html:
    filled = [i for i, n in enumerate(counts) if n]
    columns = []
    for i in range(filled[0] - filled[0] % 2, filled[-1] + 1):
        edge = SIMILARITY_EDGES[i]
        tick = f"{edge:.1f}".replace("-", "−") if i % 2 == 0 else None
        columns.append(Column(f"{edge:.2f} to {edge + 0.05:.2f}", counts[i], tick))
    return histogram(
        name,
        columns,
        title="Cosine of question and answer",
        summary=f"{sum(counts):,} pairs; model {shortened(model, 200)}.",
    )

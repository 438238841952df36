"""The report's sections on the retrieval set and on mining: counts, the two searches, scores, examples."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from mining.negatives_rules import MEANINGS, Decision
from mining.negatives_scores import ScoreHistogram
from pipeline.core.outcomes import Split
from pipeline.report.charts import Bar, Column, compact, histogram, long_bars, mirrored, percent, share_of
from pipeline.report.figures import Figures
from pipeline.report.html import Html, element
from pipeline.report.mined import OVERLAP_AT, POSITIVES, MinedFigures
from pipeline.report.retrieval import RetrievalFigures
from pipeline.report.side_by_side import query_card
from pipeline.report.texts import MINE, details, note, numbered, shortened, table

_MAX_COLUMNS = 40
_N_TICKS = 6
_OUTSIDE_PERCENT = 0.1
"""Of the scores, at either end, that share a column with the next ones."""
_N_BINS = 10
"""Columns of a histogram of negatives a query, between none and the most."""


def retrieval(figures: Figures) -> Iterator[Html]:
    """Show how many documents and queries there are in which languages and splits."""
    found = figures.retrieval
    assert found is not None
    documents, queries, positives = found.n_documents(), found.n_queries(), found.n_positives()
    steps = [
        (compact(documents.total()), "documents: answers, equal ones and near-duplicates as one"),
        (compact(queries.total()), "queries: questions of a site"),
        (f"{share_of(positives.total(), queries.total()):.2f}", "positives a query"),
        (compact(len(found.languages())), "languages"),
    ]
    yield _steps(steps)
    yield table(
        ["queries of", "that is", "queries", "documents"],
        [
            [
                split.value,
                "of use to neither: the answer is of another split" if split is Split.OVERLAP else "by site",
                f"{_of_split(found.queries, split):,}",
                "" if split is Split.OVERLAP else f"{_of_split(found.documents, split):,}",
            ]
            for split in Split
        ],
        n_texts=2,
    )
    yield details("Documents and queries by language", _retrieval_languages(found))


def negatives(figures: Figures) -> Iterator[Html]:
    """Show what the searches found, what became of it, and how scores tell positives from negatives."""
    mined = figures.mined
    assert mined is not None
    if not mined.is_current:
        yield note(
            "Left out: negatives of an older retrieval set or of other candidates. ",
            element("code", MINE),
            " brings them up to date.",
        )
    if not mined.languages():
        yield note("No query has a candidate.")
        return
    yield _mined_steps(mined)
    yield _decisions(mined)
    yield element("h3", "What the two searches share")
    yield from _overlap(mined)
    yield _score_chart(mined)
    yield _kept_chart(mined)
    yield details("Negatives by language", _mined_languages(mined))


def samples(figures: Figures) -> Iterator[Html]:
    """Show some queries with their positives and first negatives."""
    mined = figures.mined
    assert mined is not None
    if not mined.samples:
        yield note("None.")
        return
    yield note("Chosen by id, which is a hash of the question. The hardest negatives come first.")
    for language, some in groupby(mined.samples, key=lambda sample: sample.language):
        yield element("h3", f"{language}, {numbered(mined.tally.n_queries(language), 'query')}")
        yield from map(query_card, some)


def _of_split(counts: dict[tuple[str, str], int], split: Split) -> int:
    return sum(n for (_, of), n in counts.items() if of == split)


def _steps(steps: Sequence[tuple[str, str]]) -> Html:
    items = (element("li", element("b", n), element("span", name)) for n, name in steps)
    return element("ol", *items, class_="stages")


def _retrieval_languages(found: RetrievalFigures) -> Html:
    documents, queries, positives = found.n_documents(), found.n_queries(), found.n_positives()
    return table(
        ["language", "documents", "near-duplicates", "queries", "positives a query", *Split],
        [
            [
                code,
                f"{documents[code]:,}",
                f"{found.near[code]:,}",
                f"{queries[code]:,}",
                f"{share_of(positives[code], queries[code]):.2f}",
                *(f"{found.queries[code, split]:,}" for split in Split),
            ]
            for code in found.languages()
        ],
    )


def _mined_steps(mined: MinedFigures) -> Html:
    tally, codes = mined.tally, mined.languages()
    n_queries = sum(map(tally.n_queries, codes))
    n_negatives = sum(map(tally.n_negatives, codes))
    return _steps(
        [
            (compact(n_queries), "queries with candidates"),
            (compact(sum(map(tally.n_candidates, codes))), "candidates"),
            (compact(n_negatives), "negatives"),
            (f"{share_of(n_negatives, n_queries):.1f}", "negatives a query"),
            (compact(len(codes)), "languages"),
        ]
    )


def _decisions(mined: MinedFigures) -> Html:
    counted = mined.tally.by_decision()
    n = counted.total()
    bars = [
        Bar(
            f"{decision}: {MEANINGS[Decision(decision)]}",
            f"{of:,} ({percent(share_of(of, n))})",
            share_of(of, n),
            marked=decision == Decision.KEPT,
        )
        for decision, of in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    return long_bars(
        "decisions",
        bars,
        title="What became of the candidates",
        summary="Each candidate has one decision: the first rule that holds.",
    )


def _overlap(mined: MinedFigures) -> Iterator[Html]:
    if not mined.has_two_searches:
        yield note("One search alone found all candidates.")
        return
    counted, most = mined.overlap_of_all(), max(mined.most_found.values())
    shown = [k for i, k in enumerate(OVERLAP_AT) if i == 0 or OVERLAP_AT[i - 1] < most]
    rows = []
    for k in [*shown, POSITIVES]:
        shares = [counted[k, "both"], counted[k, "bm25"], counted[k, "dense"]]
        name = f"first {k} of either search" if k else "positives that were found, at any rank"
        rows.append([name, f"{sum(shares):,}", *(percent(share_of(n, sum(shares))) for n in shares)])
    yield table(["of the", "documents", "in both", "in BM25's alone", "in the dense search's alone"], rows)
    yield note("Of the candidates that fusion kept; a document counts once for each query.")


def _score_chart(mined: MinedFigures) -> Html:
    positives, others = (_all(found.values()) for found in (mined.positives, mined.others))
    name = "negatives" if mined.has_teacher else "other candidates"
    upper, lower = _score_columns(positives, others)
    return mirrored(
        "scores",
        upper,
        lower,
        labels=(f"positives: {int(positives.counts.sum()):,}", f"{name}: {int(others.counts.sum()):,}"),
        title="Scores of positives and negatives" if mined.has_teacher else "Ranks, for want of scores",
        summary=_what_scores_are(mined) + _apart(positives, others, name),
    )


def _what_scores_are(mined: MinedFigures) -> str:
    if not mined.has_teacher:
        return "No teacher was asked: sums of reciprocal ranks of the candidates, the best on the right. "
    by = " and ".join(shortened(name, 200) for name, _ in mined.teachers.ranked())
    first = " and ".join(shortened(name, 200) for name, _ in mined.first_teachers.ranked())
    return f"Scores as {by} gave them" + (f", asked after {first}. " if first else ". ")


def _apart(positives: ScoreHistogram, others: ScoreHistogram, name: str) -> str:
    if not len(positives.bins) or not len(others.bins):
        return ""
    middle = positives.percentile(50)
    below = int(others.counts[others.scores < middle].sum())
    share = percent(share_of(below, int(others.counts.sum())))
    return f"{share} of the {name} are below the median positive, {_written(middle)}."


def _score_columns(positives: ScoreHistogram, others: ScoreHistogram) -> tuple[list[Column], list[Column]]:
    """Bin both alike, on round edges; what is far outside counts in the first or last column."""
    found = [scores for scores in (positives, others) if len(scores.bins)]
    if not found:
        return [], []
    low = min(scores.percentile(_OUTSIDE_PERCENT) for scores in found)
    high = max(scores.percentile(100 - _OUTSIDE_PERCENT) for scores in found)
    step = _round_step((high - low) / _MAX_COLUMNS)
    bins = range(math.floor(low / step), math.floor(high / step) + 1)
    return _columns(positives, step, bins), _columns(others, step, bins)


def _columns(found: ScoreHistogram, step: float, bins: range) -> list[Column]:
    places = np.floor(found.scores.astype(np.float64) / step).astype(np.int64)
    inside = np.clip(places, bins[0], bins[-1]) - bins[0]
    counts = np.bincount(inside, weights=found.counts, minlength=len(bins)).astype(np.int64)
    every = max(1, len(bins) // _N_TICKS)
    edges = [_written(no * step) for no in (*bins, bins[-1] + 1)]
    return [
        Column(f"{low} to {high}", n, low if no % every == 0 else None)
        for no, low, high, n in zip(bins, edges, edges[1:], counts.tolist(), strict=False)
    ]


def _round_step(x: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below x."""
    if x <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(x))
    return next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= x * (1 - 1e-9))


def _written(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")


def _all(found: Iterable[ScoreHistogram]) -> ScoreHistogram:
    return sum(found, start=ScoreHistogram.of(np.empty(0, np.float32)))


def _kept_chart(mined: MinedFigures) -> Html:
    """Show how many negatives queries have; who has fewer than the most, and why."""
    counted = [(*key, n) for of in mined.tally.queries.values() for key, n in of.items()]
    most = max(n_kept for n_kept, _, _ in counted)
    n_queries = sum(n for *_, n in counted)
    none, short, unfound = (
        sum(n for n_kept, n_others, n in counted if n_kept < below and n_others < others)
        for below, others in ((1, math.inf), (most, math.inf), (most, most))
    )
    edges = sorted({0, min(1, most), *(math.ceil(i * most / _N_BINS) for i in range(1, _N_BINS + 1))})
    columns = []
    for low, above in zip(edges, [*edges[1:], most + 1], strict=True):
        n = sum(n for n_kept, _, n in counted if low <= n_kept < above)
        name = f"{low}" if above == low + 1 else f"{low} to {above - 1}"
        columns.append(Column(f"{name} negatives", n, f"{low}"))
    return histogram(
        "negatives-a-query",
        columns,
        title="Negatives a query",
        summary=f"{short:,} of {numbered(n_queries, 'query')} have fewer than {most:,}, {none:,} have none. "
        f"Of those with fewer, {unfound:,} have fewer candidates; of the others, rules took too many.",
    )


def _mined_languages(mined: MinedFigures) -> Html:
    tally = mined.tally
    most = max(n_kept for of in tally.queries.values() for n_kept, _ in of)
    head = ["language", "queries", "candidates", "negatives", f"fewer than {most}", "none"]
    score = "score" if mined.has_teacher else "reciprocal ranks"
    return table(
        [*head, f"median {score} of positives", "of others" if not mined.has_teacher else "of negatives"],
        [
            [
                code,
                f"{tally.n_queries(code):,}",
                f"{tally.n_candidates(code):,}",
                f"{tally.n_negatives(code):,}",
                f"{tally.n_short(code, n_negatives=most):,}",
                f"{tally.n_short(code, n_negatives=1):,}",
                *(_median(of[code]) for of in (mined.positives, mined.others)),
            ]
            for code in mined.languages()
        ],
    )


def _median(found: ScoreHistogram) -> str:
    return _written(found.percentile(50)) if len(found.bins) else ""

"""What a person sees when `faqtory mine` has finished."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.jobs.run_mine import MineSummary
from pipeline.summary import SHOWN_LANGUAGES

_MEANING = {
    "kept": "negatives",
    "positive": "positives that were found",
    "near_duplicate": "nearly the text of a positive",
    "same_question": "answer the same question elsewhere",
    "parallel": "translate the query or a positive",
    "rank_skipped": "ranked outside of what counts",
    "not_scored": "not scored by the cascade's last teacher",
    "likely_positive": "scored above the positives: for review",
    "above_margin": "scored too near the positive",
    "below_percentile": "scored too low",
    "above_percentile": "scored too high",
    "same_site": "too many of the query's own site",
    "not_sampled": "not sampled",
}


def print_mine_summary(summary: MineSummary, *, console: Console) -> None:
    """Print what was found and kept, by language and by decision, and where the tables are."""
    table = Table("language", "queries", "candidates", "negatives", "a query", "queries with fewer", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for language, counts in list(summary.languages.items())[:SHOWN_LANGUAGES]:
        table.add_row(language, *_cells(counts))
    names = ("n_queries", "n_candidates", "n_negatives", "n_short")
    totals = {name: sum(counts[name] for counts in summary.languages.values()) for name in names}
    table.add_row(f"all {len(summary.languages)}", *_cells(totals), style="bold")
    console.print(table)
    decisions = Table("candidates", "decision", "meaning", box=None)
    decisions.columns[0].justify = "right"
    for decision, n in summary.decisions.items():
        decisions.add_row(f"{n:,}", decision, _MEANING[decision])
    console.print(decisions)
    console.print(f"Dense model: {escape(summary.dense_model or 'none')}", highlight=False)
    if summary.teachers:
        console.print(f"Teacher: {escape(', then '.join(summary.teachers))}", highlight=False)
    else:
        console.print("No teacher: negatives are in order of rank, without scores. Name one with --teacher.")
    console.print(f"The run took {summary.work_s:.1f} s.")
    console.print(f"Negatives in {summary.work}/tables/negatives", style="bold", highlight=False)


def _cells(counts: dict[str, int]) -> list[str]:
    n_queries = counts["n_queries"]
    a_query = f"{counts['n_negatives'] / n_queries:.0f}" if n_queries else ""
    figures = [f"{counts[name]:,}" for name in ("n_queries", "n_candidates", "n_negatives")]
    return [*figures, a_query, f"{counts['n_short']:,}"]

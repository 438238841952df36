"""What a person sees when `faqtory mine` or `faqtory export` has finished."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mining.negatives_rules import MEANINGS, Decision
from pipeline.summary import SHOWN_LANGUAGES

if TYPE_CHECKING:  # what mining needs is an extra, which an export does without
    from pipeline.jobs.export import ExportSummary
    from pipeline.jobs.mine_estimate import MineEstimate
    from pipeline.jobs.run_mine import MineSummary


def print_mine_summary(summary: "MineSummary", *, console: Console) -> None:
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
        decisions.add_row(f"{n:,}", decision, MEANINGS[Decision(decision)])
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


def print_mine_estimate(estimate: "MineEstimate", *, console: Console) -> None:
    """Print what a run would do, and how long it would take."""
    table = Table("stage", "to do", "done", "of", "a second, one core", "would take", box=None)
    for column in (*table.columns[1:3], *table.columns[4:]):
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for stage in estimate.stages:
        rate = f"{stage.per_second:,.4g}" if stage.per_second else ""
        took = "unknown" if stage.seconds is None else _duration(stage.seconds)
        table.add_row(escape(stage.stage), f"{stage.n_todo:,}", f"{stage.n_done:,}", stage.unit, rate, took)
    console.print(table)
    if estimate.sample:
        measured = ", ".join(f"{key.removeprefix('n_')} {value}" for key, value in estimate.sample.items())
        console.print(f"Measured now on a sample: {measured}. Searches take as long as documents are many.")
    for name in estimate.to_train:
        console.print(f"{name} is to be trained first, and what needs it could not be measured.")
    console.print(
        "A cluster's cores are not known here: times are those of one core."
        if estimate.n_cores is None
        else f"Times are those of {estimate.n_cores} cores of this machine."
    )
    total = "unknown" if estimate.seconds is None else _duration(estimate.seconds)
    console.print(f"All: {total}. Nothing was done, and no table changed.", style="bold")


def print_export_summary(summary: "ExportSummary", *, console: Console) -> None:
    """Print how many rows there are of each language, and where."""
    table = Table("language", "rows", box=None)
    table.columns[1].justify = "right"
    for language, n in list(summary.languages.items())[:SHOWN_LANGUAGES]:
        table.add_row(language, f"{n:,}")
    table.add_row(f"all {len(summary.languages)}", f"{summary.n_rows:,}", style="bold")
    console.print(table)
    if summary.n_left_out:
        console.print(f"{summary.n_left_out:,} positives left out: their queries have too few negatives.")
    console.print(
        f"{summary.format} in {summary.n_files:,} files in {summary.out}", style="bold", highlight=False
    )


def _duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"

"""What a person sees when a command has finished."""

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.core.outcomes import RecordOutcome, Split
from pipeline.core.text import harmless
from pipeline.jobs.enrich import EnrichSummary
from pipeline.jobs.run_align import AlignSummary
from pipeline.jobs.run_clean import CleanSummary
from pipeline.jobs.run_extract import ExtractSummary
from pipeline.jobs.run_split import SplitSummary

_MEANING = {
    RecordOutcome.EXTRACTED: "pages with FAQ pairs",
    RecordOutcome.NO_PAIRS: "FAQPage markup without a complete pair",
    RecordOutcome.MENTION_ONLY: "FAQPage is only mentioned",
    RecordOutcome.OPTED_OUT: "left out: the publisher reserves reuse",
    RecordOutcome.TIMED_OUT: "stopped at the time limit",
    RecordOutcome.TOO_COMPLEX: "stopped at a size or nesting limit",
    RecordOutcome.UNDECODABLE: "character set or encoding unreadable",
    RecordOutcome.FAILED: "an error of faqtory's own; please report it (table pages says where)",
    RecordOutcome.NO_MARKUP: "pages without FAQ markup",
    RecordOutcome.NOT_HTML: "not HTML",
    RecordOutcome.NOT_OK: "not a success status",
    RecordOutcome.TOO_LARGE: "over the size limit",
    RecordOutcome.TRUNCATED: "cut off by the end of the file",
    RecordOutcome.NO_HTTP: "no readable HTTP head",
}


def shown(text: str) -> str:
    """Make text from strangers safe to print with rich, whose own markup it must not be taken for."""
    return escape(harmless(text))


def print_extract_summary(summary: ExtractSummary, *, console: Console) -> None:
    """Print what the inputs held, what became of every page, and where the tables are."""
    again = summary.n_inputs - summary.n_inputs_read_now
    files = "input file" if summary.n_inputs == 1 else "input files"
    console.print(
        f"{summary.n_inputs:,} {files} ({summary.n_bytes / 1e6:,.1f} MB)"
        + (f", {again:,} of them done before" if again and summary.n_inputs_read_now else "")
        + (": nothing to do, all were done before" if not summary.n_inputs_read_now else "")
    )
    table = Table(box=None, show_header=False, padding=(0, 2))
    for outcome, n in summary.outcomes.items():
        table.add_row(f"{n:,}", outcome, _MEANING[RecordOutcome(outcome)])
    table.add_row(f"{sum(summary.outcomes.values()):,}", "", "pages in all")
    for column in table.columns[:1]:
        column.justify = "right"
    console.print(table)
    if summary.n_bytes_lost:
        console.print(
            f"Lost to damage or truncation: {summary.n_bytes_lost:,} bytes, {summary.n_members_lost:,} "
            "records; table scan says where."
        )
    unreadable = summary.inputs_by_outcome.get("unreadable", 0)
    if unreadable:
        console.print(f"Unreadable: {unreadable:,} input files; table scan says why.")
    if summary.n_inputs_read_now:
        console.print(
            f"Starting and stopping Spark took {summary.start_s:.1f} s, the work {summary.work_s:.1f} s."
        )
    console.print(f"{summary.n_pairs:,} pairs in {summary.work}/tables/pairs_raw", style="bold")


SHOWN_LANGUAGES = 12


def print_clean_summary(summary: CleanSummary, *, console: Console) -> None:
    """Print what became of the raw pairs, the languages of the clean ones, and where the tables are."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(justify="right")
    table.add_row(f"{summary.n_pairs_raw:,}", "raw pairs")
    for rule, n in summary.dropped.items():
        table.add_row(f"-{n:,}", f"dropped: {rule}")
    table.add_row(f"-{summary.n_exact_duplicates:,}", "exact duplicates")
    table.add_row(f"-{summary.n_near_duplicates:,}", "near-duplicates")
    table.add_row(f"{summary.n_pairs:,}", "pairs", style="bold")
    console.print(table)
    if summary.changed:
        changed = ", ".join(f"{rule} {n:,}" for rule, n in summary.changed.items())
        console.print(f"Text changed by: {changed}")
    named = list(summary.languages.items())[:SHOWN_LANGUAGES]
    rest = len(summary.languages) - len(named)
    languages = ", ".join(f"{code} {n:,}" for code, n in named)
    console.print(f"Languages: {languages}" + (f" and {rest} more" if rest else ""))
    if summary.start_s:
        console.print(
            f"Starting and stopping Spark took {summary.start_s:.1f} s, cleaning {summary.clean_s:.1f} s, "
            f"removing duplicates {summary.dedup_s:.1f} s."
        )
    else:
        console.print("Nothing to do: all parts were done before.")
    console.print(f"{summary.n_pairs:,} pairs in {summary.work}/tables/pairs", style="bold")


def print_align_summary(summary: AlignSummary, *, console: Console) -> None:
    """Print how many pairs are aligned, between which languages, and where the tables are."""
    named = list(summary.language_pairs.items())[:SHOWN_LANGUAGES]
    rest = len(summary.language_pairs) - len(named)
    languages = ", ".join(f"{pair} {n:,}" for pair, n in named)
    console.print(
        f"{summary.n_bitexts:,} bitexts between {summary.n_pairs:,} pairs, in {summary.n_groups:,} parallel "
        f"groups"
    )
    if summary.n_off_page:
        console.print(f"{summary.n_off_page:,} of them by the embedder alone: no address leads to them.")
    if summary.wrong_share is not None:
        console.print(
            f"Swap test: at most {summary.wrong_share:.1%} of them are wrong because a page is not the "
            "translation it is taken for; table swap_test says it by language pair."
        )
    console.print(f"Language pairs: {languages}" + (f" and {rest} more" if rest else ""))
    if summary.start_s:
        console.print(
            f"Starting and stopping Spark took {summary.start_s:.1f} s, aligning {summary.work_s:.1f} s."
        )
    else:
        console.print("Nothing to do: the tables are up to date.")
    console.print(f"Bitexts in {summary.work}/tables/bitexts", style="bold")


def print_enrich_summary(summary: EnrichSummary, *, console: Console) -> None:
    """Print which scores the pairs have, and from which models."""
    for score, n in summary.n_scored.items():
        model = summary.models.get(score, "an earlier revision of the model")
        console.print(f"{n:,} of {summary.n_pairs:,} pairs have {score} by {shown(model)}")
    if summary.n_undefined:
        console.print(f"{summary.n_undefined:,} pairs have no similarity: an embedding without direction.")
    if summary.n_parts_written_now:
        console.print(
            f"Starting and stopping Spark took {summary.start_s:.1f} s, the work {summary.work_s:.1f} s."
        )
    else:
        console.print("Nothing to do: all parts were done before.")
    console.print(f"Scores in {summary.work}/tables/enrichments", style="bold")


def print_split_summary(summary: SplitSummary, *, console: Console) -> None:
    """Print what each language's retrieval set holds, what was left out, and where the tables are."""
    table = Table(
        "language", "documents", "queries", "positives a query", "train", "dev", "test", "overlap", box=None
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for language, counts in list(summary.languages.items())[:SHOWN_LANGUAGES]:
        table.add_row(language, *_split_cells(counts))
    totals = Counter[str]()
    for counts in summary.languages.values():
        totals.update(counts)
    table.add_row(f"all {len(summary.languages)}", *_split_cells(totals), style="bold")
    console.print(table)
    for split in (Split.DEV, Split.TEST):
        without = sum(not counts[f"n_{split}"] for counts in summary.languages.values())
        if without:
            console.print(f"Languages without {split} queries: {without}; too few sites for one to be of it.")
    if summary.n_unknown_language:
        console.print(f"Left out, as their language is not known: {summary.n_unknown_language:,} pairs.")
    if not summary.is_aligned:
        console.print("No parallel groups: translations are told apart from negatives only after align.")
    if summary.start_s:
        console.print(
            f"Starting and stopping Spark took {summary.start_s:.1f} s, the work {summary.work_s:.1f} s."
        )
    else:
        console.print("Nothing to do: the tables are up to date.")
    console.print(f"Retrieval set in {summary.work}/tables/corpus, queries and qrels", style="bold")


def _split_cells(counts: Mapping[str, int]) -> list[str]:
    n_queries = counts["n_queries"]
    a_query = f"{counts['n_positives'] / n_queries:.2f}" if n_queries else ""
    splits = [f"{counts[f'n_{split}']:,}" for split in Split]
    return [f"{counts['n_documents']:,}", f"{n_queries:,}", a_query, *splits]

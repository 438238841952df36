"""`faqtory demo`: the chain, as far as it exists, on the bundled sample crawl."""

import sys
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.core.config import Config, load_config
from pipeline.core.manifest import part_files, read_manifest
from pipeline.core.records import Pair
from pipeline.jobs.run_clean import clean
from pipeline.jobs.run_extract import extract
from pipeline.jobs.run_split import split
from pipeline.report.write import write_report
from pipeline.sample.build import build_sample
from pipeline.summary import print_clean_summary, print_extract_summary, print_split_summary, shown

SHOWN_LANGUAGES = ("eng", "deu", "ell", "ukr", "ara", "heb", "hin", "tha", "zho", "jpn", "kor", "swa")
"""Languages of which the demo prints a pair: one or two of each script."""


_MINING = ("faiss", "numba", "sentence_transformers", "Stemmer", "threadpoolctl")
"""What the extra `mining` brings."""


def run_demo(work: str, *, master: str, console: Console, out: Console) -> None:
    """Build the sample crawl, run the chain on it, and show pairs in several languages and where to look."""
    sample = build_sample(Path(work) / "crawl")
    out.print(
        f"The sample crawl: {sample.counts['n_sites']} fictitious sites in {len(sample.warc_paths)} WARC "
        f"files in {work}/crawl"
    )
    summary = extract(
        [str(path) for path in sample.warc_paths],
        work=work,
        format="warc",
        master=master,
        config=Config(),
        console=console,
    )
    print_extract_summary(summary, console=out)
    out.print()
    print_clean_summary(clean(work=work, master=master, config=Config(), console=console), console=out)
    out.print()
    rows = _sample_rows(work)
    table = Table("language", "question and answer", "id", box=None, padding=(0, 2, 1, 0))
    for row in rows:
        text = f"[bold]{shown(row['question'])}[/bold]\n{shown(_shortened(row['answer']))}"
        table.add_row(row["language"], text, row["id"][:8])
    out.print(table)
    is_mined = _mine(work, master=master, console=console, out=out)
    command = sys.argv[0] if sys.argv[0].startswith(".") else "faqtory"
    report = write_report(work)
    out.print(f"A page about it all, to open in a browser: {report}", highlight=False, soft_wrap=True)
    out.print("Look further:")
    for line in (
        f"{command} tables --work {work}",
        f"{command} trace {rows[0]['id'][:8]} --work {work}    # one pair's way back to the crawl",
        *([f"{command} export --work {work} --out {work}/negatives    # for trainers"] if is_mined else []),
        f"{command} extract YOUR.warc.gz --work out",
    ):
        out.print(f"  {line}", highlight=False, soft_wrap=True)


def _mine(work: str, *, master: str, console: Console, out: Console) -> bool:
    """Mine hard negatives where what this needs is installed.

    By BM25 and a teacher that is trained on the spot, in seconds; training an embedder would take minutes.
    """
    if any(find_spec(name) is None for name in _MINING):
        hint = "For hard negatives, too: pip install 'faqtory[mining]', and run the demo again."
        out.print(hint, markup=False, highlight=False)
        return False
    from pipeline.jobs.run_mine import mine
    from pipeline.summary_mine import print_mine_summary

    print_split_summary(split(work=work, master=master, config=Config(), console=console), console=out)
    out.print()
    config = load_config(None, ['mining.teacher=["bootstrap"]', "mining.dense_model=none"])
    print_mine_summary(mine(work=work, master="none", config=config, console=console), console=out)
    out.print()
    return True


def _sample_rows(work: str) -> list[dict[str, str]]:
    import pyarrow.dataset as ds

    manifest = read_manifest(work, Pair.TABLE)
    assert manifest is not None
    columns = ["id", "question", "answer", "language"]
    rows = ds.dataset(part_files(work, manifest)).to_table(columns=columns).to_pylist()
    first: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda r: r["id"]):
        first.setdefault(row["language"], row)
    return [first[language] for language in SHOWN_LANGUAGES if language in first]


def _shortened(text: str, *, n_chars: int = 160) -> str:
    text = text.replace("\n", " / ")
    return text if len(text) <= n_chars else text[: n_chars - 1] + "…"

"""What mining costs as the corpus grows, in one run: time by stage and memory, up to a million by a million.

    python benchmarks/mine_scale.py [--documents 125000 250000 500000 1000000] [--json FILE]

Retrieval sets of as many queries as documents (`benchmarks/synthetic_retrieval.py`) are mined by
`faqtory mine` without Spark on two cores: BM25 and a dense search by the bootstrap model, which is trained on
the corpus, fused to 200 candidates a query; no teacher. Memory is what all processes hold together,
what they share counted once (proportional set size). Limit: reading the retrieval set once and writing what
was found.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import run_processes
from benchmarks.synthetic_retrieval import make_retrieval_set

SIZES = (125_000, 250_000, 500_000, 1_000_000)
PROCESSES = 2

Figures = dict[str, float]


def measure(n: int, folder: Path) -> Figures:
    """Mine a retrieval set of n documents and n queries; times in seconds, memory in MB."""
    work = folder / str(n)
    make_retrieval_set(work, n)
    began = time.perf_counter()
    found, peak = run_processes("mine", "--work", work, "--master", f"none[{PROCESSES}]")
    took = time.perf_counter() - began
    limit = _copied(work)
    shutil.rmtree(work)
    return {
        "n_queries": sum(row["n_queries"] for row in found["languages"].values()),
        "n_candidates": found["n_candidates"],
        "n_short": found["n_short"],
        "mine_s": round(took, 1),
        **{f"{stage}_s": seconds for stage, seconds in found["seconds"].items()},
        "us_per_query": round(1e6 * took / n, 1),
        "peak_mb": round(peak / 1e6),
        "copy_s": round(limit, 1),
    }


def _copied(work: Path) -> float:
    """Return the seconds of reading the retrieval set and writing the candidates found back."""
    began = time.perf_counter()
    for name in ("corpus", "queries", "qrels"):
        ds.dataset(_files(work, name)).to_table()
    for no, path in enumerate(_files(work, "candidates")):
        pq.write_table(pq.read_table(path), work / f"copy-{no}.parquet", compression="zstd")
    return time.perf_counter() - began


def _files(work: Path, table: str) -> list[str]:
    return sorted(str(path) for path in (work / "tables" / table).glob("part-*.parquet"))


def _print(rows: dict[int, Figures]) -> None:
    names = list(next(iter(rows.values())))
    table = Table("documents", *(name.replace("_", " ") for name in names), box=None)
    for n, figures in rows.items():
        table.add_row(f"{n:,}", *(f"{figures[name]:,}" for name in names))
    Console(width=180).print(table)


def main() -> None:
    """Measure all sizes, print them, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="faqtory-") as folder:
        for n in arguments.documents:
            rows[n] = measure(n, Path(folder))
            print(n, rows[n], flush=True)
    _print(rows)
    sizes = sorted(rows)
    flat: dict[str, Any] = {f"{n}_{name}": value for n, row in rows.items() for name, value in row.items()}
    flat["us_per_query_largest_to_smallest_ratio"] = round(
        rows[sizes[-1]]["us_per_query"] / rows[sizes[0]]["us_per_query"], 3
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(flat, indent=1))


if __name__ == "__main__":
    main()

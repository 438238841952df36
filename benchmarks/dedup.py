"""What cleaning and removing duplicates costs and finds, beside a peer and the machine, in one run.

    python benchmarks/dedup.py [--pairs 1000000] [--json FILE]

Synthetic pairs with planted duplicates (`benchmarks/synthetic_pairs.py`) in four sizes, each cleaned by
`faqtory clean` on two cores; then, at the largest size, a second release of a tenth as many new pairs.
Recall counts planted near-duplicates of Jaccard 0.8 or more that ended under one kept pair; precision counts
removed near-duplicates whose kept pair is what they were made from, or made from the same. Seconds leave out
the start of Spark; memory is the largest resident set of a Python worker and of the Java process.

Peer: rensa's own index (RMinHashLSH) with the same signature, in one process and in memory, which takes the
candidates' estimated similarity for the truth. Limit: reading the pairs and writing them back.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import Peaks, run_job
from benchmarks.synthetic_pairs import PAIRS_PER_PART, generate
from pipeline.core.config import Config
from pipeline.core.manifest import part_files, read_manifest

CORES = 2
SIZES = (1, 2, 4, 8)
"""Parts of the largest size in eighths."""

MIN_JACCARD = 0.8


class Groups:
    """A union-find over ids."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, node: str) -> str:
        """Return the id that stands for the node's group."""
        while (above := self._parent.get(node, node)) != node:
            self._parent[node] = self._parent.get(above, above)
            node = above
        return node

    def join(self, a: str, b: str) -> None:
        """Make one group of two."""
        self._parent[self.root(a)] = self.root(b)


def quality(work: Path, kept_of: dict[str, str]) -> dict[str, float]:
    """Compare what was removed, each id with the id kept for it, with what was planted."""
    truth = [row for path in sorted(work.glob("truth-*.parquet")) for row in pq.read_table(path).to_pylist()]
    near = [row for row in truth if row["kind"] == "near"]
    groups = Groups()
    for row in near:
        groups.join(row["id_a"], row["id_b"])
    wanted = [row for row in near if row["jaccard"] >= MIN_JACCARD]
    found = sum(kept_of.get(r["id_a"], r["id_a"]) == kept_of.get(r["id_b"], r["id_b"]) for r in wanted)
    right = sum(groups.root(removed) == groups.root(kept) for removed, kept in kept_of.items())
    siblings = {frozenset((r["id_a"], r["id_b"])) for r in truth if r["kind"] == "template"}
    return {
        "planted_n": len(wanted),
        "recall": round(found / len(wanted), 4),
        "removed_n": len(kept_of),
        "precision": round(right / len(kept_of), 4),
        "template_siblings_merged_n": sum(frozenset(pair) in siblings for pair in kept_of.items()),
    }


def removed_near_duplicates(work: Path) -> dict[str, str]:
    """Return the kept id of each id in table duplicates."""
    return {
        row["id"]: row["kept_id"]
        for batch in _batches(work, "duplicates", ["id", "kept_id", "kind"])
        for row in batch.to_pylist()
        if row["kind"] == "near"
    }


def _batches(work: Path, table: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    manifest = read_manifest(str(work), table)
    assert manifest is not None
    yield from ds.dataset(part_files(str(work), manifest)).to_batches(columns=columns)


def copying(work: Path, target: Path) -> float:
    """Read all pairs and write them back, compressed alike: what no such job can do without."""
    began = time.perf_counter()
    manifest = read_manifest(str(work), "pairs_raw")
    assert manifest is not None
    for path in part_files(str(work), manifest):
        pq.write_table(pq.read_table(path), target, compression="zstd")
    return time.perf_counter() - began


def peer(work: Path) -> tuple[float, dict[str, str]]:
    """Deduplicate with rensa's index in memory; returns the seconds and the kept id of each removed id."""
    import rensa

    config = Config().dedup
    n_permutations = config.n_bands * config.n_rows
    began = time.perf_counter()
    index = rensa.RMinHashLSH(threshold=MIN_JACCARD, num_perm=n_permutations, num_bands=config.n_bands)
    ids: list[str] = []
    signatures: list[Any] = []
    seen: set[str] = set()
    kept_of: dict[str, str] = {}
    for batch in _batches(work, "pairs_raw", ["id", "question", "answer"]):
        for row in batch.to_pylist():
            if row["id"] in seen:
                continue
            seen.add(row["id"])
            words = f"{row['question']} {row['answer']}".casefold().split()
            shingles = [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]
            signature = rensa.RMinHash(num_perm=n_permutations, seed=42)
            signature.update(shingles)
            near = [n for n in index.query(signature) if signature.jaccard(signatures[n]) >= MIN_JACCARD]
            if near:
                kept_of[row["id"]] = ids[min(near)]
                continue
            index.insert(len(ids), signature)
            ids.append(row["id"])
            signatures.append(signature)
    return time.perf_counter() - began, kept_of


def run(n_pairs: int, folder: Path) -> dict[str, float]:
    """Make the pairs, measure everything, and return the figures as one flat object."""
    figures: dict[str, float] = {"pairs": n_pairs}
    for size in SIZES:
        work = folder / f"work-{size}"
        generate(work, n_pairs=n_pairs * size // SIZES[-1])
        _note(figures, f"size_{size}", *run_job("clean", "--work", work, cores=CORES))
    for name, value in quality(work, removed_near_duplicates(work)).items():
        figures[name] = value
    figures["copy_s"] = round(copying(work, folder / "copy.parquet"), 2)
    small = folder / f"work-{SIZES[0]}"
    seconds, kept_of = peer(small)
    figures["peer_size_1_s"] = round(seconds, 2)
    figures |= {f"peer_{name}": value for name, value in quality(small, kept_of).items()}
    n_parts = -(-n_pairs // PAIRS_PER_PART)
    generate(work, n_pairs=n_pairs // 10, first_part=n_parts)
    _note(figures, "release", *run_job("clean", "--work", work, cores=CORES))
    figures |= {f"release_{k}": v for k, v in quality(work, removed_near_duplicates(work)).items()}
    _note_ratios(figures)
    return figures


def _note(figures: dict[str, float], name: str, result: dict[str, Any], peaks: Peaks) -> None:
    for key in ("start_s", "clean_s", "dedup_s"):
        figures[f"{name}_{key}"] = result[key]
    figures[f"{name}_s"] = round(result["clean_s"] + result["dedup_s"], 2)
    figures[f"{name}_pairs_raw"] = result["n_pairs_raw"]
    figures[f"{name}_worker_peak_mb"] = round(peaks.worker / 1e6, 1)
    figures[f"{name}_jvm_peak_mb"] = round(peaks.jvm / 1e6, 1)


def _note_ratios(figures: dict[str, float]) -> None:
    largest = SIZES[-1]
    for part in ("", "clean_", "dedup_"):
        grown = figures[f"size_{largest}_{part}s"] / figures[f"size_1_{part}s"]
        figures[f"{part}time_per_pair_{largest}x_to_1x_ratio"] = round(grown / largest, 3)
    figures["release_to_first_ratio"] = round(figures["release_s"] / figures[f"size_{largest}_s"], 3)
    figures["copy_to_job_ratio"] = round(figures["copy_s"] / figures[f"size_{largest}_s"], 3)
    figures["peer_to_dedup_time_ratio"] = round(figures["peer_size_1_s"] / figures["size_1_dedup_s"], 3)


def show(figures: dict[str, float], console: Console) -> None:
    """Print the figures as a table."""
    table = Table("run", "pairs", "cleaning s", "duplicates s", "us/pair", "worker MB", "Java MB", box=None)
    for name in [*(f"size_{size}" for size in SIZES), "release"]:
        n, seconds = figures[f"{name}_pairs_raw"], figures[f"{name}_s"]
        table.add_row(
            name.replace("_", " "),
            f"{n:,.0f}",
            f"{figures[f'{name}_clean_s']:.1f}",
            f"{figures[f'{name}_dedup_s']:.1f}",
            f"{seconds / n * 1e6:.0f}",
            f"{figures[f'{name}_worker_peak_mb']:.0f}",
            f"{figures[f'{name}_jvm_peak_mb']:.0f}",
        )
    console.print(table)
    for key, value in figures.items():
        if not key.startswith(("size_", "pairs")):
            console.print(f"{key.replace('_', ' ')}: {value}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1_000_000, help="pairs of the largest size")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options.pairs, Path(folder))
    show(figures, Console(width=130))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

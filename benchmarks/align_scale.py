"""What alignment costs and finds as the number of pairs grows, beside a peer and the machine, in one run.

    python benchmarks/align_scale.py [--pairs 1000000] [--sites 20000] [--embedders bootstrap] [--json FILE]

Synthetic sites in 2 to 12 invented languages (`benchmarks/synthetic_sites.py`). Four sizes, an eighth of the
pairs and sites to all of them, are aligned by `faqtory align` on two cores without any model; then as many
pairs of which one site has a fifth, without a model and with each of the --embedders (none given: without).
Precision and recall count bitexts against the planted translations; recall also by what tells the versions
of a page: hreflang, path, or nothing, where only an embedder can find them. Seconds leave out the start of
Spark; memory is the largest resident set of a Python worker and of the Java process.

Peer: the nearest neighbours of the huge site's pairs by FAISS's flat index (IndexFlatIP, exact), in both
directions of each two languages, beside `nearest` of `mining.margin`, both in one process with all its
threads. The vectors are those of a static model, trained here on a part of the site's translations. Limit:
reading the pairs once and writing the bitexts found back.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import Peaks, run_job
from benchmarks.synthetic_sites import HUGE, generate
from mining.bootstrap import Recipe, TrainingPair, train_bootstrap
from mining.margin import nearest
from mining.model_source import find_model, mining_library
from mining.sentence_models import load_embedder
from pipeline.core.config import Config
from pipeline.core.manifest import part_files, read_manifest

CORES = 2
SIZES = (1, 2, 4, 8)
"""Parts of the largest size in eighths."""
HUGE_SHARE = 0.2

N_TRAINING_PAIRS = 20_000
RECIPE = Recipe(n_epochs=3)
"""Of the model whose vectors are searched: how good it is does not matter there."""

Figures = dict[str, float]
Vectors = NDArray[np.float32]


def run(n_pairs: int, *, n_sites: int, embedders: Sequence[str], folder: Path) -> Figures:
    """Make the sites, measure everything, and return the figures as one flat object."""
    figures: Figures = {"pairs": n_pairs}
    for size in SIZES:
        work = folder / f"work-{size}"
        generate(work, n_pairs=n_pairs * size // SIZES[-1], n_sites=n_sites * size // SIZES[-1])
        figures |= measured(f"size_{size}", work)
        shutil.rmtree(work)
    work, n_huge = folder / "work-huge", round(n_pairs * HUGE_SHARE)
    generate(work, n_pairs=n_pairs - n_huge, n_sites=n_sites - 1, n_huge=n_huge)
    figures |= measured("huge_site", work)
    for embedder in embedders:
        name = "".join(c if c.isalnum() else "_" for c in embedder)
        figures |= measured(f"huge_site_{name}", work, "--embedder", embedder)
    figures["copy_s"] = copying(work, folder / "copy.parquet")
    largest = figures[f"size_{SIZES[-1]}_us_per_pair"]
    figures["time_per_pair_8x_to_1x_ratio"] = round(largest / figures["size_1_us_per_pair"], 3)
    figures["time_per_pair_huge_to_none_ratio"] = round(figures["huge_site_us_per_pair"] / largest, 3)
    figures["copy_to_job_ratio"] = round(figures["copy_s"] / figures["huge_site_work_s"], 4)
    if find_spec("faiss") and find_spec("sentence_transformers"):
        figures |= searching(huge_vectors(work, folder / "model"))
    else:
        print("The extra mining is not installed: the search is not compared with FAISS.")
    return figures


def measured(name: str, work: Path, *arguments: object) -> Figures:
    """Align a work folder; returns time, memory, precision and recall."""
    result, peaks = run_job("align", "--work", work, *arguments, cores=CORES)
    figures = {
        "pairs": result["n_pairs"],
        **{key: value for key, value in result.items() if key.endswith("_s")},
        "us_per_pair": round(result["work_s"] / result["n_pairs"] * 1e6, 1),
        **_memory(peaks),
        **quality(work),
    }
    return {f"{name}_{key}": value for key, value in figures.items()}


def _memory(peaks: Peaks) -> Figures:
    return {
        "worker_peak_mb": round(peaks.worker / 1e6, 1),
        "jvm_peak_mb": round(peaks.jvm / 1e6, 1),
    }


def quality(work: Path) -> Figures:
    """Compare the bitexts found with the translations planted."""
    keys = ["id_a", "id_b"]
    truth, found = pq.read_table(work / "truth.parquet"), _table(work, "bitexts", keys)
    right = truth.join(found, keys=keys, join_type="inner")
    wanted, got = (_by_structure(table) for table in (truth, right))
    return {
        "truth_n": truth.num_rows,
        "found_n": found.num_rows,
        "precision": round(right.num_rows / max(1, found.num_rows), 4),
        "recall": round(right.num_rows / truth.num_rows, 4),
        **{f"recall_{name}": round(got.get(name, 0) / n, 4) for name, n in sorted(wanted.items())},
    }


def _by_structure(table: pa.Table) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(table["structure"]).to_pylist()}


def _table(work: Path, name: str, columns: list[str], **options: Any) -> pa.Table:
    manifest = read_manifest(str(work), name)
    assert manifest is not None
    return ds.dataset(part_files(str(work), manifest)).to_table(columns=columns, **options)


def copying(work: Path, target: Path) -> float:
    """Read all pairs, and write the bitexts: what no such job can do without. Returns the seconds."""
    pairs, bitexts = read_manifest(str(work), "pairs"), read_manifest(str(work), "bitexts")
    assert pairs is not None
    assert bitexts is not None
    found = pq.ParquetDataset(part_files(str(work), bitexts)).read()
    began = time.perf_counter()
    for path in part_files(str(work), pairs):
        pq.read_table(path)
    pq.write_table(found, target, compression="zstd")
    return round(time.perf_counter() - began, 2)


def huge_vectors(work: Path, model: Path) -> dict[str, Vectors]:
    """Return the embeddings of the huge site's pairs, by language."""
    columns = ["id", "question", "answer", "language"]
    pairs = _table(work, "pairs", columns, filter=ds.field("origin") == HUGE).to_pylist()
    by_id = {pair["id"]: pair for pair in pairs}
    truth = pq.read_table(work / "truth.parquet", columns=["id_a", "id_b"]).to_pylist()
    known = [(by_id[row["id_a"]], by_id[row["id_b"]]) for row in truth if row["id_a"] in by_id]
    train_bootstrap(
        (
            TrainingPair(a["question"], b["question"], a["language"], b["language"], HUGE)
            for a, b in known[:N_TRAINING_PAIRS]
        ),
        out=model,
        recipe=RECIPE,
    )
    defaults = Config().align
    embedder = load_embedder(
        find_model(str(model)), max_tokens=defaults.max_tokens, device="cpu", batch_size=defaults.batch_size
    )
    return {
        language: embedder.embed(
            [f"{p['question']}\n{p['answer']}" for p in pairs if p["language"] == language]
        )
        for language in sorted({pair["language"] for pair in pairs})
    }


def searching(vectors: dict[str, Vectors]) -> Figures:
    """Search the nearest neighbours in every other language, by FAISS and by ours."""
    faiss, k = mining_library("faiss"), Config().align.n_neighbours
    two_languages = list(combinations(vectors.values(), 2))
    began = time.perf_counter()
    for a, b in two_languages:
        for rows, queries in ((a, b), (b, a)):
            index = faiss.IndexFlatIP(rows.shape[1])
            index.add(rows)
            index.search(queries, k)
    between = time.perf_counter()
    for a, b in two_languages:
        nearest(a, b, k=k)
    ended = time.perf_counter()
    return {
        "search_rows": sum(map(len, vectors.values())),
        "search_dimensions": two_languages[0][0].shape[1],
        "search_faiss_flat_s": round(between - began, 2),
        "search_margin_s": round(ended - between, 2),
        "search_faiss_flat_to_margin_time_ratio": round((between - began) / (ended - between), 3),
    }


def show(figures: Figures, console: Console) -> None:
    """Print the figures as a table."""
    names = [key.removesuffix("_us_per_pair") for key in figures if key.endswith("_us_per_pair")]
    heads = ("pairs", "s", "us/pair", "worker MB", "Java MB", "bitexts", "precision", "recall")
    keys = (
        "pairs",
        "work_s",
        "us_per_pair",
        "worker_peak_mb",
        "jvm_peak_mb",
        "found_n",
        "precision",
        "recall",
    )
    structures = ("hreflang", "path", "none")
    table = Table("run", *heads, *structures, box=None)
    shown = set()
    for name in names:
        cells = [f"{name}_{key}" for key in (*keys, *(f"recall_{structure}" for structure in structures))]
        table.add_row(name.replace("_", " "), *(f"{figures[c]:,}" if c in figures else "" for c in cells))
        shown.update(cells)
    console.print(table)
    for key, value in figures.items():
        if key not in shown:
            console.print(f"{key.replace('_', ' ')}: {value:,}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1_000_000, help="pairs of the largest size")
    parser.add_argument("--sites", type=int, default=20_000, help="sites of the largest size")
    parser.add_argument(
        "--embedders", nargs="*", default=["bootstrap"], help="folders or ids; none: offline alone"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options.pairs, n_sites=options.sites, embedders=options.embedders, folder=Path(folder))
    show(figures, Console(width=150))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""What extraction costs, beside what the machine and the peers can do, in one run on the same files.

    python benchmarks/extract.py [--pages 8000] [--json FILE]

Each measurement is a process of its own. Rates are pages (responses) per second of wall time; ratios compare
with a FastWARC loop that reads every response body and does nothing else. Peak memory is the resident set of
the process or, for the whole job, of the largest Python worker. The whole job's rate leaves out the start of
Spark, which is shown apart.
"""

import argparse
import importlib
import json
import logging
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import run_job

SIZES = (1, 2, 4, 8)
EVERY_PAGE_LIMIT = 400
"""Pages that warcio + extruct on every page is given: at some 50 ms each, more would only take longer."""

PREFILTER = b"FAQPage"


def decompression(path: Path) -> int:
    """Inflate the file and drop the bytes: the physical limit of any reader."""
    from fastwarc.stream_io import GzipReader

    with path.open("rb") as stream:
        reader = GzipReader(stream)
        while reader.read(1 << 16):
            pass
    return 0


def fastwarc_loop(path: Path) -> int:
    """Read every response body and do nothing else."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    n = 0
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            record.reader.read()
            n += 1
    return n


def our_scan(path: Path) -> int:
    """Read, prefilter, and count what became of every response, without extracting anything."""
    from extract.page import mentions_faqpage
    from extract.warc import WarcLimits, WarcScan, read_responses

    scan = WarcScan()
    with path.open("rb") as stream:
        n = sum(1 for _ in read_responses(stream, scan=scan, limits=WarcLimits(), wanted=mentions_faqpage))
    return n + sum(scan.outcomes.values())


def our_extraction(path: Path) -> int:
    """Do all that a Spark task does for a file, without Spark: read, extract, write Parquet."""
    from pipeline.core.config import Config
    from pipeline.core.manifest import Shard
    from pipeline.jobs.extract import extract_shard, settings_key

    config = Config().extract
    with tempfile.TemporaryDirectory() as work:
        shard = Shard.of(str(path), "warc", version="", settings=settings_key(config))
        extract_shard(shard, work=work, config=config)
    return 0


def warcio_prefilter_extruct(path: Path) -> int:
    """Read with warcio, extruct on the pages that the same prefilter lets through."""
    return _warcio_extruct(path, lambda body: PREFILTER in body, limit=None)


def warcio_extruct(path: Path) -> int:
    """Read with warcio, extruct on every page (the first ones)."""
    return _warcio_extruct(path, lambda _: True, limit=EVERY_PAGE_LIMIT)


def _warcio_extruct(path: Path, wanted: Callable[[bytes], bool], *, limit: int | None) -> int:
    import extruct
    from warcio.archiveiterator import ArchiveIterator

    logging.disable()
    n = 0
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type != "response":
                continue
            body = record.content_stream().read()
            n += 1
            if wanted(body):
                url = record.rec_headers.get_header("WARC-Target-URI")
                extruct.extract(body, base_url=url, syntaxes=["json-ld", "microdata", "rdfa"], errors="log")
            if n == limit:
                break
    return n


MEASURED = {
    f.__name__: f
    for f in (
        decompression,
        fastwarc_loop,
        our_scan,
        our_extraction,
        warcio_prefilter_extruct,
        warcio_extruct,
    )
}


def measure_here(name: str, path: Path) -> dict[str, float]:
    """Run one measurement in this process."""
    measured = MEASURED[name]
    for module in ("pipeline.jobs.extract", "fastwarc.warc", "warcio", "extruct"):
        importlib.import_module(module)

    began = time.perf_counter()
    n_pages = measured(path)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "n_pages": n_pages, "peak_bytes": peak}


def measure(name: str, path: Path, *, repeat: int = 3) -> dict[str, float]:
    """Run one measurement in fresh processes and keep the fastest."""
    command = [sys.executable, __file__, "--measure", name, str(path)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(repeat)
    ]
    return min(runs, key=lambda run: run["seconds"])


def whole_job(paths: list[Path], *, cores: int, repeat: int = 2) -> dict[str, float]:
    """Run `faqtory extract` on the files and watch its Python workers' memory; keep the fastest run."""
    runs = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as work:
            figures, peaks = run_job("extract", *paths, "--work", work, cores=cores)
            runs.append(
                {
                    "seconds": figures["work_s"],
                    "start_s": figures["start_s"],
                    "n_pages": sum(figures["outcomes"].values()),
                    "n_pairs": figures["n_pairs"],
                    "peak_bytes": peaks.worker,
                }
            )
    return min(runs, key=lambda run: run["seconds"])


def run(n_pages: int, folder: Path) -> dict[str, float]:
    """Make the files, measure everything, and return the figures as one flat object."""
    from benchmarks.synthetic_crawl import copies, write_crawl

    base = folder / "crawl-1x.warc.gz"
    n_pairs = write_crawl(base, n_pages=n_pages)
    files = {1: base}
    for size in SIZES[1:]:
        files[size] = folder / f"crawl-{size}x.warc.gz"
        copies(base, files[size], n=size)
    figures: dict[str, float] = {
        "file_1x_bytes": base.stat().st_size,
        "pages_1x": n_pages,
        "pairs_1x": n_pairs,
    }
    largest = SIZES[-1]
    for name in MEASURED:
        size = 1 if name.startswith("warcio") else largest
        result = measure(name, files[size], repeat=1 if name.startswith("warcio") else 3)
        pages = EVERY_PAGE_LIMIT if name == "warcio_extruct" else n_pages * size
        if result["n_pages"] not in (0, pages):
            raise SystemExit(f"{name} saw {result['n_pages']} pages, not {pages}")
        _note(figures, name, result, pages=pages, n_bytes=base.stat().st_size * pages / n_pages)
    for size, path in files.items():
        result = whole_job([path], cores=1)
        if result["n_pairs"] != n_pairs * size:
            raise SystemExit(f"the job found {result['n_pairs']} pairs, not {n_pairs * size}")
        name = f"job_{size}x"
        _note(figures, name, result, pages=n_pages * size, n_bytes=base.stat().st_size * size)
        figures[f"{name}_start_s"] = result["start_s"]
    _note_cores(figures, base, folder, n_pages=n_pages)
    _note_ratios(figures)
    return figures


def _note(
    figures: dict[str, float], name: str, result: dict[str, float], *, pages: int, n_bytes: float
) -> None:
    figures[f"{name}_s"] = round(result["seconds"], 3)
    figures[f"{name}_pages_per_s"] = round(pages / result["seconds"], 1)
    figures[f"{name}_mb_per_s"] = round(n_bytes / result["seconds"] / 1e6, 2)
    figures[f"{name}_peak_mb"] = round(result["peak_bytes"] / 1e6, 1)


def _note_cores(figures: dict[str, float], base: Path, folder: Path, *, n_pages: int) -> None:
    """Measure one and two cores on eight files of the base size."""
    parts = [folder / f"part-{i}.warc.gz" for i in range(SIZES[-1])]
    for part in parts:
        shutil.copy(base, part)
    for cores in (1, 2):
        result = whole_job(parts, cores=cores)
        n_bytes = base.stat().st_size * len(parts)
        _note(figures, f"job_{cores}_cores", result, pages=n_pages * len(parts), n_bytes=n_bytes)


def _note_ratios(figures: dict[str, float]) -> None:
    largest = f"job_{SIZES[-1]}x"
    loop = figures["fastwarc_loop_pages_per_s"]
    job = figures[f"{largest}_pages_per_s"]
    figures["scan_to_fastwarc_ratio"] = round(figures["our_scan_pages_per_s"] / loop, 3)
    figures["extraction_to_fastwarc_ratio"] = round(figures["our_extraction_pages_per_s"] / loop, 3)
    figures["job_to_fastwarc_ratio"] = round(job / loop, 3)
    figures["job_to_warcio_prefilter_extruct_ratio"] = round(
        job / figures["warcio_prefilter_extruct_pages_per_s"], 2
    )
    figures["job_to_warcio_extruct_ratio"] = round(job / figures["warcio_extruct_pages_per_s"], 2)
    figures["two_cores_to_one_ratio"] = round(figures["job_1_cores_s"] / figures["job_2_cores_s"], 3)
    per_page = [figures[f"job_{size}x_s"] / size for size in SIZES]
    figures["time_per_page_8x_to_2x_ratio"] = round(per_page[-1] / per_page[1], 3)


def show(figures: dict[str, float], console: Console) -> None:
    """Print the figures as a table."""
    loop = figures["fastwarc_loop_pages_per_s"]
    table = Table("measured", "seconds", "pages/s", "MB/s (gz)", "of FastWARC's loop", "peak MB", box=None)
    for name in [key.removesuffix("_pages_per_s") for key in figures if key.endswith("_pages_per_s")]:
        rate = figures[f"{name}_pages_per_s"]
        table.add_row(
            name.replace("_", " "),
            f"{figures[f'{name}_s']:.2f}",
            f"{rate:,.0f}",
            f"{figures[f'{name}_mb_per_s']:.1f}",
            f"{rate / loop:.3f}",
            f"{figures[f'{name}_peak_mb']:.0f}",
        )
    console.print(table)
    for key, value in figures.items():
        if key.endswith(("_ratio", "_start_s")):
            console.print(f"{key.replace('_', ' ')}: {value}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=8000, help="responses in the file of size 1x")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, path = arguments.measure
        print(json.dumps(measure_here(name, Path(path))))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = run(arguments.pages, Path(folder))
    show(figures, Console(width=130))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

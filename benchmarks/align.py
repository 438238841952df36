"""How right and how complete alignment is, on the sample crawl's gold and on real sites with a known answer.

    python benchmarks/align.py [--data ../shared/data] [--json FILE]

Everything offline, without any model. Precision is the share of bitexts found that are in the gold, recall
the share of the gold that is found; both count pairs of pairs, over all language pairs of a site. A pair
that cleaning removed as a duplicate counts as the one that stands for it. On the real sites (`warc/real-
sites-align.tsv`; rows with markup and usable = yes: questions at the same position translate each other)
precision counts bitexts between pages that are usable, and the traps are counted apart: bitexts of pages
whose number of questions differs, which may be right, and of pages whose text is in another language than
they declare.
"""

import argparse
import csv
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import run_job
from pipeline.core.manifest import part_files, read_manifest
from pipeline.sample.build import build_sample

CORES = 2
Place = tuple[str, int]
"""URL and position of a question on its page."""


def rows(work: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield a table's rows."""
    manifest = read_manifest(str(work), table)
    assert manifest is not None
    for batch in ds.dataset(part_files(str(work), manifest)).to_batches(columns=columns):
        yield from batch.to_pylist()


def pair_at(work: Path) -> dict[Place, str]:
    """Return the id, in table pairs, of what stands at each place of the crawl."""
    kept = {row["id"]: row["kept_id"] for row in rows(work, "duplicates", ["id", "kept_id"])}
    return {
        (row["url"], row["position"]): kept.get(row["id"], row["id"])
        for row in rows(work, "cleaned", ["id", "url", "position", "dropped_by"])
        if row["dropped_by"] is None
    }


def translations(groups: Iterable[Iterable[Place]], at: dict[Place, str]) -> set[frozenset[str]]:
    """Return the ids of pairs that translate each other, two by two."""
    found = {
        frozenset((at[a], at[b]))
        for group in groups
        for a, b in combinations(group, 2)
        if a in at and b in at
    }
    return {pair for pair in found if len(pair) == 2}


def bitexts(work: Path) -> dict[frozenset[str], tuple[str, str]]:
    """Return the URLs of each bitext by its ids."""
    columns = ["id_a", "id_b", "url_a", "url_b"]
    return {
        frozenset((row["id_a"], row["id_b"])): (row["url_a"], row["url_b"])
        for row in rows(work, "bitexts", columns)
    }


def aligned(inputs: list[Path], work: Path) -> dict[str, Any]:
    """Extract, clean and align the files; returns the figures of the last step."""
    run_job("extract", *inputs, "--work", work, cores=CORES)
    run_job("clean", "--work", work, cores=CORES)
    figures, _ = run_job("align", "--work", work, cores=CORES)
    return figures


def sample(folder: Path) -> dict[str, float]:
    """Measure on the sample crawl."""
    crawl = build_sample(folder / "crawl")
    figures = aligned(crawl.warc_paths, folder / "work")
    groups = [
        [(member["url"], member["position"]) for member in json.loads(line)["members"]]
        for line in (crawl.gold_dir / "translations.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    gold = translations(groups, pair_at(folder / "work"))
    return _scores(set(bitexts(folder / "work")), gold) | {"work_s": figures["work_s"]}


def real_sites(data: Path, folder: Path) -> dict[str, float]:
    """Measure on the real sites."""
    aligned(sorted((data / "warc").glob("real-sites-*.warc.gz")), folder)
    with (data / "warc" / "real-sites-align.tsv").open(encoding="utf-8") as stream:
        pages = [row for row in csv.DictReader(stream, delimiter="\t") if row["markup"] == "yes"]
    use = {page["url"]: page["usable"] for page in pages}
    versions: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for page in pages:
        if page["usable"] == "yes":
            versions[page["site"], page["group"]].append(page)
    groups = [
        [(page["url"], position) for page in of_group]
        for of_group in versions.values()
        for position in range(min(int(page["n_questions"]) for page in of_group))
    ]
    gold = translations(groups, pair_at(folder))
    found = bitexts(folder)
    usable = {ids for ids, urls in found.items() if all(use.get(url) == "yes" for url in urls)}
    traps = {
        f"{trap.replace('-', '_')}_n": sum(any(use.get(u) == trap for u in urls) for urls in found.values())
        for trap in ("count-differs", "language-differs")
    }
    return _scores(usable | (set(found) & gold), gold) | traps


def _scores(found: set[frozenset[str]], gold: set[frozenset[str]]) -> dict[str, float]:
    return {
        "gold_n": len(gold),
        "found_n": len(found),
        "precision": round(len(found & gold) / len(found), 4),
        "recall": round(len(found & gold) / len(gold), 4),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    table = Table("gold", "pairs", "found", "precision", "recall", box=None)
    with tempfile.TemporaryDirectory() as folder:
        measured = {"sample": sample(Path(folder))}
        if (options.data / "warc").is_dir():
            measured["real"] = real_sites(options.data, Path(folder) / "real")
        else:
            print(f"No real data at {options.data}: the real sites are left out.")
    for name, of_gold in measured.items():
        figures |= {f"{name}_{key}": value for key, value in of_gold.items()}
        cells = (of_gold[key] for key in ("gold_n", "found_n", "precision", "recall"))
        table.add_row(name, *(f"{cell:,}" for cell in cells))
    Console(width=130).print(table)
    for key, value in figures.items():
        if not key.endswith(("gold_n", "found_n", "precision", "recall")):
            print(f"{key.replace('_', ' ')}: {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

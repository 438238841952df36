"""Crawls of which is known what translates what: the sample crawl by its gold, real sites by a list.

Of the real sites (`warc/real-sites-align.tsv`) the rows with markup count, and usable = yes: questions at the
same position of two versions of a page translate each other.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from benchmarks.jobs import run_job
from benchmarks.stripped_pages import Place, strip
from pipeline.core.manifest import part_files, read_manifest
from pipeline.sample.build import build_sample

CORES = 2

Ids = frozenset[str]
"""The ids of two pairs."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """A crawl in a work folder, with what is known of it."""

    name: str
    work: Path
    groups: list[list[Place]]
    """Places of pairs that translate each other."""
    sites: dict[str, list[list[str]]]
    """URLs of the language versions of each page, by site."""
    use: Mapping[str, str] | None = None
    """Of real pages, by URL: yes, or the trap that they are."""
    places: Mapping[Place, Place] = field(default_factory=dict)
    """Of a stripped crawl: where the pairs of the stripped pages stood, by where they stand."""

    def stripped(self, work: Path) -> "Crawl":
        """Return a copy in another work folder, cleaned anew, half of whose pages are stripped."""
        places = strip(self.work, work, self.sites)
        run_job("clean", "--work", work, cores=CORES)
        return Crawl(self.name, work, self.groups, self.sites, self.use, places)


def rows(work: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield a table's rows."""
    manifest = read_manifest(str(work), table)
    assert manifest is not None
    for batch in ds.dataset(part_files(str(work), manifest)).to_batches(columns=columns):
        yield from batch.to_pylist()


def pair_at(crawl: Crawl) -> dict[Place, str]:
    """Return the id, in table pairs, of what stands at each place of the crawl before it was stripped."""
    kept = {row["id"]: row["kept_id"] for row in rows(crawl.work, "duplicates", ["id", "kept_id"])}
    found = {
        (row["url"], row["position"]): kept.get(row["id"], row["id"])
        for row in rows(crawl.work, "cleaned", ["id", "url", "position", "dropped_by"])
        if row["dropped_by"] is None
    }
    return {crawl.places.get(place, place): id for place, id in found.items()}


def translations(groups: Iterable[Iterable[Place]], at: dict[Place, str]) -> set[Ids]:
    """Return the ids of pairs that translate each other, two by two."""
    found = {
        frozenset((at[a], at[b]))
        for group in groups
        for a, b in combinations(group, 2)
        if a in at and b in at
    }
    return {pair for pair in found if len(pair) == 2}


def sample(folder: Path) -> Crawl:
    """Build, extract and clean the sample crawl."""
    built = build_sample(folder / "crawl")
    cleaned(built.warc_paths, folder / "sample")
    groups = [
        [(member["url"], member["position"]) for member in row["members"]]
        for row in _json_lines(built.gold_dir / "translations.jsonl")
    ]
    sites = _by_site(
        (page["site"], page["page"], page["url"]) for page in _json_lines(built.gold_dir / "pages.jsonl")
    )
    return Crawl("sample", folder / "sample", groups, sites)


def real_sites(data: Path, folder: Path) -> Crawl:
    """Extract and clean the real sites."""
    cleaned(sorted((data / "warc").glob("real-sites-*.warc.gz")), folder / "real")
    with (data / "warc" / "real-sites-align.tsv").open(encoding="utf-8") as stream:
        pages = [row for row in csv.DictReader(stream, delimiter="\t") if row["markup"] == "yes"]
    use = {page["url"]: page["usable"] for page in pages}
    n_questions = {page["url"]: int(page["n_questions"]) for page in pages}
    sites = _by_site((page["site"], page["group"], page["url"]) for page in pages)
    versions = [[url for url in group if use[url] == "yes"] for site in sites.values() for group in site]
    groups = [
        [(url, position) for url in urls]
        for urls in versions
        for position in range(min((n_questions[url] for url in urls), default=0))
    ]
    return Crawl("real", folder / "real", groups, sites, use)


def cleaned(inputs: Sequence[Path], work: Path) -> None:
    """Extract and clean files."""
    run_job("extract", *inputs, "--work", work, cores=CORES)
    run_job("clean", "--work", work, cores=CORES)


def _json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _by_site(pages: Iterable[tuple[str, str, str]]) -> dict[str, list[list[str]]]:
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for site, group, url in pages:
        groups[site][group].append(url)
    return {site: list(of_site.values()) for site, of_site in groups.items()}

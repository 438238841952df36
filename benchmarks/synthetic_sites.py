"""Sites in several languages, of any number, as the tables that alignment reads, with known translations.

    python benchmarks/synthetic_sites.py OUT --pairs 1000000 --sites 20000 --huge 200000

The words are invented: each of 2,000 concepts has a word in each of twelve languages, made of the language's
own syllables, and frequencies fall as in natural language. A translation replaces one word in ten, and keeps
the names and numbers. No language identification knows such words; therefore not `pairs_raw` but `cleaned`,
`pairs` and an empty `duplicates` are written, as cleaning would.

Sizes of sites are log-normal; `--huge` adds one site of so many pairs, in six languages. A site has 2 to 12
languages, few more often than many, and pages of 4 to 10 questions. Of all questions 10 % are missing in a
language, 10 % repeat the one before with another name and number; 10 % of the versions of pages have an order
of their own. What tells the versions of a page, by site; the huge one has pages of the first and last kind:

    hreflang   40 %   every version names all versions; paths are hashes
    path       30 %   /de/faq-1 and /en/faq-1, without links
    none       30 %   paths are hashes, without links

The truth stands in OUT/truth.parquet: id_a and id_b, the pair whose language code comes first in the alphabet
being a, and structure, one of these three. The same arguments give the same files.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.synthetic_languages import LANGUAGES, Question, questions, written
from pipeline.core.errors import ConfigError
from pipeline.core.ids import md5_hex, pair_id
from pipeline.core.manifest import Commit, Shard, publish
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, Duplicate, Pair
from pipeline.core.stages import CLEAN, DEDUP
from pipeline.core.table import Record, arrow_schema

PAIRS_PER_PART = 62_500
N_LANGUAGES_OF_HUGE = 6
HUGE = "www.huge.example"
MISSING = 0.1
SHUFFLED = 0.1

CRAWLED = datetime(2026, 11, 1, tzinfo=UTC)
TRUTH = pa.schema([("id_a", pa.string()), ("id_b", pa.string()), ("structure", pa.string())])
_CONSTANT = {
    "script": "Latn",
    "language_score": 1.0,
    "language_source": "pair",
    "answer_index": 0,
    "syntax": "jsonld",
    "crawl_date": CRAWLED,
    "warc_file": "synthetic",
    "rank": 0,
    "answer_key": 0,
    "fact_key": 0,
    "template_key": 0,
    "n_sightings": 1,
    "cluster_size": 1,
    "template_size": 1,
}


@dataclass(frozen=True, slots=True)
class Site:
    """One site and what its pages are made of."""

    origin: str
    languages: tuple[str, ...]
    n_questions: int
    structures: tuple[str, ...]
    """Of its pages, in turn."""


@dataclass(slots=True)
class Rows:
    """Pairs waiting to be written, by column, and the translations among them."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: []
            for name in ("id", "question", "answer", "language", "url", "origin", "position", "alternates")
        }
    )
    truth: list[tuple[str, str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns["id"])


def generate(work: Path, *, n_pairs: int, n_sites: int, n_huge: int = 0, seed: int = 0) -> int:
    """Write about `n_pairs` pairs of `n_sites` sites, and about `n_huge` more of one huge site.

    Returns the number of pairs. Raises ConfigError where there are tables already.
    """
    if (work / "tables").exists():
        raise ConfigError(f"{work} has tables; give a new folder.")
    commits: list[Commit] = []
    work.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(work / "truth.parquet", TRUTH, compression="zstd") as truth:
        for rows in _parts(_sites(n_pairs=n_pairs, n_sites=n_sites, n_huge=n_huge, seed=seed), seed):
            commits.append(_write(work, rows, number=len(commits), seed=seed))
            columns = [list(column) for column in zip(*rows.truth, strict=True)] or [[]] * 3
            truth.write_table(pa.table(columns, schema=TRUTH))
    publish(str(work), CLEAN.name, records=[Cleaned], commits=commits)
    publish(str(work), DEDUP.name, records=[Pair, Duplicate], commits=commits)
    return sum(commit.rows[Pair.TABLE] for commit in commits)


def _sites(*, n_pairs: int, n_sites: int, n_huge: int, seed: int) -> Iterator[Site]:
    chance = Random(f"sites {seed}")
    weights = [chance.lognormvariate(0, 1.2) for _ in range(n_sites)]
    total = sum(weights)
    for number, weight in enumerate(weights):
        n_languages = 2 + int(11 * chance.random() ** 3)
        n_questions = round(n_pairs * weight / total / n_languages / (1 - MISSING))
        draw = chance.random()
        structure = "hreflang" if draw < 0.4 else "path" if draw < 0.7 else "none"
        languages = tuple(sorted(chance.sample(list(LANGUAGES), n_languages)))
        yield Site(f"www.site-{number}.example", languages, max(1, n_questions), (structure,))
    if n_huge:
        languages = tuple(sorted(chance.sample(list(LANGUAGES), N_LANGUAGES_OF_HUGE)))
        n_questions = round(n_huge / N_LANGUAGES_OF_HUGE / (1 - MISSING))
        yield Site(HUGE, languages, n_questions, ("hreflang", "none"))


def _parts(sites: Iterator[Site], seed: int) -> Iterator[Rows]:
    """Yield the pairs in parts; no page is in two."""
    rows = Rows()
    for site in sites:
        chance = Random(f"{site.origin} {seed}")
        asked = list(questions(site.n_questions, chance))
        page = 0
        while asked:
            n = chance.randint(4, 10)
            structure = site.structures[page % len(site.structures)]
            _add_page(rows, site, asked[:n], chance, page=page, structure=structure)
            asked, page = asked[n:], page + 1
            if len(rows) >= PAIRS_PER_PART:
                yield rows
                rows = Rows()
    if len(rows):
        yield rows


def _add_page(
    rows: Rows, site: Site, asked: Sequence[Question], chance: Random, *, page: int, structure: str
) -> None:
    """Add all versions of a page, and what translates what on it."""
    urls = {language: _url(site.origin, language, page, structure) for language in site.languages}
    links = [{"hreflang": LANGUAGES[language], "url": url} for language, url in urls.items()]
    versions: list[dict[str, str]] = [{} for _ in asked]
    for language in site.languages:
        present = [i for i in range(len(asked)) if chance.random() >= MISSING]
        if chance.random() < SHUFFLED:
            chance.shuffle(present)
        for position, i in enumerate(present):
            question, answer = written(asked[i], language, chance)
            versions[i][language] = id = pair_id(question, answer)
            alternates = links if structure == "hreflang" else []
            values = (id, question, answer, language, urls[language], site.origin, position, alternates)
            for column, value in zip(rows.columns.values(), values, strict=True):
                column.append(value)
    for ids in versions:  # in the order of the languages' codes
        rows.truth += [(a, b, structure) for a, b in combinations(ids.values(), 2)]


def _url(origin: str, language: str, page: int, structure: str) -> str:
    if structure == "path":
        return f"https://{origin}/{LANGUAGES[language]}/faq-{page}"
    return f"https://{origin}/{md5_hex(f'{origin} {language} {page}')[:12]}"


def _write(work: Path, rows: Rows, *, number: int, seed: int) -> Commit:
    """Write a part of each table."""
    name = f"synthetic/{seed}/part-{number:05d}"
    shard = Shard.of(name, "synthetic", version="", settings="synthetic sites")
    for record in (Cleaned, Pair):
        with open_part(str(work), record, shard.id) as part:
            part.add_batch(_batch(record, rows.columns))
    with open_part(str(work), Duplicate, shard.id):
        pass
    counts = {Cleaned.TABLE: len(rows), Pair.TABLE: len(rows), Duplicate.TABLE: 0}
    return Commit(shard, ShardOutcome.READ, counts)


def _batch(record: type[Record], columns: dict[str, list[Any]]) -> pa.RecordBatch:
    n = len(columns["id"])
    given = columns | {"raw_id": columns["id"], "cluster_id": columns["id"], "warc_offset": range(n)}
    given["page_id"] = [md5_hex(url) for url in columns["url"]]
    schema = arrow_schema(record)
    arrays = [
        pa.array(given[column.name], column.type) if column.name in given else _constant(column, n)
        for column in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _constant(column: pa.Field, n: int) -> pa.Array:
    value = _CONSTANT.get(column.name, [] if pa.types.is_list(column.type) else None)
    return pa.repeat(pa.scalar(value, column.type), n)


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description="Write synthetic sites as the tables that alignment reads.")
    parser.add_argument("out", type=Path, help="work folder")
    parser.add_argument("--pairs", type=int, default=1_000_000, help="of all sites but the huge one")
    parser.add_argument("--sites", type=int, default=20_000)
    parser.add_argument("--huge", type=int, default=0, help="pairs of one more site")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        n_pairs = generate(
            options.out, n_pairs=options.pairs, n_sites=options.sites, n_huge=options.huge, seed=options.seed
        )
    except ConfigError as error:
        parser.error(str(error))
    print(f"{n_pairs} pairs in {options.out}")


if __name__ == "__main__":
    main()

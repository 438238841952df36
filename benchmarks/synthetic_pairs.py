"""FAQ-like pairs of any number as table `pairs_raw`, with known duplicates: to measure deduplication on.

    python benchmarks/synthetic_pairs.py OUT --pairs 1000000

The words are those of the sample crawl, in nine languages, drawn so that their frequencies fall as in natural
language; each question and answer has an invented name, and each answer a number. Pages have five pairs, and
the number of pages of an origin falls likewise. Of all pairs, by kind:

    near         10 %   another pair's words edited, similarities from 0.5 to 1; no fact is changed
    exact         5 %   another pair once more, on another page
    template      5 %   another pair with another name or another number
    boilerplate   2 %   a question of its own with one of few answers, which stand on many origins

The truth stands in OUT/truth-00000.parquet: id_a and id_b (`pair_id`; cleaning leaves the texts as they are),
jaccard (of the sets of 5-grams, computed here from the words, not by the code under test) and kind. For exact
duplicates and boilerplate id_a is id_b.

Pair number i is the same in every run with the same seed, whatever was made before: a second call with
`first_part` adds a release, some of whose pairs repeat pairs of the first one.
"""

import argparse
import sys
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`
from benchmarks.synthetic_faq import PAIRS_PER_PAGE, jaccard, language_of, pair, written
from pipeline.core.errors import ConfigError
from pipeline.core.ids import md5_hex, pair_id
from pipeline.core.manifest import Commit, Shard, publish, read_manifest
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import PairRaw
from pipeline.core.stages import EXTRACT
from pipeline.core.table import arrow_schema

PAIRS_PER_PART = 50_000
N_ORIGINS = 100_000

CRAWLED = datetime(2026, 11, 1, tzinfo=UTC)
TRUTH = pa.schema(
    [("id_a", pa.string()), ("id_b", pa.string()), ("jaccard", pa.float64()), ("kind", pa.string())]
)


def generate(work: Path, *, n_pairs: int, seed: int = 0, first_part: int = 0) -> int:
    """Add `n_pairs` pairs to the work folder's `pairs_raw`, in parts from number `first_part` on.

    Returns the number of parts made. Raises ConfigError where the numbers do not follow on what is there.
    """
    earlier = read_manifest(str(work), PairRaw.TABLE)
    commits = list(earlier.commits) if earlier else []
    if len(commits) != first_part:
        raise ConfigError(
            f"{work} has {len(commits)} parts; give --first-part {len(commits)}, or a new folder."
        )
    if n_pairs < PAIRS_PER_PAGE or n_pairs % PAIRS_PER_PAGE:
        raise ConfigError(f"{n_pairs} pairs are no whole pages; give a multiple of {PAIRS_PER_PAGE}.")
    truth: list[tuple[str, str, float, str]] = []
    first = earlier.n_rows if earlier else 0
    starts = range(first, first + n_pairs, PAIRS_PER_PART)
    for part, start in enumerate(starts, first_part):
        name = f"synthetic/{seed}/part-{part:05d}"
        shard = Shard.of(name, "synthetic", version="", settings="synthetic pairs")
        numbers = range(start, min(start + PAIRS_PER_PART, first + n_pairs))
        with open_part(str(work), PairRaw, shard.id) as writer:
            writer.add_batch(_part(numbers, seed=seed, file=name, truth=truth))
        commits.append(Commit(shard, ShardOutcome.READ, {PairRaw.TABLE: len(numbers)}))
    publish(str(work), EXTRACT.name, records=[PairRaw], commits=commits)
    columns = [list(column) for column in zip(*truth, strict=True)] or [[]] * 4
    pq.write_table(pa.table(columns, schema=TRUTH), work / f"truth-{first_part:05d}.parquet")
    return len(starts)


def _part(
    numbers: range, *, seed: int, file: str, truth: list[tuple[str, str, float, str]]
) -> pa.RecordBatch:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("id", "question", "answer", "url", "origin", "page_id")
    }
    tags = []
    for number in numbers:
        language = language_of(number)
        kind, text, source = pair(number, seed)
        question, answer = written(text, language)
        id = pair_id(question, answer)
        if source is not None:
            truth.append((pair_id(*written(source, language)), id, jaccard(source, text, language), kind))
        elif kind == "boilerplate":
            truth.append((id, id, 1.0, kind))
        page = number // PAIRS_PER_PAGE
        origin = _origin(page, language.tag, seed)
        url = f"https://{origin}/faq-{page}"
        for name, value in zip(columns, (id, question, answer, url, origin, md5_hex(url)), strict=True):
            columns[name].append(value)
        tags.append(language.tag)
    return _batch(columns, tags, numbers, file)


def _batch(columns: dict[str, list[Any]], tags: list[str], numbers: range, file: str) -> pa.RecordBatch:
    n = len(numbers)
    given: dict[str, list[Any]] = columns | {
        "html_lang": tags,
        "position": [number % PAIRS_PER_PAGE for number in numbers],
        "answer_index": [0] * n,
        "syntax": ["jsonld"] * n,
        "crawl_date": [CRAWLED] * n,
        "warc_file": [file] * n,
        "warc_offset": [number // PAIRS_PER_PAGE * 50_000 for number in numbers],
    }
    schema = arrow_schema(PairRaw)
    arrays = [
        pa.array(given[field.name], field.type)
        if field.name in given
        else pa.array([[] if pa.types.is_list(field.type) else None] * n, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@lru_cache(maxsize=16)
def _origin(page: int, tag: str, seed: int) -> str:
    """Return a page's origin, the k-th most frequent one with a probability that falls as 1/k."""
    rank = int(N_ORIGINS ** Random(-1 - (seed * 1_000_000_007 + page)).random())
    return f"www.{tag}-{rank}.example"


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description="Write synthetic pairs as table pairs_raw of a work folder.")
    parser.add_argument("out", type=Path, help="work folder")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first-part", type=int, default=0, help="number of parts that are there already")
    options = parser.parse_args()
    try:
        n_parts = generate(
            options.out, n_pairs=options.pairs, seed=options.seed, first_part=options.first_part
        )
    except ConfigError as error:
        parser.error(str(error))
    print(f"{options.pairs} pairs in {n_parts} parts in {options.out}")


if __name__ == "__main__":
    main()

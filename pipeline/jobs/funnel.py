"""Table `funnel`: rows in and out of every rule, by language, summed over the parts of `counts`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.ids import key_of
from pipeline.core.manifest import Commit, Shard, part_files, publish, read_manifest
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import FunnelStep, StepCount
from pipeline.core.stages import FUNNEL
from pipeline.jobs.clean import looks_for_near_duplicates, rule_names
from pipeline.jobs.frames import parts_of, table_frame
from pipeline.jobs.pairs import BOILERPLATE, EXACT, NEAR

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def steps(config: Config) -> tuple[str, ...]:
    """Return all steps of the funnel in order."""
    after = (BOILERPLATE, EXACT, NEAR) if looks_for_near_duplicates(config) else (EXACT,)
    return (*rule_names(config), *after)


def funnel_rows(counts: Sequence[StepCount], *, steps: Sequence[str]) -> Iterator[FunnelStep]:
    """Yield a row for each language and step; AssertionError where a step is unknown or rows are lost."""
    ended: Counter[tuple[str, str | None]] = Counter()
    changed: Counter[tuple[str, str | None]] = Counter()
    for count in counts:
        ended[count.language, count.step] += count.n_ended
        changed[count.language, count.step] += count.n_changed
    unnamed = {count.step for count in counts if count.step} - set(steps)
    assert not unnamed, f"no such step of the funnel: {unnamed}"
    for language in sorted({count.language for count in counts}):
        n = sum(n for (of, _), n in ended.items() if of == language)
        for place, step in enumerate(steps):
            n_out = n - ended[language, step]
            yield FunnelStep(place, step, language, n, n_out, changed[language, step])
            n = n_out
        assert n == ended[language, None], f"pairs in {language} are lost"


def funnel_shard(commits: Sequence[Commit], config: Config) -> Shard:
    """Return the one shard of `funnel` that follows from these parts of `counts`."""
    version = key_of(shards=sorted(c.shard.id for c in commits))
    settings = key_of(stage=FUNNEL.name, version=FUNNEL.version, steps=steps(config))
    return Shard.of("tables/counts", "parquet", version=version, settings=settings)


def pairs_by_language(work: str) -> Counter[str]:
    """Return the number of pairs in each language that has any, as the funnel ends; the table must exist."""
    manifest = read_manifest(work, FunnelStep.TABLE)
    assert manifest is not None
    languages: Counter[str] = Counter()
    for path in part_files(work, manifest):
        with storage.open_read(path) as stream:
            rows = pq.ParquetFile(stream).read(["step", "language", "n_out"]).to_pylist()
        for row in sorted(rows, key=lambda r: r["step"]):
            languages[row["language"]] = row["n_out"]
    return +languages


def run_funnel(spark: "SparkSession", commits: Sequence[Commit], *, work: str, config: Config) -> None:
    """Sum up the parts of `counts` and publish `funnel`: one part, of languages times steps rows."""
    from pyspark.sql import functions as sf

    summed = (
        table_frame(spark, parts_of(work, StepCount, commits), StepCount)
        .groupBy("language", "step")
        .agg(sf.sum("n_ended").alias("n_ended"), sf.sum("n_changed").alias("n_changed"))
    )
    counts = [StepCount(**row.asDict()) for row in summed.collect()]
    shard = funnel_shard(commits, config)
    with open_part(work, FunnelStep, shard.id) as part:
        for row in funnel_rows(counts, steps=steps(config)):
            part.add(row)
    commit = Commit(shard, ShardOutcome.READ, {FunnelStep.TABLE: part.n_rows})
    publish(work, FUNNEL.name, records=FUNNEL.writes, commits=[commit])

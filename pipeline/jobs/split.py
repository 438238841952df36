"""Tables `corpus`, `queries` and `qrels`: the pairs of each language as a retrieval set.

Each pair says that one query, its question on its site, is answered by one document, its answer
(`mining.retrieval_set`; which answers are one document: `pipeline.jobs.answers`). All keys are computed in
one pass over the texts and joined by shuffles; texts are read again where they stand, once for each document
and query, when these are written, a part of a language a task (`pipeline.core.language_parts`).

What grows: keys, with the number of pairs, 200 bytes each, on the executors' disks; texts in a shuffle, once
for each document and query; a document's questions and sites, 8 and some 20 bytes each, in one row. The
driver holds a shard for every 50,000 pairs of a language.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mining.dedup import BANDS_VERSION
from mining.retrieval_set import SITE_SPLITS, pair_keys
from pipeline.core.config import Config, SplitConfig
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.language_parts import ID_DIGITS, ROWS_PER_PART, LanguagePart, language_parts
from pipeline.core.manifest import Commit, Manifest, Shard, publish, read_manifest
from pipeline.core.outcomes import Split
from pipeline.core.records import FunnelStep, Pair, ParallelGroup
from pipeline.core.stages import SPLIT
from pipeline.jobs.align import cleaned_tables, input_version
from pipeline.jobs.answers import near_answers
from pipeline.jobs.frames import (
    Part,
    ddl,
    held,
    part_rows,
    parts_of,
    read_located,
    sent_if_small,
    table_frame,
    with_texts,
)
from pipeline.jobs.funnel import pairs_by_language
from pipeline.jobs.session import set_partitions
from pipeline.jobs.shards import finished_shards
from pipeline.jobs.split_parts import check_counts, split_counts, write_parts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

UNKNOWN_LANGUAGE = "und"
"""Pairs without a language are in no retrieval set; they are counted."""

_READ = pa.schema(
    [
        pa.field("location", pa.int64()),
        *(pa.field(name, pa.string()) for name in ("id", "question", "answer", "language", "url")),
    ]
)
_KEYED = pa.schema(
    [
        pa.field("location", pa.int64()),
        pa.field("pair_id", pa.string()),
        pa.field("language", pa.string()),
        pa.field("site", pa.string()),
        pa.field("place", pa.int32()),
        pa.field("query_id", pa.string()),
        pa.field("question_key", pa.int64()),
        pa.field("text_id", pa.string()),
    ]
)
"""A pair by its keys: see `mining.retrieval_set.PairKeys`."""


def split_tables(work: str) -> tuple[Manifest, Manifest | None]:
    """Return the manifests of `pairs` and, where pairs are aligned, of `parallel_groups`.

    Raises ConfigError where there are no pairs, or tables that were not made from these pairs.
    """
    pairs, funnel = (read_manifest(work, record.TABLE) for record in (Pair, FunnelStep))
    missing = next((r.TABLE for r, m in ((Pair, pairs), (FunnelStep, funnel)) if m is None), None)
    if pairs is None or missing:
        raise ConfigError(f"{work} has no table {missing}; `faqtory clean --work {work}` makes it.")
    if pairs_by_language(work).total() != pairs.n_rows:
        raise ConfigError(
            f"Tables pairs and funnel of {work} are not of one run; `faqtory clean --work {work}` ends it."
        )
    groups = read_manifest(work, ParallelGroup.TABLE)
    if groups and {c.shard.version for c in groups.commits} != {input_version(cleaned_tables(work))}:
        raise ConfigError(
            f"Table parallel_groups of {work} is of earlier pairs; `faqtory align --work {work}` renews it."
        )
    return pairs, groups


def known_languages(work: str) -> dict[str, int]:
    """Return the number of pairs in each language that has a retrieval set."""
    return {name: n for name, n in sorted(pairs_by_language(work).items()) if name != UNKNOWN_LANGUAGE}


def plan_split(work: str, config: Config) -> list[Shard]:
    """Return the shards that the tables will consist of: the parts of all languages, in order.

    They change with every pair, every parallel group and every setting. Raises ConfigError as `split_tables`.
    """
    pairs, groups = split_tables(work)
    version = key_of(pairs=pairs.key, groups=groups.key if groups else None)
    settings = key_of(
        stage=SPLIT.name,
        version=SPLIT.version,
        config=config.split.model_dump(),
        dedup=config.dedup.model_dump(exclude={"max_sites_per_answer"}),
        bands=BANDS_VERSION,
        rows=ROWS_PER_PART,
    )
    return [
        Shard.of(part.name, "parquet", version=version, settings=settings)
        for part in language_parts(known_languages(work))
    ]


def run_split(
    spark: "SparkSession",
    shards: Sequence[Shard],
    *,
    work: str,
    config: Config,
    report: Callable[[str], None] = lambda _: None,
) -> list[Commit]:
    """Write the parts that are not finished and publish the tables; returns the commits of all parts."""
    pairs, groups = split_tables(work)
    parts = parts_of(work, Pair, pairs.commits)
    set_partitions(spark, pairs.n_rows, config.spark)
    said = _said(spark, parts, _group_ids(spark, work, groups), config=config, report=report)
    finished = finished_shards(work, SPLIT)
    todo = {no: shard for no, shard in enumerate(shards) if shard.id not in finished}
    numbers = _numbers(spark, shards, todo)
    queries = _with_text(_in_parts(_queries(said), "query_id", numbers), "question", parts)
    corpus = _with_text(_in_parts(_corpus(said), "doc_id", numbers), "answer", parts)
    report("writing queries and documents")
    write_parts(queries, corpus, todo, work=work)
    finished = finished_shards(work, SPLIT)
    done = [finished[shard.id] for shard in shards]
    check_counts(split_counts(work, done), known_languages(work))
    publish(work, SPLIT.name, records=SPLIT.writes, commits=done)
    return done


def _said(
    spark: "SparkSession",
    parts: Sequence[Part],
    of_pairs: "DataFrame",
    *,
    config: Config,
    report: Callable[[str], None],
) -> "DataFrame":
    """Return what each pair says: the columns of its query and of its document, without texts."""
    from pyspark.sql import functions as sf

    report("reading pairs")
    rows = part_rows(spark, parts).mapInArrow(partial(_keyed, config=config.split), ddl(_KEYED))
    rows = held(rows)
    near = spark.createDataFrame([], "text_id string, doc_id string, near_id string")
    if config.dedup.near_duplicates:
        report("comparing answers")
        answers = rows.groupBy("text_id").agg(
            sf.min("location").alias("location"), sf.count("*").alias("n_pairs")
        )
        near = near_answers(held(answers), parts, config=config.dedup)
    report("joining queries and documents")
    said = _with_documents(rows, near).join(of_pairs, "pair_id", "left")
    return held(_with_document_places(held(said)))


def _keyed(batches: Iterator[pa.RecordBatch], *, config: SplitConfig) -> Iterator[pa.RecordBatch]:
    for batch in read_located(batches, schema=_READ):
        known = batch.filter(pc.not_equal(batch["language"], UNKNOWN_LANGUAGE))
        questions, answers, languages, urls = (
            known[name].to_pylist() for name in ("question", "answer", "language", "url")
        )
        keys = pair_keys(questions, answers, languages=languages, urls=urls, config=config)
        columns = (pa.array(getattr(keys, f.name), f.type) for f in list(_KEYED)[3:])
        yield pa.RecordBatch.from_arrays(
            [known["location"], known["id"], known["language"], *columns], schema=_KEYED
        )


def _group_ids(spark: "SparkSession", work: str, groups: Manifest | None) -> "DataFrame":
    """Return pair_id and group_id of all pairs in a parallel group."""
    from pyspark.sql import functions as sf

    if groups is None:
        return spark.createDataFrame([], "pair_id string, group_id string")
    table = table_frame(spark, parts_of(work, ParallelGroup, groups.commits), ParallelGroup)
    return table.select(sf.explode("members.id").alias("pair_id"), "group_id")


def _with_documents(rows: "DataFrame", near: "DataFrame") -> "DataFrame":
    """Add doc_id, near_id and has_text: whether the document has the text of this pair's answer."""
    from pyspark.sql import functions as sf

    joined = rows.join(near, "text_id", "left").withColumn("doc_id", sf.coalesce("doc_id", "text_id"))
    return joined.withColumn("has_text", sf.col("doc_id") == sf.col("text_id")).drop("text_id")


def _with_document_places(said: "DataFrame") -> "DataFrame":
    """Add doc_place, of the document's split in SITE_SPLITS: the first of all its sites."""
    from pyspark.sql import functions as sf

    places = said.groupBy("doc_id").agg(sf.min("place").alias("doc_place"), sf.max("place").alias("last"))
    several = sent_if_small(held(places.where("doc_place < last").drop("last")))
    return said.join(several, "doc_id", "left").withColumn("doc_place", sf.coalesce("doc_place", "place"))


def _queries(said: "DataFrame") -> "DataFrame":
    """Return the queries without text, with `positives` in order of doc_id and the `location` of the text."""
    from pyspark.sql import functions as sf

    alike = ("language", "site", "place", "question_key")
    first = sf.min(sf.struct("pair_id", "location")).alias("first")
    positives = said.groupBy("query_id", "doc_id").agg(
        *(sf.min(name).alias(name) for name in (*alike, "doc_place")),
        first,
        sf.count("*").alias("n_pairs"),
        sf.collect_set("group_id").alias("group_ids"),
    )
    positive = sf.struct("doc_id", sf.col("first.pair_id").alias("pair_id"), "n_pairs")
    found = positives.groupBy("query_id").agg(
        *(sf.min(name).alias(name) for name in alike),
        sf.min("first").alias("first"),
        sf.bool_or(sf.col("place") != sf.col("doc_place")).alias("is_overlap"),
        sf.array_sort(sf.collect_list(positive)).alias("positives"),
        sf.array_sort(sf.array_distinct(sf.flatten(sf.collect_list("group_ids")))).alias("group_ids"),
    )
    split = sf.when(sf.col("is_overlap"), Split.OVERLAP.value).otherwise(_split_at("place"))
    return found.withColumn("split", split).select("*", "first.*").drop("first", "is_overlap", "place")


def _corpus(said: "DataFrame") -> "DataFrame":
    """Return the documents without text, with the `location` of a pair that has it."""
    from pyspark.sql import functions as sf

    found = said.groupBy("doc_id").agg(
        sf.min("language").alias("language"),
        sf.min(sf.when(sf.col("has_text"), sf.col("location"))).alias("location"),
        sf.min("doc_place").alias("place"),
        sf.array_sort(sf.collect_set("site")).alias("sites"),
        sf.max("near_id").alias("near_id"),
        sf.array_sort(sf.collect_set("question_key")).alias("question_keys"),
        sf.array_sort(sf.collect_set("group_id")).alias("group_ids"),
        sf.min("pair_id").alias("pair_id"),
        sf.count("*").alias("n_pairs"),
    )
    return found.withColumn("split", _split_at("place")).drop("place")


def _split_at(place: str) -> "Column":
    from pyspark.sql import functions as sf

    return sf.element_at(sf.array(*(sf.lit(split.value) for split in SITE_SPLITS)), sf.col(place) + 1)


def _numbers(spark: "SparkSession", shards: Sequence[Shard], todo: Mapping[int, Shard]) -> "DataFrame":
    """Return language, n_parts and `nos`: the number of each part's shard, null where it is not to do."""
    from pyspark.sql import functions as sf

    numbers: dict[str, list[int | None]] = {}
    for no, shard in enumerate(shards):
        numbers.setdefault(LanguagePart.of(shard).language, []).append(no if no in todo else None)
    rows = [(language, len(nos), nos) for language, nos in numbers.items()]
    return sf.broadcast(spark.createDataFrame(rows, "language string, n_parts long, nos array<int>"))


def _in_parts(frame: "DataFrame", id: str, numbers: "DataFrame") -> "DataFrame":
    """Add the number `no` of the shard a row belongs to (`part_of_id`); what is not to do is left out."""
    from pyspark.sql import functions as sf

    digits = sf.conv(sf.substring(id, 1, ID_DIGITS), 16, 10).cast("long")
    part_no = sf.shiftright(digits * sf.col("n_parts"), 4 * ID_DIGITS).cast("int")
    numbered = frame.join(numbers, "language").withColumn("no", sf.element_at("nos", part_no + 1))
    return held(numbered.where("no is not null").drop("n_parts", "nos"))


def _with_text(frame: "DataFrame", column: str, parts: Sequence[Part]) -> "DataFrame":
    """Read the question or the answer of the pair at `location` as `text`."""
    texts = with_texts(frame.select("location"), parts, columns=(column,))
    return frame.join(texts.withColumnRenamed(column, "text"), "location").drop("location")

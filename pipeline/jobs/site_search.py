"""All pairs of a site against each other, in every two languages, by their embeddings.

Small sites are searched by one task each. Of large ones the pairs are dealt to blocks of ROWS_PER_BLOCK; a
task compares two blocks and keeps the nearest of each pair, and what the tasks have found is merged by a task
for each two languages. The search is exact: neither blocks nor tasks change what is found.

What grows: vectors (two bytes a dimension) and texts, with the pairs of sites of several languages, on the
executors' disks. A large site's vectors are read once a block. A task holds the vectors of two blocks; one
that judges holds the texts of a small site, or of a large one in two languages, and some neighbours a pair.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.bitext_address import site_of
from mining.margin import Nearest, nearest
from mining.site_candidates import Meeting, Version
from pipeline.core.records import Pair
from pipeline.jobs.embedder import vectors_of
from pipeline.jobs.frames import Part, held, located_frame, spread

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS_PER_BLOCK = 20_000
"""Pairs of a site that one task searches; of two blocks the vectors take some 100 MB."""

Judge = Callable[[Meeting], pa.RecordBatch]
"""Turns the neighbours of two versions of a site into rows of a table; the site is added to them."""

KNOWN = "site string, id_a string, id_b string, language_a string, language_b string"

_UNKNOWN_LANGUAGE = "und"
_PLACE = pa.schema(
    [
        pa.field("location", pa.int64()),
        pa.field("id", pa.string()),
        pa.field("language", pa.string()),
        pa.field("site", pa.string()),
    ]
)
_NEIGHBOURS = pa.schema(
    [
        pa.field("site", pa.string()),
        pa.field("location", pa.int64()),
        pa.field("language", pa.string()),
        pa.field("other", pa.string()),
        pa.field("neighbours", pa.list_(pa.int64())),
        pa.field("cosines", pa.list_(pa.float32())),
    ]
)


def multilingual_places(spark: "SparkSession", pairs: Sequence[Part], *, site_by: str) -> "DataFrame":
    """Return where the pairs of sites of several languages are.

    Columns: location, id, language and site; `n_languages` and `n_blocks` of the site.
    """
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    urls = located_frame(spark, pairs, Pair, ("id", "language", "url"))
    places = held(urls.mapInArrow(partial(_with_sites, site_by=site_by), from_arrow_schema(_PLACE)))
    n_blocks = sf.ceil(sf.count("*") / ROWS_PER_BLOCK).cast("int").alias("n_blocks")
    sites = (
        places.groupBy("site")
        .agg(sf.count_distinct("language").alias("n_languages"), n_blocks)
        .where("n_languages > 1")
    )
    return held(places.join(sites, "site"))


def searched(
    rows: "DataFrame", known: "DataFrame", judge: Judge, *, n_neighbours: int, schema: pa.Schema
) -> "DataFrame":
    """Return what `judge` says of every two languages of every site.

    `rows` are those of `multilingual_places` with question, answer and vector, and with `settled`, the
    languages that a pair is not to be compared with. `known` (KNOWN) are the translations that the judge is
    told; a row comes with one neighbour more than `n_neighbours`.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    k, ddl = n_neighbours + 1, from_arrow_schema(schema)
    small = spread(rows.where("n_blocks = 1"), "site").groupBy("site").cogroup(known.groupBy("site"))
    of_small = small.applyInArrow(partial(_search_site, judge=judge, k=k, schema=schema), ddl)
    large = held(rows.where("n_blocks > 1"))
    if large.isEmpty():
        return of_small
    both = ["site", "language_a", "language_b"]
    met = spread(_merged(large, k=k), *both).groupBy(*both).cogroup(known.groupBy(*both))
    of_large = met.applyInArrow(partial(_judge_merged, judge=judge, k=k, schema=schema), ddl)
    return of_small.unionByName(of_large)


def _merged(large: "DataFrame", *, k: int) -> "DataFrame":
    """Return rows with texts and, for each other language, all neighbours that any block has."""
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    block = sf.pmod(sf.xxhash64("id"), "n_blocks").cast("int")
    dealt = (
        large.select(
            *("site", "location", "id", "language", "settled", "vector", "n_blocks"), block.alias("block")
        )
        .withColumn("other", sf.explode(sf.sequence(sf.lit(0), sf.col("n_blocks") - 1)))
        .withColumn("first", sf.least("block", "other"))
        .withColumn("second", sf.greatest("block", "other"))
        .drop("n_blocks", "other")
    )

    def search(cell: pa.Table) -> pa.Table:
        return _search_cell(cell, k=k)

    cells = spread(dealt, "site", "first", "second").groupBy("site", "first", "second")
    found = cells.applyInArrow(search, from_arrow_schema(_NEIGHBOURS))
    lists = found.groupBy("site", "location", "language", "other").agg(
        sf.collect_list(sf.struct("neighbours", "cosines")).alias("lists")
    )
    texts = large.select("location", "id", "question", "answer")
    return lists.join(texts, "location").select(
        *("site", "location", "id", "language", "question", "answer", "lists"),
        sf.least("language", "other").alias("language_a"),
        sf.greatest("language", "other").alias("language_b"),
    )


def _search_site(rows: pa.Table, known: pa.Table, *, judge: Judge, k: int, schema: pa.Schema) -> pa.Table:
    """Search a small site; `known` may name sites that are none."""
    versions = _by_language(rows)
    of_languages = _known(known)
    found = []
    for a, b in combinations(sorted(versions), 2):
        side_a, side_b = _open_to(versions[a], b), _open_to(versions[b], a)
        if side_a.num_rows and side_b.num_rows:
            from_a, from_b = nearest(vectors_of(side_a["vector"]), vectors_of(side_b["vector"]), k=k)
            pairs = of_languages.get((a, b), [])
            meeting = Meeting(_version(a, side_a), _version(b, side_b), from_a, from_b, pairs)
            found.append(_with_site(judge(meeting), rows, schema))
    return pa.Table.from_batches(found, schema=schema)


def _search_cell(rows: pa.Table, *, k: int) -> pa.Table:
    """Return the neighbours of two blocks' rows in the other block, or of one block's among themselves."""
    site, first, second = (rows[name][0].as_py() for name in ("site", "first", "second"))
    blocks = {block: _by_language(rows.filter(pc.equal(rows["block"], block))) for block in {first, second}}
    found = []
    for x, y in {(first, second), (second, first)}:
        for a, b in product(blocks[x], blocks[y]):
            side_a, side_b = _open_to(blocks[x][a], b), _open_to(blocks[y][b], a)
            if a < b and side_a.num_rows and side_b.num_rows:
                from_a, from_b = nearest(vectors_of(side_a["vector"]), vectors_of(side_b["vector"]), k=k)
                found.append(_neighbours(from_a, side_a, side_b, languages=(a, b), site=site))
                found.append(_neighbours(from_b, side_b, side_a, languages=(b, a), site=site))
    return pa.Table.from_batches(found, schema=_NEIGHBOURS)


def _open_to(rows: pa.Table, language: str) -> pa.Table:
    """Return the rows that are to be compared with a language."""
    settled = rows["settled"].to_pylist()
    return rows.filter(pa.array([language not in of_row for of_row in settled], pa.bool_()))


def _neighbours(
    found: Nearest, rows: pa.Table, others: pa.Table, *, languages: tuple[str, str], site: str
) -> pa.RecordBatch:
    locations, of_others = (side["location"].combine_chunks() for side in (rows, others))
    there = found.cosines > -np.inf
    offsets = pa.array(np.concatenate([[0], np.cumsum(there.sum(axis=1))]), pa.int32())
    sites, own, other = (pa.array([value] * len(locations), pa.string()) for value in (site, *languages))
    columns = [
        sites,
        locations,
        own,
        other,
        pa.ListArray.from_arrays(offsets, of_others.take(pa.array(found.indices[there]))),
        pa.ListArray.from_arrays(offsets, pa.array(found.cosines[there])),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_NEIGHBOURS)


def _judge_merged(rows: pa.Table, known: pa.Table, *, judge: Judge, k: int, schema: pa.Schema) -> pa.Table:
    """Judge a large site's neighbours in two languages; `known` may name sites that are none."""
    if not rows.num_rows:
        return schema.empty_table()
    a, b = (rows[f"language_{side}"][0].as_py() for side in ("a", "b"))
    versions = _by_language(rows)
    texts = {language: _version(language, versions[language]) for language in versions}
    from_a = _nearest_of(versions[a]["lists"], versions[b]["location"], k=k)
    from_b = _nearest_of(versions[b]["lists"], versions[a]["location"], k=k)
    meeting = Meeting(texts[a], texts[b], from_a, from_b, _known(known).get((a, b), []))
    return pa.Table.from_batches([_with_site(judge(meeting), rows, schema)], schema=schema)


def _nearest_of(lists: pa.ChunkedArray, others: pa.ChunkedArray, *, k: int) -> Nearest:
    """Merge the lists of neighbours that each row has, one for each block of the other side's rows."""
    of_blocks = lists.combine_chunks()
    row_of_block = pc.list_parent_indices(of_blocks)
    neighbours, cosines = (pc.struct_field(pc.list_flatten(of_blocks), i) for i in range(2))
    rows = row_of_block.take(pc.list_parent_indices(neighbours))
    indices = pc.index_in(pc.list_flatten(neighbours), value_set=others.combine_chunks())
    flat = (rows.cast(pa.int64()), indices.cast(pa.int64()), pc.list_flatten(cosines))
    row, index, cosine = (column.to_numpy(zero_copy_only=False) for column in flat)
    return Nearest.of_edges(row, index, cosine, n_rows=len(lists), k=k)


def _by_language(rows: pa.Table) -> dict[str, pa.Table]:
    """Return the rows of each language in the order of their ids."""
    ordered = rows.sort_by("id")
    languages = pc.unique(ordered["language"]).to_pylist()
    return {name: ordered.filter(pc.equal(ordered["language"], name)) for name in languages}


def _version(language: str, rows: pa.Table) -> Version:
    return Version(language, *(rows[name].to_pylist() for name in ("id", "question", "answer")))


def _known(rows: pa.Table) -> dict[tuple[str, str], list[tuple[str, str]]]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows.to_pylist():
        found.setdefault((row["language_a"], row["language_b"]), []).append((row["id_a"], row["id_b"]))
    return found


def _with_site(batch: pa.RecordBatch, rows: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    columns = {name: batch[name] for name in batch.schema.names}
    columns["site"] = pa.array([rows["site"][0].as_py()] * batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _with_sites(batches: Iterator[pa.RecordBatch], *, site_by: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        known = batch.filter(pc.not_equal(batch["language"], _UNKNOWN_LANGUAGE))
        sites = pa.array([site_of(url, by=site_by) for url in known["url"].to_pylist()], pa.string())
        yield known.append_column("site", sites).select(_PLACE.names)

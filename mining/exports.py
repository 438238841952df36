"""Mined negatives in the forms that trainers read, by id or with the texts.

sentence-transformers (6.2) takes a table's columns in their order, whatever their names, for the texts of one
example: query, positive, negatives. A single column named `label`, `labels`, `score` or `scores` holds the
target; a second one would be read as a text, and so would an id. So no table here has two of them, and a
table has either texts or ids, whose columns end in `_id` as `sentence_transformers.util.resolve_ids` expects.
`grouped` alone is for keeping, not for a trainer, and has everything.

Rows follow the queries, then the positives by id, then the negatives in the order selected. A table grows
with the block: triplets with positives x negatives of each query, each with its three texts. A block of 1,000
queries with 200 negatives of 1 kB takes 200 MB; tables of several blocks, one after the other, are the
table of all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.errors import ConfigError

Longs = NDArray[np.int64]
Scores = NDArray[np.float32]

Lookup = Callable[[pa.Array], pa.Array]
"""Returns the text of each id, in the same order."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the texts of ids come from."""

    queries: Lookup
    documents: Lookup

    @staticmethod
    def of_tables(queries: pa.Table, documents: pa.Table) -> "Texts":
        """Return the texts of tables with the columns query_id or doc_id, and text; both in memory."""
        return Texts(_lookup(queries, "query_id"), _lookup(documents, "doc_id"))


def _lookup(table: pa.Table, id_column: str) -> Lookup:
    ids, texts = (table[name].combine_chunks() for name in (id_column, "text"))
    return lambda wanted: texts.take(_rows_of(wanted, ids, what=id_column))


def _rows_of(wanted: pa.Array, ids: pa.Array, *, what: str) -> pa.Array:
    rows = pc.index_in(wanted, value_set=ids)
    if rows.null_count:
        raise ValueError(f"{what} {wanted.filter(rows.is_null())[0]} is not in the table it is looked up in")
    return rows


@dataclass(frozen=True, slots=True)
class Mined:
    """Queries with their positives and negatives, as tables; a score is null or NaN without a teacher."""

    query_ids: pa.Array
    """Distinct; rows follow this order."""
    positives: pa.Table
    """Columns query_id, doc_id, score."""
    negatives: pa.Table
    """Columns query_id, doc_id, score, place: from 1, in the order selected."""


@dataclass(frozen=True, slots=True)
class Tuples:
    """Examples with exactly n negatives each, and those that have too few."""

    table: pa.Table
    n_left_out: int
    """Pairs of query and positive whose query has fewer than n negatives."""


@dataclass(frozen=True, slots=True)
class _Passages:
    """Documents of queries, ordered by query: those of query i are from `offsets[i]` to `offsets[i + 1]`."""

    ids: pa.Array
    cells: pa.Array
    """What an example shows of each: its text, or its id."""
    scores: Scores
    offsets: Longs

    @property
    def counts(self) -> Longs:
        return np.diff(self.offsets)

    @property
    def query(self) -> Longs:
        return np.repeat(np.arange(len(self.counts)), self.counts)


@dataclass(frozen=True, slots=True)
class _Examples:
    """What `Mined` holds, in order, each text looked up once."""

    query_ids: pa.Array
    queries: pa.Array
    positives: _Passages
    negatives: _Passages
    suffix: str
    """Of the columns' names."""

    def table(self, columns: dict[str, pa.Array], target: dict[str, pa.Array] | None = None) -> pa.Table:
        """Return the table of the columns, then the target."""
        return pa.table({name + self.suffix: cells for name, cells in columns.items()} | (target or {}))


def grouped(mined: Mined, *, n: int | None = None, texts: Texts | None = None) -> pa.Table:
    """Return a row a query: its positives, and up to `n` negatives, with their scores, as lists.

    Columns query_id, positive_ids, positive_scores, negative_ids, negative_scores, and with `texts` also
    query, positives, negatives. A query without negatives has empty lists.
    """
    examples = _examples(mined, n, texts)
    columns = {"query_id": examples.query_ids}
    if texts:
        columns["query"] = examples.queries
    for name, passages in (("positive", examples.positives), ("negative", examples.negatives)):
        columns[f"{name}_ids"] = _listed(passages.ids, passages.offsets)
        if texts:
            columns[f"{name}s"] = _listed(passages.cells, passages.offsets)
        scores = pa.array(passages.scores, from_pandas=True)  # NaN as null
        columns[f"{name}_scores"] = _listed(scores, passages.offsets)
    return pa.table(columns)


def triplets(mined: Mined, *, n: int | None = None, texts: Texts | None = None) -> pa.Table:
    """Return a row for each positive and each of up to `n` negatives: query, positive, negative."""
    examples = _examples(mined, n, texts)
    return examples.table(_triplet_columns(examples, *_pairings(examples)))


def margin_triplets(mined: Mined, *, n: int | None = None, texts: Texts | None = None) -> pa.Table:
    """Return `triplets` with the column label: score of the positive less score of the negative.

    What MarginMSELoss learns (Hofstätter et al. 2020, arXiv:2010.02666, equation 2): above 0 where the
    teacher prefers the positive. Raises ConfigError without a teacher's scores.
    """
    examples = _examples(mined, n, texts)
    _need_scores(examples)
    of_positive, of_negative = _pairings(examples)
    label = examples.positives.scores[of_positive] - examples.negatives.scores[of_negative]
    columns = _triplet_columns(examples, of_positive, of_negative)
    return examples.table(columns, {"label": pa.array(label)})


def n_tuples(mined: Mined, *, n: int, texts: Texts | None = None) -> Tuples:
    """Return a row a positive: query, positive, negative_1 to negative_n; queries with fewer are left out."""
    examples = _examples(mined, n, texts)
    of_positive, of_negative = _complete(examples, n)
    table = examples.table(_tuple_columns(examples, of_positive, of_negative))
    return Tuples(table, len(examples.positives.ids) - len(of_positive))


def margin_tuples(mined: Mined, *, n: int, texts: Texts | None = None) -> Tuples:
    """Return `n_tuples` with the column label: the `n` margins of `margin_triplets`, as a list.

    Raises ConfigError without a teacher's scores.
    """
    examples = _examples(mined, n, texts)
    _need_scores(examples)
    of_positive, of_negative = _complete(examples, n)
    scores = examples.positives.scores[of_positive][:, None] - examples.negatives.scores[of_negative]
    label = _listed(pa.array(scores.ravel()), np.arange(len(scores) + 1) * n)
    table = examples.table(_tuple_columns(examples, of_positive, of_negative), {"label": label})
    return Tuples(table, len(examples.positives.ids) - len(of_positive))


def labelled_pairs(
    mined: Mined,
    *,
    n: int | None = None,
    texts: Texts | None = None,
    target: Literal["label", "score"] = "label",
) -> pa.Table:
    """Return a row for each positive and each of up to `n` negatives: query, passage, and the target.

    The target is a column of its name: `label`, 1 for positives and 0 for negatives, or the teacher's
    `score`, for which ConfigError is raised without one.
    """
    examples = _examples(mined, n, texts)
    if target == "score":
        _need_scores(examples)
    sides = (examples.positives, examples.negatives)
    query = np.concatenate([side.query for side in sides])
    order = np.argsort(query, kind="stable")  # the positives first
    passages = pa.concat_arrays([side.cells for side in sides]).take(pa.array(order))
    values = {
        "label": np.repeat(np.array([1, 0], dtype=np.int8), [len(side.ids) for side in sides]),
        "score": np.concatenate([side.scores for side in sides]),
    }
    columns = {"query": examples.queries.take(pa.array(query[order])), "passage": passages}
    return examples.table(columns, {target: pa.array(values[target][order])})


def _examples(mined: Mined, n: int | None, texts: Texts | None) -> _Examples:
    positives = _passages(mined.positives, mined.query_ids, by="doc_id", n=None, texts=texts)
    negatives = _passages(mined.negatives, mined.query_ids, by="place", n=n, texts=texts)
    queries = texts.queries(mined.query_ids) if texts else mined.query_ids
    return _Examples(mined.query_ids, queries, positives, negatives, "" if texts else "_id")


def _passages(
    table: pa.Table, query_ids: pa.Array, *, by: str, n: int | None, texts: Texts | None
) -> _Passages:
    """Return the rows of a table in the order of the queries, then of a column, the first `n` of each."""
    query_column = table["query_id"].combine_chunks()
    rows = _rows_of(query_column, query_ids, what="query_id").cast(pa.int64())
    keys = pa.table({"query": rows, "by": table[by]})
    order = pc.sort_indices(keys, sort_keys=[("query", "ascending"), ("by", "ascending")])
    query = rows.take(order).to_numpy(zero_copy_only=False)
    if n is not None:
        first = np.arange(len(query)) - np.searchsorted(query, query) < n
        order, query = order.filter(pa.array(first)), query[first]
    ids = table["doc_id"].combine_chunks().take(order)
    scores = table["score"].combine_chunks().take(order).cast(pa.float32()).fill_null(np.nan)
    offsets = np.searchsorted(query, np.arange(len(query_ids) + 1))
    cells = texts.documents(ids) if texts else ids
    return _Passages(ids, cells, scores.to_numpy(zero_copy_only=False), offsets)


def _pairings(examples: _Examples) -> tuple[Longs, Longs]:
    """Return every positive with every negative of the same query, `(n,)` each, as rows of either."""
    positives, negatives = examples.positives, examples.negatives
    n_each = negatives.counts[positives.query]
    of_positive = np.repeat(np.arange(len(n_each)), n_each)
    before = np.repeat(np.cumsum(n_each) - n_each, n_each)
    of_negative = np.repeat(negatives.offsets[positives.query], n_each) + np.arange(len(before)) - before
    return of_positive, of_negative


def _complete(examples: _Examples, n: int) -> tuple[Longs, Longs]:
    """Return the positives `(m,)` whose queries have `n` negatives, and those `(m, n)`."""
    positives, negatives = examples.positives, examples.negatives
    of_positive = np.flatnonzero(negatives.counts[positives.query] == n)
    first = negatives.offsets[positives.query[of_positive]]
    return of_positive, first[:, None] + np.arange(n)


def _triplet_columns(examples: _Examples, of_positive: Longs, of_negative: Longs) -> dict[str, pa.Array]:
    columns = _first_columns(examples, of_positive)
    return columns | {"negative": examples.negatives.cells.take(pa.array(of_negative))}


def _tuple_columns(examples: _Examples, of_positive: Longs, of_negative: Longs) -> dict[str, pa.Array]:
    cells = examples.negatives.cells
    negatives = {f"negative_{i + 1}": cells.take(pa.array(rows)) for i, rows in enumerate(of_negative.T)}
    return _first_columns(examples, of_positive) | negatives


def _first_columns(examples: _Examples, of_positive: Longs) -> dict[str, pa.Array]:
    positives = examples.positives
    query = pa.array(positives.query[of_positive])
    return {"query": examples.queries.take(query), "positive": positives.cells.take(pa.array(of_positive))}


def _listed(values: pa.Array, offsets: Longs) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, type=pa.int32()), values)


def _need_scores(examples: _Examples) -> None:
    if any(np.isnan(side.scores).any() for side in (examples.positives, examples.negatives)):
        raise ConfigError(
            "This form needs a teacher's scores, and some are missing: name a teacher and mine again."
        )

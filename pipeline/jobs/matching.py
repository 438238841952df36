"""From scored candidates to one partner a pair and language, and from these to groups over all languages."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.core.records import Bitext, GroupMember, ParallelGroup
from pipeline.core.table import arrow_schema
from pipeline.jobs.components import connected_components
from pipeline.jobs.frames import held

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEYS = ("id_a", "id_b", "language_a", "language_b")
_TEXTS = ("question_a", "answer_a", "question_b", "answer_b", "url_a", "url_b")
CANDIDATE = pa.schema([field for field in arrow_schema(Bitext) if field.name not in _TEXTS])
"""A candidate: a row of `bitexts` before its texts."""

Languages = tuple[str, str]

MAX_ROUNDS = 50
"""Rounds of mutual best choices; each settles every best candidate, so that three or four do as a rule."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One bitext, as far as groups depend on it."""

    id_a: str
    id_b: str
    language_a: str
    language_b: str
    site: str
    score: float


def best_of_each(candidates: "DataFrame") -> "DataFrame":
    """Return the best candidate for each two pairs, with what an embedder says of them, whichever it is."""
    from pyspark.sql import functions as sf

    embedded = ("similarity", "margin")
    rest = [name for name in CANDIDATE.names if name not in (*_KEYS, *embedded, "score")]
    best = sf.max(sf.struct("score", *rest)).alias("best")
    of_embedder = [sf.max(name).alias(name) for name in embedded]
    return held(candidates.groupBy(*_KEYS).agg(best, *of_embedder).select(*_KEYS, "best.*", *embedded))


def by_languages(candidates: "DataFrame") -> Counter[Languages]:
    """Count rows by `language_a` and `language_b`."""
    rows = candidates.groupBy("language_a", "language_b").count().collect()
    return Counter({(row["language_a"], row["language_b"]): row["count"] for row in rows})


def one_to_one(candidates: "DataFrame") -> "DataFrame":
    """Return the candidates of which no two share a pair within a language pair, the best first.

    The same as taking them in order of falling score (then of ids) and leaving out what is taken: in each
    round every candidate is settled that is the best one of both its pairs.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    order = (sf.desc("score"), "id_a", "id_b")
    best_of_a = Window.partitionBy("id_a", "language_b").orderBy(*order)
    best_of_b = Window.partitionBy("id_b", "language_a").orderBy(*order)
    settled: list[DataFrame] = []
    for _ in range(MAX_ROUNDS):
        ranked = candidates.withColumn("rank_a", sf.row_number().over(best_of_a)).withColumn(
            "rank_b", sf.row_number().over(best_of_b)
        )
        best = held(ranked.where("rank_a = 1 and rank_b = 1").drop("rank_a", "rank_b"))
        if best.isEmpty():
            break
        settled.append(best)
        candidates = held(
            candidates.join(best.select("id_a", "language_b"), ["id_a", "language_b"], "left_anti").join(
                best.select("id_b", "language_a"), ["id_b", "language_a"], "left_anti"
            )
        )
    if not settled:
        return candidates.limit(0)
    found = settled[0]
    for further in settled[1:]:
        found = found.unionByName(further)
    return held(found)


def parallel_groups(bitexts: "DataFrame", locations: "DataFrame") -> "DataFrame":
    """Return the groups that the bitexts hold together; `locations` gives the location of each pair's id."""
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    named = bitexts
    for side in ("a", "b"):
        places = locations.select(sf.col("id").alias(f"id_{side}"), sf.col("location").alias(side))
        named = named.join(places, f"id_{side}")
    components = connected_components(named.select("a", "b"))
    edges = named.join(components.withColumnRenamed("node", "a"), "a").select("root", *Edge.__slots__)

    def call(table: pa.Table) -> pa.Table:
        found = groups_of(Edge(**row) for row in table.drop_columns(["root"]).to_pylist())
        rows = [
            {
                **{name: getattr(group, name) for name in ("group_id", "site", "n_languages", "min_score")},
                "members": [{"language": m.language, "id": m.id} for m in group.members],
            }
            for group in found
        ]
        return pa.Table.from_pylist(rows, schema=arrow_schema(ParallelGroup))

    schema = from_arrow_schema(arrow_schema(ParallelGroup))
    return edges.groupBy("root").applyInArrow(call, schema)


def groups_of(edges: Iterable[Edge]) -> Iterator[ParallelGroup]:
    """Yield the groups of one connected component: at most one pair a language, the best bitexts first.

    A bitext that would bring a second pair of a language into a group is left out: it contradicts better
    ones. A group therefore contradicts none of the bitexts that hold it together.
    """
    members: dict[str, dict[str, str]] = {}  # id -> language -> id, shared by all members of a group
    weakest: dict[int, float] = {}
    sites: dict[int, str] = {}
    for edge in sorted(edges, key=lambda e: (-e.score, e.id_a, e.id_b)):
        a = members.setdefault(edge.id_a, {edge.language_a: edge.id_a})
        b = members.setdefault(edge.id_b, {edge.language_b: edge.id_b})
        if a is b or a.keys() & b.keys():
            continue
        a |= b
        weakest[id(a)] = min(edge.score, weakest.get(id(a), 1.0), weakest.get(id(b), 1.0))
        sites[id(a)] = edge.site
        for member in b.values():
            members[member] = a
    for group in _distinct(members.values()):
        if len(group) > 1:
            ordered = [GroupMember(language, group[language]) for language in sorted(group)]
            smallest = min(group.values())
            yield ParallelGroup(smallest, sites[id(group)], len(group), ordered, weakest[id(group)])


def _distinct(groups: Iterable[dict[str, str]]) -> Sequence[dict[str, str]]:
    return list({id(group): group for group in groups}.values())

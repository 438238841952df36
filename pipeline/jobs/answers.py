"""Which answers are one document: near-duplicates of a language that state the same facts.

They are found as near-duplicate pairs are (`pipeline.jobs.link`, `pipeline.jobs.groups`), with the question
left empty. What grows: 14 MinHash bands of 33 bytes an answer, in a sort of Spark, which spills; links and
groups, with the number of near-duplicates, on the executors' disks, up to 300,000 in the driver.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mining.dedup import Signer, fact_key
from mining.retrieval_set import language_keys
from pipeline.core.config import DedupConfig
from pipeline.jobs.frames import Part, ddl, held, sent_if_small, with_texts
from pipeline.jobs.groups import groups
from pipeline.jobs.link import ANSWER, find_links

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_MAX_RANKED_PAIRS = (1 << 15) - 1
"""An answer of more pairs ranks no higher: a rank has 15 bits for their number, 48 for the id."""

_RANK_DIGITS = 12

_BANDED = pa.schema(
    [
        pa.field("location", pa.int64()),
        pa.field("fact_key", pa.int64()),
        pa.field("bands", pa.list_(pa.int64())),
    ]
)


def near_answers(answers: "DataFrame", parts: Sequence[Part], *, config: DedupConfig) -> "DataFrame":
    """Return text_id, doc_id and near_id of the answers that have a near-duplicate.

    `answers` has text_id, location and n_pairs of distinct texts, and is held. The text_id of the answer that
    stands for them is the doc_id: of those that are linked, the one of most pairs, then of the smallest id.
    It stands for an answer only where the two themselves are near-duplicates. A near_id holds together all
    that any links lead to; it stands beside the text_id that a document is named after and is null elsewhere.
    """
    from pyspark.sql import functions as sf

    ranked = answers.withColumn("rank", _rank())
    signed = with_texts(answers.select("location"), parts, columns=("language", "answer")).mapInArrow(
        partial(_sign, config=config), ddl(_BANDED)
    )
    banded = (
        signed.join(ranked.select("location", "rank"), "location")
        .withColumn("is_new", sf.lit(True))
        .select("location", "is_new", "fact_key", "rank", sf.explode("bands").alias("band"))
    )
    links = held(find_links(banded, parts, config=config, texts=ANSWER))
    linked, named = _named(links, ranked)
    either_facts = named.unionByName(named.where("same_facts").withColumn("same_facts", sf.lit(False)))
    found = groups(linked, held(either_facts), parts, config=config, texts=ANSWER)
    return sent_if_small(
        held(
            found.select(
                sf.col("id").alias("text_id"),
                sf.col("kept_id").alias("doc_id"),
                sf.col("template_id").alias("near_id"),
            )
        )
    )


def _rank() -> "Column":
    """Return a number that is smaller the more pairs an answer has, then the smaller its id is."""
    from pyspark.sql import functions as sf

    fewer = sf.lit(_MAX_RANKED_PAIRS) - sf.least("n_pairs", sf.lit(_MAX_RANKED_PAIRS))
    id = sf.conv(sf.substring("text_id", 1, _RANK_DIGITS), 16, 10).cast("long")
    return sf.shiftleft(fewer.cast("long"), 4 * _RANK_DIGITS).bitwiseOR(id)


def _named(links: "DataFrame", ranked: "DataFrame") -> tuple["DataFrame", "DataFrame"]:
    """Return the linked answers, as `groups` takes them, and the links between their text ids."""
    from pyspark.sql import functions as sf

    ends = held(links.select(sf.explode(sf.array("location_a", "location_b")).alias("location")).distinct())
    linked = held(
        ranked.join(sent_if_small(ends), "location", "left_semi").select(
            sf.col("text_id").alias("id"),
            "location",
            "rank",
            sf.lit(0).cast("long").alias("template_key"),
            sf.lit(1).cast("long").alias("n_sightings"),
        )
    )
    named = links.select("location_a", "location_b", "same_facts")
    for side in ("a", "b"):
        places = linked.select(sf.col("id").alias(f"id_{side}"), sf.col("location").alias(f"location_{side}"))
        named = named.join(sent_if_small(places), f"location_{side}")
    return linked, held(named.select("id_a", "id_b", "same_facts"))


def _sign(batches: Iterator[pa.RecordBatch], *, config: DedupConfig) -> Iterator[pa.RecordBatch]:
    signer = Signer(config)
    for batch in batches:
        answers = batch["answer"].to_pylist()
        bands = signer.bands([("", answer) for answer in answers])
        bands ^= language_keys(batch["language"].to_pylist())[:, None]
        offsets = np.arange(len(answers) + 1, dtype=np.int32) * bands.shape[1]
        columns = [
            batch["location"],
            pa.array([fact_key("", answer) for answer in answers], pa.int64()),
            pa.ListArray.from_arrays(pa.array(offsets), pa.array(bands.ravel())),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=_BANDED)

"""Clusters and templates by the driver alone and by joins on Spark: the same groups of random graphs."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mining.dedup_groups import DistinctPair
from pipeline.core.config import DedupConfig, SparkConfig
from pipeline.core.records import Cleaned
from pipeline.core.table import arrow_schema
from pipeline.jobs import groups
from pipeline.jobs.frames import Part, held
from pipeline.jobs.link import ANSWER, PAIR
from pipeline.jobs.session import spark_session

pytestmark = pytest.mark.spark

TEXTS = [
    "Orders leave our house on the next working day and arrive within three days at any address.",
    "Returns are free of charge within thirty days when goods are unused and in their first box.",
]


@pytest.fixture(scope="module")
def spark():
    config = SparkConfig(conf={"spark.sql.shuffle.partitions": "3"})
    with spark_session("test", master="local[2]", config=config, shuffles=True) as session:
        yield session


def random_graph(seed, path, n=300):
    """Return pairs, of which some share their text, and links in small chains; the texts stand in `path`."""
    chance = random.Random(seed)
    locations = chance.sample(range(n), n)
    schema = pa.schema(
        [arrow_schema(Cleaned).field(name) for name in ("id", "question", "answer", "dropped_by")]
    )
    pairs, rows = [], [None] * n
    for number, location in enumerate(locations):
        id = f"{number:032x}"
        key = chance.choice([0, 0, 0, 0, chance.randint(1, 40)])
        pairs.append(DistinctPair(id, location, chance.randint(0, 5), key, chance.choice([1, 1, 1, 2])))
        question = f"What about {chance.choice(['orders', 'returns'])}?"
        rows[location] = {"id": id, "question": question, "answer": chance.choice(TEXTS), "dropped_by": None}
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    links = set()
    for _ in range(n // 2):
        a, b = chance.sample(range(n), 2)
        links.add((pairs[min(a, b)].id, pairs[max(a, b)].id, chance.random() < 0.6))
    return pairs, [*sorted(links), (pairs[0].id, "f" * 32, True)]


@pytest.mark.parametrize("seed", range(4))
def test_driver_and_spark_find_the_same_groups(spark, tmp_path, monkeypatch, seed):
    pairs, links = random_graph(seed, tmp_path / "part.parquet")
    ddl = "id string, location long, rank long, template_key long, n_sightings long"
    frames = (
        held(spark.createDataFrame(pairs, ddl)),
        held(spark.createDataFrame(links, "id_a string, id_b string, same_facts boolean")),
    )
    parts = [Part(0, str(tmp_path / "part.parquet"), True)]

    def found():
        rows = groups.groups(*frames, parts, config=DedupConfig()).collect()
        return sorted(tuple(row) for row in rows)

    by_driver = found()
    monkeypatch.setattr(groups, "MAX_PAIRS_OF_A_PROCESS", 0)
    assert found() == by_driver
    assert len({row[2] for row in by_driver}) < len(by_driver)
    assert any(row[6] and row[6] > 2 for row in by_driver)


@pytest.mark.parametrize("most", [groups.MAX_PAIRS_OF_A_PROCESS, 0], ids=["driver", "spark"])
def test_the_columns_that_count_decide_whether_two_are_alike(spark, tmp_path, monkeypatch, most):
    """The first and the last of a chain have one answer and different questions."""
    monkeypatch.setattr(groups, "MAX_PAIRS_OF_A_PROCESS", most)
    ids = [f"{number:032x}" for number in range(3)]
    questions = ["What about orders?", "What about orders then?", "Is it something else that you ask for?"]
    rows = [
        {"id": id, "question": question, "answer": TEXTS[0], "dropped_by": None}
        for id, question in zip(ids, questions, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "part.parquet")
    pairs = [DistinctPair(id, number, number, 0, 1) for number, id in enumerate(ids)]
    ddl = "id string, location long, rank long, template_key long, n_sightings long"
    links = [(ids[0], ids[1], True), (ids[1], ids[2], True)]
    frames = (
        held(spark.createDataFrame(pairs, ddl)),
        held(spark.createDataFrame(links, "id_a string, id_b string, same_facts boolean")),
    )
    parts = [Part(0, str(tmp_path / "part.parquet"), True)]

    def kept(texts):
        found = groups.groups(*frames, parts, config=DedupConfig(), texts=texts)
        return {row["id"]: row["kept_id"] for row in found.collect()}

    assert kept(PAIR) == {ids[0]: ids[0], ids[1]: ids[0]}
    assert kept(ANSWER) == dict.fromkeys(ids, ids[0])

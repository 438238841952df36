"""Connected components on Spark, against a union-find."""

import random

import pytest

from pipeline.core.config import SparkConfig
from pipeline.jobs import components
from pipeline.jobs.components import connected_components
from pipeline.jobs.session import spark_session

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark():
    with spark_session(
        "test",
        master="local[2]",
        config=SparkConfig(conf={"spark.sql.shuffle.partitions": "3"}),
        shuffles=True,
    ) as session:
        yield session


@pytest.fixture(autouse=True, params=["in one task", "in rounds"])
def way(request, monkeypatch):
    if request.param == "in rounds":
        monkeypatch.setattr(components, "MAX_EDGES_OF_A_TASK", -1)


def roots(spark, edges):
    frame = spark.createDataFrame(edges, "a long, b long")
    found = [(row["node"], row["root"]) for row in connected_components(frame).collect()]
    assert len(found) == len(dict(found))
    return dict(found)


def union_find(edges):
    parent = {node: node for edge in edges for node in edge}

    def find(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((find(a), find(b)))
        parent[high] = low
    return {node: find(node) for node in parent}


def test_a_path_a_star_and_a_ring(spark):
    path = [(n, n + 1) for n in range(1, 40)]
    star = [(100 + n, 100) for n in range(1, 30)]
    ring = [(200, 205), (205, 203), (203, 209), (209, 200)]
    found = roots(spark, [*path, *star, *ring])
    assert set(found) == {*range(1, 41), *range(100, 130), 200, 203, 205, 209}
    assert {found[n] for n in range(1, 41)} == {1}
    assert {found[n] for n in range(100, 130)} == {100}
    assert {found[n] for n in (200, 203, 205, 209)} == {200}


def test_no_edges_and_loops(spark):
    assert roots(spark, []) == {}
    assert roots(spark, [(7, 7)]) == {}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_graphs(spark, seed):
    draw = random.Random(seed)
    nodes = [draw.randrange(1 << 50) for _ in range(300)]
    edges = [(draw.choice(nodes), draw.choice(nodes)) for _ in range(seed * 100)]
    edges = [(a, b) for a, b in edges if a != b]
    assert roots(spark, edges) == union_find(edges)

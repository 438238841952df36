"""What Spark is started with, and how its own failures end."""

import gc

import pyarrow as pa
import pytest

from pipeline.core.config import SparkConfig
from pipeline.core.errors import TransientError
from pipeline.jobs.session import one_row_a_task, set_partitions, spark_session

pytestmark = pytest.mark.spark


def test_a_failure_of_spark_itself_ends_in_one_sentence():
    with (
        pytest.raises(
            TransientError, match=r"^Spark failed: No value present\. .* run the same command again"
        ),
        spark_session("test", master="local[1]", config=SparkConfig()) as spark,
    ):
        spark.sparkContext._jvm.java.util.Optional.empty().get()


def test_shuffles_are_cut_by_rows_unless_the_user_says_how():
    config = SparkConfig(conf={"spark.sql.shuffle.partitions": "7"})
    with spark_session("test", master="local[1]", config=config, shuffles=True) as spark:
        set_partitions(spark, 1_000_000, config)
        assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
        set_partitions(spark, 1_000_000, SparkConfig())
        assert spark.conf.get("spark.sql.shuffle.partitions") == "20"
        set_partitions(spark, 0, SparkConfig())
        assert spark.conf.get("spark.sql.shuffle.partitions") == "1"


def test_no_join_is_broadcast_by_a_guess():
    with spark_session("test", master="local[1]", config=SparkConfig(), shuffles=True) as spark:
        small = spark.range(10)
        plan = small.join(spark.range(1000), "id")._jdf.queryExecution().executedPlan().toString()
    assert "SortMergeJoin" in plan
    assert "Broadcast" not in plan


def test_every_row_is_a_task_of_its_own():
    with spark_session("test", master="local[2]", config=SparkConfig()) as spark:
        for n in (1, 2, 5, 40):
            frame = one_row_a_task(spark, [f"row {i}" for i in range(n)])
            assert frame.columns == ["row"]
            tasks = frame.mapInArrow(_number_of_rows, "n long").collect()
            assert [row["n"] for row in tasks] == [1] * n
            assert sorted(row["row"] for row in frame.collect()) == sorted(f"row {i}" for i in range(n))


def _number_of_rows(batches):
    yield pa.RecordBatch.from_pydict({"n": [sum(batch.num_rows for batch in batches)]})


def test_workers_leave_their_imports_out_of_garbage_collections():
    with spark_session("test", master="local[1]", config=SparkConfig(), imports="json") as spark:
        tasks = one_row_a_task(spark, ["a", "b", "c"])
        frozen = [row["n"] for row in tasks.mapInArrow(_number_frozen, "n long").collect()]
    assert max(frozen) > 10_000


def _number_frozen(batches):
    yield pa.RecordBatch.from_pydict({"n": [gc.get_freeze_count() for batch in batches]})

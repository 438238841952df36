"""Start Spark: the same way on a laptop and against a cluster's master."""

import importlib
import logging
import math
import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from pipeline.core.config import SparkConfig
from pipeline.core.errors import ConfigError, TransientError
from pipeline.jobs.java import java_home

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import StatusTracker
    from pyspark.sql import DataFrame, Row, SparkSession

log = logging.getLogger(__name__)

ROWS_PER_PARTITION = 50_000
"""Pairs for each partition of a shuffle: their 700,000 MinHash bands are 30 MB, sorted in memory."""

PARTITIONS = "spark.sql.shuffle.partitions"

_PACKAGES = ("pipeline", "crawl", "extract", "mining", "training")
_LOCAL_JVM = "-XX:+UseSerialGC"
_QUICK_JVM = "-XX:TieredStopAtLevel=1"
"""Halves the start of local jobs; for those in which the JVM only schedules, not where it sorts and joins."""

_LOCAL_WORKERS = {
    "spark.python.daemon.module": "pipeline.jobs.daemon",
    "spark.python.unix.domain.socket.enabled": "true",  # over TCP each task waits 40 ms for acknowledgements
}


@contextmanager
def spark_session(
    app: str, *, master: str, config: SparkConfig, imports: str = "", shuffles: bool = False
) -> Iterator["SparkSession"]:
    """Start Spark, and stop it when the block ends.

    On a local master the Python workers are started too and import the named module, so that the time of the
    work itself can be told from that of the start; a cluster's executors start theirs when tasks come.
    `shuffles` says that the JVM itself has work to do, more than to schedule.
    Raises ConfigError where no Java is found or the master cannot be reached, TransientError where Spark
    fails within the block.
    """
    home = str(java_home())
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    local = master.startswith("local")
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    began = time.perf_counter()
    with _environment(JAVA_HOME=home):
        session = _start(app, master=_with_retries(master, config), config=config, shuffles=shuffles)
    try:
        if local and imports:
            _start_workers(session, imports)
        log.info("spark=started master=%s seconds=%.1f", master, time.perf_counter() - began)
        with _failures_explained():
            yield session
    finally:
        session.stop()


@contextmanager
def _failures_explained() -> Iterator[None]:
    """Turn a failure of Spark itself, such as a full heap or disk, into an error of one sentence."""
    from py4j.protocol import Py4JJavaError

    try:
        yield
    except Py4JJavaError as error:
        raise TransientError(
            f"Spark failed: {_reason(error)}. What was finished is kept: give it more memory (--set "
            "spark.driver_memory=4g, or the cluster's own settings) or disk, and run the same command again."
        ) from error


def set_partitions(session: "SparkSession", n_rows: int, config: SparkConfig) -> None:
    """Cut every shuffle into as many partitions as the rows need, where the user has not said how many."""
    if PARTITIONS not in config.conf:
        session.conf.set(PARTITIONS, max(1, math.ceil(n_rows / ROWS_PER_PARTITION)))


def one_row_a_task(session: "SparkSession", rows: Sequence[str]) -> "DataFrame":
    """Return a frame of one column, `row`, in which every row is a partition, so a task, of its own."""
    numbered = session.createDataFrame(list(enumerate(rows)), "no int, row string")
    return numbered.repartitionById(max(1, len(rows)), "no").select("row")  # round robin would deal unevenly


def collect_with_progress(frame: "DataFrame", report: Callable[[int], None]) -> "list[Row]":
    """Collect a small frame while reporting how many of its tasks are done, several times a second.

    An interrupt cancels the job before it is passed on.
    """
    context = frame.sparkSession.sparkContext
    group = f"faqtory-{time.monotonic_ns()}"
    result: list[list[Row] | BaseException] = []

    def collect() -> None:
        try:
            context.setJobGroup(group, "faqtory", interruptOnCancel=True)
            result.append(frame.collect())
        except BaseException as error:  # passed on to the caller below
            result.append(error)

    thread = Thread(target=collect, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
            report(_tasks_done(context.statusTracker(), group))
    except BaseException:
        context.cancelJobGroup(group)
        raise
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _tasks_done(tracker: "StatusTracker", group: str) -> int:
    jobs = [job for job_id in tracker.getJobIdsForGroup(group) if (job := tracker.getJobInfo(job_id))]
    stages = {stage_id for job in jobs for stage_id in job.stageIds}
    infos = [info for stage in stages if (info := tracker.getStageInfo(stage))]
    return max((info.numCompletedTasks for info in infos if info.numTasks > 1), default=0)


def _start_workers(session: "SparkSession", module: str) -> None:
    tasks = one_row_a_task(session, ["start"] * session.sparkContext.defaultParallelism)
    tasks.mapInArrow(partial(_import, module=module), "row string").collect()


def _import(batches: "Iterator[pa.RecordBatch]", *, module: str) -> "Iterator[pa.RecordBatch]":
    importlib.import_module(module)
    yield from batches


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the block alone."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start(app: str, *, master: str, config: SparkConfig, shuffles: bool) -> "SparkSession":
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    local = master.startswith("local")
    builder = SparkSession.builder.appName(f"faqtory {app}").master(master)
    for key, value in _properties(config, local=local, shuffles=shuffles).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise ConfigError(f"Spark does not start with --master {master}: {_reason(error)}.") from None
    if not local:
        session.sparkContext.addPyFile(str(_code_zip()))
    return session


def _properties(config: SparkConfig, *, local: bool, shuffles: bool) -> dict[str, str]:
    log4j = Path(__file__).with_name("log4j2.properties")
    java_options = [f"-Dlog4j2.configurationFile={log4j.as_uri()}"]
    if local:
        java_options += [_LOCAL_JVM] if shuffles else [_LOCAL_JVM, _QUICK_JVM]
    return {
        "spark.driver.memory": config.driver_memory,
        "spark.driver.extraJavaOptions": " ".join(java_options),
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.enabled": str(not local).lower(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",  # Spark's guess of what fits filled a heap of 1 GB
        "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        **(_LOCAL_WORKERS if local else {}),
        "spark.task.maxFailures": str(config.max_task_failures),
        **config.conf,
    }


def _with_retries(master: str, config: SparkConfig) -> str:
    """Give a local master the cluster's number of attempts: `local[2]` alone never tries a task again."""
    if not master.startswith("local"):
        return master
    form = re.fullmatch(r"local(?:\[(\*|[1-9]\d*)\])?", master)
    if not form:
        raise ConfigError(f"--master {master}: write local, local[2], local[*] or a cluster's address.")
    return f"local[{form.group(1) or 1},{config.max_task_failures}]"


def _code_zip() -> Path:
    """Zip this project's packages for the workers; their dependencies must be installed there."""
    root = Path(__file__).parents[2]
    target = Path(tempfile.mkdtemp(prefix="faqtory-")) / "faqtory-code.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in _PACKAGES:
            for file in sorted((root / package).rglob("*.py")):
                archive.write(file, file.relative_to(root))
    return target


def _reason(error: Exception) -> str:
    """Return the line of a JVM failure that names its cause."""
    lines = [line.strip(" :") for line in str(error).splitlines() if line.strip()]
    cause = next((line for line in lines if re.match(r"([a-z]+\.)+\w+Exception: ", line)), lines[0])
    return (cause.partition("Exception: ")[2] or cause).rstrip(".")

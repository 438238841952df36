"""Run shards in Spark tasks, or, where no Spark is wanted, in processes of this machine.

`--master none` stands for as many processes as there are cores, `none[4]` for four. Spark or the processes
are started with the first shards to run, so that a run with nothing to do costs nothing.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from pipeline.core.config import SparkConfig
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Shard
from pipeline.jobs.shards import run_shards, with_patience

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NONE = re.compile(r"none(?:\[(\d+|\*)\])?")
_LOCAL = re.compile(r"local(?:\[(\d+|\*)\])?")

Do = Callable[[Shard], object]
Report = Callable[[int], None]


class Runner:
    """Runs shards where `--master` says; `run_shards` of `pipeline.jobs.shards` tells what they must do."""

    def __init__(self, app: str, *, master: str, config: SparkConfig, stack: ExitStack) -> None:
        self._app, self._master, self._config, self._stack = app, master, config, stack
        self._spark: SparkSession | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._n_processes = _n_processes(master)

    def run(self, shards: Sequence[Shard], do: Do, *, report: Report = lambda _: None) -> None:
        """Call `do` on each shard; TransientError where some were out of reach, after all others are done."""
        if not shards:
            return
        if self._n_processes:
            errors = _run_in_processes(self._processes(), shards, do, report=report)
        else:
            errors = run_shards(self._session(), shards, do, report=report)
        if errors:
            raise TransientError(
                f"{len(errors)} of {len(shards)} parts could not be done; the others are kept, run the same "
                f"command again. First reason: {next(iter(errors.values()))}"
            )

    def _processes(self) -> ProcessPoolExecutor:
        if self._pool is None:
            pool = ProcessPoolExecutor(
                self._n_processes, mp_context=get_context("spawn"), initializer=_end_with_the_run
            )
            self._stack.callback(pool.shutdown, wait=True, cancel_futures=True)
            self._pool = pool
        return self._pool

    def _session(self) -> "SparkSession":
        if self._spark is None:
            from pipeline.jobs.session import spark_session

            session = spark_session(self._app, master=self._master, config=self._config)
            self._spark = self._stack.enter_context(session)
        return self._spark


@contextmanager
def shard_runner(app: str, *, master: str, config: SparkConfig) -> Iterator[Runner]:
    """Return what runs shards; whatever it started ends with the block."""
    with ExitStack() as stack:
        yield Runner(app, master=master, config=config, stack=stack)


def _end_with_the_run() -> None:
    """End this process as soon as the run that started it is gone, as after kill -9.

    Else it would go on with its part, which may take hours, beside the processes of the next run.
    """
    run = parent_process()
    assert run is not None

    def wait() -> None:
        run.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def n_cores(master: str) -> int | None:
    """Return how many shards run at a time on this machine; None for a cluster, where it has no say."""
    local = _LOCAL.fullmatch(master)
    if local is None:
        return _n_processes(master) or None
    return int(local[1]) if local[1] and local[1] != "*" else (os.cpu_count() or 1) if local[1] else 1


def _n_processes(master: str) -> int:
    """Return the number of processes that `--master` asks for, 0 for Spark."""
    if not master.startswith("none"):
        return 0
    match = _NONE.fullmatch(master)
    if match is None or match[1] == "0":
        raise ConfigError(f"--master {master}: write none, or none[4] for four processes.")
    return int(match[1]) if match[1] and match[1] != "*" else os.cpu_count() or 1


def _run_in_processes(
    pool: ProcessPoolExecutor, shards: Sequence[Shard], do: Do, *, report: Report
) -> dict[str, str]:
    """Call `do` on each shard; return the reason by shard id for those out of reach."""
    errors = {}
    try:
        futures = {pool.submit(with_patience, partial(do, shard)): shard for shard in shards}
        for n_done, future in enumerate(as_completed(futures), start=1):
            if error := future.result():
                errors[futures[future].id] = error
            report(n_done)
    except BrokenProcessPool:
        raise TransientError(
            "A process of the run was killed, as for want of memory; what was finished is kept. Run the same "
            "command again, with fewer processes: --master none[1]."
        ) from None
    return errors

"""What the tests of `pipeline.jobs.runner` let other processes do; these import it by name."""

import os
import signal
import sys
import time
from pathlib import Path

from pipeline.core.config import SparkConfig
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Shard
from pipeline.jobs import shards
from pipeline.jobs.runner import shard_runner


def named(*names):
    return [Shard.of(name, "test", version="", settings="") for name in names]


def note(shard, *, folder):
    """Leave a file with the process's id."""
    (Path(folder) / f"{shard.input}-{os.getpid()}").write_text("")


def die(shard, *, folder):
    """Leave a file, or be killed as for want of memory where the shard says so."""
    if shard.input == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    note(shard, folder=folder)


def refuse(shard, *, folder):
    if shard.input == "wrong":
        raise ConfigError("This cannot be.")
    note(shard, folder=folder)


def out_of_reach(shard, *, folder):
    """Fail for one shard, without the pauses between attempts."""
    shards.time.sleep = lambda _: None
    note(shard, folder=folder)
    if shard.input == "far":
        raise TransientError("the disk is away")


def sleep(shard, *, folder):
    note(shard, folder=folder)
    time.sleep(120)


def main(folder):
    """Run two shards that take long."""
    from functools import partial

    with shard_runner("test", master="none[2]", config=SparkConfig()) as runner:
        runner.run(named("a", "b"), partial(sleep, folder=folder))


if __name__ == "__main__":
    main(sys.argv[1])

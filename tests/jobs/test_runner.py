"""Shards in processes of this machine: each once, errors as they are, nothing left behind by a kill."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import psutil
import pytest
import runner_tasks
from runner_tasks import named

from pipeline.core.config import SparkConfig
from pipeline.core.errors import ConfigError, TransientError
from pipeline.jobs import runner, session
from pipeline.jobs.runner import shard_runner


def run(names, task, folder, *, master="none[2]"):
    """Run shards of these names; returns what the report heard."""
    heard = []
    with shard_runner("test", master=master, config=SparkConfig()) as shards:
        shards.run(named(*names), partial(task, folder=str(folder)), report=heard.append)
    return heard


def seen(folder):
    """How often each shard was done, and in which processes."""
    files = [path.name.split("-") for path in folder.iterdir()]
    return Counter(name for name, _ in files), {int(process) for _, process in files}


def test_each_shard_once_in_as_many_processes_as_asked_for(tmp_path):
    names = [f"s{n}" for n in range(6)]
    assert run(names, runner_tasks.note, tmp_path) == [1, 2, 3, 4, 5, 6]
    done, processes = seen(tmp_path)
    assert done == dict.fromkeys(names, 1)
    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes


def test_processes_serve_several_stages_and_end_with_the_block(tmp_path):
    with shard_runner("test", master="none[1]", config=SparkConfig()) as shards:
        shards.run(named("a"), partial(runner_tasks.note, folder=str(tmp_path)))
        shards.run(named("b"), partial(runner_tasks.note, folder=str(tmp_path)))
    done, processes = seen(tmp_path)
    assert done == {"a": 1, "b": 1}
    (process,) = processes
    assert not is_alive(process)


def test_nothing_to_do_starts_nothing(monkeypatch):
    monkeypatch.setattr(runner, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("a process was started"))
    monkeypatch.setattr(session, "spark_session", lambda *_, **__: pytest.fail("Spark was started"))
    for master in ("none", "local[2]"):
        with shard_runner("test", master=master, config=SparkConfig()) as shards:
            shards.run([], print)


@pytest.mark.parametrize(
    ("master", "n"), [("none", 5), ("none[*]", 5), ("none[1]", 1), ("none[12]", 12), ("local[4]", 0)]
)
def test_number_of_processes(monkeypatch, master, n):
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert runner._n_processes(master) == n


@pytest.mark.parametrize("master", ["none[0]", "none[]", "none[-1]", "none[two]", "nonesuch", "none "])
def test_a_wrong_number_of_processes(master):
    with pytest.raises(ConfigError, match=r"write none, or none\[4\] for four processes"):
        with shard_runner("test", master=master, config=SparkConfig()):
            pytest.fail("it was taken")


def test_a_killed_process_is_told_and_what_was_finished_is_kept(tmp_path):
    with pytest.raises(TransientError, match=r"was killed, as for want of memory.*none\[1\]") as error:
        run(["a", "b", "deadly", "c"], runner_tasks.die, tmp_path, master="none[1]")
    assert error.value.exit_code == 75
    assert seen(tmp_path)[0] == {"a": 1, "b": 1}


def test_an_error_of_the_request_comes_as_it_is_and_stops_the_rest(tmp_path):
    names = ["a", "wrong", *(f"s{n}" for n in range(30))]
    with pytest.raises(ConfigError, match=r"^This cannot be\.$"):
        run(names, runner_tasks.refuse, tmp_path, master="none[1]")
    assert len(seen(tmp_path)[0]) < len(names) - 10


def test_what_is_out_of_reach_is_told_after_all_others_are_done(tmp_path):
    with pytest.raises(TransientError, match=r"^1 of 3 parts could not be done.*the disk is away"):
        run(["a", "far", "b"], runner_tasks.out_of_reach, tmp_path, master="none[1]")
    assert set(seen(tmp_path)[0]) == {"a", "far", "b"}


def test_the_processes_end_with_the_run_that_is_killed(tmp_path):
    tests = Path(runner_tasks.__file__).parent
    run = subprocess.Popen(
        [sys.executable, runner_tasks.__file__, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": f"{tests.parent}:{tests}"},
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    _, processes = seen(tmp_path)
    assert all(is_alive(process) for process in processes)
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_until(lambda: not any(is_alive(process) for process in processes))


def is_alive(process):
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(holds, *, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)

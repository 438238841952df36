"""The harness reports every kind of fault, goes on to the next target, and keeps its time."""

import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
ENGINES = ["hypothesis"] + ["atheris"] * (importlib.util.find_spec("atheris") is not None)
CAUSES = {
    "raises": "exception",
    "loops": "hang",
    "sleeps_through_signals": "hang",
    "balloons": "out of memory",
    "crashes": "crash",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_planted_fault_is_reported_and_the_rest_still_runs(engine: str, tmp_path: Path) -> None:
    options = ("--seconds", "2", "--timeout-s", "2", "--rss-limit-mb", "700", "--work", str(tmp_path))
    done = run("--module", "planted", "--engine", engine, *options)
    lines = {words[0]: line for line in done.stdout.splitlines() if (words := line.split())}
    for name, cause in CAUSES.items():
        assert lines[name].endswith(f"FAILED: {cause}"), done.stdout + done.stderr
        assert b"bad" in (tmp_path / name / "failing-input").read_bytes()
    assert lines["passes"].endswith("passed")
    assert done.stdout.splitlines()[-1] == "1 passed, 5 failed"
    assert done.returncode == 1


def test_a_failure_comes_with_the_command_that_repeats_it(tmp_path: Path) -> None:
    done = run("--module", "planted", "--target", "raises", "--seconds", "1", "--work", str(tmp_path))
    command = re.search(r"Again: (.*)", done.stdout)
    assert command is not None, done.stdout
    again = subprocess.run(command[1].split(), capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 1
    assert "KeyError: 'planted'" in again.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_a_real_target_passes_in_its_time(engine: str) -> None:
    began = time.monotonic()
    done = run("--engine", engine, "--target", "html_text", "--seconds", "2", "--seed", "1")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"
    assert time.monotonic() - began < 2 + 30


def test_unknown_targets_are_refused() -> None:
    done = run("--target", "wrac")
    assert done.returncode == 2
    assert "there is no target wrac; there are warc, jsonld" in done.stderr


def test_the_fallback_says_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(RUN.parent))
    spec = importlib.util.spec_from_file_location("fuzz_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fuzz_run", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert module._engine(None) == "hypothesis"
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "atheris is not installed" in said

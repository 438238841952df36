"""Throw mutated input at every entry point: `python tests/fuzz/run.py [--seconds 20] [--target NAME ...]`.

Each target runs in a process of its own for so many seconds, so that what crashes, hangs or balloons is
reported and the others still run. Exit code 0 where all passed, 1 where one failed.
"""

import argparse
import importlib
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from worker import read_current

HERE = Path(__file__).resolve().parent
START_S = 60
"""Longest that a worker may need besides fuzzing: imports, and the tail of its last input."""

_CAUSES = (
    ("hang", r"^Timeout \(\d|libFuzzer: timeout"),
    ("out of memory", r"libFuzzer: out-of-memory|libFuzzer: fuzz target exceeded|^MemoryError"),
    ("exception", r"Uncaught Python exception|^Traceback \(most recent call last\)"),
    ("crash", r"libFuzzer: deadly signal|^Fatal Python error"),
)


@dataclass(frozen=True)
class Verdict:
    """How a target's run ended; `cause` is None where it passed."""

    name: str
    n_runs: int
    seconds: float
    n_features: int | None
    peak_mb: int | None
    cause: str | None
    output: str

    def line(self) -> str:
        features = f"{self.n_features:>6,} features" if self.n_features is not None else "  (no coverage)  "
        peak = f"{self.peak_mb:>5,} MB" if self.peak_mb is not None else "       -"
        result = "passed" if self.cause is None else f"FAILED: {self.cause}"
        rate = self.n_runs / self.seconds if self.seconds else 0.0
        return f"{self.name:<10} {self.n_runs:>9,} runs {rate:>8,.0f}/s  {features}  {peak}  {result}"


def main() -> int:
    options = _options()
    if options.input:
        return _replay(options)
    engine = _engine(options.engine)
    seed = options.seed if options.seed is not None else random.randrange(1, 1 << 31)
    names = options.target or list(_targets(options.module))
    work = Path(options.work or tempfile.mkdtemp(prefix="faqtory-fuzz-"))
    print(f"{len(names)} targets, {options.seconds} s each, seed {seed}", flush=True)
    verdicts = []
    for name in names:
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        verdict = _run(name, folder, engine, seed, options)
        verdicts.append(verdict)
        print(verdict.line(), flush=True)
        if verdict.cause is not None:
            _report(verdict, folder, options)
    n_failed = sum(verdict.cause is not None for verdict in verdicts)
    if not n_failed and not options.work:
        shutil.rmtree(work)
    print(f"{len(verdicts) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20, help="of fuzzing for each target")
    parser.add_argument("--target", action="append", metavar="NAME", help="only this one (may be repeated)")
    parser.add_argument("--seed", type=int, help="of the mutations (default: drawn, and printed)")
    parser.add_argument(
        "--runs", type=int, default=-1, help="stop after so many inputs: the same seed repeats them"
    )
    parser.add_argument("--timeout-s", type=int, default=10, help="longest that one input may take")
    parser.add_argument("--rss-limit-mb", type=int, default=2048, help="most memory that a target may hold")
    parser.add_argument("--work", help="folder for corpora and findings, kept (default: temporary)")
    parser.add_argument("--engine", choices=("atheris", "hypothesis"), help="default: atheris if installed")
    parser.add_argument(
        "--input", metavar="PATH", help="check this one input, without fuzzing; needs --target"
    )
    parser.add_argument("--module", default="targets", help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = list(_targets(options.module))
    for name in options.target or []:
        if name not in known:
            parser.error(f"there is no target {name}; there are {', '.join(known)}")
    if options.input and len(options.target or []) != 1:
        parser.error("--input needs one --target")
    return options


def _targets(module: str) -> dict[str, object]:
    targets: dict[str, object] = importlib.import_module(module).TARGETS
    return targets


def _engine(wanted: str | None) -> str:
    if wanted:
        return wanted
    if importlib.util.find_spec("atheris") is not None:
        return "atheris"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    print(
        f"atheris is not installed (it may have no wheel for Python {version}): "
        "Hypothesis mutates the same seeds instead, without coverage guidance."
    )
    return "hypothesis"


def _replay(options: argparse.Namespace) -> int:
    target = _targets(options.module)[options.target[0]]
    target.check(Path(options.input).read_bytes())  # type: ignore[attr-defined]
    print(f"{options.target[0]} passed on {options.input}")
    return 0


def _run(name: str, folder: Path, engine: str, seed: int, options: argparse.Namespace) -> Verdict:
    command = [
        *(sys.executable, str(HERE / "worker.py"), "--engine", engine, "--target", name, "--seed", str(seed)),
        *("--module", options.module, "--work", str(folder), "--seconds", str(options.seconds)),
        *("--timeout-s", str(options.timeout_s), "--rss-limit-mb", str(options.rss_limit_mb)),
        *("--runs", str(options.runs)),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed % (1 << 32)), "PYTHONFAULTHANDLER": "1"}
    log = folder / "log.txt"
    began = time.monotonic()
    with (
        open(log, "wb") as stream,
        subprocess.Popen(command, stdout=stream, stderr=stream, env=environment) as worker,
    ):
        try:
            status: int | None = worker.wait(options.seconds + options.timeout_s + START_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            status = None
    output = log.read_text(encoding="utf-8", errors="replace")
    return Verdict(
        name=name,
        n_runs=_last(r"^stat::number_of_executed_units: (\d+)|^#(\d+)\s", output) or 0,
        seconds=min(time.monotonic() - began, options.seconds),
        n_features=_last(r"\bft: (\d+)", output),
        peak_mb=_last(r"^stat::peak_rss_mb:\s+(\d+)|\brss: (\d+)Mb", output),
        cause=_cause(status, output, options.rss_limit_mb),
        output=output,
    )


def _last(pattern: str, output: str) -> int | None:
    found = re.findall(pattern, output, re.MULTILINE)
    if not found:
        return None
    return int(found[-1] if isinstance(found[-1], str) else "".join(found[-1]))


def _cause(status: int | None, output: str, rss_limit_mb: int) -> str | None:
    """Say why a run failed; None where it passed."""
    if status is None:
        return "hang (killed)"
    if status == 0:
        peak_mb = _last(r"^stat::peak_rss_mb:\s+(\d+)", output)
        n_runs = _last(r"^stat::number_of_executed_units: (\d+)", output)
        if not n_runs:
            return "nothing was run"
        return f"out of memory ({peak_mb:,} MB)" if peak_mb and peak_mb > rss_limit_mb else None
    for cause, pattern in _CAUSES:
        if re.search(pattern, output, re.MULTILINE):
            return cause
    return f"signal {-status}" if status < 0 else f"exit code {status}"


def _report(verdict: Verdict, folder: Path, options: argparse.Namespace) -> None:
    """Print what is needed to see the failure again."""
    log = [line for line in verdict.output.splitlines() if not line.startswith(("#", "INFO:", "stat::"))]
    print("\n".join(f"    {line[:200]}" for line in log[-40:]))
    found = read_current(folder / "current")
    if found is None:
        print(f"    It failed before the first input; see {folder / 'log.txt'}.")
        return
    path = folder / "failing-input"
    path.write_bytes(found)
    module = f" --module {options.module}" if options.module != "targets" else ""
    print(f"    Input ({len(found):,} bytes): {path}")
    print(
        f"    Again: {sys.executable} {HERE / 'run.py'} --target {verdict.name}{module} --input {path}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())

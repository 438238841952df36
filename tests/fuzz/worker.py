"""One target's fuzzing in a process of its own, which may crash, hang or be killed without harm.

Started by `run.py`. Prints libFuzzer's own lines, or lines of the same form.
"""

import argparse
import contextlib
import faulthandler
import importlib
import mmap
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REARM_S = 0.5
ADDRESS_SPACE_BYTES = 8 << 30
"""Of the whole process: what one sudden allocation may not exceed. Threads and pools reserve much unused."""


class Watched:
    """Calls a target's check, with the input on disk before and a watchdog running meanwhile.

    The watchdog is a thread without Python (faulthandler): neither a loop in C nor the time limit of pages,
    which takes over libFuzzer's alarm signal, can keep it from ending the process.
    """

    def __init__(
        self, check: Callable[[bytes], None], current: Path, *, max_bytes: int, timeout_s: float
    ) -> None:
        self._check = check
        self._timeout_s = timeout_s
        self._armed = float("-inf")
        self.n_runs = 0
        with open(current, "w+b") as file:
            file.truncate(8 + 4 * max_bytes)
            self._current = mmap.mmap(file.fileno(), 0)

    def __call__(self, data: bytes) -> None:
        now = time.monotonic()
        if now - self._armed > REARM_S:
            faulthandler.dump_traceback_later(self._timeout_s + REARM_S, exit=True)
            self._armed = now
        self._current[: 8 + len(data)] = len(data).to_bytes(8, "little") + data
        self.n_runs += 1
        self._check(data)


def read_current(path: Path) -> bytes | None:
    """Return the input that a worker was busy with when it ended."""
    content = path.read_bytes() if path.exists() else b""
    n_bytes = int.from_bytes(content[:8], "little")
    return content[8 : 8 + n_bytes] if len(content) >= 8 else None


def main() -> None:
    arguments = _arguments()
    sys.path[:0] = arguments.path
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    fuzz = {"atheris": _atheris, "hypothesis": _hypothesis}[arguments.engine]
    with _instrumented(arguments.engine):
        target = importlib.import_module(arguments.module).TARGETS[arguments.target]
    current = Path(arguments.work) / "current"
    watched = Watched(target.check, current, max_bytes=target.max_bytes, timeout_s=arguments.timeout_s)
    fuzz(watched, target, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--work", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--timeout-s", type=int, required=True)
    parser.add_argument("--rss-limit-mb", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--runs", type=int, default=-1)
    return parser.parse_args()


def _instrumented(engine: str) -> contextlib.AbstractContextManager[Any]:
    if engine != "atheris":
        return contextlib.nullcontext()
    import atheris

    return atheris.instrument_imports(include=["extract"])


def _atheris(watched: Watched, target: Any, arguments: argparse.Namespace) -> None:
    import atheris

    corpus, found = Path(arguments.work) / "seeds", Path(arguments.work) / "corpus"
    for folder in (corpus, found):
        folder.mkdir(exist_ok=True)
    for i, seed in enumerate(target.seeds()):
        (corpus / f"seed-{i:03d}").write_bytes(seed)
    dictionary = Path(arguments.work) / "dictionary"
    dictionary.write_text("".join(f'"{_escaped(token)}"\n' for token in target.tokens))
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-runs={arguments.runs}",
        f"-timeout={arguments.timeout_s}",
        f"-rss_limit_mb={arguments.rss_limit_mb}",
        f"-max_len={target.max_bytes}",
        f"-seed={arguments.seed}",
        f"-dict={dictionary}",
        f"-artifact_prefix={arguments.work}/",
        "-print_final_stats=1",
        str(found),
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], watched)
    atheris.Fuzz()


def _escaped(token: str) -> str:
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in token.encode()
    )


def _hypothesis(watched: Watched, target: Any, arguments: argparse.Namespace) -> None:
    """Mutate the seeds by random edits until the time is over, in batches that Hypothesis generates."""
    import hypothesis
    from hypothesis import strategies as st

    resource.setrlimit(resource.RLIMIT_AS, (arguments.rss_limit_mb << 20, arguments.rss_limit_mb << 20))
    sources = target.seeds()
    pieces = st.one_of(st.binary(max_size=8), st.sampled_from([token.encode() for token in target.tokens]))
    edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), pieces), max_size=6)
    inputs = st.one_of(st.binary(max_size=200), st.builds(_edited, st.sampled_from(sources), edits))
    began = time.monotonic()

    def is_over() -> bool:
        over_time = time.monotonic() - began > arguments.seconds
        return over_time or 0 <= arguments.runs <= watched.n_runs

    for source in sources:
        watched(source)
    for batch in random.Random(arguments.seed).sample(range(1 << 30), 100_000):
        if is_over():
            break

        @hypothesis.seed(batch)
        @hypothesis.settings(
            max_examples=100,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(inputs)
        def run(data: bytes) -> None:
            if not is_over():
                watched(data[: target.max_bytes])

        run()
    print(f"stat::number_of_executed_units: {watched.n_runs}", file=sys.stderr)
    print(f"stat::peak_rss_mb: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}", file=sys.stderr)


def _edited(source: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for place, n_removed, inserted in edits:
        at = int(place * len(source))
        source = source[:at] + inserted + source[at + n_removed :]
    return source


if __name__ == "__main__":
    main()

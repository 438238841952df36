"""Read parallel text: sentences and their translations, as Tatoeba, OPUS and others give them."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from mining.bootstrap import TrainingPair
from pipeline.core.errors import ConfigError


def read_parallel(specs: Iterable[str]) -> Iterator[TrainingPair]:
    """Yield the pairs of each source: a file of two columns parted by a tab, or two files `A,B` line by line.

    UTF-8, plain or .gz. A side without text is left out. The source is the name of the file, or of the first
    of two, and its two sides count as languages of their own. Raises ConfigError that names file and line for
    what cannot be read, has not two columns, or ends before its other side.
    """
    for paths in map(_paths, specs):
        source = paths[0].name
        rows = _columns(paths[0]) if len(paths) == 1 else _lines(paths[0], paths[1])
        for text_a, text_b in rows:
            if text_a and text_b:
                yield TrainingPair(text_a, text_b, f"{source}:1", f"{source}:2", source)


def parallel_files(specs: Iterable[str]) -> list[Path]:
    """Return the files that `read_parallel` reads for these."""
    return [path for spec in specs for path in _paths(spec)]


def _paths(spec: str) -> list[Path]:
    paths = [Path(spec)] if Path(spec).is_file() else [Path(part.strip()) for part in spec.split(",")]
    if len(paths) > 2:
        raise ConfigError(f"Parallel text {spec}: give one file of two columns, or two files as A,B.")
    return paths


def _columns(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_read(path), start=1):
        columns = line.split("\t")
        if len(columns) != 2 and line:
            raise ConfigError(
                f"Parallel text {path}, line {number}: two columns parted by a tab are needed, "
                f"found {len(columns)}."
            )
        yield columns[0].strip(), columns[-1].strip()


def _lines(path_a: Path, path_b: Path) -> Iterator[tuple[str, str]]:
    for number, (text_a, text_b) in enumerate(zip_longest(_read(path_a), _read(path_b)), start=1):
        if text_a is None or text_b is None:
            shorter, longer = (path_a, path_b) if text_a is None else (path_b, path_a)
            raise ConfigError(f"Parallel text: {shorter} ends before line {number}, {longer} does not.")
        yield text_a.strip(), text_b.strip()


def _read(path: Path) -> Iterator[str]:
    """Yield the lines of a text, plain or gzipped, and turn what reading it raises into one sentence."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="\n") as stream:
            for line in stream:
                yield line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"Parallel text {path} is not UTF-8.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ConfigError(f"Parallel text {path} is no whole gzip file.") from None
    except OSError as error:
        raise ConfigError(f"Cannot read the parallel text {path}: {error.strerror}.") from None

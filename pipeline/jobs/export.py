"""`faqtory export`: mined negatives as files that trainers read, a file for each part of `negatives`.

A run that was ended goes on after the last whole file: what a folder holds, and the rows of each file, stand
in its `.export.json`. One process works alone, a language after another: the texts of a language's documents
are first copied to files that can be mapped (`pipeline.jobs.document_texts`), below the folder written to,
and go when the language is done. What grows: there with the documents of one language; in memory nothing but
the list of files.
"""

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.jobs.document_texts import DocumentTexts
from pipeline.jobs.export_files import FileType
from pipeline.jobs.export_parts import NEED_N, NEED_SCORES, Export, Form, export_part
from pipeline.jobs.mined import MinedPart, MinedParts, mined_parts
from pipeline.jobs.progress import progress_bar

EXPORT_VERSION = 1
"""Raised with every change of what files hold."""

_STATE = ".export.json"
_TEXTS = ".texts"

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What the folder holds after a run."""

    out: str
    format: str
    n_files: int
    n_rows: int
    n_left_out: int
    """Positives left out of tuples because their query has too few negatives."""
    languages: dict[str, int]
    """Rows by language."""
    work_s: float

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def export(
    *,
    work: str,
    out: str,
    form: str,
    n: int | None,
    with_texts: bool,
    file_type: str,
    languages: Sequence[str],
    console: Console,
) -> ExportSummary:
    """Write the negatives of a work folder into folder `out`.

    Raises ConfigError before anything is written where the request cannot be met, or where the folder holds
    another export; TransientError where another run writes to it.
    """
    asked = Export(_chosen(form, Form, "--format"), n, _chosen(file_type, FileType, "--file-type"))
    mined = _checked(work, asked, languages)
    began, shown, out = time.perf_counter(), out, storage.absolute(out)
    parts = {language: mined.parts[language] for language in languages or mined.parts}
    key = key_of(
        version=EXPORT_VERSION,
        form=asked.form,
        n=n,
        texts=with_texts,
        file_type=asked.file_type,
        negatives=sorted(part.negatives for some in parts.values() for part in some),
    )
    with storage.exclusive(out), progress_bar(console, unit="parts") as progress:
        state = _State.of(out, key)
        task = progress.add_task("exporting", total=sum(map(len, parts.values())))
        for language, some in parts.items():
            _export_language(
                some,
                mined.documents[language] if with_texts else None,
                work=work,
                out=out,
                export=asked,
                state=state,
                advance=lambda: progress.advance(task),
            )
    return ExportSummary(
        out=shown,
        format=asked.form.value,
        n_files=sum(1 for n_rows, _ in state.files.values() if n_rows),
        n_rows=sum(n_rows for n_rows, _ in state.files.values()),
        n_left_out=sum(n_left_out for _, n_left_out in state.files.values()),
        languages=state.by_language(),
        work_s=round(time.perf_counter() - began, 2),
    )


def _chosen(value: str, kinds: type[_Choice], option: str) -> _Choice:
    try:
        return kinds(value)
    except ValueError:
        raise ConfigError(f"{option} {value}: choose one of {', '.join(kinds)}.") from None


def _checked(work: str, export: Export, languages: Sequence[str]) -> MinedParts:
    """Return what is mined; ConfigError where it is not what the export needs."""
    if export.form in NEED_N and export.n is None:
        raise ConfigError(f"--format {export.form} has as many columns as negatives: say how many with --n.")
    mined = mined_parts(work)
    if mined is None or not mined.parts:
        raise ConfigError(f"{work} has no negatives; `faqtory mine --work {work}` makes them.")
    if not mined.is_current:
        raise ConfigError(f"The negatives of {work} are out of date; `faqtory mine --work {work}` ends it.")
    if unknown := [language for language in languages if language not in mined.parts]:
        raise ConfigError(
            f"There are no negatives in {', '.join(unknown)}; the languages mined in {work} are "
            f"{', '.join(mined.parts)}."
        )
    unscored = [code for code, parts in mined.parts.items() if any(part.scores is None for part in parts)]
    if export.form in NEED_SCORES and unscored:
        raise ConfigError(
            f"--format {export.form} needs a teacher's scores, and the negatives of {work} have none; "
            "`faqtory mine --teacher MODEL` gives them."
        )
    return mined


@dataclass(frozen=True, slots=True)
class _State:
    """What an export has done so far, as its folder says."""

    path: str
    key: str
    files: dict[str, tuple[int, int]]
    """Rows, and positives left out, by name; a part without rows has no file."""

    @staticmethod
    def of(out: str, key: str) -> "_State":
        """Read it; ConfigError where the folder holds another export."""
        path = storage.join(out, _STATE)
        if not storage.exists(path):
            return _State(path, key, {})
        tree = json.loads(storage.read_bytes(path))
        if tree["key"] != key:
            raise ConfigError(
                f"{out} holds another export, of other negatives or in another form; choose another --out."
            )
        return _State(path, key, {name: (n_rows, left) for name, (n_rows, left) in tree["files"].items()})

    def add(self, name: str, n_rows: int, n_left_out: int) -> None:
        """Take note of a finished file."""
        self.files[name] = (n_rows, n_left_out)
        storage.write_bytes(self.path, json.dumps({"key": self.key, "files": self.files}).encode())

    def by_language(self) -> dict[str, int]:
        """Return the rows of each language, the one with most first."""
        counted: Counter[str] = Counter()
        for name, (n_rows, _) in self.files.items():
            counted[name.partition("-")[0]] += n_rows
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _export_language(
    parts: Sequence[MinedPart],
    documents: Sequence[str] | None,
    *,
    work: str,
    out: str,
    export: Export,
    state: _State,
    advance: Callable[[], None],
) -> None:
    """Write the files that are missing; by ids where no parts of `corpus` are given."""
    names = {_file_name(part, export.file_type): part for part in parts}
    todo = {name: part for name, part in names.items() if name not in state.files}
    for _ in range(len(names) - len(todo)):
        advance()
    if not todo:
        return
    with _documents(work, documents, out) as texts:
        for name, part in todo.items():
            path = storage.join(out, name)
            state.add(name, *export_part(part, path, work=work, export=export, documents=texts))
            advance()


def _file_name(part: MinedPart, file_type: FileType) -> str:
    of = part.part
    return f"{of.language}-{of.no:05d}-of-{of.n_parts:05d}.{file_type}"


@contextmanager
def _documents(work: str, shard_ids: Sequence[str] | None, out: str) -> Iterator[DocumentTexts | None]:
    """Hold the texts of a language's documents while they are needed; a killed run may have left some."""
    if shard_ids is None:
        yield None
        return
    parent = Path(out) if storage.is_local(out) else Path(tempfile.mkdtemp())
    folder = parent / _TEXTS
    shutil.rmtree(folder, ignore_errors=True)
    try:
        DocumentTexts.write(work, shard_ids, folder)
        yield DocumentTexts(folder)
    finally:
        shutil.rmtree(folder if storage.is_local(out) else parent, ignore_errors=True)

"""Files on local disks and object stores through fsspec; a kill while writing leaves no half file."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import BinaryIO, cast

import fsspec

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.storage_errors import explained
from pipeline.core.storage_errors import is_local as is_local

TEMPORARY = ".tmp-"
"""Marks a file under construction; whatever still bears it when a run starts was left by a killed one."""


def filesystem(path: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the file system that a path or URL lives on, and its path there.

    Raises ConfigError for an unknown scheme or one whose driver is not installed.
    """
    try:
        return cast(tuple[fsspec.AbstractFileSystem, str], fsspec.url_to_fs(path))
    except ImportError as error:
        extra = "s3" if path.startswith("s3:") else None
        hint = f"install faqtory[{extra}]" if extra else f"install what it asks for ({error})"
        raise ConfigError(f"{path}: the driver for this kind of address is missing; {hint}.") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}.") from None


def absolute(path: str) -> str:
    """Return a local path in full, as processes with other working folders need it; addresses as they are."""
    return os.path.abspath(path.removeprefix("file://")) if is_local(path) else path


def join(folder: str, *parts: str) -> str:
    """Join path segments with slashes, for local paths and URLs alike."""
    return "/".join([folder.rstrip("/"), *parts])


def exists(path: str) -> bool:
    """Tell whether a file or folder is there."""
    fs, inner = filesystem(path)
    return bool(fs.exists(inner))


def open_read(path: str, *, called: str | None = None) -> BinaryIO:
    """Open a file for reading bytes; remote files are read ahead in blocks of 4 MiB.

    `called` is the file's name in messages, where a user knows it by another one than its path.
    Raises ConfigError where it is missing or forbidden, TransientError where it is out of reach.
    """
    with explained(called or path):
        if is_local(path):
            return open(path.removeprefix("file://"), "rb")
        fs, inner = filesystem(path)
        return cast(BinaryIO, fs.open(inner, "rb", block_size=4 << 20, cache_type="readahead"))


def read_bytes(path: str) -> bytes:
    """Return the whole content of a (small) file."""
    with open_read(path) as stream:
        return stream.read()


@contextlib.contextmanager
def open_write(path: str) -> Iterator[BinaryIO]:
    """Write a file that appears complete or not at all.

    Local files are written beside their place, synced and renamed; object stores publish on close. If the
    body raises, the file does not appear.
    """
    if not is_local(path):
        fs, inner = filesystem(path)
        with fs.transaction, fs.open(inner, "wb") as stream:
            yield stream
        return
    path = path.removeprefix("file://")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}{TEMPORARY}{uuid.uuid4().hex[:8]}"
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write_bytes(path: str, content: bytes) -> None:
    """Write a whole file atomically."""
    with open_write(path) as stream:
        stream.write(content)


def list_files(folder: str) -> list[str]:
    """Return the names of the files directly in the folder, sorted; none where it does not exist."""
    fs, inner = filesystem(folder)
    try:
        entries = (
            fs.ls(inner, detail=True, refresh=True) if not is_local(folder) else fs.ls(inner, detail=True)
        )
    except FileNotFoundError:
        return []
    return sorted(entry["name"].rsplit("/", 1)[-1] for entry in entries if entry["type"] == "file")


def delete(path: str) -> None:
    """Remove a file; one that is already gone is fine."""
    fs, inner = filesystem(path)
    with contextlib.suppress(FileNotFoundError):
        fs.rm_file(inner)


def delete_folder(folder: str) -> None:
    """Remove a folder with all that it holds; one that is already gone is fine."""
    fs, inner = filesystem(folder)
    with contextlib.suppress(FileNotFoundError):
        fs.rm(inner, recursive=True)


@contextlib.contextmanager
def exclusive(folder: str) -> Iterator[None]:
    """Hold the only right to write below a local folder; on object stores the caller must see to it.

    Raises TransientError when another process holds it. The right ends with the process, however it ends.
    """
    if not is_local(folder):
        yield
        return
    import fcntl

    try:
        os.makedirs(folder, exist_ok=True)
        lock = os.open(join(folder, ".lock"), os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise ConfigError(f"Cannot write to {folder}: {error.strerror}; choose another --work.") from None
    with os.fdopen(lock, "w"):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientError(
                f"Another run is writing to {folder}; wait for it or choose another --work."
            ) from None
        yield

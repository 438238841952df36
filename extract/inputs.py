"""From what a user names (files, patterns, folders, URLs, listings) to the list of input files.

Everything that is wrong with a request is found here, before any work starts, and said in one sentence.
"""

import codecs
import contextlib
import glob
import gzip
import io
import os
import re
import stat
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

import fsspec

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.storage_errors import explained, first_line, where

MAX_LISTING_BYTES = 256 << 20
"""Longest decoded listing that is read. A Common Crawl listing of 90,000 paths has 12 MB."""

_SNIFF_BYTES = 4096
_GLOB = re.compile(r"[*?\[]")
_HTML = re.compile(rb"<(?:!|\?xml|(?:html|head|body|script|title|meta|div|p)[\s>])", re.IGNORECASE)


class InputFormat(StrEnum):
    """The kinds of input files."""

    WARC = "warc"
    OWI = "owi"
    WDC = "wdc"


EXTENSIONS = {
    InputFormat.WARC: (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz"),
    InputFormat.OWI: (".parquet",),
    InputFormat.WDC: (".nq", ".nq.gz"),
}
"""Names by which a folder's files are recognised, in lower case; a file named by itself may have any name."""

_MEANT = {
    InputFormat.WARC: "a WARC or ARC file",
    InputFormat.OWI: "a Parquet file of the Open Web Index",
    InputFormat.WDC: "an N-Quads file",
}


@dataclass(frozen=True, slots=True, order=True)
class InputFile:
    """One input file and what tells a changed file of the same name."""

    path: str
    """Absolute local path, or URL."""
    version: str
    """`size:mtime_ns` of a local file, `size:etag` where a remote listing gives it, else empty."""


def expand_inputs(
    arguments: Sequence[str], format: InputFormat, *, listing_prefix: str | None = None
) -> list[InputFile]:
    """Return the files that the arguments stand for, sorted by path, each once.

    An argument is a local file, a folder (searched recursively for the format's names), a pattern (local or
    on an object store), an http(s), s3 or other fsspec URL, or a listing of paths: a name that ends in
    `.paths` or `.paths.gz`, or any name after an `@`. A listing's relative entries start from
    `listing_prefix`; without one, from where the listing's own location shows the entry's first folder; else
    from the listing's folder. Remote files named one by one or in a listing cost no request and have no
    version: archives do not change.
    Raises ConfigError, or TransientError where a connection failed.
    """
    if not arguments:
        raise ConfigError("No input was given; name files, folders, patterns, URLs or listings.")
    if listing_prefix is not None and not any(_is_listing(argument) for argument in arguments):
        raise ConfigError(f"The listing prefix {listing_prefix} has no use: no input is a listing of paths.")
    versions: dict[str, str] = {}
    for argument in arguments:
        for file in _expand(argument, format, listing_prefix=listing_prefix):
            versions[file.path] = versions.get(file.path) or file.version
    return sorted(InputFile(path, version) for path, version in versions.items())


def sniff(path: str, format: InputFormat) -> None:
    """Raise ConfigError where a local file's first bytes show that it cannot be of the format.

    Of gzip the first member's first bytes are looked at; zstd and lz4 are taken for web archives. Arguments
    that are no local file to be read by itself (folders, patterns, URLs, listings) pass.
    """
    local = path.removeprefix("file://")
    if _is_listing(path) or not storage.is_local(path) or not os.path.isfile(local):
        return
    with explained(path), open(local, "rb") as stream:
        head = stream.read(_SNIFF_BYTES)
    if not head:
        raise ConfigError(f"{path} is empty.")
    if _may_be(head, format):
        return
    hint = f" To read it as a listing of paths, write @{path}." if path.endswith((".txt", ".txt.gz")) else ""
    raise ConfigError(f"{path} is not {_MEANT[format]}: it looks like {_describe(head)}.{hint}")


def _expand(argument: str, format: InputFormat, *, listing_prefix: str | None) -> Iterable[InputFile]:
    if not argument.strip():
        raise ConfigError("An input is an empty string.")
    if _is_listing(argument):
        return _listing_files(argument.removeprefix("@"), listing_prefix)
    if storage.is_local(argument):
        return _local_files(argument.removeprefix("file://"), format)
    return _remote_files(argument, format)


def _is_listing(argument: str) -> bool:
    path = argument if storage.is_local(argument) else _split(argument).path
    return argument.startswith("@") or path.endswith((".paths", ".paths.gz"))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"{url} is not a URL: {error}.") from None


def _local_files(path: str, format: InputFormat) -> list[InputFile]:
    if os.path.isdir(path):
        return _folder_files(path, format)
    if os.path.lexists(path) or not _GLOB.search(path):
        file = _local_file(path)
        sniff(file.path, format)
        return [file]
    found = [_local_file(name) for name in glob.glob(path, recursive=True) if not os.path.isdir(name)]
    if not found:
        raise ConfigError(f"No file matches {path}.")
    return found


def _local_file(path: str, *, named_in: str | None = None) -> InputFile:
    """Return the file with its size and time of change, which are not asked for anywhere else."""
    with explained(path, named_in=named_in):
        status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise ConfigError(f"{path}{where(named_in)} is {kind}; name a file.")
    return InputFile(os.path.abspath(path), f"{status.st_size}:{status.st_mtime_ns}")


def _folder_files(folder: str, format: InputFormat) -> list[InputFile]:
    """Return the folder's files of the format; links to folders inside it are not followed."""

    def refuse(error: OSError) -> None:
        raise error

    with explained(folder):
        paths = [
            os.path.join(parent, name)
            for parent, _, names in os.walk(folder, onerror=refuse)
            for name in names
            if name.lower().endswith(EXTENSIONS[format])
        ]
    return [_local_file(path) for path in paths] or _nothing_in(folder, format)


def _nothing_in(folder: str, format: InputFormat) -> list[InputFile]:
    raise ConfigError(f"The folder {folder} holds no {format} input ({', '.join(EXTENSIONS[format])}).")


def _remote_files(url: str, format: InputFormat) -> list[InputFile]:
    """Return a remote file as named, or what an object store lists for a pattern or a folder."""
    fs, inner = _filesystem(url)
    scheme, host, path, *_ = _split(url)
    if not host and scheme in ("http", "https", "s3"):
        raise ConfigError(f"{url} names no {'bucket' if scheme == 's3' else 'host'}.")
    if scheme in ("http", "https"):
        if "*" in path or path.endswith("/") or not path:
            raise ConfigError(f"{url}: web servers list no files; name each file, or a .paths listing.")
        return [_remote_named(fs, inner, url=url)]
    if _GLOB.search(inner):
        return _remote_matches(fs, inner, url=url)
    if path.lower().endswith(EXTENSIONS[format]):
        return [_remote_named(fs, inner, url=url)]
    with explained(url):
        fs.invalidate_cache()
        found = fs.find(inner, detail=True)
    wanted = [name for name in found if name.lower().endswith(EXTENSIONS[format]) or name == inner]
    return [_remote_file(fs, found[name]) for name in wanted] or _nothing_in(url, format)


def _remote_named(fs: fsspec.AbstractFileSystem, inner: str, *, url: str) -> InputFile:
    """Return a file named by itself, asked for once: a typing error should not start Spark."""
    with explained(url):
        return InputFile(url, _remote_file(fs, fs.info(inner)).version)


def _filesystem(url: str, *, named_in: str | None = None) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        return storage.filesystem(url)
    except OSError as error:  # a driver that needs a native library
        raise ConfigError(f"{url}{where(named_in)}: its driver fails ({first_line(error)}).") from None


def _remote_matches(fs: fsspec.AbstractFileSystem, pattern: str, *, url: str) -> list[InputFile]:
    bucket = pattern.split("/", 1)[0]
    with explained(url):
        fs.invalidate_cache()
        found = fs.glob(pattern, detail=True)
        if not found and not _GLOB.search(bucket):
            fs.info(bucket)  # a missing bucket matches nothing, silently
    files = [_remote_file(fs, info) for info in found.values() if info["type"] == "file"]
    if not files:
        raise ConfigError(f"No file matches {url}.")
    return files


def _remote_file(fs: fsspec.AbstractFileSystem, info: dict[str, Any]) -> InputFile:
    etag = str(info.get("ETag") or info.get("etag") or "").strip('"')
    version = f"{info['size']}:{etag}" if etag else ""
    return InputFile(str(fs.unstrip_protocol(info["name"])), version)


def _listing_files(listing: str, prefix: str | None) -> list[InputFile]:
    location = listing.removeprefix("file://")
    if storage.is_local(location):
        location = os.path.abspath(location)
    lines = [line.strip() for line in _listing_text(listing, location).split("\n")]
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        raise ConfigError(f"The listing {listing} names no file.")
    paths = [_resolve(entry, location, prefix=prefix) for entry in entries]
    for path in {path.split("://", 1)[0]: path for path in paths if not storage.is_local(path)}.values():
        _filesystem(path, named_in=listing)  # once for each scheme: is there a driver?
    return [
        _local_file(path.removeprefix("file://"), named_in=listing)
        if storage.is_local(path)
        else InputFile(path, "")
        for path in paths
    ]


def _listing_text(listing: str, location: str) -> str:
    with explained(listing), storage.open_read(location, called=listing) as stream:
        content = stream.read(MAX_LISTING_BYTES + 1)
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MAX_LISTING_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"The listing {listing} is not a complete gzip file: {error}.") from None
    if len(content) > MAX_LISTING_BYTES:
        raise ConfigError(f"The listing {listing} is longer than {MAX_LISTING_BYTES >> 20} MiB; split it.")
    content = content.removeprefix(b"\xef\xbb\xbf")
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode("utf-8")
        if "\0" not in text and not _HTML.match(content.lstrip()):
            return text
    raise ConfigError(f"{listing} is not a listing of paths: it looks like {_describe(content)}.")


def _resolve(entry: str, location: str, *, prefix: str | None) -> str:
    """Return a listing's entry as an absolute path or URL."""
    if "://" in entry or entry.startswith("/"):
        return entry
    return storage.join(_base(entry, location) if prefix is None else prefix, entry)


def _base(entry: str, location: str) -> str:
    """Return the part of the listing's location before the entry's first folder; else its folder."""
    if not storage.is_local(location):
        parts = _split(location)
        return f"{parts.scheme}://{parts.netloc}{_base(entry, parts.path)}"
    folders = location.split("/")[:-1]
    first, slash, _ = entry.partition("/")
    if slash and first in folders:
        folders = folders[: len(folders) - 1 - folders[::-1].index(first)]
    return "/".join(folders)


def _may_be(head: bytes, format: InputFormat) -> bool:
    if format is InputFormat.OWI:
        return head.startswith(b"PAR1")
    if head.startswith(b"\x1f\x8b"):
        inner = _inflated(head)
        return not inner or _is_plain(inner, format)  # undecodable: the reader counts what is damaged
    return _is_plain(head, format) or (format is InputFormat.WARC and head[:4] in _COMPRESSED_ARCHIVE)


def _is_plain(head: bytes, format: InputFormat) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if format is InputFormat.WARC:
        return text.startswith((b"WARC/", b"filedesc:"))
    return text.startswith((b"<", b"_:", b"#")) and not _HTML.match(text)


def _inflated(head: bytes) -> bytes:
    """Return the beginning of what a gzip file holds; empty where its head is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return b""


_COMPRESSED_ARCHIVE = {
    b"\x28\xb5\x2f\xfd",  # zstd
    *(bytes((n,)) + b"\x2a\x4d\x18" for n in range(0x50, 0x60)),  # zstd's skippable frames, dictionaries too
    b"\x04\x22\x4d\x18",  # lz4
}

_MAGICS = {
    b"PK\x03\x04": "a ZIP (WACZ?) archive; unpack it and name the files inside",
    b"PK\x05\x06": "an empty ZIP archive",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"WARC/": "a WARC file",
    b"filedesc:": "an ARC file",
    b"\xfd7zXZ": "an xz file; unpack it",
    b"BZh": "a bzip2 file; unpack it",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it",
    b"{": "JSON",
    b"[": "JSON",
}


def _describe(head: bytes) -> str:
    """Say in words what a file's first bytes look like."""
    if head.startswith(b"\x1f\x8b"):
        inner = _inflated(head)
        return f"a gzip file of {_describe(inner).removeprefix('a ')}" if inner else "a damaged gzip file"
    if head[:4] in _COMPRESSED_ARCHIVE:
        return "a zstd or lz4 file"
    for magic, name in _MAGICS.items():
        if head.startswith(magic):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(text):
        return "XML" if text.startswith(b"<?xml") else "HTML"
    line = text[:60].split(b"\n")[0].rstrip()
    with contextlib.suppress(UnicodeDecodeError):
        words = codecs.getincrementaldecoder("utf-8")().decode(line)  # its last letter may be cut
        if words.isprintable():
            return f"text that begins {words[:40]!r}"
    return f"binary data that begins {head[:8].hex(' ')}"

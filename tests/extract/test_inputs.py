"""From arguments to input files, and every way in which a request can be wrong."""

import gzip
import http.server
import os
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest

from extract import inputs
from extract.inputs import InputFile, InputFormat, expand_inputs, sniff
from pipeline.core.errors import ConfigError, TransientError

WARC, OWI, WDC = InputFormat

WARC_HEAD = b"WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n"


def touch(path: Path, content: bytes = WARC_HEAD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(arguments: list[str], format: InputFormat = WARC, **options: str) -> list[str]:
    return [file.path for file in expand_inputs(arguments, format, **options)]  # type: ignore[arg-type]


def message(arguments: list[str], format: InputFormat = WARC, **options: str) -> str:
    """Return the error's sentence."""
    with pytest.raises(ConfigError) as error:
        paths(arguments, format, **options)
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- local


def test_a_file_has_its_absolute_path_size_and_time(here: Path) -> None:
    touch(here / "a.bin")
    os.utime(here / "a.bin", ns=(5, 1_700_000_000_123_456_789))
    expected = [InputFile(str(here / "a.bin"), f"{len(WARC_HEAD)}:1700000000123456789")]
    assert expand_inputs(["a.bin"], WARC) == expected
    assert expand_inputs([f"file://{here}/a.bin", "./a.bin", "*.bin"], WARC) == expected


@pytest.mark.parametrize(
    ("format", "names"),
    [
        (WARC, ["B.WARC.GZ", "a.warc", "d/e/f.warc.zst", "d/g.arc", "d/g.arc.gz"]),
        (OWI, ["d/p.parquet"]),
        (WDC, ["n.nq", "n.nq.gz"]),
    ],
)
def test_a_folder_is_searched_for_the_format(here: Path, format: InputFormat, names: list[str]) -> None:
    others = ["README.txt", "x.warc.gz.tmp-1234", "warc", "d/gz", "w.paths"]
    for name in [
        "B.WARC.GZ",
        "a.warc",
        "d/e/f.warc.zst",
        "d/g.arc",
        "d/g.arc.gz",
        "d/p.parquet",
        "n.nq",
        "n.nq.gz",
    ]:
        touch(here / name, b"")
    for name in others:
        touch(here / name, b"")
    assert paths(["."], format) == [str(here / name) for name in names]


def test_links_to_folders_are_not_followed(here: Path) -> None:
    touch(here / "d/a.warc")
    (here / "d/again").symlink_to(here / "d")
    (here / "link").symlink_to(here / "d")
    assert paths(["d"]) == [str(here / "d/a.warc")]
    assert paths(["link"]) == [str(here / "link/a.warc")]


def test_patterns_take_the_files_that_match(here: Path) -> None:
    for name in ("a.warc", "b/c.warc", "b/d.warc", "b/e.txt", "b/dir.warc/x"):
        touch(here / name)
    assert paths(["*.warc"]) == [str(here / "a.warc")]
    assert paths(["**/*.warc"]) == [str(here / name) for name in ("a.warc", "b/c.warc", "b/d.warc")]
    assert paths(["b/[de].*"]) == [str(here / name) for name in ("b/d.warc", "b/e.txt")]
    assert message(["c/*.warc"]) == "No file matches c/*.warc."
    assert message(["b/dir*"]) == "No file matches b/dir*."


def test_a_name_with_pattern_characters_is_a_name_first(here: Path) -> None:
    touch(here / "a[1].warc")
    assert paths(["a[1].warc"]) == [str(here / "a[1].warc")]


def test_wrong_local_arguments_are_named(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "broken.warc").symlink_to("nowhere")
    os.mkfifo(here / "pipe")
    assert message([]) == "No input was given; name files, folders, patterns, URLs or listings."
    assert message([" "]) == "An input is an empty string."
    assert message(["nowhere.warc"]) == "nowhere.warc does not exist."
    assert message(["broken.warc"]) == "broken.warc does not exist."
    assert message(["pipe"]) == "pipe is no regular file; name a file."
    assert message(["empty"], OWI) == "The folder empty holds no owi input (.parquet)."
    assert message(["foo://x/y"]).startswith("foo://x/y: Protocol not known: foo")
    assert message(["https://[x/y.warc"]).startswith("https://[x/y.warc is not a URL: ")


def test_what_may_not_be_read_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(here / "a.warc")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(inputs, "open", refuse, raising=False)
    assert message(["a.warc"]) == f"{here}/a.warc may not be read: permission denied."
    monkeypatch.setattr(os, "scandir", refuse)
    assert message(["."]) == ". may not be read: permission denied."


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_files_without_permission_are_named(here: Path) -> None:
    touch(here / "a.warc").chmod(0)
    assert message(["a.warc"]) == f"{here}/a.warc may not be read: permission denied."


# --- what a file begins with

GZ = gzip.compress


@pytest.mark.parametrize(
    ("format", "content"),
    [
        (WARC, WARC_HEAD),
        (WARC, b"\xef\xbb\xbf\r\nWARC/1.1\r\n"),
        (WARC, b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 76\n"),
        (WARC, GZ(WARC_HEAD)),
        (WARC, GZ(os.urandom(20_000) + WARC_HEAD)[:9] + b"\xff" * 90),
        (WARC, b"\x28\xb5\x2f\xfd...."),
        (WARC, b"\x5d\x2a\x4d\x18...."),
        (WARC, b"\x04\x22\x4d\x18...."),
        (OWI, b"PAR1...."),
        (WDC, b"_:a <p> <o> <g> .\n"),
        (WDC, b"<http://a.org/> <p> <o> <g> .\n"),
        (WDC, b"\n# comment\n"),
        (WDC, GZ(b"_:a <p> <o> <g> .\n")),
    ],
)
def test_files_of_the_format_pass(tmp_path: Path, format: InputFormat, content: bytes) -> None:
    sniff(str(touch(tmp_path / "x", content)), format)


@pytest.mark.parametrize(
    ("format", "content", "looks"),
    [
        (
            WARC,
            b"PK\x03\x04....",
            "a WARC or ARC file: it looks like a ZIP (WACZ?) archive; unpack it and name ",
        ),
        (WARC, b"<!DOCTYPE html><html>", "a WARC or ARC file: it looks like HTML."),
        (WARC, b"\n <HTML lang=en>", "a WARC or ARC file: it looks like HTML."),
        (WARC, GZ(b"<html><head>"), "a WARC or ARC file: it looks like a gzip file of HTML."),
        (
            WARC,
            GZ(b"_:a <p> <o> <g> ."),
            "a WARC or ARC file: it looks like a gzip file of text that begins '_:a",
        ),
        (WARC, b"%PDF-1.7", "a WARC or ARC file: it looks like a PDF."),
        (WARC, b"PAR1....", "a WARC or ARC file: it looks like a Parquet file."),
        (WARC, b'{"a": 1}', "a WARC or ARC file: it looks like JSON."),
        (
            WARC,
            b"crawl-data/CC/a.gz\n",
            "a WARC or ARC file: it looks like text that begins 'crawl-data/CC/a.gz'.",
        ),
        (WARC, "é".encode() * 99, "a WARC or ARC file: it looks like text that begins 'éééé"),
        (
            WARC,
            bytes(99),
            "a WARC or ARC file: it looks like binary data that begins 00 00 00 00 00 00 00 00.",
        ),
        (WARC, b"\x80\x99abcdefghij", "a WARC or ARC file: it looks like binary data that begins 80 99 61"),
        (WARC, b"\xfd7zXZ\0....", "a WARC or ARC file: it looks like an xz file; unpack it."),
        (OWI, GZ(WARC_HEAD), "a Parquet file of the Open Web Index: it looks like a gzip file of WARC file."),
        (OWI, b"PARE....", "a Parquet file of the Open Web Index: it looks like an encrypted Parquet file."),
        (OWI, b"\x28\xb5\x2f\xfd", "a Parquet file of the Open Web Index: it looks like a zstd or lz4 file."),
        (OWI, b"\x1f\x8b\0\0\0", "a Parquet file of the Open Web Index: it looks like a damaged gzip file."),
        (WDC, WARC_HEAD, "an N-Quads file: it looks like a WARC file."),
        (WDC, b"<html>", "an N-Quads file: it looks like HTML."),
        (WDC, b"<?xml version='1.0'?>", "an N-Quads file: it looks like XML."),
        (WDC, GZ(b"<!-- x -->"), "an N-Quads file: it looks like a gzip file of HTML."),
    ],
)
def test_other_files_are_called_what_they_look_like(
    tmp_path: Path, format: InputFormat, content: bytes, looks: str
) -> None:
    path = str(touch(tmp_path / "x", content))
    assert message([path], format).startswith(f"{path} is not {looks}")


def test_a_real_zip_an_empty_file_and_a_listing_are_told_apart(here: Path) -> None:
    with zipfile.ZipFile(here / "a.wacz", "w") as archive:
        archive.writestr("archive/a.warc", WARC_HEAD)
    touch(here / "empty.warc", b"")
    touch(here / "list.txt", b"a.warc\n")
    assert "a ZIP (WACZ?) archive" in message(["a.wacz"])
    assert message(["empty.warc"]) == f"{here}/empty.warc is empty."
    assert message(["list.txt"]).endswith(f" To read it as a listing of paths, write @{here}/list.txt.")


def test_arguments_that_are_no_file_pass(here: Path) -> None:
    touch(here / "x.paths", b"a.warc\n")
    touch(here / "x.txt", b"a.warc\n")
    for argument in (".", "*.txt", "nowhere", "s3://b/x", "https://h/x.html", "x.paths", "@x.txt"):
        sniff(argument, WARC)
    with pytest.raises(ConfigError):
        sniff(f"file://{here}/x.txt", WARC)


def test_only_files_named_by_themselves_are_looked_into(here: Path) -> None:
    touch(here / "d/a.warc", b"<html>")
    assert paths(["d"]) == paths(["d/*"]) == [str(here / "d/a.warc")]
    assert "looks like HTML" in message(["d/a.warc"])


# --- listings


def test_a_listing_names_files_by_path_or_url(here: Path) -> None:
    file = touch(here / "in/a.warc")
    entries = f"# comment\n\n  in/a.warc \r\n{file}\nfile://{file}\ns3://b/c.warc.gz\nhttps://h/d?x=1\n"
    touch(here / "all.paths", entries.encode())
    touch(here / "all.paths.gz", GZ(entries.encode()))
    touch(here / "all.txt", b"\xef\xbb\xbf" + entries.encode())
    touch(here / "all.txt.gz", GZ(entries.encode()))
    expected = [
        InputFile(str(file), f"{len(WARC_HEAD)}:{file.stat().st_mtime_ns}"),
        InputFile("https://h/d?x=1", ""),
        InputFile("s3://b/c.warc.gz", ""),
    ]
    for listing in ("all.paths", "all.paths.gz", "@all.txt", "@all.txt.gz", f"file://{here}/all.paths"):
        assert expand_inputs([listing], WARC) == expected


def test_a_prefix_goes_before_relative_entries(here: Path) -> None:
    touch(here / "warc.paths", b"crawl-data/a.warc.gz\nhttps://h/b.warc.gz\n")
    expected = ["https://data.org/crawl-data/a.warc.gz", "https://h/b.warc.gz"]
    for prefix in ("https://data.org/", "https://data.org"):
        assert paths(["warc.paths"], listing_prefix=prefix) == expected
    file = touch(here / "mirror/crawl-data/a.warc.gz")
    assert paths(["warc.paths"], listing_prefix="mirror")[0] == str(file)
    touch(here / "x.warc")
    assert message(["x.warc"], listing_prefix="mirror") == (
        "The listing prefix mirror has no use: no input is a listing of paths."
    )


@pytest.mark.parametrize(
    ("listing", "file"),
    [
        ("crawl-data/CC-MAIN-2026-40/warc.paths", "crawl-data/CC-MAIN-2026-40/segments/1/a.warc"),
        (
            "mirror/crawl-data/CC-MAIN-2026-40/warc.paths",
            "mirror/crawl-data/CC-MAIN-2026-40/segments/1/a.warc",
        ),
        ("crawl-data/x/crawl-data/warc.paths", "crawl-data/x/crawl-data/CC-MAIN-2026-40/segments/1/a.warc"),
        ("elsewhere/warc.paths", "elsewhere/crawl-data/CC-MAIN-2026-40/segments/1/a.warc"),
    ],
)
def test_relative_entries_start_where_the_listing_shows(here: Path, listing: str, file: str) -> None:
    touch(here / listing, b"crawl-data/CC-MAIN-2026-40/segments/1/a.warc\n")
    touch(here / file)
    assert paths([listing]) == [str(here / file)]


def test_an_entry_without_folder_is_beside_its_listing(here: Path) -> None:
    touch(here / "a/b/a.warc")
    touch(here / "a/b/b")
    touch(here / "a/b/list.paths", b"a.warc\nb\n")
    assert paths(["a/b/list.paths"]) == [str(here / "a/b/a.warc"), str(here / "a/b/b")]


def test_wrong_listings_are_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(here / "empty.paths", b"# nothing\n\n")
    touch(here / "missing.paths", b"gone.warc\n")
    touch(here / "foo.paths", b"foo://x/y\n")
    touch(here / "html.paths", b"<html>")
    touch(here / "binary.paths", b"\xff\xfe\0\0")
    touch(here / "zeros.paths", bytes(9))
    touch(here / "cut.paths.gz", GZ(b"a.warc\n" * 9)[:-9])
    assert message(["empty.paths"]) == "The listing empty.paths names no file."
    assert message(["@nowhere.txt"]) == "nowhere.txt does not exist."
    assert message(["missing.paths"]) == f"{here}/gone.warc (named in missing.paths) does not exist."
    assert message(["foo.paths"]).startswith("foo://x/y: Protocol not known: foo")
    assert message(["html.paths"]) == "html.paths is not a listing of paths: it looks like HTML."
    assert message(["binary.paths"]).startswith(
        "binary.paths is not a listing of paths: it looks like binary"
    )
    assert message(["zeros.paths"]).startswith("zeros.paths is not a listing of paths: it looks like binary")
    assert message(["cut.paths.gz"]).startswith("The listing cut.paths.gz is not a complete gzip file: ")
    monkeypatch.setattr(inputs, "MAX_LISTING_BYTES", 1 << 20)
    touch(here / "long.paths.gz", GZ(b"a.warc\n" * 200_000))
    assert message(["long.paths.gz"]) == "The listing long.paths.gz is longer than 1 MiB; split it."
    touch(here / "bomb.paths.gz", GZ(bytes(100 << 20)))
    tracemalloc.start()
    assert message(["bomb.paths.gz"]) == "The listing bomb.paths.gz is longer than 1 MiB; split it."
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


# --- remote


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves what a test put there; like S3 it answers with an error document."""

    served: ClassVar[dict[str, tuple[int, bytes]]] = {}
    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(f"{self.command} {self.path}")
        path = self.path.split("?")[0]
        status, body = next(
            (answer for name, answer in self.served.items() if path.startswith(name)), (404, NO_SUCH_BUCKET)
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def s3_error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code} it is</Message></Error>".encode()


NO_SUCH_BUCKET = s3_error("NoSuchBucket")


@pytest.fixture
def server() -> Iterator[str]:
    """Yield the address of a loopback web server."""
    Handler.served, Handler.requests = {}, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()


def unused_address() -> str:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        return f"http://127.0.0.1:{httpd.server_port}"


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Send S3 requests to the loopback server, with made-up credentials."""
    s3fs = pytest.importorskip("s3fs")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    yield server
    s3fs.S3FileSystem.clear_instance_cache()


def listed(*keys: str) -> bytes:
    """Write what S3 answers to a request for a list of keys."""
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-10-01T00:00:00.000Z</LastModified>"
        f'<ETag>"etag{len(key)}"</ETag><Size>{len(key)}</Size><StorageClass>STANDARD</StorageClass></Contents>'
        for key in keys
    )
    head = "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
    return f"{head}<Name>b</Name><KeyCount>{len(keys)}</KeyCount>{contents}</ListBucketResult>".encode()


def test_remote_files_named_one_by_one_are_asked_for_once_each(s3: str) -> None:
    arguments = [f"{s3}/x/a.warc.gz?sig=1", "s3://b/x/b.warc.gz", f"{s3}/without-extension"]
    for missing in arguments:
        assert message([missing]) == f"{missing} does not exist: check the address."
    Handler.served = {"/": (200, b"12345")}
    found = expand_inputs(arguments, WARC)
    assert [file.path for file in found] == sorted(arguments)
    assert {file.version for file in found} == {""}, "without an ETag nothing tells a changed file"


def test_a_web_listing_is_the_only_request(server: str) -> None:
    entries = [f"crawl-data/CC-MAIN-2026-40/segments/{i}/a.warc.gz" for i in range(3)]
    Handler.served = {"/m/crawl-data/CC-MAIN-2026-40/warc.paths.gz": (200, GZ("\n".join(entries).encode()))}
    expected = [InputFile(f"{server}/m/{entry}", "") for entry in entries]
    assert expand_inputs([f"{server}/m/crawl-data/CC-MAIN-2026-40/warc.paths.gz"], WARC) == expected
    assert {request.split()[1] for request in Handler.requests} == {
        "/m/crawl-data/CC-MAIN-2026-40/warc.paths.gz"
    }
    Handler.served = {"/list.txt": (200, b"x/a.warc\n")}
    assert paths([f"@{server}/list.txt?v=1"]) == [f"{server}/x/a.warc"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, ConfigError, "may not be read: permission denied."),
        (401, ConfigError, "may not be read: permission denied."),
        (404, ConfigError, "does not exist: check the address."),
        (410, ConfigError, "does not exist: check the address."),
        (503, TransientError, "cannot be read: the server answers 503. Try again later."),
        (429, TransientError, "cannot be read: the server answers 429. Try again later."),
    ],
)
def test_web_errors_are_explained(server: str, status: int, kind: type[Exception], words: str) -> None:
    Handler.served = {"/": (status, b"")}
    with pytest.raises(kind) as error:
        paths([f"{server}/warc.paths"])
    assert str(error.value) == f"{server}/warc.paths {words}"


def test_an_unreachable_host_is_transient() -> None:
    address = f"{unused_address()}/warc.paths"
    with pytest.raises(TransientError) as error:
        paths([address])
    assert str(error.value).startswith(f"{address} cannot be reached (Cannot connect to host 127.0.0.1:")
    assert str(error.value).endswith("); check the address, or try again later.")


def test_web_folders_and_patterns_are_refused(server: str) -> None:
    for url in (f"{server}/x/*.warc.gz", f"{server}/x/", server):
        assert message([url]) == f"{url}: web servers list no files; name each file, or a .paths listing."
    assert message(["https:///x.warc"]) == "https:///x.warc names no host."
    assert Handler.requests == []


def test_s3_patterns_give_size_and_etag(s3: str) -> None:
    Handler.served = {"/b": (200, listed("x/a.warc.gz", "x/c.warc.gz", "x/read.me"))}
    assert expand_inputs(["s3://b/x/*.warc.gz", "s3://b/x/a.warc.gz"], WARC) == [
        InputFile("s3://b/x/a.warc.gz", "11:etag11"),
        InputFile("s3://b/x/c.warc.gz", "11:etag11"),
    ]
    Handler.served = {"/b": (200, listed("x/a.warc.gz", "x/y/c.warc.gz", "x/p.parquet"))}
    for folder in ("s3://b/x/", "s3://b/x"):
        assert paths([folder]) == ["s3://b/x/a.warc.gz", "s3://b/x/y/c.warc.gz"]
        assert expand_inputs([folder], OWI) == [InputFile("s3://b/x/p.parquet", "11:etag11")]
        assert message([folder], WDC) == f"The folder {folder} holds no wdc input (.nq, .nq.gz)."
    assert message(["s3://b/x/*.warc"]) == "No file matches s3://b/x/*.warc."
    assert message(["s3://"]) == "s3:// names no bucket."


def test_remote_patterns_take_files_without_folders() -> None:
    store = fsspec.filesystem("memory")
    for name in ("/inputs/a.warc", "/inputs/b/c.warc"):
        store.pipe(name, WARC_HEAD)
    try:
        assert expand_inputs(["memory://inputs/*"], WARC) == [InputFile("memory:///inputs/a.warc", "")]
    finally:
        store.rm("/inputs", recursive=True)


@pytest.mark.parametrize("argument", ["s3://b/x/*.warc.gz", "s3://b/x/", "s3://b/x", "s3://b/warc.paths"])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((403, s3_error("AccessDenied")), ConfigError, "may not be read: permission denied."),
        ((403, s3_error("InvalidAccessKeyId")), ConfigError, "may not be read: permission denied."),
        ((404, NO_SUCH_BUCKET), ConfigError, "does not exist: check the address."),
    ],
)
def test_s3_errors_are_explained(
    s3: str, argument: str, answer: tuple[int, bytes], kind: type[Exception], words: str
) -> None:
    Handler.served = {"/": answer}
    with pytest.raises(kind) as error:
        paths([argument])
    assert str(error.value) == f"{argument} {words}"


@pytest.mark.parametrize("argument", ["s3://b/x/*.warc.gz", "s3://b/x/", "s3://b/warc.paths"])
def test_missing_credentials_are_explained(s3: str, monkeypatch: pytest.MonkeyPatch, argument: str) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    expected = f"{argument} cannot be read: no usable credentials were found (Unable to locate credentials)."
    assert message([argument]) == expected


@pytest.mark.parametrize("argument", ["s3://b/x/*.warc.gz", "s3://b/x/", "s3://b/warc.paths"])
def test_an_unreachable_store_is_transient(s3: str, monkeypatch: pytest.MonkeyPatch, argument: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", unused_address())
    with pytest.raises(
        TransientError, match=rf"^{argument.replace('*', '.')} cannot be reached \(Could not connect"
    ):
        paths([argument])


@pytest.mark.parametrize("argument", ["s3://b/x/*.warc.gz", "s3://b/x/", "s3://b/warc.paths"])
def test_an_overloaded_store_is_transient(s3: str, argument: str) -> None:
    Handler.served = {"/": (503, s3_error("SlowDown"))}
    with pytest.raises(TransientError, match=r"SlowDown it is|Service Unavailable|503"):
        paths([argument])


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    def without(error: Exception) -> None:
        def raising(_: str) -> None:
            raise error

        monkeypatch.setattr(fsspec, "url_to_fs", raising)

    without(ImportError("Install s3fs to access S3"))
    expected = "s3://b/a.warc.gz: the driver for this kind of address is missing; install faqtory[s3]."
    assert message(["s3://b/a.warc.gz"]) == expected
    touch(here / "l.paths", b"s3://b/a.warc.gz\n")
    assert message(["l.paths"]) == expected
    without(OSError("Unable to load libjvm\nand a long story"))
    assert message(["hdfs://n/a"]) == "hdfs://n/a: its driver fails (Unable to load libjvm)."


def test_errors_of_the_program_are_not_explained_away(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(os, "stat", broken)
    with pytest.raises(KeyError):
        inputs._local_file("x")

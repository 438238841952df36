"""The WARC files: the same bytes every time, readable and whole by two independent readers."""

import gzip
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from pipeline.sample import build
from pipeline.sample.warc_files import chunked, gzip_member

ROOT = Path(build.__file__).parents[2]


def tree(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_two_builds_are_byte_identical_even_in_another_process(crawl, tmp_path):
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Kolkata", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipeline.sample.build", str(tmp_path)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = tree(crawl.gold_dir.parent), tree(tmp_path)
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []
    assert f"n_pairs{crawl.counts['n_pairs']:>31,}" in done.stdout


def test_building_takes_less_than_five_seconds(tmp_path):
    began = time.process_time()
    build.build_sample(tmp_path)
    assert time.process_time() - began < 5


def test_a_second_build_overwrites_the_first(tmp_path):
    build.build_sample(tmp_path)
    before = tree(tmp_path)
    next(tmp_path.glob("warc/*")).write_bytes(b"x")
    build.build_sample(tmp_path)
    assert tree(tmp_path) == before


def test_warcio_finds_every_digest_right(crawl):
    n_checked = 0
    for path in crawl.warc_paths:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                record.content_stream().read()
                if record.rec_type != "revisit":
                    assert record.digest_checker.passed is True
                    n_checked += 1
    assert n_checked == 4 + 2 * crawl.counts["n_exchanges"] - 1


def test_fastwarc_reads_every_record_and_every_digest_is_right(crawl):
    kinds = Counter()
    for path in crawl.warc_paths:
        with path.open("rb") as stream:
            for record in FastIterator(stream, parse_http=False):
                kinds[record.headers["WARC-Type"]] += 1
                assert record.headers["WARC-Block-Digest"]
                assert record.verify_block_digest()
    n = crawl.counts["n_exchanges"]
    assert kinds == {"warcinfo": 4, "request": n, "response": n - 1, "revisit": 1}


def test_record_ids_are_unique_and_dates_rise(crawl):
    ids = []
    for path in crawl.warc_paths:
        dates = []
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                assert record.rec_headers.protocol == "WARC/1.1"
                ids.append(record.rec_headers.get_header("WARC-Record-ID"))
                dates.append(record.rec_headers.get_header("WARC-Date"))
        assert dates == sorted(dates)
    assert len(set(ids)) == len(ids)


def test_every_file_has_several_sites_and_each_site_is_in_one_file(crawl, gold):
    site_of = {row["url"]: row["site"] for row in gold["pages"]}
    files = [{site_of.get(url) for url in urls_of(path)} - {None} for path in crawl.warc_paths]
    assert [len(sites) for sites in files] == [4, 4, 3, 3]
    assert len(set.union(*files)) == 14


def urls_of(path):
    with path.open("rb") as stream:
        return {record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(stream)}


def test_content_lengths_and_media_types_are_those_of_the_payload(records):
    for record in records:
        if record.kind == "response":
            headers = dict(record.headers)
            assert headers["Content-Type"]
            assert headers["Date"].endswith("GMT")
            if "Transfer-Encoding" not in headers:
                assert int(headers["Content-Length"]) == len(record.payload)


def test_there_is_more_than_pages(records):
    statuses = Counter(record.status[:3] for record in records if record.kind == "response")
    assert statuses["301"] == statuses["404"] == 14
    types = Counter(dict(record.headers).get("Content-Type", "").split(";")[0] for record in records)
    assert types["text/css"] == types["image/gif"] == types["text/plain"] == 14


def test_a_revisit_refers_to_the_earlier_response(records, crawl):
    [revisit] = [record for record in records if record.kind == "revisit"]
    with crawl.warc_paths[1].open("rb") as stream:
        found = [
            record.rec_headers
            for record in ArchiveIterator(stream)
            if record.rec_headers.get_header("WARC-Target-URI") == revisit.url
            and record.rec_type != "request"
        ]
    response, later = found
    assert later.get_header("WARC-Refers-To") == response.get_header("WARC-Record-ID")
    assert later.get_header("WARC-Refers-To-Date") == response.get_header("WARC-Date")
    assert later.get_header("WARC-Payload-Digest") == response.get_header("WARC-Payload-Digest")


def test_gzip_members_of_any_length_unpack():
    for n_bytes in (0, 1, 0xFFFF, 0x10000, 200_000):
        content = bytes(range(256)) * (n_bytes // 256 + 1)
        assert gzip.decompress(gzip_member(content[:n_bytes])) == content[:n_bytes]


def test_chunks_by_hand():
    assert chunked(b"a" * 2000) == b"7cf\r\n" + b"a" * 1999 + b"\r\n1\r\na\r\n0\r\n\r\n"


def test_the_command_needs_a_folder(capsys):
    assert build.main([]) == 2
    assert "usage" in capsys.readouterr().err

"""Damage to archive files: what is whole is delivered, what is lost is measured to the byte."""

import gzip
import io
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extract.warc import Loss, LossReason, Response, WarcLimits, WarcScan, read_responses
from pipeline.core.errors import ShardError, TransientError
from pipeline.core.outcomes import RecordOutcome

KINDS = ("gzip", "zstd", "plain")
MEMBER, RECORD = LossReason.DAMAGED_MEMBER, LossReason.DAMAGED_RECORD
N_RECORDS = 7


def page(index: int, n_bytes: int) -> bytes:
    """HTML that compresses to about half."""
    text = random.Random(index).randbytes(n_bytes // 2).hex().encode()
    return b"<html><title>%d</title>" % index + text + b"</html>"


def record_bytes(index: int, body: bytes) -> bytes:
    """One response record as warcio writes it, uncompressed."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False)
    head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    writer.write_record(
        writer.create_warc_record(
            f"https://example.org/{index}",
            "response",
            payload=io.BytesIO(body),
            http_headers=head,
            warc_headers_dict={
                "WARC-Date": "2026-03-04T05:06:07Z",
                "WARC-Record-ID": f"<urn:uuid:00000000-0000-4000-8000-{index:012}>",
            },
        )
    )
    return buffer.getvalue()


def compressed(record: bytes, kind: str) -> bytes:
    if kind == "gzip":
        return gzip.compress(record, mtime=0)
    if kind == "zstd":
        return zstandard.ZstdCompressor(write_checksum=True).compress(record)
    return record


@dataclass
class Archive:
    kind: str
    bodies: list[bytes]
    members: list[bytes]

    @property
    def data(self) -> bytes:
        return b"".join(self.members)

    def offset(self, index: int) -> int:
        return sum(map(len, self.members[:index]))

    def length(self, index: int) -> int:
        return len(self.members[index])


def archive(kind: str, n_body_bytes: int = 9000, n_records: int = N_RECORDS) -> Archive:
    bodies = [page(index, n_body_bytes) for index in range(n_records)]
    members = [compressed(record_bytes(i, body), kind) for i, body in enumerate(bodies)]
    return Archive(kind, bodies, members)


def read(
    data: bytes | BinaryIO, *, verify_digests: bool = False, limits: WarcLimits | None = None
) -> tuple[list[Response], WarcScan]:
    scan = WarcScan()
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    responses = list(
        read_responses(
            stream,
            scan=scan,
            limits=limits or WarcLimits(),
            wanted=lambda body: True,
            verify_digests=verify_digests,
        )
    )
    assert scan.records["response"] + scan.records["resource"] == len(responses) + scan.outcomes.total()
    return responses, scan


def assert_all_but(responses: list[Response], whole: Archive, *missing: int) -> None:
    expected = [body for index, body in enumerate(whole.bodies) if index not in missing]
    assert [response.body for response in responses] == expected


def flip(data: bytes, position: int, mask: int = 0x10) -> bytes:
    return data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]


def zero(data: bytes, start: int, end: int) -> bytes:
    return data[:start] + bytes(end - start) + data[end:]


ANYWHERE = pytest.mark.parametrize("index", [0, 3, N_RECORDS - 1], ids=["first", "middle", "last"])


@pytest.mark.parametrize("kind", KINDS)
def test_undamaged(kind: str) -> None:
    whole = archive(kind)
    responses, scan = read(whole.data)
    assert_all_but(responses, whole)
    assert [r.offset for r in responses] == [whole.offset(i) for i in range(N_RECORDS)]
    assert scan.losses == []
    assert scan.n_bytes == len(whole.data)


@ANYWHERE
@pytest.mark.parametrize("kind", KINDS)
def test_bit_flip_in_body(kind: str, index: int) -> None:
    whole = archive(kind)
    damaged = flip(whole.data, whole.offset(index) + whole.length(index) // 2)
    # A plain file has no checksum of its own: only the record's block digest can tell.
    responses, scan = read(damaged, verify_digests=kind == "plain")
    assert_all_but(responses, whole, index)
    reason = RECORD if kind == "plain" else MEMBER
    assert scan.losses == [Loss(whole.offset(index), whole.length(index), 1, reason)]


def test_bit_flip_in_plain_body_is_not_noticed_without_digests() -> None:
    whole = archive("plain")
    responses, scan = read(flip(whole.data, whole.offset(3) + whole.length(3) // 2))
    assert len(responses) == N_RECORDS
    assert scan.losses == []


@ANYWHERE
@pytest.mark.parametrize("from_end", [1, 5, 8])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_bit_flip_in_checksum(kind: str, from_end: int, index: int) -> None:
    if kind == "zstd":
        from_end = min(from_end, 4)
    whole = archive(kind)
    damaged = flip(whole.data, whole.offset(index) + whole.length(index) - from_end)
    responses, scan = read(damaged)
    assert_all_but(responses, whole, index)
    assert scan.losses == [Loss(whole.offset(index), whole.length(index), 1, MEMBER)]


@ANYWHERE
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_magic(kind: str, index: int) -> None:
    whole = archive(kind)
    responses, scan = read(flip(whole.data, whole.offset(index)))
    assert_all_but(responses, whole, index)
    # Nothing tells a member without its magic from foreign bytes.
    assert scan.losses == [Loss(whole.offset(index), whole.length(index), 0, LossReason.GARBAGE)]


@ANYWHERE
@pytest.mark.parametrize("kind", KINDS)
def test_four_kilobytes_of_zeros(kind: str, index: int) -> None:
    whole = archive(kind)
    start = whole.offset(index) + 600
    assert whole.length(index) > 600 + 4096
    responses, scan = read(zero(whole.data, start, start + 4096), verify_digests=kind == "plain")
    assert_all_but(responses, whole, index)
    reason = RECORD if kind == "plain" else MEMBER
    assert scan.losses == [Loss(whole.offset(index), whole.length(index), 1, reason)]


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_across_a_boundary_cost_both_members(kind: str) -> None:
    whole = archive(kind)
    boundary = whole.offset(4)
    responses, scan = read(zero(whole.data, boundary - 2048, boundary + 2048))
    assert_all_but(responses, whole, 3, 4)
    # Of the second one nothing is left by which to recognise it.
    reason = RECORD if kind == "plain" else MEMBER
    assert scan.losses == [Loss(whole.offset(3), whole.length(3) + whole.length(4), 1, reason)]


@ANYWHERE
@pytest.mark.parametrize("kind", KINDS)
def test_hundred_bytes_removed(kind: str, index: int) -> None:
    whole = archive(kind)
    cut = whole.offset(index) + whole.length(index) // 2
    responses, scan = read(whole.data[:cut] + whole.data[cut + 100 :])
    assert_all_but(responses, whole, index)
    reason = RECORD if kind == "plain" else MEMBER
    if index == N_RECORDS - 1 and kind != "gzip":
        reason = LossReason.TRUNCATED  # the record or block wants 100 bytes more than the file has
    assert scan.losses == [Loss(whole.offset(index), whole.length(index) - 100, 1, reason)]


@ANYWHERE
@pytest.mark.parametrize("kind", KINDS)
def test_truncation(kind: str, index: int) -> None:
    whole = archive(kind)
    end = whole.offset(index) + whole.length(index) // 2
    if index == 0 and kind == "zstd":
        with pytest.raises(ShardError):  # the only frame holds no whole block: nothing can be decoded
            read(whole.data[:end])
        return
    responses, scan = read(whole.data[:end])
    assert [r.body for r in responses] == whole.bodies[:index]
    assert scan.losses == [Loss(whole.offset(index), end - whole.offset(index), 1, LossReason.TRUNCATED)]
    # Of a zstd frame cut in its first block nothing can be decoded, not even the record's type.
    cut_off = 0 if kind == "zstd" else 1
    assert scan.outcomes[RecordOutcome.TRUNCATED] == cut_off
    assert scan.records["response"] == index + cut_off


@pytest.mark.parametrize("n_cut", [1, 4, 8, 9])
def test_truncation_within_a_gzip_trailer(n_cut: int) -> None:
    whole = archive("gzip")
    responses, scan = read(whole.data[:-n_cut])
    assert_all_but(responses, whole, N_RECORDS - 1)
    last = N_RECORDS - 1
    assert scan.losses == [Loss(whole.offset(last), whole.length(last) - n_cut, 1, LossReason.TRUNCATED)]
    assert scan.outcomes == {RecordOutcome.TRUNCATED: 1}


@pytest.mark.parametrize("junk", [bytes(5000), b"junk " * 300, random.Random(1).randbytes(200_000)])
@pytest.mark.parametrize("index", [3, N_RECORDS], ids=["between", "at the end"])
@pytest.mark.parametrize("kind", KINDS)
def test_garbage_between_members(kind: str, index: int, junk: bytes) -> None:
    whole = archive(kind)
    at = whole.offset(index)
    responses, scan = read(whole.data[:at] + junk + whole.data[at:])
    assert_all_but(responses, whole)
    assert scan.losses == [Loss(at, len(junk), 0, LossReason.GARBAGE)]


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_before_the_first_member(kind: str) -> None:
    whole = archive(kind)
    responses, scan = read(b"\x00" * 999 + whole.data)
    assert_all_but(responses, whole)
    assert scan.losses == [Loss(0, 999, 0, LossReason.GARBAGE)]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_two_damages_apart_are_two_losses(kind: str) -> None:
    whole = archive(kind)
    damaged = flip(whole.data, whole.offset(1) + 2000)
    damaged = flip(damaged, whole.offset(5) + whole.length(5) - 2)
    responses, scan = read(damaged)
    assert_all_but(responses, whole, 1, 5)
    assert scan.losses == [Loss(whole.offset(i), whole.length(i), 1, MEMBER) for i in (1, 5)]
    assert scan.n_bytes_lost == whole.length(1) + whole.length(5)
    assert scan.n_members_lost == 2


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_two_damaged_neighbours_are_one_loss(kind: str) -> None:
    whole = archive(kind)
    damaged = flip(flip(whole.data, whole.offset(3) - 1), whole.offset(4) - 1)
    responses, scan = read(damaged)
    assert_all_but(responses, whole, 2, 3)
    assert scan.losses == [Loss(whole.offset(2), whole.length(2) + whole.length(3), 2, MEMBER)]


def test_two_records_with_wrong_digests_in_a_row_are_one_loss() -> None:
    whole = archive("plain")
    damaged = flip(flip(whole.data, whole.offset(3) - 100), whole.offset(4) - 100)
    responses, scan = read(damaged, verify_digests=True)
    assert_all_but(responses, whole, 2, 3)
    assert scan.losses == [Loss(whole.offset(2), whole.length(2) + whole.length(3), 2, RECORD)]


@pytest.mark.parametrize("n_body_bytes", [200_000, 5_000_000])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
@pytest.mark.parametrize("place", ["early", "late", "checksum"])
def test_large_members(kind: str, n_body_bytes: int, place: str) -> None:
    whole = archive(kind, n_body_bytes, n_records=3)
    start, length = whole.offset(1), whole.length(1)
    position = {"early": start + 5000, "late": start + length - 3000, "checksum": start + length - 3}[place]
    responses, scan = read(flip(whole.data, position))
    assert_all_but(responses, whole, 1)
    assert scan.losses == [Loss(start, length, 1, MEMBER)]


def test_truncated_large_zstd_frame_is_counted() -> None:
    whole = archive("zstd", 400_000, n_records=2)
    responses, scan = read(whole.data[:-50])
    assert_all_but(responses, whole, 1)
    assert scan.losses == [Loss(whole.offset(1), whole.length(1) - 50, 1, LossReason.TRUNCATED)]
    assert scan.outcomes == {RecordOutcome.TRUNCATED: 1}


@pytest.mark.parametrize(("wrong_length", "name"), [(300, "too short"), (9400, "too long"), (10**9, "huge")])
def test_wrong_content_length_in_plain_file(wrong_length: int, name: str) -> None:
    whole = archive("plain")
    n_block = len(whole.members[3].split(b"\r\n\r\n", 1)[1]) - 4
    old, new = b"\r\nContent-Length: %d\r\n" % n_block, b"\r\nContent-Length: %d\r\n" % wrong_length
    assert old in whole.members[3]
    whole.members[3] = whole.members[3].replace(old, new, 1)
    responses, scan = read(whole.data)
    assert_all_but(responses, whole, 3)
    assert scan.losses == [Loss(whole.offset(3), whole.length(3), 1, RECORD)]


@pytest.mark.parametrize("header", [b"\r\nContent-Length: ", b"\r\nWARC-Type: "])
def test_destroyed_header_in_plain_file(header: bytes) -> None:
    whole = archive("plain")
    whole.members[3] = whole.members[3].replace(
        header, header.replace(b"n", b"\xff").replace(b"T", b"\xff"), 1
    )
    responses, scan = read(whole.data)
    if header == b"\r\nWARC-Type: ":
        # FastWARC gives such a record no type; it is framed correctly, so nothing is lost.
        assert scan.losses == []
        assert scan.records == {"response": N_RECORDS - 1, "unknown": 1}
    else:
        assert scan.losses == [Loss(whole.offset(3), whole.length(3), 1, RECORD)]
    assert_all_but(responses, whole, 3)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_wrong_content_length_in_whole_member(kind: str) -> None:
    whole = archive(kind)
    record = record_bytes(3, whole.bodies[3])
    whole.members[3] = compressed(record.replace(b"\r\nContent-Length: 9", b"\r\nContent-Length: 8"), kind)
    responses, scan = read(whole.data)
    assert_all_but(responses, whole, 3)
    assert scan.losses == [Loss(whole.offset(3), whole.length(3), 1, RECORD)]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_whole_member_that_holds_no_record(kind: str) -> None:
    whole = archive(kind)
    foreign = compressed(b"not a record " * 50, kind)
    at = whole.offset(2)
    responses, scan = read(whole.data[:at] + foreign + whole.data[at:])
    assert_all_but(responses, whole)
    assert scan.losses == [Loss(at, len(foreign), 1, RECORD)]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_empty_members_are_no_damage(kind: str) -> None:
    """FastWARC ends at an empty gzip member without an error."""
    whole = archive(kind)
    at, empty = whole.offset(2), compressed(b"", kind)
    responses, scan = read(whole.data[:at] + empty + whole.data[at:] + empty)
    assert_all_but(responses, whole)
    assert scan.losses == []


def test_false_magics_in_a_damaged_member() -> None:
    whole = archive("gzip")
    trap = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + zlib.compress(b"<p>no record", wbits=-15) + bytes(8)
    partial = gzip.compress(record_bytes(9, page(9, 3000)), mtime=0)[:900]
    body = b"<html>" + (b"\x1f\x8b\x08" + trap) * 50 + partial
    whole.members[3] = flip(gzip.compress(record_bytes(3, body), compresslevel=0, mtime=0), -6)
    responses, scan = read(whole.data)
    assert_all_but(responses, whole, 3)
    # Two begin as records do: the damaged member, and the cut one stored inside it.
    assert scan.losses == [Loss(whole.offset(3), whole.length(3), 2, MEMBER)]


class CountingStream(io.BytesIO):
    n_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.n_read += len(piece)
        return piece


def nested_gzip(n: int) -> bytes:
    """Beginnings of gzip members whose stored blocks run on to the end of the file, each within the last."""
    stored = b"\x00\xff\xff\x00\x00"
    return (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + stored + b"WARC/1.0\r\n") * n


def nested_records(n: int) -> bytes:
    """Heads of records that all claim to end beyond the end of the file."""
    return b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999\r\n\r\n" * n


@pytest.mark.parametrize("hostile", [nested_gzip, nested_records])
def test_hostile_nesting_costs_linear_reading(hostile: Callable[[int], bytes]) -> None:
    whole = archive("plain" if hostile is nested_records else "gzip")
    stream = CountingStream(whole.data + hostile(60_000))
    responses, scan = read(stream)
    assert_all_but(responses, whole)
    assert scan.n_bytes_lost == scan.n_bytes - len(whole.data)
    # Taken one by one they cost 30,000 times the file.
    assert stream.n_read < 16 * scan.n_bytes + (160 << 20)


@pytest.mark.parametrize(
    "junk",
    [
        b"\x1f\x8b\x08\x00" * 25_000,
        b"\x28\xb5\x2f\xfd" * 25_000,
        b"WARC/1.0\r\n" * 10_000,
        b"WARC/1.0\r\nA:" * 10_000 + b"\r\n\r\n",
    ],
    ids=["gzip magics", "zstd magics", "versions", "heads"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_many_false_beginnings(kind: str, junk: bytes) -> None:
    whole = archive(kind)
    at = whole.offset(4)
    responses, scan = read(whole.data[:at] + junk + whole.data[at:])
    assert_all_but(responses, whole)
    assert (scan.n_bytes_lost, len(scan.losses)) == (len(junk), 1)


def test_blank_lines_without_end_are_left_to_the_walk() -> None:
    """FastWARC goes over blank lines one by one: a coded megabyte takes it a quarter of a minute."""
    whole = archive("gzip")
    blank = compressed(record_bytes(9, b"<html>") + b"\r\n" * (300 << 20), "gzip")
    assert len(blank) > 600_000
    at = whole.offset(4)
    stream = CountingStream(whole.data[:at] + blank + whole.data[at:])
    responses, scan = read(stream)
    assert_all_but(responses, whole)
    assert scan.losses == [Loss(at, len(blank), 1, LossReason.COMPRESSION_RATIO)]
    assert scan.outcomes == {RecordOutcome.TOO_LARGE: 1}


def one_member(whole: Archive) -> tuple[bytes, list[int]]:
    """All plain records of an archive as one gzip member, and where each record ends, decoded."""
    ends = [whole.offset(i + 1) for i in range(len(whole.members))]
    return gzip.compress(whole.data, mtime=0), ends


def n_needed(coded: bytes, n_decoded: int) -> int:
    """Bytes of a gzip member that decode to at least `n_decoded` bytes, found one by one."""
    inflate, n_out = zlib.decompressobj(31), 0
    for i in range(len(coded)):
        n_out += len(inflate.decompress(coded[i : i + 1]))
        if n_out >= n_decoded:
            return i + 1
    raise AssertionError("too short")


def test_truncated_single_member_file_gives_what_came_before() -> None:
    whole = archive("plain")
    coded, ends = one_member(whole)
    cut = n_needed(coded, ends[3] + 4000)
    responses, scan = read(coded[:cut])
    assert [r.body for r in responses] == whole.bodies[:4]
    saved = n_needed(coded, ends[3])
    assert scan.losses == [Loss(saved, cut - saved, 1, LossReason.TRUNCATED)]
    assert scan.outcomes == {RecordOutcome.TRUNCATED: 1}


@pytest.mark.parametrize("seed", range(6))
def test_damaged_single_member_file_gives_what_came_before(seed: int) -> None:
    whole = archive("plain")
    coded, ends = one_member(whole)
    position = random.Random(seed).randrange(len(coded) // 4, 3 * len(coded) // 4)
    damaged = flip(coded, position)
    good = 0  # decoded bytes before the first that differs
    inflate = zlib.decompressobj(31)
    decoded = b""
    try:
        for i in range(len(damaged)):
            decoded += inflate.decompress(damaged[i : i + 1])
    except zlib.error:
        pass
    while good < len(decoded) and decoded[good] == whole.data[good]:
        good += 1
    n_saved = sum(end <= good for end in ends)
    responses, scan = read(damaged)
    assert [r.body for r in responses] == whole.bodies[:n_saved]
    start = n_needed(coded, ends[n_saved - 1]) if n_saved else 0
    assert scan.losses == [Loss(start, len(coded) - start, 1, MEMBER)]


def without_digests(whole: Archive) -> list[bytes]:
    records = []
    for record in whole.members:
        head, block = record.split(b"\r\n\r\n", 1)
        kept = [line for line in head.split(b"\r\n") if b"-Digest:" not in line]
        assert len(kept) == len(head.split(b"\r\n")) - 2
        records.append(b"\r\n".join(kept) + b"\r\n\r\n" + block)
    return records


def test_single_member_with_a_wrong_checksum_is_saved_by_digests() -> None:
    whole = archive("plain")
    coded, ends = one_member(whole)
    responses, scan = read(flip(coded, -8 + len(coded)))
    assert_all_but(responses, whole)
    saved = n_needed(coded, ends[-1])
    assert scan.losses == [Loss(saved, len(coded) - saved, 1, MEMBER)]


def test_single_member_with_a_wrong_checksum_and_no_digests_proves_nothing() -> None:
    whole = archive("plain")
    coded = gzip.compress(b"".join(without_digests(whole)), mtime=0)
    responses, scan = read(flip(coded, -8 + len(coded)))
    assert responses == []
    assert scan.losses == [Loss(0, len(coded), 1, MEMBER)]


def test_truncated_single_member_without_digests_gives_what_came_before() -> None:
    whole = archive("plain")
    records = without_digests(whole)
    coded = gzip.compress(b"".join(records), mtime=0)
    cut = n_needed(coded, len(b"".join(records[:4])) + 4000)
    responses, scan = read(coded[:cut])
    assert [r.body for r in responses] == whole.bodies[:4]
    saved = n_needed(coded, len(b"".join(records[:4])))
    assert scan.losses == [Loss(saved, cut - saved, 1, LossReason.TRUNCATED)]


def test_the_only_record_of_a_damaged_member_is_not_saved_by_its_digest() -> None:
    """The damage may be in the record's header, which no digest covers."""
    whole = archive("gzip")
    record = record_bytes(3, whole.bodies[3])
    for wrong in (record.replace(b"org/3", b"org/8", 1), record + b"\x00more"):
        member = gzip.compress(wrong, mtime=0)
        whole.members[3] = member[:-8] + gzip.compress(record, mtime=0)[-8:]
        responses, scan = read(whole.data)
        assert_all_but(responses, whole, 3)
        assert scan.losses == [Loss(whole.offset(3), len(member), 1, MEMBER)]


def lz4_frame(record: bytes) -> bytes:
    """An LZ4 frame of one stored block (LZ4 frame format 1.6.1; 0x82 is the header's checksum)."""
    length = (len(record) | 1 << 31).to_bytes(4, "little")
    return b"\x04\x22\x4d\x18\x60\x40\x82" + length + record + bytes(4)


def lz4_archive() -> Archive:
    whole = archive("plain")
    return Archive("lz4", whole.bodies, [lz4_frame(record) for record in whole.members])


def test_lz4() -> None:
    whole = lz4_archive()
    responses, scan = read(whole.data)
    assert_all_but(responses, whole)
    assert [r.offset for r in responses] == [whole.offset(i) for i in range(N_RECORDS)]
    assert scan.losses == []


@pytest.mark.parametrize("index", [3, 6])
def test_lz4_is_lost_from_the_record_before_the_damage(index: int) -> None:
    whole = lz4_archive()
    responses, scan = read(flip(whole.data, whole.offset(index)))
    assert [r.body for r in responses] == whole.bodies[: index - 1]
    start = whole.offset(index - 1)
    assert scan.losses == [Loss(start, scan.n_bytes - start, 1, MEMBER)]


def test_lz4_without_its_end_mark() -> None:
    whole = lz4_archive()
    responses, scan = read(whole.data[:-4])
    assert_all_but(responses, whole, N_RECORDS - 1)
    last = whole.offset(N_RECORDS - 1)
    assert scan.losses == [Loss(last, scan.n_bytes - last, 1, LossReason.TRUNCATED)]
    assert scan.outcomes == {RecordOutcome.TRUNCATED: 1}


def test_lz4_cut_in_a_block() -> None:
    whole = lz4_archive()
    responses, scan = read(whole.data[:-3000])
    assert_all_but(responses, whole, N_RECORDS - 2, N_RECORDS - 1)
    start = whole.offset(N_RECORDS - 2)
    assert scan.losses == [Loss(start, scan.n_bytes - start, 1, LossReason.TRUNCATED)]


class FailingStream(io.BytesIO):
    """Fails at one read, counted from 1."""

    def __init__(self, data: bytes, fail_at: int) -> None:
        super().__init__(data)
        self.n_left = fail_at

    def read(self, size: int | None = -1, /) -> bytes:
        self.n_left -= 1
        if self.n_left == 0:
            raise OSError("connection reset")
        return super().read(size)


@pytest.mark.parametrize("fail_at", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_failing_stream_is_transient(kind: str, fail_at: int) -> None:
    data = flip(archive(kind, 60_000).data, -200)
    with pytest.raises(TransientError, match="connection reset"):
        read(FailingStream(data, fail_at))


def test_stream_that_ends_before_its_length_is_transient() -> None:
    class Short(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"" if self.tell() >= 100_000 else super().read(size)

    with pytest.raises(TransientError, match="ended at byte"):
        read(Short(archive("gzip", 100_000).data))


def small(kind: str) -> Archive:
    return archive(kind, 700, n_records=5)


SMALL = {kind: small(kind) for kind in KINDS}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "delete", "insert", "zero", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 300),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)


def mutate(data: bytes, edits: list[tuple[str, float, int, int]]) -> bytes:
    for edit, where, size, value in edits:
        at = int(where * len(data))
        if edit == "flip" and data:
            data = flip(data, at, value or 1)
        elif edit == "delete":
            data = data[:at] + data[at + size :]
        elif edit == "insert":
            data = data[:at] + bytes([value]) * size + data[at:]
        elif edit == "zero":
            data = zero(data, at, min(at + size, len(data)))
        elif edit == "cut" and size % 3 == 0:
            data = data[:at]
    return data


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300, deadline=None)
@given(edits=EDITS, verify_digests=st.booleans())
def test_any_damage_ends_in_a_stated_result(
    kind: str, edits: list[tuple[str, float, int, int]], verify_digests: bool
) -> None:
    data = mutate(SMALL[kind].data, edits)
    try:
        responses, scan = read(data, verify_digests=verify_digests)
    except ShardError:
        return
    position = 0
    for loss in scan.losses:
        assert position <= loss.offset
        assert loss.n_bytes > 0
        position = loss.offset + loss.n_bytes
    assert position <= len(data)
    if kind == "gzip":  # only responses, one a member: whatever is not lost was delivered
        n_delivered = 0
        for response in responses:
            inflate = zlib.decompressobj(31)
            inflate.decompress(data[response.offset :])
            n_delivered += len(data) - response.offset - len(inflate.unused_data)
            assert response.body in SMALL[kind].bodies
        assert n_delivered + scan.n_bytes_lost == len(data)


MAGICS = (
    b"",
    b"WARC/1.0\r\n",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\x5d\x2a\x4d\x18",
    b"\x04\x22\x4d\x18",
)


@settings(max_examples=300, deadline=None)
@given(magic=st.sampled_from(MAGICS), data=st.binary(max_size=400))
def test_any_bytes_end_in_a_stated_result(magic: bytes, data: bytes) -> None:
    try:
        read(magic + data)
    except ShardError:
        return

"""Web-archive files as a stream of HTML responses; every byte and record that is not read is accounted for.

FastWARC reads. Where it stops (damage, truncation, several records in one gzip member) the slow path of
`warc_walk` takes over from the last record that is proven good, measures what is lost, finds the next member
or record that is whole, and hands back. A record is delivered only when its member's checksum has been
verified: in FastWARC's pass, when the next member's first record has been read. Zstandard files are read by
the slow path alone, LZ4 files by FastWARC alone.

What no reader can know: in a damaged plain file a WARC record stored inside another's body looks like one of
the file's own. Plain WARC has no checksums; `verify_digests` checks the records' own block digests instead,
at a sixth of the speed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import BinaryIO

import zstandard
from fastwarc.warc import ArchiveIterator

from extract.warc_judge import RESOURCE, RESPONSE, TYPE_NAMES, is_fault, judge
from extract.warc_members import HEAD_BYTES, Budget, begins_as_record
from extract.warc_model import Loss, LossReason, Response, WarcLimits, WarcScan
from extract.warc_source import GZIP, ZSTD, Codec, Source, skippable_length
from extract.warc_walk import Run, Walk, new_scanner, next_record, walk_members, walk_records
from pipeline.core.errors import ShardError, TransientError
from pipeline.core.outcomes import RecordOutcome

__all__ = ["Loss", "LossReason", "Response", "WarcLimits", "WarcScan", "read_responses"]

_LEAD_BYTES = 8 << 20  # of a file with a strange beginning that are searched for a first record
_MAX_DICTIONARY_BYTES = 16 << 20
_SEARCH_BYTES = 256 << 10  # of input that FastWARC may read from a record's end on to find the next one


def read_responses(
    stream: BinaryIO,
    *,
    scan: WarcScan,
    limits: WarcLimits,
    wanted: Callable[[bytes], object],
    verify_digests: bool = False,
) -> Iterator[Response]:
    """The HTML responses (status 2xx) and resources in an archive file whose decoded body is `wanted`.

    Formats, told by content: WARC 0.17 to 1.1, plain, gzip, zstd (with or without dictionary), lz4. The
    stream must be seekable; it is read in order except around damage and at its end. `verify_digests` checks
    every record's block digest and reads slowly. Raises ShardError if the file holds no WARC record, and
    TransientError if the stream itself fails.
    """
    if not stream.seekable():
        raise ValueError("an archive's stream must be seekable")
    name = str(getattr(stream, "name", None) or getattr(stream, "path", None) or "the file")
    source: Source | None = None
    try:
        source = Source(stream)
        scan.n_bytes = source.n_bytes
        run = Run(source, name, scan, limits, wanted, verify_digests)
        yield from _read_archive(run)
    except OSError as error:
        if source is not None and source.failure is None:
            raise
        raise TransientError(f"{name} could not be read: {error}; try again") from error


def _read_archive(run: Run) -> Iterator[Response]:
    """Tell the format by its first bytes and read it to the end."""
    start = run.source.at(0, HEAD_BYTES)
    _refuse_foreign(run, start)
    if start.startswith(b"\x04\x22\x4d\x18"):
        yield from _read_lz4(run)
    elif start.startswith(GZIP.magic):
        yield from _read_gzip(run, 0)
    elif start.startswith(ZSTD.magic) or skippable_length(start):
        yield from _read_zstd(run, start)
    elif begins_as_record(start):
        yield from _read_plain(run, 0)
    else:
        yield from _read_after_lead(run, start)
    if not run.recognised:
        raise ShardError(_not_an_archive(run.name, start))


def _refuse_foreign(run: Run, start: bytes) -> None:
    if not start:
        raise ShardError(f"{run.name} is empty; fetch it again or remove it from the input.")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise ShardError(
            f"{run.name} is a zip file (WACZ?), not a WARC file; unpack it "
            "and give the files in its archive/ folder."
        )
    inner = start
    if start.startswith(GZIP.magic):
        inner = GZIP.glimpse(start) or b""
    if inner.startswith(b"filedesc://"):
        raise ShardError(
            f"{run.name} is an ARC file, which is not read; convert it with `warcio recompress`."
        )


def _not_an_archive(name: str, start: bytes) -> str:
    begins = repr(start[:16])[1:]
    if start.startswith(GZIP.magic):
        begins = "gzip, but no WARC record can be read in it"
    return (
        f"{name} is not a WARC or ARC file: it begins with {begins}; "
        "remove it from the input or fetch it again."
    )


def _read_after_lead(run: Run, start: bytes) -> Iterator[Response]:
    """Read a file whose first member or record is destroyed: from the first whole one near the start."""
    stop = min(_LEAD_BYTES, run.source.n_bytes)
    found: list[tuple[int, Callable[[], Iterator[Response]], int]] = []
    for codec, read in ((GZIP, _read_gzip), (ZSTD, _read_frames)):
        member, n_members = new_scanner(run, codec).next_good(0, stop)
        if member is not None:
            found.append((member.offset, lambda r=read, at=member.offset: r(run, at), n_members))  # type: ignore[misc]
    record, n_members = next_record(run, 0, Budget(4 * stop), stop)
    if record is not None:
        found.append((record, lambda: _read_plain(run, record), n_members))
    if not found:
        raise ShardError(_not_an_archive(run.name, start))
    offset, read_rest, n_members = min(found, key=lambda candidate: candidate[0])
    run.lose(0, offset, n_members, LossReason.GARBAGE)
    yield from read_rest()


def _read_gzip(run: Run, offset: int) -> Iterator[Response]:
    scanner = new_scanner(run, GZIP)
    yield from _read_by_turns(run, offset, GZIP.magic, partial(walk_members, run, scanner))


def _read_plain(run: Run, offset: int) -> Iterator[Response]:
    budget = Budget(4 * run.source.n_bytes + (64 << 20))
    yield from _read_by_turns(run, offset, b"", partial(walk_records, run, budget))


def _read_zstd(run: Run, start: bytes) -> Iterator[Response]:
    """Read zstd frames, with the dictionary of the first frame if it is one.

    Source: IIPC, "WARC zstd compression", 2020 draft. FastWARC would read them, too, but lets one frame of
    hostile input decode without bound.
    """
    if start[:4] != b"\x5d\x2a\x4d\x18":
        yield from _read_frames(run, 0)
        return
    length = skippable_length(start)
    raw = run.source.at(8, min(length - 8, _MAX_DICTIONARY_BYTES))
    try:
        if raw.startswith(ZSTD.magic):
            plain = zstandard.ZstdDecompressor(max_window_size=_MAX_DICTIONARY_BYTES)
            raw = plain.stream_reader(BytesIO(raw)).read(_MAX_DICTIONARY_BYTES)
        dictionary = zstandard.ZstdCompressionDict(raw) if raw else None
        zstandard.ZstdDecompressor(dict_data=dictionary)  # raises if it is none
    except zstandard.ZstdError:
        dictionary = None
    if dictionary is None:
        raise ShardError(f"{run.name} has a damaged zstd dictionary; fetch it again.")
    yield from _read_frames(run, length, dictionary)


def _read_frames(
    run: Run, offset: int, dictionary: zstandard.ZstdCompressionDict | None = None
) -> Iterator[Response]:
    scanner = new_scanner(run, Codec(ZSTD.name, ZSTD.magic, ZSTD.errors, dictionary))
    yield from walk_members(run, scanner, offset, 0, None)


@dataclass(slots=True)
class _Stop:
    """Where FastWARC's pass stopped: the last record proven good, and the one after it, in file offsets."""

    committed: int | None = None
    pending: int = -1
    several_records: bool = False


def _read_by_turns(
    run: Run, offset: int, magic: bytes, walk: Callable[[int, int, int | None], Walk]
) -> Iterator[Response]:
    """Read by FastWARC as far as it goes, walk past where it stopped, and so on to the end of the file.

    `magic`: what every member begins with; empty for a plain file.
    """
    slow = run.verify_digests
    while offset < run.source.n_bytes:
        skip, until = 0, None
        if not slow:
            stop = _Stop(pending=offset - 1)
            yield from _read_ahead(run, offset, stop, magic)
            slow = stop.several_records
            if stop.committed is not None:
                offset, skip = stop.committed, 1
            until = None if slow else stop.pending
        n_losses = len(run.scan.losses)
        offset = yield from walk(offset, skip, until)
        # FastWARC spends seconds on a bomb that the walk leaves alone.
        slow = slow or LossReason.COMPRESSION_RATIO in (loss.reason for loss in run.scan.losses[n_losses:])


def _read_ahead(run: Run, offset: int, stop: _Stop, magic: bytes) -> Iterator[Response]:
    """FastWARC's pass from `offset`: yields each record's response once the next record has been reached.

    FastWARC verifies a gzip member before it gives the first record of the next, whose position it knows
    exactly. For a further record of a member the position is how far the input was read: there no member
    begins, or the next record, which does begin there, has the same. Then the pass stops.
    """
    source, begins = run.source, run.source.recently_read
    counts: Counter[int] = Counter()
    outcomes = run.scan.outcomes
    too_long = run.limits.max_record_bytes
    held: Response | RecordOutcome | None = None
    held_type = -1
    try:
        for record in _records(run.source, offset):
            position = record.stream_pos
            if position <= stop.pending or (magic and not begins(position, magic)):
                stop.several_records = True
                break
            if held_type >= 0:
                counts[held_type] += 1
                if held is not None:
                    if held.__class__ is Response:
                        yield held
                    else:
                        outcomes[held] += 1  # type: ignore[index]
                stop.committed = stop.pending
            stop.pending = position
            held_type = int(record.record_type)
            if record.content_length > too_long:
                break
            held = None
            if held_type in (RESPONSE, RESOURCE):
                held = judge(record, position, limits=run.limits, wanted=run.wanted)
            source.read_limit = source.position + 2 * record.content_length + _SEARCH_BYTES
    except BaseException as error:
        _raise_unless_damage(error, run.source)
    finally:
        for type_number, n in counts.items():
            run.scan.records[TYPE_NAMES.get(type_number, "unknown")] += n
        run.recognised = run.recognised or stop.committed is not None


def _raise_unless_damage(error: BaseException, source: Source) -> None:
    """Raise the stream's own failure, or `error` if it does not tell of bad bytes."""
    if source.failure is not None:
        raise source.failure
    if not is_fault(error):
        raise error


def _records(source: Source, offset: int) -> ArchiveIterator:
    if source.position != offset:
        source.seek(offset)
    # No HTTP parsing: only responses need it, and a bad HTTP head must not end the pass.
    return ArchiveIterator(source, parse_http=False, max_header_len=HEAD_BYTES)  # type: ignore[arg-type]


def _read_lz4(run: Run) -> Iterator[Response]:
    """Read LZ4 frames (one a record, as FastWARC writes them) by FastWARC alone.

    From the first damage on, and from the record before it, the rest of the file is lost. Nothing of hostile
    size can hide in a frame: LZ4 does not exceed 255 to 1.
    """
    held: Response | RecordOutcome | None = None
    held_type, position, reason = -1, 0, LossReason.DAMAGED_MEMBER
    try:
        for record in _records(run.source, 0):
            if held_type >= 0:
                yield from _settle(run, held_type, held)
            position, held_type = record.stream_pos, int(record.record_type)
            held = None
            if held_type in (RESPONSE, RESOURCE):
                held = judge(record, position, limits=run.limits, wanted=run.wanted)
        if _ends_in_lz4_frame(run.source):
            yield from _settle(run, held_type, held)
            return
        reason = LossReason.TRUNCATED
        if held_type >= 0:
            run.count(TYPE_NAMES.get(held_type, "unknown"), RecordOutcome.TRUNCATED)
    except BaseException as error:
        _raise_unless_damage(error, run.source)
        if "failed to fill whole buffer" in str(error):
            reason = LossReason.TRUNCATED
    run.recognised = run.recognised or held_type >= 0
    run.lose(position, run.source.n_bytes, 1, reason)


def _settle(run: Run, type_number: int, judged: Response | RecordOutcome | None) -> Iterator[Response]:
    """Count a record that is proven good, and yield it if it is wanted."""
    run.recognised = True
    run.scan.records[TYPE_NAMES.get(type_number, "unknown")] += 1
    if isinstance(judged, Response):
        yield judged
    elif judged is not None:
        run.scan.outcomes[judged] += 1


def _ends_in_lz4_frame(source: Source) -> bool:
    """Whether all was read and the file ends in an end mark, perhaps with a content checksum after it."""
    if source.n_bytes < 11:  # shorter than header and end mark
        return False
    has_checksum = source.at(4, 1)[0] & 0b100
    n_trailing = 8 if has_checksum else 4
    return source.at(max(source.n_bytes - n_trailing, 0), 4) == bytes(4)

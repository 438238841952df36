"""What reading a web archive gives: responses, counts, losses, and the limits it keeps to."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.core.outcomes import RecordOutcome


class LossReason(StrEnum):
    """Why a stretch of an archive file could not be read."""

    DAMAGED_MEMBER = "damaged_member"  # a gzip member or zstd frame does not decode, or its checksum is wrong
    DAMAGED_RECORD = "damaged_record"  # the bytes are as written, but hold no whole, well-formed record
    TRUNCATED = "truncated"  # the file ends within it
    GARBAGE = "garbage"  # neither a member nor a record begins there
    COMPRESSION_RATIO = "compression_ratio"  # a decompression bomb, not unpacked


@dataclass(frozen=True, slots=True)
class WarcLimits:
    """What one record may cost.

    `max_record_bytes`: a longer body, before or after content decoding, is TOO_LARGE.
    `max_compression_ratio`: decoded over coded bytes. Deflate cannot exceed 1032, and comes near only on one
    repeated byte; brotli and zstd have no ceiling. It counts for a content coding above 1 MiB decoded, and
    for a gzip member or zstd frame above `max_record_bytes` decoded: below, a bomb costs no more than a page.
    """

    max_record_bytes: int = 32 << 20
    max_compression_ratio: float = 1000.0


@dataclass(frozen=True, slots=True)
class Loss:
    """One contiguous stretch of the file, `[offset, offset + n_bytes)`, that could not be read.

    It begins where the first damaged member or record begins and ends where the next whole one does, or at
    the end of the file. In a damaged member of several records it begins after the shortest prefix of the
    file that still decodes to the last record saved. `n_members` counts what is recognised as a member (a
    record, in plain WARC) beginning in the stretch, or partly lost in it: the one at its start, if it has
    its magic or `WARC/`, and those further in that decode to `WARC/` but not to their end.
    """

    offset: int
    n_bytes: int
    n_members: int
    reason: LossReason


@dataclass(slots=True)
class WarcScan:
    """What became of one file: filled while it is read, final when the iterator has ended.

    `records`: records read, by WARC type ("unknown" for types outside WARC 1.1). `outcomes`: responses and
    resources that were not yielded. Conservation: responses + resources = yielded + sum of `outcomes`.
    A record inside a loss is in neither, except one that the end of the file cuts off (TRUNCATED) or that
    was not unpacked for its ratio (TOO_LARGE): it is in the loss and in both counters.
    """

    n_bytes: int = 0
    records: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[RecordOutcome] = field(default_factory=Counter)
    losses: list[Loss] = field(default_factory=list)

    @property
    def n_bytes_lost(self) -> int:
        """Bytes of the file in losses."""
        return sum(loss.n_bytes for loss in self.losses)

    @property
    def n_members_lost(self) -> int:
        """Members (records, in plain WARC) recognised in losses."""
        return sum(loss.n_members for loss in self.losses)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTML page as it was served, its codings undone.

    `date` is WARC-Date as written; `record_id` keeps its angle brackets. `offset`: byte offset in the file of
    the record or, compressed, of the member that holds it. `status` is None and `headers` is empty for a
    resource that is no HTTP message. `content_type` is lower-case, without parameters. `truncated` is
    WARC-Truncated, None if absent.
    """

    url: str
    date: str
    record_id: str
    offset: int
    record_type: str
    status: int | None
    headers: tuple[tuple[str, str], ...]
    content_type: str | None
    http_charset: str | None
    body: bytes
    truncated: str | None

    def header(self, name: str) -> str | None:
        """The first value of the HTTP header `name` (in any case), or None."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> list[str]:
        """All values of the HTTP header `name` (in any case), in order."""
        name = name.lower()
        return [value for key, value in self.headers if key.lower() == name]

"""Compressed members, verified: one gzip member or zstd frame, and the search for the next whole one.

The slow, careful path: it seeks, it decodes twice, and it believes nothing that is not confirmed by a
checksum or a header.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from extract.warc_model import LossReason
from extract.warc_source import Codec, Decoder, Source, skippable_length

CHUNK_BYTES = 64 << 10
HEAD_BYTES = 64 << 10  # of a member's decoded start that is kept: room for one record's header
_WINDOW_BYTES = 1 << 20
_GLANCE_BYTES = 2 << 10  # of a candidate member's input that is decoded to see whether it begins `WARC/`


@dataclass(slots=True)
class Member:
    """The member at `offset` and what decoding it showed; `end` is set only if it is whole and verified."""

    source: Source
    codec: Codec
    offset: int
    max_ratio: float
    ratio_floor_bytes: int
    end: int | None = None
    fault: LossReason | None = None
    n_decoded: int = 0
    n_read: int = 0
    head: bytes = b""
    unlocated: bool = False  # all of it decodes, only the checksum is wrong

    def pieces(self) -> Iterator[bytes]:
        """The decoded bytes as far as they decode, then `end` or `fault` is set."""
        decoder = self.codec.decoder()
        self.n_decoded = self.n_read = 0
        while not decoder.eof:
            chunk = self.source.at(self.offset + self.n_read, CHUNK_BYTES)
            if not chunk:
                self.fault = LossReason.TRUNCATED
                return
            self.n_read += len(chunk)
            try:
                for piece in decoder.pieces(chunk):
                    self.n_decoded += len(piece)
                    if self._is_bomb():
                        self.fault = LossReason.COMPRESSION_RATIO
                        return
                    yield piece
            except self.codec.errors as error:
                self.fault = LossReason.DAMAGED_MEMBER
                # zlib: "incorrect data check", "incorrect length check"; zstd: "doesn't match checksum".
                self.unlocated = "check" in str(error) and "header check" not in str(error)
                return
        self.n_read -= decoder.n_unused
        self.end = self.offset + self.n_read

    def _is_bomb(self) -> bool:
        return self.n_decoded > self.ratio_floor_bytes and self.n_decoded > self.max_ratio * self.n_read

    def verify(self) -> "Member":
        """Decode all of it, keep only its start, and return it with `end` or `fault` set."""
        kept: list[bytes] = []
        n_kept = 0
        for piece in self.pieces():
            if n_kept < HEAD_BYTES:
                kept.append(piece[: HEAD_BYTES - n_kept])
                n_kept += len(kept[-1])
        self.head = b"".join(kept)
        return self

    @property
    def is_archive(self) -> bool:
        """Whether its decoded bytes begin as a WARC record does."""
        return begins_as_record(self.head)

    def n_read_for(self, n_decoded: int) -> int:
        """The shortest prefix of the member, in bytes, that decodes to at least `n_decoded` bytes."""
        decoder, n_read, n_out = self.codec.decoder(), 0, 0
        fed: list[bytes] = []
        while n_out < n_decoded and (chunk := self.source.at(self.offset + n_read, CHUNK_BYTES)):
            n_read += len(chunk)
            fed.append(chunk)
            n_out += _n_decoded(decoder, chunk, self.codec.errors)
            if n_out < n_decoded and (decoder.eof or n_read >= self.n_read):
                return self.n_read
        decoder, n_out = self.codec.decoder(), 0
        for chunk in fed[:-1]:
            n_out += _n_decoded(decoder, chunk, self.codec.errors)
        n_before = sum(map(len, fed[:-1]))
        for i in range(len(fed[-1]) if fed else 0):
            n_out += _n_decoded(decoder, fed[-1][i : i + 1], self.codec.errors)
            if n_out >= n_decoded:
                return n_before + i + 1
        return self.n_read


@dataclass(slots=True)
class MemberGroup:
    """Verified members in a row that decode to whole records only together."""

    members: list[Member]

    @property
    def end(self) -> int:
        """Offset in the file after the last member."""
        return self.members[-1].offset + self.members[-1].n_read

    def add(self, member: Member) -> None:
        """Append the member that begins at `end`."""
        member.head = b""  # a group may have a hundred thousand members
        self.members.append(member)

    def pieces(self) -> Iterator[bytes]:
        """The decoded bytes of all of them."""
        for member in self.members:
            yield from member.pieces()

    def member_at(self, position: int) -> Member:
        """The member that decoded byte `position` of the group is in."""
        return self._locate(position)[0]

    def offset_of(self, position: int) -> int:
        """The offset of the first byte of the file that is not needed to decode up to `position`."""
        member, within = self._locate(position)
        if within >= member.n_decoded:
            return member.offset + member.n_read
        return member.offset + (member.n_read_for(within) if within else 0)

    def _locate(self, position: int) -> tuple[Member, int]:
        for member in self.members:
            if position < member.n_decoded:
                return member, position
            position -= member.n_decoded
        return self.members[-1], position + self.members[-1].n_decoded


def _n_decoded(decoder: Decoder, chunk: bytes, errors: tuple[type[Exception], ...]) -> int:
    n_out = 0
    try:
        for piece in decoder.pieces(chunk):
            n_out += len(piece)
    except errors:
        pass  # the fault is known already; what had been decoded before it is counted
    return n_out


def begins_as_record(decoded: bytes) -> bool:
    """Whether a WARC record begins these bytes, perhaps after blank lines."""
    return decoded.lstrip(b"\r\n").startswith(b"WARC/")


@dataclass(slots=True)
class Budget:
    """Work that may still be spent on candidates that prove false: it keeps hostile files linear."""

    left_bytes: int

    def charge(self, n_read: int, n_decoded: int) -> None:
        """Spend what a false candidate cost; bytes put out in a bomb cost far less than bytes read."""
        self.left_bytes -= n_read + n_decoded // 32


@dataclass(slots=True)
class MemberScanner:
    """Finds members in a damaged file."""

    source: Source
    codec: Codec
    max_ratio: float
    ratio_floor_bytes: int
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(4 * self.source.n_bytes + (64 << 20))

    def member(self, offset: int) -> Member:
        """The member at `offset`, decoded and verified; a `fault` of GARBAGE if none begins there."""
        member = self._unread(offset).verify()
        start = self.source.at(offset, 8)
        begins = start.startswith(self.codec.magic) or (
            len(start) < len(self.codec.magic) and self.codec.magic.startswith(start)
        )
        if member.fault and not begins and not (self.codec.name == "zstd" and skippable_length(start)):
            member.fault = LossReason.GARBAGE
        return member

    def next_good(self, offset: int, stop: int | None = None) -> tuple[Member | None, int]:
        """The first whole, verified archive member at or after `offset` (and before `stop`).

        Second value: how many damaged members were recognised on the way (they decode to `WARC/` at their
        start and fail later).
        """
        n_damaged = 0
        for candidate in self._candidates(offset, self.source.n_bytes if stop is None else stop):
            if self.budget.left_bytes <= 0:
                break
            member = self._unread(candidate).verify()
            if member.is_archive and member.end is not None:
                return member, n_damaged
            n_damaged += member.is_archive
            self.budget.charge(member.n_read, member.n_decoded)
        return None, n_damaged

    def _unread(self, offset: int) -> Member:
        return Member(self.source, self.codec, offset, self.max_ratio, self.ratio_floor_bytes)

    def _candidates(self, offset: int, stop: int) -> Iterator[int]:
        """Offsets where the magic stands and the first bytes do not decode to something else."""
        pattern = re.compile(re.escape(self.codec.magic))
        overlap = len(self.codec.magic) - 1
        while offset < stop:
            window = self.source.at(offset, _WINDOW_BYTES + _GLANCE_BYTES)
            for match in pattern.finditer(window, 0, _WINDOW_BYTES + overlap):
                glance = window[match.start() : match.start() + _GLANCE_BYTES]
                if offset + match.start() < stop and self._may_be_archive(glance):
                    yield offset + match.start()
            offset += _WINDOW_BYTES

    def _may_be_archive(self, glance: bytes) -> bool:
        start = self.codec.glimpse(glance)
        return start is not None and b"WARC/".startswith(start.lstrip(b"\r\n")[:5])

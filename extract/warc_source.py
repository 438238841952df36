"""The bytes of an archive file, for us and for FastWARC, and the decoders of its compressed members."""

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import zstandard

PIECE_BYTES = 1 << 20
_GLIMPSE_BYTES = 64
_MAX_WINDOW_BYTES = 128 << 20  # zstd's own default for streams (ZSTD_WINDOWLOG_LIMIT_DEFAULT, 27)


class RunawayError(OSError):
    """FastWARC reads on and on without finding a record."""


class Source:
    """The archive as a readable, seekable stream with an absolute position, for us and for FastWARC.

    An `OSError` of the stream itself is kept in `failure`: FastWARC reports damage as `OSError`, too.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        self.read_limit = sys.maxsize  # position beyond which `read` refuses to begin
        self._previous = self._latest = (0, b"")  # offset and bytes of the last reads
        self.n_bytes = self.seek(0, 2)
        self.seek(0)

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end. OSError if the stream fails or ends before its length."""
        if self.position > self.read_limit:
            raise RunawayError(f"nothing found between a record's end and byte {self.position}")
        size = self.n_bytes - self.position if size < 0 else min(size, self.n_bytes - self.position)
        piece = self._read_once(size)
        while len(piece) < size:
            piece += self._read_once(size - len(piece))
        self._previous, self._latest = self._latest, (self.position - len(piece), piece)
        return piece

    def _read_once(self, size: int) -> bytes:
        try:
            piece = self._stream.read(size) if size > 0 else b""
        except OSError as error:
            self.failure = error
            raise
        if size > 0 and not piece:
            self.failure = OSError(f"it ended at byte {self.position} of {self.n_bytes}")
            raise self.failure
        self.position += len(piece)
        return piece

    def recently_read(self, offset: int, expected: bytes) -> bool:
        """Whether `expected` stands at `offset`, as far as the last two reads tell."""
        start, piece = self._latest
        if offset < start:
            earlier, piece = self._previous[0], self._previous[1] + piece[: len(expected)]
            if offset < earlier or earlier + len(self._previous[1]) != start:
                return False
            start = earlier
        return piece.startswith(expected, offset - start)

    def tell(self) -> int:
        """Position in the file, bytes."""
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to `offset`; returns the new position."""
        try:
            self.position = self._stream.seek(offset, whence)
        except OSError as error:
            self.failure = error
            raise
        return self.position

    def at(self, offset: int, size: int) -> bytes:
        """The `size` bytes at `offset`, fewer only at the end of the file."""
        self.read_limit = sys.maxsize
        if offset >= self.n_bytes:
            return b""
        if offset != self.position:
            self.seek(offset)
        return self.read(size)


class Decoder(Protocol):
    """One member's decoding; `eof` once it has ended and its checksum was right."""

    eof: bool
    n_unused: int  # bytes given to `pieces` beyond the member's end

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The bytes that `chunk` decodes to, in bounded pieces; raises the codec's errors on damage."""
        ...


class _Gunzip:
    """A gzip member's decoder; zlib checks CRC-32 and ISIZE."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self.eof = False
        self.n_unused = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """As `Decoder.pieces`; what precedes the damage within the chunk is given before the error."""
        while chunk:
            before = self._inflate.copy()
            try:
                piece = self._inflate.decompress(chunk, PIECE_BYTES)
            except zlib.error:
                yield from _inflate_to_error(before, chunk)
                raise
            yield piece
            if self._inflate.eof:
                self.eof, self.n_unused = True, len(self._inflate.unused_data)
                return
            chunk = self._inflate.unconsumed_tail


def _inflate_to_error(inflate: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """What `chunk` decodes to before its error: zlib gives nothing of the call that fails."""
    at, step = 0, len(chunk) // 2
    while step > 0:
        trial = inflate.copy()
        try:
            piece = trial.decompress(chunk[at : at + step])
        except zlib.error:
            step //= 2
            continue
        yield piece
        inflate, at = trial, at + step


class _Unzstd:
    """A zstd frame's decoder; zstd checks the content checksum where the frame has one.

    It is fed a block at a time (RFC 8878, 3.1.1.2): one call gives 128 KiB at most, and a damaged block or
    checksum does not take the blocks before it along.
    """

    def __init__(self, dictionary: zstandard.ZstdCompressionDict | None) -> None:
        context = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=_MAX_WINDOW_BYTES)
        self._frame = context.decompressobj()
        self._held = bytearray()
        self._has_checksum = False
        self._state = "start"
        self._n_left = 0  # bytes until the state's end
        self.eof = False
        self.n_unused = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """As `Decoder.pieces`."""
        self._held += chunk
        while not self.eof and (step := self._next_step()):
            if self._state == "skip":
                continue
            yield self._frame.decompress(step)
        if self.eof:
            self.n_unused = len(self._held)

    def _next_step(self) -> bytes:
        """The held bytes up to the next boundary, where the state advances; empty if more are needed."""
        if self._n_left == 0 and not self._open_next():
            return b""
        step = bytes(self._held[: self._n_left])
        del self._held[: self._n_left]
        self._n_left -= len(step)
        if self._n_left == 0 and self._state in ("skip", "checksum"):
            self.eof = True
        if self._n_left == 0 and self._state == "last block":
            self._state, self._n_left = "checksum", 4 if self._has_checksum else 0
            self.eof = not self._has_checksum
        return step

    def _open_next(self) -> bool:
        """Find the length of the header or block that comes next; False if too few bytes are held for it."""
        if self._state == "start":
            if len(self._held) < 8:
                return False
            self._n_left = skippable_length(bytes(self._held[:8]))
            self._state = "skip" if self._n_left else "header"
            if self._n_left:
                return True
        if self._state == "header":
            if not self._held.startswith(b"\x28\xb5\x2f\xfd"):
                raise zstandard.ZstdError("no zstd frame")
            self._has_checksum = bool(self._held[4] & 0b100)
            self._n_left = zstandard.frame_header_size(self._held[:18])
            self._state = "blocks"
            return True
        if len(self._held) < 3:
            return False
        head = int.from_bytes(self._held[:3], "little")
        is_run = head >> 1 & 3 == 1  # RLE: one byte, whatever the size
        self._n_left = 3 + (1 if is_run else head >> 3)
        self._state = "last block" if head & 1 else "blocks"
        return True


def skippable_length(start: bytes) -> int:
    """Length of the zstd skippable frame that begins with these 8 bytes, header included; 0 if none does."""
    if len(start) < 8 or start[1:4] != b"\x2a\x4d\x18" or not 0x50 <= start[0] <= 0x5F:
        return 0
    return 8 + int.from_bytes(start[4:8], "little")


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression made of members: how one starts, and how it is decoded."""

    name: str
    magic: bytes
    errors: tuple[type[Exception], ...]
    dictionary: zstandard.ZstdCompressionDict | None = None

    def decoder(self) -> Decoder:
        """A decoder for one member."""
        return _Gunzip() if self.name == "gzip" else _Unzstd(self.dictionary)

    def glimpse(self, coded: bytes) -> bytes | None:
        """The first decoded bytes of what may be a member; empty if `coded` is too short, None if it is none.

        Cheap, for the many places in a damaged file where a magic stands by chance or by design.
        """
        if self.name == "gzip":
            try:
                return zlib.decompressobj(wbits=31).decompress(coded, _GLIMPSE_BYTES)
            except zlib.error:
                return None
        try:
            return next((piece[:_GLIMPSE_BYTES] for piece in self.decoder().pieces(coded) if piece), b"")
        except zstandard.ZstdError:
            return None


GZIP = Codec("gzip", b"\x1f\x8b\x08", (zlib.error,))
ZSTD = Codec("zstd", b"\x28\xb5\x2f\xfd", (zstandard.ZstdError,))

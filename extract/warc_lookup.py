"""One record of a web archive, found again by where it stands."""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import BinaryIO

from extract.warc import read_responses
from extract.warc_model import Response, WarcLimits, WarcScan
from pipeline.core.errors import ShardError

_FIRST_BYTES = 1 << 20


def read_record(stream: BinaryIO, offset: int, *, record_id: str, limits: WarcLimits) -> Response | None:
    """Read the response at a file offset again; None if it is no longer there.

    Reads on from the offset as far as it must. Files that cannot be entered there (one gzip member for all,
    zstd with a dictionary) are read from their beginning.
    """
    for response in chain(_from_offset(stream, offset, limits), _from_start(stream, offset, limits)):
        if not record_id or response.record_id == record_id:
            return response
    return None


def _from_offset(stream: BinaryIO, offset: int, limits: WarcLimits) -> Iterator[Response]:
    n_bytes = _FIRST_BYTES
    while True:
        stream.seek(offset)
        window = stream.read(n_bytes)
        try:
            yield from (r for r in _responses(BytesIO(window), limits) if r.offset == 0)
        except ShardError:
            return
        if len(window) < n_bytes or n_bytes > 2 * limits.max_record_bytes:
            return
        n_bytes *= 4


def _from_start(stream: BinaryIO, offset: int, limits: WarcLimits) -> Iterator[Response]:
    stream.seek(0)
    yield from (r for r in _responses(stream, limits) if r.offset == offset)


def _responses(stream: BinaryIO, limits: WarcLimits) -> Iterator[Response]:
    return read_responses(stream, scan=WarcScan(), limits=limits, wanted=lambda _: True)

"""A record is found again by its offset, in every form of file."""

import gzip
import io

import pytest
import zstandard
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extract.warc import read_responses
from extract.warc_lookup import read_record
from extract.warc_model import WarcLimits, WarcScan


def archive(*, gzipped, n=5):
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=gzipped)
    for number in range(n):
        body = b"<html>" + str(number).encode() * 3000
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        url = f"http://a.example/{number}"
        writer.write_record(
            writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head)
        )
    return stream.getvalue()


def zstd_frames(content):
    return b"".join(zstandard.compress(b"WARC/1.0" + part) for part in content.split(b"WARC/1.0") if part)


FORMS = {
    "members": archive(gzipped=True),
    "plain": archive(gzipped=False),
    "one member": gzip.compress(archive(gzipped=False)),
    "zstd": zstd_frames(archive(gzipped=False)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_record_is_found_again(form):
    stream = io.BytesIO(FORMS[form])
    everything = list(read_responses(stream, scan=WarcScan(), limits=WarcLimits(), wanted=lambda _: True))
    assert len(everything) == 5
    for response in everything:
        found = read_record(stream, response.offset, record_id=response.record_id, limits=WarcLimits())
        assert found is not None
        assert (found.url, found.body) == (response.url, response.body)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_longer_there_is_not_made_up(form):
    stream = io.BytesIO(FORMS[form])
    assert read_record(stream, 0, record_id="<urn:uuid:other>", limits=WarcLimits()) is None
    assert read_record(stream, 12, record_id="", limits=WarcLimits()) is None

"""What fuzzing starts from: small inputs of every kind that occurs, sound and typically malformed."""

import gzip
import io
import json
from pathlib import Path

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from fastwarc.stream_io import Lz4Writer

GOLDEN_JSONLD = Path(__file__).parents[1] / "golden" / "jsonld"
RAW, GZIP, GZIP_WHOLE, ZSTD, LZ4 = range(5)
"""How the input of target `warc` is stored; see `containers`."""


def faq_jsonld(n_questions: int = 2) -> str:
    questions = [
        {
            "@type": "Question",
            "name": f"Was kostet Größe {i}?",
            "acceptedAnswer": {"@type": "Answer", "text": f"<p>{i} €, <b>incl.</b> VAT &amp; post.</p>"},
        }
        for i in range(n_questions)
    ]
    return json.dumps({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions})


def page_of(markup: str, *, head: str = "", lang: str = "de") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>FAQ – Hilfe</title>'
        f'<meta name="description" content="FAQPage of a shop">{head}</head><body>{markup}</body></html>'
    )


def script(block: str) -> str:
    return f'<script type="application/ld+json">{block}</script>'


MICRODATA = (
    '<div itemscope itemtype="https://schema.org/FAQPage">'
    '<div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">'
    '<h3 itemprop="name">Ships <i>abroad</i>?</h3>'
    '<div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">'
    '<div itemprop="text"><p>Yes.</p><ul><li>EU<li>US</ul></div></div></div></div>'
)
ITEMREF = (
    '<div itemscope itemtype="//schema.org/FAQPage" itemref="a b a"></div><div id="a" itemprop="mainEntity"'
    ' itemscope itemtype="Question" itemref="b"><meta itemprop="name" content="Q?"></div>'
    '<p id="b" itemprop="acceptedAnswer" itemscope itemref="a b"><time itemprop="text" datetime="1">'
    "x</time></p>"
)
RDFA = (
    '<div vocab="https://schema.org/" typeof="FAQPage"><div property="mainEntity" typeof="Question">'
    '<h3 property="name">How long?</h3><div property="acceptedAnswer" typeof="Answer">'
    '<div property="text" lang="en">Three <br>days</div></div></div></div>'
)
RDFA_REL = (
    '<div prefix="s: http://schema.org/" typeof="s:FAQPage" about="#f"><div rel="s:mainEntity">'
    '<p typeof="s:Question" resource="[_:q]"><a property="s:name" href="#x">Q?</a></p></div></div>'
    '<p about="_:q" rev="s:mainEntity" resource="#f"><b rel="s:acceptedAnswer" resource="#a"></b></p>'
    '<p about="#a" typeof="s:Answer" property="s:text" content="A" datatype=""></p>'
)


def markup_seeds(*blocks: str) -> list[bytes]:
    """For `microdata` and `rdfa`: a byte of flags, then HTML."""
    torn = [block.replace("</div>", "", 3).replace("<p>", "<table><p>") for block in blocks]
    nested = [f"{block[:60]}{block}" for block in blocks]
    return [bytes([flags]) + b.encode() for flags in (0, 1, 2) for b in (*blocks, *torn, *nested)]


def jsonld_seeds() -> list[bytes]:
    """The golden cases, two and more of each repair, and blocks with contexts and references."""
    golden = [path.read_bytes() for path in sorted(GOLDEN_JSONLD.glob("*.txt"))]
    graph = (
        '{"@context":{"@vocab":"http://schema.org/","n":"name","en":{"@id":"text","@container":"@language"}},'
        '"@graph":[{"@id":"#f","@type":["FAQPage"],"mainEntity":[{"@id":"_:q"},{"@list":[]}]},{"@id":"_:q",'
        '"@type":"Question","n":"Q?","acceptedAnswer":{"@type":"Answer","en":{"de":"J\\ud83d","@none":["x"]}}}]}'
    )
    return [*golden, graph.encode(), faq_jsonld().encode(), b"[1,-0.5e9,true,null,NaN]", b'"{\\"@type\\":1}"']


def html_text_seeds() -> list[bytes]:
    texts = (
        "plain text\nin two lines",
        "<p>A</p><p>B &amp; C</p><ul><li>a</li><li>b</ul>",
        "&lt;p&gt;twice&lt;/p&gt; &amp;lt;p&amp;gt;",
        "a < b, x<5, <url>, <user@example.org>, ?a=1&copy=2",
        "<pre>a\n  b</pre><a title=\"<b>\" href='x'>c</a><!-- d --><![CDATA[e]]>",
        "<script>x<1</script><style>b{}</style><x-tag a=1>f</x-tag><svg><title>g</title></svg>",
        "\u200b\u00ad\ufeff\u200d\u0085\u2028 &#0;&#xD800;&#128;&nbsp;",
        "<td>a<td>b<br/>c<ruby>d<rt>e</ruby>",
    )
    return [text.encode() for text in texts] + [b"\xff<p>\xed\xa0\x80&lt;\x1b\x9c"]


def page_seeds() -> list[bytes]:
    """A page's address, date and headers as lines, an empty line, the body: in every syntax and charset."""
    jsonld = page_of(script(faq_jsonld()))
    mixed = page_of(
        MICRODATA + RDFA + script(faq_jsonld()), head='<base href="/x/"><link rel=canonical href=y>'
    )
    alternates = '<link rel="alternate" hreflang="fr" href="/fr"><meta name=robots content="nofollow, noai">'
    cyrillic = page_of(script(faq_jsonld().replace("Was kostet", "Сколько")), lang="ru").replace(
        "utf-8", "windows-1251"
    )
    japanese = page_of(MICRODATA.replace("Ships", "海外に発送"), lang="ja").replace("utf-8", "shift_jis")
    bodies = [
        (b"", jsonld.encode()),
        (b"Content-Language: de\nLink: </en>; rel=alternate; hreflang=en\n", mixed.encode()),
        (
            b"X-Robots-Tag: otherbot: noindex, faqtory: noai\nTDM-Reservation: 0\n",
            page_of(MICRODATA, head=alternates).encode(),
        ),
        (b":charset windows-1251\n", cyrillic.encode("cp1251", "replace")),
        (b":charset utf-8\n", japanese.encode("cp932", "replace")),
        (b"", jsonld.encode("utf-16")),
        (b"", jsonld.encode("utf-16-be")),
        (
            b":charset iso-2022-jp\n",
            page_of(MICRODATA.replace("Ships", "発送")).encode("iso2022_jp", "replace"),
        ),
        (b":charset gb2312\n", page_of(RDFA.replace("How long", "多久")).encode("gb18030")),
        (b":keep-html\n", page_of(RDFA_REL + ITEMREF).encode()),
        (b":date 0001-01-01T00:00:00+10:00\n", jsonld.encode()),
        (b":url http://[::1\n", (jsonld[:300] + jsonld[320:]).encode("latin-1", "replace")),
        (b"", b"FAQPage\0\xff\xfe" + bytes(range(256))),
    ]
    golden = [page_of(script(block.decode("utf-8", "replace"))).encode() for block in jsonld_seeds()[::6]]
    bodies += [(b"", body) for body in golden]
    return [head + b"\n" + body for head, body in bodies]


def http_record(index: int, body: bytes, *fields: str) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" + "".join(
        f"{f}\r\n" for f in fields
    )
    return warc_record(
        "response", f"https://example.org/{index}", head.encode() + b"\r\n" + body, "application/http"
    )


def warc_record(kind: str, url: str, block: bytes, content_type: str) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-10-03T12:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{len(block):032x}>\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def warc_records() -> list[bytes]:
    page = page_of(script(faq_jsonld(1))).encode()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
    digest = b"WARC-Block-Digest: sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nContent-Length"
    return [
        warc_record("warcinfo", "x", b"software: none\r\n", "application/warc-fields"),
        http_record(1, page),
        http_record(2, chunks, "Transfer-Encoding: chunked"),
        http_record(3, gzip.compress(page, mtime=0), "Content-Encoding: gzip"),
        http_record(4, brotli.compress(page), "Content-Encoding: br"),
        http_record(5, zstandard.compress(page), "Content-Encoding: zstd, gzip"),
        warc_record("resource", "file:///x", page, "text/html"),
        http_record(7, page).replace(b"200 OK", b"404 No").replace(b"Content-Length", digest),
        http_record(8, b"%PDF-1.4", "Content-Encoding: deflate"),
        http_record(9, page).replace(b"\r\n", b"\n"),
    ]


def compressed(record: bytes, container: int) -> bytes:
    if container in (GZIP, GZIP_WHOLE):
        return gzip.compress(record, compresslevel=1, mtime=0)
    if container == ZSTD:
        return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(record)
    if container == LZ4:
        out = io.BytesIO()
        writer = Lz4Writer(out)
        writer.write(record)
        writer.finish()
        return out.getvalue()
    return record


def warc_seeds() -> list[bytes]:
    """Four bytes of options (container, flags, place of the damage), then records."""
    records = warc_records()
    plain = b"".join(records)
    seeds = [bytes([c, f, 0, 0]) + plain for c in range(5) for f in (0, 1, 2)]
    seeds += [bytes([c, d << 3, at, 0]) + plain for c in range(5) for d in (1, 2, 3) for at in (10, 128, 250)]
    seeds += [bytes([RAW, 0, 0, 0]) + record for record in records]
    for container in (GZIP, ZSTD, LZ4):
        whole = b"".join(compressed(record, container) for record in records[:4])
        seeds += [bytes(4) + whole, bytes(4) + whole[:-20], bytes(4) + b"PK" + whole]
    return seeds


def quads(url: str, n_questions: int = 2) -> bytes:
    type_, schema = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "http://schema.org/"
    lines = [f"_:f {type_} <{schema}FAQPage>"]
    for i in range(n_questions):
        lines += [
            f"_:f <{schema}mainEntity> _:q{i}",
            f"_:q{i} {type_} <{schema}Question>",
            f'_:q{i} <{schema}name> "Question {i}?"@en',
            f"_:q{i} <{schema}acceptedAnswer> _:a{i}",
            f'_:a{i} <{schema}Answer/text> "<p>Gr\\u00F6\\U0001F600\\n{i}</p>"^^<{schema}Text>',
        ]
    return "".join(f"{line} <{url}> .\n" for line in lines).encode()


def wdc_seeds() -> list[bytes]:
    """Three bytes of options (container, flags, place of the damage), then N-Quads."""
    text = (
        quads("http://a.org/")
        + b"# comment\n\n"
        + quads("https://b.org/faq", 1)
        + b'<a> <b> "\\ud83d" <c> .\n'
    )
    circle = quads("http://c.org/", 1) + b"_:q0 <http://schema.org/hasPart> _:f <http://c.org/> .\n"
    seeds = [
        bytes([c, f, at]) + t
        for c in range(3)
        for f, at in ((0, 0), (1, 0), (8, 90), (16, 99))
        for t in (text, circle)
    ]
    return [*seeds, bytes(3) + gzip.compress(text, mtime=0)[:-5], bytes(3) + b"<> <> <> .\n_: . \xff\n"]


FIELD, ROW = b"\x1f", b"\x1e"


def owi_file(rows: list[list[bytes]], *, options: int = 0) -> bytes:
    """Parquet of rows (address, title, date, then question, answer, language and so on), in any bytes."""
    compression = ("none", "snappy", "zstd", "gzip")[options & 3]
    faqs = [[row[i : i + 3] for i in range(3, len(row) - 2, 3)] for row in rows]
    offsets = [0]
    for faq in faqs:
        offsets.append(offsets[-1] + len(faq))
    triples = [triple for faq in faqs for triple in faq]
    members = [_text([triple[i] for triple in triples]) for i in range(3)]
    struct = pa.StructArray.from_arrays(members, names=["question", "answer", "language"])
    columns = [[row[i] if i < len(row) else None for row in rows] for i in range(3)]
    table = pa.table(
        {
            "url": _text(columns[0]),
            "title": _text(columns[1]),
            "warc_date": _text(columns[2]),
            "faq": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct),
        }
    )
    out = io.BytesIO()
    pq.write_table(
        table,
        out,
        compression=compression,
        use_dictionary=bool(options & 4),
        row_group_size=2 if options & 8 else 1 << 20,
        write_page_checksum=bool(options & 16),
        store_schema=bool(options & 32),
    )
    return out.getvalue()


def _text(values: list[bytes | None]) -> pa.Array:
    return pa.array(values, pa.binary()).cast(pa.string(), safe=False)


def owi_seeds() -> list[bytes]:
    """Eight bytes of options (raw or built, file options, three damaged bytes), then rows."""
    rows = [
        [b"https://a.org/", b"T", b"2026-10-03T12:00:00Z", b"Q?", b"A.", b"en", b"Q2?", b"<p>B</p>", b""],
        [b"http://b.org", b"", b"x"],
        [b"", b"T\xff", b"0001-01-01T00:00:00+10:00", b"Q", b"\xed\xa0\x80", b"de"],
    ]
    body = ROW.join(FIELD.join(row) for row in rows)
    seeds = [bytes([1, options, 0, 0, 0, 0, 0, 0]) + body for options in range(0, 64, 3)]
    seeds += [bytes([1, 12, at, 7, at + 9, 3, at + 20, 255]) + body for at in range(0, 220, 20)]
    return seeds + [bytes(8) + owi_file(rows, options=options) for options in (0, 1, 2, 7, 28)]

"""One input file of any format -> its pages, with every record, row and byte accounted for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from extract.context import PageContext
from extract.faqpage import FoundQuestion, find_questions
from extract.inputs import InputFormat
from extract.items import Syntax, Text
from extract.owi import OwiPage, OwiScan, read_owi
from extract.page import counts, extract_items, extract_page, mentions_faqpage
from extract.warc import WarcLimits, WarcScan, read_responses
from extract.warc_model import Response
from extract.wdc import WdcLimits, WdcScan, read_wdc
from pipeline.core.config import ExtractConfig
from pipeline.core.manifest import Shard
from pipeline.core.outcomes import RecordOutcome, ShardOutcome
from pipeline.core.records import LostBytes, Page, PairRaw, Scan

BATCH_BYTES = 2 << 20
"""Bodies of candidate pages that are gathered before they are extracted one after the other."""


@dataclass(slots=True)
class ShardScan:
    """What has been seen of an input file: filled while `read_pages` runs, final when it ends."""

    source: WarcScan | OwiScan | WdcScan | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of pages that became rows."""

    def row(self, shard: Shard, *, error: str | None, n_pages: int, n_pairs: int, seconds: float) -> Scan:
        """Return the file's row of table `scan`; `error` says why the file is unreadable.

        Raises RuntimeError where a record has no outcome or more than one: a defect, not bad data.
        """
        outcomes = self.outcomes + Counter({str(k): n for k, n in self._skipped().items()})
        if error is None:
            self._check_conservation(outcomes, n_pages)
        losses = [LostBytes(x.offset, x.n_bytes, x.n_members, x.reason) for x in self._losses()]
        return Scan(
            input_file=shard.input,
            shard_id=shard.id,
            outcome=_shard_outcome(error, losses),
            error=error,
            n_bytes=self.source.n_bytes if self.source else 0,
            n_bytes_lost=sum(loss.n_bytes for loss in losses),
            n_members_lost=sum(loss.n_members for loss in losses),
            losses=losses,
            records=counts(self.records()),
            outcomes=counts(outcomes),
            n_pages=n_pages,
            n_pairs=n_pairs,
            seconds=round(seconds, 3),
        )

    def records(self) -> Counter[str]:
        """Return the file's records by type: WARC types, or the rows and lines of other formats."""
        match self.source:
            case WarcScan(records=records):
                return records
            case OwiScan(n_rows=n_rows):
                return Counter(row=n_rows)
            case WdcScan(n_pages=n_pages, n_quads=n_quads, n_malformed=n_malformed):
                return Counter(page=n_pages, quad=n_quads, malformed_line=n_malformed)
        return Counter()

    def _skipped(self) -> Counter[RecordOutcome]:
        return self.source.outcomes if self.source else Counter()

    def _losses(self) -> Iterable[LostBytes]:
        return self.source.losses if self.source else ()  # type: ignore[return-value]  # the same fields

    def _check_conservation(self, outcomes: Counter[str], n_pages: int) -> None:
        match self.source:
            case WarcScan(records=records):
                n_in = records["response"] + records["resource"]
            case OwiScan(n_rows=n_rows, n_rows_lost=n_lost):
                n_in = n_rows - n_lost
            case WdcScan(n_pages=n_in):
                pass
            case _:
                return
        if n_in != outcomes.total() or n_pages != self.outcomes.total():
            raise RuntimeError(
                f"{n_in} records, {outcomes.total()} outcomes, {n_pages} pages: {dict(outcomes)}"
            )


def _shard_outcome(error: str | None, losses: list[LostBytes]) -> ShardOutcome:
    if error is not None:
        return ShardOutcome.UNREADABLE
    return ShardOutcome.PARTLY_READ if losses else ShardOutcome.READ


def read_pages(
    stream: BinaryIO, *, shard: Shard, config: ExtractConfig, scan: ShardScan
) -> Iterator[tuple[Page, list[PairRaw]]]:
    """Yield the candidate pages of an input file with their pairs, holding one page at a time.

    Raises ShardError where the file is not of its format, TransientError where the stream itself fails.
    """
    read = {InputFormat.WARC: _warc_pages, InputFormat.OWI: _owi_pages, InputFormat.WDC: _wdc_pages}
    for page, pairs in read[InputFormat(shard.format)](stream, shard.input, config, scan):
        scan.outcomes[page.outcome] += 1
        yield page, pairs


Pages = Iterator[tuple[Page, list[PairRaw]]]


def _warc_pages(stream: BinaryIO, name: str, config: ExtractConfig, scan: ShardScan) -> Pages:
    limits = WarcLimits(config.max_record_bytes, config.max_compression_ratio)
    scan.source = WarcScan()
    responses = read_responses(
        stream,
        scan=scan.source,
        limits=limits,
        wanted=mentions_faqpage,
        verify_digests=config.verify_digests,
    )
    for batch in _batches(responses):
        for response in batch:
            yield extract_page(response, warc_file=name, config=config)


def _batches(responses: Iterator[Response]) -> Iterator[list[Response]]:
    """Gather candidates: extracting several in a row finds the code and its data in the processor's cache."""
    batch: list[Response] = []
    n_bytes = 0
    for response in responses:
        batch.append(response)
        n_bytes += len(response.body)
        if n_bytes >= BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    yield batch


def _owi_pages(stream: BinaryIO, name: str, config: ExtractConfig, scan: ShardScan) -> Pages:
    scan.source = OwiScan()
    for page in read_owi(stream, scan=scan.source):
        yield extract_items(
            _stand_in(page.url, page.date or "", page.row, "row"),
            context=PageContext(
                page.url,
                title=page.title,
                description=page.description,
                keywords=page.keywords,
                author=page.author,
            ),
            questions=lambda page=page: _owi_questions(page),  # type: ignore[misc]
            warc_file=name,
            config=config,
        )


def _owi_questions(page: OwiPage) -> Iterator[FoundQuestion]:
    for position, row in enumerate(page.questions):
        language = row.language or None
        yield FoundQuestion(
            texts=(Text(row.question, language),),
            answers=((Text(row.answer, language),),),
            position=position,
            syntax=Syntax.UNKNOWN,
            language=language,
        )


def _wdc_pages(stream: BinaryIO, name: str, config: ExtractConfig, scan: ShardScan) -> Pages:
    scan.source = WdcScan()
    limits = WdcLimits(max_page_bytes=config.max_record_bytes)
    for page in read_wdc(stream, scan=scan.source, limits=limits):
        yield extract_items(
            _stand_in(page.url, "", page.offset, "page"),
            context=PageContext(page.url),
            questions=lambda page=page: find_questions(page.items, Syntax.UNKNOWN),  # type: ignore[misc]
            warc_file=name,
            config=config,
        )


def _stand_in(url: str, date: str, offset: int, record_type: str) -> Response:
    return Response(
        url=url,
        date=date,
        record_id="",
        offset=offset,
        record_type=record_type,
        status=None,
        headers=(),
        content_type=None,
        http_charset=None,
        body=b"",
        truncated=None,
    )

"""The slow path through a damaged or unusual archive: every record proven, every byte accounted for."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from io import BytesIO

from fastwarc.warc import ArchiveIterator

from extract.warc_judge import HTTP_HEAD_BYTES, ShortBodyError, is_fault, judge, parse_http
from extract.warc_members import HEAD_BYTES, Budget, Member, MemberGroup, MemberScanner
from extract.warc_model import Loss, LossReason, Response, WarcLimits, WarcScan
from extract.warc_records import HEAD_END, RECORD_START, PieceReader, Span, parse_head, read_span
from extract.warc_source import Codec, Source
from pipeline.core.outcomes import RecordOutcome

_WINDOW_BYTES = 1 << 20

Walk = Generator[Response, None, int]  # yields responses, returns the offset up to which the file is done


@dataclass(slots=True)
class Run:
    """One reading of one file."""

    source: Source
    name: str
    scan: WarcScan
    limits: WarcLimits
    wanted: Callable[[bytes], object]
    verify_digests: bool
    recognised: bool = False  # whether anything in the file was a WARC record

    def lose(self, start: int, end: int, n_members: int, reason: LossReason) -> None:
        """Note the loss of `[start, end)`, joined to the last one if that ends here."""
        if start >= end and not n_members:
            return
        losses = self.scan.losses
        if losses and losses[-1].offset + losses[-1].n_bytes == start:
            last = losses.pop()
            start, n_members, reason = last.offset, last.n_members + n_members, last.reason
        losses.append(Loss(start, end - start, n_members, reason))

    def count(self, record_type: str, outcome: RecordOutcome) -> None:
        """Count a record that is not delivered."""
        self.scan.records[record_type] += 1
        if record_type in ("response", "resource"):
            self.scan.outcomes[outcome] += 1

    def deliver(self, span: Span, offset: int) -> Iterator[Response]:
        """Judge and count one whole record of the slow path; yields it if it is wanted."""
        self.recognised = True
        if span.head is None:
            return
        self.scan.records[span.head.record_type] += 1
        if span.head.record_type not in ("response", "resource"):
            return
        judged = _judge_content(span.content, offset, self)
        if isinstance(judged, Response):
            yield judged
        else:
            self.scan.outcomes[judged] += 1

    @property
    def keep_bytes(self) -> int:
        """Longest block of which all is kept; a longer one's body is too large whatever its head."""
        return self.limits.max_record_bytes + HTTP_HEAD_BYTES


def new_scanner(run: Run, codec: Codec) -> MemberScanner:
    """A scanner under the limits of the run; its ratio counts beyond a record of the largest size."""
    return MemberScanner(run.source, codec, run.limits.max_compression_ratio, run.keep_bytes)


def walk_members(run: Run, scanner: MemberScanner, offset: int, skip: int, until: int | None) -> Walk:
    """Read verified members from `offset`, the first `skip` records of the first one excepted.

    Returns after the first whole member beyond `until`, or at the end of the file.
    """
    known: Member | None = None
    while offset < run.source.n_bytes:
        member = known or scanner.member(offset)
        if member.end is not None and (member.is_archive or not member.n_decoded):
            group, known = _group(run, scanner, member)
            yield from _read_group(run, group, skip)
            offset = group.end
            if until is not None and member.offset > until:
                break
        else:
            scanner.budget.charge(member.n_read, member.n_decoded)
            known, n_damaged = scanner.next_good(offset + 1)
            offset = known.offset if known else run.source.n_bytes
            yield from _read_damaged(run, member, offset, n_damaged, at_end=known is None)
        skip = 0
    return offset


def _group(run: Run, scanner: MemberScanner, member: Member) -> tuple[MemberGroup, Member | None]:
    """The member and those after it that continue its records, and the member beyond, if one was looked at.

    Some writers give a record's header, HTTP head and body a member each; bgzip cuts anywhere.
    """
    group = MemberGroup([member])
    while member.n_decoded and group.end < run.source.n_bytes:
        following = scanner.member(group.end)
        if following.end is None or following.is_archive or not following.n_decoded:
            return group, following
        group.add(following)
    return group, None


def _read_group(run: Run, group: MemberGroup, skip: int) -> Iterator[Response]:
    """Read the records of verified members; what in them is no whole record is a loss."""
    reader = PieceReader(group.pieces())
    run.recognised = run.recognised or group.members[0].is_archive
    while span := read_span(reader, keep_bytes=run.keep_bytes, digest=run.verify_digests):
        if span.fault is None and skip > 0:
            skip -= 1
        elif span.fault is None and span.digest_holds is not False:
            yield from run.deliver(span, group.member_at(span.start).offset)
        else:
            start = group.offset_of(span.start)
            whole = span.fault is None and reader.peek(1)  # only this record is wrong
            end = group.offset_of(span.end) if whole else group.end
            n_members = sum(start <= member.offset < end for member in group.members)
            run.lose(start, end, max(n_members, 1), LossReason.DAMAGED_RECORD)
            if span.fault is not None:
                return


def _read_damaged(run: Run, member: Member, end: int, n_damaged: int, *, at_end: bool) -> Iterator[Response]:
    """Save what can be proven of a damaged member, and note the rest, up to `end`, as lost."""
    reason = member.fault or LossReason.DAMAGED_RECORD
    if reason is LossReason.TRUNCATED and not at_end:
        reason = LossReason.DAMAGED_MEMBER
    n_saved = 0
    if member.is_archive:
        run.recognised = True
        n_saved = yield from _salvage(run, member, reason)
    start = member.offset + (member.n_read_for(n_saved) if n_saved else 0)
    run.lose(start, end, n_damaged + (reason is not LossReason.GARBAGE), reason)
    run.recognised = run.recognised or n_damaged > 0


def _salvage(run: Run, member: Member, reason: LossReason) -> Walk:
    """Deliver the records of a damaged member of several that are proven good; returns their decoded length.

    Proof is a block digest that holds or, if the record has none, that the decoder failed only later, beyond
    the next record's start. A wrong checksum at the member's end proves nothing of where the damage is. No
    digest covers the record's own header: the only record of a member is not saved.
    """
    reader = PieceReader(member.pieces())
    held: Span | None = None
    n_saved = n_seen = 0
    while span := read_span(reader, keep_bytes=run.keep_bytes, digest=True):
        n_seen += span.head is not None
        if held is not None:
            proven = held.digest_holds or (held.digest_holds is None and not member.unlocated)
            if n_seen < 2 or not proven:
                return n_saved
            yield from run.deliver(held, member.offset)
            n_saved = held.end
        held = span
        if span.fault is not None:
            break
    if held is None or held.head is None:
        return n_saved
    if n_seen > 1 and held.fault is None and held.digest_holds:
        yield from run.deliver(held, member.offset)
        return held.end
    if reason is LossReason.TRUNCATED:
        run.count(held.head.record_type, RecordOutcome.TRUNCATED)
    elif reason is LossReason.COMPRESSION_RATIO:
        run.count(held.head.record_type, RecordOutcome.TOO_LARGE)
    return n_saved


def walk_records(run: Run, budget: Budget, offset: int, skip: int, until: int | None) -> Walk:
    """As `walk_members`, for the records of a plain WARC file."""
    reader, base = PieceReader(_file_pieces(run.source, offset)), offset
    while span := read_span(reader, keep_bytes=run.keep_bytes, digest=run.verify_digests):
        start = base + span.start
        if span.fault is not None:
            offset = _lose_record(run, budget, span, start)
            reader, base = PieceReader(_file_pieces(run.source, offset)), offset
            continue
        run.recognised = True
        if skip > 0:
            skip -= 1
        elif span.digest_holds is False:
            run.lose(start, base + span.end, 1, LossReason.DAMAGED_RECORD)
        else:
            yield from run.deliver(span, start)
        if until is not None and start > until:
            return base + span.end
    return run.source.n_bytes


def _lose_record(run: Run, budget: Budget, span: Span, start: int) -> int:
    """Note the loss from a damaged record at `start` to the next whole one, whose offset is returned."""
    budget.charge(span.end - span.start, 0)
    following, n_damaged = next_record(run, start + 1, budget, run.source.n_bytes)
    end = run.source.n_bytes if following is None else following
    reason = span.fault or LossReason.DAMAGED_RECORD
    if reason is LossReason.TRUNCATED and following is not None:
        reason = LossReason.DAMAGED_RECORD
    if reason is LossReason.TRUNCATED and span.head is not None:
        run.count(span.head.record_type, RecordOutcome.TRUNCATED)
    n_members = n_damaged + (reason is not LossReason.GARBAGE)
    is_record = span.head is not None or reason is LossReason.TRUNCATED
    run.recognised = run.recognised or is_record or n_damaged > 0
    run.lose(start, end, n_members, reason)
    return end


def next_record(run: Run, offset: int, budget: Budget, stop: int) -> tuple[int | None, int]:
    """Offset of the first whole record in `[offset, stop)`, and how many damaged ones precede it."""
    n_damaged = 0
    while offset < stop and budget.left_bytes > 0:
        window = run.source.at(offset, _WINDOW_BYTES + HEAD_BYTES)
        for start, head_end in _heads(window):
            at = offset + start
            if start >= _WINDOW_BYTES or at >= stop or budget.left_bytes <= 0:
                break
            if parse_head(window[start:head_end]) is None:
                budget.charge(head_end - start, 0)
                continue
            reader = PieceReader(_file_pieces(run.source, at))
            span = read_span(reader, keep_bytes=0)
            if span is not None and span.fault is None:
                return at, n_damaged
            n_damaged += 1
            budget.charge(reader.position, 0)
        offset += _WINDOW_BYTES
    return None, n_damaged


def _heads(window: bytes) -> Iterator[tuple[int, int]]:
    """Where header blocks of records may begin and end, each end once: with the last beginning before it."""
    start = head_end = 0
    for match in RECORD_START.finditer(window):
        if head_end <= match.start():
            if 0 < head_end <= start + HEAD_BYTES:
                yield start, head_end
            end = HEAD_END.search(window, match.start())
            head_end = end.end() if end else len(window) + HEAD_BYTES
        start = match.start()
    if 0 < head_end <= min(start + HEAD_BYTES, len(window)):
        yield start, head_end


def _file_pieces(source: Source, offset: int) -> Iterator[bytes]:
    while piece := source.at(offset, 64 << 10):
        yield piece
        offset += len(piece)


def _judge_content(content: bytes, offset: int, run: Run) -> Response | RecordOutcome:
    """As `judge`, for a whole record in memory."""
    try:
        record = next(iter(ArchiveIterator(BytesIO(content), parse_http=False, max_header_len=HEAD_BYTES)))
        parse_http(record)
    except BaseException as error:
        if not is_fault(error):
            raise
        return RecordOutcome.NO_HTTP
    try:
        return judge(record, offset, limits=run.limits, wanted=run.wanted)
    except ShortBodyError:  # a head with two lengths: FastWARC takes the one that `parse_head` does not
        return RecordOutcome.NO_HTTP

"""What can become of an input: every record, page, question, shard and query ends as exactly one of these."""

from enum import StrEnum


class RecordOutcome(StrEnum):
    """What became of one response (or resource) record of a crawl, or one page of another source.

    The members up to `FAILED` are candidates' outcomes: such a page has a row in `pages`. The rest
    never become candidates and are only counted, in `scan`.
    """

    EXTRACTED = "extracted"  # at least one pair
    NO_PAIRS = "no_pairs"  # a FAQPage item without one complete pair
    MENTION_ONLY = "mention_only"  # the bytes name FAQPage, no item is one
    OPTED_OUT = "opted_out"  # the publisher asks for no reuse
    TIMED_OUT = "timed_out"  # stopped at `extract.page_timeout_s`
    TOO_COMPLEX = "too_complex"  # nested or branched beyond the parser's limits
    UNDECODABLE = "undecodable"  # no character set; or (then only counted) a broken Content-Encoding
    FAILED = "failed"  # an error of ours; the page's row says which

    NO_MARKUP = "no_markup"  # HTML that names no FAQPage
    NOT_HTML = "not_html"
    NOT_OK = "not_ok"  # an HTTP status other than 2xx
    TOO_LARGE = "too_large"  # over `extract.max_record_bytes` or the decompression ratio
    TRUNCATED = "truncated"  # the file ends within the record
    NO_HTTP = "no_http"  # not an HTTP response, or its head cannot be read


class QuestionOutcome(StrEnum):
    """What became of one Question item found on a page."""

    PAIR = "pair"
    NO_QUESTION = "no_question"  # no text in `name` (or `text`)
    NO_ANSWER = "no_answer"  # no text in any accepted or suggested answer
    REPEATED = "repeated"  # the same pair stands earlier on the page, in this or another syntax
    OVER_LIMIT = "over_limit"  # beyond `extract.max_pairs_per_page` or longer than `max_text_chars`


class ShardOutcome(StrEnum):
    """What became of one input file."""

    READ = "read"
    PARTLY_READ = "partly_read"  # some bytes were lost to damage or truncation, and counted
    UNREADABLE = "unreadable"  # nothing could be read


class Split(StrEnum):
    """What a query of the retrieval set is for; documents have one of the first three."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    OVERLAP = "overlap"  # a positive belongs to another split: neither trained on nor evaluated

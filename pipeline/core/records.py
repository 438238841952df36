"""Every table's columns, each defined once, as a frozen dataclass.

`pipeline.core.table` derives the Arrow schema, the Spark schema and the column list of the documentation
from these classes. A change of columns raises `SCHEMA_VERSION`; a golden test makes the change explicit.
The docstring below a field describes the column wherever the table is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Alternate:
    """One translation of a page, as the page itself declares it."""

    hreflang: str
    """Language tag as written, or `x-default`."""
    url: str
    """Absolute URL."""


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was seen."""

    name: str
    n: int


@dataclass(frozen=True, slots=True)
class LostBytes:
    """One stretch of an input file that could not be read."""

    offset: int
    """First lost byte of the file as stored."""
    n_bytes: int
    n_members: int
    """Records (gzip members, zstd frames) recognised as starting within the stretch."""
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One candidate page: its bytes name FAQPage."""

    TABLE: ClassVar[str] = "pages"
    SCHEMA_VERSION: ClassVar[int] = 1

    page_id: str
    """md5 hex of url, crawl date and record id, joined by newlines."""
    url: str
    """Address as crawled."""
    origin: str
    """Host name of the address in lower case, without port."""
    outcome: str
    """What became of the page (RecordOutcome)."""
    detail: str | None
    """Why, where the outcome alone does not say it."""
    n_questions: int
    """Question items found."""
    n_pairs: int
    """Pairs written to pairs_raw."""
    questions: list[Count]
    """What became of the questions (QuestionOutcome -> n); sums up to n_questions."""
    n_pairs_by_syntax: list[Count]
    """Pairs found by syntax, before the page's repetitions are dropped."""
    repairs: list[str]
    """Repairs that the page's JSON-LD blocks needed."""
    n_broken_blocks: int
    """JSON-LD blocks of which nothing could be read."""
    http_status: int | None
    content_type: str | None
    """Media type of the HTTP header, in lower case."""
    charset: str | None
    """Character set the page was decoded with."""
    charset_source: str | None
    """What told the character set: bom, http, meta, detected."""
    title: str | None
    description: str | None
    keywords: str | None
    author: str | None
    canonical: str | None
    """Absolute canonical URL that the page declares."""
    html_lang: str | None
    """Language tag of the html element, as written."""
    content_language: str | None
    """Content-Language, from HTTP or meta, as written."""
    og_locale: str | None
    alternates: list[Alternate]
    """hreflang links."""
    opt_out: list[str]
    """Signals by which the publisher reserves reuse, such as `meta-robots:noindex`."""
    n_bytes: int
    """Length of the decoded body."""
    crawl_date: datetime | None
    """When the page was fetched (UTC)."""
    warc_file: str
    """Input file."""
    warc_offset: int
    """Byte offset of the record in the file as stored; for owi the row, for wdc the offset in the text."""
    warc_record_id: str | None


@dataclass(frozen=True, slots=True)
class PairRaw:
    """One question with one answer, as extracted, before cleaning."""

    TABLE: ClassVar[str] = "pairs_raw"
    SCHEMA_VERSION: ClassVar[int] = 1

    id: str
    """md5 hex of question, a space and answer, newlines as spaces: the key of the published WebFAQ data."""
    question: str
    """Text on one line."""
    answer: str
    """Text; paragraphs and list items on lines of their own."""
    answer_html: str | None
    """The answer as written in the markup; only with `extract.keep_answer_html`."""
    url: str
    origin: str
    title: str | None
    description: str | None
    page_id: str
    position: int
    """Index of the question on its page, from 0."""
    answer_index: int
    """Index of the answer to its question, from 0."""
    syntax: str
    """jsonld, microdata or rdfa; unknown where the source holds extracted items."""
    also_in: list[str]
    """Further syntaxes in which the page states the same pair."""
    repairs: list[str]
    """How the malformed block was recovered; empty for a well-formed one."""
    markup_language: str | None
    """Language tag that the markup declares for the pair."""
    html_lang: str | None
    content_language: str | None
    og_locale: str | None
    alternates: list[Alternate]
    crawl_date: datetime | None
    warc_file: str
    warc_offset: int
    warc_record_id: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """One input file: what was in it, what was lost, and what became of its pages."""

    TABLE: ClassVar[str] = "scan"
    SCHEMA_VERSION: ClassVar[int] = 1

    input_file: str
    shard_id: str
    """Hash of the file's identity (path, size, version), the configuration and the stage version."""
    outcome: str
    """ShardOutcome."""
    error: str | None
    """Why the file is unreadable."""
    n_bytes: int
    """Bytes of the file as stored."""
    n_bytes_lost: int
    n_members_lost: int
    losses: list[LostBytes]
    records: list[Count]
    """Records by WARC type."""
    outcomes: list[Count]
    """What became of the response and resource records (RecordOutcome); sums up to their number."""
    n_pages: int
    """Rows written to pages."""
    n_pairs: int
    """Rows written to pairs_raw."""
    seconds: float
    """Wall time of reading and extracting."""


@dataclass(frozen=True, slots=True)
class CleanPair:
    """The columns that a pair has once it is cleaned and its language is known."""

    id: str
    """md5 hex of question, a space and answer as cleaned: the key of the published WebFAQ data."""
    question: str
    answer: str
    language: str
    """ISO 639-3 code, `und` where no language was recognised."""
    script: str
    """ISO 15924 code of the script that most letters are in, `Zyyy` without letters."""
    language_score: float
    """Estimated probability, in [0, 1], that the language is right."""
    language_source: str
    """What decided the language: see `extract.langid.Source`."""
    flags: list[str]
    """Doubts that did not drop the pair, such as `languages_differ` of question and answer."""
    changes: list[str]
    """Cleaning rules that changed the text, in their order."""
    masked: list[Count]
    """Personal data replaced by a placeholder, by kind; only with `clean.mask`."""
    url: str
    origin: str
    title: str | None
    description: str | None
    page_id: str
    position: int
    """Index of the question on its page, from 0."""
    answer_index: int
    """Index of the answer to its question, from 0."""
    syntax: str
    also_in: list[str]
    repairs: list[str]
    alternates: list[Alternate]
    crawl_date: datetime | None
    warc_file: str
    warc_offset: int
    warc_record_id: str | None
    raw_id: str
    """Id of the pair in pairs_raw, before cleaning."""


@dataclass(frozen=True, slots=True)
class Cleaned(CleanPair):
    """One row of pairs_raw after the cleaning rules, in the same order, whether they dropped it or not."""

    TABLE: ClassVar[str] = "cleaned"
    SCHEMA_VERSION: ClassVar[int] = 1

    dropped_by: str | None
    """The rule that dropped the pair; question and answer are as they stood then."""
    rank: int
    """Among equal pairs the smallest rank is kept: the shortest URL, then a hash of where it stands."""
    answer_key: int
    """64-bit hash of the answer's letters and digits, whatever their case; 0 for short answers."""
    fact_key: int
    """64-bit hash of the numbers and names in the pair: near-duplicates agree in it."""
    template_key: int
    """64-bit hash of site, language and the question without what it is about; 0 without such a frame."""
    bands: list[int]
    """64-bit MinHash band keys; empty for dropped pairs and where near-duplicates are not looked for."""


@dataclass(frozen=True, slots=True)
class Pair(CleanPair):
    """One clean question-answer pair that stands for all its duplicates."""

    TABLE: ClassVar[str] = "pairs"
    SCHEMA_VERSION: ClassVar[int] = 1

    n_sightings: int
    """Rows of pairs_raw that became exactly this pair."""
    cluster_id: str
    """Id of the pair that stands for its near-duplicates: this one's own."""
    cluster_size: int
    """Rows of pairs_raw that this pair stands for, exact and near-duplicates, itself included."""
    template_id: str | None
    """Smallest id among the siblings: pairs that differ in a number or a name alone; null without any."""
    template_size: int
    """Pairs with the same template_id, 1 without one."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One cleaned pair that another one stands for."""

    TABLE: ClassVar[str] = "duplicates"
    SCHEMA_VERSION: ClassVar[int] = 1

    id: str
    kept_id: str
    """Id of the pair that stands for it in table pairs."""
    kind: str
    """exact or near."""
    language: str
    url: str
    origin: str
    page_id: str
    position: int
    answer_index: int
    raw_id: str


@dataclass(frozen=True, slots=True)
class Link:
    """Two different pairs of almost the same text, as compared in full."""

    TABLE: ClassVar[str] = "links"
    SCHEMA_VERSION: ClassVar[int] = 1

    id_a: str
    """The smaller id."""
    id_b: str
    jaccard: float
    """Similarity of the two sets of n-grams, in [0, 1]."""
    same_facts: bool
    """Whether numbers and names agree: True makes them near-duplicates, False siblings of one template."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A dropped pair, kept as an example: a sample by hash of the raw id."""

    TABLE: ClassVar[str] = "rejects"
    SCHEMA_VERSION: ClassVar[int] = 1

    reason: str
    """The rule that dropped it."""
    question: str
    """As it stood when it was dropped."""
    answer: str
    language: str
    """Language of the text as it stood, for the count by language."""
    url: str
    origin: str
    page_id: str
    position: int
    answer_index: int
    raw_id: str


@dataclass(frozen=True, slots=True)
class StepCount:
    """What one rule did to the pairs of one language in one part of `cleaned`."""

    TABLE: ClassVar[str] = "counts"
    SCHEMA_VERSION: ClassVar[int] = 1

    language: str
    step: str | None
    """The rule; null for the pairs that passed all of them."""
    n_ended: int
    """Pairs that the rule dropped; for null, that were kept."""
    n_changed: int


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """What one rule did to the pairs of one language, over all input."""

    TABLE: ClassVar[str] = "funnel"
    SCHEMA_VERSION: ClassVar[int] = 1

    step: int
    """Place of the rule in the order, from 0."""
    rule: str
    language: str
    n_in: int
    n_out: int
    n_changed: int
    """Pairs whose text the rule changed."""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What models say about one pair; null where the model was not asked for."""

    TABLE: ClassVar[str] = "enrichments"
    SCHEMA_VERSION: ClassVar[int] = 1

    id: str
    semantic_similarity: float | None
    """Cosine of the embeddings, in [-1, 1]; null, with a model named, where one has no direction."""
    similarity_model: str | None
    """Model id and revision, `id@revision`."""
    topic: str | None
    topic_score: float | None
    topic_model: str | None
    question_type: str | None
    question_type_score: float | None
    question_type_model: str | None


@dataclass(frozen=True, slots=True)
class Bitext:
    """Two pairs in different languages of which one translates the other."""

    TABLE: ClassVar[str] = "bitexts"
    SCHEMA_VERSION: ClassVar[int] = 1

    id_a: str
    """Id in table pairs, of the pair whose language code comes first in the alphabet."""
    id_b: str
    language_a: str
    language_b: str
    site: str
    """Registered domain, or host with `align.site = "origin"`."""
    score: float
    """Estimated probability, in [0, 1], that one translates the other."""
    numbers: float
    """Weight of evidence, in nats, of the numbers in both; 0 says nothing."""
    tokens: float
    """The same of words and addresses that stay as they are across languages."""
    length: float
    """The same of the lengths, as expected of the languages."""
    position: float
    """Probability of the two places on their pages, whatever stands there, if these are translations."""
    hreflang: bool
    """One page names the other as its translation."""
    same_path: bool
    """The pages' addresses differ in the language alone."""
    similarity: float | None
    """Cosine of the embeddings; null where the embedder does not bring the two together."""
    margin: float | None
    """Ratio of the cosine to those of the nearest neighbours; null likewise."""
    question_a: str
    answer_a: str
    question_b: str
    answer_b: str
    url_a: str
    url_b: str


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One pair of a parallel group."""

    language: str
    id: str


@dataclass(frozen=True, slots=True)
class ParallelGroup:
    """One question with its answer in all languages of a site that have it: no bitext contradicts it."""

    TABLE: ClassVar[str] = "parallel_groups"
    SCHEMA_VERSION: ClassVar[int] = 1

    group_id: str
    """Smallest id of its members."""
    site: str
    n_languages: int
    members: list[GroupMember]
    """One pair a language, in the order of the codes."""
    min_score: float
    """Score of the weakest bitext that holds the group together."""


@dataclass(frozen=True, slots=True)
class SwapTest:
    """What alignment accepts between pages that are no translations, for one pair of languages.

    Each page pair's second page is replaced by another page of its site in the same languages. Where an
    embedder looks for translations off the pages, known ones are taken away as well.
    """

    TABLE: ClassVar[str] = "swap_test"
    SCHEMA_VERSION: ClassVar[int] = 2

    language_a: str
    language_b: str
    n_page_pairs: int = 0
    """Page pairs of these languages, by the first language of each page."""
    n_aligned: int = 0
    """Alignments accepted between them."""
    n_swapped_page_pairs: int = 0
    n_swapped_aligned: int = 0
    """Alignments accepted between swapped pages; each is wrong, or right by chance."""
    wrong_share: float | None = None
    """Accepted a swapped page pair over accepted a page pair: what would be wrong if no page were the
    translation it is taken for; null where nothing could be swapped or was aligned."""
    n_removed: int = 0
    """Known translations that were taken away, so that an embedder could find none."""
    n_removed_aligned: int = 0
    """Alignments that it made all the same of the pairs left behind; each is wrong."""


@dataclass(frozen=True, slots=True)
class Document:
    """One answer of a language as what is searched: equal answers and near-duplicates are one document."""

    TABLE: ClassVar[str] = "corpus"
    SCHEMA_VERSION: ClassVar[int] = 1

    doc_id: str
    """md5 hex of language, a newline and text."""
    language: str
    text: str
    """The answer; of near-duplicates that state the same facts, the one that most pairs have."""
    split: str
    """train where one of its sites is of train, else dev where one is of dev, else test."""
    sites: list[str]
    """Registered domains of its pairs, in order."""
    near_id: str | None
    """Smallest doc_id among all that near-duplicates lead to from here, whatever their facts; null alone."""
    question_keys: list[int]
    """64-bit hashes of the questions that it answers, in order: see Query.question_key."""
    group_ids: list[str]
    """Parallel groups of its pairs, in order; empty where nothing is aligned."""
    pair_id: str
    """Smallest id of its pairs."""
    n_pairs: int
    """Pairs whose answer it is."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a site, with all its answers there as positives."""

    TABLE: ClassVar[str] = "queries"
    SCHEMA_VERSION: ClassVar[int] = 1

    query_id: str
    """md5 hex of language, site and the question's letters and digits, whatever their case, by newlines."""
    language: str
    text: str
    """As in the pair pair_id."""
    site: str
    """Registered domain."""
    split: str
    """train, dev or test by the site; overlap where a positive is of another split: of no use to either."""
    question_key: int
    """64-bit hash of the question's letters and digits, whatever their case: equal across sites."""
    group_ids: list[str]
    """Parallel groups of its pairs, in order; empty where nothing is aligned."""
    pair_id: str
    """Smallest id of its pairs."""
    n_positives: int


@dataclass(frozen=True, slots=True)
class Qrel:
    """One document that answers one query."""

    TABLE: ClassVar[str] = "qrels"
    SCHEMA_VERSION: ClassVar[int] = 1

    query_id: str
    doc_id: str
    relevance: int
    """1: pairs know no other degree."""
    language: str
    split: str
    """The query's."""
    pair_id: str
    """Smallest id of the pairs that say so."""
    n_pairs: int
    """Pairs that say so: over all rows, the pairs in a known language."""


@dataclass(frozen=True, slots=True)
class DocumentVector:
    """The dense model's embedding of one document of the retrieval set."""

    TABLE: ClassVar[str] = "document_vectors"
    SCHEMA_VERSION: ClassVar[int] = 1

    doc_id: str
    vector: bytes
    """Components in half precision, multiples of 2^-11: their products are exact in single precision."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One document that a search found for one query."""

    TABLE: ClassVar[str] = "candidates"
    SCHEMA_VERSION: ClassVar[int] = 1

    query_id: str
    doc_id: str
    language: str
    rank: int
    """After fusion of all searches, from 1; positives have one, too, and beside them `mining.depth`
    others."""
    rrf_score: float
    """Sum of 1 / (mining.rrf_constant + rank) over the searches."""
    bm25_rank: int | None
    """Null where BM25 did not find the document."""
    bm25_score: float | None
    dense_rank: int | None
    """Null where the dense search did not find it, or none was asked for."""
    dense_score: float | None
    """Cosine."""
    is_positive: bool


@dataclass(frozen=True, slots=True)
class TeacherScore:
    """How well one document answers one query, as a teacher sees it: all candidates, and all positives."""

    TABLE: ClassVar[str] = "scores"
    SCHEMA_VERSION: ClassVar[int] = 1

    query_id: str
    doc_id: str
    is_positive: bool
    score: float | None
    """Raw: a logit, or an embedder's cosine; null where a cascade's last model was not asked."""
    teacher: str
    """Model id and revision, `id@revision`; `bootstrap-teacher` was trained on this corpus for want of
    one."""
    first_score: float | None
    """Of the cascade's first model; null without a cascade."""
    first_teacher: str | None


@dataclass(frozen=True, slots=True)
class Negative:
    """What became of one candidate: a negative of its query, or why not."""

    TABLE: ClassVar[str] = "negatives"
    SCHEMA_VERSION: ClassVar[int] = 1

    query_id: str
    doc_id: str
    language: str
    decision: str
    """`kept` for a negative, else the rule that took it (`mining.negatives_rules.Decision`)."""
    place: int | None
    """Among the query's negatives, from 1, the hardest first; null for the rest."""
    rank: int
    """Of the candidate."""
    score: float | None
    """The teacher's; null without one."""

"""What the report shows, gathered from the tables of a work folder in one pass over each.

What grows in memory: the funnel with rules times languages; counts by language with languages, those of
translations with languages squared, those of scores up to 1 MB a language; origins with their number up to
`MAX_ORIGINS`, beyond which their counts become lower bounds with a known error. Nothing grows with the number
of rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Manifest
from pipeline.core.records import (
    Bitext,
    Candidate,
    Document,
    Duplicate,
    Enrichment,
    FunnelStep,
    Negative,
    Page,
    Pair,
    PairRaw,
    ParallelGroup,
    Query,
    Reject,
    Scan,
    SwapTest,
    TeacherScore,
)
from pipeline.core.storage import exists
from pipeline.core.table import Record
from pipeline.report.bitexts import BitextFigures, GroupFigures, SwapFigures
from pipeline.report.funnel import Funnel, FunnelTally
from pipeline.report.mined import MinedFigures, mined_figures
from pipeline.report.retrieval import RetrievalFigures
from pipeline.report.tables import Counts, First, HeavyHitters, Lengths, batches, open_table

MAX_ORIGINS = 1_000_000
"""Origins counted exactly, in 170 MB (measured); twice that while the rarer half is forgotten."""

N_CLUSTERS = 8
N_SAMPLES_A_LANGUAGE = 2
N_REJECTS_A_REASON = 5
N_MINED_SAMPLE_LANGUAGES = 6

SIMILARITY_EDGES = [n / 20 for n in range(-20, 20)]
"""Lower edges of the bins of semantic similarity; the last one includes 1."""

_PAIR_COLUMNS = [
    *("id", "question", "answer", "language", "script", "flags", "url", "origin", "syntax", "repairs"),
    *("crawl_date", "n_sightings", "cluster_size", "template_id", "template_size"),
]
_SCAN_COLUMNS = ["outcome", "n_bytes", "n_bytes_lost", "n_pages", "outcomes"]
_REJECT_COLUMNS = ["reason", "question", "answer", "language", "url", "raw_id"]
_SIMILARITY_COLUMNS = ["semantic_similarity", "similarity_model"]


@dataclass(slots=True)
class PairFigures:
    """What one pass over table pairs gathers."""

    n: int = 0
    n_sightings: int = 0
    first_crawl: datetime | None = None
    last_crawl: datetime | None = None
    languages: Counts = field(default_factory=Counts)
    scripts: Counts = field(default_factory=Counts)
    syntaxes: Counts = field(default_factory=Counts)
    repairs: Counts = field(default_factory=Counts)
    flags: Counts = field(default_factory=Counts)
    origins: HeavyHitters = field(default_factory=lambda: HeavyHitters(MAX_ORIGINS))
    questions: Lengths = field(default_factory=Lengths)
    answers: Lengths = field(default_factory=Lengths)
    clusters: First = field(
        default_factory=lambda: First(N_CLUSTERS, order=[("cluster_size", "descending"), ("id", "ascending")])
    )
    templates: First = field(
        default_factory=lambda: First(
            1,
            order=[("template_size", "descending"), ("template_id", "ascending"), ("id", "ascending")],
            group="template_id",
            groups=N_CLUSTERS,
        )
    )
    samples: First = field(
        default_factory=lambda: First(N_SAMPLES_A_LANGUAGE, order=[("id", "ascending")], group="language")
    )

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        self.n += rows.num_rows
        self.n_sightings += pc.sum(rows["n_sightings"]).as_py() or 0
        dates = pc.min_max(rows["crawl_date"]).as_py()
        self.first_crawl = min(filter(None, (self.first_crawl, dates["min"])), default=None)
        self.last_crawl = max(filter(None, (self.last_crawl, dates["max"])), default=None)
        self.languages.add(rows["language"])
        self.scripts.add(rows["script"])
        self.syntaxes.add(rows["syntax"])
        self.repairs.add(rows["repairs"])
        self.flags.add(rows["flags"])
        self.origins.add(rows["origin"])
        self.questions.add(rows["question"])
        self.answers.add(rows["answer"])
        self.clusters.add(rows.filter(pc.greater(rows["cluster_size"], 1)))
        self.templates.add(rows.filter(pc.greater(rows["template_size"], 1)))
        self.samples.add(rows)

    def samples_by_language(self) -> dict[str, list[dict[str, Any]]]:
        """Return the samples of each language, the one with most pairs first."""
        found: dict[str, list[dict[str, Any]]] = {code: [] for code, _ in self.languages.ranked()}
        for row in self.samples.rows():
            found[row["language"]].append(row)
        return found

    def varied_languages(self, n: int) -> list[str]:
        """Return `n` large languages, at least one of each script before a second one; the largest first."""
        ranked = self.samples_by_language()
        first_of_script = {rows[0]["script"]: code for code, rows in reversed(ranked.items())}
        leading = [code for code in ranked if code in first_of_script.values()]
        chosen = {*[*leading, *(code for code in ranked if code not in leading)][:n]}
        return [code for code in ranked if code in chosen]


@dataclass(slots=True)
class ScanFigures:
    """What the crawl files held."""

    n_files: int = 0
    n_bytes: int = 0
    n_bytes_lost: int = 0
    n_pages: int = 0
    files: Counts = field(default_factory=Counts)
    """Files by ShardOutcome."""
    pages: Counts = field(default_factory=Counts)
    """Response records by RecordOutcome."""

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        self.n_files += rows.num_rows
        self.n_bytes += pc.sum(rows["n_bytes"]).as_py() or 0
        self.n_bytes_lost += pc.sum(rows["n_bytes_lost"]).as_py() or 0
        self.n_pages += pc.sum(rows["n_pages"]).as_py() or 0
        self.files.add(rows["outcome"])
        self.pages.add_counts(rows["outcomes"])


@dataclass(slots=True)
class SimilarityFigures:
    """Cosine of question and answer: counts by bin of `SIMILARITY_EDGES`, for each model."""

    bins: dict[str, list[int]] = field(default_factory=dict)

    def add(self, rows: pa.Table) -> None:
        """Take a batch in; rows without a similarity are left out."""
        rows = rows.filter(pc.is_finite(rows["semantic_similarity"]))
        models = rows["similarity_model"].fill_null("unknown")
        for model in pc.unique(models).to_pylist():
            scores = rows["semantic_similarity"].filter(pc.equal(models, model)).to_numpy()
            places = np.clip(np.searchsorted(SIMILARITY_EDGES, scores, side="right") - 1, 0, None)
            fresh = np.bincount(places, minlength=len(SIMILARITY_EDGES)).tolist()
            held = self.bins.get(model, [0] * len(fresh))
            self.bins[model] = [a + b for a, b in zip(held, fresh, strict=True)]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the report shows; None for what comes from a table that is not there."""

    pairs: PairFigures
    manifest: Manifest
    """Of table pairs."""
    n_raw: int | None
    questions: Counts | None
    """What became of the pages' questions (QuestionOutcome)."""
    scan: ScanFigures | None
    funnel: Funnel | None
    rejects: list[dict[str, Any]] | None
    duplicates: Counts | None
    """Removed pairs by kind."""
    similarity: SimilarityFigures | None
    bitexts: BitextFigures | None
    groups: GroupFigures | None
    swap_test: SwapFigures | None
    retrieval: RetrievalFigures | None
    mined: MinedFigures | None


class _Accumulator(Protocol):
    def add(self, rows: pa.Table) -> None: ...


_A = TypeVar("_A", bound=_Accumulator)


def gather(work: str) -> Figures:
    """Read every table of the work folder that the report shows.

    Raises ConfigError where there is no such folder or no table pairs in it.
    """
    if not exists(work):
        raise ConfigError(f"There is no folder {work}; `faqtory extract INPUT... --work {work}` makes it.")
    pairs, manifest = PairFigures(), open_table(work, Pair)
    if manifest is None:
        raise ConfigError(f"{work} has no table pairs; `faqtory clean --work {work}` makes it.")
    _read(work, Pair, _PAIR_COLUMNS, pairs.add)
    raw = open_table(work, PairRaw)
    questions, duplicates = Counts(), Counts()
    rejects = First(N_REJECTS_A_REASON, order=[("raw_id", "ascending")], group="reason")
    funnel = _gathered(work, FunnelStep, FunnelTally.COLUMNS, FunnelTally())
    retrieval = RetrievalFigures()
    has = {
        Page: _read(work, Page, ["questions"], lambda rows: questions.add_counts(rows["questions"])),
        Reject: _read(work, Reject, _REJECT_COLUMNS, rejects.add),
        Duplicate: _read(work, Duplicate, ["kind"], lambda rows: duplicates.add(rows["kind"])),
        Document: _read(work, Document, retrieval.DOCUMENT_COLUMNS, retrieval.add_documents),
        Query: _read(work, Query, retrieval.QUERY_COLUMNS, retrieval.add_queries),
    }
    for record in (Candidate, TeacherScore, Negative):
        open_table(work, record)
    return Figures(
        pairs=pairs,
        manifest=manifest,
        n_raw=raw.n_rows if raw else None,
        questions=questions if has[Page] else None,
        scan=_gathered(work, Scan, _SCAN_COLUMNS, ScanFigures()),
        funnel=funnel.funnel() if funnel else None,
        rejects=rejects.rows() if has[Reject] else None,
        duplicates=duplicates if has[Duplicate] else None,
        similarity=_gathered(work, Enrichment, _SIMILARITY_COLUMNS, SimilarityFigures()),
        bitexts=_gathered(work, Bitext, BitextFigures.COLUMNS, BitextFigures()),
        groups=_gathered(work, ParallelGroup, GroupFigures.COLUMNS, GroupFigures()),
        swap_test=_gathered(work, SwapTest, SwapFigures.COLUMNS, SwapFigures()),
        retrieval=retrieval if has[Document] and has[Query] else None,
        mined=mined_figures(work, sample_languages=pairs.varied_languages(N_MINED_SAMPLE_LANGUAGES)),
    )


def _gathered(work: str, record: type[Record], columns: Sequence[str], into: _A) -> _A | None:
    """Give every batch of a table to `into`; None where there is no such table."""
    return into if _read(work, record, columns, into.add) else None


def _read(work: str, record: type[Record], columns: Sequence[str], add: Callable[[pa.Table], None]) -> bool:
    """Give every batch of a table to `add`; False where there is no such table."""
    manifest = open_table(work, record)
    if manifest is None:
        return False
    for rows in batches(work, manifest, record=record, columns=columns):
        add(rows)
    return True

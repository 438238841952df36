"""The stages of the chain and the tables each one reads and writes: the list that everything else follows."""

from dataclasses import dataclass

from pipeline.core.records import (
    Bitext,
    Candidate,
    Cleaned,
    Document,
    DocumentVector,
    Duplicate,
    Enrichment,
    FunnelStep,
    Link,
    Negative,
    Page,
    Pair,
    PairRaw,
    ParallelGroup,
    Qrel,
    Query,
    Reject,
    Scan,
    StepCount,
    SwapTest,
    TeacherScore,
)
from pipeline.core.table import Record


@dataclass(frozen=True, slots=True)
class Stage:
    """One step from tables to tables; a raised version makes its finished work count as outdated."""

    name: str
    version: int
    reads: tuple[type[Record], ...]
    writes: tuple[type[Record], ...]


EXTRACT = Stage("extract", version=1, reads=(), writes=(Page, PairRaw, Scan))

CLEAN = Stage("clean", version=1, reads=(PairRaw,), writes=(Cleaned,))
LINK = Stage("link", version=1, reads=(Cleaned,), writes=(Link,))
DEDUP = Stage("dedup", version=1, reads=(Cleaned, Link), writes=(Pair, Duplicate, Reject, StepCount))
FUNNEL = Stage("funnel", version=1, reads=(StepCount,), writes=(FunnelStep,))
ALIGN = Stage("align", version=1, reads=(Cleaned, Duplicate, Pair), writes=(Bitext, ParallelGroup, SwapTest))
ENRICH = Stage("enrich", version=1, reads=(Pair,), writes=(Enrichment,))
SPLIT = Stage("split", version=1, reads=(FunnelStep, Pair, ParallelGroup), writes=(Document, Query, Qrel))
EMBED = Stage("embed", version=1, reads=(Document,), writes=(DocumentVector,))
SEARCH = Stage("search", version=1, reads=(Document, DocumentVector, Query, Qrel), writes=(Candidate,))
RERANK = Stage("rerank", version=1, reads=(Document, Query, Qrel, Candidate), writes=(TeacherScore,))
SELECT = Stage("select", version=1, reads=(Qrel, Candidate, TeacherScore), writes=(Negative,))

STAGES = (EXTRACT, CLEAN, LINK, DEDUP, FUNNEL, ALIGN, ENRICH, SPLIT, EMBED, SEARCH, RERANK, SELECT)

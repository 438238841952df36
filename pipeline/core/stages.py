"""The stages of the chain and the tables each one reads and writes: the list that everything else follows."""

from dataclasses import dataclass

from pipeline.core.records import (
    Bitext,
    Cleaned,
    Duplicate,
    Enrichment,
    FunnelStep,
    Link,
    Page,
    Pair,
    PairRaw,
    ParallelGroup,
    Reject,
    Scan,
    StepCount,
    SwapTest,
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

STAGES = (EXTRACT, CLEAN, LINK, DEDUP, FUNNEL, ALIGN, ENRICH)

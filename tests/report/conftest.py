"""Small work folders of hand-made rows, written as the stages write them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import lxml.html
import pytest

from pipeline.core.ids import pair_id
from pipeline.core.manifest import Commit, Shard, publish
from pipeline.core.parts import open_part
from pipeline.core.records import (
    Bitext,
    Count,
    Duplicate,
    Enrichment,
    FunnelStep,
    GroupMember,
    Page,
    Pair,
    PairRaw,
    ParallelGroup,
    Reject,
    Scan,
    SwapTest,
)
from pipeline.report.write import write_report

STAGES = {
    "extract": (Scan, Page, PairRaw),
    "dedup": (Pair, Duplicate, Reject),
    "funnel": (FunnelStep,),
    "enrich": (Enrichment,),
    "align": (Bitext, ParallelGroup, SwapTest),
}

PAIR = Pair(
    id="",
    question="When do you open?",
    answer="We open at nine.",
    language="eng",
    script="Latn",
    language_score=0.9,
    language_source="text",
    flags=[],
    changes=[],
    masked=[],
    url="https://one.example/faq",
    origin="one.example",
    title=None,
    description=None,
    page_id="p",
    position=0,
    answer_index=0,
    syntax="jsonld",
    also_in=[],
    repairs=[],
    alternates=[],
    crawl_date=datetime(2026, 9, 14, 4, 0, tzinfo=UTC),
    warc_file="a.warc",
    warc_offset=0,
    warc_record_id=None,
    raw_id="r",
    n_sightings=1,
    cluster_id="",
    cluster_size=1,
    template_id=None,
    template_size=1,
)

RAW = PairRaw(
    id="r",
    question="When do you open?",
    answer="We open at nine.",
    answer_html=None,
    url="https://one.example/faq",
    origin="one.example",
    title=None,
    description=None,
    page_id="p",
    position=0,
    answer_index=0,
    syntax="jsonld",
    also_in=[],
    repairs=[],
    markup_language=None,
    html_lang=None,
    content_language=None,
    og_locale=None,
    alternates=[],
    crawl_date=None,
    warc_file="a.warc",
    warc_offset=0,
    warc_record_id=None,
)

REJECT = Reject(
    reason="too_short",
    question="Hm?",
    answer="No.",
    language="eng",
    url="https://one.example/faq",
    origin="one.example",
    page_id="p",
    position=0,
    answer_index=0,
    raw_id="r0",
)

SCAN = Scan(
    input_file="a.warc",
    shard_id="s",
    outcome="read",
    error=None,
    n_bytes=2_500_000,
    n_bytes_lost=0,
    n_members_lost=0,
    losses=[],
    records=[],
    outcomes=[Count("extracted", 3), Count("no_markup", 40), Count("mention_only", 1)],
    n_pages=4,
    n_pairs=10,
    seconds=0.1,
)

BITEXT = Bitext(
    id_a="a",
    id_b="b",
    language_a="deu",
    language_b="eng",
    site="one.example",
    score=0.96,
    numbers=3.4,
    tokens=0.2,
    length=-1.25,
    position=0.75,
    hreflang=True,
    same_path=False,
    similarity=None,
    margin=None,
    question_a="Wann öffnen Sie?",
    answer_a="Um neun.",
    question_b="When do you open?",
    answer_b="We open at nine.",
    url_a="https://one.example/de/faq",
    url_b="https://one.example/en/faq",
)


def make_pair(**changes):
    """A pair like `PAIR`, whose id follows from its text."""
    made = replace(PAIR, **changes)
    made_id = changes.get("id") or pair_id(made.question, made.answer)
    return replace(made, id=made_id, cluster_id=made_id)


def make_group(*languages):
    """A parallel group of one pair in each language."""
    members = [GroupMember(language, language) for language in languages]
    return ParallelGroup(languages[0], "one.example", len(members), members, 0.9)


def make_work(folder, *parts):
    """Write tables: each part is a list of records of any tables; a table without a record is absent."""
    folder = str(folder)
    for stage, records in STAGES.items():
        present = [r for r in records if any(isinstance(row, r) for part in parts for row in part)]
        commits = []
        for i, part in enumerate(parts):
            shard = Shard.of(f"part {i}", "parquet", version="", settings="0123456789abcdef")
            rows = {r.TABLE: [row for row in part if isinstance(row, r)] for r in present}
            for record in present:
                with open_part(folder, record, shard.id) as written:
                    for row in rows[record.TABLE]:
                        written.add(row)
            commits.append(Commit(shard, "read", {name: len(found) for name, found in rows.items()}))
        if present:
            publish(folder, stage, records=present, commits=commits)
    return folder


@pytest.fixture
def make():
    """What tests build work folders with."""
    return SimpleNamespace(
        pair=make_pair, work=make_work, reject=REJECT, scan=SCAN, bitext=BITEXT, group=make_group
    )


@pytest.fixture
def page():
    """Write a work folder's report and parse it; returns the element tree's root."""

    def written(folder, *parts):
        return lxml.html.fromstring(Path(write_report(make_work(folder, *parts))).read_bytes())

    return written


@pytest.fixture
def sample():
    """Rows of all tables: ten raw pairs in two languages, of which six remain."""
    return [
        SCAN,
        *(replace(RAW, id=f"r{i}") for i in range(10)),
        make_pair(),
        make_pair(question="Où êtes-vous ?", language="fra", repairs=["bom"], n_sightings=2, cluster_size=3),
        make_pair(question="¿Dónde?", language="spa", origin="two.example", syntax="rdfa"),
        make_pair(question="Is it free?", flags=["languages_differ"], template_id="t", template_size=2),
        make_pair(question="Is it 5 euros?", template_id="t", template_size=2),
        make_pair(question="متى تفتحون؟", answer="نفتح في التاسعة.", language="ara", script="Arab"),
        Duplicate("d1", "k", "exact", "fra", "u", "o", "p", 0, 0, "r7"),
        Duplicate("d2", "k", "near", "fra", "u", "o", "p", 0, 0, "r8"),
        REJECT,
        replace(REJECT, reason="placeholder", question="{{question}}", raw_id="r1"),
        FunnelStep(0, "too_short", "eng", 5, 4, 2),
        FunnelStep(1, "placeholder", "eng", 4, 3, 0),
        FunnelStep(2, "duplicate", "eng", 3, 3, 0),
        *(FunnelStep(step, rule, "fra", *n) for step, rule, n in _FRENCH),
        *(FunnelStep(step, rule, "spa", 1, 1, 0) for step, rule in enumerate(_RULES)),
        *(FunnelStep(step, rule, "ara", 1, 1, 0) for step, rule in enumerate(_RULES)),
        Enrichment("e1", 0.5, "model@1", None, None, None, None, None, None),
        Enrichment("e2", 0.52, "model@1", None, None, None, None, None, None),
        Enrichment("e3", None, None, None, None, None, None, None, None),
        Enrichment("e4", 1.0, "model@1", None, None, None, None, None, None),
        BITEXT,
        replace(BITEXT, id_a="c", id_b="d", score=0.9),
        make_group("deu", "eng"),
        SwapTest("deu", "eng", 1, 2, 1, 0, 0.0),
    ]


_RULES = ("too_short", "placeholder", "duplicate")
_FRENCH = [(0, "too_short", (3, 3, 0)), (1, "placeholder", (3, 3, 1)), (2, "duplicate", (3, 1, 0))]

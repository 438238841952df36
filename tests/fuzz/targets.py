"""The entry points under fuzzing."""

from collections.abc import Callable
from dataclasses import dataclass

import seeds
import tokens
from check_files import check_owi, check_page, check_warc, check_wdc
from check_markup import check_html_text, check_jsonld, check_microdata, check_rdfa


@dataclass(frozen=True)
class Target:
    """One entry point: `check` raises where something does not hold."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    tokens: tuple[str, ...]
    max_bytes: int = 16 << 10


TARGETS = {
    target.name: target
    for target in (
        Target("warc", check_warc, seeds.warc_seeds, tokens.WARC),
        Target("jsonld", check_jsonld, seeds.jsonld_seeds, tokens.JSON + tokens.SCHEMA + tokens.HTML[:6]),
        Target(
            "microdata",
            check_microdata,
            lambda: seeds.markup_seeds(seeds.MICRODATA, seeds.ITEMREF),
            tokens.MICRODATA + tokens.SCHEMA + tokens.HTML,
        ),
        Target(
            "rdfa",
            check_rdfa,
            lambda: seeds.markup_seeds(seeds.RDFA, seeds.RDFA_REL),
            tokens.RDFA + tokens.SCHEMA + tokens.HTML,
        ),
        Target(
            "page",
            check_page,
            seeds.page_seeds,
            tokens.HEADERS
            + tokens.CHARSETS
            + tokens.SCHEMA
            + tokens.JSON
            + tokens.MICRODATA
            + tokens.RDFA
            + tokens.HTML,
        ),
        Target("html_text", check_html_text, seeds.html_text_seeds, tokens.HTML, max_bytes=4 << 10),
        Target(
            "wdc",
            check_wdc,
            seeds.wdc_seeds,
            tokens.QUADS,
        ),
        Target("owi", check_owi, seeds.owi_seeds, tokens.PARQUET),
    )
}

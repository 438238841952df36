"""What a pair is to a retrieval set: a query of its site, a document of its language, and one says the other.

A query is a question of a site: questions there that differ in case, spaces and marks alone are one. A
document is an answer; which of them are near-duplicates is another matter (`pipeline.jobs.answers`). Sites,
not queries, are dealt out to train, dev and test, by a hash of their name: so what a site writes over and
over never stands on both sides, and a site that is added or lost moves no other one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xxhash
from numpy.typing import NDArray

from mining.bitext_address import site_of
from mining.dedup_text import plain, units_of
from pipeline.core.config import SplitConfig
from pipeline.core.ids import md5_hex
from pipeline.core.outcomes import Split

SITE_SPLITS = (Split.TRAIN, Split.DEV, Split.TEST)
"""What a site may be for. What several sites share is for the first of theirs: an answer that one may learn
from must not be asked for in a test."""


@dataclass(frozen=True, slots=True)
class PairKeys:
    """What n pairs are to the retrieval set; lists and arrays `(n,)`."""

    site: list[str]
    place: NDArray[np.int32]
    """Of the site's split in SITE_SPLITS."""
    query_id: list[str]
    question_key: NDArray[np.int64]
    text_id: list[str]
    """Of the answer's text: the document's id where no near-duplicate stands for it."""


def pair_keys(
    questions: Sequence[str],
    answers: Sequence[str],
    *,
    languages: Sequence[str],
    urls: Sequence[str],
    config: SplitConfig,
) -> PairKeys:
    """Return the keys of pairs, each from its own texts, language and URL alone."""
    sites = [site_of(url, by="domain") for url in urls]
    asked = [normal_question(question) for question in questions]
    return PairKeys(
        site=sites,
        place=np.array([SITE_SPLITS.index(split_of(site, config)) for site in sites], dtype=np.int32),
        query_id=[md5_hex("\n".join(key)) for key in zip(languages, sites, asked, strict=True)],
        question_key=_hashes(asked),
        text_id=[md5_hex("\n".join(key)) for key in zip(languages, answers, strict=True)],
    )


def normal_question(question: str) -> str:
    """Return the question's letters and digits, casefolded, with their marks; as written without any."""
    return "".join(units_of(plain(question))) or question


@lru_cache(maxsize=4096)
def split_of(site: str, config: SplitConfig) -> Split:
    """Return what a site's queries are for: TRAIN, DEV or TEST, by its name and the seed."""
    place = int(md5_hex(f"{config.seed}\n{site}")[:8], 16) / (1 << 32)
    if place < config.test_share:
        return Split.TEST
    return Split.DEV if place < config.test_share + config.dev_share else Split.TRAIN


def language_keys(languages: Sequence[str]) -> NDArray[np.int64]:
    """Return a key `(n,)` of each language: xored to band keys, it keeps texts of two languages apart."""
    return _hashes([f"language {language}" for language in languages])


def _hashes(texts: Sequence[str]) -> NDArray[np.int64]:
    hashes = [xxhash.xxh3_64_intdigest(text.encode()) for text in texts]
    return np.array(hashes, dtype=np.uint64).view(np.int64)

"""Sentences in known languages, and web pages made of them, for `benchmarks/langid.py`."""

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from extract.langid_codes import code_of_tag

TATOEBA = "parallel_text/facebookresearch__LASER/data/tatoeba/v1"
NTREX = "parallel_text/MicrosoftTranslator__NTREX/NTREX-128"

Pair = tuple[str, str, str]
"""Language, question, answer."""


@dataclass(frozen=True, slots=True)
class MadePage:
    """One page made of sentences."""

    declared: str | None
    pairs: list[Pair]


def sentences_of(folder: Path, known: frozenset[str]) -> dict[str, list[str]]:
    """Read Tatoeba's sentences by ISO 639-3 code; the English ones, in every pair of files, of one pair."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("tatoeba.*-eng.*")):
        code = code_of_tag(path.suffix[1:])
        if code in known and (code != "eng" or path.stem == "tatoeba.deu-eng"):
            found[code] = [
                line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
            ]
    return found


def second_halves(sentences: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what the weights were chosen on."""
    return {code: lines[len(lines) // 2 :] for code, lines in sentences.items()}


def ntrex_of(folder: Path) -> dict[str, list[str]]:
    """Read NTREX's sentences by ISO 639-3 code."""
    found = {}
    for path in sorted(folder.glob("newstest2019-*.txt.gz")):
        code = code_of_tag(path.name.split(".")[1]) or ""
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found[code] = [line.strip() for line in lines]
    return found


def made_pages(sentences: dict[str, list[str]], *, seed: int) -> Iterator[MadePage]:
    """Group consecutive sentences into pages, as the docstring of `benchmarks/langid.py` says."""
    chance = random.Random(seed)
    codes = sorted(sentences)
    for code in codes:
        left = list(sentences[code])
        while left:
            most = chance.choice([0, 0, 4])
            pairs: list[Pair] = []
            for _ in range(chance.randint(4, 12)):
                n_answer = chance.randint(min(1, most), most)
                if len(left) > n_answer:
                    pairs.append((code, left[0], " ".join(left[1 : 1 + n_answer])))
                    del left[: 1 + n_answer]
            if not pairs:
                break
            if chance.random() < 0.15 and len(pairs) > 3:
                other = "eng" if chance.random() < 0.6 else chance.choice(codes)
                for i in chance.sample(range(len(pairs)), chance.randint(1, 3)):
                    answer = chance.choice(sentences[other]) if most else ""
                    pairs[i] = (other, chance.choice(sentences[other]), answer)
            wrong = "eng" if chance.random() < 0.5 else chance.choice(codes)
            declared = chance.choices([code, None, wrong], [0.7, 0.2, 0.1])[0]
            yield MadePage(declared, pairs)

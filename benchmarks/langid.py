"""How often languages are identified rightly, how far the scores can be trusted, and what it costs.

    python benchmarks/langid.py [--json FILE] [--model FILE] [--shared FOLDER] [--work DIR ...]

Accuracy is measured on Tatoeba: the second half of each file whose language the model knows (the first halves
are what the weights were chosen on), and on NTREX. Plain is the model's first label
for question, a space and answer. Pages are made of consecutive sentences: one a pair, or one as question and
up to four as answer, 4 to 12 pairs a page; 70 % declare their language, 20 % none, 10 % a wrong one; 15 %
have one to three pairs in another language. Speed is measured on the pairs_raw tables of the work folders
given (default: the sample crawl, which is extracted), as processor time of one process, everything by turns,
the fastest of each. Parts whose data is absent are left out, with a line that says so.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # this file's own folder would hide the package `extract`

from benchmarks.langid_pages import (
    NTREX,
    TATOEBA,
    MadePage,
    made_pages,
    ntrex_of,
    second_halves,
    sentences_of,
)
from extract.clean import cleaner
from extract.langid import Language, LanguageIdentifier, PageEvidence, identifier
from extract.langid_codes import code_of_label, code_of_tag
from extract.langid_model import Predictor, load_predictor
from pipeline.core.config import CleanConfig, LanguageConfig

SHARED = Path(os.environ.get("FAQTORY_SHARED_DATA") or ROOT.parent / "shared" / "data")
REAL_PAGES = "warc/real-sites-align.tsv"
WEB_LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        """ara bul ces dan deu ell eng est fas fin fra heb hin hrv hun ind ita jpn kor lit lav msa nld nob pol
        por ron rus slk slv spa srp swe tha tur ukr vie zho""",
    )
)
"""Languages with many web pages, chosen by hand: on the web, rare ones weigh less than in Tatoeba."""


class Plain:
    """The model by itself: its first label."""

    def __init__(self, predictor: Predictor) -> None:
        self._predict = predictor.predict

    def __call__(self, text: str) -> tuple[str, float]:
        """Return the ISO 639-3 code and its probability."""
        labels, probabilities = self._predict(text.replace("\n", " "), k=1)
        return code_of_label(labels[0])[0], min(1.0, probabilities[0])


@dataclass(frozen=True, slots=True)
class Answers:
    """What one method said of each pair, beside the truth: (truth, code, score)."""

    rows: list[tuple[str, str, float]]

    def micro(self) -> float:
        """Return the share of right answers."""
        return sum(truth == code for truth, code, _ in self.rows) / len(self.rows)

    def macro(self) -> float:
        """Return the mean over languages of the share of right answers."""
        right = defaultdict(list)
        for truth, code, _ in self.rows:
            right[truth].append(truth == code)
        return sum(sum(these) / len(these) for these in right.values()) / len(right)

    def calibration_error(self, n_bins: int = 15) -> float:
        """Return the expected calibration error: the mean gap of score and accuracy in bins of score."""
        bins: dict[int, list[tuple[bool, float]]] = defaultdict(list)
        for truth, code, score in self.rows:
            bins[min(n_bins - 1, int(score * n_bins))].append((truth == code, score))
        gaps = (
            abs(sum(right for right, _ in rows) - sum(score for _, score in rows)) for rows in bins.values()
        )
        return sum(gaps) / len(self.rows)

    def only(self, languages: frozenset[str]) -> "Answers":
        """Leave only pairs in some languages."""
        return Answers([row for row in self.rows if row[0] in languages])


def single_sentences(
    sentences: dict[str, list[str]], plain: Plain, ours: LanguageIdentifier
) -> tuple[Answers, Answers]:
    """Identify each sentence by itself."""
    rows = [(code, line) for code, lines in sentences.items() for line in lines]
    found = [ours.identify_text(line) for _, line in rows]
    return (
        Answers([(code, *plain(line)) for code, line in rows]),
        Answers([(code, of.code, of.score) for (code, _), of in zip(rows, found, strict=True)]),
    )


def in_pages(
    pages: Sequence[MadePage], plain: Plain, ours: LanguageIdentifier, *, declared: bool = True
) -> tuple[Answers, Answers]:
    """Identify each pair in its page, with what the page declares or without."""
    by_plain, by_ours = [], []
    for page in pages:
        evidence = PageEvidence("https://site.example/faq", html_lang=page.declared if declared else None)
        found = ours.identify_page(evidence, [(question, answer, None) for _, question, answer in page.pairs])
        for (code, question, answer), language in zip(page.pairs, found, strict=True):
            by_plain.append((code, *plain(f"{question} {answer}".strip())))
            by_ours.append((code, language.code, language.score))
    return Answers(by_plain), Answers(by_ours)


def odd_ones_out(
    pages: Sequence[MadePage], plain: Plain, ours: LanguageIdentifier
) -> tuple[Answers, Answers]:
    """Identify, in mixed pages, the pairs that are not in the page's main language."""
    mixed = [page for page in pages if len({code for code, _, _ in page.pairs}) > 1]
    both = in_pages(mixed, plain, ours)
    main = []
    for page in mixed:
        codes = [code for code, _, _ in page.pairs]
        main += [max(sorted(set(codes)), key=codes.count)] * len(codes)
    one, other = (
        Answers([row for row, code in zip(answers.rows, main, strict=True) if row[0] != code])
        for answers in both
    )
    return one, other


def accuracy(shared: Path, predictor: Predictor, config: LanguageConfig) -> dict[str, float]:
    """Measure everything that needs the parallel texts."""
    ours, plain = identifier(config, profile="default"), Plain(predictor)
    labels, _ = predictor.predict("a", k=-1, threshold=-1.0)
    known = frozenset(code_of_label(label)[0] for label in labels)
    halves = second_halves(sentences_of(shared / TATOEBA, known))
    pages = list(made_pages(halves, seed=2))
    singles = single_sentences(halves, plain, ours)
    both = in_pages(pages, plain, ours)
    measured = {
        "tatoeba_sentences": singles,
        "tatoeba_sentences_web_languages": (singles[0].only(WEB_LANGUAGES), singles[1].only(WEB_LANGUAGES)),
        "pages": both,
        "pages_web_languages": (both[0].only(WEB_LANGUAGES), both[1].only(WEB_LANGUAGES)),
        "pages_undeclared": in_pages(pages, plain, ours, declared=False),
        "pages_odd_ones_out": odd_ones_out(pages, plain, ours),
        "ntrex_sentences": single_sentences(ntrex_of(shared / NTREX), plain, ours),
    }
    figures: dict[str, float] = {"tatoeba_languages": len(halves)}
    for name, (by_plain, by_ours) in measured.items():
        figures[f"{name}_pairs"] = len(by_ours.rows)
        for method, answers in (("plain", by_plain), ("default", by_ours)):
            figures[f"{name}_micro_accuracy_{method}"] = round(answers.micro(), 4)
            figures[f"{name}_macro_accuracy_{method}"] = round(answers.macro(), 4)
            figures[f"{name}_calibration_error_{method}"] = round(answers.calibration_error(), 4)
    return figures


Rows = list[dict[str, Any]]


def pages_of(work: Path) -> list[Rows]:
    """Read the pages of a pairs_raw table."""
    files = sorted(map(str, (work / "tables" / "pairs_raw").glob("*.parquet")))
    pages: dict[str, Rows] = defaultdict(list)
    for row in pyarrow.dataset.dataset(files).to_table().to_pylist():
        pages[row["page_id"]].append(row)
    return list(pages.values())


def identify_rows(ours: LanguageIdentifier, page: Rows) -> list[Language]:
    """Identify the pairs of a page of pairs_raw."""
    row = page[0]
    names = ("url", "title", "description", "html_lang", "content_language", "og_locale")
    alternates = [(alternate["hreflang"], alternate["url"]) for alternate in row["alternates"]]
    evidence = PageEvidence(**{name: row[name] for name in names}, alternates=alternates)
    return ours.identify_page(evidence, [(r["question"], r["answer"], r["markup_language"]) for r in page])


def speed(pages: Sequence[Rows], predictor: Predictor, config: LanguageConfig) -> dict[str, float]:
    """Measure microseconds of processor time a pair."""
    ours, clean = identifier(config, profile="default"), cleaner(CleanConfig())
    published = identifier(LanguageConfig(model=config.model), profile="webfaq2")

    def plain() -> None:
        for page in pages:
            for row in page:
                predictor.predict((row["question"] + " " + row["answer"]).replace("\n", " "), k=1)

    def cleaning() -> None:
        for page in pages:
            for row in page:
                clean(row["question"], row["answer"])

    runs: dict[str, Callable[[], object]] = {
        "plain": plain,
        "default": lambda: [identify_rows(ours, page) for page in pages],
        "webfaq2": lambda: [identify_rows(published, page) for page in pages],
        "clean": cleaning,
    }
    n_pairs = sum(map(len, pages))
    fastest = {name: float("inf") for name in runs}
    for _ in range(7):
        for name, run in runs.items():
            began = time.process_time()
            run()
            fastest[name] = min(fastest[name], time.process_time() - began)
    figures = {f"{name}_us_a_pair": round(1e6 * seconds / n_pairs, 1) for name, seconds in fastest.items()}
    both = fastest["clean"] + fastest["default"]
    return {
        "speed_pairs": n_pairs,
        **figures,
        "language_to_plain_rate_ratio": round(fastest["plain"] / fastest["default"], 3),
        "clean_and_language_to_plain_rate_ratio": round(fastest["plain"] / both, 3),
        "clean_and_language_pairs_per_s": round(n_pairs / both),
    }


def sample_pages() -> list[Rows]:
    """Extract the bundled sample crawl."""
    from extract.shard import ShardScan, read_pages
    from pipeline.core.config import ExtractConfig
    from pipeline.core.manifest import Shard
    from pipeline.sample.build import build_sample

    found: list[Rows] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in build_sample(Path(folder)).warc_paths:
            shard = Shard.of(str(path), "warc", version="", settings="")
            with path.open("rb") as stream:
                pages = read_pages(stream, shard=shard, config=ExtractConfig(), scan=ShardScan())
                found += [[asdict(pair) for pair in pairs] for _, pairs in pages if pairs]
    return found


def real_pages(shared: Path, pages: Sequence[Rows], config: LanguageConfig) -> dict[str, float]:
    """Count pairs of real pages that get the language that `real-sites-align.tsv` says they are in."""
    ours = identifier(config, profile="default")
    lines = (shared / REAL_PAGES).read_text(encoding="utf-8").splitlines()
    table = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=False)) for line in lines[1:]]
    truth = {
        row["url"]: (code_of_tag(row["actual_lang"]), code_of_tag(row["declared_lang"])) for row in table
    }
    n_pairs = n_right = n_misdeclared = n_misdeclared_right = 0
    for page in pages:
        actual, declared = truth.get(page[0]["url"], (None, None))
        if actual:
            n = sum(language.code == actual for language in identify_rows(ours, page))
            n_pairs, n_right = n_pairs + len(page), n_right + n
            if actual != declared:
                n_misdeclared, n_misdeclared_right = n_misdeclared + len(page), n_misdeclared_right + n
    return {
        "real_pairs": n_pairs,
        "real_pairs_right": n_right,
        "real_pairs_declared_wrongly": n_misdeclared,
        "real_pairs_declared_wrongly_right": n_misdeclared_right,
    }


def show(figures: dict[str, float], console: Console) -> None:
    """Print the figures as tables."""
    table = Table("measured on", "pairs", "micro", "plain", "macro", "plain", "ECE", "plain", box=None)
    for name in [
        key.removesuffix("_micro_accuracy_plain") for key in figures if key.endswith("_micro_accuracy_plain")
    ]:
        cells = [
            f"{figures[f'{name}_{measure}_{method}']:.4f}"
            for measure in ("micro_accuracy", "macro_accuracy", "calibration_error")
            for method in ("default", "plain")
        ]
        table.add_row(name.replace("_", " "), f"{figures[f'{name}_pairs']:,.0f}", *cells)
    console.print(table)
    for key, value in figures.items():
        if "accuracy" not in key and "calibration" not in key:
            console.print(f"{key.replace('_', ' ')}: {value:,}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--model", default="", help="a fastText model other than lid.176.ftz")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with the parallel texts")
    parser.add_argument("--work", type=Path, nargs="*", default=[], help="work folders with pairs_raw")
    arguments = parser.parse_args()
    config = LanguageConfig(model=arguments.model)
    predictor = load_predictor(arguments.model)
    figures: dict[str, float] = {}
    if (arguments.shared / TATOEBA).is_dir():
        figures |= accuracy(arguments.shared, predictor, config)
    else:
        print(f"no accuracy: {arguments.shared / TATOEBA} is absent", file=sys.stderr)
    pages = [page for work in arguments.work for page in pages_of(work)] or sample_pages()
    figures |= speed(pages, predictor, config)
    if arguments.work and (arguments.shared / REAL_PAGES).is_file():
        figures |= real_pages(arguments.shared, pages, config)
    else:
        print("no real pages: none given with --work, or their languages are absent", file=sys.stderr)
    show(figures, Console(width=130))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

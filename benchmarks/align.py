"""How right and how complete alignment is, on the sample crawl's gold and on real sites with a known answer.

    python benchmarks/align.py [--data ../shared/data] [--parts a b c] [--embedder MODEL] [--json FILE]

Precision is the share of bitexts found that are in the gold, recall the share of the gold that is found; both
count pairs of pairs, over all language pairs of a site. A pair that cleaning removed as a duplicate counts as
the one that stands for it. On the real sites precision counts bitexts between pages that are usable, and the
traps are counted apart: bitexts of pages whose number of questions differs, which may be right, and of pages
whose text is in another language than they declare.

a. The crawls as they are, everything offline, without any model.
b. Half of each site's pages stripped of links, paths and order (`benchmarks/stripped_pages.py`). The embedder
   `bootstrap` learns from the other half, with and without lexical evidence, then from Tatoeba as well, in
   the crawl's languages (`parallel_text` of the data). Bitexts of pairs that stand on stripped pages alone,
   and all others, are counted apart. The method `structure` has no embedder and shows that nothing is left to
   it on such pages.
c. The crawls as they are, and stripped, with any sentence-transformers model, and beside it the rule
   published with WebFAQ 2.0. Where no --embedder is given, the model is a static one that is trained here on
   Tatoeba alone: it has seen no pair of the crawls, and is far weaker than those that can be downloaded. The
   rule is tried with its own threshold, a cosine of 0.9 with LaBSE, and with 0.5: the cosines of the static
   model's translations lie below 0.9.

Parts b and c need the extra `mining`. Seconds leave out the start of Spark.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `extract`

from benchmarks.jobs import run_job
from benchmarks.known_translations import CORES, Crawl, Ids, pair_at, real_sites, rows, sample, translations
from benchmarks.stripped_pages import Place
from mining.bitext_address import normal_url

TATOEBA = Path("parallel_text") / "facebookresearch__LASER" / "data" / "tatoeba" / "v1"
TATOEBA_CODES = {"fas": "pes", "swa": "swh", "zho": "cmn"}
"""Codes that Tatoeba's files have for languages of the crawls."""
NO_LEXICAL_EVIDENCE: list[object] = ["--set", "align.embedder_alone=true"]
URLS = ("url_a", "url_b")
LOW_COSINE = 0.5
TRAPS = ("count-differs", "language-differs")

Figures = dict[str, float | None]
Methods = dict[str, list[object]]
"""Arguments of `faqtory align` by name."""
Measured = tuple[str, str, str, Figures]
"""Crawl, which of its pages, method, and what it found."""


def measure(crawls: Iterable[Crawl], methods: Callable[[Crawl], Methods]) -> Iterator[Measured]:
    """Align each crawl with each of its methods."""
    for crawl in crawls:
        for method, arguments in methods(crawl).items():
            for pages, figures in aligned(crawl, *arguments).items():
                yield crawl.name, pages, method, figures


def aligned(crawl: Crawl, *arguments: object) -> dict[str, Figures]:
    """Align a crawl; returns figures of all its pages, or of the stripped ones and the rest."""
    result, _ = run_job("align", "--work", crawl.work, *arguments, cores=CORES)
    seconds: Figures = {key: value for key, value in result.items() if key.endswith("_s")}
    at, found = pair_at(crawl), bitexts(crawl)
    gold, counted = translations(crawl.groups, at), set(found)
    traps: Figures = {}
    if crawl.use is not None:
        uses = {ids: {crawl.use.get(url) for url in urls} for ids, urls in found.items()}
        counted = {ids for ids in found if ids in gold or uses[ids] == {"yes"}}
        traps = {f"{trap.replace('-', '_')}_n": sum(trap in use for use in uses.values()) for trap in TRAPS}
    if not crawl.places:
        return {"all": _scores(counted, gold) | traps | seconds}
    hidden = _on_stripped_pages(crawl.places, at)
    return {
        "stripped": _scores(*({ids for ids in some if ids <= hidden} for some in (counted, gold))) | seconds,
        "rest": _scores(*({ids for ids in some if not ids <= hidden} for some in (counted, gold))),
    }


def bitexts(crawl: Crawl) -> dict[Ids, tuple[str, ...]]:
    """Return the URLs, as crawled, of each bitext by its ids."""
    crawled = {url: old for (url, _), (old, _) in crawl.places.items()}
    found = rows(crawl.work, "bitexts", ["id_a", "id_b", *URLS])
    return {
        frozenset((row["id_a"], row["id_b"])): tuple(crawled.get(row[url], row[url]) for url in URLS)
        for row in found
    }


def _on_stripped_pages(places: Mapping[Place, Place], at: Mapping[Place, str]) -> set[str]:
    """Return the ids of pairs that stand on stripped pages and nowhere else."""
    stripped = {normal_url(url) for url, _ in places.values()}
    elsewhere = {id for (url, _), id in at.items() if normal_url(url) not in stripped}
    return set(at.values()) - elsewhere


def _scores(found: set[Ids], gold: set[Ids]) -> Figures:
    n_right = len(found & gold)
    return {
        "gold_n": len(gold),
        "found_n": len(found),
        "precision": round(n_right / len(found), 4) if found else None,
        "recall": round(n_right / len(gold), 4) if gold else None,
    }


def tatoeba(data: Path, *crawls: Crawl) -> list[str]:
    """Return Tatoeba's files of the crawls' languages, two by two, as --parallel takes them."""
    languages = {row["language"] for crawl in crawls for row in rows(crawl.work, "pairs", ["language"])}
    codes = {TATOEBA_CODES.get(language, language) for language in languages}
    files = [data / TATOEBA / f"tatoeba.{code}-eng.{code}" for code in sorted(codes)]
    return [f"{file},{file.with_suffix('.eng')}" for file in files if file.is_file()]


def bootstrapped(crawl: Crawl, data: Path) -> Methods:
    """Return the methods of part b."""
    own: list[object] = ["--embedder", "bootstrap"]
    parallel = [argument for spec in tatoeba(data, crawl) for argument in ("--parallel", spec)]
    methods: Methods = {
        "structure": [],
        "bootstrap": own,
        "bootstrap, no lexical evidence": [*own, *NO_LEXICAL_EVIDENCE],
    }
    return methods | ({"bootstrap with Tatoeba": [*own, *parallel]} if parallel else {})


def embedded(name: str, model: str) -> Methods:
    """Return the methods of part c."""
    published: list[object] = ["--profile", "webfaq2", "--embedder", model]
    return {
        name: ["--embedder", model],
        f"webfaq2 rule, {name}": published,
        f"webfaq2 rule at {LOW_COSINE}, {name}": [*published, "--set", f"align.min_cosine={LOW_COSINE}"],
    }


def trained_on(parallel: Sequence[str], folder: Path) -> float:
    """Train a static model on parallel text alone; returns the seconds."""
    from mining.bootstrap import Recipe, train_bootstrap
    from mining.parallel_text import read_parallel

    began = time.perf_counter()
    train_bootstrap((), parallel=read_parallel(parallel), out=folder, recipe=Recipe(max_steps=2000))
    return round(time.perf_counter() - began, 2)


def run(parts: str, *, data: Path, embedder: str | None, folder: Path, console: Console) -> Figures:
    """Measure the named parts, printing each as it is done; returns all figures as one flat object."""
    figures: Figures = {}
    crawls = [sample(folder)]
    if (data / "warc").is_dir():
        crawls.append(real_sites(data, folder))
    else:
        console.print(f"No real data at {data}: the real sites are left out.")
    if "a" in parts:
        figures |= show("as they are", measure(crawls, lambda _: {"structure": []}), console)
    if parts == "a":
        return figures
    if find_spec("sentence_transformers") is None:
        console.print("The extra mining is not installed: parts b and c are left out.")
        return figures
    halves = [crawl.stripped(folder / f"{crawl.name}-stripped") for crawl in crawls]
    if "b" in parts:
        methods = partial(bootstrapped, data=data)
        figures |= show("half of the pages stripped", measure(halves, methods), console)
    if "c" in parts:
        name = Path(embedder).name if embedder and Path(embedder).is_dir() else embedder
        name, model = name or "static, Tatoeba alone", embedder or str(folder / "static")
        parallel = tatoeba(data, *crawls)
        if not (embedder or parallel):
            console.print(f"No Tatoeba at {data} to train a model on, and no --embedder: part c is left out.")
            return figures
        if not embedder:
            figures["static_training_s"] = trained_on(parallel, Path(model))
        measured = measure([*crawls, *halves], lambda _: embedded(name, model))
        figures |= show("any model by its path", measured, console)
    return figures


def show(title: str, measured: Iterable[Measured], console: Console) -> Figures:
    """Print a table of what is measured; returns it as a flat object."""
    figures: Figures = {}
    columns = ("gold_n", "found_n", "precision", "recall", "work_s")
    table = Table(
        "crawl", "pages", "method", "gold", "found", "precision", "recall", "s", box=None, title=title
    )
    others = []
    for crawl, pages, method, found in measured:
        cells = (found.get(key) for key in columns)
        table.add_row(crawl, pages, method, *("" if cell is None else f"{cell:,}" for cell in cells))
        name = "_".join((crawl, pages, *"".join(c if c.isalnum() else " " for c in method).split()))
        figures |= {f"{name}_{key}": value for key, value in found.items()}
        others += [
            f"{name} {key}: {value}" for key, value in found.items() if key not in (*columns, "start_s")
        ]
    console.print(table)
    for line in others:
        console.print(line.replace("_", " "))
    return figures


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--parts", nargs="+", choices=("a", "b", "c"), default=["a", "b", "c"])
    parser.add_argument("--embedder", help="of part c: a sentence-transformers model, as a folder or an id")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(
            "".join(sorted(options.parts)),
            data=options.data,
            embedder=options.embedder,
            folder=Path(folder),
            console=Console(width=130),
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

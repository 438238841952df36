"""Run `faqtory align` from request to summary."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from mining.model_source import ModelSource
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.manifest import Shard, n_rows, part_files, publish, read_commits, read_manifest
from pipeline.core.records import Bitext, Pair, ParallelGroup, SwapTest
from pipeline.core.stages import ALIGN
from pipeline.jobs.align import cleaned_tables, plan_align, run_align
from pipeline.jobs.on_page import wrong_share
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.shards import finished_shards


@dataclass(frozen=True, slots=True)
class AlignSummary:
    """What the tables hold after a run, and what the run itself did."""

    work: str
    n_pairs: int
    n_bitexts: int
    n_off_page: int
    """Bitexts that no address vouches for, by the embedder alone."""
    n_groups: int
    language_pairs: dict[str, int]
    """Bitexts by language pair, `deu-eng`, most first."""
    wrong_share: float | None
    """Of the swap test over all language pairs: see table swap_test."""
    start_s: float
    """Starting Spark and its Python workers, and stopping them; 0 where there was nothing to do."""
    work_s: float

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def align(*, work: str, master: str, config: Config, console: Console) -> AlignSummary:
    """Bring `bitexts` and `parallel_groups` up to date with `pairs`.

    Raises ConfigError before Spark starts where the request is wrong, TransientError where another run holds
    the work folder.
    """
    cleaned_tables(work)
    shown, work = work, storage.absolute(work)
    with storage.exclusive(work):
        shards, model = plan_align(work, config)
        finished = finished_shards(work, ALIGN)
        start_s = work_s = 0.0
        if not all(shard.id in finished for shard in shards):
            start_s, work_s = _run(shards, model, work=work, master=master, config=config, console=console)
        elif read_commits(work, ALIGN.name):  # a killed run had finished all but the manifests
            publish(work, ALIGN.name, records=ALIGN.writes, commits=[finished[shard.id] for shard in shards])
        return _summary(work, shown=shown, start_s=start_s, work_s=work_s)


def _run(
    shards: Sequence[Shard],
    model: ModelSource | None,
    *,
    work: str,
    master: str,
    config: Config,
    console: Console,
) -> tuple[float, float]:
    from pipeline.jobs.session import spark_session

    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task("starting Spark", total=None)
        with (
            TemporaryDirectory(prefix="faqtory-") as scratch,
            spark_session(
                "align", master=master, config=config.spark, imports="pipeline.jobs.align", shuffles=True
            ) as spark,
        ):
            started = time.perf_counter()
            run_align(
                spark,
                shards,
                model=model,
                scratch=Path(scratch),
                work=work,
                config=config,
                report=lambda what: progress.update(task, description=what),
            )
            stopping = time.perf_counter()
    return started - began + time.perf_counter() - stopping, stopping - started


def _summary(work: str, *, shown: str, start_s: float, work_s: float) -> AlignSummary:
    languages: Counter[str] = Counter()
    n_off_page = 0
    manifest = read_manifest(work, Bitext.TABLE)
    assert manifest is not None
    for path in part_files(work, manifest):
        with storage.open_read(path) as stream:
            table = pq.ParquetFile(stream).read(["language_a", "language_b", "hreflang", "same_path"])
        n_off_page += pc.sum(pc.invert(pc.or_(table["hreflang"], table["same_path"]))).as_py() or 0
        table = table.select(["language_a", "language_b"])
        counted = table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist()
        languages.update({f"{row['language_a']}-{row['language_b']}": row["count_all"] for row in counted})
    assert languages.total() == manifest.n_rows, "bitexts lost"
    return AlignSummary(
        work=shown,
        n_pairs=n_rows(work, Pair.TABLE),
        n_bitexts=manifest.n_rows,
        n_off_page=n_off_page,
        n_groups=n_rows(work, ParallelGroup.TABLE),
        language_pairs=dict(sorted(languages.items(), key=lambda item: (-item[1], item[0]))),
        wrong_share=_wrong_share(work),
        start_s=round(start_s, 2),
        work_s=round(work_s, 2),
    )


def _wrong_share(work: str) -> float | None:
    manifest = read_manifest(work, SwapTest.TABLE)
    assert manifest is not None
    totals: Counter[str] = Counter()
    for path in part_files(work, manifest):
        with storage.open_read(path) as stream:
            for row in pq.ParquetFile(stream).read().to_pylist():
                totals.update({name: n for name, n in row.items() if name.startswith("n_")})
    return wrong_share(
        totals["n_page_pairs"],
        totals["n_aligned"],
        totals["n_swapped_page_pairs"],
        totals["n_swapped_aligned"],
    )

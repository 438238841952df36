"""The `faqtory` command. Heavy imports stand inside the commands, so that `--help` answers at once."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from pipeline.core.errors import FaqtoryError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turn web crawls into question-answering datasets.",
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, globs, folders, https:// or s3:// addresses, or lists of them (.paths.gz).",
    ),
]
Work = Annotated[str, typer.Option(help="Folder that holds the tables; made when missing.")]
Master = Annotated[str, typer.Option(help="Spark master: local[N], or a cluster's address.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one configuration key.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar, no summary.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback()
def _options(verbose: Annotated[bool, typer.Option("--verbose", help="Log each step.")] = False) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s",
        stream=sys.stderr,
    )


@app.command()
def extract(
    inputs: Inputs,
    work: Work,
    format: Annotated[
        str, typer.Option(help="warc, owi (Open Web Index) or wdc (Web Data Commons).")
    ] = "warc",
    master: Master = "local[*]",
    listing_prefix: Annotated[
        str | None, typer.Option(help="What to put before the relative paths of a listing.")
    ] = None,
    respect_opt_out: Annotated[
        bool | None,
        typer.Option(
            "--respect-opt-out/--ignore-opt-out",
            help="Leave out pages whose publisher reserves reuse; the default.",
            show_default=False,
        ),
    ] = None,
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Extract FAQ pairs from crawl files into tables pages, pairs_raw and scan."""
    from pipeline.core.config import load_config
    from pipeline.jobs.run_extract import extract as run
    from pipeline.summary import print_extract_summary

    given = [] if respect_opt_out is None else [f"extract.respect_opt_out={str(respect_opt_out).lower()}"]
    config = load_config(config_file, [*(overrides or ()), *given])
    summary = run(
        inputs,
        work=work,
        format=format,
        master=master,
        listing_prefix=listing_prefix,
        config=config,
        console=_console(quiet),
    )
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_extract_summary(summary, console=Console())
    summary.check(config.extract)


@app.command()
def clean(
    work: Work,
    profile: Annotated[
        str | None,
        typer.Option(help="default, or webfaq2: the rules published with WebFAQ 2.0.", show_default=False),
    ] = None,
    master: Master = "local[*]",
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Clean the extracted pairs, identify their languages, remove duplicates: tables pairs and rejects."""
    from pipeline.core.config import load_config
    from pipeline.jobs.run_clean import clean as run
    from pipeline.summary import print_clean_summary

    given = [f"clean.profile={profile}"] if profile else []
    config = load_config(config_file, [*(overrides or ()), *given])
    summary = run(work=work, master=master, config=config, console=_console(quiet))
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_clean_summary(summary, console=Console())


@app.command()
def align(
    work: Work,
    embedder: Annotated[
        str | None,
        typer.Option(
            help="sentence-transformers model, folder or id, that finds translations off the pages; "
            "bootstrap trains one on the corpus itself.",
            show_default=False,
        ),
    ] = None,
    parallel: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Parallel text for bootstrap: two columns parted by a tab, or two files as A,B; repeatable.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="default, or webfaq2: the rule published with WebFAQ 2.0.", show_default=False),
    ] = None,
    master: Master = "local[*]",
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find pairs that translate each other: tables bitexts and parallel_groups."""
    from pipeline.core.config import load_config
    from pipeline.jobs.run_align import align as run
    from pipeline.summary import print_align_summary

    named = {"embedder": embedder, "profile": profile, "parallel": json.dumps(parallel) if parallel else None}
    given = [f"align.{name}={value}" for name, value in named.items() if value is not None]
    config = load_config(config_file, [*(overrides or ()), *given])
    summary = run(work=work, master=master, config=config, console=_console(quiet))
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_align_summary(summary, console=Console())


@app.command()
def mine(
    work: Work,
    languages: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="ISO 639-3 code; repeatable. All by default.")
    ] = None,
    dense_model: Annotated[
        str | None,
        typer.Option(
            help="Embedder, folder or id; bootstrap (the default) trains one on the corpus itself; none.",
            show_default=False,
        ),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Cross-encoder or embedder, folder or id, that scores candidates and positives; twice for a "
            "cascade; bootstrap trains one for trying things out.",
        ),
    ] = None,
    master: Annotated[
        str, typer.Option(help="Spark master, or none[N]: N processes of this machine, without Spark.")
    ] = "local[*]",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and how long it would take.")
    ] = False,
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Mine hard negatives: tables candidates, scores and negatives."""
    from mining.model_source import mining_library
    from pipeline.core.config import load_config

    mining_library("numba")  # imported at the top of what follows
    from pipeline.jobs.mine_estimate import estimate_mine
    from pipeline.jobs.run_mine import mine as run
    from pipeline.summary_mine import print_mine_estimate, print_mine_summary

    named = {
        "languages": json.dumps(languages) if languages else None,
        "dense_model": dense_model,
        "teacher": json.dumps(teacher) if teacher else None,
    }
    given = [f"mining.{name}={value}" for name, value in named.items() if value is not None]
    config = load_config(config_file, [*(overrides or ()), *given])
    if dry_run:
        estimate = estimate_mine(work=work, master=master, config=config)
        if as_json:
            _print_json(estimate.figures())
        else:
            print_mine_estimate(estimate, console=Console())
        return
    summary = run(work=work, master=master, config=config, console=_console(quiet))
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_mine_summary(summary, console=Console())


@app.command()
def export(
    work: Work,
    out: Annotated[str, typer.Option(help="Folder to write to; made when missing.")],
    format: Annotated[
        str,
        typer.Option(
            help="grouped (a query with all its negatives and scores), triplets, n-tuples, labelled (pairs "
            "with 1 or 0), margins (triplets with the difference of the teacher's scores), margin-tuples."
        ),
    ] = "grouped",
    n: Annotated[
        int | None,
        typer.Option("--n", min=1, help="Negatives of a query at most; of tuples, exactly. All by default."),
    ] = None,
    texts: Annotated[bool, typer.Option("--texts/--ids", help="What columns hold.")] = True,
    file_type: Annotated[str, typer.Option(help="parquet or jsonl.")] = "parquet",
    languages: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="ISO 639-3 code; repeatable. All by default.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write mined negatives as files that trainers read."""
    from pipeline.jobs.export import export as run
    from pipeline.summary_mine import print_export_summary

    summary = run(
        work=work,
        out=out,
        form=format,
        n=n,
        with_texts=texts,
        file_type=file_type,
        languages=languages or (),
        console=_console(quiet),
    )
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_export_summary(summary, console=Console())


@app.command()
def enrich(
    work: Work,
    master: Master = "local[1]",
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Let models say what pairs are about and whether answers fit: table enrichments (--set enrich...)."""
    from pipeline.core.config import load_config
    from pipeline.jobs.enrich import enrich as run
    from pipeline.summary import print_enrich_summary

    config = load_config(config_file, overrides or ())
    summary = run(work, master=master, config=config, console=_console(quiet))
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_enrich_summary(summary, console=Console())


@app.command()
def split(
    work: Work,
    master: Master = "local[*]",
    config_file: ConfigFile = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make a retrieval set of the pairs of each language: tables corpus, queries and qrels."""
    from pipeline.core.config import load_config
    from pipeline.jobs.run_split import split as run
    from pipeline.summary import print_split_summary

    config = load_config(config_file, overrides or ())
    summary = run(work=work, master=master, config=config, console=_console(quiet))
    if as_json:
        _print_json(summary.figures())
    elif not quiet:
        print_split_summary(summary, console=Console())


@app.command()
def report(
    work: Work,
    out: Annotated[
        str | None, typer.Option(help="File to write.", show_default="report.html in the work folder")
    ] = None,
) -> None:
    """Write one self-contained HTML page about the tables: the funnel, languages, translations, negatives."""
    from pipeline.report.write import write_report

    Console().print(write_report(work, out), highlight=False, soft_wrap=True)


@app.command()
def demo(
    work: Work = "demo",
    master: Master = "local[*]",
    quiet: Quiet = False,
) -> None:
    """Run the chain on the bundled sample crawl and show what came out."""
    from pipeline.demo import run_demo

    run_demo(work, master=master, console=_console(quiet), out=Console())


@app.command()
def trace(
    pair_id: Annotated[
        str, typer.Argument(metavar="ID", help="The pair's id, or its first 6 or more digits.")
    ],
    work: Work,
    as_json: AsJson = False,
) -> None:
    """Show one pair's way back: its page, file and offset, the markup it came from, and every decision."""
    from pipeline.trace import print_trace, trace_pair

    found = trace_pair(pair_id, work=work)
    if as_json:
        _print_json(found.figures())
    else:
        print_trace(found, console=Console())


@app.command()
def tables(work: Work, as_json: AsJson = False) -> None:
    """List the tables of a work folder."""
    from pipeline.core.errors import ConfigError
    from pipeline.core.manifest import part_files, read_manifest, table_folder, table_names
    from pipeline.core.storage import exists

    if not exists(work):
        raise ConfigError(f"There is no folder {work}; `faqtory extract INPUT... --work {work}` makes it.")
    manifests = [m for name in table_names(work) if (m := read_manifest(work, name))]
    rows = [
        {
            "table": m.table,
            "n_rows": m.n_rows,
            "n_files": len(m.files),
            "n_shards": len(m.commits),
            "stage": m.stage,
            "schema_version": m.schema_version,
            "key": m.key,
            "folder": table_folder(work, m.table),
            "files": part_files(work, m),
        }
        for m in manifests
    ]
    if as_json:
        _print_json(rows)
        return
    shown = Table("table", "rows", "files", "stage", "schema", "folder", box=None)
    for row in rows:
        cells = (row[k] for k in ("table", "n_rows", "n_files", "stage", "schema_version", "folder"))
        shown.add_row(*(f"{c:,}" if isinstance(c, int) else str(c) for c in cells))
    Console().print(shown if rows else f"{work} holds no tables yet.")


@app.command()
def config(config_file: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show every configuration key with its value and where the value comes from."""
    from pipeline.core.config import describe_keys, load_config

    values = load_config(config_file, overrides or ()).model_dump()
    keys = {
        key: {"value": values[key.partition(".")[0]][key.partition(".")[2]], "description": description}
        for key, (_, description) in describe_keys().items()
    }
    if as_json:
        _print_json(keys)
        return
    shown = Table("key", "value", "meaning", box=None, padding=(0, 2, 1, 0))
    for key, entry in keys.items():
        shown.add_row(key, str(entry["value"]), str(entry["description"]))
    Console().print(shown)


def main() -> None:
    """Run the command line; every expected error ends in one sentence and its exit code."""
    try:
        app(standalone_mode=True)
    except FaqtoryError as error:
        print(f"faqtory: {error}", file=sys.stderr)  # noqa: T201
        _leave(error.exit_code)
    except SystemExit as done:
        if done.code is None or isinstance(done.code, int):
            _leave(done.code or 0)
        raise


def _leave(exit_code: int) -> NoReturn:
    """End the process without taking the interpreter down.

    Threads of pyarrow 26 aborted one such end in ten (SIGABRT after everything was done and printed).
    """
    logging.shutdown()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # as in `faqtory config | head`
        exit_code = exit_code or 1
    os._exit(exit_code)


def _console(quiet: bool) -> Console:
    return Console(stderr=True, quiet=quiet)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()

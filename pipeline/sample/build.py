"""Build the sample crawl: WARC files, and gold files that say what is in them.

`python -m pipeline.sample.build OUT` writes `OUT/warc/*.warc.gz` and `OUT/gold/*.jsonl` and prints counts.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.core.errors import FaqtoryError
from pipeline.sample.defects import defect_of
from pipeline.sample.gold import gold_rows
from pipeline.sample.looks import Look, look_of, stylesheet
from pipeline.sample.render import render
from pipeline.sample.source import Site, load_sites
from pipeline.sample.specials import apply_specials, load_specials
from pipeline.sample.warc_files import Exchange, chunked, gzip_member, http_date, write_warc
from pipeline.sample.web import WebKind, WebPage, address, host_of, site_pages

N_WARCS = 4

BEGAN = datetime(2026, 9, 14, 4, 0, 0, tzinfo=UTC)
"""When the first file's crawl begins; each further file begins an hour later."""

_BETWEEN = timedelta(seconds=3)
_UNTIL_NEXT_VISIT = timedelta(days=9)
_GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
_ROBOTS = b"User-agent: *\nDisallow: /search\n"


@dataclass(frozen=True, slots=True)
class SampleCrawl:
    """A built sample crawl."""

    warc_paths: tuple[Path, ...]
    gold_dir: Path
    counts: Mapping[str, int]
    """What was built, by name: n_sites, n_languages, n_pages, n_pairs, warc_bytes, ..."""


def build_sample(out_dir: Path) -> SampleCrawl:
    """Write the sample crawl below the folder, over what an earlier build left there.

    The same sources give the same bytes. Raises ConfigError where a source file is wrong.
    """
    sites = load_sites()
    pages = sample_pages(sites)
    warc_dir, gold_dir = out_dir / "warc", out_dir / "gold"
    warc_dir.mkdir(parents=True, exist_ok=True)
    gold_dir.mkdir(parents=True, exist_ok=True)
    gold = gold_rows(pages)
    for name, rows in gold.items():
        _write_jsonl(gold_dir / f"{name}.jsonl", rows)
    warcs, n_exchanges, warc_bytes = [], 0, 0
    for number in range(N_WARCS):
        path = warc_dir / f"sample-{number:05d}-of-{N_WARCS:05d}.warc.gz"
        began = BEGAN + number * timedelta(hours=1)
        exchanges = file_exchanges(sites[number::N_WARCS], pages, began=began)
        warc_bytes += write_warc(path, exchanges, began=began)
        n_exchanges += len(exchanges)
        warcs.append(path)
    counts = _counts(gold, n_sites=len(sites), n_exchanges=n_exchanges, warc_bytes=warc_bytes)
    return SampleCrawl(tuple(warcs), gold_dir, counts)


def sample_pages(sites: Iterable[Site]) -> list[WebPage]:
    """Return every page of the sample, as the site files and `defects.toml` have it."""
    return apply_specials([page for site in sites for page in site_pages(site)], load_specials())


def file_exchanges(sites: Sequence[Site], pages: Iterable[WebPage], *, began: datetime) -> list[Exchange]:
    """Return one WARC file's exchanges: site by site, pages by address, second visits at the end."""
    by_site: dict[str, list[WebPage]] = {site.id: [] for site in sites}
    for page in pages:
        if page.site.id in by_site:
            by_site[page.site.id].append(page)
    exchanges: list[Exchange] = []
    later: list[Exchange] = []
    for site in sites:
        menu_pages = [page for page in by_site[site.id] if page.kind not in (WebKind.PRINT, WebKind.AMP)]
        exchanges += _other_exchanges(site, began + len(exchanges) * _BETWEEN)
        for page in sorted(by_site[site.id], key=lambda page: page.url):
            when = began + len(exchanges) * _BETWEEN
            siblings = [other for other in menu_pages if other.language == page.language]
            exchanges.append(_page_exchange(page, siblings, when))
            later += _later_exchange(page, siblings, exchanges[-1])
    return exchanges + later


def _page_exchange(page: WebPage, siblings: Sequence[WebPage], when: datetime) -> Exchange:
    defect, look = defect_of(page.defect), look_of(page.site)
    rendered = render(page, siblings, on=when.date())
    body = gzip_member(rendered.body) if defect.is_gzipped else rendered.body
    length = ("Transfer-Encoding", "chunked") if defect.is_chunked else ("Content-Length", str(len(body)))
    headers = (
        *_first_headers(look, when),
        ("Content-Type", rendered.content_type),
        length,
        *((("Content-Language", page.language),) if look.sends_content_language else ()),
        ("Vary", "Accept-Encoding"),
        *defect.headers,
        ("Connection", "close"),
    )
    return Exchange(page.url, when, "200 OK", headers, chunked(body) if defect.is_chunked else body)


def _later_exchange(page: WebPage, siblings: Sequence[WebPage], earlier: Exchange) -> list[Exchange]:
    when = earlier.when + _UNTIL_NEXT_VISIT
    match defect_of(page.defect).later_record:
        case "response":
            return [_page_exchange(page, siblings, when)]
        case "revisit":
            headers = tuple(
                (name, http_date(when) if name == "Date" else value) for name, value in earlier.headers
            )
            return [Exchange(page.url, when, earlier.status, headers, earlier.body, revisit_of=earlier)]
    return []


def _other_exchanges(site: Site, when: datetime) -> list[Exchange]:
    """Return what a crawler meets beside pages: a redirect, style sheet, image, dead link and robots.txt."""
    look, root = look_of(site), f"https://{site.domain}/"
    home = address(site, site.default_language, "")
    missing = f"<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>{site.name}</p>\n"
    html = ("Content-Type", "text/html; charset=utf-8")
    parts = (
        (root, "301 Moved Permanently", (("Location", home), html), b"Moved.\n"),
        (f"{root}assets/style.css", "200 OK", (("Content-Type", "text/css"),), stylesheet(look).encode()),
        (f"{root}logo.gif", "200 OK", (("Content-Type", "image/gif"),), _GIF),
        (f"{root}old/faq.html", "404 Not Found", (html,), missing.encode()),
        (f"{root}robots.txt", "200 OK", (("Content-Type", "text/plain"),), _ROBOTS),
    )
    exchanges = []
    for number, (url, status, headers, body) in enumerate(parts):
        then = when + number * _BETWEEN
        length = ("Content-Length", str(len(body)))
        exchanges.append(Exchange(url, then, status, (*_first_headers(look, then), *headers, length), body))
    return exchanges


def _first_headers(look: Look, when: datetime) -> tuple[tuple[str, str], ...]:
    return (("Date", http_date(when)), ("Server", look.server))


def _write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes("".join(lines).encode("utf-8"))


def _counts(
    gold: Mapping[str, Sequence[Mapping[str, Any]]], *, n_sites: int, n_exchanges: int, warc_bytes: int
) -> dict[str, int]:
    pages, pairs = gold["pages"], gold["pairs"]
    return {
        "n_sites": n_sites,
        "n_hosts": len({host_of(page["url"]) for page in pages}),
        "n_languages": len({pair["language"] for pair in pairs}),
        "n_pages": len(pages),
        "n_pages_with_pairs": sum(page["n_pairs"] > 0 for page in pages),
        "n_pages_opted_out": sum(page["opted_out"] for page in pages),
        "n_pages_with_defect": sum(page["defect"] is not None for page in pages),
        "n_pairs": len(pairs),
        "n_distinct_pairs": len({(pair["question"], pair["answer"]) for pair in pairs}),
        "n_translation_groups": len(gold["translations"]),
        "n_near_duplicate_groups": len(gold["near_duplicates"]),
        "n_template_groups": len(gold["templates"]),
        "n_exchanges": n_exchanges,
        "warc_bytes": warc_bytes,
    }


def main(arguments: Sequence[str]) -> int:
    """Build into the named folder and print the counts; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m pipeline.sample.build OUT\n")
        return 2
    try:
        sample = build_sample(Path(arguments[0]))
    except FaqtoryError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for name, count in sample.counts.items():
        sys.stdout.write(f"{name:<26}{count:>12,}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.sample.build import SampleCrawl, build_sample


@dataclass(frozen=True)
class Record:
    """One record as stored: `payload` is what follows the HTTP head, codings not undone."""

    kind: str
    url: str
    headers: list[tuple[str, str]]
    status: str
    payload: bytes
    decoded: bytes


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> SampleCrawl:
    return build_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def gold(crawl: SampleCrawl) -> dict[str, list[dict[str, Any]]]:
    files = {path.stem: path.read_text(encoding="utf-8") for path in crawl.gold_dir.glob("*.jsonl")}
    return {name: [json.loads(line) for line in text.splitlines()] for name, text in files.items()}


@pytest.fixture(scope="session")
def records(crawl: SampleCrawl) -> list[Record]:
    return [record for path in crawl.warc_paths for record in read_records(path)]


@pytest.fixture(scope="session")
def responses(records: list[Record]) -> dict[str, Record]:
    """The first response of each URL."""
    return {record.url: record for record in reversed(records) if record.kind == "response"}


def read_records(path: Path) -> list[Record]:
    found = []
    for decode in (False, True):
        with path.open("rb") as stream:
            for number, record in enumerate(ArchiveIterator(stream)):
                body = record.content_stream().read() if decode else record.raw_stream.read()
                if decode:
                    found[number] = Record(*found[number], body)
                else:
                    url = record.rec_headers.get_header("WARC-Target-URI") or ""
                    http = record.http_headers
                    found.append(
                        (
                            record.rec_type,
                            url,
                            http.headers if http else [],
                            http.statusline if http else "",
                            body,
                        )
                    )
    return found

"""A copy of a crawl in which half of the pages have their texts alone to tell their translations by."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from mining.bitext_address import normal_url
from pipeline.core.ids import md5_hex
from pipeline.core.manifest import Commit, Shard, part_files, publish, read_manifest
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import PairRaw
from pipeline.core.stages import EXTRACT
from pipeline.core.table import arrow_schema

Place = tuple[str, int]
"""URL and position of a question on its page."""

Row = dict[str, Any]


def strip(work: Path, target: Path, sites: Mapping[str, Sequence[Collection[str]]]) -> dict[Place, Place]:
    """Write the work folder's `pairs_raw` to `target`, half of each site's page groups stripped.

    `sites` has the URLs of all language versions of each page, by site; groups with pairs on one page alone
    do not count. A stripped page keeps its host, and its texts, and declares its language as before; its path
    is a hash, its questions stand in an order of their own, it names no other page, and none names it.
    Returns where each pair of the stripped pages stood, by where it stands in `target`.
    """
    manifest = read_manifest(str(work), PairRaw.TABLE)
    assert manifest is not None
    parts = [pq.read_table(path).to_pylist() for path in part_files(str(work), manifest)]
    crawled = {normal_url(row["url"]) for rows in parts for row in rows}
    hidden = {url for site, groups in sites.items() for url in _half(site, groups, crawled)}
    places: dict[Place, Place] = {}
    commits = []
    for number, rows in enumerate(parts):
        shard = Shard.of(f"stripped/part-{number:05d}", "synthetic", version="", settings="stripped pages")
        written = [row for page in _pages(rows) for row in _rewritten(page, hidden, places)]
        with open_part(str(target), PairRaw, shard.id) as part:
            part.add_batch(pa.RecordBatch.from_pylist(written, schema=arrow_schema(PairRaw)))
        commits.append(Commit(shard, ShardOutcome.READ, {PairRaw.TABLE: part.n_rows}))
    publish(str(target), EXTRACT.name, records=[PairRaw], commits=commits)
    return places


def _half(site: str, groups: Sequence[Collection[str]], crawled: Collection[str]) -> Iterator[str]:
    """Yield the normal URLs of every other group, in the order of their hashes."""
    present = [{normal_url(url) for url in group} & set(crawled) for group in groups]
    several = sorted((group for group in present if len(group) > 1), key=lambda group: md5_hex(min(group)))
    for group in several[int(md5_hex(site), 16) % 2 :: 2]:
        yield from group


def _pages(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for _, page in groupby(rows, key=lambda row: row["page_id"]):
        yield list(page)


def _rewritten(page: Sequence[Row], hidden: Collection[str], places: dict[Place, Place]) -> list[Row]:
    """Return the rows of a page as they stand in the copy, and note in `places` whence they come."""
    url = page[0]["url"]
    if normal_url(url) not in hidden:
        return [
            row | {"alternates": [a for a in row["alternates"] if normal_url(a["url"]) not in hidden]}
            for row in page
        ]
    address = f"https://{urlsplit(url).netloc}/{md5_hex(normal_url(url))[:16]}"
    shuffled = sorted({row["position"] for row in page}, key=lambda position: md5_hex(f"{url} {position}"))
    rows = []
    for row in page:
        position = shuffled.index(row["position"])
        places[address, position] = (url, row["position"])
        rows.append(row | {"url": address, "position": position, "alternates": []})
    return sorted(rows, key=lambda row: (row["position"], row["answer_index"]))

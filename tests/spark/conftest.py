"""What the tests that start Spark share."""

import pyarrow.dataset as ds
import pytest

from pipeline.core.config import Config
from pipeline.core.manifest import Shard
from pipeline.core.records import PairRaw
from pipeline.core.table import arrow_schema
from pipeline.jobs.extract import extract_shard, settings_key


def _extracted(paths, work):
    """Table pairs_raw of the given WARC files, extracted without Spark."""
    config = Config().extract
    for path in paths:
        shard = Shard.of(str(path), "warc", version="", settings=settings_key(config))
        extract_shard(shard, work=str(work), config=config)
    files = sorted((work / "tables" / PairRaw.TABLE).glob("part-*"))
    return ds.dataset(files, schema=arrow_schema(PairRaw)).to_table()


@pytest.fixture(scope="session")
def sample_pairs(sample_crawl, tmp_path_factory):
    """Table pairs_raw of the sample crawl."""
    return _extracted(sample_crawl.warc_paths, tmp_path_factory.mktemp("sample_pairs"))


@pytest.fixture(scope="session")
def real_pairs(real_warcs, tmp_path_factory):
    """Table pairs_raw of the real sites; the test is skipped where they are absent."""
    return _extracted(real_warcs, tmp_path_factory.mktemp("real_pairs"))

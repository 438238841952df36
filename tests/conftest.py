"""What several test folders share: the sample crawl, and where real data may be."""

import os
from pathlib import Path

import pytest

from pipeline.sample.build import SampleCrawl, build_sample

ROOT = Path(__file__).parents[1]
SHARED_DATA = Path(os.environ.get("FAQTORY_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def sample_crawl(tmp_path_factory: pytest.TempPathFactory) -> SampleCrawl:
    """The bundled sample crawl, built once."""
    return build_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def real_warcs() -> list[Path]:
    """WARCs of real sites; the test is skipped where they are absent."""
    warcs = sorted((SHARED_DATA / "warc").glob("real-sites-*.warc.gz"))
    if not warcs:
        pytest.skip(f"real data is absent: no real-sites-*.warc.gz in {SHARED_DATA / 'warc'}")
    return warcs

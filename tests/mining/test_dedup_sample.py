"""The sample crawl's gold: near-duplicates are found and merged, the siblings of templates are not."""

import json
from collections import defaultdict
from itertools import combinations

import pytest

from extract.shard import ShardScan, read_pages
from mining.dedup import Signer, compare
from pipeline.core.config import Config
from pipeline.core.manifest import Shard

CONFIG = Config()


@pytest.fixture(scope="module")
def groups(sample_crawl):
    """Return, by name of the gold file, the lists of different (question, answer) that belong together."""
    texts = defaultdict(set)
    for warc in sample_crawl.warc_paths:
        shard = Shard.of(str(warc), "warc", version="", settings="")
        with open(warc, "rb") as stream:
            for _, found in read_pages(stream, shard=shard, config=CONFIG.extract, scan=ShardScan()):
                for pair in found:
                    texts[pair.url, pair.position].add((pair.question, pair.answer))

    def read(name):
        lines = (sample_crawl.gold_dir / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        members = [[(m["url"], m["position"]) for m in json.loads(line)["members"]] for line in lines]
        return [sorted(set().union(*(texts[key] for key in group))) for group in members]

    return {name: read(name) for name in ("near_duplicates", "templates")}


def test_near_duplicates_meet_and_are_merged(groups):
    near = [(a, b) for group in groups["near_duplicates"] for a, b in combinations(group, 2)]
    assert len(near) >= 70
    signer = Signer(CONFIG.dedup)
    for a, b in near:
        comparison = compare(a, b, ngram=CONFIG.dedup.ngram)
        assert comparison.jaccard >= 0.85, (a, b)
        assert comparison.same_facts, (a, b)
        bands = signer.bands([a, b])
        assert (bands[0] == bands[1]).any(), (a, b)


def test_siblings_of_a_template_are_kept(groups):
    siblings = [(a, b) for group in groups["templates"] for a, b in combinations(group, 2)]
    assert len(siblings) >= 200
    for a, b in siblings:
        assert not compare(a, b, ngram=CONFIG.dedup.ngram).same_facts, (a, b)

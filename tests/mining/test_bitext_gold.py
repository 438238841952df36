"""Precision and recall of the alignment of pages against two golds: the sample crawl and real sites."""

import csv
import json
from collections import defaultdict
from itertools import combinations

import langcodes
import pytest
from conftest import SHARED_DATA

from extract.shard import ShardScan, read_pages
from mining.bitext import PageText, Sighting, align_pages, one_to_one
from mining.bitext_address import normal_url, page_key, site_of
from pipeline.core.config import Config
from pipeline.core.ids import pair_id
from pipeline.core.manifest import Shard

CONFIG = Config()


def read_found(warcs):
    """Return, by URL, the pairs as extracted from the last visit that found any."""
    found_at = {}
    for warc in warcs:
        shard = Shard.of(str(warc), "warc", version="", settings="")
        with open(warc, "rb") as stream:
            for page, found in read_pages(stream, shard=shard, config=CONFIG.extract, scan=ShardScan()):
                if found:
                    found_at[normal_url(page.url)] = (page, found)
    return found_at


def pages_of(found_at, language_of):
    """Return the pages and, for each two to compare, whether a link and whether the path connects them."""
    pages = {}
    for url, (page, found) in found_at.items():
        sightings = []
        for pair in found:
            if language := language_of(url, pair.position):
                id_ = pair_id(pair.question, pair.answer)
                sightings.append(Sighting(id_, pair.question, pair.answer, language, pair.position))
        pages[url] = PageText(page.page_id, page.url, sightings)
    connected = defaultdict(lambda: [False, False])
    for url, (page, _) in found_at.items():
        for link in {normal_url(alternate.url) for alternate in page.alternates} & pages.keys() - {url}:
            connected[tuple(sorted((url, link)))][0] = True
    by_key = defaultdict(list)
    for url in sorted(pages):
        by_key[site_of(url, by="domain"), page_key(url)].append(url)
    for urls in by_key.values():
        for two in combinations(urls, 2):
            connected[two][1] = True
    return pages, connected


def align_all(pages, connected):
    return {
        (a, b): align_pages(pages[a], pages[b], hreflang=link, same_path=path, config=CONFIG.align)
        for (a, b), (link, path) in sorted(connected.items())
    }


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sample(sample_crawl):
    """Return the sample's pages, their alignments, and by URL and place the question that stands there."""
    gold = sample_crawl.gold_dir
    languages = {(normal_url(p["url"]), p["position"]): p["language"] for p in lines_of(gold / "pairs.jsonl")}
    pages, connected = pages_of(read_found(sample_crawl.warc_paths), lambda *place: languages.get(place))
    question_at = {}
    for number, group in enumerate(lines_of(gold / "translations.jsonl")):
        for member in group["members"]:
            question_at[normal_url(member["url"]), member["position"]] = number
    for group in lines_of(gold / "near_duplicates.jsonl"):
        places = [(normal_url(member["url"]), member["position"]) for member in group["members"]]
        for number in {question_at[place] for place in places if place in question_at}:
            for place in places:
                question_at.setdefault(place, number)
    return pages, align_all(pages, connected), question_at


def test_precision_and_recall_on_the_sample(sample):
    pages, alignments, question_at = sample
    questions = defaultdict(set)
    for url, page in pages.items():
        for pair in page.pairs:
            if (url, pair.position) in question_at:
                questions[pair.id].add((question_at[url, pair.position], pair.language))
    wanted = set()
    for one, other in combinations(sorted(set().union(*questions.values())), 2):
        if one[0] == other[0]:
            wanted.add((one[0], one[1], other[1]))
    found, n_right = set(), 0
    accepted = one_to_one(x for alignment in alignments.values() for x in alignment)
    for x in accepted:
        common = {q for q, _ in questions[x.a.id]} & {q for q, _ in questions[x.b.id]}
        n_right += bool(common)
        found |= {(question, *sorted((x.a.language, x.b.language))) for question in common}
    assert len(wanted) > 3400
    assert n_right / len(accepted) >= 0.995
    assert len(found & wanted) / len(wanted) >= 0.99


def test_untranslated_pages_of_the_sample_give_nothing(sample, sample_crawl):
    pages, alignments, _ = sample
    rows = lines_of(sample_crawl.gold_dir / "pages.jsonl")
    untranslated = {normal_url(row["url"]) for row in rows if row["defect"] == "untranslated"}
    same = [
        found
        for (a, b), found in alignments.items()
        if {a, b} & untranslated and pages[a].pairs[0].language == pages[b].pairs[0].language
    ]
    assert len(same) >= 1
    assert not any(same)


@pytest.fixture(scope="module")
def real(real_warcs):
    """Return the rows of the real gold by URL, and the alignments of their pages."""
    path = SHARED_DATA / "warc" / "real-sites-align.tsv"
    if not path.exists():
        pytest.skip(f"real data is absent: no {path.name} in {path.parent}")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = {
            normal_url(row["url"]): row
            for row in csv.DictReader(stream, delimiter="\t")
            if row["markup"] == "yes"
        }
    languages = {url: langcodes.Language.get(row["actual_lang"]).to_alpha3() for url, row in rows.items()}
    found_at = {url: found for url, found in read_found(real_warcs).items() if url in rows}
    pages, connected = pages_of(found_at, lambda url, _: languages[url])
    return rows, pages, align_all(pages, connected)


def test_precision_and_recall_on_real_sites(real):
    """Pages of equal counts are translations place by place; of 9 and 10 questions one stands twice."""
    rows, pages, alignments = real
    n_wanted = n_found = n_wrong = n_traps = 0
    for (a, b), found in alignments.items():
        in_step = [x.a.position == x.b.position for x in found]
        usable = {rows[a]["usable"], rows[b]["usable"]}
        if rows[a]["group"] != rows[b]["group"]:
            n_wrong += len(found)
        elif usable == {"yes"} and rows[a]["actual_lang"] != rows[b]["actual_lang"]:
            n_wanted += min(len(pages[a].pairs), len(pages[b].pairs))
            n_found += sum(in_step)
            n_wrong += len(found) - sum(in_step)
        elif "count-differs" in usable:
            n_traps += len(found)
            n_wrong += sum(
                min(x.a.position, x.b.position) < 8
                for x, right in zip(found, in_step, strict=True)
                if not right
            )
    assert n_wanted > 2000
    assert n_found / n_wanted >= 0.99
    assert n_wrong == 0
    assert n_traps > 500


def test_untranslated_real_pages_give_nothing(real):
    rows, _, alignments = real
    n_compared = 0
    for (a, b), found in alignments.items():
        if rows[a]["actual_lang"] == rows[b]["actual_lang"]:
            n_compared += 1
            assert found == []
    assert n_compared >= 20

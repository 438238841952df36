"""The search of whole sites: blocks of large ones change nothing, and all equals one search by hand."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest

from mining.margin import on_grid, published_candidates
from mining.off_page import DEFAULT_CALIBRATION
from pipeline.core.config import AlignConfig, SparkConfig
from pipeline.jobs.matching import CANDIDATE
from pipeline.jobs.off_page import LABELLED, labelled_rows, published_rows, wrong_rows
from pipeline.jobs.session import spark_session
from pipeline.jobs.site_search import KNOWN, searched

pytestmark = pytest.mark.spark

N_DIMENSIONS = 16
SIZES = {"one.example": {"deu": 30, "eng": 41, "fra": 25}, "two.example": {"eng": 9, "spa": 4}}
K = 3


@pytest.fixture(scope="module")
def spark():
    config = SparkConfig(conf={"spark.sql.shuffle.partitions": "3"})
    with spark_session("test", master="local[2]", config=config, shuffles=True) as session:
        yield session


@pytest.fixture(scope="module")
def pairs():
    """Rows of pairs, those of a concept with vectors that are alike in all languages; some are the same."""
    draw = np.random.default_rng(7)
    rows = []
    for site, languages in SIZES.items():
        concepts = draw.normal(size=(50, N_DIMENSIONS))
        for language, n in languages.items():
            vectors = concepts[:n] + draw.normal(scale=0.6, size=(n, N_DIMENSIONS))
            vectors[n // 2] = vectors[n // 2 + 1]
            vectors = on_grid((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
            for i, vector in enumerate(vectors):
                id = f"{draw.integers(1 << 40):010x}-{site[:3]}-{language}-{i:02d}"
                texts = (f"{part} {language} {chr(ord('A') + i)}" for part in ("question", "answer"))
                rows.append((len(rows), id, language, site, *texts, vector))
    return rows


def frame(spark, pairs, *, n_blocks, settled=()):
    settled = dict(settled)
    return spark.createDataFrame(
        [
            (*row[:-1], row[-1].astype(np.float16).tobytes(), n_blocks, settled.get(row[1], []))
            for row in pairs
        ],
        "location long, id string, language string, site string, question string, answer string, "
        "vector binary, n_blocks int, settled array<string>",
    )


def by_hand(pairs):
    """The published rule over all pairs of a site, sorted by id, without Spark."""
    found = {}
    for site, languages in SIZES.items():
        for a, b in combinations(sorted(languages), 2):
            sides = [
                sorted((r for r in pairs if r[3] == site and r[2] == x), key=lambda r: r[1]) for x in (a, b)
            ]
            vectors = [np.stack([row[-1] for row in side]) for side in sides]
            candidates = published_candidates(*vectors, min_cosine=0.5, k=K)
            for i, j, cosine, margin in zip(
                candidates.index_a, candidates.index_b, candidates.cosine, candidates.margin, strict=True
            ):
                found[sides[0][i][1], sides[1][j][1]] = (site, float(cosine), float(margin))
    return found


@pytest.mark.parametrize("n_blocks", [1, 2, 5])
def test_blocks_change_nothing(spark, pairs, n_blocks):
    expected = by_hand(pairs)
    assert len(expected) > 60
    nothing = spark.createDataFrame([], KNOWN)
    found = searched(
        frame(spark, pairs, n_blocks=n_blocks),
        nothing,
        partial(published_rows, min_cosine=0.5),
        n_neighbours=K,
        schema=CANDIDATE,
    ).collect()
    assert {(r["id_a"], r["id_b"]): (r["site"], r["similarity"], r["margin"]) for r in found} == expected
    assert all(row["language_a"] < row["language_b"] for row in found)


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_what_is_settled_is_not_compared(spark, pairs, n_blocks):
    expected = by_hand([row for row in pairs if row[1][-2:] >= "08" or row[2] != "deu"])
    expected = {ids: found for ids, found in expected.items() if "deu" in ids[0] and "eng" in ids[1]}
    settled = {row[1]: ["eng"] for row in pairs if row[2] == "deu" and row[1][-2:] < "08"}
    found = searched(
        frame(spark, pairs, n_blocks=n_blocks, settled=settled.items()),
        spark.createDataFrame([], KNOWN),
        partial(published_rows, min_cosine=0.5),
        n_neighbours=K,
        schema=CANDIDATE,
    ).collect()
    of_languages = [row for row in found if (row["language_a"], row["language_b"]) == ("deu", "eng")]
    assert {
        (r["id_a"], r["id_b"]): (r["site"], r["similarity"], r["margin"]) for r in of_languages
    } == expected
    in_french = {row["id_a"] for row in found if row["language_b"] == "fra"}
    assert in_french & settled.keys()


@pytest.mark.parametrize("n_blocks", [1, 3])
def test_known_translations_reach_the_judge(spark, pairs, n_blocks):
    ids = {(row[3], row[2], row[1][-2:]): row[1] for row in pairs}
    known = [
        (site, ids[site, a, f"{i:02d}"], ids[site, b, f"{i:02d}"], a, b)
        for site, a, b in (("one.example", "deu", "eng"), ("two.example", "eng", "spa"))
        for i in range(2)
    ]
    frames = frame(spark, pairs, n_blocks=n_blocks), spark.createDataFrame(known, KNOWN)
    config = AlignConfig(min_score=0.01)
    judge = partial(labelled_rows, config=config)
    labelled = searched(*frames, judge, n_neighbours=K, schema=LABELLED).collect()
    assert sum(row["right"] for row in labelled) == 4
    assert {row["site"] for row in labelled if row["right"]} == {"one.example", "two.example"}
    assert sum(not row["right"] for row in labelled) >= 2 * 4
    judge = partial(wrong_rows, calibration=DEFAULT_CALIBRATION, config=config)
    wrong = searched(*frames, judge, n_neighbours=K, schema=CANDIDATE).collect()
    partners = {row[1]: row[2] for row in known} | {row[2]: row[1] for row in known}
    assert len(wrong) > 1
    for row in wrong:
        assert row["id_a"] in partners or row["id_b"] in partners
        assert partners.get(row["id_a"]) != row["id_b"]
    assert len({row["id_a"] for row in wrong}) == len({row["id_b"] for row in wrong}) == len(wrong)

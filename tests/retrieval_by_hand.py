"""A retrieval set for the tests of the mine job: texts whose vectors are those of `tiny_models`."""

from collections import defaultdict

from retrieval_tables import asked, doc_id
from work_tables import read

TABLES = ("document_vectors", "candidates", "scores", "negatives")
DEPTH = 8
ALL = {"embed_part", "search_part", "rerank_part", "select_part"}

DIRECTIONS = ("east", "west", "northeast")
SITES = ("alder.com", "birch.com", "cedar.com")
DOORS = [
    asked(
        f"Which {DIRECTIONS[n % 3]} door{n}?",
        f"{DIRECTIONS[n % 3]} of tree{n % 7} stands door{n}",
        site=SITES[n // 3 % 3],
    )
    for n in range(24)
]
SEVERAL = asked("Which north gates?", *(f"north gate gates number{n}" for n in range(3)), site="birch.com")
NOT_FOUND = asked("Which north?", "west hermit")
UNKNOWN_WORDS = asked("Zyx wvu?", "west tsr qpo")
NEAR = [asked(f"north gable{n} gable?", f"north gable number{n}", near="gable") for n in (1, 2)]
SAME_QUESTION = [
    asked("north ridge?", "north ridge old", site="alder.com"),
    asked("north RIDGE", "north ridge new", site="birch.com"),
]
PARALLEL = [asked(f"north vale{n} vale?", f"north vale number{n}", groups=["vale"]) for n in (1, 2)]
"""Nine documents are of the north, so that both searches list all of them for the queries of these."""
OTHER_SPLITS = [
    asked("Which east door90?", "east of tree6 stands door90", site="pine.com", split="dev"),
    asked("Which east door91?", "east of tree6 stands door91", site="plum.com", split="test"),
    asked("Whose east door1?", DOORS[1]["answers"][0], site="plum.com", split="test"),
]
GERMAN = [asked("north Tür?", "north Tor", language="deu")]
FRENCH = [asked(f"Quelle porte {n}?", f"east porte {n}", language="fra") for n in range(5)]
ENGLISH = [*DOORS, SEVERAL, NOT_FOUND, UNKNOWN_WORDS, *NEAR, *SAME_QUESTION, *PARALLEL]
ROWS = [*ENGLISH, *OTHER_SPLITS, *GERMAN, *FRENCH]
PARTS = {"eng": 3, "fra": 16}
"""So many of French that some have a query without a document, and some have neither."""


def rows_by_query(work, table):
    found = defaultdict(list)
    for row in read(work, table).to_pylist():
        found[row["query_id"]].append(row)
    return found


def n_documents(language="eng"):
    return len({id for row in ROWS if row["split"] == "train" for id in row["doc_ids"]} & ids_of(language))


def ids_of(language):
    return {id for row in ROWS if row["language"] == language for id in row["doc_ids"]}


def decision(work, query, answer):
    """What became of an answer as a candidate of a query."""
    rows = rows_by_query(work, "negatives")[query["query_id"]]
    (found,) = [row["decision"] for row in rows if row["doc_id"] == doc_id(answer, query["language"])]
    return found

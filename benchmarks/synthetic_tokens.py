"""Corpora and queries as token ids, of any size: what a lexical search engine sees of documents.

A document has 40 to 60 tokens. Some are drawn from the language as a whole, by the law of Zipf and
Mandelbrot, whose head is that of text with its stop words (the most frequent term is in about half of all
documents); some from the words of the document's topic, so that terms occur together; some are repeated. The
vocabulary grows with the corpus by Heaps' law. Which id a term has says nothing of how frequent it is.

A query asks for a document: 6 to 10 different tokens, most of them the document's, some from the language as
a whole. Each corpus is a folder; the same size gives the same bytes.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mining.token_ids import TokenIds

DOCUMENT_LENGTHS = (40, 60)
QUERY_LENGTHS = (6, 10)

TOPICAL = 0.45
"""Share of a document's tokens that come from its topic."""
REPEATED = 0.15
"""Share of a document's tokens that repeat another one of it."""
NOISE = 0.15
"""Share of a query's tokens that need not be its document's."""

HEAPS = (30, 0.55)
"""Terms in n tokens: 30 n^0.55."""
ZIPF_MANDELBROT = (1.07, 2.7)
"""The k-th most frequent term has a share as 1 / (k + 2.7)^1.07."""
N_TOPIC_TERMS = 3000
DOCUMENTS_PER_TOPIC = 500
FIRST_TOPIC_RANK = 60
"""Terms more frequent than this belong to no topic."""

BATCH = 50_000

Ints = NDArray[np.int64]


def make_corpus(folder: Path, n_documents: int, *, n_queries: int) -> None:
    """Write a corpus and its queries."""
    chance = np.random.default_rng([n_documents, n_queries])
    folder.mkdir(parents=True)
    lengths = chance.integers(*DOCUMENT_LENGTHS, n_documents, endpoint=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    factor, power = HEAPS
    n_terms = round(factor * offsets[-1] ** power)
    ids = chance.permutation(n_terms).astype(np.int32)
    with (folder / "documents.bin").open("wb") as stream:
        for first in range(0, n_documents, BATCH):
            ranks = _documents(lengths[first : first + BATCH], n_terms, n_documents, chance)
            ids[ranks].tofile(stream)
    np.savez(folder / "sizes.npz", offsets=offsets, n_terms=n_terms)
    asked, queries = _queries(folder, offsets, n_queries, ids, chance)
    np.savez(folder / "queries.npz", ids=queries.ids, offsets=queries.offsets, asked=asked)


def n_terms_of(folder: Path) -> int:
    """Return how many ids there are; some may occur nowhere."""
    with np.load(folder / "sizes.npz") as sizes:
        return int(sizes["n_terms"])


def documents_of(folder: Path) -> Iterator[TokenIds]:
    """Yield the documents in batches."""
    with np.load(folder / "sizes.npz") as sizes:
        offsets = sizes["offsets"]
    with (folder / "documents.bin").open("rb") as stream:
        for first in range(0, len(offsets) - 1, BATCH):
            here = offsets[first : first + BATCH + 1]
            yield TokenIds(np.fromfile(stream, np.int32, here[-1] - here[0]), here - here[0])


def queries_of(folder: Path, n: int) -> TokenIds:
    """Return the first n queries."""
    with np.load(folder / "queries.npz") as queries:
        return TokenIds(queries["ids"], queries["offsets"]).part(0, n)


def asked_of(folder: Path) -> Ints:
    """Return the document that each query asks for."""
    with np.load(folder / "queries.npz") as queries:
        asked: Ints = queries["asked"]
        return asked


def _documents(lengths: Ints, n_terms: int, n_documents: int, chance: Generator) -> Ints:
    """Return the ranks of documents' tokens, document after document."""
    n = int(lengths.sum())
    ranks = _zipf_mandelbrot(chance.random(n), 0, n_terms)
    topics = np.repeat(chance.integers(0, 1 + n_documents // DOCUMENTS_PER_TOPIC, len(lengths)), lengths)
    topical = chance.random(n) < TOPICAL
    places = _zipf_mandelbrot(chance.random(n), 0, N_TOPIC_TERMS)
    lots = _scattered(topics[topical] * N_TOPIC_TERMS + places[topical])
    ranks[topical] = _zipf_mandelbrot(lots, FIRST_TOPIC_RANK, n_terms)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    others = first + (chance.random(n) * np.repeat(lengths, lengths)).astype(np.int64)
    return np.where(chance.random(n) < REPEATED, ranks[others], ranks)


def _queries(
    folder: Path, offsets: Ints, n_queries: int, ids: NDArray[np.int32], chance: Generator
) -> tuple[Ints, TokenIds]:
    documents = np.memmap(folder / "documents.bin", np.int32, "r")
    found = []
    asked = chance.integers(0, len(offsets) - 1, n_queries)
    for document in asked:
        n = chance.integers(*QUERY_LENGTHS, endpoint=True)
        own = np.unique(documents[offsets[document] : offsets[document + 1]])
        n_own = min(len(own), int((chance.random(n) >= NOISE).sum()))
        noise = ids[_zipf_mandelbrot(chance.random(n - n_own), 0, len(ids))]
        found.append(np.unique(np.concatenate([chance.choice(own, n_own, replace=False), noise])))
    lengths = [len(query) for query in found]
    return asked, TokenIds(np.concatenate(found), np.concatenate([[0], np.cumsum(lengths)]))


def _zipf_mandelbrot(lots: NDArray[np.float64], first: int, n: int) -> Ints:
    """Return ranks from `first` up to n, by the inverse of the law's distribution; lots are in [0, 1)."""
    exponent, shift = ZIPF_MANDELBROT
    low, high = ((rank + shift) ** (1 - exponent) for rank in (first, n))
    ranks: Ints = ((low + lots * (high - low)) ** (1 / (1 - exponent)) - shift).astype(np.int64)
    return ranks.clip(first, n - 1)


def _scattered(numbers: Ints) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each, as if by chance but always the same one (Fibonacci hashing)."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed >> np.uint64(11)).astype(np.float64) / (1 << 53)

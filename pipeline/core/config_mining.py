"""The parts of the configuration that `faqtory mine` reads."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.core.config_section import Section


class MiningConfig(Section):
    """Which documents are looked at as negatives of a query, and who scores them."""

    languages: tuple[str, ...] = Field(
        (), description="ISO 639-3 codes of what is mined; all languages if empty."
    )
    split: Literal["train", "dev", "test"] = Field(
        "train",
        description="Whose queries are mined, among the documents of the same split: a test document never "
        "becomes a negative to train on.",
    )
    depth: int = Field(
        200,
        ge=1,
        le=1000,
        description="Candidates a query that are no positives; each search looks for as many. WebFAQ 2.0 "
        "has 200.",
    )
    bm25: bool = Field(True, description="Search by BM25, over terms as `mining/analysis.py` makes them.")
    bm25_variant: Literal["lucene", "robertson", "atire", "bm25+", "rankevolve"] = Field(
        "lucene", description="Form of BM25 (`mining/bm25_impact.py`). Lucene's is the published one."
    )
    bm25_k1: float = Field(
        1.2, ge=0, description="How fast further occurrences of a term count less. Lucene's default."
    )
    bm25_b: float = Field(
        0.75, ge=0, le=1, description="How much a document's length counts. Lucene's default."
    )
    dense_model: str | None = Field(
        "bootstrap",
        min_length=1,
        description="Embedder of the dense search: a sentence-transformers model (a folder, or the id on the "
        "Hugging Face hub, also as id@revision); bootstrap: a small one trained on the corpus's own training "
        'split, without any download; "none" for no dense search.',
    )
    query_prompt: str | None = Field(
        None,
        description="What the embedder reads before a query: the name of one of its own prompts, or text "
        "that ends in a space. By default its prompt `query`, where it defines one.",
    )
    document_prompt: str | None = Field(
        None, description="The same before a document: by default `document`, `passage` or `corpus`."
    )
    flat_below: int = Field(
        200_000,
        ge=0,
        description="Documents of a language up to which the dense search looks at all of them; beyond, on "
        "CPUs, at those that a 4-bit product quantiser names (`mining/dense.py`).",
    )
    min_recall: float = Field(
        0.98,
        gt=0,
        le=1,
        description="Share of the exact first results that the quantised search must find, measured on a "
        "sample of the queries of each language. A choice.",
    )
    rrf_constant: float = Field(
        60, gt=0, description="Of reciprocal-rank fusion (Cormack, Clarke and Buettcher 2009)."
    )
    teacher: tuple[str, ...] = Field(
        (),
        max_length=2,
        description="Model that scores all candidates and positives: a CrossEncoder or an embedder of "
        "sentence-transformers (folder, id, id@revision), or bootstrap: one trained here, for trying things "
        "out. Two for a cascade: the second scores what the first ranks best.",
    )
    teacher_depth: int = Field(
        50, ge=1, description="Candidates a query that a cascade's second teacher scores. A choice."
    )
    max_tokens: int = Field(
        512, ge=8, description="Tokens of a text, or of both texts of a pair, that a model reads."
    )
    tokens_per_batch: int = Field(
        16_384,
        ge=512,
        description="Tokens a model reads at a time, padding included. A choice: 32 pairs of 512 tokens.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where models run: cpu, mps, cuda or cuda:N; auto takes a GPU where torch finds one.",
    )
    cache: str | None = Field(
        None,
        description="Local folder in which each machine builds the indexes that its tasks map. By default "
        "`cache` in the work folder; where that is no local one, a folder among the temporary files. "
        "What earlier runs built goes from the work folder alone.",
    )

    @model_validator(mode="after")
    def _something_searches(self) -> Self:
        if not self.bm25 and self.dense_model in (None, "none"):
            raise ValueError("there is no search left: keep bm25 or name a dense_model")
        return self


class NegativesConfig(Section):
    """Which candidates of a query become its negatives."""

    n_negatives: int = Field(
        200,
        ge=1,
        description="Most negatives of a query. WebFAQ 2.0 publishes 200 with scores; a trainer takes the "
        "first few. Queries with fewer keep what they have.",
    )
    skip: int = Field(
        0,
        ge=0,
        description="Best-ranked candidates of each query that are left out, positives not counted. A "
        "choice: scores and shared answers tell false negatives better than ranks do; without a teacher some "
        "10 are usual (range_min=10 in the documentation of sentence-transformers).",
    )
    absolute_margin: float | None = Field(
        None,
        ge=0,
        description="How far below the positive's a negative's score must be, in the teacher's units "
        "(NV-Retriever, arXiv:2407.15831, section 3, TopK-MarginPos). Not set: units differ by teacher.",
    )
    relative_margin: float | None = Field(
        None,
        ge=0,
        description="The same as a share of the size of the positive's score: at most p - margin * |p|. Not "
        "set: percent_of_positive says the same where scores are cosines, and better where they are logits.",
    )
    percent_of_positive: float | None = Field(
        0.95,
        gt=0,
        le=1,
        description="Largest share of the positive's score that a negative may have: 0.95 is the best of "
        "NV-Retriever (arXiv:2407.15831, TopK-PercPos), there of cosines. Of a cross-encoder's logits the "
        "probabilities are compared. The default holds where there is a teacher.",
    )
    reference: Literal["min", "mean", "max"] = Field(
        "min",
        description="Which score stands for the positives of a query that has several. A choice: the lowest "
        "lets the fewest false negatives through.",
    )
    promote: bool = Field(
        False,
        description="Put candidates that the teacher scores above all positives aside, as likely positives "
        "for review.",
    )
    min_percentile: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Candidates scored below this percentile of their language's candidates are no "
        "negatives: they are too easy. Not set: the lowest of the best 200 are harder than random ones.",
    )
    max_percentile: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Candidates scored above this percentile of their language's candidates are no "
        "negatives. Not set: a margin to the query's own positive is the better rule.",
    )
    same_site_limit: int | None = Field(
        None,
        ge=0,
        description="Most negatives of a query that stand on its own site; 0 bans them. Not set: they are "
        "the hardest to tell from the positive, and what answers the same question is out already.",
    )
    sampling: Literal["top", "random", "bands"] = Field(
        "top",
        description="Which ones of more than n_negatives: the hardest, any, or as many of each band between "
        "the hardest and the easiest.",
    )
    n_bands: int = Field(4, ge=2, description="Bands of sampling=bands. A choice: quartiles.")
    seed: int = Field(0, ge=0, description="Of sampling=random and sampling=bands, with the ids.")

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        given = self.model_fields_set
        if "n_bands" in given and self.sampling != "bands":
            raise ValueError("n_bands has no effect but with sampling=bands; leave it out")
        if "seed" in given and self.sampling == "top":
            raise ValueError("seed has no effect with sampling=top; leave it out")
        low, high = self.min_percentile or 0, 100 if self.max_percentile is None else self.max_percentile
        if low >= high:
            raise ValueError("min_percentile must be below max_percentile")
        return self

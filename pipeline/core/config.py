"""Configuration: one frozen model, read from one TOML file, overridden by `--set section.key=value`."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.core.errors import ConfigError


class Section(BaseModel):
    """Base of every part of the configuration: immutable, and no key is ever ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        description="Cleaning rules and the way languages are identified: this project's, or the ones published "
        "with WebFAQ 2.0.",
    )


class LanguageConfig(Section):
    """Which language a pair is in."""


class DedupConfig(Section):
    """Which pairs repeat others. Profile webfaq2 removes exact duplicates alone."""

    near_duplicates: bool = Field(True, description="Look for near-duplicates, too, in profile default.")
    ngram: int = Field(
        5, ge=1, description="Words a shingle; in scripts without spaces characters. FineWeb's choice."
    )
    n_bands: int = Field(
        14,
        ge=1,
        description="Bands of the MinHash signature; with 8 rows a pair of Jaccard 0.8 meets with probability "
        "0.92, one of 0.85 with 0.99, one of 0.5 with 0.05 (1 - (1 - J^rows)^bands).",
    )
    n_rows: int = Field(8, ge=1, description="Rows of each band (FineWeb: 14 x 8).")
    min_jaccard: float = Field(
        0.8, gt=0, le=1, description="Least similarity, computed from the texts themselves, of near-duplicates."
    )
    max_origins_per_answer: int = Field(
        20,
        ge=1,
        description="An answer that stands on more origins than this is boilerplate and dropped, in profile "
        "default.",
    )


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

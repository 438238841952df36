"""Which language a pair is in.

Profile webfaq2 follows the published rules (`extract.langid_webfaq2`); profile default weighs the pair's text
with the rest of its page and with what the page declares (`extract.langid_default`).
"""

from extract.langid_default import DefaultIdentifier
from extract.langid_model import LabelModel, load_predictor
from extract.langid_records import Language, LanguageIdentifier, LanguageRule, PageEvidence, Source
from extract.langid_webfaq2 import Webfaq2Identifier
from pipeline.core.config import LanguageConfig
from pipeline.core.errors import ConfigError

__all__ = [
    "Language",
    "LanguageIdentifier",
    "LanguageRule",
    "PageEvidence",
    "Source",
    "identifier",
    "rule_names",
]


def identifier(config: LanguageConfig, *, profile: str) -> LanguageIdentifier:
    """Load the model and return the identifier of a profile: default or webfaq2.

    Raises ConfigError for a model that cannot be read and for a setting that the profile would ignore.
    """
    _check_profile(profile)
    if profile == "webfaq2":
        if config.min_score != LanguageConfig().min_score:
            raise ConfigError(
                "language.min_score has no effect in profile webfaq2, which has the published thresholds; "
                "remove it or use profile default."
            )
        return Webfaq2Identifier(load_predictor(config.model))
    return DefaultIdentifier(LabelModel(load_predictor(config.model)), min_score=config.min_score)


def rule_names(profile: str) -> tuple[str, ...]:
    """Return the rules that can drop a pair of this profile for its language, in their order."""
    _check_profile(profile)
    if profile == "webfaq2":
        return (LanguageRule.LANGUAGE_UNCERTAIN,)
    return (LanguageRule.NOT_A_LANGUAGE, LanguageRule.LANGUAGE_UNCERTAIN)


def _check_profile(profile: str) -> None:
    if profile not in ("default", "webfaq2"):
        raise ConfigError(f"There is no profile {profile}; use default or webfaq2.")

"""What every part of the configuration has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of every part of the configuration: immutable, and no key is ever ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

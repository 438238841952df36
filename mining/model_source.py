"""Find the model that a configuration names, and its files: in a local folder, or on the Hugging Face hub.

Finding tells which revision a name stands for, so that scores can say who produced them and every worker
loads exactly this one. The hub's client belongs to the extra `mining` and is imported inside functions.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.core.errors import ConfigError, TransientError

_NOT_LOADED = [
    "*.onnx",
    "*.h5",
    "*.msgpack",
    "*.ot",
    "*.gguf",
    "*.tflite",
    "*.mlmodel",
    "openvino/*",
    "onnx/*",
]
"""Files of a hub model that torch has no use for: the same weights in other formats."""

_WEIGHTS = (".safetensors", ".bin", ".pt")


_PACKAGES = {"faiss": "faiss-cpu", "numba": "numba", "Stemmer": "PyStemmer", "threadpoolctl": "threadpoolctl"}
"""Which package brings a library of the extra `mining`, if not sentence-transformers."""


class ModelOutOfReachError(TransientError):
    """A model that is neither a local folder nor in the cache, while the hub cannot be reached."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model as configured and the exact state of it that was found."""

    name: str
    """Id on the hub, or the folder's own name."""
    revision: str | None
    """Commit on the hub, or hash of the folder's files; None for a model out of reach."""
    folder: str | None = None
    """Absolute path of a local model."""

    @property
    def label(self) -> str:
        """Return `name@revision`, as scores name it."""
        return f"{self.name}@{self.revision}"


def find_model(spec: str) -> ModelSource:
    """Return the model that a folder, `id` or `id@revision` stands for.

    Raises ConfigError where there is none, ModelOutOfReachError where the hub cannot be asked and the cache
    does not know it.
    """
    if os.path.isdir(spec):
        folder = Path(spec).resolve()
        if not any((folder / name).is_file() for name in ("config.json", "modules.json")):
            raise ConfigError(f"Folder {spec} holds no model: it has neither config.json nor modules.json.")
        return ModelSource(folder.name, _folder_hash(folder), str(folder))
    name, _, revision = spec.partition("@")
    if spec.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ConfigError(f"There is no model folder {spec}; check the path.")
    hub = mining_library("huggingface_hub")
    with _hub_errors(name):
        return ModelSource(name, hub.HfApi().resolve_revision(name, revision=revision or None).resolved)


def out_of_reach(spec: str) -> ModelSource:
    """Return what stands for a model that `find_model` could not reach."""
    return ModelSource(spec.partition("@")[0], None)


def fetch(source: ModelSource) -> Path:
    """Return the folder that holds the model's files; a hub model is downloaded into the cache if need be."""
    if source.folder:
        return Path(source.folder)
    hub = mining_library("huggingface_hub")
    with _hub_errors(source.name):
        folder = Path(
            hub.snapshot_download(source.name, revision=source.revision, ignore_patterns=_NOT_LOADED)
        )
    if not any(path.suffix in _WEIGHTS for path in folder.rglob("*")):
        raise _unreachable(source.name)
    return folder


def mining_library(name: str) -> Any:
    """Import a library of the extra `mining`; ConfigError that names the extra where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        package = _PACKAGES.get(name, "sentence-transformers")
        raise ConfigError(f"This step needs {package}; pip install 'faqtory[mining]'.") from None


def first_line(error: Exception) -> str:
    """Return the error's first line without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _folder_hash(folder: Path) -> str:
    """Return 16 hex digits of the names and the content of the files that a model consists of."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        inner = path.relative_to(folder)
        if inner.name != "README.md" and not any(p.startswith((".", "checkpoint-")) for p in inner.parts):
            with path.open("rb") as stream:
                content = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            digest.update(f"{inner.as_posix()}\n{content}\n".encode())
    return digest.hexdigest()


def _unreachable(name: str) -> ModelOutOfReachError:
    return ModelOutOfReachError(
        f"model {name} is neither a local folder nor in the cache and the hub cannot be reached"
    )


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into one sentence."""
    errors = mining_library("huggingface_hub.errors")
    absent = (errors.RevisionResolutionError, errors.LocalEntryNotFoundError, ConnectionError, TimeoutError)
    try:
        yield
    except absent:
        raise _unreachable(name) from None
    except errors.GatedRepoError:
        raise ConfigError(f"Model {name} is gated: accept its terms on the hub and log in there.") from None
    except errors.RevisionNotFoundError:
        raise ConfigError(f"Model {name} has no such revision; check what stands after the @.") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise ConfigError(f"There is no model {name}, neither a folder nor readable on the hub.") from None
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        is_transport = any(kind.__name__ == "TransportError" for kind in type(error).__mro__)
        if is_transport or (status is not None and (status == 429 or status >= 500)):
            raise _unreachable(name) from None
        raise ConfigError(f"Model {name} cannot be fetched: {first_line(error)}.") from error

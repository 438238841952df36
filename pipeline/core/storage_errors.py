"""What can go wrong with files and their drivers, in one sentence that says what to do."""

import contextlib
from collections.abc import Iterator

from pipeline.core.errors import ConfigError, FaqtoryError, TransientError

_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
_UNREACHABLE = {"ClientConnectionError", "HTTPClientError", "ConnectionError", "FSTimeoutError"}
_AWS, _WEB = {"botocore", "aiobotocore", "s3fs"}, {"aiohttp", "fsspec"}


@contextlib.contextmanager
def explained(path: str, *, named_in: str | None = None) -> Iterator[None]:
    """Turn what file systems and their drivers raise in the block into errors of one sentence.

    ConfigError for what the user must change, TransientError for what may pass. Drivers are told by the names
    of their exception classes, so that none need be installed.
    """
    try:
        yield
    except FaqtoryError:
        raise
    except Exception as error:
        reason = _explain(error, f"{path}{where(named_in)}", is_remote=not is_local(path))
        if reason is None:
            raise
        raise reason from error


def _is_from(error: Exception, packages: set[str]) -> bool:
    return type(error).__module__.split(".")[0] in packages


def first_line(error: Exception) -> str:
    """Return the error's first line without a full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def where(named_in: str | None) -> str:
    """Return the clause that says in which listing a path stands."""
    return f" (named in {named_in})" if named_in else ""


def _explain(error: Exception, what: str, *, is_remote: bool) -> FaqtoryError | None:
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and isinstance(cause, Exception) and not _is_from(cause, _AWS):
        return _explain(cause, what, is_remote=is_remote)  # fsspec's name for all that goes wrong on the web
    names = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status", None)
    reason = first_line(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return ConfigError(f"{what} does not exist{': check the address' if is_remote else ''}.")
    if isinstance(error, PermissionError) or status in (401, 403):
        return ConfigError(f"{what} may not be read: permission denied.")
    if names & _NO_CREDENTIALS:
        return ConfigError(f"{what} cannot be read: no usable credentials were found ({reason}).")
    if isinstance(error, ConnectionError | TimeoutError) or names & _UNREACHABLE:
        return TransientError(f"{what} cannot be reached ({reason}); check the address, or try again later.")
    if isinstance(status, int) and (status == 429 or status >= 500):
        return TransientError(f"{what} cannot be read: the server answers {status}. Try again later.")
    if isinstance(error, OSError):
        kind = TransientError if is_remote else ConfigError
        return kind(f"{what} cannot be read: {error.strerror or reason}.")
    if _is_from(error, _AWS | _WEB):
        return ConfigError(f"{what} cannot be read: {reason}.")
    return None


def is_local(path: str) -> bool:
    """Tell whether the path is on a local disk."""
    return "://" not in path or path.startswith("file://")

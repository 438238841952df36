"""The errors a user can meet, and the exit code each one ends in.

    FaqtoryError
    ├── ConfigError      2   the request or the configuration is wrong; nothing was started
    ├── ShardError       3   input files were unreadable beyond the configured share
    ├── GateError        4   a quality gate failed; nothing was published
    └── TransientError  75   the same call may succeed later

A message is one sentence that says what is wrong, where, and what to do.
"""


class FaqtoryError(Exception):
    """Base of every error that ends a command with one sentence instead of a traceback."""

    exit_code = 1


class ConfigError(FaqtoryError):
    """A bad request or configuration, found before any work was done."""

    exit_code = 2


class ShardError(FaqtoryError):
    """One input file (inside a task) or too many of them (for the run) could not be read."""

    exit_code = 3


class GateError(FaqtoryError):
    """A quality gate failed."""

    exit_code = 4


class TransientError(FaqtoryError):
    """A network or storage fault that a later attempt may not meet."""

    exit_code = 75

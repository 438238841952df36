"""How far long work has come, and an honest remaining time."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Progress:
    """Where scoring stands."""

    n_done: int
    """Pairs."""
    n_pairs: int
    remaining_s: float


class Pace:
    """Tells a listener how long the rest will take, from how long as many tokens have taken so far.

    By tokens and not by pairs, since the longest pairs come first: their pace would be that of the worst
    case. The attention of a transformer costs more a token in a long text, so that the time told shrinks
    faster than a clock runs, and never grows for that reason.
    """

    def __init__(
        self, listener: Callable[[Progress], None] | None = None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._listener = listener
        self._clock = clock
        self.start(0, 0)

    def start(self, n_tokens: int, n_pairs: int) -> None:
        """Begin anew with so much to do; tokens are any unit of cost."""
        self._n_tokens, self._n_pairs = n_tokens, n_pairs
        self._tokens_done, self._pairs_done = 0, 0
        self._started = self._clock()

    def add(self, n_tokens: int, n_pairs: int) -> None:
        """Take note that so much more is done, and tell the listener."""
        self._tokens_done += n_tokens
        self._pairs_done += n_pairs
        if self._listener:
            elapsed = self._clock() - self._started
            left = (self._n_tokens - self._tokens_done) / max(self._tokens_done, 1)
            self._listener(Progress(self._pairs_done, self._n_pairs, elapsed * left))

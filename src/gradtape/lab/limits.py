"""How much of anything the server takes, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

CONNECTIONS = 64  # beyond it requests are answered with 503
CONNECTIONS_AT_ALL = 256  # beyond it connections are closed as they come
SESSIONS = 12  # networks in training at once; beyond it 503
FIRST_REQUEST_S = 10.0  # a connection that has not asked by then is closed
KEEP_ALIVE_S = 5
PING_S = 20.0
SEND_S = 20.0  # a page that takes longer to receive a message is given up
QUEUED_COMMANDS = 32
FRAMES_A_SECOND = 20.0
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 40.0, 80.0
FAULTS = 30  # messages not as they should be, or too many, after which a connection is closed
PAGES_KEPT = 16  # explanations that were asked for; older ones go
PAGE_BYTES = 64 * 2**20  # all of them together


class Bucket:
    """A bucket of tokens: `burst` at once, `rate` a second in the long run.

    >>> from gradtape.lab.limits import Bucket
    >>> bucket = Bucket(1.0, 2.0, clock=lambda: 0.0)
    >>> [bucket.take() for _ in range(3)]
    [True, True, False]
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic):
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens, self.filled = burst, clock()

    def take(self) -> bool:
        """Take a token; False where there is none."""
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

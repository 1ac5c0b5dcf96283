"""Where a served model is, and how patiently it is asked."""

import dataclasses
import time
from collections.abc import Callable
from typing import TypeVar

FIRST_PAUSE_S = 0.5  # Before a request is sent again; doubled each time.
LONGEST_PAUSE_S = 10.0

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model of a server, and the rules for asking it.

    Attributes:
      server: "host:port".
      api: Key of client.APIS.
      model: What the server calls the model.
      version: Which of its versions; None leaves it to the server.
      timeout_s: Seconds until an answer must have come; over REST, the
        longest silence on the way to it.
      retries: How often a request is sent again that met no server, a busy
        one, or no answer in time. A refused request is not sent again.
      max_bytes: Longest request that is sent.
    """

    server: str
    api: str
    model: str
    version: int | None = None
    timeout_s: float = 60.0
    retries: int = 3
    max_bytes: int = 64 * 2**20

    def __str__(self):
        version = f", version {self.version}" if self.version else ""
        return f"model {self.model!r}{version} at {self.server} ({self.api})"

    def require_fits(self, num_bytes: int) -> None:
        """Checks the length of a request.

        Raises:
          ValueError: If it is above `max_bytes`.
        """
        if num_bytes > self.max_bytes:
            raise ValueError(
                f"wanted a request of at most {self.max_bytes} bytes, found "
                f"{num_bytes}; raise --server_max_bytes if the server takes "
                f"it, or shrink the photograph"
            )

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Sends a request until it is answered.

        Args:
          request: Raises ConnectionError or TimeoutError for what may pass.

        Returns:
          What `request` returns.

        Raises:
          ConnectionError: If the last attempt raises it.
          TimeoutError: Likewise.
        """
        pause = FIRST_PAUSE_S
        for _ in range(self.retries):
            try:
                return request()
            except (ConnectionError, TimeoutError):
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        return request()

    def unreachable(self, found: str) -> ConnectionError:
        """Makes the error of a server that is away or busy."""
        return ConnectionError(
            f"{self}: wanted a server that answers, found {found}; start "
            f"TensorFlow Serving, or give its {self.api} port as --server"
        )

    def late(self) -> TimeoutError:
        """Makes the error of an answer that did not come in time."""
        return TimeoutError(
            f"{self}: wanted an answer within {self.timeout_s:g} s, found "
            f"none; raise --server_timeout"
        )

    def refused(self, found: str) -> ValueError:
        """Makes the error of a request that the server refuses."""
        return ValueError(
            f"{self}: wanted an answer, found {' '.join(found.split())!r}; "
            f"see the server's log"
        )

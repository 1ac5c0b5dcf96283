"""The address of a served model, and the rules for requests to it."""

import dataclasses
import time
from collections.abc import Callable
from typing import TypeVar

from guided_segmentation.errors import InputError

FIRST_PAUSE_S = 0.5  # Before the first retry; doubles with each further one.
LONGEST_PAUSE_S = 10.0

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model on a server, and the rules for requests to it.

    Attributes:
      server: "host:port".
      api: Key of client.APIS.
      model: Name of the model on the server.
      version: Version of the model; None leaves the choice to the server.
      timeout_s: Seconds within which an answer must arrive; over REST, the
        longest time without receiving a byte.
      retries: How often a request is repeated if the server is unreachable,
        busy or late. A refused request is not repeated.
      max_bytes: Maximum length of a request.
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
          ValueError: If it exceeds `max_bytes`.
        """
        if num_bytes > self.max_bytes:
            raise InputError(
                f"wanted a request of at most {self.max_bytes} bytes, found "
                f"{num_bytes}; raise --server_max_bytes if the server accepts "
                f"it, or shrink the photograph"
            )

    def send_with_retries(self, request: Callable[[], Answer]) -> Answer:
        """Sends a request, and repeats it while the server is unavailable.

        Args:
          request: Sends the request and returns the answer. ConnectionError
            and TimeoutError cause a retry; other errors pass through.

        Returns:
          What `request` returns.

        Raises:
          ConnectionError: If the last attempt raises it.
          TimeoutError: If the last attempt raises it.
        """
        pause = FIRST_PAUSE_S
        for _ in range(self.retries):
            try:
                return request()
            except (ConnectionError, TimeoutError):
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        return request()

    def connection_error(self, found: str) -> ConnectionError:
        """Returns the error for a server that is unreachable or busy."""
        return ConnectionError(
            f"{self}: wanted a server that answers, found {found}; start "
            f"TensorFlow Serving, or give its {self.api} port as --server"
        )

    def timeout_error(self) -> TimeoutError:
        """Returns the error for an answer that does not arrive in time."""
        return TimeoutError(
            f"{self}: wanted an answer within {self.timeout_s:g} s, found "
            f"none; raise --server_timeout"
        )

    def refusal_error(self, found: str) -> ValueError:
        """Returns the error for a request that the server refuses."""
        return InputError(
            f"{self}: wanted an answer, found {' '.join(found.split())!r}; "
            f"see the server's log"
        )

"""The errors that reach a client, as a small tree. Whatever is not in it is a bug and is masked."""

from __future__ import annotations

from typing import Any, ClassVar

from backends.model import SourceStatus

CODES = frozenset(
    {
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "BAD_USER_INPUT",
        "SOURCE_UNAVAILABLE",
        "SOURCE_TIMEOUT",
        "COST_EXCEEDED",
        "RATE_LIMITED",
        "CURSOR_INVALID",
        "PERSISTED_DOCUMENT_REQUIRED",
        "PERSISTED_QUERY_NOT_FOUND",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "INTERNAL",
    }
)
"""All that a client can be told, whoever tells it."""


class GatewayError(Exception):
    """An error with a code of the contract; its message and details reach the client as they are."""

    code: ClassVar[str]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    @property
    def extensions(self) -> dict[str, Any]:
        """What GraphQL shows beside the message."""
        return {"code": self.code} | {
            name: value for name, value in self.details.items() if value is not None
        }


class Unauthenticated(GatewayError):
    """No credential, or one that is not accepted."""

    code = "UNAUTHENTICATED"


class Forbidden(GatewayError):
    """The credential is good, but its roles do not reach this far."""

    code = "FORBIDDEN"


class BadUserInput(GatewayError):
    """An argument that the caller can put right."""

    code = "BAD_USER_INPUT"


class CursorInvalid(GatewayError):
    """A cursor that is damaged, foreign, or belongs to another question."""

    code = "CURSOR_INVALID"


class CostExceeded(GatewayError):
    """The operation asks for more than the limits allow."""

    code = "COST_EXCEEDED"


class RateLimited(GatewayError):
    """Too many attempts; `retryAfterMs` says when to come back."""

    code = "RATE_LIMITED"


class DocumentRequired(GatewayError):
    """Only trusted documents run here, and this is none of them."""

    code = "PERSISTED_DOCUMENT_REQUIRED"


class SourceUnavailable(GatewayError):
    """A store that matters for the answer is silent. Details: source, status, retryAfterMs."""

    code = "SOURCE_UNAVAILABLE"

    def __init__(
        self, source: str, status: SourceStatus = SourceStatus.UNAVAILABLE, retry_after_ms: int = 1000
    ) -> None:
        super().__init__(
            f"{source} {_WHY[status]}.", source=source, status=status.name, retryAfterMs=retry_after_ms
        )
        self.source = source
        self.status = status
        self.retry_after_ms = retry_after_ms


class Refused(SourceUnavailable):
    """The store answered, and would not do what it was told: it is wrongly described, but not ill."""


class SourceTimeout(GatewayError):
    """The registry, a write, or the request as a whole ran out of time."""

    code = "SOURCE_TIMEOUT"

    def __init__(self, source: str | None = None, retry_after_ms: int = 1000) -> None:
        what = f"{source} did not answer" if source else "The request was not answered"
        super().__init__(f"{what} in time.", source=source, retryAfterMs=retry_after_ms)


_WHY = {
    SourceStatus.TIMEOUT: "did not answer in time",
    SourceStatus.UNAVAILABLE: "cannot be reached or refused",
    SourceStatus.CIRCUIT_OPEN: "failed too often lately and is given time to recover",
}

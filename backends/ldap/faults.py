"""What goes wrong between us and a directory, before it becomes an error of the contract."""

from __future__ import annotations

from backends.errors import SourceUnavailable
from backends.model import SourceStatus


class LdapFault(Exception):
    """The directory refused, or could not be understood."""


class Dead(LdapFault):
    """The connection is gone; another one may work."""


class NoSuchEntry(LdapFault):
    """The entry that a search starts from does not exist."""


class LimitRefused(LdapFault):
    """The directory does not page, or not by so many entries."""


class faults_as_ours:
    """Whatever fails in this block is `source` being unavailable; the cause is for the log alone."""

    __slots__ = ("_source",)

    def __init__(self, source: str) -> None:
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, TimeoutError):
            raise SourceUnavailable(self._source, SourceStatus.TIMEOUT) from error
        if isinstance(error, LdapFault | OSError | EOFError):
            raise SourceUnavailable(self._source, SourceStatus.UNAVAILABLE) from error

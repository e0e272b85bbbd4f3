"""What goes wrong between us and a directory, before it becomes an error of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def faults_as_ours(source: str) -> Iterator[None]:
    """Whatever fails inside is `source` being unavailable; the cause is for the log alone."""
    try:
        yield
    except TimeoutError as error:
        raise SourceUnavailable(source, SourceStatus.TIMEOUT) from error
    except (LdapFault, OSError, EOFError) as error:
        raise SourceUnavailable(source, SourceStatus.UNAVAILABLE) from error

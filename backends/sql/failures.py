"""How a driver says that something failed, before the name of a source is known."""

from __future__ import annotations

import re

from backends.model import SourceStatus


class StoreError(Exception):
    """The store did not do as it was told; the cause has what the driver said, for the log alone."""

    def __init__(self, status: SourceStatus = SourceStatus.UNAVAILABLE, *, refused: bool = False) -> None:
        """`refused`: the server answered, and would not run the statement."""
        super().__init__(status.name)
        self.status = status
        self.refused = refused


class DuplicateKey(Exception):
    """A row was refused because its key is taken; says nothing about the row."""

    def __init__(self) -> None:
        super().__init__("the key is taken")


def is_of_a_closed_transport(error: Exception) -> bool:
    """Whether a client used a connection that was lost in that moment: uvloop and asyncmy say so by a RuntimeError."""
    return (
        isinstance(error, RuntimeError)
        and re.search("closed|transport", str(error), re.IGNORECASE) is not None
    )

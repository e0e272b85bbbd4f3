"""The tables of a registry, one script for each kind of database, with the rows that a fresh system has."""

from __future__ import annotations

import re
from importlib.resources import files

from backends.model import SourceKind


def statements(kind: SourceKind) -> list[str]:
    """The script for `kind`, statement by statement and in order: to be run in one transaction."""
    script = files(__name__).joinpath(f"{kind.value}.sql").read_text(encoding="utf-8")
    plain = re.sub(r"^\s*--.*$", "", script, flags=re.MULTILINE)
    parts = (part.strip() for part in re.split(r";\s*(?:\n|$)", plain))
    return [part for part in parts if part and part.upper() not in ("BEGIN", "COMMIT")]

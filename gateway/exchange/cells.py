"""What a customer user's fields look like in a file, and what the cells of a file mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from backends.mapping import FieldMapping, FieldType, RecordMapping
from backends.model import CustomerUser, Validity
from backends.names import USER_ATTRIBUTES

Cell = str | int | list[str] | None
"""What a file holds: a list only in JSON; in CSV its parts are joined by semicolons."""

LOGIN, PASSWORD, SOURCE, REASON = "login", "password", "source", "reason"
IGNORED = frozenset({SOURCE, REASON})
"""Columns that our own files have, and that say nothing to `import`."""


class Refusal(Exception):
    """A row that cannot be written, and why."""


def columns_of(mappings: Sequence[RecordMapping]) -> list[str]:
    """The columns of an export: the login, every mapped field by GraphQL name, and where a record comes from."""
    names = [row.name for mapping in mappings for row in mapping.fields]
    return list(dict.fromkeys([LOGIN, *names, SOURCE]))


def cells_of(
    user: CustomerUser, mapping: RecordMapping, dynamic: Mapping[str, Sequence[str]]
) -> dict[str, Cell]:
    """Every field that the record's source maps."""
    cells = {row.name: _cell(user, row, dynamic) for row in mapping.fields}
    return {LOGIN: user.login, **cells, SOURCE: user.source_key}


def flat(cell: Cell) -> str:
    """A cell as CSV has it."""
    return ";".join(cell) if isinstance(cell, list) else "" if cell is None else str(cell)


def meaning(row: FieldMapping, cell: object) -> str | int | Validity | None:
    """What a cell says the field is to be; None for empty. Raises Refusal."""
    if isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        cell = ";".join(cell)
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise Refusal(f"{row.name}: is neither a text nor a number")
    text = str(cell)
    if row.name == "validity":
        return _validity(text)
    if row.type is FieldType.INT:
        if not re.fullmatch(r"\s*[-+]?[0-9]{1,18}\s*", text, re.ASCII):
            raise Refusal(f"{row.name}: is no whole number")
        return int(text)
    return text


def differs(user: CustomerUser, row: FieldMapping, value: str | int | Validity | None) -> bool:
    """Whether the record does not hold that value yet."""
    if isinstance(value, Validity):
        return user.validity is not value
    stored = _cell(user, row, {})
    if row.type is FieldType.INT:
        return (stored or 0) != (value or 0)  # an empty number is stored as 0 (MAP-7)
    return (flat(stored) or None) != (flat(value) or None)


def _cell(user: CustomerUser, row: FieldMapping, dynamic: Mapping[str, Sequence[str]]) -> Cell:
    if row.is_dynamic:
        values = list(dynamic.get(row.column, ()))
        return values if len(values) > 1 else values[0] if values else None
    if row.name == "validity":
        return user.validity.name
    if row.name == "listedCustomerIds":
        return list(user.listed_customer_ids)
    if row.name in USER_ATTRIBUTES:
        found: str | None = getattr(user, USER_ATTRIBUTES[row.name])
        return found
    value = user.custom.get(row.name)
    return list(value) if isinstance(value, tuple) else value


def _validity(text: str) -> Validity:
    name = text.strip().upper().replace("-", "_")
    if name in Validity.__members__:
        return Validity[name]
    if name in ("1", "2", "3"):
        return Validity(int(name))
    raise Refusal(f"validity: must be one of {', '.join(Validity.__members__)}")

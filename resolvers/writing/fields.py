"""Values of mapped fields as a caller gave them, checked against the mapping of the source that takes them."""

from __future__ import annotations

from collections.abc import Mapping

from backends.mapping import FieldMapping, FieldType, RecordMapping
from backends.model import Validity, Value
from resolvers.writing.findings import Findings, UserErrorCode, is_storable

Given = Mapping[str, str | int | Validity | None]
"""Values by GraphQL name: only what the caller gave; None and "" empty a field."""


def checked(
    mapping: RecordMapping, given: Given, noted: Findings, *, new: bool
) -> dict[str, Value | Validity]:
    """What is to be stored; notes what the mapping does not allow. A new record needs every required field."""
    values: dict[str, Value | Validity] = {}
    for name, value in given.items():
        row = mapping.field(name)
        if row is None:
            if value not in (None, "") and not (name == "validity" and value is Validity.VALID):
                noted.add((name,), UserErrorCode.INVALID, f"{mapping.source_key} has no field {name}.")
        elif row.read_only and not new:
            noted.add((name,), UserErrorCode.READ_ONLY, f"{name} is read-only in {mapping.source_key}.")
        else:
            values[name] = _checked(row, value, noted)
    _required(mapping, values, noted, new=new)
    return values


def _checked(row: FieldMapping, value: str | int | Validity | None, noted: Findings) -> Value | Validity:
    path = (row.name,)
    if isinstance(value, Validity):
        return value
    if value is None or value == "":
        return None
    text = str(value)
    if not is_storable(text):
        noted.add(path, UserErrorCode.INVALID, "Holds a character that cannot be stored.")
    if row.selection is not None and text not in {option for option, _ in row.selection}:
        options = ", ".join(option for option, _ in row.selection)
        noted.add(path, UserErrorCode.INVALID, f"Must be one of {options}.")
    return int(value) if row.type is FieldType.INT and isinstance(value, int) else text


def _required(
    mapping: RecordMapping, values: Mapping[str, Value | Validity], noted: Findings, *, new: bool
) -> None:
    for row in mapping.fields:
        if not row.required or row.is_dynamic or row.name == "validity":
            continue
        missing = values.get(row.name) is None
        if missing and (new or row.name in values):
            noted.add((row.name,), UserErrorCode.REQUIRED, f"{row.name} is required in {mapping.source_key}.")

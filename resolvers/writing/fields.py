"""Values of mapped fields as a caller gave them, checked against the mapping of the source that takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backends.conditions import is_storable
from backends.mapping import FieldMapping, FieldType, RecordMapping
from backends.model import Validity, Value
from backends.passwords import is_possible
from resolvers.writing.findings import Findings, Path, UserErrorCode

Given = Mapping[str, str | int | Validity | None]
"""Values by GraphQL name: only what the caller gave; None and "" empty a field."""

_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)


def checked(
    mapping: RecordMapping,
    given: Given,
    noted: Findings,
    *,
    new: bool,
    paths: Mapping[str, str] | None = None,
) -> dict[str, Value | Validity]:
    """What is to be stored; notes what the mapping does not allow. A new record needs every required field.

    `paths` says where in the input a field stands that is called differently there.
    """
    values: dict[str, Value | Validity] = {}
    for name, value in given.items():
        row = mapping.field(name)
        path = (paths.get(name, name) if paths else name,)
        if row is not None and row.read_only and not new:
            noted.add(path, UserErrorCode.READ_ONLY, f"{name} is read-only in {mapping.source_key}.")
        elif name == "validity":
            _add_validity(mapping, value, values, noted)
        elif row is None or row.is_dynamic:
            if value not in (None, ""):
                noted.add(path, UserErrorCode.INVALID, f"{name} is not stored in {mapping.source_key}.")
        else:
            values[name] = _checked(row, value, path, noted, is_key=row.column == mapping.key_column)
    _required(mapping, values, noted, new=new)
    return values


def password_checked(password: str | None, noted: Findings) -> None:
    """Note what keeps a password that was given from being one."""
    if password == "0":
        noted.add(("password",), UserErrorCode.INVALID, "OTOBO takes 0 for no password at all.")
    elif password and not is_possible(password):
        noted.add(("password",), UserErrorCode.INVALID, "Too long, or holds a character that is no text.")


def _add_validity(
    mapping: RecordMapping,
    value: str | int | Validity | None,
    values: dict[str, Value | Validity],
    noted: Findings,
) -> None:
    """A record is never without validity; where the source has no column for it everybody is valid."""
    if not isinstance(value, Validity):
        noted.add(("validity",), UserErrorCode.REQUIRED, "The validity cannot be empty.")
    elif mapping.valid_column is not None:
        values["validity"] = value
    elif value is not Validity.VALID:
        noted.add(("validity",), UserErrorCode.INVALID, f"In {mapping.source_key} everybody is valid.")


def _checked(
    row: FieldMapping, value: str | int | Validity | None, path: Path, noted: Findings, *, is_key: bool
) -> Value:
    if value is None or value == "":
        return None
    text = str(value)
    if not is_key and not is_storable(text):
        noted.add(path, UserErrorCode.INVALID, "Holds a character that cannot be stored.")
    if row.selection is not None and text not in {option for option, _ in row.selection}:
        options = ", ".join(option for option, _ in row.selection)
        noted.add(path, UserErrorCode.INVALID, f"Must be one of {options}.")
    if row.type is not FieldType.INT:
        return text
    if not _WHOLE_NUMBER.fullmatch(text):
        noted.add(path, UserErrorCode.INVALID, "Must be a whole number.")
        return text
    return int(text)


def _required(
    mapping: RecordMapping, values: Mapping[str, Value | Validity], noted: Findings, *, new: bool
) -> None:
    """Keys and the validity are looked after elsewhere; what a patch does not touch may stay empty."""
    if not new and None not in values.values():
        return
    for row in mapping.required_fields:
        if values.get(row.name) is None and (new or row.name in values):
            noted.add((row.name,), UserErrorCode.REQUIRED, f"{row.name} is required in {mapping.source_key}.")

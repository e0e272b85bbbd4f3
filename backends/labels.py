"""How a record is named for people: joined names, and labels such as `"Ada Lovelace" <ada@example.org>`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from backends.mapping import RecordMapping, first
from backends.model import CustomerUser, Record

Dynamic = Mapping[str, Sequence[str]]
"""Values of a record's dynamic fields, by the field's own name."""

_ADDRESS = re.compile(r"(.*)\s(\S+@\S+\.\S+)\s*", re.DOTALL)


def full_name(mapping: RecordMapping, user: CustomerUser, dynamic: Dynamic | None = None) -> str:
    """The configured name fields that are not empty, joined (CU-9)."""
    return mapping.name_join.join(_parts(mapping, mapping.name_columns, user, dynamic or {}))


def label(mapping: RecordMapping, record: Record, dynamic: Dynamic | None = None) -> str:
    """The configured list fields that are not empty, with a closing address in angle brackets (SRCH-16, COMP-6)."""
    text = re.sub(r"[\r\n]+", " ", " ".join(_parts(mapping, mapping.list_columns, record, dynamic or {})))
    if isinstance(record, CustomerUser) and (match := _ADDRESS.fullmatch(text)):
        return f'"{match[1]}" <{match[2]}>'
    return text


def _parts(
    mapping: RecordMapping, columns: Sequence[str], record: Record, dynamic: Dynamic
) -> Iterable[str]:
    for column in columns:
        if mapping.is_dynamic(column):
            text = " ".join(dynamic.get(column, ()))
        else:
            text = first(record.stored[mapping.column_index(column)]) or ""
        if text:
            yield text

"""How a record is named for people: joined names, and labels such as `"Ada Lovelace" <ada@example.org>`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from backends.mapping import RecordMapping, first
from backends.model import CustomerUser, Record

Dynamic = Mapping[str, Sequence[str]]
"""Values of a record's dynamic fields, by the field's own name."""

_LAST_WORD = re.compile(r"(.*)\s(\S+)\s*", re.DOTALL)


def full_name(mapping: RecordMapping, user: CustomerUser, dynamic: Dynamic | None = None) -> str:
    """The configured name fields that are not empty, joined (CU-9)."""
    return mapping.name_join.join(_parts(mapping, mapping.name_columns, user, dynamic or {}))


def label(mapping: RecordMapping, record: Record, dynamic: Dynamic | None = None) -> str:
    """The configured list fields that are not empty, with a closing address in angle brackets (SRCH-16, COMP-6)."""
    text = re.sub(r"[\r\n]+", " ", " ".join(_parts(mapping, mapping.list_columns, record, dynamic or {})))
    last = _LAST_WORD.fullmatch(text) if isinstance(record, CustomerUser) else None
    return f'"{last[1]}" <{last[2]}>' if last and _is_address(last[2]) else text


def _is_address(word: str) -> bool:
    """Whether there is an `@` with a dot somewhere behind it, and something before, between and after them."""
    return 0 < word.find("@", 1) < word.rfind(".", 0, -1) - 1


def _parts(mapping: RecordMapping, columns: Sequence[str], record: Record, dynamic: Dynamic) -> Iterable[str]:
    for column in columns:
        if column in record.withheld:
            continue
        if mapping.is_dynamic(column):
            text = " ".join(dynamic.get(column, ()))
        else:
            text = first(record.stored[mapping.column_index(column)]) or ""
        if text:
            yield text

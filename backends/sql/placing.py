"""Rows of a list made of stored ones, without what frozen records cost when they are made one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.order import Position
from backends.protocol import R, Row
from backends.sql.database import Row as Stored

_new: Any = object.__new__
_values, _folded, _key, _source_key = (
    Position.__dict__[name].__set__ for name in ("values", "folded", "key", "source_key")
)
_record, _position = (Row.__dict__[name].__set__ for name in ("record", "position"))


def placed(
    rows: Sequence[Stored], record: Callable[[Stored], R], width: int, source_key: str
) -> list[Row[R]]:
    """Rows of number, cut, `width` record columns and sort values, of which the last two are folded key and key."""
    end = 2 + width
    found: list[Row[R]] = []
    for stored in rows:
        position = _new(Position)
        _values(position, tuple(stored[end:-2]))
        _folded(position, stored[-2])
        _key(position, stored[-1])
        _source_key(position, source_key)
        row = _new(Row)
        _record(row, record(stored[2:end]))
        _position(row, position)
        found.append(row)
    return found

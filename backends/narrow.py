"""Records of cells, by code that is written once for a layout: they have no other attributes than were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.cells import TEXTS, Cell, Cells, Form, Layout
from backends.mapping import KNOWN_VALIDITIES, split_customer_ids
from backends.model import Customer, CustomerUser, Record, Validity

READS = {Form.VALIDITY: "valid", Form.TIME: "time", Form.LIST: "listed"}

Rows = Sequence[Sequence[Any]]


def records_of(cells: Cells) -> list[Record]:
    """The records of the rows, with their key and the attributes of the layout."""
    if not cells.rows:
        return []
    layout, width, certain = cells.layout, len(cells.rows[0]), cells.has_texts_alone
    made = layout.makers.get((cells.before, width, certain))
    if made is None:
        made = _Code(layout, certain=certain).maker(cells.before, width)
        layout.makers[cells.before, width, certain] = made
    return made(cells.rows)


class _Code:
    """Code that makes records of one layout; `certain`: texts are known to be texts."""

    def __init__(self, layout: Layout, *, certain: bool) -> None:
        self._layout = layout
        self._kind = CustomerUser if layout.of_users else Customer
        self._certain = certain
        self._used: set[int] = set()
        self._names: dict[str, Any] = {
            "new": object.__new__,
            "kind": self._kind,
            "text": layout.text,
            "time": layout.time,
            "listed": split_customer_ids,
            "valid": lambda value: KNOWN_VALIDITIES.get(value) or Validity.of(layout.text(value)),
        }

    def maker(self, before: int, width: int) -> Callable[[Rows], list[Record]]:
        """The function of rows of that width, whose first `before` values say nothing of the record."""
        layout, key = self._layout, "login" if self._layout.of_users else "customer_id"
        puts = [
            self._put(name, self._value(cell))
            for name, cell in {key: layout.key, **layout.attributes}.items()
        ]
        if layout.custom:
            parts = (f"{name!r}: {self._value(cell)}" for name, cell in layout.custom.items())
            puts.append(self._put("custom", f"{{{', '.join(parts)}}}"))
        names = [f"v{n - before}" if n - before in self._used else "_" for n in range(width)]
        lines = ["def made(rows):", "    records = []", f"    for {', '.join(names)}, in rows:"]
        lines += ["        r = new(kind)", *puts, "        records.append(r)", "    return records"]
        exec("\n".join(lines), self._names)  # noqa: S102 - our own text, of our own attributes' names
        made: Callable[[Rows], list[Record]] = self._names["made"]
        return made

    def _put(self, name: str, value: str) -> str:
        self._names[f"put_{name}"] = self._kind.__dict__[name].__set__
        return f"        put_{name}(r, {value})"

    def _value(self, cell: Cell) -> str:
        if cell.form is Form.FIXED:
            name = f"f{len(self._names)}"
            self._names[name] = cell.fixed
            return name
        self._used.add(cell.place)
        name = f"v{cell.place}"
        if cell.form not in TEXTS:
            return f"{READS[cell.form]}({name})"
        if not self._certain:
            name = f"({name} if {name}.__class__ is str or {name} is None else text({name}))"
        return f"{name} or ''" if cell.form is Form.NEEDED else name

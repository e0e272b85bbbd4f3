"""The registry's relations and dynamic fields, read in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from backends.conditions import Condition, In
from backends.model import Finding, Inspection
from backends.registry import DynamicSearch, ObjectType
from backends.sql.choices import choices_of
from backends.sql.conditions import Renderer
from backends.sql.database import Database, Row
from backends.sql.dynamic import VALUE_COLUMNS, FieldKind, is_empty_search, value_condition
from backends.sql.shapes import Columns, shape_of

TABLES = (
    "customer_company",
    "customer_preferences",
    "customer_user",
    "customer_user_customer",
    "dynamic_field",
    "dynamic_field_obj_id_name",
    "dynamic_field_value",
    "group_customer",
    "group_customer_user",
    "service",
    "service_customer_user",
    "service_preferences",
    "valid",
)
"""What a registry must have, beside the table of groups."""
TICKET_TABLES = ("ticket", "ticket_history")
"""What it may have; without them there are no tickets."""

_LINKED = "n.object_name", "r.user_id", "r.customer_id"


class SqlRegistry:
    """Answers from OTOBO's own tables; what is invalid among the dynamic fields does not exist."""

    def __init__(
        self, database: Database, groups_table: str = "groups_table", ticket_fields: Collection[str] = ()
    ) -> None:
        """`ticket_fields` are dynamic fields that tickets shall have, as `inspect` looks after."""
        self.kind = database.dialect.kind
        self.groups_table = groups_table
        self._ticket_fields = ticket_fields
        self._database = database
        self._dialect = database.dialect
        self._dialect.quoted(groups_table)

    async def customers_of(self, logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return await self._related("r.user_id", "r.customer_id", logins)

    async def logins_of(self, customer_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return await self._related("r.customer_id", "r.user_id", customer_ids)

    async def related_logins(self) -> Sequence[str]:
        rows = await self._database.fetch(
            "SELECT user_id FROM customer_user_customer WHERE customer_id <> ''"
        )
        return sorted({row[0] for row in rows if row[0]})

    async def dynamic_values(
        self, object_type: ObjectType, names: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        if not names:
            return {}
        columns = ", ".join(self._dialect.text(self._column(name)) for name in VALUE_COLUMNS)
        rows = await self._where(
            f"SELECT n.object_name, f.name, f.field_type, {columns}, v.index_value, v.id"
            " FROM dynamic_field_obj_id_name AS n"
            " JOIN dynamic_field_value AS v ON v.object_id = n.object_id"
            " JOIN dynamic_field AS f ON f.id = v.field_id"
            f" WHERE {self._of_type('n')} AND {self._of_type('f')} AND f.valid_id = 1",
            [object_type, object_type],
            In("n.object_name", tuple(names), folded=False),
        )
        for row in sorted(rows, key=_place):
            value = row[3 + VALUE_COLUMNS.index(FieldKind.of(row[2]).column)]
            if value not in (None, ""):
                values[row[0]][row[1]].append(value)
        return {name: {field: tuple(found) for field, found in of.items()} for name, of in values.items()}

    async def dynamic_choices(self, object_type: ObjectType) -> Mapping[str, Mapping[str, str]]:
        sql = f"SELECT f.name, f.config FROM dynamic_field AS f WHERE {self._of_type('f')} AND f.valid_id = 1"
        rows = await self._database.fetch(self._dialect.finish(sql), [object_type])
        return {name: choices for name, config in rows if (choices := choices_of(config))}

    async def dynamic_matches(self, object_type: ObjectType, search: DynamicSearch) -> Sequence[str]:
        field = await self._field(object_type, search.field)
        if field is None:
            return []
        identity, kind = field
        values = "dynamic_field_value AS v WHERE v.object_id = n.object_id AND v.field_id = ?"
        objects = f"SELECT n.object_name FROM dynamic_field_obj_id_name AS n WHERE {self._of_type('n')}"
        if is_empty_search(search):
            filled = f"{self._dialect.text(self._column(kind.column))} <> ''"
            sql = f"{objects} AND EXISTS (SELECT 1 FROM {values} AND {filled})"
            rows = await self._database.fetch(self._dialect.finish(sql), [object_type, identity])
        else:
            sql = f"{objects} AND EXISTS (SELECT 1 FROM {values}"
            rows = await self._where(sql, [object_type, identity], value_condition(search, kind), ")")
        return sorted({row[0] for row in rows})

    async def ping(self) -> None:
        await self._database.ping()

    async def inspect(self) -> Inspection:
        missing = [table for table in (*TABLES, self.groups_table) if not await self._has(table)]
        tickets = [table for table in TICKET_TABLES if not await self._has(table)]
        advice = [f"No tables {', '.join(tickets)}: tickets are not found here."] if tickets else []
        if not missing and not tickets:
            unknown = await self._unknown_ticket_fields()
            advice += [
                f"Tickets have no dynamic field {name}: no customer user can be set." for name in unknown
            ]
        return Inspection(None, [Finding(table, None) for table in missing], advice)

    async def _unknown_ticket_fields(self) -> Sequence[str]:
        if not self._ticket_fields:
            return []
        rows = await self._where(
            "SELECT f.name FROM dynamic_field AS f WHERE f.object_type = 'Ticket' AND f.valid_id = 1",
            [],
            In("f.name", tuple(self._ticket_fields), folded=False),
        )
        known = {row[0] for row in rows}
        return [name for name in self._ticket_fields if name not in known]

    async def _has(self, table: str) -> bool:
        sql, args = self._dialect.columns(self._dialect.quoted(table))
        return bool(await self._database.fetch(sql, args))

    async def close(self) -> None:
        await self._database.close()

    async def _related(self, key: str, other: str, values: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        if not values:
            return {}
        rows = await self._where(
            f"SELECT {key}, {other} FROM customer_user_customer AS r WHERE 1 = 1",
            [],
            In(key, tuple(values), folded=False),
        )
        related: dict[str, set[str]] = defaultdict(set)
        for one, another in rows:
            if another:
                related[one].add(another)
        return {one: tuple(sorted(others)) for one, others in related.items()}

    async def _field(self, object_type: ObjectType, name: str) -> tuple[int, FieldKind] | None:
        rows = await self._where(
            f"SELECT f.id, f.field_type FROM dynamic_field AS f WHERE {self._of_type('f')} AND f.valid_id = 1",
            [object_type],
            In("f.name", (name,), folded=False),
        )
        return (rows[0][0], FieldKind.of(rows[0][1])) if rows else None

    async def _where(
        self, start: str, args: Sequence[Any], condition: Condition, end: str = ""
    ) -> Sequence[Row]:
        """Run `start`, which has a WHERE, with one condition more."""
        columns = Columns(frozenset({"value_int"}), frozenset(_LINKED))
        shape, more = shape_of(condition, self._dialect, columns)
        text = Renderer(self._dialect, columns, None, self._column).text(shape)
        return await self._database.fetch(self._dialect.finish(f"{start} AND {text}{end}"), [*args, *more])

    def _column(self, name: str) -> str:
        """A value's column as it stands in statements; a date is text of fixed width."""
        if name == "value_date":
            return self._dialect.moment("v.value_date")
        return f"v.{name}" if name in VALUE_COLUMNS else name

    def _of_type(self, alias: str) -> str:
        return f"{alias}.object_type = {self._dialect.value}"


def _place(row: Row) -> tuple[int, int]:
    """Values of one field run by index, then as they were stored (DB-14)."""
    return row[-2] or 0, row[-1]

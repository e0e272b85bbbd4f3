"""Which column of a source feeds which field: the mapping rows, and records made from stored rows."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Any

from backends.cells import TEXTS, Cell, Columns, Form, Layout
from backends.makers import Recipe, maker
from backends.model import Customer, CustomerUser, ServedFrom, Validity, Value
from backends.names import CUSTOMER_ATTRIBUTES, USER_ATTRIBUTES

LAYOUTS = 256
"""Choices of columns that a mapping remembers."""


class FieldType(enum.Enum):
    """What a mapped column holds (MAP-1, position 5)."""

    STRING = "var"
    INT = "int"
    DYNAMIC_FIELD = "dynamic_field"


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One row of a source's mapping: GraphQL name, OTOBO's variable, and the column or attribute behind them."""

    name: str
    variable: str
    column: str
    label: str = ""
    type: FieldType = FieldType.STRING
    required: bool = False
    visible: bool = True
    read_only: bool = False
    selection: tuple[tuple[str, str], ...] | None = None

    @property
    def is_dynamic(self) -> bool:
        """Whether the value lives in the registry's dynamic fields instead of in the source (MAP-8)."""
        return self.type is FieldType.DYNAMIC_FIELD


@dataclass(frozen=True, slots=True)
class SearchRules:
    """How a source searches. Columns are those of the store; dynamic fields stand apart, by their own names."""

    columns: tuple[str, ...] = ()
    dynamic_fields: tuple[str, ...] = ()
    prefix: str = "*"
    suffix: str = "*"
    list_limit: int = 1000
    case_sensitive: bool = False
    post_master_columns: tuple[str, ...] = ()
    post_master_dynamic_fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordMapping:
    """All mapping rows of one source, without the password's, and the rules that go with them."""

    source_key: str
    fields: tuple[FieldMapping, ...]
    key_column: str
    customer_id_column: str | None = None
    """Column of the primary customer ID that searches use (SRC-14)."""
    valid_column: str | None = None
    has_validity: bool = False
    """Whether records can be invalid at all: by a column, or by a directory's valid filter."""
    password_column: str | None = None
    audited: bool = True
    """Whether the table has create_time and change_time (not `foreign`)."""
    list_columns: tuple[str, ...] = ()
    name_columns: tuple[str, ...] = ()
    name_join: str = " "
    search: SearchRules = field(default_factory=SearchRules)
    customer_support: bool = True
    exclude_primary_customer_id: bool = False
    time_zone: tzinfo = UTC

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that a record is made from, each once, in a fixed order; `row` values run like this."""
        named = [self.key_column, *(row.column for row in self.fields if not row.is_dynamic)]
        named += [
            column for column in (*self.list_columns, *self.name_columns) if column not in self._dynamic
        ]
        named += [self.valid_column] if self.valid_column else []
        named += ["create_time", "change_time"] if self.audited else []
        return tuple(dict.fromkeys(named))

    @cached_property
    def dynamic_fields(self) -> tuple[FieldMapping, ...]:
        """The rows whose values live in the registry."""
        return tuple(row for row in self.fields if row.is_dynamic)

    @cached_property
    def required_fields(self) -> tuple[FieldMapping, ...]:
        """The stored rows that are never empty, but for the key and the validity."""
        return tuple(
            row
            for row in self.fields
            if row.required
            and not row.is_dynamic
            and row.name != "validity"
            and row.column != self.key_column
        )

    @cached_property
    def key_is_number(self) -> bool:
        """Whether the login is an integer column (SRC-12)."""
        return any(row.column == self.key_column and row.type is FieldType.INT for row in self.fields)

    @cached_property
    def customer_ids_column(self) -> str | None:
        """Column of the mapped list of further customer IDs (MULTI-2)."""
        row = self._by_name.get("listedCustomerIds")
        return row.column if row else None

    def field(self, name: str) -> FieldMapping | None:
        """The mapping row with this GraphQL name."""
        return self._by_name.get(name)

    def withheld(self, hidden: frozenset[str]) -> frozenset[str]:
        """The columns, and dynamic fields, that no other fields than these show; the key's is never one."""
        if not hidden:
            return hidden
        shown = {row.column for row in self.fields if row.name not in hidden} | {self.key_column}
        return frozenset(row.column for row in self.fields if row.name in hidden) - shown

    def column_index(self, column: str) -> int:
        """Where `column` stands in a stored row."""
        return self._index[column]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where the fields that can be written stand in a stored row, by GraphQL name."""
        places = {} if self.valid_column is None else {"validity": self._index[self.valid_column]}
        named = {name: row for name, row in self._by_name.items() if not row.is_dynamic}
        return places | {name: self._index[row.column] for name, row in named.items()}

    def is_dynamic(self, column: str) -> bool:
        """Whether `column`, as named in list, name or search fields, is a dynamic field."""
        return column in self._dynamic

    @cached_property
    def dynamic_labels(self) -> bool:
        """Whether a label or a full name takes dynamic fields from the registry (SRCH-17, CU-9)."""
        return any(column in self._dynamic for column in (*self.list_columns, *self.name_columns))

    @cached_property
    def _by_name(self) -> dict[str, FieldMapping]:
        rows: dict[str, FieldMapping] = {}
        for row in self.fields:
            rows.setdefault(row.name, row)
        return rows

    @cached_property
    def _index(self) -> dict[str, int]:
        return {column: index for index, column in enumerate(self.columns)}

    @cached_property
    def _dynamic(self) -> frozenset[str]:
        return frozenset(row.column for row in self.dynamic_fields)

    @cached_property
    def _standard(self) -> tuple[tuple[str, int], ...]:
        attributes = USER_ATTRIBUTES if "login" in self._by_name else CUSTOMER_ATTRIBUTES
        return tuple(
            (attributes[name], self._index[row.column])
            for name, row in self._by_name.items()
            if name in attributes and not row.is_dynamic
        )

    @cached_property
    def _custom(self) -> tuple[tuple[str, int, FieldType], ...]:
        known = (
            {*USER_ATTRIBUTES, "validity"} if "login" in self._by_name else {*CUSTOMER_ATTRIBUTES, "validity"}
        )
        return tuple(
            (name, self._index[row.column], row.type)
            for name, row in self._by_name.items()
            if name not in known and not row.is_dynamic
        )

    def customer_user(
        self, row: Sequence[Value | datetime], validity: Validity | None = None
    ) -> CustomerUser:
        """Make a record of a row in the order of `columns`; a directory passes the validity it decided."""
        return self._user_of(row, validity)

    def customer(self, row: Sequence[Value | datetime]) -> Customer:
        """Make a customer of a row in the order of `columns`."""
        return self._customer_of(row)

    @cached_property
    def _user_of(self) -> Callable[..., CustomerUser]:
        recipe = self._user_recipe
        listed = self.customer_ids_column
        if listed is None:
            return maker(CustomerUser, recipe)
        place = self._index[listed]
        late = {**recipe.late, "listed_customer_ids": lambda row: split_customer_ids(row[place])}
        return maker(CustomerUser, replace(recipe, late=late))

    @cached_property
    def _customer_of(self) -> Callable[..., Customer]:
        return maker(Customer, self._customer_recipe)

    @cached_property
    def _user_recipe(self) -> Recipe:
        return self._recipe("login", frozenset({"login"}))

    @cached_property
    def _customer_recipe(self) -> Recipe:
        return self._recipe("customer_id", frozenset({"customer_id", "name"}))

    def _recipe(self, key: str, required: frozenset[str]) -> Recipe:
        late: dict[str, Callable[[Sequence[Any]], Any]] = {
            **{name: self._timed(column) for name, column in TIMES.items()},
            "custom": self._custom_values,
            "stored": _stored,
        }
        return Recipe(
            texts={**dict(self._standard), key: 0},
            required=required,
            fixed={"source_key": self.source_key},
            late=late,
            text=first,
            validity=self._validity,
        )

    @cached_property
    def layout(self) -> Callable[[Columns], Layout]:
        """What rows hold that are read for some columns alone; the last choices of columns are remembered."""
        return lru_cache(LAYOUTS)(self._layout)

    def _layout(self, asked: Columns) -> Layout:
        is_user = "login" in self._by_name
        recipe = self._user_recipe if is_user else self._customer_recipe
        used: dict[str, int] = {self.key_column: 0}

        def cell(form: Form, column: str) -> Cell:
            return Cell(form, used.setdefault(column, len(used)))

        def attribute(name: str) -> Cell:
            if name in recipe.texts:
                needed = name in recipe.required
                return cell(Form.NEEDED if needed else Form.TEXT, self.columns[recipe.texts[name]])
            if name == "validity" and self.valid_column is not None:
                return cell(Form.VALIDITY, self.valid_column)
            if name in TIMES and self.audited:
                return cell(Form.TIME, TIMES[name])
            if name == "listed_customer_ids" and self.customer_ids_column is not None:
                return cell(Form.LIST, self.customer_ids_column)
            kind = CustomerUser if is_user else Customer
            fixed = {"source_key": self.source_key, **_LIVE}
            return Cell(Form.FIXED, fixed=fixed.get(name, _DEFAULTS[kind].get(name)))

        places = {name: index for name, index, _ in self._custom}
        custom = {
            name: cell(Form.TEXT, self.columns[places[name]]) if name in places else Cell(Form.FIXED)
            for name in sorted(asked.custom)
        }
        attributes = {name: attribute(name) for name in sorted(asked.attributes)}
        columns, key = tuple(used), Cell(Form.NEEDED, 0)
        cells = (*attributes.values(), *custom.values(), key)
        texts = tuple({one.place for one in cells if one.form in TEXTS})
        more = first, self._moment, self.time_zone, texts
        return Layout(self.source_key, is_user, columns, attributes, custom, key, *more)

    def _custom_values(self, row: Sequence[Value | datetime]) -> dict[str, Value]:
        return {name: _custom(row[index], type_) for name, index, type_ in self._custom}

    def _validity(self, row: Sequence[Value | datetime]) -> Validity:
        if self.valid_column is None:
            return Validity.VALID
        value = row[self._index[self.valid_column]]
        return KNOWN_VALIDITIES.get(value) or Validity.of(first(value))

    def _timed(self, column: str) -> Callable[[Sequence[Any]], datetime | None]:
        if not self.audited:
            return lambda row: None
        place, zone, moment = self._index[column], self.time_zone, self._moment

        def timed(row: Sequence[Any]) -> datetime | None:
            value = row[place]
            if value.__class__ is datetime and value.tzinfo is None:
                return value.replace(tzinfo=zone)
            return moment(value)

        return timed

    def _moment(self, value: Any) -> datetime | None:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=self.time_zone) if value.tzinfo is None else value


TIMES: Mapping[str, str] = {"created_at": "create_time", "changed_at": "change_time"}
"""Columns of times, by attribute."""

_DEFAULTS: Mapping[type, Mapping[str, Any]] = {
    kind: {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    for kind in (CustomerUser, Customer)
}

_LIVE = {"served_from": ServedFrom.LIVE, "withheld": frozenset[str]()}

KNOWN_VALIDITIES: Mapping[object, Validity] = {
    number: one for one in Validity for number in (one.value, str(one.value))
}


def first(value: Value | datetime) -> str | None:
    """The one text of a value: the first of several (LDAP-21)."""
    if isinstance(value, tuple):
        return value[0] if value else None
    return None if value is None else str(value)


def split_customer_ids(value: Value | datetime) -> tuple[str, ...]:
    """Several customer IDs in one value: split at the first of `;` `,` `|` that occurs in it (MULTI-2, MULTI-4)."""
    if isinstance(value, tuple) and len(value) > 1:
        return tuple(dict.fromkeys(part.strip() for part in value if part.strip()))
    text = first(value) or ""
    separator = next((sign for sign in ";,|" if sign in text), None)
    parts = text.split(separator) if separator else [text]
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _custom(value: Value | datetime, type_: FieldType) -> Value:
    if type_ is FieldType.INT and not isinstance(value, tuple):
        try:
            return None if value is None else int(str(value))
        except ValueError:
            return None
    return value if isinstance(value, tuple) else first(value)


def _stored(row: Sequence[Any]) -> tuple[Value, ...]:
    return tuple([value if value.__class__ in PLAIN else plain(value) for value in row])


PLAIN = frozenset({str, int, tuple, type(None)})
"""Classes of values that are as they are stored."""


def plain(value: Value | datetime) -> Value:
    """A value as it is stored: times as texts."""
    if value.__class__ is datetime:
        return value.isoformat(" ")  # as `str`, which asks for it in a roundabout way
    return value if value is None or isinstance(value, str | int | tuple) else str(value)

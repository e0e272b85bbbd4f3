"""What the configuration of every store shares: keys, mapping rows, and the mapping made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field

from backends.fields import (
    RESERVED_USER_NAMES,
    Fault,
    FieldConfig,
    KeyPath,
    Settings,
    enum_name,
    is_password,
)
from backends.mapping import FieldMapping, RecordMapping, SearchRules
from backends.model import SourceKind
from backends.names import USER_NAMES

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Lifetime = Annotated[float, Field(ge=0, le=31_536_000)]
PoolSize = Annotated[int, Field(ge=1, le=1000)]
SearchLimit = Annotated[int, Field(ge=1, le=200_000)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]

VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
DYNAMIC_FIELD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
GRAPHQL_NAME = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class BreakerConfig(Settings):
    """After so many failures in a row a source is left alone for so long."""

    failures: Annotated[int, Field(ge=1)] = 5
    seconds: Seconds = 10.0


class StoreConfig(Settings):
    """The keys that every source has, of customer users or of customers."""

    names: ClassVar[Mapping[str, str]]
    """GraphQL names of the standard variables."""
    reserved: ClassVar[frozenset[str]]
    """GraphQL names that no mapped field may take."""
    template: ClassVar[Sequence[FieldMapping]]
    """The standard rows as shipped."""
    key_variable: ClassVar[str]
    must_map: ClassVar[Sequence[str]]
    column_pattern: ClassVar[re.Pattern[str]]
    column_word: ClassVar[str]

    key: Key
    name: str = ""
    backend: str
    url: Annotated[str, Field(repr=False)] = ""
    read_only: bool = False
    customer_key: str
    list_fields: tuple[str, ...]
    search_fields: tuple[str, ...]
    search_prefix: str = "*"
    search_suffix: str = "*"
    search_list_limit: SearchLimit = 1000
    pool_size: PoolSize = 10
    cache_ttl: Lifetime = 60.0
    negative_ttl: Lifetime = 15.0
    timeout: Seconds = 2.0
    stale: Lifetime = 3600.0
    breaker: BreakerConfig = BreakerConfig()
    standard_fields: bool = True
    """Whether the standard rows belong to the mapping; if not, only the rows given do."""
    fields: tuple[FieldConfig, ...] = ()

    @property
    def kind(self) -> SourceKind:
        """The kind of store."""
        return SourceKind(self.backend)

    @property
    def title(self) -> str:
        """What people read in lists: the name, or else the key."""
        return self.name or self.key

    def mapping(self, time_zone: tzinfo = UTC) -> RecordMapping:
        """The mapping of this source, complete; `time_zone` is how its times are written."""
        raise NotImplementedError

    def standard_rows(self) -> Sequence[FieldMapping]:
        """The standard rows with the columns that this source's keys name; empty where it has none."""
        raise NotImplementedError

    def own_columns(self) -> Iterator[tuple[KeyPath, str]]:
        """Columns that are named outside the mapping rows; dynamic fields are no choice there."""
        yield ("customer_key",), self.customer_key

    def listed_columns(self) -> Iterator[tuple[KeyPath, str]]:
        """Columns, or dynamic fields, that labels and searches use."""
        yield from self._listed("list_fields", "search_fields")

    def columns_of(self, key: str) -> tuple[str, ...]:
        """The columns that `key` lists; its default follows standard fields that were mapped elsewhere."""
        listed: tuple[str, ...] = getattr(self, key)
        if key in self.model_fields_set:
            return listed
        variables = {row.column: row.variable for row in reversed(self.template)}
        columns = {row.variable: row.column for row in self.rows}
        moved = [columns.get(variables[name]) if name in variables else name for name in listed]
        return tuple(column for column in moved if column)

    @cached_property
    def rows(self) -> tuple[FieldMapping, ...]:
        """Standard rows, overridden or taken away by the rows given, then the others; no passwords."""
        standard = {row.variable: row for row in self.standard_rows()}
        rows: dict[str, FieldMapping] = dict(standard) if self.standard_fields else {}
        for given in self.fields:
            if given.removes:
                rows.pop(given.variable, None)
            elif not is_password(given.variable):
                rows[given.variable] = given.over(standard.get(given.variable), self.names)
        return tuple(row for row in rows.values() if row.column)

    @cached_property
    def password_column(self) -> str | None:
        """Where password hashes are, if anywhere."""
        return self._given_column("UserPassword") or None

    @cached_property
    def key_column(self) -> str:
        """Column of the login or customer ID: as `customer_key` says, or else as its mapping row says."""
        return self._said("customer_key", self.key_variable) or self.customer_key

    @cached_property
    def dynamic_names(self) -> frozenset[str]:
        """Names of the dynamic fields in the mapping."""
        return frozenset(row.column for row in self.rows if row.is_dynamic)

    def search_rules(self, *, case_sensitive: bool = False, post_master: Sequence[str] = ()) -> SearchRules:
        """How this source searches, with columns and dynamic fields apart."""
        dynamic, searched = self.dynamic_names, self.columns_of("search_fields")
        return SearchRules(
            columns=tuple(column for column in searched if column not in dynamic),
            dynamic_fields=tuple(column for column in searched if column in dynamic),
            prefix=self.search_prefix,
            suffix=self.search_suffix,
            list_limit=self.search_list_limit,
            case_sensitive=case_sensitive,
            post_master_columns=tuple(column for column in post_master if column not in dynamic),
            post_master_dynamic_fields=tuple(column for column in post_master if column in dynamic),
        )

    def faults(self) -> Iterator[Fault]:
        yield from self._row_faults()
        yield from self._name_faults()
        yield from self._column_faults()
        mapped = {row.variable for row in self.rows}
        for variable in self.must_map:
            if variable not in mapped:
                yield Fault(("fields",), f"{variable} must be mapped")
        for place, row in enumerate(self.fields):
            if row.variable == self.key_variable and row.column and row.column != self.key_column:
                sentence = f"{row.variable} and customer_key must be the same {self.column_word}"
                yield Fault(("fields", place, "column"), sentence)

    def _listed(self, *keys: str) -> Iterator[tuple[KeyPath, str]]:
        for key in self.model_fields_set.intersection(keys):
            yield from (((key, place), column) for place, column in enumerate(getattr(self, key)))

    def _said(self, key: str, variable: str) -> str | None:
        """What `key` says, or else the row of `variable`; None where neither says anything."""
        if key in self.model_fields_set:
            return str(getattr(self, key))
        return self._given_column(variable)

    def _given_column(self, variable: str) -> str | None:
        rows = [row for row in self.fields if row.variable == variable and "column" in row.model_fields_set]
        return rows[0].column if rows else None

    def _row_faults(self) -> Iterator[Fault]:
        seen: dict[str, int] = {}
        standard = {row.variable for row in self.standard_rows() if row.column}
        for place, row in enumerate(self.fields):
            path: KeyPath = ("fields", place)
            if not VARIABLE.fullmatch(row.variable):
                yield Fault((*path, "variable"), "is not a variable's name, such as UserRoom")
            if row.variable in seen:
                yield Fault((*path, "variable"), f"is mapped already in fields[{seen[row.variable]}]")
            seen.setdefault(row.variable, place)
            if is_password(row.variable) and row.variable != "UserPassword":
                yield Fault((*path, "variable"), "a password is never a field; UserPassword names its column")
            if "column" not in row.model_fields_set and not row.is_dynamic and row.variable not in standard:
                yield Fault((*path, "column"), "required")
            if row.variable.startswith("DynamicField_") and not row.is_dynamic:
                yield Fault((*path, "type"), 'a variable DynamicField_… has the type "dynamic_field"')
            if row.is_dynamic and row.variable in self.names:
                yield Fault((*path, "type"), "a standard field cannot be a dynamic field")

    def _name_faults(self) -> Iterator[Fault]:
        places = {row.variable: place for place, row in reversed(list(enumerate(self.fields)))}
        taken = {enum_name(name): f"{name} is a field of the contract" for name in self.reserved}
        taken |= {enum_name(name): f"{name} belongs to {variable}" for variable, name in self.names.items()}
        for row in self.rows:
            if row.variable not in places:
                continue
            given = self.fields[places[row.variable]]
            path: KeyPath = ("fields", places[row.variable], "name" if given.name else "variable")
            if row.variable in self.names:
                if given.name not in ("", row.name):
                    yield Fault(path, f"{row.variable} is a standard field and is always called {row.name}")
                continue
            if not GRAPHQL_NAME.fullmatch(given.name or row.name):
                yield Fault(path, "gives no GraphQL name: letters, digits and _, not two _ in front")
            elif (enum := enum_name(row.name)) in taken:
                yield Fault(path, f"{taken[enum]}: give another name")
            else:
                taken[enum] = f"{row.name} is the name of {row.variable} already"

    def _column_faults(self) -> Iterator[Fault]:
        dynamic = self.dynamic_names
        named = [*self.own_columns(), *((p, c) for p, c in self.listed_columns() if c not in dynamic)]
        for place, row in enumerate(self.fields):
            path: KeyPath = ("fields", place, "column")
            if row.is_dynamic:
                if row.column and not DYNAMIC_FIELD.fullmatch(row.column):
                    yield Fault(path, "is not the name of a dynamic field")
            elif row.variable == "UserPassword":
                if row.column and not self.column_pattern.fullmatch(row.column):
                    yield Fault(path, f"is not {self.column_word_with_article}")
                if any(self.is_password_column(one.column) for one in self.standard_rows()):
                    yield Fault(path, "holds a standard field, which a password is not")
            else:
                named.append((path, row.column))
        for path, column in named:
            if column and not self.column_pattern.fullmatch(column):
                yield Fault(path, f"is not {self.column_word_with_article}")
            elif column and self.is_password_column(column):
                yield Fault(path, "is the password's, which is never read, listed or searched")

    @property
    def column_word_with_article(self) -> str:
        """`a column` or `an attribute`, and what it may look like."""
        article = "an" if self.column_word[0] in "aeiou" else "a"
        return f"{article} {self.column_word}'s name"

    def is_password_column(self, column: str) -> bool:
        """Whether `column` holds the password or its hash."""
        return column.lower() == (self.password_column or "").lower()


class UserSourceConfig(StoreConfig):
    """The keys that every source of customer users has."""

    names = USER_NAMES
    reserved = RESERVED_USER_NAMES
    key_variable = "UserLogin"
    must_map = ("UserLogin", "UserEmail", "UserCustomerID")

    customer_id: str
    name_fields: tuple[str, ...]
    name_join: str = " "
    post_master_search_fields: tuple[str, ...]
    exclude_primary_customer_id: bool = False
    customer_support: bool = True
    admin_set_preferences: bool = True

    @cached_property
    def customer_id_column(self) -> str:
        """Column of the primary customer ID: as `customer_id` says, or else as its mapping row says."""
        return self._said("customer_id", "UserCustomerID") or self.customer_id

    @property
    def writable(self) -> bool:
        """Whether customer users can be created and changed here (SRC-18)."""
        return not self.read_only

    def own_columns(self) -> Iterator[tuple[KeyPath, str]]:
        yield from super().own_columns()
        yield ("customer_id",), self.customer_id

    def listed_columns(self) -> Iterator[tuple[KeyPath, str]]:
        yield from super().listed_columns()
        yield from self._listed("name_fields", "post_master_search_fields")

"""What somebody sees of records: which rows, and what of them; decided by the conditions that stores are asked with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import cast

from backends.conditions import within
from backends.evaluate import Test, number_columns, predicate
from backends.filters import RowScope
from backends.mapping import RecordMapping, first, split_customer_ids
from backends.model import CustomerUser, Record, SourceKind, Value
from backends.order import fold
from backends.protocol import R
from backends.source import Source


@dataclass(frozen=True)
class Sight:
    """The rows of `scope`, or all where it is None, without what the fields `hidden` alone would show."""

    scope: RowScope | None
    hidden: frozenset[str] = frozenset()
    _tests: dict[str, Test] = field(default_factory=dict, compare=False)
    _columns: dict[str, frozenset[str]] = field(default_factory=dict, compare=False)

    def sees(self, source: Source[R], record: R) -> bool:
        """Whether the record, as its source holds it, is one of the rows."""
        if self.scope is None:
            return True
        if (test := self._tests.get(source.key)) is None:
            test = self._tests[source.key] = predicate(
                within(self.scope, source.mapping),
                numbers=number_columns(source.mapping),
                first_only=[source.mapping.key_column],
                absent_is_empty=source.kind is SourceKind.LDAP,
            )
        return test(_stored(source.mapping, record), record.validity) is True

    def shown(self, mapping: RecordMapping, record: R) -> R:
        """The record as it is shown; what is stored stays in it, for what is decided by all of it."""
        record = self.scoped(mapping, record)
        if not self.hidden:
            return record
        if (columns := self._columns.get(mapping.source_key)) is None:
            columns = self._columns[mapping.source_key] = mapping.withheld(self.hidden)
        return replace(record, withheld=record.withheld | columns) if columns else record

    def scoped(self, mapping: RecordMapping, record: R) -> R:
        """The same with its fields, but without the customers that may not be named."""
        if self.scope is None or not isinstance(record, CustomerUser):
            return record
        user: CustomerUser = record
        if user.customer_id and not self.names(mapping, user.customer_id):
            column = mapping.customer_id_column or ""
            user = replace(user, customer_id=None, withheld=user.withheld | {column})
        listed = tuple(self.named(mapping, user.listed_customer_ids))
        if len(listed) < len(user.listed_customer_ids):
            column = mapping.customer_ids_column or ""
            user = replace(user, listed_customer_ids=listed, withheld=user.withheld | {column})
        return cast(R, user)

    def names(self, mapping: RecordMapping, customer_id: str) -> bool:
        """Whether the ID of a customer may be named, by the source's rule of case."""
        if self.scope is None or customer_id in self.scope.customer_ids:
            return True
        return not mapping.search.case_sensitive and fold(customer_id) in map(fold, self.scope.customer_ids)

    def named(self, mapping: RecordMapping, customer_ids: Iterable[str]) -> list[str]:
        """Those of the IDs that may be named."""
        return [one for one in customer_ids if self.names(mapping, one)]


def primary_of(mapping: RecordMapping, user: CustomerUser) -> str | None:
    """The primary customer ID as stored, whoever asks."""
    if not user.withheld:
        return user.customer_id
    row = mapping.field("customerId")
    if row is None or row.column not in user.withheld:
        return user.customer_id
    return first(user.stored[mapping.column_index(row.column)])


def listed_of(mapping: RecordMapping, user: CustomerUser) -> tuple[str, ...]:
    """The listed customer IDs as stored, whoever asks."""
    if not user.withheld:
        return user.listed_customer_ids
    column = mapping.customer_ids_column
    if column is None or column not in user.withheld:
        return user.listed_customer_ids
    return split_customer_ids(user.stored[mapping.column_index(column)])


def _stored(mapping: RecordMapping, record: Record) -> Callable[[str], Value]:
    columns = mapping.columns

    def value(column: str) -> Value:
        return record.stored[mapping.column_index(column)] if column in columns else None

    return value

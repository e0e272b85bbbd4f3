"""What a list asks of a source, before any store's language: filters and questions."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from backends.cells import Columns
from backends.model import Membership, Validity
from backends.order import Order, Position
from backends.search import Search


class Operator(enum.Enum):
    """How a field condition compares."""

    LIKE = "like"
    EQUALS = "equals"
    GREATER_THAN = ">"
    GREATER_THAN_EQUALS = ">="
    SMALLER_THAN = "<"
    SMALLER_THAN_EQUALS = "<="
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """One mapped field, by GraphQL name, that matches any of `values`."""

    name: str
    values: tuple[str, ...]
    operator: Operator = Operator.LIKE


@dataclass(frozen=True, slots=True)
class Members:
    """Those who belong to one customer: by primary ID, by the mapped list, or by a relation in the registry."""

    customer_id: str
    related: tuple[str, ...]
    """Logins that the registry relates to the customer."""
    kinds: frozenset[Membership] = frozenset(Membership)


@dataclass(frozen=True, slots=True)
class Holders:
    """Those who are one of `keys`, or to whom one of `customer_ids` applies; compared exactly (PERM-18)."""

    customer_ids: tuple[str, ...]
    keys: tuple[str, ...]
    any_customer: bool = False
    """Whoever has any customer at all."""


@dataclass(frozen=True, slots=True)
class RowScope:
    """The rows that somebody may see: those that belong to one of `customer_ids`, and his own."""

    customer_ids: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    """Logins that the registry relates to one of them."""
    members: bool = True
    """Whether all that belong to them are seen; else `customer_ids` only says which customers may be named."""
    own: tuple[str, str] | None = None
    """Source and key of the one record that is seen in any case."""


@dataclass(frozen=True, slots=True)
class DynamicHits:
    """Logins whose dynamic field `field`, which lives in the registry, matches what was asked."""

    field: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions joined by AND; None is no condition, an empty tuple matches nothing."""

    search: Search | None = None
    login: str | None = None
    email: str | None = None
    customer_ids: tuple[str, ...] | None = None
    validity: frozenset[Validity] | None = frozenset({Validity.VALID})
    exclude_keys: tuple[str, ...] = ()
    exclude_exactly: tuple[str, ...] = ()
    """Spellings that are not listed, since another spelling of the same login is."""
    fields: tuple[FieldCondition, ...] = ()
    keys: tuple[str, ...] | None = None
    """Only these logins (or customer IDs), compared as a look-up compares them."""
    search_hits: tuple[DynamicHits, ...] = ()
    """Logins that match `search` by a dynamic field; they count where the source searches that field (DF-1)."""
    email_hits: tuple[DynamicHits, ...] = ()
    """The same for `email`."""
    needs: tuple[str, ...] = ()
    """Fields that a source must have to be searched at all, beside those of `fields` (DET-1)."""
    members: Members | None = None
    holders: Holders | None = None
    scope: RowScope | None = None
    """Who asks sees these rows alone; other customers' IDs are neither found nor compared."""
    hidden: frozenset[str] = frozenset()
    """GraphQL names of fields that texts are not searched in."""

    @property
    def has_anchor(self) -> bool:
        """Whether it is for some records alone, so that it is hardly asked twice."""
        return self.members is not None or self.keys is not None


EVERYTHING = Filter(validity=None)


@dataclass(slots=True)
class Question:
    """One page of one source: what matches, in which order, after which position, and how many at most."""

    filter: Filter
    order: Order
    limit: int
    after: Position | None = None
    after_place: int = 0
    """Place of the position's source against this one: negative if it stands earlier, 0 if it is this one."""
    columns: Columns | None = None
    """What is read of the records; None: all of it."""

"""The records that pass through the program, and the words that describe where they come from."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, cast

Value = str | int | tuple[str, ...] | None
"""What one mapped field holds; a tuple where a store gives several values."""


class Validity(enum.Enum):
    """Nothing is deleted, it is made invalid (VAL-1)."""

    VALID = 1
    INVALID = 2
    INVALID_TEMPORARILY = 3

    __hash__ = object.__hash__  # enum's is a call of Python's, for each set and filter that names one

    @classmethod
    def of(cls, number: object) -> Validity:
        """Read a stored validity; what is missing or unknown is INVALID."""
        if number.__class__ is int and (known := cls._value2member_map_.get(number)) is not None:
            return cast(Validity, known)
        try:
            return cls(int(str(number)))
        except ValueError:
            return cls.INVALID


class SourceKind(enum.Enum):
    """The kinds of store a source can be."""

    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"
    SQLITE = "sqlite"
    LDAP = "ldap"


class SourceStatus(enum.Enum):
    """How a source took part in an answer."""

    OK = "ok"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    CIRCUIT_OPEN = "circuit_open"
    SKIPPED = "skipped"

    __hash__ = object.__hash__  # as above, for each call of a source


class ServedFrom(enum.Enum):
    """How old an answer is."""

    LIVE = "live"
    CACHE = "cache"
    STALE_CACHE = "stale_cache"
    NONE = "none"


class Freshness(enum.Enum):
    """How old an answer may be: reading takes STALE, decisions CACHED, writes LIVE."""

    LIVE = "live"
    CACHED = "cached"
    STALE = "stale"


class Membership(enum.Enum):
    """How a customer user belongs to a customer."""

    PRIMARY = "primary"
    LISTED = "listed"
    ADDITIONAL = "additional"


class Late:
    """A record some of whose attributes may be made only when somebody asks for them."""

    __slots__ = ("_late",)

    if not TYPE_CHECKING:  # it would let type checkers take any attribute for one that is there

        def __getattr__(self, name: str) -> object:
            if name == "_late" or name not in (late := self._late)[0]:
                raise AttributeError(name)
            value = late[0][name](late[1])
            object.__setattr__(self, name, value)
            return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUser(Late):
    """A person, known by `login`, as the source `source_key` holds it."""

    login: str
    source_key: str
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    customer_id: str | None = None
    listed_customer_ids: tuple[str, ...] = ()
    phone: str | None = None
    fax: str | None = None
    mobile: str | None = None
    street: str | None = None
    zip: str | None = None
    city: str | None = None
    country: str | None = None
    comment: str | None = None
    validity: Validity = Validity.VALID
    created_at: datetime | None = None
    changed_at: datetime | None = None
    custom: Mapping[str, Value] = field(default_factory=dict, hash=False)
    """Mapped values that are not among the fields above, by GraphQL name."""
    stored: tuple[Value, ...] = field(default=(), hash=False)
    """The row as stored, in the order of the mapping's columns: for labels and versions."""
    served_from: ServedFrom = field(default=ServedFrom.LIVE, compare=False)
    withheld: frozenset[str] = field(default=frozenset(), compare=False)
    """Columns, and dynamic fields, of which whoever asks is shown nothing."""

    @property
    def key(self) -> str:
        """What identifies the record among those of all sources."""
        return self.login


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Late):
    """An organisation, known by `customer_id`, as the source `source_key` holds it."""

    customer_id: str
    source_key: str
    name: str = ""
    street: str | None = None
    zip: str | None = None
    city: str | None = None
    country: str | None = None
    url: str | None = None
    comment: str | None = None
    validity: Validity = Validity.VALID
    created_at: datetime | None = None
    changed_at: datetime | None = None
    custom: Mapping[str, Value] = field(default_factory=dict, hash=False)
    stored: tuple[Value, ...] = field(default=(), hash=False)
    served_from: ServedFrom = field(default=ServedFrom.LIVE, compare=False)
    withheld: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def key(self) -> str:
        """What identifies the record among those of all sources."""
        return self.customer_id


Record = CustomerUser | Customer


@dataclass(slots=True)
class SourceReport:
    """What one source contributed to an answer."""

    source_key: str
    status: SourceStatus
    served_from: ServedFrom
    elapsed_ms: float
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What `check` says of a source: something mapped that the store does not have."""

    column: str
    remedy: str | None
    """The statement that would add it, where one exists; printed, never run."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `check` found in a source: how many records, and what is mapped but missing."""

    rows: int | None
    findings: Sequence[Finding] = ()
    advice: Sequence[str] = ()
    """Sentences for people, such as an index worth having."""

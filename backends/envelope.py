"""Records as JSON and back, for a cache that others share; and the name of a mapping's shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser, Record, ServedFrom, Validity

R = TypeVar("R", CustomerUser, Customer)
Json = dict[str, Any]


def encode(record: Record) -> Json:
    """Every field of `record` that says something, ready for JSON; `served_from` is no part of it."""
    return {
        name: _WRITTEN[name](value) if name in _WRITTEN else value
        for name, default in _DEFAULTS[type(record)].items()
        if (value := getattr(record, name)) != default
    }


def decode_customer_user(data: Json) -> CustomerUser:
    """The customer user that `encode` wrote, now out of a cache."""
    return _decode(CustomerUser, data)


def decode_customer(data: Json) -> Customer:
    """The customer that `encode` wrote, now out of a cache."""
    return _decode(Customer, data)


def namespace(mapping: RecordMapping, *more: str) -> str:
    """What the cache keys of a source begin with: another source, shape, mapping or place is another namespace."""
    return ":".join(["kundengraph", _digest(_SHAPE), mapping.source_key, fingerprint(mapping, *more)])


def fingerprint(mapping: RecordMapping, *more: str) -> str:
    """Differs whenever records, or who is found under a key, may differ; `more` may say where the store is."""
    return _digest(repr(mapping), *more)


def _decode(kind: type[R], data: Json) -> R:
    values = {name: _READ.get(name, _tuples)(value) for name, value in data.items()}
    return kind(**values, served_from=ServedFrom.CACHE)


def _tuples(value: Any) -> Any:
    """JSON knows lists alone; records hold tuples alone."""
    if isinstance(value, list):
        return tuple(_tuples(part) for part in value)
    if isinstance(value, dict):
        return {name: _tuples(part) for name, part in value.items()}
    return value


def _digest(*texts: str) -> str:
    return blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()


def _defaults(kind: type[Record]) -> Mapping[str, Any]:
    """Default values by field name; a field without one is always written."""
    fields = {
        field.name: field.default_factory()
        if field.default_factory is not dataclasses.MISSING
        else field.default
        for field in dataclasses.fields(kind)
    }
    del fields["served_from"], fields["withheld"]
    return fields


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    "validity": lambda validity: validity.value,
    "created_at": datetime.isoformat,
    "changed_at": datetime.isoformat,
    "custom": dict,
}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "validity": Validity,
    "created_at": datetime.fromisoformat,
    "changed_at": datetime.fromisoformat,
}
_DEFAULTS: Mapping[type, Mapping[str, Any]] = {kind: _defaults(kind) for kind in (CustomerUser, Customer)}
_SHAPE = "1 " + " ".join(f"{kind.__name__}({', '.join(fields)})" for kind, fields in _DEFAULTS.items())
"""Changes with the fields of the records; the number changes with the way they are written."""

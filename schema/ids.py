"""Opaque ids: a version, the type, the source's key and the record's key. They survive a new order of sources."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from backends.model import Customer, CustomerUser
from backends.records import Group, Service
from backends.source import Source

VERSION = 1


@dataclass(frozen=True, slots=True)
class NodeId:
    """What an id stands for; `source_key` is empty for types that live in the registry alone."""

    type: str
    source_key: str
    key: str


def encode(type_: str, source_key: str, key: str) -> str:
    """The id of a record."""
    plain = orjson.dumps([VERSION, type_, source_key, key])
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def of(record: object) -> str:
    """The id of a record of any type that has one."""
    match record:
        case CustomerUser():
            return encode("CustomerUser", record.source_key, record.login)
        case Customer():
            return encode("Customer", record.source_key, record.customer_id)
        case Group():
            return encode("Group", "", record.name)
        case Service():
            return encode("Service", "", record.name)
        case Source():
            return encode("Source", record.key, "")
        case _:
            raise TypeError(f"{type(record).__name__} has no id")


def decode(id_: str) -> NodeId | None:
    """What `id_` stands for, or None where it is none of ours (A2)."""
    try:
        plain = base64.b64decode(id_ + "=" * (-len(id_) % 4), altchars=b"-_", validate=True)
        version, type_, source_key, key = orjson.loads(plain)
    except (ValueError, TypeError, binascii.Error):
        return None
    texts = (type_, source_key, key)
    if version != VERSION or not all(isinstance(text, str) for text in texts):
        return None
    return NodeId(*texts)

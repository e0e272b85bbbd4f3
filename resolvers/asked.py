"""Filters as a caller gave them, before they are checked against the mappings."""

from __future__ import annotations

from dataclasses import dataclass

from backends.filters import FieldCondition
from backends.model import Validity

VALID = frozenset({Validity.VALID})


@dataclass(frozen=True, slots=True)
class UserFilter:
    """The filter of a list of customer users; None is no condition, an empty tuple matches nothing."""

    login: str | None = None
    email: str | None = None
    customer_ids: tuple[str, ...] | None = None
    validity: frozenset[Validity] | None = VALID
    sources: tuple[str, ...] | None = None
    exclude_logins: tuple[str, ...] = ()
    fields: tuple[FieldCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The filter of a list of customers."""

    customer_ids: tuple[str, ...] | None = None
    validity: frozenset[Validity] | None = VALID
    fields: tuple[FieldCondition, ...] = ()

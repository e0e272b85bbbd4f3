"""How long the texts are that the registry can hold, in characters (DB-6, DB-7)."""

from __future__ import annotations

from collections.abc import Mapping

from backends.conditions import is_storable
from backends.registries import Naming, Unstorable

Limits = Mapping[str, int]

USER_GRANT: Limits = {"login": 100, "key": 20}
CUSTOMER_GRANT: Limits = {"customer_id": 150, "context": 100, "key": 20}
ASSIGNMENT: Limits = {"login": 191}
RELATION: Limits = {"login": 100, "customer_id": 150}
PREFERENCE: Limits = {"login": 191, "key": 150, "value": 250}
NAMING: Limits = {"name": 191, "comment": 250}

MAY_BE_EMPTY = ("value", "comment")


def check(limits: Limits, **texts: str) -> None:
    """Raise Unstorable for the first of `texts` that cannot be stored, by its name."""
    for field, text in texts.items():
        if len(text) > limits[field] or not is_storable(text) or not (text or field in MAY_BE_EMPTY):
            raise Unstorable(field)


def check_naming(naming: Naming) -> None:
    """Raise Unstorable for a name or comment that cannot be stored."""
    if naming.name is not None:
        check(NAMING, name=naming.name)
    if naming.comment is not None:
        check(NAMING, comment=naming.comment)

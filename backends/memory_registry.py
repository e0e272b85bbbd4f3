"""A registry in memory: what every other registry is compared with, and the double in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backends.changes import Note
from backends.evaluate import matches
from backends.limits import PREFERENCE, RELATION, check
from backends.memory_stores import MemoryGroups, MemoryServices, grouped
from backends.model import Inspection, SourceKind, Validity
from backends.registry import DynamicSearch, ObjectType
from backends.sql.dynamic import FieldKind, is_empty_search, value_condition


class MemoryRelations:
    """Pairs of login and customer ID."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = set(pairs)

    async def set_customers(self, login: str, customer_ids: Sequence[str], note: Note | None = None) -> None:
        for customer_id in customer_ids:
            check(RELATION, login=login, customer_id=customer_id)
        others = {pair for pair in self.pairs if pair[0] != login}
        self.pairs = others | {(login, one) for one in customer_ids}

    async def change_members(
        self, customer_id: str, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        for login in add:
            check(RELATION, customer_id=customer_id, login=login)
        self.pairs -= {(login, customer_id) for login in remove}
        self.pairs |= {(login, customer_id) for login in add}


class MemoryPreferences:
    """Values by login and key."""

    def __init__(self, values: Mapping[str, Mapping[str, str | None]] | None = None) -> None:
        self._values = {login: dict(of) for login, of in (values or {}).items()}

    async def preferences_of(self, logins: Sequence[str]) -> Mapping[str, Mapping[str, str | None]]:
        return {login: dict(of) for login in logins if (of := self._values.get(login))}

    async def set_preferences(
        self, login: str, values: Mapping[str, str | None], note: Note | None = None
    ) -> None:
        for key, value in values.items():
            if value is not None:
                check(PREFERENCE, login=login, key=key, value=value)
        merged = {**self._values.get(login, {}), **values}
        kept = {key: value for key, value in merged.items() if value is not None or key not in values}
        self._values[login] = kept

    async def note(
        self, login: str, key: str, value: Callable[[str | None], str], *, lasting: bool = True
    ) -> None:
        new = value(self._values.get(login, {}).get(key))
        if lasting:
            await self.set_preferences(login, {key: new})


@dataclass
class MemoryRegistry:
    """Answers as the registry does; each store beside it is one attribute."""

    groups: MemoryGroups = field(default_factory=MemoryGroups)
    services: MemoryServices = field(default_factory=MemoryServices)
    relations: MemoryRelations = field(default_factory=MemoryRelations)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)
    dynamic_fields: Mapping[tuple[ObjectType, str], FieldKind] = field(default_factory=dict)
    """The valid dynamic fields."""
    dynamic: Mapping[tuple[ObjectType, str], Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Type and name of an object → field name → values."""
    choices: Mapping[tuple[ObjectType, str], Mapping[str, str]] = field(default_factory=dict)
    """Type and name of a field → stored value → text."""
    kind: SourceKind = SourceKind.SQLITE

    async def customers_of(self, logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return grouped(pair for pair in self.relations.pairs if pair[0] in set(logins))

    async def logins_of(self, customer_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        pairs = ((customer_id, login) for login, customer_id in self.relations.pairs)
        return grouped(pair for pair in pairs if pair[0] in set(customer_ids))

    async def related_logins(self) -> Sequence[str]:
        return sorted({login for login, _ in self.relations.pairs})

    async def dynamic_values(
        self, object_type: ObjectType, names: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        found = {}
        for name in names:
            of = self.dynamic.get((object_type, name), {})
            kept = {one: values for one, values in of.items() if (object_type, one) in self.dynamic_fields}
            if kept:
                found[name] = kept
        return found

    async def dynamic_choices(self, object_type: ObjectType) -> Mapping[str, Mapping[str, str]]:
        return {name: named for (of_type, name), named in self.choices.items() if of_type == object_type}

    async def dynamic_matches(self, object_type: ObjectType, search: DynamicSearch) -> Sequence[str]:
        kind = self.dynamic_fields.get((object_type, search.field))
        if kind is None:
            return []
        return sorted(
            name
            for (of_type, name), values in self.dynamic.items()
            if of_type == object_type and _matches(search, kind, values.get(search.field, ()))
        )

    async def ping(self) -> None:
        pass

    async def inspect(self) -> Inspection:
        return Inspection(None)

    async def close(self) -> None:
        pass


def _matches(search: DynamicSearch, kind: FieldKind, values: Sequence[str]) -> bool:
    if is_empty_search(search):
        return any(values)
    condition = value_condition(search, kind)
    return any(
        matches(condition, {kind.column: value}.get, Validity.VALID, numbers={"value_int"})
        for value in values
    )

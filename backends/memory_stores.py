"""Groups and services in memory, with who has them; no note is taken of their writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from backends.changes import Note
from backends.limits import ASSIGNMENT, CUSTOMER_GRANT, USER_GRANT, check, check_naming
from backends.model import Validity
from backends.naming import renamed
from backends.records import Grant, Group, Held, Service
from backends.registries import DEFAULT_LOGIN, CustomerGrants, Naming, Taken, Unstorable, UserGrants

N = TypeVar("N", bound=Group | Service)
T = TypeVar("T", int, str)


class MemoryGroups:
    """Groups by id, and a set of grants."""

    def __init__(self, groups: Iterable[Group] = (), grants: Iterable[Grant] = ()) -> None:
        self._groups = {group.id: group for group in groups}
        self._grants = set(grants)

    async def groups(self) -> Sequence[Group]:
        return _by_name(self._groups)

    async def user_grants(self, logins: Sequence[str]) -> Sequence[Grant]:
        return self._some(grant for grant in self._grants if grant.login in set(logins))

    async def held_by(self, logins: Sequence[str], bits: Mapping[str, int]) -> Held:
        return self._held(await self.user_grants(logins), (), bits)

    async def in_force(
        self,
        logins: Sequence[str],
        customer_ids: Sequence[str],
        context: str,
        named: Sequence[str],
        bits: Mapping[str, int],
    ) -> Held:
        through = [one for one in await self.customer_grants(customer_ids) if one.context == context]
        return self._held([*await self.user_grants(logins), *through], named, bits)

    def _held(self, grants: Sequence[Grant], named: Sequence[str], bits: Mapping[str, int]) -> Held:
        on_logins: dict[str, dict[int, int]] = {}
        on_customers: dict[str, dict[int, int]] = {}
        for one in grants:
            if one.key in bits:
                held = on_customers if one.login is None else on_logins
                own = held.setdefault(one.login or one.customer_id or "", {})
                own[one.group_id] = own.get(one.group_id, 0) | bits[one.key]
        concerned = {one.group_id for one in grants}
        groups = [one for one in self._groups.values() if one.id in concerned or one.name in named]
        return Held(groups, on_logins, on_customers)

    async def customer_grants(self, customer_ids: Sequence[str]) -> Sequence[Grant]:
        return self._some(grant for grant in self._grants if grant.customer_id in set(customer_ids))

    async def grants_in(self, group_ids: Sequence[int]) -> Sequence[Grant]:
        return self._some(grant for grant in self._grants if grant.group_id in set(group_ids))

    async def logins_in(self, group_id: int, after: str | None, limit: int) -> Sequence[str]:
        held = {grant.login for grant in await self.grants_in([group_id]) if grant.login is not None}
        return sorted(login for login in held if after is None or login > after)[:limit]

    async def customers_in(
        self, group_id: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        pairs = {
            (grant.customer_id, grant.context or "")
            for grant in await self.grants_in([group_id])
            if grant.customer_id is not None
        }
        return sorted(pair for pair in pairs if after is None or pair > after)[:limit]

    async def count_logins(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        grants = await self.grants_in(group_ids)
        return Counter(group_id for group_id, login in {(one.group_id, one.login) for one in grants} if login)

    async def count_customers(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        grants = await self.grants_in(group_ids)
        held = {(one.group_id, one.customer_id, one.context) for one in grants if one.customer_id}
        return Counter(group_id for group_id, _, _ in held)

    async def set_user_grants(self, grants: Sequence[UserGrants], note: Note | None = None) -> None:
        for one in grants:
            for key in one.keys:
                check(USER_GRANT, login=one.login, key=key)
        _known(self._groups, [one.group_id for one in grants])
        for one in grants:
            self._grants -= {
                grant for grant in self._grants if (grant.login, grant.group_id) == (one.login, one.group_id)
            }
            self._grants |= {Grant(one.group_id, key, one.login) for key in one.keys}

    async def set_customer_grants(self, grants: Sequence[CustomerGrants], note: Note | None = None) -> None:
        for one in grants:
            for key in one.keys:
                check(CUSTOMER_GRANT, customer_id=one.customer_id, context=one.context, key=key)
        _known(self._groups, [one.group_id for one in grants])
        for one in grants:
            whose = (one.customer_id, one.group_id, one.context)
            self._grants -= {
                grant for grant in self._grants if (grant.customer_id, grant.group_id, grant.context) == whose
            }
            self._grants |= {
                Grant(one.group_id, key, customer_id=one.customer_id, context=one.context) for key in one.keys
            }

    async def create_group(self, naming: Naming, note: Note | None = None) -> Group:
        return _create(self._groups, Group, naming)

    async def update_group(self, group_id: int, naming: Naming, note: Note | None = None) -> Group:
        return _change(self._groups, group_id, naming)

    @staticmethod
    def _some(grants: Iterable[Grant]) -> Sequence[Grant]:
        return sorted(
            grants,
            key=lambda one: (
                one.customer_id is not None,
                one.group_id,
                one.key,
                one.login or one.customer_id or "",
                one.context or "",
            ),
        )


class MemoryServices:
    """Services by id, and pairs of login and service."""

    def __init__(self, services: Iterable[Service] = (), assigned: Iterable[tuple[str, int]] = ()) -> None:
        self._services = {service.id: service for service in services}
        self._assigned = set(assigned)

    async def services(self) -> Sequence[Service]:
        return _by_name(self._services)

    async def assigned(self, logins: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        return grouped(pair for pair in self._assigned if pair[0] in set(logins))

    async def assigned_services(self, logins: Sequence[str]) -> Mapping[str, Sequence[Service]]:
        return {
            login: _by_name({id_: self._services[id_] for id_ in ids if id_ in self._services})
            for login, ids in (await self.assigned(logins)).items()
        }

    async def logins_of(self, service_id: int, after: str | None, limit: int) -> Sequence[str]:
        logins = {login for login, one in self._assigned if one == service_id and login != DEFAULT_LOGIN}
        return sorted(login for login in logins if after is None or login > after)[:limit]

    async def count_logins(self, service_ids: Sequence[int]) -> Mapping[int, int]:
        wanted = set(service_ids)
        return Counter(one for login, one in self._assigned if one in wanted and login != DEFAULT_LOGIN)

    async def set_services(self, login: str, service_ids: Sequence[int], note: Note | None = None) -> None:
        if service_ids:
            check(ASSIGNMENT, login=login)
        _known(self._services, service_ids)
        others = {pair for pair in self._assigned if pair[0] != login}
        self._assigned = others | {(login, one) for one in service_ids}

    async def change_members(
        self, service_id: int, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        for login in add:
            check(ASSIGNMENT, login=login)
        if add or remove:
            _known(self._services, [service_id])
        self._assigned -= {(login, service_id) for login in remove}
        self._assigned |= {(login, service_id) for login in add}

    async def create_service(self, naming: Naming, note: Note | None = None) -> Service:
        return _create(self._services, Service, naming)

    async def update_service(self, service_id: int, naming: Naming, note: Note | None = None) -> Service:
        check_naming(naming)
        changed = dict(self._services)
        if naming.name is not None:
            for service, name in renamed(
                self._services.values(), self._services[service_id].name, naming.name
            ):
                _change(changed, service.id, Naming(name))
        new = _change(changed, service_id, naming)
        self._services = changed
        return new


def grouped(pairs: Iterable[tuple[str, T]]) -> Mapping[str, tuple[T, ...]]:
    found: dict[str, set[T]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
    return {one: tuple(sorted(others)) for one, others in found.items()}


def _by_name(named: Mapping[int, N]) -> Sequence[N]:
    return sorted(named.values(), key=lambda one: (one.name, one.id))


def _known(named: Mapping[int, N], ids: Iterable[int]) -> None:
    if missing := set(ids) - named.keys():
        raise KeyError(min(missing))


def _create(named: dict[int, N], record: Callable[[int, str, str | None, Validity], N], naming: Naming) -> N:
    check_naming(naming)
    if naming.name is None:
        raise Unstorable("name")
    _check_free(named, naming.name)
    number = max(named, default=0) + 1
    named[number] = record(number, naming.name, naming.comment or None, naming.validity or Validity.VALID)
    return named[number]


def _change(named: dict[int, N], number: int, naming: Naming) -> N:
    check_naming(naming)
    old = named[number]
    if naming.name is not None and naming.name != old.name:
        _check_free(named, naming.name)
        old = replace(old, name=naming.name)
    if naming.comment is not None:
        old = replace(old, comment=naming.comment or None)
    named[number] = replace(old, validity=naming.validity or old.validity)
    return named[number]


def _check_free(named: Mapping[int, N], name: str) -> None:
    if any(one.name == name for one in named.values()):
        raise Taken

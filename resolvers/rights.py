"""What is held in effect, worked out of sets of keys: who holds as much as somebody else shares the list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from backends.records import Grant, Group, Held, KeySets
from resolvers.context import RequestContext
from resolvers.groups import GroupGrant, Made, by_upper_name
from resolvers.permissions import PermissionContext, PermissionPolicy, Reason, Valid, reasons_for

SAME = PermissionContext.SAME_CUSTOMER


async def rights_of(
    context: RequestContext, logins: Sequence[str], customer_ids: Collection[str], whose: PermissionContext
) -> Rights:
    """What these logins and customers hold: one question to the registry."""
    policy, store = context.services.policy, context.services.groups
    if not policy.enabled:
        return Rights(policy, whose, Held(await store.groups(), {}, {}))
    stored, is_same = policy.stored(whose), whose is SAME
    counts = policy.read(stored) is whose
    held = await store.in_force(
        logins if is_same else (),
        sorted(customer_ids) if counts else (),
        stored,
        (*policy.always, *policy.customer_always) if is_same else (),
        policy.bits,
    )
    return Rights(policy, whose, held)


class Rights:
    """The keys in effect of those who were asked for, and why they are."""

    def __init__(self, policy: PermissionPolicy, whose: PermissionContext, held: Held) -> None:
        groups = sorted((one for one in held.groups if one.is_valid), key=by_upper_name)
        self._policy, self._whose, self._held = policy, whose, held
        self._bits = policy.bits
        self._made = Made(groups, len(self._bits), partial(policy.keys_in, self._bits))
        same = whose is SAME
        self._everybody = _named(groups, policy.always) if same and policy.enabled else ()
        self._members = _named(groups, policy.customer_always) if same and policy.enabled else ()
        self._everything = {group.id: self._bits["rw"] for group in groups}
        self._known: dict[tuple[str | None, ...], Sequence[GroupGrant]] = {}

    def held(self, login: str | None, customer_ids: Sequence[str]) -> Sequence[GroupGrant]:
        """What `login` holds who has these customers, in the order of the groups' names (PERM-8).

        With login None: what the customers hold, whoever belongs to them (PERM-14).
        """
        on_login = login if login in self._held.on_logins else None
        key = (on_login, *customer_ids)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = self._made.all(self._sets(login, customer_ids))
        return found

    def why(self, login: str | None, customer_ids: Sequence[str]) -> Callable[[Group], Sequence[Reason]]:
        """What gives the reasons for what is held in a group (EFF-6)."""

        def why(group: Group) -> Sequence[Reason]:
            grants = self._grants(login, customer_ids, group.id)
            only = Valid({group.id: group})
            return reasons_for(login, customer_ids, only, grants, self._policy, self._whose)[group.id]

        return why

    def _sets(self, login: str | None, customer_ids: Sequence[str]) -> KeySets:
        if not self._policy.enabled:
            return self._everything
        on_customers = self._held.on_customers
        parts = [on_customers[one] for one in customer_ids if one in on_customers]
        if own := self._held.on_logins.get(login or ""):
            parts.append(own)
        if self._everybody and login is not None:
            parts.append(dict.fromkeys(self._everybody, self._bits["rw"]))
        if self._members and customer_ids:
            parts.append(dict.fromkeys(self._members, self._bits["rw"]))
        if len(parts) < 2:
            return parts[0] if parts else {}
        sets = dict(parts[0])
        for part in parts[1:]:
            for id_, some in part.items():
                sets[id_] = sets[id_] | some if id_ in sets else some
        return sets

    def _grants(self, login: str | None, customer_ids: Sequence[str], group_id: int) -> list[Grant]:
        """The rows in force in one group."""
        stored = self._policy.stored(self._whose)
        own = self._keys(self._held.on_logins.get(login or "", {}), group_id)
        grants = [Grant(group_id, key, login) for key in own]
        for one in customer_ids:
            keys = self._keys(self._held.on_customers.get(one, {}), group_id)
            grants += [Grant(group_id, key, None, one, stored) for key in keys]
        return grants

    def _keys(self, sets: KeySets, group_id: int) -> list[str]:
        some = sets.get(group_id, 0)
        return sorted(key for key, bit in self._bits.items() if bit & some)


def _named(groups: Sequence[Group], names: Collection[str]) -> Sequence[int]:
    return [one.id for one in groups if one.name in names]

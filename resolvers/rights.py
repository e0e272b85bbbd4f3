"""What is held in effect, worked out of sets of keys: who holds as much as somebody else shares the list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from functools import partial

from backends.bounded import Bounded
from backends.records import Grant, Group, Held, KeySets
from resolvers.context import RequestContext
from resolvers.groups import GroupGrant, Made, by_upper_name
from resolvers.permissions import PermissionContext, PermissionPolicy, Reason, Valid, reasons_for

SAME = PermissionContext.SAME_CUSTOMER
CHOICES = 8
"""Choices of groups of which it is remembered what sets of keys come to."""
ENTRIES = 50_000
"""Groups in all the sets that are remembered of each: some megabytes at most."""


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
        self._policy, self._whose, self._held = policy, whose, held
        self._bits = policy.bits
        self._sums = sums_of(policy, whose, held.groups)

    def held(self, login: str | None, customer_ids: Sequence[str]) -> Sequence[GroupGrant]:
        """What `login` holds who has these customers, in the order of the groups' names (PERM-8).

        With login None: what the customers hold, whoever belongs to them (PERM-14).
        """
        sums, on_customers = self._sums, self._held.on_customers
        if not self._policy.enabled:
            return sums.of([sums.everything])
        parts = [on_customers[one] for one in customer_ids if one in on_customers]
        if login is not None:
            if own := self._held.on_logins.get(login):
                parts.append(own)
            if sums.everybody:
                parts.append(sums.everybody)
        if sums.members and customer_ids:
            parts.append(sums.members)
        return sums.of(parts)

    def why(self, login: str | None, customer_ids: Sequence[str]) -> Callable[[Group], Sequence[Reason]]:
        """What gives the reasons for what is held in a group (EFF-6)."""

        def why(group: Group) -> Sequence[Reason]:
            grants = self._grants(login, customer_ids, group.id)
            only = Valid({group.id: group})
            return reasons_for(login, customer_ids, only, grants, self._policy, self._whose)[group.id]

        return why

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


class Sums:
    """What several sets of keys come to in some groups: of the same sets there is one list, as long as it is asked for."""

    def __init__(self, policy: PermissionPolicy, whose: PermissionContext, groups: Sequence[Group]) -> None:
        self.groups = groups
        valid = sorted((one for one in groups if one.is_valid), key=by_upper_name)
        bits, same = policy.bits, whose is SAME
        self._made = Made(valid, len(bits), partial(policy.keys_in, bits))
        self._known: dict[tuple[int, ...], tuple[Sequence[KeySets], Sequence[GroupGrant]]] = {}
        self._entries = 0
        all_keys = bits["rw"]
        self.everything = {one.id: all_keys for one in valid}
        self.everybody = {one.id: all_keys for one in valid if same and one.name in policy.always}
        self.members = {one.id: all_keys for one in valid if same and one.name in policy.customer_always}

    def of(self, parts: Sequence[KeySets]) -> Sequence[GroupGrant]:
        """What all parts come to, in the order of the groups' names."""
        key = tuple(map(id, parts))  # each is kept as long as the key is
        if (known := self._known.get(key)) is not None:
            return known[1]
        found = self._made.all(_joined(parts))
        self._entries += 1 + sum(map(len, parts))
        if self._entries > ENTRIES:
            self._entries = 0
            self._known.clear()
            self._made.clear()
        self._known[key] = parts, found
        return found


def sums_of(policy: PermissionPolicy, whose: PermissionContext, groups: Sequence[Group]) -> Sums:
    """The sums in these groups; for the same records those of last time."""
    key = (policy, whose, *sorted(map(id, groups)))
    if (sums := _SUMS.get(key)) is None:
        _SUMS.keep(key, sums := Sums(policy, whose, groups))
    return sums


_SUMS: Bounded[Hashable, Sums] = Bounded(CHOICES)


def _joined(parts: Sequence[KeySets]) -> KeySets:
    if len(parts) < 2:
        return parts[0] if parts else {}
    sets = dict(parts[0])
    for part in parts[1:]:
        for id_, some in part.items():
            sets[id_] = sets[id_] | some if id_ in sets else some
    return sets

"""Why somebody holds what in which group: a pure function of stored rows and the configured policy."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backends.records import Grant, Group


class PermissionContext(enum.Enum):
    """Whose tickets a grant on a customer covers: those of the same customer, or of others too (PERM-3)."""

    SAME_CUSTOMER = "same"
    OTHER_CUSTOMERS = "other"


class Origin(enum.Enum):
    """Where a permission comes from (EFF-6)."""

    DIRECT = "direct"
    CUSTOMER = "customer"
    ALWAYS = "always"
    UNRESTRICTED = "unrestricted"


@dataclass(frozen=True, slots=True)
class Reason:
    """One grant that contributes: the keys it stands for, in order, and the customer through whom it comes."""

    origin: Origin
    keys: tuple[str, ...]
    customer_id: str | None = None
    context: PermissionContext | None = None


@dataclass(frozen=True, slots=True)
class PermissionPolicy:
    """What the configuration says of permissions."""

    enabled: bool = False
    keys: tuple[str, ...] = ("ro", "rw")
    """Every configured key; the last one, rw, stands for all (PERM-2)."""
    always: tuple[str, ...] = ("users",)
    customer_always: tuple[str, ...] = ("users",)
    same_context: str = "Ticket::CustomerID::Same"
    other_context: str = ""

    def implied(self, key: str) -> tuple[str, ...]:
        """What holding `key` means; nothing where it is not configured (PERM-2)."""
        if key == "rw":
            return self.keys
        return (key,) if key in self.keys else ()

    def stored(self, context: PermissionContext) -> str:
        """How `context` is stored; empty where it is not configured (PERM-3)."""
        return self.same_context if context is PermissionContext.SAME_CUSTOMER else self.other_context

    def read(self, stored: str | None) -> PermissionContext | None:
        """Which context a stored value means, if any."""
        return next((one for one in PermissionContext if stored and self.stored(one) == stored), None)

    @property
    def bits(self) -> Mapping[str, int]:
        """A bit of each key that means something; rw does so where it is not configured, too."""
        return {key: 1 << place for place, key in enumerate(dict.fromkeys((*self.keys, "rw")))}

    def keys_in(self, bits: Mapping[str, int], held: int) -> tuple[str, ...]:
        """Every key in effect of a set of these bits, in the configured order."""
        return self.keys if bits["rw"] & held else tuple([key for key in self.keys if bits[key] & held])

    @property
    def contexts(self) -> tuple[PermissionContext, ...]:
        """The configured contexts, the default one first."""
        return tuple(one for one in PermissionContext if self.stored(one))


def reasons_for(
    login: str | None,
    customer_ids: Collection[str],
    groups: Mapping[int, Group],
    grants: Iterable[Grant],
    policy: PermissionPolicy,
    context: PermissionContext = PermissionContext.SAME_CUSTOMER,
) -> Mapping[int, Sequence[Reason]]:
    """Why `login` holds what it holds, for each valid group in which it holds something (PERM-8, EFF-6).

    With login None: what the customers hold, whoever belongs to them (PERM-14). Direct grants and always-groups
    count for tickets of the same customer alone; a customer's grant in the context it names.
    """
    valid = valid_of(groups)
    if not policy.enabled:
        return {id_: [Reason(Origin.UNRESTRICTED, policy.keys)] for id_ in valid}
    reasons: dict[int, list[Reason]] = defaultdict(list)
    stored, same = policy.stored(context), context is PermissionContext.SAME_CUSTOMER
    counts = policy.read(stored) is context
    made: dict[tuple[str, str | None], Reason | None] = {}  # equal reasons once, for there are many
    what: tuple[str, str | None]
    for group_id, key, holder, customer_id, where in grants:
        if group_id not in valid:
            continue
        if holder is not None:
            if not same or holder != login:
                continue
            what = key, None
        elif not counts or where != stored or customer_id not in customer_ids:
            continue
        else:
            what = key, customer_id
        if what in made:
            reason = made[what]
        else:
            reason = made[what] = _reason(policy, context, key, what[1])
        if reason is not None:
            held = reasons[group_id]
            if not held or reason not in held:
                held.append(reason)
    for id_, reason in _always(login, customer_ids, valid, policy, context):
        _add(reasons[id_], reason)
    return {id_: found for id_, found in reasons.items() if found}


class Valid(dict[int, Group]):
    """Groups that are all valid, so that nobody has to look again."""


def valid_of(groups: Mapping[int, Group]) -> Valid:
    """Those of the groups that grant anything."""
    if isinstance(groups, Valid):
        return groups
    return Valid((id_, group) for id_, group in groups.items() if group.is_valid)


def _reason(
    policy: PermissionPolicy, context: PermissionContext, key: str, customer_id: str | None
) -> Reason | None:
    """What holding a stored key means, on a login or through a customer; None where it means nothing."""
    keys = policy.implied(key)
    if not keys:
        return None
    if customer_id is None:
        return Reason(Origin.DIRECT, keys)
    return Reason(Origin.CUSTOMER, keys, customer_id, context)


def _always(
    login: str | None,
    customer_ids: Collection[str],
    valid: Mapping[int, Group],
    policy: PermissionPolicy,
    context: PermissionContext,
) -> Iterator[tuple[int, Reason]]:
    """The groups that everybody, or everybody with a customer, has with every key (PERM-11, PERM-14)."""
    named = policy.customer_always if login is None else (*policy.always, *policy.customer_always)
    if context is not PermissionContext.SAME_CUSTOMER or not named:
        return
    for id_, group in valid.items():
        if login is not None and group.name in policy.always:
            yield id_, Reason(Origin.ALWAYS, policy.keys)
        if group.name in policy.customer_always:
            for customer_id in sorted(customer_ids):
                yield id_, Reason(Origin.ALWAYS, policy.keys, customer_id, context)


def _add(reasons: list[Reason], reason: Reason) -> None:
    if not reasons or reason not in reasons:
        reasons.append(reason)

"""Dynamic fields: values that hang on a login or customer ID in the registry, read, searched and filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.directory import Directory
from backends.errors import BadUserInput
from backends.filters import DynamicHits, FieldCondition, Filter, Operator
from backends.gathering import gathered
from backends.mapping import FieldMapping
from backends.model import Customer, CustomerUser, Record
from backends.protocol import R
from backends.registry import DynamicSearch, ObjectType
from backends.search import Search, Word, parse_customer_search, parse_list_search, parse_words
from resolvers.asked import CustomerFilter, UserFilter
from resolvers.context import RequestContext
from resolvers.refusals import check_fields

Values = Mapping[str, Sequence[str]]


async def of_users(context: RequestContext, users: Sequence[CustomerUser]) -> Mapping[str, Values]:
    """The dynamic fields of each login; the registry is asked only where a mapping has some (MAP-8)."""
    return await _values(context, context.users, "CustomerUser", users)


async def of_customers(context: RequestContext, customers: Sequence[Customer]) -> Mapping[str, Values]:
    """The dynamic fields of each customer ID."""
    return await _values(context, context.customers, "CustomerCompany", customers)


async def user_filter(
    context: RequestContext, asked: UserFilter, search: str | None, *, words: bool = False
) -> Filter:
    """Check what was asked against the mappings; conditions on dynamic fields become logins."""
    fields = await _fields(context, context.users, "CustomerUser", asked.fields)
    tree = None if search is None else parse_words(search) if words else parse_list_search(search)
    rules = [source.mapping.search for source in context.users.sources]
    searched = {name for rule in rules for name in rule.dynamic_fields} if search and tree else set()
    mailed = {name for rule in rules for name in rule.post_master_dynamic_fields} if asked.email else set()
    whole = _criterion(search) if searched and search else None
    return Filter(
        search=tree,
        login=asked.login,
        email=asked.email,
        customer_ids=asked.customer_ids,
        validity=asked.validity,
        exclude_keys=(*asked.exclude_logins, *fields.without),
        fields=fields.plain,
        keys=fields.keys,
        needs=fields.needs,
        search_hits=await _hits(context, "CustomerUser", searched, whole),
        email_hits=await _hits(
            context, "CustomerUser", mailed, Word((asked.email,)) if asked.email else None
        ),
    )


async def customer_filter(context: RequestContext, asked: CustomerFilter, search: str | None) -> Filter:
    """The same for customers, whose search knows brackets (COMP-8)."""
    fields = await _fields(context, context.customers, "CustomerCompany", asked.fields)
    tree = None if search is None else parse_customer_search(search)
    rules = [source.mapping.search for source in context.customers.sources]
    searched = {name for rule in rules for name in rule.dynamic_fields} if tree else set()
    return Filter(
        search=tree,
        customer_ids=asked.customer_ids,
        validity=asked.validity,
        exclude_keys=fields.without,
        fields=fields.plain,
        keys=fields.keys,
        needs=fields.needs,
        search_hits=await _hits(context, "CustomerCompany", searched, tree),
    )


def _criterion(search: str) -> Search | None:
    """The whole text as one criterion for one field (DF-2); brackets and operators alone are none there."""
    try:
        return parse_customer_search(search)
    except BadUserInput:
        return None


def known_fields(directory: Directory[R]) -> Mapping[str, FieldMapping]:
    """Every field that some source maps, by GraphQL name."""
    return {row.name: row for source in reversed(directory.sources) for row in source.mapping.fields}


async def _values(
    context: RequestContext, directory: Directory[R], type_: ObjectType, records: Sequence[Record]
) -> Mapping[str, Values]:
    names = [one.key for one in records if directory.mapping(one.source_key).dynamic_fields]
    found = await context.dynamic_values[type_].of(names)
    return {one.key: found.get(one.key, {}) for one in records}


@dataclass(frozen=True, slots=True)
class _Fields:
    """Conditions on columns; who satisfies those on dynamic fields, or is left out by them; and their names."""

    plain: tuple[FieldCondition, ...]
    keys: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


async def _fields(
    context: RequestContext, directory: Directory[R], type_: ObjectType, conditions: Sequence[FieldCondition]
) -> _Fields:
    """Check conditions, and ask the registry about those on dynamic fields."""
    known = known_fields(directory)
    for condition in conditions:
        _check(condition, known)
    check_fields(context, conditions)
    dynamic = [one for one in conditions if known[one.name].is_dynamic]
    plain = tuple(one for one in conditions if not known[one.name].is_dynamic)
    if not dynamic:
        return _Fields(plain)
    found = await gathered(
        *(
            context.registry.dynamic_matches(
                type_, DynamicSearch(known[one.name].column, values=one.values, operator=one.operator)
            )
            for one in dynamic
        )
    )
    pairs = list(zip(dynamic, found, strict=True))
    within = [set(names) for one, names in pairs if one.operator is not Operator.EMPTY]
    without = {name for one, names in pairs if one.operator is Operator.EMPTY for name in names}
    keys = tuple(sorted(set.intersection(*within))) if within else None
    return _Fields(plain, keys, tuple(sorted(without)), tuple(one.name for one in dynamic))


def _check(condition: FieldCondition, known: Mapping[str, FieldMapping]) -> None:
    if condition.name not in known:
        names = ", ".join(sorted(known))
        raise BadUserInput(
            f"There is no field {condition.name!r}; there are {names}.", argument="filter.fields"
        )
    if condition.operator is Operator.EMPTY and condition.values:
        raise BadUserInput(f"{condition.name}: EMPTY takes no values.", argument="filter.fields")


async def _hits(
    context: RequestContext, type_: ObjectType, fields: set[str], search: Search | None
) -> tuple[DynamicHits, ...]:
    if not fields or search is None:
        return ()
    names = sorted(fields)
    found = await gathered(
        *(context.registry.dynamic_matches(type_, DynamicSearch(name, search=search)) for name in names)
    )
    return tuple(DynamicHits(name, tuple(keys)) for name, keys in zip(names, found, strict=True))


async def displayed(context: RequestContext, users: Sequence[CustomerUser]) -> Mapping[str, Values]:
    """Dynamic fields as people read them: choices by what they are called (SRCH-17)."""
    found, choices = await gathered(
        of_users(context, users), context.registry.dynamic_choices("CustomerUser")
    )
    return {login: _named(values, choices) for login, values in found.items()}


def _named(values: Values, choices: Mapping[str, Mapping[str, str]]) -> Values:
    return {
        field: [choices[field].get(value, value) for value in stored] if field in choices else stored
        for field, stored in values.items()
    }

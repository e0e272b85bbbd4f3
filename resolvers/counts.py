"""How many customer users there are for each value of a field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backends.conditions import search_condition
from backends.directory import Tally
from backends.errors import BadUserInput
from backends.evaluate import number_columns, predicate
from backends.mapping import RecordMapping
from backends.model import SourceReport, Validity
from backends.order import fold
from backends.search import Search, parse_list_search
from resolvers import dynamic_fields
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.lists import only_sources, page_size
from resolvers.refusals import check_names, check_user_filter


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A value, None where there is none, and how many customer users have it."""

    value: str | None
    count: int


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """The most frequent values; not exact where a source did not answer or was cut short."""

    nodes: Sequence[ValueCount]
    exact: bool
    reports: Sequence[SourceReport]


async def counts_by(
    context: RequestContext,
    by: str,
    search: str | None = None,
    filter: UserFilter | None = None,
    first: int | None = None,
) -> ValueCounts:
    """Values of the mapped field `by` over all sources, each login once: most frequent first, then by value.

    `search` is the list search over the values themselves, with each source's prefix and suffix (CU-12).
    """
    size = page_size(first)
    _check(context, by)
    check_names(context, [by], "by")
    asked = filter or UserFilter()
    check_user_filter(context, asked)
    tree = None if search is None else parse_list_search(search)
    tally = await context.users.tally(
        by,
        await dynamic_fields.user_filter(context, asked, None),
        only=only_sources(context, asked),
        accepts=None if tree is None else lambda mapping: _test(mapping, by, tree),
    )
    nodes = [ValueCount(value, number) for value, number in _named(by, tally).items()]
    nodes.sort(key=lambda one: (-one.count, fold(one.value or ""), one.value or ""))
    return ValueCounts(nodes[:size], tally.exact, tally.reports)


def _check(context: RequestContext, by: str) -> None:
    known = dynamic_fields.known_fields(context.users)
    countable = sorted(name for name, row in known.items() if not row.is_dynamic)
    if by not in countable:
        raise BadUserInput(
            f"Customer users cannot be counted by {by!r}, but by {', '.join(countable)}.", argument="by"
        )


def _test(mapping: RecordMapping, by: str, tree: Search) -> Callable[[str | None], bool]:
    """Whether a value of the field is what `tree` looks for; no value never is."""
    row = mapping.field(by)
    column = row.column if row else ""
    narrowed = replace(mapping, search=replace(mapping.search, columns=(column,)))
    test = predicate(search_condition(tree, narrowed), numbers=number_columns(mapping))
    return lambda value: test({column: value}.get, Validity.VALID) is True


def _named(by: str, tally: Tally) -> dict[str | None, int]:
    """Stored validities under their names; other values as they are."""
    if by != "validity":
        return dict(tally.numbers)
    numbers: dict[str | None, int] = {}
    for value, number in tally.numbers.items():
        name = Validity.of(value).name
        numbers[name] = numbers.get(name, 0) + number
    return numbers

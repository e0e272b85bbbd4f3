"""Customer users of one directory, by the protocol of all stores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TypeVar, cast

from backends.cells import Cells, Columns
from backends.conditions import condition_of
from backends.filters import EVERYTHING, Filter, Question
from backends.gathering import gathered
from backends.ldap.faults import faults_as_ours
from backends.ldap.keys import MAX_LISTS, KeyList, KeyLists, Place, Wanted
from backends.ldap.listing import Listing
from backends.ldap.membership import Membership
from backends.ldap.people import People
from backends.ldap.schema import base_exists, unknown_attributes
from backends.ldap.server import Server
from backends.ldap.settings import LdapSettings, require_driver
from backends.mapping import RecordMapping
from backends.model import CustomerUser, Finding, Inspection, SourceKind, Validity
from backends.order import Order, Position, fold, other_spellings
from backends.protocol import Count, Page, Row
from backends.turns import TimeLimit

T = TypeVar("T")


ROWS = 200
"""Rows of such a page at most."""


class LdapBackend:
    """Reads one directory; raises LdapMissing at once where the driver is not installed."""

    kind = SourceKind.LDAP

    def __init__(
        self, mapping: RecordMapping, settings: LdapSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        require_driver()
        self._mapping = mapping
        self._settings = settings
        self._server = Server(settings)
        group = Membership(settings, self._server) if settings.group_dn else None
        self._people = People(mapping, settings, self._server, group)
        listing = Listing(mapping, settings, self._server, group)
        self._wanted = lru_cache(MAX_LISTS)(self._list_of)
        self._lists = KeyLists(listing.read, settings.cache_ttl, settings.max_keys, clock)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, CustomerUser]:
        """The records of `keys`, by the spelling asked."""
        with self._call():
            records = await self._people.records(keys) if keys else {}
        spelled = _spelled(records, keys)
        return {asked: records[stored] for asked, stored in spelled.items()}

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        """Which of `keys` exist here, as spelled in the request."""
        with self._call():
            stored = await self._people.have(keys) if keys else []
        return _spelled(dict.fromkeys(stored), keys).keys()

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[CustomerUser]]:
        """One page for each question, cut from the lists of keys; only the entries of the pages are read."""
        with self._call():
            return await gathered(*[self._page(question) for question in questions])

    def places(self, questions: Sequence[Question]) -> Sequence[Page[CustomerUser]] | None:
        """Pages cut from the lists of keys alone, where all of them are held and young enough."""
        pages = []
        for asked in questions:
            keys = self._lists.held(self._wanted(asked.filter, asked.order))
            if keys is None:
                return None
            pages.append(self._unread(asked, self._capped(asked.filter, keys)))
        return pages

    async def read(
        self, keys: Sequence[str], wanted: frozenset[Validity] | None
    ) -> Mapping[str, CustomerUser]:
        """The records of logins as stored, where they are there and of these validities."""
        with self._call():
            return await self._people.records(keys, wanted)

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        """How many records match each filter; a capped search counts what its pages show."""
        with self._call():
            lists = await gathered(*[self._list(one, Order(())) for one in filters])
        return [Count(len(keys.places), exact=not keys.truncated) for keys in lists]

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        """How many matching records hold each value, as stored; of several values the first."""
        if self._mapping.field(field) is None and field != "validity":
            return {}
        condition = condition_of(filter, self._mapping)
        wanted = Wanted(condition, (field,), directions=(False, False, False), folded=False)
        with self._call():
            keys = await self._lists.get(wanted)
        return Counter(place[0] or None for place in self._capped(filter, keys).places)

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        """(folded key, key) of matching records, ascending by both, after the pair given."""
        with self._call():
            keys = await self._lists.get(self._wanted(filter, Order(())))
        start = keys.start(after, 0) if after is not None else 0
        return [(place[0], place[1]) for place in keys.places[start : start + limit]]

    async def twins(self) -> Sequence[str]:
        """Keys that another spelling hides: all but the first of each folded key."""
        with self._call():
            keys = await self._list(EVERYTHING, Order(()))
        return other_spellings((place[0], place[1]) for place in keys.places)

    async def ping(self) -> None:
        """Return when the directory answers a bound connection, whether the base exists or not."""
        with self._call():
            await base_exists(self._server, self._settings)

    async def inspect(self) -> Inspection:
        """Count the records, and ask the schema about the mapped attributes."""
        with self._call():
            if not await base_exists(self._server, self._settings):
                return Inspection(None, [Finding("base_dn", None)], ["The directory has no entry base_dn."])
            findings = await unknown_attributes(self._server, self._settings, self._mapping)
            keys = await self._list(EVERYTHING, Order(()))
        advice: list[str] = []
        if findings is None:
            advice.append(
                "The directory does not show its schema, so the mapped attributes were not checked."
            )
        if keys.truncated:
            advice.append("The directory, or our own limit, keeps back entries: lists and counts are cut.")
        return Inspection(len(keys.places), findings or (), advice)

    async def close(self) -> None:
        """Give back all connections."""
        await self._lists.close()
        await self._server.close()

    @contextmanager
    def _call(self) -> Iterator[None]:
        """One call: bounded in time, and only our errors come out."""
        with faults_as_ours(self._settings.key), TimeLimit(self._settings.timeout):
            yield

    async def _page(self, question: Question) -> Page[CustomerUser]:
        keys, asked = await self._list(question.filter, question.order), question.columns
        validity = question.filter.validity
        if asked is None or self._decides_validity(asked):
            read = partial(self._people.records, wanted=validity)
            records, more = await _taken(question, keys, read)
            rows = [Row(record, self._position(place)) for record, place in records]
            return Page(rows, more, keys.truncated)
        layout = self._mapping.layout(asked)
        read_cells = partial(self._people.rows, columns=layout.columns, wanted=validity)
        found, more = await _taken(question, keys, read_cells)
        sorts = len(question.order.directions) if asked.cursors else 0
        placed = [(*values, *place) if asked.cursors else values for values, place in found]
        return Page((), more, keys.truncated, Cells(layout, placed, before=0, sorts=sorts, typed=False))

    def _unread(self, question: Question, keys: KeyList) -> Page[CustomerUser]:
        start = _start(question, keys)
        asked = start, question.limit
        known: Page[CustomerUser] | None = keys.cut.get(asked)
        if known is not None:
            return known
        chosen = keys.places[start : start + question.limit]
        positions = [self._position(place) for place in chosen]
        rows = [Row(cast(CustomerUser, position), position) for position in positions]
        page = Page(rows, start + len(chosen) < len(keys.places), keys.truncated)
        if len(rows) <= ROWS:
            keys.cut.keep(asked, page)
        return page

    def _decides_validity(self, asked: Columns) -> bool:
        """Whether validity is asked for, and no attribute says it."""
        return bool(self._settings.valid_filter) and "validity" in asked.attributes

    async def _list(self, filter: Filter, order: Order) -> KeyList:
        keys = await self._lists.get(self._wanted(filter, order))
        return self._capped(filter, keys)

    def _list_of(self, filter: Filter, order: Order) -> Wanted:
        return Wanted.by(condition_of(filter, self._mapping), order)

    def _capped(self, filter: Filter, keys: KeyList) -> KeyList:
        return keys if filter.search is None else keys.capped(self._mapping.search.list_limit)

    def _position(self, place: Place) -> Position:
        return Position(place[:-2], place[-2], place[-1], self._settings.key)


async def _taken(
    question: Question, keys: KeyList, read: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]
) -> tuple[list[tuple[T, Place]], bool]:
    """What is read of the next entries, with their places, and whether more follow.

    One that is gone since its key was read makes room for the next.
    """
    found: list[tuple[T, Place]] = []
    start = _start(question, keys)
    while chosen := keys.places[start : start + question.limit - len(found)]:
        start += len(chosen)
        known = await read([place[-1] for place in chosen])
        found += [(known[place[-1]], place) for place in chosen if place[-1] in known]
    return found, start < len(keys.places)


def _start(question: Question, keys: KeyList) -> int:
    """Where the page begins."""
    return 0 if question.after is None else keys.start(question.after.parts, question.after_place)


def _spelled(stored: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    """Which stored spelling answers each of `keys`: its own, else the first that differs in case alone."""
    by_fold: dict[str, str] = {}
    for key in stored:
        by_fold.setdefault(fold(key), key)
    return {key: key if key in stored else by_fold[fold(key)] for key in keys if fold(key) in by_fold}

"""What a source said lately, of those it has and of those it lacks."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Generic

from backends.cells import Columns
from backends.deadline import Over
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.flight import Flight
from backends.kept import Kept
from backends.makers import served
from backends.model import Freshness, Inspection, ServedFrom, SourceStatus
from backends.party import Parties, Party
from backends.protocol import Backend, Count, Known, Page, R, placing
from backends.recorder import CURRENT
from backends.remembered import Entry


@dataclass(slots=True)
class Uses:
    """How often the cache could answer for a key, could not, or had to past its lifetime."""

    hits: int = 0
    misses: int = 0
    stale: int = 0


class Cached(Generic[R]):
    """A backend that remembers whom it has and whom it lacks; the outermost layer, so that a hit costs nothing else.

    Lists and counts pass through. Failures are never kept. With `ttl` 0 nothing is, but equal questions in flight
    still share one call.
    """

    def __init__(self, backend: Backend[R], kept: Kept[R], *, key: str = "") -> None:
        """`key` is the source's."""
        self.kind = backend.kind
        self.uses = Uses()
        self.placing = placing(backend)
        self._key = key
        self._backend = backend
        self._kept = kept
        self.clock = kept.clock
        self._records: Flight[Mapping[str, R]] = Flight()
        self._narrow: Flight[Mapping[str, R] | None] = Flight()
        self._parties = Parties()
        self._presence: Flight[AbstractSet[str]] = Flight()

    @property
    def turn(self) -> int:
        """Counts what was written, here or elsewhere, as far as it is known."""
        return self._kept.turn

    def know(
        self, keys: Sequence[str], freshness: Freshness = Freshness.CACHED
    ) -> Coroutine[Any, Any, Known[R]]:
        """What is remembered of `keys`, and for the rest what the source says, or that it is silent."""
        if len(keys) == 1 and (self._kept.is_near or freshness is Freshness.LIVE):
            return self._know_one(keys[0], freshness)
        if self._kept.ttl:
            return self._know(keys, freshness)
        return self._know_anew(tuple(dict.fromkeys(keys)), freshness)

    async def _know_one(self, key: str, freshness: Freshness) -> Known[R]:
        """The same for one key, for which no other process has to be asked what is remembered."""
        anew = freshness is Freshness.LIVE  # a call under way may have read before the caller's own write
        entry = None if anew else self._kept.peek(key)
        if entry is not None and entry.until > self.clock() and entry.answers(key):
            self.used(1)
            return _known(key, entry.remembered())
        self.uses.misses += not anew
        party = self._parties.join(key, self._kept.turn, anew=anew)
        trip = self._records.trip(party, lambda: self._load_party(party))
        answer = trip.board()
        try:
            found = await answer
        except (SourceUnavailable, Over) as error:
            silent = self._late() if isinstance(error, Over) else error
            records: dict[str, R] = {}
            absent: set[str] = set()
            if freshness is Freshness.STALE and entry is not None:
                self._add_stale(records, absent, {key: entry})
            return Known(records, frozenset(absent), silent)
        finally:
            self._records.leave(party, trip, answer)
        return _known(key, found.get(key))

    async def _know(self, keys: Sequence[str], freshness: Freshness) -> Known[R]:
        records: dict[str, R] = {}
        absent: set[str] = set()
        missing: dict[str, Entry[R] | None]
        if freshness is Freshness.LIVE:
            missing = dict.fromkeys(keys)
        else:
            missing = {}
            entries = await self._kept.recall(keys)
            now = self.clock()
            for key, entry in zip(keys, entries, strict=True):
                if entry is None or entry.until <= now or not entry.answers(key):
                    missing[key] = entry
                elif entry.record is None:
                    absent.add(key)
                else:
                    records[key] = entry.remembered()  # type: ignore[assignment]
        if remembered := len(records) + len(absent):
            self.used(remembered)
        if not missing:
            return Known(records, frozenset(absent))
        self.uses.misses += len(missing) if freshness is not Freshness.LIVE else 0
        try:
            found = await self._ask(tuple(missing), freshness)
        except SourceUnavailable as silent:
            if freshness is Freshness.STALE:
                self._add_stale(records, absent, missing)
            return Known(records, frozenset(absent), silent)
        if len(found) < len(missing):
            absent |= missing.keys() - found.keys()
        return Known({**records, **found} if records else found, frozenset(absent))

    def absent_until(self, key: str) -> float:
        """Until when nobody has to be asked to say that `key` is absent; 0 where that is not in this process's memory."""
        entry = self._kept.peek(key)
        return entry.until if entry is not None and entry.record is None and entry.answers(key) else 0.0

    def used(self, number: int) -> None:
        """That many keys were answered by what is remembered."""
        self.uses.hits += number
        if (record := CURRENT.get()) is not None:
            record.hits += number

    async def _know_anew(self, keys: tuple[str, ...], freshness: Freshness) -> Known[R]:
        """The same where nothing is remembered."""
        if not keys:
            return Known({}, frozenset())
        self.uses.misses += len(keys) if freshness is not Freshness.LIVE else 0
        try:
            found = await self._ask(keys, freshness)
        except SourceUnavailable as silent:
            return Known({}, frozenset(), silent)
        return Known(found, frozenset(keys).difference(found))

    async def look_up(self, keys: Sequence[str], freshness: Freshness) -> Mapping[str, R]:
        """The records of `keys`; raises when the source is silent and one of them stays unknown."""
        known = await self.know(keys, freshness)
        if known.silent is not None and not known.absent.union(known.records).issuperset(keys):
            raise known.silent
        return known.records

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self.look_up(keys, Freshness.CACHED)

    async def narrow(self, keys: Sequence[str], columns: Columns) -> Mapping[str, R] | None:
        """Records of these columns alone, where nothing is remembered; else None, and nothing is asked."""
        narrow = getattr(self._backend, "narrow", None)
        if self._kept.ttl or narrow is None or not keys:
            return None
        question = (self._kept.turn, columns, frozenset(keys))
        try:
            return await self._narrow.share(question, lambda: narrow(keys, columns))
        except Over as error:
            raise self._late() from error

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        entries = await self._kept.recall(keys)
        now = self.clock()
        present, missing = set(), {}
        for key, entry in zip(keys, entries, strict=True):
            if entry is None or entry.until <= now or not entry.settles(key):
                missing[key] = entry
            elif entry.record is not None:
                present.add(key)
        if missing:
            asked = tuple(missing)
            question = (self._kept.turn, frozenset(asked))
            try:
                present |= await self._presence.share(question, lambda: self._load_presence(asked))
            except Over as error:
                raise self._late() from error
        return present

    def pages(self, questions: Sequence[Question]) -> Coroutine[Any, Any, Sequence[Page[R]]]:
        return self._backend.pages(questions)

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        return await self._backend.counts(filters)

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        return await self._backend.tally(field, filter)

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        return await self._backend.keys(filter, after, limit)

    async def twins(self) -> Sequence[str]:
        return await self._backend.twins()

    async def ping(self) -> None:
        await self._backend.ping()

    async def inspect(self) -> Inspection:
        return await self._backend.inspect()

    async def close(self) -> None:
        """Give back the source's connections; the cache is shared and has an owner of its own."""
        await self._backend.close()

    def forget(self, keys: Sequence[str], *, told: bool = False) -> Coroutine[Any, Any, None]:
        """Drop what was written, and keep reads that began before from putting the old row back (R13)."""
        return self._kept.forget(keys, told=told)

    async def forget_all(self) -> None:
        """Drop what this process holds, since it may have missed a change."""
        await self._kept.forget_all()

    async def _ask(self, keys: tuple[str, ...], freshness: Freshness) -> Mapping[str, R]:
        anew = freshness is Freshness.LIVE  # a call under way may have read before the caller's own write
        if anew and len(keys) > 1:
            return await self._load(keys)
        try:
            if len(keys) > 1:
                return await self._records.share((self._kept.turn, frozenset(keys)), lambda: self._load(keys))
            party = self._parties.join(keys[0], self._kept.turn, anew=anew)
            found = await self._records.share(party, lambda: self._load_party(party))
            return {keys[0]: found[keys[0]]} if keys[0] in found else {}
        except Over as error:
            raise self._late() from error

    async def _load_party(self, party: Party) -> Mapping[str, R]:
        try:
            await self._parties.begin(party)
            return await self._load(tuple(party.keys))
        finally:
            self._parties.end(party)

    def _late(self) -> SourceUnavailable:
        """The end of a request that shares a call is the source's silence."""
        return SourceUnavailable(self._key, SourceStatus.TIMEOUT)

    async def _load(self, keys: tuple[str, ...]) -> Mapping[str, R]:
        turn = self._kept.turn
        found = await self._backend.get_many(keys)
        await self._kept.fill(keys, found, turn)
        return found

    async def _load_presence(self, keys: tuple[str, ...]) -> AbstractSet[str]:
        turn = self._kept.turn
        present = await self._backend.have(keys)
        await self._kept.fill([key for key in keys if key not in present], {}, turn)
        return present

    def _add_stale(
        self, records: dict[str, R], absent: set[str], missing: Mapping[str, Entry[R] | None]
    ) -> None:
        for key, found in missing.items():
            if (entry := self._kept.stale(key, found)) is None:
                continue
            self.uses.stale += 1
            if (record := CURRENT.get()) is not None:
                record.stale += 1
            if entry.record is None:
                absent.add(key)
            else:
                records[key] = served(entry.record, ServedFrom.STALE_CACHE)


def _known(key: str, record: R | None) -> Known[R]:
    return Known({}, frozenset((key,))) if record is None else Known({key: record}, NOBODY)


NOBODY: frozenset[str] = frozenset()

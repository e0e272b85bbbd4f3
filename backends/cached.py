"""What a source said lately, of those it has and of those it lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Generic

from backends.caches import MemoryCache, SharedCache
from backends.cells import Columns
from backends.deadline import Over
from backends.envelope import Json
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.flight import Flight
from backends.makers import served
from backends.model import Freshness, Inspection, ServedFrom, SourceStatus
from backends.order import fold
from backends.party import Parties, Party
from backends.protocol import Backend, Count, Known, Page, R, placing
from backends.recorder import CURRENT
from backends.remembered import Entry, entry_of, text_of


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

    def __init__(
        self,
        backend: Backend[R],
        cache: MemoryCache | SharedCache,
        *,
        namespace: str,
        key: str = "",
        secret: bytes,
        ttl: float,
        negative_ttl: float,
        stale: float,
        encode: Callable[[R], Json],
        decode: Callable[[Json], R],
        case_sensitive: bool = False,
        mark: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`secret` keys the hashes that stand for logins; `mark` is longer than any read takes."""
        self.kind = backend.kind
        self._key = key
        self.uses = Uses()
        self._backend = backend
        self.placing = placing(backend)
        self._cache = cache
        self._memory = cache if isinstance(cache, MemoryCache) and ttl else None
        self._prefix = f"{namespace}:"
        self._secret = secret[:64]
        self._fold: Callable[[str], str] = str if case_sensitive else fold
        self._ttl, self._negative_ttl, self._stale = ttl, min(negative_ttl, ttl), stale
        self._encode, self._decode = encode, decode
        self._mark = mark
        self.clock = clock
        self._records: Flight[Mapping[str, R]] = Flight()
        self._narrow: Flight[Mapping[str, R] | None] = Flight()
        self._parties = Parties()
        self._presence: Flight[AbstractSet[str]] = Flight()
        self.turn = 0
        """Counts what was written, here or elsewhere, as far as it is known."""
        self._all_forgotten = 0
        self._forgotten: dict[str, tuple[int, float]] = {}
        self._owed: set[str] = set()

    def know(
        self, keys: Sequence[str], freshness: Freshness = Freshness.CACHED
    ) -> Coroutine[Any, Any, Known[R]]:
        """What is remembered of `keys`, and for the rest what the source says, or that it is silent."""
        if len(keys) == 1 and freshness is not Freshness.LIVE and (self._memory or not self._ttl):
            return self._know_one(keys[0], freshness)
        if self._ttl:
            return self._know(keys, freshness)
        return self._know_anew(tuple(dict.fromkeys(keys)), freshness)

    async def _know_one(self, key: str, freshness: Freshness) -> Known[R]:
        """The same for one key, for which no other process has to be asked what is remembered."""
        entry: Entry[R] | None = None
        if self._memory is not None:
            entry = self._memory.peek_one(self._name(key))
            if entry is not None and entry.until > self.clock() and entry.answers(key):
                self.used(1)
                return _known(key, entry.remembered())
        self.uses.misses += 1
        party = self._parties.join(key, self.turn)
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
            entries = await self._recall(keys)
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
        if not self._ttl or not isinstance(self._cache, MemoryCache):
            return 0.0
        entry = self._cache.peek([self._name(key)])[0]
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
        if self._ttl or narrow is None or not keys:
            return None
        question = (self.turn, columns, frozenset(keys))
        try:
            return await self._narrow.share(question, lambda: narrow(keys, columns))
        except Over as error:
            raise self._late() from error

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        entries = await self._recall(keys)
        now = self.clock()
        present, missing = set(), {}
        for key, entry in zip(keys, entries, strict=True):
            if entry is None or entry.until <= now or not entry.settles(key):
                missing[key] = entry
            elif entry.record is not None:
                present.add(key)
        if missing:
            asked = tuple(missing)
            question = (self.turn, frozenset(asked))
            try:
                present |= await self._presence.share(question, lambda: self._load_presence(asked))
            except Over as error:
                raise self._late() from error
        return present

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        return await self._backend.pages(questions)

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

    async def forget(self, keys: Sequence[str], *, told: bool = False) -> None:
        """Drop what was written, and keep reads that began before from putting the old row back (R13).

        Where another process has `told` of it, a shared cache is marked already.
        """
        self.turn += 1
        if not keys or not self._ttl:
            return
        now = self.clock()
        names = [self._name(key) for key in keys]
        for name in names:
            self._forgotten.pop(name, None)
            self._forgotten[name] = (self.turn, now + self._mark)
        while (oldest := next(iter(self._forgotten), None)) and self._forgotten[oldest][1] < now:
            del self._forgotten[oldest]
        if isinstance(self._cache, MemoryCache):
            self._cache.drop(names)
        elif not told and not await self._cache.mark(names, self._mark):
            self._owed.update(names)

    async def forget_all(self) -> None:
        """Drop what this process holds, since it may have missed a change; a shared cache was told by the writer."""
        self.turn += 1
        self._all_forgotten = self.turn
        if isinstance(self._cache, MemoryCache):
            self._cache.drop_all(self._prefix)

    async def _recall(self, keys: Sequence[str]) -> Sequence[Entry[R] | None]:
        """For each of `keys` what is kept under it, if only for another spelling or past its lifetime."""
        if not self._ttl or not keys:
            return [None] * len(keys)
        names = [self._name(key) for key in keys]
        if isinstance(self._cache, MemoryCache):
            return self._cache.peek(names)
        if self._owed:
            owed = tuple(self._owed)
            if await self._cache.mark(owed, self._mark):
                self._owed.difference_update(owed)
        texts = await self._cache.read(names)
        return [
            entry_of(text, self._decode) if text and name not in self._owed else None
            for name, text in zip(names, texts, strict=True)
        ]

    async def _ask(self, keys: tuple[str, ...], freshness: Freshness) -> Mapping[str, R]:
        anew = freshness is Freshness.LIVE  # a call under way may have read before the caller's own write
        if anew and len(keys) > 1:
            return await self._load(keys)
        try:
            if len(keys) > 1:
                return await self._records.share((self.turn, frozenset(keys)), lambda: self._load(keys))
            party = self._parties.join(keys[0], self.turn, anew=anew)
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
        turn = self.turn
        found = await self._backend.get_many(keys)
        await self._fill(keys, found, turn)
        return found

    async def _load_presence(self, keys: tuple[str, ...]) -> AbstractSet[str]:
        turn = self.turn
        present = await self._backend.have(keys)
        await self._fill([key for key in keys if key not in present], {}, turn)
        return present

    async def _fill(self, keys: Sequence[str], found: Mapping[str, R], turn: int) -> None:
        """Keep an answer to a question that was asked at `turn`, except for what was written since."""
        if not self._ttl or not keys or self._all_forgotten > turn:
            return
        now, forgotten = self.clock(), self._forgotten
        entries = {
            name: self._entry(key, name, found.get(key), now)
            for key, name in zip(keys, map(self._name, keys), strict=True)
            if name not in forgotten or forgotten[name][0] <= turn
        }
        seconds = self._ttl * 1.1 + self._stale
        if isinstance(self._cache, MemoryCache):
            self._cache.keep(entries, seconds)
        elif entries:
            await self._cache.fill(
                {name: text_of(entry, self._encode) for name, entry in entries.items()}, seconds
            )

    def _entry(self, key: str, name: str, record: R | None, now: float) -> Entry[R]:
        # by name, so that what was read at once does not end at once
        spread = 0.9 + 0.2 * int(name[-4:], 16) / 0xFFFF
        if record is None:
            return Entry(key, now + self._negative_ttl * spread, None)
        return Entry(key, now + self._ttl * spread, record, is_live=True)

    def _add_stale(
        self, records: dict[str, R], absent: set[str], missing: Mapping[str, Entry[R] | None]
    ) -> None:
        now = self.clock()
        for key, entry in missing.items():
            if entry is None or entry.until + self._stale <= now or not entry.answers(key):
                continue
            self.uses.stale += 1
            if (record := CURRENT.get()) is not None:
                record.stale += 1
            if entry.record is None:
                absent.add(key)
            else:
                records[key] = served(entry.record, ServedFrom.STALE_CACHE)

    def _name(self, key: str) -> str:
        """What an entry is kept under: no login can be read from it (S15)."""
        return self._prefix + _digest(self._secret, self._fold(key))


def _known(key: str, record: R | None) -> Known[R]:
    return Known({}, frozenset((key,))) if record is None else Known({key: record}, NOBODY)


NOBODY: frozenset[str] = frozenset()


@lru_cache(maxsize=16384)
def _digest(secret: bytes, folded: str) -> str:
    """What stands for a key in the names of all sources; many are asked for the same keys, and again and again."""
    return blake2b(folded.encode("utf-8", "surrogatepass"), key=secret, digest_size=16).hexdigest()

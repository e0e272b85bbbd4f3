"""Asking the sources in order for the owner of a key: `decide` says what answers mean, `walk` asks and waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from backends.errors import SourceUnavailable
from backends.protocol import Known, R

HEAD_START = 0.1
"""Seconds a quiet source has before the next one is asked as well."""


@dataclass(frozen=True, slots=True)
class Decision(Generic[R]):
    """What the answers so far settle: found records, keys with silent sources before them, and what is open."""

    found: Mapping[str, R]
    gaps: Mapping[str, tuple[SourceUnavailable, ...]]
    open: frozenset[str]


def decide(
    answers: Sequence[Known[R] | None], keys: Collection[str], *, stop_at_gap: bool = False
) -> Decision[R]:
    """Read the answers in source order; the first source that has a key owns it, and order beats speed."""
    found: dict[str, R] = {}
    gaps: dict[str, tuple[SourceUnavailable, ...]] = {}
    open_ = set(keys)
    for answer in answers:
        if answer is None:  # still running: it may yet own the rest
            return Decision(found, gaps, frozenset(open_))
        found |= {key: answer.records[key] for key in open_ & answer.records.keys()}
        open_ -= answer.records.keys()
        if answer.silent is not None:
            gaps |= {key: (*gaps.get(key, ()), answer.silent) for key in open_ - answer.absent}
            if stop_at_gap:
                open_ -= gaps.keys()
    return Decision(found, gaps, frozenset())


async def walk(
    ask: Sequence[Callable[[Sequence[str]], Awaitable[Known[R]]]],
    keys: Collection[str],
    *,
    stop_at_gap: bool = False,
    head_start: float = HEAD_START,
) -> Decision[R]:
    """Ask each source for what the earlier ones did not have; start the next early where one is quiet.

    A later answer is held until every earlier source has answered or failed. What still runs when everything is
    settled is cancelled.
    """
    if len(ask) == 1 and keys:
        return decide([await ask[0](sorted(keys))], keys, stop_at_gap=stop_at_gap)
    answers: list[Known[R] | None] = [None] * len(ask)
    news = asyncio.Event()
    running: list[asyncio.Task[None]] = []
    quiet = True

    async def put(place: int, wanted: Sequence[str]) -> None:
        answers[place] = await ask[place](wanted)
        news.set()

    async with asyncio.TaskGroup() as group:
        while True:
            news.clear()
            decision = decide(answers, keys, stop_at_gap=stop_at_gap)
            if not decision.open:
                break
            wanted = _nowhere(answers, decision.open) if len(running) < len(ask) else []
            if wanted and (quiet or all(answer is not None for answer in answers[: len(running)])):
                running.append(group.create_task(put(len(running), wanted)))
            some_left = wanted and len(running) < len(ask)
            quiet = await _is_quiet(news, head_start if some_left else None)
        for task in running:
            task.cancel()
    return decision


def _nowhere(answers: Sequence[Known[R] | None], keys: Collection[str]) -> list[str]:
    """The keys that no answer so far holds: whoever turns out to own the others, it is no source after these."""
    return sorted(set(keys).difference(*(answer.records for answer in answers if answer is not None)))


async def _is_quiet(news: asyncio.Event, seconds: float | None) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return True
    return False

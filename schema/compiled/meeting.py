"""What relations are asked: each by itself, or several fields that ask the same together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from schema.compiled.plan import Run
from schema.fields import Asked


async def alone(run: Run, asked: Asked, rows: Sequence[Any]) -> Sequence[Any]:
    """The answers for these rows."""
    return await asked.batch(run.request, rows, *asked.arguments)


async def together(run: Run, asked: Asked, rows: Sequence[Any]) -> Sequence[Any]:
    """The answers for these rows, asked together with what other fields ask at the same time."""
    key = (asked.batch, asked.arguments)
    meeting = run.asking.get(key)
    if meeting is not None:
        places = meeting.add(rows)
        found = await meeting.answer
    else:
        meeting = run.asking[key] = _Meeting()
        places = meeting.add(rows)
        found = None
        try:
            await asyncio.sleep(0)
            del run.asking[key]
            found = await alone(run, asked, meeting.parents)
        except Exception as error:
            found = error
        finally:
            meeting.answer.set_result(found)
    if isinstance(found, Exception):
        raise found
    return [found[place] for place in places]


class _Meeting:
    """The parents for whom several fields ask the same, each once."""

    def __init__(self) -> None:
        self.parents: list[Any] = []
        self.index: dict[int, int] = {}
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def add(self, rows: Sequence[Any]) -> list[int]:
        """Where the answers for these rows will stand."""
        places = []
        for row in rows:
            place = self.index.setdefault(id(row), len(self.parents))
            if place == len(self.parents):
                self.parents.append(row)
            places.append(place)
        return places

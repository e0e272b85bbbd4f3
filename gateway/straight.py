"""The straight way: a request that comes in one piece and whose head came before is neither parsed anew nor taken through
ASGI; what it asks for goes the short way. Everything else is uvicorn's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from backends.recorder import CURRENT, Ended, Record
from gateway.hangups import InTime
from gateway.heads import BoundedHeads
from gateway.known import Head, KnownHeads
from gateway.lean import TRIED, LeanEndpoint
from gateway.observed import OF_BUGS, close, new_id, note_bug
from gateway.replies import CLOSING, Fixed, Heads, Lines

BUG = Lines(OF_BUGS)
LAST = Lines([CLOSING]).text


class Straight:
    """Answers requests whose heads are known, with a record and a line of the log for each."""

    def __init__(
        self, lean: LeanEndpoint, heads: KnownHeads, ended: Ended, lines: Callable[[], Heads]
    ) -> None:
        """`lines` are the headers of answers of this moment, by media type."""
        self.heads = heads
        self._lean = lean
        self._ended = ended
        self._lines = lines
        self._defaults: tuple[Fixed, bytes] = ((), b"")

    def defaults(self, headers: Fixed) -> bytes:
        """The lines of uvicorn's own headers, which are others each second."""
        if self._defaults[0] is not headers:
            self._defaults = headers, Lines(headers).text
        return self._defaults[1]

    async def answer(self, head: Head, data: bytes, connection: Connection, call: InTime) -> bool:
        """Answer a whole request, by a task of its own; False where it has to go the long way."""
        started = time.perf_counter()
        record: Record | None = None
        answered = call.has_left
        try:
            asked = None if answered else self._lean.asked(data[head.start :], head.media_type)
            if asked is not None:
                record = Record(head.request_id or new_id(), "POST", "graphql", ended=self._ended)
                CURRENT.set(record)
                reply = await self._lean.reply(asked, head.sender(data, connection.peer), call)
                if reply is not None:
                    record.status, lines = reply.head(head.media_type, self._lines())
                    if connection.flow.write_paused:
                        await connection.flow.drain()
                    connection.send(record, lines, reply.content)
                answered = reply is not None or call.has_left
        except Exception as error:
            if record is None:
                raise
            record.status, answered = 500, True
            connection.send(record, BUG, note_bug(record, error))
        except asyncio.CancelledError:
            connection.transport.close()  # the server waits no longer
            answered = True
            raise
        finally:
            connection.at_rest(call)
            if answered and record is not None:
                close(record, started)
        connection.go_on(data, answered)
        return answered


class Connection(BoundedHeads):
    """One connection of HTTP/1.1. While a request goes the straight way, what comes after it waits."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._straight: Straight | None = getattr(self.app, "straight", None)
        self._call: InTime | None = None
        """The request that goes the straight way."""
        self._held = b""
        """A known head without its body, or what came while a request went the straight way."""
        self._begun = self._ended = 0
        """Requests that the parser has seen the beginning of, and the end."""
        self._was_tried = self._is_last = False
        self._rested = 0.0
        """When the last request ended that went the straight way."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else None

    def send(self, record: Record, lines: Lines, content: bytes) -> None:
        """Send an answer that is whole."""
        if self._straight is None or self.transport.is_closing():
            return
        last = LAST if self._is_last and not lines.are_last else b""
        self._is_last = self._is_last or lines.are_last
        head = b"%b%b%b%bcontent-length: %d\r\nx-request-id: %b\r\n\r\n" % (
            STATUS_LINE[record.status or 200],
            self._straight.defaults(self.server_state.default_headers),
            lines.text,
            last,
            len(content),
            record.request_id.encode(),
        )
        self.transport.writelines((head, content))

    def data_received(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        if self._call is not None:
            self._held = data
            self.flow.pause_reading()
        elif self._straight is None or not self._is_at_rest():
            super().data_received(data)
        elif (head := self._straight.heads.find(data)) is None:
            self._parse(data, self._straight)
        elif head.size == len(data):
            self._call = call = InTime(self.loop)
            task: asyncio.Task[Any] = self.loop.create_task(self._straight.answer(head, data, self, call))
            call.begin(task)
            self.tasks.add(task)
        elif head.start == len(data):
            self._held = data
        else:
            super().data_received(data)

    def _is_at_rest(self) -> bool:
        """Whether a request begins with the next byte, and all before it were answered."""
        return self._begun == self._ended and (self.cycle is None or self.cycle.response_complete)

    def _parse(self, data: bytes, straight: Straight) -> None:
        """Let uvicorn read it, and remember the head if it was one whole request."""
        before = self._begun
        super().data_received(data)
        if self._begun == self._ended == before + 1 and not self.transport.is_closing():
            straight.heads.learn(data, dict(self.scope))

    def at_rest(self, call: InTime) -> None:
        """The request of this task has ended."""
        self._call = None
        self.tasks.discard(call.task)

    def go_on(self, data: bytes, answered: bool) -> None:
        """What comes next: the same request the long way where it was not `answered`, or else another one."""
        if self.transport.is_closing():
            return
        if answered:
            self._rest()
        else:
            self._was_tried = True
            super().data_received(data)
            self._was_tried = False
            if self._is_last:
                super().shutdown()
        if self._held:
            self.flow.resume_reading()
            self.data_received(b"")

    def _rest(self) -> None:
        """One request was answered; another one may come, for as long as uvicorn waits for that."""
        self.server_state.total_requests += 1
        self._rested = self.loop.time()
        if self._is_last:
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Requests on the straight way do not touch the timer; when it rings, it is seen what it is worth."""
        self.timeout_keep_alive_task = None
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if self._call is not None or self._held:
            self._wait(self.timeout_keep_alive)
        elif left > 0:
            self._wait(left)
        else:
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        self._begun += 1
        super().on_message_begin()
        if self._was_tried:
            self.scope[TRIED] = True  # type: ignore[literal-required]

    def on_message_complete(self) -> None:
        self._ended += 1
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._call is not None:
            self._call.leave()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._call is not None:
            self._is_last = True
            return
        if self._held:
            held, self._held = self._held, b""
            super().data_received(held)
        super().shutdown()

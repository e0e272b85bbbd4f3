"""The short way of the requests that nearly all are: one POST of JSON with an operation that is ready to run.

Whatever is out of the ordinary goes the long way, with what was read of it handed on: it has the words for every refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.types import ASGIApp, Receive, Scope, Send

from backends import deadline
from backends.errors import GatewayError
from gateway.auth import ApiKey
from gateway.documents import Documents, by_id
from gateway.hangups import Ends, InTime, Listening
from gateway.http import GRACE, GraphQLEndpoint
from gateway.observed import Directly
from gateway.origins import is_foreign
from gateway.replies import BARE, CLOSING, FIXED, Heads, Reply, heads_of, send_late
from gateway.requests import Sender, body_of, first_of, is_json, is_short, negotiated, read_body, replayed
from gateway.together import Together, Trip
from resolvers.viewer import Viewer
from schema.operations import Operations, Ready, note

TRIED = "kundengraph.tried"
"""What a scope holds whose request was read past everything around, and has to go the long way."""


@dataclass(slots=True)
class Asked:
    """What a request asks for, all of it in order."""

    ready: Ready
    variables: dict[str, Any] | None
    media_type: str
    body: bytes
    """All of it, as it was sent."""


class LeanEndpoint:
    """Answers what is ready to run, and hands on everything else."""

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        operations: Operations,
        documents: Documents,
        cost_limit: int,
        turn: Callable[[], int] = int,
    ) -> None:
        """Equal requests of one `turn` may share an answer."""
        self._endpoint: ASGIApp = endpoint
        self._view = endpoint
        self._operations = operations
        self._documents = documents
        self._limit = cost_limit
        self._together: Together[Reply | None] = Together()
        self._ends = Ends()
        self._turn = turn

    def heads(self, is_ending: Callable[[], bool]) -> Callable[[], Heads]:
        """The headers of answers that nobody adds to; those since `is_ending` are the last ones of their connections."""
        vary = "Accept, Origin" if self._view.allowed_origins else "Accept"
        usual, last = heads_of(vary, FIXED), heads_of(vary, [*FIXED, CLOSING])
        return lambda: last if is_ending() else usual

    def direct(self, path: str, largest: int, heads: Callable[[], Heads]) -> Directly:
        """The way past everything that stands around, for requests of this path; `largest` are the bytes of a body."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> Receive | None:
            if scope["type"] != "http" or scope["method"] != "POST" or TRIED in scope:
                return receive
            if scope["path"] != path or scope.get("root_path"):
                return receive
            return await self._directly(scope, receive, send, heads, largest)

        return answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or TRIED in scope:
            await self._endpoint(scope, receive, send)
            return
        headers = first_of(scope["headers"])
        media_type = self._acceptable(headers)
        if media_type is None:
            await self._endpoint(scope, receive, send)
            return
        messages, _ = await read_body(receive)
        if messages[-1]["type"] != "http.request":
            return  # who has left before the end of the body has asked for nothing
        asked = self.asked(body_of(messages), media_type)
        if asked is None or not await self._answered(asked, Sender.of(scope, headers), send):
            await self._endpoint(scope, replayed(messages, receive), send)

    async def _directly(
        self, scope: Scope, receive: Receive, send: Send, heads: Callable[[], Heads], largest: int
    ) -> Receive | None:
        """Answer a POST past everything that stands around the endpoint, by doing the same here.

        None where it was answered, or its client has left; otherwise the request as it came, for the long way.
        Pages of browsers take the long way.
        """
        headers = first_of(scope["headers"])
        if (media_type := self.usual(headers, largest)) is None:
            return receive
        messages, size = await read_body(receive, largest)
        if messages[-1]["type"] != "http.request":
            return None
        scope[TRIED] = True
        asked = self.asked(body_of(messages), media_type) if size <= largest else None
        if asked is None:
            return replayed(messages, receive)
        call = Listening(receive)
        try:
            reply = await self.reply(asked, Sender.of(scope, headers), call)
        finally:
            call.stop()
        if call.has_left:
            return None
        if reply is None:
            return replayed(messages, receive)
        await reply.send(send, media_type, heads())
        return None

    async def reply(self, asked: Asked, sender: Sender, call: InTime) -> Reply | None:
        """The answer, in time; None where it may not run, or nobody waits for it any more."""
        view, reply, limit = self._view, None, None
        trip: Trip[Reply | None] | None = None
        try:
            viewer = view.held(sender.key) or await view.caller(sender.authorization)
            self._ends.begin(call, view.timeout + GRACE)
            limit = deadline.begin(view.timeout)
            question = asked.ready, asked.body, self._turn()
            if asked.ready.reads and (trip := self._together.begin(question, viewer, call)) is None:
                run = partial(self._run, asked, viewer, sender)
                reply = await self._together.share(question, viewer, run, call)
            else:
                reply = await self._run(asked, viewer, sender)
        except asyncio.CancelledError:
            if not call.was_given_up():
                raise
            reply = Reply.late() if call.is_late else None
        finally:
            self._ends.end(call)
            if limit is not None:
                deadline.end(limit)
            if trip is not None:
                self._together.end(question, trip, reply)
        if reply is not None:
            note(asked.ready, reply.errors)
        return reply

    def key(self, authorization: str | None) -> ApiKey | None:
        """The configured key that a credential is, if it is one."""
        return self._view.credentials.key(authorization) if authorization else None

    def usual(self, headers: Mapping[bytes, bytes], largest: int) -> str | None:
        """The media type of the answer to a request that need not pass what stands around; pages of browsers have to."""
        if b"origin" in headers or b"sec-fetch-site" in headers or not is_short(headers, largest):
            return None
        return self._acceptable(headers)

    def _acceptable(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The media type of the answer, where request and caller are of the usual kind."""
        if not is_json(headers.get(b"content-type", b"")):
            return None
        if b"origin" in headers or b"sec-fetch-site" in headers:
            texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
            if is_foreign(texts, self._view.allowed_origins):
                return None
        return negotiated(headers.get(b"accept", b""))

    def asked(self, body: bytes, media_type: str) -> Asked | None:
        """What a body asks for; None where that is not ready to run."""
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if data.__class__ is not dict:
            return None
        if "documentId" in data:
            data = by_id(data)
        text = self._text(data.get("query"), data.get("extensions"))
        variables, name = data.get("variables"), data.get("operationName")
        if text is None or not (variables is None or variables.__class__ is dict):
            return None
        if not (name is None or name.__class__ is str):
            return None
        ready = self._operations.ready(text, name, variables)
        return None if ready is None else Asked(ready, variables, media_type, body)

    def _text(self, query: Any, extensions: Any) -> str | None:
        """The document that is sent or named, where it may run; one that is to be remembered takes the long way."""
        if extensions is None or extensions == {}:
            if query.__class__ is not str or not query:
                return None
            if not self._documents.required:
                return str(query)
            extensions = {}
        elif query or not isinstance(extensions, dict):
            return None
        try:
            return self._documents.text(query, extensions)
        except (GatewayError, GraphQLError):
            return None

    async def _answered(self, asked: Asked, sender: Sender, send: Send) -> bool:
        """Run it and send the answer; False where it may not run."""
        viewer = await self._view.caller(sender.authorization)
        try:
            reply = await self._view.in_time(self._run(asked, viewer, sender))
        except TimeoutError:
            await send_late(send, asked.media_type, BARE)
            return True
        if reply is None:
            return False
        note(asked.ready, reply.errors)
        await reply.send(send, asked.media_type, BARE)
        return True

    async def _run(self, asked: Asked, viewer: Viewer, sender: Sender) -> Reply | None:
        context = self._view.context(viewer, sender.authorization, sender.peer, sender.forwarded)
        outcome = await self._operations.run(asked.ready, asked.variables, context)
        return None if outcome is None else Reply.of(outcome, self._limit)

"""Word of changes between the gateways that share a registry, over a channel of Redis."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson

from backends.changes import Change, ChangeKind, Target

PULSE = 1.0
"""Seconds after which a channel without news is asked for a sign of life."""
SILENCE = 3.0
"""Seconds without one after which the connection counts as lost."""
SENDING = 0.2
"""Seconds that a writer waits for Redis at most."""
PAUSE = 0.2
"""Seconds before a connection that was lost is tried again."""


class Replicas:
    """Sends what was changed here, and hands on what was changed elsewhere.

    A message may be lost, on either side: then `lost` is called, here or by everybody else, for what is remembered is
    no longer to be trusted. Redis failing costs a writer 0.2 seconds at most, and no error.
    """

    def __init__(
        self,
        url: str,
        channel: str,
        heard: Callable[[Change, bool], Awaitable[None]],
        lost: Callable[[str], Awaitable[None]],
    ) -> None:
        """`heard` is told of a change, and whether it is certain that it counts; `lost` why changes may be missing."""
        client = importlib.import_module("redis.asyncio")
        self._errors = (OSError, ValueError, RuntimeError, client.RedisError)
        self._client = client.Redis.from_url(url, socket_connect_timeout=PULSE)
        self._channel = channel
        self._name = secrets.token_hex(8)
        self._heard = heard
        self._lost = lost
        self._owing = False
        self._listening: asyncio.Task[None] | None = None
        self.is_up = False
        """Whether changes elsewhere are heard of now."""

    @property
    def is_listening(self) -> bool:
        """Whether it was started."""
        return self._listening is not None

    def start(self) -> None:
        """Listen from now on."""
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def send(self, change: Change, *, certain: bool) -> None:
        """Tell the others; where that is not possible, they are told later that something is missing."""
        message = {"change": _written(change), "certain": certain}
        if not await self._published(message):
            self._owing = True

    async def close(self) -> None:
        """Hear no more; what could not be told before is tried once more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._owing:
            await self._published({"missing": True})
        with suppress(*self._errors):
            await self._client.aclose()

    async def _published(self, message: dict[str, Any]) -> bool:
        try:
            async with asyncio.timeout(SENDING):
                await self._client.publish(self._channel, orjson.dumps(message | {"from": self._name}))
        except self._errors:
            return False
        return True

    async def _listen(self) -> None:
        was_up = False
        while True:
            with suppress(*self._errors):
                async with self._client.pubsub() as channel:
                    async with asyncio.timeout(SILENCE):
                        await channel.subscribe(self._channel)
                    await self._hear(channel, missed=was_up)
            if self.is_up:
                self.is_up, was_up = False, True
                await self._lost("The connection to Redis was lost, and with it word of other changes.")
            await asyncio.sleep(PAUSE)

    async def _hear(self, channel: Any, *, missed: bool) -> None:
        """Hand on messages until the connection is lost, which ends in an error."""
        last = time.monotonic()
        while time.monotonic() - last < SILENCE:
            message = await channel.get_message(timeout=PULSE)
            if message is None:
                async with asyncio.timeout(PULSE):
                    await channel.ping()
            else:
                last = time.monotonic()
            if message is not None and message["type"] == "subscribe":
                self.is_up = True
                if missed:
                    await self._lost("Redis is back; what was changed meanwhile is not known.")
            if message is not None and message["type"] == "message":
                await self._hand_on(message["data"])
            if self._owing and self.is_up and await self._published({"missing": True}):
                self._owing = False

    async def _hand_on(self, data: bytes) -> None:
        """What another gateway sends; its own words, and those that are no message of ours, are passed over."""
        try:
            message = orjson.loads(data)
            if message["from"] == self._name:
                return
            change = None if message.get("missing") else _read(message["change"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if change is None:
            await self._lost("Another gateway could not tell what it changed.")
        else:
            await self._heard(change, bool(message.get("certain")))


def _written(change: Change) -> dict[str, Any]:
    """A change as it is sent: what it tells of, without hashes."""
    return {
        "mutation": change.mutation,
        "kind": change.kind.value,
        "target": change.target.value,
        "keys": change.keys,
        "source": change.source_key,
        "fields": change.changed_fields,
        "at": change.at.isoformat(),
        "logins": change.logins,
    }


def _read(found: dict[str, Any]) -> Change:
    return Change(
        found["mutation"],
        ChangeKind(found["kind"]),
        Target(found["target"]),
        tuple(found["keys"]),
        found["source"],
        tuple(found["fields"]),
        datetime.fromisoformat(found["at"]),
        tuple(found["logins"]),
    )

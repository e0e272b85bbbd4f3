"""The floor: bare ASGI, connections of its own, hand-written rows and orjson, no GraphQL. `POST /SCENARIO`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from bench.peers import sql

Rows = Callable[[Sequence[Any]], list[dict[str, Any]]]


class Pool:
    """Connections without reset, health checks or time limits."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()

    async def open(self) -> None:
        for _ in range(sql.POOL_SIZE):
            self._idle.put_nowait(await asyncpg.connect(sql.DSN))

    async def fetch(self, text: str, *args: Any) -> Sequence[Any]:
        connection = await self._idle.get()
        try:
            rows: Sequence[Any] = await connection.fetch(text, *args)
            return rows
        finally:
            self._idle.put_nowait(connection)


def shaped(columns: Sequence[str]) -> Rows:
    """A function that makes the objects of an answer of rows, written out as one would by hand."""
    places = ", ".join(f"v{place}" for place in range(len(columns)))
    pairs = ", ".join(f"{sql.NAMES[name]!r}: v{place}" for place, name in enumerate(columns))
    made: Rows = eval(f"lambda rows: [{{{pairs}}} for {places} in rows]")  # noqa: S307
    return made


pool = Pool()
ten, fifteen, six = shaped(sql.TEN), shaped(sql.FIFTEEN), shaped(sql.SIX)
TEN, FIFTEEN, SIX = ", ".join(sql.TEN), ", ".join(sql.FIFTEEN), ", ".join(sql.SIX)


async def one(given: Mapping[str, Any]) -> Any:
    rows = ten(await pool.fetch(sql.by_login(TEN), given["login"]))
    return {"customerUser": rows[0] if rows else None}


async def list100(given: Mapping[str, Any]) -> Any:
    return {"customerUsers": ten(await pool.fetch(sql.listed(TEN), given["first"]))}


async def list1000(given: Mapping[str, Any]) -> Any:
    return {"customerUsers": fifteen(await pool.fetch(sql.listed(FIFTEEN), given["first"]))}


async def relations(given: Mapping[str, Any]) -> Any:
    users = await pool.fetch(sql.listed("login, first_name, last_name, customer_id"), given["first"])
    logins = [user[0] for user in users]
    companies, groups, services = await asyncio.gather(
        pool.fetch(sql.COMPANIES, list({user[3] for user in users})),
        pool.fetch(sql.GROUPS, logins),
        pool.fetch(sql.SERVICES, logins),
    )
    known = {key: {"name": name, "city": city} for key, name, city in companies}
    held: dict[str, list[Any]] = {login: [] for login in logins}
    used: dict[str, list[Any]] = {login: [] for login in logins}
    for login, name, permissions in groups:
        held[login].append({"name": name, "permissions": permissions})
    for login, name in services:
        used[login].append({"name": name})
    return {
        "customerUsers": [
            {
                "login": login,
                "firstName": first,
                "lastName": last,
                "company": known.get(customer),
                "groups": held[login],
                "services": used[login],
            }
            for login, first, last, customer in users
        ]
    }


async def search(given: Mapping[str, Any]) -> Any:
    rows = await pool.fetch(sql.searched(SIX), sql.pattern(given["text"]), given["first"])
    return {"searchCustomerUsers": six(rows)}


async def mutation(given: Mapping[str, Any]) -> Any:
    rows = await pool.fetch(sql.phone_set("login, phone"), given["login"], given["phone"])
    return {"setPhone": dict(rows[0]) if rows else None}


HANDLERS: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
    f"/{handler.__name__}": handler for handler in (one, list100, list1000, relations, search, mutation)
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await pool.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    answer = orjson.dumps({"data": await HANDLERS[scope["path"]](orjson.loads(body)["variables"])})
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})

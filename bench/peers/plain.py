"""A plain Strawberry server, written the natural way: Starlette, asyncpg's pool, dataloaders."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from bench.peers import sql

pool: Any = None


@strawberry.type
class Company:
    customer_id: str
    name: str
    city: str | None


@strawberry.type
class Group:
    name: str
    permissions: list[str]


@strawberry.type
class Service:
    name: str


@strawberry.type
class CustomerUser:
    id: int
    login: str
    email: str
    customer_id: str
    title: str | None
    first_name: str
    last_name: str
    phone: str | None
    fax: str | None
    mobile: str | None
    street: str | None
    zip: str | None
    city: str | None
    country: str | None
    comments: str | None
    valid_id: int
    create_time: datetime.datetime
    change_time: datetime.datetime

    @strawberry.field
    async def company(self, info: strawberry.Info) -> Company | None:
        found: Company | None = await info.context["companies"].load(self.customer_id)
        return found

    @strawberry.field
    async def groups(self, info: strawberry.Info) -> list[Group]:
        found: list[Group] = await info.context["groups"].load(self.login)
        return found

    @strawberry.field
    async def services(self, info: strawberry.Info) -> list[Service]:
        found: list[Service] = await info.context["services"].load(self.login)
        return found


async def load_companies(keys: list[str]) -> Sequence[Company | None]:
    rows = {row["customer_id"]: Company(**row) for row in await pool.fetch(sql.COMPANIES, keys)}
    return [rows.get(key) for key in keys]


async def load_groups(keys: list[str]) -> Sequence[list[Group]]:
    found: dict[str, list[Group]] = {key: [] for key in keys}
    for row in await pool.fetch(sql.GROUPS, keys):
        found[row["user_id"]].append(Group(name=row["name"], permissions=row["permissions"]))
    return [found[key] for key in keys]


async def load_services(keys: list[str]) -> Sequence[list[Service]]:
    found: dict[str, list[Service]] = {key: [] for key in keys}
    for row in await pool.fetch(sql.SERVICES, keys):
        found[row["user_id"]].append(Service(name=row["name"]))
    return [found[key] for key in keys]


@strawberry.type
class Query:
    @strawberry.field
    async def customer_user(self, login: str) -> CustomerUser | None:
        row = await pool.fetchrow(sql.by_login(sql.ALL), login)
        return CustomerUser(**row) if row else None

    @strawberry.field
    async def customer_users(self, first: int) -> list[CustomerUser]:
        return [CustomerUser(**row) for row in await pool.fetch(sql.listed(sql.ALL), first)]

    @strawberry.field
    async def search_customer_users(self, text: str, first: int) -> list[CustomerUser]:
        rows = await pool.fetch(sql.searched(sql.ALL), sql.pattern(text), first)
        return [CustomerUser(**row) for row in rows]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def set_phone(self, login: str, phone: str) -> CustomerUser | None:
        row = await pool.fetchrow(sql.phone_set(sql.ALL), login, phone)
        return CustomerUser(**row) if row else None


class View(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Any:
        return {
            "companies": DataLoader(load_companies),
            "groups": DataLoader(load_groups),
            "services": DataLoader(load_services),
        }


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    global pool  # noqa: PLW0603
    pool = await asyncpg.create_pool(sql.DSN, min_size=sql.POOL_SIZE, max_size=sql.POOL_SIZE)
    yield
    await pool.close()


view = View(strawberry.Schema(Query, Mutation))
app = Starlette(routes=[Route("/graphql", view, methods=["POST"])], lifespan=lifespan)

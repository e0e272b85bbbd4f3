"""The root of all reading."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import strawberry
from strawberry import UNSET

from backends.errors import BadUserInput
from resolvers import audit, counts, customer_users, customers, duplicates, groups, services
from resolvers.customer_users import UserList
from resolvers.customers import CustomerList
from resolvers.viewer import Scope
from schema.audit import AuditEntryConnection
from schema.connections import CustomerConnection, CustomerUserConnection
from schema.enums import SearchMode, SourceErrorPolicy, Validity
from schema.fields import Info, aside, columns, root
from schema.groups import Group, Service
from schema.inputs import (
    CustomerFilter,
    CustomerOrder,
    CustomerUserFilter,
    CustomerUserOrder,
    validities,
)
from schema.node import Node
from schema.surveys import CustomerUserCounts, DuplicateLoginConnection
from schema.types import Customer, CustomerUser, Source, Viewer, node, node_or_error

MAX_NODES = 100
"""Ids of one `nodes` at most (A2)."""


@strawberry.type
class Query:
    @root(requires=None)
    @staticmethod
    def viewer(info: Info) -> Viewer:
        return info.context.viewer  # type: ignore[return-value]

    @root()
    @staticmethod
    async def node(info: Info, id: strawberry.ID) -> Node | None:
        return await node(info.context, id)  # type: ignore[return-value]

    @root()
    @staticmethod
    async def nodes(info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        if len(ids) > MAX_NODES:
            raise BadUserInput(f"At most {MAX_NODES} ids at once, not {len(ids)}.", argument="ids")
        return list(await asyncio.gather(*(node_or_error(info.context, id_) for id_ in ids)))

    @root(Scope.SURVEY)
    @staticmethod
    def sources(info: Info) -> list[Source]:
        return list(info.context.users.sources)  # type: ignore[arg-type]

    @root()
    @staticmethod
    def customer_user(
        info: Info,
        login: str,
        source: str | None = UNSET,
        on_source_error: SourceErrorPolicy = SourceErrorPolicy.FAIL,
    ) -> CustomerUser | None:
        found = customer_users.by_login(info.context, login, source or None, on_source_error)
        if on_source_error is not SourceErrorPolicy.FAIL:  # nothing stands beside what cannot fail in part
            return _aside(info, found)  # type: ignore[return-value]
        return found  # type: ignore[return-value]

    @root()
    @staticmethod
    async def customer_users_by_login(info: Info, logins: list[str]) -> list[CustomerUser | None] | None:
        return await customer_users.by_logins(info.context, logins)  # type: ignore[return-value]

    @root()
    @staticmethod
    async def customer_users(
        info: Info,
        search: str | None = UNSET,
        search_mode: SearchMode = SearchMode.OTOBO,
        filter: CustomerUserFilter | None = UNSET,
        order_by: list[CustomerUserOrder] | None = UNSET,
        first: int | None = 100,
        after: str | None = UNSET,
        on_source_error: SourceErrorPolicy = SourceErrorPolicy.PARTIAL,
    ) -> CustomerUserConnection | None:
        wanted = UserList(
            (filter or CustomerUserFilter()).asked(),
            search or None,
            search_mode is SearchMode.WORDS,
            tuple(term.asked() for term in order_by or ()),
            first,
            after or None,
            on_source_error,
            columns(info),
        )
        return await customer_users.page(info.context, wanted)  # type: ignore[return-value]

    @root()
    @staticmethod
    async def customer(info: Info, customer_id: str) -> Customer | None:
        return await customers.by_id(info.context, customer_id)  # type: ignore[return-value]

    @root()
    @staticmethod
    async def customers(
        info: Info,
        search: str | None = UNSET,
        filter: CustomerFilter | None = UNSET,
        order_by: list[CustomerOrder] | None = UNSET,
        first: int | None = 100,
        after: str | None = UNSET,
    ) -> CustomerConnection | None:
        wanted = CustomerList(
            (filter or CustomerFilter()).asked(),
            search or None,
            tuple(term.asked() for term in order_by or ()),
            first,
            after or None,
            columns(info),
        )
        return await customers.page(info.context, wanted)  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def group(info: Info, name: str) -> Group | None:
        return await groups.by_name(info.context, name)  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def groups(info: Info, validity: list[Validity] | None = UNSET) -> list[Group] | None:
        return await groups.listed(info.context, validities(validity))  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def service(info: Info, name: str) -> Service | None:
        return await services.by_name(info.context, name)  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def services(info: Info, validity: list[Validity] | None = UNSET) -> list[Service] | None:
        return await services.listed(info.context, validities(validity))  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def default_services(info: Info) -> list[Service] | None:
        return await services.defaults(info.context)  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def duplicate_logins(
        info: Info, first: int | None = 100, after: str | None = UNSET
    ) -> DuplicateLoginConnection | None:
        return await duplicates.page(info.context, first, after or None)  # type: ignore[return-value]

    @root(Scope.SURVEY)
    @staticmethod
    async def customer_user_counts(
        info: Info,
        by: str,
        search: str | None = UNSET,
        filter: CustomerUserFilter | None = UNSET,
        first: int | None = 100,
    ) -> CustomerUserCounts | None:
        asked = (filter or CustomerUserFilter()).asked()
        return await counts.counts_by(info.context, by, search or None, asked, first)  # type: ignore[return-value]

    @root(Scope.GRANT)
    @staticmethod
    async def audit_entries(
        info: Info, login: str | None = UNSET, first: int | None = 100, after: str | None = UNSET
    ) -> AuditEntryConnection | None:
        return await audit.page(info.context, login or None, first, after or None)  # type: ignore[return-value]


async def _aside(info: Info, value: Awaitable[Any]) -> Any:
    return aside(info, await value)

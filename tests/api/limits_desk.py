"""A help desk of two companies in a SQLite file, asked in process by callers of every kind."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backends.passwords import LEAST_COST, Hasher
from gateway.config import Config
from gateway.stack import Stack
from resolvers.context import RequestContext
from resolvers.policies import CustomerPolicy
from resolvers.viewer import Viewer, scopes_of
from schema.build import KundengraphSchema, build_schema
from tests.api.serving import NOW, help_desk
from tests.sql.renames import tickets


def a_viewer(*roles: str, **limits: Any) -> Viewer:
    """A caller, as credentials make it: with rows, hidden fields or a login."""
    return replace(Viewer.named("caller", roles), **limits)


def a_customer(login: str) -> Viewer:
    """A customer user who signed in."""
    return Viewer(login, ("customer",), scopes_of(("customer",)), login=login)


@dataclass
class Desk:
    """The gateway's inside: its schema and services, without HTTP."""

    schema: KundengraphSchema
    stack: Stack
    file: Path

    async def answer(
        self, viewer: Viewer, query: str, policy: CustomerPolicy | None = None, **variables: Any
    ) -> tuple[Any, list[tuple[Any, str]]]:
        """Data, and the path and code of each error."""
        services = self.stack.services
        if policy is not None:
            services = replace(services, customer_policy=policy)
        context = RequestContext(services, viewer)
        result = await self.schema.execute(query, variable_values=variables, context_value=context)
        errors: list[Any] = list(result.errors or ())
        return result.data, [(error.path, error.extensions["code"]) for error in errors]

    async def change(
        self,
        viewer: Viewer,
        mutation: str,
        given: Mapping[str, Any],
        policy: CustomerPolicy | None = None,
        selection: str = "",
    ) -> tuple[list[tuple[str, str]], Any]:
        """What was wrong with the input, as path and code, and the payload."""
        type_ = f"{mutation[0].upper()}{mutation[1:]}Input!"
        query = (
            f"mutation($input: {type_}) {{ outcome: {mutation}(input: $input)"
            f" {{ {selection} userErrors {{ field code message }} }} }}"
        )
        data, errors = await self.answer(viewer, query, policy, input=given)
        assert not errors, errors
        found = data["outcome"]["userErrors"]
        return [(".".join(one["field"] or ()), one["code"]) for one in found], data["outcome"]

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What stands in the file."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(sql, args).fetchall()

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """All that mutations could change, to tell whether one did."""
        tables = ("customer_user", "customer_company", "customer_user_customer", "group_customer_user")
        more = ("group_customer", "service_customer_user", "customer_preferences", "ticket")
        return [self.rows(f"SELECT * FROM {table}") for table in (*tables, *more)]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    """The desk: ada and grace of ACME, ned and nina of NORD, and max of NORD who works for ACME, too."""
    config: Config = help_desk(folder)
    file = folder / "desk.sqlite"
    stack = Stack(config)
    writes = replace(stack.services.writes, hasher=Hasher(LEAST_COST))
    stack.services = replace(stack.services, writes=writes)
    with closing(sqlite3.connect(file)) as connection, connection:
        for login in ("ned", "nina", "max"):
            connection.execute(
                "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, phone, valid_id,"
                " create_time, create_by, change_time, change_by) VALUES (?, ?, 'NORD', ?, 'L', '1', 1, ?, 1, ?, 1)",
                (login, f"{login}@nord.example", login.title(), NOW, NOW),
            )
        audit = f"'{NOW}', 1, '{NOW}', 1"
        connection.executescript(
            f"""
            INSERT INTO customer_company (customer_id, name, valid_id, create_time, create_by, change_time, change_by)
              VALUES ('NORD', 'Nordlicht', 1, {audit}), ('ZERO', 'Zero', 1, {audit});
            INSERT INTO customer_user_customer (user_id, customer_id, create_time, create_by, change_time, change_by)
              VALUES ('max', 'ACME', {audit}), ('max', 'ZERO', {audit});
            INSERT INTO group_customer_user (user_id, group_id, permission_key, permission_value, create_time,
              create_by, change_time, change_by) VALUES ('ned', 1, 'rw', 1, {audit}), ('ada', 1, 'rw', 1, {audit}),
              ('ghost', 1, 'rw', 1, {audit});
            """
        )
        for number, customer, login in ((1, "ACME", "ada"), (2, "NORD", "ned"), (3, "ACME", "ned")):
            connection.execute(tickets((number, 1, f"'{customer}'", f"'{login}'", 0)))
    try:
        yield Desk(build_schema(config.source_mappings, config.customer_mappings), stack, file)
    finally:
        writes.hasher.close()
        await stack.close()

"""A registry as `init` makes it, with a source of its own and one apart, and every mutation of the schema as a case."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.database import Database, open_database
from gateway.app import schema_of
from gateway.config import Config, loads
from gateway.foundation import lay
from gateway.stack import Stack
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from tests.sql.renames import tickets

TOML = """
[registry]
url = "{registry}"
timeout = 6.0
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[groups]
enabled = true
[audit]
file = "{file}"
[[customers]]
key = "companies"
timeout = 6.0
[[sources]]
key = "desk"
timeout = 6.0
[[sources]]
key = "apart"
url = "sqlite:///apart.sqlite"
timeout = 6.0
"""

ERRORS = "userErrors { field code message }"
SECRET = "Kw7-canary-of-a-password"


@dataclass(frozen=True)
class Case:
    """A mutation as it is called, and what its entry says."""

    mutation: str
    given: Mapping[str, Any]
    target: str
    changed: Sequence[str]
    source: str | None = None
    former: str | None = None
    logins: Sequence[str] = ()


SOMEBODY = {"firstName": "Ada", "lastName": "L", "email": "ada@canary.test", "customerId": "ACME"}
NAMES = ["customerId", "email", "firstName", "lastName", "login"]
CASES = (
    Case(
        "createCustomer",
        {"customerId": "ACME", "name": "canary"},
        "Customer ACME",
        ["customerId", "name", "validity"],
        "companies",
    ),
    Case(
        "createCustomer",
        {"customerId": "NORD", "name": "canary of the north"},
        "Customer NORD",
        ["customerId", "name", "validity"],
        "companies",
    ),
    Case(
        "createCustomerUser",
        {"login": "ada", **SOMEBODY, "password": SECRET},
        "CustomerUser ada",
        [*NAMES, "password", "validity"],
        "desk",
    ),
    Case(
        "createCustomerUser",
        {"login": "bob", **SOMEBODY, "email": "bob@canary.test", "source": "apart", "password": SECRET},
        "CustomerUser bob",
        [*NAMES, "password", "validity"],
        "apart",
    ),
    Case("updateCustomerUser", {"login": "ada", "city": "canary"}, "CustomerUser ada", ["city"], "desk"),
    Case("updateCustomerUser", {"login": "bob", "city": "canary"}, "CustomerUser bob", ["city"], "apart"),
    Case(
        "updateCustomerUser",
        {"login": "ada", "newLogin": "countess", "zip": "1", "city": "canary"},
        "CustomerUser countess",
        ["login", "zip"],
        "desk",
        former="CustomerUser ada",
    ),
    Case(
        "setCustomerUserPassword",
        {"login": "bob", "password": SECRET},
        "CustomerUser bob",
        ["password"],
        "apart",
    ),
    Case(
        "updateCustomer",
        {"customerId": "ACME", "newCustomerId": "ACME2"},
        "Customer ACME2",
        ["customerId"],
        "companies",
        former="Customer ACME",
        logins=["countess", "bob"],
    ),
    Case("createGroup", {"name": "staff"}, "Group staff", ["name", "validity"]),
    Case("updateGroup", {"name": "staff", "newName": "crew"}, "Group crew", ["name"], former="Group staff"),
    Case("createService", {"name": "Web"}, "Service Web", ["name", "validity"]),
    Case("updateService", {"name": "Web", "comment": "canary"}, "Service Web", ["comment"]),
    Case(
        "setCustomerUserCustomers",
        {"login": "bob", "customerIds": ["NORD"]},
        "CustomerUser bob",
        ["additionalCustomerIds"],
        "apart",
    ),
    Case(
        "updateCustomerMembers",
        {"customerId": "NORD", "add": ["countess"], "remove": ["bob"]},
        "Customer NORD",
        ["additionalCustomerIds"],
        "companies",
        logins=["countess", "bob"],
    ),
    Case(
        "setCustomerUserGroups",
        {"login": "bob", "grants": [{"group": "crew", "permissions": ["RW"]}]},
        "CustomerUser bob",
        ["groups"],
        "apart",
    ),
    Case(
        "setGroupCustomerUsers",
        {"group": "crew", "grants": [{"login": "countess", "permissions": ["RO"]}]},
        "Group crew",
        ["groups"],
        logins=["countess"],
    ),
    Case(
        "setCustomerGroups",
        {"customerId": "NORD", "grants": [{"group": "crew", "permissions": ["RO"]}]},
        "Customer NORD",
        ["groups"],
        "companies",
    ),
    Case(
        "setGroupCustomers",
        {"group": "crew", "grants": [{"customerId": "NORD", "permissions": ["RW"]}]},
        "Group crew",
        ["groups"],
    ),
    Case(
        "setCustomerUserServices",
        {"login": "bob", "services": ["Web"]},
        "CustomerUser bob",
        ["services"],
        "apart",
    ),
    Case(
        "updateServiceCustomerUsers",
        {"service": "Web", "add": ["countess"]},
        "Service Web",
        ["services"],
        logins=["countess"],
    ),
    Case("setDefaultServices", {"services": ["Web"]}, "DefaultServices", ["services"]),
    Case(
        "setCustomerUserPreferences",
        {"login": "bob", "preferences": [{"key": "UserLanguage", "value": "canary"}]},
        "CustomerUser bob",
        ["preferences"],
        "apart",
    ),
    Case(
        "upsertCustomerUser",
        {"login": "eve", **SOMEBODY, "customerId": "NORD", "email": "eve@canary.test"},
        "CustomerUser eve",
        NAMES,
        "desk",
    ),
    Case(
        "upsertCustomerUsers",
        {"rows": [{"login": "eve", "phone": "canary"}], "errorPolicy": "REJECT_ALL"},
        "CustomerUser eve",
        ["phone"],
        "desk",
    ),
    Case(
        "setTicketCustomerUser",
        {"ticketId": "5", "login": "bob"},
        "Ticket 5",
        ["login"],
        logins=["nobody", "bob"],
    ),
)
"""In an order in which each can be done."""


class AuditedDesk:
    """The stack of one configuration, asked through its schema as an admin."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.stack = Stack(config)
        self.schema = schema_of(config)
        self._numbers = itertools.count(1)
        self.last_request = ""
        self.database: Database = open_database(
            config.registry.url, name="registry", pool_size=1, timeout=6.0
        )

    async def ask(self, query: str, viewer: Viewer | None = None, **variables: Any) -> dict[str, Any]:
        """Data, and errors as a client sees them; every request has an id of its own."""
        self.last_request = f"request-{next(self._numbers)}"
        asking = viewer or Viewer.named("tester", ["admin"])
        context = RequestContext(self.stack.services, asking, self.last_request)
        result = await self.schema.execute(query, variables, context)
        errors = [one.formatted for one in result.errors or ()]
        return {"data": result.data} | ({"errors": errors} if errors else {})

    async def write(self, mutation: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The user errors of one mutation."""
        name = mutation[0].upper() + mutation[1:]
        query = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
        answer = await self.ask(query, input=dict(given))
        assert "errors" not in answer, answer["errors"]
        errors: list[dict[str, Any]] = answer["data"][mutation]["userErrors"]
        return errors

    async def entries(self, arguments: str = "first: 1000", viewer: Viewer | None = None) -> dict[str, Any]:
        """A page of the audit trail."""
        node = "at actor mutation target formerTarget logins sourceKey changedFields requestId"
        page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        query = f"{{ auditEntries({arguments}) {{ edges {{ cursor node {{ {node} }} }} nodes {{ {node} }} {page} }} }}"
        return await self.ask(query, viewer)

    async def nodes(self, arguments: str = "first: 1000") -> list[dict[str, Any]]:
        """The entries of a page without errors."""
        answer = await self.entries(arguments)
        assert "errors" not in answer, answer["errors"]
        nodes: list[dict[str, Any]] = answer["data"]["auditEntries"]["nodes"]
        return nodes


@asynccontextmanager
async def audited_desk(
    registry: str, folder: Path, file: str = "", table: bool = True
) -> AsyncIterator[AuditedDesk]:
    """An open desk over an empty database; with or without the table of the audit trail."""
    config = loads(TOML.format(registry=registry, file=file), folder / "kundengraph.toml", {})
    await lay(config.registry)
    with closing(sqlite3.connect(folder / "apart.sqlite")) as connection:
        connection.executescript(";".join(["BEGIN", *ddl.statements(SourceKind.SQLITE), "COMMIT"]))
    desk = AuditedDesk(config)
    try:
        await desk.database.execute(tickets((5, 1, "'ACME'", "'nobody'", 0)))
        if not table:
            await desk.database.execute("DROP TABLE kundengraph_audit")
        yield desk
    finally:
        await desk.database.close()
        await desk.stack.close()

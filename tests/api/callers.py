"""Callers of a gateway that writes: the mutations of customer users and customers, short to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

CODES = frozenset(
    {
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "BAD_USER_INPUT",
        "SOURCE_UNAVAILABLE",
        "SOURCE_TIMEOUT",
        "COST_EXCEEDED",
        "RATE_LIMITED",
        "CURSOR_INVALID",
        "PERSISTED_DOCUMENT_REQUIRED",
        "INTERNAL",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
    }
)
"""The closed list of codes of errors."""

EDITOR, ADMIN, READER = "key-of-an-editor", "key-of-an-admin", "key-of-a-reader"

USER = (
    "login title firstName lastName email customerId phone fax mobile street zip city country comment validity"
    " room floor colour badge version changedAt source { key }"
)
CUSTOMER = "customerId name street zip city country url comment validity version sourceKey"
ERRORS = "userErrors { field code message }"


@dataclass
class Gateway:
    """One running application, and its callers."""

    client: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    async def answer(self, query: str, as_: str = EDITOR, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        response = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {as_}"},
        )
        self.headers = response.headers
        found: dict[str, Any] = response.json()
        return found

    async def ask(self, query: str, as_: str = EDITOR, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.answer(query, as_, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def change(self, mutation: str, selection: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """The payload of a mutation."""
        type_ = f"{mutation[0].upper()}{mutation[1:]}Input!"
        query = (
            f"mutation($input: {type_}) {{ outcome: {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(query, as_, input=given))["outcome"]
        return payload

    async def create(self, login: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """Make a customer user, of whom everything that is not given is unremarkable."""
        usual = {
            "login": login,
            "firstName": "F",
            "lastName": "L",
            "email": f"{login}@desk.test",
            "customerId": "ACME",
        }
        selection = f"generatedPassword customerUser {{ {USER} }}"
        return await self.change("createCustomerUser", selection, as_, **usual | {"password": "pw"} | given)

    async def made(self, login: str, **given: Any) -> dict[str, Any]:
        """The same, once it is certain that nothing was wrong."""
        payload = await self.create(login, **given)
        assert payload["userErrors"] == []
        user: dict[str, Any] = payload["customerUser"]
        return user

    async def update(self, login: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """Change a customer user."""
        selection = f"customerUser {{ {USER} }}"
        return await self.change("updateCustomerUser", selection, as_, login=login, **given)

    async def upsert(self, login: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """Make a customer user, or change what is given."""
        selection = f"result customerUser {{ {USER} }}"
        return await self.change("upsertCustomerUser", selection, as_, login=login, **given)

    async def upsert_all(self, rows: Any, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """The same for many at once."""
        selection = f"written rows {{ result {ERRORS} customerUser {{ {USER} }} }}"
        return await self.change("upsertCustomerUsers", selection, as_, rows=rows, **given)

    async def create_customer(self, customer_id: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """Make a customer."""
        usual = {"customerId": customer_id, "name": f"{customer_id} Inc."}
        return await self.change("createCustomer", f"customer {{ {CUSTOMER} }}", as_, **usual | given)

    async def update_customer(self, customer_id: str, as_: str = EDITOR, **given: Any) -> dict[str, Any]:
        """Change a customer."""
        selection = f"unchangedLogins customer {{ {CUSTOMER} }}"
        return await self.change("updateCustomer", selection, as_, customerId=customer_id, **given)

    async def user(self, login: str) -> dict[str, Any] | None:
        """A customer user as it is read, through the cache."""
        query = f"query($login: String!) {{ found: customerUser(login: $login) {{ {USER} }} }}"
        found: dict[str, Any] | None = (await self.ask(query, login=login))["found"]
        return found

    async def customer(self, customer_id: str) -> dict[str, Any] | None:
        """A customer as it is read."""
        query = f"query($id: String!) {{ found: customer(customerId: $id) {{ {CUSTOMER} }} }}"
        found: dict[str, Any] | None = (await self.ask(query, id=customer_id))["found"]
        return found


def found(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was wrong: path and code."""
    return sorted((".".join(one["field"] or ()), one["code"]) for one in payload["userErrors"])

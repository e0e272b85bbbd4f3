"""Documents sent to the gateway, page by page where a list is long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.otobo.blocks import Block, company_blocks, slot_of, user_blocks
from tests.otobo.outcomes import Refused
from tests.otobo.recording import Settings
from tests.otobo.worlds import Gateway, Names

PAGE = 1000
ALL_VALIDITIES = ["VALID", "INVALID", "INVALID_TEMPORARILY"]
VALIDITY_IDS = {name: str(number) for number, name in enumerate(ALL_VALIDITIES, 1)}

USERS = """query Users(
  $search: String, $filter: CustomerUserFilter, $orderBy: [CustomerUserOrder!], $first: Int, $after: String
) {
  customerUsers(search: $search, filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    nodes { login label } pageInfo { hasNextPage endCursor }
  }
}"""
REQUIRED_SEARCH = (
    "query Users($search: String!) { customerUsers(search: $search, first: 0) { nodes { login } } }"
)
COUNT_USERS = """query Count($filter: CustomerUserFilter) {
  customerUsers(filter: $filter, first: 0) { totalCount }
}"""
CUSTOMERS = """query Customers(
  $search: String, $filter: CustomerFilter, $orderBy: [CustomerOrder!], $first: Int, $after: String
) {
  customers(search: $search, filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    nodes { customerId label } pageInfo { hasNextPage endCursor }
  }
}"""
COUNT_CUSTOMERS = (
    "query Count($filter: CustomerFilter) { customers(filter: $filter, first: 0) { totalCount } }"
)


OWNER = "query Owner($login: String!) { customerUser(login: $login) { source { key } } }"


@dataclass(frozen=True)
class Replay:
    """The gateway of one variant, and the settings behind it."""

    gateway: Gateway
    settings: Settings
    names: Names = field(default_factory=lambda: Names({}, {}))
    generated: list[str] = field(default_factory=list)
    """Passwords that were made here, in the order of the calls."""
    tickets: list[str] = field(default_factory=list)
    """Numbers of the tickets that were made for a case."""
    run: Callable[[str], str] = str
    """Runs a statement in the main database."""

    @property
    def users(self) -> list[Block]:
        """The sources of customer users."""
        return list(user_blocks(self.settings))

    @property
    def companies(self) -> list[Block]:
        """The sources of companies."""
        return list(company_blocks(self.settings))

    def user_block(self, key: str) -> Block:
        """The block behind one of our source keys."""
        return next(block for block in self.users if block.slot == slot_of(key))

    async def owner(self, login: str) -> Block | None:
        """The source that owns a login."""
        user = (await self.ask(OWNER, login=login))["customerUser"]
        return self.user_block(user["source"]["key"]) if user else None

    async def ask(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """Send one operation; any error counts as a refusal."""
        reply = await self.gateway.ask(document, variables)
        if reply.code is not None or reply.data is None:
            raise Refused(reply.code or "")
        return reply.data

    async def list(self, document: str, field: str, limit: int | None, **variables: Any) -> list[Any]:
        """All nodes of a list, or the first `limit`, page by page."""
        nodes: list[Any] = []
        after = None
        while True:
            first = PAGE if limit is None else min(PAGE, limit - len(nodes))
            data = await self.ask(document, first=first, after=after, **variables)
            nodes += data[field]["nodes"]
            page = data[field]["pageInfo"]
            if not page["hasNextPage"] or (limit is not None and len(nodes) >= limit):
                return nodes
            after = page["endCursor"]

    def graphql_name(self, variable: str, *, company: bool = False) -> str:
        """The name of a mapped field, or one that no source has."""
        config = self.gateway.config
        mappings = config.customer_mappings if company else config.source_mappings
        rows = (row for mapping in mappings for row in mapping.fields)
        return next((row.name for row in rows if row.variable == variable), variable)

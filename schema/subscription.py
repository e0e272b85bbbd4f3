"""The root of all listening."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from backends.changes import ChangeKind
from resolvers import changes
from resolvers.viewer import Scope
from schema.fields import REQUIRES, Info
from schema.types import CustomerUser

strawberry.enum(ChangeKind)


@strawberry.type
class CustomerUserChange:
    kind: ChangeKind
    login: str
    changed_fields: list[str]
    at: datetime

    @strawberry.field
    @staticmethod
    def customer_user(root: strawberry.Parent[Any]) -> CustomerUser | None:
        if isinstance(root.customer_user, Exception):
            raise root.customer_user
        return root.customer_user  # type: ignore[no-any-return]


@strawberry.type
class Subscription:
    @strawberry.subscription(metadata={REQUIRES: Scope.READ})  # type: ignore[untyped-decorator]
    async def customer_user_changed(
        self, info: Info, logins: list[str] | None = UNSET, customer_ids: list[str] | None = UNSET
    ) -> AsyncGenerator[CustomerUserChange, None]:
        asked = [None if one is UNSET else one for one in (logins, customer_ids)]
        events = changes.of_customer_users(info.context, *asked)
        async for event in events:
            yield event  # type: ignore[misc]

"""The audit trail as admins read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from backends import audit
from resolvers.context import RequestContext
from schema.connections import PageInfo
from schema.fields import computed


@strawberry.type
class AuditEntry:
    at: datetime
    actor: str
    mutation: str
    target: str
    former_target: str | None
    logins: list[str]
    source_key: str | None
    request_id: str

    @computed
    @staticmethod
    def changed_fields(root: Any, request: RequestContext) -> list[str]:
        hidden = request.viewer.hidden_fields
        return [name for name in root.changed_fields if name not in hidden]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, audit.AuditEntry)


@strawberry.type
class AuditEntryEdge:
    cursor: str
    node: AuditEntry


@strawberry.type
class AuditEntryConnection:
    edges: list[AuditEntryEdge]
    nodes: list[AuditEntry]

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]

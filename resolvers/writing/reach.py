"""How far a caller may write: in its rows before and after, no hidden field, and as a customer what is configured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.mapping import RecordMapping, split_customer_ids
from backends.model import CustomerUser, Validity, Value
from backends.sight import primary_of
from resolvers.context import RequestContext
from resolvers.policies import NEVER_EDITED
from resolvers.viewer import Scope
from resolvers.writing.findings import Findings, Path, UserErrorCode


def hidden_checked(
    context: RequestContext, names: Iterable[str], noted: Findings, paths: Mapping[str, str] | None = None
) -> None:
    """Note every field that the caller does not see: what cannot be read cannot be written."""
    for name in names:
        if name in context.viewer.hidden_fields:
            path = ((paths or {}).get(name, name),)
            noted.add(path, UserErrorCode.FORBIDDEN, f"{name} is hidden from {context.viewer.name}.")


async def customer_checked(
    context: RequestContext, mapping: RecordMapping, customer_id: object, path: Path, noted: Findings
) -> None:
    """Note a customer ID that is written and lies outside of the caller's rows."""
    if not context.is_limited:
        return
    sight = await context.sight()
    if not (isinstance(customer_id, str) and customer_id and sight.names(mapping, customer_id)):
        noted.add(path, UserErrorCode.FORBIDDEN, _outside(context))


async def customers_checked(
    context: RequestContext,
    mapping: RecordMapping,
    values: Mapping[str, Value | Validity],
    noted: Findings,
    before: CustomerUser | None = None,
) -> None:
    """Note where a customer user would be given to, or taken from, customers outside of the caller's rows."""
    if not context.is_limited:
        return
    sight = await context.sight()
    if before is None or "customerId" in values:
        await customer_checked(context, mapping, values.get("customerId"), ("customerId",), noted)
    listed = values.get("listedCustomerIds")
    if listed and not isinstance(listed, Validity):
        ids = split_customer_ids(listed)
        if len(sight.named(mapping, ids)) < len(ids):
            noted.add(("listedCustomerIds",), UserErrorCode.FORBIDDEN, _outside(context))
    if before is None:
        return
    rows = {"customerId": mapping.customer_id_column, "listedCustomerIds": mapping.customer_ids_column}
    for name, column in rows.items():
        if (
            name in values
            and column in before.withheld
            and (name != "customerId" or primary_of(mapping, before))
        ):
            message = f"It holds a customer outside of those that {context.viewer.name} is limited to."
            noted.add((name,), UserErrorCode.FORBIDDEN, message)


async def own_checked(
    context: RequestContext,
    user: CustomerUser,
    names: Iterable[str],
    noted: Findings,
    paths: Mapping[str, str] | None = None,
) -> None:
    """Note what a caller that may only write of itself may not: others, and fields that are not configured."""
    if Scope.WRITE in context.viewer.scopes:
        return
    scope = (await context.sight()).scope
    own = scope.own if scope else None
    if own != (user.source_key, user.login) and (own or user.login != context.viewer.login):
        noted.add(("login",), UserErrorCode.FORBIDDEN, "Customer users change nobody but themselves.")
        return
    allowed = context.services.customer_policy.may_edit - NEVER_EDITED
    for name in names:
        if name not in allowed:
            path = ((paths or {}).get(name, name),)
            noted.add(path, UserErrorCode.FORBIDDEN, f"Customer users may not change their {name} here.")


async def still_related(
    context: RequestContext, user: CustomerUser, customer_ids: Iterable[str], path: Path, noted: Findings
) -> None:
    """Note where a customer user whose relations are these then would be out of the caller's rows."""
    if not context.is_limited or user.customer_id or user.listed_customer_ids:
        return  # whom a customer of the rows has by its own record stays
    sight, mapping = await context.sight(), context.users.mapping(user.source_key)
    if not sight.named(mapping, customer_ids):
        message = (
            f"Nothing would be left that relates {user.login} to the customers of {context.viewer.name}."
        )
        noted.add(path, UserErrorCode.FORBIDDEN, message)


def _outside(context: RequestContext) -> str:
    return f"It is none of the customers that {context.viewer.name} is limited to."

"""E-mail addresses and customers of customer users: what a source accepts, as it is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.model import CustomerUser, Validity, Value
from backends.order import fold
from backends.source import Source
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.dynamic_fields import user_filter
from resolvers.writing import findings
from resolvers.writing.findings import Findings, UserErrorCode
from resolvers.writing.logins import flawed
from resolvers.writing.stores import WritableSource

Values = Mapping[str, Value | Validity]


async def address_checked(
    context: RequestContext,
    source: Source[CustomerUser],
    into: WritableSource[CustomerUser],
    values: Values,
    noted: Findings,
    before: CustomerUser | None = None,
) -> None:
    """The address has a valid form, and nobody else in the source has it (CU-20, CU-21, CU-29)."""
    _form_checked(context, values, noted, before)
    address = values.get("email")
    if not into.unique_email or not isinstance(address, str) or flawed(noted, ("email",)):
        return
    if before is not None and before.email and fold(before.email) == fold(address):
        return
    asked = await user_filter(context, UserFilter(email=address, validity=None), None)
    if before is not None:
        asked = replace(asked, exclude_exactly=(before.login,))
    try:
        holders = (await source.backend.counts([asked]))[0]
    except SourceUnavailable:
        message = f"{source.name} does not answer, so nobody knows whether {address} is free."
        noted.add(("email",), UserErrorCode.SOURCE_UNAVAILABLE, message)
        return
    if holders.number:
        message = f"{address} belongs to somebody else in {source.name}."
        noted.add(("email",), UserErrorCode.TAKEN, message)


async def customer_found(
    context: RequestContext,
    source: Source[CustomerUser],
    into: WritableSource[CustomerUser],
    values: dict[str, Value | Validity],
    noted: Findings,
) -> None:
    """The customer is known, where there are customers and the source asks for it; its own spelling is stored (UI-4)."""
    given, path = values.get("customerId"), ("customerId",)
    supported = source.mapping.customer_support and context.customers.sources
    if not supported or not into.customer_must_exist or not given or flawed(noted, path):
        return
    own = Findings()
    found = await findings.customers(context, {path: str(given)}, own)
    for error in own.errors:
        unknown = error.code is UserErrorCode.NOT_FOUND
        none_yet = unknown and not await _are_there_customers(context)
        message = "There are no customers yet: create one first." if none_yet else error.message
        noted.add(path, error.code, message)
    if path in found:
        values["customerId"] = found[path].customer_id


def _form_checked(
    context: RequestContext, values: Values, noted: Findings, before: CustomerUser | None
) -> None:
    """The address of somebody who is valid then; also when an address that is stored comes into use again."""
    validity = values.get("validity", before.validity if before else Validity.VALID)
    if validity is not Validity.VALID:
        return
    revived = before is not None and before.validity is not Validity.VALID
    path = ("email",) if "email" in values else ("validity",)
    address = values.get("email", before.email if before and revived else None)
    if isinstance(address, str) and address and not context.services.writes.addresses.accepts(address):
        what = address if "email" in values else "What is stored"  # which may be hidden from the caller
        noted.add(path, UserErrorCode.INVALID, f"{what} is not an address that is accepted here.")


async def _are_there_customers(context: RequestContext) -> bool:
    for source in context.customers.sources:
        if await source.backend.keys(EVERYTHING, None, 1):
            return True
    return False

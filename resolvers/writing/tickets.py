"""A ticket's customer user: set, with the dynamic fields that it brings along (TKT-11, DFC rules)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backends.changes import ChangeKind, Target
from backends.errors import SourceUnavailable
from backends.model import CustomerUser, Freshness
from backends.writers import Missing, NoTickets
from resolvers.context import RequestContext
from resolvers.tickets import DynamicFieldValue, emptied, ticket_fields_with, told
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Refused, UserError, UserErrorCode

LONGEST_LOGIN = 191
LONGEST_CUSTOMER_ID = 150


async def set_customer_user(
    context: RequestContext, ticket_id: str, login: str | None, customer_id: str | None
) -> Sequence[DynamicFieldValue]:
    """Set customer user and customer of a ticket; None leaves as it is, "" takes away.

    The mapped dynamic fields become those of the customer user that the ticket has then; where a silent source may
    own that login, or its customer, nothing is written, so that no field is emptied by an outage (DFC-6).
    """
    noted = Findings()
    if login is None and customer_id is None:
        noted.add(("login",), UserErrorCode.REQUIRED, "Give a login, a customer ID, or both.")
    noted.too_long(("login",), login, LONGEST_LOGIN)
    noted.too_long(("customerId",), customer_id, LONGEST_CUSTOMER_ID)
    ticket = await _ticket(context, ticket_id, noted)
    noted.check()
    kept = ticket.login if login is None else None
    user = await _user(context, kept or login or "", login or "its customer user", noted)
    fields = await _fields(context, user, noted)
    await _fields_known(context, fields, noted)
    noted.check()
    if user is not None and login is not None:
        login, customer_id = user.login, (user.customer_id or "") if customer_id is None else customer_id
    await _in_rows(context, user, login, kept, customer_id, noted)
    noted.check()
    values = {one.name: one.value or "" for one in fields}
    concerned = tuple(dict.fromkeys(one for one in (ticket.login, user.login if user else login) if one))
    kind, target = ChangeKind.UPDATED, Target.TICKET
    deed = Deed("setTicketCustomerUser", kind, target, str(ticket.number), _changed, logins=concerned)
    async with recorded(context, deed) as note:
        try:
            left_alone = await context.services.tickets.set_customer(
                ticket.number, login, customer_id, values, note
            )
        except Missing:
            raise _no_ticket(ticket_id, noted) from None
    return told(context, [one for one in fields if one.name not in left_alone])


def _changed(before: Sequence[str | None], after: Sequence[str | None]) -> list[str]:
    """Which of the customer ID and login of a ticket differ."""
    names = ("customerId", "login")
    return [name for name, old, new in zip(names, before, after, strict=True) if old != new]


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A ticket, and the login that it has now."""

    number: int
    login: str | None


async def _in_rows(
    context: RequestContext,
    user: CustomerUser | None,
    login: str | None,
    kept: str | None,
    customer_id: str | None,
    noted: Findings,
) -> None:
    """Customer user, a new one or the one that is kept, and customer of the ticket are in the caller's rows (A24)."""
    if not context.is_limited:
        return
    if login and user is None:
        noted.add(("login",), UserErrorCode.NOT_FOUND, f"There is no customer user {login}.")
    elif kept and user is None:  # whoever it is, the caller is not told
        noted.add(("login",), UserErrorCode.NOT_FOUND, "The customer user of the ticket is not there.")
    if customer_id is not None and not await _is_named(context, customer_id):
        message = f"It is none of the customers that {context.viewer.name} is limited to."
        noted.add(("customerId",), UserErrorCode.FORBIDDEN, message)


async def _is_named(context: RequestContext, customer_id: str | None) -> bool:
    """Whether the caller may be told of the customer, by the rule of case of some source."""
    sight = await context.sight()
    return bool(customer_id) and any(
        sight.names(source.mapping, customer_id or "") for source in context.users.sources
    )


async def _ticket(context: RequestContext, ticket_id: str, noted: Findings) -> _Ticket:
    """The ticket as it is now, if its customer is in the caller's rows."""
    number = int(ticket_id) if ticket_id.isascii() and ticket_id.isdigit() and len(ticket_id) < 19 else 0
    try:
        found = await context.services.tickets.ticket(number)
    except NoTickets:
        noted.add(("ticketId",), UserErrorCode.NOT_FOUND, "This registry keeps no tickets.")
        raise Refused(noted.errors) from None
    if found is None or (context.is_limited and not await _is_named(context, found[0])):
        raise _no_ticket(ticket_id, noted)
    return _Ticket(number, found[1])


def _no_ticket(ticket_id: str, noted: Findings) -> Refused:
    noted.add(("ticketId",), UserErrorCode.NOT_FOUND, f"There is no ticket {ticket_id}.")
    return Refused(noted.errors)


async def _user(context: RequestContext, login: str, called: str, noted: Findings) -> CustomerUser | None:
    """Who has the login, `called` so in what the caller is told: the login that a ticket has is not for everybody."""
    if not login:
        return None
    lookup = await context.services.users.get_many([login], Freshness.LIVE, stop_at_gap=True)
    user = lookup.or_error(login)
    if isinstance(user, SourceUnavailable):
        message = f"{user.source} does not answer, so nobody knows who {called} is."
        noted.add(("login",), UserErrorCode.SOURCE_UNAVAILABLE, message)
        return None
    if user is None or not context.is_limited:
        return user
    sight, source = await context.sight(), context.users.source(user.source_key)
    return sight.scoped(source.mapping, user) if sight.sees(source, user) else None


async def _fields(
    context: RequestContext, user: CustomerUser | None, noted: Findings
) -> Sequence[DynamicFieldValue]:
    """What the ticket gets; the customer is asked for as it is now, for a remembered absence would empty fields."""
    if user is None or not context.services.ticket_fields:
        return emptied(context)
    customer = None
    if user.customer_id and context.users.mapping(user.source_key).customer_support:
        own = Findings()
        found = await findings.customers(context, {("login",): user.customer_id}, own)
        noted.errors += [error for error in own.errors if error.code is not UserErrorCode.NOT_FOUND]
        if ("login",) in found:
            customer = replace(found["login",], withheld=frozenset())  # the ticket gets what is stored
    return (await ticket_fields_with(context, [user], [customer]))[0]


async def _fields_known(
    context: RequestContext, fields: Sequence[DynamicFieldValue], noted: Findings
) -> None:
    """Tickets have every field that the mapping names; only whoever runs the gateway can put that right."""
    for name in await context.services.tickets.unknown_fields([one.name for one in fields]):
        message = (
            f"Tickets have no dynamic field {name}, which tickets.dynamic_fields of the configuration names."
        )
        noted.errors.append(UserError(None, UserErrorCode.NOT_FOUND, message))

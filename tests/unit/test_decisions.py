"""Decisions about rights, and how old the records may be that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backends.errors import SourceUnavailable
from backends.model import CustomerUser, ServedFrom
from resolvers.context import RequestContext, Services
from resolvers.decisions import on_fresh_records
from resolvers.viewer import Viewer

ADA = CustomerUser(login="ada", source_key="directory")


async def names(_context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[str]:
    return [user.login for user in users]


async def test_r12_nothing_is_decided_by_a_record_past_its_lifetime() -> None:
    context = RequestContext(Services(None, None, None, None), Viewer.anonymous(()))  # type: ignore[arg-type]
    stale = replace(ADA, login="bob", served_from=ServedFrom.STALE_CACHE)
    cached = replace(ADA, login="cleo", served_from=ServedFrom.CACHE)
    ada, bob, cleo = await on_fresh_records(names)(context, [ADA, stale, cached])
    assert (ada, cleo) == ("ada", "cleo")
    assert isinstance(bob, SourceUnavailable)
    assert bob.source == "directory"

"""Signing in a customer user: equal work and one answer for everybody who is refused (AUTH rules, S8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from backends.attempts import Counter
from backends.errors import Forbidden, SourceUnavailable
from backends.model import CustomerUser, Freshness, Validity
from backends.passwords import is_weak
from backends.registries import Unstorable
from backends.slots import Slot, Verdict, in_order, usable
from backends.walk import decide
from backends.writers import Conflict, Missing
from resolvers.attempts import admit
from resolvers.context import RequestContext
from resolvers.second_factor import LAST_STEP, Replayed, step_of, used
from resolvers.viewer import Viewer
from resolvers.writing.deeds import password_deed, recorded
from resolvers.writing.findings import Refused, UserError, UserErrorCode

FAILED, BACKEND, LAST = "UserLoginFailed", "UserAuthBackend", "UserLastLogin"
NOBODY = "nobody"
REFUSAL = "Login, password or one-time code is wrong."


class Issuer(Protocol):
    """Makes tokens for customer users who have signed in."""

    def issue(self, user: CustomerUser) -> tuple[str, datetime]:
        """A token and when it ends."""
        ...

    def viewer(self, user: CustomerUser, expires: datetime | None) -> Viewer:
        """The customer user as a caller."""
        ...


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What signing in needs for as long as the process lives."""

    slots: Sequence[Slot]
    attempts: Counter
    issuer: Issuer
    offered: bool = True
    """Whether customerLogin is there for anybody."""
    most: int = 10
    """Attempts of a login that may fail; 0: as many as one likes."""
    upgrade: bool = False
    """Whether weak hashes are replaced where that is possible (PW-6)."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the token that says so."""

    user: CustomerUser
    token: str = field(repr=False)
    expires_at: datetime


async def sign_in(context: RequestContext, login: str, password: str, code: str | None) -> SignedIn:
    """A token for the customer user; whoever is refused learns nothing but that."""
    signing = context.services.signing_in
    if not signing.offered:
        raise Forbidden("Customer users cannot sign in here: customer_login is off.")
    user = await authenticate(context, login, password, code)
    if user is None:
        raise Refused([UserError(None, UserErrorCode.INVALID, REFUSAL)])
    token, expires = signing.issuer.issue(user)
    if not context.viewer.known:  # what the payload shows of the customer user is shown to itself
        context.viewer = signing.issuer.viewer(user, expires)
    return SignedIn(user, token, expires)


async def authenticate(
    context: RequestContext, login: str, password: str, code: str | None = None
) -> CustomerUser | None:
    """Who has this login and password, as its owner stores it; None for every reason not to let somebody in.

    While a store that may know better is silent, every failure is SourceUnavailable. Raises RateLimited.
    """
    names = await admit(context, login)
    attempt = _Attempt(context, login, code)
    accepted = await attempt.run(usable(password))
    if accepted is not None:
        await context.services.signing_in.attempts.take_back(names)
    return accepted


async def has_password(context: RequestContext, user: CustomerUser, password: str) -> bool:
    """Whether the password is the customer user's where signing in looks for it; an attempt as any other.

    While a place that may know better is silent, SourceUnavailable. Raises RateLimited.
    """
    names, trouble = await admit(context, user.login), None
    for slot in context.services.signing_in.slots:
        try:
            verdict = await slot.verify(user.login, usable(password), user)
        except SourceUnavailable as silent:
            trouble = trouble or silent
            continue
        if verdict.accepted:
            await context.services.signing_in.attempts.take_back(names)
            return True
    if trouble is not None:
        raise trouble
    return False


@dataclass(frozen=True, slots=True)
class _Accepted:
    """The slot that let somebody in."""

    place: int
    name: str
    """The login that the slot means."""
    verdict: Verdict

    @property
    def suffix(self) -> str:
        """How OTOBO calls the slot (AUTH-4)."""
        return str(self.place) if self.place else ""


class _Attempt:
    """One attempt: the same questions to the same stores, whoever it concerns."""

    def __init__(self, context: RequestContext, login: str, code: str | None) -> None:
        self._context = context
        self._services = context.services
        self._slots = context.services.signing_in.slots
        self._login = login
        self._code = code
        self._trouble: SourceUnavailable | None = None
        self._owners: Mapping[str, CustomerUser] = {}

    async def run(self, password: str | None) -> CustomerUser | None:
        names = in_order(self._slots, self._login)
        await self._look_up(names)
        secrets = await self._secrets(names)
        accepted = await self._verify(password)
        owner = self._owners.get(accepted.name) if accepted else None
        valid = owner is not None and owner.validity is Validity.VALID
        if accepted and owner and valid and await self._has_second_factor(owner, secrets):
            await self._note_success(owner, accepted.suffix)
            await self._upgrade(owner, password or "", accepted.verdict.stored)
            return owner
        if accepted:
            await self._work_on(accepted.place + 1)
        if accepted and owner and not valid:
            await self._note(owner.login, BACKEND, accepted.suffix)
        else:
            await self._note_failure()
        if self._trouble is not None:
            raise self._trouble
        return None

    async def _look_up(self, names: Sequence[str]) -> None:
        """Ask every source, for what is not known of an owner is not known of anybody."""
        sources = self._services.users.sources
        asked = [source.know(names, Freshness.LIVE) for source in sources] if names else []
        answers = await asyncio.gather(*asked)
        self._trouble = next((one.silent for one in answers if one.silent is not None), None)
        decision = decide(answers, names)
        self._owners = {name: user for name, user in decision.found.items() if name not in decision.gaps}

    async def _secrets(self, names: Sequence[str]) -> Mapping[str, str]:
        """Secrets of second factors by login, where there are any (TFA-2)."""
        key = self._services.second_factor_key
        if not key:
            return {}
        logins = [self._owners[name].login if name in self._owners else NOBODY for name in names]
        try:
            found = await self._services.preferences.preferences_of(logins or [NOBODY])
        except SourceUnavailable as silent:
            self._trouble = self._trouble or silent
            self._owners = {}  # without the registry nobody's second factor is known
            return {}
        return {login: secret for login, of in found.items() if (secret := of.get(key)) and secret.strip()}

    async def _verify(self, password: str | None) -> _Accepted | None:
        """The first slot that accepts decides (AUTH-2)."""
        for place in range(len(self._slots)):
            verdict = await self._ask(place, password)
            if verdict.accepted:
                return _Accepted(place, self._slots[place].name_of(self._login), verdict)
        return None

    async def _work_on(self, place: int) -> None:
        """Ask the other slots as well, as for whoever is refused by the first: with no password."""
        for later in range(place, len(self._slots)):
            await self._ask(later, None)

    async def _ask(self, place: int, password: str | None) -> Verdict:
        slot = self._slots[place]
        name = slot.name_of(self._login)
        try:
            return await slot.verify(name or self._login, password if name else None, self._owners.get(name))
        except SourceUnavailable as silent:
            self._trouble = self._trouble or silent
            return Verdict(False)

    async def _has_second_factor(self, owner: CustomerUser, secrets: Mapping[str, str]) -> bool:
        """Whether there is none, or the code is right and was never used before."""
        secret = secrets.get(owner.login)
        if secret is None:
            return True
        step = step_of(secret, self._code, time.time())
        if step is None:
            return False
        try:
            await self._services.preferences.note(owner.login, LAST_STEP, used(step))
        except Replayed:
            return False
        except SourceUnavailable as silent:
            self._trouble = self._trouble or silent
            return False
        return True

    async def _note_failure(self) -> None:
        owner = self._owners.get(self._login)
        with suppress(SourceUnavailable, Unstorable):  # a counter of OTOBO's, which nothing here rests on
            await self._services.preferences.note(
                owner.login if owner else NOBODY, FAILED, _one_more, lasting=owner is not None
            )

    async def _note(self, login: str, key: str, value: str) -> None:
        with suppress(SourceUnavailable, Unstorable):
            await self._services.preferences.note(login, key, lambda _: value)

    async def _note_success(self, owner: CustomerUser, suffix: str) -> None:
        values = {BACKEND: suffix, FAILED: "0", LAST: str(int(time.time()))}
        with suppress(SourceUnavailable, Unstorable):
            await self._services.preferences.set_preferences(owner.login, values)

    async def _upgrade(self, owner: CustomerUser, password: str, stored: str | None) -> None:
        """Put bcrypt in the place of the weak hash that let the owner in, if that is still what is stored."""
        into = self._services.writes.users.get(owner.source_key)
        wanted = self._services.signing_in.upgrade and stored is not None and is_weak(stored)
        if not wanted or into is None or not into.has_passwords or into.password_hash != "bcrypt":
            return
        hashed = await self._services.writes.hasher.hash(password)
        deed = password_deed("customerLogin", owner)
        with suppress(SourceUnavailable, Unstorable, Conflict, Missing):
            async with recorded(self._context, deed) as note:
                await into.writer.set_password(owner.login, hashed, instead_of=stored, note=note)


def _one_more(stored: str | None) -> str:
    is_number = stored is not None and stored.isascii() and stored.isdecimal() and len(stored) < 10
    return str(int(stored or "0") + 1) if is_number else "1"

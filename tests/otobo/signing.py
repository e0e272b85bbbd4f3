"""The recorded sign-ins, and what is expected of one, naively."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.passwords import verify
from tests.otobo.blocks import truthy
from tests.otobo.model import Model
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.records import text
from tests.otobo.rows import EPOCH
from tests.otobo.situations import Situation
from tests.otobo.worlds import READER

LOGIN = """mutation Login($input: CustomerLoginInput!) {
  customerLogin(input: $input) { token customerUser { login } userErrors { field code } }
}"""
REFUSAL = [{"field": None, "code": "INVALID"}]
MODULE = "Customer::AuthModule"
TABLE, PASSWORD = "customer_preferences", "pw"
FAILED, BACKEND, LAST = "UserLoginFailed", "UserAuthBackend", "UserLastLogin"


async def auth(replay: Any, args: Mapping[str, Any]) -> Outcome:
    """The login of whoever may sign in; every refusal is the same."""
    given = {"login": text(args.get("User")), "password": text(args.get("Pw"))}
    reply = await replay.gateway.ask(LOGIN, {"input": given}, READER)
    if reply.code is not None or reply.data is None:
        raise Refused(reply.code or "")
    payload = reply.data["customerLogin"]
    if payload["token"] is None:
        assert payload["userErrors"] == REFUSAL
        return None
    return payload["customerUser"]["login"]


def accepted(case: Situation) -> tuple[Record | None, str] | None:
    """Whom a slot lets in, if a source has it, and the slot's suffix; None where the password is wrong."""
    login, password = str(case.args.get("User") or ""), str(case.args.get("Pw") or "")
    if is_by_table(case.oracle):
        owner = case.oracle.owner(login, case.oracle.users[:1])
        stored = owner.first(PASSWORD) if owner is not None and owner.key == login else None
        if stored and password.strip() and verify(stored, password):
            return owner, ""
    if case.recorded is None or is_plain(case):
        return None
    return case.oracle.owner(str(case.recorded), case.oracle.users), "1" if is_by_table(case.oracle) else ""


def wanted_login(case: Situation) -> Outcome:
    """The stored login of whoever gets in."""
    found = accepted(case)
    owner = found[0] if found else None
    return owner.key if owner is not None and owner.valid == "1" else None


def is_by_table(oracle: Oracle) -> bool:
    """Whether the first slot is a table."""
    return str(oracle.settings.get(MODULE, "")).endswith("::DB")


def is_plain(case: Situation) -> bool:
    """Passwords are stored as they are."""
    return case.oracle.settings.get(f"{MODULE}::DB::CryptType") == "plain"


def is_spelled_otherwise(case: Situation) -> bool:
    """The owner's login is not what was typed."""
    owner = case.owner
    return case.recorded is not None and owner is not None and owner.key != case.recorded


def is_nobodys(case: Situation) -> bool:
    """A slot lets somebody in whom no source has."""
    return truthy(case.recorded) and case.oracle.owner(str(case.recorded), case.oracle.users) is None


def sign(model: Model, case: Situation) -> None:
    """The preferences that an attempt leaves (AUTH-4, AUTH-5)."""
    found = accepted(case)
    owner = found[0] if found else None
    if found is None or owner is None:
        typed = case.oracle.owner(str(case.args.get("User") or ""), case.oracle.users)
        if typed is not None:
            rows = [row for row in model.tables[TABLE] if _is(row, typed.key, FAILED)]
            before = int(rows[-1]["preferences_value"] or 0) if rows else 0
            _set(model, typed.key, FAILED, str(before + 1))
        return
    _set(model, owner.key, BACKEND, found[1])
    if owner.valid == "1":
        _set(model, owner.key, FAILED, "0")
        _set(model, owner.key, LAST, EPOCH)


def _set(model: Model, login: str, key: str, value: str) -> None:
    row: dict[str, str | None] = {"user_id": login, "preferences_key": key, "preferences_value": value}
    model.replace(TABLE, lambda one: _is(one, login, key), [row])


def _is(row: Mapping[str, str | None], login: str, key: str) -> bool:
    return (row["user_id"], row["preferences_key"]) == (login, key)

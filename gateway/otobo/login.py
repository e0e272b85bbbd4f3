"""Where customer users sign in: the slots of `Customer::AuthModule`."""

from __future__ import annotations

from gateway.otobo.notes import Notes
from gateway.otobo.sources import Table
from gateway.otobo.stores import bind, database_url, directory_url
from gateway.otobo.values import Block, is_true, text

DATABASE, DIRECTORY = "Customer::AuthModule::DB::", "Customer::AuthModule::LDAP::"


def login_tables(settings: Block, notes: Notes) -> list[Table]:
    """One table for each slot that is in use, in order; none where nothing but the default is configured."""
    found: list[Table] = []
    for suffix in ("", *map(str, range(1, 11))):
        module = text(settings.get(f"Customer::AuthModule{suffix}"))
        if not module:
            continue
        here = notes.at("auth", "login", len(found))
        table = _login(module, settings, suffix, here)
        if table is None:
            notes.add(f"Customer::AuthModule{suffix} = {module}: this way to sign in is not carried over.")
        else:
            found.append(table)
    return found


def _login(module: str, settings: Block, suffix: str, notes: Notes) -> Table | None:
    if module.endswith("::DB"):
        return _database({name: settings.get(f"{DATABASE}{name}{suffix}") for name in _DATABASE_KEYS})
    if module.endswith("::LDAP"):
        return _directory(
            {name: settings.get(f"{DIRECTORY}{name}{suffix}") for name in _DIRECTORY_KEYS}, notes
        )
    return None


_DATABASE_KEYS = ("Table", "CustomerKey", "CustomerPassword", "DSN", "User", "Password")
_DIRECTORY_KEYS = (
    "Host",
    "BaseDN",
    "UID",
    "SearchUserDN",
    "SearchUserPw",
    "GroupDN",
    "AccessAttr",
    "UserAttr",
    "UserSuffix",
    "AlwaysFilter",
    "Params",
    "StartTLS",
)


def _database(slot: Block) -> Table | None:
    table: Table = {
        "backend": "database",
        "table": text(slot["Table"]) or "customer_user",
        "customer_key": text(slot["CustomerKey"]) or "login",
        "password_column": text(slot["CustomerPassword"]) or "pw",
    }
    if dsn := text(slot["DSN"]):
        url = database_url(dsn, slot["User"], slot["Password"])
        if url is None:
            return None
        table["url"] = url
    return table


def _directory(slot: Block, notes: Notes) -> Table | None:
    url = directory_url(slot, notes)
    if url is None or not is_true(slot["BaseDN"]) or not is_true(slot["UID"]):
        return None
    table: Table = {
        "backend": "ldap",
        "url": url,
        "base_dn": text(slot["BaseDN"]),
        "uid": text(slot["UID"]),
        "user_suffix": text(slot["UserSuffix"]),
        "always_filter": text(slot["AlwaysFilter"]),
        **bind(slot, notes, "SearchUserDN", "SearchUserPw"),
    }
    if is_true(slot["StartTLS"]):
        table["start_tls"] = True
    if is_true(slot["GroupDN"]) and is_true(slot["AccessAttr"]):
        table |= {
            "group_dn": text(slot["GroupDN"]),
            "access_attr": text(slot["AccessAttr"]),
            "user_attr": text(slot["UserAttr"]) or "DN",
        }
    return table

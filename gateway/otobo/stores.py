"""Addresses: DBI's data source names, and the hosts of a directory."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from gateway.otobo.notes import Notes
from gateway.otobo.values import Block, is_true, number, plain_password, table, text, texts

DRIVERS = {"pg": "postgresql", "mysql": "mariadb", "mariadb": "mariadb", "sqlite": "sqlite"}
DATABASE_KEYS = ("dbname", "database", "db")


def database_url(dsn: str, user: object, password: object) -> str | None:
    """The url that a data source name such as `DBI:Pg:dbname=crm;host=db` means; None where we have no driver."""
    found = re.fullmatch(r"\s*dbi:(\w+)(?:\([^)]*\))?:(.*)", dsn, re.IGNORECASE | re.DOTALL)
    backend = DRIVERS.get(found[1].lower()) if found else None
    if found is None or backend is None:
        return None
    parts = _parts(found[2])
    name = next((parts[key] for key in DATABASE_KEYS if parts.get(key)), "")
    if not name:
        return None
    if backend == "sqlite":
        return f"sqlite:///{quote(name)}"
    host = parts.get("host") or parts.get("hostname") or "127.0.0.1"
    if host.startswith("/"):
        return None
    port = f":{parts['port']}" if parts.get("port", "").isdigit() else ""
    return (
        f"{backend}://{_credentials(text(user), plain_password(password))}{host}{port}/{quote(name, safe='')}"
    )


def directory_url(params: Block, notes: Notes) -> str | None:
    """The url of a directory's host; None where none is named."""
    hosts = texts(params.get("Host"))
    if not hosts:
        return None
    if len(hosts) > 1:
        notes.add(f"Params.Host names {len(hosts)} hosts, of which one source takes the first.")
    port = number(table(params.get("Params")).get("port"), 0)
    host = hosts[0].strip()
    if "://" not in host:
        known = re.fullmatch(r"(.*[^:]):(\d+)", host)
        host, port = (known[1], int(known[2])) if known else (host, port)
        return f"ldap://{host}:{port or 389}"
    scheme, address = urlsplit(host).scheme.lower(), urlsplit(host).netloc
    if not address or scheme not in ("ldap", "ldaps"):
        return None
    ends_with_port = re.search(r":\d+$", address)
    return f"{scheme}://{address}" if ends_with_port or not port else f"{scheme}://{address}:{port}"


def bind(params: Block, notes: Notes, user: str = "UserDN", password: str = "UserPw") -> dict[str, str]:  # noqa: S107
    """The search bind: by name and password where both are given, else anonymous."""
    name, secret = params.get(user), plain_password(params.get(password))
    if is_true(name) and is_true(secret):
        return {"bind_dn": text(name), "bind_password": secret}
    if is_true(name) or is_true(secret):
        notes.add(f"{user} or {password} is empty, so that the bind stays anonymous.")
    return {}


def _parts(rest: str) -> dict[str, str]:
    """`dbname=crm;host=db`, or DBI's short form `crm:db:5432`."""
    if "=" not in rest:
        return dict(zip(("dbname", "host", "port"), rest.split(":"), strict=False))
    pairs = (pair.partition("=") for pair in re.split(r"[;:]", rest) if "=" in pair)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _credentials(user: str, password: str) -> str:
    if not user:
        return ""
    return f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else f"{quote(user, safe='')}@"

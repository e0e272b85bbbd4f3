"""A directory with one person for each trouble, and backends that read it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from backends.filters import EVERYTHING, Filter, Question
from backends.ldap.backend import LdapBackend
from backends.ldap.settings import LdapSettings
from backends.mapping import RecordMapping
from backends.model import CustomerUser
from backends.order import Order
from backends.protocol import Page
from gateway.demo.servers.ports import HOST
from gateway.demo.servers.slapd import Slapd
from tests.unit.ldap.worlds import MAPPING

SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=people,{SUFFIX}"
BY_LOGIN = Order(())
GROUPS = f"ou=groups,{SUFFIX}"


def entry(dn: str, *lines: str) -> str:
    return "\n".join([f"dn: {dn}", *lines, ""])


def person(uid: str, *lines: str, place: str = PEOPLE) -> str:
    """A valid person, unless the lines say otherwise."""
    kind = [] if any(line.startswith("employeeType") for line in lines) else ["employeeType: active"]
    return entry(
        f"uid={uid},{place}",
        "objectClass: inetOrgPerson",
        f"uid: {uid}",
        f"sn: {uid}",
        f"cn: {uid}",
        *kind,
        *lines,
    )


CROWD = 120
"""People named crowd-0, crowd-1, …, who fill pages."""

LDIF = "\n".join(
    [
        entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example"),
        entry(PEOPLE, "objectClass: organizationalUnit", "ou: people"),
        entry(GROUPS, "objectClass: organizationalUnit", "ou: groups"),
        entry(f"ou=branch,{PEOPLE}", "objectClass: organizationalUnit", "ou: branch"),
        person(
            "ada",
            "cn: Countess",
            "sn: Byron",
            "givenName: Ada",
            "mail: ada@x.org",
            "mail: countess@x.org",
            "departmentNumber: ACME",
            "departmentNumber: SECOND",
            "o: ACME;NORD",
            f"manager: uid=boss,{PEOPLE}",
            "employeeNumber: 7",
            "userPassword: pw-ada",
        ),
        person(
            "boss",
            "cn: The Boss",
            "departmentNumber: ACME",
            f"manager: uid=gone,{PEOPLE}",
            "employeeNumber: 10",
        ),
        person("invalid", "employeeType: left", "departmentNumber: ACME", "mail: invalid@x.org"),
        person("Franz", "departmentNumber: franz inc"),
        person("müller", "givenName: Jürgen", "mail: mueller@x.org"),
        person("branched", place=f"ou=branch,{PEOPLE}"),
        person("franz", place=f"ou=branch,{PEOPLE}"),
        person("starred", "cn: Star*Light (Ext.) \\ #1"),
        person("numbers", "roomNumber: 007", "telephoneNumber: 42", "givenName: TRUE"),
        person("latin", "audio:: TfxsbGVy"),  # Müller in latin-1, which no UTF-8 decoder takes
        person("nodept", "o: NORD"),
        *(person(f"crowd-{number}", "departmentNumber: CROWD") for number in range(CROWD)),
        entry(
            f"cn=byname,{GROUPS}",
            "objectClass: posixGroup",
            "cn: byname",
            "gidNumber: 1",
            "memberUid: ada",
            "memberUid: invalid",
            "memberUid: stranger",
            "memberUid: FRANZ",
        ),
        entry(
            f"cn=bydn,{GROUPS}",
            "objectClass: groupOfNames",
            "cn: bydn",
            f"member: UID=Ada, ou=People,{SUFFIX}",
            f"member: uid=crowd-5,{PEOPLE}",
            f"member: uid=stranger,{PEOPLE}",
        ),
    ]
)


def settings(server: Slapd, **changes: Any) -> LdapSettings:
    """Settings of an administrator who reads everything, changed."""
    kept = {
        "key": "people",
        "host": HOST,
        "port": server.port,
        "base_dn": PEOPLE,
        "bind_dn": server.rootdn,
        "bind_password": server.rootpw,
        "timeout": 5.0,
    }
    return LdapSettings(**{**kept, **changes})


@asynccontextmanager
async def opened(
    server: Slapd, mapping: RecordMapping = MAPPING, clock: Callable[[], float] | None = None, **changes: Any
) -> AsyncIterator[LdapBackend]:
    """A backend that is closed at the end."""
    chosen = settings(server, **changes)
    backend = LdapBackend(mapping, chosen, *([clock] if clock else []))
    try:
        yield backend
    finally:
        await backend.close()


def searching(**rules: Any) -> RecordMapping:
    """The mapping with other rules of search."""
    return dataclasses.replace(MAPPING, search=dataclasses.replace(MAPPING.search, **rules))


async def page(
    backend: LdapBackend, filter: Filter = EVERYTHING, order: Order = BY_LOGIN, limit: int = 1000
) -> Page[CustomerUser]:
    """The first page."""
    return (await backend.pages([Question(filter, order, limit)]))[0]


async def logins(backend: LdapBackend, filter: Filter = EVERYTHING) -> list[str]:
    """Logins of everybody who matches, without the crowd."""
    rows = (await page(backend, filter)).rows
    return [row.record.login for row in rows if not row.record.login.startswith("crowd")]

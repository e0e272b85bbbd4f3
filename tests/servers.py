"""Session fixtures: private servers, each started when a test first asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from gateway.demo.servers import mariadb as mariadb_server
from gateway.demo.servers import postgresql as postgresql_server
from gateway.demo.servers import redis as redis_server
from gateway.demo.servers import slapd as slapd_server
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.redis import Redis
from gateway.demo.servers.slapd import Slapd, TlsFiles

DIRECTORY = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups
"""

PEOPLE = (
    ("ada", "Ada", "Lovelace"),
    ("bjoern", "Björn", "Ångström"),
    ("grace", "Grace", "Hopper"),
    ("juergen", "Jürgen", "Groß"),
)

STAFF = """\
dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid=ada,ou=people,dc=example,dc=org
member: uid=grace,ou=people,dc=example,dc=org
"""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL with no databases but its own."""
    need(postgresql_server.available())
    with postgresql_server.start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB with the empty database `gw`."""
    need(mariadb_server.available())
    with mariadb_server.start_mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A directory below dc=example,dc=org with four people, two of them staff; a password is `pw-` and the uid."""
    need(slapd_server.available())
    with slapd_server.start_slapd(ldif(), tls_files(tmp_path_factory.mktemp("tls"))) as server:
        server.add(STAFF)
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """An empty Redis."""
    need(redis_server.available())
    with redis_server.start_redis() as server:
        yield server


def need(reason: str | None) -> None:
    """Skip when a server is missing, with the reason; fail instead where everything must be there."""
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def ldif() -> str:
    """The entries that the `slapd` fixture starts with."""
    return "\n".join([DIRECTORY, *(person(*names) for names in PEOPLE)])


def person(uid: str, given_name: str, surname: str) -> str:
    """One person as LDIF."""
    return (
        f"dn: uid={uid},ou=people,dc=example,dc=org\n"
        "objectClass: inetOrgPerson\n"
        f"uid: {uid}\n"
        f"cn: {given_name} {surname}\n"
        f"givenName: {given_name}\n"
        f"sn: {surname}\n"
        f"mail: {uid}@example.org\n"
        f"userPassword: pw-{uid}\n"
    )


def tls_files(directory: Path) -> TlsFiles:
    """A new authority, and a certificate of its own for 127.0.0.1 and localhost."""
    files = TlsFiles(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost", common_name="localhost")
    authority.cert_pem.write_to_path(files.ca)
    certificate.private_key_pem.write_to_path(files.key)
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    return files

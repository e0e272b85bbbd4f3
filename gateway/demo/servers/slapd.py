"""A private OpenLDAP server, from Debian's binaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.servers.ports import HOST, free_port, is_open
from gateway.demo.servers.process import (
    Server,
    Word,
    missing,
    output_of,
    private_directory,
    required,
    started,
    write_private,
)

SUFFIX = "dc=example,dc=org"
SIZE_LIMIT = "size.soft=500 size.hard=2000 size.prtotal=unlimited"

CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {directory}/slapd.pid
argsfile {directory}/slapd.args
loglevel none
{tls}
sizelimit {size_limit}
{extra_global}
database mdb
suffix "{suffix}"
rootdn "{rootdn}"
rootpw {rootpw}
directory {directory}/db
maxsize 268435456
dbnosync
index objectClass eq
index uid,mail,cn,sn eq,sub
overlay memberof
access to attrs=userPassword by self write by anonymous auth by * none
access to * by users read by anonymous {anonymous}
{extra_database}
"""

TLS = """\
TLSCACertificateFile {directory}/ca.pem
TLSCertificateFile {directory}/cert.pem
TLSCertificateKeyFile {directory}/key.pem"""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for the server; the certificate names 127.0.0.1 and, for GnuTLS, has a common name."""

    ca: Path
    certificate: Path
    key: Path


def available() -> str | None:
    """None when slapd can be started here, else the reason in one line."""
    return missing("slapd", "slapd", "slapadd")


def start_slapd(
    ldif: str,
    tls: TlsFiles | None = None,
    *,
    anonymous_read: bool = False,
    suffix: str = SUFFIX,
    size_limit: str = SIZE_LIMIT,
    extra_global: str = "",
    extra_database: str = "",
) -> "Slapd":
    """A running server that holds the entries of `ldif`.

    The extras are lines of slapd.conf, `size_limit` is spelled as there. Entries loaded here get no `memberOf`:
    groups that are to lend it come by `Slapd.add`.
    """
    if reason := available():
        raise RuntimeError(reason)
    directory = private_directory("slapd")
    rootdn, rootpw = f"cn=admin,{suffix}", "secret"
    configuration = CONFIGURATION.format(
        directory=directory,
        tls=TLS.format(directory=directory) if tls else "",
        size_limit=size_limit,
        extra_global=extra_global,
        suffix=suffix,
        rootdn=rootdn,
        rootpw=rootpw,
        anonymous="read" if anonymous_read else "none",
        extra_database=extra_database,
    )
    return started(
        Slapd(
            directory=directory,
            port=free_port(),
            tls_port=free_port() if tls else None,
            suffix=suffix,
            rootdn=rootdn,
            rootpw=rootpw,
            tls=tls,
            configuration=configuration,
            ldif=ldif,
        )
    )


@dataclass(kw_only=True)
class Slapd(Server):
    """A private directory server; with TLS it speaks ldaps on a second port, and StartTLS on the first."""

    tls_port: int | None
    suffix: str
    rootdn: str
    rootpw: str
    tls: TlsFiles | None
    configuration: str
    ldif: str

    @property
    def url(self) -> str:
        """Where clients reach the server without TLS."""
        return f"ldap://{HOST}:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where clients reach the server by TLS, which must have been asked for."""
        if self.tls_port is None:
            raise RuntimeError("slapd was started without TLS")
        return f"ldaps://{HOST}:{self.tls_port}"

    def add(self, ldif: str) -> None:
        """Add entries through the running server, so that its overlays see them (takes Debian's ldap-utils)."""
        credentials = ["-x", "-D", self.rootdn, "-w", self.rootpw]
        output_of([required("ldapadd"), "-H", self.url, *credentials], self.directory, stdin=ldif)

    def prepare(self) -> None:
        write_private(self.directory / "slapd.conf", self.configuration)
        write_private(self.directory / "data.ldif", self.ldif)
        if self.tls is not None:
            for name, path in (("ca", self.tls.ca), ("cert", self.tls.certificate), ("key", self.tls.key)):
                write_private(self.directory / f"{name}.pem", path.read_text())
        output_of(["mkdir", self.directory / "db"], self.directory)
        command: list[Word] = [required("slapadd"), "-q", "-f", self.directory / "slapd.conf"]
        output_of([*command, "-l", self.directory / "data.ldif"], self.directory)

    def command(self) -> Sequence[Word]:
        urls = self.url if self.tls_port is None else f"{self.url} {self.tls_url}"
        return [required("slapd"), "-d", "0", "-f", self.directory / "slapd.conf", "-h", urls]

    def is_ready(self) -> bool:
        return is_open(self.tls_port or self.port)

"""What `kundengraph check` finds: every store that the configuration names, asked whether it is as the file says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from rich.console import Console
from rich.text import Text

from backends.config import StoreConfig
from backends.errors import GatewayError, SourceUnavailable
from backends.fields import can_be_read
from backends.kinds import open_customers, open_registry, open_source
from backends.ldap.config import DirectoryConfig, LdapLoginConfig, LdapSourceConfig
from backends.ldap.settings import LdapMissing
from backends.model import Finding, Inspection, SourceStatus
from backends.sql.config import DatabaseLoginConfig
from backends.sql.database import open_database
from backends.sql.hashes import StoredHashes
from gateway.config import Config
from gateway.fetching import Unfetched
from gateway.oidc import PATIENCE, Provider
from gateway.reading import SQLITE
from gateway.reasons import reason_of
from gateway.sections import OidcConfig
from gateway.signing import directory_of, table_of

CLEAR_TEXT = "the password of bind_dn crosses the network in clear: use ldaps://, or start_tls = true"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFindings:
    """What was found out about one store."""

    path: str
    """Where the configuration names it: registry, sources[0], customers[0]."""
    key: str
    title: str
    backend: str
    table: str = ""
    reason: str | None = None
    """Why it cannot be reached, or read, in words that hold no secret; None where it can."""
    rows: int | None = None
    missing: Sequence[Finding] = field(default=())
    """What is mapped but not there, each with the statement that would add it, where one exists."""
    advice: Sequence[str] = ()
    """What does not keep the file from serving."""

    @property
    def can_serve(self) -> bool:
        """Whether the store is there and has everything that is mapped."""
        return self.reason is None and not self.missing


class Probe(Protocol):
    """A store, as far as it is checked."""

    async def ping(self) -> None: ...

    async def inspect(self) -> Inspection: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Store:
    """A store that is to be asked, and what is known of it before."""

    findings: SourceFindings
    open: Callable[[], Probe]
    timeout: float
    url: str


async def check(config: Config) -> list[SourceFindings]:
    """Ask every store at once, each within its timeout; nothing is written."""
    return list(await asyncio.gather(*(_checked(store) for store in _stores(config))))


def advice_on(config: Config, today: datetime | None = None) -> list[str]:
    """What is worth knowing of the file as a whole."""
    found = []
    day = (today or datetime.now(UTC)).date()
    for place, token in enumerate(config.auth.tokens):
        if token.expires is not None and token.expires < day:
            found.append(f"auth.tokens[{place}]: expired on {token.expires}")
    for place, login in enumerate(config.auth.login):
        if isinstance(login, DirectoryConfig) and login.sends_passwords_in_clear:
            found.append(
                f"auth.login[{place}]: passwords cross the network in clear: use ldaps:// or start_tls"
            )
    if config.server.workers > 1 and config.cache.backend == "memory":
        found.append(
            "server.workers: several workers see each other's changes at once only with a redis cache"
        )
    return found


def report(console: Console, file: str, found: Sequence[SourceFindings], advice: Sequence[str] = ()) -> None:
    """Print what was found, one store after the other, and whether the file can serve."""
    for one in found:
        console.print(_headline(one), soft_wrap=True)
        for missing in one.missing:
            console.print(Text(f"    {_missing(one, missing)}", "red"), soft_wrap=True)
            if missing.remedy:
                console.print(Text(f"      {missing.remedy.rstrip(';')};"), soft_wrap=True)
        for sentence in one.advice:
            console.print(Text(f"    advice: {sentence}", "yellow"), soft_wrap=True)
    for sentence in advice:
        console.print(Text(f"advice: {sentence}", "yellow"), soft_wrap=True)
    bad = [one.path for one in found if not one.can_serve]
    if bad:
        console.print(
            Text(f"{file} cannot serve as it is: see {', '.join(bad)}.", "bold red"), soft_wrap=True
        )
    else:
        console.print(Text(f"{file} can serve.", "bold green"), soft_wrap=True)


def _headline(one: SourceFindings) -> Text:
    name = one.key if one.title == one.key else f"{one.key}, {one.title}"
    line = Text(
        f"{one.path} ({one.backend}): " if one.path == one.key else f"{one.path}: {name} ({one.backend}): "
    )
    if one.reason is not None:
        return line.append(f"cannot be used: {one.reason}", "red")
    rows = "" if one.rows is None else f", {one.rows:,} {'row' if one.rows == 1 else 'rows'}"
    return line.append(f"reachable{rows}", "green")


def _missing(one: SourceFindings, missing: Finding) -> str:
    if one.path == "registry" or missing.column == one.table:
        return f"table {missing.column} does not exist"
    if one.backend == "ldap" and missing.column in ("base_dn", "group_dn"):
        return f"{missing.column} does not exist in the directory"
    word = "attribute" if one.backend == "ldap" else "column"
    return f"{word} {missing.column} is mapped, but does not exist"


def _stores(config: Config) -> list[_Store]:
    registry = config.registry
    stores = [
        _Store(
            SourceFindings(path="registry", key="registry", title="registry", backend=registry.backend),
            partial(open_registry, registry, sorted(set(config.tickets.dynamic_fields.values()))),
            registry.timeout,
            registry.url,
        )
    ]
    users = zip(config.sources, config.source_mappings, strict=True)
    for place, (source, mapping) in enumerate(users):
        findings = _of(source, f"sources[{place}]")
        if isinstance(source, LdapSourceConfig):
            if source.sends_passwords_in_clear and source.bind_dn:
                findings = replace(findings, advice=(CLEAR_TEXT,))
            stores.append(_Store(findings, partial(open_source, source, mapping), source.timeout, source.url))
        else:
            own = source.model_copy(update={"url": config.database_url(source)})
            stores.append(_Store(findings, partial(open_source, own, mapping), own.timeout, own.url))
    customers = zip(config.customers, config.customer_mappings, strict=True)
    for place, (table, mapping) in enumerate(customers):
        own_table = table.model_copy(update={"url": config.database_url(table)})
        opener = partial(open_customers, own_table, mapping)
        stores.append(_Store(_of(table, f"customers[{place}]"), opener, table.timeout, own_table.url))
    return [*stores, *_login_stores(config)]


def _login_stores(config: Config) -> Iterator[_Store]:
    """Where passwords are checked, apart from the sources themselves; and the identity provider."""
    for place, login in enumerate(config.auth.login):
        path = f"auth.login[{place}]"
        if isinstance(login, DatabaseLoginConfig):
            url = config.database_url(login)
            findings = SourceFindings(path=path, key=path, title=path, backend="database", table=login.table)
            yield _Store(findings, partial(_login_table, login, url), login.timeout, url)
        elif isinstance(login, LdapLoginConfig):
            findings = SourceFindings(path=path, key=path, title=path, backend="ldap")
            yield _Store(findings, partial(directory_of, login, path), login.timeout, login.url)
    if config.auth.oidc.enabled:
        findings = SourceFindings(path="auth.oidc", key="auth.oidc", title="auth.oidc", backend="oidc")
        opener = partial(_Keys, config.auth.oidc)
        yield _Store(findings, opener, 2 * PATIENCE, config.auth.oidc.issuer)


def _login_table(login: DatabaseLoginConfig, url: str) -> StoredHashes:
    database = open_database(url, name="login", pool_size=1, timeout=login.timeout)
    return table_of(login, database)


class _Keys:
    """The keys of an identity provider, as far as they are checked."""

    def __init__(self, config: OidcConfig) -> None:
        self._provider = Provider(config)

    async def ping(self) -> None:
        await self._provider.refresh()

    async def inspect(self) -> Inspection:
        return Inspection(None)

    async def close(self) -> None:
        await self._provider.close()


def _of(config: StoreConfig, path: str) -> SourceFindings:
    table = getattr(config, "table", "")
    return SourceFindings(path=path, key=config.key, title=config.title, backend=config.backend, table=table)


async def _checked(store: _Store) -> SourceFindings:
    try:
        probe = store.open()
    except (
        LdapMissing,
        ValueError,
    ) as error:  # written by us, of the configuration, before anything connects
        return replace(store.findings, reason=str(error))
    try:
        return await _asked(store, probe)
    except Exception as error:
        return replace(store.findings, reason=f"{reason_of(error)} ({type(error).__name__})")
    finally:
        with suppress(GatewayError, TimeoutError, OSError):
            async with asyncio.timeout(store.timeout):
                await probe.close()


async def _asked(store: _Store, probe: Probe) -> SourceFindings:
    findings = store.findings
    try:
        async with asyncio.timeout(store.timeout):
            await probe.ping()
    except Unfetched as error:
        return replace(findings, reason=str(error))
    except (SourceUnavailable, TimeoutError, OSError) as error:
        return replace(findings, reason=_silence(store, error))
    try:
        async with asyncio.timeout(store.timeout):
            inspection = await probe.inspect()
    except (SourceUnavailable, TimeoutError, OSError) as error:
        if _is_timeout(error):
            slow = f"it answers, but could not be compared with the mapping within {store.timeout:g} s"
            return replace(findings, advice=(*findings.advice, slow))
        return replace(findings, reason=_silence(store, error))
    return replace(
        findings,
        rows=inspection.rows,
        missing=tuple(inspection.findings),
        advice=(*findings.advice, *inspection.advice, *_on_rows(inspection, findings)),
    )


def _on_rows(inspection: Inspection, findings: SourceFindings) -> list[str]:
    if inspection.rows != 0 or findings.backend != "ldap":
        return []
    return ["nobody is found: look at base_dn, scope, always_filter and what bind_dn may read"]


def _silence(store: _Store, error: BaseException) -> str:
    """Why a store is silent; for a file, whether it is there."""
    if _is_timeout(error):
        return f"no answer within {store.timeout:g} s"
    if store.url.startswith(SQLITE):
        file = Path(unquote(store.url.removeprefix(SQLITE).partition("?")[0]))
        if not can_be_read(file):
            return f"there is no file {file} (an absolute path takes four slashes: sqlite:////…)"
    return reason_of(error)


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or (
        isinstance(error, SourceUnavailable) and error.status is SourceStatus.TIMEOUT
    )

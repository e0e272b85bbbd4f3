"""The demo's stores: servers and files, filled with the world, as long as the demo lasts."""

import asyncio
import importlib
import os
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.demo import load, tables
from gateway.demo.configuration import write_secret
from gateway.demo.progress import Progress
from gateway.demo.servers import postgresql, slapd
from gateway.demo.servers.slapd import Slapd
from gateway.demo.stories import Store
from gateway.demo.world import World

DATABASE = "kundengraph"
WITHOUT_POSTGRESQL = "KUNDENGRAPH_DEMO_WITHOUT_POSTGRESQL"
WITHOUT_LDAP = "KUNDENGRAPH_DEMO_WITHOUT_LDAP"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the stores of this run are."""

    registry_url: str
    directory: Slapd | None
    """The LDAP server, if there is one."""


def opened(world: World, folder: Path, progress: Progress, stack: ExitStack) -> Stores:
    """Start and fill every store; the stack stops what was started."""
    registry_url = _registry(world, folder, progress, stack)
    with progress.step("SQLite", f"order 2, read-only, a layout of its own: {_people(world, Store.CRM)}"):
        load.fill_crm(folder / "crm.sqlite", tables.crm_people(world))
    return Stores(registry_url, _directory(world, folder, progress, stack))


def _registry(world: World, folder: Path, progress: Progress, stack: ExitStack) -> str:
    rows = [*tables.registry(world), tables.main_people(world)]
    outcome = f"order 1, writable, and the registry: {_people(world, Store.MAIN)}"
    if reason := _switched_off(WITHOUT_POSTGRESQL) or postgresql.available():
        progress.say(f"  Without PostgreSQL, by SQLite alone ({reason}).")
        path = folder / "registry.sqlite"
        with progress.step("SQLite", outcome):
            load.fill_registry_file(path, rows)
        return f"sqlite:///{path}"
    with progress.step("PostgreSQL", outcome):
        server = stack.enter_context(postgresql.start_postgresql())
        server.create_database(DATABASE)
        asyncio.run(load.fill_postgresql(server.url(DATABASE), rows))
    return server.url(DATABASE)


def _directory(world: World, folder: Path, progress: Progress, stack: ExitStack) -> Slapd | None:
    if reason := _switched_off(WITHOUT_LDAP) or _bonsai_missing() or slapd.available():
        progress.say(f"  Without the LDAP directory, with two sources ({reason}).")
        return None
    with progress.step("slapd", f"order 3, a directory: {_people(world, Store.LDAP)}"):
        password = secrets.token_urlsafe(18)
        write_secret(folder / "bind-password", password)
        return stack.enter_context(slapd.start_slapd(tables.ldif(world, password)))


def _people(world: World, store: Store) -> str:
    return f"{len(world.people[store]):,} customer users"


def _switched_off(variable: str) -> str | None:
    return f"switched off by {variable}" if os.environ.get(variable) else None


def _bonsai_missing() -> str | None:
    try:
        importlib.import_module("bonsai")
    except ImportError:
        return "bonsai not found: install the Debian packages libldap2-dev and libsasl2-dev, then kundengraph[ldap]"
    return None

"""Canaries: what people are called must not be found beside the answers, and what fails must not tell how it is built."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, redirect_stderr
from typing import Any

import asyncpg
import bonsai
import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis import asyncio as redis_client

import gateway.stack
from backends.caches import MemoryCache, memory_cache
from backends.errors import CODES
from backends.ldap import connection as ldap_connection
from backends.sql.postgresql import PostgreSQL as PostgreSQLDriver
from backends.sql.sqlite import SQLite
from gateway.app import create_app
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.redis import Redis
from gateway.demo.servers.slapd import Slapd
from gateway.tracing import Tracing
from tests.api.callers import ADMIN, Gateway
from tests.api.offices import FIELDS, OPTIONAL, Offices, opened

CANARY = "kanarie"
SECRETS = ("SECRET", "SELECT", "10.1.2.3", "cn=", "Traceback", "/etc/", 'File "')
WORDS = "SECRET at 10.1.2.3: SELECT pw FROM cn=admin in /etc/passwd"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("canaries", tmp_path_factory.mktemp("canaries"), postgresql, slapd) as offices:
        yield offices


class Watched(Gateway):
    """A running application of which everything is kept that stands beside its answers."""

    def __init__(self, client: httpx.AsyncClient, log: io.StringIO, spans: InMemorySpanExporter) -> None:
        super().__init__(client)
        self.log = log
        self.spans = spans
        self.answers: list[dict[str, Any]] = []

    async def answer(self, query: str, as_: str = ADMIN, **variables: Any) -> dict[str, Any]:
        found = await super().answer(query, ADMIN, **variables)
        self.answers.append(found)
        return found

    def told(self) -> str:
        """All spans, with everything in them."""
        return "\n".join(span.to_json() for span in self.spans.get_finished_spans())

    def internal(self) -> list[dict[str, Any]]:
        """Errors that were masked."""
        errors = [error for answer in self.answers for error in answer.get("errors", ())]
        return [error for error in errors if error["extensions"]["code"] == "INTERNAL"]


@asynccontextmanager
async def watched(offices: Offices, **parts: str) -> AsyncIterator[Watched]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    log = io.StringIO()
    with redirect_stderr(log):
        app = create_app(offices.config(**parts), Tracing(provider))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test") as client,
    ):
        yield Watched(client, log, exporter)


def a_canary(name: str) -> dict[str, Any]:
    """A customer user in whom every value is a canary."""
    texts = "title firstName lastName phone fax mobile street city country comment room password"
    values = {field: f"{CANARY}-{name}-{field}" for field in texts.split()}
    return values | {
        "login": f"{CANARY}-{name}",
        "email": f"{CANARY}.{name}@{CANARY}.test",
        "customerId": f"{CANARY}-company",
        "zip": CANARY,
    }


async def ask_everything(desk: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries, mutations, mistakes, outages and bugs, with canaries wherever something can be said."""
    await desk.create_customer(f"{CANARY}-company", ADMIN, name=f"{CANARY} Ltd", street=f"{CANARY} street")
    for name in ("one", "two"):
        payload = await desk.create(**a_canary(name))
        assert payload["customerUser"]["firstName"] == f"{CANARY}-{name}-firstName", payload
    login, query = f"{CANARY}-one", f'{{ customerUser(login: "{CANARY}-one") {{ login email room }} }}'
    await desk.answer(query)
    await desk.answer(query)
    await desk.answer(f'{{ customerUser(login: "{CANARY}-nobody") {{ login }} }}')
    page = """query Page($search: String, $after: String) {
        customerUsers(search: $search, first: 1, after: $after, filter: { customerIds: ["kanarie-company"] }) {
            totalCount edges { cursor node { id login customer { name customerUsers(first: 1) { edges { cursor } } } } }
        }
    }"""
    first = await desk.answer(page, search=f"{CANARY}*")
    [edge] = first["data"]["customerUsers"]["edges"]
    assert CANARY in edge["node"]["login"]
    await desk.answer(page, search=f"{CANARY}*", after=edge["cursor"])
    await desk.answer("query ($id: ID!) { node(id: $id) { id } }", id=edge["node"]["id"])
    await desk.update(login, ADMIN, email=f"not an address {CANARY}")
    await desk.update(login, ADMIN, phone=f"{CANARY}-phone-2")
    await desk.create(**a_canary("one"))
    selection = "customerUser { login }"
    changes: dict[str, dict[str, Any]] = {
        "setCustomerUserPassword": {"password": f"{CANARY}-password-2"},
        "setCustomerUserPreferences": {"preferences": [{"key": f"{CANARY}Key", "value": f"{CANARY}-value"}]},
        "setCustomerUserCustomers": {"customerIds": [f"{CANARY}-company", "ACME"]},
    }
    for mutation, given in changes.items():
        await desk.change(mutation, selection, ADMIN, login=login, **given)
    signed_in = "token customerUser { login } userErrors { code }"
    for password in (f"{CANARY}-password-2", f"{CANARY}-wrong"):
        given = {"input": {"login": login, "password": password}}
        attempt = (
            f"mutation($input: CustomerLoginInput!) {{ customerLogin(input: $input) {{ {signed_in} }} }}"
        )
        token = (await desk.answer(attempt, **given))["data"]["customerLogin"]["token"]
        await desk.client.post(
            "/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"}
        )
    for mistake in (
        f"{{ {CANARY}Field }}",
        f'{{ customerUser(login: "{CANARY}" }}',
        f'{{ customerUsers(first: "{CANARY}") {{ totalCount }} }}',
        f'{{ customerUsers(after: "{CANARY}") {{ totalCount }} }}',
        f'query A {{ customerUser(login: "{CANARY}") {{ login }} }} query B {{ __typename }}',
    ):
        await desk.answer(mistake)
    await desk.answer("query ($first: Int) { customerUsers(first: $first) { totalCount } }", first=CANARY)
    headers = {
        "authorization": f"Bearer {CANARY}-token",
        "x-request-id": f"{CANARY}@{CANARY}.test",
        "traceparent": f"{CANARY}",
    }
    body = {"query": query, "operationName": f"{CANARY}@{CANARY}.test"}
    await desk.client.post("/graphql", json=body, headers=headers)
    await desk.client.post("/graphql", content=f'{{"{CANARY}', headers={"content-type": "application/json"})
    await desk.client.get(f"/{CANARY}?{CANARY}={CANARY}")

    async def broken(*_arguments: object, **_named: object) -> object:
        raise ValueError(f"{CANARY} cannot be {{}}", {"login": CANARY})

    with monkeypatch.context() as patch:
        patch.setattr(PostgreSQLDriver, "run_fetch", broken)
        await desk.answer(f'{{ customerUser(login: "{CANARY}-three") {{ login }} }}')
        await desk.answer(page, search=f"{CANARY}*")

    async def locked(*_arguments: object, **_named: object) -> object:
        raise sqlite3.OperationalError(f"{CANARY} is locked")

    with monkeypatch.context() as patch:
        patch.setattr(SQLite, "run_fetch", locked)
        await desk.answer(f'{{ customerUser(login: "{CANARY}-four") {{ login }} }}')


@pytest.mark.parametrize("cache", ["memory", "redis"])
async def test_s15_nothing_of_anybody_is_in_logs_metrics_spans_errors_cursors_or_cache_keys(
    offices: Offices, redis: Redis, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches: list[MemoryCache] = []

    def remembered(max_entries: int) -> MemoryCache:
        caches.append(memory_cache(max_entries))
        return caches[-1]

    monkeypatch.setattr(gateway.stack, "memory_cache", remembered)
    head = f'[cache]\nbackend = "redis"\nurl = "{redis.url}"\n' if cache == "redis" else ""
    async with watched(offices, head=head) as desk:
        await forget_canaries(offices)
        await ask_everything(desk, monkeypatch)
        metrics = (await desk.client.get("/metrics")).text
        health = (await desk.client.get("/readyz")).text
    if cache == "redis":
        eye = redis_client.Redis.from_url(redis.url)
        keys = [name.decode() async for name in eye.scan_iter("*")]
        await eye.flushdb()
        await eye.aclose()
    else:
        keys = [*caches[0]._kept]
    log, spans, internal = desk.log.getvalue(), desk.told(), json.dumps(desk.internal())

    assert CANARY in json.dumps(desk.answers), "the canaries did come through"
    assert log.count('"event":"request"') > 20
    assert '"event": "internal error"' in log
    assert all(word in spans for word in ("SELECT", "INSERT", "source get_many", "ldap search", "query Page"))
    assert "errorId" in internal
    assert 'kundengraph_source_calls_total{holds="customer_users",source="desk"' in metrics
    assert keys
    beside = {"log": log, "metrics": metrics, "health": health, "spans": spans, "errors": internal}
    beside |= {"keys": "\n".join(keys), "cursors": "\n".join(opened_cursors(desk.answers))}
    assert beside["cursors"]
    assert {name: hits(text) for name, text in beside.items() if hits(text)} == {}


async def forget_canaries(offices: Offices) -> None:
    await offices.run(
        *(
            f"DELETE FROM {table} WHERE {column} LIKE '{CANARY}%'"
            for table, column in (
                ("customer_user", "login"),
                ("customer_company", "customer_id"),
                ("customer_user_customer", "user_id"),
                ("customer_preferences", "user_id"),
            )
        )
    )


def hits(text: str) -> list[str]:
    """The lines in which a canary sings, in whatever capitals."""
    return [line for line in text.splitlines() if CANARY in line.lower()]


def opened_cursors(answers: Any) -> list[str]:
    """Every cursor, as far as it can be read without the key."""
    if isinstance(answers, list):
        return [text for one in answers for text in opened_cursors(one)]
    if not isinstance(answers, dict):
        return []
    found = [text for one in answers.values() for text in opened_cursors(one)]
    if isinstance(cursor := answers.get("cursor"), str):
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found.append(sealed.decode("latin-1").replace("\n", " "))
    return found


def kinds() -> Mapping[str, Callable[[], Exception]]:
    """What drivers, and bugs of drivers, may raise."""
    return {
        "refused": lambda: ConnectionRefusedError(111, WORDS),
        "reset": lambda: ConnectionResetError(WORDS),
        "slow": lambda: TimeoutError(WORDS),
        "cut": lambda: asyncio.IncompleteReadError(WORDS.encode(), 99),
        "postgresql": lambda: asyncpg.PostgresError(WORDS),
        "interface": lambda: asyncpg.InterfaceError(WORDS),
        "sqlite": lambda: sqlite3.OperationalError(WORDS),
        "ldap": lambda: bonsai.LDAPError(WORDS),
        "bug": lambda: KeyError(WORDS),
        "bytes": lambda: UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, WORDS),
        "memory": lambda: MemoryError(WORDS),
        "group": lambda: ExceptionGroup(WORDS, [ValueError(WORDS)]),
    }


FAULTS = [*kinds().values()]


class Faults:
    """Counts the calls of drivers, and lets one of them fail."""

    def __init__(self) -> None:
        self.calls = 0
        self.failing: int | None = None
        self.error: Callable[[], Exception] = RuntimeError

    def around(self, original: Any) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls - 1 == self.failing:
                raise self.error()
            return await original(*arguments, **named)

        return call


OPERATIONS = {
    "look-up": '{ customerUser(login: "ada") { login email customer { name } groups { group { name } } } }',
    "list": "{ customerUsers(first: 2) { totalCount nodes { login preferences { key } } sources { status } } }",
    "rights": '{ customerUser(login: "oldie") { effectivePermissions { group { name } } services { name } } }',
    "change": """mutation { updateCustomerUser(input: { login: "fault", phone: "1" }) { userErrors { code } } }""",
    "creation": """mutation { createCustomerUser(input: { login: "fault2", firstName: "F", lastName: "L",
        email: "fault2@x.test", customerId: "ACME", password: "p" }) { userErrors { code } } }""",
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_s16_whatever_fails_at_any_call_of_a_driver_is_a_code_of_the_contract(
    offices: Offices, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults()
    for driver in (PostgreSQLDriver, SQLite):
        for name in ("run_fetch", "run_execute"):
            monkeypatch.setattr(driver, name, faults.around(getattr(driver, name)))
    for name in ("search", "paged_search"):
        original = getattr(ldap_connection._Driver, name)
        monkeypatch.setattr(ldap_connection._Driver, name, faults.around(original))
    optional = "breaker = { failures = 1000000, seconds = 0.1 }\ncache_ttl = 0\n"
    parts = {"optional": optional + OPTIONAL, "fields": optional + FIELDS}
    await offices.run("DELETE FROM customer_user WHERE login LIKE 'fault%'")
    async with watched(offices, **parts) as desk:
        await desk.create("fault")
        faults.calls = 0
        await desk.answer(OPERATIONS[operation])
        calls = faults.calls
        assert calls > 1
        codes: Counter[str] = Counter()
        for place in range(calls):
            for kind in FAULTS[place % 3 :: 3]:  # every kind at every third call, each call by four kinds
                faults.calls, faults.failing, faults.error = 0, place, kind
                answer = await desk.answer(OPERATIONS[operation])
                faults.failing = None
                codes.update(error["extensions"]["code"] for error in answer.get("errors", ()))
                text = json.dumps(answer)
                assert [secret for secret in SECRETS if secret in text] == []
                if operation == "creation":
                    await offices.run("DELETE FROM customer_user WHERE login LIKE 'fault2%'")
    lines = [json.loads(line) for line in desk.log.getvalue().splitlines()]
    noted = {line["error_id"] for line in lines if "error_id" in line}
    assert codes
    assert codes.keys() <= CODES
    assert {error["extensions"]["errorId"] for error in desk.internal()} <= noted
    assert [secret for secret in SECRETS if secret in desk.log.getvalue()] == []

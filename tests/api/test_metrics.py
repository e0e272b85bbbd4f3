"""Health and figures of a running gateway, with one worker and with several."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from backends.errors import CODES
from backends.recorder import Event, count
from gateway.app import create_app
from gateway.demo.servers.ports import free_port
from tests.api.scrapes import scrape
from tests.api.serving import MISSING_SOURCE, READER, help_desk, served

ADA = '{ customerUser(login: "ada") { fullName } }'
NOBODY = '{ customerUser(login: "nobody") { fullName } }'
HUNG_SOURCE = """
[[sources]]
key = "hung"
url = "postgresql://desk@127.0.0.1:{port}/desk"
timeout = 60
"""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {READER}"}
    app = create_app(help_desk(tmp_path, sources=MISSING_SOURCE))
    with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


def ask(client: httpx.Client, query: str) -> None:
    client.post("/graphql", json={"query": query})


@contextmanager
def silent_server() -> Iterator[int]:
    """Accepts and never says a word; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


class TestHealth:
    def test_r18_a_source_that_hangs_keeps_neither_route_waiting(self, tmp_path: Path) -> None:
        with silent_server() as port:
            app = create_app(help_desk(tmp_path, sources=HUNG_SOURCE.format(port=port)))
            with served(app) as address, httpx.Client(base_url=address, timeout=30) as client:
                assert client.get("/livez").text == "ok\n"
                ready = client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["sources"] == {"desk": "OK", "hung": "TIMEOUT"}

    def test_r18_being_alive_asks_no_source(self, client: httpx.Client) -> None:
        client.get("/livez")
        assert scrape(client).value("kundengraph_source_calls_total") == 0
        client.get("/readyz")
        assert scrape(client).value("kundengraph_source_calls_total", source="desk", status="OK") == 1

    def test_r18_being_ready_tells_of_every_store(self, client: httpx.Client) -> None:
        assert client.get("/readyz").json() == {
            "ready": True,
            "sources": {"desk": "OK", "gone": "UNAVAILABLE"},
            "customers": {"customer_company": "OK"},
            "registry": "OK",
            "cache": "OK",
        }


class TestFigures:
    def test_r18_sources_are_counted_as_they_answer(self, client: httpx.Client) -> None:
        ask(client, ADA)
        ask(client, ADA)
        ask(client, NOBODY)
        found = scrape(client)
        desk = {"source": "desk", "holds": "customer_users"}
        assert found.value("kundengraph_source_up", **desk) == 1
        assert found.value("kundengraph_source_calls_total", **desk, status="OK") == 2
        assert found.value("kundengraph_source_latency_seconds_count", **desk) == 2
        assert found.value("kundengraph_cache_hits_total", **desk) == 1
        assert found.value("kundengraph_cache_misses_total", **desk) == 2
        assert found.value("kundengraph_source_up", source="gone") == 0
        assert found.value("kundengraph_source_calls_total", source="gone", status="UNAVAILABLE") >= 1
        assert found.value("kundengraph_build_info") == 1

    def test_r18_a_source_that_is_left_alone_is_shown_so(self, client: httpx.Client) -> None:
        for _ in range(8):
            ask(client, NOBODY)
        found = scrape(client)
        assert found.value("kundengraph_source_breaker_open", source="gone") == 1
        assert found.value("kundengraph_source_calls_total", source="gone", status="CIRCUIT_OPEN") >= 1

    def test_r18_what_is_served_past_its_lifetime_is_counted(self, tmp_path: Path) -> None:
        headers = {"authorization": f"Bearer {READER}"}
        app = create_app(help_desk(tmp_path, sources="cache_ttl = 0.01\nstale = 600\n"))
        with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
            ask(client, ADA)
            (tmp_path / "desk.sqlite").rename(tmp_path / "away.sqlite")

            def served_stale() -> bool:
                ask(client, ADA)
                return scrape(client).value("kundengraph_cache_stale_served_total", source="desk") > 0

            until(served_stale)

    def test_requests_are_counted_by_type_and_outcome(self, client: httpx.Client) -> None:
        for query in (ADA, ADA, NOBODY, "{", "{ a }"):
            ask(client, query)
        client.get("/graphql")
        found = scrape(client)
        name = "kundengraph_requests_total"
        assert found.value(name, operation_type="query", code="OK") == 2
        assert found.value(name, operation_type="query", code="SOURCE_UNAVAILABLE") == 1
        assert found.value(name, operation_type="query", code="GRAPHQL_VALIDATION_FAILED") == 1
        assert found.value(name, operation_type="none", code="GRAPHQL_PARSE_FAILED") == 1
        assert found.value(name, operation_type="none", code="HTTP_4XX") == 1
        assert found.value("kundengraph_request_duration_seconds_count", operation_type="query") == 4

    def test_what_other_parts_count_is_shown(self, client: httpx.Client) -> None:
        count(Event.LOGIN_REFUSED)
        count(Event.EXECUTOR_FALLBACK, 3)
        count(Event.SUBSCRIPTIONS_OPEN, 2)
        try:
            found = scrape(client)
        finally:
            count(Event.SUBSCRIPTIONS_OPEN, -2)
        assert found.value("kundengraph_login_attempts_refused_total") == 1
        assert found.value("kundengraph_executor_fallbacks_total") == 3
        assert found.value("kundengraph_subscriptions_open") == 2

    def test_labels_come_from_closed_lists_alone(self, client: httpx.Client) -> None:
        ask(client, NOBODY)
        ask(client, "query Ada { nothing }")
        found = scrape(client)
        known = {"desk", "gone", "customer_company", "registry", "customer_users", "customers"}
        known |= {"OK", "TIMEOUT", "UNAVAILABLE", "CIRCUIT_OPEN", "HTTP_4XX", "HTTP_5XX", "none"} | CODES
        known |= {"query", "mutation", "subscription"}
        for name in found.names:
            if name.startswith("kundengraph_"):
                assert found.labels(name) <= {
                    "source",
                    "holds",
                    "status",
                    "code",
                    "operation_type",
                    "le",
                    "version",
                }
        others = {value for value in found.values() if value not in known}
        assert [value for value in others if not value[0].isdigit() and value != "+Inf"] == []


@pytest.mark.timeout(180)
def test_several_workers_add_up_what_each_has_counted(tmp_path: Path) -> None:
    port = free_port()
    help_desk(tmp_path, server=f"port = {port}\nworkers = 2")
    command = [str(Path(sys.executable).with_name("kundengraph")), "serve", "kundengraph.toml"]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stderr=log, cwd=tmp_path) as server:
        try:
            until(lambda: answers(address))
            for _ in range(20):
                httpx.post(
                    f"{address}/graphql", json={"query": ADA}, headers={"authorization": f"Bearer {READER}"}
                )

            def everything_is_counted() -> bool:
                with httpx.Client(base_url=address) as client:
                    found = scrape(client)
                counted = found.value("kundengraph_requests_total", operation_type="query", code="OK")
                assert counted <= 20
                # each worker may have ten calls of the registry under way
                return counted == 20 and found.value("kundengraph_source_pool_size", source="registry") == 20

            until(everything_is_counted)
        finally:
            server.terminate()
            server.wait(60)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/livez").status_code == 200
    except httpx.TransportError:
        return False


def until(condition: Callable[[], bool]) -> None:
    """Return once it holds; the test's own limit ends the wait."""
    while not condition():
        time.sleep(0.1)

"""The audit trail: one entry for every mutation that was done, wherever it is kept, and none for others (S23)."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from backends.sql.database import open_database
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.foundation import lay
from gateway.telemetry import configure_logs
from resolvers.viewer import Viewer
from tests.api.audited_desk import CASES, SECRET, SOMEBODY, AuditedDesk, Case, audited_desk

NUMBERS = itertools.count()
CHANGES_NOTHING = frozenset({"customerLogin"})
"""Mutations that write nothing of their own, and so have no entry."""


def registry_of(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/registry.sqlite"
    server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
    name = f"audited_{next(NUMBERS)}"
    server.create_database(name)
    return server.url(name)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AuditedDesk]:
    """A desk whose trail is the registry's table, in every kind of database."""
    async with audited_desk(registry_of(request, request.param, tmp_path), tmp_path) as desk:
        yield desk


@pytest.fixture
async def filed(tmp_path: Path) -> AsyncIterator[AuditedDesk]:
    """A desk whose trail is a file."""
    registry = f"sqlite:///{tmp_path}/registry.sqlite"
    async with audited_desk(registry, tmp_path, file=str(tmp_path / "audit.jsonl")) as desk:
        yield desk


@pytest.fixture
async def logged(tmp_path: Path) -> AsyncIterator[AuditedDesk]:
    """A desk whose registry has no table for it."""
    async with audited_desk(f"sqlite:///{tmp_path}/registry.sqlite", tmp_path, table=False) as desk:
        yield desk


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


def told(entry: dict[str, Any]) -> Case:
    """What an entry says, as a case; the input stands nowhere."""
    return Case(
        entry["mutation"],
        {},
        entry["target"],
        entry["changedFields"],
        entry["sourceKey"],
        entry["formerTarget"],
        entry["logins"],
    )


def without_input(case: Case) -> Case:
    return Case(case.mutation, {}, case.target, [*case.changed], case.source, case.former, [*case.logins])


def test_s23_there_is_a_case_for_every_mutation_of_the_schema(desk: AuditedDesk) -> None:
    root = desk.schema._schema.mutation_type
    assert root is not None
    assert {case.mutation for case in CASES} == root.fields.keys() - CHANGES_NOTHING


async def test_s23_every_mutation_makes_one_entry_in_the_table(desk: AuditedDesk) -> None:
    for case in CASES:
        assert await desk.write(case.mutation, case.given) == []
        wrote = desk.last_request
        newest, *older = await desk.nodes("first: 2")
        assert told(newest) == without_input(case)
        assert (newest["actor"], newest["requestId"]) == ("tester", wrote)
        assert abs(datetime.fromisoformat(newest["at"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert len(older) == (case is not CASES[0])
    assert len(await desk.nodes()) == len(CASES)


async def test_s23_every_mutation_makes_one_line_in_the_file(filed: AuditedDesk, tmp_path: Path) -> None:
    for number, case in enumerate(CASES, 1):
        assert await filed.write(case.mutation, case.given) == []
        written = lines(tmp_path)
        assert len(written) == number
        assert told(written[-1]) == without_input(case)
        assert written[-1]["requestId"] == filed.last_request
    assert [told(one) for one in await filed.nodes()] == [without_input(case) for case in reversed(CASES)]


async def test_s23_every_mutation_makes_one_line_in_the_log_where_there_is_neither(
    logged: AuditedDesk,
) -> None:
    stream = io.StringIO()
    with redirect_stderr(stream):
        configure_logs()
        for case in CASES:
            assert await logged.write(case.mutation, case.given) == []
    log = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {line["level"] for line in log} == {"info"}
    told_of = [(line["mutation"], line["changed_fields"]) for line in log if line["event"] == "mutation"]
    assert told_of == [(case.mutation, [*case.changed]) for case in CASES]
    text = re.sub("[0-9a-f]{16,}", "", json.dumps(log))  # ids and hashes, in which "ada" may stand by chance
    assert not [word for word in ("ada", "bob", "countess", "nobody", "ACME", "canary") if word in text]


async def test_s15_no_value_and_no_secret_is_in_the_trail(filed: AuditedDesk, tmp_path: Path) -> None:
    for case in CASES:
        await filed.write(case.mutation, case.given)
    text = (tmp_path / "audit.jsonl").read_text()
    assert "canary" not in text
    assert SECRET not in text


async def test_s23_before_and_after_are_hashes_that_follow_each_other(
    filed: AuditedDesk, tmp_path: Path
) -> None:
    for case in CASES:
        await filed.write(case.mutation, case.given)
    made, changed, renamed = [
        one for one in lines(tmp_path) if one["target"] == "CustomerUser ada" or one["formerTarget"]
    ][:3]
    assert made["before"] is None
    assert made["after"] == changed["before"] != changed["after"] == renamed["before"] != renamed["after"]
    version = await filed.ask('{ customerUser(login: "bob") { version } }')
    (password,) = [one for one in lines(tmp_path) if one["mutation"] == "setCustomerUserPassword"]
    assert password["before"] == password["after"] is not None
    assert len(version["data"]["customerUser"]["version"]) == len(password["after"])


async def test_s23_a_refused_mutation_makes_no_entry(desk: AuditedDesk) -> None:
    for mutation, given in (
        ("createCustomerUser", {"login": "ada", **SOMEBODY}),
        ("updateCustomerUser", {"login": "nobody", "city": "x"}),
        ("setCustomerUserPassword", {"login": "nobody"}),
        ("createGroup", {"name": "users"}),
        ("setCustomerUserGroups", {"login": "nobody", "grants": []}),
        ("setTicketCustomerUser", {"ticketId": "77", "login": "nobody"}),
    ):
        assert await desk.write(mutation, given)
    assert await desk.nodes() == []


async def test_a_mutation_that_finds_everything_as_it_is_to_be_is_an_entry_without_fields(
    desk: AuditedDesk,
) -> None:
    for case in CASES[:5]:
        await desk.write(case.mutation, case.given)
    await desk.write("updateCustomerUser", {"login": "ada", "city": "canary"})
    assert (await desk.nodes("first: 1"))[0]["changedFields"] == []


async def test_s23_each_row_that_many_upserts_write_together_is_an_entry(desk: AuditedDesk) -> None:
    for case in CASES[:4]:
        await desk.write(case.mutation, case.given)
    rows: list[dict[str, Any]] = [{"login": "bob", "city": "x"}, {"login": "ada", "city": "y"}]
    bad = {"login": "ada2", "email": "nothing"}
    assert await desk.write("upsertCustomerUsers", {"rows": [*rows, bad], "errorPolicy": "REJECT_ALL"})
    assert len(await desk.nodes()) == 4
    assert await desk.write("upsertCustomerUsers", {"rows": rows, "errorPolicy": "REJECT_ALL"}) == []
    found = await desk.nodes("first: 2")
    assert {one["target"] for one in found} == {"CustomerUser ada", "CustomerUser bob"}
    assert {one["mutation"] for one in found} == {"upsertCustomerUsers"}


async def test_s23_an_entry_stands_or_falls_with_the_write_beside_it(desk: AuditedDesk) -> None:
    for case in CASES[:3]:
        await desk.write(case.mutation, case.given)
    await desk.database.execute("ALTER TABLE kundengraph_audit RENAME TO elsewhere")
    answer = await desk.ask(
        'mutation { updateCustomerUser(input: {login: "ada", city: "lost"}) { userErrors { code } } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    await desk.database.execute("ALTER TABLE elsewhere RENAME TO kundengraph_audit")
    found = await desk.ask('{ customerUser(login: "ada") { city } }')
    assert found["data"]["customerUser"]["city"] in ("", None)
    assert len(await desk.nodes()) == 3


async def test_s23_what_a_trigger_made_of_a_record_is_what_its_entry_tells_of(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    version = '{ customerUser(login: "ada") { version city } }'
    async with audited_desk(registry_of(request, "postgresql", tmp_path), tmp_path) as desk:
        for case in CASES[:3]:
            await desk.write(case.mutation, case.given)
        versions = [(await desk.ask(version))["data"]["customerUser"]["version"]]
        assert await desk.write("updateCustomerUser", {"login": "ada", "city": "soft"}) == []
        versions.append((await desk.ask(version))["data"]["customerUser"]["version"])
        await desk.database.execute(
            "CREATE FUNCTION shout() RETURNS trigger AS $$BEGIN NEW.city := upper(NEW.city); RETURN NEW; END$$"
            " LANGUAGE plpgsql"
        )
        await desk.database.execute(
            "CREATE TRIGGER shout BEFORE UPDATE ON customer_user FOR EACH ROW EXECUTE FUNCTION shout()"
        )
        assert await desk.write("updateCustomerUser", {"login": "ada", "city": "loud"}) == []
        found = (await desk.ask(version))["data"]["customerUser"]
        assert found["city"] == "LOUD"
        versions.append(found["version"])
        rows = await desk.database.fetch(
            "SELECT before_hash, after_hash, changed_fields FROM kundengraph_audit"
            " WHERE mutation = 'updateCustomerUser' ORDER BY id"
        )
    assert [tuple(row) for row in rows] == [
        (versions[0], versions[1], "city"),
        (versions[1], versions[2], "city"),
    ]


@pytest.mark.parametrize("versioned", [True, False])
async def test_s23_a_record_that_another_connection_changes_after_the_look_up_is_told_of_as_it_was_then(
    request: pytest.FixtureRequest, tmp_path: Path, versioned: bool
) -> None:
    version = '{ customerUser(login: "ada") { version city street } }'
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE%'"
    async with audited_desk(registry_of(request, "postgresql", tmp_path), tmp_path) as desk:
        for case in CASES[:3]:
            await desk.write(case.mutation, case.given)
        seen = (await desk.ask(version))["data"]["customerUser"]["version"]
        given = {"login": "ada", "city": "ours", **({"ifVersion": seen} if versioned else {})}
        watching = open_database(desk.config.registry.url, name="watching", pool_size=1, timeout=6.0)
        async with desk.database.transaction() as session, asyncio.timeout(20):
            await session.execute("UPDATE customer_user SET street = 'theirs' WHERE login = 'ada'")
            writing = asyncio.create_task(desk.write("updateCustomerUser", given))
            while not (await watching.fetch(waiting))[0][0]:
                await asyncio.sleep(0.01)
        errors = await writing
        await watching.close()
        found = (await desk.ask(version))["data"]["customerUser"]
        rows = await desk.database.fetch(
            "SELECT before_hash, after_hash, changed_fields FROM kundengraph_audit WHERE mutation = 'updateCustomerUser'"
        )
    assert found["street"] == "theirs"
    if versioned:
        assert [(one["field"], one["code"]) for one in errors] == [(["ifVersion"], "CONFLICT")]
        assert not found["city"]
        assert rows == []
    else:
        ((before, after, fields),) = rows
        assert (errors, found["city"]) == ([], "ours")
        assert before not in (seen, after)
        assert (after, fields) == (found["version"], "city")


async def test_s23_a_line_that_the_table_refuses_undoes_the_change(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with audited_desk(registry_of(request, "postgresql", tmp_path), tmp_path) as desk:
        for case in CASES[:3]:
            await desk.write(case.mutation, case.given)
        await desk.write("updateCustomerUser", {"login": "ada", "city": "kept"})
        await desk.database.execute(
            "ALTER TABLE kundengraph_audit ADD CONSTRAINT full_ CHECK (id < 0) NOT VALID"
        )
        answer = await desk.ask(
            'mutation { updateCustomerUser(input: {login: "ada", city: "lost"}) { userErrors { code } } }'
        )
        assert answer["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
        found = await desk.ask('{ customerUser(login: "ada") { city } }')
        assert found["data"]["customerUser"]["city"] == "kept"
        assert len(await desk.nodes()) == 4


async def test_a_write_elsewhere_counts_though_no_entry_can_be_made_and_that_is_said_aloud(
    desk: AuditedDesk,
) -> None:
    for case in CASES[:4]:
        await desk.write(case.mutation, case.given)
    await desk.database.execute("ALTER TABLE kundengraph_audit RENAME TO elsewhere")
    with structlog.testing.capture_logs() as log:
        assert await desk.write("updateCustomerUser", {"login": "bob", "city": "kept"}) == []
    (line,) = [one for one in log if one["event"] == "a mutation is missing in the audit trail"]
    assert (line["log_level"], line["mutation"], line["source"]) == ("error", "updateCustomerUser", "apart")
    assert line["request_id"] == desk.last_request
    found = await desk.ask('{ customerUser(login: "bob") { city } }')
    assert found["data"]["customerUser"]["city"] == "kept"


async def test_pages_of_the_trail_are_the_trail(desk: AuditedDesk) -> None:
    await _all_pages(desk)


async def test_pages_of_the_file_are_the_file(filed: AuditedDesk) -> None:
    await _all_pages(filed)


async def _all_pages(desk: AuditedDesk) -> None:
    for case in CASES:
        await desk.write(case.mutation, case.given)
    everything = await desk.nodes()
    paged: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        argument = f', after: "{after}"' if after else ""
        page = (await desk.entries(f"first: 7{argument}"))["data"]["auditEntries"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(after)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        paged += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        await desk.write("updateCustomerUser", {"login": "bob", "city": f"{len(paged)}"})
    assert paged == everything


async def test_entries_of_one_customer_user_are_found_by_every_name_and_from_either_side(
    desk: AuditedDesk,
) -> None:
    await _those_of_one(desk)


async def test_the_same_from_the_file(filed: AuditedDesk) -> None:
    await _those_of_one(filed)


async def _those_of_one(desk: AuditedDesk) -> None:
    for case in CASES:
        await desk.write(case.mutation, case.given)

    def of(*names: str) -> list[Case]:
        return [
            without_input(case)
            for case in reversed(CASES)
            for name in names
            if f"CustomerUser {name}" in (case.target, case.former) or name in case.logins
        ]

    for login in ("countess", "bob", "nobody", "x"):
        assert [told(one) for one in await desk.nodes(f'login: "{login}"')] == of(login)
    ada = [told(one) for one in await desk.nodes('login: "ada"')]
    assert ada == of("ada")
    assert await desk.nodes('login: "da"') == await desk.nodes('login: "a%"') == []


async def test_a4_a_cursor_of_the_trail_is_good_for_the_same_question_only(desk: AuditedDesk) -> None:
    for case in CASES[:3]:
        await desk.write(case.mutation, case.given)
    cursor = (await desk.entries("first: 1"))["data"]["auditEntries"]["pageInfo"]["endCursor"]
    for arguments in (f'login: "ada", after: "{cursor}"', f'after: "{cursor[:-1]}"', 'after: "x"'):
        answer = await desk.entries(arguments)
        assert answer["errors"][0]["extensions"]["code"] == "CURSOR_INVALID"


@pytest.mark.parametrize("roles", [("reader",), ("editor",), ()])
async def test_only_admins_read_the_trail(logged: AuditedDesk, roles: tuple[str, ...]) -> None:
    answer = await logged.entries(viewer=Viewer.named("somebody", roles))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_admin_of_some_customers_does_not_read_the_trail(filed: AuditedDesk) -> None:
    scoped = Viewer("somebody", ("admin",), Viewer.named("x", ["admin"]).scopes, customer_ids=("ACME",))
    answer = await filed.entries(viewer=scoped)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_hidden_fields_are_not_named(filed: AuditedDesk) -> None:
    for case in CASES[:5]:
        await filed.write(case.mutation, case.given)
    scopes = Viewer.named("x", ["admin"]).scopes
    answer = await filed.entries(viewer=Viewer("x", ("admin",), scopes, hidden_fields=frozenset({"city"})))
    assert answer["data"]["auditEntries"]["nodes"][0]["changedFields"] == []


async def test_a_trail_in_the_log_says_why_it_cannot_be_read(logged: AuditedDesk) -> None:
    (error,) = (await logged.entries())["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "kundengraph init" in error["message"]


async def test_a_table_made_while_the_gateway_serves_is_used_from_then_on(logged: AuditedDesk) -> None:
    await logged.write(CASES[0].mutation, CASES[0].given)
    trail: Any = logged.stack.services.trail
    await lay(logged.config.registry)
    trail._look_at = 0.0
    await logged.write(CASES[1].mutation, CASES[1].given)
    assert [one["target"] for one in await logged.nodes()] == ["Customer NORD"]


async def test_a_file_that_was_moved_away_is_begun_anew(filed: AuditedDesk, tmp_path: Path) -> None:
    await filed.write(CASES[0].mutation, CASES[0].given)
    cursor = (await filed.entries("first: 1"))["data"]["auditEntries"]["pageInfo"]["endCursor"]
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.jsonl.1")
    await filed.write(CASES[1].mutation, CASES[1].given)
    assert [one["target"] for one in lines(tmp_path)] == ["Customer NORD"]
    assert [one["target"] for one in await filed.nodes()] == ["Customer NORD"]
    (error,) = (await filed.entries(f'after: "{cursor}"'))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_line_that_was_cut_off_is_passed_over(filed: AuditedDesk, tmp_path: Path) -> None:
    await filed.write(CASES[0].mutation, CASES[0].given)
    with (tmp_path / "audit.jsonl").open("a") as file:
        file.write('{"at": "2026\n[]\n\n{}\n')
    await filed.write(CASES[1].mutation, CASES[1].given)
    assert [one["target"] for one in await filed.nodes()] == ["Customer NORD", "Customer ACME"]

"""customerUserChanged over WebSockets and server-sent events: filtered, authorised anew, and ended with a reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backends.changes import Change, ChangeKind, Target
from gateway.app import create_app, schema_of
from gateway.stack import Stack
from resolvers import changes
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from tests.api.listening import EDITOR, LIMITED, LISTEN, VEILED, Line, ask, line, listened_desk, move
from tests.api.serving import served


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(create_app(listened_desk(tmp_path_factory.mktemp("listened")))) as found:
        yield found


async def test_a_change_is_told_with_the_record_as_it_is(address: str) -> None:
    async with line(address) as one:
        await one.listen()
        await move(address, "London")
        assert await one.event() == {
            "kind": "UPDATED",
            "login": "ada",
            "changedFields": ["city"],
            "customerUser": {"login": "ada", "city": "London"},
        }
        await ask(
            address,
            'mutation { createGroup(input: {name: "staff"}) { userErrors { code } }'
            ' setGroupCustomerUsers(input: {group: "staff", grants: [{login: "grace", permissions: [RO]}]})'
            " { userErrors { code } } }",
        )
        event = await one.event()
        assert (event["kind"], event["login"], event["changedFields"]) == (
            "RELATIONS_CHANGED",
            "grace",
            ["groups"],
        )


async def test_what_changes_nothing_and_passwords_are_no_events(address: str) -> None:
    await move(address, "Rome")
    async with line(address) as one:
        await one.listen()
        await move(address, "Rome")
        await ask(
            address,
            'mutation { setCustomerUserPassword(input: {login: "ada", password: "another one"})'
            " { userErrors { code } } }",
        )
        await move(address, "Oslo")
        assert (await one.event())["customerUser"]["city"] == "Oslo"


async def test_filters_choose_by_login_and_by_customer(address: str) -> None:
    async with line(address) as one:
        for name, arguments in (("g", '(logins: ["GRACE"])'), ("n", '(customerIds: ["nobody"])')):
            await one.listen(f"subscription {{ customerUserChanged{arguments} {{ login }} }}", name)
        await one.listen('subscription { customerUserChanged(customerIds: ["ACME"]) { login } }', "a")
        await move(address, "Wien", "ada")
        await move(address, "Wien", "grace")
        heard = [await one.hear() for _ in range(3)]
        told = {(each["id"], each["payload"]["data"]["customerUserChanged"]["login"]) for each in heard}
        assert told == {("a", "ada"), ("a", "grace"), ("g", "grace")}


async def test_s13_events_out_of_the_rows_are_not_told_and_hidden_fields_not_named(address: str) -> None:
    async with line(address, LIMITED) as limited, line(address, VEILED) as veiled:
        await limited.listen()
        await veiled.listen()
        await move(address, "Genf")
        await ask(
            address,
            'mutation { updateCustomerUser(input: {login: "grace", city: "Genf", zip: "1"}) { userErrors { code } }'
            ' createCustomer(input: {customerId: "NORD", name: "North"}) { userErrors { code } }'
            ' setCustomerUserCustomers(input: {login: "grace", customerIds: ["NORD"]}) { userErrors { code } } }',
        )
        message = (await veiled.hear())["payload"]
        assert message["data"]["customerUserChanged"]["changedFields"] == ["zip"]
        assert message["data"]["customerUserChanged"]["customerUser"] == {"login": "grace", "city": None}
        assert [one["extensions"]["code"] for one in message["errors"]] == ["FORBIDDEN"]
        event = await limited.event()
        assert (event["login"], event["kind"]) == ("grace", "RELATIONS_CHANGED")


async def test_without_a_credential_nothing_is_told(address: str) -> None:
    async with line(address, key=None) as one:
        await one.send(type="connection_init")
        assert (await one.hear())["type"] == "connection_ack"
        await one.send(type="subscribe", id="1", payload={"query": LISTEN})
        message = await one.hear()
        assert message["payload"]["data"] is None
        assert [one["extensions"]["code"] for one in message["payload"]["errors"]] == ["UNAUTHENTICATED"]
        assert (await one.hear())["type"] == "complete"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"type": "connection_init", "payload": {"authorization": "Bearer wrong"}}, 4403),
        ({"type": "connection_init", "payload": 7}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": LISTEN}}, 4401),
        ({"type": "subscribe", "id": 1, "payload": {"query": LISTEN}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": 7}}, 4400),
        ([], 4400),
        ({"type": "start"}, 4400),
        ("no object", 4400),
    ],
)
async def test_what_is_no_message_of_the_protocol_ends_the_connection(
    address: str, sent: Any, code: int
) -> None:
    async with line(address, key=None) as one:
        await one.socket.send(json.dumps(sent))
        assert await closed(one) == code


async def test_nothing_but_subscriptions_runs_on_a_socket(address: str) -> None:
    async with line(address) as one:
        for query in (
            "{ viewer { name } }",
            'mutation { createGroup(input: {name: "x"}) { userErrors { code } } }',
        ):
            await one.send(type="subscribe", id="1", payload={"query": query})
            assert (await one.hear())["type"] == "error"


async def test_s17_foreign_origins_and_the_old_protocol_are_refused(address: str) -> None:
    with pytest.raises(InvalidStatus):
        async with line(address, additional_headers={"origin": "https://evil.example"}):
            pass
    url = address.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=["graphql-ws"]) as socket:  # type: ignore[list-item]
        assert await closed(Line(socket)) == 4406


async def test_so_many_subscriptions_of_one_connection_and_no_more(address: str) -> None:
    async with line(address) as one:
        for number in range(20):
            await one.send(type="subscribe", id=str(number), payload={"query": LISTEN})
        await one.send(type="subscribe", id="over", payload={"query": LISTEN})
        assert (await one.hear())["type"] == "error"


async def test_the_same_over_server_sent_events(address: str) -> None:
    headers = {"authorization": f"Bearer {EDITOR}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client,
        client.stream("POST", "/graphql", json={"query": LISTEN}) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        mover = asyncio.create_task(_keep_moving(address))
        lines = stream.aiter_lines()
        while not (text := await anext(lines)).startswith("event: next"):
            pass
        data = json.loads((await anext(lines)).removeprefix("data: "))
        mover.cancel()
        assert text == "event: next"
        assert data["data"]["customerUserChanged"]["login"] == "ada"


async def _keep_moving(address: str) -> None:
    """Until somebody has heard of it: a stream says nothing when it begins."""
    for number in range(1000):
        await move(address, f"Town {number}")


async def test_a_subscription_that_accepts_no_stream_is_told_so(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        answer = await client.post("/graphql", json={"query": LISTEN})
    assert answer.status_code == 406


async def closed(one: Line) -> int:
    """The code with which the connection ends."""
    with pytest.raises(ConnectionClosed) as found:
        while True:
            await one.hear()
    assert found.value.rcvd is not None
    return found.value.rcvd.code


class Ear:
    """A subscription without a server, whose viewer can be changed while it is open."""

    def __init__(self, folder: Path, viewer: Viewer) -> None:
        config = listened_desk(folder)
        self.stack = Stack(config)
        self.viewer = viewer
        schema = schema_of(config)
        self.context = RequestContext(self.stack.services, viewer, again=self.again)
        self.stream = schema.subscribe(LISTEN, context_value=self.context)

    async def again(self) -> Viewer:
        return self.viewer

    async def tell(self, *logins: str) -> None:
        """Word of changes, which anybody might have made."""
        at, kind, target = datetime.now(UTC), ChangeKind.UPDATED, Target.CUSTOMER_USER
        for login in logins:
            change = Change("updateCustomerUser", kind, target, (login,), "desk", ("city",), at)
            await self.stack.services.bus.publish(change)

    async def codes(self, *logins: str) -> list[str]:
        """How the subscription ends after these changes: the codes of its last result."""
        events: Any = await self.stream
        last = asyncio.create_task(anext(events))
        while not self.stack.services.bus.listeners:
            await asyncio.sleep(0)
        await self.tell(*logins)
        result = await asyncio.wait_for(last, 60)
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        await self.stack.close()
        return [(error.extensions or {})["code"] for error in result.errors]


def a_reader(**settings: Any) -> Viewer:
    return Viewer("reader", ("reader",), Viewer.named("x", ["reader"]).scopes, **settings)


async def test_a18_a_credential_that_is_not_accepted_any_more_ends_it_at_the_next_event(
    tmp_path: Path,
) -> None:
    ear = Ear(tmp_path, a_reader())
    ear.viewer = Viewer.refused()
    assert await ear.codes("ada") == ["UNAUTHENTICATED"]


async def test_a18_a_credential_with_other_rights_ends_it_too(tmp_path: Path) -> None:
    ear = Ear(tmp_path, a_reader())
    ear.viewer = Viewer.named("reader", ["editor"])
    assert await ear.codes("ada") == ["FORBIDDEN"]


async def test_a18_it_ends_when_the_credential_does(tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.05)
    assert await Ear(tmp_path, a_reader(expires=soon)).codes() == ["UNAUTHENTICATED"]


async def test_a18_rows_are_those_of_the_moment(tmp_path: Path) -> None:
    ear = Ear(tmp_path, a_reader(customer_ids=("ACME",)))
    ear.viewer = a_reader(customer_ids=("NORD",), expires=datetime.now(UTC) + timedelta(seconds=0.5))
    assert await ear.codes("ada", "grace") == ["UNAUTHENTICATED"]


async def test_who_reads_too_slowly_is_told_that_changes_are_missing(tmp_path: Path) -> None:
    ear = Ear(tmp_path, a_reader())
    events: Any = await ear.stream
    first = asyncio.create_task(anext(events))
    while not ear.stack.services.bus.listeners:
        await asyncio.sleep(0)
    await ear.tell("ada")
    assert (await first).errors is None
    await ear.tell(*["grace"] * (changes.WAITING + 1))
    (error,) = (await anext(events)).errors
    assert error.extensions["code"] == "SOURCE_UNAVAILABLE"
    assert f"More than {changes.WAITING} changes" in error.message
    await events.aclose()
    await ear.stack.close()


async def test_the_end_of_the_gateway_is_told(tmp_path: Path) -> None:
    ear = Ear(tmp_path, a_reader())
    events: Any = await ear.stream
    first = asyncio.create_task(anext(events))
    while not ear.stack.services.bus.listeners:
        await asyncio.sleep(0)
    ear.stack.services.bus.end("The gateway stops.")
    (error,) = (await first).errors
    assert error.message == "The gateway stops."
    await events.aclose()
    await ear.stack.close()

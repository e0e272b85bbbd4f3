"""The explorer's saved operations run as they stand, in their order, on a fresh demo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.explorer.page import BUNDLE
from tests.api.listening import line
from tests.api.running_demo import SECONDS, Demo, running_demo

CHANGE = """mutation { updateCustomerUser(input: {login: "anna.mueller", city: "Kiel"}) {
  userErrors { code } } }"""
OPERATIONS = sorted((BUNDLE.parent / "operations").glob("*.graphql"))


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def kind_of(path: Path) -> str:
    """What kind of operation a file holds."""
    lines = path.read_text("utf-8").splitlines()
    return next(text.split()[0] for text in lines if text and text[0] != "#")


def answer_of(demo: Demo, path: Path) -> Any:
    variables = path.with_suffix(".json")
    return ask(demo, path.read_text("utf-8"), json.loads(variables.read_text()) if variables.exists() else {})


def ask(demo: Demo, query: str, variables: Any = None) -> Any:
    body = {"query": query, "variables": variables}
    headers = {"authorization": f"Bearer {demo.admin}"}
    return httpx.post(f"{demo.address}/graphql", json=body, headers=headers, timeout=SECONDS).json()


def problems(answer: Any) -> Iterator[str]:
    """Errors, what is wrong with an input, and fields of the root that found nothing."""
    yield from (error["message"] for error in answer.get("errors", ()))
    for name, value in (answer.get("data") or {}).items():
        if not value:
            yield f"{name} is empty"
        elif isinstance(value, dict):
            yield from (error["message"] for error in value.get("userErrors", ()))
            if value.get("nodes") == [] or value.get("edges") == []:
                yield f"{name} finds nobody"


def test_every_saved_operation_runs_as_it_stands(demo: Demo) -> None:
    answers = {path.stem: answer_of(demo, path) for path in OPERATIONS if kind_of(path) != "subscription"}
    found = {name: list(problems(answer)) for name, answer in answers.items()}
    assert {name: said for name, said in found.items() if said} == {}
    assert all("data" in answer for answer in answers.values())

    figures = httpx.get(f"{demo.address}/metrics", timeout=SECONDS).text
    assert "kundengraph_executor_fallbacks_total 0.0" in figures.splitlines()

    renamed = answers["710-rename-customer-user"]["data"]["updateCustomerUser"]["customerUser"]
    assert renamed["additionalCustomerIds"] == ["HANSEATIC", "NORDLICHT", "SAKURA"]
    assert [grant["group"]["name"] for grant in renamed["groups"]] == ["Musterteam", "Support"]


async def test_the_saved_subscription_hears_of_a_change(demo: Demo) -> None:
    [path] = [path for path in OPERATIONS if kind_of(path) == "subscription"]
    async with line(demo.address, demo.admin) as one:
        await one.listen(path.read_text("utf-8"))
        await asyncio.to_thread(ask, demo, CHANGE)
        event = await one.event()
    assert (event["kind"], event["login"], event["changedFields"]) == ("UPDATED", "anna.mueller", ["city"])
    assert event["customerUser"]["fullName"] == "Dr. Anna Müller"


def test_operations_that_change_something_come_after_those_that_read_but_for_what_reads_changes() -> None:
    kinds = {path.stem: kind_of(path) for path in OPERATIONS}
    before = [kind for name, kind in kinds.items() if not name.startswith("9")]
    assert before == sorted(before, reverse=True)
    assert set(before) == {"query", "mutation"}
    assert {kind for name, kind in kinds.items() if name.startswith("9")} == {"query", "subscription"}

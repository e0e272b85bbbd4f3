"""The explorer's saved operations run as they stand, in their order, on a fresh demo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.explorer.page import BUNDLE
from tests.api.running_demo import SECONDS, Demo, running_demo

OPERATIONS = sorted((BUNDLE.parent / "operations").glob("*.graphql"))


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def answer_of(demo: Demo, path: Path) -> Any:
    variables = path.with_suffix(".json")
    body = {
        "query": path.read_text("utf-8"),
        "variables": json.loads(variables.read_text("utf-8")) if variables.exists() else {},
    }
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
    answers = {path.stem: answer_of(demo, path) for path in OPERATIONS}
    found = {name: list(problems(answer)) for name, answer in answers.items()}
    assert {name: said for name, said in found.items() if said} == {}
    assert all("data" in answer for answer in answers.values())

    figures = httpx.get(f"{demo.address}/metrics", timeout=SECONDS).text
    assert "kundengraph_executor_fallbacks_total 0.0" in figures.splitlines()

    renamed = answers["710-rename-customer-user"]["data"]["updateCustomerUser"]["customerUser"]
    assert renamed["additionalCustomerIds"] == ["HANSEATIC", "NORDLICHT", "SAKURA"]
    assert [grant["group"]["name"] for grant in renamed["groups"]] == ["Musterteam", "Support"]


def test_operations_that_change_something_come_after_those_that_read_but_for_what_reads_changes() -> None:
    kinds = {
        path.stem: next(
            line.split()[0] for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"
        )
        for path in OPERATIONS
    }
    before = [kind for name, kind in kinds.items() if not name.startswith("9")]
    assert before == sorted(before, reverse=True)
    assert set(before) == {"query", "mutation"}
    assert {kind for name, kind in kinds.items() if name.startswith("9")} == {"query"}

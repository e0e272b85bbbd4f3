"""The dashboard and the alerts ask for what a running gateway shows, by these names and labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from gateway.app import create_app
from tests.api.scrapes import Scrape, scrape
from tests.api.serving import MISSING_SOURCE, READER, help_desk, served

MONITORING = Path(__file__).parents[2] / "k8s" / "monitoring"
METRIC = re.compile(r"\b(kundengraph_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
QUERIES = ('{ customerUser(login: "ada") { login } }', '{ customerUser(login: "nobody") { login } }', "{")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrape]:
    app = create_app(help_desk(tmp_path_factory.mktemp("desk"), sources=MISSING_SOURCE))
    headers = {"authorization": f"Bearer {READER}"}
    with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        for query in QUERIES:
            client.post("/graphql", json={"query": query})
        yield scrape(client)


def dashboard() -> Any:
    return json.loads((MONITORING / "dashboard.json").read_text())


def alerts() -> Any:
    [group] = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def expressions() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*panels, *(rule["expr"] for rule in alerts())]


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_names_figures_and_labels_that_are_shown(shown: Scrape, expression: str) -> None:
    metrics = METRIC.findall(expression)
    assert metrics
    for name, matchers in metrics:
        assert name in shown.names
        assert {label for label, *_ in MATCHER.findall(matchers)} <= shown.labels(name)
    grouped = {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",")}
    for name, _ in metrics:
        assert grouped <= shown.labels(name)


def test_every_figure_that_is_shown_is_on_the_dashboard(shown: Scrape) -> None:
    asked = {name for expression in expressions() for name, _ in METRIC.findall(expression)}
    families = {family.name for family in shown.families if family.name.startswith("kundengraph_")}
    assert [one for one in families if not any(name.startswith(one) for name in asked)] == []


def test_sources_and_codes_that_alerts_name_exist(shown: Scrape) -> None:
    named = [match for rule in alerts() for match in MATCHER.findall(rule["expr"])]
    values = {value for label, _, value in named if label == "source"}
    assert values <= set(shown.values())


def test_the_legends_and_summaries_name_labels_that_their_expression_keeps() -> None:
    pairs = [
        (target["expr"], target["legendFormat"]) for one in dashboard()["panels"] for target in one["targets"]
    ]
    pairs += [(rule["expr"], json.dumps(rule["annotations"])) for rule in alerts()]
    for expression, words in pairs:
        kept = {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",")}
        used = re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", words)
        assert set(used) <= kept, expression


def test_each_alert_can_be_told_from_the_others_and_says_what_it_means() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def test_panels_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [(x, one["y"]) for one in places for x in range(one["x"], one["x"] + one["w"])]
    assert len(set(cells)) == len(cells)
    assert all(one["x"] + one["w"] <= 24 for one in places)

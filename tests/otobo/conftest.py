"""The recorded-case runner: `pytest tests/otobo --recorded DIR`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.servers import slapd
from gateway.demo.servers.postgresql import PostgreSQL
from tests.otobo.fresh import FreshWorld
from tests.otobo.judging import Tally
from tests.otobo.recording import GOLDEN, Scenario, scenarios
from tests.otobo.worlds import Servers, World
from tests.servers import need


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the recorded cases are; by default a copy that comes with these tests."""
    parser.addoption("--recorded", type=Path, default=GOLDEN, help="folder of recorded OTOBO cases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each scenario and variant that has cases."""
    if "variant" in metafunc.fixturenames:
        found = [
            (scenario, variant)
            for scenario in scenarios(metafunc.config.getoption("recorded", GOLDEN))
            for variant in dict.fromkeys(case.variant for case in scenario.cases)
        ]
        names = [f"{scenario.name}-{variant}" if variant else scenario.name for scenario, variant in found]
        metafunc.parametrize(("scenario", "variant"), found, ids=names)


@pytest.fixture(scope="session")
def recorded_servers(postgresql: PostgreSQL) -> Iterator[Servers]:
    """The servers behind all scenarios."""
    need(slapd.available())
    servers = Servers(postgresql)
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def worlds() -> dict[Path, World]:
    """Scenarios whose fixtures were loaded."""
    return {}


@pytest.fixture(scope="session")
def fresh_worlds() -> dict[Path, World]:
    """Scenarios whose cases change data, in stores of their own."""
    return {}


@pytest.fixture
def world(scenario: Scenario, recorded_servers: Servers, worlds: dict[Path, World]) -> World:
    """The scenario's data in real stores, loaded once."""
    key = scenario.folder / scenario.name
    if key not in worlds:
        worlds[key] = World(scenario, recorded_servers)
    return worlds[key]


@pytest.fixture
def fresh_world(scenario: Scenario, recorded_servers: Servers, fresh_worlds: dict[Path, World]) -> World:
    """The scenario's data in stores that cases may change."""
    key = scenario.folder / scenario.name
    if key not in fresh_worlds:
        fresh_worlds[key] = FreshWorld(scenario, recorded_servers)
    return fresh_worlds[key]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the numbers: for each scenario, by rule, and in total."""
    tallies: dict[str, Tally] = {}
    reports = [one for group in ("passed", "failed") for one in terminalreporter.stats.get(group, ())]
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "recorded":
                tallies.setdefault(value["scenario"], Tally()).add(value)
    if not tallies:
        return
    total = Tally()
    terminalreporter.section("recorded cases of OTOBO")
    for scenario, tally in sorted(tallies.items()):
        terminalreporter.write_line(f"{scenario}: {tally.line}")
        total.add({"counts": tally.counts, "rules": tally.rules, "waiting": tally.waiting})
    for rules, number in sorted(total.rules.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"  deviating by {rules}: {number}")
    for what, number in sorted(total.waiting.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"  pending, {what}: {number}")
    terminalreporter.write_line(total.line)

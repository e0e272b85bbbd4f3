"""`python -m bench` compares answers, measures in turns and writes ratios down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import measuring, report
from bench.measuring import Sample
from bench.report import Findings
from bench.servers import COMPILED, FLOOR
from gateway.demo.servers import postgresql as postgresql_server
from tests.servers import need


def test_the_bench_prints_and_writes_a_ratio_for_every_scenario(tmp_path: Path) -> None:
    if reason := postgresql_server.available() or measuring.missing():
        need(reason)
    file = tmp_path / "bench.json"
    options = ["--quick", "--users", "2000", "--scenarios", "one,page,deep", "--json", str(file)]
    command = [sys.executable, "-m", "bench", *options, "--peers", f"{COMPILED},{FLOOR}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    written = json.loads(file.read_text())
    taken = {(one["scenario"], one["peer"]) for one in written["samples"]}
    assert taken == {("one", COMPILED), ("one", FLOOR), ("page", COMPILED), ("deep", COMPILED)}
    assert all(one["cpu_ms"] > 0 for one in written["samples"])
    assert written["ratios"]["one"][FLOOR] > 0
    assert "page at the end of the list, to the first" in done.stdout


def test_a_goal_that_is_not_reached_is_called_missed() -> None:
    samples = [Sample("one", peer, cpu, 1.0, 1.0, 1.0, 1.0) for peer, cpu in ((COMPILED, 1.0), (FLOOR, 0.5))]
    assert "0.50 (0.8, missed)" in report.table(Findings(samples))


def test_the_tables_of_readme_are_those_of_the_last_run(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    text = report.README.read_text()
    readme.write_text(text)
    report.into_readme(report.read(report.LAST), readme)
    assert readme.read_text() == text


def test_tables_do_not_go_into_a_readme_without_a_place_for_them(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Nothing here.")
    with pytest.raises(ValueError, match="has no place"):
        report.into_readme(Findings([]), readme)
    assert readme.read_text() == "Nothing here."

"""Load by wrk, and what it cost: processor time of the server until it is idle again, from the kernel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios import NUMBER, Scenario
from bench.servers import Running

TICK = os.sysconf("SC_CLK_TCK")

LUA = """
local parts = {%s}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
%s
math.randomseed(%d)
if #parts == 1 then
  wrk.body = parts[1]
else
  request = function()
    local body = parts[1]
    for place = 2, #parts do
      body = body .. string.format("%%0%dd", math.random(1, %d)) .. parts[place]
    end
    return wrk.format(nil, nil, nil, body)
  end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %%d, "microseconds": %%d, "errors": %%d, "p50": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one turn of one server with one scenario gave."""

    scenario: str
    peer: str
    cpu_ms: float
    """Processor time of the server for one request."""
    per_second: float
    p50_ms: float
    p99_ms: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Processors:
    """Where the server runs, and where the load comes from; None where there is only one."""

    server: int | None
    load: int | None


def processors() -> Processors:
    """The first two that we may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return (
        Processors(*allowed[:2]) if len(allowed) > 1 and shutil.which("taskset") else Processors(None, None)
    )


def missing() -> str | None:
    """What is needed to measure and not here."""
    return None if shutil.which("wrk") else "wrk not found: install the Debian package wrk"


class Meter:
    """Measures turns of so many seconds."""

    def __init__(self, where: Processors, seconds: float, warm: float) -> None:
        self._where = where
        self._seconds = seconds
        self._warm = warm

    def turn(self, server: Running, scenario: Scenario, seed: int) -> Sample:
        """Warm the server up, let it come to rest, and measure."""
        if self._warm:
            self._wrk(server, scenario, self._warm, seed)
        return self.measured(server, scenario, seed + 1000)

    def measured(
        self, server: Running, scenario: Scenario, seed: int, seconds: float | None = None
    ) -> Sample:
        """One run of load; raises where a request failed."""
        drain(server.pid)
        before = cpu(server.pid)
        found = self._wrk(server, scenario, seconds or self._seconds, seed)
        drain(server.pid)
        spent = cpu(server.pid) - before
        if found["errors"]:
            raise RuntimeError(f"{server.peer.name}, {scenario.name}: {found['errors']:.0f} requests failed")
        if not (done := found["requests"]):
            raise RuntimeError(f"{server.peer.name}, {scenario.name}: nothing was answered in time")
        return Sample(
            scenario.name,
            server.peer.name,
            spent / done * 1000,
            found["requests"] / found["microseconds"] * 1e6,
            found["p50"] / 1000,
            found["p99"] / 1000,
            memory(server.pid),
        )

    def _wrk(self, server: Running, scenario: Scenario, seconds: float, seed: int) -> dict[str, float]:
        parts = ", ".join(map(_quoted, server.peer.body(scenario).split(NUMBER)))
        headers = "\n".join(
            f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in server.peer.headers.items()
        )
        script = LUA % (parts, headers, seed, scenario.digits, scenario.most)
        pin = [] if self._where.load is None else ["taskset", "-c", str(self._where.load)]
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(script)
            file.flush()
            options = ["-t1", f"-c{scenario.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
            command = [*pin, "wrk", *options, "-s", file.name, server.url(scenario)]
            printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found: dict[str, float] = json.loads(printed.split("RESULT ", 1)[1])
        return found


def cpu(pid: int) -> float:
    """Seconds of processor time that a process and its children have used."""
    return sum(_spent(one) for one in _family(pid))


def memory(pid: int) -> float:
    """Resident memory of a process and its children in MiB."""
    found = 0
    for one in _family(pid):
        for line in _read(one, "status").splitlines():
            if line.startswith("VmRSS"):
                found += int(line.split()[1])
    return found / 1024


def drain(pid: int) -> None:
    """Wait until nothing is being worked on."""
    last = -1.0
    while last != (now := cpu(pid)):
        last = now
        time.sleep(0.1)


def _family(pid: int) -> Sequence[int]:
    found = [pid]
    for one in found:
        for task in _tasks(one):
            found += map(int, _read(one, f"task/{task}/children").split())
    return found


def _tasks(pid: int) -> list[str]:
    try:
        return [task.name for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def _spent(pid: int) -> float:
    text = _read(pid, "stat")
    if not text:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def _quoted(text: str) -> str:
    return f"[==[{text}]==]"

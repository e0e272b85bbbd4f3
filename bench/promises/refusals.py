"""What a refusal costs (S5): processor time of the whole way through the application, and memory for a large body."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path

from starlette.types import ASGIApp

from bench.promises.asking import quiet, send
from bench.promises.finding import Finding
from gateway.app import create_app
from tests.api.serving import READER, help_desk

SAMPLES = 300
MOST_MILLISECONDS, MOST_MEGABYTES = 5.0, 5.0
FLOODS: Mapping[str, str] = {
    "600 aliases": "{ " + " ".join(f"a{one}: __typename" for one in range(600)) + " }",
    "1,900 fields": "{ " + " ".join(f"f{one}" for one in range(1900)) + " }",
    "1,900 times one field": "{ customerUsers { nodes { " + "login " * 1900 + "} } }",
    "20,000 tokens": "{ " + "login " * 20_000 + "}",
    "500 levels": "{ a " * 500 + "}" * 500,
    "98 fragments in a chain": "{ ...F0 } "
    + " ".join(f"fragment F{one} on Query {{ node(id: 1) {{ ...F{one + 1} }} }}" for one in range(98))
    + " fragment F98 on Query { __typename }",
    "900 directives": "{ __typename " + "@a" * 900 + " }",
    "pages in pages": "{ customers(first: 1000) { nodes { customerUsers(first: 1000) { nodes { login } } } } }",
}


async def milliseconds(app: ASGIApp, query: str) -> float:
    """The time below which 99 of 100 refusals stay."""
    times = []
    for number in range(SAMPLES):
        body = json.dumps(
            {"query": f"{query} # {number}"}
        ).encode()  # what was refused before is refused at once
        begun = time.process_time()
        status = (await send(app, body, READER)).status
        times.append(time.process_time() - begun)
        if status not in (400, 413):
            raise RuntimeError(f"not refused: {status}")
    return sorted(times)[SAMPLES * 99 // 100] * 1000


async def megabytes(app: ASGIApp, *, length: bool) -> float:
    """What 10 MB take at the peak, on top of themselves."""
    body = json.dumps({"query": "{ __typename }" + "#" * 10_000_000}).encode()
    tracemalloc.start()
    try:
        if (await send(app, body, READER, length=length)).status != 413:
            raise RuntimeError("not refused")
        return (tracemalloc.get_traced_memory()[1] - 10.0e6) / 1e6
    finally:
        tracemalloc.stop()


async def measure() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        config = help_desk(Path(folder))
        server = config.server.model_copy(update={"max_body_bytes": 1_000_000})
        app = create_app(config.model_copy(update={"server": server}))
        async with app.router.lifespan_context(app):
            found = []
            for name, query in FLOODS.items():
                number = await milliseconds(app, query)
                found.append(
                    Finding("S5", f"refusing {name}, 99 of 100", number, "ms", number < MOST_MILLISECONDS)
                )
            for length in (True, False):
                number = await megabytes(app, length=length)
                said = "announced" if length else "in pieces"
                found.append(
                    Finding("S5", f"refusing a body of 10 MB, {said}", number, "MB", number < MOST_MEGABYTES)
                )
            return found


def findings() -> Iterator[Finding]:
    """Every flood, and the large body; the lines of the log are written to nowhere."""
    with quiet():
        found = asyncio.run(measure())
    yield from found

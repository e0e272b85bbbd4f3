"""The gateway as a process of its own, which also tells what it holds: tasks, files, memory."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.config import load

PAGE = "/soak"


async def held(_request: Request) -> Response:
    """What the process holds, garbage left out."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return JSONResponse(
        {
            "tasks": len(asyncio.all_tasks()),
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "threads": int(status["Threads"]),
            "kilobytes": int(status["VmRSS"].split()[0]),
        }
    )


def main(file: str, port: str) -> None:
    """Serve the configuration."""
    app = create_app(load(file))
    app.router.routes.append(Route(PAGE, held))
    uvicorn.run(app, port=int(port), log_level="warning", loop="uvloop", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

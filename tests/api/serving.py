"""A small help desk in SQLite files, and a real server for it."""

from __future__ import annotations

import hashlib
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette

from backends.model import SourceKind
from backends.sql import ddl
from gateway.config import Config, loads
from gateway.stalls import ImpatientSockets
from gateway.straight import Connection

READER = "key-of-a-reader"
LIMITED = "key-of-somebody-who-may-see-one-customer"
EXPIRED = "key-of-yesterday"
EDITOR = "key-of-an-editor"
NOW = "2026-01-01 12:00:00"

TOML = """
[server]
max_body_bytes = 10_000
cors_origins = ["https://desk.example"]
{server}

[registry]
url = "sqlite:///desk.sqlite"

[auth]
signing_key = "{signing_key}"

[[auth.tokens]]
name = "reader"
sha256 = "{reader}"
roles = ["reader"]

[[auth.tokens]]
name = "limited"
sha256 = "{limited}"
roles = ["reader"]
customer_ids = ["ACME"]

[[auth.tokens]]
name = "expired"
expires = 2026-01-01
sha256 = "{expired}"
roles = ["reader"]

[[sources]]
key = "desk"
{sources}
"""

MISSING_SOURCE = """
[[sources]]
key = "gone"
url = "sqlite:///gone.sqlite"
"""


def help_desk(folder: Path, *, server: str = "", sources: str = "") -> Config:
    """Two customer users and their customer in `folder`, behind one source; more of both may be configured."""
    with closing(sqlite3.connect(folder / "desk.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in ddl.statements(SourceKind.SQLITE):
            connection.execute(statement)
        for login, first, last in (("ada", "Ada", "Lovelace"), ("grace", "Grace", "Hopper")):
            connection.execute(
                "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id,"
                " create_time, create_by, change_time, change_by) VALUES (?, ?, 'ACME', ?, ?, 1, ?, 1, ?, 1)",
                (login, f"{login}@acme.example", first, last, NOW, NOW),
            )
        connection.execute(
            "INSERT INTO customer_company (customer_id, name, valid_id, create_time, create_by, change_time,"
            " change_by) VALUES ('ACME', 'Acme', 1, ?, 1, ?, 1)",
            (NOW, NOW),
        )
        connection.execute("COMMIT")
    text = TOML.format(
        server=server,
        sources=sources,
        signing_key="k" * 32,
        reader=digest(READER),
        limited=digest(LIMITED),
        expired=digest(EXPIRED),
    )
    file = folder / "kundengraph.toml"
    file.write_text(text)
    return loads(text, file, {})


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


EDITORS = f"""
[[auth.tokens]]
name = "editor"
sha256 = "{digest(EDITOR)}"
roles = ["editor"]
"""


@contextmanager
def served(app: Starlette, **settings: Any) -> Iterator[str]:
    """The application on a free port of this machine, as long as the block lasts; gives its address."""
    ours: dict[str, Any] = {
        "http": Connection,
        "ws": ImpatientSockets,
        "log_level": "warning",
        "lifespan": "on",
    }
    ours |= {"proxy_headers": False, "server_header": False, **settings}
    server = uvicorn.Server(uvicorn.Config(app, **ours))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()

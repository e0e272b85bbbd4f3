"""The packages that web pages listen with hear what is changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from gateway.app import create_app
from tests.api.listening import EDITOR, listened_desk
from tests.api.serving import served
from tests.web.packages import WEB, need_node

CHANGE = '{"kind":"UPDATED","login":"ada","changedFields":["city"]}'


def test_a16_graphql_ws_and_graphql_sse_hear_a_change(tmp_path: Path) -> None:
    need_node()
    with served(create_app(listened_desk(tmp_path))) as address:
        command = ["node", "--experimental-websocket", "subscriptions.mjs", f"{address}/graphql", EDITOR]
        said = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=100)
    assert said.stdout.splitlines() == [f"graphql-ws: {CHANGE}", f"graphql-sse: {CHANGE}"], said.stderr

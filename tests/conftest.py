"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import os

from gateway.sections import ServerConfig

pytest_plugins = ["tests.servers"]

if executor := os.environ.get("KUNDENGRAPH_EXECUTOR"):
    ServerConfig.model_fields["executor"].default = executor
    ServerConfig.model_rebuild(force=True)

"""The directory of tests/ldap/worlds.py, with TLS."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from gateway.demo.servers import slapd as slapd_server
from gateway.demo.servers.slapd import Slapd
from tests.ldap.worlds import LDIF
from tests.servers import need, tls_files


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A directory whom anonymous callers may read."""
    need(slapd_server.available())
    need(None if find_spec("bonsai") else "bonsai is not installed")
    files = tls_files(tmp_path_factory.mktemp("tls"))
    with slapd_server.start_slapd(LDIF, files, anonymous_read=True) as server:
        yield server

"""The scripts that make a registry."""

from __future__ import annotations

import re

import pytest

from backends.model import SourceKind
from backends.sql.ddl import statements

KINDS = (SourceKind.POSTGRESQL, SourceKind.MARIADB, SourceKind.SQLITE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_is_cut_into_its_statements(kind: SourceKind) -> None:
    parts = statements(kind)
    assert all(re.match(r"(CREATE|INSERT|ALTER|SET|PRAGMA|SELECT)\b", part) for part in parts)
    assert not [part for part in parts if part.endswith(";") or "\n--" in part]


def test_all_products_have_the_same_tables() -> None:
    tables = [
        {found[1] for part in statements(kind) if (found := re.match(r"CREATE TABLE (\w+)", part))}
        for kind in KINDS
    ]
    assert tables[0] == tables[1] == tables[2]
    assert "customer_user" in tables[0]

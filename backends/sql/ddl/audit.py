"""`kundengraph_audit`: one row for each mutation that wrote, in the registry beside what was written.

`at` is in UTC; `actor` the credential's name or the customer user's login; `target` the kind and key of what was
written, in the source `source_key`, as it is called since, and `former_target` the same before a rename; `logins` whom
it concerned beside the target, as JSON; `changed_fields` GraphQL names, separated by commas; `before_hash` and
`after_hash` are keyed hashes, those of a record its versions. No value of a record is kept.
"""

from __future__ import annotations

from collections.abc import Collection

from backends.model import SourceKind

TABLE = "kundengraph_audit"

COLUMNS = {
    "at": "{time} NOT NULL",
    "actor": "VARCHAR(250) NOT NULL",
    "mutation": "VARCHAR(100) NOT NULL",
    "target": "VARCHAR(250) NOT NULL",
    "former_target": "VARCHAR(250)",
    "logins": "TEXT",
    "source_key": "VARCHAR(100)",
    "changed_fields": "TEXT",
    "request_id": "VARCHAR(200)",
    "before_hash": "VARCHAR(128)",
    "after_hash": "VARCHAR(128)",
}
IDENTITY = {
    SourceKind.POSTGRESQL: "bigserial PRIMARY KEY",
    SourceKind.MARIADB: "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
    SourceKind.SQLITE: "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
}
TIMES = {
    SourceKind.POSTGRESQL: "timestamp(0)",
    SourceKind.MARIADB: "DATETIME",
    SourceKind.SQLITE: "TIMESTAMP",
}
INDEXES = {"at": "at", "target": "target"}


def creation(kind: SourceKind) -> list[str]:
    """The statements that make the table."""
    columns = {"id": IDENTITY[kind], **_columns(kind)}
    body = ",\n".join(f"    {name} {definition}" for name, definition in columns.items())
    tail = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
    table = f"CREATE TABLE {TABLE} (\n{body}\n){tail if kind is SourceKind.MARIADB else ''}"
    return [
        table,
        *(f"CREATE INDEX {TABLE}_{name} ON {TABLE} ({columns})" for name, columns in INDEXES.items()),
    ]


def additions(kind: SourceKind, present: Collection[str]) -> list[str]:
    """The statements that add the columns an older table lacks; what was written before has none of them."""
    missing = ((name, text) for name, text in _columns(kind).items() if name not in present)
    return [
        f"ALTER TABLE {TABLE} ADD COLUMN {name} {definition.removesuffix(' NOT NULL')}"
        for name, definition in missing
    ]


def _columns(kind: SourceKind) -> dict[str, str]:
    return {name: definition.format(time=TIMES[kind]) for name, definition in COLUMNS.items()}

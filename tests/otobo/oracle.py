"""What the stores hold, read directly and judged naively: what is expected where OTOBO is not followed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backends.order import fold
from tests.otobo.blocks import Block, Row, company_blocks, truthy, user_blocks
from tests.otobo.compare import split_ids
from tests.otobo.outcomes import Refused
from tests.otobo.recording import Settings
from tests.otobo.worlds import Entry, World

VALID_IDS = ("1", "2", "3")
SILENT = Refused("SOURCE_UNAVAILABLE")


@dataclass(frozen=True)
class Record:
    """A customer user or a company, as its store holds it."""

    block: Block
    values: Entry
    valid: str
    """The id of its validity; what is missing or unknown counts as invalid."""

    @property
    def key(self) -> str:
        """Login or customer ID."""
        return self.first(self.block.key) or ""

    def all(self, column: str) -> tuple[str, ...]:
        """The values of a column; of several keys the first alone counts (LDAP-21)."""
        values = self.values.get(column.lower(), ())
        return values[:1] if column.lower() == self.block.key.lower() else values

    def first(self, column: str) -> str | None:
        """The first value of a column."""
        return next(iter(self.all(column)), None)

    def attribute(self, variable: str) -> str | None:
        """The value of a mapped attribute."""
        row = self.block.row(variable)
        return self.first(row.column) if row else None


class Oracle:
    """Knows one variant of a scenario."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self._records: dict[str, Sequence[Record] | None] = {}
        self._keys: dict[str, Mapping[str, Sequence[Record]]] = {}

    def records(self, block: Block) -> Sequence[Record] | None:
        """Everything that a source holds; None where it does not answer."""
        if block.slot not in self._records:
            try:
                read = self._entries if block.is_directory else self._rows
                self._records[block.slot] = list(read(block))
            except (subprocess.CalledProcessError, RuntimeError):
                self._records[block.slot] = None
        return self._records[block.slot]

    @property
    def users(self) -> Sequence[Block]:
        """Sources of customer users."""
        return user_blocks(self.settings)

    @property
    def companies(self) -> Sequence[Block]:
        """Sources of companies."""
        return company_blocks(self.settings)

    @property
    def is_unusable(self) -> bool:
        """Whether a filter's brackets do not close, which is noticed before anything is asked (SRC-15, LDAP-9)."""
        blocks = [block for block in self.users if block.is_directory]
        texts = [block.params.get("AlwaysFilter") or "" for block in blocks]
        texts += [block.settings.get("CustomerUserValidFilter") or "" for block in blocks]
        return any(text.count("(") != text.count(")") for text in texts)

    def owner(self, key: str, blocks: Sequence[Block], *, partial: bool = False) -> Record | None:
        """The record of the first source that knows `key`; refused where an earlier one is silent, but in lists."""
        for block in blocks if key else ():
            if self.records(block) is None and not partial:
                raise SILENT
            if same := self._spelled(block, key):
                return min(same, key=lambda record: (record.key != key, record.key))
        return None

    def is_hidden(self, record: Record, blocks: Sequence[Block]) -> bool:
        """Whether an earlier source, or another spelling in its own, owns the record's key."""
        if any(self._spelled(block, record.key) for block in blocks[: record.block.place]):
            return True
        return min(one.key for one in self._spelled(record.block, record.key)) != record.key

    def holders(self, key: str) -> int:
        """How many sources of customer users hold a login, in whatever spelling."""
        return sum(fold(key) in self._by_folded_key(block) for block in self.users)

    def label(self, record: Record) -> str:
        """The list fields that are not empty, and an address at the end in angle brackets (SRCH-16, COMP-6)."""
        text = " ".join(part for part in self._parts(record, record.block.label_columns, shown=True) if part)
        ending = re.fullmatch(r"(.*)\s(\S+@\S+\.\S+)\s*", text, re.DOTALL)
        return f'"{ending[1]}" <{ending[2]}>' if ending and not record.block.is_company else text

    def full_name(self, record: Record) -> str:
        """The name fields that are not empty (CU-9)."""
        block = record.block
        columns = block.words("NameFields", () if block.is_directory else ("first_name", "last_name"))
        join = block.settings.get("CustomerUserNameFieldsJoin")
        parts = self._parts(record, columns, shown=False)
        return (" " if join is None else str(join)).join(part for part in parts if part)

    def dynamic(self, record: Record, name: str) -> Sequence[str]:
        """The values of a dynamic field as stored."""
        return self._dynamic_values.get((record.key, name), ())

    def customer_ids(self, record: Record) -> list[str]:
        """Listed, primary and related IDs, each once and none empty (MULTI-1 to MULTI-5)."""
        primary = None if truthy(record.block.settings.get("CustomerUserExcludePrimaryCustomerID")) else True
        own = [record.attribute("UserCustomerID")] if primary else []
        listed = split_ids(record.attribute("UserCustomerIDs") or "")
        found = [*own, *listed, *self.related("user_id", record.key)]
        return list(dict.fromkeys(one for one in found if one))

    def related(self, column: str, value: str) -> list[str]:
        """Relations of a login or a customer ID, exactly as stored."""
        other = "customer_id" if column == "user_id" else "user_id"
        rows = self.world.query("SELECT user_id, customer_id FROM customer_user_customer")
        return sorted({row[other][0] for row in rows if row[column] == (value,)})

    def preferences(self, login: str) -> Mapping[str, str | None]:
        """Preferences of a login, exactly as stored."""
        rows = self.world.query(
            "SELECT user_id, preferences_key, preferences_value FROM customer_preferences"
        )
        return {
            row["preferences_key"][0]: next(iter(row["preferences_value"]), None)
            for row in rows
            if row["user_id"] == (login,)
        }

    @cached_property
    def described(self) -> frozenset[str]:
        """Logins that dynamic fields know of, whether they have values or not."""
        rows = self.world.query("SELECT object_name, object_type FROM dynamic_field_obj_id_name")
        return frozenset(row["object_name"][0] for row in rows if row["object_type"][0] == "CustomerUser")

    @cached_property
    def text_fields(self) -> frozenset[str]:
        """Dynamic fields that hold text."""
        rows = self.world.query("SELECT name, field_type FROM dynamic_field WHERE valid_id = 1")
        others = ("Date", "DateTime", "Checkbox")
        return frozenset(row["name"][0] for row in rows if row["field_type"][0] not in others)

    @cached_property
    def _dynamic_values(self) -> Mapping[tuple[str, str], Sequence[str]]:
        rows = self.world.query(
            "SELECT o.object_name, f.name, v.value_text FROM dynamic_field_value v"
            " JOIN dynamic_field f ON f.id = v.field_id JOIN dynamic_field_obj_id_name o USING (object_id)"
            " WHERE f.valid_id = 1 AND o.object_type = 'CustomerUser' ORDER BY v.id"
        )
        found: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            found.setdefault((row["object_name"][0], row["name"][0]), []).extend(row["value_text"])
        return found

    @cached_property
    def _choices(self) -> Mapping[str, Mapping[str, str]]:
        """What the values of dynamic fields are called, by the fields' names."""
        rows = self.world.query("SELECT name, config FROM dynamic_field")
        return {
            row["name"][0]: dict(re.findall(r"^  (\w+): (.+)$", row["config"][0], re.MULTILINE))
            for row in rows
        }

    def _spelled(self, block: Block, key: str) -> Sequence[Record]:
        """Records of a source whose key is `key`, as the source compares."""
        same = self._by_folded_key(block).get(fold(key), ())
        return same if block.folded else [record for record in same if record.key == key]

    def _by_folded_key(self, block: Block) -> Mapping[str, Sequence[Record]]:
        if block.slot not in self._keys:
            keys: dict[str, list[Record]] = {}
            for record in self.records(block) or ():
                keys.setdefault(fold(record.key), []).append(record)
            self._keys[block.slot] = keys
        return self._keys[block.slot]

    def _parts(self, record: Record, columns: Iterable[str], *, shown: bool) -> Iterable[str | None]:
        dynamic = {row.column for row in record.block.rows if row.is_dynamic}
        for column in columns:
            if column in dynamic:
                names = self._choices.get(column, {}) if shown else {}
                yield " ".join(names.get(value, value) for value in self.dynamic(record, column))
            else:
                yield record.first(column)

    def _rows(self, block: Block) -> Iterable[Record]:
        table = block.params["Table"]
        audit = ", create_time AS created" if block.audited else ""
        dsn = re.search(r"dbname=([^;]+)", block.params.get("DSN", ""))
        valid = block.valid_column
        for row in self.world.query(f"SELECT *{audit} FROM {table}", dsn[1] if dsn else "main"):
            stored = row.get(valid or "", ())
            yield Record(block, row, _validity(stored) if valid else "1")

    def _entries(self, block: Block) -> Iterable[Record]:
        params = block.params
        always = params.get("AlwaysFilter") or ""
        everybody = f"(&({block.key}=*){always})"
        wanted = block.settings.get("CustomerUserValidFilter")
        valid = {entry["dn"] for entry in self._found(block, f"(&{everybody}{wanted})")} if wanted else None
        members = self._members(block) if params.get("GroupDN") else None
        for entry in self._found(block, everybody):
            record = Record(block, entry, "1" if valid is None or entry["dn"] in valid else "2")
            if members is None or record.key in members:
                yield record

    def _members(self, block: Block) -> frozenset[str]:
        groups = self._found(block, "(memberUid=*)", block.params["GroupDN"])
        return frozenset(uid for group in groups for uid in group["memberuid"])

    def _found(self, block: Block, text: str, base: str | None = None) -> Sequence[Entry]:
        params: Mapping[str, Any] = block.params
        bind = ["-D", params["UserDN"], "-w", params["UserPw"]] if truthy(params.get("UserDN")) else []
        url = f"ldap://{params['Host']}:{params['Params']['port']}"
        where = ["-H", url, "-b", base or params["BaseDN"], "-s", params["SSCOPE"], "-E", "pr=500/noprompt"]
        entries = self.world.search([*where, *bind, text])
        if str(params.get("SourceCharset")).lower() == "iso-8859-1":
            return [_as_latin1(entry) for entry in entries]
        return entries


def mapped(record: Record) -> Iterable[tuple[Row, str | None]]:
    """The mapped attributes of a record that are columns."""
    for row in record.block.rows:
        if not row.is_dynamic:
            yield row, record.first(row.column)


def _validity(stored: Sequence[str]) -> str:
    return stored[0] if stored and stored[0] in VALID_IDS else "2"


def _as_latin1(entry: Entry) -> Entry:
    return {
        name: tuple(value.encode().decode("latin-1") for value in values) for name, values in entry.items()
    }

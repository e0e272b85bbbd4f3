"""What the steps of a case make of the rows, by our rules and naively."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backends.order import fold
from tests.otobo.blocks import Block, truthy
from tests.otobo.fresh import Changes, Tables
from tests.otobo.grants import SHIPPED
from tests.otobo.oracle import Oracle
from tests.otobo.recording import Call
from tests.otobo.rows import GENERATED, NOW

Cells = dict[str, str | None]

PASSWORD, LISTED = "pw", "UserCustomerIDs"
OBJECTS = "dynamic_field_obj_id_name"
RELATIONS = {
    "customer_preferences": "user_id",
    "group_customer_user": "user_id",
    "customer_user_customer": "user_id",
    "service_customer_user": "customer_user_login",
    "group_customer": "",
    OBJECTS: "",
}
"""Tables that hang on a login or a customer ID, and their column of the login."""
TIMES = frozenset({"create_time", "change_time"})
AUDIT = {"create_time": NOW, "create_by": "1", "change_time": NOW, "change_by": "1"}


class Model:
    """The rows of all tables while the steps go on."""

    def __init__(self, before: Tables, recorded: Changes) -> None:
        self.recorded = recorded
        self.tables: dict[str, list[Cells]] = {
            table: [dict(row) for row in rows] for table, rows in before.items()
        }

    def apply(self, call: Call, oracle: Oracle) -> None:
        """One step that is not refused."""
        change = CHANGES.get(call.method)
        if change:
            change(self, call.args, oracle)

    def replace(self, table: str, chosen: Callable[[Cells], bool], wanted: Iterable[Cells]) -> None:
        """Put rows in the place of others; what stays as it is keeps its times (SVC-8, PERM-5)."""
        old = [row for row in self.tables[table] if chosen(row)]
        self.tables[table] = [row for row in self.tables[table] if not chosen(row)]
        for row in wanted:
            kept = [one for one in old if one.items() >= row.items()]
            self.tables[table] += kept or [row | {key: AUDIT[key] for key in AUDIT if _has(table, key)}]

    def rename(self, table: str, column: str, old: str, new: str, **others: str) -> None:
        """Give the rows of one name to another."""
        for row in self.tables[table]:
            if row[column] == old and row.items() >= others.items():
                row[column] = new
                if "change_time" in row:
                    row["change_time"], row["change_by"] = NOW, "1"

    def add(self, block: Block, key: str, password: object) -> None:
        """A new record as it was recorded, but for a password that is made where none is given (CU-40)."""
        table = self.table_of(block)
        added = self.recorded.get(table, {}).get("added", [])
        for row in (dict(one) for one in added if one[block.key] == key):
            if PASSWORD in row and not block.is_company and not truthy(password):
                row[PASSWORD] = GENERATED
            self.tables[table].append(row)

    def table_of(self, block: Block) -> str:
        """The table of a source."""
        table = str(block.params["Table"])
        return next(name for name in self.tables if name.split(".")[-1] == table)

    def rows_of(self, block: Block) -> list[Cells]:
        """The rows of a source."""
        return self.tables[self.table_of(block)]


def _has(table: str, column: str) -> bool:
    if table in ("customer_preferences", OBJECTS):
        return False
    return column.startswith("create") or table != "service_customer_user"


def _stored(oracle: Oracle, value: object, blocks: Sequence[Block]) -> str:
    owner = oracle.owner(str(value), blocks)
    return owner.key if owner else str(value)


def set_preference(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """One value for a key."""
    login, key = _stored(oracle, args["UserID"], oracle.users), str(args["Key"])
    value = "" if args.get("Value") is None else str(args["Value"])
    row: Cells = {"user_id": login, "preferences_key": key, "preferences_value": value}
    model.replace(
        "customer_preferences",
        lambda one: (one["user_id"], one["preferences_key"]) == (login, key),
        [row],
    )


def relate(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """A customer user and a customer."""
    login = _stored(oracle, args["CustomerUserID"], oracle.users)
    customer = _stored(oracle, args["CustomerID"], oracle.companies)
    row: Cells = {"user_id": login, "customer_id": customer}
    wanted = [row] if truthy(args.get("Active")) else []
    model.replace("customer_user_customer", lambda one: one.items() >= row.items(), wanted)


def give_service(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """A customer user and a service."""
    login = _stored(oracle, args["CustomerUserLogin"], oracle.users)
    row: Cells = {"customer_user_login": login, "service_id": str(args["ServiceID"])}
    wanted = [row] if truthy(args.get("Active")) else []
    model.replace("service_customer_user", lambda one: one.items() >= row.items(), wanted)


def grant_user(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """All that a customer user holds in a group (PERM-4)."""
    if not args["Permission"]:
        return
    login, group = _stored(oracle, args["UID"], oracle.users), str(args["GID"])
    keys = _granted(args["Permission"], oracle)
    place: Cells = {"user_id": login, "group_id": group}
    wanted = [place | {"permission_key": key, "permission_value": "1"} for key in keys]
    model.replace("group_customer_user", lambda one: one.items() >= place.items(), wanted)


def grant_customer(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """All that a customer holds in a group, context by context (PERM-5)."""
    customer = _stored(oracle, args["CustomerID"], oracle.companies)
    contexts = oracle.settings.get("CustomerGroupPermissionContext") or {}
    known = {context.get("Value") for context in contexts.values()} & set(SHIPPED.values())
    for context, permission in args["Permission"].items():
        if context in known and permission:
            place: Cells = {
                "customer_id": customer,
                "group_id": str(args["GID"]),
                "permission_context": context,
            }
            keys = _granted(permission, oracle)
            wanted = [place | {"permission_key": key, "permission_value": "1"} for key in keys]
            model.replace("group_customer", lambda one, at=place: one.items() >= at.items(), wanted)  # type: ignore[misc]


def _granted(permission: Mapping[str, Any], oracle: Oracle) -> list[str]:
    """The keys that are stored: rw stands for all."""
    keys = [key for key, value in permission.items() if truthy(value)]
    return ["rw"] if "rw" in keys else [key for key in keys if key in _keys(oracle)]


def _keys(oracle: Oracle) -> Sequence[str]:
    found: Sequence[str] = oracle.settings["System::Customer::Permission"]
    return found


def update_user(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """A whole record, and everything that hangs on a new login (CU-27, CU-34)."""
    old = args.get("ID") if args.get("ID") not in (None, "") else args["UserLogin"]
    owner = oracle.owner(str(old), oracle.users)
    if owner is None:
        return
    new = str(args["UserLogin"])
    row = next(one for one in model.rows_of(owner.block) if one[owner.block.key] == owner.key)
    left_alone = {entry[0] for entry in owner.block.settings["Map"] if truthy(entry[7])} | {LISTED}
    for mapped in owner.block.rows:
        if not mapped.is_dynamic and mapped.variable not in left_alone:
            value = args.get(mapped.variable)
            row[mapped.column] = (
                str(value or 0) if mapped.type == "int" else str("" if value is None else value)
            )
    if owner.block.audited:
        row["change_time"], row["change_by"] = NOW, "1"
    if new != owner.key:
        for table, column in RELATIONS.items():
            if column:
                model.rename(table, column, owner.key, new)
        model.rename(OBJECTS, "object_name", owner.key, new, object_type="CustomerUser")


def update_customer(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """Everything that hangs on a new customer ID, once and completely (COMP-17, COMP-19)."""
    owner = oracle.owner(str(args.get("CustomerCompanyID") or args["CustomerID"]), oracle.companies)
    if owner is None:
        return
    new = str(args["CustomerID"])
    row = next(one for one in model.rows_of(owner.block) if one[owner.block.key] == owner.key)
    for mapped in owner.block.rows:
        if not mapped.is_dynamic:
            value = args.get(mapped.variable)
            row[mapped.column] = None if value is None else str(value)
    if owner.block.audited:
        row["change_time"], row["change_by"] = NOW, "1"
    if new == owner.key:
        return
    model.rename("group_customer", "customer_id", owner.key, new)
    model.rename("customer_user_customer", "customer_id", owner.key, new)
    model.rename(OBJECTS, "object_name", owner.key, new, object_type="CustomerCompany")
    for block in oracle.users:
        if not block.is_directory and not truthy(block.settings.get("ReadOnly")):
            _rename_primary(model, block, owner.key, new)


def _rename_primary(model: Model, block: Block, old: str, new: str) -> None:
    same = fold if block.folded else str
    column = str(block.settings["CustomerID"])
    for row in model.rows_of(block):
        if same(row[column] or "") == same(old) and row[column] != new:
            row[column] = new
            if block.audited:
                row["change_time"], row["change_by"] = NOW, "1"


def add_user(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """A new customer user."""
    slot = args.get("Source") or "CustomerUser"
    block = next(one for one in oracle.users if one.slot == slot)
    model.add(block, str(args["UserLogin"]), args.get("UserPassword"))


def add_customer(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """A new customer."""
    slot = args.get("Source") or "CustomerCompany"
    model.add(next(one for one in oracle.companies if one.slot == slot), str(args["CustomerID"]), None)


def set_password(model: Model, args: Mapping[str, Any], oracle: Oracle) -> None:
    """The hash that was recorded, or one of a password that was made."""
    owner = oracle.owner(str(args["UserLogin"]), oracle.users)
    if owner is None:
        return
    row = next(one for one in model.rows_of(owner.block) if one[owner.block.key] == owner.key)
    added = model.recorded.get(model.table_of(owner.block), {}).get("added", [])
    hashes = [one[PASSWORD] for one in added if one[owner.block.key] == owner.key]
    row[PASSWORD] = hashes[0] if hashes and truthy(args.get("PW")) else GENERATED


CHANGES: Mapping[str, Callable[[Model, Mapping[str, Any], Oracle], None]] = {
    "CustomerUserAdd": add_user,
    "CustomerCompanyAdd": add_customer,
    "SetPassword": set_password,
    "SetPreferences": set_preference,
    "CustomerUserCustomerMemberAdd": relate,
    "CustomerUserServiceMemberAdd": give_service,
    "GroupMemberAdd": grant_user,
    "GroupCustomerAdd": grant_customer,
    "CustomerUserUpdate": update_user,
    "CustomerCompanyUpdate": update_customer,
}

"""All settings of an OTOBO system: sources in their order, groups, services, e-mail, tickets and sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.otobo.login import login_tables
from gateway.otobo.notes import Note, Notes
from gateway.otobo.sources import Table, customer_table, user_source
from gateway.otobo.stores import database_url
from gateway.otobo.values import Block, is_true, number, slots, table, text, texts

MOST_SOURCES = 10
SAME, OTHER = "001-CustomerID-same", "100-CustomerID-other"
HASHES = ("bcrypt", "sha2", "sha512")
FILLS_TICKETS = "4100-DynamicFieldFromCustomerUser"
PREFERENCES = {
    "Table": "customer_preferences",
    "TableKey": "preferences_key",
    "TableValue": "preferences_value",
    "TableUserID": "user_id",
}
SIGNING_KEY = "${KUNDENGRAPH_SIGNING_KEY}"


@dataclass(frozen=True, slots=True)
class Translation:
    """A configuration as nested tables, and notes on what it lacks."""

    config: Table
    notes: list[Note]


def translate(settings: Block, registry_url: str = "") -> Translation:
    """The configuration that `settings` mean; `registry_url` is the main database, where they do not say it."""
    notes = Notes()
    config: Table = {
        "registry": _registry(settings, registry_url, notes.at("registry")),
        "auth": {"signing_key": SIGNING_KEY},
    }
    if logins := login_tables(settings, notes):
        config["auth"]["login"] = logins
    config["groups"] = _groups(settings, notes.at("groups"))
    config["services"] = {"keep_children": is_true(settings.get("Ticket::Service::KeepChildren"))}
    config["email"] = _email(settings, notes.at("email"))
    if mapping := _ticket_fields(settings, notes):
        config["tickets"] = {"dynamic_fields": mapping}
    config["sources"] = _sources(settings, notes)
    config["customers"] = _customers(settings, notes)
    _preferences(settings, notes)
    return Translation(config, notes.found)


def _registry(settings: Block, url: str, notes: Notes) -> Table:
    if not url:
        dsn = text(settings.get("DatabaseDSN"))
        url = database_url(dsn, settings.get("DatabaseUser"), settings.get("DatabasePw")) or ""
        if not url:
            notes.add("DatabaseDSN: the main database is not known; give its url here.")
    found: Table = {"url": url} if url else {}
    if user := number(settings.get("CustomerPanelUserID"), 0):
        found["user_id"] = user
    return found | {"time_zone": text(settings.get("OTOBOTimeZone")) or "UTC"}


def _groups(settings: Block, notes: Notes) -> Table:
    contexts = {
        name: text(table(value).get("Value"))
        for name, value in table(settings.get("CustomerGroupPermissionContext")).items()
    }
    for name in sorted(contexts.keys() - {SAME, OTHER}):
        notes.add(f"CustomerGroupPermissionContext###{name} is neither of the two contexts that exist here.")
    found: Table = {
        "enabled": is_true(settings.get("CustomerGroupSupport")),
        "always": texts(settings.get("CustomerGroupAlwaysGroups")),
        "customer_always": texts(settings.get("CustomerGroupCompanyAlwaysGroups")),
        "same_context": contexts.get(SAME, ""),
        "other_context": contexts.get(OTHER, ""),
    }
    permissions = texts(settings.get("System::Customer::Permission"))
    return found | ({"permissions": permissions} if permissions else {})


def _email(settings: Block, notes: Notes) -> Table:
    if is_true(settings.get("CheckMXRecord")):
        notes.add("CheckMXRecord: no name server is asked while a request is answered.")
    checked = settings.get("CheckEmailAddresses")
    return {
        "check_syntax": checked is None or is_true(checked),
        "reject": text(settings.get("CheckEmailInvalidAddress")),
    }


def _ticket_fields(settings: Block, notes: Notes) -> dict[str, str]:
    """What tickets take over, where the handler that does it is switched on."""
    mapping = table(settings.get("DynamicFieldFromCustomerUser::Mapping"))
    handler = table(settings.get("Ticket::EventModulePost")).get(FILLS_TICKETS)
    if mapping and not handler:
        notes.add(f"DynamicFieldFromCustomerUser::Mapping: Ticket::EventModulePost###{FILLS_TICKETS} is off.")
        return {}
    return {variable: text(name) for variable, name in sorted(mapping.items()) if text(name)}


def _sources(settings: Block, notes: Notes) -> list[Table]:
    """The blocks in the order in which OTOBO walks them; gaps close up."""
    support = isinstance(settings.get("CustomerCompany"), Mapping)
    hash_ = _password_hash(settings, notes)
    found: list[Table] = []
    for suffix, block in slots(settings, "CustomerUser"):
        if len(found) == MOST_SOURCES:
            notes.add(f"CustomerUser{suffix}: at most {MOST_SOURCES} sources are possible.")
            continue
        here = notes.at("sources", len(found))
        source = user_source(f"customer_user{suffix}", block, here, password_hash=hash_, support=support)
        if source is not None:
            found.append(source)
    return found


def _customers(settings: Block, notes: Notes) -> list[Table]:
    found: list[Table] = []
    for suffix, block in slots(settings, "CustomerCompany"):
        if len(found) == MOST_SOURCES:
            notes.add(f"CustomerCompany{suffix}: at most {MOST_SOURCES} sources are possible.")
            continue
        source = customer_table(f"customer_company{suffix}", block, notes.at("customers", len(found)))
        if source is not None:
            found.append(source)
    return found


def _password_hash(settings: Block, notes: Notes) -> str:
    """How new passwords are stored: as OTOBO does it, where that is one of our ways."""
    kind = text(settings.get("Customer::AuthModule::DB::CryptType"))
    if kind in HASHES:
        return kind
    if kind:
        notes.add(
            f"Customer::AuthModule::DB::CryptType = {kind}: new passwords are stored as bcrypt instead."
        )
    return ""


def _preferences(settings: Block, notes: Notes) -> None:
    params = table(table(settings.get("CustomerPreferences")).get("Params"))
    for key, usual in PREFERENCES.items():
        if text(params.get(key), usual) != usual:
            notes.add(f"CustomerPreferences.Params.{key}: preferences are read from {usual}.")
    for name, group in sorted(table(settings.get("CustomerPreferencesGroups")).items()):
        if table(group).get("DataSelected") is not None:
            notes.add(f"CustomerPreferencesGroups###{name}.DataSelected: a preference has no default here.")

"""Source blocks of customer users and of customers, as tables of our configuration."""

from __future__ import annotations

from typing import Any

from backends.fields import RESERVED_CUSTOMER_NAMES, RESERVED_USER_NAMES
from backends.ldap.config import ATTRIBUTE
from backends.names import CUSTOMER_NAMES, USER_NAMES
from backends.sql.config import IDENTIFIER
from gateway.otobo.fields import field_rows
from gateway.otobo.notes import Notes
from gateway.otobo.stores import bind, database_url, directory_url
from gateway.otobo.values import Block, is_true, number, table, text, texts

Table = dict[str, Any]

CACHE_SECONDS = {"sql": 60, "ldap": 120}
LONGEST_CACHE = "CacheTTL = {}: OTOBO knows when it writes itself, others do not; raise cache_ttl where nobody else writes."
NAME_FIELDS = ("first_name", "last_name")
LIST_FIELDS = (*NAME_FIELDS, "email")


def is_directory(block: Block) -> bool:
    """Whether a block is a directory's: its module says so."""
    return "ldap" in text(block.get("Module")).lower()


def user_source(key: str, block: Block, notes: Notes, *, password_hash: str, support: bool) -> Table | None:
    """One source of customer users; None where it cannot be carried over at all."""
    source = directory(key, block, notes) if is_directory(block) else user_table(key, block, notes)
    if source is None:
        return None
    source["customer_support"] = support and is_true(block.get("CustomerCompanySupport"))
    source["exclude_primary_customer_id"] = is_true(block.get("CustomerUserExcludePrimaryCustomerID"))
    if block.get("AdminSetPreferences") is not None:
        source["admin_set_preferences"] = is_true(block["AdminSetPreferences"])
    if password_hash and not is_directory(block):
        source["password_hash"] = password_hash
    fields = field_rows(
        block,
        known=USER_NAMES,
        reserved=RESERVED_USER_NAMES,
        column=ATTRIBUTE if is_directory(block) else IDENTIFIER,
        notes=notes,
        password=not is_directory(block),
    )
    return source | {"standard_fields": False, "fields": fields}


def user_table(key: str, block: Block, notes: Notes) -> Table | None:
    """A table of customer users."""
    place = _place(block, "customer_user", notes)
    if place is None:
        return None
    return {
        "key": key,
        "name": text(block.get("Name")),
        **place,
        "read_only": is_true(block.get("ReadOnly")),
        "customer_key": text(block.get("CustomerKey")) or text(block.get("Key")),
        "customer_id": text(block.get("CustomerID")),
        "valid": text(block.get("CustomerValid")),
        **_words(block, notes, names=NAME_FIELDS, listed=LIST_FIELDS, limit=250),
        "unique_email": is_true(block.get("CustomerUserEmailUniqCheck")),
        **_auto_login(block),
        **_cache(block, "sql", notes),
    }


def directory(key: str, block: Block, notes: Notes) -> Table | None:
    """A directory of customer users."""
    params = table(block.get("Params"))
    url = directory_url(params, notes)
    if url is None:
        notes.add("Params.Host names no directory that can be reached: the source is left out.")
        return None
    filters = {
        "always_filter": text(params.get("AlwaysFilter")).strip(),
        "valid_filter": text(block.get("CustomerUserValidFilter")).strip(),
    }
    for name, term in filters.items():
        if term and "(" not in term:
            filters[name] = f"({term})"
    return {
        "key": key,
        "name": text(block.get("Name")),
        "backend": "ldap",
        "url": url,
        "base_dn": text(params.get("BaseDN")),
        "scope": text(params.get("SSCOPE")).lower() or "sub",
        **bind(params, notes),
        **filters,
        "group_dn": text(params.get("GroupDN")),
        "translate_manager_to": text(block.get("TranslateManagerTo") or params.get("TranslateManagerTo")),
        "charset": text(params.get("SourceCharset")) or "utf-8",
        "customer_key": text(block.get("CustomerKey")),
        "customer_id": text(block.get("CustomerID")),
        **_words(block, notes, names=(), listed=(), limit=200),
        **_cache(block, "ldap", notes),
    }


def customer_table(key: str, block: Block, notes: Notes) -> Table | None:
    """A source of customers."""
    place = _place(block, "customer_company", notes)
    if place is None:
        return None
    if is_true(block.get("CustomerValid")):
        notes.add("CustomerValid: the search by fields uses the column of valid, as all lists do.")
    fields = field_rows(
        block,
        known=CUSTOMER_NAMES,
        reserved=RESERVED_CUSTOMER_NAMES,
        column=IDENTIFIER,
        notes=notes,
        password=False,
    )
    listed = block.get("CustomerCompanyListFields")
    return {
        "key": key,
        "name": text(block.get("Name")),
        **place,
        "read_only": is_true(block.get("ReadOnly")),
        "customer_key": text(block.get("CustomerCompanyKey")),
        "valid": text(block.get("CustomerCompanyValid")),
        "list_fields": ["customer_id", "name"] if listed is None else texts(listed),
        "search_fields": texts(block.get("CustomerCompanySearchFields")),
        "search_prefix": text(block.get("CustomerCompanySearchPrefix")),
        "search_suffix": text(block.get("CustomerCompanySearchSuffix"), "*"),
        "search_list_limit": number(block.get("CustomerCompanySearchListLimit"), 50_000),
        **_cache(block, "sql", notes),
        "standard_fields": False,
        "fields": fields,
    }


def _place(block: Block, default_table: str, notes: Notes) -> Table | None:
    """Database, table and how it compares; None where we have no driver."""
    params = table(block.get("Params"))
    place: Table = {}
    if dsn := text(params.get("DSN")):
        url = database_url(dsn, params.get("User"), params.get("Password"))
        if url is None:
            notes.add("Params.DSN names a kind of database that cannot be read: the source is left out.")
            return None
        place |= {"backend": url.partition(":")[0], "url": url}
    sensitive = params.get("SearchCaseSensitive")
    if sensitive is None:
        sensitive = params.get("CaseSensitive")
    return place | {
        "table": text(params.get("Table")) or default_table,
        "foreign": is_true(params.get("ForeignDB")),
        "search_case_sensitive": is_true(sensitive),
    }


def _words(
    block: Block, notes: Notes, *, names: tuple[str, ...], listed: tuple[str, ...], limit: int
) -> Table:
    """Labels, names and searches, with OTOBO's own defaults where a key is absent."""
    if not texts(block.get("CustomerUserSearchFields")) and not is_directory(block):
        notes.add("CustomerUserSearchFields is missing: the source takes no part in searches.")
    return {
        "list_fields": texts(block.get("CustomerUserListFields", listed)) or list(listed),
        "name_fields": texts(block.get("CustomerUserNameFields", names)) or list(names),
        "name_join": text(block.get("CustomerUserNameFieldsJoin"), " "),
        "search_fields": texts(block.get("CustomerUserSearchFields")),
        "search_prefix": text(block.get("CustomerUserSearchPrefix")),
        "search_suffix": text(block.get("CustomerUserSearchSuffix"), "*"),
        "search_list_limit": number(block.get("CustomerUserSearchListLimit"), limit),
        "post_master_search_fields": texts(block.get("CustomerUserPostMasterSearchFields")),
    }


def _auto_login(block: Block) -> Table:
    if not is_true(block.get("AutoLoginCreation")):
        return {}
    return {"auto_login_prefix": text(block.get("AutoLoginCreationPrefix")) or "auto"}


def _cache(block: Block, kind: str, notes: Notes) -> Table:
    """OTOBO's lifetime where it is not longer than ours: a longer one would hide what OTOBO writes."""
    seconds, longest = number(block.get("CacheTTL"), 0), CACHE_SECONDS[kind]
    if seconds > longest:
        notes.add(LONGEST_CACHE.format(seconds))
    return {"cache_ttl": min(seconds, longest)}

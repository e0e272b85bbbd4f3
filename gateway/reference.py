"""docs/configuration.md, made from the models that read the file: every key, what it takes, its default, its meaning."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from backends.config import BreakerConfig
from backends.fields import FieldConfig, Settings
from backends.ldap.config import LdapLoginConfig, LdapSourceConfig
from backends.sql.config import DatabaseLoginConfig, RegistryConfig, SqlCustomersConfig, SqlSourceConfig
from gateway import sections
from gateway.config import AuthConfig

INTRODUCTION = """\
# Configuration

Made from the models that read the file, by `python -m tests.committed`: change those, not this page.
A complete file to copy from is [kundengraph.example.toml](kundengraph.example.toml).

- The file is TOML. What is left out has its default; one `[[sources]]` table and `auth.signing_key` are required.
- `${NAME}` in a value is the environment variable of that name; one that is not set is an error.
- `KEY_file` names a file that holds the value of `KEY`, for mounted secrets: `signing_key_file = "key"`.
  For a list, each line of the file is an entry. File names, and the path of `sqlite:///path`, start at the
  configuration's folder.
- Unknown keys and wrong values stop the start. All findings are shown together, each with its path, and no value
  is ever repeated in one.
- `kundengraph check FILE` reads the file, connects to every store and compares the mappings with the real columns.

**Later** marks keys that are read and checked, and do nothing yet: what they steer is not built.
"""


class Section(NamedTuple):
    """A table of the file; with `like`, only what differs from another one is listed."""

    title: str
    model: type[Settings]
    like: type[Settings] | None = None
    note: str = ""


SECTIONS: Sequence[Section] = (
    Section("[server]", sections.ServerConfig),
    Section("[registry]", RegistryConfig, note="The main database of an OTOBO or Znuny system."),
    Section("[cache]", sections.CacheConfig),
    Section("[auth]", AuthConfig),
    Section(
        "[[auth.tokens]]", sections.TokenConfig, note="`kundengraph token NAME` prints a key and its hash."
    ),
    Section("[auth.oidc]", sections.OidcConfig),
    Section('[[auth.login]] with backend = "database"', DatabaseLoginConfig),
    Section('[[auth.login]] with backend = "ldap"', LdapLoginConfig),
    Section("[audit]", sections.AuditConfig),
    Section("[limits]", sections.LimitsConfig),
    Section("[groups]", sections.GroupsConfig),
    Section("[services]", sections.ServicesConfig),
    Section("[email]", sections.EmailConfig),
    Section("[tickets]", sections.TicketsConfig),
    Section(
        '[[sources]] with backend = "postgresql", "mariadb" or "sqlite"',
        SqlSourceConfig,
        note="The sources of customer users, one to ten. The first one that knows a login owns it.",
    ),
    Section('[[sources]] with backend = "ldap"', LdapSourceConfig, like=SqlSourceConfig),
    Section(
        "[[customers]]",
        SqlCustomersConfig,
        like=SqlSourceConfig,
        note="The sources of customers, at most ten. Left out, the table `customer_company` of the registry is one.",
    ),
    Section(
        "[[sources.fields]] and [[customers.fields]]",
        FieldConfig,
        note=(
            "The mapping is added to the standard fields. A row for a standard variable such as `UserEmail` overrides"
            ' what it names; `column = ""` takes the field away. A row for another variable is a field of its own in'
            " the schema: `UserRoom` becomes `room`."
        ),
    ),
    Section("breaker, in sources and customers", BreakerConfig),
)

MEANINGS: Mapping[str, str] = {
    "ServerConfig.host": "Address to listen on.",
    "ServerConfig.port": "Port to listen on.",
    "ServerConfig.path": "Path of the GraphQL endpoint.",
    "ServerConfig.graphiql": "Serve the explorer at `/graphiql/`, from the package itself.",
    "ServerConfig.introspection": "Let callers without credential introspect; those with one always may.",
    "ServerConfig.cors_origins": "Exact origins of web pages that may call from a browser; those of all others are refused.",
    "ServerConfig.max_body_bytes": "A larger request body is refused with 413.",
    "ServerConfig.request_timeout": "Seconds for one operation: silent stores are given up then, and it ends with what there is or SOURCE_TIMEOUT.",
    "ServerConfig.drain": "Seconds after SIGTERM in which requests are still taken, while /readyz says 503 to load balancers.",
    "ServerConfig.trusted_proxies": "Addresses whose X-Forwarded-For is believed.",
    "ServerConfig.workers": "Number of processes; each has its own memory and its own connections.",
    "ServerConfig.executor": "What executes operations: plans, or graphql-core, which also gets what no plan is made for.",
    "ServerConfig.federation": "Serve as an Apollo Federation 2 subgraph.",
    "RegistryConfig.url": "`postgresql://…`, `mariadb://…` or `sqlite:///path`.",
    "RegistryConfig.pool_size": "Most connections at once.",
    "RegistryConfig.timeout": "Seconds for one call.",
    "RegistryConfig.breaker": "When the registry is left alone for a while, see below.",
    "RegistryConfig.user_id": "Agent that is written into create_by and change_by.",
    "RegistryConfig.groups_table": "Table of the permission groups; `permission_groups` in Znuny.",
    "RegistryConfig.time_zone": "How create_time and change_time are written: OTOBOTimeZone.",
    "CacheConfig.backend": "Where records are remembered; redis is shared by replicas.",
    "CacheConfig.url": "`redis://host:port/db`, with redis.",
    "CacheConfig.max_entries": "Most records in memory; the least used go first.",
    "AuthConfig.anonymous": "Roles of a caller without credential; never a writing one.",
    "AuthConfig.signing_key": "Secret of 32 characters or more; cursors, versions and the tokens of customer users are made with it.",
    "AuthConfig.customer_login": "Whether customer users can sign in; otherwise customerLogin is FORBIDDEN.",
    "AuthConfig.token_ttl": "Seconds for which their token is good.",
    "AuthConfig.max_login_attempts": (
        "Failed attempts for each login in 15 minutes, 20 times as many for each address, 100 times for each credential;"
        " then RATE_LIMITED. 0 is no limit. With a redis cache all replicas count together."
    ),
    "AuthConfig.password_upgrade": "Put bcrypt in the place of a weak hash after a sign-in, in writable sources whose password_hash is bcrypt; OTOBO needs its bcrypt module.",
    "AuthConfig.bcrypt_cost": "What a password costs: new bcrypt hashes, and every attempt to sign in, whatever is stored.",
    "AuthConfig.customer_sees_colleagues": "May a customer user read the others of its customers?",
    "AuthConfig.customer_may_edit": "Fields that a customer user may change on its own record; `password` for its password. Never login, customer IDs and validity.",
    "AuthConfig.second_factor_key": "Preference that holds the TOTP secret; it is never shown or set. Whoever has one needs a code to sign in.",
    "AuthConfig.tokens": "API keys, see below.",
    "AuthConfig.oidc": "An identity provider, see below.",
    "AuthConfig.login": "Where passwords are checked, in order, see below.",
    "TokenConfig.name": "What the caller is called.",
    "TokenConfig.expires": "Last day on which it is good, in UTC.",
    "TokenConfig.sha256": "SHA-256 of the key in hexadecimal digits.",
    "TokenConfig.roles": (
        "reader reads; editor also makes and changes customer users and customers, and sets passwords, preferences and"
        " tickets; admin also changes relations, grants, groups and services."
        " customer is for signed-in customer users: a key with it is refused."
    ),
    "TokenConfig.customer_ids": (
        "It sees and changes only these customers and their users; empty: all. See [who sees what](security.md)."
    ),
    "TokenConfig.hidden_fields": (
        "Fields, by their names in the schema, that it neither sees nor asks about. See [who sees what](security.md)."
    ),
    "OidcConfig.issuer": "Address of the provider, https, exactly as its tokens say; empty: none.",
    "OidcConfig.audience": "For whom its tokens must be made out.",
    "OidcConfig.jwks_url": "Where its keys are, for a provider that keeps them on another host; found through the issuer otherwise.",
    "OidcConfig.roles_claim": "Claim that holds the roles; dots lead into objects, as in `realm_access.roles`. Others than ours are ignored.",
    "OidcConfig.login_claim": "Claim that holds the login; who has the role customer must have one that is valid.",
    "OidcConfig.customer_ids_claim": "Claim that limits a token to customers; where it is configured, a token without it is limited to none.",
    "OidcConfig.second_factor_key": "As in [auth]; either place will do.",
    "DatabaseLoginConfig.backend": "A table.",
    "DatabaseLoginConfig.url": "Its database; the registry's otherwise.",
    "DatabaseLoginConfig.table": "The table.",
    "DatabaseLoginConfig.customer_key": "Column of the login.",
    "DatabaseLoginConfig.password_column": "Column of the hash.",
    "DatabaseLoginConfig.pool_size": "Most connections at once.",
    "DatabaseLoginConfig.timeout": "Seconds for one call.",
    "LdapLoginConfig.backend": "A directory.",
    "LdapLoginConfig.uid": "Attribute of the login.",
    "LdapLoginConfig.user_suffix": "Added to what was typed.",
    "LdapLoginConfig.group_dn": "Only members of this group may sign in.",
    "LdapLoginConfig.access_attr": "Attribute of the group that names members.",
    "LdapLoginConfig.user_attr": "How members are named: DN or UID.",
    "LdapLoginConfig.always_filter": "Condition for every entry.",
    "LdapLoginConfig.pool_size": "Most connections at once for searches, and as many for binds.",
    "LdapLoginConfig.timeout": "Seconds for one call.",
    "DirectoryConfig.url": "`ldaps://host:port` or `ldap://host:port`.",
    "DirectoryConfig.start_tls": "Begin TLS on an ldap:// connection.",
    "DirectoryConfig.ca_file": "Certificates that are trusted; the system's otherwise.",
    "DirectoryConfig.base_dn": "Where the search begins.",
    "DirectoryConfig.bind_dn": "Who reads; empty binds anonymously.",
    "DirectoryConfig.bind_password": "Its password.",
    "AuditConfig.file": "Where changes are written down, as JSON lines; left out, the registry's table kundengraph_audit where there is one, else the log.",
    "LimitsConfig.max_tokens": "Most tokens of one document; 32 characters for each are its greatest length.",
    "LimitsConfig.max_depth": "Most levels of fields in one operation.",
    "LimitsConfig.max_cost": "Most objects that one operation may return: sizes of pages multiplied downwards, any other list counts 10.",
    "LimitsConfig.max_aliases": "Most aliases in one document.",
    "LimitsConfig.persisted_documents": "Folder of trusted documents: `*.graphql` files, and manifests in JSON.",
    "LimitsConfig.required": "Run trusted documents alone.",
    "GroupsConfig.enabled": "CustomerGroupSupport.",
    "GroupsConfig.permissions": "System::Customer::Permission.",
    "GroupsConfig.always": "CustomerGroupAlwaysGroups.",
    "GroupsConfig.customer_always": "CustomerGroupCompanyAlwaysGroups.",
    "GroupsConfig.same_context": "Stored value for tickets of the same customer.",
    "GroupsConfig.other_context": "Stored value for tickets of other customers; empty switches them off.",
    "ServicesConfig.keep_children": "Ticket::Service::KeepChildren.",
    "ServicesConfig.defaults": "fallback: where none is assigned; union: always added.",
    "EmailConfig.check_syntax": "CheckEmailAddresses; the DNS is never asked.",
    "EmailConfig.reject": "CheckEmailInvalidAddress: addresses that are refused, a regular expression.",
    "TicketsConfig.dynamic_fields": "DynamicFieldFromCustomerUser::Mapping: variable to the ticket's dynamic field.",
    "StoreConfig.key": "Name by which filters, reports and ids know the source; unique.",
    "StoreConfig.name": "Name for people; the key where empty.",
    "SqlStoreConfig.backend": "The kind of store; where left out, the scheme of `url` or of the registry's says.",
    "StoreConfig.url": "Its own database; the registry's where empty.",
    "StoreConfig.read_only": "Never written; reported as such.",
    "SqlStoreConfig.table": "The table or view, `schema.table` too.",
    "SqlStoreConfig.foreign": "ForeignDB: no columns create_time, create_by, change_time, change_by.",
    "SqlStoreConfig.valid": "Column of the validity; empty where there is none: everyone is valid.",
    "SqlStoreConfig.search_case_sensitive": "Compare keys, customer IDs, addresses and words as written.",
    "StoreConfig.customer_key": "Where the login is; of a customer, its ID.",
    "UserSourceConfig.customer_id": "Where the primary customer ID is.",
    "StoreConfig.list_fields": "Parts of `label`, in order.",
    "UserSourceConfig.name_fields": "Parts of `fullName`, in order.",
    "UserSourceConfig.name_join": "What stands between them.",
    "StoreConfig.search_fields": "What `search` looks into.",
    "StoreConfig.search_prefix": "Put before every word of a search.",
    "StoreConfig.search_suffix": "Put after every word of a search.",
    "StoreConfig.search_list_limit": "Most matches of one search; more are reported as TRUNCATED.",
    "UserSourceConfig.post_master_search_fields": "What `filter.email` compares with.",
    "SqlSourceConfig.unique_email": "Refuse an address that another customer user of the source has.",
    "SqlSourceConfig.customer_must_exist": "Refuse a customer ID under which nothing is stored.",
    "SqlSourceConfig.auto_login_prefix": "Make up a login that begins so where an empty one is given; where this is empty, a login is required.",
    "SqlSourceConfig.password_hash": "How new passwords are hashed.",
    "StoreConfig.pool_size": "Most calls, and connections, at once.",
    "UserSourceConfig.exclude_primary_customer_id": "Leave the primary customer ID out of `customerIds`.",
    "UserSourceConfig.customer_support": "CustomerCompanySupport: whether `customer` is looked up.",
    "UserSourceConfig.admin_set_preferences": "AdminSetPreferences.",
    "StoreConfig.cache_ttl": "Seconds for which a record is remembered; 0 never.",
    "StoreConfig.negative_ttl": "Seconds for which an absence is remembered.",
    "StoreConfig.timeout": "Seconds for one call; then the source counts as silent.",
    "StoreConfig.stale": "Seconds that a remembered record is served longer while the source is silent; 0 never.",
    "StoreConfig.breaker": "When a failing source is left alone for a while, see below.",
    "StoreConfig.standard_fields": "Whether the standard fields are mapped; if not, the rows of `fields` alone.",
    "StoreConfig.fields": "The mapping, see below.",
    "LdapSourceConfig.url": "`ldaps://host:port` or `ldap://host:port`.",
    "LdapSourceConfig.backend": "A directory; where left out, the scheme of `url` says.",
    "LdapSourceConfig.read_only": "A directory is always read-only.",
    "LdapSourceConfig.scope": "How far below base_dn.",
    "LdapSourceConfig.always_filter": "Condition for every entry, in brackets.",
    "LdapSourceConfig.valid_filter": "CustomerUserValidFilter: who is valid; empty where everyone is.",
    "LdapSourceConfig.group_dn": "Only members of this group exist.",
    "LdapSourceConfig.group_attribute": "Attribute of the group that names members, by login or by DN.",
    "LdapSourceConfig.translate_manager_to": "Attribute of the manager's entry to show instead of its DN.",
    "LdapSourceConfig.charset": "Character set of the directory's values.",
    "LdapSourceConfig.page_size": "Entries in one page of results.",
    "FieldConfig.variable": "Name of the variable as OTOBO maps it, such as UserRoom.",
    "FieldConfig.label": "Name for people.",
    "FieldConfig.column": "Column or attribute; of a dynamic field, its name.",
    "FieldConfig.name": "Name in the schema, where the derived one would clash.",
    "FieldConfig.required": "Must it be given where a record is made, and never be emptied?",
    "FieldConfig.visible": "Is it shown to people? Shown in `Source.fields`.",
    "FieldConfig.read_only": "Is it never changed? It may be given where a record is made.",
    "FieldConfig.type": "dynamic_field: the value is in the registry.",
    "FieldConfig.selection": "Values to choose from, with their labels.",
    "BreakerConfig.failures": "After so many failures in a row the source is not asked,",
    "BreakerConfig.seconds": "for so many seconds; then one call tries again.",
}
"""What each key means, by the model that names it first."""

LATER = frozenset(
    {
        "AuthConfig.customer_sees_colleagues",
        "AuthConfig.customer_may_edit",
        "UserSourceConfig.admin_set_preferences",
    }
)
"""Keys, and whole tables, that nothing reads yet beyond checking them."""


def render() -> str:
    """The page, ready to be written."""
    return "\n".join([INTRODUCTION, *(line for section in SECTIONS for line in _section(section))])


def _section(section: Section) -> Iterator[str]:
    model, like = section.model, section.like
    summary = (model.__doc__ or "").splitlines()[0].partition(": ")
    yield f"## `{section.title}`\n"
    yield " ".join(filter(None, [_sentence(summary[2] or summary[0]), section.note])) + "\n"
    if model.__name__ in LATER:
        yield "**Later**, all of it.\n"
    if like is not None:
        absent = [key for key in like.model_fields if key not in model.model_fields]
        yield f"Keys and defaults are those of `[[sources]]` above, without {_listed(absent)}, and with these:\n"
    yield "| Key | Takes | Default | Meaning |"
    yield "|---|---|---|---|"
    for key, field in model.model_fields.items():
        if like is None or _differs(model, key, field, like):
            yield _row(model, key, field)
    yield ""


def _differs(model: type[Settings], key: str, field: FieldInfo, like: type[Settings]) -> bool:
    other = like.model_fields.get(key)
    if other is None or _path(model, key) != _path(like, key):
        return True
    return (other.default, other.annotation) != (field.default, field.annotation)


def _row(model: type[Settings], key: str, field: FieldInfo) -> str:
    path = _path(model, key)
    later = "**Later.** " if path in LATER else ""
    cells = (f"`{key}`", _takes(field.annotation, field.metadata), _default(field), later + MEANINGS[path])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _path(model: type[Settings], key: str) -> str:
    """The entry of MEANINGS for a key: that of the model itself, or else of the nearest one above it."""
    return next(path for one in model.__mro__ if (path := f"{one.__name__}.{key}") in MEANINGS)


def _takes(annotation: Any, metadata: Sequence[object]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_takes(arguments[0], ())}"
    if origin in (Union, types.UnionType):
        kinds = {_takes(one, ()) for one in arguments if one is not type(None)}
        return " or ".join(sorted(kinds))
    if hasattr(annotation, "__metadata__"):
        return _takes(arguments[0], annotation.__metadata__)
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, Settings)):
        return "table"
    if annotation in (int, float):
        return _number(annotation, metadata)
    return _KINDS[annotation]


_KINDS: Mapping[object, str] = {
    str: "text",
    bool: "true or false",
    date: "date",
    Path: "path",
    SecretStr: "secret text",
}


def _number(kind: type, metadata: Sequence[object]) -> str:
    flat = [one for item in metadata for one in (getattr(item, "metadata", None) or [item])]
    word = "whole number" if kind is int else "number"
    low, above, high = (
        next((found for one in flat if (found := getattr(one, sign, None)) is not None), None)
        for sign in ("ge", "gt", "le")
    )
    if low is not None and high is not None:
        return f"{word} from {low} to {high}"
    if above is not None and high is not None:
        return f"{word} above {above}, to {high}"
    return f"{word} from {low}" if low is not None else word


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Settings) or (isinstance(value, tuple) and value and isinstance(value[0], Settings)):
        return "as below"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return str(value)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)

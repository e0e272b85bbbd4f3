"""What the settings of an OTOBO system become."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from backends.ldap.config import LdapSourceConfig
from gateway.config import Config, ConfigError, loads
from gateway.otobo import dumps, import_settings, translate
from gateway.otobo.notes import Note
from gateway.otobo.stores import database_url
from gateway.otobo.values import is_true, plain_password
from tests.otobo.recording import GOLDEN, Scenario, filled, scenarios

REGISTRY = "postgresql://otobo@127.0.0.1/otobo"
PLACES = {
    "db:crm": "crm",
    "db:legacy": "legacy",
    "pg_host": "127.0.0.1",
    "pg_port": "5432",
    "pg_user": "u",
    "pg_password": "p",
    "ldap_host": "127.0.0.1",
    "ldap_port": "389",
}
MAP = [
    ["UserLogin", "Username", "login", 1, 1, "var", "", 0],
    ["UserEmail", "Email", "email", 1, 1, "var", "", 0],
    ["UserCustomerID", "CustomerID", "customer_id", 0, 1, "var", "", 0],
]
TABLE = {
    "Module": "Kernel::System::CustomerUser::DB",
    "CustomerKey": "login",
    "CustomerID": "customer_id",
    "Map": MAP,
}
PARAMS: dict[str, Any] = {"Host": "ldap.test", "BaseDN": "o=test", "SSCOPE": "sub"}
DIRECTORY = TABLE | {
    "Module": "Kernel::System::CustomerUser::LDAP",
    "Params": PARAMS,
    "CustomerID": "o",
    "Map": [*MAP[:2], ["UserCustomerID", "CustomerID", "o", 0, 1, "var", "", 0]],
}


def loaded(settings: dict[str, Any], registry: str = REGISTRY) -> Config:
    """The configuration that the imported text makes."""
    text = import_settings(settings, registry)
    return loads(text, Path("imported.toml"), {"KUNDENGRAPH_SIGNING_KEY": "k" * 32})


def sentences(settings: dict[str, Any]) -> list[str]:
    """What is said of keys that could not be carried over."""
    return [note.sentence for note in translate(settings, REGISTRY).notes]


@pytest.mark.parametrize("scenario", scenarios(GOLDEN), ids=lambda scenario: scenario.name)
def test_every_recorded_configuration_is_usable(scenario: Scenario) -> None:
    for variant in ("", *scenario.fixtures["variants"]):
        settings = filled(scenario.settings(variant), PLACES)
        if variant == "badfilter":
            with pytest.raises(ConfigError, match="always_filter"):
                loaded(settings)
        else:
            assert len(loaded(settings).sources) == sum(
                key.startswith("CustomerUser") and "Module" in (value or ())
                for key, value in settings.items()
            )


def test_absent_keys_have_the_defaults_of_otobo() -> None:
    source = loaded({"CustomerUser": TABLE}).sources[0]
    assert (source.search_prefix, source.search_suffix, source.search_list_limit) == ("", "*", 250)
    assert source.list_fields == ("first_name", "last_name", "email")
    assert source.name_fields == ("first_name", "last_name")
    assert source.search_fields == source.post_master_search_fields == ()
    mapping = source.mapping()
    assert not mapping.has_validity and mapping.audited and not mapping.customer_support
    directory = loaded({"CustomerUser": DIRECTORY}).sources[0]
    assert directory.search_list_limit == 200
    assert directory.list_fields == directory.name_fields == ()


def test_sources_keep_their_order_and_their_slots() -> None:
    settings = {"CustomerUser10": TABLE, "CustomerUser2": TABLE, "CustomerUser": TABLE, "CustomerUser3": None}
    assert [source.key for source in loaded(settings).sources] == [
        "customer_user",
        "customer_user2",
        "customer_user10",
    ]
    eleven = {f"CustomerUser{number or ''}": TABLE for number in range(11)}
    assert len(loaded(eleven).sources) == 10
    assert "CustomerUser10: at most 10 sources are possible." in sentences(eleven)


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        ("DBI:Pg:dbname=crm;host=db;port=5433;", "postgresql://u:p%40w@db:5433/crm"),
        ("dbi:mysql:database=crm;host=db", "mariadb://u:p%40w@db/crm"),
        ("DBI:MariaDB:crm:db:3307", "mariadb://u:p%40w@db:3307/crm"),
        ("DBI:Pg:dbname=crm", "postgresql://u:p%40w@127.0.0.1/crm"),
        ("DBI:SQLite:dbname=/var/crm.sqlite", "sqlite:////var/crm.sqlite"),
        ("DBI:Oracle:sid=crm;host=db", None),
        ("DBI:Pg:dbname=crm;host=/var/run/postgresql", None),
        ("nonsense", None),
    ],
)
def test_data_source_names_become_urls(dsn: str, url: str | None) -> None:
    assert database_url(dsn, "u", "p@w") == url


def test_a_disguised_password_is_read() -> None:
    clear = bytes(byte ^ 0xFF for byte in b"secret").hex()
    disguised = "".join(low + high for high, low in zip(clear[::2], clear[1::2], strict=True))
    assert plain_password(f"{{{disguised}}}") == "secret"
    assert plain_password("{secret}") == "{secret}"


def test_what_perl_takes_for_false_is_off() -> None:
    assert not any(map(is_true, (None, "", "0", 0)))
    assert all(map(is_true, ("00", "0.0", " ", 1, "no")))


def test_a_bind_takes_name_and_password() -> None:
    named = PARAMS | {"UserDN": "cn=reader,o=test"}
    assert "UserDN or UserPw is empty, so that the bind stays anonymous." in sentences(
        {"CustomerUser": DIRECTORY | {"Params": named}}
    )
    bound = loaded({"CustomerUser": DIRECTORY | {"Params": named | {"UserPw": "s"}}}).sources[0]
    assert isinstance(bound, LdapSourceConfig)
    assert bound.bind_dn == "cn=reader,o=test"


def test_companies_show_only_where_the_unnumbered_source_of_companies_exists() -> None:
    company = {
        "CustomerCompanyKey": "customer_id",
        "Map": [["CustomerID", "ID", "customer_id", 1, 1, "var", "", 0]],
    }
    user = TABLE | {"CustomerCompanySupport": 1}
    assert not loaded({"CustomerUser": user, "CustomerCompany1": company}).sources[0].customer_support
    assert loaded({"CustomerUser": user, "CustomerCompany": company}).sources[0].customer_support


def test_what_has_no_place_is_said_above_its_table() -> None:
    rows = [
        *MAP,
        ["UserEmail", "Again", "other", 1, 0, "var", "", 0],
        ["UserSource", "Source", "src", 1, 0, "var", "", 0],
        ["UserX", "X", "no column", 1, 0, "var", "", 0],
    ]
    settings = {"CustomerUser": TABLE | {"Map": rows, "CacheTTL": 86400}, "CheckMXRecord": 1}
    text = import_settings(settings, REGISTRY)
    head = text[: text.index("[[sources]]")]
    assert "# Map: UserEmail is mapped already; its first row counts.\n" in head
    assert "# Map: UserX names nothing that can be read.\n" in head
    assert "# CacheTTL = 86400" in head
    assert "# CheckMXRecord" in text[: text.index("[email]")]
    source = loaded(settings).sources[0]
    assert source.cache_ttl == 60
    assert [row.name for row in source.rows] == ["login", "email", "customerId", "userSource"]


def test_every_text_survives_in_toml() -> None:
    texts = ['"', "\\", "\n\t\0", "\x7f", "'''", "ü🙂", "]", "#", "${X}"]
    config: dict[str, Any] = {
        "a": {"texts": texts, "key with blank": {'"': "x"}},
        "b": [{"n": 1, "yes": True, "c": []}],
    }
    assert tomllib.loads(dumps(config, [Note(("b", 0), "one\nline"), Note(("z",), "left")])) == config

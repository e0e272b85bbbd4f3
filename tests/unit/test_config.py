"""The configuration file: every key, every finding, and no secret in either."""

from __future__ import annotations

import copy
import functools
import operator
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.config import UserSourceConfig
from backends.kinds import backend_of
from backends.ldap.config import LdapLoginConfig, LdapSourceConfig
from backends.mapping import FieldType
from backends.sql.config import SqlSourceConfig
from gateway.config import Config, ConfigError, config_from, load, loads

EXAMPLE = Path(__file__).parents[2] / "docs" / "kundengraph.example.toml"
KEY = "k" * 40
HEAD = f'[auth]\nsigning_key = "{KEY}"\n'
SOURCE = '[[sources]]\nkey = "customer_user"\n'
LDAP = '[[sources]]\nkey = "ldap"\nurl = "ldap://127.0.0.1"\nbase_dn = "o=example"\n'
CANARY = "canary-7f3a9c51e2"
HASH = "a" * 64


def config_of(text: str, file: Path = Path("/etc/kundengraph.toml"), **environ: str) -> Config:
    return loads(text, file, environ)


def findings_of(text: str, file: Path = Path("/etc/kundengraph.toml"), **environ: str) -> list[str]:
    """The lines of the message, without the first."""
    with pytest.raises(ConfigError) as caught:
        loads(text, file, environ)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{file.name} is not usable:"
    return [line.removeprefix("  ") for line in lines]


def source_of(text: str) -> UserSourceConfig:
    return config_of(HEAD + SOURCE + text).sources[0]


def row(**keys: object) -> str:
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in keys.items()
    ]
    return "\n".join(["[[sources.fields]]", *lines, ""])


class TestTheExample:
    # The hash of the one API key is a placeholder in the contract, and so an impossible value: it is put in here.
    text = EXAMPLE.read_text("utf-8").replace('sha256 = "…"', f'sha256 = "{HASH}"')

    def test_loads_as_it_stands_but_for_its_placeholder(self) -> None:
        config = config_of(self.text, KUNDENGRAPH_SIGNING_KEY=KEY)
        assert [source.key for source in config.sources] == ["customer_user", "ldap"]
        assert [source.key for source in config.customers] == ["customer_company"]
        assert config.auth.tokens[0].roles == ("reader",)
        assert isinstance(config.auth.login[0], LdapLoginConfig)
        assert config.tickets.dynamic_fields == {"UserLogin": "CustomerLogin"}

    def test_has_a_placeholder_that_is_refused(self) -> None:
        with pytest.raises(ConfigError) as caught:
            load(EXAMPLE, {"KUNDENGRAPH_SIGNING_KEY": KEY})
        assert [finding.path for finding in caught.value.findings] == [("auth", "tokens", 0, "sha256")]

    def test_shows_the_defaults(self) -> None:
        example = config_of(self.text, KUNDENGRAPH_SIGNING_KEY=KEY)
        short = config_of(HEAD + SOURCE + LDAP)
        for name in ("server", "registry", "cache", "limits", "groups", "services", "email", "audit"):
            assert getattr(example, name) == getattr(short, name), name
        for shown, left_out in zip(example.sources, short.sources, strict=True):
            same = shown.model_dump(exclude={"name", "fields", "url", "base_dn"})
            assert same == left_out.model_dump(exclude={"name", "fields", "url", "base_dn"})
        customers = example.customers[0].model_dump(exclude={"fields"})
        assert customers == short.customers[0].model_dump(exclude={"fields"})

    def test_maps_the_room_and_its_selection(self) -> None:
        config = config_of(self.text, KUNDENGRAPH_SIGNING_KEY=KEY)
        room = config.source_mappings[0].field("room")
        assert room is not None
        assert (room.variable, room.column, room.label) == ("UserRoom", "room", "Room")
        assert room.selection == (("1.01", "First floor, 1"), ("1.02", "First floor, 2"))


class TestUnknownKeys:
    def test_a_misspelt_key_is_named_with_the_one_that_was_meant(self) -> None:
        text = HEAD + SOURCE + 'serch_fields = ["login"]\n'
        assert findings_of(text) == ["sources[0].serch_fields: unknown key (did you mean search_fields?)"]

    def test_a_strange_key_gets_no_suggestion(self) -> None:
        assert findings_of(HEAD + SOURCE + "colour = 1\n") == ["sources[0].colour: unknown key"]

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("[servr]\nport = 1\n", "servr: unknown key (did you mean server?)"),
            ("[auth.oidc]\nissuer_url = ''\n", "auth.oidc.issuer_url: unknown key (did you mean issuer?)"),
            (
                SOURCE + "breaker = { failure = 1 }\n",
                "sources[0].breaker.failure: unknown key (did you mean failures?)",
            ),
            (
                SOURCE + row(variable="UserRoom", colum="room", column="room"),
                "sources[0].fields[0].colum: unknown key (did you mean column?)",
            ),
            (LDAP + 'table = "t"\n', "sources[0].table: is not a key of ldap"),
        ],
    )
    def test_they_are_found_at_every_depth(self, text: str, finding: str) -> None:
        assert finding in findings_of(HEAD + text + (SOURCE if "sources" not in text else ""))


class TestFindings:
    def test_all_come_at_once_and_in_the_order_of_the_tables(self) -> None:
        text = (
            "[server]\nport = 99999\n"
            + HEAD
            + SOURCE
            + row(variable="UserRoom", column="room")
            + '[[sources]]\nkey = "ldap"\nbackend = "ldap"\nurl = "ldap://127.0.0.1"\ncolour = "red"\n'
            + '[[sources]]\nkey = "crm"\n'
            + row(variable="UserRoom", column="room", type="int")
        )
        assert findings_of(text) == [
            "server.port: must be less than or equal to 65535",
            "sources[1].base_dn: required",
            "sources[1].colour: unknown key",
            "sources[2].fields[0].column: room is mapped as int here and as var in customer_user",
        ]

    def test_a_syntax_error_is_one_finding_with_line_and_column(self) -> None:
        assert findings_of("[server]\nport = = 1\n") == ["line 2, column 8: invalid value"]

    def test_a_file_that_cannot_be_read_is_a_finding(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
            load(tmp_path / "missing.toml")
        (tmp_path / "latin.toml").write_bytes(b"name = '\xe4'")
        with pytest.raises(ConfigError, match="is not UTF-8"):
            load(tmp_path / "latin.toml")

    def test_a_misspelt_value_is_told_what_was_meant(self) -> None:
        finding = "must be one of postgresql, mariadb, sqlite, ldap (did you mean postgresql?)"
        assert findings_of(HEAD + SOURCE + 'backend = "postgres"\n') == [f"sources[0].backend: {finding}"]

    def test_a_wrong_shape_is_said_in_words_of_toml(self) -> None:
        text = (
            HEAD
            + 'anonymous = "reader"\n'
            + SOURCE
            + 'list_fields = "email"\n[server]\ngraphiql = "perhaps"\n'
        )
        assert findings_of(text) == [
            "server.graphiql: must be true or false",
            "auth.anonymous: must be a list",
            "sources[0].list_fields: must be a list",
        ]
        assert findings_of(HEAD + "[sources]\nkey = 'a'\n") == [
            "sources: must be a list of tables: [[sources]]"
        ]
        assert findings_of("server = 1\n" + HEAD + SOURCE) == ["server: must be a table"]


class TestSources:
    def test_there_must_be_one(self) -> None:
        assert findings_of(HEAD) == ["sources: required: one to ten [[sources]]"]

    def test_ten_are_possible_and_eleven_are_not(self) -> None:
        ten = "".join(f'[[sources]]\nkey = "s{number}"\n' for number in range(10))
        assert len(config_of(HEAD + ten).sources) == 10
        eleven = ten + '[[sources]]\nkey = "s10"\n'
        assert findings_of(HEAD + eleven) == ["sources: 11 are configured, at most 10 are possible"]

    def test_eleven_sources_of_customers_are_not_possible_either(self) -> None:
        eleven = "".join(f'[[customers]]\nkey = "c{number}"\n' for number in range(11))
        assert findings_of(HEAD + SOURCE + eleven) == [
            "customers: 11 are configured, at most 10 are possible"
        ]

    @pytest.mark.parametrize("table", ["sources", "customers"])
    def test_two_with_one_key_are_refused(self, table: str) -> None:
        text = HEAD + SOURCE * (table == "customers") + f'[[{table}]]\nkey = "twin"\n' * 2
        assert findings_of(text) == [f"{table}[1].key: is the key of {table}[0] already"]

    def test_without_customers_the_registry_has_them(self) -> None:
        (customers,) = config_of(HEAD + SOURCE).customers
        assert (customers.key, customers.table, customers.url) == ("customer_company", "customer_company", "")
        assert config_of(HEAD + SOURCE).database_url(customers) == "postgresql://otobo@127.0.0.1/otobo"

    def test_the_backend_follows_from_the_address_or_from_the_registry(self) -> None:
        assert source_of("").backend == "postgresql"
        assert source_of('url = "mariadb://u@h/d"\n').backend == "mariadb"
        text = '[registry]\nurl = "sqlite:////tmp/r.db"\n' + HEAD + SOURCE
        assert config_of(text).sources[0].backend == "sqlite"
        assert isinstance(config_of(HEAD + LDAP).sources[0], LdapSourceConfig)
        assert backend_of("ldaps://h") == "ldap"

    def test_the_address_must_fit_the_backend(self) -> None:
        text = HEAD + SOURCE + 'backend = "mariadb"\nurl = "postgresql://u@h/d"\n'
        assert findings_of(text) == ["sources[0].url: must begin with mariadb://, as backend says"]

    def test_another_backend_than_the_registrys_needs_an_address(self) -> None:
        text = HEAD + SOURCE + 'backend = "mariadb"\n'
        assert findings_of(text) == [
            "sources[0].url: the registry is postgresql: a url of its own is required"
        ]

    @pytest.mark.parametrize(
        "url",
        ["postgresql://h:99999/d", "postgresql:///d", "mariadb://u@h", "sqlite:///", "sqlite:///:memory:"],
    )
    def test_an_impossible_address_is_refused(self, url: str) -> None:
        (finding,) = findings_of(HEAD + SOURCE + f'url = "{url}"\n')
        assert finding.startswith("sources[0].url: ")

    def test_a_relative_sqlite_path_starts_at_the_file(self, tmp_path: Path) -> None:
        text = HEAD + SOURCE + 'url = "sqlite:///people.db"\n'
        assert config_of(text, tmp_path / "k.toml").sources[0].url == f"sqlite:///{tmp_path}/people.db"
        absolute = HEAD + SOURCE + 'url = "sqlite:////var/people.db"\n'
        assert config_of(absolute, tmp_path / "k.toml").sources[0].url == "sqlite:////var/people.db"

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("search_list_limit = 0", "search_list_limit: must be greater than or equal to 1"),
            ("search_list_limit = 1000000", "search_list_limit: must be less than or equal to 200000"),
            ("timeout = 0", "timeout: must be greater than 0"),
            ("timeout = inf", "timeout: must be a finite number"),
            ("cache_ttl = -1", "cache_ttl: must be greater than or equal to 0"),
            ("pool_size = 0", "pool_size: must be greater than or equal to 1"),
            ("breaker = { failures = 0 }", "breaker.failures: must be greater than or equal to 1"),
            ('password_hash = "md5"', "password_hash: must be one of bcrypt, sha2, sha512"),
            (
                'table = "customer user"',
                r"table: must have the form ^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$",
            ),
            ('customer_key = "log in"', "customer_key: is not a column's name"),
            ('valid = "valid;"', "valid: is not a column's name"),
            ('search_fields = ["login", "a b"]', "search_fields[1]: is not a column's name"),
            (
                'post_master_search_fields = ["e-mail"]',
                "post_master_search_fields[0]: is not a column's name",
            ),
            (
                'list_fields = ["pw"]',
                "list_fields[0]: is the password's, which is never read, listed or searched",
            ),
            (
                'search_fields = ["PW"]',
                "search_fields[0]: is the password's, which is never read, listed or searched",
            ),
        ],
    )
    def test_an_impossible_value_is_refused(self, text: str, finding: str) -> None:
        assert findings_of(HEAD + SOURCE + text + "\n") == [f"sources[0].{finding}"]


class TestMapping:
    def test_has_the_standard_rows(self) -> None:
        mapping = source_of("").mapping()
        assert mapping.columns == (
            *("login", "title", "first_name", "last_name", "email", "customer_id", "phone", "fax", "mobile"),
            *("street", "zip", "city", "country", "comments", "valid_id", "create_time", "change_time"),
        )
        assert mapping.password_column == "pw"
        required = [one.variable for one in mapping.fields if one.required]
        assert required == [
            "UserFirstname",
            "UserLastname",
            "UserLogin",
            "UserEmail",
            "UserCustomerID",
            "ValidID",
        ]

    def test_a_row_overrides_the_standard_row_and_keeps_what_it_leaves_out(self) -> None:
        source = source_of(row(variable="UserPhone", column="tel") + row(variable="UserEmail", column="mail"))
        phone, email = source.mapping().field("phone"), source.mapping().field("email")
        assert phone and phone.column == "tel" and phone.label == "Phone"
        assert email and email.column == "mail" and email.required

    def test_defaults_of_lists_follow_a_field_that_was_mapped_elsewhere(self) -> None:
        mapping = source_of(
            row(variable="UserEmail", column="mail") + row(variable="UserTitle", column="")
        ).mapping()
        assert mapping.list_columns == ("first_name", "last_name", "mail")
        assert mapping.name_columns == ("first_name", "last_name")
        assert mapping.search.post_master_columns == ("mail",)

    def test_a_row_with_an_empty_column_takes_the_field_away(self) -> None:
        mapping = source_of(row(variable="UserFax", column="")).mapping()
        assert mapping.field("fax") is None
        assert "fax" not in mapping.columns

    def test_a_foreign_table_has_only_the_rows_given_and_no_password(self) -> None:
        text = 'foreign = true\nstandard_fields = false\nlist_fields = ["mail"]\nname_fields = []\nsearch_fields = ["account"]\n'
        rows = {"UserLogin": "account", "UserEmail": "mail", "UserCustomerID": "org"}
        source = source_of(text + "".join(row(variable=name, column=column) for name, column in rows.items()))
        mapping = source.mapping()
        assert (mapping.key_column, mapping.customer_id_column) == ("account", "org")
        assert (mapping.valid_column, mapping.password_column, mapping.audited) == (None, None, False)
        assert mapping.columns == ("account", "mail", "org")

    def test_the_key_that_is_named_is_the_login(self) -> None:
        mapping = source_of('customer_key = "account"\n').mapping()
        login = mapping.field("login")
        assert login is not None
        assert login.column == mapping.key_column == "account"

    def test_key_and_login_must_be_one_column(self) -> None:
        text = HEAD + SOURCE + 'customer_key = "account"\n' + row(variable="UserLogin", column="login")
        assert findings_of(text) == [
            "sources[0].fields[0].column: UserLogin and customer_key must be the same column"
        ]

    @pytest.mark.parametrize("variable", ["UserLogin", "UserEmail", "UserCustomerID"])
    def test_the_needed_variables_must_be_mapped(self, variable: str) -> None:
        text = HEAD + SOURCE + row(variable=variable, column="")
        assert findings_of(text) == [f"sources[0].fields: {variable} must be mapped"]

    def test_without_a_validity_column_everyone_is_valid(self) -> None:
        mapping = source_of('valid = ""\n').mapping()
        assert (mapping.valid_column, mapping.has_validity, mapping.field("validity")) == (None, False, None)

    def test_a_validity_that_is_read_need_not_be_filtered_by(self) -> None:
        mapping = source_of('valid = ""\n' + row(variable="ValidID", column="state")).mapping()
        assert (mapping.valid_column, mapping.has_validity) == ("state", False)

    def test_the_password_column_is_named_by_its_row_and_is_no_field(self) -> None:
        mapping = source_of(row(variable="UserPassword", column="hash")).mapping()
        assert mapping.password_column == "hash"
        assert "hash" not in mapping.columns
        assert source_of(row(variable="UserPassword", column="")).mapping().password_column is None

    def test_a_password_cannot_be_mapped_under_another_name(self) -> None:
        text = row(variable="UserSecret", column="pw") + row(variable="UserPw2", column="x")
        assert findings_of(HEAD + SOURCE + text) == [
            "sources[0].fields[0].column: is the password's, which is never read, listed or searched",
            "sources[0].fields[1].variable: a password is never a field; UserPassword names its column",
        ]

    def test_a_standard_field_is_no_password(self) -> None:
        text = HEAD + SOURCE + row(variable="UserPassword", column="Email")
        finding = "sources[0].fields[0].column: holds a standard field, which a password is not"
        assert findings_of(text) == [finding]

    def test_a_dynamic_field_stands_apart_from_columns(self) -> None:
        text = 'search_fields = ["login", "Tags"]\npost_master_search_fields = ["email", "Note"]\n'
        rows = row(variable="DynamicField_Tags") + row(
            variable="UserNote", column="Note", type="dynamic_field"
        )
        mapping = source_of(text + rows).mapping()
        assert [one.name for one in mapping.dynamic_fields] == ["tags", "note"]
        assert mapping.search.columns == ("login",)
        assert mapping.search.dynamic_fields == ("Tags",)
        assert mapping.search.post_master_columns == ("email",)
        assert mapping.search.post_master_dynamic_fields == ("Note",)
        assert "Tags" not in mapping.columns

    def test_types_and_flags_reach_the_mapping(self) -> None:
        keys = {
            "label": "Floor",
            "name": "storey",
            "type": "int",
            "required": True,
            "visible": False,
            "read_only": True,
        }
        (*_, floor) = source_of(row(variable="UserFloor", column="floor", **keys)).mapping().fields
        assert (floor.name, floor.label, floor.type) == ("storey", "Floor", FieldType.INT)
        assert (floor.required, floor.visible, floor.read_only) == (True, False, True)

    def test_a_label_that_is_left_out_is_made_of_the_variable(self) -> None:
        (*_, room) = source_of(row(variable="UserRoom", column="room")).mapping().fields
        assert room.label == "Room"

    @pytest.mark.parametrize(
        ("rows", "finding"),
        [
            (
                row(variable="UserGroups", column="g"),
                "fields[0].variable: groups is a field of the contract: give another name",
            ),
            (
                row(variable="Phone", column="p"),
                "fields[0].variable: phone belongs to UserPhone: give another name",
            ),
            (
                row(variable="UserRoom", column="r", name="label"),
                "fields[0].name: label is a field of the contract: give another name",
            ),
            (
                row(variable="UserRoom", column="r", name="first_name"),
                "fields[0].name: firstName belongs to UserFirstname: give another name",
            ),
            (
                row(variable="UserRoom", column="r", name="1st"),
                "fields[0].name: gives no GraphQL name: letters, digits and _, not two _ in front",
            ),
            (
                row(variable="UserFax", column="f", name="telefax"),
                "fields[0].name: UserFax is a standard field and is always called fax",
            ),
            (
                row(variable="UserRoom", column="r") + row(variable="DynamicField_Room"),
                "fields[1].variable: room is the name of UserRoom already: give another name",
            ),
            (
                row(variable="UserRoom", column="r") + row(variable="UserRoom", column="s"),
                "fields[1].variable: is mapped already in fields[0]",
            ),
            (row(variable="UserRoom"), "fields[0].column: required"),
            (row(variable="UserRoom", column="a b"), "fields[0].column: is not a column's name"),
            (
                row(variable="DynamicField_X", column="X", type="var"),
                'fields[0].type: a variable DynamicField_… has the type "dynamic_field"',
            ),
            (
                row(variable="UserCity", column="City", type="dynamic_field"),
                "fields[0].type: a standard field cannot be a dynamic field",
            ),
            (
                row(variable="UserRoom", column="r", type="text"),
                "fields[0].type: must be one of var, int, dynamic_field",
            ),
            (row(column="r"), "fields[0].variable: required"),
        ],
    )
    def test_an_impossible_row_is_refused(self, rows: str, finding: str) -> None:
        assert findings_of(HEAD + SOURCE + rows) == [f"sources[0].{finding}"]

    def test_one_name_has_one_spelling_over_all_sources(self) -> None:
        second = '[[sources]]\nkey = "crm"\n' + row(variable="UserX", column="x", name="room_no")
        text = HEAD + SOURCE + row(variable="UserRoomNo", column="n") + second
        assert findings_of(text) == [
            "sources[1].fields[0].column: room_no differs from roomNo in customer_user in its spelling only"
        ]

    def test_customers_have_standard_rows_of_their_own(self) -> None:
        (mapping,) = config_of(HEAD + SOURCE).customer_mappings
        assert [one.name for one in mapping.fields] == [
            *("customerId", "name", "street", "zip", "city", "country", "url", "comment", "validity")
        ]
        text = (
            HEAD
            + SOURCE
            + '[[customers]]\nkey = "c"\n[[customers.fields]]\nvariable = "CustomerID"\ncolumn = ""\n'
        )
        assert findings_of(text) == ["customers[0].fields: CustomerID must be mapped"]

    def test_times_are_read_in_the_registrys_zone(self) -> None:
        text = '[registry]\ntime_zone = "Europe/Berlin"\n' + HEAD + SOURCE
        assert str(config_of(text).source_mappings[0].time_zone) == "Europe/Berlin"


class TestDirectories:
    def test_settings_say_what_the_driver_needs(self) -> None:
        text = 'start_tls = true\nbind_dn = "cn=reader"\nbind_password = "s3cret"\nscope = "one"\n'
        source = config_of(HEAD + LDAP + text).sources[0]
        assert isinstance(source, LdapSourceConfig)
        settings = source.settings()
        assert (settings.host, settings.port, settings.tls, settings.scope) == (
            "127.0.0.1",
            389,
            "start_tls",
            "one",
        )
        assert (settings.bind_dn, settings.bind_password) == ("cn=reader", "s3cret")
        assert settings.always_filter == "(objectClass=inetOrgPerson)"

    def test_ldaps_has_a_port_of_its_own(self) -> None:
        text = '[[sources]]\nkey = "l"\nurl = "ldaps://ldap.example.org"\nbase_dn = ""\n'
        source = config_of(HEAD + text).sources[0]
        assert isinstance(source, LdapSourceConfig)
        assert (source.settings().port, source.settings().tls) == (636, "ldaps")

    def test_the_rows_are_those_of_otobos_example(self) -> None:
        (mapping,) = config_of(HEAD + LDAP).source_mappings
        assert [one.column for one in mapping.fields] == [
            *("title", "givenname", "sn", "uid", "mail", "mail", "telephonenumber", "description")
        ]
        assert (mapping.audited, mapping.has_validity, mapping.password_column) == (False, False, None)

    def test_a_valid_filter_makes_invalid_people_possible(self) -> None:
        (mapping,) = config_of(HEAD + LDAP + 'valid_filter = "(!(l=gone))"\n').source_mappings
        assert mapping.has_validity

    def test_without_search_fields_the_key_is_searched(self) -> None:
        (mapping,) = config_of(HEAD + LDAP + "search_fields = []\n").source_mappings
        assert mapping.search.columns == ("uid",)

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            (
                'bind_dn = "cn=x"',
                "bind_password: required, since bind_dn is given: without it the bind is anonymous",
            ),
            ('bind_password = "x"', "bind_dn: required, since bind_password is given"),
            ("read_only = false", "read_only: a directory is always read-only"),
            (
                'always_filter = "objectClass=person"',
                "always_filter: is not one filter in brackets, such as (objectClass=person)",
            ),
            (
                'valid_filter = "(a=b)(c=d)"',
                "valid_filter: is not one filter in brackets, such as (objectClass=person)",
            ),
            ('charset = "klingon"', "charset: is not a character set"),
            ('scope = "subtree"', "scope: must be one of base, one, sub (did you mean sub?)"),
            ('group_dn = "staff"', "group_dn: is not a name such as ou=users,o=example"),
            ('customer_key = "sAM AccountName"', "customer_key: is not an attribute's name"),
            (
                'list_fields = ["userPassword"]',
                "list_fields[0]: is the password's, which is never read, listed or searched",
            ),
            ('ca_file = "/nowhere.pem"', "ca_file: is not a file that can be read"),
        ],
    )
    def test_an_impossible_value_is_refused(self, text: str, finding: str) -> None:
        assert findings_of(HEAD + LDAP + text + "\n") == [f"sources[0].{finding}"]

    @pytest.mark.parametrize(
        ("url", "finding"),
        [
            ("ldapi:///", "must begin with ldap:// or ldaps://"),
            (f"ldap://u:{CANARY}@h", "credentials belong in bind_dn and bind_password"),
            ("ldap://h/o=example", "names host and port only; the rest has keys of its own, such as base_dn"),
            ("ldap://h:x", "is not an address such as ldaps://ldap.example.org:636"),
        ],
    )
    def test_an_impossible_address_is_refused(self, url: str, finding: str) -> None:
        text = f'[[sources]]\nkey = "l"\nbackend = "ldap"\nurl = "{url}"\nbase_dn = ""\n'
        assert findings_of(HEAD + text) == [f"sources[0].url: {finding}"]

    def test_start_tls_is_not_for_ldaps(self) -> None:
        text = '[[sources]]\nkey = "l"\nurl = "ldaps://h"\nbase_dn = ""\nstart_tls = true\n'
        assert findings_of(HEAD + text) == [
            "sources[0].start_tls: is not for ldaps://, which has TLS from the start"
        ]

    def test_clear_passwords_are_noticed_off_loopback_only(self) -> None:
        def source(url: str, more: str = "") -> LdapSourceConfig:
            text = f'[[sources]]\nkey = "l"\nurl = "{url}"\nbase_dn = ""\n{more}'
            found = config_of(HEAD + text).sources[0]
            assert isinstance(found, LdapSourceConfig)
            return found

        assert source("ldap://ldap.example.org").sends_passwords_in_clear
        for url in ("ldap://127.0.0.1", "ldap://[::1]", "ldap://localhost", "ldaps://ldap.example.org"):
            assert not source(url).sends_passwords_in_clear
        assert not source("ldap://ldap.example.org", "start_tls = true\n").sends_passwords_in_clear


class TestAccess:
    def auth(self, text: str) -> list[str]:
        return findings_of(HEAD + text + SOURCE + row(variable="UserRoom", column="room"))

    @pytest.mark.parametrize("role", ["admin", "editor"])
    def test_the_anonymous_never_write(self, role: str) -> None:
        finding = "auth.anonymous[0]: a caller without credential never gets a writing role"
        assert self.auth(f'anonymous = ["{role}"]\n') == [finding]

    def test_an_unknown_role_is_told_which_was_meant(self) -> None:
        finding = "must be one of admin, editor, reader, customer (did you mean reader?)"
        assert self.auth('anonymous = ["raeder"]\n') == [f"auth.anonymous[0]: {finding}"]

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("", "auth.signing_key: required to serve: it seals cursors and tokens"),
            ('[auth]\nsigning_key = "short"\n', "auth.signing_key: is too short: 32 characters at least"),
        ],
    )
    def test_there_must_be_a_long_signing_key(self, text: str, finding: str) -> None:
        assert findings_of(text + SOURCE) == [finding]

    @pytest.mark.parametrize(
        ("keys", "findings"),
        [
            (
                'sha256 = "abc"\nroles = ["reader"]',
                ["sha256: is not 64 hexadecimal digits: `kundengraph token NAME` prints it"],
            ),
            (f'sha256 = "{HASH}"\nroles = []', ["roles: required: at least one"]),
            (f'sha256 = "{HASH}"', ["roles: required"]),
            (
                f'sha256 = "{HASH}"\nroles = ["reader"]\nhidden_fields = ["label", "validity"]',
                [
                    "hidden_fields[0]: label is never null and cannot be hidden",
                    "hidden_fields[1]: validity is never null and cannot be hidden",
                ],
            ),
            (
                f'sha256 = "{HASH}"\nroles = ["reader"]\nhidden_fields = ["phnoe"]',
                ["hidden_fields[0]: is not a field (did you mean phone?)"],
            ),
            (
                f'sha256 = "{HASH}"\nroles = ["reader"]\nexpires = "2027-02-30"',
                ["expires: must be a valid date or datetime, day value is outside expected range"],
            ),
        ],
    )
    def test_an_impossible_token_is_refused(self, keys: str, findings: list[str]) -> None:
        expected = [f"auth.tokens[0].{finding}" for finding in findings]
        assert self.auth(f'[[auth.tokens]]\nname = "crm"\n{keys}\n') == expected

    def test_a_token_may_hide_what_is_mapped_and_may_expire(self) -> None:
        token = f'[[auth.tokens]]\nname = "crm"\nsha256 = "{HASH}"\nroles = ["reader"]\n'
        text = token + 'hidden_fields = ["phone", "room", "groups"]\nexpires = "2027-01-31"\n'
        config = config_of(HEAD + text + SOURCE + row(variable="UserRoom", column="room"))
        assert config.auth.tokens[0].expires == date(2027, 1, 31)

    def test_two_tokens_are_two(self) -> None:
        token = f'[[auth.tokens]]\nname = "crm"\nsha256 = "{HASH}"\nroles = ["reader"]\n'
        assert self.auth(token * 2) == [
            "auth.tokens[1].name: is that of tokens[0] already",
            "auth.tokens[1].sha256: is that of tokens[0] already",
        ]

    def test_customers_may_edit_what_is_mapped_and_their_password(self) -> None:
        text = HEAD + 'customer_may_edit = ["phone", "password"]\n' + SOURCE
        assert config_of(text).auth.customer_may_edit == ("phone", "password")
        finding = "auth.customer_may_edit[0]: is not a mapped field (did you mean phone?)"
        assert self.auth('customer_may_edit = ["phonne"]\n') == [finding]

    def test_the_second_factor_is_read_where_the_example_has_it(self) -> None:
        text = HEAD + '[auth.oidc]\nissuer = ""\nsecond_factor_key = "UserSecret"\n' + SOURCE
        assert config_of(text).auth.second_factor_preference == "UserSecret"
        assert config_of(HEAD + 'second_factor_key = "X"\n' + SOURCE).auth.second_factor_preference == "X"

    def test_an_identity_provider_needs_https_and_an_audience(self) -> None:
        text = '[auth.oidc]\nissuer = "http://idp.example.org"\n'
        assert self.auth(text) == [
            "auth.oidc.audience: required with an issuer, lest tokens for others be accepted",
            "auth.oidc.issuer: must be an https:// address",
        ]
        assert not config_of(HEAD + SOURCE).auth.oidc.enabled

    def test_a_way_to_sign_in_has_the_keys_of_its_kind(self) -> None:
        text = '[[auth.login]]\nbackend = "ldap"\n[[auth.login]]\nbackend = "database"\nuid = "x"\n'
        assert self.auth(text) == [
            "auth.login[0].base_dn: required",
            "auth.login[0].url: required",
            "auth.login[1].uid: is not a key of database",
        ]
        assert config_of(HEAD + SOURCE).auth.login[0].backend == "source"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[limits]\nmax_depth = 0\n", "limits.max_depth: must be greater than or equal to 1"),
        (
            "[limits]\nrequired = true\n",
            "limits.persisted_documents: required, since only its documents are to run",
        ),
        (
            '[limits]\npersisted_documents = "nowhere"\n',
            "limits.persisted_documents: is not a folder that can be read",
        ),
        ("[server]\nport = -1\n", "server.port: must be greater than or equal to 1"),
        (
            '[server]\ncors_origins = ["*"]\n',
            "server.cors_origins[0]: is not an origin such as https://app.example.org, without a path",
        ),
        (
            '[server]\ntrusted_proxies = ["proxy"]\n',
            "server.trusted_proxies[0]: is not an address such as 10.0.0.1 or 10.0.0.0/8",
        ),
        ('[server]\npath = "/readyz"\n', "server.path: is taken by a page of the gateway's own"),
        (
            '[server]\nexecutor = "compield"\n',
            "server.executor: must be one of compiled, graphql-core (did you mean compiled?)",
        ),
        (
            '[registry]\ntime_zone = "Europe/Berln"\n',
            "registry.time_zone: is not a time zone such as Europe/Berlin",
        ),
        (
            '[registry]\ngroups_table = "a b"\n',
            "registry.groups_table: must have the form ^[A-Za-z_][A-Za-z0-9_]{0,62}$",
        ),
        ('[cache]\nbackend = "redis"\n', "cache.url: required with redis"),
        ('[email]\nreject = "("\n', "email.reject: is not a regular expression"),
        (
            '[groups]\npermissions = ["rw", "ro"]\n',
            "groups.permissions: must end with rw, which implies the others",
        ),
        (
            '[groups]\npermissions = ["move-into", "rw"]\n',
            "groups.permissions[0]: is not a permission: a letter, then letters, digits and _, 20 at most",
        ),
        (
            '[groups]\npermissions = ["Rw", "rw"]\n',
            "groups.permissions[1]: is there already; in the schema keys are upper case",
        ),
        ('[services]\ndefaults = "always"\n', "services.defaults: must be one of fallback, union"),
        (
            '[tickets.dynamic_fields]\nUserLogin = "a b"\n',
            "tickets.dynamic_fields.UserLogin: is not the name of a dynamic field",
        ),
    ],
)
def test_an_impossible_value_is_refused(text: str, finding: str) -> None:
    assert findings_of(text + HEAD + SOURCE) == [finding]


class TestEnvironmentAndFiles:
    def test_a_variable_is_put_in_wherever_a_text_is(self) -> None:
        text = (
            HEAD + SOURCE + 'name = "${WHO} users"\nsearch_fields = ["${COLUMN}"]\ntimeout = "${SECONDS}"\n'
        )
        source = config_of(text, WHO="All", COLUMN="login", SECONDS="3.5").sources[0]
        assert (source.name, source.search_fields, source.timeout) == ("All users", ("login",), 3.5)

    def test_an_unset_variable_is_a_finding_with_its_path(self) -> None:
        text = '[auth]\nsigning_key = "${NOT_SET}"\n' + SOURCE + 'list_fields = ["email", "${ALSO_NOT}"]\n'
        assert findings_of(text) == [
            "auth.signing_key: the environment variable NOT_SET is not set",
            "sources[0].list_fields[1]: the environment variable ALSO_NOT is not set",
        ]

    def test_a_file_holds_the_value_but_for_its_last_line_break(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(f" {KEY}\n")
        (tmp_path / "port").write_text("8090\n")
        text = '[server]\nport_file = "port"\n[auth]\nsigning_key_file = "key"\n' + SOURCE
        config = config_of(text, tmp_path / "k.toml")
        assert config.auth.signing_key.get_secret_value() == f" {KEY}"
        assert config.server.port == 8090

    def test_an_address_in_a_file_names_the_backend(self, tmp_path: Path) -> None:
        (tmp_path / "url").write_text("mariadb://u:p@h/d\n")
        config = config_of(HEAD + SOURCE + 'url_file = "url"\n', tmp_path / "k.toml")
        assert (config.sources[0].backend, config.sources[0].url) == ("mariadb", "mariadb://u:p@h/d")

    def test_a_name_that_ends_in_file_is_not_a_twin(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("")
        (tmp_path / "which").write_text("ca.pem\n")
        for key, value in (("ca_file", "ca.pem"), ("ca_file_file", "which")):
            source = config_of(HEAD + LDAP + f'{key} = "{value}"\n', tmp_path / "k.toml").sources[0]
            assert isinstance(source, LdapSourceConfig)
            assert source.ca_file == tmp_path / "ca.pem"

    def test_both_a_value_and_a_file_are_a_finding(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(KEY)
        text = HEAD + 'signing_key_file = "key"\n' + SOURCE
        assert findings_of(text, tmp_path / "k.toml") == [
            "auth.signing_key_file: signing_key is given as well: keep one of them"
        ]

    def test_a_file_that_cannot_be_read_is_one_finding(self, tmp_path: Path) -> None:
        text = '[auth]\nsigning_key_file = "missing"\n' + SOURCE
        assert findings_of(text, tmp_path / "k.toml") == [
            "auth.signing_key_file: is not a file that can be read"
        ]

    def test_a_table_does_not_come_from_a_file(self) -> None:
        assert findings_of(HEAD + SOURCE + 'breaker_file = "b"\n') == [
            "sources[0].breaker_file: breaker is a table, which cannot come from a file"
        ]


class TestSecrets:
    def test_stay_out_of_what_a_configuration_shows_of_itself(self) -> None:
        text = (
            f'[registry]\nurl = "postgresql://u:{CANARY}@h/d"\n[cache]\nbackend = "redis"\nurl = "redis://:{CANARY}@h"\n'
            f'[auth]\nsigning_key = "{CANARY}{KEY}"\n[[auth.login]]\nbackend = "ldap"\nurl = "ldap://h"\nbase_dn = ""\n'
            f'bind_dn = "cn=x"\nbind_password = "{CANARY}"\n'
            f'{SOURCE}url = "mariadb://u:{CANARY}@h/d"\n{LDAP}bind_dn = "cn=x"\nbind_password = "{CANARY}"\n'
        )
        config = config_of(text)
        source = config.sources[1]
        assert isinstance(source, LdapSourceConfig)
        for shown in (
            config,
            source,
            config.registry,
            config.auth,
            source.settings(),
            *config.source_mappings,
        ):
            assert CANARY not in f"{shown} {shown!r}"

    @pytest.mark.parametrize(
        "text",
        [
            f'[server]\nport = "{CANARY}"\nhost = ["{CANARY}"]\nexecutor = "{CANARY}"\ncors_origins = ["{CANARY}"]\n',
            f'[registry]\nurl = "{CANARY}://u:{CANARY}@h"\ntime_zone = "{CANARY}"\ngroups_table = "{CANARY}"\n',
            f'[email]\nreject = "({CANARY}"\n[cache]\nurl = "http://{CANARY}"\n[limits]\nmax_cost = "{CANARY}"\n',
            f'[groups]\npermissions = ["{CANARY}"]\n[tickets.dynamic_fields]\nUserLogin = "{CANARY} x"\n',
            f'[[sources]]\nkey = "{CANARY} x"\nurl = "ldap://u:{CANARY}@h"\nbase_dn = "{CANARY}"\nbind_password = "{CANARY}"\n'
            f'charset = "{CANARY}"\nalways_filter = "{CANARY}"\ncustomer_key = "{CANARY} x"\n',
            f'{SOURCE}url = "postgresql://u:{CANARY}@h:x/d"\ntable = "{CANARY}"\nlist_fields = ["{CANARY}"]\ntimeout = "{CANARY}"\n',
            f'[[auth.tokens]]\nname = "x"\nsha256 = "{CANARY}"\nroles = ["{CANARY}"]\nexpires = "{CANARY}"\nhidden_fields = ["{CANARY}"]\n',
        ],
    )
    def test_stay_out_of_findings_wherever_they_stand(self, text: str) -> None:
        with pytest.raises(ConfigError) as caught:
            loads(text, Path("k.toml"), {})
        error = caught.value
        assert CANARY not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"

    def test_stay_out_of_findings_when_they_come_from_the_environment(self) -> None:
        found = findings_of(HEAD + SOURCE + 'timeout = "${SECRET}"\nbackend = "${SECRET}"\n', SECRET=CANARY)
        assert CANARY not in "\n".join(found)


def test_a_configuration_cannot_be_changed() -> None:
    source = config_of(HEAD + SOURCE).sources[0]
    assert isinstance(source, SqlSourceConfig)
    with pytest.raises(ValueError, match="frozen"):
        source.table = "other"


JUNK: tuple[Any, ...] = (
    *(None, 1, -1, True, "", "x y", [], ["a"], [[]], {}, {"a": 1}, float("nan"), date(2020, 1, 1), "\0", "ü"),
    *("${X}", "${", "postgresql://[", "ldap://[::", "sqlite://", 10**30, [{}], "a" * 5000),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(JUNK)), min_size=1, max_size=4))
def test_whatever_a_file_holds_it_is_read_or_refused(changes: list[tuple[int, object]]) -> None:
    data: Any = tomllib.loads(TestTheExample.text)
    for number, value in changes:
        *way, last = places[number % len(places)] if (places := list(_places(data))) else ("auth",)
        table = functools.reduce(operator.getitem, way, data)
        table[last] = copy.deepcopy(value)
    file = Path("/etc/kundengraph.toml")
    try:
        config = config_from(data, file, {"KUNDENGRAPH_SIGNING_KEY": KEY})
    except ConfigError as error:
        assert str(error).count("\n") >= 1
    else:
        assert all(mapping.columns for mapping in (*config.source_mappings, *config.customer_mappings))


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (key,)
        yield from ((key, *rest) for rest in _places(item))

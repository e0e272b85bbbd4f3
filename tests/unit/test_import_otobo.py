"""`kundengraph import-otobo`: a file of OTOBO's settings becomes a configuration that loads."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.ldap.config import LdapSourceConfig
from backends.sql.config import SqlSourceConfig
from gateway.cli import run_command
from gateway.config import Config, loads
from gateway.importing import shipped
from gateway.importing.reading import Unusable
from gateway.importing.run import configuration

GOLDEN = Path(__file__).parents[1] / "otobo" / "golden" / "fixtures"
SECRET = "canary-7f3a"
SHIPPED = """
package Kernel::Config;
use strict;
use warnings;
use Kernel::Config::Defaults;
use parent qw(Kernel::Config::Defaults);

sub Load {
    my $Self = shift;

    # the main database
    $Self->{DatabaseHost} = '127.0.0.1';
    $Self->{'Database'}   = 'otobo';
    $Self->{DatabaseUser} = "otobo";
    $Self->{DatabasePw}   = 'canary-7f3a';
    $Self->{DatabaseDSN}  = "DBI:mysql:database=$Self->{Database};host=$Self->{DatabaseHost}";
    $Self->{Home}         = '/opt/otobo';

    $Self->{CustomerUser} = {
        Name   => Translatable('Database Backend'),
        Module => 'Kernel::System::CustomerUser::DB',
        Params => {
            # DSN => 'DBI:odbc:yourdsn',
            Table     => 'customer_user',
            ForeignDB => 0,    # the table has the columns of the audit
            SearchCaseSensitive => 0,
        },
        CustomerKey                        => 'login',
        CustomerID                         => 'customer_id',
        CustomerValid                      => 'valid_id',
        CustomerUserListFields             => [ 'first_name', 'last_name', 'email' ],
        CustomerUserSearchFields           => [ qw(login first_name last_name customer_id) ],
        CustomerUserSearchPrefix           => '*',
        CustomerUserSearchSuffix           => '*',
        CustomerUserSearchListLimit        => 250,
        CustomerUserPostMasterSearchFields => ['email'],
        CustomerUserNameFields             => [ 'title', 'first_name', 'last_name' ],
        CustomerUserEmailUniqCheck         => 1,
        CustomerCompanySupport             => 1,
        CacheTTL                           => 60 * 60 * 24,
        Selections                         => { },
        Map => [
            # attribute, label, column, shown, required, type, link, read-only, target, class
            [ 'UserTitle',      Translatable('Title or salutation'), 'title', 1, 0, 'var', '', 0, undef, undef ],
            [ 'UserFirstname',  Translatable('Firstname'),  'first_name',  1, 1, 'var', '', 0, undef, undef ],
            [ 'UserLastname',   Translatable('Lastname'),   'last_name',   1, 1, 'var', '', 0, undef, undef ],
            [ 'UserLogin',      Translatable('Username'),   'login',       1, 1, 'var', '', 0, undef, undef ],
            [ 'UserPassword',   Translatable('Password'),   'pw',          0, 0, 'var', '', 0, undef, undef ],
            [ 'UserEmail',      Translatable('Email'),      'email',       1, 1, 'var', '[% Env("X") %]', 0, '', 'Ajax' ],
            [ 'UserCustomerID', Translatable('CustomerID'), 'customer_id', 0, 1, 'var', '', 0, undef, undef ],
            [ 'UserPhone',      Translatable('Phone'),      'phone',       1, 0, 'var', '', 0, undef, undef ],
            [ 'UserFax',        Translatable('Fax'),        'fax',         1, 0, 'var', '', 0, undef, undef ],
            [ 'UserMobile',     Translatable('Mobile'),     'mobile',      1, 0, 'var', '', 0, undef, undef ],
            [ 'UserStreet',     Translatable('Street'),     'street',      1, 0, 'var', '', 0, undef, undef ],
            [ 'UserZip',        Translatable('Zip'),        'zip',         1, 0, 'var', '', 0, undef, undef ],
            [ 'UserCity',       Translatable('City'),       'city',        1, 0, 'var', '', 0, undef, undef ],
            [ 'UserCountry',    Translatable('Country'),    'country',     1, 0, 'var', '', 0, undef, undef ],
            [ 'UserComment',    Translatable('Comment'),    'comments',    1, 0, 'var', '', 0, undef, undef ],
            [ 'ValidID',        Translatable('Valid'),      'valid_id',    0, 1, 'int', '', 0, undef, undef ],
        ],
    };

    $Self->{CustomerCompany} = {
        Name   => Translatable('Database Backend'),
        Module => 'Kernel::System::CustomerCompany::DB',
        Params => { Table => 'customer_company', ForeignDB => 0, SearchCaseSensitive => 0 },
        CustomerCompanyKey             => 'customer_id',
        CustomerCompanyValid           => 'valid_id',
        CustomerCompanyListFields      => [ 'customer_id', 'name' ],
        CustomerCompanySearchFields    => [ 'customer_id', 'name' ],
        CustomerCompanySearchPrefix    => '*',
        CustomerCompanySearchSuffix    => '*',
        CustomerCompanySearchListLimit => 250,
        CacheTTL                       => 60 * 60 * 24,
        Map => [
            [ 'CustomerID',             'CustomerID', 'customer_id', 0, 1, 'var', '', 0 ],
            [ 'CustomerCompanyName',    'Customer',   'name',        1, 1, 'var', '', 0 ],
            [ 'CustomerCompanyStreet',  'Street',     'street',      1, 0, 'var', '', 0 ],
            [ 'CustomerCompanyZIP',     'Zip',        'zip',         1, 0, 'var', '', 0 ],
            [ 'CustomerCompanyCity',    'City',       'city',        1, 0, 'var', '', 0 ],
            [ 'CustomerCompanyCountry', 'Country',    'country',     1, 0, 'var', '', 0 ],
            [ 'CustomerCompanyURL',     'URL',        'url',         1, 0, 'var', '', 0 ],
            [ 'CustomerCompanyComment', 'Comment',    'comments',    1, 0, 'var', '', 0 ],
            [ 'ValidID',                'Valid',      'valid_id',    0, 1, 'int', '', 0 ],
        ],
    };

    return 1;
}

1;
"""
DIRECTORY = """
    $Self->{CustomerUser%(slot)s} = {
        Name   => 'Directory %(slot)s',
        Module => 'Kernel::System::CustomerUser::LDAP',
        Params => {
            Host   => 'ldap%(slot)s.example.org',
            BaseDN => 'ou=people,dc=example,dc=org',
            SSCOPE => 'sub',
            UserDN => 'cn=reader,dc=example,dc=org',
            UserPw => 'canary-7f3a%(slot)s',
            AlwaysFilter => '(objectClass=person)',
            Die    => 0,
            Params => { port => 389, timeout => 120, async => 0, version => 3 },
        },
        CustomerKey => 'uid',
        CustomerID  => 'o',
        CustomerUserListFields => [ 'cn', 'mail' ],
        CustomerUserSearchFields => [ 'uid', 'cn', 'mail' ],
        CustomerUserSearchPrefix => '',
        CustomerUserSearchSuffix => '*',
        CustomerUserSearchListLimit => 250,
        CustomerUserPostMasterSearchFields => [ 'mail' ],
        CustomerUserNameFields => [ 'givenname', 'sn' ],
        Map => [
            [ 'UserFirstname',  'Firstname',  'givenname', 1, 1, 'var', '', 0 ],
            [ 'UserLastname',   'Lastname',   'sn',        1, 1, 'var', '', 0 ],
            [ 'UserLogin',      'Username',   'uid',       1, 1, 'var', '', 0 ],
            [ 'UserEmail',      'Email',      'mail',      1, 1, 'var', '', 0 ],
            [ 'UserCustomerID', 'CustomerID', 'o',         0, 1, 'var', '', 0 ],
            [ 'UserPhone',      'Phone',      'telephonenumber', 2, 0, 'var', '', 0 ],
        ],
    };
"""


def printed(text: str, folder: Path, name: str = "Config.pm") -> str:
    """What is made of a file's content; no secret of ours may be in it."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    made = configuration(file)
    assert SECRET not in made
    return made


def loaded(text: str) -> Config:
    """The configuration, with all that its comments say must be set."""
    names = set(re.findall(r"\$\{(\w+)\}", text))
    for name in names:
        assert f"# Set {name} in the environment" in text
    return loads(text, Path("kundengraph.toml"), dict.fromkeys(names, "a secret of more than 32 characters"))


def comments(text: str) -> list[str]:
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]


def statements(*lines: str) -> str:
    return "package Kernel::Config;\nsub Load {\n    my $Self = shift;\n" + "\n".join(lines) + "\n}\n1;\n"


class TestShipped:
    def test_the_shipped_blocks_become_the_source_that_needs_no_words(self, tmp_path: Path) -> None:
        text = printed(SHIPPED, tmp_path)
        config = loaded(text)
        (source,) = config.sources
        assert isinstance(source, SqlSourceConfig)
        plain = loads(
            '[registry]\nurl = "mariadb://otobo@127.0.0.1/otobo"\n[auth]\nsigning_key = "'
            + "k" * 40
            + '"\n[[sources]]\nkey = "customer_user"\n',
            Path("k.toml"),
            {},
        )
        mine, theirs = config.source_mappings[0], plain.source_mappings[0]
        assert [(row.name, row.column, row.required) for row in mine.fields] == [
            (row.name, row.column, row.required) for row in theirs.fields
        ]
        assert (mine.key_column, mine.valid_column, mine.password_column) == ("login", "valid_id", "pw")
        assert mine.search.columns == theirs.search.columns
        assert [(row.name, row.column) for row in config.customer_mappings[0].fields] == [
            (row.name, row.column) for row in plain.customer_mappings[0].fields
        ]
        assert config.registry.url == "mariadb://otobo:a secret of more than 32 characters@127.0.0.1/otobo"

    def test_what_has_no_counterpart_stands_in_comments(self, tmp_path: Path) -> None:
        text = printed(SHIPPED, tmp_path)
        assert "Map: the links of UserEmail are not carried over." in comments(text)
        assert sum(line.startswith("CacheTTL = 86400: ") for line in comments(text)) == 2
        assert "CustomerUser is not set" not in text

    def test_a_file_that_only_names_the_database_means_the_shipped_blocks(self, tmp_path: Path) -> None:
        whole, bare = tmp_path / "whole", tmp_path / "bare"
        whole.mkdir()
        bare.mkdir()
        database = SHIPPED[: SHIPPED.index("    $Self->{CustomerUser}")] + "}\n1;\n"
        text = printed(database, bare)
        assert "CustomerUser is not set in Config.pm: this is OTOBO's shipped block" in text
        made, expected = loaded(text), loaded(printed(SHIPPED, whole))
        assert made.source_mappings == expected.source_mappings
        assert made.customer_mappings == expected.customer_mappings

    def test_a_block_of_its_own_replaces_the_shipped_one(self, tmp_path: Path) -> None:
        text = printed(statements(DIRECTORY % {"slot": ""}), tmp_path)
        (source,) = loaded(text).sources
        assert isinstance(source, LdapSourceConfig)

    def test_one_element_changes_the_shipped_block(self, tmp_path: Path) -> None:
        text = printed(
            statements(
                "$Self->{CustomerUser}->{ReadOnly} = 1;",
                "push @{ $Self->{CustomerUser}->{Map} }, [ 'UserRoom', 'Room', 'room', 1, 0, 'var', '', 0 ];",
                "delete $Self->{CustomerCompany};",
            ),
            tmp_path,
        )
        config = loaded(text)
        assert config.sources[0].read_only
        assert [row.column for row in config.sources[0].rows if row.name == "room"] == ["room"]
        assert not config.sources[0].customer_support

    def test_groups_and_mail_are_as_shipped_where_the_file_is_silent(self, tmp_path: Path) -> None:
        config = loaded(printed(SHIPPED, tmp_path))
        assert config.groups.always == ("users",)
        assert config.groups.permissions == ("ro", "rw")
        assert not config.groups.enabled
        assert config.email.reject == r"@(example)\.(..|...)$"


class TestDirectories:
    @pytest.mark.parametrize("slots", [["", *range(1, 10)], range(1, 11)])
    def test_ten_directories_become_ten_sources_in_their_order(
        self, slots: list[object], tmp_path: Path
    ) -> None:
        text = printed(statements(*(DIRECTORY % {"slot": slot} for slot in slots)), tmp_path)
        config = loaded(text)
        assert [source.key for source in config.sources] == [f"customer_user{slot}" for slot in slots]
        assert [source.url for source in config.sources] == [
            f"ldap://ldap{slot}.example.org:389" for slot in slots
        ]
        assert ("has no room beside ten others" in text) == ("" not in slots)
        assert text.count("# Map: UserPhone are shown; there is no lite view.") == 10
        assert text.count("# Params.Die is not carried over.") == 10

    def test_a_directory_beside_the_shipped_block_is_the_second_source(self, tmp_path: Path) -> None:
        text = printed(statements(DIRECTORY % {"slot": 3}), tmp_path)
        assert [source.key for source in loaded(text).sources] == ["customer_user", "customer_user3"]

    def test_a_comment_stands_above_the_source_that_it_is_about(self, tmp_path: Path) -> None:
        block = DIRECTORY % {"slot": 2}
        text = printed(statements(block.replace("'cn=reader,dc=example,dc=org'", "$Reader")), tmp_path)
        line = "# Line 12: CustomerUser2.Params.UserDN holds a variable, which only Perl can read."
        above = text[text.index(line) :]
        assert above.index('key = "customer_user2"') < above.index("[[sources.fields]]")


class TestSecrets:
    def test_s19_passwords_are_named_and_never_printed(self, tmp_path: Path) -> None:
        text = printed(
            statements(
                f"$Self->{{DatabasePw}} = '{SECRET}:/@%'; $Self->{{DatabaseUser}} = 'otobo';",
                "$Self->{DatabaseDSN} = 'DBI:Pg:dbname=otobo;host=db';",
                DIRECTORY % {"slot": 1},
                "$Self->{CustomerUser2} = { Name => 'X' };",
                "$Self->{CustomerUser}->{Params}->{DSN} = 'DBI:mysql:crm:db2:3307';",
                "$Self->{CustomerUser}->{Params}->{User} = 'crm';",
                f"$Self->{{CustomerUser}}->{{Params}}->{{Password}} = '{SECRET}';",
                "$Self->{'Customer::AuthModule'} = 'Kernel::System::CustomerAuth::LDAP';",
                "$Self->{'Customer::AuthModule::LDAP::Host'} = 'ldap.example.org';",
                "$Self->{'Customer::AuthModule::LDAP::BaseDN'} = 'dc=example';",
                "$Self->{'Customer::AuthModule::LDAP::UID'} = 'uid';",
                "$Self->{'Customer::AuthModule::LDAP::SearchUserDN'} = 'cn=x';",
                f"$Self->{{'Customer::AuthModule::LDAP::SearchUserPw'}} = '{SECRET}';",
                f"$Self->{{'Customer::AuthModule::Radius::Password'}} = '{SECRET}';",
            ),
            tmp_path,
        )
        assert set(re.findall(r"\$\{(\w+)\}", text)) == {
            "KUNDENGRAPH_SIGNING_KEY",
            "KUNDENGRAPH_REGISTRY_PASSWORD",
            "KUNDENGRAPH_CUSTOMER_USER_PASSWORD",
            "KUNDENGRAPH_CUSTOMER_USER1_PASSWORD",
            "KUNDENGRAPH_LOGIN0_PASSWORD",
        }
        config = loaded(text)
        assert config.sources[0].url.startswith("mariadb://crm:a secret")
        assert "Customer::AuthModule::Radius::Password is not carried over." in comments(text)

    def test_s19_a_disguised_password_is_not_printed_either(self, tmp_path: Path) -> None:
        disguised = "{" + "".join(f"{byte ^ 0xFF:02x}"[::-1] for byte in b"swordfish") + "}"
        text = printed(
            statements(
                f"$Self->{{DatabasePw}} = '{disguised}'; $Self->{{DatabaseUser}} = 'otobo';",
                "$Self->{DatabaseDSN} = 'DBI:mysql:database=otobo;host=db';",
            ),
            tmp_path,
        )
        assert "swordfish" not in text
        assert disguised not in text
        assert '"mariadb://otobo:${KUNDENGRAPH_REGISTRY_PASSWORD}@db/otobo"' in text

    def test_a_text_that_looks_like_a_variable_names_none(self, tmp_path: Path) -> None:
        text = printed(statements("$Self->{CustomerUser}->{Name} = 'a ${HOME} b';"), tmp_path)
        assert loaded(text).sources[0].name == "a {HOME} b"


class TestOtherSystems:
    @pytest.mark.parametrize(
        ("home", "table"),
        [("/opt/znuny", "permission_groups"), ("/opt/otrs", "groups"), ("/opt/otobo", "groups_table")],
    )
    def test_the_table_of_groups_has_the_name_it_has_there(
        self, home: str, table: str, tmp_path: Path
    ) -> None:
        text = printed(SHIPPED.replace("/opt/otobo", home), tmp_path)
        assert loaded(text).registry.groups_table == table
        assert ("# groups_table: Home names" in text) == (table != "groups_table")

    def test_tables_of_other_names_are_carried_over(self, tmp_path: Path) -> None:
        text = printed(SHIPPED.replace("'customer_user'", "'znuny.people'"), tmp_path)
        source = loaded(text).sources[0]
        assert isinstance(source, SqlSourceConfig)
        assert source.table == "znuny.people"


class TestRepairs:
    def test_what_would_not_load_is_left_out_and_said(self, tmp_path: Path) -> None:
        text = printed(
            SHIPPED.replace(
                "'first_name', 'last_name', 'email' ]", "'first_name', 'no_such', 'email' ]"
            ).replace(
                "    return 1;",
                "$Self->{OTOBOTimeZone} = 'Nowhere/Land'; $Self->{CheckEmailInvalidAddress} = '(';"
                "$Self->{'System::Customer::Permission'} = ['rw', 'ro'];",
            ),
            tmp_path,
        )
        config = loaded(text)
        assert config.registry.time_zone == "UTC"
        assert config.email.reject == ""
        said = [line for line in comments(text) if line.endswith("this is left out.")]
        assert any(line.startswith("registry.time_zone is not a time zone") for line in said)
        assert any(line.startswith("email.reject is not a regular expression") for line in said)
        assert any(line.startswith("groups.permissions must end with rw") for line in said)

    def test_a_source_that_cannot_be_is_left_out_and_the_others_keep_their_comments(
        self, tmp_path: Path
    ) -> None:
        text = printed(
            statements(
                DIRECTORY % {"slot": ""},
                "$Self->{CustomerUser1} = { Module => 'Kernel::System::CustomerUser::DB', Params => { Table => '1;' } };",
                DIRECTORY % {"slot": 2},
            ),
            tmp_path,
        )
        assert [source.key for source in loaded(text).sources] == ["customer_user", "customer_user2"]
        below = text[text.index('key = "customer_user"\n') : text.index('key = "customer_user2"')]
        assert "# Params.Die is not carried over." in below

    @given(data=st.data())
    def test_whatever_the_blocks_hold_what_is_printed_loads(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        settings = shipped.settings()
        odd = (
            st.none()
            | st.integers()
            | st.sampled_from(["", "0", "a b", "${X}", "ä", "x" * 300, "\ud800", "(", "login"])
            | st.lists(st.text(max_size=3) | st.none() | st.lists(st.text(max_size=2)), max_size=3)
            | st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.none(), max_size=2)
        )
        for _ in range(data.draw(st.integers(1, 4))):
            block = data.draw(st.sampled_from(["CustomerUser", "CustomerCompany", ""]))
            target = settings.get(block) if block else settings
            if not isinstance(target, dict) or not target:
                continue
            key = data.draw(st.sampled_from(sorted(target)))
            inner = target[key]
            holds = key in ("Params", "Map") and isinstance(inner, dict | list) and bool(inner)
            if data.draw(st.booleans()) and holds:
                place = data.draw(
                    st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner)))
                )
                inner[place] = data.draw(odd)
            else:
                target[key] = data.draw(odd)
        file = tmp_path_factory.mktemp("odd") / "settings.json"
        file.write_text(json.dumps(settings))
        try:
            text = configuration(file)
        except Unusable:
            return
        loaded(text)


@pytest.mark.parametrize("number", range(1, 9))
def test_every_recorded_scenario_becomes_a_configuration(number: int) -> None:
    file = GOLDEN / f"S{number}.config.json"
    settings = json.loads(file.read_text())["settings"]
    config = loaded(configuration(file))
    blocks = [key for key in settings if re.fullmatch(r"CustomerUser\d*", key)]
    assert len(config.sources) == len(blocks)


class TestCommand:
    def test_prints_the_configuration(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "Config.pm"
        file.write_text(SHIPPED)
        assert run_command(["import-otobo", str(file)]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert out.startswith("# Made by kundengraph import-otobo from Config.pm.\n")
        assert tomllib.loads(out)["sources"][0]["key"] == "customer_user"

    def test_writes_it_where_it_is_told(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file, output = tmp_path / "settings", tmp_path / "kundengraph.toml"
        file.write_text(json.dumps({"settings": shipped.settings()}))
        assert run_command(["import-otobo", str(file), "--output", str(output)]) == 0
        assert capsys.readouterr() == ("", "")
        loaded(output.read_text())

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("", "sets nothing by $Self->{…} that can be read"),
            ("#!/bin/sh\necho it's\n", "sets nothing by $Self->{…} that can be read"),
            ("{", "is not JSON, line 1"),
            ("[]", "holds no settings"),
            ('{"FQDN": "x"}', "sets no source of customer users"),
            ('{"CustomerUser": 1}', "sets no source of customer users"),
            ("[" * 100_000, "is not JSON"),
            (
                '{"CustomerUser": {"Module": "LDAP", "Params": {}}}',
                "sets no source of customer users that can be carried over",
            ),
        ],
    )
    def test_a_file_of_which_nothing_can_be_made_exits_with_2(
        self, content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "Config.pm"
        file.write_text(content)
        assert run_command(["import-otobo", str(file)]) == 2
        assert capsys.readouterr() == ("", f"Config.pm {sentence}\n")

    def test_a_file_that_is_not_there_exits_with_2(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["import-otobo", "missing.pm"]) == 2
        assert capsys.readouterr().err == "missing.pm cannot be read: No such file or directory\n"

    def test_an_old_file_of_latin_1_is_read(self, tmp_path: Path) -> None:
        file = tmp_path / "Config.pm"
        file.write_bytes(SHIPPED.replace("Translatable('Fax')", "'Fax für Büro'").encode("latin-1"))
        config = loaded(configuration(file))
        assert "Fax für Büro" in [row.label for row in config.sources[0].rows]

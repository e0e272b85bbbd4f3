"""`kundengraph export` and `kundengraph import`: files of customer users, out and in."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from backends.model import SourceKind
from backends.sql import ddl
from gateway.cli import run_command
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL

TOML = """
[registry]
url = "{url}"
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[[sources]]
key = "desk"
name = "Desk"
customer_must_exist = false
fields = [
    {{ variable = "UserFloor", column = "floor", type = "int" }},
    {{ variable = "UserCustomerIDs", column = "orgs" }},
    {{ variable = "UserRoom", column = "room", selection = {{ a = "A", b = "B" }} }},
    {{ variable = "DynamicField_Tier", column = "Tier", type = "dynamic_field" }},
]
{more}
"""
CRM = """
[[sources]]
key = "crm"
name = "CRM"
backend = "sqlite"
url = "sqlite:///crm.sqlite"
read_only = true
foreign = true
"""
MORE_COLUMNS = ("floor INTEGER", "orgs VARCHAR(250)", "room VARCHAR(20)")
HEADER = "login,firstName,lastName,email,customerId,phone,floor,listedCustomerIds,room,validity\n"
ADA = "ada,Ada,Lovelace,ada@x.org,ACME,12,3,B;C,a,VALID\n"
BO = "bo,Bo,Ångström,bo@x.org,ACME,,,,,INVALID\n"


class Desk:
    """A configuration over a database with OTOBO's tables, and files beside it."""

    def __init__(self, folder: Path, url: str = "sqlite:///desk.sqlite", more: str = "") -> None:
        self.folder = folder
        self.file = folder / "kundengraph.toml"
        self.file.write_text(TOML.format(url=url, more=more))
        assert run_command(["init", str(self.file)]) == 0

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "desk.sqlite")) as connection, connection:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            return rows

    def imports(self, text: str, *options: str, name: str = "users.csv", source: str = "desk") -> int:
        (self.folder / name).write_text(text, encoding="utf-8")
        return run_command(["import", str(self.folder / name), str(self.file), "--source", source, *options])

    def exported(self, *options: str) -> str:
        output = self.folder / "exported"
        assert run_command(["export", str(self.file), "--output", str(output), *options]) == 0
        return output.read_text(encoding="utf-8")

    def rows(self) -> Sequence[Mapping[str, str]]:
        return list(csv.DictReader(self.exported().splitlines()))

    def rejected(self, name: str = "users.rejected.csv") -> list[list[str]]:
        return list(csv.reader((self.folder / name).read_text().splitlines()))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path)
    made.sql(*(f"ALTER TABLE customer_user ADD COLUMN {column}" for column in MORE_COLUMNS))
    capsys.readouterr()
    return made


def users_of(number: int) -> str:
    lines = (f"u{n:05},F{n},L{n},u{n}@x.org,ACME,,{n},,,VALID\n" for n in range(number))
    return HEADER + "".join(lines)


class TestImport:
    def test_rows_become_customer_users(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        assert desk.imports(HEADER + ADA + BO) == 0
        assert capsys.readouterr().out == "2 created, 0 changed, 0 unchanged, 0 rejected.\n"
        assert desk.sql(
            "SELECT login, last_name, phone, orgs, room, valid_id, pw FROM customer_user ORDER BY login"
        ) == [
            ("ada", "Lovelace", "12", "B;C", "a", 1, None),
            ("bo", "Ångström", "", "", "", 2, None),
        ]
        first, second = desk.rows()
        assert first["listedCustomerIds"] == "B;C"
        assert second["validity"] == "INVALID"
        assert not (desk.folder / "users.rejected.csv").exists()

    def test_repeating_writes_nothing(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        desk.imports(HEADER + ADA + BO)
        desk.sql("UPDATE customer_user SET change_time = '2020-01-01 00:00:00'")
        before = desk.sql("SELECT * FROM customer_user")
        capsys.readouterr()
        assert desk.imports(HEADER + ADA + BO) == 0
        assert capsys.readouterr().out == "0 created, 0 changed, 2 unchanged, 0 rejected.\n"
        assert desk.sql("SELECT * FROM customer_user") == before

    def test_only_what_differs_is_changed(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        desk.imports(HEADER + ADA + BO)
        capsys.readouterr()
        assert desk.imports("login,phone\nada,\nbo,\n") == 0
        assert capsys.readouterr().out == "0 created, 1 changed, 1 unchanged, 0 rejected.\n"
        assert [row["phone"] for row in desk.rows()] == ["", ""]
        assert [row["lastName"] for row in desk.rows()] == ["Lovelace", "Ångström"]

    def test_rows_that_fail_are_written_beside_and_the_rest_goes_through(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = (
            HEADER
            + ADA
            + "eve,Eve,,eve@x.org,ACME,,,,,\n"
            + "joe,Joe,Doe,no address,ACME,,,,,\n"
            + "jim,Jim,Doe,ada@x.org,ACME,,,,,\n"
            + "kim,Kim,Doe,kim@x.org,ACME,,three,,,\n"
            + "lea,Lea,Doe,lea@x.org,ACME,,,,c,\n"
            + "max,Max,Doe,max@x.org,ACME,,,,,gone\n"
            + ",No,Login,no@x.org,ACME,,,,,\n"
            + "few,cells\n"
            + f"{'x' * 101},Too,Long,long@x.org,ACME,,,,,\n"
            + BO
        )
        assert desk.imports(text) == 1
        out = capsys.readouterr().out
        assert out == (
            "2 created, 0 changed, 0 unchanged, 9 rejected."
            " What was rejected is in users.rejected.csv, with reasons.\n"
        )
        header, *rows = desk.rejected()
        assert header == [*HEADER.strip().split(","), "reason"]
        assert [(row[0], row[-1]) for row in rows][:-1] == [
            ("eve", "lastName: lastName is required in desk"),
            ("joe", "email: no address is not an address that is accepted here"),
            ("jim", "email: ada@x.org belongs to somebody else in Desk"),
            ("kim", "floor: is no whole number"),
            ("lea", "room: Must be one of a, b"),
            ("max", "validity: must be one of VALID, INVALID, INVALID_TEMPORARILY"),
            ("", "login: is missing"),
            ("few", "row 10 has 2 cells, the header 10"),
        ]
        assert [row["login"] for row in desk.rows()] == ["ada", "bo"]

    def test_what_was_rejected_can_be_mended_and_imported(self, desk: Desk) -> None:
        assert desk.imports(HEADER + ADA + "eve,Eve,,eve@x.org,ACME,,,,,\n") == 1
        mended = (desk.folder / "users.rejected.csv").read_text().replace("Eve,,", "Eve,Eden,")
        assert desk.imports(mended) == 0
        assert [row["lastName"] for row in desk.rows()] == ["Lovelace", "Eden"]
        assert not (desk.folder / "users.rejected.csv").exists()

    def test_a_dry_run_finds_the_same_and_writes_nothing(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.imports(HEADER + ADA)
        capsys.readouterr()
        text = HEADER + ADA.replace("12", "13") + BO + "eve,Eve,,eve@x.org,ACME,,,,,\n"
        assert desk.imports(text, "--dry-run") == 1
        assert capsys.readouterr().out.startswith("Would be: 1 created, 1 changed, 0 unchanged, 1 rejected.")
        assert [row["phone"] for row in desk.rows()] == ["12"]

    def test_the_same_login_or_address_twice_counts_once(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = HEADER + ADA + ADA.replace("12", "13") + "Ann,Ann,Other,ADA@x.org,ACME,,,,,\n"
        assert desk.imports(text) == 1
        assert capsys.readouterr().out.startswith("1 created, 1 changed, 0 unchanged, 1 rejected.")
        assert [row["phone"] for row in desk.rows()] == ["13"]

    def test_a_password_is_set_on_who_is_new_and_never_written_beside(self, desk: Desk) -> None:
        text = "login,firstName,lastName,email,customerId,password\n"
        assert desk.imports(text + "ada,A,L,ada@x.org,ACME,swordfish\neve,E,,e@x.org,ACME,swordfish\n") == 1
        (stored,) = desk.sql("SELECT pw FROM customer_user")[0]
        assert str(stored).startswith("BCRYPT:")
        assert "swordfish" not in (desk.folder / "users.rejected.csv").read_text()
        desk.imports(text + "ada,A,L,ada@x.org,ACME,other\n")
        assert desk.sql("SELECT pw FROM customer_user") == [(stored,)]

    def test_json_lines_say_the_same(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        ada = {"login": "ada", "firstName": "A", "lastName": "L", "email": "ada@x.org", "customerId": "X"}
        lines = [
            json.dumps({**ada, "floor": 3, "listedCustomerIds": ["B", "C"]}),
            "",
            "{",
            "[]",
            json.dumps({**ada, "login": "eve", "email": "eve@x.org", "colour": "red"}),
            json.dumps({**ada, "login": "joe", "email": {"a": 1}}),
        ]
        assert desk.imports("\n".join(lines), name="users.jsonl") == 1
        assert capsys.readouterr().out.startswith("1 created, 0 changed, 0 unchanged, 4 rejected.")
        written = (desk.folder / "users.rejected.jsonl").read_text().splitlines()
        assert [json.loads(line)["reason"] for line in written] == [
            "line 3 is not JSON",
            "line 4 is no JSON object",
            "colour: is no field of desk",
            "email: is neither a text nor a number",
        ]
        assert desk.rows()[0]["floor"] == "3"

    def test_a_file_of_a_spreadsheet_is_read(self, desk: Desk) -> None:
        text = "\ufeff" + HEADER.replace(",", ";") + 'ada;"Ada; A.";L;ada@x.org;ACME;;;;;\r\n\r\n'
        assert desk.imports(text) == 0
        assert desk.rows()[0]["firstName"] == "Ada; A."

    def test_who_belongs_to_another_source_is_not_taken_over(self, desk: Desk) -> None:
        with closing(sqlite3.connect(desk.folder / "crm.sqlite", isolation_level=None)) as connection:
            for statement in ("BEGIN", *ddl.statements(SourceKind.SQLITE), "COMMIT"):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
                " create_by, change_time, change_by) VALUES ('ada', 'a@x.org', 'ACME', 'A', 'L', 1, '2026-01-01', 1,"
                " '2026-01-01', 1)"
            )
        desk.file.write_text(TOML.format(url="sqlite:///desk.sqlite", more=CRM))
        assert desk.imports(HEADER + ADA) == 1
        assert desk.rejected()[1][-1] == "login: ada is in CRM (crm)"
        assert desk.imports(HEADER + ADA, source="crm") == 2

    def test_a_silent_source_keeps_rows_from_being_written(self, desk: Desk) -> None:
        desk.file.write_text(TOML.format(url="sqlite:///desk.sqlite", more=CRM))
        assert desk.imports(HEADER + ADA) == 1
        assert "crm" in desk.rejected()[1][-1]
        assert desk.sql("SELECT count(*) FROM customer_user") == [(0,)]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "has no column login"),
            ("name\n", "has no column login"),
            ("login,colour\n", "has columns that desk has not: colour; it has title, firstName"),
            ("login,login\n", "names a column twice in its header"),
        ],
    )
    def test_a_header_that_makes_no_sense_ends_it_before_anything_is_written(
        self, text: str, sentence: str, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert desk.imports(text) == 2
        assert f"users.csv: {sentence}" in capsys.readouterr().err

    def test_a_source_or_file_that_is_not_there_exits_with_2(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert desk.imports(HEADER, source="nowhere") == 2
        assert "there are desk" in capsys.readouterr().err
        assert run_command(["import", "missing.csv", str(desk.file), "--source", "desk"]) == 2

    def test_many_rows_come_in_chunks(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        assert desk.imports(users_of(450)) == 0
        assert capsys.readouterr().out.startswith("450 created")
        assert desk.imports(users_of(451)) == 0
        assert capsys.readouterr().out.startswith("1 created, 0 changed, 450 unchanged")

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_servers_take_rows_at_once(
        self, kind: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
    ) -> None:
        server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
        server.create_database("exchange")
        desk = Desk(tmp_path, server.url("exchange"))
        server.run_sql(
            ";".join(f"ALTER TABLE customer_user ADD COLUMN {column}" for column in MORE_COLUMNS), "exchange"
        )
        capsys.readouterr()
        assert desk.imports(users_of(250) + ADA + BO + "eve,Eve,,eve@x.org,ACME,,,,,\n") == 1
        assert capsys.readouterr().out.startswith("252 created, 0 changed, 0 unchanged, 1 rejected.")
        text = desk.exported()
        capsys.readouterr()
        assert desk.imports(text) == 0
        assert capsys.readouterr().out.startswith("0 created, 0 changed, 252 unchanged, 0 rejected.")


class TestExport:
    def test_everybody_is_there_with_every_field_and_no_password(self, desk: Desk) -> None:
        desk.imports(HEADER + BO + ADA)
        desk.sql(
            "UPDATE customer_user SET pw = 'canary'",
            "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id, create_time,"
            " create_by, change_time, change_by) VALUES (7, 'Tier', 'Tier', 1, 'Text', 'CustomerUser', 1,"
            " '2026-01-01', 1, '2026-01-01', 1)",
            "INSERT INTO dynamic_field_obj_id_name (object_id, object_name, object_type) VALUES (1, 'ada', 'CustomerUser')",
            "INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES (7, 1, 'gold')",
        )
        text = desk.exported()
        assert "canary" not in text
        header = text.splitlines()[0].split(",")
        assert header[0] == "login"
        assert header[-1] == "source"
        assert {"floor", "listedCustomerIds", "room", "tier", "validity"} < set(header)
        ada, bo = csv.DictReader(text.splitlines())
        assert (ada["login"], ada["tier"], ada["floor"], ada["source"]) == ("ada", "gold", "3", "desk")
        assert (bo["login"], bo["tier"], bo["floor"], bo["validity"]) == ("bo", "", "0", "INVALID")

    def test_json_lines_keep_lists_and_numbers(self, desk: Desk) -> None:
        desk.imports(HEADER + ADA)
        record = json.loads(desk.exported("--format", "jsonl"))
        assert record["listedCustomerIds"] == ["B", "C"]
        assert record["floor"] == 3
        assert record["tier"] is None

    @pytest.mark.parametrize("format", ["csv", "jsonl"])
    def test_what_was_exported_changes_nothing_when_it_is_imported(
        self, format: str, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.imports(HEADER + ADA + BO)
        text = desk.exported("--format", format)
        capsys.readouterr()
        assert desk.imports(text, name=f"again.{format}") == 0
        out, err = capsys.readouterr()
        assert out == "0 created, 0 changed, 2 unchanged, 0 rejected.\n"
        assert ("Dynamic fields are not imported: tier" in err) == (format == "csv")

    def test_all_pages_are_there_in_order(self, desk: Desk) -> None:
        desk.sql(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2345)"
            " INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
            " create_by, change_time, change_by) SELECT 'u' || n, 'u' || n, 'ACME', 'F', 'L', 1, '2026-01-01', 1,"
            " '2026-01-01', 1 FROM n"
        )
        logins = [row["login"] for row in desk.rows()]
        assert logins == sorted(f"u{n}" for n in range(1, 2346))

    def test_it_goes_to_standard_output_and_the_bar_does_not(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.imports(HEADER + ADA)
        capsys.readouterr()
        assert run_command(["export", str(desk.file)]) == 0
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 2
        assert "export" in err

    def test_a_source_that_is_silent_leaves_no_half_of_a_file(
        self, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.imports(HEADER + ADA)
        desk.file.write_text(TOML.format(url="sqlite:///desk.sqlite", more=CRM))
        output = desk.folder / "all.csv"
        output.write_text("old")
        assert run_command(["export", str(desk.file), "--output", str(output)]) == 1
        assert "The export is not complete: crm" in capsys.readouterr().err
        assert output.read_text() == "old"

    def test_one_source_is_exported_by_its_key(self, desk: Desk) -> None:
        desk.imports(HEADER + ADA)
        assert len(desk.exported("--source", "desk").splitlines()) == 2
        assert run_command(["export", str(desk.file), "--source", "nowhere"]) == 2

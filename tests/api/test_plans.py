"""Plans of the documents that people get to see: there is one for each, and it can be printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app import schema_of
from gateway.cli import run_command
from gateway.config import loads
from gateway.explorer.page import BUNDLE
from schema.build import KundengraphSchema
from schema.compiled.printed import printed
from tests.api.test_docs import QUERIES, Block

OPERATIONS = [
    path
    for path in sorted((BUNDLE.parent / "operations").glob("*.graphql"))
    if "\nsubscription " not in path.read_text("utf-8")
]
TOML = """
[registry]
url = "sqlite:///desk.sqlite"
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[[sources]]
key = "desk"
fields = [
    { variable = "UserRoom", column = "room" },
    { variable = "UserFloor", column = "floor", type = "int" },
]
"""
DOCUMENT = """
query People($all: Boolean!) {
  customerUsers(first: 5) {
    nodes { login customer { name } told: effectivePermissions { permissions group { name } } }
    totalCount @include(if: $all)
  }
  node(id: "x") { id ... on Group { name } }
}
mutation Rename { first: updateGroup(input: {name: "a"}) { group { name } } }
"""
PLAN = """\
query People, cost 111
  root customerUsers: CustomerUserConnection by columns customer_id, listed_customer_ids, login, served_from, source_key, withheld
    read nodes: [CustomerUser!]!
      fields login
      batch customer: Customer by columns name
        fields name
      batch told = effectivePermissions: [EffectivePermission!]
        fields permissions
        read group: Group!
          fields name
  root node: Node
    on Customer
      fields id
    on CustomerUser
      fields id
    on Group
      fields id, name
    on Service
      fields id
    on Source
      fields id
mutation Rename, cost 2
  then first = updateGroup: GroupPayload
    read group: Group
      fields name
"""


@pytest.fixture(scope="module")
def schema() -> KundengraphSchema:
    return schema_of(loads(TOML, Path("/etc/kundengraph.toml"), {}))


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_there_is_a_plan_for_every_saved_operation(path: Path, schema: KundengraphSchema) -> None:
    assert "graphql-core" not in printed(schema, path.read_text("utf-8"))


@pytest.mark.parametrize("block", QUERIES, ids=str)
def test_there_is_a_plan_for_every_query_of_the_documents(block: Block, schema: KundengraphSchema) -> None:
    assert "graphql-core" not in printed(schema, block.text)


def test_the_plan_of_a_document_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, document = tmp_path / "kundengraph.toml", tmp_path / "people.graphql"
    file.write_text(TOML)
    document.write_text(DOCUMENT)
    assert run_command(["schema", str(file), "--plan", str(document)]) == 0
    assert capsys.readouterr().out == PLAN


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "Syntax Error"), ("{ nothing }", "Cannot query field 'nothing'"), (None, "cannot be read")],
)
def test_a_document_without_a_plan_is_refused_with_a_reason(
    text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, document = tmp_path / "kundengraph.toml", tmp_path / "people.graphql"
    file.write_text(TOML)
    if text is not None:
        document.write_text(text)
    assert run_command(["schema", str(file), "--plan", str(document)]) == 2
    assert said in capsys.readouterr().err

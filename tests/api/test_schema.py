"""The printed schema: the contract is in it, every element is described, configurations do not meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import Node, build_schema, parse, print_ast
from graphql.language import InputObjectTypeDefinitionNode

from gateway.app import schema_of
from gateway.config import Config, loads
from schema.words import missing
from tests.committed import COMMAND, MADE, ROOT, example, schema

CONTRACT = Path(__file__).parents[1] / "contract.graphql"

NOT_YET: frozenset[str] = frozenset()
"""What the contract names and this schema has not yet: types, or single fields, arguments and values by path."""


def elements(text: str) -> dict[str, str]:
    """Path and signature of every type, field, argument, input field and enum value of a schema's text."""
    return dict(pair for node in parse(text).definitions for pair in _of_type(node))


def _of_type(node: Node) -> Iterator[tuple[str, str]]:
    name = _name(node)
    yield name, node.kind
    for one in getattr(node, "interfaces", None) or ():
        yield f"{name}: {_name(one)}", "implements"
    for value in getattr(node, "values", None) or ():
        yield f"{name}.{_name(value)}", "value"
    for field in getattr(node, "fields", None) or ():
        yield f"{name}.{_name(field)}", _signature(field)
        for argument in getattr(field, "arguments", None) or ():
            yield f"{name}.{_name(field)}({_name(argument)})", _signature(argument)


def _name(node: Node) -> str:
    return str(getattr(node, "name").value)  # noqa: B009


def _signature(node: Node) -> str:
    default = getattr(node, "default_value", None)
    written = print_ast(getattr(node, "type"))  # noqa: B009
    return f"{written} = {print_ast(default)}" if default else written


def outermost(paths: set[str]) -> set[str]:
    """The paths without those that lie in another one of them."""
    return {path for path in paths if not any(_lies_in(path, other) for other in paths)}


def _lies_in(path: str, other: str) -> bool:
    return any(path.startswith(other + sign) for sign in (".", "(", ":"))


def configured(rows: str, more: str = "") -> Config:
    text = f"""
        [auth]
        signing_key = "{"k" * 32}"
        [registry]
        url = "sqlite:////absent.sqlite"
        [[sources]]
        key = "customer_user"
        fields = [{rows}]
        {more}
    """
    return loads(text, Path("/etc/kundengraph.toml"), {})


@pytest.fixture(scope="module")
def contract() -> dict[str, str]:
    return elements(CONTRACT.read_text("utf-8"))


@pytest.fixture(scope="module")
def ours() -> dict[str, str]:
    return elements(schema())


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_committed_file_is_what_the_code_makes(path: Path) -> None:
    hint = f"{path.relative_to(ROOT)} is not current: run `{COMMAND}` and look at the difference"
    assert path.read_text("utf-8") == MADE[path](), hint


def test_a1_what_the_contract_names_is_there_but_for_the_list_above(
    contract: dict[str, str], ours: dict[str, str]
) -> None:
    assert outermost(contract.keys() - ours.keys()) == NOT_YET


def test_a1_types_nullability_and_defaults_are_those_of_the_contract(
    contract: dict[str, str], ours: dict[str, str]
) -> None:
    shared = contract.keys() & ours.keys()
    assert {path: ours[path] for path in shared} == {path: contract[path] for path in shared}


def test_a1_additions_demand_nothing_of_those_who_do_not_know_them(
    contract: dict[str, str], ours: dict[str, str]
) -> None:
    inputs = tuple(
        f"{path}." for path, sort in contract.items() if sort == InputObjectTypeDefinitionNode.kind
    )
    added = {
        path
        for path in ours.keys() - contract.keys()
        if path.startswith(inputs) or ("(" in path and path.partition("(")[0] in contract)
    }
    assert [path for path in added if ours[path].endswith("!")] == []


def test_a15_every_element_has_a_description() -> None:
    assert missing(schema_of(example())._schema) == []


def test_the_printed_schema_is_itself_a_schema() -> None:
    assert build_schema(schema()).query_type is not None


def test_a14_a_mapped_custom_field_is_a_typed_field_that_lists_can_be_ordered_by() -> None:
    config = configured(
        '{ variable = "UserRoom", column = "room" }, { variable = "UserFloor", column = "floor", type = "int" }'
    )
    found = elements(schema_of(config).as_str())
    assert found["CustomerUser.room"] == "String"
    assert found["CustomerUser.floor"] == "Int"
    assert found["CustomerUserOrderField.FLOOR"] == "value"
    assert missing(schema_of(config)._schema) == []


def test_a14_a_custom_field_of_customers_appears_on_customers() -> None:
    config = configured(
        "",
        """
        [[customers]]
        key = "customer_company"
        fields = [{ variable = "CustomerCompanyBranch", column = "branch" }]
        """,
    )
    found = elements(schema_of(config).as_str())
    assert found["Customer.branch"] == "String"
    assert "CustomerUser.branch" not in found


def test_a14_two_configurations_in_one_process_do_not_disturb_each_other() -> None:
    plain = schema_of(configured("")).as_str()
    roomy = schema_of(configured('{ variable = "UserRoom", column = "room" }')).as_str()
    lofty = schema_of(configured('{ variable = "UserRoom", column = "room", type = "int" }')).as_str()

    assert schema_of(configured("")).as_str() == plain
    inputs = ("CreateCustomerUserInput", "UpdateCustomerUserInput", "UpsertCustomerUserInput")
    types = ("CustomerUser", *inputs)
    by_room = {"CustomerUserOrderField.ROOM": "value"}
    assert elements(roomy) == elements(plain) | by_room | {f"{type_}.room": "String" for type_ in types}
    assert elements(lofty) == elements(plain) | by_room | {f"{type_}.room": "Int" for type_ in types}

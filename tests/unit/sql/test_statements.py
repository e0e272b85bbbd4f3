"""Texts of statements: placeholders and arguments agree, identifiers are quoted, texts are made once."""

from __future__ import annotations

import re

import pytest

from backends.conditions import ALWAYS, And, Condition, In, Like, condition_of
from backends.filters import FieldCondition, Filter, Members, Operator
from backends.model import Validity
from backends.order import Order, OrderTerm
from backends.search import parse_words
from backends.sql.conditions import Renderer
from backends.sql.dialects import Dialect, MariaDBDialect, PostgreSQLDialect, SQLiteDialect
from backends.sql.shapes import Columns, shape_of
from backends.sql.statements import PageShape, Statements
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_mapping

DIALECTS = (PostgreSQLDialect(), MariaDBDialect(), SQLiteDialect())
by_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.kind.value)
PLACEHOLDERS = {"postgresql": r"\$\d+", "mariadb": r"%s", "sqlite": r"\?"}

FILTERS = (
    Filter(),
    Filter(search=parse_words("ada love*"), email="a@x.org"),
    Filter(login="a", customer_ids=("A", "B", "C"), exclude_keys=("x",), validity=None),
    Filter(members=Members("ACME", ("a", "b")), validity=frozenset({Validity.INVALID})),
    Filter(fields=(FieldCondition("floor", ("1", "2"), Operator.GREATER_THAN),)),
    Filter(fields=(FieldCondition("room", (), Operator.EMPTY), FieldCondition("city", ("Z*", "x")))),
)


def the_statements(dialect: Dialect) -> Statements:
    """Statements for a table with custom fields."""
    columns = Columns(frozenset({"floor", "valid_id"}), frozenset({"login"}))
    return Statements(a_mapping(fields=(*USER_FIELDS, *CUSTOM_FIELDS)), "crm.people", dialect, columns)


@by_dialect
@pytest.mark.parametrize("filter", FILTERS)
def test_a_text_has_a_placeholder_for_every_argument(dialect: Dialect, filter: Filter) -> None:
    statements = the_statements(dialect)
    shape, args = shape_of(condition_of(filter, statements.mapping), dialect, statements.columns)
    order = Order.of([OrderTerm("lastName"), OrderTerm("floor", True)], "login")
    kind = PLACEHOLDERS[dialect.kind.value]
    for capped in (False, True):
        page = statements.pages((PageShape(shape, order, after=True, capped=capped),))
        assert len(re.findall(kind, page)) == len(args) + 7 + 1
    assert len(re.findall(kind, statements.keys(shape, True))) == len(args) + 3 + 1
    assert len(re.findall(kind, statements.counts(((shape, True), (shape, False))))) == 2 * len(args)
    assert len(re.findall(kind, statements.tally("city", shape))) == len(args)


@by_dialect
def test_a_text_is_made_once_for_a_shape(dialect: Dialect) -> None:
    statements = the_statements(dialect)
    for login in ("a", "b"):
        shape, _ = shape_of(Like("login", ("", login, ""), True), dialect, statements.columns)
        statements.pages((PageShape(shape, Order(())),))
    assert statements.pages.cache_info().misses == 1


@by_dialect
def test_s2_placeholders_of_postgresql_are_numbered_and_no_value_is_in_a_text(dialect: Dialect) -> None:
    statements = the_statements(dialect)
    condition = And((Like("city", ("Secret", ""), True), In("zip", ("Secret", "2"), False)))
    shape, _ = shape_of(condition, dialect, statements.columns)
    text = statements.pages((PageShape(shape, Order(())), PageShape(shape, Order(()))))
    assert "Secret" not in text
    if dialect.kind.value == "postgresql":
        assert re.findall(r"\$\d+", text) == [f"${number}" for number in range(1, 7)]


@by_dialect
def test_s2_names_are_quoted_and_nothing_else_is_a_name(dialect: Dialect) -> None:
    quote = dialect.quotes
    assert dialect.quoted("crm.people") == f"{quote}crm{quote}.{quote}people{quote}"
    for name in ("", "a b", "a.b.c", "1a", 'a"', "a`", "a;", "ä", "x" * 64, "a.", "a\n"):
        with pytest.raises(ValueError, match="not an identifier"):
            dialect.quoted(name)


def test_many_alternatives_make_a_shallow_tree() -> None:
    dialect = SQLiteDialect()
    condition: Condition = ALWAYS
    parts = tuple(Like("city", (str(number), ""), True) for number in range(2000))
    condition = And(parts)
    shape, args = shape_of(condition, dialect, Columns())
    text = Renderer(dialect, Columns(), None, dialect.quoted).text(shape)
    assert text.count("?") == len(args) == 2000
    depth = deepest = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    assert deepest < 15


@by_dialect
def test_a_source_without_validity_column_is_valid_throughout(dialect: Dialect) -> None:
    renderer = Renderer(dialect, Columns(), None, dialect.quoted)
    for validities, text in ((frozenset({Validity.VALID}), "(1 = 1)"), (frozenset[Validity](), "(1 = 0)")):
        condition = condition_of(Filter(validity=validities), a_mapping())
        assert renderer.text(shape_of(condition, dialect, Columns())[0]) == text

"""Whether documents are valid, by graphql-core's rules: it makes for each document anew what is made here once.

Its `validate` looks up the methods of 35 rules for each kind of node, and leaves them as a thousand objects in circles,
which only Python's collector frees. What is found wrong is not told here: `validate` has the words for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from graphql import (
    SKIP,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    Visitor,
    assert_valid_schema,
)
from graphql.language import ast
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.pyutils import RefMap
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

MAX_BRACES = 200
"""Documents with more may be deeper, through fragments, than graphql-core follows: it looks at that by itself."""
NAMES = frozenset({"name", "alias"})
"""Children that are names, which nobody visits but by these methods."""
OF_NAMES = ("enter_name", "leave_name", "enter", "leave")

Method = Callable[..., Any]


class Unproven(Exception):
    """What keeps a document from being valid, or from being looked through here."""


class Validation:
    """Some rules over one schema."""

    def __init__(self, schema: GraphQLSchema, rules: tuple[type[Any], ...]) -> None:
        assert_valid_schema(schema)
        self._schema = schema
        self.rules = rules
        self._methods = Methods(rules)

    def proves(self, document: DocumentNode, text: str) -> bool:
        """Whether no rule has anything against the document of that text; False as well where `validate` must see."""
        if text.count("{") > MAX_BRACES:
            return False
        types = TypeInfo(self._schema)
        context = _Context(self._schema, document, types, varies="$" in text)
        try:
            Walk(self._methods, [rule(context) for rule in self.rules], types).visit(document, None, None)
        except (Unproven, GraphQLError, RecursionError):
            return False
        return True


class Methods:
    """What visitors do at each kind of node: places and methods of those that do anything, and where to go on."""

    def __init__(self, visitors: Sequence[type[Visitor]]) -> None:
        named = any(hasattr(one, name) for one in visitors for name in OF_NAMES)
        self.kinds: Mapping[str, tuple[Any, ...]] = {
            kind: (
                getattr(TypeInfo, f"enter_{kind}", None),
                _of(visitors, "enter", kind),
                tuple(
                    key
                    for key in QUERY_DOCUMENT_KEYS.get(kind, ())
                    if key != "description" and (named or key not in NAMES)
                ),
                _of(visitors, "leave", kind),
                getattr(TypeInfo, f"leave_{kind}", None),
            )
            for kind in {node.kind for node in vars(ast).values() if _is_node(node)}
        }


def _is_node(one: object) -> TypeGuard[type[Node]]:
    return isinstance(one, type) and issubclass(one, Node)


def _of(visitors: Sequence[type[Visitor]], what: str, kind: str) -> tuple[tuple[int, Method], ...]:
    found = [getattr(one, f"{what}_{kind}", None) or getattr(one, what, None) for one in visitors]
    return tuple((place, method) for place, method in enumerate(found) if method)


class Walk:
    """Visits what graphql-core's `visit` does, in its order, with all visitors at once; nothing may be edited."""

    def __init__(self, methods: Methods, visitors: Sequence[Visitor], types: TypeInfo) -> None:
        self._kinds = methods.kinds
        self._visitors = visitors
        self._types = types
        self._skipping: list[bool] = [False] * len(visitors)
        self._path: list[Any] = []
        self._ancestors: list[Any] = []

    def visit(self, node: Node, key: Any, parent: Any) -> None:
        """Visit the node, which `parent` has at `key`, and all below; raises Unproven, and what visitors raise."""
        begin, entering, keys, leaving, end = self._kinds[node.kind]
        if begin:
            begin(self._types, node)
        skipping = self._enter(entering, node, key, parent) if entering else ()
        if keys:
            self._descend(node, keys, parent)
        for place, method in leaving:
            if not self._skipping[place]:
                result = method(self._visitors[place], node, key, parent, self._path, self._ancestors)
                if result is not None:
                    _skips(result)  # which means nothing here
        for place in skipping:
            self._skipping[place] = False
        if end:
            end(self._types)

    def _enter(
        self, methods: Iterable[tuple[int, Method]], node: Node, key: Any, parent: Any
    ) -> Sequence[int]:
        """Call those that do not skip what is here; the places of those that skip what is below."""
        begun: list[int] = []
        for place, method in methods:
            if not self._skipping[place]:
                result = method(self._visitors[place], node, key, parent, self._path, self._ancestors)
                if result is not None and _skips(result):
                    self._skipping[place] = True
                    begun.append(place)
        return begun

    def _descend(self, node: Node, keys: Iterable[str], parent: Any) -> None:
        path, ancestors = self._path, self._ancestors
        if parent:
            ancestors.append(parent)
        for key in keys:
            below = getattr(node, key, None)
            if not below:
                continue
            path.append(key)
            if below.__class__ is tuple:
                ancestors.append(node)
                for index, one in enumerate(below):
                    path.append(index)
                    self.visit(one, index, below)
                    path.pop()
                ancestors.pop()
            else:
                self.visit(below, key, node)
            path.pop()
        if parent:
            ancestors.pop()


def _skips(result: object) -> bool:
    """True; no rule breaks off, or edits what it sees."""
    if result is not SKIP and result is not False:
        raise Unproven
    return True


class _Context(ValidationContext):
    """Finds nodes by themselves, not by all that is in them, and looks for variables where there are any."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, types: TypeInfo, *, varies: bool
    ) -> None:
        super().__init__(schema, document, types, _refuse, hide_suggestions=True)
        self._fragment_spreads: Any = RefMap()
        self._recursive_variable_usages: Any = RefMap()
        self._varies = varies
        self._usages: dict[int, list[VariableUsage]] = {}

    def get_variable_usages(
        self, node: OperationDefinitionNode | FragmentDefinitionNode
    ) -> list[VariableUsage]:
        """The variables in an operation or a fragment."""
        found = self._usages.get(id(node))
        if found is None:
            fragment = node if isinstance(node, FragmentDefinitionNode) else None
            visitor = VariableUsageVisitor(self._type_info, fragment)
            if self._varies:
                Walk(USAGES, [visitor], self._type_info).visit(node, None, None)
            found = self._usages[id(node)] = visitor.usages
        return found


def _refuse(error: GraphQLError) -> None:
    raise Unproven


USAGES = Methods([VariableUsageVisitor])

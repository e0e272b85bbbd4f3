"""Limits of what one operation may ask for: looked at before anything is validated or run.

A refusal is COST_EXCEEDED with `limit` and, where it was counted to the end, `actual`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    get_introspection_query,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from backends.errors import CostExceeded
from schema.cost import MOST, Weight, weigh
from schema.scanning import Scan, scan
from schema.tariff import Tariff
from schema.validation import Validation

MAX_ROOT_FIELDS = 50
"""Fields on the first level of an operation: more than any page shows, and no flood."""
MAX_DEFINITIONS = 100
"""Operations and fragments of one document."""
MAX_DIRECTIVES = 100
"""Directives of one document."""
MAX_REPEATED = 100
"""Fields of one document that stand twice in the same braces: validation compares them pair by pair."""
MAX_ERRORS = 5
"""Findings of validation that are told; it ends with the next."""
CHARACTERS_OF_A_TOKEN = 32
"""A document of so many for each of `max_tokens` is too long, whatever fills it; long values go into variables."""
TOO_WIDE = "The root has {actual} fields, more than {limit}."
TOO_DEEP = "The operation is {actual} levels deep, more than {limit}."
REMEMBERED_TOKENS = 50_000
"""Size of all documents that are remembered as valid together: about 20 MB."""


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits] of the configuration."""

    depth: int = 12
    cost: int = 20_000
    aliases: int = 30
    tokens: int = 2000


SHIPPED = Limits()


class Measures:
    """What lives as long as a schema: its limits and prices, and the documents that were valid."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, suggestions: bool) -> None:
        self.schema = schema
        self.limits = limits
        self.suggestions = suggestions
        self.valid = ValidDocuments()
        self._validation = Validation(
            schema, (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
        )
        self._tariff = Tariff.of(schema)
        self._read: tuple[str, DocumentNode | CostExceeded | GraphQLError] | None = None

    @cached_property
    def introspection(self) -> int:
        """Half as much again as the longest introspection that tools ask for."""
        question = parse(get_introspection_query(True, True, True, True, True))
        return self._weigh(question, None, None).introspection * 3 // 2

    def read(self, text: str) -> DocumentNode:
        """The document, known or parsed; raises CostExceeded before it is parsed, or a syntax error."""
        known = self.valid.get(text)
        if known is not None:
            return known
        if (
            self._read is None or self._read[0] != text
        ):  # the short way to an answer has read it before the long one
            self._read = text, self._parsed(text)
        if isinstance(self._read[1], DocumentNode):
            return self._read[1]
        raise self._read[1].with_traceback(None)

    def _parsed(self, text: str) -> DocumentNode | CostExceeded | GraphQLError:
        try:
            return self._parse(text)
        except (CostExceeded, GraphQLError) as error:
            return error

    def _parse(self, text: str) -> DocumentNode:
        most = self.limits.tokens * CHARACTERS_OF_A_TOKEN
        if len(text) > most:
            raise exceeded("The document has {actual} characters, more than {limit}.", most, len(text))
        self._check(scan(text, self.limits.tokens))
        return _unchained(parse(text, max_tokens=self.limits.tokens))

    def validate(
        self, document: DocumentNode, text: str, rules: Any, *, suggestions: bool
    ) -> list[GraphQLError]:
        """What is wrong with the document; one that is valid is remembered."""
        if self.valid.get(text) is document:
            return []
        rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
        if rules == self._validation.rules and self._validation.proves(document, text):
            found = []
        else:
            found = validate(
                self.schema, document, rules, max_errors=MAX_ERRORS, hide_suggestions=not suggestions
            )
        if not found:
            self.valid.add(text, document)
        return found

    def learn(self, text: str, name: str | None, variables: Mapping[str, Any] | None) -> Known | None:
        """What is known of a new text: nothing unless it is valid, and what is asked of it not too much."""
        try:
            document = self.read(text)
            if self.weigh(document, name, variables)[1]:
                return None
            self.validate(document, text, specified_rules, suggestions=False)
        except (CostExceeded, GraphQLError):
            return None
        return self.valid.known(text)

    def weigh(
        self, document: DocumentNode, name: str | None, variables: Mapping[str, Any] | None
    ) -> tuple[int, list[CostExceeded]]:
        """The cost of an operation, and in what it exceeds the limits."""
        weight = self._weigh(document, name, variables)
        return min(weight.cost, MOST), list(self._refusals(weight))

    def _weigh(self, document: DocumentNode, name: str | None, variables: Mapping[str, Any] | None) -> Weight:
        operation = get_operation_ast(document, name)
        return weigh(self._tariff, document, operation, variables) if operation else Weight()

    def _check(self, found: Scan) -> None:
        if found.tokens > self.limits.tokens:
            raise exceeded("The document has more than {limit} tokens.", self.limits.tokens)
        if found.depth > self.limits.depth:
            raise exceeded(TOO_DEEP, self.limits.depth, found.depth)
        for what, actual, limit in (
            ("aliases", found.aliases, self.limits.aliases),
            ("directives", found.directives, MAX_DIRECTIVES),
            ("operations and fragments", found.definitions, MAX_DEFINITIONS),
            ("fields that stand beside themselves", found.repeated, MAX_REPEATED),
        ):
            if actual > limit:
                raise exceeded(f"The document has {{actual}} {what}, more than {{limit}}.", limit, actual)
        if found.fields > MAX_ROOT_FIELDS:
            raise exceeded(TOO_WIDE, MAX_ROOT_FIELDS, found.fields)

    def _refusals(self, weight: Weight) -> Iterator[CostExceeded]:
        for sentence, actual, limit in (
            (TOO_DEEP, weight.depth, self.limits.depth),
            ("The operation has {actual} aliases, more than {limit}.", weight.aliases, self.limits.aliases),
            (TOO_WIDE, weight.fields, MAX_ROOT_FIELDS),
            ("The operation signs in {actual} times, more than once.", weight.logins, 1),
            ("The operation may return {actual} objects, more than {limit}.", weight.cost, self.limits.cost),
        ):
            if actual > limit:
                yield exceeded(sentence, limit, actual)
        if weight.introspection and weight.introspection > self.introspection:
            yield exceeded("The introspection is too large.", self.introspection, weight.introspection)


def _unchained(document: DocumentNode) -> DocumentNode:
    """The document, whose tokens do not hold each other any more: in circles, they would outlive it until collected."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    return document


def exceeded(sentence: str, limit: int, actual: int | None = None) -> CostExceeded:
    """The refusal; a number that JSON's readers would not read is cut to the largest one that they do."""
    actual = None if actual is None else min(actual, MOST)
    return CostExceeded(sentence.format(actual=actual, limit=limit), limit=limit, actual=actual)


@dataclass(slots=True, eq=False)
class Known:
    """A document that was valid."""

    document: DocumentNode
    size: int
    operations: dict[str | None, Any] = field(default_factory=dict)
    """Those of its operations that are ready to run, by the names they were asked by."""


class ValidDocuments:
    """The documents used last that were valid, by their text, as far as all of them together are not too large."""

    def __init__(self, most: int = REMEMBERED_TOKENS) -> None:
        self._most = most
        self._size = 0
        self._documents: OrderedDict[str, Known] = OrderedDict()

    def get(self, text: str) -> DocumentNode | None:
        """The document, if it is remembered."""
        found = self.known(text)
        return None if found is None else found.document

    def known(self, text: str) -> Known | None:
        """The same with what is known of it."""
        found = self._documents.get(text)
        if found is not None:
            self._documents.move_to_end(text)
        return found

    def add(self, text: str, document: DocumentNode) -> None:
        """Remember the document, and forget those that were not used for longest."""
        if text in self._documents:
            return
        size = 1 + (document.token_count or 0) + len(text) // 400  # a token takes about 400 bytes
        self._documents[text] = Known(document, size)
        self._size += size
        while self._size > self._most:
            self._size -= self._documents.popitem(last=False)[1].size

    def __len__(self) -> int:
        return len(self._documents)


class Measured(SchemaExtension):
    """Parses and validates within the limits, and reports the cost of the operation with its answer."""

    def __init__(self) -> None:
        self._cost: int | None = None

    @property
    def _measures(self) -> Measures:
        schema: Any = self.execution_context.schema
        return cast(Measures, schema.measures)

    def on_parse(self) -> Iterator[None]:
        """Refuse floods by the text alone."""
        execution = self.execution_context
        if execution.query and execution.graphql_document is None:
            execution.graphql_document = self._measures.read(execution.query)
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse what is too much; validate only what is not."""
        execution = self.execution_context
        document = execution.graphql_document
        if document is not None:
            name, variables = execution.operation_name, execution.variables
            self._cost, refused = self._measures.weigh(document, name, variables)
            suggestions = self._measures.suggestions or execution.context.viewer.known
            execution.pre_execution_errors = [
                GraphQLError(error.message, original_error=error) for error in refused
            ] or self._measures.validate(
                document, execution.query or "", execution.validation_rules, suggestions=suggestions
            )
        yield

    def get_results(self) -> dict[str, Any]:
        """`extensions.cost` of the answer."""
        if self._cost is None:
            return {}
        return {"cost": {"cost": self._cost, "limit": self._measures.limits.cost}}

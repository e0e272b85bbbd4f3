"""What stands around every operation: codes on errors, masking, errors beside data, and access."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, get_operation_ast
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from backends.errors import GatewayError
from backends.recorder import CURRENT
from resolvers.context import RequestContext
from schema.ordering import in_order, settled

log = structlog.get_logger("kundengraph")

TOO_MANY_TOKENS = re.compile(r"more than (\d+) tokens")


class Answers(SchemaExtension):
    """Gives every error a code of the contract, masks the rest, and puts errors beside data where they belong."""

    async def on_operation(self) -> AsyncIterator[None]:
        try:
            yield
        except (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError):
            raise  # the view has an HTTP status for each of these
        except (GeneratorExit, asyncio.CancelledError):  # a listener has left
            self._note(())
            raise
        except GraphQLError as error:  # raised by an extension: a cached parser, a limit, access
            raise self._noted(public(error)) from error
        except Exception as error:
            raise self._noted(public(GraphQLError(type(error).__name__, original_error=error))) from error
        execution = self.execution_context
        context: RequestContext = execution.context
        seen = Seen()
        if execution.pre_execution_errors:
            execution.pre_execution_errors = [seen.once(error) for error in execution.pre_execution_errors]
        result: Any = execution.result
        if result is None or not hasattr(result, "errors"):
            self._note(execution.pre_execution_errors or ())
            return
        result.errors = told(result, context, seen)
        self._note(result.errors or ())

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """The same for each event of a subscription, and for what stands in its place."""
        if isinstance(getattr(result, "errors", None), list):
            result.errors = told(result, self.execution_context.context)
        yield

    def on_execute(self) -> Iterator[None]:
        """Refuse several operations of which none is named: Strawberry would run the first."""
        execution = self.execution_context
        definitions = execution.graphql_document.definitions if execution.graphql_document else ()
        operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        if len(operations) > 1 and not execution._provided_operation_name:
            code = {"code": "GRAPHQL_VALIDATION_FAILED"}
            raise GraphQLError("The document has several operations: name one.", extensions=code)
        yield

    def _noted(self, error: GraphQLError) -> GraphQLError:
        self._note([error])
        return error

    def _note(self, errors: Sequence[GraphQLError]) -> None:
        """Tell the record of the request which operation it was, and how it went."""
        record = CURRENT.get()
        if record is None:
            return
        execution = self.execution_context
        document = execution.graphql_document
        name = execution._provided_operation_name
        operation = get_operation_ast(document, name) if document else None
        record.answered(
            operation.operation.value if operation else None,
            operation.name.value if operation and operation.name else None,
            [(error.extensions or {}).get("code", "") for error in errors],
        )


class Seen:
    """Errors as clients see them, each made once, for the same ones may stand in several places."""

    def __init__(self) -> None:
        self._made: dict[int, GraphQLError] = {}

    def once(self, error: GraphQLError) -> GraphQLError:
        """The error as a client may see it."""
        if id(error) not in self._made:
            self._made[id(error)] = public(error)
        return self._made[id(error)]


def told(result: Any, context: RequestContext, seen: Seen | None = None) -> list[GraphQLError] | None:
    """What a client is told of an operation that ran: errors, and those that stand beside data."""
    if not result.errors and not context.beside:
        return None
    seen = seen or Seen()
    errors = settled(result.data, [seen.once(error) for error in result.errors or ()])
    errors += [
        GraphQLError(str(error), path=path.as_list(), extensions=getattr(error, "extensions", None))
        for path, error in context.beside
    ]
    return in_order(result.data, errors) or None


def public(error: GraphQLError) -> GraphQLError:
    """The error as a client may see it: with a code, and without anything of ours where it is a bug."""
    original = error.original_error
    if isinstance(original, GatewayError):
        # made anew: graphql-core takes an attribute `source` of the original for the document, and counts lines in it
        return GraphQLError(
            original.message,
            nodes=error.nodes,
            path=error.path,
            original_error=original,
            extensions=original.extensions,
        )
    if isinstance(error, GraphQLSyntaxError):
        limit = TOO_MANY_TOKENS.search(error.message)
        found = (
            {"code": "COST_EXCEEDED", "limit": int(limit[1])} if limit else {"code": "GRAPHQL_PARSE_FAILED"}
        )
        error.extensions = {**(error.extensions or {}), **found}
        return error
    if original is None or (isinstance(original, GraphQLError) and not _is_of_a_value(error, original)):
        if "code" not in (error.extensions or {}):
            code = "GRAPHQL_VALIDATION_FAILED" if error.path is None else "BAD_USER_INPUT"
            error.extensions = {**(error.extensions or {}), "code": code}
        return error
    return _masked(error, original)


def _is_of_a_value(error: GraphQLError, original: GraphQLError) -> bool:
    """Whether a value of ours does not fit its type; what is wrong with a document or argument names its place."""
    return error.path is not None and original.nodes is None


def _masked(error: GraphQLError, original: BaseException) -> GraphQLError:
    error_id = secrets.token_hex(8)
    log.error("internal error", error_id=error_id, path=error.path, exc_info=original)
    return GraphQLError(
        "Something went wrong here; the error is noted.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": "INTERNAL", "errorId": error_id},
    )

"""What stands around every operation: codes on errors, masking, errors beside data, and access."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import SchemaExtension

from backends.errors import GatewayError
from resolvers.context import RequestContext

log = structlog.get_logger("kundengraph")


class Answers(SchemaExtension):
    """Gives every error a code of the contract, masks the rest, and puts errors beside data where they belong."""

    async def on_operation(self) -> AsyncIterator[None]:
        yield
        execution = self.execution_context
        context: RequestContext = execution.context
        if execution.pre_execution_errors:
            execution.pre_execution_errors = [public(error) for error in execution.pre_execution_errors]
        result: Any = execution.result
        if result is None or not hasattr(result, "errors"):
            return
        errors = [public(error) for error in result.errors or ()]
        errors += [
            GraphQLError(str(error), path=path.as_list(), extensions=getattr(error, "extensions", None))
            for path, error in context.beside
        ]
        result.errors = errors or None


def public(error: GraphQLError) -> GraphQLError:
    """The error as a client may see it: with a code, and without anything of ours where it is a bug."""
    original = error.original_error
    if isinstance(original, GatewayError):
        error.extensions = {**(error.extensions or {}), **original.extensions}
        return error
    if isinstance(error, GraphQLSyntaxError):
        error.extensions = {**(error.extensions or {}), "code": "GRAPHQL_PARSE_FAILED"}
        return error
    if original is None or isinstance(original, GraphQLError):
        if "code" not in (error.extensions or {}):
            code = "GRAPHQL_VALIDATION_FAILED" if error.path is None else "BAD_USER_INPUT"
            error.extensions = {**(error.extensions or {}), "code": code}
        return error
    return _masked(error, original)


def _masked(error: GraphQLError, original: BaseException) -> GraphQLError:
    error_id = secrets.token_hex(8)
    log.error("internal error", error_id=error_id, path=error.path, exc_info=original)
    return GraphQLError(
        "Something went wrong here; the error is noted.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": "INTERNAL", "errorId": error_id},
    )

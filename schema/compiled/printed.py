"""Plans for people: one line for each step, indented as they follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse, validate
from graphql.execution.values import VariableValues

from schema.compiled.compiler import Compiler, Outline, Refused
from schema.compiled.plan import Listed, Selection, Shape, Step
from schema.cost import weigh
from schema.fields import Related, Rooted
from schema.tariff import Tariff


class Unplanned(Exception):
    """Why there is nothing to print."""


def printed(schema: Any, text: str) -> str:
    """How each operation of the document is executed; what depends on variables is shown as if they were false."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise Unplanned(error.message) from error
    if wrong := validate(schema._schema, document):
        raise Unplanned(wrong[0].message)
    tariff = Tariff.of(schema._schema)
    lines: list[str] = []
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            cost = weigh(tariff, document, one, None).cost
            name = f" {one.name.value}" if one.name else ""
            lines.append(f"{one.operation.value}{name}, cost {cost}")
            try:
                outline = Outline(document, one)
                plan = Compiler(
                    schema, outline, VariableValues({}, dict.fromkeys(outline.flags, False))
                ).plan()
                serially = one.operation is OperationType.MUTATION
                lines += _selection(plan.root, 1, serially=serially)
            except Refused as refused:
                lines.append(f"  left to graphql-core: {refused}")
    return "\n".join([*lines, ""])


def _selection(selection: Selection, depth: int, *, serially: bool = False) -> Iterator[str]:
    indent = "  " * depth
    below = {step.place for step in selection.below}
    read = [step.key for step in selection.steps if step.place not in below]
    if read:
        yield f"{indent}fields {', '.join(read)}"
    for step in selection.below:
        yield f"{indent}{_kind(step, serially)} {_named(step)}: {_type(step.shape)}{_columns(step)}"
        if step.objects is not None:
            several = len(step.objects.selections) > 1
            for name, one in sorted(step.objects.selections.items()):
                if several:
                    yield f"{indent}  on {name}"
                yield from _selection(one, depth + 1 + several)


def _kind(step: Step, serially: bool) -> str:
    if isinstance(step.meaning, Rooted):
        return "then" if serially else "root"
    if isinstance(step.meaning, Related):
        return "batch"
    return "read"


def _columns(step: Step) -> str:
    if step.columns is None:
        return ""
    return f" by columns {', '.join(sorted(step.columns.attributes | step.columns.custom)) or '-'}"


def _named(step: Step) -> str:
    return step.name if step.key == step.name else f"{step.key} = {step.name}"


def _type(shape: Shape) -> str:
    needed = "!" if shape.required else ""
    if isinstance(shape, Listed):
        return f"[{_type(shape.item)}]{needed}"
    return f"{shape.type.name}{needed}"

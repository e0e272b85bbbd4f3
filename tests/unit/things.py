"""A schema in which every shape of value can be wrong, and trees of values for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import strawberry

from schema.enums import Validity
from schema.fields import Asked, Each, computed, related, relation, root


@dataclass(eq=False)
class Node:
    """What a thing is made of: values by name, or errors."""

    values: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.values:
            raise AttributeError(name)
        value = self.values[name]
        if isinstance(value, Boom):
            raise value
        return value


class Boom(Exception):
    """What is raised when the value is read; any other exception is the value."""


async def many(request: Any, nodes: Any, name: str = "many") -> Any:
    """The values of that name, for all nodes at once."""
    if name in request.failing:
        raise ValueError("for all of them")
    return [node.values.get(name) for node in nodes]


async def ones(request: Any, nodes: Any) -> Any:
    """The same for one thing each."""
    return await many(request, nodes, "one")


async def needs(request: Any, nodes: Any) -> Any:
    """The same for a number that has to be there."""
    return await many(request, nodes, "need")


@strawberry.interface
class Any_:
    text: str | None


@strawberry.type
class Thing(Any_):
    text: str | None
    must: str
    number: int | None
    ratio: float | None
    flag: bool | None
    when: datetime | None
    kind: Validity | None
    numbers: list[int] | None
    holes: list[int | None] | None
    grid: list[list[int]] | None
    below: Thing | None
    child: Thing
    children: list[Thing | None] | None
    firm: list[Thing]
    boxes: list[list[Thing]] | None
    many: list[Thing] | None = relation(many)
    one: Thing | None = relation(ones)
    need: int = relation(needs)

    @computed
    @staticmethod
    def loud(root: Any) -> str | None:
        return None if root.text is None else root.text + "!"

    @computed
    @staticmethod
    def itself(root: Any, request: Any) -> Thing:
        return root  # type: ignore[no-any-return]

    @related
    @staticmethod
    def asked(name: str = "many", as_text: bool = False) -> list[Any_] | None:
        if name == "wrong":
            raise ValueError("a wrong name")
        then = (lambda some: some[:1]) if as_text else None
        return Asked(many, (name,), then)  # type: ignore[return-value]

    @related
    @staticmethod
    def alone(request: Any) -> int | None:
        if request.alone:
            return Each(lambda node: node.number)  # type: ignore[return-value]
        return Asked(needs)  # type: ignore[return-value]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, Node)


@strawberry.type
class Query:
    @root()
    @staticmethod
    async def thing(info: strawberry.Info) -> Thing | None:
        return info.context.thing  # type: ignore[no-any-return]

    @root()
    @staticmethod
    def things(info: strawberry.Info) -> list[Thing]:
        return info.context.things  # type: ignore[no-any-return]

    @root()
    @staticmethod
    async def either(info: strawberry.Info, which: int = 0) -> list[Any_ | None]:
        if which > 2:
            raise ValueError("no such one")
        return info.context.things  # type: ignore[no-any-return]


Make = Callable[[], Any]


class Tree:
    """Random values: mostly what fits, at times what does not."""

    def __init__(self, number: int) -> None:
        self.draw = random.Random(number)  # noqa: S311
        self.wild = self.draw.choice((0.0, 0.02, 0.1))

    def request(self) -> Any:
        """What the resolvers get."""
        things = self.list(lambda: self.thing(2), (0, 1, 3, 12))
        failing = {self.draw.choice(("many", "one", "need"))} if self.draw.random() < self.wild * 5 else ()
        viewer = SimpleNamespace(hidden_fields=frozenset())
        return SimpleNamespace(
            thing=self.thing(2),
            things=things,
            alone=self.draw.random() < 0.5,
            viewer=viewer,
            loaders={},
            failing=failing,
        )

    def thing(self, depth: int) -> Any:
        """A thing, or what stands in the place of one."""
        if depth == 0:
            return Node(self.leaves())
        below: Make = lambda: self.or_wrong(lambda: self.thing(depth - 1))  # noqa: E731
        several: Make = lambda: self.or_wrong(lambda: self.list(below))  # noqa: E731
        return Node(
            self.leaves()
            | {"below": below(), "child": below(), "one": below()}
            | {"children": several(), "firm": several(), "many": several()}
            | {"boxes": self.or_wrong(lambda: self.list(several))}
        )

    def leaves(self) -> dict[str, Any]:
        number: Make = lambda: self.or_wrong(lambda: self.draw.randint(-9, 9))  # noqa: E731
        return {
            "text": self.or_wrong(lambda: self.draw.choice(("a", "ä", ""))),
            "must": self.or_wrong(lambda: "there"),
            "number": number(),
            "need": number(),
            "ratio": self.or_wrong(lambda: self.draw.choice((0.5, 1.0, -2.25))),
            "flag": self.or_wrong(lambda: self.draw.random() < 0.5),
            "when": self.or_wrong(lambda: datetime(2026, 1, 2, 3, 4, 5, 600, UTC)),
            "kind": self.or_wrong(lambda: self.draw.choice((*Validity,))),
            "numbers": self.or_wrong(lambda: self.list(number, (0, 2, 5))),
            "holes": self.or_wrong(lambda: self.list(number, (0, 2, 5))),
            "grid": self.or_wrong(
                lambda: self.list(lambda: self.or_wrong(lambda: self.list(number, (0, 2, 5))))
            ),
            "child": Node({"must": "below"}),
            "firm": [],
        }

    def list(self, item: Callable[[], Any], sizes: Sequence[int] = (0, 1, 1, 2)) -> Any:
        """A list or tuple, at times another iterable."""
        values = [item() for _ in range(self.draw.choice(sizes))]
        return self.draw.choice((values, values, tuple(values), dict.fromkeys(map(id, values)) and values))

    def or_wrong(self, value: Callable[[], Any]) -> Any:
        """The value, nothing at all, or what does not fit."""
        kind = self.draw.random()
        if kind < self.wild:
            wrong = (
                None,
                None,
                ValueError("a value"),
                Boom("raised"),
                "text",
                2**40,
                7,
                1.5,
                True,
                object(),
                "all",
            )
            return self.draw.choice(wrong)
        return None if kind < 2 * self.wild else value()

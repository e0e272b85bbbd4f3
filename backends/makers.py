"""Records made of stored rows by code that is written once for a mapping: what is read often at once, the rest late."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from backends.model import Late, ServedFrom

R = TypeVar("R", bound=Late)
Row = Sequence[Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Where the attributes of a record come from."""

    texts: Mapping[str, int]
    """Attributes that are one text, by their place in the row."""
    required: frozenset[str]
    """Those of them that are empty where they are absent."""
    fixed: Mapping[str, Any]
    """Attributes that are the same in every record."""
    late: Mapping[str, Callable[[Row], Any]]
    """Attributes that are made when somebody asks for them."""
    text: Callable[[Any], str | None]
    """The one text of a value that is none already."""
    validity: Callable[[Row], Any]


def maker(kind: type[R], recipe: Recipe) -> Callable[..., R]:
    """A function of a row, and of the validity where that was decided elsewhere; all attributes are covered."""
    names: dict[str, Any] = {
        "new": object.__new__,
        "kind": kind,
        "text": recipe.text,
        "valid": recipe.validity,
        "late": recipe.late,
        "keep": _KEEP,
    }
    lines = ["def make(row, validity=None):", "    r = new(kind)"]
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name = field.name
        put = f"put_{name}"
        names[put] = kind.__dict__[name].__set__
        if name in recipe.texts:
            value = f"v if (v := row[{recipe.texts[name]}]).__class__ is str or v is None else text(v)"
            value = f"({value}) or ''" if name in recipe.required else value
        elif name == "validity":
            value = "validity or valid(row)"
        elif name in recipe.late:
            continue
        else:
            value = f"is_{name}"
            names[value] = recipe.fixed.get(name, field.default)
        lines.append(f"    {put}(r, {value})")
    lines += ["    keep(r, (late, row))", "    return r"]
    exec("\n".join(lines), names)  # noqa: S102 - our own text, of our own attributes' names
    made: Callable[..., R] = names["make"]
    return made


def served(record: R, source: ServedFrom) -> R:
    """The same record, served from there; what it makes late is not made for that."""
    try:
        late: tuple[Mapping[str, Any], Row] = getattr(record, "_late")  # noqa: B009
    except AttributeError:
        return dataclasses.replace(record, served_from=source)  # type: ignore[type-var]
    made: R = object.__new__(type(record))
    for name, get, put in _slots(type(record)):  # type: ignore[arg-type]
        if name not in late[0]:
            put(made, get(record))
    _KEEP(made, late)
    type(record).__dict__["served_from"].__set__(made, source)
    return made


def made_of(record: Late) -> Row | None:
    """The row that a record was made of, as the driver gave it; None where it was made otherwise."""
    late: tuple[Mapping[str, Any], Row] | None = getattr(record, "_late", None)
    return None if late is None else late[1]


def settle(record: Late, name: str, value: Any) -> None:
    """Give a new record an attribute that is known already, instead of letting it be made when somebody asks."""
    object.__setattr__(record, name, value)


@lru_cache(maxsize=8)
def _slots(kind: type[Late]) -> Sequence[tuple[str, Callable[[Any], Any], Callable[[Any, Any], None]]]:
    places = [(field.name, kind.__dict__[field.name]) for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return [(name, place.__get__, place.__set__) for name, place in places]


_KEEP = Late.__dict__["_late"].__set__

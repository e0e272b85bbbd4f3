"""From a parsed TOML file to frozen settings: environment, KEY_file twins, unknown keys, every finding at once."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin
from urllib.parse import quote

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from backends.fields import Fault, KeyPath, Settings

S = TypeVar("S", bound=Settings)
Table = Mapping[str, Any]

VARIABLE = re.compile(r"\$\{([^}]*)\}")
SQLITE = "sqlite:///"


class Choice:
    """Marks a list whose tables have different models, by their `backend`."""

    def __init__(self, models: Mapping[str, type[Settings]]) -> None:
        self.models = models

    def foreign(self, backend: str) -> set[str]:
        """Keys that other backends have, and this one has not."""
        keys = {key for model in self.models.values() for key in model.model_fields}
        return keys - set(self.models[backend].model_fields)


class Reader:
    """Reads tables into settings and collects what is wrong; values never occur in a finding, keys do."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self.faults: list[Fault] = []
        self._unusable: set[KeyPath] = set()

    def fault(self, path: KeyPath, sentence: str) -> None:
        """Note a finding about a value that cannot be used; one for each path and sentence."""
        self._unusable.add(path)
        if (fault := Fault(path, sentence)) not in self.faults:
            self.faults.append(fault)

    def is_bad(self, path: KeyPath) -> bool:
        """Whether a value at or above `path` cannot be used, so that nothing more is said about it."""
        return any(path[:length] in self._unusable for length in range(1, len(path) + 1))

    def expanded(self, value: Any, path: KeyPath = ()) -> Any:
        """`value` with every ${NAME} replaced; what names an unset variable is left out, and noted."""
        if isinstance(value, str):
            return self._expanded_text(value, path)
        if isinstance(value, dict):
            items = {key: self.expanded(item, (*path, key)) for key, item in value.items()}
            return {key: item for key, item in items.items() if item is not _UNSET}
        if isinstance(value, list):
            parts = [self.expanded(item, (*path, place)) for place, item in enumerate(value)]
            return [part for part in parts if part is not _UNSET]
        return value

    def text(self, table: Table, key: str) -> str | None:
        """The text of `key`, or of its twin, before the table has been read; None where there is none."""
        value = table.get(key)
        if value is None and isinstance(name := table.get(f"{key}_file"), str):
            value = self._content(name)
        return value if isinstance(value, str) else None

    def settings(self, model: type[S], table: Any, path: KeyPath) -> S | None:
        """The settings in `table`; wrong values are noted, and stood in for, so that all else is checked too."""
        if isinstance(table, model):
            return table
        if not isinstance(table, dict):
            self.fault(path, "must be a table")
            return None
        values = self._values(model, table, path)
        for _ in range(3):
            try:
                settings = model.model_validate(values)
            except ValidationError as error:
                wrong = self._note(error, path)
                values = {key: value for key, value in values.items() if key not in wrong}
                values |= {key: _STAND_INS[key] for key in wrong if model.model_fields[key].is_required()}
                continue
            found = [Fault((*path, *fault.path), fault.sentence) for fault in settings.faults()]
            self.faults += [fault for fault in found if not self.is_bad(fault.path)]
            return settings
        return None

    def _values(self, model: type[Settings], table: Table, path: KeyPath) -> dict[str, Any]:
        """The values of known keys, nested tables read already; lists that could not be read are left out."""
        values: dict[str, Any] = {}
        for key, field in model.model_fields.items():
            twin = f"{key}_file"
            value = table.get(key, _UNSET)
            if twin in table and twin not in model.model_fields:
                value = self._from_file(table, key, field, path)
            nested, many, choice = _shape(field)
            if (nested or choice) and not many:
                value = self.settings(_only(nested), {} if value is _UNSET else value, (*path, key))
            elif (nested or choice) and value is not _UNSET:
                value = self._list(nested, choice, value, (*path, key))
            if value is not _UNSET and (value is not None or not nested):
                values[key] = self._placed(key, value, field)
        self._unknown(model, table, path)
        return values

    def _list(self, nested: type[Settings] | None, choice: Choice | None, tables: Any, path: KeyPath) -> Any:
        if not isinstance(tables, list):
            self.fault(path, f"must be a list of tables: [[{_dotted(path)}]]")
            return _UNSET
        read = [self._item(nested, choice, table, (*path, place)) for place, table in enumerate(tables)]
        return _UNSET if None in read else tuple(read)

    def _item(
        self, nested: type[Settings] | None, choice: Choice | None, table: Any, path: KeyPath
    ) -> Settings | None:
        """One table of a list; where its backend is misspelt, it is read as the one that was meant."""
        if choice is None or not isinstance(table, dict):
            return self.settings(_only(nested or Settings), table, path)
        backend = str(table.get("backend", ""))
        if backend not in choice.models:
            here, known = (*path, "backend"), tuple(choice.models)
            if not self.is_bad(here):
                self.fault(here, one_of(known, backend) if "backend" in table else "required")
            meant = difflib.get_close_matches(backend, known, n=1)
            if not meant:
                return None
            backend = meant[0]
        foreign = choice.foreign(backend) & table.keys()
        for key in foreign:
            self.fault((*path, key), f"is not a key of {backend}")
        own = {key: value for key, value in table.items() if key not in foreign}
        return self.settings(choice.models[backend], own | {"backend": backend}, path)

    def _from_file(self, table: Table, key: str, field: FieldInfo, path: KeyPath) -> Any:
        """The value in the file that the twin of `key` names."""
        here = (*path, f"{key}_file")
        nested, _, choice = _shape(field)
        unusable = (*path, key) in self._unusable
        self._unusable.add((*path, key))
        if key in table:
            self.fault(here, f"{key} is given as well: keep one of them")
        elif nested or choice or get_origin(field.annotation) is dict:
            self.fault(here, f"{key} is a table, which cannot come from a file")
        elif not isinstance(table[f"{key}_file"], str):
            self.fault(here, "must be the name of a file")
        elif (content := self._content(table[f"{key}_file"])) is None:
            self.fault(here, "is not a file that can be read")
        else:
            if not unusable:
                self._unusable.discard((*path, key))
            is_list = get_origin(field.annotation) is tuple
            return [line for line in content.splitlines() if line.strip()] if is_list else content
        return _UNSET

    def _content(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text("utf-8").rstrip("\r\n")
        except (OSError, ValueError):
            return None

    def _expanded_text(self, text: str, path: KeyPath) -> Any:
        names = VARIABLE.findall(text)
        unset = [name for name in names if name not in self._environ]
        for name in unset:
            known = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
            self.fault(
                path, f"the environment variable {name} is not set" if known else "holds ${…} without a name"
            )
        return _UNSET if unset else VARIABLE.sub(lambda match: self._environ[match[1]], text)

    def _placed(self, key: str, value: Any, field: FieldInfo) -> Any:
        """Paths are relative to the file that names them; an empty one is none."""
        if not isinstance(value, str):
            return value
        if Path in (field.annotation, *get_args(field.annotation)):
            return self._folder / value if value else None
        relative = value.removeprefix(SQLITE)
        if key == "url" and relative not in (value, "") and not relative.startswith("/"):
            return f"{SQLITE}{quote(str(self._folder.absolute()))}/{relative}"
        return value

    def _unknown(self, model: type[Settings], table: Table, path: KeyPath) -> None:
        known = list(model.model_fields)
        for key in table:
            if key not in known and key.removesuffix("_file") not in known:
                self.fault((*path, key), f"unknown key{suggestion(key, known)}")

    def _note(self, error: ValidationError, path: KeyPath) -> set[str]:
        """Note what pydantic found, and say which keys it is about."""
        items = error.errors(include_url=False)
        within = {item["loc"][0] for item in items if len(item["loc"]) > 1}
        for item in items:
            here: KeyPath = (*path, *item["loc"])
            of_its_parts = item["type"] == "too_short" and item["loc"][0] in within
            if not self.is_bad(here) and not of_its_parts:
                self.fault(here, _sentence(dict(item)))
        return {str(item["loc"][0]) for item in items}


def suggestion(word: object, known: Iterable[str], likeness: float = 0.65) -> str:
    """` (did you mean …?)` where `word` is nearly one of `known`."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=likeness)
    return f" (did you mean {close[0]}?)" if close else ""


def one_of(known: Sequence[str], given: object) -> str:
    """What a value must be, and which was probably meant."""
    return f"must be one of {', '.join(known)}{suggestion(given, known, 0.5)}"


_UNSET: Any = object()

_STAND_INS: Mapping[str, Any] = {
    "key": "stand-in",
    "name": "stand-in",
    "backend": "",
    "base_dn": "",
    "variable": "UserStandIn",
    "sha256": "0" * 64,
    "roles": ("reader",),
}
"""Values for required keys that are missing or wrong, while the rest is checked; such settings are never used."""

_SENTENCES = {
    "missing": "required",
    "extra_forbidden": "unknown key",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "string_type": "must be a text",
    "bool_parsing": "must be true or false",
    "too_short": "required: at least one",
    "bool_type": "must be true or false",
}


def _sentence(item: dict[str, Any]) -> str:
    """Pydantic's finding in our words; what was given is never repeated."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind == "literal_error":
        return one_of(re.findall(r"'([^']*)'", context["expected"]), item["input"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"must have the form {context['pattern']}"
    message = re.sub(r"^(Input|String|Tuple|Value|Data) should ", "must ", item["msg"])
    return message[:1].lower() + message[1:]


def _shape(field: FieldInfo) -> tuple[type[Settings] | None, bool, Choice | None]:
    """The model of a nested table, whether it is a list of them, and how to choose among several models."""
    annotation = field.annotation
    choice = next((item for item in field.metadata if isinstance(item, Choice)), None)
    many = get_origin(annotation) is tuple
    inner = get_args(annotation)[0] if many else annotation
    if get_origin(inner) in (Union, types.UnionType) or not isinstance(inner, type):
        return None, many, choice
    return (inner if issubclass(inner, Settings) else None), many, choice


def _only(model: type[Settings] | None) -> type[Settings]:
    if model is None:
        raise TypeError("a nested table needs a model")
    return model


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str))

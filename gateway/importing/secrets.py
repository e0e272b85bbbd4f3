"""Takes the secrets out of a configuration: variables of the environment stand in for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.otobo.notes import Note, Path

SIGNING_KEY = "KUNDENGRAPH_SIGNING_KEY"
CREDENTIALS = re.compile(r"(\w+://[^/:@]*):[^/]+@")
VARIABLE = re.compile(r"\$(?=\{)")


def hidden(config: dict[str, Any]) -> tuple[list[Note], list[str]]:
    """Replace every password in `config`; what to set instead, and the names of the variables."""
    notes, names = [], []
    for path, table in _tables(config):
        name = f"KUNDENGRAPH_{_word(path, table)}_PASSWORD"
        if "url" in table and (found := CREDENTIALS.match(table["url"])):
            table["url"] = f"{found[1]}:${{{name}}}@{table['url'][found.end() :]}"
            sentence = (
                f"Set {name} in the environment: the password of the url, percent-encoded; or give url_file."
            )
        elif table.get("bind_password"):
            table["bind_password"] = f"${{{name}}}"
            sentence = f"Set {name} in the environment: the password of bind_dn; or give bind_password_file."
        else:
            continue
        names.append(name)
        notes.append(Note(path, sentence))
    sentence = (
        f"Set {SIGNING_KEY} in the environment: a secret of 32 characters at least; or give signing_key_file."
    )
    return [*notes, Note(("auth",), sentence)], [*names, SIGNING_KEY]


def without_variables(value: Any, path: Path = ()) -> Iterator[Path]:
    """Take the `${` out of texts, where it would name a variable that nobody set; where that was."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        here = (*path, key)
        if isinstance(item, str) and VARIABLE.search(item) and here != ("auth", "signing_key"):
            value[key] = VARIABLE.sub("", item)
            yield here
        else:
            yield from without_variables(item, here)


def _tables(config: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The tables that may hold a secret."""
    yield ("registry",), config["registry"]
    yield from (
        (("auth", "login", place), table) for place, table in enumerate(config["auth"].get("login", ()))
    )
    for key in ("sources", "customers"):
        yield from (((key, place), table) for place, table in enumerate(config[key]))


def _word(path: Path, table: dict[str, Any]) -> str:
    return str(table.get("key") or f"{path[-2]}{path[-1]}" if len(path) > 1 else path[0]).upper()

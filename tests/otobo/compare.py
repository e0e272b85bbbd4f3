"""Comparing an outcome with the recorded one: which keys count, and how by `check`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.otobo.blocks import Block, company_blocks, user_blocks
from tests.otobo.outcomes import NOTHING, Outcome, Refused
from tests.otobo.recording import Call, Settings

TIMES = frozenset({"CreateTime", "ChangeTime"})
USER_KEYS = frozenset({"UserID", "UserMailString", "UserFullname", "Source", *TIMES})
COLUMN = "DatabaseField"
SHOWN = {
    "EffectivePermissions": ("shown", "types", "groups", "customers"),
    "ServiceGet": ("ServiceID", "Name", "NameShort", "Comment", "ValidID", "ParentID"),
}
"""What of a recorded hash the API can tell."""


def recorded(call: Call, settings: Settings) -> Any:
    """The recorded result, reduced to what the API has, in a shape that can be compared."""
    result = read(call.result, settings)
    if call.method == "CustomerUserDataGet":
        return comparable_user(result, settings)
    if call.method == "CustomerCompanyGet":
        return comparable_company(result, settings)
    if call.method == "TicketGet":
        return {key: value for key, value in result.items() if value is not None}
    if call.method in SHOWN:
        return {key: value for key, value in result.items() if key in SHOWN[call.method]}
    if call.method == "CustomerUserSearchFields":
        return [definition(field) for field in result]
    if call.method == "GetFieldConfig":
        return definition(result)
    return result


def comparable(call: Call, outcome: Outcome, settings: Settings) -> Outcome:
    """Our outcome in the same shape."""
    if isinstance(outcome, Refused):
        return outcome
    if call.method == "CustomerUserDataGet":
        return comparable_user(outcome, settings)
    if call.method == "CustomerCompanyGet":
        return comparable_company(outcome, settings)
    return outcome


def is_equal(call: Call, expected: Any, outcome: Outcome) -> bool:
    """Whether an outcome is the recorded one; a call that was asked wrongly equals one that was refused."""
    if isinstance(outcome, Refused):
        return outcome.is_the_callers_fault and call.refused and expected == NOTHING[call.returns]
    if call.method == "CustomerIDs":
        return set(expected) == set(outcome)
    if call.check == "unordered":
        return sorted(expected) == sorted(outcome)
    if call.check == "keys":
        return set(expected["keys"]) == outcome.keys() and is_part(expected["sample"], outcome)
    if call.check == "subset":
        return (
            outcome.keys() <= set(expected["of_keys"])
            and expected["count_min"] <= len(outcome) <= expected["count_max"]
            and all(
                outcome[key] == expected["sample"][key] for key in outcome.keys() & expected["sample"].keys()
            )
        )
    return bool(expected == outcome)


def is_part(part: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Whether `whole` holds all entries of `part`."""
    return all(key in whole and whole[key] == value for key, value in part.items())


def comparable_user(result: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Keys that the API has, without undefined ones; further customer IDs as a list."""
    if not result:
        return {}
    block = next((one for one in user_blocks(settings) if one.slot == result.get("Source")), None)
    companies = [row.variable for one in company_blocks(settings) for row in one.rows]
    mapped = [row.variable for row in block.rows] if block else []
    keys = {*USER_KEYS, *mapped, *companies, "CustomerCompanyValidID"}
    found = {key: value for key, value in result.items() if key in keys and value is not None}
    if "UserCustomerIDs" in found:
        found["UserCustomerIDs"] = split_ids(found["UserCustomerIDs"])
    return {key: value for key, value in found.items() if value != []}


def comparable_company(result: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The same for a company."""
    rows = [row.variable for one in company_blocks(settings) for row in one.rows]
    keys = {"Source", *TIMES, *rows}
    return {key: value for key, value in result.items() if key in keys and value is not None}


def split_ids(value: object) -> list[str]:
    """Several customer IDs in one value (MULTI-2), each once and none empty (MULTI-4)."""
    if isinstance(value, list):
        return value
    text = str(value)
    sign = next((one for one in ";,|" if one in text), None)
    parts = [part.strip() for part in (text.split(sign) if sign else [text])]
    return list(dict.fromkeys(part for part in parts if part))


def definition(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field without its column; one without a label is called by it."""
    found = {name: value for name, value in field.items() if name != COLUMN}
    return found | {"Label": field["Label"] or field[COLUMN]} if found else found


def read(value: Any, settings: Settings) -> Any:
    """What was recorded without decoding: one character for each byte of a directory's text."""
    if not any(is_undecoded(block) for block in user_blocks(settings)):
        return value
    if isinstance(value, str):
        return decoded(value)
    if isinstance(value, list):
        return [read(entry, settings) for entry in value]
    if isinstance(value, dict):
        return {decoded(key): read(entry, settings) for key, entry in value.items()}
    return value


def is_undecoded(block: Block) -> bool:
    """Whether a directory's bytes were not decoded."""
    return block.is_directory and not block.params.get("SourceCharset")


def decoded(text: str) -> str:
    """Bytes that were shown as characters, as the UTF-8 they are."""
    if not re.search(r"[\x80-\xff]", text):
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def brief(value: object, length: int = 300) -> str:
    """The beginning of a value, for people."""
    text = str(value)
    return text if len(text) <= length else f"{text[:length]}… ({len(text)} characters)"


def difference(expected: Any, outcome: Outcome) -> str:
    """What tells an outcome from what was expected."""
    if isinstance(expected, Mapping) and isinstance(outcome, Mapping) and "keys" not in expected:
        names: Sequence[str] = sorted({*expected, *outcome})
        told = {
            name: (expected.get(name), outcome.get(name))
            for name in names
            if expected.get(name) != outcome.get(name)
        }
        return brief(told)
    return f"expected {brief(expected)}; came {brief(outcome)}"

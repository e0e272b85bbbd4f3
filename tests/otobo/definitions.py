"""The recorded questions about sources and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.otobo.asking import VALIDITY_IDS, Replay
from tests.otobo.blocks import slot_of, truthy
from tests.otobo.outcomes import Outcome

Args = Mapping[str, Any]

SOURCES = """{ sources {
  key name writable fields { variable label type selection { value label } }
} }"""
STORAGE = {"STRING": "var", "INT": "int", "DYNAMIC_FIELD": "dynamic_field"}


async def search_fields(replay: Replay, args: Args) -> Outcome:
    """All fields of all sources, or of one; the first definition counts."""
    sources = await _sources(replay)
    wanted = args.get("Source")
    found: dict[str, dict[str, Any]] = {}
    for source in sources:
        if wanted in (None, "", slot_of(source["key"])):
            for field in source["fields"]:
                found.setdefault(field["variable"], _definition(field, sources))
    return list(found.values())


async def field_config(replay: Replay, args: Args) -> Outcome:
    """The first definition of a field."""
    wanted = args.get("Source")
    for source in await _sources(replay):
        for field in source["fields"]:
            if field["variable"] == args.get("FieldName") and wanted in (None, "", slot_of(source["key"])):
                return {"Label": field["label"], "StorageType": STORAGE[field["type"]]}
    return {}


async def field_selections(replay: Replay, args: Args) -> Outcome:
    """The choices of a field over all sources."""
    return _selections(await _sources(replay), str(args.get("FieldName") or ""))


async def source_list(replay: Replay, args: Args) -> Outcome:
    """Slots and names: all, those that can be written, or those that cannot."""
    wanted = args.get("ReadOnly")
    return {
        slot_of(source["key"]): source["name"]
        for source in await _sources(replay)
        if wanted is None or source["writable"] is not truthy(wanted)
    }


async def _sources(replay: Replay) -> Any:
    return (await replay.ask(SOURCES))["sources"]


def _definition(field: Mapping[str, Any], sources: Any) -> dict[str, Any]:
    found = {
        "Name": field["variable"],
        "Label": field["label"],
        "StorageType": STORAGE[field["type"]],
        "Type": "Input",
    }
    if field["type"] == "DYNAMIC_FIELD":
        return found | {"Type": "DynamicField"}
    selections = _selections(sources, field["variable"])
    return found | ({"Type": "Selection", "SelectionsData": selections} if selections else {})


def _selections(sources: Any, variable: str) -> dict[str, str]:
    """Choices of all sources, later ones over earlier ones; validities go by their ids."""
    fields = [field for source in sources for field in source["fields"] if field["variable"] == variable]
    options = [option for field in fields for option in field["selection"] or ()]
    return {VALIDITY_IDS.get(option["value"], option["value"]): option["label"] for option in options}

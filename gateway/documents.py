"""Documents that clients name by their hash: trusted ones of a folder, and those that clients have sent before.

Automatic persisted queries follow Apollo's protocol, whose answer PERSISTED_QUERY_NOT_FOUND is the only code that stands
outside of the contract's list: its clients wait for it.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from backends.errors import BadUserInput, DocumentRequired, GatewayError
from backends.fields import Fault
from gateway.config import ConfigError

SHA256 = re.compile(r"[0-9a-f]{64}")
MANIFEST = "apollo-persisted-query-manifest"
REMEMBERED = 1_000
"""Documents that clients have sent with their hash, at most."""
REMEMBERED_CHARACTERS = 2_000_000
"""Length of all of them together."""


@dataclass(slots=True)
class Documents:
    """Texts by the names that clients may use for them."""

    trusted: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    _sent: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _length: int = 0

    def text(self, query: str | None, extensions: Mapping[str, Any]) -> str | None:
        """The document to run: the one that is named, or the one that was sent where it may run."""
        name = _name(extensions)
        if query:
            if name is not None and _digest(query) != name:
                raise BadUserInput("provided sha does not match query", argument="sha256Hash")
            if self.required and _digest(query) not in self.trusted:
                raise DocumentRequired("Only trusted documents run here, and this is none of them.")
            return query
        if name is None:
            if self.required:
                raise DocumentRequired("Only trusted documents run here: name one by its hash.")
            return query
        found = self.trusted.get(name) or self._sent.get(name)
        if found is None and self.required:
            raise DocumentRequired("Only trusted documents run here, and none has this hash.")
        if found is None:
            raise GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})
        return found

    def remember(self, query: str, extensions: Mapping[str, Any]) -> None:
        """Keep what a client has sent with its hash, and forget what was not sent for longest."""
        name = _name(extensions)
        if name is None or self.required or name in self.trusted or name in self._sent:
            return
        self._sent[name] = query
        self._length += len(query)
        while len(self._sent) > REMEMBERED or self._length > REMEMBERED_CHARACTERS:
            self._length -= len(self._sent.popitem(last=False)[1])


class NamedDocuments(SchemaExtension):
    """Puts the text in the place of the name, whatever way the operation came."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._refused: Exception | None = None

    def on_operation(self) -> Iterator[None]:
        """Before anything is parsed; what could be run is remembered."""
        execution = self.execution_context
        extensions = execution.operation_extensions or {}
        try:
            execution.query = self._documents.text(execution.query, extensions)
        except (GatewayError, GraphQLError) as error:
            self._refused = error  # hooks that were entered before would not be left if it were raised here
            execution.query = execution.query or "nothing"
        yield
        result = execution.result
        if execution.query and result is not None and result.data is not None:
            self._documents.remember(execution.query, extensions)

    def on_parse(self) -> Iterator[None]:
        """Refuse what may not run, before the parser sees it."""
        if self._refused is not None:
            raise self._refused
        yield


def trusted_documents(folder: Path) -> dict[str, str]:
    """The documents of *.graphql files, and of manifests as clients' tools write them, by hash and by id.

    A file counts by the hash of its whole text, with and without the blanks at its ends, and by its name.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        try:
            if path.suffix == ".graphql" and path.is_file():
                text = path.read_bytes().decode()
                found |= {_digest(text): text, _digest(text.strip()): text.strip(), path.stem: text}
            elif path.suffix == ".json" and path.is_file():
                found |= _manifest(path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            sentence = f"{path.name} is neither a document nor a manifest of documents"
            raise ConfigError(folder, [Fault((), sentence)]) from error
    return found


def _manifest(content: bytes) -> dict[str, str]:
    """The documents of a manifest: Apollo's list of operations, or Relay's and codegen's map of texts by id."""
    data = orjson.loads(content)
    if not isinstance(data, dict):
        raise TypeError
    rows = data
    if data.get("format") == MANIFEST:
        rows = {row["id"]: row["body"] for row in data["operations"]}
    if not all(isinstance(text, str) for text in rows.values()):
        raise TypeError
    return {name: text for id_, text in rows.items() for name in (id_, _digest(text))}


def _name(extensions: Mapping[str, Any]) -> str | None:
    """The hash or id that a request names, if it names one."""
    named = extensions.get("persistedQuery")
    if named is None:
        return None
    if not isinstance(named, dict) or named.get("version") != 1:
        raise BadUserInput("Unsupported persisted query version", argument="persistedQuery")
    name = named.get("sha256Hash")
    if not isinstance(name, str) or not name:
        raise BadUserInput("A persisted query is named by its sha256Hash.", argument="sha256Hash")
    return name.lower() if SHA256.fullmatch(name.lower()) else name


def by_id(request: dict[str, Any]) -> dict[str, Any]:
    """A request that names its document by `documentId`, as one that names it by its hash."""
    named = request.get("documentId")
    if not isinstance(named, str) or request.get("query") or request.get("extensions"):
        return request
    name = named.removeprefix("sha256:")
    return request | {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

"""Documents named by their hash: those of a folder, and those that Apollo's clients send once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.config import Config, ConfigError
from gateway.documents import REMEMBERED, REMEMBERED_CHARACTERS, Documents, trusted_documents
from tests.api.serving import READER, help_desk, served

ADA = 'query Ada {\n  customerUser(login: "ada") { fullName }\n}\n'
GRACE = 'query Grace { customerUser(login: "grace") { fullName } }'
WRITES = "mutation W { setDefaultServices(input: { services: [] }) { userErrors { code } } }"
ACCEPT = "application/graphql-response+json, application/json;q=0.9"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def named(name: object, version: int = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": name}}


def desk(folder: Path, *, required: bool, trusted: Path | None) -> Config:
    config = help_desk(folder)
    limits = config.limits.model_copy(update={"persisted_documents": trusted, "required": required})
    return config.model_copy(update={"limits": limits})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a document, and with two manifests."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "pages").mkdir()
    (folder / "pages" / "ada.graphql").write_text(ADA)
    (folder / "writes.graphql").write_text(WRITES)
    rows = [{"id": "grace-1", "name": "Grace", "type": "query", "body": GRACE}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": rows}
    (folder / "apollo.json").write_text(json.dumps(manifest))
    (folder / "relay.json").write_text(json.dumps({"relay-1": GRACE}))
    (folder / "notes.txt").write_text("no document")
    return folder


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[httpx.Client]:
    """A caller of a desk that runs trusted documents only."""
    yield from caller(desk(tmp_path_factory.mktemp("desk"), required=True, trusted=folder))


@pytest.fixture(scope="module")
def open_(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[httpx.Client]:
    """A caller of a desk that runs others too."""
    yield from caller(desk(tmp_path_factory.mktemp("desk"), required=False, trusted=folder))


def caller(config: Config) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {READER}", "accept": ACCEPT}
    with served(create_app(config)) as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


def post(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/graphql", json=body)


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


class TestRequired:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            (digest(ADA), ADA),
            (digest(ADA).upper(), ADA),
            (digest(ADA.strip()), ADA),
            ("ada", ADA),
            ("grace-1", GRACE),
            ("relay-1", GRACE),
            (digest(GRACE), GRACE),
        ],
    )
    def test_a17_a_trusted_document_runs_by_its_hash_or_id(
        self, strict: httpx.Client, name: str, text: str
    ) -> None:
        expected = "Ada Lovelace" if text == ADA else "Grace Hopper"
        for response in (
            post(strict, extensions=named(name)),
            post(strict, documentId=name),
            strict.get("/graphql", params={"extensions": json.dumps(named(name))}),
            strict.get("/graphql", params={"documentId": name}),
        ):
            assert response.json()["data"] == {"customerUser": {"fullName": expected}}

    def test_a17_a_trusted_document_runs_when_it_is_sent_as_text(self, strict: httpx.Client) -> None:
        assert "errors" not in post(strict, query=ADA).json()
        assert "errors" not in post(strict, documentId=f"sha256:{digest(ADA)}").json()

    @pytest.mark.parametrize(
        "body",
        [
            {"query": "{ __typename }"},
            {"query": ADA + "# changed"},
            {"query": "{"},
            {"query": "{a" * 2000},
            {"query": "{ __schema { queryType { name } } }"},
            {"query": "{ __typename }", "extensions": named(digest("{ __typename }"))},
            {"extensions": named("0" * 64)},
            {"documentId": "notes"},
            {"documentId": "../writes"},
            {},
        ],
    )
    def test_a17_nothing_else_runs_or_is_parsed(self, strict: httpx.Client, body: dict[str, Any]) -> None:
        response = post(strict, **body)
        assert codes(response) == ["PERSISTED_DOCUMENT_REQUIRED"]
        assert "data" not in response.json()
        assert response.status_code == 400

    def test_a17_a_hash_lends_no_trust_to_another_text(self, strict: httpx.Client) -> None:
        body = {"query": "{ __typename }", "extensions": named(digest(ADA))}
        assert codes(post(strict, **body)) == ["BAD_USER_INPUT"]

    def test_a17_a_trusted_mutation_is_not_run_by_get(self, strict: httpx.Client) -> None:
        for params in ({"extensions": json.dumps(named(digest(WRITES)))}, {"documentId": "writes"}):
            response = strict.get("/graphql", params=params)
            assert response.status_code == 405
            assert response.headers["allow"] == "POST"

    def test_a17_trust_is_no_credential(self, strict: httpx.Client) -> None:
        response = strict.post("/graphql", json={"documentId": "ada"}, headers={"authorization": ""})
        assert codes(response) == ["UNAUTHENTICATED"]


class TestAutomatic:
    def test_a17_a_client_sends_the_text_once(self, open_: httpx.Client) -> None:
        query = '{ customerUser(login: "ada") { firstName } }'
        question = {"extensions": json.dumps(named(digest(query)))}
        first = open_.get("/graphql", params=question)
        [error] = first.json()["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            "PersistedQueryNotFound",
            "PERSISTED_QUERY_NOT_FOUND",
        )
        assert "errors" not in post(open_, query=query, extensions=named(digest(query))).json()
        for _ in range(2):
            answer = open_.get("/graphql", params=question).json()
            assert answer["data"] == {"customerUser": {"firstName": "Ada"}}

    def test_a17_get_by_hash_is_answered_whatever_the_client_accepts(self, open_: httpx.Client) -> None:
        params = {"extensions": json.dumps(named(digest(ADA)))}
        assert open_.get("/graphql", params=params, headers={"accept": "*/*"}).status_code == 200

    def test_a17_a_mutation_that_was_sent_is_not_run_by_get(self, open_: httpx.Client) -> None:
        query = "mutation { __typename }"
        assert "errors" not in post(open_, query=query, extensions=named(digest(query))).json()
        response = open_.get("/graphql", params={"extensions": json.dumps(named(digest(query)))})
        assert response.status_code == 405

    @pytest.mark.parametrize("query", ["{", "{ nonsense }", "{ createdBySomebody: secret }"])
    def test_a17_what_cannot_run_is_not_remembered(self, open_: httpx.Client, query: str) -> None:
        assert codes(post(open_, query=query, extensions=named(digest(query))))
        assert codes(post(open_, extensions=named(digest(query)))) == ["PERSISTED_QUERY_NOT_FOUND"]

    def test_a17_strangers_leave_nothing_behind(self, open_: httpx.Client) -> None:
        query = "{ sources { key name } }"
        body = {"query": query, "extensions": named(digest(query))}
        assert codes(open_.post("/graphql", json=body, headers={"authorization": ""})) == ["UNAUTHENTICATED"]
        assert codes(post(open_, extensions=named(digest(query)))) == ["PERSISTED_QUERY_NOT_FOUND"]

    @pytest.mark.parametrize(
        "extensions",
        [
            named(digest("another")),
            named(digest(GRACE), version=2),
            named(1),
            named(""),
            {"persistedQuery": "text"},
            {"persistedQuery": []},
        ],
    )
    def test_a17_a_name_that_does_not_fit_is_the_callers_fault(
        self, open_: httpx.Client, extensions: dict[str, Any]
    ) -> None:
        assert codes(post(open_, query=GRACE, extensions=extensions)) == ["BAD_USER_INPUT"]

    def test_a_request_without_a_document_is_a_bad_one(self, open_: httpx.Client) -> None:
        for extensions in ({}, None, {"persistedQuery": None}):
            assert post(open_, extensions=extensions).status_code == 400


def test_s6_what_clients_have_sent_is_bound_in_number_and_length() -> None:
    documents = Documents()
    for place in range(REMEMBERED + 50):
        text = f"{{ a{place} }}"
        documents.remember(text, named(digest(text)))
    assert len(documents._sent) == REMEMBERED
    for place in range(50):
        text = f"{{ a{place} }} # {'x' * 60_000}"
        documents.remember(text, named(digest(text)))
    assert sum(map(len, documents._sent.values())) <= REMEMBERED_CHARACTERS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.graphql", b"\xff\xfe"),
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.json", b'{"a": 1}'),
        ("a.json", b'{"format": "apollo-persisted-query-manifest"}'),
        ("a.json", b'{"format": "apollo-persisted-query-manifest", "operations": [1]}'),
    ],
)
def test_a17_a_folder_that_holds_something_else_is_found_at_start(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=name):
        trusted_documents(tmp_path)

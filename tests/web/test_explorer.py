"""The explorer: its saved operations, its bundle, its headers, and the page in a browser."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate
from starlette.applications import Starlette

from gateway.explorer.page import BUNDLE, CONTENT_SECURITY_POLICY, explorer_routes
from tests.servers import need
from tests.web.canned import contract, served_page

WEB = Path(__file__).parent
EXPLORER = BUNDLE.parent
BUILT_FROM = (
    ".npmrc",
    "index.html",
    "licences.js",
    "operations",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "vite.config.js",
)
OPERATIONS = sorted((EXPLORER / "operations").glob("*.graphql"))
NODE_PATH = os.pathsep.join((os.environ["PATH"], str(WEB.parents[1] / ".venv" / "bin")))


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_a_saved_operation_is_captioned_in_both_languages_and_fits_the_contract(path: Path) -> None:
    text = path.read_text()
    header = [line.split(":")[0] for line in text.splitlines()[:3]]
    variables = path.with_suffix(".json")

    assert header == ["# en", "# de", "# group"]
    assert validate(contract(), parse(text)) == []
    assert not variables.exists() or isinstance(json.loads(variables.read_text()), dict)


def test_variables_belong_to_a_saved_operation() -> None:
    assert all(path.with_suffix(".graphql") in OPERATIONS for path in EXPLORER.glob("operations/*.json"))


async def test_the_page_is_never_kept_and_its_assets_always_are(client: httpx.AsyncClient) -> None:
    asset = next(BUNDLE.glob("assets/*.js"))

    assert (await client.get("/graphiql/")).headers["cache-control"] == "no-cache"
    assert (await client.get("/graphiql/favicon.svg")).headers["cache-control"] == "no-cache"
    assert (await client.get(f"/graphiql/assets/{asset.name}")).headers["cache-control"].endswith("immutable")


@pytest.mark.parametrize(
    "path", ["/graphiql", "/graphiql/", "/graphiql/config.json", "/graphiql/LICENSES.txt"]
)
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_page_learns_where_to_ask_below_a_path_prefix(client: httpx.AsyncClient) -> None:
    below = client_below("/help")

    assert (await client.get("/graphiql/config.json")).json() == {"path": "/ask", "title": "Kundengraph"}
    assert (await below.get("/help/graphiql/config.json")).json()["path"] == "/help/ask"
    assert (await below.get("/help/graphiql")).headers["location"] == "graphiql/"


async def test_nothing_outside_the_bundle_is_served(client: httpx.AsyncClient) -> None:
    assert (await client.get("/graphiql/assets/absent.js")).status_code == 404
    assert (await client.get("/graphiql/..%2fpage.py")).status_code == 404


@pytest.mark.timeout(600)
def test_the_committed_bundle_is_what_its_sources_build(tmp_path: Path) -> None:
    need(missing("node", "npm"))
    for name in BUILT_FROM:
        copy = shutil.copytree if (EXPLORER / name).is_dir() else shutil.copy
        copy(EXPLORER / name, tmp_path / name)

    run("npm", "ci", "--ignore-scripts", cwd=tmp_path)
    run("npm", "run", "build", cwd=tmp_path)

    assert contents(tmp_path / "dist") == contents(BUNDLE)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("web_packages")
def test_the_page_works_in_a_browser_without_asking_anyone_else(tmp_path: Path) -> None:
    with served_page() as url:
        report = run("node", "explorer.mjs", url, str(tmp_path), cwd=WEB)

    assert report.endswith("no problems\n")
    assert {path.stem for path in tmp_path.glob("explorer-*.png")} >= {
        "explorer-light",
        "explorer-dark",
        "explorer-narrow",
    }


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("web_packages")
def test_a_query_typed_into_the_page_is_answered_in_every_look(tmp_path: Path) -> None:
    question = '{ customerUser(login: "anna.mueller") { fullName } }'
    with served_page() as url:
        run("node", "graphiql.mjs", url, str(tmp_path), question, "Anna Müller", "secret", cwd=WEB)

    assert len(list(tmp_path.glob("graphiql-*.png"))) == 3


@pytest.fixture
def client() -> httpx.AsyncClient:
    return client_below("")


def client_below(prefix: str) -> httpx.AsyncClient:
    app = Starlette(routes=explorer_routes("/ask"))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, root_path=prefix), base_url="http://localhost"
    )


@pytest.fixture(scope="session")
def web_packages() -> Iterator[None]:
    need(missing("node", "npm", os.environ.get("CHROMIUM", "/usr/bin/chromium")))
    installed = WEB / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime:
        run("npm", "ci", "--ignore-scripts", cwd=WEB)
    yield


def missing(*programs: str) -> str | None:
    absent = [program for program in programs if not shutil.which(program, path=NODE_PATH)]
    return f"not installed: {', '.join(absent)}" if absent else None


def run(program: str, *arguments: str, cwd: Path) -> str:
    executable = shutil.which(program, path=NODE_PATH)
    assert executable
    environment = os.environ | {"PATH": NODE_PATH}
    result = subprocess.run(
        [executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

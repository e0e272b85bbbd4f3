"""Who a request comes from, behind proxies that are trusted and others that say so."""

from __future__ import annotations

import pytest

from gateway.addresses import Proxies

PROXIES = Proxies(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", ["1.2.3.4"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["9.9.9.9, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["9.9.9.9", "1.2.3.4, 10.2.0.1"], "1.2.3.4"),
        ("10.0.0.1", ["10.3.0.1, 10.2.0.1"], "10.3.0.1"),
        ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4:5678"], "1.2.3.4"),
        ("::1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", [",".join(["10.0.0.2"] * 10_000)], "10.0.0.2"),
        (None, ["1.2.3.4"], ""),
        ("a socket", ["1.2.3.4"], ""),
    ],
)
def test_only_what_trusted_proxies_say_is_believed(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert PROXIES.client(peer, forwarded) == client


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert Proxies([]).client("10.0.0.1", ["1.2.3.4"]) == "10.0.0.1"

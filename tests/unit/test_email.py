"""E-mail addresses: what OTOBO stores is stored, what it refuses is refused, and nobody is asked."""

from __future__ import annotations

import socket

import pytest

from backends.email import EmailRules

SHIPPED = r"@(example)\.(..|...)$"


@pytest.mark.parametrize(
    "address",
    [
        "amy@mut.test",
        "AMY@mut.test",
        "o'x@mut.test",
        "a+b@mut.test",
        "a.b-c_d@sub.mut.test",
        "jürgen@müller.example",
        "root@localhost",
        "ADMIN@LocalHost",
        '"a b"@mut.test',
        "amy@mut.test (Amy Adams)",
        "user@example.com",
        "user@host.local",
        "user@xn--mller-kva.test",
    ],
)
def test_addresses_are_accepted_as_otobo_does(address: str) -> None:
    assert EmailRules().accepts(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nodomain",
        "a@b",
        "user@localhost",
        "bad address",
        "a@mut.test, b@mut.test",
        "a..b@mut.test",
        "a.@mut.test",
        ".a@mut.test",
        "a@mut..test",
        "a@.mut.test",
        "a@mut.test.",
        "a@@mut.test",
        "@mut.test",
        "a@",
        "Amy <amy@mut.test>",
        "amy@[127.0.0.1]",
        "amy@mut.test\n",
        "amy\0@mut.test",
        "amy@mut.test\r\nBcc: x@mut.test",
        "\ud800@mut.test",
        "a" * 65 + "@mut.test",
        "a@" + "b" * 300 + ".test",
        "(comment)",
        "a@-mut.test",
    ],
)
def test_what_is_no_single_address_is_refused(address: str) -> None:
    assert not EmailRules().accepts(address)
    assert EmailRules(check_syntax=False).accepts(address)


def test_configured_addresses_are_refused_without_regard_to_case() -> None:
    rules = EmailRules(reject=SHIPPED)
    assert not rules.accepts("user@example.com")
    assert not rules.accepts("user@EXAMPLE.de")
    assert not rules.accepts("user@example.com (me)")
    assert rules.accepts("user@example.info")
    assert rules.accepts("root@localhost")
    assert EmailRules(check_syntax=False, reject=SHIPPED).accepts("user@example.com")


def test_no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("DNS")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket, "socket", refused)
    assert EmailRules().accepts("user@no-such-host.test")

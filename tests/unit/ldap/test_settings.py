"""What must be refused before a directory is ever asked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from backends.ldap.settings import LdapMissing, LdapSettings, require_driver


@pytest.mark.parametrize("password", ["", " ", "\t\n", "\0", "secret\0"])
def test_a_name_without_a_password_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="bind_password"):
        LdapSettings(key="d", host="h", base_dn="dc=x", bind_dn="cn=admin", bind_password=password)


def test_the_password_is_not_shown() -> None:
    settings = LdapSettings(key="d", host="h", base_dn="dc=x", bind_dn="cn=admin", bind_password="s3cret")
    assert "s3cret" not in repr(settings)


def test_an_unknown_charset_is_refused() -> None:
    with pytest.raises(ValueError, match="charset"):
        LdapSettings(key="d", host="h", base_dn="dc=x", charset="klingon")


def test_a_missing_driver_is_named_with_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LdapMissing, match=r"kundengraph\[ldap\].*libldap2-dev.*libsasl2-dev"):
        require_driver()


def test_a_backend_is_made_without_importing_the_driver() -> None:
    program = (
        "import sys; from backends.ldap.backend import LdapBackend; from backends.ldap.settings import LdapSettings;"
        "from tests.unit.ldap.worlds import MAPPING;"
        "LdapBackend(MAPPING, LdapSettings(key='d', host='h', base_dn='dc=x'));"
        "sys.exit('bonsai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0

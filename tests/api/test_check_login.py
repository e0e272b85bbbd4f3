"""`kundengraph check` on what customer users sign in with."""

from __future__ import annotations

from pathlib import Path

from gateway.check import check
from gateway.demo.servers.slapd import Slapd
from tests.api.provider import identity_provider
from tests.api.signing import configured, filled
from tests.api.test_sign_in_stores import BINDS, at

OTHER = '[[auth.login]]\nbackend = "database"\n{more}\n'


async def reasons(folder: Path, login: str) -> dict[str, str | None]:
    """Why each way to sign in cannot be used; None where it can."""
    found = await check(configured(folder, login=login))
    return {
        one.path: one.reason or ", ".join(missing.column for missing in one.missing) or None
        for one in found
        if one.path.startswith("auth.")
    }


async def test_tables_and_directories_are_asked_whether_they_are_as_configured(
    slapd: Slapd, tmp_path: Path
) -> None:
    filled(tmp_path)
    login = "".join(
        [
            OTHER.format(more=""),
            OTHER.format(more='table = "nowhere"'),
            OTHER.format(more='password_column = "secret"'),
            OTHER.format(more='url = "sqlite:///gone.sqlite"'),
            at(slapd, BINDS),
            at(slapd, BINDS, f'group_dn = "cn=nobody,{slapd.suffix}"'),
            at(slapd, BINDS).replace("ou=people", "ou=absent"),
        ]
    )
    found = await reasons(tmp_path, login)
    gone = found.pop("auth.login[3]")
    assert gone is not None
    assert "gone.sqlite" in gone
    assert found == {
        "auth.login[0]": None,
        "auth.login[1]": "nowhere",
        "auth.login[2]": "secret",
        "auth.login[4]": None,
        "auth.login[5]": "group_dn",
        "auth.login[6]": "base_dn",
    }


async def test_the_identity_provider_is_asked_for_its_keys(tmp_path: Path) -> None:
    filled(tmp_path)
    with identity_provider() as provider:
        login = f'[auth.oidc]\nissuer = "{provider.address}"\naudience = "us"\n'
        assert await reasons(tmp_path, login) == {"auth.oidc": None}
        provider.elsewhere = "https://elsewhere.example/keys"
        [reason] = (await reasons(tmp_path, login)).values()
        assert reason is not None
        assert "auth.oidc.jwks_url" in reason
        provider.down = True
        assert await reasons(tmp_path, login) == {"auth.oidc": "it answered with 503"}

"""Which e-mail addresses are accepted: by their syntax and by what the configuration refuses, never by DNS (CU-44)."""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

SPECIAL_USE_DOMAIN_NAMES.clear()  # as its manual says: whoever serves host.local or a test may write so

LOCAL = re.compile(r"(root|admin)@localhost", re.IGNORECASE)
"""Addresses that are always good (CU-42)."""

_COMMENT = re.compile(r"\s*\([^()]*\)\s*\Z")


class EmailRules:
    """Decides over addresses; `reject` is a regular expression that finds those to be refused."""

    def __init__(self, check_syntax: bool = True, reject: str = "") -> None:
        self._check_syntax = check_syntax
        self._reject = re.compile(reject, re.IGNORECASE) if reject else None

    def accepts(self, address: str) -> bool:
        """Whether the address may be stored for a valid customer user (CU-41 to CU-43)."""
        if not self._check_syntax or LOCAL.fullmatch(address):
            return True
        bare = _COMMENT.sub("", address)
        return _is_address(bare) and not (self._reject and self._reject.search(bare))


def _is_address(text: str) -> bool:
    """Whether it is one address at a host with a domain; any domain will do, also one for tests."""
    try:
        found = validate_email(
            text,
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_display_name=False,
            strict=True,
        )
    except EmailNotValidError:
        return False
    return "." in (found.ascii_domain or "")

"""Fixtures of several files here."""

from tests.api.four_stores import config_text, four_stores, own_mariadb

__all__ = ["config_text", "four_stores", "own_mariadb"]

"""The statements that the peers in Python run, and their pool."""

from __future__ import annotations

import os

DSN = os.environ.get("BENCH_DSN", "")
POOL_SIZE = 10

NAMES = {
    "login": "login",
    "email": "email",
    "customer_id": "customerId",
    "title": "title",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "mobile": "mobile",
    "city": "city",
    "country": "country",
    "fax": "fax",
    "street": "street",
    "zip": "zip",
    "comments": "comment",
    "change_time": "changedAt",
}
"""Columns, and the names under which every peer answers with them."""
TEN, FIFTEEN = list(NAMES)[:10], list(NAMES)
SIX = ["login", "first_name", "last_name", "email", "customer_id", "city"]
ALL = (
    "id, login, email, customer_id, title, first_name, last_name, phone, fax, mobile, street, zip, city, country,"
    " comments, valid_id, create_time, change_time"
)
"""Like a natural application, the plain peers read every column of the type."""
MATCHES = "lower(login) LIKE $1 OR lower(first_name) LIKE $1 OR lower(last_name) LIKE $1"
COMPANIES = "SELECT customer_id, name, city FROM customer_company WHERE customer_id = ANY($1)"
GROUPS = (
    "SELECT user_id, name, permissions FROM user_group WHERE user_id = ANY($1) ORDER BY user_id, group_id"
)
SERVICES = "SELECT user_id, name FROM user_service WHERE user_id = ANY($1) ORDER BY user_id, service_id"


def by_login(columns: str) -> str:
    """One customer user."""
    return f"SELECT {columns} FROM customer_user WHERE login = $1"


def listed(columns: str) -> str:
    """The first customer users by login."""
    return f"SELECT {columns} FROM customer_user ORDER BY login LIMIT $1"


def searched(columns: str) -> str:
    """The first that match a pattern."""
    return (
        f"SELECT {columns} FROM customer_user WHERE {MATCHES} ORDER BY last_name, first_name, login LIMIT $2"
    )


def phone_set(columns: str) -> str:
    """Change one and read it back."""
    return f"UPDATE customer_user SET phone = $2, change_time = now() WHERE login = $1 RETURNING {columns}"


def pattern(text: str) -> str:
    """`*mül*` as LIKE has it."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")

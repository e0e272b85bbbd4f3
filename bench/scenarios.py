"""What is asked: the same question in every server's spelling, and the answer in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.peers import sql
from bench.stores import IN_LDAP

OURS, PLAIN, NODE = "ours", "plain", "postgraphile"
"""Spellings: Kundengraph's; that of Strawberry, Mercurius and, without a text, the floor; PostGraphile's."""
NUMBER = "@NUMBER@"
"""Stands in a question, perhaps several times, for a number that is another one each time."""
SOME = "user000042"

Answer = Any


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question. Where a peer has no text it does not take part."""

    name: str
    title: str
    texts: Mapping[str, str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    most: int = 1
    """Random numbers run from 1 to this one."""
    digits: int = 6
    connections: int = 32
    """Callers at a time; fewer where an answer takes long, for those that are under way at the end are not counted."""
    spread: bool = False
    """Whether the answers of all peers are compared by this scenario's shape."""
    node_variables: Mapping[str, Any] | None = None
    route: str = ""
    """What the floor calls it, where that is another name."""

    def apart(self) -> Scenario:
        """The same with a variable that means nothing, so that no two requests are equal."""
        number = {"n": NUMBER}
        return replace(
            self,
            name=f"{self.name}_apart",
            title=f"{self.title}, no two requests equal",
            variables={**self.variables, **number},
            most=999_999_999,
            digits=9,
            node_variables={**self.node_variables, **number} if self.node_variables else None,
            route=self.name,
        )

    def given(self, spelling: str) -> Mapping[str, Any]:
        """The variables as a peer takes them."""
        return self.node_variables if spelling == NODE and self.node_variables else self.variables


def _ours(columns: list[str]) -> str:
    return " ".join(sql.NAMES[name] for name in columns)


def _theirs(columns: list[str]) -> str:
    other = {"comments": "comment: comments", "change_time": "changedAt: changeTime"}
    return " ".join(other.get(name, sql.NAMES[name]) for name in columns)


TEN, FIFTEEN, SIX = _ours(sql.TEN), _ours(sql.FIFTEEN), _ours(sql.SIX)
RELATED = "login firstName lastName"
PAGE = "query Page($first: Int!, $after: String) { customerUsers(first: $first, after: $after) "
LISTED = "{ nodes { login firstName lastName email customerId city } pageInfo { endCursor hasNextPage } } }"


def _lists(name: str, title: str, columns: list[str], first: int) -> Scenario:
    return Scenario(
        name,
        title,
        {
            OURS: f"query List($first: Int!) {{ customerUsers(first: $first) {{ nodes {{ {_ours(columns)} }} }} }}",
            PLAIN: f"query List($first: Int!) {{ customerUsers(first: $first) {{ {_theirs(columns)} }} }}",
            NODE: "query List($first: Int!) { customerUsers: allCustomerUsersList(first: $first, orderBy: LOGIN_ASC) "
            f"{{ {_theirs(columns)} }} }}",
        },
        {"first": first},
        connections=4,
        spread=True,
    )


_ASKED = (
    Scenario(
        "one",
        "one user by login",
        {
            OURS: f"query One($login: String!) {{ customerUser(login: $login) {{ {TEN} }} }}",
            PLAIN: f"query One($login: String!) {{ customerUser(login: $login) {{ {TEN} }} }}",
            NODE: f"query One($login: String!) {{ customerUser: customerUserByLogin(login: $login) {{ {TEN} }} }}",
        },
        {"login": f"user{NUMBER}"},
        most=100_000,
        spread=True,
    ),
    _lists("list100", "100 users, 10 fields", sql.TEN, 100),
    _lists("list1000", "1,000 users, 15 fields", sql.FIFTEEN, 1000),
    Scenario(
        "relations",
        "50 users, customer, groups, services",
        {
            OURS: f"query Related($first: Int!) {{ customerUsers(first: $first) {{ nodes {{ {RELATED} "
            "customer { name city } groups { group { name } permissions } services { name } } } }",
            PLAIN: f"query Related($first: Int!) {{ customerUsers(first: $first) {{ {RELATED} "
            "company { name city } groups { name permissions } services { name } } }",
            NODE: "query Related($first: Int!) { customerUsers: allCustomerUsersList(first: $first, "
            f"orderBy: LOGIN_ASC) {{ {RELATED} company: customerCompanyByCustomerId {{ name city }} "
            "groups: groupsList(orderBy: [USER_ID_ASC, GROUP_ID_ASC]) { name permissions } "
            "services: servicesList(orderBy: [USER_ID_ASC, SERVICE_ID_ASC]) { name } } }",
        },
        {"first": 50},
        connections=4,
        spread=True,
    ),
    Scenario(
        "search",
        "search *mül*, first 25",
        {
            OURS: "query Search($text: String!, $first: Int!) { customerUsers(search: $text, first: $first, "
            f"orderBy: [{{field: LAST_NAME}}, {{field: FIRST_NAME}}]) {{ nodes {{ {SIX} }} }} }}",
            PLAIN: "query Search($text: String!, $first: Int!) { searchCustomerUsers(text: $text, first: $first) "
            f"{{ {SIX} }} }}",
            NODE: "query Search($text: String!, $first: Int!) { searchCustomerUsers: "
            f"searchUsersList(pattern: $text, first: $first) {{ {SIX} }} }}",
        },
        {"text": "*mül*", "first": 25},
        spread=True,
        node_variables={"text": "%mül%", "first": 25},
    ),
    Scenario(
        "mutation",
        "mutation of one field",
        {
            OURS: "mutation Set($login: String!, $phone: String!) { updateCustomerUser(input: {login: $login, "
            "phone: $phone}) { customerUser { login phone } userErrors { code } } }",
            PLAIN: "mutation Set($login: String!, $phone: String!) { setPhone(login: $login, phone: $phone) "
            "{ login phone } }",
            NODE: "mutation Set($login: String!, $phone: String!) { setPhone: updateCustomerUserByLogin(input: "
            "{login: $login, customerUserPatch: {phone: $phone}}) { customerUser { login phone } } }",
        },
        {"login": f"user{NUMBER}", "phone": f"+49 9421 {NUMBER}"},
        most=100_000,
        spread=True,
    ),
    Scenario(
        "cold",
        "one user by login, every text new",
        {
            OURS: f"query Cold{NUMBER} {{ customerUser(login: \"{SOME}\") {{ {TEN} }} }}",
            PLAIN: f"query Cold{NUMBER} {{ customerUser(login: \"{SOME}\") {{ {TEN} }} }}",
            NODE: f"query Cold{NUMBER} {{ customerUser: customerUserByLogin(login: \"{SOME}\") {{ {TEN} }} }}",
        },
        most=999_999_999,
        digits=9,
    ),
)  # fmt: skip

SHARED = (
    *_ASKED,
    *(one.apart() for one in _ASKED if one.name in ("list100", "list1000", "relations", "search")),
)
"""What peers are asked as well. Equal requests of a moment are executed once here, so lists are asked both ways."""

OWN = (
    Scenario(
        "permissions",
        "50 users, effective permissions over 20 groups",
        {
            OURS: "query Held($first: Int!) { customerUsers(first: $first) { nodes { login effectivePermissions "
            "{ group { name } permissions } } } }"
        },
        {"first": 50},
        connections=4,
    ),
    Scenario(
        "page", "page of 50, the first", {OURS: PAGE + LISTED}, {"first": 50, "after": None}, connections=4
    ),
    Scenario(
        "deep",
        "page of 50 at the end of the list",
        {OURS: PAGE + LISTED},
        {"first": 50, "after": ""},
        connections=4,
    ),
    Scenario(
        "total",
        "total count",
        {OURS: "{ customerUsers(first: 0) { totalCount } }"},
        connections=4,
    ),
)
"""What Kundengraph is asked over its great help desk."""

LDAP = IN_LDAP[0]

TEN_SOURCES = (
    Scenario(
        "federated",
        "page of 50 over ten sources",
        {OURS: PAGE + LISTED},
        {"first": 50, "after": None},
        connections=4,
    ),
    Scenario(
        "ldap",
        "one user of a directory, asked anew",
        {
            OURS: f'query($login: String!) {{ customerUser(login: $login, source: "place{LDAP}") {{ {SIX} }} }}'
        },
        {"login": f"p{NUMBER}{LDAP}"},
        most=999,
        digits=4,
    ),
    Scenario(
        "remembered",
        "one user of a directory, remembered",
        {
            OURS: f'query($login: String!) {{ customerUser(login: $login, source: "place{LDAP}") {{ {SIX} }} }}'
        },
        {"login": f"p{NUMBER}{LDAP}"},
        most=999,
        digits=4,
    ),
)
"""What it is asked over ten sources."""

EVERYTHING = (*SHARED, *OWN, *TEN_SOURCES)


def normal(data: Answer) -> Answer:
    """An answer as all peers have it: names, levels and spellings that differ are made the same."""
    if not isinstance(data, dict) or len(data) != 1:
        return data
    ((name, value),) = data.items()
    shape = _SHAPES.get(name, lambda found: found)
    return shape(value)


def _records(value: Answer) -> Answer:
    rows = value["nodes"] if isinstance(value, dict) and "nodes" in value else value
    return [_record(row) for row in rows]


def _record(row: Answer) -> Answer:
    if not isinstance(row, dict):
        return row
    found = {("customer" if name == "company" else name): value for name, value in row.items()}
    if isinstance(found.get("changedAt"), str):
        found["changedAt"] = found["changedAt"][:10]  # one of them is changed by what is measured
    found.pop("phone", None)
    if "groups" in found:
        found["groups"] = sorted(map(_grant, found["groups"]))
    if "services" in found:
        found["services"] = sorted(one["name"] for one in found["services"])
    return dict(sorted(found.items()))


def _grant(grant: Answer) -> tuple[str, str]:
    name = grant["group"]["name"] if "group" in grant else grant["name"]
    return name, " ".join(sorted(key.lower() for key in grant["permissions"]))


def _changed(value: Answer) -> Answer:
    return value["customerUser"] if isinstance(value, dict) and "customerUser" in value else value


_SHAPES: Mapping[str, Callable[[Answer], Answer]] = {
    "customerUser": _record,
    "customerUsers": _records,
    "searchCustomerUsers": _records,
    "setPhone": _changed,
    "updateCustomerUser": _changed,
}

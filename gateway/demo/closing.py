"""What the demo says once it serves: where, by which token, and what is worth asking."""

from pathlib import Path

from gateway.demo.configuration import Tokens
from gateway.demo.servers.slapd import Slapd

QUERIES = (
    (
        "Who is this, and why may she do what she may? The first source that knows a login owns it.",
        '{ customerUser(login: "anna.mueller") { fullName source { name } shadowedSources { name } '
        "effectivePermissions { group { name } permissions grants { origin customer { name } } } } }",
    ),
    (
        "One list over all sources, each saying how it took part.",
        '{ customerUsers(search: "müller", searchMode: WORDS, first: 10) { totalCount '
        "nodes { label customer { name } source { key } } sources { source { key } status elapsedMs } } }",
    ),
    (
        "Rights through a customer, and the other customers within reach.",
        '{ customerUser(login: "haruki.tanaka") { customer { name } services { name } supportTier '
        "accessibleCustomers { customer { name } direct indirect } } }",
    ),
)
"""Three queries worth trying, each with what it shows."""


def closing_lines(port: int, tokens: Tokens, path: Path, slapd: Slapd | None, seconds: float) -> list[str]:
    """The last lines before the demo waits for requests."""
    address = f"http://127.0.0.1:{port}"
    lines = [
        "",
        f"Ready in {seconds:.1f} s.",
        "",
        f"  GraphiQL   {address}/graphiql/",
        f"  Endpoint   {address}/graphql",
        f"  Settings   {path}",
        f"  Tokens     reader: {tokens.reader} (reading goes without one, too)",
        f"             admin:  {tokens.admin} (for changes: Authorization: Bearer …)",
        "",
        "Worth trying:",
    ]
    for title, query in QUERIES:
        lines += ["", f"  {title}", f"  {query}"]
    body = '{"query": "{ duplicateLogins(first: 5) { totalCount edges { login sources { name } } } }"}'
    lines += [
        "",
        "From the shell, what the order hides:",
        f"  curl -s {address}/graphql -H 'content-type: application/json' \\",
        f"    -H 'authorization: Bearer {tokens.reader}' -d '{body}'",
        "",
    ]
    if slapd is not None:
        lines += [
            f"See a source fall silent: kill -STOP {slapd.pid}, ask again, and wake it by kill -CONT {slapd.pid}.",
        ]
    return [*lines, "Ctrl-C ends the demo and everything it started.", ""]

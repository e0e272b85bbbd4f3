"""The command `kundengraph` and its subcommands."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

if TYPE_CHECKING:
    from gateway.config import Config

GOOD, FINDINGS, UNUSABLE = 0, 1, 2
"""Exit codes: all is well; the stores are not as the file says; the file or the command line is not usable."""

EXIT_CODES = """\
Exit codes:

0: the file can serve.

1: the file is sound, but a store is not as it says: not reachable, not readable, or without a mapped column.
The gateway would start all the same, and serve without that store.

2: the file itself is not usable, or the command line is not. Nothing was connected to.
"""


def _version() -> str:
    try:
        return version("kundengraph")
    except PackageNotFoundError:
        return "unknown"


INIT_CODES = """\
Exit codes:

0: the registry has its tables, made now or before.

1: the registry cannot be used, or is neither empty nor as it should be, in which case nothing was changed.

2: the file is not usable, or the command line is not. Nothing was connected to.
"""


IMPORT_CODES = """\
Exit codes:

0: the configuration was printed.

2: the file has no customer users' source that can be carried over, or the command line is not usable.
"""


app = App(
    name="kundengraph",
    help="One GraphQL schema over up to ten ordered customer-user directories.",
    version=_version,
    help_format="plaintext",
    print_error=True,
    exit_on_error=False,
)

File = Annotated[Path, Parameter(help="The configuration, a TOML file.")]
DEFAULT_FILE = Path("kundengraph.toml")


@app.command(help_epilogue=EXIT_CODES)
def check(file: File, /) -> int:
    """Validate FILE, connect to every source, and compare the mapping with the real columns and attributes.

    Nothing is written: a statement that would help is printed, never run.
    """
    from gateway.check import advice_on, report
    from gateway.check import check as checked

    config = _load(file)
    found = asyncio.run(checked(config))
    report(_console(), file.name, found, advice_on(config))
    return GOOD if all(one.can_serve for one in found) else FINDINGS


@app.command(help_epilogue=INIT_CODES)
def init(file: File, /) -> int:
    """Make the registry's tables, and the rows of a fresh system, in the empty database that FILE names.

    Where the tables are there already, only kundengraph_audit is added. Safe to repeat: on MariaDB, which cannot undo
    the making of tables, the next call completes what was interrupted.
    """
    from gateway.foundation import attempt, report

    config = _load(file)
    return GOOD if report(_console(), asyncio.run(attempt(config.registry))) else FINDINGS


@app.command(name="import-otobo", help_epilogue=IMPORT_CODES)
def import_otobo(
    file: Annotated[Path, Parameter(help="Kernel/Config.pm, or its settings as JSON.")],
    /,
    *,
    output: Annotated[Path | None, Parameter(help="Write here instead of to standard output.")] = None,
) -> int:
    """Print the configuration that OTOBO's FILE means. No Perl is run, and no password is printed.

    What FILE leaves open in Kernel/Config.pm is as OTOBO ships it. What could not be carried over stands in comments.
    """
    from gateway.importing.reading import Unusable
    from gateway.importing.run import configuration

    try:
        text = configuration(file)
        if output is not None:
            output.write_text(text, encoding="utf-8")
    except Unusable as error:
        sys.stderr.write(f"{file.name} {error}\n")
        return UNUSABLE
    except OSError as error:
        sys.stderr.write(f"{output} cannot be written: {error.strerror}\n")
        return UNUSABLE
    if output is None:
        sys.stdout.write(text)
    return GOOD


@app.command
def export(
    file: File = DEFAULT_FILE,
    /,
    *,
    format: Annotated[
        Literal["csv", "jsonl"], Parameter(help="Comma-separated, or one JSON object a line.")
    ] = "csv",
    source: Annotated[str | None, Parameter(help="Only customer users of the source with this key.")] = None,
    output: Annotated[Path | None, Parameter(help="Write here instead of to standard output.")] = None,
) -> int:
    """Write out all customer users that FILE's sources have, by login, each once and with every mapped field.

    No password is among them. Exits with 1 where a source did not answer: the export is not complete then.
    """
    from backends.errors import BadUserInput
    from gateway.exchange.exporting import export as exported

    config = _load(file)
    try:
        return GOOD if asyncio.run(exported(config, format, source, output)) else FINDINGS
    except BadUserInput as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{output or 'standard output'} cannot be written: {error.strerror}\n")
    return UNUSABLE


@app.command(name="import")
def import_(
    users: Annotated[Path, Parameter(help="Customer users: a CSV with a header, or JSON lines (.jsonl).")],
    file: File = DEFAULT_FILE,
    /,
    *,
    source: Annotated[str, Parameter(help="The key of the source that they are written to.")],
    dry_run: Annotated[bool, Parameter(help="Check every row, and write none.", negative="")] = False,
) -> int:
    """Make the customer users that USERS names, and change those that are there where they differ. Safe to repeat.

    Columns are fields by their GraphQL names, as `export` writes them; an empty cell empties a field, a column that is
    not there leaves it alone. A password is only set on who is new. Rows that cannot be written go to USERS.rejected.csv
    (or .jsonl) beside, with the reason, and the rest goes through; the exit code is 1 then.
    """
    from gateway.exchange.files import Unusable
    from gateway.exchange.importing import import_users

    config = _load(file)
    try:
        return GOOD if asyncio.run(import_users(config, users, source, dry_run=dry_run)) else FINDINGS
    except Unusable as error:
        sys.stderr.write(f"{users.name}: {error}\n")
    except OSError as error:
        sys.stderr.write(f"{users.name}: {error.strerror}: {error.filename}\n")
    return UNUSABLE


@app.command
def serve(
    file: File,
    /,
    *,
    host: Annotated[str | None, Parameter(help="Listen here instead of server.host.")] = None,
    port: Annotated[
        int | None, Parameter(help="Listen here instead of server.port; 0 for a free one.")
    ] = None,
) -> int:
    """Serve the GraphQL API that FILE describes, until interrupted. Stores may be down: they join when they are up."""
    config = _load(file)
    from gateway.serving import run

    server = config.server
    return run(file, config, server.host if host is None else host, server.port if port is None else port)


@app.command
def schema(file: File, /, *, plan: Path | None = None) -> int:
    """Print the schema that FILE makes, in GraphQL's own language.

    Parameters
    ----------
    plan
        Print how the operations of this document would be executed instead.
    """
    config = _load(file)
    from gateway.app import schema_of

    if plan is None:
        sys.stdout.write(schema_of(config).as_str().rstrip("\n") + "\n")
        return GOOD
    from schema.compiled.printed import Unplanned, printed

    try:
        sys.stdout.write(printed(schema_of(config), plan.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        sys.stderr.write(f"{plan} cannot be read: {why}\n")
        return UNUSABLE
    except Unplanned as error:
        sys.stderr.write(f"{plan}: {error}\n")
        return UNUSABLE
    return GOOD


@app.command
def token(
    name: Annotated[str, Parameter(help="What the key is called in logs and in the audit trail.")],
) -> int:
    """Make an API key: print it, once, and the lines that let it in, which hold only its hash."""
    key = secrets.token_urlsafe(32)
    digest = hashlib.sha256(key.encode()).hexdigest()
    sys.stdout.write(
        f"# The key of {_quoted(name)}, shown this once; send it as: Authorization: Bearer <key>\n{key}\n\n"
        f'[[auth.tokens]]\nname = {_quoted(name)}\nsha256 = "{digest}"\nroles = ["reader"]\n'
    )
    return GOOD


@app.command
def why(login: str, group: str, file: File = DEFAULT_FILE, /) -> int:
    """Print what the customer user LOGIN holds in GROUP, and every reason for it, as FILE says."""
    config = _load(file)
    from gateway import answers

    return GOOD if asyncio.run(answers.why(config, login, group, _console())) else FINDINGS


@app.command
def duplicates(file: File = DEFAULT_FILE, /) -> int:
    """Print every login that more than one source of FILE holds: the first one owns it, and hides the others."""
    config = _load(file)
    from gateway import answers

    return GOOD if asyncio.run(answers.show_duplicates(config, _console())) else FINDINGS


@app.command
def demo(
    *,
    port: Annotated[int, Parameter(help="Listen here; 0 for the usual port, or a free one.")] = 0,
    once: Annotated[str | None, Parameter(help="Answer this query and leave.")] = None,
) -> int:
    """Serve a made-up help desk with three directories, from nothing; all of it is thrown away at the end."""
    from gateway.demo.run import main as run

    return run(port, once)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its code."""
    sys.exit(run_command(sys.argv[1:] if arguments is None else arguments))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    from gateway.config import ConfigError

    try:
        result = app(arguments, result_action="return_value")
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    except CycloptsError:
        return UNUSABLE
    return result if isinstance(result, int) else GOOD


def _load(file: Path) -> Config:
    from gateway.config import load

    return load(file)


def _console() -> Console:
    return Console(highlight=False, emoji=False, markup=False)


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text)

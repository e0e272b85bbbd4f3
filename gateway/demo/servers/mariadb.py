"""A private MariaDB, from Debian's binaries."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.demo.servers.ports import HOST, free_port
from gateway.demo.servers.process import Server, missing, output_of, private_directory, required, started

USER = "gw"
PASSWORD = "gw"
LEAN = [
    "--innodb-flush-log-at-trx-commit=2",  # survives a kill, not a power cut
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-use-native-aio=0",
]


def available() -> str | None:
    """None when MariaDB can be started here, else the reason in one line."""
    return missing("mariadb-server", "mariadbd", "mariadb-install-db", "mariadb")


def start_mariadb() -> "MariaDB":
    """A running server with the empty database `gw` and the user `gw`, password `gw`."""
    if reason := available():
        raise RuntimeError(reason)
    server = started(MariaDB(directory=private_directory("mariadb"), port=free_port()))
    server.run_sql(
        # over TCP nobody is to be root without a password; the socket lies in the private folder
        "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
        "FLUSH PRIVILEGES;"
        f"CREATE USER {USER}@{HOST} IDENTIFIED BY '{PASSWORD}'"
    )
    server.create_database("gw")
    return server


@dataclass(kw_only=True)
class MariaDB(Server):
    """A private server; `gw` may do anything within the databases made by `create_database`."""

    def url(self, database: str = "gw") -> str:
        """Where clients reach a database."""
        return f"mariadb://{USER}:{PASSWORD}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database that `gw` owns."""
        quoted = "`" + name.replace("`", "``") + "`"
        self.run_sql(
            f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
            f"GRANT ALL ON {quoted}.* TO {USER}@{HOST}"
        )

    def run_sql(self, text: str, database: str = "") -> str:
        """What the client prints for a script, run as root and stopping at its first error."""
        options = ["--no-defaults", f"--socket={self._socket}", "--user=root", "-N", "-B"]
        command = [required("mariadb"), *options, *([database] if database else [])]
        return output_of(command, self.directory, stdin=text)

    def prepare(self) -> None:
        output_of(
            [
                required("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self.directory}/data",
                f"--tmpdir={self.directory}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                *LEAN,
            ],
            self.directory,
        )

    def command(self) -> Sequence[str]:
        return [
            required("mariadbd"),
            "--no-defaults",
            f"--datadir={self.directory}/data",
            f"--tmpdir={self.directory}",
            f"--socket={self._socket}",
            f"--pid-file={self.directory}/pid",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--performance-schema=0",
            *LEAN,
        ]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), 0.5) as connection:
                return connection.recv(5)[4:] == b"\x0a"  # the greeting of protocol 10
        except OSError:
            return False

    @property
    def _socket(self) -> str:
        return f"{self.directory}/socket"

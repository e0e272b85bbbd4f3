"""The configuration that the demo writes for itself: a readable example, with the addresses of this run."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.tables import BIND_DN, PEOPLE_DN

HEAD = """\
# The configuration of this demo, thrown away with it. A start for one of your own: every key is explained in
# kundengraph.example.toml, and whatever is left out has its default.

[server]
port = {port}

[registry]                       # customers, groups, services, relations, preferences
url = "{registry}"

[auth]
anonymous = ["reader"]           # the explorer reads without a token; leave this out where the data is real
signing_key_file = "signing-key"

[[auth.tokens]]                  # only the hash is kept: `kundengraph token NAME` prints both
name = "demo-reader"
sha256 = "{reader}"
roles = ["reader"]

[[auth.tokens]]
name = "demo-admin"
sha256 = "{admin}"
roles = ["admin"]

[groups]
enabled = true
other_context = "Ticket::CustomerID::Other"

[tickets.dynamic_fields]         # what a ticket takes over from its customer user
UserLogin = "CustomerLogin"
UserPhone = "CustomerPhone"
UserRoom = "CustomerRoom"

# The sources, in order: the first one that knows a login owns it.

[[sources]]
key = "customer_user"
name = "Help desk"
backend = "{backend}"            # no url: the registry's database
fields = [{{ variable = "DynamicField_SupportTier", label = "Support tier", column = "SupportTier", type = "dynamic_field" }}]

[[sources]]
key = "legacy_crm"
name = "Legacy CRM"
backend = "sqlite"
url = "sqlite:///{directory}/crm.sqlite"
table = "people"
read_only = true
foreign = true                   # the table has no create_time and change_time
standard_fields = false          # nor any other column of the usual layout: only the fields below
customer_key = "account"
customer_id = "org"
valid = "active"
list_fields = ["given", "family", "mail"]
name_fields = ["given", "family"]
search_fields = ["account", "given", "family", "org"]
post_master_search_fields = ["mail"]
cache_ttl = 300
fields = [
    {{ variable = "UserLogin", label = "Account", column = "account", required = true }},
    {{ variable = "UserFirstname", label = "Given name", column = "given", required = true }},
    {{ variable = "UserLastname", label = "Family name", column = "family", required = true }},
    {{ variable = "UserEmail", label = "Mail", column = "mail", required = true }},
    {{ variable = "UserCustomerID", label = "Organisation", column = "org", required = true }},
    {{ variable = "UserCustomerIDs", label = "Further organisations", column = "orgs" }},
    {{ variable = "UserPhone", label = "Phone", column = "tel" }},
    {{ variable = "UserMobile", label = "Mobile", column = "cell" }},
    {{ variable = "UserCity", label = "Town", column = "town" }},
    {{ variable = "UserCountry", label = "Country", column = "land" }},
    {{ variable = "UserRoom", label = "Room", column = "room_no" }},                  # room: String in the schema
    {{ variable = "UserFloor", label = "Floor", column = "floor", type = "int" }},    # floor: Int
    {{ variable = "ValidID", label = "Active", column = "active", type = "int" }},
]
"""

DIRECTORY = """
[[sources]]
key = "directory"
name = "Company directory"
backend = "ldap"
url = "{url}"
base_dn = "{base_dn}"
bind_dn = "{bind_dn}"
bind_password_file = "bind-password"
valid_filter = "(employeeType=active)"
customer_id = "departmentNumber"
search_prefix = "*"
fields = [
    {{ variable = "UserMobile", label = "Mobile", column = "mobile" }},
    {{ variable = "UserCity", label = "City", column = "l" }},
    {{ variable = "UserRoom", label = "Room", column = "roomNumber" }},
]
"""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The keys of this run, by role."""

    reader: str
    admin: str


def write(directory: Path, port: int, registry: str, ldap: str | None) -> tuple[Path, Tokens]:
    """Write the configuration for these stores into a private folder, with new keys."""
    tokens = Tokens(f"demo-reader-{secrets.token_urlsafe(12)}", f"demo-admin-{secrets.token_urlsafe(12)}")
    text = HEAD.format(
        port=port,
        registry=registry,
        backend=registry.partition(":")[0],
        directory=directory,
        reader=hashlib.sha256(tokens.reader.encode()).hexdigest(),
        admin=hashlib.sha256(tokens.admin.encode()).hexdigest(),
    )
    if ldap is not None:
        text += DIRECTORY.format(url=ldap, base_dn=PEOPLE_DN, bind_dn=BIND_DN)
    write_secret(directory / "signing-key", secrets.token_hex(32))
    path = directory / "kundengraph.toml"
    write_secret(path, text)
    return path, tokens


def write_secret(path: Path, text: str) -> None:
    """Write a file for our own eyes."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")

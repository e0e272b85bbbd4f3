"""Opening what is written: a writer for each writable source, and what renames carry along."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from backends.email import EmailRules
from backends.model import Customer, CustomerUser
from backends.once import Once
from backends.passwords import Hasher
from backends.sql.carrying import Carrier
from backends.sql.config import SqlSourceConfig
from backends.sql.database import Database
from backends.sql.members import Members
from backends.sql.transactions import writes_together
from backends.sql.writer import SqlWriter
from backends.sql.writing import Stamp
from backends.writers import Carry, Together
from gateway.config import Config
from resolvers.writing.stores import WritableSource, WriteStores

Databases = Mapping[tuple[str, str], Database]
"""The open databases, by table of the configuration and key of the source."""


def open_writes(
    config: Config, registry: Database, databases: Databases, stamp: Stamp, once: Once
) -> WriteStores:
    """Writers over the open databases of the writable sources, by the sources' keys."""
    users: dict[str, WritableSource[CustomerUser]] = {}
    members: list[Members] = []
    for source, mapping in zip(config.sources, config.source_mappings, strict=True):
        if isinstance(source, SqlSourceConfig) and source.writable:
            database = databases["sources", source.key]
            members.append(Members(mapping, database, source.table, stamp))
            users[source.key] = WritableSource(
                SqlWriter(
                    mapping,
                    database,
                    source.table,
                    mapping.customer_user,
                    stamp,
                    password_column=source.password_column,
                    registry=registry,
                ),
                unique_email=source.unique_email,
                customer_must_exist=source.customer_must_exist,
                auto_login_prefix=source.auto_login_prefix,
                password_hash=source.password_hash,
                has_passwords=source.password_column is not None,
            )

    def together(keys: Collection[str]) -> AbstractAsyncContextManager[Together]:
        """Databases are opened in the order of the sources, whatever the order of the rows."""
        return writes_together([databases["sources", key] for key in users if key in keys], registry)

    return WriteStores(
        users=users,
        customers=_customers(config, registry, databases, stamp),
        relatives=Relatives(Carrier(registry, stamp), registry, tuple(members)),
        hasher=Hasher(cost=config.auth.bcrypt_cost),
        together=together,
        once=once,
        addresses=EmailRules(config.email.check_syntax, config.email.reject),
    )


@dataclass(frozen=True, slots=True)
class Relatives:
    """What hangs on a name in the registry, and in the tables of all writable sources."""

    carrier: Carrier
    registry: Database
    members: Sequence[Members]

    def of_user(self, old: str, new: str, old_customer_id: str | None, new_customer_id: str | None) -> Carry:
        return self.carrier.renaming_user(old, new, old_customer_id, new_customer_id)

    def of_customer(self, old: str, new: str) -> Carry:
        return self.carrier.renaming_customer(old, new, self.members)

    async def left_of_user(self, login: str, heir: str | None = None) -> Sequence[str]:
        return await self.carrier.leftovers(self.registry, login, heir)

    async def left_of_customer(self, customer_id: str, heir: str | None = None) -> Sequence[str]:
        return await self.carrier.customer_leftovers(self.registry, customer_id, heir)


def _customers(
    config: Config, registry: Database, databases: Databases, stamp: Stamp
) -> Mapping[str, WritableSource[Customer]]:
    return {
        source.key: WritableSource(
            SqlWriter(
                mapping,
                databases["customers", source.key],
                source.table,
                mapping.customer,
                stamp,
                password_column=None,
                registry=registry,
            )
        )
        for source, mapping in zip(config.customers, config.customer_mappings, strict=True)
        if source.writable
    }

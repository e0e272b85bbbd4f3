"""Opening what the configuration names, layer by layer, in one visible place: driver, guard, cache, source, directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from hashlib import blake2b
from urllib.parse import urlsplit

from backends.breaker import Breaker
from backends.cached import Cached
from backends.caches import MemoryCache, SharedCache, memory_cache, redis_cache
from backends.changes import Change
from backends.config import StoreConfig
from backends.directory import Directory
from backends.envelope import Json, decode_customer, decode_customer_user, encode, namespace
from backends.guard import Guard
from backends.guarded import Guarded
from backends.keepers import Keepers
from backends.kept import Kept
from backends.kinds import open_customers, open_source
from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser, SourceKind
from backends.once import MemoryOnce, Once, SharedOnce
from backends.protocol import Backend, R
from backends.replicas import Replicas
from backends.source import Source
from backends.sql.config import SqlCustomersConfig, SqlSourceConfig
from backends.sql.database import Database, open_database
from backends.sql.groups import SqlGroups
from backends.sql.observed import Observed
from backends.sql.preferences import SqlPreferences
from backends.sql.registry import SqlRegistry
from backends.sql.relations import SqlRelations
from backends.sql.services import SqlServices
from backends.sql.tickets import SqlTickets
from backends.sql.writing import Stamp
from gateway.config import Config
from gateway.metrics import Metrics, Watched
from gateway.sections import GroupsConfig
from gateway.signing import open_signing
from gateway.trails import open_trail
from gateway.writes import open_writes
from resolvers.context import Services
from resolvers.cursors import Seal
from resolvers.permissions import PermissionPolicy
from resolvers.policies import CustomerPolicy, ServicePolicy


class Stack:
    """Everything that is open while the gateway serves; opening asks no store anything."""

    def __init__(self, config: Config, metrics: Metrics | None = None, *, traced: bool = False) -> None:
        """With `traced`, statements have spans."""
        self._config = config
        self._metrics = metrics or Metrics()
        self._traced = traced
        self._databases: dict[tuple[str, bool], Database] = {}
        self._used: dict[tuple[str, str], Database] = {}
        self._closing = AsyncExitStack()
        secret = config.auth.signing_key.get_secret_value()
        self._cache_secret = blake2b(secret.encode(), person=b"cache").digest()
        self._cache: MemoryCache | SharedCache = (
            redis_cache(config.cache.url)
            if config.cache.backend == "redis"
            else memory_cache(config.cache.max_entries)
        )
        self._closing.push_async_callback(self._cache.close)
        self._metrics.cache_is_up = lambda: self.cache_is_up
        self.services = self._services(secret)
        self._keepers = Keepers(self.services.users, self.services.customers)
        self.services.bus.heeded = self._keepers.heed
        self._replicas = self._joined() if config.cache.url else None

    @property
    def cache_is_up(self) -> bool:
        """Whether Redis has answered last, and stands by whoever listens to it; memory alone always does."""
        if self._replicas is not None and self._replicas.is_listening and not self._replicas.is_up:
            return False
        return isinstance(self._cache, MemoryCache) or self._cache.is_up

    def start(self) -> None:
        """Hear of what other gateways change."""
        if self._replicas is not None:
            self._replicas.start()

    async def close(self) -> None:
        """Give back every connection."""
        await self._closing.aclose()

    def _services(self, secret: str) -> Services:
        config = self._config
        database = self._registry()
        self._closing.push_async_callback(database.close)
        stamp = Stamp(config.registry.user_id, config.registry.zone)
        groups_table = config.registry.groups_table
        users, customers = self._users(), self._customers()
        writes = open_writes(config, database, self._used, stamp, self._once())
        self._closing.callback(writes.hasher.close)
        signing = open_signing(config, self._used, self._database, writes.hasher)
        for closing in (signing.attempts.close, *(slot.close for slot in signing.slots)):
            self._closing.push_async_callback(closing)
        seal = Seal(secret)
        trail = open_trail(config.audit, database, seal)
        self._closing.push_async_callback(trail.close)
        return Services(
            users=Directory(users, what="source"),
            customers=Directory(customers, what="customer source"),
            registry=SqlRegistry(database, groups_table),
            seal=seal,
            groups=SqlGroups(database, stamp, groups_table),
            offers=SqlServices(database, stamp),
            relations=SqlRelations(database, stamp),
            preferences=SqlPreferences(database),
            writes=writes,
            tickets=SqlTickets(database, stamp),
            trail=trail,
            ticket_fields=config.tickets.dynamic_fields,
            policy=_permission_policy(config.groups),
            service_policy=ServicePolicy(config.services.keep_children, config.services.defaults == "union"),
            customer_policy=CustomerPolicy(
                config.auth.customer_sees_colleagues, frozenset(config.auth.customer_may_edit)
            ),
            signing_in=signing,
            second_factor_key=config.auth.second_factor_preference,
        )

    def _joined(self) -> Replicas:
        """The other gateways over the same registry, with the same signing key."""
        bus, keepers = self.services.bus, self._keepers

        async def heard(change: Change, certain: bool) -> None:
            await bus.heed(change)
            if certain:
                bus.hand_out(change)

        async def lost(reason: str) -> None:
            await keepers.forget_all()
            bus.drop_all(reason)
            if isinstance(self._cache, SharedCache):
                self._cache.is_up = replicas.is_up  # whoever listens is the first to know that it is back

        place = _place_of(self._config.registry.url)
        name = blake2b(place.encode(), key=self._cache_secret, digest_size=16, person=b"channel").hexdigest()
        replicas = Replicas(self._config.cache.url, f"kundengraph:{name}", heard, lost)
        bus.outward = replicas.send
        self._closing.push_async_callback(replicas.close)
        return replicas

    def _once(self) -> Once:
        """A call of another replica that died keeps its key for twice as long as a request may take."""
        if isinstance(self._cache, SharedCache):
            return SharedOnce(self._cache, hold=2 * self._config.server.request_timeout)
        return MemoryOnce()

    def _users(self) -> Sequence[Source[CustomerUser]]:
        pairs = zip(self._config.sources, self._config.source_mappings, strict=True)
        return [
            self._source(
                source,
                place,
                mapping,
                open_source(source, mapping, self._store),
                decode_customer_user,
                "customer_users",
            )
            for place, (source, mapping) in enumerate(pairs)
        ]

    def _customers(self) -> Sequence[Source[Customer]]:
        pairs = zip(self._config.customers, self._config.customer_mappings, strict=True)
        return [
            self._source(
                source,
                place,
                mapping,
                open_customers(source, mapping, self._store),
                decode_customer,
                "customers",
            )
            for place, (source, mapping) in enumerate(pairs)
        ]

    def _source(
        self,
        config: StoreConfig,
        place: int,
        mapping: RecordMapping,
        backend: Backend[R],
        decode: Callable[[Json], R],
        holds: str,
    ) -> Source[R]:
        breaker = Breaker(config.breaker.failures, config.breaker.seconds)
        retries = config.kind is SourceKind.LDAP  # its pool has tried a fresh connection already
        guarded = Guarded(
            backend,
            config.key,
            breaker,
            config.timeout,
            config.pool_size,
            retry=not retries,
            meter=self._metrics.meter(config.key, holds),
        )
        kept = Kept(
            self._cache,
            namespace=namespace(mapping, self._place(config)),
            secret=self._cache_secret,
            ttl=config.cache_ttl,
            negative_ttl=config.negative_ttl,
            stale=config.stale,
            encode=encode,
            decode=decode,
            case_sensitive=mapping.search.case_sensitive,
        )
        cached = Cached(guarded, kept, key=config.key)
        self._metrics.watch(Watched(config.key, holds, guarded, cached.uses))
        self._closing.push_async_callback(cached.close)
        return Source(config.key, config.title, place, cached, mapping, config.read_only)

    def _place(self, config: StoreConfig) -> str:
        """Where the store is, without credentials: a source that moved does not inherit what was remembered."""
        return _place_of(config.url or self._config.registry.url)

    def _registry(self) -> Database:
        registry, name = self._config.registry, "registry"
        breaker = Breaker(registry.breaker.failures, registry.breaker.seconds)
        guard = Guard(name, breaker, registry.timeout, registry.pool_size)
        database = open_database(
            registry.url,
            name=name,
            pool_size=registry.pool_size,
            timeout=registry.timeout,
            guard=guard,
        )
        self._databases[registry.url, False] = database
        meter = self._metrics.meter(name, name)
        observed = Observed(database, registry.pool_size, meter, guard)
        self._metrics.watch(Watched(name, name, observed))
        return observed

    def _store(self, config: SqlSourceConfig | SqlCustomersConfig) -> Database:
        url = self._config.database_url(config)
        database = self._database(
            url, config.key, config.pool_size, config.timeout, read_only=config.read_only
        )
        if self._traced:
            database = Observed(database, config.pool_size)
        place = "customers" if isinstance(config, SqlCustomersConfig) else "sources"
        self._used[place, config.key] = database
        return database

    def _database(
        self, url: str, name: str, pool_size: int, timeout: float, *, read_only: bool = False
    ) -> Database:
        """One pool for each address, under the name of whoever uses it, with room for all of them at once."""
        shared = self._databases.get((url, read_only))
        if shared is not None:
            return shared.named(name, pool_size)
        opened = open_database(url, name=name, pool_size=pool_size, timeout=timeout, read_only=read_only)
        self._databases[url, read_only] = opened
        return opened


def _place_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}"


def _permission_policy(config: GroupsConfig) -> PermissionPolicy:
    return PermissionPolicy(
        enabled=config.enabled,
        keys=config.permissions,
        always=config.always,
        customer_always=config.customer_always,
        same_context=config.same_context,
        other_context=config.other_context,
    )

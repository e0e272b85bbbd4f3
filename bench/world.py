"""Help desks large enough to measure, made the same on every run: a great one in PostgreSQL, and ten small sources."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from backends.model import SourceKind
from backends.sql.ddl import audit, statements
from gateway.demo.servers.postgresql import PostgreSQL

CUSTOMERS = 5000
GROUPS = 50
SERVICES = 100
IN_A_SMALL_SOURCE = 1000
"""People in each of ten sources."""
PLACES = 10
TOWNS = ("Berlin", "Hamburg", "München", "Köln", "Straubing", "Wien", "Zürich")
STAMP = "2026-01-02 03:04:05"

GREAT = f"""
INSERT INTO customer_company (customer_id, name, street, zip, city, country, url, comments, valid_id,
    create_time, create_by, change_time, change_by)
  SELECT 'C'||lpad(i::text,5,'0'), 'Firma '||i||' GmbH', 'Hauptstraße '||(i%200), lpad((i*7%99999)::text,5,'0'),
    (array['Berlin','Hamburg','München','Köln','Straubing','Wien','Zürich'])[1+i%7], 'Germany',
    'https://c'||i||'.example.com', CASE WHEN i%3=0 THEN 'Comment '||i END, 1,
    '2024-01-01'::timestamp + i*interval '1 minute', 1, '2025-01-01'::timestamp + i*interval '1 minute', 1
  FROM generate_series(1, {CUSTOMERS}) i;
INSERT INTO customer_user (login, email, customer_id, pw, title, first_name, last_name, phone, fax, mobile, street,
    zip, city, country, comments, valid_id, create_time, create_by, change_time, change_by)
  SELECT 'user'||lpad(i::text,6,'0'), 'user'||i||'@c'||(1+i%{CUSTOMERS})||'.example.com',
    'C'||lpad((1+i%{CUSTOMERS})::text,5,'0'), 'sha2-'||md5(i::text),
    (array['Dr.','Prof.',null,null,null,'Mag.'])[1+i%6],
    (array['Anna','Jörg','Peter','Sven','Julia','Zoë','Martin','Sabine','Émile','Günther','Karl'])[1+i%11],
    CASE WHEN i%500=0 THEN 'Müller' ELSE (array['Schmidt','Fischer','Weber','Meyer','Wagner','Becker','Schulz',
      'Hoffmann','Schäfer','Koch','Bauer','Richter','Klein'])[1+i%13]||'-'||(i%977) END,
    '+49 9421 '||(i%900000), CASE WHEN i%2=0 THEN '+49 9421 '||(i%90000) END, '+49 170 '||(i%9000000),
    'Industriestraße '||(i%300), lpad((i*13%99999)::text,5,'0'),
    (array['Berlin','Hamburg','München','Köln','Straubing','Wien','Zürich'])[1+i%7], 'Germany',
    CASE WHEN i%4=0 THEN 'Prefers "phone" contact, see note '||i END, 1,
    '2024-01-01'::timestamp + i*interval '1 minute', 1, '2025-01-01'::timestamp + i*interval '1 minute', 1
  FROM generate_series(1, %(users)s) i;
INSERT INTO customer_user_customer (user_id, customer_id, create_time, create_by, change_time, change_by)
  SELECT login, 'C'||lpad((1+(id+17)%{CUSTOMERS})::text,5,'0'), now(), 1, now(), 1 FROM customer_user WHERE id%10=0;
UPDATE groups_table SET valid_id = 2;
INSERT INTO groups_table (id, name, valid_id, create_time, create_by, change_time, change_by)
  SELECT 100 + i, 'group-'||lpad(i::text,2,'0'), 1, now(), 1, now(), 1 FROM generate_series(1, {GROUPS}) i;
INSERT INTO group_customer_user (user_id, group_id, permission_key, permission_value,
    create_time, create_by, change_time, change_by)
  SELECT u.login, 101+(substr(u.customer_id,2)::int*3+17+k)%{GROUPS}, p.key, 1, now(), 1, now(), 1
  FROM customer_user u, generate_series(0,2) k, (VALUES ('ro'),('rw')) p(key);
INSERT INTO group_customer (customer_id, group_id, permission_key, permission_value, permission_context,
    create_time, create_by, change_time, change_by)
  SELECT c.customer_id, 101+(substr(c.customer_id,2)::int*3+k)%{GROUPS}, 'ro', 1, 'Ticket::CustomerID::Same',
    now(), 1, now(), 1
  FROM customer_company c, generate_series(0,16) k;
INSERT INTO service (name, valid_id, create_time, create_by, change_time, change_by)
  SELECT 'Service '||lpad(i::text,3,'0'), 1, now(), 1, now(), 1 FROM generate_series(1, {SERVICES}) i;
INSERT INTO service_customer_user (customer_user_login, service_id, create_time, create_by)
  SELECT u.login, s.id, now(), 1 FROM customer_user u, generate_series(1,4) k, service s
  WHERE s.name = 'Service '||lpad((1+(u.id*3+k*7)%{SERVICES})::text,3,'0');

CREATE EXTENSION IF NOT EXISTS pg_trgm;
ALTER TABLE customer_user ADD FOREIGN KEY (customer_id) REFERENCES customer_company;
CREATE INDEX ON customer_user (lower(login) COLLATE "C", login COLLATE "C");
CREATE INDEX ON customer_user (lower(last_name) COLLATE "C", lower(login) COLLATE "C", login COLLATE "C");
CREATE INDEX ON customer_user USING gin (lower(login) gin_trgm_ops);
CREATE INDEX ON customer_user USING gin (lower(first_name) gin_trgm_ops);
CREATE INDEX ON customer_user USING gin (lower(last_name) gin_trgm_ops);
CREATE VIEW user_group AS
  SELECT g.user_id, t.id AS group_id, t.name, array_agg(g.permission_key::text ORDER BY g.permission_key) AS permissions
  FROM group_customer_user g JOIN groups_table t ON t.id = g.group_id
  WHERE g.permission_value = 1 AND t.valid_id = 1 GROUP BY g.user_id, t.id, t.name;
CREATE VIEW user_service AS
  SELECT a.customer_user_login AS user_id, s.id AS service_id, s.name
  FROM service_customer_user a JOIN service s ON s.id = a.service_id WHERE s.valid_id = 1;
COMMENT ON VIEW user_group IS
  E'@primaryKey user_id,group_id\\n@foreignKey (user_id) references customer_user (login)|@foreignFieldName groups';
COMMENT ON VIEW user_service IS
  E'@primaryKey user_id,service_id\\n@foreignKey (user_id) references customer_user (login)|@foreignFieldName services';
CREATE FUNCTION search_users(pattern text) RETURNS SETOF customer_user LANGUAGE sql STABLE AS $$
  SELECT * FROM customer_user WHERE lower(login) LIKE pattern OR lower(first_name) LIKE pattern
    OR lower(last_name) LIKE pattern ORDER BY last_name, first_name, login $$;
ALTER DATABASE bench SET jit = off;
ALTER DATABASE bench SET max_parallel_workers_per_gather = 0;
ALTER DATABASE bench SET synchronous_commit = off;
ANALYZE;
"""
"""Rows, the indexes that `kundengraph check` would like, and views by which peers read relations."""

SMALL = """
CREATE TABLE people (login VARCHAR(191) PRIMARY KEY, email VARCHAR(150), customer_id VARCHAR(150), first_name VARCHAR(100),
  last_name VARCHAR(100), city VARCHAR(100))
"""


def fill(server: PostgreSQL, users: int) -> None:
    """Make the tables of a registry in the database `bench`, the audit trail's too, and people in them."""
    server.create_database("bench")
    script = GREAT.replace("%(users)s", str(users))
    tables = (*statements(SourceKind.POSTGRESQL), *audit.creation(SourceKind.POSTGRESQL))
    server.run_sql(";\n".join([*tables, script]), "bench")
    server.run_sql("VACUUM ANALYZE", "bench")


def small_script(place: int) -> str:
    """The table of one of the ten sources, and its people; every page of all has some of each."""
    rows = ",\n".join(
        "('" + "', '".join(value.replace("'", "''") for value in person) + "')" for person in people(place)
    )
    return f"{SMALL.strip()};\nINSERT INTO people VALUES {rows};\n"


def small_file(path: Path, place: int) -> None:
    """The same in a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(small_script(place))


def ldif(places: tuple[int, ...]) -> str:
    """The same as entries of a directory, one branch for each place."""
    entries = [
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Bench\ndc: example"
    ]
    for place in places:
        branch = f"ou=place{place},dc=example,dc=org"
        entries.append(f"dn: {branch}\nobjectClass: organizationalUnit\nou: place{place}")
        for login, email, customer, first, last, city in people(place):
            entries.append(
                f"dn: uid={login},{branch}\nobjectClass: inetOrgPerson\nuid: {login}\nmail: {email}\n"
                f"departmentNumber: {customer}\n{_line('givenName', first)}\n{_line('sn', last)}\n"
                f"{_line('cn', f'{first} {last}')}\n{_line('l', city)}"
            )
    return "\n\n".join(entries) + "\n"


def people(place: int) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Login, address, customer, names and town of everybody in one of the ten sources."""
    for number in range(IN_A_SMALL_SOURCE):
        login = f"p{number * PLACES + place:05}"
        town = TOWNS[number % len(TOWNS)]
        yield (
            login,
            f"{login}@bench.example",
            f"C{number % 97:05}",
            f"First{number % 97}",
            f"Last{number}",
            town,
        )


def _line(name: str, value: str) -> str:
    if value.isascii():
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"

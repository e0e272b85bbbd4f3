"""Several texts as one argument of PostgreSQL come there as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.sql.database import open_database
from backends.sql.dialects import TEXTS, array
from gateway.demo.servers.postgresql import PostgreSQL

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ODD = st.text("\"\\{}, \n'NULabc", max_size=6)


async def test_whatever_they_hold(postgresql: PostgreSQL) -> None:
    drawn: list[list[str]] = [[], ["NULL"], ["null", ""], ['"', "\\", '\\"', "{}", "a,b"]]

    @given(st.lists(TEXT | ODD, max_size=5))
    def draw(texts: list[str]) -> None:
        drawn.append(texts)

    draw()
    database = open_database(postgresql.url(), name="arrays")
    try:
        for texts in drawn:
            rows = await database.fetch(f"SELECT {TEXTS.replace('?', '$1')}", [array(texts)])
            assert rows[0][0] == texts
    finally:
        await database.close()

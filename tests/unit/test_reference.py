"""The page of configuration keys: complete, and without anything that is not there any more."""

from gateway.reference import LATER, MEANINGS, SECTIONS, render


def test_every_key_is_on_the_page_with_its_meaning() -> None:
    page = render()
    assert [
        key for section in SECTIONS for key in section.model.model_fields if f"| `{key}` |" not in page
    ] == []


def test_no_meaning_is_left_from_a_key_that_is_gone() -> None:
    known = {
        f"{one.__name__}.{key}"
        for section in SECTIONS
        for one in section.model.__mro__
        for key in section.model.model_fields
    }
    tables = {section.model.__name__ for section in SECTIONS}
    assert MEANINGS.keys() <= known
    assert MEANINGS.keys() | tables >= LATER


def test_a_default_is_written_as_in_the_file() -> None:
    page = render()
    assert (
        '| `search_fields` | list of text | `["login", "first_name", "last_name", "customer_id"]` |' in page
    )
    assert '| `search_prefix` | text | `""` | Put before every word of a search. |' in page

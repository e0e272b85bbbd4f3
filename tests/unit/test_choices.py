"""What the values of a dynamic field are called (SRCH-17, DB-14)."""

import pytest

from backends.sql.choices import choices_of

SETTINGS = """---
DefaultValue: ''
PossibleNone: 1
PossibleValues:
  r: Red
  '1': Yes, it is
  'it''s': "Quo\\"ted: x"
  "ü": Grün # a comment
  -: '-'
  a b: C#: sharp
  '': ''
TranslatableValues: 0
TreeView: 0
"""

CHOICES = {
    "r": "Red",
    "1": "Yes, it is",
    "it's": 'Quo"ted: x',
    "ü": "Grün",
    "-": "-",
    "a b": "C#: sharp",
    "": "",
}


def test_choices_are_read_with_and_without_quotes() -> None:
    assert choices_of(SETTINGS) == CHOICES
    assert choices_of(SETTINGS.encode()) == CHOICES
    assert choices_of(SETTINGS.replace("\n", "\r\n")) == CHOICES


@pytest.mark.parametrize(
    "config",
    [
        None,
        "",
        b"",
        "---\nDefaultValue: ''\n",
        "PossibleValues: ~\nLink: x\n",
        "PossibleValues: {}\n",
        "PossibleValues:\n",
    ],
)
def test_a_field_without_choices_has_none(config: object) -> None:
    assert choices_of(config) == {}

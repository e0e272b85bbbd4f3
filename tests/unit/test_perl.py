"""The data of a Perl file: what is read, what is reported, and that nothing is run."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.perl import Finding, read
from gateway.perl.statements import Reading

VARIABLE = "holds a variable, which only Perl can read"
MORE = "is more than a literal value"
CALLS = 60
"""Functions that are called for one character of a text, at most: 29 for the worst below."""


def value(text: str) -> Any:
    """What `$Self->{X}` is set to; nothing may be left unread."""
    reading = read(f"$Self->{{X}} = {text};")
    assert reading.findings == []
    return reading.settings["X"]


def finding(text: str) -> Finding:
    """The one thing that was not read."""
    (found,) = read(text).findings
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a'", "a"),
        (r"'it\'s \\ \n $x @y'", r"it's \ \n $x @y"),
        (r'"a\tb\n\"c\" \$x \@y \\"', 'a\tb\n"c" $x @y \\'),
        (r'"\x41\x{e4}\N{U+20AC}\101"', "Aä€A"),
        ('"a@b.c costs 5$"'.replace("@", r"\@"), "a@b.c costs 5$"),
        ("q{a{b}c}", "a{b}c"),
        ("q(a)", "a"),
        ("q#a b#", "a b"),
        (r"q{\}\a}", r"}\a"),
        ("qq<a\\n>", "a\n"),
        ("q\n  [a]", "a"),
        ("Translatable('Firstname')", "Firstname"),
        ('Kernel::Language::Translatable( "Firstname", )', "Firstname"),
        ("undef", None),
        ("undef()", None),
        ("'a' . \"b\" . 1", "ab1"),
        ("'a' . 0.5 . 1e20", "a0.51e+20"),
        ("('a')", "a"),
        ("'grün'", "grün"),
        ("'line\nbreak'", "line\nbreak"),
    ],
)
def test_texts_are_read_as_perl_reads_them(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60 * 60 * 24", 86_400),
        ("60*60*24*3", 259_200),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("-5", -5),
        ("- (5 - 7)", 2),
        ("+1", 1),
        ("1_000_000", 1_000_000),
        ("0x1F", 31),
        ("0b101", 5),
        ("0755", 493),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("7 / 2", 3.5),
        ("12345678901234567890123", 1.2345678901234568e22),
    ],
)
def test_numbers_are_calculated(text: str, expected: float) -> None:
    assert value(text) == expected


def test_lists_and_tables_nest_and_take_trailing_commas() -> None:
    text = "{ 'a' => [ 1, 'b', [ ], { }, ], c => { d => undef, }, 'e', 2, 10 => 'f', -g => 1 }"
    assert read(f"$Self->{{X}} = {text.replace('-g => 1', '')};").settings["X"] == {
        "a": [1, "b", [], {}],
        "c": {"d": None},
        "e": 2,
        "10": "f",
    }


def test_words_become_part_of_their_list() -> None:
    assert value("[ qw(a b), 'c', qw[d\n e] ]") == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("word", ["q", "qw", "s", "y", "tr", "m", "undef", "if", "sub", "__END__"])
def test_a_word_before_an_arrow_is_only_a_name(word: str) -> None:
    assert value(f"{{ {word} => 1 }}") == {word: 1}
    assert read(f"$Self->{{{word}}} = 1;").settings == {word: 1}


@pytest.mark.parametrize(
    "target",
    [
        "$Self->{CustomerUser}->{Params}->{Host}",
        "$Self->{'CustomerUser'}{Params}{'Host'}",
        '$Self->{"CustomerUser"}->{ Params }->{"Host"}',
        "$Self -> { CustomerUser } # comment\n {Params}{Host}",
    ],
)
def test_an_element_of_a_setting_can_be_set(target: str) -> None:
    reading = read(f"{target} = 'h';", {"CustomerUser": {"Name": "N"}})
    assert reading.settings == {"CustomerUser": {"Name": "N", "Params": {"Host": "h"}}}
    assert reading.assigned == {"CustomerUser"}


def test_defaults_are_changed_in_a_copy() -> None:
    defaults: dict[str, Any] = {"X": {"a": [1, 2]}}
    reading = read(
        "$Self->{X}->{a}->[1] = 3; $Self->{X}{a}[2] = 4; push @{ $Self->{X}->{a} }, 5, 6; "
        "unshift @{$Self->{X}{a}}, 0; push @{ $Self->{New} }, [ 1 ];",
        defaults,
    )
    assert reading.settings == {"X": {"a": [0, 1, 3, 4, 5, 6]}, "New": [[1]]}
    assert defaults == {"X": {"a": [1, 2]}}


def test_what_is_deleted_is_gone() -> None:
    reading = read("delete $Self->{X}; delete $Self->{Y}->{a};", {"X": 1, "Y": {"a": 1, "b": 2}})
    assert reading.settings == {"Y": {"b": 2}}
    assert reading.assigned == {"X", "Y"}


def test_texts_may_name_settings_that_were_texts_before() -> None:
    reading = read(
        "$Self->{Database} = 'otobo'; $Self->{'Host'} = 'db';\n"
        "$Self->{DSN} = \"DBI:mysql:database=$Self->{Database};host=$Self->{'Host'};\";\n"
        "$Self->{Copy} = $Self->{Database} . '2';"
    )
    assert reading.settings["DSN"] == "DBI:mysql:database=otobo;host=db;"
    assert reading.settings["Copy"] == "otobo2"
    assert reading.findings == []


@pytest.mark.parametrize(
    "text",
    [
        '"a$b"',
        '"user@example.org"',
        '"$Self->{Unknown}"',
        '"$Self->{X}->{y}"',
        "$x",
        "$Self->{Unknown}",
        '"${x}"',
    ],
)
def test_a_variable_is_reported_and_never_read(text: str) -> None:
    assert finding(f"\n$Self->{{CustomerUser}} = {text};") == Finding(2, ("CustomerUser",), VARIABLE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("$ENV{HOME}", VARIABLE),
        ("'a' x 3", MORE),
        ("1 ? 2 : 3", MORE),
        ("'a' || 'b'", MORE),
        ("'a' if $x", MORE),
        ("(1, 2)", MORE),
        ("'a' 'b'", MORE),
        ("system('touch /tmp/x')", "calls what only Perl can call"),
        ("sub { 1 }", "calls what only Perl can call"),
        ("`ls`", "holds a here-document, a pattern or a command, which only Perl can read"),
        ("qr/a;b/x", "holds a here-document, a pattern or a command, which only Perl can read"),
        (
            "<<'END'\nit's ; {\nEND\n",
            "holds a here-document, a pattern or a command, which only Perl can read",
        ),
        ("qw(a b)", "is a list of words where one value belongs"),
        ("'60' * 60", "calculates with what is no number"),
        ("1 / 0", "divides by zero"),
        ("1e308 * 10", "is too large a number"),
        ("0x_", "is no number"),
        ('"\\U\\a"', "holds \\U, which only Perl can read"),
        ('"\\x{110000}"', "holds what is no character"),
        ("'a' . []", "joins what is no text"),
    ],
)
def test_what_is_no_literal_is_reported_with_its_line(text: str, sentence: str) -> None:
    found = read(f"# one\n$Self->{{X}} = {text};\n$Self->{{Y}} = 1;")
    assert found.findings == [Finding(2, ("X",), sentence)]
    assert found.settings == {"Y": 1}


def test_one_value_that_cannot_be_read_does_not_cost_the_block() -> None:
    reading = read(
        """$Self->{CustomerUser} = {
    Name => 'N',
    Params => { UserPw => $ENV{PW}, Host => [ 'a', lc('B'), 'c' ], %Common, },
    Filter => sub { my %x = ( a => 1, b => 2 ); return $x{a}; },
    ReadOnly => 1,
};"""
    )
    assert reading.settings["CustomerUser"] == {
        "Name": "N",
        "Params": {"UserPw": None, "Host": ["a", None, "c"]},
        "Filter": None,
        "ReadOnly": 1,
    }
    assert [(one.line, one.name) for one in reading.findings] == [
        (3, "CustomerUser.Params.UserPw"),
        (3, "CustomerUser.Params.Host.1"),
        (3, "CustomerUser.Params"),
        (4, "CustomerUser.Filter"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "if ( $x ) { $Self->{X} = 1; }",
        "unless ($a) { 1 } else { $Self->{X} = 1 }",
        "foreach my $n ( 1 .. 3 ) { { $Self->{X} = 1; } }",
    ],
)
def test_what_depends_on_a_condition_is_reported(statement: str) -> None:
    assert finding(statement).sentence == "is changed under a condition, which only Perl can decide"
    assert read(f"{statement} $Self->{{Y}} = 1;").settings == {"Y": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "$Self->{X} ||= 1;",
        "$Self->{X} .= 'a';",
        "%{ $Self->{X} } = ( a => 1 );",
        "$Self->{X}->{a} = { %{ $Self->{X} } }->{b};",
        "my $x = \\$Self->{X};",
        "push @{ $Self->{X} }, $y;",
        "$Self->{X}->[0] = 1;",
        "$Self->{X}->{a}->{b} = $y;",
        "Change($Self->{X});",
    ],
)
def test_any_other_statement_about_a_setting_is_reported(statement: str) -> None:
    reading = read(f"{statement}\n$Self->{{Y}} = 1;", {"X": "x"})
    assert "X" in {one.setting for one in reading.findings}
    assert reading.settings == {"X": "x", "Y": 1}


def test_a_real_file_is_read_through_everything_that_surrounds_the_settings() -> None:
    text = r"""# --
# It's a comment with an "odd quote
package Kernel::Config;

use strict;
use warnings;
use utf8;
use parent qw(Kernel::Config::Defaults);

=head1 NAME

$Self->{InPod} = 1; it's {

=cut

our %Known = ( "a" => q{;}, 's' => 1 );
my $Pattern = qr{ ^\d+ [^'"] }xms;

BEGIN { $ENV{X} = "{"; }

sub Load {
    my $Self = shift;
    my ( $A, $B ) = @_;

    $Self->{A} = 1;    # it's one
    print <<"TEXT", 'b';
$Self->{InHeredoc} = "it's;
TEXT
    $B =~ s/'/"/g;
    $B =~ s{a;}{b;}x;
    ( my $C = $B ) =~ tr/a-z'/A-Z"/;
    my $D = $#{ $A } / 2; my $E = @{ $A } / 3; # / '
    my @F = map { $_ => 1 } grep { /;'/ } split /'/, $B;
    $Self->{B} = 'b'
}
sub other { return { a => 1 } }
LABEL: { $Self->{C} = 3; }
1;
__END__
$Self->{AfterTheEnd} = 1; it's
"""
    reading = read(text)
    assert reading.settings == {"A": 1, "B": "b", "C": 3}
    assert reading.findings == []


@pytest.mark.parametrize("text", ["'a", '"a', "q{a", "qw(a", "<<X;\na\n", "[ '"])
def test_what_does_not_end_ends_the_reading(text: str) -> None:
    reading = read(f"$Self->{{Y}} = 1;\n$Self->{{X}} = {text}")
    assert reading.settings == {"Y": 1}
    assert (
        Finding(2, (), "what begins here in quotes does not end; nothing behind it is read")
        in reading.findings
    )


@pytest.mark.parametrize(
    "text",
    [
        "$Self->{X} = " + "[" * 50_000,
        "$Self->{X} = " + "{" * 50_000,
        "$Self->{X} = " + "(" * 50_000,
        "$Self->{X} = " + "{a=>" * 20_000 + "}" * 20_000,
        "$Self->{X} = " + "[{" * 100 + "1 2," * 20_000,
        "$Self->{X} = " + "-" * 100_000 + "1;",
        "$Self->{X} = [" + "1 2," * 30_000 + "];",
        "$Self->{X} = '" + "a" * 100_000 + "';" + "$Self->{X} = $Self->{X} . $Self->{X};" * 100,
        "if " * 50_000,
        "if (" * 50_000,
        "A: " * 50_000,
        "/\\" * 50_000,
        "}" * 100_000,
        "{" * 100_000,
        "=head1\n" * 20_000,
        "<<A " * 20_000 + "\nA\n",
        "$Self->{" * 30_000,
        "q " * 50_000,
    ],
    ids=range(18),
)
def test_hostile_files_take_neither_long_nor_much(text: str) -> None:
    calls, reading = counted(text)
    assert calls <= CALLS * len(text)
    assert len(reading.findings) <= 1000


def counted(text: str) -> tuple[int, Reading]:
    """How many functions are called to read a text, and what comes of it."""
    calls = 0

    def called(_frame: object, event: str, _of: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        reading = read(text)
    finally:
        sys.setprofile(None)
    return calls, reading


@given(
    st.lists(
        st.sampled_from(
            [
                "$Self->{X}",
                "=",
                ";",
                "{",
                "}",
                "[",
                "]",
                "(",
                ")",
                ",",
                "=>",
                "'",
                '"',
                "q{",
                "}",
                "qw(",
                ")",
                "\\",
                "#",
                "\n",
                "a",
                "1",
                ".",
                "*",
                "/",
                "-",
                "sub",
                "if",
                "<<A",
                "=head1",
                "push",
                "@{",
                "$x",
            ]
        ),
        max_size=40,
    ).map(" ".join)
)
def test_no_text_whatever_makes_it_fail(text: str) -> None:
    read(text)
    read(text.replace(" ", ""))


@given(
    st.recursive(
        st.none() | st.integers(-1000, 1000) | st.text(st.characters(codec="utf-8"), max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)
def test_what_is_written_as_literals_is_read_back(written: object) -> None:
    assert value(_perl(written)) == written


def _perl(written: object) -> str:
    if isinstance(written, dict):
        return "{" + ", ".join(f"{_perl(key)} => {_perl(item)}" for key, item in written.items()) + "}"
    if isinstance(written, list):
        return "[" + ",".join(map(_perl, written)) + "]"
    if isinstance(written, str):
        return "'" + written.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "undef" if written is None else str(written)

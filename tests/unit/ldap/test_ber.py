"""As much of LDAP's messages as a relay reads, in whatever pieces they come."""

from __future__ import annotations

from functools import partial

import pytest

from backends.ldap.ber import START_TLS, AnswerReader, element, start_tls_accepted


def ber(tag: int, content: bytes, long: bool = False) -> bytes:
    """One element; `long` spells its length in four bytes, as servers may."""
    if long or len(content) > 127:
        return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content
    return bytes([tag, len(content)]) + content


def message(number: int, operation: bytes, long: bool = False) -> bytes:
    return ber(0x30, ber(0x02, bytes([number])) + operation, long)


def result(tag: int, code: int, long: bool = False) -> bytes:
    return ber(tag, ber(0x0A, bytes([code])) + ber(0x04, b"") + ber(0x04, b"why"), long)


def attribute(name: bytes, *values: bytes, long: bool = False) -> bytes:
    return ber(
        0x30, ber(0x04, name, long) + ber(0x31, b"".join(ber(0x04, one, long) for one in values), long), long
    )


def entry(dn: bytes, *attributes: bytes, long: bool = False) -> bytes:
    return ber(0x64, ber(0x04, dn, long) + ber(0x30, b"".join(attributes), long), long)


NOTES = (b"x" * 300, b"", b"\0\xff")
ENTRY = entry(
    "uid=ädä".encode(),
    attribute(b"UID", b"ada"),
    attribute(b"notes", *NOTES),
    attribute(b"none"),
    attribute(b"uid", b"second"),
)
READ = ("uid=ädä", {"uid": (b"ada",), "notes": NOTES, "none": ()})
DONE = 0x65


@pytest.mark.parametrize("long", [False, True])
def test_start_tls_is_granted_by_success_alone(long: bool) -> None:
    assert start_tls_accepted(message(1, result(0x78, 0, long), long))
    for code in (1, 2, 52, 80):
        assert not start_tls_accepted(message(1, result(0x78, code, long), long))


def test_start_tls_is_not_granted_by_anything_else() -> None:
    granted = message(1, result(0x78, 0))
    assert not start_tls_accepted(message(2, result(0x78, 0)))
    assert not start_tls_accepted(message(1, result(DONE, 0)))
    assert not start_tls_accepted(granted + b"\x30\x00")
    assert not start_tls_accepted(b"\x0a\x01\x00" * 5)
    # a refusal that holds the bytes of a success in its text
    refusal = ber(0x78, ber(0x0A, b"\x02") + ber(0x04, b"\x0a\x01\x00") + ber(0x04, b""))
    assert not start_tls_accepted(message(1, refusal))
    for end in range(len(granted)):
        assert not start_tls_accepted(granted[:end])


def test_the_request_for_tls_is_one_message() -> None:
    assert element(START_TLS, 0) == (0x30, 2, len(START_TLS))


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 33, 100, 10_000])
def test_entries_are_taken_and_a_size_limit_becomes_a_success_in_whatever_pieces_it_comes(
    size: int, long: bool
) -> None:
    pieces = [
        message(2, ENTRY, long),
        message(2, ENTRY),
        message(2, ber(0x73, b"ldap://elsewhere")),
        message(2, entry(b"", long=long)),
        message(2, result(DONE, 4, long), long),
        message(3, ENTRY),
    ]
    stream = b"".join(pieces)
    reader = AnswerReader()
    passed = b"".join(reader.feed(stream[place : place + size]) for place in range(0, len(stream), size))
    assert passed == pieces[2] + pieces[4].replace(result(DONE, 4, long), result(DONE, 0, long))
    assert reader.code == 4
    assert reader.entries() == [READ, READ, ("", {}), READ]
    assert reader.entries() == []


@pytest.mark.parametrize(
    "operation",
    [
        ber(0x64, b""),
        ber(0x64, ber(0x04, b"uid=ada")),
        ber(0x64, ber(0x04, b"uid=ada") + ber(0x30, b"x" * 300)),
        ber(0x64, ber(0x04, b"uid=ada") + b"\x30\x7f" + attribute(b"uid", b"ada")),
        ber(0x64, b"\x04\x80uid=ada" + ber(0x30, b"")),
        entry(b"uid=ada", b"\x30\x05" + attribute(b"uid", b"ada")[2:]),
        entry(b"uid=ada", ber(0x30, ber(0x04, b"uid") + ber(0x31, b"\x04\x7fada"))),
    ],
)
def test_an_entry_that_is_none_ends_the_connection(operation: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        AnswerReader().feed(message(2, operation))


def test_entries_of_a_search_before_are_not_those_of_the_next() -> None:
    reader = AnswerReader()
    reader.feed(message(2, ENTRY))
    reader.begin()
    assert reader.feed(message(3, ENTRY) + message(3, result(DONE, 0))) == message(3, result(DONE, 0))
    assert reader.entries() == [READ]


def test_all_else_passes_untouched() -> None:
    stream = b"".join(
        message(2, operation)
        for operation in (
            result(DONE, 0),
            result(DONE, 32),
            result(0x61, 4),
            result(0x78, 4),
            ber(0x73, b""),
        )
    )
    reader = AnswerReader()
    assert reader.feed(stream) == stream
    assert reader.code == 32


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 33, 100, 10_000])
def test_answers_to_a_search_of_ours_are_kept_from_the_driver_and_its_end_is_told_once(size: int) -> None:
    other = [message(2, result(0x61, 0)), message(0, result(0x78, 52)), message(8, result(DONE, 0))]
    stream = b"".join(
        [
            other[0],
            message(7, ENTRY),
            message(7, ber(0x73, b"ldap://elsewhere")),
            other[1],
            message(7, result(DONE, 4)),
            other[2],
        ]
    )
    ends: list[int | None] = []
    reader = AnswerReader()
    reader.begin(7, lambda: ends.append(reader.code))
    passed = b"".join(reader.feed(stream[place : place + size]) for place in range(0, len(stream), size))
    assert passed == b"".join(other)
    assert reader.entries() == [READ]
    assert ends == [4]


def test_an_answer_of_ours_that_comes_again_byte_by_byte_is_the_same_object() -> None:
    found = []
    for own in (7, 7, 8, 7):
        ends: list[str] = []
        reader = AnswerReader()
        reader.begin(own, partial(ends.append, "ended"))
        assert reader.feed(message(own, ENTRY) + message(own, result(DONE, 4))) == b""
        found.append(reader.entries())
        assert (list(found[-1]), reader.entries(), reader.code, ends) == ([READ], [], 4, ["ended"])
    assert [one is found[0] for one in found] == [True, True, False, True]


def test_another_answer_is_read_anew_whatever_came_before() -> None:
    done, reader = message(7, result(DONE, 0)), AnswerReader()
    whole = message(7, ENTRY) + done
    for stream, logins in (
        (whole, [READ]),
        (done, []),
        (message(7, ENTRY) + whole, [READ, READ]),
        (whole, [READ]),
    ):
        reader.begin(7)
        assert reader.feed(stream) == b""
        assert list(reader.entries()) == logins


def test_an_answer_that_was_begun_before_is_not_taken_for_a_whole_one() -> None:
    whole = message(7, ENTRY) + message(7, result(DONE, 0))
    for cut in range(len(whole)):
        reader = AnswerReader()
        reader.begin(7)
        assert reader.feed(whole) + reader.feed(b"") == b""
        reader.begin(7)
        assert reader.feed(message(7, ENTRY) + whole[:cut]) + reader.feed(whole[cut:]) == b""
        assert list(reader.entries()) == [READ, READ]


def test_what_the_driver_asked_is_never_answered_from_memory() -> None:
    whole, reader = message(7, ENTRY) + message(7, result(DONE, 0)), AnswerReader()
    reader.begin(7)
    reader.feed(whole)
    reader.begin()
    assert reader.feed(whole) == message(7, result(DONE, 0))

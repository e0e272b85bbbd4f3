"""Texts that try to be more than texts: in SQL, filters, names of entries, patterns, cursors, ids, pages and shells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

SQL = (
    "' OR '1'='1", "' OR 1=1 --", "' OR 1=1#", "' OR 1=1/*", "') OR ('1'='1", "'; DROP TABLE customer_user; --",
    "'; UPDATE customer_user SET valid_id = 2; --", "' UNION SELECT pw FROM customer_user --",
    "1; SELECT pg_sleep(5)", "' AND SLEEP(5) -- ", "' || pg_sleep(5) || '", "'; SELECT load_extension('x'); --",
    "'; ATTACH DATABASE '/tmp/x' AS x; --", "ada'--", 'ada"--', "ada`--", "\\'; --", "\\", "\\\\", "'", "''", '"',
    "`", ";", "--", "/*", "*/", "#", "$1", "$$", "$tag$x$tag$", ":login", "%s", "%(login)s", "?", "@@version",
    "0x61646121", "CHAR(97,100,97)", "chr(97)||chr(100)", "E'\\x27'", "N'ada'", "x'27'", "1e309", "NaN", "-0",
    "1/0", "NULL", "null", "true", "DEFAULT", "CURRENT_USER", "customer_user.pw", "pw", "login; COMMIT; BEGIN",
)  # fmt: skip
PATTERNS = (
    "%", "_", "%%", "__", "a%", "%a", "_da", "a_a", "a\\%a", "\\%", "\\_", "[a-z]", "[^x]", "[[]", "a[d]a", "a{1}",
    "^ada$", ".*", "a.a", "(ada|bob)", "ada+", "a?a", "\\w+", "(?i)ADA", "(a+)+$", "%_%", "|ada", "ada|",
)  # fmt: skip
FILTERS = (
    "*)(uid=*", "*)(|(uid=*", "*))(|(uid=*))", "ada)(objectClass=*", "ada)(userPassword=*", "*)(&", "*)(!(uid=x)",
    "(uid=*)", "(|(uid=*)(uid=*))", "(&(uid=*))", "(!(uid=x))", "\\2a", "\\2A", "\\28\\29", "\\5c", "\\00", "\\zz",
    "ada\\00", "uid=ada", "uid:=ada", "uid:caseExactMatch:=ada", "uid:1.2.840.113556.1.4.803:=1", "uid>=a", "uid<=z",
    "uid~=ada", "&", "|", "!", "=", "(", ")", "()", "(()", "((((((((", "))))))))", "\\", "\\*", "ada)(",
)  # fmt: skip
NAMES = (
    "uid=ada,ou=people,dc=example,dc=org", "ada,ou=admins", "ada+cn=root", "cn=admin\\,dc=x", "ada,dc=org#", "#61646121",
    "<SID=1>", "ldap:///??sub?(uid=*)", "ldap://127.0.0.1:1/dc=x", "cn=config", ",", "+", "ada ", " ada", "ada,", "=ada",
)  # fmt: skip
PLACES = (
    "../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..\\..\\x", "http://127.0.0.1:1/", "https://127.0.0.1:1",
    "gopher://127.0.0.1:1/_x", "jar:file:///x!/", "\\\\127.0.0.1\\x", "sqlite:////tmp/x.db", "postgresql://127.0.0.1:1/x",
    "redis://127.0.0.1:1/0", "${HOME}", "$(id)", "`id`", "; id", "| id", "&& id", "%0aid", "{{7*7}}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "{{config}}", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
    "<!ENTITY x SYSTEM 'file:///x'>", "\r\nSet-Cookie: x=1", "x\r\n\r\n<html>", "=cmd|'/c calc'!A1", "@SUM(1)", "__proto__",
    "constructor", "__class__", "{'$gt': ''}", '{"$ne": null}', "O:8:\"x\":0:{}", "rO0ABXQ=", "!!python/object:x {}",
)  # fmt: skip
SIGNS = (
    "\0", "a\0da", "ada\0", "\x01\x02\x03", "\x1b[31m", "\x7f", "\t", "\n", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029",
    "\u200b", "\u200d", "\u202eada", "\ufeff", "\ufffe", "\uffff", "\u0000ada", "a\u0308da", "\u00e4", "\u1e9e", "\u00df", "SS", "\u0130", "\u0131",
    "\u212a", "\u017f", "\uff41\uff44\uff41", "\u0430d\u0430", "𝕒𝕕𝕒", "𝔞", "👩‍👩‍👧", "\U0010ffff", "e\u0301" * 50, "'", "’", "＇", "ʼ",
    "＊", "％", "﹪", "（", "）", "＼", "ａ'", " ", "  ", "\u00a0", "\u3000", "ada\u00a0", "ADA", "Ada", "aDA",
)  # fmt: skip
GRAMMAR = (
    "+", "&&", "||", "AND", "OR", "NOT", "!", "!!", "!ada", "+ada", "ada+", "(ada", "ada)", "(ada+bob)", "((ada))",
    '"ada', 'ada"', '"ada"', '""', '"*"', "*", "**", "***", "a*", "*a", "a*a", "*)(", "(((((((", ")))", "!()", "a||", "&&a",
    "a&&||b", "(a AND (b OR", "AND AND", "! !", "a!b", "\\+", "\\(", "\\!", "-", "--", "-1", "0", "00", "01", "1",
)  # fmt: skip
LONG = (
    "a" * 10_000,
    "%" * 5000,
    "*" * 5000,
    "(" * 2000,
    "'" * 3000,
    "\\" * 3000,
    "ä" * 4000,
    "👍" * 1000,
    "a*" * 500,
)
AROUND = ("ada{}", "{}ada", "a{}a", "{}' --", "({})")


def corpus(victim: str = "ada") -> tuple[str, ...]:
    """More than five hundred texts, each once; none is the login of the victim, whom some would find if they could."""
    texts = (text.replace("ada", victim) for text in _texts())
    return tuple(dict.fromkeys(text for text in texts if text != victim))


def _texts() -> Iterator[str]:
    plain = (*SQL, *PATTERNS, *FILTERS, *NAMES, *PLACES, *SIGNS, *GRAMMAR)
    yield from plain
    yield from LONG
    for frame, text in zip(itertools.cycle(AROUND), plain, strict=False):
        yield frame.format(text)

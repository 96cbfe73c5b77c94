"""Tokens of a rule file, with the line and column of each."""
import re
import unicodedata
from typing import NamedTuple

KEYWORDS = {"relation", "restriction", "if", "and", "not", "because", "source", "become"}
WORD = r"[A-Za-z][A-Za-z0-9_-]*"
PATTERN = re.compile(
    r"(?P<blank>[ \t\r\n]+|#[^\n]*)"
    rf"|(?P<word>{WORD})"
    rf"|\?(?P<variable>{WORD})"
    r'|"(?P<text>(?:[^"\\\r\n]|\\["\\])*)"'
    r"|(?P<mark>[().,])"
)
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
MAX_BYTES = 1024 * 1024


class Refused(Exception):
    """One problem that makes a file or a case unusable."""

    def __init__(self, code, place=None, message=""):
        super().__init__(f"{code} {place} {message}")
        self.code, self.place, self.message = code, place, message


class Token(NamedTuple):
    """A token: its kind, its value and where it stands."""
    kind: str
    value: str
    place: tuple


def place_of(text, offset):
    """Line and column, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def value_of(match, text):
    """The value of a token; the escapes of a text are undone."""
    value = match.group(match.lastgroup)
    if match.lastgroup != "text":
        return value
    if any(unicodedata.category(character) in UNPRINTABLE for character in value):
        raise Refused("reach.syntax", place_of(text, match.start()), "unprintable character")
    return re.sub(r"\\(.)", r"\1", value)


def tokens(text):
    """All tokens of a file, closed by one of kind `end`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Refused("reach.limit", (1, 1), "file too large")
    found, offset = [], 0
    while offset < len(text):
        match = PATTERN.match(text, offset)
        if match is None:
            raise Refused("reach.syntax", place_of(text, offset), "unexpected character")
        if match.lastgroup != "blank":
            found.append(Token(match.lastgroup, value_of(match, text), place_of(text, offset)))
        offset = match.end()
    return found + [Token("end", "", place_of(text, offset))]

"""Tokens to text: neatly, or with random white space and comments; and broken texts."""

import re

_TIGHT_AFTER = {"(", "[", "{", "::", ".", "!", "@", "<"}
_TIGHT_BEFORE = {")", "]", "}", "::", ".", ",", ";", "(", ":", "[", ">", "?"}
_COMMENTS = ["// c", "//", "// \"quoted", "// é e\u0301 \U0001f600", "//// x", "// permit(principal, action, resource);",
             "//\ttab", "// /* */", "// \u05e9\u05dc", "// it's 'so'", "// }", "// trailing   ", "// \\", "//* star"]
_SPACES = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\n    "]
_WORD = re.compile(r"\w")
_TOKEN = re.compile(r'//[^\n\r]*|"(?:\\.|[^"\\])*"', re.S)
_STRAY = ["(", ")", "[", "]", "{", "}", ",", ";", "::", ":", ".", "!", "-", "==", "=", "&&", "||", "&", "|", "in", "has", "like",
          "is", "if", "then", "else", "true", "principal", "action", "resource", "context", "permit", "when", "unless", "@",
          "@a", "?principal", "?resource", "?x", "\"", "'a'", "\"\\z\"", "\"\\x80\"", "\"\\u{d800}\"", "\"\\u{110000}\"",
          "\"\\u{}\"", "\"\\u{0000041}\"", "\"a\rb\"", "\"\\\n x\"", "\"\\u{_41}\"", "\"\\u{4_1}\"", "\"\\*\"", "/", "%", "*", "+",
          "9223372036854775808", "18446744073709551616", "1.5", "0x10", "00", "007", "é", "__cedar", "__cedar::x",
          "\u00a0", "\u2028", "\u200b", "\ufeff", "\x0b", "\x0c", "\x85", "//", "/* x */", "#", "$", "<", ">", "!=", "=>", "===", "<>"]


def neat(tokens):
    """A readable text on one line."""
    out = []
    for i, token in enumerate(tokens):
        last = tokens[i - 1] if i else None
        word_before_paren = token in ("(", "[") and last is not None and not (last[-1].isalnum() or last[-1] in "_)]\"")
        tight = last is None or last in _TIGHT_AFTER or (token in _TIGHT_BEFORE and not word_before_paren)
        if last == "[" or last == "(" or token == ")":
            tight = True
        if last in ("in", "if", "then", "else", "&&", "||", "has", "like", "is", "when", "unless") and token != ",":
            tight = False
        out.append(token if tight else " " + token)
    return "".join(out)


def noisy(tokens, rng):
    """The same tokens with random white space and comments between them."""
    comment = rng.choice([0, 0, 0.02, 0.15])
    out = []
    for i, token in enumerate(tokens):
        last = out[-1] if out else ""
        gap = ""
        roll = rng.random()
        if roll < comment:
            gap = rng.choice([" ", "\n", ""]) + rng.choice(_COMMENTS) + rng.choice(["\n", "\r\n", "\n\n  "])
        elif roll < 0.2:
            gap = rng.choice(_SPACES)
        elif last and _needs_gap(last, token):
            gap = " "
        elif roll < 0.6:
            gap = " "
        out.append(gap + token)
    return "".join(out)


def _needs_gap(last, token):
    """Whether two tokens would run together."""
    if _WORD.match(last[-1]) and _WORD.match(token[0]):
        return True
    return last[-1] + token[0] in ("==", "!=", "<=", ">=", "::", "//", "||", "&&")


def break_tokens(tokens, rng):
    """One or two random injuries to a list of tokens."""
    tokens = list(tokens)
    for _ in range(rng.choice([1, 1, 1, 2])):
        at = rng.randrange(len(tokens)) if tokens else 0
        kind = rng.random()
        if kind < 0.25 and tokens:
            del tokens[at]
        elif kind < 0.35 and tokens:
            tokens.insert(at, tokens[at])
        elif kind < 0.45 and len(tokens) > 1:
            other = rng.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind < 0.75:
            tokens.insert(at, rng.choice(_STRAY))
        elif tokens:
            tokens[at] = rng.choice(_STRAY)
    return tokens


def comments(text):
    """The comments of a policy text, in order, without trailing space."""
    return [m.group().rstrip() for m in _TOKEN.finditer(text) if m.group().startswith("//")]

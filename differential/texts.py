"""Pools of identifiers and strings, and Cedar string literals."""

RESERVED = {"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"}

# Legal identifiers; several are keywords elsewhere in the grammar.
IDENTS = ["a", "b", "c", "d", "e", "foo", "bar", "n", "name", "owner", "_x", "x1", "A_b",
          "principal", "resource", "action", "context", "permit", "forbid", "when", "unless",
          "type", "entity", "tags", "Set", "Long", "namespace", "enum", "ip", "contains"]

# Attribute names which must be written in quotes.
ODD_NAMES = ["", " ", "a b", "if", "true", "in", "is", "has", "__cedar", "é", "e\u0301", "1", "a.b",
             "\"", "\\", "\U0001f600", "a\u200b", "שלום", "\u0000", "\n", "*", "then", "a-b"]

STRINGS = ["", "a", "b", "ab", "abc", "a*b", "*", "**", "\\", "\\*", "\"", "'", "é", "e\u0301", "É",
           "ß", "SS", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1ea\U0001f1fa",
           "שלום", "مرحبا", "\u202eabc", "\u200b", "a\u200bb", "\ufeff", "\u0000", "a\u0000b", "\n", "\r",
           "\r\n", "\t", " ", "\u00a0", "\u2028", "\u0085", "\ud7ff", "\ue000", "\U0010ffff", "\uffff",
           "\u1e9b\u0323", "\u212b", "Å", "A\u030a", "ﬁ", "I", "i", "ı", "İ", "// no", "/*", "${x}", "%s",
           "1.2.3.4", "1.0", "2024-01-01", "1d", "key", "k1", "x" * 40, "\u0301", "a\u0301\u0323", "a\u0323\u0301",
           "가", "\u1100\u1161", "\x7f", "\x1b", "permit", "?principal"]

IDS = ["a", "b", "c", "alice", "bob", "", "é", "e\u0301", "\U0001f600", "\"q\"", "a b", "x\ny", "\u0000", "שלום",
       "a\u200b", "\\", "1", "*", "A", "if"]

LONGS = [0, 1, -1, 2, 3, -2, 5, 7, 10, 42, 100, -100, 2**31, -2**31, 2**32, 2**53, 2**53 + 1, 2**62, -2**62,
         2**63 - 1, -2**63, 2**63 - 2, -2**63 + 1, 3037000499, 3037000500, 4611686018427387904]

IPS = ["127.0.0.1", "1.2.3.4", "10.0.0.0/8", "10.1.2.3", "0.0.0.0", "0.0.0.0/0", "255.255.255.255/32", "224.0.0.1",
       "239.255.255.255", "240.0.0.0", "223.255.255.255", "127.0.0.0/8", "127.0.0.0/7", "126.0.0.0/7", "::1", "::",
       "::1/128", "::/0", "ff00::", "ff00::/8", "ff00::/7", "fe00::/7", "2001:db8::1", "2001:DB8:0:0:0:0:0:1",
       "2001:db8::/32", "1:2:3:4:5:6:7:8", "1::8", "::ffff:102:304", "192.168.1.0/24", "192.168.1.77",
       "224.0.0.0/4", "224.0.0.0/3", "1.2.3.4/31"]
BAD_IPS = ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/032", "1.2.3.4/-1",
           "1.2.3.4/+1", ":::", "1::2::3", "::1.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0", "[::1]", "::/129", "12345::",
           "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "g::", "1.2.3.4/08", "::/00",
           "١.2.3.4", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "10.0.0.0/33"]

DECIMALS = ["0.0", "1.0", "-1.0", "1.5", "1.50", "1.5000", "-0.0", "0.0001", "-0.0001", "12.34", "922337203685477.5807",
            "-922337203685477.5808", "922337203685477.0", "00.10", "3.14", "100.0", "0123.4567"]
BAD_DECIMALS = ["", "1", "1.", ".5", "1.00000", "922337203685477.5808", "-922337203685477.5809", "+1.0", "1e3", "1,0",
                " 1.0", "1.0 ", "--1.0", "-.5", "1.-5", "0x1.0", "١.٠", "1_000.0", "9999999999999999999.0"]

DATETIMES = ["2024-01-01", "1970-01-01", "1969-12-31", "2024-02-29", "0000-01-01", "9999-12-31", "2000-02-29",
             "2024-10-15T11:38:02Z", "2024-10-15T11:38:02.101Z", "2024-10-15T11:38:02+0100",
             "2024-10-15T11:38:02.101-1134", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z",
             "2024-01-01T00:00:00+2359", "2024-01-01T00:00:00-2359", "0000-01-01T00:00:00+2359",
             "9999-12-31T23:59:59.999-2359", "2024-12-31T23:59:59Z", "0001-01-01T00:00:00.000Z"]
BAD_DATETIMES = ["", "2024", "2024-1-1", "2024-13-01", "2024-00-01", "2024-01-32", "2023-02-29", "1900-02-29",
                 "2024-01-01T", "2024-01-01T00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
                 "2024-01-01T23:59:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1234Z",
                 "2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00+01:00",
                 "2024-01-01T00:00:00+2400", "2024-01-01T00:00:00+0060", "2024-01-01T00:00:00+01", "10000-01-01",
                 "-2024-01-01", "+2024-01-01", " 2024-01-01", "2024-01-01 ", "2024/01/01", "2024-01-01Z", "٢٠٢٤-01-01"]

DURATIONS = ["0ms", "1ms", "-1ms", "1d", "1h", "1m", "1s", "1d2h3m4s5ms", "-1d2h3m4s5ms", "1d5ms", "36h", "90m", "3600s",
             "106751991167d", "-106751991167d", "9223372036854775807ms", "-9223372036854775808ms", "00d", "007h", "-0ms",
             "1d0h0m0s0ms", "999ms", "-999ms", "59s", "-59s", "2562047788015h", "1m1ms"]
BAD_DURATIONS = ["", "-", "1", "ms", "d", "1x", "1h1d", "1s1m", "1d1d", "1ms1s", "+1d", "1 d", " 1d", "1d ", "1.5h", "-1d-2h",
                 "9223372036854775808ms", "-9223372036854775809ms", "106751991168d", "99999999999999999999d", "1D", "1MS",
                 "--1d", "٣d", "2562047788016h"]

EXTENSIONS = {"ipaddr": ("ip", IPS, BAD_IPS), "decimal": ("decimal", DECIMALS, BAD_DECIMALS),
              "datetime": ("datetime", DATETIMES, BAD_DATETIMES), "duration": ("duration", DURATIONS, BAD_DURATIONS)}

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\\": "\\\\", "\"": "\\\""}


def is_ident(text):
    """Whether the text can stand as an identifier."""
    return (text.isascii() and text.isidentifier() and text not in RESERVED)


def _char(c, rng):
    """One character of a literal; with a random source, sometimes in an unusual spelling."""
    odd = rng is not None and rng.random() < 0.1
    if odd and ord(c) < 0x80 and rng.random() < 0.5:
        return "\\x%02x" % ord(c)
    if odd:
        return "\\u{%x}" % ord(c) if rng.random() < 0.7 else "\\u{%06X}" % ord(c)
    if c in _NAMED:
        return "\n" if c == "\n" and rng is not None and rng.random() < 0.2 else _NAMED[c]
    if c == "'" and rng is not None and rng.random() < 0.5:
        return "\\'"
    if ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0:
        return "\\u{%x}" % ord(c)
    return c


def quote(text, rng=None):
    """A Cedar string literal for the text."""
    return "\"" + "".join(_char(c, rng) for c in text) + "\""


def quote_pattern(elements, rng=None):
    """A Cedar pattern literal; elements are characters, or None for the wildcard."""
    out = []
    for element in elements:
        if element is None:
            out.append("*" if rng is None or rng.random() < 0.9 else rng.choice(["\\x2a", "\\u{2a}"]))
        elif element == "*":
            out.append("\\*")
        else:
            out.append(_char(element, rng))
    return "\"" + "".join(out) + "\""


def unquote(literal):
    """The text of a Cedar string literal (for entity references in requests)."""
    body, out, i = literal[1:-1], [], 0
    simple = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", "\"": "\"", "'": "'"}
    while i < len(body):
        if body[i] != "\\":
            out.append(body[i])
            i += 1
        elif body[i + 1] == "x":
            out.append(chr(int(body[i + 2:i + 4], 16)))
            i += 4
        elif body[i + 1] == "u":
            end = body.index("}", i)
            out.append(chr(int(body[i + 3:end].replace("_", ""), 16)))
            i = end + 1
        else:
            out.append(simple[body[i + 1]])
            i += 2
    return "".join(out)


def entity_ref(type_name, eid):
    """`T::"id"`, the form the protocol uses in requests."""
    return type_name + "::" + quote(eid)


def split_ref(ref):
    """The inverse of entity_ref: (type, id)."""
    at = ref.index("::\"")
    return ref[:at], unquote(ref[at + 2:])

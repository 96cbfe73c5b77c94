"""A parsed program back to text, in more than one manner of writing."""
from syntax import Var


def quoted(text):
    """A text with its quotes and escapes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def atom_text(atom, comma=", "):
    """An atom or fact."""
    terms = ["?" + t.name if isinstance(t, Var) else quoted(t) for t in atom.terms]
    return f"{atom.name}({comma.join(terms)})"


def declaration_text(declaration):
    """A declaration with its dot."""
    text = "" if declaration.text is None else " " + quoted(declaration.text)
    return f"{declaration.kind} {declaration.name}({', '.join(declaration.words)}){text}."


def rule_text(rule, comma=", ", gap=" "):
    """A rule with its dot."""
    parts = [("not " if c.negated else "") + atom_text(c.atom, comma) for c in rule.conditions]
    text = atom_text(rule.head, comma) + gap + "if " + f"{gap}and ".join(parts)
    for keyword, value in (("because", rule.because), ("source", rule.source)):
        text += "" if value is None else f"{gap}{keyword} {quoted(value)}"
    return text + "."


def statements(program):
    """All statements as texts, declarations first."""
    return [declaration_text(d) for d in program.declarations] \
        + [rule_text(r) for r in program.rules] \
        + [atom_text(f) + "." for f in program.facts]


def program_text(program):
    """A program in the plain manner."""
    return "\n".join(statements(program)) + "\n"


def varied_text(program, rng):
    """A program with shuffled statements, odd blanks, comments and line ends."""
    comma, gap = rng.choice([", ", ",", " , "]), rng.choice([" ", "\n    ", "  ", " # why\n "])
    lines = [declaration_text(d) for d in program.declarations]
    lines += [rule_text(r, comma, gap) for r in program.rules]
    lines += [atom_text(f, comma) + "." for f in program.facts]
    if rng.random() < 0.4:
        rng.shuffle(lines)
    if rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), '# a comment, with "quotes" and a dot.')
    between = rng.choice(["\n", "\n\n", " "]) if "#" not in "".join(lines) else "\n"
    text = between.join(lines) + rng.choice(["\n", "", "\n\n# end"])
    # Two characters, but one to whatever iterates over graphemes.
    return text.replace("\n", "\r\n") if rng.random() < 0.1 else text

"""Strict parser of the rule language: text in, relations, restrictions, rules and facts out."""
from checks import check
from syntax import Atom, Condition, Declaration, Program, Rule, Var
from tokens import KEYWORDS, Refused, tokens


class Parser:
    """Recursive descent over the tokens, one method for each production."""

    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def peek(self, kind, value=None):
        """Whether the next token is this one."""
        token = self.tokens[self.at]
        return token.kind == kind and value in (None, token.value)

    def take(self, kind, value=None):
        """The next token, which has to be this one."""
        token = self.tokens[self.at]
        if not self.peek(kind, value):
            raise Refused("reach.syntax", token.place, f"expected {value or kind}")
        self.at += 1
        return token

    def optional_text(self, keyword=None):
        """A text, or one after a keyword, or None."""
        if keyword is None:
            return self.take("text").value if self.peek("text") else None
        if not self.peek("word", keyword):
            return None
        self.take("word", keyword)
        return self.take("text").value

    def places(self, one):
        """One or two of something in parentheses."""
        self.take("mark", "(")
        found = [one()]
        if self.peek("mark", ","):
            self.take("mark", ",")
            found.append(one())
        self.take("mark", ")")
        return tuple(found)

    def term(self):
        """A variable or a text."""
        return Var(self.take("variable").value) if self.peek("variable") else self.take("text").value

    def name(self, become=False):
        """A name, which no keyword can be; `become` where an atom may stand."""
        token = self.take("word")
        if token.value in KEYWORDS and not (become and token.value == "become"):
            raise Refused("reach.syntax", token.place, "a keyword can't be a name")
        return token

    def atom(self):
        """A name with terms."""
        name = self.name(become=True)
        return Atom(name.value, self.places(self.term), name.place)

    def condition(self):
        """An atom, perhaps behind `not`."""
        negated = self.peek("word", "not") and bool(self.take("word"))
        return Condition(self.atom(), negated)

    def declaration(self):
        """A relation or restriction."""
        kind, name = self.take("word").value, self.name()
        words = self.places(lambda: self.take("word").value)
        return Declaration(kind, name.value, words, self.optional_text(), name.place)

    def rule(self, head):
        """What follows the head of a rule."""
        self.take("word", "if")
        conditions = [self.condition()]
        while self.peek("word", "and"):
            self.take("word")
            conditions.append(self.condition())
        return Rule(head, tuple(conditions), self.optional_text("because"), self.optional_text("source"))

    def statement(self, program):
        """One statement, put where it belongs."""
        if self.peek("word", "relation") or self.peek("word", "restriction"):
            program.declarations.append(self.declaration())
        else:
            atom = self.atom()
            if self.peek("word", "if"):
                program.rules.append(self.rule(atom))
            elif any(isinstance(term, Var) for term in atom.terms):
                raise Refused("reach.syntax", atom.place, "a variable in a fact")
            else:
                program.facts.append(atom)
        self.take("mark", ".")


def parse(text):
    """A whole file, checked; raises Refused for the first problem."""
    parser, program = Parser(text), Program()
    while not parser.peek("end"):
        parser.statement(program)
    check(program)
    return program

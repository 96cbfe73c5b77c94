"""What a rule file consists of, once parsed."""
from dataclasses import dataclass, field
from typing import NamedTuple, Optional


class Var(NamedTuple):
    """A variable; a text is a plain str."""
    name: str


@dataclass(frozen=True)
class Declaration:
    """A declared relation or restriction."""
    kind: str
    name: str
    words: tuple
    text: Optional[str] = None
    place: tuple = field(default=None, compare=False)


@dataclass(frozen=True)
class Atom:
    """A name with one or two terms."""
    name: str
    terms: tuple
    place: tuple = field(default=None, compare=False)


@dataclass(frozen=True)
class Condition:
    """An atom, or its denial."""
    atom: Atom
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """A head that follows from conditions."""
    head: Atom
    conditions: tuple
    because: Optional[str] = None
    source: Optional[str] = None


@dataclass
class Program:
    """All statements of a file, by kind, in their order."""
    declarations: list = field(default_factory=list)
    rules: list = field(default_factory=list)
    facts: list = field(default_factory=list)

    def named(self, kind):
        """Number of places by name for `relation` or `restriction`."""
        return {d.name: len(d.words) for d in self.declarations if d.kind == kind}

    def derived(self):
        """Names of relations with rules of their own."""
        return {rule.head.name for rule in self.rules} - {"become"}


def roles(rule):
    """Split conditions into those the taker meets, those that narrow them, and the rest."""
    taker = rule.head.terms[0]
    about = [c for c in rule.conditions if taker in c.atom.terms]
    aside = [c for c in rule.conditions if taker not in c.atom.terms]
    plain = [c for c in about if not c.negated]
    held = [c for c in plain if len(c.atom.terms) == 2] or plain[:1]
    # By identity: a condition written twice is two conditions.
    narrowing = [c for c in about if not any(c is h for h in held)]
    return held, narrowing, aside

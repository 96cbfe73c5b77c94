"""Everything the page refuses beyond the grammar."""
from syntax import Var, roles
from tokens import Refused

MAX_CONDITIONS = 8


def refuse_if(wrong, code, atom, message):
    """Raise Refused at an atom's place."""
    if wrong:
        raise Refused(code, atom.place, f"{atom.name}: {message}")


def check(program):
    """Raise Refused for the first problem of a parsed file."""
    check_declarations(program)
    places = {**program.named("relation"), **program.named("restriction")}
    restrictions, derived = set(program.named("restriction")), program.derived()
    for fact in program.facts:
        refuse_if(fact.name == "become", "reach.become", fact, "as a fact")
        check_atom(fact, places)
    for rule in program.rules:
        check_head(rule, places, restrictions)
        for condition in rule.conditions:
            check_condition(condition, places, restrictions, rule.head.terms[0])
        check_bound(rule)
        check_derived(rule, derived)


def check_declarations(program):
    """A name is declared once, or again in just the same way."""
    seen = {}
    for declaration in program.declarations:
        first = seen.setdefault(declaration.name, declaration)
        refuse_if(first != declaration, "reach.redeclared", declaration, "declared otherwise before")


def check_atom(atom, places):
    """The name is declared, with as many places as stand here."""
    refuse_if(atom.name not in places, "reach.unknown_relation", atom, "not declared")
    refuse_if(places[atom.name] != len(atom.terms), "reach.arity", atom, "wrong number of places")


def check_head(rule, places, restrictions):
    """The head is about a taker, and the rule is not too long."""
    head = rule.head
    refuse_if(len(rule.conditions) > MAX_CONDITIONS, "reach.limit", head, "too many conditions")
    check_atom(head, {**places, "become": 2})
    refuse_if(head.name in restrictions, "reach.restriction", head, "a restriction in a head")
    taker = head.terms[0]
    refuse_if(not isinstance(taker, Var), "reach.taker", head, "the taker is a variable")
    refuse_if(head.terms.count(taker) > 1, "reach.taker", head, "the taker twice in the head")
    about = any(taker in condition.atom.terms for condition in rule.conditions)
    refuse_if(not about, "reach.taker", head, "no condition is about the taker")


def check_condition(condition, places, restrictions, taker):
    """Restrictions behind `not` and nothing else there; the taker once at most."""
    atom = condition.atom
    refuse_if(atom.name == "become", "reach.become", atom, "as a condition")
    check_atom(atom, places)
    wrong = condition.negated != (atom.name in restrictions)
    refuse_if(wrong, "reach.restriction", atom, "`not` goes with restrictions only")
    refuse_if(atom.terms.count(taker) > 1, "reach.taker", atom, "the taker twice in a condition")


def check_bound(rule):
    """Variables of the head and behind `not` stand in a condition without `not`."""
    bound = {term for c in rule.conditions if not c.negated for term in c.atom.terms}
    needing = [rule.head] + [c.atom for c in rule.conditions if c.negated]
    for atom in needing:
        loose = any(isinstance(term, Var) and term not in bound for term in atom.terms)
        refuse_if(loose, "reach.unbound_variable", atom, "a variable is not bound")


def check_derived(rule, derived):
    """A derived relation is held by the taker in the first place, and never narrowed."""
    held, narrowing, aside = roles(rule)
    for condition in narrowing + aside:
        refuse_if(condition.atom.name in derived, "reach.derived", condition.atom, "only facts here")
    for condition in held:
        if condition.atom.name in derived:
            second = condition.atom.terms[0] != rule.head.terms[0]
            refuse_if(second, "reach.derived", condition.atom, "the taker in the second place")
            refuse_if(bool(narrowing), "reach.derived", condition.atom, "narrowed")

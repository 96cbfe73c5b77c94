"""Worked examples, done by hand from the page."""
import random
import unittest

from answer import answer, gains
from language import parse
from naive import model
from samples import ALLOWED, BROKEN, PRELUDE
from tokens import Refused

BASE = """relation member(who, group). relation all(who, d). relation get(who, d). relation user(a).
relation write(who, x). relation trusts(x, y). restriction off(a). restriction denied(a, x).
become(?u, ?g) if member(?u, ?g).
"""


def pairs(rules, facts):
    """Control pairs but the reflexive ones, as `p>x` in order."""
    program = parse(BASE + rules)
    found = model(program.rules, [], {tuple(fact.split()) for fact in facts.split(", ")})
    return " ".join(sorted(f"{p}>{x}" for p, x in found if p != x))


class Meaning(unittest.TestCase):
    """The section Meaning, a sentence at a time."""

    def test_control_goes_on(self):
        self.assertEqual(pairs("", "member a b, member b c"), "a>b a>c b>c")

    def test_two_rights_of_two_groups(self):
        rules = "become(?u, ?d) if get(?u, ?d) and all(?u, ?d)."
        facts = "get g d, all h d, member a g, member a h, member b g"
        self.assertEqual(pairs(rules, facts), "a>d a>g a>h b>g")

    def test_taker_in_second_place(self):
        self.assertEqual(pairs("become(?u, ?x) if trusts(?x, ?u).", "trusts d g, member a g"), "a>d a>g g>d")

    def test_narrowing_is_about_the_holder(self):
        rules = "become(?u, ?d) if get(?u, ?d) and not off(?u)."
        self.assertEqual(pairs(rules, "get g d, member a g, off a"), "a>d a>g g>d")
        self.assertEqual(pairs(rules, "get g d, member a g, off g"), "a>g")

    def test_narrowing_for_each_condition_by_its_own_holder(self):
        rules = "become(?u, ?d) if get(?u, ?d) and all(?u, ?d) and user(?u) and not denied(?u, ?d)."
        facts = "get g d, all h d, member a g, member a h, user g, user h"
        self.assertEqual(pairs(rules, facts), "a>d a>g a>h")
        self.assertEqual(pairs(rules, facts + ", denied h d"), "a>g a>h")
        self.assertEqual(pairs(rules, facts + ", denied a d, denied h g"), "a>d a>g a>h")

    def test_narrowing_of_the_first_one_place_condition(self):
        rules = 'relation vip(a). become(?u, "d") if user(?u) and vip(?u) and not off(?u).'
        self.assertEqual(pairs(rules, "user a, vip b, member c a, member c b"), "c>a c>b")
        self.assertEqual(pairs(rules, "user a, vip a, member c a, off c"), "a>d c>a c>d")
        self.assertEqual(pairs(rules, "user a, vip a, member c a, off a"), "c>a")

    def test_without_the_taker_as_it_stands(self):
        rules = "become(?u, ?x) if get(?u, ?y) and trusts(?x, ?y) and user(?x) and not off(?y)."
        facts = "get a y, trusts x y"
        self.assertEqual(pairs(rules, facts + ", user x"), "a>x")
        self.assertEqual(pairs(rules, facts), "")
        self.assertEqual(pairs(rules, facts + ", user x, off y"), "")
        self.assertEqual(pairs(rules, "get a y, trusts x g, member g y, user x"), "g>y")

    def test_derived_is_held_by_those_who_control_the_holder(self):
        rules = """write(?u, ?x) if all(?u, ?x) and not off(?u).
        write(?u, ?y) if write(?u, ?x) and trusts(?x, ?y).
        become(?u, ?x) if write(?u, ?x) and user(?x)."""
        facts = "member a g, all g x, trusts x y, trusts y z, user z"
        self.assertEqual(pairs(rules, facts), "a>g a>z g>z")
        self.assertEqual(pairs(rules, facts + ", off g"), "a>g")
        self.assertEqual(pairs(rules, "write g z, user z, member a g"), "a>g a>z g>z")

    def test_variable_of_a_derived_relation_may_be_a_text_of_the_rules(self):
        rules = """write(?u, "nowhere") if user(?u). become(?u, "d") if write(?u, ?x)."""
        self.assertEqual(pairs(rules, "user a"), "a>d")


class Cases(unittest.TestCase):
    """Steps, and what is refused."""

    def case(self, **fields):
        """A case about BASE."""
        return {"id": "x", "rules": BASE, "nodes": ["a", "b"], "edges": [], "protected": ["b"],
                "add": [["a", "member", "b"]], **fields}

    def test_gain(self):
        self.assertEqual(gains(self.case()), [["a", "b"]])
        self.assertEqual(gains(self.case(protected=["a"])), [])
        self.assertEqual(gains(self.case(edges=[["a", "member", "b"]])), [])

    def test_restrictions_in_a_step(self):
        fields = {"rules": BASE + "become(?u, ?d) if get(?u, ?d) and not off(?u).",
                  "edges": [["a", "get", "b"], ["a", "off"]], "add": []}
        self.assertEqual(gains(self.case(**fields)), [])
        self.assertEqual(gains(self.case(**fields, remove=[["a", "off"]])), [["a", "b"]])
        both = [["a", "off"], ["a", "get", "b"]]
        self.assertEqual(gains(self.case(**fields, remove=both)), [["a", "b"]])
        fields["add"] = [["a", "off"]]
        self.assertEqual(gains(self.case(**fields, remove=both)), [["a", "b"]])

    def test_codes_of_cases(self):
        for code, fields in [
            ("reach.unknown_relation", {"add": [["a", "own", "b"]]}),
            ("reach.arity", {"edges": [["a", "off", "b"]]}),
            ("reach.dangling", {"protected": ["c"]}),
            ("reach.dangling", {"edges": [["c", "off"]]}),
            ("reach.duplicate_node", {"nodes": ["a", "b", "a"]}),
            ("reach.input", {"more": 1}),
            ("reach.input", {"edges": [["a"]]}),
        ]:
            self.assertEqual(answer(self.case(**fields)).get("code"), code, fields)

    def test_samples(self):
        for code, text in BROKEN:
            with self.assertRaises(Refused, msg=text) as caught:
                parse(PRELUDE + text)
            self.assertEqual(caught.exception.code, code, text)
        for text in ALLOWED:
            parse(PRELUDE + text + "\n")

    def test_narrowed_domains_lose_nothing(self):
        from generate import generate
        for index in range(150):
            case = generate(random.Random(f"domains:{index}"), "x", refused=False)
            program = parse(case["rules"])
            facts = {(e[1], e[0], *e[2:]) for e in case["edges"] + case["add"]}
            nodes = case["nodes"][:4]
            self.assertEqual(*(model(program.rules, nodes, facts, exhaustive=x) for x in (True, False)))


if __name__ == "__main__":
    unittest.main()

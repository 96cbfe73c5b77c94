"""Deliberate faults in policies: most make them invalid, many make them fail when evaluated."""

import texts
from generate_value import get, has
from tree import Node, binary, entity, lit, var

METHODS = ["contains", "containsAll", "containsAny", "isEmpty", "hasTag", "getTag", "isIpv4", "isInRange", "lessThan", "greaterThan",
           "offset", "durationSince", "toDate", "toTime", "toDays", "toMilliseconds"]
FUNCTIONS = ["ip", "decimal", "datetime", "duration"]
OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "in"]


class Mutator:
    """Injures one policy; `make` is an expression generator for it."""

    def __init__(self, world, rng, make):
        self.world, self.rng, self.make = world, rng, make

    def mutate(self, policy):
        """Applies one random fault; returns its kind."""
        kinds = ["replace", "replace", "attribute", "unguard", "unguard", "empty set", "constructor", "literal", "mixed set", "unrelated",
                 "tag", "has required", "short circuit", "branches", "enum", "type", "operator", "method", "overflow", "or guard",
                 "negated guard", "late guard", "absent", "chain", "scope type", "scope action", "scope entity", "constant", "is",
                 "record", "variadic", "record compare"]
        kind = self.rng.choice(kinds)
        if kind.startswith("scope") or not policy.conditions:
            self.scope(policy, kind)
            return kind
        at = self.rng.randrange(len(policy.conditions))
        clause, body = policy.conditions[at]
        policy.conditions[at] = (clause, self.expression(kind, body))
        return kind

    def pick(self, body, test):
        """A random place (node, parent, index) whose node passes the test."""
        places = [p for p in body.walk() if test(p[0])]
        return self.rng.choice(places) if places else None

    def put(self, body, place, new):
        """Puts a node at a place; returns the root."""
        _, parent, i = place
        if parent is None:
            return new
        parent.kids[i] = new
        return body

    def scope(self, policy, kind):
        """Faults of the scope."""
        rng = self.rng
        types = list(self.world.types)
        odd = rng.choice(["Nope", "N::Nope", "Action", types[0]])
        uid = (odd if kind == "scope type" else rng.choice(types), rng.choice(texts.IDS))
        if kind == "scope action":
            some = rng.choice(list(self.world.actions) or [("Action", "x")])
            bad = rng.choice([(some[0], "nope"), ("Action", some[1]), ("Nope::Action", some[1]), (some[0], some[1] + "\u0301")])
            policy.action = rng.choice([("==", bad), ("in", bad), ("in set", [some, bad]), ("in set", [])])
            return
        name = rng.choice(["principal", "resource"])
        if "slot" in getattr(policy, name):
            name = {"principal": "resource", "resource": "principal"}[name]
        if "slot" not in getattr(policy, name):
            other = rng.choice(types + [odd])
            setattr(policy, name, rng.choice([("==", uid), ("in", uid), ("is", odd), ("is", other), ("is in", other, uid)]))

    def value(self):
        """An expression of an arbitrary type."""
        return self.make.value(self.make.random_type(), 1, [])

    def fault(self, kind, body):
        """A faulty boolean made from scratch, or None."""
        rng, make = self.rng, self.make
        if kind == "empty set":
            empty = Node("set", [])
            return rng.choice([binary("==", empty, self.value()), Node("method", [empty, self.value()], "contains"),
                               Node("method", [empty], "isEmpty"), Node("method", [self.value(), empty], "containsAll"),
                               binary("in", var("principal"), empty)])
        if kind == "constructor":
            call = Node("call", [make.value(("String",), 1, [])], rng.choice(FUNCTIONS))
            return binary("==", call, call.copy())
        if kind == "literal":
            name = rng.choice(list(texts.EXTENSIONS))
            call = Node("call", [lit(rng.choice(texts.EXTENSIONS[name][2]))], texts.EXTENSIONS[name][0])
            return binary(rng.choice(["==", "<", "!="]), call, make.value(("Ext", name), 1, []))
        if kind == "mixed set":
            return Node("method", [Node("set", [self.value() for _ in range(3)]), self.value()], rng.choice(["contains", "containsAny"]))
        if kind == "unrelated":
            types = list(self.world.types)
            right = make.entity_literal(rng.choice(types))
            return binary(rng.choice(["in", "in", "=="]), rng.choice([var("principal"), var("resource"), make.entity_literal(rng.choice(types))]),
                          rng.choice([right, Node("set", [right, make.entity_literal(rng.choice(types))])]))
        if kind == "tag":
            target = rng.choice([var("principal"), var("resource"), make.entity_literal(rng.choice(list(self.world.types)))])
            name = lit(rng.choice(["k1", "key", "key", 1, True]))
            return binary("==", Node("method", [target, name], rng.choice(["getTag", "hasTag"])), self.value())
        if kind == "has required" and (make.required or make.optional):
            node, name, _ = rng.choice(make.required or make.optional)
            return has(node.copy(), [name] if rng.random() < 0.6 else ([name, "b"] if texts.is_ident(name) else [name]))
        if kind == "branches":
            return binary("==", Node("if", [make.bool(1), self.value(), self.value()]), self.value())
        if kind == "enum":
            return binary(rng.choice(["==", "in"]), var(rng.choice(["principal", "resource"])),
                          entity(rng.choice(list(self.world.types)), rng.choice(texts.IDS + ["nope"])))
        if kind == "overflow":
            edge = lit(rng.choice([2**63 - 1, -2**63, 2**62, 3037000500]))
            inner = make.value(("Long",), 1, [])
            return binary(rng.choice(["<", "=="]), rng.choice([Node("+", [edge, inner]), Node("*", [edge, inner]), Node("-", [inner, edge]),
                                                                Node("neg", [lit(-2**63)])]), lit(0))
        if kind == "absent":
            uid = entity(rng.choice(list(self.world.types)), "not there")
            name = rng.choice(texts.IDENTS)
            return rng.choice([binary("==", get(uid, name), self.value()), has(uid, [name]), binary("in", uid, var("resource")),
                               Node("method", [uid, lit(rng.choice(["k", "k", 1, False]))], rng.choice(["hasTag", "getTag"]))])
        if kind == "is":
            return Node("is", [self.value()] + ([self.value()] if rng.random() < 0.5 else []), rng.choice(list(self.world.types) + ["Nope"]))
        if kind == "variadic":
            ips = [make.value(("Ext", "ipaddr"), 1, []) for _ in range(rng.choice([1, 3, 4]))]
            return Node("method", ips, "isInRange")
        if kind == "record compare":
            record = Node("record", [self.value(), self.value()], ["a", rng.choice(["b", "é", "e\u0301"])])
            other = record.copy()
            if rng.random() < 0.5:
                other.kids.append(self.value())
                other.data = other.data + ["zz"]
            return binary(rng.choice(["==", "!="]), record, rng.choice([other, self.value()]))
        return None

    def expression(self, kind, body):
        """Faults of a condition."""
        rng, make = self.rng, self.make
        made = self.fault(kind, body)
        if made is not None:
            joined = rng.choice([made, binary("&&", body, made), binary("||", body, made), binary("&&", made, body), Node("not", [made])])
            return joined if rng.random() < 0.85 else Node("if", [made, body, body.copy()])
        anywhere = self.pick(body, lambda n: True)
        if kind == "attribute":
            place = self.pick(body, lambda n: n.op == "get")
            if place:
                place[0].data = rng.choice(texts.IDENTS + texts.ODD_NAMES)
                return body
        if kind == "unguard":
            place = self.pick(body, lambda n: n.op == "&&" and n.kids[0].op in ("has", "&&", "method", "if", "||"))
            if place:
                return self.put(body, place, place[0].kids[1])
        if kind in ("or guard", "negated guard", "late guard"):
            place = self.pick(body, lambda n: n.op == "&&")
            if place:
                left, right = place[0].kids
                new = {"or guard": binary("&&", binary("||", left, make.bool(0)), right),
                       "negated guard": binary(rng.choice(["||", "&&"]), Node("not", [left]), right),
                       "late guard": binary("&&", right, left)}[kind]
                return self.put(body, place, new)
        if kind == "short circuit":
            wrong = rng.choice([self.value(), get(var("context"), "nope"), binary("+", lit(1), lit("a")), lit(1), entity("Nope", "x")])
            return rng.choice([binary("&&", lit(False), wrong), binary("||", lit(True), wrong), binary("||", body, binary("&&", lit(False), wrong)),
                               Node("if", [lit(True), body, wrong]), Node("if", [lit(False), wrong, body]), binary("&&", wrong, lit(False)),
                               binary("||", wrong, lit(True)), binary("&&", has(var("principal"), ["nope"]), wrong),
                               binary("&&", Node("is", [var("principal")], "Nope"), wrong), binary("||", binary("==", lit(1), lit(1)), wrong)])
        if kind == "operator":
            place = self.pick(body, lambda n: n.op in OPERATORS)
            if place:
                place[0].op = rng.choice(OPERATORS)
                return body
        if kind == "method":
            place = self.pick(body, lambda n: n.op == "method")
            if place:
                place[0].data = rng.choice(METHODS)
                return body
        if kind == "constant":
            return self.put(body, anywhere, lit(rng.random() < 0.5))
        if kind == "type":
            place = self.pick(body, lambda n: n.op in ("entity", "is"))
            if place:
                name = rng.choice(list(self.world.types) + ["Nope", "Action"])
                place[0].data = (name, place[0].data[1]) if place[0].op == "entity" else name
                return body
        if kind == "record":
            return self.put(body, anywhere, Node("record", [anywhere[0].copy(), self.value()], ["a", "a b"]))
        return self.put(body, anywhere, self.value())

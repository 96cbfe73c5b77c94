"""Type-directed random booleans. Optional attributes and tags are used under their guards."""

from generate_value import BOOL, LONG, STRING, ValueGenerator, get, has, loose, shape
import texts
from texts import is_ident
from tree import Node, binary, conjunction, entity, lit, var

BOOL_METHODS = {"ipaddr": [("isIpv4", []), ("isIpv6", []), ("isLoopback", []), ("isMulticast", []), ("isInRange", ["ipaddr"])],
                "decimal": [(m, ["decimal"]) for m in ("lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual")]}


class ExprGenerator(ValueGenerator):
    """Expressions for the request environments that a policy's scope leaves possible."""

    def bool(self, depth):
        """A boolean expression in which every guard stands before its use. `level` keeps the recursion within bounds."""
        self.level += 1
        made = self.connected(depth if self.level < 5 else 0)
        self.level -= 1
        return made

    def connected(self, depth):
        """Connectives, or an atom with its guards."""
        roll = self.rng.random()
        if depth > 0 and roll < 0.16:
            return binary("&&", self.bool(depth - 1), self.bool(depth - 1))
        if depth > 0 and roll < 0.30:
            return binary("||", self.bool(depth - 1), self.bool(depth - 1))
        if depth > 0 and roll < 0.37:
            return Node("not", [self.bool(depth - 1)], type=BOOL)
        if depth > 0 and roll < 0.42:
            return Node("if", [self.bool(depth - 1) for _ in range(3)], type=BOOL)
        guards = []
        atom = self.atom(depth, guards)
        return self.guarded(atom, guards, depth) if guards else atom

    def guarded(self, atom, guards, depth):
        """Puts the guards before the atom in one of the ways which the validator understands."""
        guards = self.merge([g.copy() for g in self.unique(guards)])
        test = conjunction(guards)
        roll = self.rng.random()
        if roll < 0.12:
            return Node("if", [test, atom, self.bool(max(depth - 1, 0))], type=BOOL)
        if roll < 0.2:
            either = binary("||", binary("&&", test, self.bool(0)), test.copy())
            return binary("&&", either, atom)
        if roll < 0.26:
            return binary("&&", Node("if", [self.bool(0), test, test.copy()], type=BOOL), atom)
        if roll < 0.32:
            return binary("&&", binary("&&", test, self.bool(0)), atom)
        return conjunction(guards + [atom]) if self.chance(0.6) else binary("&&", test, atom)

    def unique(self, guards):
        """Guards without repetitions."""
        seen, out = set(), []
        for guard in guards:
            key = shape(guard)
            if key not in seen:
                seen.add(key)
                out.append(guard)
        return out

    def merge(self, guards):
        """`x has a && x.a has b` is sometimes written `x has a.b`."""
        out = []
        for guard in guards:
            last = out[-1] if out else None
            if (guard.op == "has" and last is not None and last.op == "has" and guard.kids[0].op == "get"
                    and all(is_ident(n) for n in last.data + guard.data) and self.chance(0.5)):
                path = last.kids[0]
                for name in last.data:
                    path = get(path, name)
                if shape(path) == shape(guard.kids[0]):
                    out[-1] = has(last.kids[0], last.data + guard.data)
                    continue
            out.append(guard)
        return out

    def atom(self, depth, guards):
        """A boolean without connectives."""
        inner = max(depth - 1, 0)
        forms = [self.compare, self.compare, self.order, self.order, self.order, self.order, self.like, self.hierarchy, self.hierarchy, self.is_test,
                 self.has_test, self.has_test, self.sets, self.sets, self.extension, self.extension, self.tag_test,
                 self.plain_path, self.constant]
        form = self.rng.choice(forms if self.level < 7 else [self.has_test, self.constant])
        boost = self.rng.choice([0, 1, 2]) if form == self.order and self.level < 3 else 0
        return form(max(inner, boost), guards)

    def constant(self, depth, guards):
        """true or false."""
        return lit(self.chance(0.5))

    def plain_path(self, depth, guards):
        """A boolean attribute."""
        if BOOL in self.paths:
            node, needed = self.rng.choice(self.paths[BOOL])
            guards.extend(needed)
            return node.copy()
        return self.compare(depth, guards)

    def compare(self, depth, guards):
        """== or != between values of one type."""
        kind = self.random_type()
        return binary(self.rng.choice(["==", "==", "!="]), self.value(kind, depth, guards), self.value(kind, depth, guards))

    def order(self, depth, guards):
        """An order relation."""
        kind = self.rng.choice([LONG, LONG, LONG, ("Ext", "datetime"), ("Ext", "duration")])
        return binary(self.rng.choice(["<", "<=", ">", ">="]), self.value(kind, depth, guards), self.value(kind, depth, guards))

    def like(self, depth, guards):
        """A pattern match, often made from a known string."""
        base = [c for c in self.rng.choice(texts.STRINGS)]
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            at = self.rng.randint(0, len(base))
            if base and self.chance(0.5) and at < len(base):
                base[at] = None
            else:
                base.insert(at, None)
        return Node("like", [self.value(STRING, depth, guards)], base, BOOL)

    def some_entity(self, guards):
        """(expression, type) of an entity, by preference a variable."""
        kinds = [k for k in self.paths if k[0] == "Entity"]
        if kinds and self.chance(0.85):
            kind = self.rng.choice(kinds)
            node, needed = self.rng.choice(self.paths[kind])
            guards.extend(needed)
            return node.copy(), kind[1]
        name = self.rng.choice(self.principals or list(self.world.types))
        return (var("principal") if self.chance(0.5) else self.entity_literal(name)), name

    def hierarchy(self, depth, guards):
        """`e in e` or `e in [e, …]`."""
        node, name = self.some_entity(guards)
        if name.endswith("Action"):
            uids = [u for u in self.world.actions if u[0] == name] or [(name, "view")]
            return binary("in", node, Node("set", [entity(*self.rng.choice(uids)) for _ in range(self.rng.choice([1, 2]))]))
        above = self.rng.choice(self.world.ancestors(name))
        if self.chance(0.5):
            return binary("in", node, self.value(("Entity", above), depth, guards))
        return binary("in", node, self.value(("Set", ("Entity", above)), depth, guards))

    def is_test(self, depth, guards):
        """`e is T` or `e is T in e`."""
        node, name = self.some_entity(guards)
        if self.chance(0.15):
            name = self.rng.choice(list(self.world.types))
        if self.chance(0.5):
            return Node("is", [node], name, BOOL)
        above = self.rng.choice(self.world.ancestors(name))
        kind = ("Entity", above) if self.chance(0.7) else ("Set", ("Entity", above))
        return Node("is", [node, self.value(kind, depth, guards)], name, BOOL)

    def has_test(self, depth, guards):
        """`has` on an optional attribute, seldom on a required one."""
        pool = self.required if self.chance(0.15) or not self.optional else self.optional
        if not pool:
            return self.compare(depth, guards)
        node, name, needed = self.rng.choice(pool)
        guards.extend(needed)
        return has(node.copy(), [name])

    def sets(self, depth, guards):
        """Set operations."""
        kinds = [k[1] for k in self.paths if k[0] == "Set" and not loose(k)]
        kind = self.rng.choice(kinds) if kinds and self.chance(0.6) else self.random_type(1)
        target = self.value(("Set", kind), depth, guards)
        method = self.rng.choice(["contains", "contains", "containsAll", "containsAny", "isEmpty"])
        if method == "isEmpty":
            return Node("method", [target], method, BOOL)
        other = kind if method == "contains" else ("Set", kind)
        return Node("method", [target, self.value(other, depth, guards)], method, BOOL)

    def extension(self, depth, guards):
        """Boolean extension methods."""
        name = self.rng.choice(["ipaddr", "decimal"])
        method, args = self.rng.choice(BOOL_METHODS[name])
        return Node("method", [self.value(("Ext", k), depth, guards) for k in [name] + args], method, BOOL)

    def tag_test(self, depth, guards):
        """hasTag, or a comparison of a guarded tag."""
        if not self.tagged:
            return self.compare(depth, guards)
        entry = self.rng.choice(self.tagged)
        if self.chance(0.3) or loose(entry[1]):
            guards.extend(entry[2])
            return Node("method", [entry[0].copy(), self.value(STRING, depth, guards)], "hasTag", BOOL)
        return binary("==", self.tag(entry, guards), self.value(entry[1], depth, guards))

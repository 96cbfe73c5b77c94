"""Type-directed random values: paths from the variables, literals, and what can be computed from them."""

import texts
from schema import fields
from tree import Node, entity, lit, var

BOOL, LONG, STRING = ("Bool",), ("Long",), ("String",)
EXT_TYPES = [("Ext", n) for n in ("ipaddr", "decimal", "datetime", "duration")]
COMPOUND = [LONG, ("Ext", "datetime"), ("Ext", "duration")]
LONG_METHODS = ["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"]


def get(target, name, type=None):
    """An attribute access."""
    return Node("get", [target], name, type)


def has(target, names):
    """A has-test for a path of names."""
    return Node("has", [target], list(names), BOOL)


class ValueGenerator:
    """Values for the request environments that a policy's scope leaves possible; `bool` comes from the subclass."""

    def __init__(self, world, rng, ids, environments, wild=0.0):
        self.world, self.rng, self.ids, self.wild = world, rng, ids, wild
        self.principals = sorted({e[0] for e in environments})
        self.resources = sorted({e[2] for e in environments})
        self.actions = sorted({e[1] for e in environments})
        self.paths, self.level = {}, 0
        self.optional, self.required, self.tagged = [], [], []
        self.collect()

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    # Paths from the variables

    def shared(self, tables):
        """Attributes which all the tables have with one type."""
        tables = list(tables)
        if not tables:
            return {}
        return {name: (kind, all(t[name][1] for t in tables)) for name, (kind, _) in tables[0].items()
                if all(name in t and t[name][0] == kind for t in tables)}

    def collect(self):
        """All attribute paths up to three steps from the variables."""
        attrs = lambda names: self.shared(self.world.types[n].attrs for n in names if n in self.world.types)
        single = lambda names: ("Entity", names[0]) if len(names) == 1 else None
        todo = []
        for name, types in (("principal", self.principals), ("resource", self.resources)):
            self.add(var(name, single(types)), single(types), [])
            todo.append((var(name, single(types)), attrs(types), [], 0))
        if len({a[0] for a in self.actions}) == 1:
            self.add(var("action"), ("Entity", self.actions[0][0]), [])
        context = self.shared(self.world.actions[a].context for a in self.actions if a in self.world.actions)
        todo.append((var("context"), context, [], 0))
        budget = 60
        while todo and budget > 0:
            node, table, guards, depth = todo.pop(0)
            for name, (kind, required) in sorted(table.items()):
                budget -= 1
                step, needed = get(node, name, kind), guards + ([] if required else [has(node, [name])])
                (self.required if required else self.optional).append((node, name, guards))
                self.add(step, kind, needed)
                if depth < 2 and kind[0] == "Record":
                    todo.append((step, fields(kind), needed, depth + 1))
                elif depth < 2 and kind[0] == "Entity" and kind[1] in self.world.types:
                    todo.append((step, self.world.types[kind[1]].attrs, needed, depth + 1))

    def add(self, node, kind, guards):
        """Records a path by its type."""
        if kind is None:
            return
        self.paths.setdefault(kind, []).append((node, guards))
        if kind[0] == "Entity" and kind[1] in self.world.types and self.world.types[kind[1]].tags is not None:
            self.tagged.append((node, self.world.types[kind[1]].tags, guards))

    # Values

    def random_type(self, depth=0):
        """A type, most often one which some path has."""
        kinds = [k for k in self.paths if not loose(k)] if self.chance(0.98) else list(self.paths)
        if kinds and self.chance(0.65):
            return self.rng.choice(kinds)
        roll = self.rng.random()
        if roll < 0.6:
            return self.rng.choice([BOOL, LONG, LONG, STRING, STRING])
        if roll < 0.8 or depth > 1:
            return self.rng.choice(EXT_TYPES)
        if roll < 0.9:
            return ("Set", self.random_type(depth + 1))
        return ("Record", tuple((n, self.random_type(depth + 1), True) for n in sorted({self.rng.choice("abc") for _ in range(2)})))

    def value(self, kind, depth, guards):
        """An expression of the type; what must hold first is appended to guards."""
        if self.wild and self.chance(self.wild):
            kind = self.random_type()
        node = self.place(kind, depth, guards)
        if node.type is None:
            node.type = kind
        return node

    def place(self, kind, depth, guards):
        """Chooses between a path, a conditional, a detour through a record, and the type's own forms."""
        roll = self.rng.random()
        known = self.paths.get(kind)
        if known and roll < (0.5 if depth <= 0 or kind not in COMPOUND else 0.3):
            node, needed = self.rng.choice(known)
            guards.extend(g for g in needed if not any(g is h for h in guards))
            return node.copy()
        tags = [t for t in self.tagged if t[1] == kind]
        if tags and roll < 0.62:
            return self.tag(self.rng.choice(tags), guards)
        if depth > 0 and roll < 0.68:
            branches = [self.bool(depth - 1), self.value(kind, depth - 1, guards), self.value(kind, depth - 1, guards)]
            return Node("if", branches, type=kind)
        if depth > 0 and roll < 0.71:
            name = self.rng.choice(texts.IDENTS + texts.ODD_NAMES)
            pairs = {name: self.value(kind, depth - 1, guards)}
            pairs.setdefault("other", lit(1))
            return get(Node("record", pairs.values(), list(pairs)), name, kind)
        if roll < 0.75:
            node = self.through_entity(kind, guards)
            if node is not None:
                return node
        return getattr(self, "make_" + kind[0].lower())(kind, depth, guards)

    def tag(self, entry, guards):
        """`e.getTag(k)` with its guard."""
        node, kind, needed = entry
        key = lit(self.rng.choice(["k1", "key", "é", "e\u0301", ""])) if self.chance(0.8) else self.value(STRING, 0, guards)
        guards.extend(needed)
        guards.append(Node("method", [node.copy(), key], "hasTag", BOOL))
        return Node("method", [node.copy(), key.copy()], "getTag", kind)

    def through_entity(self, kind, guards):
        """An attribute of an entity literal."""
        found = [(t.name, name, required) for t in self.world.types.values() if t.enum is None
                 for name, (inner, required) in t.attrs.items() if inner == kind]
        if not found:
            return None
        name, attr, required = self.rng.choice(found)
        node = self.entity_literal(name)
        if not required:
            guards.append(has(node, [attr]))
        return get(node, attr, kind)

    def entity_literal(self, name):
        """An entity literal with an id from the pool."""
        return entity(name, self.rng.choice(self.ids.get(name) or ["a", "b"]))

    def make_bool(self, kind, depth, guards):
        """A boolean, guarded by itself."""
        return self.bool(depth)

    def make_long(self, kind, depth, guards):
        """Arithmetic and durations."""
        roll = self.rng.random()
        if depth > 0 and roll < 0.6:
            op = self.rng.choice(["+", "-", "*"])
            return Node(op, [self.value(LONG, depth - 1, guards), self.value(LONG, depth - 1, guards)], type=LONG)
        if depth > 0 and roll < 0.68:
            return Node("neg", [self.value(LONG, depth - 1, guards)], type=LONG)
        if depth > 0 and roll < 0.85:
            return Node("method", [self.value(("Ext", "duration"), depth - 1, guards)], self.rng.choice(LONG_METHODS), LONG)
        return lit(self.rng.choice(texts.LONGS) if self.chance(0.6) else self.rng.randint(-9, 20))

    def make_string(self, kind, depth, guards):
        """A string literal."""
        return lit(self.rng.choice(texts.STRINGS))

    def make_set(self, kind, depth, guards):
        """A set literal."""
        count = self.rng.choice([1, 1, 2, 3, 4])
        return Node("set", [self.value(kind[1], max(depth - 1, 0), guards) for _ in range(count)], type=kind)

    def make_record(self, kind, depth, guards):
        """A record literal; optional attributes are sometimes left out."""
        keep = [(n, t) for n, t, required in kind[1] if required or self.chance(0.6)]
        self.rng.shuffle(keep)
        return Node("record", [self.value(t, max(depth - 1, 0), guards) for _, t in keep], [n for n, _ in keep], kind)

    def make_entity(self, kind, depth, guards):
        """An entity literal."""
        if kind[1].endswith("Action"):
            uids = [u for u in self.world.actions if u[0] == kind[1]] or [(kind[1], "view")]
            return entity(*self.rng.choice(uids))
        return self.entity_literal(kind[1])

    def make_ext(self, kind, depth, guards):
        """An extension value: a constructor on a literal, or a method which returns one."""
        name = kind[1]
        if depth > 0 and name in ("datetime", "duration") and self.chance(0.6):
            date = lambda: self.value(("Ext", "datetime"), depth - 1, guards)
            if name == "datetime":
                span = self.value(("Ext", "duration"), depth - 1, guards)
                return self.rng.choice([Node("method", [date(), span], "offset", kind), Node("method", [date()], "toDate", kind)])
            return self.rng.choice([Node("method", [date(), date()], "durationSince", kind), Node("method", [date()], "toTime", kind)])
        function, good, bad = texts.EXTENSIONS[name]
        return Node("call", [lit(self.rng.choice(bad if self.chance(self.wild) else good))], function, kind)


def loose(kind):
    """Whether a record inside the type has an optional attribute: no literal is of such a type."""
    if kind[0] == "Set":
        return loose(kind[1])
    return kind[0] == "Record" and any(not required or loose(inner) for _, inner, required in kind[1])


def shape(node):
    """A hashable key: equal for equal trees."""
    data = tuple(node.data) if isinstance(node.data, list) else (type(node.data).__name__, node.data)
    return (node.op, data, tuple(shape(kid) for kid in node.kids))

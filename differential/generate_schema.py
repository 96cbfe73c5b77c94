"""Random schemas, mostly well-formed; `spoil` makes one that should be rejected (or nearly)."""

import texts
from schema import ActionDecl, Common, EntityDecl, Namespace, Schema

NAMES = ["User", "Group", "Doc", "Folder", "Team", "Res", "T1", "T2", "Item", "Org"]
NAMESPACES = ["N", "M", "App", "N::Sub", "A::B::C"]
PRIMITIVES = [("Bool",), ("Long",), ("String",)]
EXT = [("Ext", name) for name in ("ipaddr", "decimal", "datetime", "duration")]
ACTIONS = ["view", "edit", "delete", "read", "a b", "é", "e\u0301", "in", "", "\U0001f600", "x\"y", "list", "group", "admin"]


class SchemaGenerator:
    """Builds one schema."""

    def __init__(self, rng):
        self.rng = rng
        self.entity_names, self.common_names, self.enum_names = [], [], []
        self.root_actions = set()

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def attr_name(self):
        """An attribute name, sometimes one which needs quotes."""
        return self.rng.choice(texts.ODD_NAMES if self.chance(0.15) else texts.IDENTS)

    def type(self, depth=0):
        """A random type of limited depth."""
        roll = self.rng.random()
        if depth < 3 and roll < 0.14:
            return ("Set", self.type(depth + 1))
        if depth < 3 and roll < 0.30:
            return self.record(depth + 1, self.rng.randint(0, 3))
        if roll < 0.45 and self.entity_names:
            return ("Entity", self.rng.choice(self.entity_names))
        if roll < 0.55 and self.common_names:
            return ("Common", self.rng.choice(self.common_names))
        return self.rng.choice(EXT) if roll < 0.72 else self.rng.choice(PRIMITIVES)

    def record(self, depth, count):
        """A record type."""
        names = []
        while len(names) < count:
            name = self.attr_name()
            if name not in names:
                names.append(name)
        return ("Record", tuple((name, self.type(depth), self.chance(0.6)) for name in names))

    def notes(self):
        """Annotations, rarely."""
        if not self.chance(0.12):
            return []
        keys = self.rng.sample(["doc", "id", "a", "if", "in", "type"], self.rng.randint(1, 2))
        return [(k, None if self.chance(0.3) else self.rng.choice(texts.STRINGS)) for k in keys]

    def generate(self):
        """A schema of one to three namespaces."""
        names = [""] if self.chance(0.35) else []
        names += self.rng.sample(NAMESPACES, self.rng.choice([1, 1, 2]) if not names else self.rng.choice([0, 1, 1, 2]))
        spaces = [Namespace(name, notes=self.notes() if name else []) for name in names]
        if self.chance(0.05):
            spaces.append(Namespace("Empty"))
        root = set()
        for ns in spaces:
            count = self.rng.randint(1, 4)
            for name in self.rng.sample(NAMES, count):
                if name not in root:
                    ns.entities.append(EntityDecl([name], notes=self.notes()))
                    self.entity_names.append(ns.full(name))
                    root |= {name} if not ns.name else set()
        for ns in spaces:
            self.fill_commons(ns, root)
        for ns in spaces:
            for decl in ns.entities:
                self.fill_entity(decl, ns)
            if self.chance(0.2):
                self.twin(ns, root)
        for ns in spaces:
            self.fill_actions(ns, spaces)
        if not any(a.principals for ns in spaces for a in ns.actions):
            self.add_action(spaces[0], "go", spaces)
        return Schema(spaces, self.rng.randrange(2**32))

    def fill_commons(self, ns, root):
        """Common types, each referring only to earlier ones; some shadow a builtin."""
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            name = self.rng.choice(["Info", "Address", "Tagged", "Ctx", "type", "Nested"])
            if ns.name and self.chance(0.06):
                name = self.rng.choice(["decimal", "ipaddr", "duration", "datetime"])
            if name in root or ns.full(name) in self.entity_names or any(c.name == name for c in ns.commons):
                continue
            if not ns.name and ns.full(name) in self.common_names:
                continue
            kind = self.record(1, self.rng.randint(1, 3)) if self.chance(0.6) else self.type(1)
            ns.commons.append(Common(name, kind, self.notes()))
            self.common_names.append(ns.full(name))
            if not ns.name:
                root.add(name)

    def fill_entity(self, decl, ns):
        """Parents, attributes and tags of an entity type, or its choices."""
        if self.chance(0.12):
            decl.enum = self.rng.sample(texts.IDS, self.rng.randint(1, 4))
            self.enum_names += [ns.full(n) for n in decl.names]
            return
        plain = [n for n in self.entity_names if n not in self.enum_names]
        if plain and self.chance(0.6):
            decl.parents = self.rng.sample(plain, min(len(plain), self.rng.choice([1, 1, 2])))
        decl.shape = self.record(0, self.rng.choice([0, 1, 2, 3, 4, 6]))
        if self.chance(0.25):
            decl.tags = self.type(1)

    def twin(self, ns, root):
        """Two names in one declaration."""
        plain = [d for d in ns.entities if d.enum is None]
        name = self.rng.choice(["Twin", "Other"])
        if plain and name not in root and ns.full(name) not in self.entity_names:
            self.rng.choice(plain).names.append(name)
            self.entity_names.append(ns.full(name))
            if not ns.name:
                root.add(name)

    def fill_actions(self, ns, spaces):
        """Groups first, then actions which may be in them."""
        for name in self.rng.sample([a for a in ACTIONS if a not in self.root_actions], self.rng.randint(0 if ns.name else 1, 4)):
            if not ns.name:
                self.root_actions.add(name)
            if self.chance(0.3):
                groups = self.groups(spaces)
                parents = self.rng.sample(groups, min(len(groups), self.rng.choice([0, 0, 1])))
                ns.actions.append(ActionDecl([name], parents, notes=self.notes()))
            else:
                self.add_action(ns, name, spaces)
        if ns.name and self.chance(0.1) and ns.actions:
            self.rng.choice(ns.actions).names.append("second")

    def groups(self, spaces):
        """All actions declared so far."""
        return [(ns.full("Action"), n) for ns in spaces for a in ns.actions for n in a.names]

    def add_action(self, ns, name, spaces):
        """An action which applies to something."""
        groups = self.groups(spaces)
        parents = self.rng.sample(groups, min(len(groups), self.rng.choice([0, 1, 1, 2])))
        pick = lambda: self.rng.sample(self.entity_names, min(len(self.entity_names), self.rng.choice([1, 1, 2, 3])))
        records = [c for c in self.common_records(spaces)]
        context = self.record(0, self.rng.choice([0, 1, 2, 4]))
        if records and self.chance(0.25):
            context = ("Common", self.rng.choice(records))
        ns.actions.append(ActionDecl([name], parents, pick(), pick(), context, self.notes()))

    def common_records(self, spaces):
        """Names of common types which are records."""
        return [ns.full(c.name) for ns in spaces for c in ns.commons if c.type[0] == "Record"]


SPOILERS = ["undefined", "undefined common", "cycle", "action cycle", "duplicate entity", "duplicate common",
            "duplicate action", "shadow", "reserved common", "reserved entity", "unknown parent",
            "unknown action parent", "context not record", "enum parent", "empty enum", "duplicate enum", "twice",
            "action entity", "empty applies", "common entity clash", "enum tags", "attribute action type", "reserved path",
            "duplicate notes", "self action", "bad note", "duplicate list", "context entity"]


def spoil(schema, rng):
    """Injures a schema in one of many ways; returns the kind."""
    kind = rng.choice(SPOILERS)
    ns = rng.choice([n for n in schema.namespaces if n.entities] or schema.namespaces)
    if not ns.entities:
        ns.entities.append(EntityDecl(["User"]))
    decl, plain = ns.entities[0], EntityDecl(["Spoiled"])
    uid = lambda name: (ns.full("Action"), name)
    add = ns.entities.append
    if kind in ("undefined", "undefined common"):
        add(EntityDecl(["Spoiled"], shape=("Record", (("z", ("Entity", rng.choice(["Nope", "N::Nope", "__cedar::Nope"])), True),))))
    elif kind == "cycle":
        ns.commons += [Common("C1", ("Set", ("Common", ns.full("C2")))), Common("C2", ("Common", ns.full("C1")))]
    elif kind == "action cycle":
        ns.actions += [ActionDecl(["p1"], [uid("p2")]), ActionDecl(["p2"], [uid("p1")])]
    elif kind == "self action":
        ns.actions.append(ActionDecl(["p1"], [uid("p1")]))
    elif kind == "duplicate entity":
        add(EntityDecl([decl.names[0]]))
    elif kind == "duplicate common":
        ns.commons += [Common("C1", ("Bool",)), Common("C1", rng.choice([("Bool",), ("Long",)]))]
    elif kind == "duplicate action":
        ns.actions += [ActionDecl(["p1"]), ActionDecl(["p1"])]
    elif kind == "shadow":
        name = rng.choice(["User", "Shadow"])
        schema.namespaces += [Namespace("", entities=[EntityDecl([name])]) if rng.random() < 0.5 else
                              Namespace("", commons=[Common(name, ("Long",))]), Namespace("Sh", entities=[EntityDecl([name])])]
    elif kind == "reserved common":
        ns.commons.append(Common(rng.choice(["Bool", "Long", "String", "Set", "Record", "Entity", "Extension", "Boolean", "decimal",
                                             "__cedar", "ipaddr", "if", "in", "Action", "entity", "type"]), ("Long",)))
    elif kind == "reserved entity":
        add(EntityDecl([rng.choice(["Bool", "Long", "String", "Set", "Record", "Entity", "Extension", "decimal", "__cedar", "if", "true",
                                    "Action", "__cedarx", "principal", "like"])]))
    elif kind == "unknown parent":
        plain.parents = [rng.choice(["Nope", ns.full("Nope")])]
        add(plain)
    elif kind == "unknown action parent":
        ns.actions.append(ActionDecl(["p1"], [rng.choice([uid("nope"), ("Nope::Action", "x"), (ns.full("Act"), "x"), ("Action", "x")])]))
    elif kind in ("context not record", "context entity"):
        ns.commons.append(Common("C1", ("Long",) if kind == "context not record" else ("Set", ("Long",))))
        context = ("Common", ns.full("C1")) if rng.random() < 0.7 else ("Entity", ns.full(decl.names[0]))
        ns.actions.append(ActionDecl(["p1"], [], [ns.full(decl.names[0])], [ns.full(decl.names[0])], context))
    elif kind == "enum parent":
        add(EntityDecl(["En"], enum=["a"]))
        plain.parents = [ns.full("En")]
        add(plain)
    elif kind in ("empty enum", "enum tags"):
        add(EntityDecl(["En"], enum=[]))
    elif kind == "duplicate enum":
        add(EntityDecl(["En"], enum=["a", "b", "a"]))
    elif kind == "twice":
        schema.namespaces.append(Namespace(ns.name or "N", entities=[EntityDecl(["Spoiled"])]))
    elif kind == "action entity":
        plain.parents = [ns.full("Action")]
        add(plain)
    elif kind == "attribute action type":
        plain.shape = ("Record", (("z", ("Entity", ns.full("Action")), True),))
        add(plain)
    elif kind == "empty applies":
        ns.actions.append(ActionDecl(["p1"], [], [], [ns.full(decl.names[0])]))
    elif kind == "common entity clash":
        ns.commons.append(Common(decl.names[0], ("Long",)))
    elif kind == "reserved path":
        schema.namespaces.append(Namespace(rng.choice(["__cedar", "N::__cedar", "if", "in::x", "__cedar::x", "Action"]),
                                           entities=[EntityDecl(["Spoiled"])]))
    elif kind == "duplicate notes":
        decl.notes = [("a", "x"), ("a", "x")]
    elif kind == "bad note":
        decl.notes = [(rng.choice(["é", "1", "a b", "__cedar"]), "x")]
    elif kind == "duplicate list":
        name = ns.full(decl.names[0])
        ns.actions.append(ActionDecl(["p1"], [], [name, name], [name]))
        add(EntityDecl(["Spoiled"], parents=[name, name]))
    return kind

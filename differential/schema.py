"""The generator's model of a schema, its human syntax and what it means to the other generators.

Types are tuples: ("Bool",) ("Long",) ("String",) ("Set", t) ("Record", ((name, type, required), …))
("Entity", "N::T") ("Ext", "decimal") ("Common", "N::Name").
"""

from dataclasses import dataclass, field

from texts import is_ident, quote


@dataclass
class Common:
    """`type Name = …;`"""
    name: str
    type: tuple
    notes: list = field(default_factory=list)


@dataclass
class EntityDecl:
    """`entity A, B in […] = {…} tags …;` or `entity A enum […];`"""
    names: list
    parents: list = field(default_factory=list)
    shape: tuple = ("Record", ())
    tags: tuple = None
    enum: list = None
    notes: list = field(default_factory=list)


@dataclass
class ActionDecl:
    """`action "a", b in […] appliesTo {…};` parents are (type name, id)."""
    names: list
    parents: list = field(default_factory=list)
    principals: list = None
    resources: list = None
    context: tuple = ("Record", ())
    notes: list = field(default_factory=list)


@dataclass
class Namespace:
    """A namespace, or the empty one when the name is empty."""
    name: str
    commons: list = field(default_factory=list)
    entities: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def full(self, name):
        """The full name of a definition."""
        return self.name + "::" + name if self.name else name


@dataclass
class Schema:
    """All namespaces; `style` seeds the free choices of the text."""
    namespaces: list
    style: int = 0


class SchemaWriter:
    """Prints a schema; the random source chooses among equivalent spellings."""

    def __init__(self, rng):
        self.rng = rng

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def name(self, full, ns):
        """A reference to a definition from within a namespace."""
        prefix = ns.name + "::"
        if ns.name and full.startswith(prefix) and "::" not in full[len(prefix):] and self.chance(0.7):
            return full[len(prefix):]
        return full

    def builtin(self, name, ns):
        """A primitive or extension type, qualified where a definition could shadow it."""
        taken = {c.name for c in ns.commons} | {n for e in ns.entities for n in e.names}
        return "__cedar::" + name if name in taken or self.chance(0.1) else name

    def type(self, t, ns):
        """A type expression."""
        kind = t[0]
        if kind in ("Bool", "Long", "String"):
            return self.builtin(kind, ns)
        if kind == "Ext":
            return self.builtin(t[1], ns)
        if kind == "Set":
            return "Set<" + self.type(t[1], ns) + ">"
        if kind == "Record":
            return self.record(t, ns)
        return self.name(t[1], ns)

    def key(self, name):
        """An attribute or action name."""
        return name if is_ident(name) and not self.chance(0.2) else quote(name, self.rng)

    def record(self, t, ns):
        """A record type."""
        parts = [self.key(name) + ("" if required else "?") + ": " + self.type(inner, ns)
                 for name, inner, required in t[1]]
        return "{" + ", ".join(parts) + ("," if parts and self.chance(0.2) else "") + "}"

    def notes(self, notes):
        """Annotations."""
        return "".join("@" + k + ("" if v is None else "(" + quote(v, self.rng) + ")") + " " for k, v in notes)

    def listing(self, items):
        """`A` or `[A, B]`."""
        return items[0] if len(items) == 1 and self.chance(0.4) else "[" + ", ".join(items) + "]"

    def entity(self, decl, ns):
        """An entity declaration."""
        text = self.notes(decl.notes) + "entity " + ", ".join(decl.names)
        if decl.enum is not None:
            return text + " enum [" + ", ".join(quote(i, self.rng) for i in decl.enum) + "];"
        if decl.parents or self.chance(0.03):
            text += " in " + self.listing([self.name(p, ns) for p in decl.parents])
        if decl.shape[1] or self.chance(0.2):
            text += (" = " if self.chance(0.7) else " ") + self.record(decl.shape, ns)
        if decl.tags is not None:
            text += " tags " + self.type(decl.tags, ns)
        return text + ";"

    def action(self, decl, ns):
        """An action declaration."""
        text = self.notes(decl.notes) + "action " + ", ".join(self.key(n) for n in decl.names)
        if decl.parents:
            refs = []
            for type_name, eid in decl.parents:
                local = type_name == ns.full("Action") and self.chance(0.6)
                refs.append(self.key(eid) if local else type_name + "::" + quote(eid, self.rng))
            text += " in " + self.listing(refs)
        if decl.principals is not None:
            parts = ["principal: " + self.listing([self.name(p, ns) for p in decl.principals]),
                     "resource: " + self.listing([self.name(r, ns) for r in decl.resources])]
            if decl.context[0] != "Record" or decl.context[1] or self.chance(0.5):
                parts.append("context: " + self.type(decl.context, ns))
            self.rng.shuffle(parts)
            text += " appliesTo { " + ", ".join(parts) + ("," if self.chance(0.2) else "") + " }"
        return text + ";"

    def namespace(self, ns):
        """All declarations of a namespace."""
        lines = [self.notes(c.notes) + "type " + c.name + " = " + self.type(c.type, ns) + ";" for c in ns.commons]
        lines += [self.entity(e, ns) for e in ns.entities] + [self.action(a, ns) for a in ns.actions]
        self.rng.shuffle(lines)
        if not ns.name:
            return "\n".join(lines)
        return self.notes(ns.notes) + "namespace " + ns.name + " {\n  " + "\n  ".join(lines) + "\n}"


@dataclass
class EntityType:
    """What the other generators know of an entity type (types resolved)."""
    name: str
    parents: list
    attrs: dict
    tags: tuple
    enum: list


@dataclass
class Action:
    """What they know of an action."""
    uid: tuple
    parents: list
    principals: list
    resources: list
    context: dict


class World:
    """The meaning of a schema: entity types and actions with common types resolved."""

    def __init__(self, schema):
        self.commons = {ns.full(c.name): c.type for ns in schema.namespaces for c in ns.commons}
        self.types, self.actions = {}, {}
        for ns in schema.namespaces:
            for decl in ns.entities:
                for name in decl.names:
                    tags = self.resolve(decl.tags) if decl.tags is not None else None
                    self.types[ns.full(name)] = EntityType(ns.full(name), decl.parents, fields(self.resolve(decl.shape)),
                                                           tags, decl.enum)
            for decl in ns.actions:
                context = self.resolve(decl.context)
                for name in decl.names:
                    uid = (ns.full("Action"), name)
                    self.actions[uid] = Action(uid, decl.parents, decl.principals or [], decl.resources or [],
                                               fields(context) if context[0] == "Record" else {})

    def resolve(self, t, depth=0):
        """A type without references to common types (cycles end as Bool)."""
        if depth > 12:
            return ("Bool",)
        if t[0] == "Common":
            return self.resolve(self.commons.get(t[1], ("Bool",)), depth + 1)
        if t[0] == "Set":
            return ("Set", self.resolve(t[1], depth + 1))
        if t[0] == "Record":
            return ("Record", tuple(sorted(((n, self.resolve(i, depth + 1), r) for n, i, r in t[1]))))
        return t

    def ancestors(self, name):
        """Entity types that an entity of this type can be in, itself included."""
        seen, todo = [name], [name]
        while todo:
            info = self.types.get(todo.pop())
            for parent in info.parents if info else []:
                if parent not in seen:
                    seen.append(parent)
                    todo.append(parent)
        return seen

    def action_ancestors(self, uid):
        """The action itself and all its groups."""
        seen, todo = [uid], [uid]
        while todo:
            info = self.actions.get(todo.pop())
            for parent in info.parents if info else []:
                if parent not in seen:
                    seen.append(parent)
                    todo.append(parent)
        return seen

    def environments(self):
        """Every (principal type, action, resource type)."""
        return [(p, a.uid, r) for a in self.actions.values() for p in a.principals for r in a.resources]


def fields(record):
    """{name: (type, required)} of a record type."""
    return {name: (inner, required) for name, inner, required in record[1]}


def schema_text(schema, rng):
    """The schema in human syntax."""
    writer = SchemaWriter(rng)
    return "\n".join(writer.namespace(ns) for ns in schema.namespaces) + "\n"

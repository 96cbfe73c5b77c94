"""Expression trees of the generator, and their text as a list of tokens."""

from texts import is_ident, quote, quote_pattern

LEVELS = {"if": 0, "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
          "has": 3, "like": 3, "is": 3, "+": 4, "-": 4, "*": 5, "not": 6, "neg": 6,
          "get": 7, "method": 7, "call": 7}
BINARY = {"||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*"}


class Node:
    """An expression: an operator, its operands, plain data, and (if known) its type."""

    __slots__ = ("op", "kids", "data", "type")

    def __init__(self, op, kids=(), data=None, type=None):
        self.op, self.kids, self.data, self.type = op, list(kids), data, type

    def copy(self):
        """A deep copy."""
        return Node(self.op, [kid.copy() for kid in self.kids], self.data, self.type)

    def walk(self):
        """Every node of the tree, with its parent and place."""
        stack = [(self, None, 0)]
        while stack:
            node, parent, place = stack.pop()
            yield node, parent, place
            stack.extend((kid, node, i) for i, kid in enumerate(node.kids))

    def size(self):
        """The number of nodes."""
        return sum(1 for _ in self.walk())


def lit(value, type=None):
    """A literal: bool, int or str."""
    if type is None:
        type = ("Bool",) if isinstance(value, bool) else ("Long",) if isinstance(value, int) else ("String",)
    return Node("lit", data=value, type=type)


def entity(type_name, eid):
    """An entity literal."""
    return Node("entity", data=(type_name, eid), type=("Entity", type_name))


def var(name, type=None):
    """principal, action, resource or context."""
    return Node("var", data=name, type=type)


def binary(op, left, right, type=("Bool",)):
    """A binary operator."""
    return Node(op, [left, right], type=type)


def conjunction(parts):
    """`a && b && …`."""
    result = parts[0]
    for part in parts[1:]:
        result = binary("&&", result, part)
    return result


def path_tokens(name):
    """A type name as tokens."""
    out = []
    for i, part in enumerate(name.split("::")):
        out += ["::", part] if i else [part]
    return out


class Writer:
    """Writes trees as tokens; with a random source, with redundant parentheses and odd spellings."""

    def __init__(self, rng=None):
        self.rng = rng

    def chance(self, p):
        """True with probability p, never without a random source."""
        return self.rng is not None and self.rng.random() < p

    def string(self, text):
        """A string literal token."""
        return quote(text, self.rng)

    def ref(self, uid):
        """An entity reference."""
        return path_tokens(uid[0]) + ["::", self.string(uid[1])]

    def items(self, parts, open_, close):
        """A comma-separated list in brackets."""
        out = [open_]
        for i, part in enumerate(parts):
            out += ([","] if i else []) + part
        if parts and self.chance(0.15):
            out.append(",")
        return out + [close]

    def expr(self, node, level=0):
        """Tokens of a tree, in parentheses when it binds looser than the level."""
        own = LEVELS.get(node.op, 8)
        if node.op == "lit" and type(node.data) is int and node.data < 0:
            own = 6
        out = self.plain(node)
        if own < level or self.chance(0.04):
            out = ["("] + out + [")"]
        return out

    def plain(self, node):
        """Tokens of a tree without outer parentheses."""
        op, kids, data = node.op, node.kids, node.data
        if op == "lit":
            if isinstance(data, bool):
                return ["true" if data else "false"]
            if isinstance(data, int):
                return [str(data)] if data >= 0 else ["-", str(-data)]
            return [self.string(data)]
        if op in ("var", "raw"):
            return [data]
        if op == "entity":
            return self.ref(data)
        if op in BINARY:
            return self.binary(op, kids)
        if op == "if":
            cond, then, other = (self.expr(kid) for kid in kids)
            return ["if"] + cond + ["then"] + then + ["else"] + other
        if op in ("not", "neg"):
            return self.unary(op, kids[0])
        if op == "get":
            name = ["."] + [data] if is_ident(data) and not self.chance(0.1) else ["[", self.string(data), "]"]
            return self.expr(kids[0], 7) + name
        if op == "has":
            return self.expr(kids[0], 4) + ["has"] + self.has_path(data)
        if op == "like":
            return self.expr(kids[0], 4) + ["like", quote_pattern(data, self.rng)]
        if op == "is":
            tail = ["in"] + self.expr(kids[1], 4) if len(kids) > 1 else []
            return self.expr(kids[0], 4) + ["is"] + path_tokens(data) + tail
        if op == "method":
            args = self.items([self.expr(kid) for kid in kids[1:]], "(", ")")
            return self.expr(kids[0], 7) + [".", data] + args
        if op == "call":
            return path_tokens(data) + self.items([self.expr(kid) for kid in kids], "(", ")")
        if op == "set":
            return self.items([self.expr(kid) for kid in kids], "[", "]")
        if op == "record":
            pairs = [[key if is_ident(key) and not self.chance(0.2) else self.string(key)] + [":"] + self.expr(kid)
                     for key, kid in zip(data, kids)]
            return self.items(pairs, "{", "}")
        raise ValueError(op)

    def binary(self, op, kids):
        """Left associative chains; relations don't chain."""
        level = LEVELS[op]
        left, right = (level, level + 1) if level != 3 else (4, 4)
        return self.expr(kids[0], left) + [op] + self.expr(kids[1], right)

    def unary(self, op, kid):
        """Negations, sometimes stacked up to four."""
        sign, count = "!" if op == "not" else "-", 1
        while kid.op == op and count < 4 and (self.rng is None or self.chance(0.8)):
            kid, count = kid.kids[0], count + 1
        literal = op == "neg" and kid.op == "lit" and type(kid.data) is int
        return [sign] * count + (["("] + self.plain(kid) + [")"] if literal else self.expr(kid, 7))

    def has_path(self, names):
        """`has a.b.c` or `has "odd name"`."""
        if len(names) == 1 and (not is_ident(names[0]) or self.chance(0.1)):
            return [self.string(names[0])]
        return [token for i, name in enumerate(names) for token in ([".", name] if i else [name])]

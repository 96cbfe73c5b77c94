"""Random entities and requests for a world, right and wrong ones."""

import texts
from texts import entity_ref

ENUM_LIMIT = 4


class DataGenerator:
    """Entities in Cedar JSON, and requests."""

    def __init__(self, world, rng, ids, faults):
        self.world, self.rng, self.ids, self.faults = world, rng, ids, faults

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def fault(self, p):
        """True with probability p times the rate of faults."""
        return self.faults > 0 and self.rng.random() < p * self.faults

    def reference(self, name):
        """A uid of a type, sometimes of an entity which isn't there."""
        pool = self.ids.get(name) or ["a"]
        return {"type": name, "id": self.rng.choice(pool)}

    def value(self, kind, depth=0):
        """A JSON value of the type; with faults, sometimes of another."""
        if self.fault(0.03):
            kind = self.rng.choice([("Bool",), ("Long",), ("String",), ("Ext", "ipaddr"), ("Ext", "decimal"), ("Set", ("Long",)),
                                    ("Entity", "Nope"), ("Record", (("a", ("Long",), True),)), ("Set", ("String",))])
        if kind[0] == "Bool":
            return self.chance(0.5)
        if kind[0] == "Long":
            return self.rng.choice(texts.LONGS) if self.chance(0.4) else self.rng.randint(-9, 20)
        if kind[0] == "String":
            return self.rng.choice(texts.STRINGS)
        if kind[0] == "Set":
            return [self.value(kind[1], depth + 1) for _ in range(self.rng.choice([0, 1, 1, 2, 3]))]
        if kind[0] == "Record":
            return self.record({n: (t, r) for n, t, r in kind[1]}, depth + 1)
        if kind[0] == "Entity":
            uid = self.reference(kind[1])
            if kind[1].endswith("Action") and self.world.actions:
                chosen = self.rng.choice(list(self.world.actions))
                uid = {"type": chosen[0], "id": chosen[1]}
            return uid if self.chance(0.03) else {"__entity": uid}
        return self.extension(kind[1])

    def extension(self, name):
        """An extension value, nearly always with the explicit escape."""
        function, good, _ = texts.EXTENSIONS[name]
        if name == "datetime" and self.chance(0.1):
            args = [{"__extn": {"fn": "datetime", "arg": self.rng.choice(good)}},
                    {"__extn": {"fn": "duration", "arg": self.rng.choice(["1d", "-1ms", "36h", "0ms"])}}]
            return {"__extn": {"fn": "offset", "args": args}}
        call = {"fn": function, "arg": self.rng.choice(good)}
        if self.fault(0.08):
            return self.rng.choice([call, call["arg"]])
        return {"__extn": call}

    def record(self, table, depth=0):
        """A JSON record; with faults, an attribute too many or too few."""
        out = {}
        for name, (kind, required) in table.items():
            drop = 0.02 * self.faults
            if (required and not self.chance(drop)) or (not required and self.chance(0.65)):
                out[name] = self.value(kind, depth)
        if self.fault(0.03):
            out[self.rng.choice(texts.IDENTS + ["é", "e\u0301"])] = self.rng.choice([1, "x", True, [], {}])
        return out

    def entities(self):
        """The list of entities; parents come earlier in a fixed order, so there is no cycle."""
        out, order = [], []
        for info in self.world.types.values():
            for eid in self.ids.get(info.name, []):
                if self.chance(0.8):
                    order.append((info, eid))
        self.rng.shuffle(order)
        for place, (info, eid) in enumerate(order):
            above = [{"type": i.name, "id": e} for i, e in order[:place] if i.name in info.parents]
            above += [self.reference(p) for p in info.parents if self.chance(0.1) and p != info.name]
            above = self.acyclic(above, order, place)
            parents = self.rng.sample(above, min(len(above), self.rng.choice([0, 1, 1, 2, 3])))
            if self.fault(0.03):
                parents.append({"type": self.rng.choice(["Nope", "Action"]), "id": "x"})
            entry = {"uid": {"type": info.name, "id": eid}, "attrs": self.record(info.attrs), "parents": parents}
            tags = info.tags or (("String",) if self.fault(0.03) else None)
            if tags is not None and self.chance(0.85):
                keys = self.rng.sample(["k1", "key", "é", "e\u0301", "", "other"], self.rng.randint(0, 4))
                entry["tags"] = {key: self.value(tags) for key in keys}
            out.append(entry)
        if self.chance(0.6):
            out += self.actions()
        if self.fault(0.15):
            out.append({"uid": {"type": self.rng.choice(["Nope", self.rng.choice(list(self.world.types))]), "id": "stray"},
                        "attrs": {}, "parents": []})
        self.rng.shuffle(out)
        return out

    def acyclic(self, parents, order, place):
        """Drops references to entities which come later in the order (they could close a cycle)."""
        later = {(i.name, e) for i, e in order[place:]}
        unique = []
        for uid in parents:
            if (uid["type"], uid["id"]) not in later and uid not in unique:
                unique.append(uid)
        return unique

    def actions(self):
        """The schema's actions as entities, with their groups."""
        out = []
        for info in self.world.actions.values():
            parents = [{"type": t, "id": i} for t, i in info.parents]
            if self.fault(0.1) and parents:
                parents.pop()
            out.append({"uid": {"type": info.uid[0], "id": info.uid[1]}, "attrs": {}, "parents": parents})
        return out

    def requests(self, count, aims):
        """Requests for environments of the schema; about half are aimed at the scope of a policy."""
        environments = self.world.environments()
        out = []
        for _ in range(count):
            aimed = self.rng.choice(aims) if aims and self.chance(0.6) else None
            fitting, scopes = aimed if aimed else (environments, {})
            request = self.request(self.rng.choice(fitting or environments))
            for name, scope in scopes.items():
                uid = scope[-1]
                if scope[0] != "all" and isinstance(uid, tuple) and (scope[0] == "==" or self.chance(0.25)):
                    request[name] = entity_ref(*uid)
            out.append(request)
        return out

    def request(self, environment):
        """One request; some have the wrong types, an unknown action or a faulty context."""
        principal, action, resource = environment
        types = list(self.world.types)
        if self.chance(0.04):
            principal = self.rng.choice(types + ["Nope"])
        if self.chance(0.04):
            resource = self.rng.choice(types + ["Nope", "Action"])
        if self.chance(0.05):
            action = self.rng.choice(list(self.world.actions) + [("Action", "nope"), (action[0], action[1] + "x")])
        info = self.world.actions.get(environment[1])
        keep, self.faults = self.faults, self.rng.choice([0, 0, 0, 1])
        context = self.record(info.context) if info else {}
        self.faults = keep
        if self.chance(0.02):
            context = self.bad_context(context)
        return {"principal": self.ref(principal), "action": entity_ref(*action), "resource": self.ref(resource), "context": context}

    def ref(self, name):
        """A reference to an entity, present or not."""
        pool = self.ids.get(name) or ["a"]
        return entity_ref(name, self.rng.choice(pool) if self.chance(0.95) else "nobody")

    def bad_context(self, context):
        """A context which is no Cedar record."""
        bad = self.rng.choice([None, 1.5, {"__extn": {"fn": "ip", "arg": "1.2.3"}}, {"__extn": {"fn": "nope", "arg": "x"}},
                               {"__entity": {"type": "A B", "id": "x"}}, {"__entity": {"type": "if", "id": "x"}},
                               {"__extn": {"fn": "decimal", "arg": 1}}, {"__expr": "1"}, {"__extn": {"fn": "decimal", "arg": "1.00000"}},
                               1e3, {"__extn": {"fn": "isIpv4", "arg": "x"}}])
        if self.chance(0.1):
            return self.rng.choice([[], "x", 1, None])
        return {**context, "bad": bad if self.chance(0.7) else [bad]}


def break_entities(entities, rng):
    """Makes the JSON something which is not a list of entities; returns the kind."""
    if not entities:
        entities.append({"uid": {"type": "A", "id": "x"}, "attrs": {}, "parents": []})
    one = rng.choice(entities)
    kind = rng.choice(["null", "float", "big", "extension", "function", "no uid", "no attrs", "no parents", "copy", "differing copy",
                       "type", "attrs list", "parents string", "uid string", "parent form", "tags list", "nested null", "expr",
                       "entity form", "id number"])
    value = {"null": None, "float": 1.5, "big": rng.choice([1e2, 1.0]), "extension":
             {"__extn": {"fn": rng.choice(["ip", "decimal", "datetime", "duration"]), "arg": rng.choice(texts.BAD_IPS)}},
             "function": {"__extn": {"fn": rng.choice(["nope", "isIpv4", "", "IP", "a::b", "ip "]), "arg": "1.2.3.4"}},
             "nested null": {"a": [{"b": None}]}, "expr": {"__expr": "1 + 1"},
             "entity form": {"__entity": {"type": "A", "id": "x", "z": 1}},
             }
    if kind in value:
        one["attrs"] = {**one["attrs"], "bad": value[kind]} if isinstance(one["attrs"], dict) else {"bad": value[kind]}
    elif kind.startswith("no "):
        one.pop(kind[3:], None)
    elif kind == "copy":
        entities.append(dict(one))
    elif kind == "differing copy":
        entities.append({**one, "attrs": {"different": 1}})
    elif kind == "type":
        one["uid"] = {"type": rng.choice(["", "A B", "A::", "::A", "if", "A::in", "__cedar::A", "1", "é", " A", "A ", "A:: B", "__cedar"]), "id": "x"}
    elif kind == "attrs list":
        one["attrs"] = []
    elif kind == "parents string":
        one["parents"] = "x"
    elif kind == "uid string":
        one["uid"] = "A::\"x\""
    elif kind == "parent form":
        one["parents"] = [rng.choice([{"__entity": {"type": "Zz", "id": "x"}}, "A::\"x\"", {"type": "Zz"}, 1, None, {"id": "x"}])]
    elif kind == "tags list":
        one["tags"] = rng.choice([[], None, 1, {"a": None}])
    elif kind == "id number":
        one["uid"] = {"type": "A", "id": rng.choice([1, None, True])}
    return kind

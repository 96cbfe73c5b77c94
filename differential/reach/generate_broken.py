"""Ways to spoil a case so that it has to be refused."""
from samples import BROKEN, PRELUDE

NOBODY = "nobody-there"


def bad_statement(case, rng):
    """A statement that the page refuses, before or after the others."""
    # A statement left open would swallow what follows, so those at least go last.
    bad = rng.choice(BROKEN)[1]
    parts = [PRELUDE, bad + "\n"] if rng.random() < 0.5 else [PRELUDE.replace(".\n", ". "), bad]
    case["rules"] += "\n" + "".join(parts)


def cut_text(case, rng):
    """The text ends early, in its last statement."""
    case["rules"] = case["rules"].rstrip().removesuffix("# end").rstrip()[:-1]


def byte_order_mark(case, rng):
    """A byte order mark in front."""
    case["rules"] = "\ufeff" + case["rules"]


def some_edge(case, rng):
    """A copy of any edge put where edges go, to be spoilt."""
    key = rng.choice(["edges", "edges", "add", "add", "remove"])
    edge = list(rng.choice(case["edges"] + case["add"]))
    case.setdefault(key, []).insert(rng.randrange(len(case.get(key, [])) + 1), edge)
    return edge


def unknown_type(case, rng):
    """An edge of no declared relation."""
    some_edge(case, rng)[1] = rng.choice(["nothing", "become", "not", "", "Member"])


def dangling_edge(case, rng):
    """An edge from or to no node."""
    edge = some_edge(case, rng)
    edge[rng.choice([0, 2] if len(edge) == 3 else [0])] = NOBODY


def dangling_protected(case, rng):
    """A protected name that is no node."""
    case["protected"].append(NOBODY)


def wrong_arity(case, rng):
    """An edge with a place too many or too few."""
    edge = some_edge(case, rng)
    if len(edge) == 3:
        edge.pop()
    else:
        edge.append(rng.choice(case["nodes"]))


def duplicate_node(case, rng):
    """A node twice."""
    case["nodes"].insert(rng.randrange(len(case["nodes"])), rng.choice(case["nodes"]))


def bad_shape(case, rng):
    """A malformed object."""
    kind = rng.randrange(6)
    if kind == 0:
        case[rng.choice(["nodez", "removed", "comment", "Nodes"])] = []
    elif kind == 1:
        del case[rng.choice(["rules", "nodes", "edges", "protected", "add"])]
    elif kind == 2:
        case[rng.choice(["rules", "nodes", "edges", "protected", "add"])] = rng.choice([None, 1, {}])
    elif kind == 3:
        case["edges"].append([case["nodes"][0]] * rng.choice([0, 1, 4]))
    elif kind == 4:
        case["nodes"].append(rng.choice([1, None, ["a"]]))
    else:
        some_edge(case, rng)[0] = rng.choice([1, None, True])


WAYS = [bad_statement] * 8 + [cut_text, byte_order_mark, unknown_type, unknown_type, dangling_edge,
                              dangling_edge, dangling_protected, wrong_arity, wrong_arity,
                              duplicate_node, bad_shape, bad_shape]


def break_case(case, rng):
    """The case, spoilt in one way."""
    rng.choice(WAYS)(case, rng)
    return case

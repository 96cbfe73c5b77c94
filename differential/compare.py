"""Compares the probe's answer with the reference's; every difference has a category."""

import json

from render import comments

ERRORS = [("schemaError", "schema"), ("policyError", "policies"), ("linkError", "links"), ("entitiesError", "entities")]
PRINTED = ["formatted", "text", "schemaText", "schemaJSON", "est"]


def canonical(value):
    """JSON with sorted keys: tells 1 from true and é from e + accent."""
    return json.dumps(value, sort_keys=True)


def normal_est(est):
    """An EST in one form: keys sorted, links sorted by id with plain entity uids, empty annotations left out."""
    out = {"templateLinks": sorted((normal_link(l) for l in est.get("templateLinks") or []), key=canonical)}
    for kind in ("staticPolicies", "templates"):
        out[kind] = {name: {k: v for k, v in p.items() if k != "annotations" or v} for name, p in (est.get(kind) or {}).items()}
    return out


def normal_link(link):
    """A link whose values are {type, id} without the `__entity` escape."""
    values = {slot: uid.get("__entity", uid) if isinstance(uid, dict) else uid for slot, uid in link.get("values", {}).items()}
    return {**link, "values": values}


def differences(question, want, got, printed=None):
    """[(category, detail)]; `printed` is the reference's verdict on what the probe printed."""
    out = []
    for key, category in ERRORS:
        if (want.get(key) is None) != (got.get(key) is None):
            out.append((category, {"want": want.get(key), "got": got.get(key)}))
    if want.get("schemaError") is None and want.get("policyError") is None and not out:
        out += verdicts(want, got)
    if not any(c in ("policies", "links", "schema") for c, _ in out):
        out += results(question, want, got)
    if want.get("policyError") is None and got.get("policyError") is None:
        out += estimates(question, want, got)
    for key, message in (printed or {}).items():
        if key != "id" and message is not None:
            out.append((key, message))
    return out


def verdicts(want, got):
    """Strict validation, per set and (when the probe tells) per policy; permissive must follow from strict."""
    out = []
    if want.get("strict") is None:
        return out
    if got.get("strict") != want["strict"]:
        out.append(("strict", {"want": want["strict"], "got": got.get("strict"), "invalid": want.get("invalid")}))
    if got.get("invalid") is not None and sorted(got["invalid"]) != want["invalid"]:
        out.append(("invalid policies", {"want": want["invalid"], "got": sorted(got["invalid"])}))
    if got.get("strict") and got.get("permissive") is False:
        out.append(("permissive", "strictly valid, but not permissively"))
    return out


def results(question, want, got):
    """Decisions, reasons, errors, and the validity of requests."""
    if (want.get("results") is None) != (got.get("results") is None):
        return [("results", {"want": want.get("results"), "got": got.get("results")})]
    if want.get("results") is None:
        return []
    if len(want["results"]) != len(got["results"]):
        return [("results", "%d results for %d requests" % (len(got["results"]), len(want["results"])))]
    out = []
    for place, (left, right) in enumerate(zip(want["results"], got["results"])):
        wrong = ("requestError" in left) != ("requestError" in right)
        pair = lambda key: {"request": place, "want": left.get(key), "got": right.get(key)}
        if wrong:
            out.append(("requestError", pair("requestError")))
        elif "requestError" not in left:
            out += [(k, pair(k)) for k in ("decision", "reasons", "errors") if left[k] != right.get(k)]
        if left.get("requestValid") is not None and right.get("requestValid") is not None and left["requestValid"] != right["requestValid"]:
            out.append(("requestValid", pair("requestValid")))
    return out


def estimates(question, want, got):
    """The EST, and that formatting keeps every comment."""
    out = []
    if want.get("est") is not None and "est" in got:
        if got["est"] is None:
            out.append(("est", "none"))
        elif want.get("linkError") == got.get("linkError") or (want.get("linkError") is None) == (got.get("linkError") is None):
            left, right = normal_est(want["est"]), normal_est(got["est"])
            if canonical(left) != canonical(right):
                out.append(("est", first_difference(left, right)))
    if got.get("formatted") is not None and sorted(comments(question["policies"])) != sorted(comments(got["formatted"])):
        out.append(("comments", {"want": comments(question["policies"]), "got": comments(got["formatted"])}))
    return out


def first_difference(left, right, path=""):
    """Where two JSON values differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(set(left) | set(right)):
            if key not in left or key not in right or canonical(left[key]) != canonical(right[key]):
                if key in left and key in right:
                    return first_difference(left[key], right[key], path + "/" + key)
                return {"at": path + "/" + key, "want": left.get(key, "(absent)"), "got": right.get(key, "(absent)")}
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for i, (a, b) in enumerate(zip(left, right)):
            if canonical(a) != canonical(b):
                return first_difference(a, b, path + "/" + str(i))
    return {"at": path, "want": left, "got": right}


def printed_question(question, got):
    """The question for the reference about what the probe printed, or None when there is nothing to judge."""
    accepted = got.get("policyError") is None
    parts = {k: got.get(k) for k in PRINTED if got.get(k) is not None and (accepted or k.startswith("schema"))}
    if got.get("schemaError") is not None or question["schema"] is None:
        parts = {k: v for k, v in parts.items() if not k.startswith("schema")}
    if not parts:
        return None
    return {"op": "check", "id": question["id"], "policies": question["policies"], "entities": question["entities"],
            "requests": question["requests"], **parts}

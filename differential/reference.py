"""The answers of the reference engine (cedarpy) to the questions of the protocol."""

import json

from cedarpy import Entities, PolicySet, Schema, _internal

from compare import canonical
from texts import split_ref

EVALUATING = "error while evaluating policy `"


def attempt(function, *args):
    """(result, None) or (None, message)."""
    try:
        return function(*args), None
    except (ValueError, KeyError, TypeError) as error:
        return None, str(error) or "error"


def request(item):
    """A request in cedarpy's structured form."""
    out = {"context": json.dumps(item["context"])}
    for key in ("principal", "action", "resource"):
        type_name, eid = split_ref(item[key])
        out[key] = {"type": type_name, "id": eid}
    return out


def debug_escaped(text):
    """How a policy id may look inside an error message."""
    return text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\0", "\\0").replace("\u0301", "\\u{301}")


def erring(messages, ids):
    """Policy ids from the evaluation errors."""
    shown = {}
    for name in ids:
        shown[name] = name
        shown[debug_escaped(name)] = name
    found = set()
    for message in messages:
        if not message.startswith(EVALUATING):
            raise ValueError("unknown error form: " + message)
        rest = message[len(EVALUATING):]
        match = [n for n in shown if rest.startswith(n + "`: ")]
        if not match:
            raise ValueError("unknown policy in: " + message)
        found.add(shown[max(match, key=len)])
    return sorted(found)


def result(text, ids):
    """One response of cedarpy in the protocol's form."""
    answer = json.loads(text)
    if answer["decision"] == "NoDecision":
        return {"requestError": "; ".join(answer["diagnostics"]["errors"])}
    notes = answer["diagnostics"]
    return {"decision": answer["decision"].lower(), "reasons": sorted(notes["reason"]), "errors": erring(notes["errors"], ids)}


def strict(policies, schema):
    """(verdict, ids of invalid policies) of strict validation."""
    answer = json.loads(_internal.validate_policies(policies, schema))
    return answer["validation_passed"], sorted({e["policy_id"] for e in answer["errors"]})


def with_links(handle, links):
    """The policy set with all links."""
    return handle.with_linked_batch([{"template_id": l["template"], "new_id": l["id"], "values": l["values"]} for l in links])


def evaluate(question):
    """Everything that cedarpy can say about a question; `requestValid` of a request only with a schema."""
    out = {"id": question["id"], "schemaError": None, "policyError": None, "linkError": None, "entitiesError": None, "strict": None,
           "invalid": None, "results": None, "est": None}
    schema = None
    if question["schema"] is not None:
        schema, out["schemaError"] = attempt(Schema.from_str, question["schema"])
    text = json.dumps(question["entities"])
    raw, out["entitiesError"] = attempt(Entities.from_json_str, text)
    if schema is not None:
        out["entitiesError"] = attempt(Entities.from_json_str, text, schema)[1]
    Last.id, Last.policies, Last.schema, Last.est, Last.entities = question["id"], question["policies"], schema, None, out["entitiesError"] is None
    handle, out["policyError"] = attempt(PolicySet.from_str, question["policies"])
    if handle is None:
        return out
    out["est"] = json.loads(_internal.policies_to_json_str(question["policies"]))
    out["est"]["templateLinks"] = []
    if schema is not None:
        out["strict"], out["invalid"] = strict(question["policies"], schema)
    if question["links"]:
        linked, out["linkError"] = attempt(with_links, handle, question["links"])
        if linked is not None:
            handle = linked
            out["est"]["templateLinks"] = [{"templateId": l["template"], "newId": l["id"], "values": l["values"]} for l in question["links"]]
    Last.handle, Last.est, Last.verdict = handle, out["est"], (out["strict"], out["invalid"])
    if raw is not None:
        ids = list(out["est"]["staticPolicies"]) + [l["id"] for l in question["links"]]
        out["results"] = evaluate_requests(question["requests"], handle, raw._inner, schema, ids)
    return out


def evaluate_requests(requests, handle, entities, schema, ids):
    """The batch, without request validation, and once more with it."""
    items = [request(r) for r in requests]
    results = [result(r, ids) for r in _internal.is_authorized_batch(items, handle, entities, None, False)]
    if schema is not None:
        checked = _internal.is_authorized_batch(items, handle, entities, schema, False)
        for one, text in zip(results, checked):
            one["requestValid"] = json.loads(text)["decision"] != "NoDecision"
    return results


class Last:
    """What `evaluate` found out about the last question, for the judgement which follows."""
    id = policies = schema = handle = est = verdict = entities = None


def same_text(text, compare):
    """None when the text's EST equals the last question's by the comparison, or a message."""
    other, error = attempt(_internal.policies_to_json_str, text)
    if error is not None:
        return error
    other = json.loads(other)
    return None if compare(other) == compare(Last.est) else "another meaning"


def policies_only(est):
    """The policies and templates of an EST."""
    return canonical([est["staticPolicies"], est["templates"]])


def check(question):
    """Judges what the probe printed: does it mean the same to cedarpy? Every verdict is None (fine) or a message."""
    if Last.id != question["id"] or Last.policies != question["policies"]:
        raise ValueError("judgement of a question which wasn't the last one")
    out = {"id": question["id"]}
    if Last.est is not None:
        for key, compare in (("formatted", policies_only), ("text", bodies)):
            if question.get(key) is not None:
                out[key] = same_text(question[key], compare)
        if question.get("est") is not None:
            out["estAccepted"] = check_est(question["est"])
    for key, parse in (("schemaText", Schema.from_str), ("schemaJSON", Schema.from_json_str)):
        if question.get(key) is not None and Last.schema is not None:
            source = question[key] if key == "schemaText" else json.dumps(question[key])
            out[key] = check_schema(question, *attempt(parse, source))
    return out


def links_of(handle):
    """The links of a policy set in a comparable form."""
    return sorted(canonical([l["id"], {k: str(v) for k, v in l["values"].items()}]) for t in handle.templates() for l in t["links"])


def check_est(est):
    """The EST must be accepted, with the same links."""
    handle, error = attempt(PolicySet.from_json_str, json.dumps(est))
    if error is not None:  # cedarpy reads back no JSON deeper than 128 levels, its own neither
        return None if attempt(PolicySet.from_json_str, json.dumps(Last.est))[1] is not None else error
    return None if links_of(handle) == links_of(Last.handle) else "other links"


def bodies(est):
    """Policies and templates of an EST without their ids."""
    return sorted(canonical(p) for kind in ("staticPolicies", "templates") for p in est[kind].values())


def check_schema(question, schema, error):
    """A printed schema must be accepted and give the same verdicts as the original."""
    if schema is None:
        return error
    if Last.est is not None and strict(question["policies"], schema) != Last.verdict:
        return "another strict verdict"
    text = json.dumps(question["entities"])
    if (attempt(Entities.from_json_str, text, schema)[1] is None) != Last.entities:
        return "another verdict on the entities"
    if valid_requests(question["requests"], schema) != valid_requests(question["requests"], Last.schema):
        return "another verdict on the requests"
    return None


def valid_requests(requests, schema):
    """Which requests the schema allows."""
    answers = _internal.is_authorized_batch([request(r) for r in requests], PolicySet.from_str(""), Entities.from_json_str("[]")._inner, schema, False)
    return [json.loads(a)["decision"] != "NoDecision" for a in answers]

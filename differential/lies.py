"""Lies for the stub: one per category of difference, each told only when the input has a certain feature."""


def _flip(result):
    result["decision"] = "deny" if result["decision"] == "allow" else "allow"


def _results(out):
    return [r for r in out["results"] or [] if "requestError" not in r]


def tell(lie, question, out):
    """Changes a true answer into the lie, when the input gives occasion to it."""
    text, schema = question["policies"], question["schema"] or ""
    if lie == "schema" and " tags " in schema and out["schemaError"] is None:
        out["schemaError"] = "lie"
    elif lie == "policies" and " like " in text and out["policyError"] is None:
        out["policyError"] = "lie"
    elif lie == "links" and question["links"] and out["linkError"] is None:
        out["linkError"] = "lie"
    elif lie == "entities" and any("tags" in e for e in question["entities"] if isinstance(e, dict)):
        out["entitiesError"] = None if out["entitiesError"] else "lie"
    elif lie == "results" and "isEmpty" in text:
        out["results"] = None
    elif lie == "requestError" and any(not isinstance(r["context"], dict) for r in question["requests"]):
        out["results"] = [{"decision": "deny", "reasons": [], "errors": []} for _ in out["results"] or []]
    elif lie == "decision" and "unless" in text:
        for result in _results(out):
            if result["reasons"]:
                _flip(result)
    elif lie == "reasons":
        for result in _results(out):
            if len(result["reasons"]) > 1:
                result["reasons"].pop()
    elif lie == "errors":
        for result in _results(out):
            if "+" in text:
                result["errors"] = result["errors"][1:]
    elif lie == "requestValid":
        for result, request in zip(out["results"] or [], question["requests"]):
            if request["context"] and "requestValid" in result:
                result["requestValid"] = True
    elif lie == "strict" and out["strict"] is False and "in [" in text:
        out["strict"] = True
        out["invalid"] = None
    elif lie == "invalid policies" and out["invalid"] and " has " in text:
        out["invalid"] = out["invalid"][1:]
    elif lie == "permissive" and out["strict"] and "==" in text:
        out["permissive"] = False
    elif lie == "est" and out["est"] and "getTag" in text:
        out["est"]["staticPolicies"] = {k: {**v, "effect": "permit"} for k, v in out["est"]["staticPolicies"].items()}
    elif lie in ("formatted", "text") and out.get(lie) and "if " in text:
        out[lie] = out[lie].replace("permit", "forbid")
    elif lie == "comments" and out.get("formatted"):
        out["formatted"] = "\n".join(l for l in out["formatted"].split("\n") if not l.strip().startswith("//"))
    elif lie == "schemaText" and out.get("schemaText") and "?" in schema:
        out["schemaText"] = out["schemaText"].replace("?:", ":")
    elif lie == "schemaJSON" and schema and out["schemaError"] is None:
        out["schemaJSON"] = {"": {"entityTypes": {}, "actions": {}}} if "Set<" in schema else None
    elif lie == "probe crashed" and "toDate" in text:
        raise SystemExit(3)


ALL = ["schema", "policies", "links", "entities", "results", "requestError", "decision", "reasons", "errors", "requestValid", "strict",
       "invalid policies", "permissive", "est", "formatted", "text", "comments", "schemaText", "schemaJSON", "probe crashed"]

"""Stands in for the probe when the driver itself is tested: cedarpy, with an optional lie per category.

`python stub.py [--lie CATEGORY] [--die-every N]`"""

import json
import sys

import lies
import reference
from render import comments
from cedarpy import Schema, _internal


def answer(question):
    """What a perfect probe would say."""
    out = reference.evaluate(question)
    out["permissive"] = True if out["strict"] else None
    if out["policyError"] is None:
        # cedarpy prints no templates from JSON, and its formatter loses comments after a trailing comma
        out["text"], error = reference.attempt(_internal.policies_from_json_str, json.dumps({**out["est"], "templateLinks": []}))
        if out["est"]["templates"] or error is not None:
            out["text"] = question["policies"]
        out["formatted"] = _internal.format_policies(question["policies"], 80, 2)
        if sorted(comments(out["formatted"])) != sorted(comments(question["policies"])):
            out["formatted"] = question["policies"]
    if question["schema"] is not None and out["schemaError"] is None:
        shown = str(Schema.from_str(question["schema"]))
        out["schemaText"] = question["schema"] if shown.startswith("<unrenderable") else shown
    return out


def main():
    """Answers until the input ends."""
    lie = sys.argv[sys.argv.index("--lie") + 1] if "--lie" in sys.argv else None
    die = int(sys.argv[sys.argv.index("--die-every") + 1]) if "--die-every" in sys.argv else 0
    for count, line in enumerate(sys.stdin.buffer, 1):
        question = json.loads(line)
        if die and count % die == 0:
            sys.exit(3)
        out = answer(question)
        if lie:
            lies.tell(lie, question, out)
        sys.stdout.write(json.dumps(out) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

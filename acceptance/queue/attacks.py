"""Tries to have something run on approvals that are not what their signers signed."""
import itertools

from people import canonical


def ran(s, change, name):
    return s.states()[change][0] in ("approved", "executing", "executed") or s.exists(name)


def tries(s, queue):
    """(what, change, name, try) for changes that one of two has signed, or that nobody has."""
    loose, teams, strict = (iter(queue.of(fate)) for fate in ("loose", "teams", "strict"))

    def altered(field, value):
        change, name = next(teams)
        return f"{field} altered under the signature", change, name, lambda: s.sign(change, "farah", other={field: value(change)})

    other = lambda change: next(c for c, _ in queue.of("keep") if c != change)
    yield altered("terms", lambda c: "0" * 64)
    yield altered("terms", lambda c: s.show(other(c))["digests"]["terms"])
    yield altered("assessment", lambda c: "0" * 64)
    yield altered("requirement", lambda c: "0" * 64)
    yield altered("requirement", lambda c: s.show(other(c))["digests"]["requirement"])
    yield altered("change", other)
    yield altered("gateway", lambda c: "elsewhere")
    yield altered("approver", lambda c: "erik")
    yield altered("nonce", lambda c: "0")
    yield altered("type", lambda c: "exequatur-approval-v1")
    yield altered("reason", lambda c: "because")
    yield altered("expires", lambda c: 1)
    yield altered("verdict", lambda c: "approved")
    yield altered("more", lambda c: "than was asked for")
    for what in ("retry", "retry, ten times", "the agent asks again", "the same person signs again", "an approver of later signs",
                 "an approver of later signs, and it is retried", "somebody without a say signs", "the agent's owner signs",
                 "the agent asks again with another story", "adopted by an approver"):
        change, name = next(loose)
        agent = queue.agents[change]
        yield f"two were demanded, policy permits by now, and {what}", change, name, {
            "retry": lambda c=change: s.retry(c), "retry, ten times": lambda c=change: [s.retry(c) for _ in range(10)],
            "the agent asks again": lambda a=agent, n=name: s.create(a, n),
            "the same person signs again": lambda c=change: s.sign(c, "dana"),
            "an approver of later signs": lambda c=change: s.sign(c, "gil"),
            "an approver of later signs, and it is retried": lambda c=change: (s.sign(c, "gil"), s.retry(c)),
            "somebody without a say signs": lambda c=change: s.sign(c, "olga"),
            "the agent's owner signs": lambda c=change: s.sign(c, "olga"),
            "the agent asks again with another story": lambda a=agent, n=name: s.create(a, n, evidence={"justification": "two have signed"}),
            "adopted by an approver": lambda c=change: s.desk.call("POST", f"changes/{c}/adopt", {}, bearer=s.desk.session("erik")),
        }[what]
    for person, again in itertools.product(("dana", "erik"), ("", ", and it is retried", ", and the agent asks again")):
        change, name = next(strict)
        agent = queue.agents[change]
        then = {"": lambda: None, ", and it is retried": lambda c=change: s.retry(c), ", and the agent asks again": lambda a=agent, n=name: s.create(a, n)}[again]
        yield f"two teams by now, {person} alone signs{again}", change, name, lambda c=change, p=person, t=then: (s.sign(c, p), t())
    for statement, (change, name) in zip(queue.early, queue.of("strict")[6:]):
        yield "signed before the demand grew, handed in after", change, name, \
            lambda c=change, t=statement: s.desk.hand_in(c, t, "dana")
    for statement, (change, name) in zip(queue.unedited, queue.of("edited")):
        yield "its operation is another since the first signed, and the second signs what it was", change, name, \
            lambda c=change, t=statement: (s.desk.hand_in(c, t, "farah"), s.sign(c, "farah"), s.retry(c))
    change, name = next(strict)
    yield "one team signs twice", change, name, lambda c=change: (s.sign(c, "dana"), s.sign(c, "erik"), s.retry(c))
    for change, name in itertools.islice(loose, 4):
        yield "a refusal sent as an approval", change, name, lambda c=change: refused(s, c)


def refused(s, change):
    """The signature of a refusal, under the statement of an approval. The refusal itself is not handed in."""
    statement = {**s.desk_statement(change, "farah"), "verdict": "refuse"}
    signature = s.desk.sign("farah", canonical(statement), "exequatur-approval")
    s.desk.hand_in(change, {**statement, "verdict": "approve"}, "farah", signature=signature)


def play(s, queue):
    for what, change, name, attack in tries(s, queue):
        s.tries += 1
        attack()
        s.check(not ran(s, change, name), f"each try: {what}")

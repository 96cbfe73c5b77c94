"""Puts one question to both engines and compares the answers."""

import child
from compare import differences, printed_question


class PeerTrouble(Exception):
    """The reference couldn't answer: neither agreement nor difference."""


def judge(question, peer, probe):
    """(expected, got, [(category, detail)]). Raises PeerTrouble when the reference dies."""
    trouble, probe_trouble = None, None
    want = got = None
    try:
        probe.send(question)
    except child.Crashed as error:
        probe_trouble = str(error)
    try:
        want = peer.ask(question)
    except child.Crashed as error:
        trouble = str(error)
    if probe_trouble is None:
        try:
            got = probe.receive()
        except child.Crashed as error:
            probe_trouble = str(error)
    if trouble is not None:
        raise PeerTrouble(trouble)
    if "peerFault" in want:
        return want, got, [("peer fault", want["peerFault"])]
    if probe_trouble is not None:
        return want, None, [("probe crashed", probe_trouble)]
    if got.get("id") != question["id"]:
        return want, got, [("probe id", got.get("id"))]
    asked = printed_question(question, got)
    printed = None
    if asked is not None:
        try:
            printed = peer.ask(asked)
        except child.Crashed as error:
            raise PeerTrouble("judging the printed forms: " + str(error)) from None
        if "peerFault" in printed:
            return want, got, [("peer fault", printed["peerFault"])]
    return want, got, compared(question, want, got, printed)


def compared(question, want, got, printed):
    """The differences; an answer of the wrong shape is one too."""
    try:
        return differences(question, want, got, printed)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [("probe answer", "%s: %s" % (type(error).__name__, error))]

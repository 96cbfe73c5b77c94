"""What slapd's own log says of the story: every change was made by the account made for it, and by nobody else."""
import collections
import time

from slapd import GATEWAY, GRANTS, ROOT_DN


def is_grant(dn):
    return dn.lower().endswith("," + GRANTS.lower())


def executed(story):
    """The story's changes that ran, with the account each was done with, as the gateway's log has it."""
    changes = story.world.cli_json("dana", "changes", "list", "--state", "all")["changes"]
    ran = {change["id"]: change for change in changes if change["state"] in ("executed", "rolledBack")}
    accounts = {}
    for change in ran:
        outcomes = [entry["body"] for entry in story.entries(change) if entry["kind"] == "effect"]
        accounts[change] = outcomes[-1].get("lease", "")
    return ran, accounts


def who_wrote(story, slapd, check):
    ran, accounts = executed(story)
    writes = [write for write in slapd.writes() if write["reqResult"] == "0"]
    ours = [write for write in writes if write["reqAuthzID"].lower() != ROOT_DN]
    check(len(ran) > 15 and len(set(accounts.values())) == len(ran), f"{len(ran)} changes ran, each with an account of its own")
    on_data = [write for write in ours if not is_grant(write["reqDN"])]
    check(all(is_grant(write["reqAuthzID"]) for write in on_data), f"all {len(on_data)} writes to data were made by just-in-time accounts")
    base = [write for write in ours if write["reqAuthzID"].lower() == GATEWAY]
    check(base and all(is_grant(write["reqDN"]) for write in base), f"the base identity wrote {len(base)} times, each time to an account")
    by = collections.defaultdict(list)
    for write in on_data:
        by[write["reqAuthzID"].lower()].append(write["reqDN"])
    missing = [change for change, account in accounts.items() if len(by[account.lower()]) != 1]
    check(not missing, f"slapd's log has exactly one write by the account of each change {missing or ''}")
    extra = set(by) - {account.lower() for account in accounts.values()} - {f"cn=probe,{GRANTS}"}
    check(not extra, f"no other account wrote anything {extra or ''}")


def minted(slapd, check):
    """Each account names one entry and one right, and ends soon."""
    adds = [write for write in slapd.writes("(&(objectClass=auditAdd)(reqResult=0))") if is_grant(write["reqDN"]) and "probe" not in write["reqDN"]]
    values = [collections.Counter(mod.split(":", 1)[0].lower() for mod in write["reqMod"]) for write in adds]
    check(adds and all(count["seealso"] == count["description"] == count["pwdendtime"] == 1 for count in values),
          f"each of {len(adds)} accounts was made for one entry and one right, with an end")
    lives = [life(write) for write in adds]
    check(all(0 < seconds <= 120 for seconds in lives), f"the longest could have lived {max(lives, default=0):.0f} seconds")
    everything = "".join(mod for write in slapd.writes() for mod in write.get("reqMod", []))
    check("userpassword:" not in everything.lower(), "slapd's log shows its auditor no password value")


def life(write):
    def seconds(text):
        return time.mktime(time.strptime(text[:14], "%Y%m%d%H%M%S"))
    end = next(mod.split()[-1] for mod in write["reqMod"] if mod.lower().startswith("pwdendtime:"))
    return seconds(end) - seconds(write["reqStart"])


def nothing_left(slapd, check):
    left = slapd.grants()
    check(not left, f"no just-in-time account is left {left or ''}")

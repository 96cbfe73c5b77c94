"""The whole story on a real slapd over StartTLS, then what slapd's rules hold and what its log says."""
import contextlib
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crowd  # noqa: E402
import down  # noqa: E402
import rules  # noqa: E402
import traces  # noqa: E402
from agent import MODES, Agent  # noqa: E402
from cast import PEOPLE, WORKLOADS, policy  # noqa: E402
from ldap_directory import CAST, LDAPEffect, system  # noqa: E402
from slapd import GRANTS, Slapd  # noqa: E402
from story import Story  # noqa: E402
from world import Checks, World, wait_until  # noqa: E402


def world(slapd, ca):
    """A gateway for that server. The password is in a file of its own, outside the state folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-acceptance-"))
    (folder / "ldap.password").write_text("pw-gateway\n")
    (folder / "ldap.password").chmod(0o600)
    return World(policy(CAST.namespace, CAST.system), [system(slapd, folder / "ldap.password", ca)], PEOPLE, WORKLOADS, keep=folder)


def whole_story(slapd, check):
    gateway = world(slapd, slapd.ca)
    try:
        gateway.start()
        story = Story(gateway, CAST, LDAPEffect(slapd), MODES[0], check)
        try:
            story.play()
            print(" slapd: traces", flush=True)
            traces.who_wrote(story, slapd, check)
            traces.minted(slapd, check)
            traces.nothing_left(slapd, check)
        finally:
            story.close()
        crash(gateway, slapd, check)
    finally:
        gateway.close()


def crash(gateway, slapd, check):
    """The gateway dies holding an account: the account is gone after it comes back."""
    print(" slapd: crash", flush=True)
    gateway.stop()
    gateway.start(failpoint="leased")
    agent = Agent(gateway.url, gateway.token("desk-agent"), MODES[0])
    with contextlib.suppress(Exception):  # the connection breaks, as it has to
        agent.call(f"{CAST.system}__user_set-title", {"user": CAST.profile, "value": "Never set"})
    died = wait_until(lambda: gateway.process.poll() is not None, 20)
    with contextlib.suppress(Exception):
        agent.close()
    if not check(died, "the gateway dies where it was told to"):
        return
    check(len(slapd.grants()) == 1, f"the gateway died with an account alive under {GRANTS}")
    gateway.start()
    check(wait_until(lambda: not slapd.grants(), 30), "after the restart no account is left")
    check(LDAPEffect(slapd).attribute(CAST.profile, "title") != "Never set", "the change was not made")
    code, report = gateway.verify(gateway.keep_checkpoints("dana"))
    check(code == 0, f"the logs are whole {report['problems'][:3] or ''}")


def out_of_order(slapd, check):
    print(" slapd: down", flush=True)
    gateway = world(slapd, slapd.ca)
    try:
        gateway.start()
        down.stalled(gateway, slapd, check)
        down.stalled_midway(gateway, slapd, check)
        down.ldaps(gateway, slapd, check)
        down.silent_peer(gateway, check)
    finally:
        gateway.close()


def strangers_certificate(slapd, check):
    """A server that the configured authority did not vouch for is not talked to."""
    print(" slapd: another authority", flush=True)
    gateway = world(slapd, slapd.folder / "other.crt")
    try:
        gateway.start()
        with Agent(gateway.url, gateway.token("desk-agent"), MODES[0]) as agent:
            answer = agent.call(f"{CAST.system}__user_read", {"user": CAST.reader})
            check(answer["status"] == "failed" and "alice" not in str(answer), f"nothing is read over it ({answer['code']})")
    except RuntimeError as error:
        check("did not start" in str(error) or "ended" in str(error), "the gateway refuses to start with it")
    finally:
        gateway.close()


def main():
    if not shutil.which("slapd", path="/usr/sbin"):
        print("openldap: slapd is not installed (apt-get install slapd ldap-utils)")
        return 1
    check, slapd = Checks(), Slapd()
    try:
        slapd.start()
        print(" slapd: rules", flush=True)
        rules.base_identity(slapd, check)
        rules.one_step(slapd, check)
        whole_story(slapd, check)
        strangers_certificate(slapd, check)
        out_of_order(slapd, check)
        crowd.play(world, check)
    finally:
        slapd.close()
    for what in check.failed:
        print(f"failed: {what}")
    print(f"openldap: slapd over StartTLS and ldaps, {check.total} checks, {len(check.failed)} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())

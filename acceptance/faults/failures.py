"""What can happen to a gateway's disk, its process and its clock."""
import errno
import time

import disk
from setting import DOUBTFUL

CROWD = 10


def kills(setting, tally, count, chance):
    """Killed from outside at random moments, with many requests under way."""
    begun = time.monotonic()
    threads, _ = setting.crowd(CROWD)
    for thread in threads:
        thread.join(timeout=40)
    usual = time.monotonic() - begun
    setting.asked = []
    for number in range(count):
        at = tally.at(f"kill {number + 1} of {count}")
        threads, answers = setting.crowd(CROWD)
        time.sleep(chance.uniform(0, usual))
        setting.world.stop(kill=True)
        for thread in threads:
            thread.join(timeout=40)
        before = list(answers)
        setting.again(at)
        setting.told(before, at)
        at.done(f"{sum(status == 200 for status, _ in before)} of {CROWD} answered in time")


def each_call(setting, tally, mode, total, name, chosen):
    """Fails one call of a whole change after the other. The process ends, since nobody knows what is on the disk then."""
    for number in chosen:
        at = tally.at(f"{name} {number + 1} of {total} fails")
        setting.disk.arm(mode, after=number)
        answer = setting.do()
        if setting.disk["injected"] == 0:
            # What else it writes now and then came before: the change is whole.
            setting.disk.mend()
            at.check(answer[0] == 200, f"nothing failed, and the answer is {answer}")
            at.done("not met")
            continue
        at.check(setting.is_dead() and setting.world.process.returncode == DOUBTFUL, f"it went on: {setting.world.process.poll()}")
        setting.again(at)
        setting.told([answer], at)
        at.done()


def moving(setting, tally, mode, name):
    """What was committed is moved into the database's file from time to time: when that fails nobody goes on as if it had not."""
    at = tally.at(f"{name} of the database's file fails")
    setting.disk.concern("/exequatur.sqlite")
    setting.disk.arm(mode)
    answers = []
    for _ in range(60):
        threads, some = setting.crowd(CROWD)
        for thread in threads:
            thread.join(timeout=40)
        answers += some
        if setting.disk["injected"]:
            break
    at.check(setting.disk["injected"] == 1, "nothing was moved")
    if setting.world.process.poll() is None:
        answers.append(setting.do())
    at.check(setting.is_dead() and setting.world.process.returncode == DOUBTFUL, f"it went on: {setting.world.process.poll()}")
    setting.disk.concern(disk.WAL)
    setting.again(at)
    setting.told(answers, at)
    at.done(f"after {len(answers)} requests")


def torn(setting, tally, total, count, chance):
    """The machine stops in the middle of a write: some bytes of it are there."""
    for number in range(count):
        at = tally.at(f"torn write {number + 1} of {count}")
        call, some = chance.randrange(total), chance.choice([0, 1, 23, 24, 25, 4095, 4096, chance.randrange(4096)])
        setting.disk.arm(disk.TEAR_AND_DIE, after=call, bytes=some)
        answer = setting.do()
        at.check(setting.disk["injected"] == 0 or setting.is_dead(), "it went on")
        setting.again(at)
        setting.told([answer], at)
        at.done(f"write {call}, {some} bytes of it")


def full(setting, tally, offsets):
    """No room from some byte of what a change writes on: it waits, and goes on where there is room again."""
    at = tally.at(f"disk full from each of {len(offsets)} bytes on", kills=len(offsets))
    met, answers = 0, []
    for offset in offsets:
        setting.disk.arm(disk.FULL_AT, error=errno.ENOSPC, bytes=setting.disk["end"] + offset)
        answers.append(setting.do())
        met += setting.disk["injected"] > 0
        setting.disk.mend()
        at.check(setting.world.process.poll() is None, f"it ended at {offset}: {setting.world.process.poll()}")
    at.check(met >= len(offsets) // 2, f"only {met} of {len(offsets)} were met")
    setting.told(answers, at)
    setting.again(at)
    at.done(f"{met} met, {sum(status == 200 for status, _ in answers)} done all the same")


def read_only(setting, tally):
    """The disk is mounted read-only under it: it ends, does not start while that lasts, and loses nothing."""
    at = tally.at("read-only")
    setting.disk.concern("*exequatur.sqlite")
    setting.disk.arm(disk.READ_ONLY, error=errno.EROFS)
    answer = setting.do()
    at.check(answer[1].get("status") != "done", "it was acknowledged")
    at.check(setting.is_dead(), "it went on")
    try:
        setting.rig.start()
        at.check(False, "it started though nothing can be written")
    except RuntimeError as error:
        at.check("exequatur:" in str(error) or "Error:" in str(error), f"it did not say why: {str(error)[-200:]}")
    setting.disk.concern(disk.WAL)
    setting.again(at)
    at.done()


def clock(setting, tally):
    """The clock jumps, forth and back, with requests under way."""
    at = tally.at("clock jumps", kills=4)
    for jump in (3600, -3600, 86_400 * 400, 0):
        threads, answers = setting.crowd(CROWD)
        setting.disk["clock"] = jump
        for thread in threads:
            thread.join(timeout=40)
        at.check(setting.world.process.poll() is None, f"it ended at {jump:+}")
        at.check(all(status for status, _ in answers), f"some were not answered at {jump:+}")
        setting.told(answers, at)
    setting.judge(at)
    for jump in (-3600, 3600):
        setting.disk["clock"] = jump
        setting.world.stop(kill=True)
        setting.fsck(at)
        setting.rig.start()
        setting.do()
    setting.disk["clock"] = 0
    setting.again(at)
    at.done()

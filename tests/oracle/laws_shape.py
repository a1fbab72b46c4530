"""The laws about the episodes themselves: their shape, their completeness, and the topology's silence."""
import bisect
import collections

from corpus import GOOD, HOST, SERVICE_STATES
from laws import Verdict


def _good_times(c):
    """Per key the seconds of lines that say OK, and of those the ones that stand for a result (not the repetitions)."""
    said, results = collections.defaultdict(list), collections.defaultdict(list)
    for ln in c.corpus.lines:
        if ln.what in ("alert", "initial", "current") and ln.state in GOOD and ln.text != "(null)":
            said[ln.key].append(ln.t)
            if ln.what == "alert":
                results[ln.key].append(ln.t)
    return said, results


def _near(times, t, slack):
    i = bisect.bisect_left(times, t - slack)
    return i < len(times) and times[i] <= t + slack


def _seen_well(snapshots, key, e):
    """Does a copy of status.dat show that the alarm was over, by a check after its last change, and since that second or,
    when it cannot tell, by that copy itself? (A monitor that was killed forgets what it said since it last saved, and a
    recovery after that has no line; nor has a soft recovery where retries are not logged.)"""
    for s in snapshots:
        o = s.objects.get(key) if e.cleared - 1 <= s.t <= e.cleared + 120 else None
        if o is None or int(o["last_check"]) < e.changes[-1][0]:
            continue
        well = o["current_state"] == "0" or (o.get("state_type") == "0" and o["last_hard_state"] == "0")
        if well and any(abs(t - e.cleared) <= 1 for t in (s.t, int(o["last_check"]), int(o["last_state_change"]))):
            return True
    return False


def _seen_bad(snapshots, key, at, state):
    """Does a copy of status.dat of the next seconds show that hard state, from a check of that second?"""
    for s in snapshots:
        o = s.objects.get(key) if at <= s.t <= at + 120 else None
        if o is not None and abs(int(o["last_check"]) - at) <= 1:
            return o["state_type"] == "1" and SERVICE_STATES[int(o["current_state"])] == state
    return False


def law6(c):
    v = Verdict(6, "episodes are sane: order, no overlap, changes from real lines, ends at an OK or open")
    said, results = _good_times(c)
    hard = collections.defaultdict(list)
    for ln in c.corpus.lines:
        if (ln.what in ("alert", "initial", "current") and ln.hard and ln.text != "(null)") or (ln.what == "notification" and ln.type == "PROBLEM"):
            hard[ln.key, ln.state].append(ln.t)
    shots = collections.defaultdict(list)
    for s in c.corpus.snapshots:
        shots[s.t] = s.objects
    kinds = collections.Counter()

    def fault(kind, e, at=None):
        kinds[kind] += 1
        v.fault(f"{kind}: {e}", c.corpus.context(e.key, at or e.raised))

    for text in c.broken:
        kinds["unreadable line"] += 1
        v.fault(f"unreadable: {text}")
    for key, es in c.by_key.items():
        for e, nxt in zip(es, es[1:] + [None]):
            times = [at for at, _ in e.changes]
            if not times:
                fault("no change", e)
                continue
            if times[0] != e.raised:
                fault("first change not at raised_at", e)
            if times != sorted(times) or times[0] < e.raised or (e.cleared is not None and times[-1] > e.cleared):
                fault("changes out of order", e)
            if e.changes[-1][1] != e.state:
                fault("state is not the last change's", e)
            if any(s in GOOD for _, s in e.changes):
                fault("an OK among the changes", e)
            if any(x[1] == y[1] for x, y in zip(e.changes, e.changes[1:])):
                kinds["(note) the same state twice running"] += 1
            if len(set(e.flags)) != len(e.flags):
                fault("a flag twice", e)
            if nxt and (e.cleared is None or nxt.raised < e.cleared):
                fault("overlaps the next one", e)
            for at, state in e.changes:
                snap = shots.get(at) or shots.get(at - 1) or shots.get(at + 1)
                o = snap.get(key) if snap else None
                seen = o is not None and o["current_state"] != "0" and o["state_type"] == "1"
                if not _near(hard[key, state], at, 1) and not seen and not _seen_bad(c.corpus.snapshots, key, at, state):
                    fault("a change without a line", e, at)
            if e.cleared is not None and not _near(said[key], e.cleared, 1) and abs(e.cleared - c.corpus.end) > 1 \
                    and not _seen_well(c.corpus.snapshots, key, e):
                fault("cleared without an OK line", e, e.cleared)
            inside = [t for t in results[key] if e.raised + 1 < t < e.until(c.corpus.end) - 1]
            if inside:
                fault("an OK line inside", e, inside[0])
    v.figures = {"episodes": len(c.episodes), "open at the end": sum(e.cleared is None for e in c.episodes),
                 "kinds": dict(kinds)}
    return v


def law7(c):
    v = Verdict(7, "suspended and uncertified sites raise nothing; sites are the recording's own")
    if not c.topology.made:
        v.figures = {"skipped": "no --gocdb"}
    wrong = 0
    for e in c.episodes:
        if c.topology.silenced(e.key):
            v.fault(f"alarm of a site that raises none: {e}")
        site = c.topology.site_of.get(e.key)
        if site is not None and e.site != site:
            wrong += 1
            v.fault(f"site {e.site!r}, the recording says {site!r}: {e}")
    if c.topology.made:
        v.figures = {"sites without alarms": sorted(c.topology.off_sites), "wrong site": wrong}
    return v


def law8(c):
    v = Verdict(8, "every hard problem line with the host UP has an alarm in that state (2 s), a host's own line as well")
    up, asked, missed, last = {}, 0, 0, {}
    silent = {}
    for p in c.problems:
        silent.setdefault(p.key, []).append(p)
    for ln in c.corpus.lines:
        if ln.what not in ("alert", "initial", "current"):
            continue
        if ln.key[1] == HOST:
            if up.get(ln.key[0], True) != (ln.state == "UP"):
                last[ln.key[0]] = ln.t
            up[ln.key[0]] = ln.state == "UP"
        if ln.what != "alert" or not ln.hard or ln.state in GOOD or not c.expected(ln.key):
            continue
        if ln.key[1] != HOST and not up.get(ln.key[0], True):
            continue
        asked += 1
        if not c.in_state(ln.key, ln.t, ln.state, 2):
            if ln.key[1] != HOST and ln.t - last.get(ln.key[0], 0) <= 1:
                continue  # the host changed in that second: either reading is right
            missed += 1
            v.fault(f"no alarm for {ln.raw[:140]}", c.corpus.context(ln.key, ln.t))
    v.figures = {"asked": asked, "missed": missed}
    return v

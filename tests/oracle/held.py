"""Rule DC6 by a reference of its own: which problems began under a host that was not UP, and when they were released.

Read from the log in file order (the order inside a second decides) and, for the third kind of release, from status.dat."""
import collections

from corpus import GOOD, HOST

#: began, ended: seconds of the problem (ended None: open at the end); released: second or None; how: log, notification
#: or status; unsure: the host changed within a second of what decides, so either reading is right.
Problem = collections.namedtuple("Problem", "key began ended state held released how unsure")


def problems(corpus):
    """Every hard problem of every service, oldest first per service."""
    snaps = collections.defaultdict(list)
    host_up = {}
    for s in corpus.snapshots:
        for k, o in s.objects.items():
            if k[1] == HOST:
                host_up[s.t, k[0]] = o["current_state"] == "0"
            elif o["current_state"] != "0" and o["state_type"] == "1":
                snaps[k].append((s.t, int(o["last_check"])))
    host_changes = collections.defaultdict(list)
    for ln in corpus.lines:
        if ln.what in ("alert", "initial", "current") and ln.key[1] == HOST:
            last = host_changes[ln.key[0]]
            up = ln.state == "UP"
            if not last or last[-1][2] != up:
                last.append((ln.n, ln.t, up))
    out = []
    for key, lines in corpus.by_key.items():
        if key[1] != HOST:
            out += _of_service(key, lines, host_changes[key[0]], snaps[key], host_up)
    return sorted(out, key=lambda p: (p.key, p.began))


def _host_at(changes, n):
    up = True
    for cn, _, u in changes:
        if cn > n:
            break
        up = u
    return up


def _of_service(key, lines, changes, snaps, host_up):
    out, open_, told = [], None, None
    for ln in lines:
        null = ln.text == "(null)" and ln.what in ("initial", "current")
        if ln.what in ("alert", "initial", "current") and not null:
            if ln.state in GOOD:
                if open_:
                    out.append(_close(open_, ln.t, changes, snaps, host_up))
                    open_ = None
                continue
            if not ln.hard:
                continue
            up = _host_at(changes, ln.n)
            near = any(abs(t - ln.t) <= 1 for _, t, _ in changes[1:])
            if open_ is None:
                open_ = dict(key=key, began=ln.t, state=ln.state, held=not up, released=None, how=None, unsure=near)
            open_["state"] = ln.state
            if open_["held"] and open_["released"] is None and told and told.t >= ln.t - 1 and told.state == ln.state:
                # The notification of a result stands before its alert: sent while the host was only DOWN;SOFT.
                open_.update(released=ln.t, how="notification")
            if open_["held"] and up and ln.what == "alert" and open_["released"] is None:
                open_.update(released=ln.t, how="log", unsure=open_["unsure"] or near)
        elif ln.what == "notification" and ln.type == "PROBLEM":
            told = ln
            if open_ is None:
                # Nagios writes the notification before the alert of the same result; alone it is a problem by itself.
                later = [x for x in lines if x.n > ln.n and x.what == "alert" and x.t <= ln.t + 1]
                if not later:
                    open_ = dict(key=key, began=ln.t, state=ln.state, held=False, released=None, how=None, unsure=True)
            elif open_["held"] and open_["released"] is None:
                open_.update(released=ln.t, how="notification")
    if open_:
        out.append(_close(open_, None, changes, snaps, host_up))
    return out


def _close(p, ended, changes, snaps, host_up):
    if p["held"]:
        for t, checked in snaps:
            if t < p["began"] or (ended is not None and t >= ended):
                continue
            came_up = max((ct for _, ct, up in changes if up and ct <= t), default=0)
            if host_up.get((t, p["key"][0])) and came_up > p["began"] - 1 and checked > came_up:
                if p["released"] is None or t < p["released"]:
                    p.update(released=t, how="status")
                break
    return Problem(ended=ended, **p)

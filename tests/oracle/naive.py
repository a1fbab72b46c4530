#!/usr/bin/env python3
"""naive.py RECORDING [--gocdb DIR]: a simple replay from the log and objects.cache alone, as food for the judge.

It is no model of the product: it raises held problems only at a line with the host UP or at a notification (status.dat is
not read), and works out reasons only when a hard change was not notified in its second."""
import collections
import json
import sys

from corpus import GOOD, HOST, Corpus
from laws import Case
from witness_decide import allows


class Service:
    def __init__(self):
        self.state, self.hard, self.held, self.open = "OK", True, False, None
        self.flapping = self.down = False
        self.ack = None
        self.muted = None
        self.number = self.since = 0
        self.last_hard = "OK"


class Naive:
    def __init__(self, corpus, gocdb=None):
        self.c, self.out = corpus, []
        self.case = Case(corpus, [], [], gocdb)
        self.s = collections.defaultdict(Service)
        self.off = False
        self.flex = collections.defaultdict(list)
        self.told = collections.defaultdict(set)
        for ln in corpus.lines:
            if ln.what == "notification" and ln.type == "PROBLEM":
                self.told[ln.key].add(ln.t)

    def run(self):
        for ln in self.c.lines:
            if ln.what in ("alert", "initial", "current"):
                if ln.text != "(null)" and not (ln.key[1] == HOST and not ln.text):
                    self._state(ln)
            elif ln.what == "notification" and ln.type == "PROBLEM":
                self._notified(ln)
            elif ln.what in ("flapping", "downtime"):
                s = self.s[ln.key]
                setattr(s, "flapping" if ln.what == "flapping" else "down", ln.type == "STARTED")
                if ln.what == "downtime" and ln.type == "STARTED":
                    self.flex[ln.key] = [w for w in self.flex[ln.key] if w[0] > ln.t]
                self._mark(ln.key, ln.t)
                if ln.key[1] == HOST:
                    for k in [k for k in self.s if k[0] == ln.key[0]]:
                        self._mark(k, ln.t)
            elif ln.what == "start":
                for s in self.s.values():
                    s.flapping = False
            elif ln.what == "command":
                self._command(ln)
        for s in self.s.values():
            if s.open:
                self.out.append(s.open)
        for e in self.out:
            self._finish(e)
        return sorted(self.out, key=lambda e: (e["raised_at"], e["host"], e["service"]))

    def _command(self, ln):
        f = ln.text.split(";")
        if ln.type in ("DISABLE_NOTIFICATIONS", "ENABLE_NOTIFICATIONS"):
            self.off = ln.type.startswith("DIS")
        elif ln.type in ("DISABLE_SVC_NOTIFICATIONS", "ENABLE_SVC_NOTIFICATIONS"):
            self.s[f[0], f[1]].muted = ln.type.startswith("DIS")
            self._mark((f[0], f[1]), ln.t)
        elif ln.type in ("DISABLE_HOST_SVC_NOTIFICATIONS", "ENABLE_HOST_SVC_NOTIFICATIONS"):
            for k in list(self.case.conditions.defined[0]):
                if k[0] == f[0] and k[1] != HOST:
                    self.s[k].muted = ln.type.startswith("DIS")
                    self._mark(k, ln.t)
        elif ln.type in ("ACKNOWLEDGE_SVC_PROBLEM", "ACKNOWLEDGE_HOST_PROBLEM"):
            k = (f[0], f[1] if "SVC" in ln.type else HOST)
            if self.s[k].state not in GOOD:
                self.s[k].ack = f[2 if "SVC" in ln.type else 1]
                self._mark(k, ln.t)
        elif ln.type == "REMOVE_SVC_ACKNOWLEDGEMENT":
            self.s[f[0], f[1]].ack = None
        elif ln.type == "SCHEDULE_SVC_DOWNTIME" and f[4] == "0" and f[5] == "0":
            self.flex[f[0], f[1]].append((int(f[2]), int(f[3])))
        elif ln.type == "SCHEDULE_HOST_DOWNTIME" and f[3] == "0" and f[4] == "0":
            self.flex[f[0], HOST].append((int(f[1]), int(f[2])))

    def lasting(self, key, t):
        s, host = self.s[key], self.s[key[0], HOST]
        d = self.case.decisions.definition(key)
        muted = s.muted if s.muted is not None else d.get("notifications_enabled") == "0"
        return [w for w, up in (("flapping", s.flapping), ("acknowledged", s.ack), ("muted", muted),
                                ("nagios-downtime", s.down or host.down), ("notifications-off", self.off),
                                ("host-not-up", key[1] != HOST and host.state not in ("OK", "UP"))) if up]

    def reasons(self, key, t, state):
        s, dec = self.s[key], self.case.decisions
        d = dec.definition(key)
        out = []
        if dec.outside(d.get("notification_period", "24x7")).touches(t, t):
            out.append("notification-period")
        if not allows(d.get("notification_options", "a"), state):
            out.append("notification-options")
        if any(a <= t <= b for k in (key, (key[0], HOST)) for a, b in self.flex[k]):
            out.append("flexible-downtime")
        if s.number == 0 and float(d.get("first_notification_delay", 0)) > t - s.since:
            out.append("first-notification-delay")
        for h, m, failing, _, _ in dec.masters.get(key, ()):
            if allows(failing, self.s[h, m].last_hard) and self.s[h, m].last_hard not in GOOD:
                out.append("dependency")
        kind = "host" if key[1] == HOST else "service"
        if not any(allows(c[f"{kind}_notification_options"], state)
                   and not dec.outside(c[f"{kind}_notification_period"]).touches(t, t) for c, _ in dec.recipients(key, 1, state)):
            out.append("no-contact")
        return out

    def _mark(self, key, t):
        s = self.s[key]
        if s.open:
            s.open["flags"] |= set(self.lasting(key, t))

    def _state(self, ln):
        s = self.s[ln.key]
        if ln.what == "alert" and s.ack and (ln.state in GOOD or (s.ack != "2" and ln.state != s.state)):
            s.ack = None
        changed = ln.state != s.state
        s.state, s.hard = ln.state, ln.hard
        if ln.state in GOOD:
            s.held, s.last_hard = False, ln.state
            if ln.hard and ln.what == "alert":
                s.number = 0  # INITIAL says OK;HARD of everything; a recovery written as OK;SOFT leaves Nagios' number standing
            if s.open:
                s.open["cleared_at"] = ln.t
                self.out.append(s.open)
                s.open = None
        elif ln.hard:
            if ln.what == "alert" or s.last_hard != ln.state:
                s.since = ln.t
            s.last_hard = ln.state
            up = ln.key[1] == HOST or self.s[ln.key[0], HOST].state in ("OK", "UP")
            if s.open or up and (ln.what == "alert" or not s.held):
                self._change(ln.key, ln.t, ln.state, ln.text)
            elif not up:
                s.held = True
        if changed and ln.key[1] == HOST:
            for k in [k for k in self.s if k[0] == ln.key[0]]:
                self._mark(k, ln.t)

    def _notified(self, ln):
        self._change(ln.key, ln.t, ln.state, "")
        self.s[ln.key].number += 1

    def _change(self, key, t, state, text):
        s = self.s[key]
        if not s.open:
            s.open = {"host": key[0], "service": key[1], "site": self.case.topology.site_of.get(key, ""),
                      "metric": key[1], "state": state, "raised_at": t, "changes": [], "cleared_at": None, "flags": set()}
            if s.held:
                s.open["flags"].add("host-not-up")
            s.held = False
        if not s.open["changes"] or s.open["changes"][-1]["state"] != state:
            s.open["changes"].append({"at": t, "state": state})
            s.open["state"] = state
            if not self.told[key] & {t - 1, t, t + 1}:
                s.open["flags"] |= set(self.reasons(key, t, state))
        if text.startswith(("(Service check timed out", "(Host check timed out")):
            s.open["flags"].add("time-out")
        self._mark(key, t)

    def _finish(self, e):
        key, topology = (e["host"], e["service"]), self.case.topology
        end = self.c.end if e["cleared_at"] is None else e["cleared_at"]
        e["flags"] |= {w for w in topology.WORDS if topology.made and topology.may(w, key).touches(e["raised_at"], end)}
        if self.case.conditions.may("no-longer-monitored", key).touches(e["raised_at"], end):
            e["flags"].add("no-longer-monitored")
        e["flags"] = sorted(e["flags"])


def replay(corpus, gocdb=None):
    n = Naive(corpus, gocdb)
    return [e for e in n.run() if not n.case.topology.silenced((e["host"], e["service"]))]


if __name__ == "__main__":
    folder = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "--gocdb" else None
    for episode in replay(Corpus(sys.argv[1]), folder):
        print(json.dumps(episode))

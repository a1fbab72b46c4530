"""Witnesses of conditions that last: host state, flapping, acknowledgement, mute, downtime, time-out, configuration.

Every word has two readings. `may` is generous, the union of what the sources allow, and a flag is false only outside of
it. `must` is strict, the stretches where a source shows the condition at both ends, and only those make a flag missing.
"""
import collections

from commands import Members, expand, object_of
from corpus import GOOD, HOST
from intervals import FOREVER, NOTHING, Intervals, between, points, runs, seen

#: Service commands with their reach: on the service itself, on all services of the host.
_MUTES = {"DISABLE_SVC_NOTIFICATIONS": ("svc", True), "ENABLE_SVC_NOTIFICATIONS": ("svc", False),
          "DISABLE_HOST_SVC_NOTIFICATIONS": ("all", True), "ENABLE_HOST_SVC_NOTIFICATIONS": ("all", False),
          "DISABLE_HOST_NOTIFICATIONS": ("host", True), "ENABLE_HOST_NOTIFICATIONS": ("host", False)}


class Conditions:
    """may(word, key) and must(word, key) for the lasting conditions."""

    WORDS = ("host-not-up", "flapping", "acknowledged", "muted", "nagios-downtime", "flexible-downtime", "time-out",
             "no-longer-monitored", "notifications-off")

    def __init__(self, corpus):
        self.c = corpus
        self.commands = collections.defaultdict(list)
        self.by_host = collections.defaultdict(list)
        self.people, self.off, self.flap_off = [], [], []
        self.members = Members(corpus)
        for ln in corpus.lines:
            if ln.what == "command":
                for one, fields in expand(ln, self.members):
                    self._command(one, fields)
        self.defined = [{(o["host_name"], o["service_description"]): o for o in objs["service"]}
                        | {(o["host_name"], HOST): o for o in objs["host"]} for objs in corpus.objects]
        self._cache = {}
        # Where the site logs no commands, a copy of status.dat may stand for all the seconds up to its neighbours.
        logged = any(ln.what == "command" for ln in corpus.lines)
        self.stretch = (lambda shots: between(shots) | points(shots)) if logged else seen

    def _command(self, ln, f):
        key = object_of(ln, f)
        if ln.type in ("DISABLE_NOTIFICATIONS", "ENABLE_NOTIFICATIONS"):
            self.off.append((ln.t, ln.type.startswith("DISABLE")))
        elif ln.type in ("DISABLE_FLAP_DETECTION", "ENABLE_FLAP_DETECTION"):
            self.flap_off.append((ln.t, ln.type.startswith("DISABLE")))
        elif key is None:
            self.people.append((ln, f))
        elif key[1] == HOST:
            self.by_host[key[0]].append((ln, f))
        else:
            self.commands[key].append((ln, f))

    def may(self, word, key):
        return self._both(word, key)[0]

    def must(self, word, key):
        return self._both(word, key)[1]

    def _both(self, word, key):
        if (word, key) not in self._cache:
            self._cache[word, key] = getattr(self, "_" + word.replace("-", "_"))(key)
        return self._cache[word, key]

    def _shots(self, key, test):
        """(t, bool) for each status.dat in which the object stands."""
        return [(s.t, test(s.objects[key])) for s in self.c.snapshots if key in s.objects]

    def _host_not_up(self, key):
        if key[1] == HOST:
            return NOTHING, NOTHING
        host = (key[0], HOST)
        rows = [(r.t, r.state != "UP") for r in self.c.rows_by_key[host]]
        log = [(ln.t, ln.state != "UP") for ln in self.c.by_key[host] if ln.what in ("alert", "initial", "current")]
        shots = self._shots(host, lambda o: o["current_state"] != "0")
        return runs(rows) | runs(log) | self.stretch(shots), runs(rows) & runs(log)

    def _flapping(self, key):
        log, pct, up = [], [], False
        for ln in self.c.by_key[key]:
            if ln.what == "flapping":
                log.append((ln.t, ln.type == "STARTED"))
        log = sorted(log + [(t, False) for t in self.c.starts], key=lambda p: (p[0], p[1]))
        starts = list(self.c.starts)
        off = runs([(ln.t, ln.type == "DISABLED") for ln in self.c.by_key[key] if ln.what == "flapping"]
                   + [(ln.t, False) for ln, _ in self.commands[key] if ln.type == "ENABLE_SVC_FLAP_DETECTION"])
        low, high = self._thresholds(key)
        for r in self.c.rows_by_key[key]:
            while starts and starts[0] <= r.t:  # recomputed at a start: below the high threshold it ends in silence
                pct.append((starts.pop(0), False))
                up = False
            up = (r.pct >= high or (up and r.pct > low)) and not off.touches(r.t, r.t)
            pct.append((r.t, up))
        shots = self._shots(key, lambda o: o["is_flapping"] == "1")
        enabled = any(o.get("flap_detection_enabled") == "1" for _, o in self._definitions(key))
        strict = between([p for p in shots])
        return (runs(log) | (runs(pct) if enabled else NOTHING) | self.stretch(shots)), strict & runs(log)

    def _thresholds(self, key):
        """Low and high of an object: its own when they are set, else nagios.cfg's."""
        kind, found = "host" if key[1] == HOST else "service", []
        for bound, default in (("low", 5), ("high", 20)):
            own = [float(o.get(f"{bound}_flap_threshold", 0)) for _, o in self._definitions(key)]
            found.append(min((x for x in own if x > 0), default=float(
                self.c.settings.get(f"{bound}_{kind}_flap_threshold", default))))
        return found

    def _acknowledged(self, key):
        """Commands set it; a normal one dies with any change of state, a sticky one with OK. The log says nothing of
        that, so the changes come from checks/*.tsv and the copies of status.dat may lengthen or confirm."""
        events = [(r.t, 1, r.state, None) for r in self.c.rows_by_key[key]]
        source = self.by_host[key[0]] if key[1] == HOST else self.commands[key]
        what = "HOST" if key[1] == HOST else "SVC"
        for ln, f in source:
            if ln.type == f"ACKNOWLEDGE_{what}_PROBLEM":
                events.append((ln.t, 0, None, f[2 if what == "SVC" else 1]))
            elif ln.type == f"REMOVE_{what}_ACKNOWLEDGEMENT":
                events.append((ln.t, 2, None, None))
        marks, state, kind = [], None, None
        for t, order, new, type_ in sorted(events, key=lambda e: e[:2]):
            if order == 0:
                if state not in GOOD:
                    kind = "sticky" if type_ == "2" else "normal"
                    marks.append((t, True))
            elif order == 2 or (kind == "normal" and new != state) or (kind and new in GOOD):
                kind = None
                marks.append((t, False))
            if order == 1:
                state = new
        shots = self._shots(key, lambda o: o["problem_has_been_acknowledged"] == "1")
        return runs(marks) | self.stretch(shots), between(shots)

    def _muted(self, key):
        marks = [(self.c.first, any(o.get("notifications_enabled") == "0" for _, o in self._definitions(key)))]
        for ln, f in self.commands[key] + self.by_host[key[0]]:
            reach, up = _MUTES.get(ln.type, (None, None))
            if reach and (key[1] == HOST) == (reach == "host"):
                marks.append((ln.t, up))
        shots = self._shots(key, lambda o: o["notifications_enabled"] == "0")
        return runs(sorted(marks, key=lambda p: p[0])) | self.stretch(shots), between(shots)

    def _nagios_downtime(self, key):
        may, must = NOTHING, NOTHING
        for k in {key, (key[0], HOST)}:
            log = [(ln.t, ln.type == "STARTED") for ln in self.c.by_key[k] if ln.what == "downtime"]
            rows = [(r.t, r.depth > 0) for r in self.c.rows_by_key[k]]
            shots = self._shots(k, lambda o: o["scheduled_downtime_depth"] != "0")
            may |= runs(log) | between(rows) | points(rows) | self.stretch(shots)
            must |= (between(rows) | between(shots)) & runs(log)
        return may, must

    def _flexible_downtime(self, key):
        """Open windows from the commands (untriggered, flexible), and the copies of status.dat in which one stands with
        is_in_effect=0. A window closes at its end; what opened it (STARTED) or removed it is read generously."""
        may, must = [], []
        for k in {key, (key[0], HOST)}:
            source = self.by_host[k[0]] if k[1] == HOST else self.commands[k]
            for ln, f in source:
                if ln.type == "SCHEDULE_HOST_DOWNTIME" and k[1] == HOST:
                    start, end, fixed, trigger = f[1:5]
                elif ln.type == "SCHEDULE_SVC_DOWNTIME" and k[1] != HOST:
                    start, end, fixed, trigger = f[2:6]
                else:
                    continue
                if fixed == "0" and trigger == "0":
                    began = min((x.t for x in self.c.by_key[k] if x.what == "downtime" and x.t >= int(start)
                                 and x.type == "STARTED"), default=FOREVER)
                    may.append((max(ln.t, int(start)), min(int(end), began)))
            open_at = collections.defaultdict(list)
            for s in self.c.snapshots:
                for d in self._windows(s, k):
                    open_at[d["downtime_id"]].append((s.t, int(d["start_time"]), int(d["end_time"])))
            for marks in open_at.values():
                lo, hi = max(marks[0][0], marks[0][1]), min(marks[-1][0], marks[-1][2])
                if lo <= hi:
                    may.append((lo, hi))
                    must.append((lo, hi))
        return Intervals(may), Intervals(must)

    def _windows(self, snapshot, key):
        if not hasattr(self, "_open"):
            self._open = collections.defaultdict(list)
            for s in self.c.snapshots:
                for d in s.downtimes:
                    if d["fixed"] == "0" and d["triggered_by"] == "0" and d["is_in_effect"] == "0":
                        self._open[s.t, d["host_name"], d["service_description"]].append(d)
        return self._open.get((snapshot.t, *key), ())

    def _time_out(self, key):
        """The log's text, or an execution time at Nagios' own limit. The mark may stand until the next result."""
        rows, out = self.c.rows_by_key[key], []
        limit = float(self.c.settings.get("service_check_timeout", 5)) - .1
        for r, nxt in zip(rows, rows[1:] + [None]):
            if r.exec >= limit:
                out.append((r.t, nxt.t if nxt else FOREVER))
        text = [ln for ln in self.c.by_key[key] if ln.what in ("alert", "initial", "current") and ln.text and (
            ln.text.startswith(("(Service check timed out", "(Host check timed out")) or "Command timed out" in ln.text)]
        return Intervals(out + [(ln.t, ln.t + 1) for ln in text]), Intervals(
            [(ln.t, ln.t) for ln in text if ln.what == "alert" and ln.hard])

    def _no_longer_monitored(self, key):
        since = [*self.c.objects_since[1:], FOREVER]
        gone = Intervals([(a, b) for d, a, b in zip(self.defined[1:], since, since[1:]) if key not in d])
        return gone, gone

    def _notifications_off(self, _key):
        shots = [(s.t, s.program.get("enable_notifications") == "0") for s in self.c.snapshots]
        return runs(self.off) | self.stretch(shots), runs(self.off)

    def _definitions(self, key):
        """The object's definitions with the second from which each holds."""
        return [(t, d[key]) for t, d in zip(self.c.objects_since, self.defined) if key in d]

    def epochs(self, key):
        """(from, to, definition): each configuration in which the object stands, with a second of slack at its ends."""
        ends = [*(t + 1 for t in self.c.objects_since[1:]), FOREVER]
        return [(max(0, t - 1), end, d[key]) for t, end, d in zip(self.c.objects_since, ends, self.defined) if key in d]

"""A recording of a real Nagios, read without any of the filter's own code.

Layout of a recording: log/, status/, objects/, checks/, oracle/, driver.jsonl (see README.md beside this file).
Everything is read into plain tuples and dicts; times are epoch seconds. A service's key is (host, description),
a host's own check has the key (host, "Host").
"""
import collections
import glob
import json
import os
import re

HOST = "Host"
SERVICE_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
HOST_STATES = ("UP", "DOWN", "UNREACHABLE")
GOOD = ("OK", "UP")

#: One line of the log. `what` is one of alert, initial, current, notification, flapping, downtime, command, passive,
#: start, stop, hup, rotation. `n` is the line's number over all files and the only order to trust inside one second.
Line = collections.namedtuple("Line", "n t what key state hard attempt text contact type raw")
#: One processed check result (a row of checks/*.tsv), written after Nagios' notification decision.
Row = collections.namedtuple("Row", "n t checked key state hard attempt max depth number pct exec")
#: One copy of status.dat. `objects` maps keys to dicts of raw strings, `downtimes` is a list of such dicts.
Snapshot = collections.namedtuple("Snapshot", "t objects downtimes program")

_ALERT = {"SERVICE ALERT": "alert", "INITIAL SERVICE STATE": "initial", "CURRENT SERVICE STATE": "current",
          "HOST ALERT": "alert", "INITIAL HOST STATE": "initial", "CURRENT HOST STATE": "current"}
_TYPED = re.compile(r"^([A-Z]+) \((.*)\)$")


def _line(n, t, what, key=None, state=None, hard=None, attempt=None, text=None, contact=None, type_=None, raw=""):
    return Line(n, t, what, key, state, hard, attempt, text, contact, type_, raw)


def parse_line(n, raw):
    """A line of nagios.log as a Line, or None for the kinds that nothing here needs."""
    if not raw.startswith("[") or "] " not in raw:
        return None
    stamp, rest = raw[1:].split("] ", 1)
    if not stamp.isdigit():
        return None
    t = int(stamp)
    if " starting... (PID=" in rest:
        return _line(n, t, "start", raw=raw)
    if rest.startswith("Caught SIGHUP"):
        return _line(n, t, "hup", raw=raw)
    if rest.startswith("Caught SIGTERM") or rest.startswith("Successfully shutdown"):
        return _line(n, t, "stop", raw=raw)
    if rest.startswith("LOG ROTATION"):
        return _line(n, t, "rotation", raw=raw)
    kind, sep, body = rest.partition(": ")
    if not sep:
        return None
    host_line = kind.startswith("HOST") or " HOST " in kind
    if kind in _ALERT:
        f = body.split(";", 4 if host_line else 5)
        if host_line:
            f.insert(1, HOST)
        if len(f) < 5:
            return None
        return _line(n, t, _ALERT[kind], (f[0], f[1]), f[2], f[3] == "HARD", int(f[4]), f[5] if len(f) > 5 else "",
                     raw=raw)
    if kind in ("SERVICE NOTIFICATION", "HOST NOTIFICATION"):
        f = body.split(";", 4 if host_line else 5)
        if host_line:
            f.insert(2, HOST)
        typed = _TYPED.match(f[3])
        state = typed.group(2) if typed else f[3]
        type_ = typed.group(1) if typed else ("RECOVERY" if f[3] in GOOD else "PROBLEM")
        return _line(n, t, "notification", (f[1], f[2]), state, contact=f[0], type_=type_, raw=raw)
    if kind.endswith("FLAPPING ALERT") or kind.endswith("DOWNTIME ALERT"):
        f = body.split(";", 2 if host_line else 3)
        if host_line:
            f.insert(1, HOST)
        what = "flapping" if "FLAPPING" in kind else "downtime"
        return _line(n, t, what, (f[0], f[1]), type_=f[2], text=f[3] if len(f) > 3 else "", raw=raw)
    if kind == "EXTERNAL COMMAND":
        name, _, args = body.partition(";")
        if name.startswith("PROCESS_"):
            return None
        return _line(n, t, "command", type_=name, text=args, raw=raw)
    return None


def parse_objects(path):
    """objects.cache as {kind: [dict]}; custom variables keep their leading underscore, in upper case."""
    out, cur = collections.defaultdict(list), None
    with open(path, encoding="utf-8", errors="replace") as f:
        for ln in f:
            s = ln.strip()
            if s.startswith("define "):
                cur = {}
                out[s.split()[1]].append(cur)
            elif s == "}":
                cur = None
            elif cur is not None and s:
                k, _, v = s.partition("\t")
                cur[k.strip()] = v.strip()
    return out


_WANTED = frozenset("""current_state state_type last_hard_state current_attempt max_attempts last_check last_state_change
last_hard_state_change current_notification_number last_notification next_notification no_more_notifications
notifications_enabled problem_has_been_acknowledged acknowledgement_type is_flapping scheduled_downtime_depth
has_been_checked percent_state_change flap_detection_enabled""".split())


def parse_status(path, t):
    """One status.dat, reduced to what a witness asks for."""
    objects, downtimes, program, kind, cur = {}, [], {}, None, None
    with open(path, encoding="utf-8", errors="replace") as f:
        for ln in f:
            if ln.endswith(" {\n"):
                kind, cur = ln[:-3], {}
            elif ln == "\t}\n":
                if kind == "servicestatus":
                    objects[cur["host_name"], cur["service_description"]] = cur
                elif kind == "hoststatus":
                    objects[cur["host_name"], HOST] = cur
                elif kind in ("servicedowntime", "hostdowntime"):
                    cur.setdefault("service_description", HOST)
                    downtimes.append(cur)
                elif kind == "programstatus":
                    program = cur
                kind = cur = None
            elif cur is not None:
                k, _, v = ln.strip("\t\n").partition("=")
                if kind in ("servicestatus", "hoststatus"):
                    if k in _WANTED or k in ("host_name", "service_description"):
                        cur[k] = v
                else:
                    cur[k] = v
    return Snapshot(t, objects, downtimes, program)


class Corpus:
    """All of one recording. Status files are read on demand (they are the slow part) and then kept."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = self._read_log()
        self.first, self.end = self.lines[0].t, self.lines[-1].t
        self.by_key = collections.defaultdict(list)
        for ln in self.lines:
            if ln.key:
                self.by_key[ln.key].append(ln)
        self.starts = sorted({ln.t for ln in self.lines if ln.what == "start"})
        self.rows = self._read_rows("service-checks.tsv", False) + self._read_rows("host-checks.tsv", True)
        self.rows_by_key = collections.defaultdict(list)
        for r in self.rows:
            self.rows_by_key[r.key].append(r)
        self.driver = self._read_jsonl("driver.jsonl")
        self.objects, self.objects_since = self._read_objects()
        self.settings = self._read_settings()
        self.utc_offset = self._offset()
        self.oracle = self._read_oracle()
        self._snapshots = None

    @property
    def snapshots(self):
        if self._snapshots is None:
            found = []
            for p in glob.glob(f"{self.folder}/status/status.*.dat"):
                stamp = os.path.basename(p).split(".")[1]
                if stamp.isdigit():
                    found.append((int(stamp), p))
            self._snapshots = [parse_status(p, t) for t, p in sorted(found)]
        return self._snapshots

    def _read_log(self):
        files = []
        for p in glob.glob(f"{self.folder}/log/*.log"):
            with open(p, "rb") as f:
                m = re.match(rb"\[(\d+)\]", f.readline())
            files.append((int(m.group(1)) if m else 0, os.path.basename(p) == "nagios.log", p))
        out, n = [], 0
        for _, _, p in sorted(files):
            with open(p, "rb") as f:
                for raw in f:
                    n += 1
                    ln = parse_line(n, raw.decode("utf-8", "replace").rstrip("\n"))
                    if ln:
                        out.append(ln)
        return out

    def _read_objects(self):
        """The configurations, oldest first, and the second from which each was in force: the driver noted it, or there was
        one reload, which brought the second one."""
        paths = sorted(glob.glob(f"{self.folder}/objects/objects.cache*"), key=lambda p: (len(p), p))
        noted = {d["file"]: int(d["t"]) for d in self.driver if d["kind"] == "objects"}
        reload = next((int(d["t"]) for d in self.driver if d["kind"] == "sighup"), 1 << 40)
        since = [noted.get(os.path.basename(p), reload) if i else 0 for i, p in enumerate(paths)]
        return [parse_objects(p) for p in paths], since

    def _read_settings(self):
        """nagios.cfg, where it was recorded (of several the first, they differ in what is logged only)."""
        found = {}
        for p in sorted(glob.glob(f"{self.folder}/config/nagios.cfg*"), reverse=True):
            with open(p, encoding="utf-8", errors="replace") as f:
                found |= dict(ln.rstrip("\n").split("=", 1) for ln in f if "=" in ln and not ln.startswith("#"))
        return found

    def _read_rows(self, name, host):
        out = []
        with open(f"{self.folder}/checks/{name}", encoding="utf-8", errors="replace") as f:
            for n, ln in enumerate(f):
                c = ln.rstrip("\n").split("\t")
                if host:
                    c.insert(3, HOST)
                    c += ["0", "0"]
                if len(c) < 14 or not c[0].isdigit():
                    continue
                out.append(Row(n, int(c[0]), int(c[1]), (c[2], c[3]), c[4], c[5] == "HARD", int(c[6]), int(c[7]),
                               int(c[10]), int(c[11]), float(c[12]), float(c[13])))
        return out

    def _read_jsonl(self, name):
        with open(f"{self.folder}/{name}", encoding="utf-8") as f:
            return [json.loads(ln) for ln in f if ln.strip()]

    def _read_oracle(self):
        """What the notification command itself recorded: (t, key, contact, type, state)."""
        out = []
        with open(f"{self.folder}/oracle/notifications.jsonl", encoding="utf-8", errors="replace") as f:
            for ln in f:
                d = json.loads(ln)
                key = (d["HOSTNAME"], d.get("SERVICEDESC", HOST) if d["kind"] == "service" else HOST)
                state = d.get("SERVICESTATE") if d["kind"] == "service" else d.get("HOSTSTATE")
                out.append((int(d.get("TIMET", d["t"])), key, d.get("CONTACTNAME"), d.get("NOTIFICATIONTYPE"), state))
        return out

    def _offset(self):
        """Seconds that local time is ahead of UTC, from the TZ that the driver gave Nagios (NAME-HH:MM)."""
        tz = next((d.get("tz") for d in self.driver if d["kind"] == "nagios_start" and d.get("tz")), None)
        m = re.match(r"^[A-Za-z]+([+-])?(\d+)(?::(\d+))?$", tz or "UTC0")
        if not m:
            return 0
        seconds = int(m.group(2)) * 3600 + int(m.group(3) or 0) * 60
        return seconds if m.group(1) == "-" else -seconds

    def context(self, key, t, before=4, after=3):
        """The log lines of a service (and of its host) around a second, for reports."""
        lines = sorted(set(self.by_key.get(key, [])) | set(self.by_key.get((key[0], HOST), [])), key=lambda l: l.n)
        i = next((i for i, ln in enumerate(lines) if ln.t >= t), len(lines))
        return [f"{ln.n}: {ln.raw[:160]}" for ln in lines[max(0, i - before):i + after]]

"""Witnesses of the reasons that Nagios weighs when it decides about one notification (facts/nagios: N3, N8, N9, N11,
N15, N17 and the contacts). They come from objects.cache, checks/*.tsv and the notification lines, generously read: the
word is true on every second on which the condition could hold under some order of the events of that second."""
import collections

from corpus import GOOD, HOST
from intervals import EVERYTHING, FOREVER, NOTHING, Intervals, runs
from periods import Periods

_LETTER = {"WARNING": "w", "CRITICAL": "c", "UNKNOWN": "u", "DOWN": "d", "UNREACHABLE": "u"}


def allows(options, state):
    """Does an option list of objects.cache ("r,w,c", "a", "n") contain a state?"""
    parts = options.split(",")
    return "a" in parts or _LETTER.get(state) in parts


class Decisions:
    """may(word, key) for the reasons of one decision; must(word, key) where it is certain."""

    WORDS = ("notification-period", "first-notification-delay", "dependency", "notification-options", "no-contact",
             "already-notified")

    def __init__(self, corpus, conditions):
        self.c, self.conditions = corpus, conditions
        self.groups, self.contacts, periods = {}, {}, {}
        self.masters, self.escalations = collections.defaultdict(set), collections.defaultdict(list)
        for objs in corpus.objects:
            self.groups |= {g["contactgroup_name"]: g.get("members", "").split(",") for g in objs["contactgroup"]}
            self.contacts |= {c["contact_name"]: c for c in objs["contact"]}
            periods |= {p["timeperiod_name"]: p for p in objs["timeperiod"]}
            for d in objs["servicedependency"]:
                failing = d.get("notification_failure_options") or d.get("notification_failure_criteria", "n")
                self.masters[d["dependent_host_name"], d["dependent_service_description"]].add(
                    (d["host_name"], d["service_description"], failing, d.get("inherits_parent") == "1",
                     d.get("dependency_period")))
            for d in objs["hostdependency"]:
                self.masters[d["dependent_host_name"], HOST].add(
                    (d["host_name"], HOST, d.get("notification_failure_options", "n"), d.get("inherits_parent") == "1",
                     d.get("dependency_period")))
            for kind in ("serviceescalation", "hostescalation"):
                for e in objs[kind]:
                    self.escalations[e["host_name"], e.get("service_description", HOST)].append(e)
        self._cache, self.periods = {}, Periods(periods, corpus.utc_offset, corpus.first, corpus.end)

    def may(self, word, key):
        if (word, key) not in self._cache:
            self._cache[word, key] = getattr(self, "_" + word.replace("-", "_"))(key)
        return self._cache[word, key]

    def must(self, word, key):
        return self.may(word, key) if word in ("notification-period", "notification-options") else NOTHING

    def definition(self, key):
        found = self.conditions._definitions(key)
        return found[0][1] if found else {}

    def bad(self, key):
        """Stretches (from, to, state, hard, number) of unchanged non-OK state, as the check results show them."""
        rows, out = self.c.rows_by_key[key], []
        for i, r in enumerate(rows):
            if r.state not in GOOD:
                out.append((r.t, max(r.t, rows[i + 1].t - 1) if i + 1 < len(rows) else FOREVER, r.state, r.hard, r.number))
        return out

    def outside(self, period):
        return self.periods.outside(period)

    def _changed(self, key, kind, name):
        """(from, to, period) while a command's period stands in the place of the configured one; retained over restarts."""
        if kind == "contact":
            source = [(ln, f) for ln, f in self.conditions.people if f[0] == name]
            word = f"CHANGE_CONTACT_{'HOST' if key[1] == HOST else 'SVC'}_NOTIFICATION_TIMEPERIOD"
        else:
            source = self.conditions.by_host[key[0]] if key[1] == HOST else self.conditions.commands[key]
            word = f"CHANGE_{'HOST' if key[1] == HOST else 'SVC'}_NOTIFICATION_TIMEPERIOD"
        found = [(ln.t, f[-1]) for ln, f in source if ln.type == word]
        return [(t, nxt[0], period) for (t, period), nxt in zip(found, found[1:] + [(FOREVER, None)])]

    def _outside_of(self, key, configured, kind, name=None):
        """Seconds outside a period that commands may change, each change with a second of slack."""
        changed = self._changed(key, kind, name)
        if not changed:
            return self.outside(configured)
        out = self.outside(configured) & Intervals([(0, changed[0][0] + 1)])
        for a, b, period in changed:
            out |= self.outside(period) & Intervals([(a - 1, b + 1)])
        return out

    def _notification_period(self, key):
        out = NOTHING
        for a, b, d in self.conditions.epochs(key):
            name = d.get("notification_period")
            if not name and key[1] != HOST:
                name = self.definition((key[0], HOST)).get("notification_period")
            out |= self._outside_of(key, name, "object") & Intervals([(a, b)])
        return out

    def _first_notification_delay(self, key):
        delays = [float(d.get("first_notification_delay", 0)) for _, _, d in self.conditions.epochs(key)]
        delay, out, last = max(delays, default=0), [], None
        if not delay:
            return NOTHING
        for r in self.c.rows_by_key[key]:
            if r.hard and r.state not in GOOD and r.number == 0 and (r.state, r.hard) != last:
                out.append((r.t, r.t + int(delay) + 1))
            last = (r.state, r.hard)
        for s in self.c.snapshots:
            o = s.objects.get(key)
            if o and o["current_state"] != "0" and o["current_notification_number"] == "0":
                since = int(o["last_hard_state_change"])
                out.append((since, since + int(delay) + 1))
        return Intervals(out)

    def _dependency(self, key, depth=0):
        out = NOTHING
        for host, service, failing, inherits, period in sorted(self.masters.get(key, ()), key=str):
            master, found = (host, service), NOTHING
            # A soft master counts with its last hard state (measured: a master CRITICAL;SOFT blocks nothing).
            rows, since = self.c.rows_by_key[master], None
            for r in rows:
                if r.hard and allows(failing, r.state) and since is None:
                    since = r.t
                elif r.hard and not allows(failing, r.state) and since is not None:
                    found |= Intervals([(since, r.t)])
                    since = None
            if since is not None:
                found |= Intervals([(since, FOREVER)])
            if inherits and depth < 8:
                found |= self._dependency(master, depth + 1)
            out |= found & self.periods.inside(period) if period else found
        if key[1] != HOST and (key[0], HOST) in self.masters and depth == 0:
            out |= self._dependency((key[0], HOST), depth + 1)
        return out

    def _notification_options(self, key):
        out = NOTHING
        for since, until, d in self.conditions.epochs(key):
            bad = [(a, b) for a, b, state, _, _ in self.bad(key) if not allows(d.get("notification_options", "a"), state)]
            out |= Intervals(bad) & Intervals([(since, until)])
        return out

    def unwanted(self, key, state):
        """Is there a configuration in which nobody wants to hear of that state?"""
        return any(not allows(d.get("notification_options", "a"), state) for _, _, d in self.conditions.epochs(key))

    def _members(self, groups, contacts):
        names = {m for g in groups.split(",") for m in self.groups.get(g, ())} | set(contacts.split(","))
        return [self.contacts[n] for n in sorted(names) if n in self.contacts]

    def recipients(self, key, number, state):
        """Who would get the notification with this number: [(contact, seconds in which an escalation, or the lack of one,
        asks for it)]. Escalations have options and periods; where none is valid it is the object's own contacts."""
        found, escalated = [], NOTHING
        for e in self.escalations.get(key, ()):
            first, last = int(e["first_notification"]), int(e["last_notification"])
            if first <= number and (number <= last or last == 0) and allows(e.get("escalation_options") or "a", state):
                seconds = self.periods.inside(e["escalation_period"]) if e.get("escalation_period") else EVERYTHING
                found += [(c, seconds) for c in self._members(e.get("contact_groups", ""), e.get("contacts", ""))]
                escalated |= seconds
        rest = self.periods.complement(escalated) if escalated else EVERYTHING
        for since, until, d in self.conditions.epochs(key):
            groups, contacts = d.get("contact_groups", ""), d.get("contacts", "")
            if not groups and not contacts and key[1] != HOST:
                host = self.definition((key[0], HOST))
                groups, contacts = host.get("contact_groups", ""), host.get("contacts", "")
            found += [(c, rest & Intervals([(since, until)])) for c in self._members(groups, contacts)]
        return found

    def deaf(self, contact, key):
        """Seconds in which a contact gets nothing of an object: switched off, or outside its period."""
        kind = "host" if key[1] == HOST else "service"
        word = "HOST" if key[1] == HOST else "SVC"
        marks = [(0, contact.get(f"{kind}_notifications_enabled") != "1")]
        for ln, f in self.conditions.people:
            mine = f[0] == contact["contact_name"] if "CONTACTGROUP" not in ln.type else contact["contact_name"] in self.groups.get(f[0], ())
            if mine and ln.type.endswith(f"_{word}_NOTIFICATIONS"):
                marks.append((ln.t, ln.type.startswith("DISABLE")))
        off = runs(marks)
        if len(marks) > 1:
            off = Intervals([(a - 1, b + 1) for a, b in off.pairs])
        return off | self._outside_of(key, contact.get(f"{kind}_notification_period"), "contact", contact["contact_name"])

    def _no_contact(self, key):
        kind, out, deaf = "host" if key[1] == HOST else "service", NOTHING, {}
        for a, b, state, _, number in self.bad(key):
            for n in {number, number + 1}:
                nobody = EVERYTHING
                for c, asked in self.recipients(key, n, state):
                    if allows(c.get(f"{kind}_notification_options", "n"), state):
                        name = c["contact_name"]
                        deaf[name] = deaf.get(name) or self.deaf(c, key)
                        nobody &= deaf[name] | self.periods.complement(asked)
                out |= nobody & Intervals([(a, b)])
        return out

    def interval(self, key, number):
        """Seconds until the next notification, 0 for never again: the shortest of the valid escalations, else its own."""
        found = [float(e["notification_interval"]) for e in self.escalations.get(key, ())
                 if int(e["first_notification"]) <= number <= (int(e["last_notification"]) or number)]
        return min(found, default=float(self.definition(key).get("notification_interval", 0)))

    def _already_notified(self, key):
        """From each notified problem until its next one is due, and clearly before the state or its type changes: a
        change resets the timer, so this is never the reason why a change was not notified (only why a repetition was)."""
        rows, out, change = self.c.rows_by_key[key], [], []
        for x, y in zip(rows, rows[1:]):
            if (x.state, x.hard) != (y.state, y.hard):
                change.append(y.t)
        until = lambda t: next((c - 2 for c in change if c > t), FOREVER)
        for ln in self.c.by_key[key]:
            if ln.what == "notification" and ln.type in ("PROBLEM", "CUSTOM"):
                number = max((r.number for r in rows if abs(r.t - ln.t) <= 1), default=1)
                wait = min(self.interval(key, n) for n in {number, max(number - 1, 1)})
                out.append((ln.t, min(until(ln.t), FOREVER if wait == 0 else ln.t + int(wait) + 1)))
        for ln, f in self.conditions.commands[key]:
            if ln.type == "DELAY_SVC_NOTIFICATION":
                out.append((ln.t, min(until(ln.t), int(f[2]))))
        for s in self.c.snapshots:
            o = s.objects.get(key)
            if o and o["current_state"] != "0" and int(o["current_notification_number"]) > 0:
                due = FOREVER if o["no_more_notifications"] == "1" else int(o["next_notification"])
                if due > s.t:
                    out.append((s.t, min(until(s.t), due)))
        return Intervals(out)

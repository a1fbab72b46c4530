"""The laws. Each takes the Case and returns a Verdict; a verdict that is not ok breaks the judgement."""
import bisect
import collections

from corpus import GOOD, HOST
from held import problems
from witness_decide import Decisions
from witness_nagios import Conditions
from witness_topology import Topology

#: Words that explain why Nagios sent nothing. The topology's words do not: Nagios knows nothing of GOCDB.
REASONS = ("host-not-up", "flapping", "acknowledged", "muted", "nagios-downtime", "flexible-downtime",
           "notifications-off", "notification-period", "first-notification-delay", "dependency", "notification-options",
           "no-contact", "already-notified", "not-settled")

#: Words of one decision: law 5 asks for them only where a change of the alarm was not notified.
AT_CHANGES = ("notification-period", "notification-options", "notifications-off", "flexible-downtime")


class Verdict:
    def __init__(self, law, title):
        self.law, self.title, self.ok, self.figures, self.findings = law, title, True, {}, []

    def fault(self, text, context=()):
        self.ok = False
        self.findings.append((text, list(context)))

    def note(self, text, context=()):
        self.findings.append((text, list(context)))


class Case:
    """A recording, what the replay made of it, and the witnesses."""

    def __init__(self, corpus, episodes, broken, gocdb=None, contact="rod", hosts=True,
                 with_status=False):
        self.corpus, self.episodes, self.broken = corpus, episodes, broken
        self.contact, self.hosts, self.with_status = contact, hosts, with_status
        self.conditions = Conditions(corpus)
        self.decisions = Decisions(corpus, self.conditions)
        self.topology = Topology(gocdb, corpus)
        self.problems = problems(corpus)
        self.held = collections.defaultdict(list)
        for p in self.problems:
            if p.held:
                self.held[p.key].append(p)
        self.sent = collections.defaultdict(list)
        for ln in corpus.lines:
            if ln.what == "notification" and ln.type == "PROBLEM":
                self.sent[ln.key].append(ln.t)
        self.by_key = collections.defaultdict(list)
        for e in episodes:
            self.by_key[e.key].append(e)
        for es in self.by_key.values():
            es.sort(key=lambda e: e.raised)

    def was_sent(self, key, t):
        """Did Nagios notify anybody of a problem of this object in that second (1 s)?"""
        times = self.sent.get(key, ())
        i = bisect.bisect_left(times, t - 1)
        return i < len(times) and times[i] <= t + 1

    def use(self, episodes):
        """The same recording and witnesses, another replay (the self-test judges many)."""
        other = object.__new__(Case)
        other.__dict__ = dict(self.__dict__, episodes=episodes, broken=[], by_key=collections.defaultdict(list))
        for e in episodes:
            other.by_key[e.key].append(e)
        for es in other.by_key.values():
            es.sort(key=lambda e: e.raised)
        return other

    def may(self, word, key):
        """The generous witness of a word, or None when the word is not known."""
        for w in (self.conditions, self.decisions, self.topology):
            if word in w.WORDS:
                return w.may(word, key)
        return None

    def must(self, word, key):
        for w in (self.conditions, self.decisions, self.topology):
            if word in w.WORDS:
                return w.must(word, key)
        return None

    def true_reasons(self, key, t, slack=1, state=None):
        """The reasons that hold within `slack` seconds; with a state, the object's options are asked about that one."""
        found = [w for w in REASONS if (s := self.may(w, key)) is not None and s.touches(t - slack, t + slack)]
        if state and "notification-options" in found and not self.decisions.unwanted(key, state):
            found.remove("notification-options")
        return found

    def known_end(self, e):
        """When the end of an alarm was known: at its line, or, where only status.dat shows it, with the next copy of that."""
        if e.cleared is None:
            return self.corpus.end
        if any(abs(ln.t - e.cleared) <= 1 and ln.state in GOOD for ln in self.corpus.by_key.get(e.key, ())):
            return e.cleared
        return next((s.t for s in self.corpus.snapshots if s.t >= e.cleared), e.cleared)

    def problem_began(self, e):
        """When the problem behind an alarm began: earlier than the alarm when it was held under its host."""
        return max((p.began for p in self.held.get(e.key, ()) if p.began <= e.raised + 1
                    and (p.ended is None or p.ended >= e.raised)), default=e.raised)

    def in_state(self, key, t, state, slack):
        return any(state in e.states_at(t, slack) for e in self.by_key.get(key, ()))

    def expected(self, key):
        return (self.hosts or key[1] != HOST) and not self.topology.silenced(key)


def law1(c):
    v = Verdict(1, f"every problem notified to {c.contact} has an alarm in that state at that moment (2 s)")
    asked = {(ln.t, ln.key, ln.state, "log") for ln in c.corpus.lines if ln.what == "notification"
             and ln.type == "PROBLEM" and ln.contact == c.contact}
    asked |= {(t, key, state, "oracle") for t, key, contact, type_, state in c.corpus.oracle
              if type_ == "PROBLEM" and contact == c.contact}
    missed = collections.Counter()
    for t, key, state, source in sorted(asked):
        if c.expected(key) and not c.in_state(key, t, state, 2):
            missed[source, "host" if key[1] == HOST else "service"] += 1
            v.fault(f"{source}: {t} {key[0]};{key[1]} {state}: no alarm in that state", c.corpus.context(key, t))
    v.figures = {"asked": len(asked), "missed": {" ".join(k): n for k, n in missed.items()}}
    return v


def law2(c):
    v = Verdict(2, "no alarm of its own for a problem under a host not UP that ended before its release (DC6)")
    held = [p for p in c.problems if p.held]
    early = 0
    for p in held:
        for e in c.by_key.get(p.key, ()):
            inside = p.began - 1 <= e.raised and (p.ended is None or e.raised < p.ended)
            if p.released is None and not p.unsure and inside:
                v.fault(f"raised though never released: {e}", c.corpus.context(p.key, p.began))
            elif p.released is not None and inside and e.raised < p.released - 2:
                early += 1
    late = collections.Counter()
    for p in held:
        if p.released is not None and not p.unsure and c.expected(p.key) and (p.ended is None or p.ended > p.released + 2):
            last = c.corpus.end if p.ended is None else p.ended
            if not any(e.raised <= last and e.until(last) >= p.released - 2 for e in c.by_key.get(p.key, ())):
                late[p.how] += 1
                say = v.fault if p.how != "status" or c.with_status else v.note
                say(f"released by {p.how} at {p.released} and never raised: {p.key[0]};{p.key[1]} {p.began}..{p.ended}",
                    c.corpus.context(p.key, p.released))
    v.figures = {"released, never raised": dict(late), "held": len(held), "never released": sum(p.released is None for p in held),
                 "unsure": sum(p.unsure for p in held), "released by": dict(collections.Counter(
                     p.how for p in held if p.how)), "alarms dated before their release (allowed)": early}
    return v


def law3(c, share=0.005):
    v = Verdict(3, f"every change that Nagios notified to nobody has a reason that a witness confirms ({share:.1%} may not)")
    tally, by_reason, lacking = collections.Counter(), collections.Counter(), collections.Counter()
    for e in c.episodes:
        for at, state in e.changes:
            if c.was_sent(e.key, at):
                tally["notified"] += 1
                continue
            tally["not notified"] += 1
            said = [f for f in e.flags if f in REASONS]
            true = c.true_reasons(e.key, at, 1, state)
            if set(said) & set(true) or ("not-settled" in said and "host-not-up" in true):
                by_reason.update(w for w in said if w in true)
                continue
            why = "no reason given" if not said else "no given reason is true then"
            tally[why] += 1
            lacking[",".join(true) or "nothing"] += 1
            v.note(f"{why}: {at} {state}; the witness says {','.join(true) or 'nothing'}: {e}", c.corpus.context(e.key, at))
    bad = tally["no reason given"] + tally["no given reason is true then"]
    v.ok = bad <= share * max(1, tally["not notified"])
    v.figures = {**tally, "unexplained": bad, "share": round(bad / max(1, tally["not notified"]), 5),
                 "confirmed by": dict(by_reason.most_common()), "witness for the unexplained": dict(lacking.most_common())}
    return v


def law4(c):
    v = Verdict(4, "every flag of every alarm was true at some second of it")
    true, false, unknown = collections.Counter(), collections.Counter(), collections.Counter()
    for e in c.episodes:
        a, b = e.raised - 2, c.known_end(e) + 2
        for word in e.flags:
            seconds = c.may(word, e.key)
            if seconds is None:
                if word != "not-settled":
                    unknown[word] += 1
            elif seconds.touches(a, b):
                true[word] += 1
            elif word == "host-not-up" and seconds.touches(c.problem_began(e) - 2, b):
                true["host-not-up (while it was held)"] += 1
            elif word in c.topology.WORDS and not c.topology.made:
                unknown[word] += 1
            else:
                false[word] += 1
                v.fault(f"{word} was never true: {e}", c.corpus.context(e.key, e.raised))
    v.figures = {"true": dict(true), "false": dict(false), "no witness": dict(unknown)}
    return v


def law5(c):
    v = Verdict(5, "flags that a strict witness saw for more than 5 s of an alarm are there (a list, never a fault)")
    missing, present = collections.Counter(), collections.Counter()
    for e in c.episodes:
        a, b = e.raised, e.until(c.corpus.end)
        silent = [at for at, _ in e.changes if not c.was_sent(e.key, at)]
        for source in (c.conditions, c.decisions, c.topology):
            for word in source.WORDS:
                seconds = c.must(word, e.key)
                if word == "time-out":
                    true = any(seconds.touches(at, at) for at, _ in e.changes)
                elif word in AT_CHANGES:
                    true = any(seconds.touches(at, at) for at in silent)
                else:
                    true = seconds.seconds(a, min(b, c.corpus.end)) > 5
                if true and word in e.flags:
                    present[word] += 1
                elif true:
                    missing[word] += 1
                    v.note(f"{word} missing: {e}", c.corpus.context(e.key, e.raised))
    v.figures = {"missing": dict(missing), "present": dict(present)}
    return v

#!/usr/bin/env python3
"""selftest.py RECORDING [--gocdb DIR] [--replay FILE]: does the judge pass a sound replay, and find each of the faults
planted in it?

The sound one is naive.py's, or FILE where that is too simple (a monitor that was killed, or restarted with other objects).
Every planted fault names the laws of which at least one must break; law 5 is a list and
breaks nothing, so its fault is that the list grows."""
import argparse
import copy
import json
import sys

import judge
import laws
import naive
import replay
from corpus import HOST, Corpus


def episodes_of(dicts):
    return [replay.Episode(n, d) for n, d in enumerate(dicts, 1)]


class Planter:
    """Faults, each a method that changes a copy of the sound replay and says which laws must notice."""

    def __init__(self, sound, case):
        self.sound, self.case = sound, case

    def pick(self, test):
        return next(i for i, d in enumerate(self.sound) if test(d))

    def told(self, d):
        return any(ln.what == "notification" and ln.type == "PROBLEM" and ln.contact == "rod" and ln.t == d["raised_at"]
                   for ln in self.case.corpus.by_key[d["host"], d["service"]])

    def dropped_episode(self, out):
        del out[self.pick(self.told)]
        return {1}

    def dropped_host_episode(self, out):
        del out[self.pick(lambda d: d["service"] == HOST and self.told(d))]
        return {1}

    def dropped_unnotified_episode(self, out):
        del out[self.pick(lambda d: not self.told(d) and d["service"] != HOST and "host-not-up" not in d["flags"])]
        return {8}

    def wrong_state(self, out):
        d = out[self.pick(lambda d: self.told(d) and d["state"] == "CRITICAL" and len(d["changes"]) == 1)]
        d["changes"][0]["state"] = d["state"] = "WARNING"
        return {1}

    def late(self, out):
        d = out[self.pick(lambda d: self.told(d) and (d["cleared_at"] or 1 << 40) - d["raised_at"] > 60)]
        d["raised_at"] = d["changes"][0]["at"] = d["raised_at"] + 9
        return {1}

    def held_problem_raised(self, out):
        p = next(p for p in self.case.problems if p.held and p.released is None and not p.unsure and p.ended
                 and not self.case.topology.silenced(p.key))
        out.append({"host": p.key[0], "service": p.key[1], "site": self.case.topology.site_of[p.key], "metric": p.key[1],
                    "state": p.state, "raised_at": p.began, "changes": [{"at": p.began, "state": p.state}],
                    "cleared_at": p.ended, "flags": ["host-not-up"]})
        return {2}

    def reasons_lost(self, out):
        for d in out[::10]:
            d["flags"] = [f for f in d["flags"] if f not in laws.REASONS]
        return {3}

    def reason_guessed(self, out):
        for d in out:
            d["flags"] = ["dependency"] if any(f in laws.REASONS for f in d["flags"]) else d["flags"]
        return {3}

    def one_reason_for_all(self, out):
        for d in out:
            d["flags"] = [f for f in d["flags"] if f not in laws.REASONS] + ["already-notified"]
        return {3}

    def _false_flag(self, out, word):
        at = self.pick(lambda d: not self.case.may(word, (d["host"], d["service"])))
        out[at]["flags"].append(word)
        return {4}

    def false_flapping(self, out):
        return self._false_flag(out, "flapping")

    def false_downtime(self, out):
        return self._false_flag(out, "nagios-downtime")

    def false_ack(self, out):
        return self._false_flag(out, "acknowledged")

    def false_topology(self, out):
        return self._false_flag(out, "outage") if self.case.topology.made else None

    def stale_ack(self, out):
        """Acknowledged, but in an earlier episode: the flag must not come over."""
        for d in out:
            ack = self.case.may("acknowledged", (d["host"], d["service"]))
            if ack and ack.pairs[-1][1] < d["raised_at"] - 10:
                d["flags"].append("acknowledged")
                return {4}
        return None

    def cleared_too_soon(self, out):
        d = out[self.pick(lambda d: d["cleared_at"] and d["cleared_at"] - d["changes"][-1]["at"] > 40)]
        d["cleared_at"] -= 20
        return {6}

    def never_cleared(self, out):
        out[self.pick(lambda d: d["cleared_at"] and d["cleared_at"] < self.case.corpus.end - 60)]["cleared_at"] = None
        return {6}

    def doubled(self, out):
        out.append(copy.deepcopy(out[self.pick(self.told)]))
        return {6}

    def change_invented(self, out):
        d = out[self.pick(lambda d: (d["cleared_at"] or 0) - d["changes"][-1]["at"] > 60 and d["state"] == "CRITICAL")]
        d["changes"].append({"at": d["changes"][-1]["at"] + 30, "state": "UNKNOWN"})
        d["state"] = "UNKNOWN"
        return {6}

    def silenced_site_raised(self, out):
        key = next((k for k in self.case.topology.site_of if self.case.topology.silenced(k)), None)
        if key is None:
            return None
        d = copy.deepcopy(out[0])
        d.update(host=key[0], service=key[1], site=self.case.topology.site_of[key])
        out.append(d)
        return {7}

    def wrong_site(self, out):
        out[0]["site"] = "NOWHERE"
        return {7}


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("recording")
    p.add_argument("--gocdb")
    p.add_argument("--replay")
    a = p.parse_args(argv)
    corpus = Corpus(a.recording)
    if a.replay:
        with open(a.replay, encoding="utf-8") as f:
            sound = [json.loads(ln) for ln in f]
    else:
        sound = naive.replay(corpus, a.gocdb)
    case = laws.Case(corpus, episodes_of(sound), [], a.gocdb)
    verdicts = judge.judge(case)
    failed = [f"the sound replay breaks law {v.law}" for v in verdicts if not v.ok]
    if failed:
        judge.report([v for v in verdicts if not v.ok], 5)
    planter = Planter(sound, case)
    for name in [n for n in vars(Planter) if not n.startswith("_") and n not in ("pick", "told")]:
        out = copy.deepcopy(sound)
        laws_wanted = getattr(planter, name)(out)
        if laws_wanted is None:
            print(f"{name}: nothing to plant it in")
            continue
        broken = {v.law for v in judge.judge(case.use(episodes_of(out))) if not v.ok}
        print(f"{name}: broke {sorted(broken)}")
        if not laws_wanted & broken:
            failed.append(f"{name}: law {sorted(laws_wanted)} did not notice")
    blind = copy.deepcopy(sound)
    for d in blind:
        d["flags"] = [f for f in d["flags"] if f not in ("muted", "nagios-downtime")]
    before, after = (sum(laws.law5(c).figures["missing"].values()) for c in (case, case.use(episodes_of(blind))))
    print(f"flags taken away: law 5 lists {after} instead of {before}")
    if after <= before + 50:
        failed.append("law 5 did not notice missing flags")
    print("\n".join(failed) if failed else "the judge found all that was planted")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The replay's answer: one JSON object per line, one per alarm episode."""
import json


class Episode:
    def __init__(self, number, d):
        self.number = number
        self.key = (d["host"], d["service"])
        self.site, self.metric, self.state = d.get("site"), d.get("metric"), d["state"]
        self.raised, self.cleared = d["raised_at"], d["cleared_at"]
        self.changes = [(c["at"], c["state"]) for c in d["changes"]]
        self.flags = list(d["flags"])

    def until(self, end):
        return end if self.cleared is None else self.cleared

    def states_at(self, t, slack):
        """The states that the episode was in at some second of [t - slack, t + slack]."""
        out = set()
        for i, (at, state) in enumerate(self.changes):
            nxt = self.changes[i + 1][0] if i + 1 < len(self.changes) else self.cleared
            if at <= t + slack and (nxt is None or nxt >= t - slack):
                out.add(state)
        return out

    def __str__(self):
        changes = " ".join(f"{at}:{state}" for at, state in self.changes[:6])
        return (f"line {self.number} {self.key[0]};{self.key[1]} {self.raised}..{self.cleared} [{changes}] "
                f"flags={','.join(self.flags)}")


def read(path):
    """Episodes and the lines that could not be read, with the reason."""
    episodes, broken = [], []
    with open(path, encoding="utf-8") as f:
        for n, ln in enumerate(f, 1):
            if ln.strip():
                try:
                    episodes.append(Episode(n, json.loads(ln)))
                except (ValueError, KeyError, TypeError) as e:
                    broken.append(f"line {n}: {type(e).__name__}: {e}")
    return episodes, broken

"""Sets of seconds as sorted, joined, closed intervals."""
import bisect

FOREVER = 1 << 40


class Intervals:
    def __init__(self, pairs=()):
        self.pairs = _join(pairs)
        self._starts = [a for a, _ in self.pairs]

    def __bool__(self):
        return bool(self.pairs)

    def __or__(self, other):
        return Intervals(self.pairs + other.pairs) if other.pairs else self

    def touches(self, a, b):
        """True when some second of [a, b] is in the set."""
        i = bisect.bisect_right(self._starts, b) - 1
        return i >= 0 and self.pairs[i][1] >= a

    def seconds(self, a, b):
        """How many seconds of [a, b] are in the set (lengths, so a lone point counts nothing)."""
        i, total = bisect.bisect_right(self._starts, b) - 1, 0
        while i >= 0 and self.pairs[i][1] >= a:
            total += min(b, self.pairs[i][1]) - max(a, self.pairs[i][0])
            i -= 1
        return total

    def __and__(self, other):
        out, i, j = [], 0, 0
        while i < len(self.pairs) and j < len(other.pairs):
            (a, b), (c, d) = self.pairs[i], other.pairs[j]
            if max(a, c) <= min(b, d):
                out.append((max(a, c), min(b, d)))
            if b < d:
                i += 1
            else:
                j += 1
        return Intervals(out)


def _join(pairs):
    out = []
    for a, b in sorted(p for p in pairs if p[0] <= p[1]):
        if out and a <= out[-1][1]:
            if b > out[-1][1]:
                out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out


EVERYTHING = Intervals([(0, FOREVER)])
NOTHING = Intervals()


def runs(points):
    """Intervals on which a flag was up, from (t, bool) points in order; the last one lasts for ever."""
    out, since = [], None
    for t, up in points:
        if up and since is None:
            since = t
        elif not up and since is not None:
            out.append((since, t))
            since = None
    if since is not None:
        out.append((since, FOREVER))
    return Intervals(out)


def between(points):
    """Only the stretches whose both ends saw the flag up (nothing is assumed beyond what was seen)."""
    return Intervals([(a, b) for (a, up), (b, up2) in zip(points, points[1:]) if up and up2])


def points(marks):
    """Just the seconds at which the flag was seen up."""
    return Intervals([(t, t) for t, up in marks if up])


def seen(points):
    """Every second at which the flag was seen up, each stretched to its neighbours' times: a generous reading."""
    out = []
    for i, (t, up) in enumerate(points):
        if up:
            out.append((points[i - 1][0] + 1 if i else t, points[i + 1][0] - 1 if i + 1 < len(points) else t))
            out.append((t, t))
    return Intervals(out)

"""Time periods of objects.cache: weekdays, dates, exclusions; each as the seconds in which it holds."""
import calendar
import datetime

from intervals import EVERYTHING, FOREVER, NOTHING, Intervals

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")
_NOT_DAYS = ("timeperiod_name", "alias", "exclude")


class Periods:
    """`outside(name)`: the seconds of a recording (from `first` to `end`, local time `shift` seconds ahead) in which a
    period does not hold. A day's hours are those of the first kind of date that names it, else those of its weekday."""

    def __init__(self, periods, shift, first, end):
        self.periods, self.shift = periods, shift
        day = datetime.datetime.fromtimestamp(first + shift, datetime.timezone.utc).date() - datetime.timedelta(days=1)
        last = datetime.datetime.fromtimestamp(end + shift, datetime.timezone.utc).date() + datetime.timedelta(days=1)
        self.span = [day + datetime.timedelta(days=i) for i in range((last - day).days + 1)]
        self._inside = {}

    def inside(self, name):
        if name not in self.periods:
            return EVERYTHING
        if name not in self._inside:
            self._inside[name] = self._compute(self.periods[name])
        return self._inside[name]

    def outside(self, name):
        return self.complement(self.inside(name)) if name in self.periods else NOTHING

    def complement(self, seconds):
        """The whole seconds that are not in a set whose windows do not hold their own end."""
        edge, out = 0, []
        for a, b in seconds.pairs:
            out.append((edge, a - 1))
            edge = b
        return Intervals(out + [(edge, FOREVER)])

    def _compute(self, period):
        windows = []
        for day in self.span:
            midnight = int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc).timestamp())
            for part in self._hours(period, day).split(","):
                if "-" in part:
                    a, b = (int(x[:2]) * 3600 + int(x[3:5]) * 60 for x in part.split("-"))
                    if a < b:
                        windows.append((midnight + a - self.shift, midnight + b - self.shift))
        inside = Intervals(windows)
        for other in filter(None, (x.strip() for x in period.get("exclude", "").split(","))):
            edge, rest = 0, []
            for a, b in self.inside(other).pairs:
                rest.append((edge, a))
                edge = b
            # Both ends belong to what is left: windows that only touch are dropped again.
            kept = inside & Intervals(rest + [(edge, FOREVER)])
            inside = Intervals([(a, b) for a, b in kept.pairs if a < b])
        return inside

    def _hours(self, period, day):
        best = None
        for key, hours in period.items():
            rank = None if key in _NOT_DAYS or key in _DAYS else _rank(key, day)
            if rank is not None and (best is None or rank < best[0]):
                best = (rank, hours)
        return best[1] if best else period.get(_DAYS[day.weekday()], "")


def _rank(key, day):
    """The kind of a date (0 is asked first) when it names the day; ranges and steps are in no recording."""
    words = key.split()
    assert " - " not in key and "/" not in key, f"a range of dates: {key}"
    if words[0] == "day":
        return 2 if _of_month(day, int(words[1])) else None
    if words[0] in _MONTHS:
        return 1 if _MONTHS[day.month - 1] == words[0] and _of_month(day, int(words[1])) else None
    if words[0] in _DAYS:
        if _DAYS[day.weekday()] != words[0] or (len(words) > 2 and _MONTHS[day.month - 1] != words[2]):
            return None
        last = calendar.monthrange(day.year, day.month)[1]
        nth, from_end = (day.day - 1) // 7 + 1, -((last - day.day) // 7 + 1)
        return (3 if len(words) > 2 else 4) if int(words[1]) in (nth, from_end) else None
    return 0 if key == day.isoformat() else None


def _of_month(day, number):
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day == (number if number > 0 else last + 1 + number)

"""What the made-up probes of a recording find: for each object its stretches of one state, from the seed alone, as files
that probe.sh reads. Also the results that come without a probe (passive ones)."""
import os
import random

#: Class of a service: seconds well, seconds failing, weights of WARNING, CRITICAL, UNKNOWN, too slow, odd exit.
CLASSES = {
    "steady": ((250, 900), (20, 80), (2, 6, 1, 0, 0)),
    "long": ((90, 300), (120, 400), (2, 7, 1, 0, 0)),
    "walk": ((10, 70), (10, 70), (4, 4, 2, 0, 0)),
    "flap": ((4, 40), (4, 40), (1, 6, 1, 0, 0)),
    "unknown": ((80, 250), (30, 150), (0, 1, 8, 0, 0)),
    "slow": ((60, 200), (30, 90), (0, 1, 0, 9, 0)),
    "odd": ((40, 200), (30, 90), (0, 1, 1, 0, 8)),
    "well": ((10_000, 10_001), (1, 2), (1, 0, 0, 0, 0)),
    "host": ((150, 600), (30, 150), (0, 1, 0, 0, 0)),
    "steady-host": ((2_000, 2_001), (30, 60), (0, 1, 0, 0, 0)),
    "gateway": ((200, 420), (35, 80), (0, 1, 0, 0, 0)),
}
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
#: What a probe says behind its state: text, semicolons, performance data, several lines, bytes that are not UTF-8.
TEXTS = [
    b"all of %d jobs done|jobs=%d;5;10;0;", b"certificate ends in %d days", b"a;b;c after %d s; and more|t=%ds;;;",
    "Größe %d – données périmées – 東京".encode(), b"donn\xe9es \xff\xfe p\xe9rim\xe9es %d", b"<b>%d</b> & <script>x</script>",
    b"back\\slash \\n literal \t tab %d   ", b"first line %d\nsecond; line|a=1\nb=2\nthird", b"$HOSTNAME$ `id` %d %%",
    b"long " + b"0123456789" * 60 + b" %d", b"'free space'=%d%%|'free space'=%d%%;80;90;0;100 'it''s'=1 U=U",
]


def output(r, code):
    """A probe's output for a state; now and then nothing at all, or performance data alone."""
    kind = r.random()
    if kind < .02:
        return b""
    if kind < .04:
        return b"|only=1\n"
    text = r.choice(TEXTS)
    text = text.replace(b"%d", str(r.randrange(9_000)).encode()).replace(b"%%", b"%")
    word = WORDS[code].encode() if code < 4 else b"?"
    return word + b": " + text + b"\n"


class World:
    """Stretches of every object, and the files that say which holds now."""

    def __init__(self, seed, fleet, folder, seconds):
        self.folder, self.fleet, self.state, self.due = folder, fleet, {}, []
        os.makedirs(folder, exist_ok=True)
        r = random.Random(seed * 31 + 1)
        for key, number in sorted(fleet.number.items(), key=lambda kv: kv[1]):
            host, service = key
            if service is None:
                kind = "gateway" if host.startswith("gw-") else r.choice(["host", "steady-host"])
            else:
                kind = r.choices(list(CLASSES)[:8], [5, 5, 5, 3, 2, 1, 1, 3])[0]
            self.due += [(t, number, key, s) for t, s in stretches(r, CLASSES[kind], seconds)]
        self.due.sort(key=lambda d: d[:2], reverse=True)
        self.turn(0)

    def turn(self, now):
        """Brings the files up to that second of the run."""
        while self.due and self.due[-1][0] <= now:
            _, number, key, (wait, code, text) = self.due.pop()
            self.state[key] = (code, text)
            with open(f"{self.folder}/.new", "wb") as f:
                f.write(b"%d %d\n" % (wait, code) + text)
            os.chmod(f"{self.folder}/.new", 0o644)
            os.rename(f"{self.folder}/.new", f"{self.folder}/{number}")

    def passive(self, key):
        """The result that a passive object would send now: its code, and its text in the form of a command."""
        code, text = self.state[key]
        return code, text.rstrip(b"\n").replace(b"\n", b"\\n")


def stretches(r, kind, seconds):
    (good, bad, weights), t, failing = kind, -r.uniform(0, 120), False
    out = []
    while t < seconds:
        wait, code = 0, 0
        if failing:
            fate = r.choices(range(5), weights)[0]
            wait, code = (7, 0) if fate == 3 else (0, r.choice([4, 126, 127, 255]) if fate == 4 else fate + 1)
        out.append((max(0, t), (wait, code, output(r, code))))
        t += r.uniform(*(bad if failing else good))
        failing = not failing
    return out

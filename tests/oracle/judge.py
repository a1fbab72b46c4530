#!/usr/bin/env python3
"""judge.py RECORDING REPLAY.jsonl [--gocdb DIR] [--json] [--show N]: is what `alarm-filter replay` said of a recording right?

Exit 0 when every law holds, 1 when one is broken, 2 when the input cannot be read. README.md says what each law is."""
import argparse
import json
import sys

import laws
import laws_shape
import replay
from corpus import Corpus

LAWS = (laws.law1, laws.law2, laws.law3, laws.law4, laws.law5, laws_shape.law6, laws_shape.law7, laws_shape.law8)


def judge(case):
    return [law(case) for law in LAWS]


def report(verdicts, show, out=sys.stdout):
    for v in verdicts:
        print(f"law {v.law}: {'holds' if v.ok else 'BROKEN'}: {v.title}", file=out)
        for k, x in v.figures.items():
            print(f"    {k}: {json.dumps(x, ensure_ascii=False)}", file=out)
        for text, context in v.findings[:show]:
            print(f"  - {text}", file=out)
            for ln in context:
                print(f"        {ln}", file=out)
        if len(v.findings) > show:
            print(f"  - ... and {len(v.findings) - show} more", file=out)


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("recording")
    p.add_argument("replay")
    p.add_argument("--gocdb", help="the folder given to the replay as --gocdb, with made.json")
    p.add_argument("--contact", default="rod", help="whose notifications must all have an alarm")
    p.add_argument("--no-hosts", action="store_true", help="the profile raises no alarms for hosts")
    p.add_argument("--with-status", action="store_true", help="the replay read status.dat: what it releases must be raised")
    p.add_argument("--json", action="store_true", help="the verdicts as one JSON object")
    p.add_argument("--show", type=int, default=5, help="findings shown per law")
    a = p.parse_args(argv)
    try:
        corpus = Corpus(a.recording)
        episodes, broken = replay.read(a.replay)
        case = laws.Case(corpus, episodes, broken, a.gocdb, a.contact, not a.no_hosts, a.with_status)
    except OSError as e:
        print(f"judge: {e}", file=sys.stderr)
        return 2
    verdicts = judge(case)
    if a.json:
        print(json.dumps({"ok": all(v.ok for v in verdicts), "laws": [
            {"law": v.law, "ok": v.ok, "title": v.title, "figures": v.figures,
             "findings": [{"text": t, "context": x} for t, x in v.findings]} for v in verdicts]}, ensure_ascii=False))
    else:
        report(verdicts, a.show)
    return 0 if all(v.ok for v in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

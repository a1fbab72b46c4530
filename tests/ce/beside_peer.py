#!/usr/bin/env python3
"""What one call costs while a job runs: check_ce and Debian's nordugrid-arc-nagios-plugins, in turns, each with a job of its own on the
same ARC CE. Both have submitted one before that sleeps for ten minutes:

    check_ce -H CE --tag bench --fresh 0s --payload sleep.sh --state-dir state …
    check_arcce_submit -H CE --ce https://CE:443/arex --home-dir home --job-description sleep.xrsl

    beside_peer.py ROUNDS 'COMMAND OF OURS' 'check_arcce_monitor --home-dir home'

Seconds on the clock and on processors, medians; memory of all children at most."""
import resource
import shlex
import statistics
import subprocess
import sys
import time


def cost(command):
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    output = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False).stdout
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


rounds, commands = int(sys.argv[1]), sys.argv[2:]
costs = [[] for _ in commands]
for _ in range(rounds):
    for command, into in zip(commands, costs):
        into.append(cost(command))
for command, all_ in zip(commands, costs):
    wall, cpu = (statistics.median(one[n] for one in all_) for n in (0, 1))
    print(f"{shlex.split(command)[0]}: {wall:.3f} s, {cpu:.4f} s of CPU: {all_[-1][2].strip().splitlines()[0][:100]}")

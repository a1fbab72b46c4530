#!/bin/sh
# probe.sh FILE: a made-up probe. The first line of FILE says how long it takes and how it exits; the rest is its output.
read -r wait code <"$1" || { echo "UNKNOWN: no world"; exit 3; }
[ "$wait" = 0 ] || sleep "$wait"
tail -n +2 "$1"
exit "$code"

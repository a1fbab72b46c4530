#!/bin/bash
# Makes the journal of a release: make.sh PROGRAM RECORDING TARGET.db.gz, run once for a release and never again.
#
# The program itself reads the first lines of the recording (nagios/corpus-a.tar.zst, unpacked) with GOCDB's answers for it,
# is stopped, and copies its journal. Run as an unprivileged user.
set -eu
program=$(realpath "$1") recording=$(realpath "$2") target=$(realpath -m "$3")
root=$(realpath "$(dirname "$0")/../../..")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
head -n 6000 "$recording/log/nagios-11-22-2026-04.log" | grep -av '\] Warning: ' >"$work/nagios.log"
cp "$recording/objects/objects.cache.1" "$work/objects.cache"
cat >"$work/alarm-filter.toml" <<TOML
store = "store"
listen = "unix:$work/socket"
[[monitor]]
name = "nagios"
log = "nagios.log"
objects = "objects.cache"
catch_up = "all"
silent_after = "3650d"
[profiles]
files = ["$root/profiles/roc_operators.toml"]
[topology]
get_site = { source = "$root/tests/data/gocdb/corpus-a/get_site.xml" }
get_service_endpoint = { source = "$root/tests/data/gocdb/corpus-a/get_service_endpoint.xml" }
get_downtime = { source = "$root/tests/data/gocdb/corpus-a/get_downtime.xml" }
TOML
"$program" run --config "$work/alarm-filter.toml" >"$work/console" 2>&1 &
daemon=$!
until curl -sf --unix-socket "$work/socket" http://localhost/ready >/dev/null; do
    kill -0 $daemon || { cat "$work/console"; exit 1; }
    sleep 0.1
done
kill $daemon && wait $daemon
"$program" backup "$work/journal.db" --config "$work/alarm-filter.toml"
gzip -9n <"$work/journal.db" >"$target"
ls -l "$target"

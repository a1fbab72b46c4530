# What the groups of tests/run do. Each function gets the rest of its line in tests/groups, and `deadline`.

# A check that is not a test of cargo's, counted like one. The group's function starts with group_code=0 and returns it.
check() {
    local what=$1
    shift
    if "$@" </dev/null; then
        echo "test $what ... ok"
        echo "test result: ok. 1 passed; 0 failed"
    else
        echo "test $what ... FAILED"
        echo "test result: FAILED. 0 passed; 1 failed"
        group_code=1
    fi
}

# Runs the test executables whose `package:kind:target` matches, unprivileged, each in its package's folder.
targets() {
    local code=0 found=0 name folder executable
    while IFS=$'\t' read -r name folder executable; do
        found=1
        echo "-- $name"
        (cd "$folder" && CARGO_MANIFEST_DIR=$folder timeout --kill-after=20 $((deadline > SECONDS ? deadline - SECONDS : 1)) \
            "${as_user[@]}" "$executable" </dev/null) || {
            local ended=$?
            code=1
            # 101 is a failed test, which is counted already.
            [ "$ended" -eq 101 ] || echo "test result: FAILED. 0 passed; 1 failed; $name ended with $ended (124: it hung)"
        }
    done < <(grep -E "^($1)"$'\t' "$work/targets")
    [ "$found" -eq 1 ] || { echo "no test executable matches $1"; code=1; }
    return $code
}

# As `targets`, with gridprobe-wn as it is sent to worker nodes: of the release profile, linked statically.
with_wn() {
    echo "-- cargo wn"
    (cd "$root" && $cargo wn) && cp "$target/release/gridprobe-wn" "$work/bin/gridprobe-wn-static" || return 1
    GRIDWARD_WN=$work/bin/gridprobe-wn-static on_small_disks "$1"
}

# As `targets`, with a small file system in GRIDWARD_SMALL_DISK and a read-only view of it in GRIDWARD_READONLY_DISK, both in
# a mount namespace that ends with the group.
on_small_disks() {
    [ "$(id -u)" -eq 0 ] || { echo "the group needs root, to mount a small and a read-only disk"; return 1; }
    mkdir -p "$work/small" "$work/readonly"
    export GRIDWARD_SMALL_DISK=$work/small GRIDWARD_READONLY_DISK=$work/readonly
    # shellcheck disable=SC2016
    export -f targets
    unshare --mount --propagation private bash -c '
        mount -t tmpfs -o size=24m,mode=1777 gridward "$GRIDWARD_SMALL_DISK" &&
        mount --bind "$GRIDWARD_SMALL_DISK" "$GRIDWARD_READONLY_DISK" &&
        mount -o remount,bind,ro "$GRIDWARD_READONLY_DISK" || { echo "cannot mount in a namespace of our own"; exit 1; }
        work=$1 pattern=$2 deadline=$((SECONDS + $3)); shift 3
        as_user=("$@")
        targets "$pattern"' on_small_disks "$work" "$1" $((deadline - SECONDS)) "${as_user[@]}"
}

# The figures of docs/benchmarks.md, with optimised binaries: over HTTP with Debian's Alertmanager beside ours, in one run with
# one client; beside a real Nagios of 10,000 and of 100,000 services; from the recording's log to the commit beside bare SQLite;
# the board in Chromium, under 200 readers, and a month of the past.
bench() {
    local name found bin=$work/release
    (cd "$root" && $cargo build --release --locked -p alarm-filter -p probes -p e2e --bins) || return 1
    mkdir -p "$bin" && cp "$target/release/"{alarm-filter,gridprobe,load,figures} "$bin/" || return 1
    (cd "$root" && $cargo bench --locked -p alarm-filter --bench log --bench start --no-run --message-format=json-render-diagnostics) >"$work/bench.json" || return 1
    for name in log start; do
        found=$(sed -n 's/.*"kind":\["bench"\][^}]*"name":"'$name'".*"executable":"\([^"]*\)".*/\1/p' "$work/bench.json")
        cp "$found" "$bin/$name" || return 1
    done
    unpack_recording "$root/tests/data/nagios/corpus-a.tar.zst" "$work/recordings/corpus-a" || return 1
    board_folder "$work/board" || return 1
    export GRIDWARD_BIN=$bin/alarm-filter GRIDWARD_PROBES=$bin/gridprobe GRIDWARD_HANG=${GRIDWARD_HANG:-300} GRIDWARD_BOARD=$work/board
    uptime
    measured "$bin/load" compare && measured "$bin/figures" beside && measured "$bin/figures" scale &&
        measured "$bin/figures" screen && measured "$bin/figures" readers && measured "$bin/figures" past && measured "$bin/figures" bdii &&
        measured "$bin/figures" serve 2000 12 5 && measured "$bin/figures" ces &&
        measured "$bin/start" run "$work/tmp" && measured "$bin/log" "$work/recordings/corpus-a" "$work/tmp"
}

# One measurement, unprivileged, within the group's limit.
measured() {
    echo "-- ${1##*/} ${*:2}"
    (cd "$work/tmp" && timeout --kill-after=20 $((deadline > SECONDS ? deadline - SECONDS : 1)) "${as_user[@]}" "$@" </dev/null)
}

# The storm with 1,000 kills.
long() {
    GRIDWARD_KILLS=${GRIDWARD_KILLS:-1000} GRIDWARD_HANG=${GRIDWARD_HANG:-300} targets e2e:test:storm
}

# `replay` and `audit` over each recording of a real Nagios, judged by tests/oracle. A recording is a .tar.zst (one folder in
# it) in tests/data/nagios, or one or a folder named in GRIDWARD_RECORDINGS. GOCDB's answers for NAME lie in
# tests/data/gocdb/NAME or, of one named otherwise, beside it in NAME.gocdb.
oracle() {
    local recording name gocdb found=0
    group_code=0
    printf 'name = "EVERYTHING"\nvo = "ops"\n[service_types]\n"*" = ["*"]\n' >"$work/everything.toml"
    local named=${GRIDWARD_RECORDINGS:-}
    for recording in "$root"/tests/data/nagios/*.tar.zst $named; do
        [ -e "$recording" ] || { echo "there is no recording $recording"; return 1; }
        found=1 name=$(basename "${recording%.tar.zst}")
        unpack_recording "$recording" "$work/recordings/$name" || return 1
        judge_both "$name" log
        judge_both "$name" status --with-status
        gocdb=$root/tests/data/gocdb/$name
        [ -d "$gocdb" ] || gocdb=${recording%.tar.zst}.gocdb
        [ ! -d "$gocdb" ] || gocdb_of=$gocdb judge_both "$name" gocdb --with-status --gocdb "$gocdb"
        # Read late by the daemon's own threads, and live with restarts, the same is decided.
        GRIDWARD_RECORDINGS=$work/recordings/$name targets 'alarm-filter:test:live' || group_code=1
        check "$name: the judge finds planted faults" "${as_user[@]}" python3 -B "$root/tests/oracle/selftest.py" \
            "$work/recordings/$name" $([ ! -d "$gocdb" ] || echo --gocdb "$gocdb") \
            $([ ! -e "$work/recordings/$name/objects/objects.cache.3" ] || echo --replay "$work/recordings/$name.log.jsonl")
    done
    [ $found -eq 1 ] || { echo "no recording in tests/data/nagios, and none named in GRIDWARD_RECORDINGS"; return 1; }
    return $group_code
}

unpack_recording() {
    mkdir -p "$2"
    if [ -d "$1" ]; then
        cp -r "$1/." "$2"
    else
        zstd -q -dc --long=27 <"$1" | tar -C "$2" --strip-components=1 --no-same-owner -xf - || return 1
    fi
    chmod -R go+rX "$work/recordings"
}

# One reading of a recording: `log` alone, `status` too, or with GOCDB's answers (`gocdb`) as well.
judge_both() {
    local name=$1 with=$2
    shift 2
    recording_arguments "$name" "$with"
    check "$name: replay from $with" replay_recording "$name" "$with"
    check "$name: the judge finds nothing in the replay from $with" \
        judge_replay "$work/recordings/$name" "$work/recordings/$name.$with.jsonl" "$@"
    check "$name: the audit from $with passes" audit_recording
}

# All that the judge says when it finds something, else the laws alone.
judge_replay() {
    "${as_user[@]}" python3 -B "$root/tests/oracle/judge.py" "$@" >"$work/judge.out" || { cat "$work/judge.out"; return 1; }
    grep '^law' "$work/judge.out"
}

recording_arguments() {
    local folder=$work/recordings/$1 file
    arguments=(--profile "$work/everything.toml")
    for file in "$folder"/log/nagios-*.log "$folder/log/nagios.log"; do arguments+=(--nagios-log "$file"); done
    for file in "$folder"/objects/*; do arguments+=(--objects "$file"); done
    [ "$2" = log ] || for file in "$folder"/status/*; do arguments+=(--status "$file"); done
    [ "$2" != gocdb ] || arguments+=(--gocdb "$gocdb_of")
}

replay_recording() {
    "${as_user[@]}" "$GRIDWARD_BIN" replay "${arguments[@]}" --format jsonl >"$work/recordings/$1.$2.jsonl"
}

# No fault, and at most 0.5 % without explanation, whatever the exit code says.
audit_recording() {
    local report
    report=$("${as_user[@]}" "$GRIDWARD_BIN" audit "${arguments[@]}" --format json) || { echo "$report"; return 1; }
    echo "$report" | python3 -c '
import json, sys
r = json.load(sys.stdin)
print("audit: %d notifications, %d faults, %d unexplained (%.2f %%)"
      % (r["notifications"], r["faults"], r["unexplained"], 100 * r["unexplained_share"]))
sys.exit(not (r["notifications"] > 0 and r["faults"] == 0 and r["unexplained_share"] <= 0.005))'
}

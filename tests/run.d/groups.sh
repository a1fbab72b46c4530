# What the groups of tests/run do. Each function gets the rest of its line in tests/groups, and `deadline`.

# Runs the test executables whose `package:kind:target` matches, unprivileged, each in its package's folder.
targets() {
    local code=0 found=0
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

# The figures over HTTP: with optimised binaries, Debian's Alertmanager beside ours, in one run with one client.
bench() {
    (cd "$root" && $cargo build --release --locked -p alarm-filter -p e2e --bins) || return 1
    mkdir -p "$work/release" && cp "$target/release/alarm-filter" "$target/release/load" "$work/release/" || return 1
    (cd "$work/tmp" && GRIDWARD_BIN=$work/release/alarm-filter timeout $((deadline - SECONDS)) "${as_user[@]}" "$work/release/load" compare)
}

# The storm with 1,000 kills.
long() {
    GRIDWARD_KILLS=${GRIDWARD_KILLS:-1000} GRIDWARD_HANG=${GRIDWARD_HANG:-300} targets e2e:test:storm
}

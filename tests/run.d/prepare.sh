# The user, the packages and the build that the groups of tests/run stand on.

die() {
    echo "tests/run: $*" >&2
    # CI reads this line; what could not begin has failed.
    echo "0 passed, 1 failed"
    exit 1
}

# Sets as_user (an array: put before what must run unprivileged) and work (a folder of this run).
prepare_user() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/gridward-run.XXXXXX") || die "no temporary folder"
    trap 'rm -rf -- "$work"' EXIT
    mkdir "$work/home" "$work/tmp" "$work/bin"
    target=${CARGO_TARGET_DIR:-$root/target}
    as_user=(env "HOME=$work/home" "TMPDIR=$work/tmp")
    [ "${GRIDWARD_KEEP:-}" ] && as_user=(env "HOME=$work/home" TMPDIR=/tmp)
    [ "$(id -u)" -eq 0 ] || return 0
    command -v setpriv >/dev/null || die "setpriv lacks (package util-linux)"
    if ! id "$user" >/dev/null 2>&1; then
        useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user" || die "cannot make the user $user"
    fi
    chmod 755 "$work"
    chown -R "$user" "$work/home" "$work/tmp"
    as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --inh-caps=-all "${as_user[@]}")
    "${as_user[@]}" test -x "$work/tmp" || die "$user cannot reach $work; set TMPDIR to a folder that everybody may enter"
    if ! "${as_user[@]}" test -r "$root/Cargo.toml"; then
        from_a_copy "$@"
    fi
}

# A checkout under /root cannot be read by the tests' user: run from a copy that keeps the times of the files.
from_a_copy() {
    local copy=/var/tmp/gridward-tests/source
    echo "tests/run: $user cannot read $root; running from a copy in $copy"
    trap - EXIT
    rm -rf -- "$work" "$copy"
    mkdir -p "$copy"
    tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$copy" -xf - || die "cannot copy $root"
    chmod -R go+rX "$copy"
    exec "$copy/tests/run" "$@"
}

# What the build and the groups need, by program or file; the package is installed when we may.
prepare_packages() {
    local lacking=() package program
    for need in libssl-dev:/usr/include/openssl/ssl.h $(for name in "$@"; do field "$name" 4; done); do
        package=${need%%:*} program=${need#*:}
        [ -e "$program" ] || command -v "$program" >/dev/null || lacking+=("$package")
    done
    command -v "${cargo%% *}" >/dev/null || die "cargo lacks: install Rust, see README.md"
    [ ${#lacking[@]} -gt 0 ] || return 0
    mapfile -t lacking < <(printf '%s\n' "${lacking[@]}" | sort -u)
    [ "$(id -u)" -eq 0 ] || die "lacking, and only root may install: ${lacking[*]}"
    command -v apt-get >/dev/null || die "lacking, and there is no apt-get: ${lacking[*]}"
    echo "== installing ${lacking[*]}"
    # Components are started by the tests, never by their packages.
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update || echo "tests/run: apt-get update failed; trying with what is known"
    for package in "${lacking[@]}"; do
        apt-get -q install -y --no-install-recommends "$package" >"$work/apt" 2>&1 || {
            cat "$work/apt"
            [ -z "$made" ] || rm -f $policy
            die "cannot install $package"
        }
    done
    [ -z "$made" ] || rm -f $policy
}

# Builds everything once and lists the test executables: `package:kind:target<TAB>package's folder<TAB>executable`. They are
# run from copies: the tests' user can reach those, and a build that goes on meanwhile does not change what is tested.
build() {
    echo "== build"
    cd "$root" || return 1
    $cargo build --workspace --bins --locked || return 1
    cp "$target/debug/alarm-filter" "$target/debug/gridprobe" "$work/bin/" || return 1
    $cargo test --workspace --no-run --locked --message-format=json-render-diagnostics >"$work/build.json" || return 1
    list_targets >"$work/targets" || return 1
    export GRIDWARD_BIN=${GRIDWARD_BIN:-$work/bin/alarm-filter} GRIDWARD_PROBES=${GRIDWARD_PROBES:-$work/bin/gridprobe}
    # Tests may write here (CARGO_TARGET_TMPDIR).
    mkdir -p "$target/tmp" && { [ "$(id -u)" -ne 0 ] || chown "$user" "$target/tmp"; }
    every_target_has_a_group
}

# Reads cargo's answer; what is a test is told by the profile, not by what the target could be.
list_targets() {
    local kind name folder executable package
    sed -n '/"reason":"compiler-artifact"/{/"profile":{[^}]*"test":true/{
        s/^.*"manifest_path":"\([^"]*\)\/Cargo.toml","target":{"kind":\["\([a-z-]*\)"[^}]*"name":"\([^"]*\)".*"executable":"\([^"]*\)".*$/\2\t\3\t\1\t\4/p
    }}' "$work/build.json" | sort | while IFS=$'\t' read -r kind name folder executable; do
        package=$(sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1)
        cp "$executable" "$work/bin/$package-$kind-$name" || return 1
        printf '%s\t%s\t%s\n' "$package:$kind:$name" "$folder" "$work/bin/$package-$kind-$name"
    done
}

every_target_has_a_group() {
    local patterns orphans
    patterns=$(for name in $(awk -F'|' '!/^ *(#|$)/ { gsub(/ /, "", $1); print $1 }' "$root/tests/groups"); do
        field "$name" 5- | sed -nE 's/^(targets|on_small_disks|with_schemathesis|with_wn) +//p'
    done | paste -sd'|')
    orphans=$(cut -f1 "$work/targets" | grep -vxE "$patterns")
    [ -s "$work/targets" ] || { echo "tests/run: no test executable was found in cargo's answer"; return 1; }
    [ -z "$orphans" ] || { echo "tests/run: in no group of tests/groups: $orphans"; return 1; }
}

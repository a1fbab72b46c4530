# Group lint: what the compiler does not say of itself. Each check counts as a test.

lint() {
    cd "$root" || return 1
    group_code=0
    check "formatted" $cargo fmt --all --check
    check "clippy has nothing to say" $cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
    check "alarm-core depends on what tests/alarm-core.deps names, and on nothing else" core_dependencies
    check "CONTRIBUTING.md has a line for each dependency" dependencies_have_reasons
    check "no file is longer than 600 lines" short_files
    check "no main.rs is longer than 50 lines" short_mains
    check "the scripts are bash" scripts_parse
    return $group_code
}

# The rules are pure as long as nothing they stand on can do I/O: the list is short and is looked at when it grows.
core_dependencies() {
    $cargo tree --locked -p alarm-core -e normal --prefix none --format '{p}' | awk 'NF { print $1 }' | sort -u |
        diff --label tests/alarm-core.deps --label 'cargo tree -p alarm-core' -u <(grep -v '^#' tests/alarm-core.deps) -
}

dependencies_have_reasons() {
    local name code=0
    for name in $(awk '/^\[/{ inside = /^\[workspace.dependencies\]/; next } inside && /^[a-z0-9_-]+ *=/ && !/path *=/ { print $1 }' Cargo.toml); do
        grep -qE "^\| \`$name\` \| .{10,} \|" CONTRIBUTING.md || { echo "CONTRIBUTING.md: no line and reason for $name"; code=1; }
    done
    # And none without its line here: a member names only what the workspace names.
    if grep -rnE '^[a-z0-9_-]+ *= *("|\{ *(version|git) *=)' --include=Cargo.toml alarm-filter tests probes 2>/dev/null |
        grep -vE ':(name|description|version|edition|license|default-run|path|rust-version|readme|build) *=|/fuzz/'; then
        echo "name these dependencies in the workspace's Cargo.toml"
        code=1
    fi
    return $code
}

sources() {
    find . \( -name target -o -name node_modules -o -name .git -o -path ./tests/data -o -path '*/corpus' \) -prune -o -type f \
        \( -name '*.rs' -o -name '*.sh' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.mjs' -o -path ./tests/run \) -print
}

longer_than() {
    local limit=$1 long
    long=$(xargs -d '\n' wc -l | awk -v limit="$limit" '$2 != "total" && $1 > limit')
    [ -z "$long" ] || { echo "$long"; return 1; }
}

short_files() { sources | longer_than 600; }

# A binary's; a folder of tests has a main.rs that holds what its files share.
short_mains() { sources | grep '/main\.rs$' | grep -v '/tests/' | longer_than 50; }

scripts_parse() {
    local file code=0
    for file in tests/run .ci/run tests/run.d/*.sh; do bash -n "$file" || code=1; done
    return $code
}

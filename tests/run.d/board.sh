# Group board: the pages in Debian's Chromium, driven by tests/board.
board() {
    local folder=$work/board
    board_folder "$folder" || return 1
    timeout --kill-after=20 $((deadline > SECONDS ? deadline - SECONDS : 1)) "${as_user[@]}" node "$folder/run.mjs" </dev/null
}

# A copy of tests/board with what it needs of npm, in the versions and with the hashes of its package-lock.json, without
# scripts of theirs.
board_folder() {
    cp -r "$root/tests/board" "$1" || return 1
    [ "$(id -u)" -ne 0 ] || chown -R "$user" "$1" || return 1
    # shellcheck disable=SC2016
    "${as_user[@]}" sh -c 'cd "$0" && exec npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier' "$1" >"$work/npm" 2>&1 || {
        cat "$work/npm"
        echo "npm cannot install what tests/board/package-lock.json names"
        return 1
    }
}

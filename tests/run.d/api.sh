# Group api: the JSON interface held against its description, docs/openapi.json, by schemathesis.

# As `targets`, with schemathesis (PyPI) in an environment of its own in the run's folder.
with_schemathesis() {
    local venv=$work/tmp/venv
    echo "-- installing $(cat "$root/tests/api/requirements.txt")"
    "${as_user[@]}" virtualenv --quiet "$venv" &&
        "${as_user[@]}" "$venv/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
            --requirement "$root/tests/api/requirements.txt" ||
        { echo "cannot install schemathesis; it comes from PyPI: is there a way to it?"; return 1; }
    GRIDWARD_SCHEMATHESIS=$venv/bin/schemathesis targets "$1"
}

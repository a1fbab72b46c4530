#!/bin/sh
# Runs gridprobe-wn, and answers in its place, with less, where a node cannot run it (another kind of machine, noexec everywhere).
# Handed in by check_ce --wn; the arguments are those of gridprobe-wn, --job NAME first.
job=$2
program=./gridprobe-wn
[ -x $program ] || chmod 700 $program 2>/dev/null
out=$($program "$@" 2>&1)
case "$?:$out" in
'0:{"gridprobe_wn"'*)
    printf '%s\n' "$out"
    exit 0
    ;;
esac
why=$out

# A text as a string of JSON, in one line.
text() { printf '%s' "$*" | tr '\n\t' '  ' | tr -d '\000-\037' | sed 's/[\\"]/\\&/g'; }
results=
add() {
    results="$results${results:+,}{\"service\":\"$1\",\"code\":$2,\"output\":\"$(text "$3")\"}"
}
begun=$(date +%s)

if [ -n "$X509_USER_PROXY" ] && [ ! -r "$X509_USER_PROXY" ]; then
    add org.sam.WN-Env 2 "ENV CRITICAL: X509_USER_PROXY names $X509_USER_PROXY, which cannot be read"
else
    add org.sam.WN-Env 0 "ENV OK: user $(id -u) in $(pwd)"
fi
add org.sam.WN-SoftVer 0 "SOFTVER OK: $(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"'), $(uname -srm)"

for folder in "$X509_CERT_DIR" /etc/grid-security/certificates /cvmfs/grid.cern.ch/etc/grid-security/certificates; do
    [ -n "$folder" ] && [ -d "$folder" ] && break
done
if [ -d "$folder" ]; then
    count=$(ls "$folder" | grep -c '^[0-9a-f]\{8\}\.[0-9]*$')
    version=$(sed -n 's/^version *= *//p' "$folder"/policy-igtf-*.info 2>/dev/null | sort | head -n 1)
    if [ "$count" -gt 0 ]; then
        add hr.srce.CADist-Check 0 "CADIST OK: $count authorities in $folder, IGTF ${version:-of no version}"
    else
        add hr.srce.CADist-Check 2 "CADIST CRITICAL: there is no authority in $folder"
    fi
else
    add hr.srce.CADist-Check 2 "CADIST CRITICAL: there is no folder of trust anchors on this node"
fi

folder=${TMPDIR:-.}
file=$folder/.gridprobe-wn.$$
free=$(df -Pm "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')
if (echo x >"$file") 2>/dev/null; then
    rm -f "$file"
    add org.sam.WN-Scratch 0 "SCRATCH OK: ${free:-an unknown number of} MiB are free in $folder"
else
    add org.sam.WN-Scratch 2 "SCRATCH CRITICAL: no file can be written in $folder, where ${free:-an unknown number of} MiB are free"
fi

printf '{"gridprobe_wn":1,"version":"shell","job":"%s","node":"%s","begun":%s,"ended":%s,"why":"%s","results":[%s]}\n' \
    "$(text "$job")" "$(text "$(hostname)")" "$begun" "$(date +%s)" "$(text "$why" | cut -c1-300)" "$results"

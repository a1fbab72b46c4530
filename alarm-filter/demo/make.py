#!/usr/bin/env python3
"""make.py RECORDING GOCDB OUT: the part of a recording that `alarm-filter demo` plays.

Keeps some sites of the recording, and of these the hosts and services that are notified at any time of the day (time
periods cannot be stretched), leaves out results and warnings that decide nothing, and packs what is left."""
import gzip, os, re, sys

recording, gocdb, out = sys.argv[1:4]
SITES = 22


def blocks(path):
    kind, lines = None, []
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        if line.startswith("define "):
            kind, lines = line.split()[1], []
        elif kind and line.strip() == "}":
            yield kind, lines
            kind = None
        elif kind:
            name, _, value = line.strip().partition("\t")
            lines.append((name, value))


def write(name, data):
    # A fixed time and no name inside: the same input gives the same bytes.
    with open(os.path.join(out, name), "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
        z.write(data)


all_blocks = list(blocks(f"{recording}/objects/objects.cache.1"))
value = lambda block, name: next((v for n, v in block if n.lower() == name.lower()), "")
hosts = {value(b, "host_name"): b for k, b in all_blocks if k == "host"}
sites = sorted({value(b, "_SITE_NAME") for b in hosts.values()})[:SITES]
kept = {h for h, b in hosts.items() if value(b, "_SITE_NAME") in sites and value(b, "notification_period") == "24x7"}
drop = {(value(b, "host_name"), value(b, "service_description")) for k, b in all_blocks if k == "service"
        and (value(b, "notification_period") != "24x7" or value(b, "contact_groups") == "g_rod_night")}
text = ["# Created: part of a recording for the demonstration\n"]
for k, b in all_blocks:
    h, s = value(b, "host_name"), value(b, "service_description")
    own = k in ("contact", "contactgroup", "timeperiod")
    if k == "host":
        own = h in kept
    elif k == "service" or k == "serviceescalation":
        own = h in kept and (h, s) not in drop
    elif k == "servicedependency":
        own = h in kept and value(b, "dependent_host_name") in kept
    if own:
        text.append(f"define {k} {{\n" + "".join(f"\t{n}\t{v}\n" for n, v in b if n != "parents") + "\t}\n\n")
write("objects.cache.gz", "".join(text).encode("utf-8", "surrogateescape"))

lines = []
logs = sorted(f for f in os.listdir(f"{recording}/log") if f.startswith("nagios-")) + ["nagios.log"]
about = re.compile(rb"^\[\d+\] (?:CURRENT|INITIAL)? ?(?:SERVICE|HOST) [A-Z ]+: (?:rod;|nof;|night;|oncall;)?([^;]*);([^;]*)")
command = re.compile(rb"^\[\d+\] EXTERNAL COMMAND: ([A-Z_]+);([^;]*);?([^;]*)")
for name in logs:
    for line in open(f"{recording}/log/{name}", "rb"):
        c = command.match(line)
        if c and (c[1].startswith(b"PROCESS_") or c[1] in (b"ADD_SVC_COMMENT", b"CHANGE_CUSTOM_SVC_VAR")):
            continue
        m = c and (c[2], c[3]) or ((a := about.match(line)) and (a[1], a[2]))
        if m:
            h = m[0].decode("utf-8", "surrogateescape")
            if h not in kept or (h, m[1].decode("utf-8", "surrogateescape")) in drop or line.find(b" STATE: ") > 0:
                continue
            lines.append(line)
        elif re.match(rb"^\[\d+\] (Nagios .* starting|Successfully shutdown|Caught|EXTERNAL COMMAND: (EN|DIS)ABLE_NOTIFICATIONS)", line):
            lines.append(line)
write("nagios.log.gz", b"".join(lines))

for name, tag in (("get_site", "SITE"), ("get_service_endpoint", "SERVICE_ENDPOINT"), ("get_downtime", "DOWNTIME")):
    rows = []
    for line in open(f"{gocdb}/{name}.xml"):
        site = re.search(r'NAME="([^"]*)"|<SITENAME>([^<]*)|<HOSTED_BY>([^<]*)', line)
        if not line.startswith(f"<{tag} ") or (site and (site[1] or site[2] or site[3]) in sites):
            rows.append(line)
    write(f"{name}.xml.gz", "".join(rows).encode())
print(len(kept), "hosts", len(lines), "lines", {f: os.path.getsize(os.path.join(out, f)) for f in os.listdir(out)})

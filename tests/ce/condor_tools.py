#!/usr/bin/env python3
"""Stand-ins for condor_submit, condor_q, condor_transfer_data, condor_rm and condor_ping, by the name they are called by.

No HTCondor-CE can be had from Debian; what check_ce says to the tools and reads from them is tested with these. They run the job on
this machine and answer with ads that HTCondor's own classad2 module has written (tests/data/condor). Their memory lies beside them;
a file `mood` there makes them misbehave: refuse, full, held, broken, slow.
"""
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(sys.argv[0]).absolute().parent
JOBS = HERE / "jobs"
ADS = HERE / "ads"
TOOL = pathlib.Path(sys.argv[0]).name
MOOD = (HERE / "mood").read_text().strip() if (HERE / "mood").exists() else ""


def fail(words):
    print(words, file=sys.stderr)
    sys.exit(1)


def options(args, flags):
    """Splits arguments into options with a value, and the rest."""
    found, rest, i = {}, [], 0
    while i < len(args):
        if args[i] in flags:
            found[args[i]] = args[i + 1]
            i += 2
        else:
            rest.append(args[i])
            i += 1
    return found, rest


def description(path, more):
    read = {}
    for line in pathlib.Path(path).read_text().splitlines() + [more]:
        if "=" in line and not line.startswith("queue"):
            name, value = line.split("=", 1)
            read[name.strip().lower()] = value.strip()
    return read


def split_arguments(text):
    """The new syntax of condor_submit's arguments."""
    inside = text[1:-1].replace('""', "\0")
    words, word, quoted, i = [], None, False, 0
    while i < len(inside):
        c = inside[i]
        if c == "'":
            word = word or ""
            if quoted and inside[i + 1 : i + 2] == "'":
                word += "'"
                i += 1
            else:
                quoted = not quoted
        elif c == " " and not quoted:
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + c
        i += 1
    if word is not None:
        words.append(word)
    return [w.replace("\0", '"') for w in words]


def submit(args):
    found, rest = options(args, {"-remote", "-pool", "-append"})
    if "-spool" not in rest or "-terse" not in rest or "-remote" not in found:
        fail("ERROR: this stand-in takes spooled jobs only")
    if MOOD == "full":
        fail("ERROR: Failed to commit job submission into the queue.\nERROR: Number of submitted jobs would exceed MAX_JOBS_SUBMITTED")
    if MOOD == "refuse":
        fail("ERROR: Failed to connect to queue manager localhost\nAUTHENTICATE:1003:Failed to authenticate with any method")
    job = description(rest[-1], found["-append"])
    source = pathlib.Path(job["initialdir"])
    cluster = 1 + max([int(p.name) for p in JOBS.iterdir()], default=0)
    spool = JOBS / str(cluster)
    spool.mkdir()
    inputs = [f for f in job.get("transfer_input_files", "").split(",") if f]
    program = job["executable"]
    if job.get("transfer_executable") != "false":
        inputs.append(program)
        program = "./" + program
    for name in inputs:
        shutil.copy(source / name, spool / name)
    name = next(v for k, v in job.items() if k == "+gridprobename").strip('"')
    (spool / ".name").write_text(name)
    (spool / ".home").write_text(str(source))
    words = " ".join(shlex.quote(w) for w in [program, *split_arguments(job["arguments"])])
    script = f"sleep 0.3; {words} >stdout.txt 2>stderr.txt; echo $? >.exit"
    child = subprocess.Popen(["/bin/sh", "-c", script], cwd=spool, start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (spool / ".pid").write_text(str(child.pid))
    print(f"{cluster}.0 - {cluster}.0")


def ad(spool):
    state = "running" if time.time() - spool.stat().st_mtime > 0.2 else "idle"
    if (spool / ".exit").exists():
        state = "completed"
    if MOOD == "held":
        state = "held"
    if (spool / ".removed").exists():
        state = "removed"
    read = json.loads((ADS / f"{state}.json").read_text())
    read.update(ClusterId=int(spool.name), GridprobeName=(spool / ".name").read_text())
    if "ExitCode" in read:
        read["ExitCode"] = int((spool / ".exit").read_text())
    return json.dumps(read, indent=2)


def queue(args):
    found, rest = options(args, {"-name", "-pool", "-attributes", "-constraint"})
    if MOOD == "broken":
        fail("-- Failed to fetch ads from: <127.0.0.1:9619?addrs=127.0.0.1-9619> : localhost\nCEDAR:6001:Failed to connect")
    if MOOD == "slow":
        time.sleep(1000)
    wanted = [word.split(".")[0] for word in rest if word[0].isdigit()]
    spools = [p for p in JOBS.iterdir() if (p / ".name").exists() and (not wanted or p.name in wanted)]
    if spools:
        print("[\n" + "\n,\n".join(ad(p) for p in spools) + "\n]")


def transfer(args):
    _, rest = options(args, {"-name", "-pool"})
    spool = JOBS / rest[-1].split(".")[0]
    for name in ["stdout.txt", "stderr.txt"]:
        shutil.copy(spool / name, pathlib.Path((spool / ".home").read_text()) / name)
    print("Fetching data files...")


def remove(args):
    _, rest = options(args, {"-name", "-pool"})
    spool = JOBS / rest[-1].split(".")[0]
    if not spool.exists():
        fail(f"Couldn't find/remove all jobs matching constraint ({rest[-1]})")
    try:
        os.killpg(int((spool / ".pid").read_text()), signal.SIGKILL)
    except ProcessLookupError:
        pass
    shutil.rmtree(spool)
    print(f"Job {rest[-1]} marked for removal")


def ping(args):
    _, rest = options(args, {"-name", "-pool", "-type"})
    if rest != ["WRITE"]:
        fail("ERROR: this stand-in is asked about WRITE only")
    if MOOD == "refuse":
        fail("WRITE failed!\nAUTHENTICATE:1004:Failed to authenticate using SCITOKENS")
    print("WRITE command using (AES, AES, and SCITOKENS) succeeded as ops@users.htcondor.org to schedd localhost.")


JOBS.mkdir(exist_ok=True)
{"condor_submit": submit, "condor_q": queue, "condor_transfer_data": transfer, "condor_rm": remove, "condor_ping": ping}[TOOL](sys.argv[1:])

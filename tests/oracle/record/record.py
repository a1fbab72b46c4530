#!/usr/bin/env python3
"""record.py FOLDER [--seed N] [--seconds S] [--quiet]: a recording of a real nagios4, made as root in an empty FOLDER.

FOLDER/recording has the layout that the judge reads. --quiet: a monitor that logs neither commands nor passive results nor
lists, for what the site's options leave out."""
import argparse
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import time

from fleet import Fleet, people, periods
from operate import Operators
from world import World

HERE = os.path.dirname(os.path.abspath(__file__))
#: When what happens, as a share of the run.
ROTATE, KILL, RELOAD, STOP, RESTART = .29, .38, .53, .67, .83
SERVICE_ROW = ("$TIMET$ $LASTSERVICECHECK$ $HOSTNAME$ $SERVICEDESC$ $SERVICESTATE$ $SERVICESTATETYPE$ $SERVICEATTEMPT$ "
               "$MAXSERVICEATTEMPTS$ $SERVICESTATEID$ $LASTSERVICESTATEID$ $SERVICEDOWNTIME$ $SERVICENOTIFICATIONNUMBER$ "
               "$SERVICEPERCENTCHANGE$ $SERVICEEXECUTIONTIME$")
HOST_ROW = ("$TIMET$ $LASTHOSTCHECK$ $HOSTNAME$ $HOSTSTATE$ $HOSTSTATETYPE$ $HOSTATTEMPT$ $MAXHOSTATTEMPTS$ $HOSTSTATEID$ "
            "$LASTHOSTSTATEID$ $HOSTDOWNTIME$ $HOSTNOTIFICATIONNUMBER$")


class Run:
    def __init__(self, a):
        self.dir, self.seconds, self.quiet = a.folder, a.seconds, a.quiet
        self.out = f"{a.folder}/recording"
        for d in ("etc/objects", "var/rw", "var/archives", "var/spool", "world"):
            os.makedirs(f"{self.dir}/{d}")
        for d in ("log", "status", "objects", "checks", "oracle", "config"):
            os.makedirs(f"{self.out}/{d}")
        self.begin = time.time()
        # West of UTC, so that the hour of local time turns, and the log with it, when it shall.
        west = 3 * 3600 + int(self.begin + self.seconds * ROTATE) // 60 % 60 * 60
        self.zone, self.west = f"GWT+{west // 3600:02d}:{west % 3600 // 60:02d}", west
        self.events = open(f"{self.out}/driver.jsonl", "w", buffering=1)
        self.fleet = Fleet(a.seed, f"{self.dir}/world", a.hosts)
        self.world = World(a.seed, self.fleet, f"{self.dir}/world", self.seconds)
        self.operators, self.process, self.objects, self.fifo = Operators(a.seed, a.everything), None, 0, f"{self.dir}/var/rw/nagios.cmd"
        self.heard, self.copied, self.r = {}, 0, random.Random(a.seed + 9)

    def note(self, kind, **more):
        self.events.write(json.dumps({"t": round(time.time(), 3), "kind": kind, **more}) + "\n")

    def write(self, name, text):
        with open(f"{self.dir}/etc/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def configure(self, step, **options):
        """nagios.cfg and objects of step 1, 2 (after the reload) or 3 (after the stop)."""
        local = time.gmtime(self.begin - self.west)
        self.write("objects/all.cfg", periods(local) + people(f"{HERE}/tell.sh", f"{self.out}/oracle/notifications.jsonl")
                   + f"define command {{\n  command_name probe\n  command_line {HERE}/probe.sh $ARG1$\n}}\n" + self.fleet.text(step))
        d = self.dir
        lines = dict(
            log_file=f"{d}/var/nagios.log", cfg_dir=f"{d}/etc/objects", object_cache_file=f"{d}/var/objects.cache",
            precached_object_file=f"{d}/var/precached", status_file=f"{d}/var/status.dat", status_update_interval=10,
            command_file=self.fifo, lock_file=f"{d}/var/nagios.pid", temp_file=f"{d}/var/tmp", temp_path=f"{d}/var",
            query_socket=f"{d}/var/rw/nagios.qh", log_archive_path=f"{d}/var/archives", check_result_path=f"{d}/var/spool",
            state_retention_file=f"{d}/var/retention.dat", nagios_user="nagios", nagios_group="nagios", check_external_commands=1,
            log_rotation_method="h", use_syslog=0, log_notifications=1, log_service_retries=1, log_host_retries=1,
            log_initial_states=0, log_current_states=1, log_external_commands=1, log_passive_checks=0, check_workers=2,
            max_service_check_spread=1, max_host_check_spread=1, check_result_reaper_frequency=1, cached_host_check_horizon=3,
            cached_service_check_horizon=3, service_check_timeout=4, service_check_timeout_state="u", host_check_timeout=4,
            retain_state_information=1, retention_update_interval=1, use_retained_program_state=1, use_retained_scheduling_info=1,
            interval_length=1, check_for_updates=0, bare_update_check=1, use_aggressive_host_checking=0, enable_notifications=1,
            process_performance_data=1, service_perfdata_file=f"{self.out}/checks/service-checks.tsv",
            service_perfdata_file_template=SERVICE_ROW.replace(" ", "\\t"), host_perfdata_file=f"{self.out}/checks/host-checks.tsv",
            host_perfdata_file_template=HOST_ROW.replace(" ", "\\t"), check_for_orphaned_services=1, check_service_freshness=1,
            service_freshness_check_interval=10, additional_freshness_latency=3, enable_flap_detection=1,
            low_service_flap_threshold=8.0, high_service_flap_threshold=25.0, low_host_flap_threshold=8.0,
            high_host_flap_threshold=25.0, soft_state_dependencies=0, passive_host_checks_are_soft=1, date_format="iso8601",
            illegal_object_name_chars="`~!$%^&*|'\"<>?,()=", illegal_macro_output_chars="`~$&|'\"<>")
        lines.update(options)
        if self.quiet:
            lines.update(log_external_commands=0, log_service_retries=0, log_host_retries=0, log_current_states=0)
        self.write("nagios.cfg", "".join(f"{k}={v}\n" for k, v in lines.items()))
        for f in ("nagios.cfg", "objects/all.cfg"):
            shutil.copy(f"{self.dir}/etc/{f}", f"{self.out}/config/{os.path.basename(f)}.{step}")

    def start(self):
        self.process = subprocess.Popen(["nagios4", f"{self.dir}/etc/nagios.cfg"], env={**os.environ, "TZ": self.zone, "LC_ALL": "C"},
                                        stdout=open(f"{self.dir}/nagios.out", "a"), stderr=subprocess.STDOUT)
        self.note("nagios_start", tz=self.zone)
        self.keep_objects()

    def keep_objects(self):
        """Waits until this configuration was written down, and copies it."""
        path, before = f"{self.dir}/var/objects.cache", time.time()
        while not (os.path.exists(path) and os.stat(path).st_mtime >= before - 1.5 and self.process.poll() is None):
            assert time.time() < before + 30, "Nagios does not start: see nagios.out"
            time.sleep(.1)
        time.sleep(.3)
        self.objects += 1
        shutil.copy(path, f"{self.out}/objects/objects.cache.{self.objects}")
        self.note("objects", file=f"objects.cache.{self.objects}")

    def end(self, sign):
        self.note({signal.SIGTERM: "sigterm", signal.SIGKILL: "sigkill"}[sign])
        self.process.send_signal(sign)
        self.process.wait(60)
        self.note("nagios_exit")

    def send(self, commands):
        try:
            fd = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return
        try:
            for c in commands:
                os.write(fd, b"[%d] " % time.time() + (c if isinstance(c, bytes) else c.encode()) + b"\n")
        except BlockingIOError:
            self.note("pipe_full")
        finally:
            os.close(fd)

    def results(self, now):
        """Passive results of services and hosts; now and then one is silent for long."""
        out = []
        for (host, service), passive in self.fleet.services.items():
            key = (host, service)
            if passive and self.heard.get(key, 0) <= now:
                self.heard[key] = now + (self.r.uniform(90, 140) if self.r.random() < .05 else self.r.uniform(8, 30))
                code, text = self.world.passive(key)
                out.append(f"PROCESS_SERVICE_CHECK_RESULT;{host};{service};{code};".encode() + text)
        for host, (_, _, passive) in self.fleet.hosts.items():
            if passive and self.heard.get(host, 0) <= now:
                self.heard[host] = now + self.r.uniform(10, 25)
                code, text = self.world.passive((host, None))
                out.append(f"PROCESS_HOST_CHECK_RESULT;{host};{1 if code else 0};".encode() + text)
        return out

    def copy_status(self):
        path = f"{self.dir}/var/status.dat"
        try:
            at = int(os.stat(path).st_mtime)
            if at != self.copied:
                shutil.copy2(path, f"{self.out}/status/status.{at}.dat")
                self.copied = at
        except OSError:
            pass

    def play(self, until):
        while (now := time.time() - self.begin) < until * self.seconds:
            self.world.turn(now)
            self.send(self.results(now) + self.operators.due(now, f"{self.dir}/var/status.dat"))
            self.copy_status()
            time.sleep(.5)

    def go(self):
        self.configure(1)
        subprocess.run(["chown", "-R", "nagios:nagios", f"{self.dir}/var", f"{self.out}/checks", f"{self.out}/oracle"], check=True)
        self.start()
        self.play(KILL)
        self.end(signal.SIGKILL)
        time.sleep(5)
        self.start()
        self.play(RELOAD)
        self.configure(2)
        self.note("sighup")
        self.process.send_signal(signal.SIGHUP)
        self.keep_objects()
        self.play(STOP)
        self.end(signal.SIGTERM)
        self.configure(3, use_retained_program_state=0, log_service_retries=0, log_host_retries=0, log_initial_states=1,
                       soft_state_dependencies=0)
        time.sleep(12)
        self.start()
        self.play(RESTART)
        self.send(["RESTART_PROCESS"])
        self.note("restart_process")
        self.play(1)
        self.copy_status()
        self.end(signal.SIGTERM)
        for path in glob.glob(f"{self.dir}/var/archives/*.log") + [f"{self.dir}/var/nagios.log"]:
            shutil.copy(path, f"{self.out}/log")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder", type=os.path.abspath)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--seconds", type=int, default=1140)
    p.add_argument("--hosts", type=int, default=6, help="a site; there are six sites, and four gateways")
    p.add_argument("--everything", action="store_true", help="also commands about groups, contacts and periods")
    p.add_argument("--quiet", action="store_true")
    Run(p.parse_args()).go()

"""The fleet of a recording: objects, periods and contacts as Nagios' configuration, all from one seed.

It is made to be unlike corpus-a: gateways behind gateways, two parents, host dependencies, attempts from 1 to 5, periods
with dates and exclusions, escalations of hosts, contacts that take little, thresholds of flapping per object."""
import random

DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()
SITES = ["NORTH-LCG2", "South_Grid", "EAST.UNI-T3", "West-HEP", "ISLAND-T2", "HARBOUR-CE"]
KINDS = {
    "CE": ["org.nordugrid.ARC-CE-submit-ops", "org.nordugrid.ARC-CE-IGTF-ops", "hr.srce.CADist-Check", "P:org.sam.WN-Rep-ops",
           "org.nagios.Load", "P:org.sam.WN-SoftVer-ops"],
    "SRM": ["org.sam.SRM-All-ops", "P:org.sam.SRM-Put-ops", "P:org.sam.SRM-Get-ops", "hr.srce.SRM2-CertLifetime",
            "org.nagios.DiskCheck-/var", "org.sam.SRM-Ls-ops"],
    "Site-BDII": ["org.bdii.Entries", "org.bdii.Freshness", "org.gstat.SanityCheck", "org.nagios.LDAP port 2170",
                  "org.gstat.CE", "org.gstat.SE"],
}

#: Services that one host loses at the reload, whatever its kind.
LESS = {"hr.srce.CADist-Check", "org.nagios.DiskCheck-/var", "org.gstat.SanityCheck"}


def block(kind, **fields):
    lines = "".join(f"  {k} {v}\n" for k, v in fields.items() if v is not None)
    return f"define {kind} {{\n{lines}}}\n"


def periods(t):
    """Periods of a run that begins at that local time (a struct_time); what opens and closes does so within it."""
    week = lambda ranges: {d: ranges for d in DAYS}
    now = t.tm_hour * 60 + t.tm_min
    clock = lambda m: f"{m // 60:02d}:{m % 60:02d}"
    later = lambda a, b: f"{clock(min(now + a, 1439))}-{clock(min(now + b, 1440))}"
    gaps = ",".join(f"{h:02d}:{m:02d}-{h:02d}:{m + 3:02d}" for h in range(24) for m in range(0, 60, 5))
    date = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}"
    month = "january february march april may june july august september october november december".split()[t.tm_mon - 1]
    nth = (t.tm_mday - 1) // 7 + 1
    weekday = DAYS[(t.tm_wday + 1) % 7]
    made = {
        "always": week("00:00-24:00"),
        "gaps": week(gaps),
        "opens": week(later(6, 14)),
        "closes": week(f"00:00-{clock(min(now + 9, 1440))}"),
        # Dates stand above weekdays: today has its own hours, another day changes nothing.
        "dated": {**week("00:00-24:00"), date: later(0, 7), "2024-12-24": "00:00-00:00"},
        "monthly": {**week("00:00-24:00"), f"day {t.tm_mday}": later(4, 18), "january 1": "00:00-00:00"},
        "feast": {f"{month} {t.tm_mday}": later(8, 12), "december 25": "00:00-24:00"},
        "nth": {**week("00:00-00:00"), f"{weekday} {nth}": "00:00-24:00", f"{weekday} {nth % 4 + 1} {month}": "00:00-00:00"},
        "holidays": {"january 1": "00:00-24:00", "july 4": "00:00-24:00", "thursday 4 november": "00:00-24:00"},
        "workdays": {**week("00:00-24:00"), "exclude": "holidays"},
        "no-feast": {**week("00:00-24:00"), "exclude": "feast"},
        "no-gaps": {**week("00:00-24:00"), "exclude": "gaps,holidays"},
    }
    return "".join(block("timeperiod", timeperiod_name=n, alias=n, **fields) for n, fields in made.items())


def people(tell, told):
    out = block("command", command_name="tell_service", command_line=(
        f'{tell} {told} service $TIMET$ "$CONTACTNAME$" "$NOTIFICATIONTYPE$" "$HOSTNAME$" "$SERVICESTATE$" "$SERVICEDESC$"'))
    out += block("command", command_name="tell_host", command_line=(
        f'{tell} {told} host $TIMET$ "$CONTACTNAME$" "$NOTIFICATIONTYPE$" "$HOSTNAME$" "$HOSTSTATE$"'))
    def contact(name, services, hosts, period="always", service_on=1, host_on=1):
        return block("contact", contact_name=name, service_notification_options=services, host_notification_options=hosts,
                     service_notification_period=period, host_notification_period=period, service_notifications_enabled=service_on,
                     host_notifications_enabled=host_on, service_notification_commands="tell_service",
                     host_notification_commands="tell_host", can_submit_commands=1)
    out += contact("rod", "w,u,c,r,f,s", "d,u,r,f,s") + contact("picky", "c", "d,r") + contact("part", "w,u,c,r", "d,u,r", "no-feast")
    out += contact("deaf", "w,u,c,r", "d,u,r", "always", 0, 0) + contact("never", "n", "n") + contact("chief", "c,r", "d,u,r", "workdays")
    for group, members in (("desk", "rod,picky"), ("few", "picky,part"), ("nobody", "deaf,never"), ("chiefs", "rod,chief")):
        out += block("contactgroup", contactgroup_name=group, alias=group, members=members)
    return out


class Fleet:
    """hosts: {name: (site, kind, passive)}; services: {(host, name): passive}; `text(step)` is the configuration."""

    def __init__(self, seed, world, per_site=6):
        self.r, self.world = random.Random(seed), world
        self.hosts, self.services, self.number, self.blocks = {}, {}, {}, []
        self.gateways()
        for site in SITES:
            dom = site.lower().replace("_", "-") + ".example.net"
            for i in range(per_site):
                kind = list(KINDS)[i % len(KINDS)]
                self.host(f"{kind.lower()[:4].strip('-')}{i:02d}.{dom}", site, kind)
        self.relations()

    def add(self, kind, **fields):
        self.blocks.append((kind, fields))

    def pick(self, *choices):
        return self.r.choices([c for c, _ in choices], [n for _, n in choices])[0]

    def probe(self, key):
        self.number[key] = len(self.number)
        return f"probe!{self.world}/{self.number[key]}"

    def gateways(self):
        """core <- north <- far; core <- south; the far one and its hosts are UNREACHABLE when something before fails."""
        for name, parents in (("core", None), ("north", "core"), ("south", "core"), ("far", "north")):
            host = f"gw-{name}.example.net"
            self.hosts[host] = ("NORTH-LCG2", "Router", False)
            self.add("host", host_name=host, address="127.0.0.1", parents=parents and f"gw-{parents}.example.net",
                                    check_command=self.probe((host, None)), check_interval=12, retry_interval=4,
                                    max_check_attempts=self.r.choice([1, 2, 4]), notification_interval=40,
                                    notification_period="always", notification_options="d,u,r,f,s", contact_groups="desk",
                                    hostgroups="gateways", _site_name="NORTH-LCG2", process_perf_data=1)
            self.service(host, "org.nagios.Router-if0", "Router")

    def host(self, name, site, kind):
        r, passive = self.r, self.r.random() < .08
        parents = self.pick(("gw-core.example.net", 3), ("gw-north.example.net", 3), ("gw-south.example.net", 2),
                            ("gw-far.example.net", 3), ("gw-north.example.net,gw-south.example.net", 3), (None, 3))
        self.hosts[name] = (site, kind, passive)
        self.add("host", host_name=name, address="127.0.0.1", parents=parents, check_command=self.probe((name, None)),
            check_interval=r.choice([15, 25, 40, 0]), retry_interval=r.choice([3, 6]), max_check_attempts=r.choice([1, 2, 3, 5]),
            active_checks_enabled=0 if passive else 1, passive_checks_enabled=1,
            notification_interval=self.pick((0, 4), (20, 3), (90, 3)), first_notification_delay=self.pick((0, 7), (15, 3)),
            notification_period=self.pick(("always", 7), ("gaps", 1), ("closes", 1), ("workdays", 2)),
            notification_options=self.pick(("d,u,r,f,s", 6), ("d,r", 3), ("u", 1), ("n", 1)),
            notifications_enabled=self.pick((1, 19), (0, 1)), contact_groups=self.pick(("desk", 8), ("few", 2), ("nobody", 1)),
            hostgroups=f"site-{site}", low_flap_threshold=self.pick((0, 2), (10, 1)), high_flap_threshold=self.pick((0, 2), (40, 1)),
            _site_name=site, process_perf_data=1)
        for metric in KINDS[kind]:
            self.service(name, metric, kind)
        if r.random() < .12:
            self.add("hostescalation", host_name=name, first_notification=2, last_notification=0,
                                     notification_interval=15, contact_groups="chiefs")

    def service(self, host, metric, kind):
        r, passive = self.r, metric.startswith("P:")
        metric = metric.removeprefix("P:")
        self.services[host, metric] = passive
        fresh = passive and r.random() < .6
        own = self.pick((True, 9), (False, 1))
        self.add("service", host_name=host, service_description=metric, check_command=self.probe((host, metric)),
            active_checks_enabled=0 if passive else 1, passive_checks_enabled=1, check_freshness=1 if fresh else 0,
            freshness_threshold=60, check_interval=self.pick((15, 3), (25, 4), (45, 2)), retry_interval=r.choice([4, 8, 12]),
            max_check_attempts=r.choice([1, 2, 3, 4, 5]), is_volatile=self.pick((0, 30), (1, 1)),
            notification_interval=self.pick((0, 5), (10, 2), (40, 4), (150, 3)),
            first_notification_delay=self.pick((0, 7), (12, 2), (45, 1)),
            notification_period=self.pick(("always", 8), ("gaps", 1), ("opens", 1), ("closes", 1), ("dated", 1), ("monthly", 1),
                                          ("nth", 1), ("workdays", 2), ("no-feast", 1), ("no-gaps", 1)) if own else None,
            check_period=self.pick(("always", 30), ("gaps", 1)),
            notification_options=self.pick(("w,u,c,r,f,s", 6), ("c,r", 2), ("u,c", 1), ("w", .5), ("r", .3), ("n", .3)),
            notifications_enabled=self.pick((1, 30), (0, 1)), flap_detection_enabled=self.pick((1, 3), (0, 1)),
            flap_detection_options=self.pick((None, 3), ("o,c", 1)),
            low_flap_threshold=self.pick((0, 3), (15, 1)), high_flap_threshold=self.pick((0, 3), (45, 1)),
            initial_state=self.pick((None, 40), ("w", 1), ("c", 1)), stalking_options=self.pick((None, 9), ("w,c", 1)),
            contact_groups=self.pick(("desk", 12), ("few", 3), ("nobody", 1)) if own else None,
            contacts=None if own else "rod", servicegroups="jobs" if "submit" in metric or "SRM-All" in metric else None,
            process_perf_data=1, _site_name=self.hosts[host][0], _metric_name=metric, _service_flavour=kind,
            _vo="ops" if metric.endswith("-ops") else None)
        if r.random() < .15:
            self.add("serviceescalation", host_name=host, service_description=metric,
                                     first_notification=r.choice([1, 2, 3]), last_notification=r.choice([0, 4]),
                                     notification_interval=r.choice([0, 12, 30]), contact_groups=r.choice(["chiefs", "few"]),
                                     escalation_options=r.choice([None, "c,r"]), escalation_period=r.choice([None, "workdays", "gaps"]))

    def relations(self):
        for g in sorted({f"site-{s}" for s, _, _ in self.hosts.values()} | {"gateways"}):
            self.add("hostgroup", hostgroup_name=g, alias=g)
        self.add("servicegroup", servicegroup_name="jobs", alias="jobs")
        names = [h for h, (_, kind, _) in self.hosts.items() if kind != "Router"]
        for h in names:
            metrics = [m for (host, m) in self.services if host == h]
            if self.r.random() < .3:  # a chain within the host: the second depends on the first, the third on the second
                for master, slave in zip(metrics, metrics[1:3]):
                    self.add("servicedependency", host_name=h, service_description=master, dependent_host_name=h,
                                          dependent_service_description=slave, inherits_parent=self.r.choice([0, 1]),
                                          notification_failure_criteria=self.r.choice(["w,u,c", "c", "u,c,p"]),
                                          dependency_period=self.r.choice([None, "gaps"]))
        for a, b in zip(names[::5], names[1::5]):
            self.add("hostdependency", host_name=a, dependent_host_name=b,
                                  notification_failure_criteria=self.r.choice(["d,u", "d"]))

    def text(self, step):
        """The objects: as made; 2 and 3: a host has another name, a service is gone, a host's services are judged otherwise;
        2: a host is gone with all its services, and comes back in 3."""
        names = [h for h, (_, kind, _) in self.hosts.items() if kind != "Router"]
        gone, renamed, changed, less = names[4], names[9], names[14], names[19]
        out = []
        for kind, fields in self.blocks:
            fields = dict(fields)
            about = [fields.get("host_name"), fields.get("dependent_host_name")]
            if step == 2 and gone in about:
                continue
            if step >= 2:
                if less in about and not LESS.isdisjoint(map(str, fields.values())):
                    continue
                for k in ("host_name", "dependent_host_name"):
                    if fields.get(k) == renamed:
                        fields[k] = "renamed." + renamed
                if kind == "service" and about[0] == changed:
                    fields.update(notification_options="c,r", max_check_attempts=2, contact_groups="few", contacts=None)
            out.append(block(kind, **fields))
        return "".join(out)

"""What operators do during a recording: a command of Nagios every few seconds, of every kind that touches notifications.

Commands about groups, about everything behind a host, about contacts and about notification periods are given only where
`everything` is asked for: from the log alone nobody can tell whom they concern."""
import random
import time

AUTHORS = ["rod", "Zoë Müller", "noc"]


def status(path):
    """Hosts, services and downtimes of a status.dat, as dicts of strings; nothing when it is not there."""
    found, cur, kind = {"hoststatus": [], "servicestatus": [], "downtime": []}, None, None
    try:
        lines = open(path, encoding="utf-8", errors="replace").read().split("\n")
    except OSError:
        return found
    for ln in lines:
        if ln.endswith(" {"):
            kind, cur = ln[:-2], {}
        elif ln == "\t}":
            kind = "downtime" if kind.endswith("downtime") else kind
            found.get(kind, []).append(cur)
            cur = None
        elif cur is not None:
            k, _, v = ln.strip("\t").partition("=")
            cur[k] = v
    return found


class Operators:
    """`due(now)` gives the commands of that second; what is switched off is switched on again after a while."""

    def __init__(self, seed, everything=False, every=2.0):
        self.r, self.every, self.next, self.later = random.Random(seed * 77 + 5), every, 15, []
        self.everything = everything

    def due(self, now, path):
        out = [c for t, c in self.later if t <= now]
        self.later = [(t, c) for t, c in self.later if t > now]
        while self.next <= now:
            self.next += self.r.expovariate(1 / self.every)
            found = status(path)
            if found["servicestatus"]:
                out += self.act(found, now)
        return out

    def act(self, found, now):
        r, services, hosts = self.r, found["servicestatus"], found["hoststatus"]
        self.now = int(time.time())
        bad = [s for s in services if s["current_state"] != "0" and s["state_type"] == "1"] or services
        down = [h for h in hosts if h["current_state"] != "0"] or hosts
        s = r.choice(bad if r.random() < .6 else services)
        h = r.choice(down if r.random() < .5 else hosts)["host_name"]
        self.author = r.choice(AUTHORS)
        what = r.choices([self.acknowledge, self.downtime, self.delete, self.mute, self.mute_many, self.people, self.change,
                          self.tell, self.flapping, self.checks], [9, 9, 4, 5, 2 if self.everything else .4, 2 * self.everything, 3, 4, 2, 2])[0]
        return what(f"{s['host_name']};{s['service_description']}", h, found, now)

    def back(self, now, seconds, command):
        self.later.append((now + seconds, command))

    def acknowledge(self, s, h, _found, _now):
        r = self.r
        how = f"{r.choice([0, 1, 2, 2])};{r.choice([0, 1])};{r.choice([0, 1])};{self.author};looked at; ticket #{r.randrange(9999)} <é>"
        return [r.choices([f"ACKNOWLEDGE_SVC_PROBLEM;{s};{how}", f"ACKNOWLEDGE_HOST_PROBLEM;{h};{how}",
                           f"REMOVE_SVC_ACKNOWLEDGEMENT;{s}", f"REMOVE_HOST_ACKNOWLEDGEMENT;{h}"], [8, 2, 3, 1])[0]]

    def downtime(self, s, h, found, _now):
        r = self.r
        begin = self.now + r.choice([0, 0, 10, 40])
        end = begin + r.choice([15, 40, 90, 150])
        trigger = r.choice(found["downtime"])["downtime_id"] if found["downtime"] and r.random() < .15 else 0
        rest = f"{trigger};{r.choice([10, 30, 60])};{self.author};intervention; GOCDB {r.randrange(9999)}"
        how, many = (f"{begin};{end};{fixed};{rest}" for fixed in (r.choice([0, 1]), r.choice([0, 1]) if self.everything else 1))
        return [r.choices([f"SCHEDULE_SVC_DOWNTIME;{s};{how}", f"SCHEDULE_HOST_DOWNTIME;{h};{how}",
                           f"SCHEDULE_HOST_SVC_DOWNTIME;{h};{how}", f"SCHEDULE_AND_PROPAGATE_HOST_DOWNTIME;{h};{many}",
                           f"SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME;{h};{many}",
                           f"SCHEDULE_HOSTGROUP_SVC_DOWNTIME;site-{r.choice(['NORTH-LCG2', 'West-HEP'])};{many}",
                           f"SCHEDULE_HOSTGROUP_HOST_DOWNTIME;site-ISLAND-T2;{many}",
                           f"SCHEDULE_SERVICEGROUP_SVC_DOWNTIME;jobs;{many}"], [10, 4, 2, 1, 1, .4, .4, .4])[0]]

    def delete(self, _s, h, found, _now):
        if not found["downtime"]:
            return []
        d = self.r.choice(found["downtime"])
        kind, host = ("SVC" if "service_description" in d else "HOST"), d["host_name"]
        return [self.r.choices([f"DEL_{kind}_DOWNTIME;{d['downtime_id']}", f"DEL_DOWNTIME_BY_HOST_NAME;{host}",
                                f"DEL_DOWNTIME_BY_HOST_NAME;{host};{d.get('service_description', '')}",
                                f"DEL_DOWNTIME_BY_START_TIME_COMMENT;{d['start_time']}"], [6, 1, 1, 1])[0]]

    def mute(self, s, h, _found, now):
        what = self.r.choice([f"SVC_NOTIFICATIONS;{s}", f"SVC_NOTIFICATIONS;{s}", f"HOST_NOTIFICATIONS;{h}",
                              f"HOST_SVC_NOTIFICATIONS;{h}"])
        self.back(now, self.r.uniform(20, 120), f"ENABLE_{what}")
        return [f"DISABLE_{what}"]

    def mute_many(self, _s, h, _found, now):
        many = ["NOTIFICATIONS"] if not self.everything else ["NOTIFICATIONS", "HOSTGROUP_SVC_NOTIFICATIONS;site-EAST.UNI-T3", "SERVICEGROUP_SVC_NOTIFICATIONS;jobs",
                              f"HOST_AND_CHILD_NOTIFICATIONS;{h}", "ALL_NOTIFICATIONS_BEYOND_HOST;gw-north.example.net",
                              "HOSTGROUP_HOST_NOTIFICATIONS;gateways"]
        what = self.r.choice(many)
        self.back(now, self.r.uniform(10, 40), f"ENABLE_{what}")
        return [f"DISABLE_{what}"]

    def people(self, _s, _h, _found, now):
        who = self.r.choice(["rod", "rod", "picky", "part", "chief"])
        what = self.r.choice([f"CONTACT_SVC_NOTIFICATIONS;{who}", f"CONTACT_HOST_NOTIFICATIONS;{who}",
                              "CONTACTGROUP_SVC_NOTIFICATIONS;desk"])
        if self.r.random() < .3:
            self.back(now, self.r.uniform(10, 40), "CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD;picky;always")
            return ["CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD;picky;gaps"]
        self.back(now, self.r.uniform(10, 30), f"ENABLE_{what}")
        return [f"DISABLE_{what}"]

    def change(self, s, h, _found, _now):
        r = self.r
        plain = [f"CHANGE_NORMAL_SVC_CHECK_INTERVAL;{s};{r.choice([10, 40])}", f"CHANGE_RETRY_SVC_CHECK_INTERVAL;{s};5",
                 f"CHANGE_MAX_SVC_CHECK_ATTEMPTS;{s};{r.choice([1, 2, 5])}", f"CHANGE_MAX_HOST_CHECK_ATTEMPTS;{h};{r.choice([1, 4])}",
                 f"CHANGE_CUSTOM_SVC_VAR;{s};_NOTE;x"]
        periods = [f"CHANGE_SVC_NOTIFICATION_TIMEPERIOD;{s};{r.choice(['gaps', 'always'])}",
                   f"CHANGE_HOST_NOTIFICATION_TIMEPERIOD;{h};{r.choice(['gaps', 'always'])}"]
        return [r.choice(plain + periods * self.everything)]

    def tell(self, s, h, _found, _now):
        r = self.r
        return [r.choice([f"SEND_CUSTOM_SVC_NOTIFICATION;{s};{r.choice([0, 1, 2, 4, 6])};{self.author};a note; of mine",
                          f"SEND_CUSTOM_HOST_NOTIFICATION;{h};{r.choice([0, 4])};{self.author};x",
                          f"DELAY_SVC_NOTIFICATION;{s};{self.now + r.choice([20, 80])}", f"DELAY_HOST_NOTIFICATION;{h};{self.now + 30}",
                          f"SET_SVC_NOTIFICATION_NUMBER;{s};{r.choice([0, 1, 5])}", f"ADD_SVC_COMMENT;{s};1;{self.author};x; y"])]

    def flapping(self, s, h, _found, now):
        what = self.r.choice([f"SVC_FLAP_DETECTION;{s}", f"SVC_FLAP_DETECTION;{s}", f"HOST_FLAP_DETECTION;{h}", "FLAP_DETECTION"])
        self.back(now, self.r.uniform(20, 80), f"ENABLE_{what}")
        return [self.r.choice([f"DISABLE_{what}", f"DISABLE_{what}", f"CLEAR_SVC_FLAPPING_STATE;{s}"])]

    def checks(self, s, h, _found, now):
        what = self.r.choice([f"SVC_CHECK;{s}", f"PASSIVE_SVC_CHECKS;{s}", f"HOST_CHECK;{h}"])
        self.back(now, self.r.uniform(20, 60), f"ENABLE_{what}")
        return [self.r.choice([f"DISABLE_{what}", f"SCHEDULE_FORCED_SVC_CHECK;{s};{self.now}",
                               f"SCHEDULE_FORCED_HOST_CHECK;{h};{self.now}", f"PROCESS_SERVICE_CHECK_RESULT;{s};5;code out of bounds",
                               f"PROCESS_SERVICE_CHECK_RESULT;{s};2;by hand; really|x=1"])]

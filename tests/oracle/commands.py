"""Whom a logged command means: commands about groups, children and everything behind a host as those about each object."""
import collections

from corpus import HOST


class Members:
    """Who belongs to what, over all configurations of a recording."""

    def __init__(self, corpus):
        self.services, self.children = collections.defaultdict(set), collections.defaultdict(set)
        self.host_groups, self.service_groups = collections.defaultdict(set), collections.defaultdict(set)
        for objs in corpus.objects:
            for o in objs["service"]:
                self.services[o["host_name"]].add(o["service_description"])
            for o in objs["host"]:
                for parent in filter(None, o.get("parents", "").split(",")):
                    self.children[parent].add(o["host_name"])
            for g in objs["hostgroup"]:
                self.host_groups[g["hostgroup_name"]] |= set(filter(None, g.get("members", "").split(",")))
            for g in objs["servicegroup"]:
                names = g.get("members", "").split(",")
                self.service_groups[g["servicegroup_name"]] |= set(zip(names[::2], names[1::2]))

    def behind(self, host):
        """Every host that has this one among its parents, or theirs."""
        found, todo = set(), [host]
        while todo:
            new = self.children.get(todo.pop(), set()) - found
            found |= new
            todo += new
        return sorted(found)


def expand(line, members):
    """(line, fields) for each object that a command means; the line's type is that of the command about one object."""
    name, f = line.type, line.text.split(";")
    verb, _, rest = name.partition("_")
    if verb in ("ENABLE", "DISABLE"):
        yield from _switches(line, verb, rest, f, members)
    elif name.startswith("SCHEDULE_") and name.endswith("_DOWNTIME"):
        yield from _downtimes(line, rest, f, members)
    else:
        yield line, f


def _switches(line, verb, rest, f, members):
    hosts, services = [], []
    if rest.startswith("HOSTGROUP_"):
        group = sorted(members.host_groups[f[0]])
        hosts = group if "_HOST_" in rest else []
        services = [(h, s) for h in group for s in sorted(members.services[h])] if "_SVC_" in rest else []
    elif rest.startswith("SERVICEGROUP_"):
        group = sorted(members.service_groups[f[0]])
        hosts = sorted({h for h, _ in group}) if "_HOST_" in rest else []
        services = group if "_SVC_" in rest else []
    elif rest == "HOST_AND_CHILD_NOTIFICATIONS":
        hosts = [f[0], *members.behind(f[0])]
    elif rest == "ALL_NOTIFICATIONS_BEYOND_HOST":
        hosts = members.behind(f[0])
        services = [(h, s) for h in hosts for s in sorted(members.services[h])]
    else:
        yield line, f
        return
    if rest.endswith("NOTIFICATIONS") or rest == "ALL_NOTIFICATIONS_BEYOND_HOST":
        for h in hosts:
            yield line._replace(type=f"{verb}_HOST_NOTIFICATIONS"), [h]
        for h, s in services:
            yield line._replace(type=f"{verb}_SVC_NOTIFICATIONS"), [h, s]


def _downtimes(line, rest, f, members):
    host, service = (line._replace(type=f"SCHEDULE_{k}_DOWNTIME") for k in ("HOST", "SVC"))
    if rest.startswith("AND_PROPAGATE_"):
        yield host, f
        # A triggered one of a child waits for its parent's, whatever the command's own trigger says.
        rest_of = [*f[1:4], "1", *f[5:]] if "_TRIGGERED_" in rest else f[1:]
        for h in members.behind(f[0]):
            yield host, [h, *rest_of]
    elif rest.startswith(("HOSTGROUP_", "SERVICEGROUP_")):
        pairs = members.service_groups[f[0]]
        hosts = sorted(members.host_groups[f[0]] if rest.startswith("HOSTGROUP_") else {h for h, _ in pairs})
        if rest.endswith("_HOST_DOWNTIME"):
            for h in hosts:
                yield host, [h, *f[1:]]
        else:
            if rest.startswith("HOSTGROUP_"):
                pairs = {(h, s) for h in hosts for s in members.services[h]}
            for h, s in sorted(pairs):
                yield service, [h, s, *f[1:]]
    elif rest == "HOST_SVC_DOWNTIME":
        for s in sorted(members.services[f[0]]):
            yield service, [f[0], s, *f[1:]]
    else:
        yield line, f


def object_of(line, f):
    """The object of a command about one: ("svc", host, service), ("host", host) or None for anything else."""
    if "CONTACT" in line.type or not f[0]:
        return None
    if "_SVC_" in line.type and "_HOST_SVC_" not in line.type and len(f) > 1:
        return (f[0], f[1])
    return (f[0], HOST)

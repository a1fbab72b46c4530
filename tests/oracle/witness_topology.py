"""What was declared in GOCDB, from made.json, the record of the program that made the XML files (not from the XML)."""
import json
import os

from corpus import HOST
from intervals import EVERYTHING, NOTHING, Intervals


class Topology:
    WORDS = ("monitoring-off", "not-in-production", "not-registered", "outage", "at-risk")

    def __init__(self, folder, corpus):
        self.made = None
        if folder:
            with open(os.path.join(folder, "made.json"), encoding="utf-8") as f:
                self.made = json.load(f)
        self.site_of, self.types = {}, {}
        for objs in corpus.objects:
            for o in objs["service"]:
                key = (o["host_name"], o["service_description"])
                self.site_of[key] = o.get("_SITE_NAME", "")
                self.types.setdefault(key, set()).add(o.get("_SERVICE_FLAVOUR", ""))
                self.types.setdefault((key[0], HOST), set()).add(o.get("_SERVICE_FLAVOUR", ""))
            for o in objs["host"]:
                self.site_of[o["host_name"], HOST] = o.get("_SITE_NAME", "")
        if self.made:
            self.off_sites = {self.made["suspended"], self.made["uncertified"]}
            self.down = {}
            for d in self.made["downtimes"]:
                word = "outage" if d["severity"] == "OUTAGE" else "at-risk"
                self.down.setdefault((word, d["host"], d["type"]), []).append((d["start"], d["end"]))

    def silenced(self, key):
        """Is the service's site one that raises nothing (suspended or uncertified)?"""
        return bool(self.made) and self.site_of.get(key) in self.off_sites

    def may(self, word, key):
        if not self.made:
            return NOTHING
        out, all_ = NOTHING, EVERYTHING
        for type_ in self.types.get(key, ()):
            pair = f"{key[0]}|{type_}"
            if word in ("outage", "at-risk"):
                # The windows are joined by hand: what falls between two seconds is nobody's error.
                one = Intervals(self.down.get((word, key[0], type_), ()))
            else:
                fate = self.made["fate"].get(pair, "" if pair in self.made["site"] else "not-registered")
                one = EVERYTHING if fate == word else NOTHING
            out |= one
            all_ &= one
        # A host's own alarm is covered only when all its services are (AL10), and read alike for the other words.
        return all_ if key[1] == HOST and out else out

    must = may

#!/usr/bin/env python3
"""Makes the ClassAds beside it with the classad2 module of PyPI's htcondor (25.14.1): python3 make_ads.py FOLDER

A job's ad as condor_q -json prints it, in each state that check_ce tells apart. CLUSTER, NAME and the like are filled in by the
stand-ins of HTCondor's tools (tests/ce/condor_tools.py): no HTCondor-CE can be had from Debian.
"""
import pathlib
import sys

import classad2

COMMON = {"ClusterId": 4711, "ProcId": 0, "GridprobeName": "NAME"}
ADS = {
    "spooling": {"JobStatus": 5, "HoldReasonCode": 16, "HoldReasonSubCode": 0, "HoldReason": "Spooling input data files"},
    "idle": {"JobStatus": 1},
    "running": {"JobStatus": 2, "RemoteHost": "slot1_1@wn7.example.org"},
    "transferring": {"JobStatus": 6, "RemoteHost": "slot1_1@wn7.example.org"},
    "completed": {"JobStatus": 4, "ExitBySignal": False, "ExitCode": 4712, "LastRemoteHost": "slot1_1@wn7.example.org", "StageOutFinish": 0},
    "signalled": {"JobStatus": 4, "ExitBySignal": True, "ExitSignal": 9, "LastRemoteHost": "slot1_1@wn7.example.org", "StageOutFinish": 0},
    "held": {"JobStatus": 5, "HoldReasonCode": 13, "HoldReasonSubCode": 2,
             "HoldReason": 'Transfer input files failure at execution point slot1_1@wn7.example.org while receiving files: "more.txt" is missing'},
    "removed": {"JobStatus": 3},
}

for name, attributes in ADS.items():
    ad = classad2.ClassAd()
    for attribute, value in {**COMMON, **attributes}.items():
        ad[attribute] = value
    pathlib.Path(sys.argv[1], name + ".json").write_text(ad.printJson())

"""What schemathesis cannot know from the description. Which source is configured: a body that says another name, and is right
otherwise, gets that one, so that what is made up is really stored. Which days are over, and which profiles there are: a query
whose dates are written as dates gets days of the past, and any name of a profile becomes none."""

import os
import re

import schemathesis

SOURCE = os.environ["GRIDWARD_SOURCE"]
NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,256}")


WRITTEN = {
    "from": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "2026-01-05"),
    "to": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "2026-01-09"),
    "month": (re.compile(r"[0-9]{4}-[0-9]{2}"), "2026-02"),
    "profile": (re.compile(r".{0,256}", re.DOTALL), ""),
}


@schemathesis.hook
def map_query(context, query):
    return {name: past(name, value) for name, value in query.items()} if isinstance(query, dict) else query


def past(name, value):
    form, instead = WRITTEN.get(name, (None, None))
    return instead if form and isinstance(value, str) and form.fullmatch(value) else value


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, list):
        return [observed(item) for item in body]
    return body


def observed(item):
    name = item.get("source") if isinstance(item, dict) else None
    if isinstance(name, str) and NAME.fullmatch(name) and name.strip():
        return {**item, "source": SOURCE}
    return item

"""What schemathesis cannot know from the description: which source is configured. A body that says another name, and is right
otherwise, gets that one, so that what is made up is really stored."""

import os
import re

import schemathesis

SOURCE = os.environ["GRIDWARD_SOURCE"]
NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,256}")


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

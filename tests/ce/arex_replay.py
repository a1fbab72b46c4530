#!/usr/bin/env python3
"""A-REX by its recorded answers (tests/data/arex/rest-1.0.jsonl): a stand-in, for what must be the same at every run, and for the
differences of ARC 7, which cannot be had here: several versions, lists where ARC 6 has single objects, words with a refusal.

    arex_replay.py RECORDING CERTIFICATE KEY {arc6|arc7} {user|stranger} LOG

prints its port. A request gets the first answer to the same method and path (and the same job, where it names one) that was not
given yet, then the last one again. What was never recorded is answered with 404 and written to LOG."""
import json
import re
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

recording, certificate, key, form, who, log = sys.argv[1:]
pairs = [json.loads(line) for line in open(recording, encoding="utf-8")]
given, lock = set(), threading.Lock()


def job_of(body):
    found = re.search(r'"id":\s*"([^"]+)"', body)
    return found and found.group(1)


def answer(method, path, accept, body):
    path = re.sub(r"^/arex", "", path).replace("/rest/1.1/", "/rest/1.0/")
    same = [
        pair
        for pair in pairs
        if pair["who"] == who and pair["method"] == method and pair["path"] == path
        # curl asked for HTML, too.
        and not (accept == "application/json" and pair["body"].startswith("<"))
        and ("action=new" in path or job_of(pair["request"]) in (None, job_of(body)))
    ]
    if who == "stranger" and not same:
        same = [pair for pair in pairs if pair["who"] == who][:1]
    with lock:
        for pair in same:
            if pair["name"] not in given:
                given.add(pair["name"])
                return pair
    return same[-1] if same else None


def of_arc7(text):
    """ARC 7's REST interface (nordugrid-arc, src/services/a-rex/rest/rest.cpp): arrays always, and its versions."""
    document = json.loads(text)
    for name in ("job", "delegation", "file"):
        if name in document and not isinstance(document[name], list):
            document[name] = [document[name]]
    if "version" in document:
        document["version"] = ["1.0", "1.1"]
    return json.dumps(document)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode("utf-8", "replace")
        pair = answer(self.command, self.path, self.headers.get("accept"), body)
        if pair is None:
            with lock, open(log, "a", encoding="utf-8") as unknown:
                unknown.write(f"{self.command} {self.path} {body[:200]}\n")
            pair = {"status": 404, "reason": "Not found", "headers": ["Content-Length: 0"], "body": ""}
        headers, text = pair["headers"], pair["body"]
        if form == "arc7":
            if text.startswith("{"):
                text = of_arc7(text)
            elif pair["status"] == 403:
                text, headers = "User is not allowed to perform this operation", headers + ["content-type: text/plain"]
        content = text.encode()
        head = f"HTTP/1.1 {pair['status']} {pair['reason']}\r\n"
        for header in headers:
            name = header.split(":")[0].lower()
            # What was not text when it was recorded has another length now.
            head += f"Content-Length: {len(content)}\r\n" if name == "content-length" else header + "\r\n"
        self.wfile.write(head.encode() + b"\r\n" + (b"" if self.command == "HEAD" else content))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET
    daemon_threads = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = Server(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()

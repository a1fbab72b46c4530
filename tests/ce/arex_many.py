#!/usr/bin/env python3
"""Many A-REX at once, a stand-in: each on an address of its own (127.1.x.y), with the answers of the recorded one
(tests/data/arex/rest-1.0.jsonl) as far as a job that runs for ever needs them. Some of them take connections and never answer.

    arex_many.py RECORDING CERTIFICATE KEY COUNT HANGING

prints the port, the same for all."""
import asyncio
import json
import socket
import ssl
import sys

recording, certificate, key, count, hanging = sys.argv[1:]
count, hanging = int(count), int(hanging)
pairs = [json.loads(line) for line in open(recording, encoding="utf-8")]
request = next(pair["body"] for pair in pairs if "action=new" in pair["path"] and "CERTIFICATE REQUEST" in pair["body"])


def address(number):
    return f"127.1.{number // 250}.{number % 250 + 1}"


def answer(method, path, body):
    """Status, head, body."""
    path = path.removeprefix("/arex").replace("/rest/1.1/", "/rest/1.0/")
    json_head = ["content-type: application/json"]
    if path == "/rest":
        return "200 OK", json_head, '{"version":"1.0"}'
    if method == "GET" and path.startswith("/rest/1.0/jobs"):
        return ("200 OK", json_head, "") if path.split("?")[0].endswith("/jobs") else ("404 Not found", [], "")
    if "delegations?action=new" in path:
        return "201 Created", ["content-type: application/x-pem-file", "location: /arex" + path + "/675ce24e35b9"], request
    if "delegations" in path:
        return "200 OK", [], ""
    one = {"status-code": "200", "reason": "OK", "id": "OyUMDmfpDpAoOSAtDmABFKDm"}
    if "jobs?action=new" in path:
        return "201 Created", json_head, json.dumps({"job": one | {"status-code": "201", "reason": "Created", "state": "ACCEPTING"}})
    if "jobs?action=status" in path:
        return "201 Created", json_head, json.dumps({"job": one | {"state": "RUNNING"}})
    return "404 Not found", [], ""


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            method, path, _ = lines[0].split(" ")
            length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            status, headers, text = answer(method, path, body)
            headers = [*headers, f"Content-Length: {len(text)}", "Connection: keep-alive"]
            writer.write("\r\n".join([f"HTTP/1.1 {status}", *headers, "", text]).encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    writer.close()


async def hang(reader, writer):
    await asyncio.sleep(600)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    first = socket.create_server((address(0), 0))
    port = first.getsockname()[1]
    first.close()
    for number in range(count):
        silent = number < hanging
        await asyncio.start_server(hang if silent else serve, address(number), port, ssl=None if silent else context, backlog=64)
    print(port, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())

"""Requests that are none, or too much: what comes back to each, counted by status."""

import collections
import gzip
import json
import pathlib
import random
import socket
import struct
import zlib

QUESTION = b'{"query":"find model limit 1"}'
SOUND = (b"POST /v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
         % len(QUESTION)) + QUESTION
BY_HAND = [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"get / http/1.1\r\n\r\n", b"\0" * 1000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n\r\n",
    b"GET http://127.0.0.1:1/v1/stats HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/stats HTTP/1.1\r\nA\0B: c\r\n\r\n", b"GET /v1/stats HTTP/1.1\r\n: c\r\n\r\n", b"GET /v1/stats HTTP/1.1\r\nA : c\r\n\r\n", b"GET /v1/stats HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n",
    b"POST /v1/query HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /v1/query HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /v1/query HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b"POST /v1/query HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nabcde",
    b"POST /v1/query HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    b"POST /v1/query HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", b"POST /v1/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", b"POST /v1/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    b"POST /v1/query HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", b"POST /v1/query HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET /v1/stats HTTP/1.1\r\n" + b"x: y\r\n" * 5_000 + b"\r\n", b"GET /v1/stats HTTP/1.1\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
]
BODIES = [b"", b"{", b"[", b"null", b"7", b'""', b"{}", b"[]", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{\"query\":", b'{"query":1}', b'{"query":null}', b"[" * 60_000,
          b'{"a":' * 60_000, b'{"query":"' + b"(" * 60_000 + b'"}', b'{"query":"find model","query":"find run"}', b'{"query":"find model","page":1e400}',
          b'{"query":"find model","page":-1}', b'{"query":"find model","limits":{"rows":1e30}}', b'{"query":"find model","params":{"a":{}}}',
          b'{"query":"find\\u0000model"}', b'{"query":"\\ud800"}', b'{"query":"find model where name matches \\"(((((a*)*)*)*)*)b\\""}', b'{"plan_id":"../../x"}',
          b'{"path":"/etc/passwd"}', b'{"path":"../../../../etc/passwd"}', b'{"path":"..\\\\..\\\\x"}', b'{"path":"a\\u0000b"}', b'{"path":""}', b'{"path":"."}']
POSTS = ["/v1/query", "/v1/plans", "/v1/prove", "/mcp", "/api/v2/logs", "/v1/logs", "/api/v1/lineage", "/api/v1/lineage/batch", "/v1/imports", "/v1/intake/seal", "/v1/trail/seal",
         "/v1/check", "/v1/records", "/v1/records/statement", "/v1/erasures", "/v1/holds", "/v1/compact", "/v1/retractions", "/v1/verify", "/v1/checkpoint"]
# What is taken on as a job, of which so many wait.
JOBS = ("/imports", "/seal", "/check", "/records", "/statement", "/erasures", "/holds", "/compact", "/retractions", "/verify", "/checkpoint")
PATHS = ["/../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/./v1/stats", "/v1/../v1/stats", "/v1/nodes/model/..%2f..%2f..%2fetc%2fpasswd",
         "/v1/nodes/../../etc/passwd", "/v1/nodes/model/%00", "/v1/nodes/model/%ff%fe", "/v1/nodes/%2e%2e/x", "/v1/imports/..%2f..%2ftokens.json", "/v1/imports/%2e%2e",
         "/v1/stats?store=../main", "/v1/stats?store=..%2fmain", "/v1/stats?store=main%00", "/v1/stats?store=/etc", "/v1/stats;/../metrics", "/v1/stats/", "/V1/STATS",
         "/v1/show?target=file:///etc/passwd", "/v1/trace?target=../../etc/passwd", "/api/v1/namespaces/..%2f..%2f/jobs", "/api/v1/lineage?nodeId=dataset:..%2f..:%2fetc",
         "/v1/export/..%2f..%2f..%2fetc%2fpasswd?target=x", "/v1/export/%00?target=x", "/v1/export/prov?target=../../etc/passwd", "/v1/export/car?target=%00", "/v1/check?system=../../etc/passwd",
         "/v1/check?system=%00&as_of=1", "/v1/check?as_of=%ff", "/v1/check?system=" + "%27" * 3000, "/v1/gate?model=file:///etc/passwd",
         "/tokens.json", "/store/tokens.json", "/server.toml", "/.git/config", "/%5c..%5c..%5cetc", "/v1/query?query=" + "%25" * 3000]


def raw(served, data, patience=2.0):
    """The status of whatever comes back, `closed` where nothing does, and the bytes."""
    back = b""
    with served.connect(20) as stream:
        try:
            stream.sendall(data)
        except OSError:
            # It may be answered, and closed, before all is sent.
            pass
        stream.settimeout(patience)
        is_whole = False
        try:
            while True:
                try:
                    part = stream.recv(65536)
                except TimeoutError:
                    if is_whole:
                        return "silence", back
                    # Whoever closes one end leaves; so this is only said to a server that waits for more.
                    is_whole = True
                    stream.shutdown(socket.SHUT_WR)
                    stream.settimeout(20)
                    continue
                if not part:
                    break
                back += part
        except OSError:
            pass
    return (back.split(b" ", 2)[1].decode() if back.startswith(b"HTTP/1.1 ") else "closed"), back


def role_for(path):
    """One that may post there."""
    if path.startswith(("/api/", "/v1/logs", "/v1/imports", "/v1/intake")):
        return "importer"
    if path.startswith(("/v1/erasures", "/v1/holds")):
        return "privacy-officer"
    if path == "/v1/records/statement":
        return "approver"
    return "engineer" if path in ("/v1/check", "/v1/records") else "admin"


def post(path, token, body, *more):
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def sound(statuses, never=()):
    """Nothing hung, nothing broke, and nothing was answered that must not be."""
    wrong = [status for status in statuses if status == "silence" or str(status).startswith("5") or str(status) in never]
    assert not wrong, (wrong, statuses)


def malformed_http(served, tokens, count):
    chance, statuses = random.Random(1), collections.Counter()
    for request in BY_HAND:
        statuses[raw(served, request)[0]] += 1
    sound(statuses, never={"200"})
    mutated = collections.Counter()
    for _ in range(count):
        request = bytearray(SOUND % tokens["engineer"].encode())
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(request))
            match chance.randrange(4):
                case 0: request[at] = chance.randrange(256)
                case 1: del request[at:at + chance.randint(1, 20)]
                case 2: request[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
                case 3: request[at:at] = chance.choice([b"\r\n", b"\r\n\r\n", b": ", b"\0", b"%00", b"chunked", b"\n"])
            if len(request) < 2:
                break
        mutated[raw(served, bytes(request), 0.05)[0]] += 1
    sound(mutated)
    return {"requests": len(BY_HAND) + count, "by status": dict(statuses + mutated)}


def malformed_json(served, tokens, count):
    chance, statuses = random.Random(2), collections.Counter()
    whole = [json.dumps(body).encode() for body in (
        {"query": "find model where name = $n limit 3", "params": {"n": "x"}, "limits": {"rows": 5}, "page": 2}, [{"message": "{\"art12\":{}}", "service": "s"}],
        {"eventTime": "2025-11-03T14:00:00Z", "eventType": "START", "run": {"runId": "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d"}, "job": {"namespace": "n", "name": "j"}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "query", "arguments": {"query": "find model"}}}, {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]})]
    bodies = list(BODIES)
    for _ in range(count):
        body = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(max(1, len(body)))
            body[at:at + chance.randint(0, 4)] = chance.choice([b'"', b"{", b"}", b"[", b"]", b"\\", b"\xff", b"\0", b"1e999", b"null", b"-", b",", b"\\u0000", b"\\ud800"])
        bodies.append(bytes(body))
    sent = 0
    for number, body in enumerate(bodies):
        for path in POSTS if number < len(BODIES) else [chance.choice(POSTS)]:
            token = tokens[role_for(path)]
            headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            status = served.ask("POST", path, token, body, headers)[0]
            # Jobs wait in a queue that is bounded, and says so.
            is_full = status == 503 and path.endswith(JOBS)
            statuses["full: 503" if is_full else str(status)] += 1
            sent += 1
    sound(statuses)
    return {"requests": sent, "by status": dict(statuses)}


def oversize(served, tokens, _):
    statuses = collections.Counter()
    big = b"x" * (2 << 20)
    for path in POSTS:
        token = tokens[role_for(path)].encode()
        head = b"POST %s HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n" % (path.encode(), token)
        chunks = b"%x\r\n%s\r\n" % (len(big), big)
        for body in (b"Content-Length: %d\r\n\r\n%s" % (len(big) * 4, big * 4), b"Transfer-Encoding: chunked\r\n\r\n" + chunks * 8):
            statuses[raw(served, head + body)[0]] += 1
    upload = b"POST /v1/imports?name=a.json HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/octet-stream\r\n" % tokens["importer"].encode()
    statuses[raw(served, upload + b"Content-Length: 1000000000000\r\n\r\n" + big)[0]] += 1
    statuses[raw(served, upload + b"Content-Length: 134217728\r\n\r\n" + b"{}\n" * 44739242)[0]] += 1
    sound(statuses, never={"200"})
    return {"requests": sum(statuses.values()), "by status": dict(statuses)}


def bombs(served, tokens, _):
    """A gibibyte of zeros in each packing that is taken, and one gzip within another."""
    gib, zeros = 1 << 30, b"\0" * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    gz = b"".join(packer.compress(zeros) for _ in range(gib >> 20)) + packer.flush()
    packer = zlib.compressobj(9)
    deflate = b"".join(packer.compress(zeros) for _ in range(gib >> 20)) + packer.flush()
    # One frame of blocks that say: a byte, so often.
    block = (128 << 10) << 3 | 1 << 1
    zst = bytes.fromhex("28b52ffd") + b"\x00\x58" + (struct.pack("<I", block)[:3] + b"\0") * (gib // (128 << 10) - 1)
    zst += struct.pack("<I", block | 1)[:3] + b"\0"
    spaces = zlib.compressobj(9, zlib.DEFLATED, 31)
    spaces = b"".join(spaces.compress(b"[" + b" " * (1 << 20)) for _ in range(64)) + spaces.flush()
    statuses = collections.Counter()
    for coding, body in {"gzip": gz, "deflate": deflate, "zstd": zst, "gzip ": gzip.compress(gz), "gzip  ": spaces}.items():
        for path in ("/api/v2/logs", "/v1/logs", "/api/v1/lineage", "/v1/query"):
            token = tokens["engineer" if path == "/v1/query" else "importer"]
            more = "Content-Type: application/json", f"Content-Encoding: {coding.strip()}"
            statuses[raw(served, post(path, token, body, *more))[0]] += 1
    sound(statuses, never={"200", "202"})
    # As an upload it is a file like any other: its job ends, and says how.
    states = []
    for name, body in (("a.json.gz", gz), ("a.json.zst", zst), ("b.json.gz", gzip.compress(gz))):
        status, taken = served.ask("POST", f"/v1/imports?name={name}", tokens["importer"], body, {"Content-Type": "application/octet-stream"})
        assert status == 202, (status, taken)
        job = json.loads(taken)["id"]
        while (state := json.loads(served.ask("GET", f"/v1/imports/{job}", tokens["importer"])[1]))["state"] in ("waiting", "running"):
            pass
        states.append(state["state"])
    return {"requests": sum(statuses.values()) + len(states), "by status": {**statuses, "202": len(states)}, "jobs": states}


def paths(served, tokens, _):
    statuses, passwd = collections.Counter(), pathlib.Path("/etc/passwd").read_bytes()[:40]
    for path in PATHS:
        for token in (tokens["admin"], tokens["importer"], None):
            line = f"Authorization: Bearer {token}\r\n" if token else ""
            status, back = raw(served, f"GET {path} HTTP/1.1\r\nHost: x\r\n{line}Connection: close\r\n\r\n".encode())
            assert passwd not in back and b"\"hash\":" not in back, path
            assert token or status in ("401", "400", "closed"), (path, status)
            statuses[status] += 1
    outside = served.folder / "exports" / "outside"
    outside.symlink_to("/etc")
    for path in ("/etc/passwd", "../tokens.json", "outside/passwd", "./../server.toml", "outside", "a/../../tokens.json"):
        status, back = served.ask("POST", "/v1/imports", tokens["importer"], {"path": path})
        assert status in (400, 403, 404, 422), (path, status, back)
        statuses[str(status)] += 1
    outside.unlink()
    sound(statuses)
    return {"requests": sum(statuses.values()), "by status": dict(statuses)}


def confusion(served, tokens, _):
    """Tokens of an identity provider, confused in every way that is known; the sound one is taken."""
    provider, statuses, kinds = tokens["provider"], collections.Counter(), set()
    body = {"query": "find model limit 1"}
    for what, token in provider.confused():
        status, _ = raw(served, SOUND % token.encode())
        assert status in ("401", "431"), (what, status)
        kinds.add(what)
        statuses[status] += 1
    good = provider.rsa({"alg": "RS256", "kid": "rsa"}, provider.claims())
    assert served.ask("POST", "/v1/query", good, body)[0] == 200, "what all of them differ from"
    statuses["200, the sound one"] += 1
    return {"requests": sum(statuses.values()), "kinds": len(kinds), "by status": dict(statuses)}

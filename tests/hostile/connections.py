"""Connections that are held and not used, or used slowly: how many are open, and who is still answered."""

import collections
import json
import socket
import threading
import time

MANY = "find inference as a, inference as b return a.key as ak, b.key as bk, a.event_id as a, b.event_id as b, a.host as h"


def head(token, body, more=""):
    text = json.dumps(body)
    return (f"POST /v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n{more}\r\n").encode(), text.encode()


def opened(served, count):
    """Connections without a word, and those of them that the server did not take."""
    streams, failed = [], 0
    for _ in range(count):
        try:
            stream = served.connect(10)
            stream.setblocking(False)
            streams.append(stream)
        except OSError:
            failed += 1
    return streams, failed


def still_open(streams):
    """How many of them the server has not closed."""
    count = 0
    for stream in streams:
        try:
            count += stream.recv(1) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def close(streams):
    for stream in streams:
        stream.close()


def idle(served, tokens, count):
    begun = time.perf_counter()
    streams, failed = opened(served, count)
    took = time.perf_counter() - begun
    held = still_open(streams)
    at_once = served.metric("lineal_connections", tokens["admin"])
    made_room = served.metric("lineal_connections_closed_total", tokens["admin"])
    time.sleep(5)
    still = still_open(streams)
    close(streams)
    assert failed == 0 and (made_room or at_once > count), (failed, made_room, at_once)
    return {"requests": count, "by status": {"not taken": failed, "open when all were opened": held, "5 s later": still},
            "at the server": int(at_once), "closed to make room": int(made_room), "opened in s": round(took, 1)}


def slow_heads(served, tokens, count):
    """A letter of the head a second, until the server has closed all."""
    streams, _ = opened(served, count)
    begun, letters = time.perf_counter(), b"GET /v1/stats HTTP/1.1\r\nHost: " + b"x" * 200
    for at in range(len(letters)):
        if not still_open(streams):
            break
        for stream in streams:
            try:
                stream.send(letters[at:at + 1])
            except OSError:
                pass
        time.sleep(1)
    took = time.perf_counter() - begun
    left = still_open(streams)
    close(streams)
    assert left == 0, f"{left} heads were still waited for"
    return {"requests": count, "by status": {"closed": count}, "all closed after s": round(took, 1)}


def slow_bodies(served, tokens, count):
    """A letter of the body a second, by somebody who is known."""
    streams, _ = opened(served, count)
    start, _ = head(tokens["engineer"], {"query": "x" * 300})
    for stream in streams:
        stream.setblocking(True)
        stream.sendall(start)
        stream.setblocking(False)
    begun, back = time.perf_counter(), {stream: b"" for stream in streams}
    alive = set(streams)
    while alive and time.perf_counter() - begun < 60:
        for stream in list(alive):
            try:
                part = stream.recv(4096)
                back[stream] += part
                if not part:
                    alive.discard(stream)
                    continue
            except BlockingIOError:
                pass
            except OSError:
                alive.discard(stream)
                continue
            try:
                stream.send(b"x")
            except OSError:
                pass
        time.sleep(1)
    took = time.perf_counter() - begun
    statuses = collections.Counter(text.split(b" ", 2)[1].decode() if text.startswith(b"HTTP") else "closed" for text in back.values())
    close(streams)
    assert not alive, f"{len(alive)} bodies were still waited for"
    return {"requests": count, "by status": dict(statuses), "all closed after s": round(took, 1)}


def deaf(served, tokens, count):
    """Large answers that nobody takes."""
    streams = []
    for _ in range(count):
        stream = socket.socket()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.connect(served.address)
        start, body = head(tokens["auditor"], {"query": MANY}, "Accept: text/csv\r\n")
        stream.sendall(start + body)
        streams.append(stream)
    begun = time.perf_counter()
    while served.metric("lineal_connections", tokens["admin"]) > 2 and time.perf_counter() - begun < 90:
        time.sleep(0.25)
    took = time.perf_counter() - begun
    close(streams)
    assert took < 90, "answers were still kept for those who do not take them"
    return {"requests": count, "by status": {"closed": count}, "all closed after s": round(took, 1)}


def churn(served, tokens, count):
    """Connections that come and go at once, from eight threads."""
    def work():
        for _ in range(count // 8):
            try:
                served.connect(10).close()
            except OSError:
                pass
    threads = [threading.Thread(target=work) for _ in range(8)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    return {"requests": count, "by status": {"opened and closed": count}, "in s": round(took, 1)}


def left(served, tokens, count, asked):
    """Requests whose senders leave: when the last thread that worked for them is free again."""
    name, data = asked
    streams = []
    for _ in range(count):
        stream = served.connect()
        stream.sendall(data)
        streams.append(stream)
    running = 0
    begun = time.perf_counter()
    while running == 0 and time.perf_counter() - begun < 10:
        running = served.metric("lineal_questions_running", tokens["admin"])
    waiting = served.metric("lineal_questions_waiting", tokens["admin"])
    assert running > 0, f"no {name} ran when they were to be left"
    begun = time.perf_counter()
    close(streams)
    while sum(served.metric(f"lineal_questions_{state}", tokens["admin"]) for state in ("running", "waiting")):
        assert time.perf_counter() - begun < 60, "threads work for nobody"
    took = (time.perf_counter() - begun) * 1e3
    return {"requests": count, "by status": {"left": count}, "ran": int(running), "waited": int(waiting), "all free after ms": round(took)}

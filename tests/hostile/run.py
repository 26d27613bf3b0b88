#!/usr/bin/env python3
"""Attacks a server of its own, and says what came of it: `tests/hostile/run.py --program target/release/lineal`.

Every stage runs beside a client that means well and asks one short question after the other, each on a new connection. A stage
fails where the server breaks, hangs, answers what must not be answered, or keeps that client out. Python's own library is enough.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import tempfile
import time

import connections
import jwt
import requests
from served import GoodClient, Served

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
LOGS = ["datadog-art12-a-nested", "datadog-art12-b-dotted", "datadog-art12-c-message"]
SYSTEM = "CREDIT-RISK-EU-001"
ENDLESS = ("find inference as a, inference as b, inference as c where a.latency_ms + b.latency_ms = c.latency_ms + 0.123 "
           "summarize count() as n")
OIDC = """[oidc]
issuer = "{issuer}"
audience = ["{audience}"]
keys = {keys}
[[oidc.grant]]
claim = "roles"
has = "ml"
role = "engineer"
stores = ["main"]
[[oidc.grant]]
claim = "roles"
has = "audit"
role = "auditor"
stores = ["main"]
systems_claim = "systems"
"""
# Longest that the client that means well may wait, in ms: its turn comes when one long question of another has ended, here on a busy machine.
WAITED_MAX = 10_000


def chain(path, length):
    """Events of OpenLineage: each data set is made from the one before, so that the last one comes from all."""
    with open(path, "w", encoding="utf-8") as out:
        for number in range(length):
            event = {
                "eventTime": "2025-11-03T14:00:00Z", "eventType": "COMPLETE", "producer": "https://example.org", "schemaURL": "https://example.org",
                "run": {"runId": f"0199e2c4-6f2a-7c11-9f5e-{number:012x}"}, "job": {"namespace": "chain", "name": f"step-{number % 100}"},
                "inputs": [{"namespace": "chain", "name": f"data-{number}"}], "outputs": [{"namespace": "chain", "name": f"data-{number + 1}"}],
            }
            out.write(json.dumps(event) + "\n")


def load(program, folder, length):
    store = folder / "store"
    run = lambda *words: subprocess.run([program, *words], check=True, capture_output=True)
    run("init", store)
    for source in ["mlflow-3.17-sqlite/mlflow.db", *LOGS]:
        run("import", "--store", store, FIXTURES / source)
    if length:
        chain(folder / "chain.ndjson", length)
        run("import", "--store", store, folder / "chain.ndjson")
    return store


def get(path, token):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def stages(count, idle, length):
    """Name, limits of its server, what is done, how often."""
    trace = f"/v1/trace?target=dataset:data-{length}&told=true"
    question = lambda tokens: ("question", b"".join(connections.head(tokens["engineer"], {"query": ENDLESS})))
    return [
        ("malformed HTTP", {}, requests.malformed_http, count),
        ("malformed JSON", {}, requests.malformed_json, count),
        ("oversize heads and bodies", {}, requests.oversize, 0),
        ("compressed bombs, a GiB each", {}, requests.bombs, 0),
        ("path tricks", {}, requests.paths, 0),
        ("confused tokens", {}, requests.confusion, 0),
        ("idle connections, places for all", {"connections": idle + 500, "head_seconds": 120}, connections.idle, idle),
        ("idle connections, default places", {}, connections.idle, idle),
        ("connections that come and go", {}, connections.churn, idle),
        ("slow heads", {}, connections.slow_heads, 1_000),
        ("slow bodies", {"request_seconds": 5}, connections.slow_bodies, 32),
        ("answers that nobody takes", {"stalled_seconds": 5}, connections.deaf, 16),
        ("questions that are left", {}, lambda s, t, n: connections.left(s, t, n, question(t)), 64),
        ("traces that are left", {}, lambda s, t, n: connections.left(s, t, n, ("trace", get(trace, t["engineer"]))), 64),
    ]


def stage(program, folder, store, limits, work, count, provider):
    more = OIDC.format(issuer=jwt.ISSUER, audience=jwt.AUDIENCE, keys=json.dumps(str(folder / "keys.json")))
    served = Served(program, folder, store, limits, more)
    tokens = {role: served.token(role) for role in ("engineer", "importer", "admin", "approver", "privacy-officer")}
    tokens["auditor"] = served.token("auditor", "--system", "*", "--expires", "1d")
    tokens["provider"] = provider
    with served:
        served.ask("POST", "/v1/query", tokens["engineer"], {"query": "find model limit 1"})
        before = served.peak_mib()
        served.forget_peak()
        with GoodClient(served, tokens["engineer"]) as good:
            time.sleep(0.3)
            told = work(served, tokens, count)
            time.sleep(0.3)
        told.update(good.told(), before=before, peak=served.peak_mib(), threads=served.threads())
        assert served.ask("GET", "/readyz")[0] == 200, "it is ready afterwards"
        assert not good.failed, good.failed[:3]
        assert told["most"] < WAITED_MAX, told
    return told


def row(name, told):
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(told.pop("by status").items()))
    known = ("requests", "asked", "failed", "p50", "p99", "most", "before", "peak", "threads")
    rest = "; ".join(f"{what} {value}" for what, value in told.items() if what not in known)
    return (f"| {name} | {told['requests']:,} | {statuses}{'; ' if rest else ''}{rest} | {told['before']:.0f} to {told['peak']:.0f} "
            f"| {told['asked']:,}, {told['p50']:.1f}, {told['p99']:.1f}, {told['most']:.0f} |")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--program", required=True, help="the `lineal` that is attacked")
    words.add_argument("--only", help="stages whose name holds this")
    words.add_argument("--requests", type=int, default=2_000, help="mutated requests of a kind")
    words.add_argument("--idle", type=int, default=10_000, help="connections that are held")
    words.add_argument("--chain", type=int, default=30_000, help="steps of the lineage whose traces are left")
    wanted = words.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < wanted.idle + 1_000:
        words.error(f"{most} files may be open here (ulimit -Hn), {wanted.idle + 1_000} are needed")
    chosen = [each for each in stages(wanted.requests, wanted.idle, wanted.chain) if not wanted.only or wanted.only in each[0]]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        program = str(pathlib.Path(wanted.program).resolve())
        store = load(program, folder, wanted.chain if any("traces" in each[0] for each in chosen) else 0)
        provider = jwt.Provider(1)
        (folder / "keys.json").write_text(json.dumps(provider.keys()))
        print("| stage | requests or connections | what came back | memory of the server, MiB | good client: asked, p50, p99, most ms |")
        print("| --- | --- | --- | --- | --- |")
        for name, limits, work, count in chosen:
            print(row(name, stage(program, folder, store, limits, work, count, provider)), flush=True)


if __name__ == "__main__":
    main()

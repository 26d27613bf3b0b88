#!/usr/bin/env python3
"""Load: q1, prepared, over HTTP on loopback, beside the limit and beside PostgreSQL, in one run.

  cargo build --release && cargo build --release -p lineal-server --example echo
  benches/load/run.py --peers DIR --data DIR --store DIR [--postgres DIR] [--seconds 4] [--rounds 3]
                      [--connections 1,16,256] [--program target/release/lineal] [--echo ...]

--peers is the folder of the harness of benches/compare, --data its world, --store Lineal's store of that
world, --postgres PostgreSQL's database of it (the folders that benches/compare/run.py makes: db-lineal/store
and db-postgres). Needs wrk; PostgreSQL's column needs pgbench. All use the same 40 hashes.

- *echo* is server/examples/echo.rs: router, connections and threads of the server with nothing behind them,
  asked with the same bodies; *echo of an answer* gives as many bytes as Lineal's answer has.
- Lineal is `lineal serve`, read only, with its log in a file; its limits of a token are raised, nothing else.
- PostgreSQL answers the same question as a prepared recursive statement, over a socket of the file system.
  How many rows each hash has is compared first.

Rounds go through all contestants in turn, so that what else the machine does falls on all; a figure is the
median of its rounds, a share the median of the shares of its rounds. The tools that ask run on the same
cores. CPU time is that of the server's process alone.
"""
import argparse, contextlib, json, os, pathlib, re, statistics, subprocess, sys, tempfile, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ECHO, SIZED, LINEAL, POSTGRES = "echo", "echo of an answer", "Lineal", "PostgreSQL"
TARGET = 0.6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--store", required=True, type=pathlib.Path)
    parser.add_argument("--postgres", type=pathlib.Path)
    parser.add_argument("--program", default=ROOT / "target/release/lineal", type=pathlib.Path)
    parser.add_argument("--echo", default=ROOT / "target/release/examples/echo", type=pathlib.Path)
    parser.add_argument("--connections", default="1,16,256")
    parser.add_argument("--seconds", default=4, type=float)
    parser.add_argument("--rounds", default=3, type=int)
    given = parser.parse_args()
    sys.path.insert(0, str(given.peers))
    import queries

    hashes = [arguments[0] for arguments in queries.arguments(str(given.data))["q1"]]
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        echo = stack.enter_context(started([given.echo], scratch / "echo.log"))
        server, token = stack.enter_context(lineal(given, scratch))
        plan, totals, size = prepared(server.url, token, hashes)
        bodies = scratch / "bodies"
        bodies.write_text("".join(json.dumps({"plan_id": plan, "params": {"hash": h}}) + "\n" for h in hashes))
        contestants = {
            ECHO: lambda count: wrk(echo, "/", bodies, None, count, given.seconds),
            SIZED: lambda count: wrk(echo, f"/{size}", bodies, None, count, given.seconds),
            LINEAL: lambda count: wrk(server, "/v1/query", bodies, token, count, given.seconds),
        }
        if given.postgres:
            database = stack.enter_context(postgres(given.postgres, scratch))
            scripts = database.scripts(given.peers, hashes, totals)
            contestants[POSTGRES] = lambda count: database.bench(scripts, count, given.seconds)
        found = {}
        for _ in range(given.rounds):
            for count in map(int, given.connections.split(",")):
                for name, ask in contestants.items():
                    found.setdefault((count, name), []).append(ask(count))
    print(page(found, list(contestants), given, size, statistics.mean(totals), load))


def page(found, names, given, size, rows, load):
    """Markdown."""
    cores = os.cpu_count()
    lines = [
        f"q1 prepared over HTTP on loopback: {len(found) // len(names)} numbers of connections, {given.rounds} rounds of "
        f"{given.seconds:g} s each, on {cores} cores shared with the tools that ask; load average {load:.1f} before. "
        f"An answer has {rows:.0f} rows and {size} bytes on the mean. {version(given)}",
        "",
        "| connections | | " + " | ".join(names) + " |",
        "| ---: | --- | " + " | ".join("---:" for _ in names) + " |",
    ]
    for count in dict.fromkeys(count for count, _ in found):
        runs = {name: found[count, name] for name in names}

        def row(what, cell):
            lines.append(f"| {count} | {what} | " + " | ".join(cell(name) for name in names) + " |")

        def median(name, key):
            known = [run[key] for run in runs[name] if run[key] is not None]
            return statistics.median(known) if known else None

        def share(name, of):
            return statistics.median(a["rate"] / b["rate"] for a, b in zip(runs[name], runs[of]))

        row("requests a second", lambda name: f"{median(name, 'rate'):,.0f}")
        row("share of the echo's", lambda name: "" if name == ECHO else f"{share(name, ECHO):.2f}")
        row("p50; p99", lambda name: f"{duration(median(name, 'p50'))}; {duration(median(name, 'p99'))}")
        row("the server's CPU time a request", lambda name: "-" if median(name, "cpu") is None else duration(median(name, "cpu")))
    least = min(
        statistics.median(a["rate"] / b["rate"] for a, b in zip(found[count, LINEAL], found[count, ECHO]))
        for count in dict.fromkeys(count for count, _ in found)
    )
    word = "reached" if least >= TARGET else "missed"
    lines += ["", f"Least share of the echo's rate: {least:.2f}; {TARGET} is {word}."]
    return "\n".join(lines)


def version(given):
    told = subprocess.run([given.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()
    return f"{told}, {commit}."


def duration(seconds):
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


class Process:
    """A program that has said where it listens."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def started(command, log):
    """A server, whose first line with an address says where it listens."""
    with open(log, "wb") as errors:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        for line in process.stdout:
            if told := re.search(r"127\.0\.0\.1:\d+", line):
                break
        else:
            sys.exit(f"{command[0]} ended without an address: {pathlib.Path(log).read_text()}")
        yield Process(process, f"http://{told.group()}")
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def lineal(given, scratch):
    """`lineal serve` over the store, and a token of an engineer."""
    config = scratch / "server.toml"
    config.write_text(
        f"listen = '127.0.0.1:0'\ntokens = '{scratch}/tokens.json'\nfirst_token = false\n"
        f"[stores]\nworld = '{given.store.resolve()}'\n"
        "[limits]\ntoken_requests = 4096\ntoken_rate = 1e9\ntoken_burst = 1e9\n"
    )
    made = [given.program, "token", "create", "--config", config, "--role", "engineer", "--name", "load"]
    token = subprocess.run(list(map(str, made)), capture_output=True, text=True, check=True).stdout.strip()
    with started([given.program, "serve", "--config", config, "--until-eof"], scratch / "lineal.log") as server:
        yield server, token


def prepared(url, token, hashes):
    """The plan of q1, how many rows each hash has, and the bytes of an answer on the mean."""
    question = (ROOT / "benches/compare/questions/q1.lql").read_text()

    def ask(path, body):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    plan = json.loads(ask("/v1/plans", {"query": question}))["plan_id"]
    answers = [ask("/v1/query", {"plan_id": plan, "params": {"hash": h}}) for h in hashes]
    totals = [json.loads(answer)["total"] for answer in answers]
    return plan, totals, round(statistics.mean(map(len, answers)))


def wrk(server, path, bodies, token, connections, seconds):
    """One run: requests a second, p50 and p99 in seconds, the server's CPU time a request."""
    threads = min(connections, os.cpu_count())
    command = ["wrk", "--latency", "-t", threads, "-c", connections, "-d", f"{seconds:g}s", "-s", HERE / "ask.lua", server.url + path, "--", bodies]
    before = server.cpu_seconds()
    told = subprocess.run([str(part) for part in command + ([token] if token else [])], capture_output=True, text=True)
    cpu = server.cpu_seconds() - before
    text = told.stdout
    if told.returncode or "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"wrk at {connections} connections: {text}{told.stderr}")
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1))

    def percentile(name):
        number, unit = re.search(rf"^\s*{name}%\s+([\d.]+)(us|ms|s)\s*$", text, re.M).groups()
        return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]

    return {"rate": rate, "p50": percentile(50), "p99": percentile(99), "cpu": cpu / requests}


class Postgres:
    """A private server over a socket of the file system, as benches/compare's adapter starts it."""

    def __init__(self, folder, scratch):
        self.folder, self.scratch = folder.resolve(), scratch
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.user = os.environ.get("PEERS_PG_USER", "postgres")

    def run(self, *command, **more):
        other = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        return subprocess.run([*other, *map(str, command)], check=True, cwd="/", text=True, **more)

    def start(self):
        # The adapter's, but for as many connections as are asked for.
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=300"
        self.run(self.programs / "pg_ctl", "-D", self.folder / "pg", "-w", "-l", self.folder / "log", "-o", options, "start", stdout=subprocess.DEVNULL)

    def stop(self):
        self.run(self.programs / "pg_ctl", "-D", self.folder / "pg", "-m", "fast", "-w", "stop", stdout=subprocess.DEVNULL)

    def scripts(self, peers, hashes, totals):
        """A script a hash, each a prepared statement of its own; the rows must be as many as Lineal's."""
        from adapters import _sql

        text = _sql.build("%s::bigint", "e.input_hash=%s", "0", "")["q1"]
        text = text.replace("SELECT 'm',mv_id", "SELECT 'm',mv_id::bigint")
        folder = pathlib.Path(self.scratch / "pgbench")
        folder.mkdir()
        os.chmod(self.scratch, 0o755)
        scripts = []
        for at, (digits, total) in enumerate(zip(hashes, totals)):
            own = text.replace("%s", f"'\\x{digits}'::bytea")
            counted = self.run("psql", "-h", self.folder, "-U", self.user, "-d", "postgres", "-Atc", own, capture_output=True)
            rows = len(counted.stdout.split())
            if rows != total:
                sys.exit(f"{digits}: {rows} rows of PostgreSQL, {total} of Lineal")
            script = folder / f"{at}.sql"
            script.write_text(f"{' '.join(own.split())};\n")
            scripts.append(script)
        return scripts

    def bench(self, scripts, connections, seconds):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        folder.chmod(0o777)
        command = ["pgbench", "-h", self.folder, "-U", self.user, "-n", "-M", "prepared", "-c", connections, "-j", min(connections, os.cpu_count()),
                   "-T", max(1, round(seconds)), "-l", "--log-prefix", folder / "log"]
        for script in scripts:
            command += ["-f", script]
        told = self.run(*command, "postgres", capture_output=True).stdout
        rate = float(re.search(r"tps = ([\d.]+)", told).group(1))
        # client, number, microseconds, script, seconds, microseconds
        times = sorted(int(line.split()[2]) for log in folder.iterdir() for line in log.open())
        return {"rate": rate, "p50": times[len(times) // 2] * 1e-6, "p99": times[len(times) * 99 // 100] * 1e-6, "cpu": None}


@contextlib.contextmanager
def postgres(folder, scratch):
    server = Postgres(folder, scratch)
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main()

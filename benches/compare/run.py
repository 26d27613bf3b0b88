#!/usr/bin/env python3
"""Lineal beside other engines over the same synthetic world: loads it, asks q1 to q10, compares.

  cargo build --release -p lineal-compare
  run.py --peers DIR --work DIR [--size S] [--contestants sqlite,lineal] [--only q1,q3] [--budget 5]
         [--markdown FILE] [--discard]

--peers is the folder of the harness (gen.py, bench.py, report.py, adapters/). The world is generated
once per folder, each contestant loads it once, and each answers the same seeded arguments. Lineal
goes through its ordinary importers with nothing but world.toml, and answers questions/*.lql.
Prints the harness's table; with --markdown, that of docs/performance.md goes to FILE (tables.py). A
contestant other than SQLite and Lineal that cannot be loaded or asked is left out, and named. Exit 1
names the questions whose answers differ or fail. Needs numpy, pyarrow and psutil, and what the other
contestants need.

--discard removes each contestant's database once it was asked, so that the disk holds the world and
one database at a time; a contestant without its database is loaded anew.

Size L (50 M events) has 10 GB of world: 3.5 of tables, 5.6 of archives, 0.9 of mlflow.db. SQLite's
database has 8 GB, Lineal's store about 9; of others ten times what they take at size M is an upper
bound (PostgreSQL 12 GB, Ladybug 19 GB). So with --discard 30 GB are enough:

  run.py ... --size L --discard --contestants sqlite,postgres,ladybug_,lineal --markdown FILE

PEERS_GRAPH_ONLY=1 leaves the events out of SQLite's: minutes less, and q2, q3, q4a, q4b, q7, q8 alone.
"""
import argparse, json, os, pathlib, re, shlex, shutil, subprocess, sys

import tables

HERE = pathlib.Path(__file__).resolve().parent


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--peers", required=True, type=pathlib.Path)
    ap.add_argument("--work", required=True, type=pathlib.Path)
    ap.add_argument("--size", default="S")
    ap.add_argument("--seed", default="1")
    ap.add_argument("--contestants", default="sqlite,lineal")
    ap.add_argument("--only")
    ap.add_argument("--budget", default="5", help="seconds a question may take in all")
    ap.add_argument("--markdown", type=pathlib.Path)
    ap.add_argument("--discard", action="store_true", help="remove each contestant's database once it was asked")
    ap.add_argument("--program", default=HERE.parent.parent / "target/release/lineal-peer")
    a = ap.parse_args()
    env = dict(os.environ, LINEAL_PEER=str(a.program))
    work, data, results = a.work, a.work / "data", a.work / "results.json"
    work.mkdir(parents=True, exist_ok=True)

    conditions = about(a)

    def run(script, *args):
        done = subprocess.run([sys.executable, a.peers / script, *map(str, args)], env=env)
        return done.returncode

    def must(script, *args):
        if code := run(script, *args):
            sys.exit(f"{script} {' '.join(map(str, args))} ended with {code}")

    if not (data / "meta.json").exists():
        must("gen.py", "--size", a.size, "--seed", a.seed, "--out", data, "--datadog", "--mlflow")
    results.unlink(missing_ok=True)
    left_out = []
    for name in a.contestants.split(","):
        db, loaded = work / f"db-{name}", work / f"db-{name}.json"
        to = ["--data", data, "--db", db, "--contestant", name]
        only = ["--only", a.only] if a.only else []
        step = must if name in REQUIRED else run
        if not (loaded.exists() and db.exists()) and load(step, to, loaded):
            left_out.append(name)
        elif step("bench.py", "query", *to, "--out", results, "--budget", a.budget, *only):
            left_out.append(name)
        else:
            merge(results, loaded)
        if a.discard:
            shutil.rmtree(db)
    must("report.py", results)
    found = json.loads(results.read_text())
    failed, said = compare(found)
    if left_out:
        said += f"; left out, as they could not be loaded or asked: {', '.join(left_out)}"
    print(said)
    if a.markdown:
        conditions |= {"said": said, "load_after": load_average()}
        (work / "conditions.json").write_text(json.dumps(conditions, indent=1))
        a.markdown.write_text(tables.page(found, conditions))
    sys.exit(failed)


def load(step, to, loaded):
    """Loads a contestant; what an earlier load left in its figures goes first, as the harness adds to them."""
    loaded.unlink(missing_ok=True)
    return step("bench.py", "load", *to, "--out", loaded)


# Without these there is no comparison.
REQUIRED = {"sqlite", "lineal"}


def about(a):
    """What a reader of the figures has to know: the command without this machine's folders, and the machine."""
    command = ["benches/compare/run.py", "--size", a.size, "--seed", a.seed, "--contestants", a.contestants, "--budget", a.budget]
    command += ["--only", a.only] if a.only else []
    command += ["--discard"] if a.discard else []
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"command": shlex.join(command), "seed": a.seed, "lineal": commit, "cores": os.cpu_count(), "processor": processor(),
            "memory_gib": round(memory / 2**30), "load_before": load_average()}


def processor():
    """Its name, where Linux tells it."""
    try:
        told = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        return "unknown processor"
    return told.group(1) if told else "unknown processor"


def load_average():
    return round(os.getloadavg()[0], 1)


def merge(results, loaded):
    """Figures of a load that was done in an earlier run beside those of the questions."""
    into = json.loads(results.read_text())
    for size, contestants in json.loads(loaded.read_text()).items():
        for name, figures in contestants.items():
            into[size][name] = figures | into[size].get(name, {})
    results.write_text(json.dumps(into, indent=1))


def compare(results):
    """1 if a question failed, and what was compared; answers are, as the hashes that the harness made of them."""
    failed = compared = rows = 0
    for size, contestants in results.items():
        first, *others = contestants
        for name in contestants:
            for question, figures in contestants[name].get("q", {}).items():
                if "error" in figures:
                    print(f"{size} {question}: {name} answers {figures['error']}")
                    failed += 1
        for question, wanted in contestants[first].get("q", {}).items():
            for name in others:
                given = contestants[name].get("q", {}).get(question, {})
                if "answers" not in given or "answers" not in wanted:
                    continue
                pairs = list(zip(wanted["answers"], given["answers"]))
                different = [at for at, (a, b) in enumerate(pairs) if a != b]
                compared += len(pairs)
                rows += round(given["rows_mean"] * len(pairs))
                if different:
                    print(f"{size} {question}: {name} differs from {first} for arguments {different[:5]}")
                    failed += 1
    said = f"{compared} answers compared, about {rows} rows, {failed} questions failed"
    return (1 if failed or not compared else 0), said


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Lineal beside other engines over the same synthetic world: loads it, asks q1 to q10, compares.

  cargo build --release -p lineal-compare
  run.py --peers DIR --work DIR [--size S] [--contestants sqlite,lineal] [--only q1,q3] [--budget 5]

--peers is the folder of the harness (gen.py, bench.py, report.py, adapters/). The world is generated
once per folder, each contestant loads it once, and each answers the same seeded arguments. Lineal
goes through its ordinary importers with nothing but world.toml, and answers questions/*.lql.
Prints the harness's table. Exit 1 names the questions whose answers differ or fail. Needs numpy,
pyarrow and psutil, and what the other contestants need.
"""
import argparse, json, os, pathlib, subprocess, sys

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
    ap.add_argument("--program", default=HERE.parent.parent / "target/release/lineal-peer")
    a = ap.parse_args()
    env = dict(os.environ, LINEAL_PEER=str(a.program))
    work, data, results = a.work, a.work / "data", a.work / "results.json"
    work.mkdir(parents=True, exist_ok=True)

    def run(script, *args):
        done = subprocess.run([sys.executable, a.peers / script, *map(str, args)], env=env)
        if done.returncode:
            sys.exit(f"{script} {' '.join(map(str, args))} ended with {done.returncode}")

    if not (data / "meta.json").exists():
        run("gen.py", "--size", a.size, "--seed", a.seed, "--out", data, "--datadog", "--mlflow")
    results.unlink(missing_ok=True)
    for name in a.contestants.split(","):
        db, loaded = work / f"db-{name}", work / f"db-{name}.json"
        to = ["--data", data, "--db", db, "--contestant", name]
        if not loaded.exists():
            run("bench.py", "load", *to, "--out", loaded)
        run("bench.py", "query", *to, "--out", results, "--budget", a.budget, *(["--only", a.only] if a.only else []))
        merge(results, loaded)
    run("report.py", results)
    sys.exit(compare(json.loads(results.read_text())))


def merge(results, loaded):
    """Figures of a load that was done in an earlier run beside those of the questions."""
    into = json.loads(results.read_text())
    for size, contestants in json.loads(loaded.read_text()).items():
        for name, figures in contestants.items():
            into[size][name] = figures | into[size].get(name, {})
    results.write_text(json.dumps(into, indent=1))


def compare(results):
    """How many questions failed; answers are compared as the hashes that the harness made of them."""
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
    print(f"{compared} answers compared, about {rows} rows, {failed} questions failed")
    return 1 if failed or not compared else 0


if __name__ == "__main__":
    main()

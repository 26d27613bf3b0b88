#!/usr/bin/env python3
"""Compares answers of Lineal with those of tuned SQLite over the synthetic world.

  check.py --peers DIR --lineal PROGRAM --mapping FILE --work DIR [--size S] [--arguments 40]

DIR is the folder of the peers harness (gen.py, queries.py, adapters/). The world is generated,
imported through the ordinary importers with nothing but the mapping file, and q1 and q3 are asked
in LQL. Exit 1 names the first argument whose answers differ. Needs numpy and pyarrow.
"""
import argparse, json, os, subprocess, sys

Q1 = "find dataset upstream via training of inference:$hash return digest"
Q3 = "find node upstream via lineage, tested_on of model:$model return kind(it) as kind, it"


def main():
    ap = argparse.ArgumentParser()
    for name in ("peers", "lineal", "mapping", "work"):
        ap.add_argument("--" + name, required=True)
    ap.add_argument("--size", default="S")
    ap.add_argument("--arguments", type=int, default=40)
    a = ap.parse_args()
    sys.path.insert(0, a.peers)
    import pyarrow.parquet as pq
    import queries
    from adapters.sqlite import Adapter

    data, db, store = (os.path.join(a.work, x) for x in ("data", "db", "store"))
    if not os.path.exists(f"{data}/meta.json"):
        run = [sys.executable, os.path.join(a.peers, "gen.py"), "--size", a.size, "--out", data, "--datadog", "--mlflow"]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    os.makedirs(db, exist_ok=True)
    sqlite = Adapter()
    if not os.path.exists(f"{db}/world.db"):
        sqlite.load(data, db)
    sqlite.open(db)

    def lineal(*args):
        done = subprocess.run([a.lineal, "--store", store, *args], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"lineal {' '.join(args)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    if not os.path.exists(f"{store}/head"):
        lineal("init", store)
        lineal("import", f"{data}/mlflow.db", f"{data}/datadog", "--mapping", a.mapping)

    def ask(text, **params):
        flags = [x for k, v in params.items() for x in ("--param", f"{k}={v}")]
        return json.loads(lineal("query", text, "--format", "json", *flags))

    datasets = pq.read_table(f"{data}/datasets.parquet", columns=["dataset_id", "name", "version", "digest"]).to_pylist()
    by_digest = {d["digest"]: d["dataset_id"] for d in datasets}
    by_version = {f"dataset:{d['name']}@{d['version']}": d["dataset_id"] for d in datasets}
    models = pq.read_table(f"{data}/models.parquet", columns=["mv_id", "name", "version"]).to_pylist()
    by_model = {f"model:{m['name']}@{m['version']}": m["mv_id"] for m in models}
    runs = pq.read_table(f"{data}/runs.parquet", columns=["run_id", "run_uuid"]).to_pylist()
    by_run = {f"run:{r['run_uuid']}": r["run_id"] for r in runs}
    arguments = queries.arguments(data, a.arguments)
    compared = rows = 0
    for (h,) in arguments["q1"]:
        answer = ask(Q1, hash=h)
        mine = [(by_digest[r[0]],) for r in answer["rows"]]
        compared += check("q1", (h,), mine, sqlite.query("q1", (h,)), answer, queries)
        rows += len(mine)
    for (mv,) in arguments["q3"]:
        m = models[mv]
        answer = ask(Q3, model=f"{m['name']}@{m['version']}")
        mine = [("m", mv)]
        for kind, name in answer["rows"]:
            if kind == "model":
                mine.append(("m", by_model[name]))
            elif kind == "run":
                mine.append(("r", by_run[name]))
            elif kind == "dataset":
                mine.append(("d", by_version[name]))
        compared += check("q3", (mv,), mine, sqlite.query("q3", (mv,)), answer, queries)
        rows += len(mine)
    if not rows:
        sys.exit("no rows were compared")
    print(f"{compared} answers equal, {rows} rows")


def check(name, arg, mine, theirs, answer, queries):
    if queries.digest(mine) != queries.digest(theirs):
        a, b = set(map(tuple, mine)), set(map(tuple, theirs))
        sys.exit(f"{name}{arg} differs: {len(a - b)} only here {sorted(a - b)[:3]}, {len(b - a)} only in SQLite {sorted(b - a)[:3]}")
    if answer["completeness"]["state"] != "complete":
        sys.exit(f"{name}{arg} is {answer['completeness']}")
    return 1


if __name__ == "__main__":
    main()

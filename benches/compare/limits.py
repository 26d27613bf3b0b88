#!/usr/bin/env python3
"""What this machine can do, in the same hour as the results that stand beside it.

  cargo build --release -p lineal-import --example import_limits
  limits.py --peers DIR --archive DIR --work DIR [--markdown FILE] [--results RESULTS.json]

Memory and disk by limits.c of the harness (compiled here with cc); decompression alone, decompression
with a hand-written parse and a hash, and the import by import_limits over an archive, each over the
same files with the same threads. With the results of run.py, what memory allows stands beside Lineal's
times: how many misses of the processor's caches one after the other, and side by side, fit into each.
"""
import argparse, json, os, pathlib, re, shutil, subprocess, sys

import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# A working set that no cache of a common machine holds, KiB.
BEYOND_CACHES = 262_144


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--archive", required=True, type=pathlib.Path, help="folder of gzip files of JSON lines")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="on the disk that is to be measured")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/examples/import_limits")
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    machine = limits(given)
    import_ = imports(given)
    lines = of_the_machine(machine) + [""] + of_imports(import_)
    if given.results:
        lines += [""] + beside(machine, json.loads(given.results.read_text()))
    text = "\n".join(lines)
    print(text)
    if given.markdown:
        given.markdown.write_text(text + "\n")


def said(command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def limits(given):
    """What limits.c prints, as numbers."""
    program = given.work / "limits"
    said(["cc", "-O2", "-march=native", given.peers / "limits.c", "-o", program])
    text = said([program, given.work / "limits.bin"])
    program.unlink()
    loads = re.findall(r"working set +(\d+) KiB: dependent load +([\d.]+) ns, eight in flight +([\d.]+) ns", text)
    one = lambda words: float(re.search(words, text).group(1))
    return {"loads": {int(size): (float(alone), float(eight)) for size, alone, eight in loads},
            "sequential": one(r"sequential read of memory, one core: ([\d.]+)"),
            "write": one(r"write 256 MiB \+ fsync: ([\d.]+)"), "sync": one(r"fdatasync: best ([\d.]+)"),
            "read": one(r"O_DIRECT sequential read: ([\d.]+)"), "random": one(r"random 4 KiB read: best ([\d.]+)")}


def imports(given):
    """What import_limits prints: for each of the three, seconds, CPU seconds, k events a second, us of CPU an event."""
    store = given.work / "store-limits"
    shutil.rmtree(store, ignore_errors=True)
    text = said([given.program, given.archive, HERE / "world.toml", store])
    shutil.rmtree(store)
    found = re.findall(r"([\d.]+) s wall +([\d.]+) s CPU +([\d.]+) k events/s +([\d.]+) us CPU an event +(.+)", text)
    if len(found) != 3:
        sys.exit(f"import_limits speaks otherwise than is known here:\n{text}")
    rows = [(what, *map(float, figures)) for *figures, what in found]
    peak = re.search(r"peak memory: (\d+) MB", text)
    return {"rows": rows, "peak": int(peak.group(1)), "events": round(rows[1][1] * rows[1][3] * 1e3)}


def of_the_machine(machine):
    lines = ["| memory and disk | |", "| --- | ---: |"]
    for size, (alone, eight) in machine["loads"].items():
        lines.append(f"| random load, {human(size)} of memory: one after the other; eight in flight | {alone:.1f} ns; {eight:.1f} ns |")
    lines.append(f"| sequential read of memory, one core | {machine['sequential']:.1f} GB/s |")
    lines.append(f"| write of 256 MiB and sync; sequential read past the page cache | {machine['write']:.0f} MB/s; {machine['read']:.0f} MB/s |")
    lines.append(f"| 4 KiB: write and sync; random read past the page cache; at their best | {machine['sync']:.0f} us; {machine['random']:.0f} us |")
    return lines


def human(kib):
    return f"{kib} KiB" if kib < 1024 else f"{kib >> 10} MiB" if kib < 1 << 20 else f"{kib >> 20} GiB"


def of_imports(found):
    limit, reached = found["rows"][1], found["rows"][2]
    lines = [f"| {found['events'] / 1e6:.1f} M events, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} | wall | CPU time | events/s | CPU an event |",
             "| --- | ---: | ---: | ---: | ---: |"]
    lines += [f"| {what} | {wall:.2f} s | {cpu:.2f} s | {rate:.0f} k | {each:.2f} us |" for what, wall, cpu, rate, each in found["rows"]]
    lines.append(f"\nThe import reaches {limit[2] / reached[2]:.2f} of decompression, parse and hash in CPU time, "
                 f"{limit[1] / reached[1]:.2f} in time; its peak memory, mapped files among it, is {found['peak']} MB.")
    return lines


def beside(machine, results):
    """Lineal's times as misses of the caches."""
    size = min(machine["loads"], key=lambda size: abs(size - BEYOND_CACHES))
    alone, eight = machine["loads"][size]
    lines = [f"| in the engine | time | rows | loads from {human(size)}, one after the other | eight in flight | time a row |", "| --- |" + " ---: |" * 5]
    for world, contestants in results.items():
        for question, cell in contestants.get(tables.OWN, {}).get("q", {}).items():
            if "engine_p50_us" in cell:
                nanos, rows = cell["engine_p50_us"] * 1e3, cell["rows_mean"]
                each = tables.time(nanos / 1e3 / rows) if rows >= 1 else "-"
                if rows >= 1 and nanos / rows < 1e3:
                    each = f"{nanos / rows:.0f} ns"
                lines.append(f"| {question}, size {world} | {tables.time(nanos / 1e3)} | {rows:,.0f} | {nanos / alone:,.0f} | {nanos / eight:,.0f} | {each} |")
    return lines


if __name__ == "__main__":
    main()

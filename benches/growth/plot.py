#!/usr/bin/env python3
"""Draws what lineal-growth measured, and says it in words.

  plot.py ROWS.ndjson [--svg docs/pictures/growth.svg] [--markdown FILE]

Three panels over the number of events, both scales logarithmic: times of questions, import, disk. Lines
differ by dashes and marks and are named at their ends, so that the picture is read without colours; its
title and description say the same to who does not see it. Needs Python alone. The same rows give the
same bytes.
"""
import argparse, json, math, pathlib
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 860, 330, 80, 200, 46, 66
DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 4", "12 3", "1 4"]
# Lines of text need so much room between them.
LINE = 13
# How much slower an answer may get from M to L (issue 4, part 2).
BOUNDS = {"q1": 1.5, "q3": 1.5, "q9hit": 2, "q9miss": 2}
WORDS = {"q1": "q1 training data", "q3": "q3 closure", "q5": "q5 overrides", "q9hit": "q9 hit", "q9miss": "q9 miss",
         "first": "first q1, new process", "open": "opening"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("--svg", type=pathlib.Path, default=ROOT / "docs/pictures/growth.svg")
    parser.add_argument("--markdown", type=pathlib.Path)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.rows.read_text().splitlines()]
    marks, days = [[row for row in rows if row["row"] == sort] for sort in ("mark", "day")]
    if not marks:
        raise SystemExit(f"{given.rows} has no mark yet: lineal-growth measures at 200,000 events first")
    text = words(rows, marks, days)
    given.svg.parent.mkdir(parents=True, exist_ok=True)
    given.svg.write_text(picture(marks, days))
    if given.markdown:
        given.markdown.write_text(text)
    print(text)


def asked(mark, name):
    """Microseconds of a question at a mark; none where it is not there."""
    if name == "open":
        return mark["asked"]["open_us"]
    questions = mark["asked"]["questions"]
    return questions["q1"]["first_us"] if name == "first" else questions.get(name, {}).get("median_us")


def lines_of_questions(marks):
    lines = {WORDS[name]: [(mark["events"], asked(mark, name)) for mark in marks] for name in WORDS}
    return {name: [point for point in points if point[1]] for name, points in lines.items()}


def lines_of_imports(days):
    return {"events/s": [(day["events"], day["day_events"] / day["import"]["wall_s"]) for day in days],
            "events/s of CPU time": [(day["events"], day["day_events"] / day["import"]["cpu_s"]) for day in days]}


def lines_of_disk(marks):
    each = lambda folder: [(mark["events"], mark["disk"][folder] / mark["events"]) for mark in marks]
    return {"all": each("all"), "containers": each("containers"), "index": each("index"), "segments": each("segments")}


def picture(marks, days):
    panels = [("time, medians in the engine", micros, lines_of_questions(marks)),
              ("import, a day at a time, opening and index among it", lambda value: f"{value:,.0f}", lines_of_imports(days)),
              ("bytes an event on disk", lambda value: f"{value:,.0f}", lines_of_disk(marks))]
    most = max(mark["events"] for mark in marks + days)
    least = min(mark["events"] for mark in marks + days)
    height = TOP + len(panels) * (HEIGHT + GAP)
    ends = "; ".join(f"{name} from {micros(points[0][1])} to {micros(points[-1][1])}" for name, points in panels[0][2].items() if points)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title description" font-family="sans-serif" font-size="12">',
           '<title id="title">Cost against the number of events</title>',
           f'<desc id="description">Log plots from {least:,} to {most:,} events. {escape(ends)}.</desc>',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    for number, (head, unit, lines) in enumerate(panels):
        out += panel(TOP + number * (HEIGHT + GAP), head, unit, lines, (least, most))
    return "\n".join(out + ["</svg>"]) + "\n"


def panel(top, head, unit, lines, span):
    """A frame with decades, the lines, and their names at their ends."""
    values = [value for points in lines.values() for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    first, last = math.log10(span[0]), math.log10(max(span[1], span[0] * 10))
    across = lambda events: LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(events) - first) / (last - first)
    down = lambda value: top + HEIGHT * (high - math.log10(value)) / (high - low)
    right = WIDTH - RIGHT
    out = [f'<text x="{LEFT}" y="{top - 12}" font-weight="bold">{escape(head)}</text>',
           f'<rect x="{LEFT}" y="{top}" width="{right - LEFT}" height="{HEIGHT}" fill="none" stroke="black"/>']
    for decade in range(low, high + 1):
        y = down(10.0 ** decade)
        out.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ccc"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(unit(10.0 ** decade))}</text>')
    for decade in range(math.ceil(first), math.floor(last) + 1):
        x = across(10.0 ** decade)
        out.append(f'<path d="M{x:.1f} {top}V{top + HEIGHT}" stroke="#ccc"/>')
    for events in ticks(span):
        out.append(f'<text x="{across(events):.1f}" y="{top + HEIGHT + 17}" text-anchor="middle">{human(events)}</text>')
    named = []
    for number, (name, points) in enumerate(lines.items()):
        if not points:
            continue
        spots = [(across(events), down(value)) for events, value in points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        out.append(f'<path d="{path}" fill="none" stroke="black" stroke-width="1.5" stroke-dasharray="{DASHES[number % len(DASHES)]}"/>')
        out += [mark(number, x, y) for x, y in spots]
        named.append((spots[-1][1], f"{name}, {unit(points[-1][1])}"))
    return out + names(sorted(named), right + 10, top)


def names(named, x, top):
    """Names beside the ends of their lines, pushed apart where they would lie on each other."""
    out, free = [], top
    for y, name in named:
        free = max(free, y + 4)
        out.append(f'<text x="{x}" y="{free:.1f}">{escape(name)}</text>')
        free += LINE
    return out


def mark(number, x, y):
    shapes = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>', f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>',
              f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z"/>', f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="white" stroke="black"/>',
              f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="white" stroke="black"/>',
              f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z" fill="white" stroke="black"/>', f'<path d="M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z"/>']
    return shapes[number % len(shapes)]


def ticks(span):
    known = [200_000, 1_000_000, 5_000_000, 20_000_000, 50_000_000, 100_000_000, 200_000_000]
    return [events for events in known if span[0] <= events <= span[1]]


def human(events):
    return f"{events / 1e6:g} M"


def micros(value):
    """Three digits and a unit."""
    for unit, size in (("ns", 1e-3), ("us", 1), ("ms", 1e3), ("s", 1e6)):
        if value < size * 999.5 or unit == "s":
            return f"{value / size:.{0 if value / size >= 99.5 or value / size == round(value / size) else 1}f} {unit}"


def words(rows, marks, days):
    """The same as a table, and what grew faster than it may."""
    table = [["events"] + [human(mark["events"]) for mark in marks], ["runs in the registry"] + [f"{mark['runs']:,}" for mark in marks]]
    for name, said in WORDS.items():
        table.append([said] + [micros(asked(mark, name)) if asked(mark, name) else "-" for mark in marks])
    table.append(["rows of a q1; of a q3"] + [f"{mean(mark, 'q1')}; {mean(mark, 'q3')}" for mark in marks])
    kib = lambda value: f"{value / 1024:,.0f} MiB"
    table.append(["memory after opening, mapped files among it"] + [kib(mark["asked"]["resident_after_open_kib"]) for mark in marks])
    table.append(["of which its own"] + [kib(mark["asked"]["own_after_open_kib"]) for mark in marks])
    for folder, said in (("containers", "containers"), ("keys-", "index of input hashes"), ("all", "all")):
        table.append([f"bytes an event: {said}"] + [f"{mark['disk'][folder] / mark['events']:.1f}" if folder in mark["disk"] else "-" for mark in marks])
    for part, said in (("graph", "graph in the index"), ("ledger", "ledger in the index"), ("segments", "segments")):
        table.append([f"bytes a node: {said}"] + [f"{mark['disk'][part] / mark['asked']['nodes']:.0f}" if part in mark["disk"] and "nodes" in mark["asked"] else "-" for mark in marks])
    reached = [until(days, mark["events"]) for mark in marks]
    table.append(["import of the last day before, events/s"] + [f"{day['day_events'] / day['import']['wall_s']:,.0f} ({day['day_events']:,})" for day in reached])
    table.append(["the same of CPU time"] + [f"{day['day_events'] / day['import']['cpu_s']:,.0f}" for day in reached])
    table.append(["its peak memory, its own"] + [kib(day["import"]["own_peak_kib"]) for day in reached])
    registries = {row["runs"]: row["import"] for row in rows if row["row"] == "registry"}
    of = [registries.get(mark["runs"]) for mark in marks]
    table.append(["import of the registry, CPU time; peak memory, its own"] + [f"{one['cpu_s']:.0f} s; {kib(one['own_peak_kib'])}" if one else "-" for one in of])
    head, *body = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([head, "| --- |" + " ---: |" * len(marks), *body, "", *growth(marks)]) + "\n"


def mean(mark, name):
    found = mark["asked"]["questions"][name]
    return f"{found['rows'] / max(1, found['arguments']):.0f}"


def until(days, events):
    return max((day for day in days if day["events"] <= events), key=lambda day: day["events"])


def growth(marks):
    """How each figure grew from mark to mark, where events grew by so much."""
    out = []
    for before, after in zip(marks, marks[1:]):
        parts = []
        for name in WORDS:
            if asked(before, name) and asked(after, name):
                ratio = asked(after, name) / asked(before, name)
                over = name in BOUNDS and (before["events"], after["events"]) == (5_000_000, 50_000_000) and ratio > BOUNDS[name]
                parts.append(f"{WORDS[name]} {ratio:.1f}" + (f" (more than {BOUNDS[name]})" if over else ""))
        out.append(f"- From {human(before['events'])} to {human(after['events'])} events, {after['events'] / before['events']:.0f} times: " + ", ".join(parts) + ".")
    return out


if __name__ == "__main__":
    main()

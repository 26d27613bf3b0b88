"""Computes the answers of the 58 questions from the source data alone, and compares them with the golden ones.

    python3 tests/foreign/questions.py tests/fixtures/every_kind tests/golden/every_kind.ndjson

It neither calls Lineal nor reads a store: each question is written out by hand, from its English sentence and
what grammar/README.md says of the language. Prints `ok` or what differs for each; ends with 1 if one differs.
"""

import csv
import io
import json
import re
import sys
from collections import Counter

import answers_change  # noqa: F401 - each of these three enters its answers
import answers_lineage  # noqa: F401
import answers_people  # noqa: F401
from asking import ANSWERS
from bank import Bank, ns
from completeness import asks_of_events, completeness, texts_of
from world import World


# The kinds in the order in which answers list them.
KINDS = ("actor code system dataset experiment run model document evaluation approval deployment batch monitor alert "
         "incident change hold erasure checkpoint").split()


class Golden:
    """The answers that the engine gave, with names that are made of keys and hashes told by what they mean."""

    def __init__(self, path):
        lines = [json.loads(line) for line in open(path, encoding="utf-8")]
        glossary, self.answers = lines[0], {line["question"]: line for line in lines[1:]}
        self.names, self.faults = {}, []
        for kind in ("approvals", "evaluations"):
            for name, source, about, other, time in glossary[kind]:
                self.names[name] = (kind[:-1], source, about[0], other[0].removeprefix("actor:"), time)
        for name, file, deployment in glossary["batches"]:
            self.names[name] = ("batch", file, deployment)
        if len(set(self.names.values())) < len(self.names):
            self.faults.append("two names of the glossary mean the same thing")

    def value(self, value):
        """A value of the golden file in a form that compares."""
        if isinstance(value, dict):
            if set(value) == {"nodes", "edges"}:
                return ("path", self.value(value["nodes"]), self.value(value["edges"]))
            return ("map", tuple(sorted((name, self.value(member)) for name, member in value.items())))
        if isinstance(value, list):
            return tuple(map(self.value, value))
        if isinstance(value, str):
            return self.names.get(value, value)
        return figure(value)

    def rows(self, answer):
        if "csv" in answer:
            return list(map(tuple, csv.reader(io.StringIO(answer["csv"]))))[1:]
        return [tuple(map(self.value, row)) for row in answer["rows"]]


def figure(value):
    """Numbers compare to 12 digits: the mean of floats depends on the order in which they were added."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(f"{value:.12g}")
    return value


def in_order(rows, keys):
    """Do rows stand in the order of these columns, counted from 1, negative for descending, absent values last?"""
    def rank(row):
        return [(row[abs(key) - 1] is None, sortable(row[abs(key) - 1])) for key in keys]

    for before, after in zip(map(rank, rows), map(rank, rows[1:])):
        for key, old, new in zip(keys, before, after):
            if old == new:
                continue
            if old[0] or new[0]:
                if old[0] > new[0]:
                    return False
            elif (old[1] < new[1]) == (key < 0):
                return False
            break
    return True


def sortable(value):
    """Times and durations by their length, not by their letters; paths by theirs."""
    if isinstance(value, tuple) and value[:1] == ("path",):
        return len(value[2])
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
        return ns(value)
    units = {"d": 86400 * 10**9, "h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6}
    if isinstance(value, str) and re.fullmatch(r"(\d+(d|h|ms|m|s) ?)+", value):
        return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(d|h|ms|m|s)", value))
    return value


def in_order_of_keys(world, rows):
    """Where no order is asked for: the things of the first column by kind and key, if these are in the sources."""
    keys = [world.called(row[0]) for row in rows if isinstance(row[0], str)]
    keys = [(KINDS.index(nodes[0][0]), tuple(part or "" for part in nodes[0][1])) for nodes in keys if len(nodes) == 1]
    return len(keys) < len(rows) or keys == sorted(keys)


def compare(golden, world, name, expected):
    """What differs between what was computed and what is in the golden file."""
    line = golden.answers[name]
    if expected.refused or "refused" in line:
        found = line.get("refused")
        return [] if found == expected.refused else [f"refused with {found}, expected {expected.refused}"]
    answer, faults = line["answer"], []
    if answer["columns"] != expected.columns:
        faults.append(f"columns {answer['columns']}, expected {expected.columns}")
    if answer["commit"] != expected.commit:
        faults.append(f"seen at commit {answer['commit']}, expected {expected.commit}")
    if expected.check:
        return faults + expected.check(golden, answer)
    found = golden.rows(answer)
    wanted = [tuple(map(plain, row)) for row in expected.rows]
    if expected.exact and found != wanted:
        faults.append("the rows stand in another order")
    if answer["total"] != expected.total:
        faults.append(f"{answer['total']} rows in all, expected {expected.total}")
    for row, count in (Counter(wanted) - Counter(found)).items():
        faults.append(f"{count} times missing: {row}")
    for row, count in (Counter(found) - Counter(wanted)).items():
        faults.append(f"{count} times too many: {row}")
    if expected.order and not in_order(found, expected.order):
        faults.append(f"not in the order of the columns {expected.order}")
    if not expected.order and not in_order_of_keys(world, found):
        faults.append("not in the order of kind and key")
    return faults


def plain(value):
    if isinstance(value, list):
        return tuple(map(plain, value))
    if isinstance(value, dict):
        return ("map", tuple(sorted((name, plain(member)) for name, member in value.items())))
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return figure(value)


def glossary_faults(golden, world):
    """Each approval, evaluation and batch of the sources has one name, and no name is left over."""
    faults = list(golden.faults)
    for kind in ("approval", "evaluation", "batch"):
        mine = Counter(world.name(node) for node in world.of(kind))
        theirs = Counter(name for name in golden.names.values() if name[0] == kind)
        if mine != theirs:
            faults.append(f"{kind}: {mine - theirs} is missing, {theirs - mine} is too much")
    return faults


def main(folder, path):
    golden, bank, texts = Golden(path), Bank(folder), texts_of(folder)
    worlds, differs = {}, 0
    world = worlds[len(bank.commits)] = World(bank)
    for fault in glossary_faults(golden, world):
        print(f"glossary: {fault}")
        differs += 1
    for name in sorted(set(ANSWERS) ^ set(golden.answers)):
        print(f"{name}: asked on one side only")
        differs += 1
    for name in golden.answers:
        if name not in ANSWERS:
            continue
        answer = ANSWERS[name]
        bank.doubts.clear()
        expected, found = answer(world, golden), golden.answers[name].get("answer")
        doubts = {node for _, node in bank.doubts}
        if asks_of_events(texts[name]) != (expected.of_events is not None):
            print(f"{name}: the script says otherwise than the text whether it asks about events")
            differs += 1
        seen = expected.commit
        seen = worlds[seen] = worlds.get(seen) or World(bank, seen)
        try:
            faults = compare(golden, seen, name, expected)
            faults += completeness(seen, expected, found, doubts) if found else []
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
            faults = [f"the answer has another form: {fault!r}"]
        print(f"{name}: {'differs' if faults else 'ok'}")
        for fault in faults[:8]:
            print(f"    {fault}")
        differs += bool(faults)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

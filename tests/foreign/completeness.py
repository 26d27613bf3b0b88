"""Is what an answer says of its own completeness so in the source data? Whatever it gives as a reason why it cannot
tell must be so, and what the question came by that leaves its answer open must be among the reasons
(grammar/README.md, section Answers).
"""

import pathlib
import re

MISSING = re.compile(r"(\S+) is only referred to; .* would bring it")
ROLELESS = re.compile(r"(\S+) has inputs without a recorded role; .*")
OPEN = re.compile(r"(.+) refers? to (.+), which may be any of (.+); `lineal alias` decides which")
UNREAD = re.compile(r"(\d+) lines? of the log (.+) could not be read and may have been events; .*")
DELETED = "deleted in its source: "


def texts_of(folder):
    """The text of each question, by its number."""
    parts = re.split(r"(?m)^-- Q(\w+).*$", (pathlib.Path(folder) / "questions.lql").read_text(encoding="utf-8"))
    return {f"Q{number}": text for number, text in zip(parts[1::2], parts[2::2])}


def asks_of_events(text):
    """Does a question ask about events, and not name them by a key? What is explained is not asked."""
    text = re.sub(r"(?m)^--.*$", "", text).strip()
    return bool(re.search(r"\binference\b(?!:)", text)) and not text.startswith("explain")


def completeness(world, expected, answer, doubts):
    """What is wrong with the state, the reasons and the warnings of an answer."""
    faults, given, unread = [], set(), {}
    if answer["state"] != ("cannot_tell" if answer["reasons"] else "complete"):
        faults.append(f"{answer['state']} with {len(answer['reasons'])} reasons")
    for reason in answer["reasons"]:
        told = UNREAD.fullmatch(reason)
        if told:
            unread[told.group(2)] = int(told.group(1))
            continue
        told = subject(world, reason)
        if told is None:
            faults.append(f"a reason that the sources do not give: {reason}")
        given.add(told)
    wanted = world.unread(expected.of_events(world)) if expected.of_events else {}
    if unread != wanted:
        faults.append(f"lines that could not be read: {unread}, expected {wanted}")
    for node in doubts - given:
        faults.append(f"{answer['state']}, and nothing is said of {world.name(node)}")
    return faults + warnings(world, answer)


def subject(world, reason):
    """What a reason speaks of, if the sources give it."""
    if told := OPEN.fullmatch(reason):
        who, claim, fits = told.groups()
        for node in world.called(claim):
            claiming = {world.name(other) for other, thing in world.things.items()
                        if any(node in ends for ends in thing.edges.values())}
            candidates = set(map(world.name, world.things[node].candidates))
            if len(candidates) > 1 and candidates == set(fits.split(", ")) and claiming == set(who.split(", ")):
                return node
    elif told := MISSING.fullmatch(reason):
        # What fits several things is there, more than once: no import would bring it.
        found = [node for node in world.called(told.group(1))
                 if world.things[node].missing and not world.things[node].candidates]
        return found[0] if found else None
    elif told := ROLELESS.fullmatch(reason):
        found = [node for node in world.called(told.group(1)) if world.things[node].edges.get("used")]
        return found[0] if found else None
    return None


def warnings(world, answer):
    """What stands in the rows and is marked deleted in its source is named, and nothing else."""
    said = [set(text.removeprefix(DELETED).split(", ")) for text in answer["warnings"] if text.startswith(DELETED)]
    deleted = {world.name(node) for node, thing in world.things.items() if thing.fields.get("deleted")}
    wanted = deleted & set(texts_in(answer.get("rows", [])))
    found = set().union(*said)
    return [] if found == wanted else [f"named as deleted: {found}, expected {wanted}"]


def texts_in(value):
    """Every text in the rows of an answer."""
    if isinstance(value, str):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from texts_in(member)

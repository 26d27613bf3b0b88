"""How the 58 questions are written out in Python: one function each, entered under its number, and the words that
several of them share.
"""

from datetime import datetime, timedelta, timezone

from bank import ns, text_of

ANSWERS = {}
DAY = 86400 * 10**9


class Expected:
    """What an answer should be. `of_events` is a function of the world that gives the deployments whose events are
    asked about, or none for those of all logs; where a question asks about no events, or names them by a key, it is
    left out.
    """

    def __init__(self, columns=(), rows=(), order=(), commit=None, refused=None, check=None, exact=False,
                 total=None):
        self.columns, self.rows, self.order = list(columns), list(rows), order
        self.commit, self.refused, self.check, self.exact = commit, refused, check, exact
        self.total = len(self.rows) if total is None else total
        self.of_events = None


def question(name, columns="", order=(), of_events=None):
    """Enters a function as the answer to a question; its columns are given as one text."""
    def enter(function):
        def answer(world, golden):
            given = function(world, golden)
            if not isinstance(given, Expected):
                given = Expected(columns.split(), given, order)
            given.commit, given.of_events = given.commit or world.commit, of_events
            return given

        assert name not in ANSWERS, f"{name} is answered twice"
        ANSWERS[name] = answer
        return function

    return enter


def names(world, nodes):
    return [(world.name(node),) for node in nodes]


def only(kind, nodes):
    return [node for node in nodes if node[0] == kind]


def asked(world):
    """The deployments of the events with the input that `$hash` names, with the events."""
    wanted = "sha256:" + world.bank.parameters["hash"]
    return [(event, target) for event, target in world.events if event.input_hash == wanted]


def behind_the_inference(world):
    return {node for _, target in asked(world) for node in {target} | world.upstream(target)}


def in_production(world):
    return [model for model in world.of("model") if world.get(model, "stage") == "Production"]


def approvals_of(world, model):
    return world.starts(model, "approves", "approval")


def has_document(world, node, kind=None):
    return any(kind in (None, world.get(document, "type")) for document in world.starts(node, "documents", "document"))


def any_log(_world):
    """Where nothing ties the events, any log may hold more."""


def every_deployment(world):
    return set(world.of("deployment"))


def of_service(service):
    return lambda world: {d for d in world.of("deployment") if d[1][0] == service}


def person(world, login):
    """What an answer calls the person of an event, where the register may be read."""
    return None if login is None else world.get(("actor", (login,)), "name")


def served_by(world, service):
    return [(event, target) for event, target in world.events if target[1][0] == service]


def bucket(time, unit):
    """The start of the hour, day, ISO week or month, in UTC."""
    when = datetime.fromtimestamp(time // 10**9, timezone.utc).replace(minute=0, second=0, microsecond=0)
    if unit != "hour":
        when = when.replace(hour=0)
    if unit == "week":
        when -= timedelta(days=when.weekday())
    if unit == "month":
        when = when.replace(day=1)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def grouped(items, key):
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def share(items, holds):
    return sum(1 for item in items if holds(item)) / len(items)


def years_later(time, years):
    when = datetime.fromtimestamp(time // 10**9, timezone.utc)
    return ns(when.replace(year=when.year + years).strftime("%Y-%m-%dT%H:%M:%SZ")) + time % 10**9


def length_text(duration):
    """A length of time in its two greatest units."""
    out = []
    for size, unit in ((DAY, "d"), (3600 * 10**9, "h"), (60 * 10**9, "m"), (10**9, "s"), (10**6, "ms")):
        if duration >= size and len(out) < 2:
            out.append(f"{duration // size}{unit}")
            duration %= size
    return " ".join(out) or "0s"

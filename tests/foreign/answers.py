"""The 58 questions in plain Python, one function each: first the sentence, then what the language means by it."""

import json
import math
import pathlib
import re
from datetime import datetime, timedelta, timezone

from bank import ns, text_of
from world import LINEAGE, World

ANSWERS = {}
DAY = 86400 * 10**9
KIND_AND_NAME = ("dataset", "loans-2024")


class Expected:
    """What an answer should be."""

    def __init__(self, columns=(), rows=(), order=(), commit=None, refused=None, check=None):
        self.columns, self.rows, self.order = list(columns), list(rows), order
        self.commit, self.refused, self.check = commit, refused, check


def question(name, columns="", order=()):
    """Enters a function as the answer to a question; its columns are given as one text."""
    def enter(function):
        def answer(world, golden):
            given = function(world, golden)
            if not isinstance(given, Expected):
                given = Expected(columns.split(), given, order)
            given.commit = given.commit or world.commit
            return given

        answer.__doc__ = function.__doc__
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


def granted_and_rejected(world, model):
    return world.starts(model, "approves", "approval")


def has_document(world, node, kind=None):
    return any(kind in (None, world.get(document, "type")) for document in world.starts(node, "documents", "document"))


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


# -- Backward trace


@question("Q01", "dataset")
def which_data_trained_the_model_behind_this_inference(world, _):
    return names(world, only("dataset", behind_the_inference(world)))


@question("Q02", "m.name m.version d.endpoint d.time")
def which_version_made_this_decision(world, _):
    return {(world.get(m, "name"), world.get(m, "version"), world.get(d, "endpoint"), text_of(world.get(d, "time")))
            for _, d in asked(world) for m in world.ends(d, "deploys")}


@question("Q03", "name version license uri")
def original_sources_of_the_model(world, _):
    data = only("dataset", world.upstream(world.model("credit-risk", "3")))
    roots = [one for one in data if not set(data) & world.upstream(one)]
    return [tuple(world.get(one, field) for field in ("name", "version", "license", "uri")) for one in roots]


@question("Q04", "c.repo c.commit r.params r.env")
def commit_parameters_and_environment(world, _):
    return [(world.get(c, "repo"), world.get(c, "commit"), world.get(r, "params"), None)
            for r in world.ends(world.model("credit-risk", "3"), "produced_by") for c in world.ends(r, "executes")]


@question("Q05", "d direct", order=(-2,))
def trained_on_directly_or_an_ancestor(world, _):
    # `exists run trained_on d`: some run was trained on it, whichever.
    return [(world.name(d), bool(world.starts(d, "trained_on", "run")))
            for d in only("dataset", world.upstream(world.model("credit-risk", "3")))]


@question("Q06", "dataset")
def data_behind_a_request(world, _):
    targets = {target for event, target in world.events if event.request_id == "req-2026-03-14-8841"}
    return names(world, only("dataset", world.upstream(*targets)))


@question("Q07", "it license source")
def base_models_and_their_licence(world, _):
    bases = only("model", world.upstream(world.model("credit-risk", "3"), relations={"derived_from"}))
    return [(world.name(m), world.get(m, "license"), world.things[m].heads[0].chain[0]) for m in bases]


# -- Forward impact


@question("Q08", "endpoint environment time")
def live_deployments_of_contaminated_data(world, _):
    found = only("deployment", world.downstream(world.dataset("loans-2024", "7")))
    return [(world.get(d, "endpoint"), world.get(d, "environment"), text_of(world.get(d, "time")))
            for d in found if world.get(d, "until") is None]


@question("Q09", "d.endpoint decisions", order=(-2,))
def decisions_taken_with_it_since_january(world, _):
    found = world.downstream(world.dataset("loans-2024", "7"))
    events = [target for event, target in world.events if target in found and event.time >= ns("2026-01-01")]
    return [(place, len(group)) for place, group in grouped(events, lambda d: world.get(d, "endpoint")).items()]


@question("Q10", "model")
def production_models_with_a_bug(world, _):
    code = [code for code in world.of("code") if code[1][0].startswith("4f1e2d9")]
    return names(world, [m for m in only("model", world.downstream(*code)) if world.get(m, "stage") == "Production"])


@question("Q11", "model")
def models_that_raw_data_reaches_round_the_anonymisation(world, _):
    step = world.dataset("loans-anonymised", "1")
    return names(world, only("model", world.downstream(world.dataset("loans-raw", "1"), avoiding={step})))


@question("Q12", "name type section")
def documents_to_revise_if_the_model_is_withdrawn(world, _):
    resting = world.downstream(world.model("credit-risk", "3"))
    documents = {document for node in resting for document in world.starts(node, "documents", "document")}
    return [tuple(world.get(d, field) for field in ("name", "type", "section")) for d in documents]


# -- Who and when


@question("Q13", "p.name p.role a.time a.decision")
def who_approved_the_model_behind_it(world, _):
    pairs = {(p, a) for m in only("model", behind_the_inference(world)) for a in granted_and_rejected(world, m)
             for p in world.ends(a, "done_by")}
    return [(world.get(p, "name"), world.get(p, "role"), text_of(world.get(a, "time")), world.get(a, "decision"))
            for p, a in pairs]


@question("Q14", "m p.name")
def trained_and_approved_by_the_same_person(world, _):
    out = []
    for m in in_production(world):
        approved = {p for a in granted_and_rejected(world, m) for p in world.ends(a, "done_by")}
        trained = {p for r in world.ends(m, "produced_by") for p in world.ends(r, "done_by")}
        out += [(world.name(m), world.get(p, "name")) for p in approved & trained]
    return out


@question("Q15", "d m d.time")
def deployed_before_it_was_approved(world, _):
    out = []
    for d in world.of("deployment"):
        start = world.get(d, "time")
        for m in world.ends(d, "deploys"):
            # A comparison with an absent time is false: who does not say when it began has no approval before.
            before = [a for a in granted_and_rejected(world, m) if world.get(a, "decision") == "granted"
                      and start is not None and world.get(a, "time") <= start]
            if not before:
                out.append((world.name(d), world.name(m), text_of(start)))
    return out


@question("Q16", "n.time n", order=(1,))
def what_a_person_did_in_the_first_quarter(world, _):
    me = ("actor", ("j.doe@bank.example",))
    mine = [(world.get(n, "time"), n) for n in world.starts(me, "done_by")]
    return [(text_of(time), world.name(n)) for time, n in mine
            if time is not None and ns("2026-01-01") <= time < ns("2026-04-01")]


def approvers(world, m):
    return {p for a in granted_and_rejected(world, m) for p in world.ends(a, "done_by")}


@question("Q17", "m")
def fewer_than_two_approvers(world, _):
    return names(world, [m for m in in_production(world) if len(approvers(world, m)) < 2])


@question("Q18", "actor")
def everyone_who_touched_the_model(world, _):
    m = world.model("credit-risk", "3")
    return names(world, approvers(world, m) | {p for r in world.ends(m, "produced_by") for p in world.ends(r, "done_by")})


@question("Q19", "m last_approval")
def the_last_approval(world, _):
    out = []
    for m in in_production(world):
        times = [world.get(a, "time") for a in granted_and_rejected(world, m)]
        out.append((world.name(m), text_of(max(times, default=None))))
    return out


# -- Change between versions

# What differs between any two records and tells of the record.
OF_THE_RECORD = {"kind", "key", "id", "source"}


def differing_fields(subject, before, after):
    """Fields that differ, open maps member by member."""
    rows = []

    def told(name, old, new):
        if old is not None or new is not None:
            change = "added" if old is None else "removed" if new is None else "changed"
            if old != new:
                rows.append((change, subject, name, shown(name, old), shown(name, new)))

    for name in sorted((set(before) | set(after)) - OF_THE_RECORD):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            for member in sorted(set(old or {}) | set(new or {})):
                told(f"{name}.{member}", (old or {}).get(member), (new or {}).get(member))
        else:
            told(name, old, new)
    return rows


def shown(field, value):
    times = {"time", "started", "ended", "modified", "until", "first_event", "last_event"}
    return text_of(value) if field in times else value


def differing_things(world, a, b, told):
    """Fields, then links; where both were made by one thing each, what differs between these, once."""
    if (a, b) in told:
        return []
    told.add((a, b))
    subject = world.name(b)
    rows = differing_fields(subject, world.things[a].fields, world.things[b].fields)
    for relation in sorted(set(world.things[a].edges) | set(world.things[b].edges)):
        old, new = world.ends(a, relation), world.ends(b, relation)
        if relation in ("follows", "seals"):
            continue
        if relation in ("produced_by", "registered_from", "executes") and len(old) == len(new) == 1:
            if old != new:
                rows.append(("changed", subject, relation, world.name(old[0]), world.name(new[0])))
                rows += differing_things(world, old[0], new[0], told)
            continue
        rows += [("removed", subject, relation, world.name(end), None) for end in old if end not in new]
        rows += [("added", subject, relation, None, world.name(end)) for end in new if end not in old]
    return rows


DIFFERENCE = "change subject field before after"


@question("Q20", DIFFERENCE)
def what_changed_from_version_2_to_3(world, _):
    return differing_things(world, world.model("credit-risk", "2"), world.model("credit-risk", "3"), set())


@question("Q21", "dataset")
def data_that_is_new_behind_version_3(world, _):
    new, old = (world.upstream(world.model("credit-risk", version)) for version in "32")
    return names(world, only("dataset", new - old))


HISTORY_OF = {  # what a record about a thing is called from that thing
    "registered_from": "registered_as", "derived_from": "source_of", "used": "used_by", "evaluates": "evaluated_by",
    "approves": "approved_by", "cites": "cited_by", "documents": "documented_by", "concerns": "subject_of",
    "deploys": "deployed_by", "follows": "followed_by", "seals": "sealed_by",
}


@question("Q22", "time recorded event subject by source", order=(1,))
def the_whole_recorded_life(world, _):
    rows = set()

    def by(node):
        return tuple(world.name(p) for p in world.ends(node, "done_by")) or None

    def told(word, node):
        says = next((world.get(node, field) for field in ("decision", "type", "status", "severity")
                     if world.get(node, field)), None)
        source = world.things[node].heads[0].chain[0]
        rows.add((text_of(world.get(node, "time")), text_of(world.things[node].recorded),
                  f"{word}: {says}" if says else word, world.name(node), by(node), source))

    for m in world.of("model", with_deleted=True):
        if m[1][1:2] != ("credit-risk",) or world.things[m].missing:
            continue
        newest = {}
        for place, (commit, revision) in enumerate(world.things[m].revisions):
            before = newest.get(revision.chain)
            event, when = "recorded", world.get(m, "time") if place == 0 else revision.said[0][1]
            if before:
                changed = {field for field in {**before.fields, **revision.fields}
                           if before.fields.get(field) != revision.fields.get(field)} - {"modified", "series"}
                event = "changed " + (", ".join(sorted(changed)) or "edges")
            rows.add((text_of(when), text_of(world.bank.commits[commit - 1][0]), event, world.name(m),
                      None if before else by(m), "/".join(revision.chain)))
            newest[revision.chain] = revision
        for relation, word in HISTORY_OF.items():
            for other in world.starts(m, relation):
                told(word, other)
                if relation != "deploys":
                    continue
                source = world.things[other].heads[0].chain[0]
                for field, event in (("first_event", "first event"), ("last_event", "last event"),
                                     ("until", "declared end")):
                    if world.get(other, field) is not None:
                        rows.add((text_of(world.get(other, field)), None, event, world.name(other), None, source))
                for concerned in world.starts(other, "concerns"):
                    told("subject_of", concerned)
        for relation in ("produced_by", "registered_from"):
            for other in world.ends(m, relation):
                told(relation, other)
    return rows


@question("Q23", DIFFERENCE)
def production_now_and_at_the_new_year(world, _):
    then = World(world.bank, world.bank.at_time(ns("2026-01-01")))
    old, new = ({d for d in of.of("deployment") if of.get(d, "environment") == "production"} for of in (then, world))
    assert not old - new, "nothing was taken out of production by name"
    rows = [("added", world.name(d), "", None, world.name(d)) for d in new - old]
    for d in new & old:
        subject = world.name(d)
        rows += differing_fields(subject, then.things[d].fields, world.things[d].fields)
        for relation in sorted(set(then.things[d].edges) | set(world.things[d].edges)):
            before, after = then.ends(d, relation), world.ends(d, relation)
            rows += [("removed", subject, relation, world.name(end), None) for end in before if end not in after]
            rows += [("added", subject, relation, None, world.name(end)) for end in after if end not in before]
    return rows


@question("Q24", "m.version d.endpoint d.time")
def deployed_without_a_new_evaluation(world, _):
    return [(world.get(m, "version"), world.get(d, "endpoint"), text_of(world.get(d, "time")))
            for d in world.of("deployment") for m in world.ends(d, "deploys")
            if world.get(m, "name") == "credit-risk" and (world.get(d, "time") or 0) > ns("2025-11-30")
            and not world.starts(m, "evaluates", "evaluation")]


# -- Gaps and negation


@question("Q25", "d.endpoint m")
def production_without_a_risk_assessment(world, _):
    return [(world.get(d, "endpoint"), world.name(m)) for d in world.of("deployment") for m in world.ends(d, "deploys")
            if world.get(d, "environment") == "production" and not has_document(world, m, "risk_assessment")]


@question("Q26", "dataset")
def training_data_without_licence_or_data_sheet(world, _):
    return names(world, [d for d in world.of("dataset") if world.starts(d, "trained_on", "run")
                         and (world.get(d, "license") is None or not has_document(world, d))])


@question("Q27", "day missing", order=(1,))
def days_of_march_with_incomplete_events(world, _):
    missing = [event for event, _ in world.events if ns("2026-03-01") <= event.time < ns("2026-04-01")
               and (event.art12 is None or event.input_hash is None)]
    return [(day, len(group)) for day, group in grouped(missing, lambda event: bucket(event.time, "day")).items()]


@question("Q28", "p b gap", order=(-3,))
def holes_of_more_than_five_minutes(world, _):
    out = []
    for b in world.of("batch"):
        for p in world.ends(b, "follows"):
            gap = world.get(b, "first_time") - world.get(p, "last_time")
            if gap > 5 * 60 * 10**9:
                out.append((world.name(p), world.name(b), length_text(gap)))
    return out


@question("Q29", "deployment")
def live_deployments_that_nobody_watches(world, _):
    return names(world, [d for d in world.of("deployment") if world.get(d, "until") is None
                         and not world.starts(d, "watches", "monitor")])


@question("Q30", "a.time m.name a.severity", order=(1,))
def alerts_open_for_more_than_three_days(world, _):
    return [(text_of(world.get(a, "time")), world.get(m, "name"), world.get(a, "severity"))
            for a in world.of("alert") for m in world.ends(a, "raised_by")
            if world.get(a, "status") != "resolved" and world.get(a, "time") < world.bank.now - 3 * DAY]


@question("Q31", "time request_id reviewer")
def overrides_without_reason_or_reviewer(world, golden):
    rows = [(text_of(event.time), event.request_id, golden.actor_keys.get(event.reviewer)) for event, _ in world.events
            if event.human_override is True and event.time >= ns("2026-01-01")
            and (event.override_reason is None or event.reviewer is None)]
    assert len(rows) <= 100, "the question asks for a hundred at most"
    return rows


# -- Time and as-of


@question("Q32", "m d d.time")
def which_model_answered_at_nine(world, _):
    at = ns("2026-03-14T09:00:00+01:00")

    def active(d):
        # A declared end closes the declared time; without one, what was observed counts.
        first, last, until = (world.get(d, field) for field in ("first_event", "last_event", "until"))
        if until is not None:
            return world.get(d, "time") <= at < until
        return first is not None and first <= at <= last

    return [(world.name(m), world.name(d), text_of(world.get(d, "time"))) for d in world.of("deployment")
            for m in world.ends(d, "deploys") if world.get(d, "endpoint") == "score" and active(d)]


@question("Q33")
def models_in_production_on_the_day_of_the_audit(world, _):
    then = World(world.bank, world.bank.at_time(ns("2026-02-01")))
    return Expected(["model"], names(then, in_production(then)), commit=then.commit)


@question("Q34", "it time recorded delay")
def approvals_entered_late(world, _):
    out = []
    for a in world.of("approval"):
        time, recorded = world.get(a, "time"), world.things[a].recorded
        if recorded > time + 7 * DAY:
            out.append((world.name(a), text_of(time), text_of(recorded), length_text(recorded - time)))
    return out


@question("Q35")
def lineage_as_the_checkpoint_had_it(world, _):
    checkpoint = ("checkpoint", (world.bank.parameters["checkpoint"].removeprefix("checkpoint:"),))
    then = World(world.bank, world.get(checkpoint, "count"))
    return Expected(["dataset"], names(then, only("dataset", then.upstream(then.model("credit-risk", "3")))),
                    commit=then.commit)


# -- Aggregation over logs


@question("Q36", "m.version week override_rate n", order=(2, 1))
def override_rate_by_version_and_week(world, _):
    pairs = [(world.get(m, "version"), bucket(event.time, "week"), event) for event, d in world.events
             if ns("2026-01-01") <= event.time < ns("2026-07-01")
             for m in only("model", world.upstream(d)) if world.get(m, "name") == "credit-risk"]
    return [(*key, share(group, lambda one: one[2].human_override is True), len(group))
            for key, group in grouped(pairs, lambda one: one[:2]).items()]


@question("Q37", "hour n p95 confidence", order=(1,))
def latency_and_confidence_on_the_day_of_the_incident(world, _):
    events = [event for event, _ in served_by(world, "credit-api") if bucket(event.time, "day").startswith("2026-03-14")]
    out = []
    for hour, group in grouped(events, lambda event: bucket(event.time, "hour")).items():
        latencies = sorted(event.latency_ms for event in group)
        sure = [event.confidence for event in group if event.confidence is not None]
        out.append((hour, len(group), latencies[math.ceil(0.95 * len(latencies)) - 1], math.fsum(sure) / len(sure)))
    return out


@question("Q38", "subject_group rejected n", order=(-2,))
def rejection_rate_by_group(world, _):
    events = [event for event, _ in served_by(world, "credit-api") if event.time >= ns("2026-02-01")]
    return [(name, share(group, lambda event: event.decision == "rejected"), len(group))
            for name, group in grouped(events, lambda event: event.subject_group).items() if len(group) >= 100]


@question("Q39", "d.name month events", order=(1, 2))
def events_a_month_by_deployment(world, _):
    pairs = [(world.get(d, "name"), bucket(event.time, "month")) for event, d in world.events]
    return [(*key, len(group)) for key, group in grouped(pairs, lambda pair: pair).items()]


# -- Shared ancestry


def in_common(world):
    return world.upstream(world.model("credit-risk", "3")) & world.upstream(world.model("fraud-net", "9"))


@question("Q40", "dataset")
def data_in_common(world, _):
    return names(world, only("dataset", in_common(world)))


@question("Q41", "node")
def nearest_common_ancestors(world, _):
    common = in_common(world)
    return names(world, [node for node in common if not common & world.downstream(node)])


@question("Q42", "t m")
def tested_on_data_that_shares_a_source(world, _):
    m = world.model("credit-risk", "3")
    behind, out = world.upstream(m), set()
    for evaluation in world.starts(m, "evaluates", "evaluation"):
        for t in world.ends(evaluation, "tested_on"):
            if t in behind or only("dataset", behind & world.upstream(t)):
                out.add((world.name(t), world.name(m)))
    return out


# -- Paths and explanations


def inverse(relation):
    return {"trained_on": "trains", "validated_on": "validates", "used": "used_by", "derived_from": "source_of",
            "produced_by": "produces", "registered_from": "registered_as", "executes": "executed_by",
            "deploys": "deployed_by", "served_by": "serves"}[relation]


def distances(world, start):
    """How many links lie between a thing and each thing upstream of it, at least."""
    reached, level, steps = {start: 0}, [start], 0
    while level:
        steps += 1
        level = [other for node in level for _, other in world.neighbours(True, node)]
        level = [other for other in dict.fromkeys(level) if other not in reached]
        reached.update((other, steps) for other in level)
    return reached


def shortest(world, pairs, columns, path_at):
    """One path for each pair of an event and a thing upstream: recorded from link to link, and none is shorter."""
    def check(golden, answer):
        faults, found = [], []
        for row in map(tuple, answer["rows"]):
            nodes, edges = row[path_at]["nodes"], row[path_at]["edges"]
            links = {(world.name(a), relation, world.name(b)) for a in reachable for relation, b in world.neighbours(True, a)}
            at, steps = nodes[0], list(zip(edges, nodes[1:]))
            target = world.name(targets[steps[0][1]]) if steps[0][1] in targets else None
            if steps[0] != ("served_by", target):
                faults.append(f"{at} is not served by {steps[0][1]}")
            for before, (relation, after) in zip([nodes[1]] + nodes[2:], steps[1:]):
                if (before, relation, after) not in links:
                    faults.append(f"no link {before} {relation} {after}")
            found.append((at, target, nodes[-1], len(edges)))
            if path_at == 2 and (row[0] != nodes[-1] or row[1] != len(edges)):
                faults.append(f"{row[:2]} beside a path of {len(edges)} steps to {nodes[-1]}")
        wanted = [(event.input_hash, world.name(target), world.name(end), distances(world, target)[end] + 1)
                  for event, target, end in pairs]
        wanted = [("inference:" + at, *rest) for at, *rest in wanted]
        if sorted(found) != sorted(wanted):
            faults.append(f"paths {sorted(found)}, expected {sorted(wanted)}")
        return faults

    targets = {world.name(target): target for _, target, _ in pairs}
    reachable = {node for target in targets.values() for node in distances(world, target)}
    return Expected(columns, check=check)


@question("Q43")
def how_the_inference_is_connected_with_the_raw_data(world, _):
    raw = world.dataset("loans-raw", "1")
    pairs = [(event, target, raw) for event, target in asked(world) if raw in world.upstream(target)]
    return shortest(world, pairs, ["path"], 0)


@question("Q44", "path", order=(1,))
def every_route_from_the_raw_data_to_the_model(world, _):
    goal, out = world.model("credit-risk", "3"), []
    leading = world.upstream(goal) | {goal}

    def walk(path, words):
        if path[-1] == goal:
            out.append((("path", tuple(map(world.name, path)), tuple(words)),))
        elif len(words) < 8:
            for relation, other in world.neighbours(False, path[-1]):
                if other in leading and other not in path:
                    walk([*path, other], [*words, inverse(relation)])

    walk([world.dataset("loans-raw", "1")], [])
    assert len(out) <= 50, "the question asks for fifty at most"
    return out


@question("Q45")
def one_shortest_chain_for_each_source_with_personal_data(world, _):
    pairs = [(event, target, d) for event, target in asked(world) for d in only("dataset", world.upstream(target))
             if world.get(d, "personal_data") is True]
    return shortest(world, pairs, ["d", "steps", "path"], 2)


# -- Proof and integrity


@question("Q46")
def prove_that_this_data_stands_behind_it(_world, _):
    return Expected(refused="B010")


@question("Q47", "subject result detail")
def has_a_log_of_march_been_altered(world, _):
    out = []
    for b in world.of("batch"):
        if b[1][1][0] == "credit-api" and ns("2026-03-01") <= world.get(b, "first_time") < ns("2026-04-01"):
            count = len(world.rows[b])
            rows = f"{count} row{'' if count == 1 else 's'}"
            out.append((world.name(b), "ok", f"1 revision: id recomputed; {rows}: root recomputed"))
    return out


@question("Q48")
def prove_that_no_inference_was_recorded(_world, _):
    return Expected(refused="B010")


# -- Retention and erasure


def kept_less_than_ten_years(world, nodes, since):
    return [node for node in nodes if world.get(node, "retention_until") is not None and world.get(node, since)
            and world.get(node, "retention_until") < years_later(world.get(node, since), 10)]


@question("Q49", "it first_time last_time retention_until")
def logs_kept_for_less_than_ten_years(world, _):
    found = kept_less_than_ten_years(world, world.of("batch"), "last_time")
    assert not found, "no source says how long a batch is kept"
    return []


@question("Q49b", "it time retention_until")
def data_kept_for_less_than_ten_years(world, _):
    return [(world.name(d), text_of(world.get(d, "time")), text_of(world.get(d, "retention_until")))
            for d in kept_less_than_ten_years(world, world.of("dataset"), "time")]


@question("Q50", "batch")
def logs_that_expire_although_an_alert_is_open(world, _):
    return names(world, [b for b in world.of("batch") if world.get(b, "retention_until") is not None
                         and world.get(b, "retention_until") < world.bank.now + 90 * DAY
                         and any(world.get(a, "status") == "open" for a in world.starts(b, "concerns", "alert"))])


@question("Q51", "d.endpoint x e.time e.basis")
def live_deployments_on_erased_data(world, _):
    return [(world.get(d, "endpoint"), world.name(x), text_of(world.get(e, "time")), world.get(e, "basis"))
            for e in world.of("erasure") for x in only("dataset", world.ends(e, "erases"))
            for d in only("deployment", world.downstream(x)) if world.get(d, "until") is None]


@question("Q52", "x")
def personal_data_behind_production_without_a_dpia(world, _):
    models = [m for m in in_production(world) if not has_document(world, m, "dpia")]
    behind = {d for m in models for d in only("dataset", world.upstream(m))}
    return names(world, [d for d in behind if world.get(d, "personal_data") is True])


# -- Export


@question("Q53", "time request_id input_hash output_hash decision confidence human_override reviewer", order=(1,))
def the_log_of_march_as_a_table(world, golden):
    def cell(value):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return [tuple(map(cell, (text_of(event.time), event.request_id, event.input_hash, event.output_hash, event.decision,
                             event.confidence, event.human_override, golden.actor_keys.get(event.reviewer))))
            for event, _ in served_by(world, "credit-api")
            if ns("2026-03-01") <= event.time < ns("2026-04-01") and event.art12 is True]


@question("Q54")
def the_evidence_pack(_world, _):
    return Expected(refused="B010")


PROV = {  # what W3C PROV calls a recorded link, where both ends are what PROV takes them for
    "produced_by": ("wasGeneratedBy", "prov:entity", "prov:activity"),
    "trained_on": ("used", "prov:activity", "prov:entity"), "validated_on": ("used", "prov:activity", "prov:entity"),
    "used": ("used", "prov:activity", "prov:entity"), "executes": ("used", "prov:activity", "prov:entity"),
    "derived_from": ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"),
    "registered_from": ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"),
    "deploys": ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"),
}


@question("Q55")
def the_lineage_as_a_prov_graph(world, _):
    nodes = {node for _, target in asked(world) for node in world.upstream(target) | {target}}

    def check(_golden, answer):
        prov, faults = answer["prov"], []
        label = {}
        for section in ("entity", "activity"):
            found = set()
            for key, thing in prov[section].items():
                label[key] = thing["prov:label"]
                found.add((thing["prov:label"], thing["prov:type"]["$"], thing.get("prov:startTime"), thing.get("prov:endTime")))
            wanted = {(world.name(node), f"lineal:{node[0]}",
                       text_of(world.get(node, "started")) if node[0] == "run" else None,
                       text_of(world.get(node, "ended")) if node[0] == "run" else None)
                      for node in nodes if (node[0] == "run") == (section == "activity")}
            if found != wanted:
                faults.append(f"{section}: {found ^ wanted}")
        found, wanted = [], []
        for name in sorted(set(prov) - {"prefix", "entity", "activity"}):
            for link in prov[name].values():
                ends = [label.get(value) for key, value in link.items() if key != "prov:type"]
                keys = [key for key in link if key != "prov:type"]
                found.append((name, link["prov:type"]["$"], *sorted(zip(keys, ends))))
        for node in nodes:
            for relation, ends in world.things[node].edges.items():
                for end in set(ends) & nodes:
                    if relation not in PROV:
                        wanted.append(("wasInfluencedBy" if relation != "child_of" else "wasInformedBy", f"lineal:{relation}",
                                       *link_ends(world, relation, node, end)))
                        continue
                    name, subject, object_ = PROV[relation]
                    ends_of = sorted([(subject, world.name(node)), (object_, world.name(end))])
                    wanted.append((name, f"lineal:{relation}", *ends_of))
        if sorted(found) != sorted(wanted):
            faults.append(f"links: {sorted(set(found) ^ set(wanted))}")
        return faults

    return Expected(["node"], check=check)


def link_ends(world, relation, node, end):
    words = ("prov:informed", "prov:informant") if relation == "child_of" else ("prov:influencee", "prov:influencer")
    return sorted(zip(words, (world.name(node), world.name(end))))


# -- Discovery and tuning


@question("Q56", "field type meaning")
def what_may_i_ask_of_a_model(_world, _):
    """The vocabulary is the engine's table of fields, read as text."""
    text = (pathlib.Path(__file__).parents[2] / "engine/src/fields.rs").read_text(encoding="utf-8")
    common = text.split("common_fields! {", 1)[1].split("\n}", 1)[0]
    own = re.search(r"\n    Model \{\n(.*?)\n    \}", text, re.S).group(1)
    types = {"Text": "string", "Time": "timestamp"}
    return [(name, types.get(kind, kind.lower()), meaning)
            for name, kind, meaning in re.findall(r'^\s*"(\w+)" (\w+) "(.*)";$', common + "\n" + own, re.M)]


@question("Q57")
def at_what_cost(world, _):
    """No row may come beyond what the plan says at most, and the plan begins at what the question names."""
    found = world.downstream(world.dataset("loans-2024", "7"))
    rows = sum(1 for event, d in world.events if d in found and event.human_override is True)

    def check(_golden, answer):
        step, most = answer["rows"][0]
        stands = sum(len(events) for events in world.rows.values())
        faults = [] if "dataset:loans-2024@7 downstream" in step else [f"the plan begins with {step}"]
        if not rows <= most <= stands:
            faults.append(f"at most {most} of {stands} events, and {rows} fit")
        return faults

    return Expected(["step", "at_most"], check=check)


@question("Q58", "deployment")
def go_on_from_a_kept_set(world, _):
    suspects = [d for d in world.of("dataset") if world.things[d].heads
                and world.things[d].heads[0].chain[0].startswith("vendor-x/")
                and (world.get(d, "time") or 0) >= ns("2025-06-01")]
    return names(world, [d for d in only("deployment", world.downstream(*suspects)) if world.get(d, "until") is None])


# -- Beside them


@question("Q26b", "dataset")
def data_that_trained_the_model_in_the_strict_sense(world, _):
    strict = LINEAGE - {"validated_on", "used"}
    return names(world, only("dataset", world.upstream(world.model("credit-risk", "3"), relations=strict)))


@question("Q33b")
def served_before_the_wrong_import_was_taken_back(world, _):
    then = World(world.bank, 4)
    rows = [(then.name(d), then.get(d, "events")) for d in then.of("deployment") if then.get(d, "events") > 0]
    return Expected(["d", "d.events"], rows, commit=4)


@question("Q08b", "d m m.conflict")
def deployments_of_models_that_cannot_be_told(world, _):
    return [(world.name(d), world.name(m), None) for d in world.of("deployment") for m in world.ends(d, "deploys")
            if world.things[m].missing]

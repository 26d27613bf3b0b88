"""Questions of what changed, of what was known then, and of figures over the logs."""

import math

from asking import (
    DAY, Expected, bucket, every_deployment, grouped, in_production, length_text, names, of_service, only, question,
    served_by, share,
)
from bank import ns, text_of
from world import World

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
            # What is compared is what each says: no relation is followed.
            before, after = (of.things[d].edges.get(relation, []) for of in (then, world))
            rows += [("removed", subject, relation, world.name(end), None) for end in before if end not in after]
            rows += [("added", subject, relation, None, world.name(end)) for end in after if end not in before]
    return rows


@question("Q24", "m.version d.endpoint d.time")
def deployed_without_a_new_evaluation(world, _):
    versions = [m for m in world.of("model") if world.get(m, "name") == "credit-risk"]
    return [(world.get(m, "version"), world.get(d, "endpoint"), text_of(world.get(d, "time")))
            for m in versions for d in world.starts(m, "deploys") if (world.get(d, "time") or 0) > ns("2025-11-30")
            and not world.starts(m, "evaluates", "evaluation")]


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

    # The models are looked through: what is marked deleted is left out.
    return [(world.name(m), world.name(d), text_of(world.get(d, "time"))) for m in world.of("model")
            for d in world.starts(m, "deploys") if world.get(d, "endpoint") == "score" and active(d)]


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


@question("Q36", "m.version week override_rate n", order=(2, 1), of_events=every_deployment)
def override_rate_by_version_and_week(world, _):
    pairs = [(world.get(m, "version"), bucket(event.time, "week"), event) for event, d in world.events
             if ns("2026-01-01") <= event.time < ns("2026-07-01")
             for m in only("model", world.upstream(d)) if world.get(m, "name") == "credit-risk"]
    return [(*key, share(group, lambda one: one[2].human_override is True), len(group))
            for key, group in grouped(pairs, lambda one: one[:2]).items()]


@question("Q37", "hour n p95 confidence", order=(1,), of_events=of_service("credit-api"))
def latency_and_confidence_on_the_day_of_the_incident(world, _):
    events = [event for event, _ in served_by(world, "credit-api") if bucket(event.time, "day").startswith("2026-03-14")]
    out = []
    for hour, group in grouped(events, lambda event: bucket(event.time, "hour")).items():
        latencies = sorted(event.latency_ms for event in group)
        sure = [event.confidence for event in group if event.confidence is not None]
        out.append((hour, len(group), latencies[math.ceil(0.95 * len(latencies)) - 1], math.fsum(sure) / len(sure)))
    return out


@question("Q38", "subject_group rejected n", order=(-2,), of_events=of_service("credit-api"))
def rejection_rate_by_group(world, _):
    events = [event for event, _ in served_by(world, "credit-api") if event.time >= ns("2026-02-01")]
    return [(name, share(group, lambda event: event.decision == "rejected"), len(group))
            for name, group in grouped(events, lambda event: event.subject_group).items() if len(group) >= 100]


@question("Q39", "d.name month events", order=(1, 2), of_events=every_deployment)
def events_a_month_by_deployment(world, _):
    pairs = [(world.get(d, "name"), bucket(event.time, "month")) for event, d in world.events]
    return [(*key, len(group)) for key, group in grouped(pairs, lambda pair: pair).items()]

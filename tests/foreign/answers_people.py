"""Questions of who did what when, of what is missing, of what is kept, proved and erased."""

from asking import (
    DAY, Expected, any_log, behind_the_inference, bucket, approvals_of, grouped, has_document, in_production,
    length_text, names, only, person, question, years_later,
)
from bank import ns, text_of
from world import LINEAGE, World

# -- Who and when


@question("Q13", "p.name p.role a.time a.decision")
def who_approved_the_model_behind_it(world, _):
    pairs = {(p, a) for m in only("model", behind_the_inference(world)) for a in approvals_of(world, m)
             for p in world.ends(a, "done_by")}
    return [(world.get(p, "name"), world.get(p, "role"), text_of(world.get(a, "time")), world.get(a, "decision"))
            for p, a in pairs]


@question("Q14", "m p.name")
def trained_and_approved_by_the_same_person(world, _):
    out = []
    for m in in_production(world):
        approved = {p for a in approvals_of(world, m) for p in world.ends(a, "done_by")}
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
            before = [a for a in approvals_of(world, m) if world.get(a, "decision") == "granted"
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
    return {p for a in approvals_of(world, m) for p in world.ends(a, "done_by")}


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
        times = [world.get(a, "time") for a in approvals_of(world, m)]
        out.append((world.name(m), text_of(max(times, default=None))))
    return out


# -- Gaps and negation


@question("Q25", "d.endpoint m")
def production_without_a_risk_assessment(world, _):
    return [(world.get(d, "endpoint"), world.name(m)) for d in world.of("deployment") for m in world.ends(d, "deploys")
            if world.get(d, "environment") == "production" and not has_document(world, m, "risk_assessment")]


@question("Q26", "dataset")
def training_data_without_licence_or_data_sheet(world, _):
    return names(world, [d for d in world.of("dataset") if world.starts(d, "trained_on", "run")
                         and (world.get(d, "license") is None or not has_document(world, d))])


@question("Q27", "day missing", order=(1,), of_events=any_log)
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


@question("Q31", of_events=any_log)
def overrides_without_reason_or_reviewer(world, _):
    found = [event for event, _ in world.events if event.human_override is True and event.time >= ns("2026-01-01")
             and (event.override_reason is None or event.reviewer is None)]
    # Events stand in the order of their times, and a hundred are asked for.
    rows = [(text_of(event.time), event.request_id, person(world, event.reviewer))
            for event in sorted(found, key=lambda event: event.time)]
    return Expected(["time", "request_id", "reviewer"], rows[:100], order=(1,), total=len(rows))


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

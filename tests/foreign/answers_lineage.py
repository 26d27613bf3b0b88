"""Questions of origins and effects: backward, forward, what two things share, paths, exports, the plan itself."""

import pathlib
import re

from asking import (
    Expected, asked, behind_the_inference, grouped, names, of_service, only, person, question, served_by,
)
from bank import ns, text_of

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
    return [(world.get(c, "repo"), world.get(c, "commit"), world.get(r, "params"), world.get(r, "env"))
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


@question("Q09", "d.endpoint decisions", order=(-2,),
          of_events=lambda world: world.downstream(world.dataset("loans-2024", "7")))
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


# -- Export


@question("Q53", "time request_id input_hash output_hash decision confidence human_override reviewer", order=(1,),
          of_events=of_service("credit-api"))
def the_log_of_march_as_a_table(world, _):
    def cell(value):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return [tuple(map(cell, (text_of(event.time), event.request_id, event.input_hash, event.output_hash, event.decision,
                             event.confidence, event.human_override, person(world, event.reviewer))))
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


@question("Q56")
def what_may_i_ask_of_a_model(_world, _):
    """The vocabulary is the engine's table of fields, read as text."""
    text = (pathlib.Path(__file__).parents[2] / "engine/src/fields.rs").read_text(encoding="utf-8")
    common = text.split("common_fields! {", 1)[1].split("\n}", 1)[0]
    own = re.search(r"\n    Model \{\n(.*?)\n    \}", text, re.S).group(1)
    types = {"Text": "string", "Time": "timestamp"}
    rows = [(name, types.get(kind, kind.lower()), meaning)
            for name, kind, meaning in re.findall(r'^\s*"(\w+)" (\w+) "(.*)";$', common + "\n" + own, re.M)]
    return Expected(["field", "type", "meaning"], rows, exact=True)


@question("Q57")
def at_what_cost(world, _):
    """No row may come beyond what the plan says at most, and the plan begins at what the question names."""
    found = world.downstream(world.dataset("loans-2024", "7"))
    rows = sum(1 for event, d in world.events if d in found and event.human_override is True)

    def check(_golden, answer):
        (step, most), _columns = answer["rows"]
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

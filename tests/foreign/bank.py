"""Reads the source data of the store that has every kind, without Lineal: the bodies of MLflow's REST API,
the Datadog archives and the records by hand, step by step as `steps.json` says.

The words of the bank's tags are those of the mapping file beside the data; persons stand by their e-mail.
What was known after a step is a `World` (world.py).
"""

import gzip
import json
import pathlib
from datetime import datetime, timezone

ROLES = {"training": "trained_on", "validation": "validated_on", "test": "tested_on"}
REST, LOGS = "mlflow-rest", "logs"


def ns(text):
    """Nanoseconds since 1970 of a time in RFC 3339; a day is its midnight."""
    if text is None:
        return None
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    since = when - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000


def text_of(time):
    """A time as answers write it: in UTC, the fraction as short as it can be."""
    if time is None:
        return None
    seconds, rest = divmod(time, 10**9)
    text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09}".rstrip("0") if rest else "") + "Z"


def from_ms(number):
    return None if number is None else number * 10**6


class Revision:
    """What one source, in one form, said of a thing; `said` lists the commits that said it, with their times."""

    def __init__(self, chain, fields, edges):
        self.chain, self.fields, self.edges, self.said = chain, fields, edges, []


class Event:
    """A row of a batch."""

    def __init__(self, line):
        said = line["attributes"]["art12"]
        model, place = said["model"], said["deployment"]
        oversight, output = said.get("human_oversight", {}), said["output"]
        self.deployment = (line["service"], place["env"], place["id"], model["name"], model["version"])
        self.system = said.get("system_id")
        self.identity = said["event_id"]
        self.time = ns(said["timestamp"])
        self.request_id = said["request_id"]
        self.input_hash = said["input"]["hash"] if "input" in said else None
        self.output_hash = "sha256:" + output["hash"]
        self.decision, self.confidence = output["decision"], output.get("confidence")
        self.latency_ms = said["latency_ms"]
        self.subject_group = said.get("subject_group")
        self.art12 = said.get("compliance", {}).get("art12")
        self.human_override = oversight.get("override")
        self.override_reason, self.reviewer = oversight.get("override_reason"), oversight.get("actor")


class Bank:
    """All that was ever recorded, commit by commit."""

    def __init__(self, folder):
        self.data = pathlib.Path(folder) / "data"
        what = json.loads((self.data / "steps.json").read_text(encoding="utf-8"))
        self.now, self.parameters = ns(what["now"]), what["parameters"]
        self.commits = []  # (recorded, import retracted by it or None)
        self.chains = {}  # node -> its revisions, in the order of the log
        self.batches = []  # (commit, file, deployment, its events)
        self.unread = []  # (commit, file, how many of its lines could not be read)
        self.doubts = set()  # (commit, thing) that a question came by and that leaves its answer open
        for step in what["steps"]:
            self.commits.append((ns(step["recorded"]), step.get("import")))
            observed = ns(step.get("observed", step["recorded"]))
            if step["do"] == "record":
                self.by_hand(step["path"], observed)
            elif step["do"] == "import" and "source" in step:
                Registry(self, step["path"], step["source"], observed)
            elif step["do"] == "import":
                self.archive(step["path"], observed)

    def say(self, source, form, observed, kind, key, fields=None, edges=()):
        """One thing as one source knows it; the same said again is a later word for the same."""
        fields = {name: value for name, value in (fields or {}).items() if value is not None}
        edges = sorted(set(edges), key=repr)
        known = self.chains.setdefault((kind, tuple(key)), [])
        for revision in known:
            if (revision.chain, revision.fields, revision.edges) == ((source, form), fields, edges):
                break
        else:
            revision = Revision((source, form), fields, edges)
            known.append(revision)
        revision.said.append((len(self.commits), observed))

    def person(self, source, form, observed, login):
        self.say(source, form, observed, "actor", (login,), {"name": login, "email": login})
        return ("actor", (login,))

    def by_hand(self, path, observed):
        for line in (self.data / path).read_text(encoding="utf-8").splitlines():
            node = json.loads(line)
            fields = {**node["fields"], **node["sealed"]}
            for name in ("time", "until", "resolved"):
                fields[name] = ns(fields.get(name))
            edges = [(relation, kind, key_by_hand(kind, key)) for relation, kind, key in node["edges"]]
            key = key_by_hand(node["kind"], node["key"])
            self.say(node.get("source", "records"), "records", observed, node["kind"], key, fields, edges)

    def archive(self, folder, observed):
        """The files in the order of their names; an event that stands there again in the same words counts once."""
        known = {event.identity: event for _, _, _, events in self.live() for event in events}
        for file in sorted((self.data / folder).iterdir()):
            rows, unread = {}, 0
            for text in gzip.decompress(file.read_bytes()).decode().splitlines():
                try:
                    line = json.loads(text)
                except ValueError:
                    unread += 1
                    continue
                if "attributes" not in line:
                    continue
                event = Event(line)
                if event.identity in known and vars(known[event.identity]) == vars(event):
                    continue
                known.setdefault(event.identity, event)
                rows.setdefault(event.deployment, []).append(event)
            if unread:
                self.unread.append((len(self.commits), file.name, unread))
            for deployment, events in rows.items():
                service, environment, place, name, version = deployment
                edges = [("deploys", "model", (None, name, version))]
                for system in sorted({event.system for event in events} - {None}):
                    self.say("datadog", LOGS, observed, "system", (system,), {"name": system})
                    edges.append(("belongs_to", "system", (system,)))
                for login in sorted({event.reviewer for event in events} - {None}):
                    self.person("datadog", LOGS, observed, login)
                self.say("datadog", LOGS, observed, "deployment", deployment, {}, edges)
                self.batches.append((len(self.commits), file.name, deployment, events))

    def live(self, commit=None):
        """The batches of a view whose imports are not taken back."""
        commit = len(self.commits) if commit is None else commit
        taken_back = {number for _, number in self.commits[:commit] if number}
        for at, file, deployment, events in self.batches:
            if at <= commit and at not in taken_back:
                yield at, file, deployment, events

    def at_time(self, time):
        """The last commit recorded up to a time."""
        return sum(1 for recorded, _ in self.commits if recorded <= time)


def key_by_hand(kind, key):
    if kind == "batch":
        return (key["file"], tuple(key["deployment"]))
    return tuple(part["person"] if isinstance(part, dict) else part for part in key)


def texts(pairs):
    return {pair["key"]: pair["value"] for pair in pairs or []}


class Registry:
    """One state of an MLflow store, read from the bodies of its REST API."""

    def __init__(self, bank, folder, source, observed):
        self.bank, self.source, self.observed = bank, source, observed
        self.bodies = {}
        for file in sorted((bank.data / folder).iterdir()):
            self.bodies.update(json.loads(file.read_text(encoding="utf-8")))
        self.makers, self.data = {}, {}
        for run in self.bodies.get("runs", []):
            for made in run["outputs"]["model_outputs"]:
                self.makers.setdefault(made["model_id"], set()).add(run["info"]["run_id"])
            for given in run["inputs"]["dataset_inputs"]:
                data = given["dataset"]
                self.data[(data["name"], data["digest"])] = self.dataset(data)
        for experiment in self.bodies.get("experiments", []):
            self.experiment(experiment)
        for run in self.bodies.get("runs", []):
            self.run(run)
        for model in self.bodies.get("models", []):
            self.logged(model)
        self.aliases = {(name["name"], alias["version"]): alias["alias"]
                        for name in self.bodies.get("registered_models", []) for alias in name.get("aliases", [])}
        for version in self.bodies.get("model_versions", []):
            self.version(version)

    def say(self, kind, key, fields=None, edges=()):
        self.bank.say(self.source, REST, self.observed, kind, key, fields, edges)

    def person(self, login):
        return self.bank.person(self.source, REST, self.observed, login)

    def system(self, tags, edges):
        if "system_id" in tags:
            self.say("system", (tags["system_id"],), {"name": tags["system_id"]})
            edges.append(("belongs_to", "system", (tags["system_id"],)))

    def dataset(self, data):
        said = json.loads(data["source"])
        profile = json.loads(data["profile"])
        key = (data["name"], data["digest"], data["source_type"], data["source"])
        edges = [("derived_from", "dataset", (None, digest, None, None)) for digest in said.get("parents", [])]
        if "made_by" in said:
            edges.append(("produced_by", "run", (said["made_by"],)))
        self.say("dataset", key, {
            "name": data["name"], "version": said["version"], "uri": said["uri"], "category": said.get("kind"),
            "license": said.get("license"), "region": said.get("region"), "personal_data": said.get("personal_data"),
            "time": ns(said.get("created")), "retention_until": ns(said.get("keep_until")),
            "rows": profile["num_rows"], "digest": data["digest"],
        }, edges)
        return key

    def experiment(self, said):
        edges = []
        self.system(texts(said.get("tags")), edges)
        self.say("experiment", (self.source, said["experiment_id"]), {
            "name": said["name"], "time": from_ms(said["creation_time"]),
            "deleted": True if said["lifecycle_stage"] == "deleted" else None}, edges)

    def run(self, said):
        info, tags = said["info"], texts(said["data"]["tags"])
        edges, roles = [("in_experiment", "experiment", (self.source, info["experiment_id"]))], {}
        for given in said["inputs"]["dataset_inputs"]:
            data, role = given["dataset"], texts(given["tags"]).get("mlflow.data.context")
            edges.append((ROLES.get(role, "used"), "dataset", self.data[(data["name"], data["digest"])]))
            if role:
                roles[f"{data['name']}@{data['digest']}/mlflow.data.context"] = role
        edges += [("used", "model", (used["model_id"],)) for used in said["inputs"]["model_inputs"]]
        if info["user_id"] != "unknown":
            edges.append(("done_by", *self.person(info["user_id"])))
        self.system(tags, edges)
        if "mlflow.parentRunId" in tags:
            edges.append(("child_of", "run", (tags["mlflow.parentRunId"],)))
        commit = tags.get("mlflow.source.git.commit")
        if commit:
            self.say("code", (commit,), {"commit": commit, "repo": tags["mlflow.source.git.repoURL"],
                                         "branch": tags["mlflow.source.git.branch"]})
            edges.append(("executes", "code", (commit,)))
        points = said["data"]["metrics"]
        self.say("run", (info["run_id"],), {
            "name": info["run_name"], "status": info["status"], "user": info["user_id"],
            "time": from_ms(info["start_time"]), "started": from_ms(info["start_time"]),
            "ended": from_ms(info["end_time"]), "artifact_uri": info["artifact_uri"],
            "params": texts(said["data"]["params"]) or None,
            "metrics": {point["key"]: point["value"] for point in points} or None,
            "series": {point["key"]: [[point["step"], point["timestamp"], point["value"]]] for point in points} or None,
            "input_tags": roles or None, "risk_class": tags.get("risk_class"),
            "deleted": True if info["lifecycle_stage"] == "deleted" else None}, edges)

    def logged(self, said):
        info, groups = said["info"], {}
        runs = self.makers.get(info["model_id"], set()) | {info["source_run_id"]}
        created = from_ms(info["creation_timestamp_ms"])
        self.say("model", (info["model_id"],), {
            "form": "logged", "name": info["name"], "time": created, "uri": info["artifact_uri"],
            "modified": from_ms(info["last_updated_timestamp_ms"]), "status": "READY",
        }, [("produced_by", "run", (run,)) for run in runs])
        for figure in said["data"]["metrics"]:
            groups.setdefault((figure["run_id"], figure["dataset_name"], figure["dataset_digest"]), []).append(figure)
        for (run, name, digest), figures in groups.items():
            # Data that no run of this state had as an input is known by name and digest alone.
            on = self.data.get((name, digest), (name, digest, None, None))
            self.say("evaluation", (info["model_id"], run, name, digest), {
                "name": name, "time": from_ms(max(figure["timestamp"] for figure in figures)),
                "metrics": {figure["key"]: figure["value"] for figure in figures},
            }, [("evaluates", "model", (info["model_id"],)), ("tested_on", "dataset", on)])

    def version(self, said):
        name, number, tags = said["name"], said["version"], texts(said["tags"])
        key, edges = (self.source, name, number), []
        deleted = said["current_stage"] == "Deleted_Internal"
        from_logged = said["source"].startswith("models:/")
        if "run_id" in said:
            edges.append(("produced_by", "run", (said["run_id"],)))
        if from_logged:
            edges.append(("registered_from", "model", (said["source"].removeprefix("models:/"),)))
        if "base_model" in tags:
            edges.append(("derived_from", "model", (None, *tags["base_model"].split("/"))))
        self.system(tags, edges)
        alias = self.aliases.get((name, number))
        redacted = said["source"].startswith("REDACTED-")
        self.say("model", key, {
            "form": "registered", "registry": self.source, "name": name, "version": number,
            "time": from_ms(said["creation_timestamp"]), "modified": from_ms(said["last_updated_timestamp"]),
            "stage": None if deleted or said["current_stage"] == "None" else said["current_stage"],
            "status": said["status"], "aliases": [alias] if alias else None, "license": tags.get("license"),
            "risk_class": tags.get("risk_class"), "uri": None if from_logged or redacted else said["source"],
            "deleted": True if deleted else None}, edges)
        itself = ("model", key)
        if "risk_assessment_id" in tags:
            document, revision = tags["risk_assessment_id"], tags.get("risk_assessment_version")
            self.say("document", (self.source, document, revision), {
                "name": document, "version": revision, "type": "risk_assessment", "section": "Annex IV 5",
            }, [("documents", *itself)])
        if "approved_by" in tags:
            by, date = self.person(tags["approved_by"]), tags["approval_date"]
            self.say("approval", (self.source, f"model:{name}@{number}", by[1][0], date), {
                "decision": tags.get("approval_decision", "granted"), "time": ns(date), "role": tags["approver_role"],
            }, [("approves", *itself), ("done_by", *by)])
        for tag, value in tags.items():
            if tag.startswith("deployment."):
                place = json.loads(value)
                self.say("system", (place["system"],), {"name": place["system"]})
                self.say("deployment", (place["service"], place["env"], tag.removeprefix("deployment."), name, number), {
                    "region": place["region"], "time": ns(place["start"]), "until": ns(place.get("end")),
                }, [("deploys", *itself), ("belongs_to", "system", (place["system"],))])

"""What was known after a commit: things with fields and links, folded from all that the bank's sources said
(docs/format.md, section 13). Approvals, evaluations and batches are called by what the sources say of them.
"""

from bank import REST, text_of

LINEAGE = {"trained_on", "validated_on", "used", "derived_from", "produced_by", "registered_from", "executes",
           "deploys", "served_by"}


class Thing:
    """A node of a world."""

    def __init__(self, kind, key):
        self.kind, self.key = kind, key
        self.fields, self.edges = {}, {}
        self.missing, self.candidates = True, []
        self.revisions, self.heads = [], []
        self.recorded = None


class World:
    """What was known after a commit."""

    def __init__(self, bank, commit=None):
        self.bank = bank
        self.commit = len(bank.commits) if commit is None else commit
        self.taken_back = {number for _, number in bank.commits[:self.commit] if number}
        self.things, self.events, self.rows, self.by_name = {}, [], {}, None
        self.claims = {}  # a thing -> the claims that it fits beside others: (who claims, relation, claim)
        self.described()
        self.links()
        self.logs()
        self.succession()

    def described(self):
        """Folds the newest word of each source and form: MLflow's first, then the later one."""
        for (kind, key), revisions in self.bank.chains.items():
            heads, thing = {}, Thing(kind, key)
            for revision in revisions:
                said = [(at, observed) for at, observed in revision.said if at <= self.commit]
                if not said:
                    continue
                thing.revisions.append((said[0][0], revision))
                said = [observed for at, observed in said if at not in self.taken_back]
                head = heads.get(revision.chain)
                if said and (head is None or max(said) > head[0]):
                    heads[revision.chain] = (max(said), revision)
            if not heads:
                continue
            ranked = sorted(heads.values(), key=lambda head: (head[1].chain[1] != REST, -head[0]))
            thing.heads = [revision for _, revision in ranked]
            thing.missing = False
            thing.recorded = self.bank.commits[thing.revisions[0][0] - 1][0]
            for head in thing.heads:
                for name, value in head.fields.items():
                    thing.fields.setdefault(name, value)
            self.things[(kind, key)] = thing

    def links(self):
        """Follows each link to the one thing that it fits; else to one that nobody describes."""
        for node, thing in list(self.things.items()):
            stated = thing.heads
            if thing.kind == "deployment":
                stated = [revision for _, revision in thing.revisions
                          if any(at <= self.commit and at not in self.taken_back for at, _ in revision.said)]
            for revision in stated:
                for relation, kind, key in revision.edges:
                    target = self.resolve(kind, key)
                    self.link(node, relation, target)
                    for fit in self.things[target].candidates:
                        self.claims.setdefault(fit, []).append((node, relation, target))

    def link(self, node, relation, target):
        ends = self.things[node].edges.setdefault(relation, [])
        if target not in ends:
            ends.append(target)

    def resolve(self, kind, key):
        node = (kind, key)
        if node in self.things:
            return node
        fits = []
        if None in key and kind in ("model", "dataset"):
            fits = [other for other, thing in self.things.items()
                    if other[0] == kind and not thing.missing and len(other[1]) == len(key)
                    and all(mine in (None, theirs) for mine, theirs in zip(key, other[1]))]
        if len(fits) == 1:
            return fits[0]
        missing = self.things[node] = Thing(kind, key)
        missing.candidates = fits
        if kind == "model" and len(key) == 3:
            missing.fields = {name: part for name, part in zip(("registry", "name", "version"), key) if part}
        return node

    def logs(self):
        """Events, of which one of each identity counts: the one that happened last."""
        best = {}
        for _, file, deployment, events in self.bank.live(self.commit):
            node = ("batch", (file, deployment))
            target = ("deployment", deployment)
            batch = self.things.get(node) or Thing(*node)
            batch.missing = False
            times = [event.time for event in events]
            batch.fields.update(name=file, time=min(times), first_time=min(times), last_time=max(times))
            self.things[node] = batch
            self.link(node, "served_by", target)
            self.rows[node] = events
            for event in events:
                held = best.get(event.identity)
                if held is None or event.time > held.time:
                    best[event.identity] = event
        counted = set(map(id, best.values()))
        for node, thing in self.things.items():
            if node[0] == "deployment":
                service, environment, place, name, version = node[1]
                thing.fields.update(name=service, service=service, environment=environment, endpoint=place,
                                    model_name=name, model_version=version, events=0, overrides=0)
        for node, events in self.rows.items():
            target = ("deployment", node[1][1])
            fields, batch = self.things[target].fields, self.things[node].fields
            fields["first_event"] = min(fields.get("first_event", batch["first_time"]), batch["first_time"])
            fields["last_event"] = max(fields.get("last_event", batch["last_time"]), batch["last_time"])
            for event in events:
                if id(event) in counted:
                    fields["events"] += 1
                    fields["overrides"] += event.human_override is True
                    self.events.append((event, target))

    def succession(self):
        """Versions of one registered name by number, batches of one deployment by their first event."""
        lines = {}
        for (kind, key), thing in self.things.items():
            if kind == "model" and len(key) == 3 and key[0] is not None:
                lines.setdefault((kind, key[:2]), []).append((int(key[2]), (kind, key)))
            elif kind == "batch":
                lines.setdefault((kind, key[1]), []).append((thing.fields["first_time"], (kind, key)))
        for line in lines.values():
            line.sort()
            for (_, before), (_, after) in zip(line, line[1:]):
                self.link(after, "follows", before)

    def unread(self, deployments=None):
        """How many lines of which logs could not be read: of those that hold events of deployments, or of all."""
        files, found = {file for _, (file, place) in self.rows if ("deployment", place) in (deployments or ())}, {}
        for at, file, lines in self.bank.unread:
            if at <= self.commit and at not in self.taken_back and (deployments is None or file in files):
                found[file] = max(lines, found.get(file, 0))
        return found

    # -- asking

    def of(self, kind, with_deleted=False):
        """All of a kind; a question about a kind leaves out what is marked deleted."""
        return [node for node, thing in self.things.items()
                if node[0] == kind and (with_deleted or not thing.fields.get("deleted"))]

    def get(self, node, field):
        return self.things[node].fields.get(field)

    def came_by(self, *nodes):
        """Notes what a question came by that is only referred to."""
        self.bank.doubts.update((self.commit, node) for node in nodes if self.things[node].missing)

    def came_back_to(self, node, relations, kind=None):
        """Notes the claims of such a link that may mean a thing, where a question asks who has one to it."""
        self.came_by(*(claim for other, relation, claim in self.claims.get(node, [])
                       if relation in relations and kind in (None, other[0])))

    def ends(self, node, relation):
        ends = self.things[node].edges.get(relation, [])
        self.came_by(*ends)
        return ends

    def starts(self, node, relation, kind=None):
        """Who has such a link to it."""
        self.came_back_to(node, {relation}, kind)
        return [other for other, thing in self.things.items()
                if node in thing.edges.get(relation, []) and kind in (None, other[0])]

    def neighbours(self, up, node):
        """(link, thing) one step toward the origins, or toward the effects."""
        if up:
            return [(relation, end) for relation, ends in self.things[node].edges.items() if relation in LINEAGE
                    for end in ends]
        return [(relation, other) for other, thing in self.things.items() for relation, ends in thing.edges.items()
                if relation in LINEAGE and node in ends]

    def closure(self, starts, up, avoiding=(), relations=LINEAGE):
        """What can be reached, as a set, without the starts themselves."""
        reached, open_nodes = set(), list(starts)
        self.came_by(*starts)
        while open_nodes:
            node = open_nodes.pop()
            if not up:
                self.came_back_to(node, relations)
            for relation, other in self.neighbours(up, node):
                if relation in relations and other not in reached and other not in avoiding and other not in starts:
                    reached.add(other)
                    self.came_by(other)
                    open_nodes.append(other)
        return reached

    def upstream(self, *starts, **how):
        return self.closure(starts, True, **how)

    def downstream(self, *starts, **how):
        return self.closure(starts, False, **how)

    def model(self, name, version):
        found = [node for node in self.of("model", True) if node[1][1:] == (name, version) and not self.things[node].missing]
        assert len(found) == 1, found
        return found[0]

    def dataset(self, name, version):
        found = [node for node in self.of("dataset") if node[1][0] == name and self.get(node, "version") == version]
        assert len(found) == 1, found
        return found[0]

    def called(self, name):
        """The things of that name, but actors: the order of their keys is known to the store alone."""
        if self.by_name is None:
            self.by_name = {}
            for node in self.things:
                self.by_name.setdefault(self.name(node), []).append(node)
        return [] if name.startswith("actor:") else self.by_name.get(name, [])

    def name(self, node):
        """What an answer calls a thing."""
        kind, key = node
        if kind == "model" and len(key) == 3:
            if len(self.things[node].candidates) > 1:
                # What is not said is shown, so that the name means the claim and none of what it fits.
                return f'model:"{key[0] or "?"}/{key[1]}"@{key[2]}'
            same = [other for other in self.of("model", True) if other[1][1:] == key[1:]]
            plain = f"{key[1]}@{key[2]}"
            return f"model:{plain}" if len(same) == 1 or self.things[node].missing else f"model:{key[0]}/{plain}"
        if kind == "dataset":
            return f"dataset:{key[0]}@{self.get(node, 'version')}"
        if kind == "deployment":
            return "deployment:{}/{}/{}@{}:{}".format(*key)
        if kind == "document":
            return f"document:{key[1]}@{key[2]}"
        if kind in ("approval", "evaluation"):
            edges = self.things[node].edges
            about = edges["approves" if kind == "approval" else "evaluates"][0]
            other = edges["done_by" if kind == "approval" else "tested_on"][0]
            source, time = self.things[node].heads[0].chain[0], text_of(self.get(node, "time"))
            return (kind, source, self.name(about), self.name(other).removeprefix("actor:"), time)
        if kind == "batch":
            return ("batch", key[0], self.name(("deployment", key[1])))
        return f"{kind}:{'/'.join(key)}"

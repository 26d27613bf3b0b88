//! A graph in memory, built from lines of text, so that the language is tested without the store.
//!
//! `dataset:loans@7 rows=5 license=MIT` records a node; a name may end in `!stub`, `!deleted` or
//! `!fits:model:a@1,model:b@1`, of a log, named by its batch, in `!unread5`, of a batch `!erased2` or `!restricted1`. `run:a trained_on dataset:loans@7` records an edge. `event batch:b1 input_hash=...`
//! records an event. `commit 2026-01-01` ends a commit; what follows belongs to the next.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its data has failed")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use lineal_engine::Wanted;
use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::events::{EventBlock, EventValue, Month, MonthCounts};
use lineal_engine::schema::{
    COMMON_FIELDS, Direction, FieldType, Kind, NODE_KINDS, Relation, fields,
};
use lineal_engine::{CounterColumns, Counters, Unshown};
use lineal_proof::{Map, Value};
use lineal_query::{
    BatchCounts, Checked, EventColumns, EventRef, NodeNo, Revision, Source, Unread,
};

#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    key: String,
    fields: Map,
    stub: bool,
    deleted: bool,
    /// What a reference that names nothing for sure fits.
    fits: Vec<String>,
    /// Lines that an import could not read.
    unread: Option<u64>,
    /// Events that no row shows.
    erased: u64,
    restricted: u64,
}

#[derive(Clone, Debug)]
struct Event {
    batch: NodeNo,
    fields: BTreeMap<EventField, Value>,
}

/// A view of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    text: String,
    commits: Vec<i64>,
    nodes: Vec<Node>,
    edges: BTreeMap<(NodeNo, Relation, bool), Vec<NodeNo>>,
    events: Vec<Event>,
    unread: Vec<Unread>,
    unshown: Vec<Unshown>,
    candidates: Vec<Vec<NodeNo>>,
    open_claims: BTreeMap<NodeNo, Vec<NodeNo>>,
    doubtful: BTreeMap<Kind, Vec<NodeNo>>,
    counters: CounterColumns,
}

/// Nothing fails in memory; the type is needed by the seam.
#[derive(Debug, thiserror::Error)]
#[error("the graph in memory does not fail")]
pub(crate) struct Never;

fn time(text: &str) -> i64 {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let timestamp: jiff::Timestamp = text.parse().unwrap();
    i64::try_from(timestamp.as_nanosecond()).unwrap()
}

fn typed(text: &str, field_type: FieldType) -> Value {
    match field_type {
        FieldType::Int => Value::Int(text.parse().unwrap()),
        FieldType::Float => Value::float(text.parse().unwrap()),
        FieldType::Bool => Value::Bool(text.parse().unwrap()),
        FieldType::Time => Value::Int(time(text).into()),
        FieldType::Hash => Value::Bytes(data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()),
        _ => Value::text(text.replace('_', " ")),
    }
}

/// `kind:key`
fn named(word: &str) -> Option<(Kind, &str)> {
    let (kind, key) = word.split_once(':')?;
    Some((Kind::parse(kind)?, key))
}

/// The number behind a mark.
fn count_of(marks: &[&str], name: &str) -> u64 {
    marks.iter().find_map(|mark| mark.strip_prefix(name)?.parse().ok()).unwrap_or(0)
}

impl Graph {
    /// Builds the graph of these lines.
    pub(crate) fn new(text: &str) -> Graph {
        Graph::up_to(text, u64::MAX).unwrap()
    }

    /// The lines that it was built of.
    #[allow(dead_code, reason = "only some tests show the graph that they failed on")]
    pub(crate) fn lines(&self) -> &str {
        &self.text
    }

    fn up_to(text: &str, last: u64) -> Option<Graph> {
        let mut lines = Vec::new();
        let mut commits = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(at) = line.strip_prefix("commit ") {
                commits.push(time(at));
                if commits.len() as u64 == last {
                    break;
                }
            } else if !line.is_empty() && !line.starts_with('#') {
                lines.push(line);
            }
        }
        if last != u64::MAX && (commits.len() as u64) < last || last == 0 {
            return None;
        }
        let mut graph = Graph {
            text: text.to_owned(),
            commits,
            nodes: Vec::new(),
            edges: BTreeMap::new(),
            events: Vec::new(),
            unread: Vec::new(),
            unshown: Vec::new(),
            candidates: Vec::new(),
            open_claims: BTreeMap::new(),
            doubtful: BTreeMap::new(),
            counters: CounterColumns::default(),
        };
        graph.read_nodes(&lines);
        graph.read_edges(&lines);
        graph.take_events(&lines);
        graph.count_events();
        for node in 0..graph.node_count() {
            let fits = graph.node(node).fits.iter().map(|name| graph.number(name));
            let fits: Vec<NodeNo> = fits.collect();
            for fitting in &fits {
                graph.open_claims.entry(*fitting).or_default().push(node);
            }
            if graph.is_stub(node) || !fits.is_empty() {
                graph.doubtful.entry(graph.kind_of(node)).or_default().push(node);
            }
            graph.candidates.push(fits);
            if let Some(lines) = graph.node(node).unread {
                let log = graph.node(node).key.clone();
                graph.unread.push(Unread { log, lines, import: node, is_erased: false });
            }
        }
        graph.unread.sort_by(|a, b| a.log.cmp(&b.log));
        graph.hide_events();
        Some(graph)
    }

    fn read_nodes(&mut self, lines: &[&str]) {
        let mut nodes: BTreeMap<(Kind, String), Node> = BTreeMap::new();
        for line in lines {
            let mut words = line.split_whitespace();
            let (first, second) = (words.next().unwrap(), words.next());
            if first == "event" || second.is_some_and(|word| Relation::parse(word).is_some()) {
                continue;
            }
            let mut marks = first.split('!');
            let (kind, key) = named(marks.next().unwrap()).unwrap();
            let marks: Vec<_> = marks.collect();
            let mut map = Map::new();
            let base = key.split_once('@').map_or(key, |(base, _)| base);
            let name = base.rsplit('/').next().unwrap_or(base);
            if !marks.contains(&"stub") {
                map.insert("name", name);
                if let Some((_, version)) = key.split_once('@') {
                    map.insert("version", version);
                }
            }
            for word in second.into_iter().chain(words) {
                let (field, value) = word.split_once('=').unwrap();
                if let Some((outer, inner)) = field.split_once('.') {
                    let mut members =
                        map.get(outer).and_then(Value::as_map).cloned().unwrap_or_default();
                    let number = value.parse().ok();
                    // What is no number stands as text in the records.
                    let number = number.filter(|n: &f64| outer == "metrics" && n.is_finite());
                    members.insert(inner, number.map_or(Value::text(value), Value::Float));
                    map.insert(outer, Value::Map(members));
                    continue;
                }
                let spec = fields(kind).iter().chain(COMMON_FIELDS).find(|s| s.name == field);
                let spec = spec.unwrap_or_else(|| panic!("{kind} has no field {field}"));
                map.insert(field, typed(value, spec.field_type));
            }
            nodes.insert(
                (kind, key.to_owned()),
                Node {
                    kind,
                    key: key.to_owned(),
                    fields: map,
                    stub: marks.contains(&"stub"),
                    deleted: marks.contains(&"deleted"),
                    fits: marks
                        .iter()
                        .find_map(|mark| mark.strip_prefix("fits:"))
                        .map_or(Vec::new(), |all| all.split(',').map(str::to_owned).collect()),
                    unread: marks.iter().find_map(|mark| mark.strip_prefix("unread")?.parse().ok()),
                    erased: count_of(&marks, "erased"),
                    restricted: count_of(&marks, "restricted"),
                },
            );
        }
        self.nodes = nodes.into_values().collect();
    }

    /// Batches of which events are erased or restricted.
    fn hide_events(&mut self) {
        for batch in 0..self.node_count() {
            let Node { erased, restricted, .. } = *self.node(batch);
            let served_by = self.edges(batch, Relation::ServedBy, Direction::Forward);
            if let (1.., Some(deployment)) = (erased + restricted, served_by.first().copied()) {
                let events = self.batch_counts(batch).events;
                self.unshown.push(Unshown { batch, deployment, events, erased, restricted });
            }
        }
    }

    fn number(&self, word: &str) -> NodeNo {
        let (kind, key) = named(word).unwrap_or_else(|| panic!("{word} names no node"));
        let at = self.nodes.iter().position(|node| node.kind == kind && node.key == key);
        NodeNo::try_from(at.unwrap_or_else(|| panic!("{word} is not recorded"))).unwrap()
    }

    fn read_edges(&mut self, lines: &[&str]) {
        for line in lines {
            let words: Vec<_> = line.split_whitespace().collect();
            let [from, relation, to] = words.as_slice() else { continue };
            let Some((relation, direction)) = Relation::parse(relation) else { continue };
            assert!(direction == Direction::Forward, "{line}");
            let (from, to) = (self.number(from), self.number(to));
            assert!(relation.allows(self.kind_of(from), self.kind_of(to)), "{line}");
            self.edges.entry((from, relation, true)).or_default().push(to);
            self.edges.entry((to, relation, false)).or_default().push(from);
        }
        for ends in self.edges.values_mut() {
            ends.sort_unstable();
            ends.dedup();
        }
    }

    fn take_events(&mut self, lines: &[&str]) {
        for line in lines {
            let mut words = line.split_whitespace();
            if words.next() != Some("event") {
                continue;
            }
            let batch = self.number(words.next().unwrap());
            let mut event = Event { batch, fields: BTreeMap::new() };
            for word in words {
                let (name, value) = word.split_once('=').unwrap();
                let field = EventField::parse(name).unwrap();
                let field_type =
                    EVENT_FIELDS.iter().find(|spec| spec.field == field).unwrap().field_type;
                event.fields.insert(field, typed(value, field_type));
            }
            self.events.push(event);
        }
        // As rows of a batch stand: by time, those without one first (docs/format.md, section 9).
        self.events.sort_by_key(|event| match event.fields.get(&EventField::Time) {
            Some(Value::Int(time)) => Some(*time),
            _ => None,
        });
    }

    fn count_events(&mut self) {
        let batches: Vec<_> = self
            .nodes_of(Kind::Batch)
            .flat_map(|batch| {
                let deployments = self.edges(batch, Relation::ServedBy, Direction::Forward);
                let (times, months) = (self.batch_times(batch), self.batch_months(batch));
                deployments.iter().map(move |of| (*of, times, months.clone())).collect::<Vec<_>>()
            })
            .collect();
        let counted = batches.iter().map(|(of, times, months)| (*of, *times, months.as_slice()));
        self.counters = CounterColumns::of(counted);
    }

    fn node(&self, node: NodeNo) -> &Node {
        &self.nodes[node as usize]
    }

    fn event(&self, event: EventRef) -> &Event {
        // The test graph keeps one list of events; a batch's rows are places in it.
        &self.events[event.row as usize]
    }

    fn events_where(&self, test: impl Fn(&Event) -> bool) -> Vec<EventRef> {
        let places = self.events.iter().enumerate().filter(|(_, event)| test(event));
        places
            .map(|(row, event)| EventRef { batch: event.batch, row: u32::try_from(row).unwrap() })
            .collect()
    }

    fn labels(node: &Node) -> Vec<String> {
        let mut out = vec![node.key.clone()];
        let base = node.key.split_once('@').map_or(node.key.as_str(), |(base, _)| base);
        let version = node.key.split_once('@').map(|(_, version)| version);
        let name = base.rsplit('/').next().unwrap_or(base);
        match node.kind {
            Kind::Deployment => {
                out.push(base.split('/').next().unwrap_or(base).to_owned());
            }
            Kind::Model | Kind::Dataset | Kind::Document => {
                out.extend([base.to_owned(), name.to_owned()]);
                out.extend(version.map(|version| format!("{name}@{version}")));
            }
            _ => {}
        }
        if let Some(digest) = node.fields.get("digest").and_then(Value::as_text) {
            out.push(digest.to_owned());
        }
        out
    }
}

impl Source for Graph {
    type Error = Never;

    fn commit(&self) -> u64 {
        self.commits.len() as u64
    }
    fn recorded(&self) -> i64 {
        self.commits.last().copied().unwrap_or_default()
    }
    fn as_of_commit(&self, number: u64) -> Result<Option<Graph>, Never> {
        Ok(Graph::up_to(&self.text, number))
    }
    fn as_of_time(&self, time: i64) -> Result<Option<Graph>, Never> {
        let number = self.commits.iter().filter(|at| **at <= time).count();
        self.as_of_commit(number as u64)
    }
    fn node_count(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap()
    }
    fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        // They stand in the order of their kinds.
        let before = |is_before: fn(Kind, Kind) -> bool| {
            let place = self.nodes.partition_point(|node| is_before(node.kind, kind));
            u32::try_from(place).unwrap()
        };
        before(|own, kind| own < kind)..before(|own, kind| own <= kind)
    }
    fn kind_of(&self, node: NodeNo) -> Kind {
        self.node(node).kind
    }
    fn name_of(&self, node: NodeNo) -> String {
        let node = self.node(node);
        let name = node.fields.get("name").and_then(Value::as_text);
        let name = name.filter(|_| node.kind == Kind::Actor);
        format!("{}:{}", node.kind, name.unwrap_or(&node.key))
    }
    fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo> {
        let kinds: Vec<Kind> = kind.map_or_else(|| NODE_KINDS.to_vec(), |kind| vec![kind]);
        (0..self.node_count())
            .filter(|node| {
                let node = self.node(*node);
                kinds.contains(&node.kind) && Graph::labels(node).iter().any(|label| label == text)
            })
            .collect()
    }
    fn is_family(&self, _: Kind, _: &str) -> bool {
        false
    }
    fn find_id(&self, hex_prefix: &str) -> Vec<NodeNo> {
        (0..self.node_count())
            .filter(|node| {
                let id = self.node(*node).fields.get("id").and_then(Value::as_text);
                id.is_some_and(|id| id.trim_start_matches('#').starts_with(hex_prefix))
            })
            .collect()
    }
    fn find_tag(&self, kind: Kind, name: &str, value: &str) -> Result<Vec<NodeNo>, Never> {
        let has = |node: &NodeNo| {
            let tags = self.node(*node).fields.get("tags").and_then(Value::as_map);
            tags.and_then(|tags| tags.get(name)).and_then(Value::as_text) == Some(value)
        };
        Ok(self.nodes_of(kind).filter(has).collect())
    }
    /// One too many, so that the condition must still decide.
    fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo> {
        let has = |node: &NodeNo| {
            self.node(*node).fields.get(field).and_then(Value::as_text) == Some(value)
        };
        let range = self.nodes_of(kind);
        range.clone().filter(|node| has(node) || *node == range.start).collect()
    }
    fn near(&self, kind: Option<Kind>, text: &str) -> Vec<String> {
        let base = text.split_once('@').map_or(text, |(base, _)| base);
        (0..self.node_count())
            .filter(|node| kind.is_none_or(|kind| self.kind_of(*node) == kind))
            .map(|node| self.name_of(node))
            .filter(|name| name.contains(base))
            .take(5)
            .collect()
    }
    fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        let key = (node, relation, direction == Direction::Forward);
        self.edges.get(&key).map_or(&[], Vec::as_slice)
    }
    fn is_stub(&self, node: NodeNo) -> bool {
        self.node(node).stub
    }
    fn is_deleted(&self, node: NodeNo) -> bool {
        self.node(node).deleted
    }
    fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        &self.candidates[node as usize]
    }
    fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        self.open_claims.get(&node).map_or(&[], Vec::as_slice)
    }
    fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        self.doubtful.get(&kind).map_or(&[], Vec::as_slice)
    }
    fn unread(&self) -> &[Unread] {
        &self.unread
    }
    fn unshown(&self) -> &[Unshown] {
        &self.unshown
    }
    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Never> {
        Ok(match name {
            "deleted" => self.is_deleted(node).then_some(Value::Bool(true)),
            name => self.node(node).fields.get(name).cloned(),
        })
    }
    fn select(&self, kind: Kind, field: &str, wanted: Wanted<'_>, out: &mut Vec<u64>) -> bool {
        let nodes = self.nodes_of(kind);
        out.clear();
        out.resize(nodes.len().div_ceil(64), 0);
        for (at, node) in nodes.enumerate() {
            let Ok(value) = self.field(node, field) else { return false };
            let is_wanted = match (wanted, value) {
                (Wanted::Absent, value) => value.is_none(),
                (_, None) => false,
                (Wanted::Text(text), Some(Value::Text(own))) => text == own,
                (Wanted::Int(low, high) | Wanted::Time(low, high), Some(own)) => {
                    let Some(own) = own.as_i64() else { return false };
                    low <= own && own <= high
                }
                // Another type than the field's: each is asked.
                (Wanted::Text(_), Some(_)) => return false,
            };
            out[at / 64] |= u64::from(is_wanted) << (at % 64);
        }
        true
    }
    fn fields(&self, node: NodeNo) -> Result<Map, Never> {
        let mut fields = self.node(node).fields.clone();
        if self.is_deleted(node) {
            fields.insert("deleted", true);
        }
        Ok(fields)
    }
    fn same_node(&self, other: &Graph, node: NodeNo) -> Option<NodeNo> {
        let theirs = other.node(node);
        let same = |ours: &Node| ours.kind == theirs.kind && ours.key == theirs.key;
        self.nodes.iter().position(same).map(|at| NodeNo::try_from(at).unwrap())
    }
    /// The first commit in which the node is recorded.
    fn commit_of(&self, node: NodeNo) -> u64 {
        let is_there = |number: &u64| {
            Graph::up_to(&self.text, *number)
                .is_some_and(|then| then.same_node(self, node).is_some())
        };
        (1..=self.commit()).find(is_there).unwrap_or(self.commit())
    }
    fn revisions(&self, node: NodeNo) -> Result<Vec<Revision>, Never> {
        let mut out: Vec<Revision> = Vec::new();
        if self.is_stub(node) {
            return Ok(out);
        }
        for number in 1..=self.commit() {
            let Some(then) = Graph::up_to(&self.text, number) else { continue };
            let Some(there) = then.same_node(self, node) else { continue };
            let fields = then.fields(there)?;
            if out.last().is_some_and(|last| last.fields == fields) {
                continue;
            }
            let recorded = then.recorded();
            out.push(Revision {
                id: fields.get("id").and_then(Value::as_text).unwrap_or("#").replace('#', ""),
                commit: number,
                recorded,
                observed_at: recorded,
                source: "test".to_owned(),
                form: "lines".to_owned(),
                fields,
            });
        }
        Ok(out)
    }
    /// A node whose key holds `damaged` is.
    fn check(&self, node: NodeNo, deep: bool) -> Checked {
        let revisions = self.revisions(node).unwrap().len() as u64;
        let is_damaged = self.node(node).key.contains("damaged");
        let rows = (deep && self.kind_of(node) == Kind::Batch)
            .then(|| self.events_where(|event| event.batch == node).len() as u64);
        let faults = if is_damaged { vec!["the record is not its id".to_owned()] } else { vec![] };
        Checked { revisions, rows, faults }
    }
    fn events_by_hash(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<EventRef>, Never> {
        Ok(self.events_where(|event| {
            let named = event.fields.get(&EventField::InputAlgorithm).and_then(Value::as_text);
            let agree = algorithm.is_none_or(|algorithm| named.is_none_or(|n| n == algorithm));
            agree
                && event.fields.get(&EventField::InputHash).and_then(Value::as_bytes) == Some(bytes)
        }))
    }
    fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>, Never> {
        Ok(self.events_where(|event| {
            let ids = [EventField::RequestId, EventField::EventId, EventField::LogId];
            let mut ids = ids.into_iter().filter_map(|field| event.fields.get(&field));
            ids.any(|value| value.as_text() == Some(id))
        }))
    }
    fn event_deployment(&self, event: EventRef) -> NodeNo {
        self.edges(event.batch, Relation::ServedBy, Direction::Forward)[0]
    }
    fn event_batch(&self, event: EventRef) -> NodeNo {
        event.batch
    }
    fn event_field(&self, event: EventRef, field: EventField) -> Result<Option<Value>, Never> {
        Ok(self.event(event).fields.get(&field).cloned())
    }
    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        self.edges(deployment, Relation::ServedBy, Direction::Inverse).to_vec()
    }
    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Never> {
        Ok(self.events_where(|event| event.batch == batch))
    }
    /// The rows of the test graph are places in the list of all events.
    fn batch_parts(&self, batch: NodeNo) -> Vec<(u32, u32)> {
        vec![(batch, u32::try_from(self.events.len()).unwrap())]
    }
    /// The last are the first, so that reading does not go in the order of asking.
    fn part_place(&self, part: u32) -> (u32, u32) {
        (0, u32::MAX - part)
    }
    fn read_events(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventColumns, Never> {
        let mut block = EventBlock::new();
        for event in &self.events[rows.start as usize..rows.end as usize] {
            for field in fields {
                let value = match event.fields.get(field) {
                    Some(Value::Text(text)) => EventValue::Text(text),
                    Some(Value::Int(number)) => EventValue::Int(i64::try_from(*number).unwrap()),
                    Some(Value::Float(number)) => EventValue::Float(*number),
                    Some(Value::Bool(truth)) => EventValue::Bool(*truth),
                    Some(Value::Bytes(bytes)) => EventValue::Hash(bytes),
                    _ => continue,
                };
                assert!(block.set(*field, value));
            }
            block.end_row();
        }
        let mut events = self.events_where(|event| event.batch == part);
        events.retain(|event| rows.contains(&event.row));
        Ok(EventColumns { block: Arc::new(block), first: rows.start, events })
    }
    fn batch_counts(&self, batch: NodeNo) -> BatchCounts {
        let own = |field: Option<EventField>| {
            let events = self.events_where(|event| {
                event.batch == batch
                    && field.is_none_or(|f| event.fields.get(&f) == Some(&Value::Bool(true)))
            });
            events.len() as u64
        };
        let Node { erased, restricted, .. } = *self.node(batch);
        BatchCounts {
            batch,
            events: own(None) + erased + restricted,
            overrides: own(Some(EventField::HumanOverride)),
            art12: own(Some(EventField::Art12)),
        }
    }
    fn batch_times(&self, batch: NodeNo) -> (i64, i64) {
        let times =
            self.events_where(|event| event.batch == batch).into_iter().filter_map(|event| {
                self.event(event).fields.get(&EventField::Time).and_then(Value::as_i64)
            });
        let times: Vec<_> = times.collect();
        let least = times.iter().min().copied().unwrap_or(i64::MAX);
        (least, times.iter().max().copied().unwrap_or(i64::MIN))
    }
    fn batch_months(&self, batch: NodeNo) -> Vec<MonthCounts> {
        let mut months: BTreeMap<(bool, Option<Month>), MonthCounts> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.batch == batch) {
            let month = event.fields.get(&EventField::Time).and_then(Value::as_i64).map(Month::of);
            let is_true = |field| event.fields.get(&field) == Some(&Value::Bool(true));
            months
                .entry((month.is_none(), month))
                .or_insert(MonthCounts::none_in(month))
                .count(is_true(EventField::HumanOverride), is_true(EventField::Art12));
        }
        months.into_values().collect()
    }
    fn counters(&self) -> Counters<'_> {
        self.counters.read()
    }
}

//! An answer as it travels to a program that knows the language: with its types, so that nothing is
//! lost on the way. A head, then a row a line (docs/operating.md, "Asking").

use std::sync::Arc;

use serde_json::{Value as Json, json};

use lineal_engine::schema::{Direction, Kind, Relation};

use super::{Answer, Completeness, Line, Names, Picture, Reason, Thing, Uncertainty};
use crate::limits::Limit;
use crate::plan::{Column, Type};
use crate::source::{EventRef, NodeNo};
use crate::told::Tool;
use crate::value::{HashValue, Item, Path, Step, Value};

/// Every type, to be found by its name.
const TYPES: [Type; 13] = [
    Type::Any,
    Type::Bool,
    Type::Int,
    Type::Float,
    Type::Text,
    Type::Time,
    Type::Duration,
    Type::Months,
    Type::Hash,
    Type::Node,
    Type::List,
    Type::Map,
    Type::Path,
];
/// Lists, maps and texts within each other, read from the wire: records are no deeper.
const DEPTH_MAX: usize = 64;

impl Answer {
    /// Everything but the rows. Nodes and events are numbers in the rows; their names stand here.
    #[must_use]
    pub fn wire_head(&self) -> Json {
        let columns = self.columns.iter().map(|c| json!([c.name, c.column_type.name()]));
        let nodes = self.names.nodes.iter();
        let nodes = nodes.map(|(no, kind, name)| json!([no, kind.name(), name]));
        let events = self.names.events.iter();
        let events = events.map(|(event, name)| json!([event.batch, event.row, name]));
        let known = &self.completeness;
        json!({
            "columns": columns.collect::<Vec<_>>(), "total": self.total,
            "truncated": known.truncated.map(limit_json),
            "reasons": known.reasons.iter().map(reason_json).collect::<Vec<_>>(),
            "reason_count": known.reason_count,
            "commit": self.commit, "recorded": self.recorded, "now": self.now,
            "warnings": self.warnings, "edges_followed": self.edges_followed,
            "events_read": self.events_read, "format": self.format,
            "has_store": self.has_store(),
            "nodes": nodes.collect::<Vec<_>>(), "events": events.collect::<Vec<_>>(),
        })
    }

    /// Adds the line of one of its rows.
    pub fn push_wire(&self, out: &mut String, row: &[Value]) {
        out.push_str(&row.iter().map(value_json).collect::<Json>().to_string());
        out.push('\n');
    }

    /// The answer that a head and its rows were made from; none where this is no such answer.
    #[must_use]
    pub fn from_wire(head: &Json, rows: &[Json]) -> Option<Answer> {
        let columns = list(&head["columns"], |column| {
            let [name, kind] = column.as_array()?.as_slice() else { return None };
            let kind = kind.as_str()?;
            let column_type = TYPES.into_iter().find(|known| known.name() == kind)?;
            Some(Column { name: name.as_str()?.to_owned(), column_type })
        })?;
        let rows = rows.iter().map(|row| {
            let row = list(row, |value| value_of(value, 0))?;
            (row.len() == columns.len()).then_some(row)
        });
        let rows = rows.collect::<Option<Vec<_>>>()?;
        let nodes = list(&head["nodes"], |node| {
            let [no, kind, name] = node.as_array()?.as_slice() else { return None };
            let kind = Kind::parse(kind.as_str()?)?;
            Some((small(no)?, (kind, name.as_str()?.to_owned())))
        })?;
        let events = list(&head["events"], |event| {
            let [batch, row, name] = event.as_array()?.as_slice() else { return None };
            let event = EventRef { batch: small(batch)?, row: small(row)? };
            Some((event, name.as_str()?.to_owned()))
        })?;
        let names =
            Names { nodes: nodes.into_iter().collect(), events: events.into_iter().collect() };
        let truncated = match &head["truncated"] {
            Json::Null => None,
            limit => Some(limit_of(limit)?),
        };
        Some(Answer {
            columns,
            rows,
            total: head["total"].as_u64()?,
            completeness: Completeness {
                truncated,
                reasons: list(&head["reasons"], reason_of)?,
                reason_count: head["reason_count"].as_u64()?,
            },
            commit: head["commit"].as_u64()?,
            recorded: head["recorded"].as_i64()?,
            now: head["now"].as_i64()?,
            warnings: list(&head["warnings"], |text| Some(text.as_str()?.to_owned()))?,
            edges_followed: head["edges_followed"].as_u64()?,
            events_read: head["events_read"].as_u64()?,
            format: head["format"].as_str().map(str::to_owned),
            is_storeless: !head["has_store"].as_bool()?,
            names,
        })
    }
}

impl Picture {
    /// As it travels beside an answer.
    #[must_use]
    pub fn to_wire(&self) -> Json {
        let things = self.things.iter().map(|thing| {
            let (from, to) = thing.ran;
            json!([thing.kind.name(), thing.name, thing.missing, thing.time, from, to])
        });
        let lines = self.lines.iter();
        let lines = lines.map(|line| json!([line.from, line.relation.spec().name, line.to]));
        json!({ "things": things.collect::<Vec<_>>(), "lines": lines.collect::<Vec<_>>() })
    }

    /// The picture that this was made from; none where it is no such picture.
    #[must_use]
    pub fn from_wire(json: &Json) -> Option<Picture> {
        let things = list(&json["things"], |thing| {
            let [kind, name, missing, time, from, to] = thing.as_array()?.as_slice() else {
                return None;
            };
            Some(Thing {
                kind: Kind::parse(kind.as_str()?)?,
                name: name.as_str()?.to_owned(),
                missing: missing.as_bool()?,
                time: time.as_i64(),
                ran: (from.as_i64(), to.as_i64()),
            })
        })?;
        let lines = list(&json["lines"], |line| {
            let [from, relation, to] = line.as_array()?.as_slice() else { return None };
            let (relation, _) = Relation::parse(relation.as_str()?)?;
            let place = |at: &Json| {
                let at = usize::try_from(at.as_u64()?).ok()?;
                (at < things.len()).then_some(at)
            };
            Some(Line { from: place(from)?, relation, to: place(to)? })
        })?;
        Some(Picture { things, lines })
    }
}

fn list<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.as_array()?.iter().map(read).collect()
}

fn small(json: &Json) -> Option<u32> {
    u32::try_from(json.as_u64()?).ok()
}

/// Plain where JSON has such a thing; else an object with the type's name.
fn value_json(value: &Value) -> Json {
    match value {
        Value::Absent => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Float(number) if number.is_finite() => json!(number),
        Value::Float(number) => json!({ "float": number.to_string() }),
        Value::Text(text) => json!(text),
        Value::Time(time) => json!({ "time": time }),
        Value::Duration(length) => json!({ "duration": length }),
        Value::Months(months) => json!({ "months": months }),
        Value::Hash(hash) => {
            json!({ "hash": [hash.algorithm(), data_encoding::HEXLOWER.encode(hash.bytes())] })
        }
        Value::Bytes(bytes) => json!({ "bytes": data_encoding::HEXLOWER.encode(bytes) }),
        Value::Node(_) | Value::Event(_) => item_json(value),
        Value::List(items) => json!({ "list": items.iter().map(value_json).collect::<Json>() }),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| json!([key, value_json(value)]));
            json!({ "map": entries.collect::<Vec<_>>() })
        }
        Value::Path(path) => {
            let mut places = vec![item_json(&path.start.into())];
            for step in &path.steps {
                places.push(json!(step.word()));
                places.push(item_json(&step.to.into()));
            }
            json!({ "path": places })
        }
    }
}

fn item_json(item: &Value) -> Json {
    match item {
        Value::Node(node) => json!({ "node": node }),
        Value::Event(event) => json!({ "event": [event.batch, event.row] }),
        _ => Json::Null,
    }
}

fn value_of(json: &Json, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let object = match json {
        Json::Null => return Some(Value::Absent),
        Json::Bool(truth) => return Some(Value::Bool(*truth)),
        Json::String(text) => return Some(Value::Text(text.clone())),
        Json::Number(number) => {
            return match number.as_i64() {
                Some(number) => Some(Value::Int(number)),
                None => Some(Value::Float(number.as_f64()?)),
            };
        }
        Json::Array(_) => return None,
        Json::Object(object) => object,
    };
    let (name, inner) = object.iter().next().filter(|_| object.len() == 1)?;
    let hex = |json: &Json| data_encoding::HEXLOWER.decode(json.as_str()?.as_bytes()).ok();
    Some(match name.as_str() {
        "float" => Value::Float(inner.as_str()?.parse().ok()?),
        "time" => Value::Time(inner.as_i64()?),
        "duration" => Value::Duration(inner.as_i64()?),
        "months" => Value::Months(inner.as_i64()?),
        "hash" => {
            let [algorithm, digits] = inner.as_array()?.as_slice() else { return None };
            Value::Hash(HashValue::new(algorithm.as_str(), &hex(digits)?))
        }
        "bytes" => Value::Bytes(hex(inner)?),
        "node" | "event" => item_of(json)?.into(),
        "list" => Value::List(list(inner, |item| value_of(item, depth + 1))?),
        "map" => Value::Map(list(inner, |entry| {
            let [key, value] = entry.as_array()?.as_slice() else { return None };
            Some((key.as_str()?.to_owned(), value_of(value, depth + 1)?))
        })?),
        "path" => {
            let (start, steps) = inner.as_array()?.split_first()?;
            let steps = steps.chunks(2).map(|step| {
                let [word, to] = step else { return None };
                let (relation, direction): (Relation, Direction) = Relation::parse(word.as_str()?)?;
                Some(Step { relation, direction, to: item_of(to)? })
            });
            let (start, steps) = (item_of(start)?, steps.collect::<Option<_>>()?);
            Value::Path(Arc::new(Path { start, steps }))
        }
        _ => return None,
    })
}

fn item_of(json: &Json) -> Option<Item> {
    if let Some(node) = json.get("node") {
        return Some(Item::Node(NodeNo::try_from(node.as_u64()?).ok()?));
    }
    let [batch, row] = json.get("event")?.as_array()?.as_slice() else { return None };
    Some(Item::Event(EventRef { batch: small(batch)?, row: small(row)? }))
}

fn limit_json(limit: Limit) -> Json {
    match limit {
        Limit::Edges(most) => json!(["edges", most]),
        Limit::Rows(most) => json!(["rows", most]),
        Limit::Events(most) => json!(["events", most]),
        Limit::Bytes(most) => json!(["bytes", most]),
        Limit::Paths(most) => json!(["paths", most]),
        Limit::Deadline => json!(["deadline"]),
        Limit::Stopped => json!(["stopped"]),
    }
}

fn limit_of(json: &Json) -> Option<Limit> {
    let most = || json.get(1)?.as_u64();
    Some(match json.get(0)?.as_str()? {
        "edges" => Limit::Edges(most()?),
        "rows" => Limit::Rows(most()?),
        "events" => Limit::Events(most()?),
        "bytes" => Limit::Bytes(most()?),
        "paths" => Limit::Paths(most()?),
        "deadline" => Limit::Deadline,
        "stopped" => Limit::Stopped,
        _ => return None,
    })
}

fn reason_json(reason: &Reason) -> Json {
    let what = match reason.what {
        Uncertainty::Missing(kind, None) => json!(["missing", kind.name()]),
        Uncertainty::Missing(kind, Some(tool)) => json!(["missing", kind.name(), tool.name()]),
        Uncertainty::Conflict => json!(["conflict"]),
        Uncertainty::Roleless(None) => json!(["roleless"]),
        Uncertainty::Roleless(Some(tool)) => json!(["roleless", tool.name()]),
        Uncertainty::Unread(lines) => json!(["unread", lines]),
        Uncertainty::Unsealed(events) => json!(["unsealed", events]),
        Uncertainty::Unnoted(uses) => json!(["unnoted", uses]),
        Uncertainty::Erased(events) => json!(["erased", events]),
        Uncertainty::ErasedOfShared => json!(["erased_of_shared"]),
        Uncertainty::Restricted(events) => json!(["restricted", events]),
        Uncertainty::RestrictedValues(values) => json!(["restricted_values", values]),
        Uncertainty::ErasedValues(values) => json!(["erased_values", values]),
    };
    json!({
        "what": what, "node": reason.node, "name": reason.name, "fits": reason.fits,
        "referred_by": reason.referred_by,
    })
}

fn reason_of(json: &Json) -> Option<Reason> {
    let what = &json["what"];
    let what = match what.get(0)?.as_str()? {
        // A server of an earlier version names no tool.
        "missing" => Uncertainty::Missing(
            Kind::parse(what.get(1)?.as_str()?)?,
            what.get(2).and_then(Json::as_str).and_then(Tool::of_form),
        ),
        "conflict" => Uncertainty::Conflict,
        // A server of an earlier version names no tool.
        "roleless" => {
            Uncertainty::Roleless(what.get(1).and_then(Json::as_str).and_then(Tool::of_form))
        }
        "unread" => Uncertainty::Unread(what.get(1)?.as_u64()?),
        "unsealed" => Uncertainty::Unsealed(what.get(1)?.as_u64()?),
        "unnoted" => Uncertainty::Unnoted(what.get(1)?.as_u64()?),
        "erased" => Uncertainty::Erased(what.get(1)?.as_u64()?),
        "erased_of_shared" => Uncertainty::ErasedOfShared,
        "restricted" => Uncertainty::Restricted(what.get(1)?.as_u64()?),
        "restricted_values" => Uncertainty::RestrictedValues(what.get(1)?.as_u64()?),
        "erased_values" => Uncertainty::ErasedValues(what.get(1)?.as_u64()?),
        _ => return None,
    };
    let texts = |json: &Json| list(json, |text| Some(text.as_str()?.to_owned()));
    Some(Reason {
        what,
        node: small(&json["node"])?,
        name: json["name"].as_str()?.to_owned(),
        fits: texts(&json["fits"])?,
        referred_by: texts(&json["referred_by"])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of every kind, nested and at the ends of what it may be.
    fn values() -> Vec<Value> {
        let event = EventRef { batch: 3, row: u32::MAX };
        let step = |relation, direction, to| Step { relation, direction, to };
        vec![
            Value::Absent,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(1.0),
            Value::Float(-0.0),
            Value::Float(f64::INFINITY),
            Value::Text("ü\"\n".to_owned()),
            Value::Time(-1),
            Value::Duration(i64::MAX),
            Value::Months(3),
            Value::Hash(HashValue::new(None, &[0, 255])),
            Value::Hash(HashValue::new(Some("md5"), &[1])),
            Value::Bytes(vec![7]),
            Value::Node(5),
            Value::Event(event),
            Value::List(vec![Value::Node(5), Value::Absent]),
            Value::Map(vec![("k".to_owned(), Value::List(vec![Value::Float(0.1)]))]),
            Value::Path(Arc::new(Path {
                start: Item::Event(event),
                steps: vec![
                    step(Relation::ServedBy, Direction::Forward, Item::Node(5)),
                    step(Relation::Deploys, Direction::Inverse, Item::Node(6)),
                ],
            })),
        ]
    }

    fn answer() -> Answer {
        let row = values();
        let columns = (0..row.len())
            .map(|at| Column { name: format!("c{at}"), column_type: TYPES[at % TYPES.len()] });
        let reason = |what| Reason {
            what,
            node: 9,
            name: "model:a".to_owned(),
            fits: vec!["model:b".to_owned()],
            referred_by: vec!["run:c".to_owned()],
        };
        let reasons = [
            Uncertainty::Missing(Kind::Dataset, None),
            Uncertainty::Missing(Kind::Run, Some(Tool::Wandb)),
            Uncertainty::Conflict,
            Uncertainty::Roleless(None),
            Uncertainty::Roleless(Some(Tool::Dvc)),
            Uncertainty::Unread(4),
            Uncertainty::Erased(5),
            Uncertainty::ErasedOfShared,
            Uncertainty::Restricted(6),
            Uncertainty::RestrictedValues(7),
            Uncertainty::ErasedValues(8),
            Uncertainty::Unsealed(5),
            Uncertainty::Unnoted(6),
        ];
        Answer {
            columns: columns.collect(),
            rows: vec![row],
            total: 12,
            completeness: Completeness {
                truncated: Some(Limit::Paths(100)),
                reasons: reasons.map(reason).into(),
                reason_count: 40,
            },
            commit: 7,
            recorded: -5,
            now: 8,
            warnings: vec!["w".to_owned()],
            edges_followed: 1,
            events_read: 2,
            format: Some("csv".to_owned()),
            is_storeless: false,
            names: Names {
                nodes: [(5, (Kind::Model, "model:a".to_owned()))].into_iter().collect(),
                events: [(EventRef { batch: 3, row: 1 }, "inference:x".to_owned())].into(),
            },
        }
    }

    fn travelled(answer: &Answer) -> Option<Answer> {
        let mut lines = String::new();
        answer.rows.iter().for_each(|row| answer.push_wire(&mut lines, row));
        let rows: Vec<Json> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let head: Json = serde_json::from_str(&answer.wire_head().to_string()).unwrap();
        Answer::from_wire(&head, &rows)
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        let mut answer = answer();
        let limits = [Limit::Edges(1), Limit::Rows(2), Limit::Events(3), Limit::Bytes(4)];
        let others = [Limit::Deadline, Limit::Stopped];
        for limit in limits.into_iter().chain(others) {
            answer.completeness.truncated = Some(limit);
            assert_eq!(travelled(&answer).as_ref(), Some(&answer));
        }
        answer.completeness.truncated = None;
        answer.is_storeless = true;
        let came = travelled(&answer).unwrap();
        assert_eq!(came, answer);
        assert_eq!(came.hash(), answer.hash());
    }

    #[test]
    fn a_picture_travels_and_a_line_to_nowhere_does_not() {
        let thing = |name: &str| Thing {
            kind: Kind::Run,
            name: name.to_owned(),
            missing: true,
            time: None,
            ran: (Some(1), Some(2)),
        };
        let line = Line { from: 1, relation: Relation::TrainedOn, to: 0 };
        let picture = Picture { things: vec![thing("a"), thing("b")], lines: vec![line] };
        let mut wire = picture.to_wire();
        assert_eq!(Picture::from_wire(&wire), Some(picture));
        wire["lines"][0][2] = json!(2);
        assert_eq!(Picture::from_wire(&wire), None);
    }

    #[test]
    fn what_is_no_answer_is_refused_and_nothing_overflows() {
        let head = answer().wire_head();
        for row in [json!([]), json!([{ "node": 5 }]), json!("x"), json!([[1]])] {
            assert_eq!(Answer::from_wire(&head, &[row]), None);
        }
        for name in ["columns", "total", "nodes", "has_store", "reasons"] {
            let mut head = answer().wire_head();
            head[name] = json!("x");
            assert_eq!(Answer::from_wire(&head, &[]), None, "{name}");
        }
        let mut deep = json!(1);
        for _ in 0..=DEPTH_MAX {
            deep = json!({ "list": [deep] });
        }
        assert_eq!(value_of(&deep, 0), None);
    }
}

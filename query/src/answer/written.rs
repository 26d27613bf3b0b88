//! An answer written as JSON straight into bytes. [`Answer::to_json`] is the form that this must give;
//! for a server that answers often its tree of values costs more than the question
//! (`benches/load/run.py`).

use serde_json::{Value as Json, json};

use super::Answer;
use crate::value::{Item, Path, Value};

impl Answer {
    /// Adds what [`Answer::to_json`] gives, with more members behind it. Names of members are those
    /// of programs: letters and underlines.
    pub fn write_json(&self, out: &mut Vec<u8>, more: &[(&str, Json)]) {
        out.extend_from_slice(b"{\"columns\":");
        list(out, &self.columns, |out, column| text(out, &column.name));
        out.extend_from_slice(b",\"rows\":");
        list(out, &self.rows, |out, row| list(out, row, |out, value| self.write(out, value)));
        let about = self.about();
        for (name, value) in about.as_object().into_iter().flatten() {
            member(out, name, value);
        }
        member(out, "hash", &json!(self.hash()));
        for (name, value) in more {
            member(out, name, value);
        }
        out.push(b'}');
    }

    /// One value, as [`Answer::json`] has it.
    fn write(&self, out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Text(content) => text(out, content),
            Value::Node(node) => text(out, self.node_name(*node)),
            Value::Event(event) => text(out, self.event_name(*event)),
            Value::List(items) => list(out, items, |out, item| self.write(out, item)),
            Value::Path(path) => self.write_path(out, path),
            // Few answers hold many of the others.
            other => put(out, &self.json(other)),
        }
    }

    fn write_path(&self, out: &mut Vec<u8>, path: &Path) {
        let item = |out: &mut Vec<u8>, item: Item| text(out, self.item_name(item));
        out.extend_from_slice(b"{\"nodes\":[");
        item(out, path.start);
        for step in &path.steps {
            out.push(b',');
            item(out, step.to);
        }
        out.extend_from_slice(b"],\"edges\":");
        list(out, &path.steps, |out, step| text(out, step.word()));
        out.push(b'}');
    }
}

fn list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn member(out: &mut Vec<u8>, name: &str, value: &Json) {
    out.push(b',');
    text(out, name);
    out.push(b':');
    put(out, value);
}

fn text(out: &mut Vec<u8>, content: &str) {
    // A Vec takes everything.
    let _ = serde_json::to_writer(out, content);
}

fn put(out: &mut Vec<u8>, value: &Json) {
    // As above.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Completeness, Names};
    use crate::plan::{Column, Type};
    use crate::value::{HashValue, Step};
    use lineal_engine::schema::{Direction, Kind, Relation};
    use std::sync::Arc;

    #[test]
    fn what_is_written_is_what_the_tree_of_values_says() {
        let name = |name: &str| (Kind::Model, name.to_owned());
        let nodes = [(1, name("model:\"a\\b\"@1")), (2, name("run:ü\u{1}\u{2028}"))].into();
        let step = Step {
            relation: Relation::ProducedBy,
            direction: Direction::Forward,
            to: Item::Node(2),
        };
        let path = Path { start: Item::Node(1), steps: vec![step] };
        let values = [
            Value::Absent,
            Value::Bool(true),
            Value::Int(-7),
            Value::Float(0.1),
            Value::Float(1e300),
            Value::Float(f64::NAN),
            Value::Text("a\"\n\u{7f}é".to_owned()),
            Value::Time(1_700_000_000_000_000_001),
            Value::Duration(90_000_000_000),
            Value::Months(3),
            Value::Hash(HashValue::new(Some("sha256"), &[1; 32])),
            Value::Bytes(vec![0, 255]),
            Value::Node(1),
            Value::List(vec![Value::Int(1), Value::Text(String::new())]),
            Value::Map(vec![("k".to_owned(), Value::Node(2))]),
            Value::Path(Arc::new(path)),
            Value::Path(Arc::new(Path { start: Item::Node(2), steps: Vec::new() })),
        ];
        let column = |name: &str| Column { name: name.to_owned(), column_type: Type::Any };
        let mut answer = Answer {
            columns: vec![column("it"), column("b")],
            rows: values.into_iter().map(|value| vec![value, Value::Int(1)]).collect(),
            total: 99,
            completeness: Completeness::default(),
            commit: 4,
            recorded: 5,
            now: 6,
            warnings: vec!["one".to_owned()],
            edges_followed: 7,
            events_read: 8,
            format: None,
            is_storeless: false,
            names: Names { nodes, ..Names::default() },
        };
        answer.completeness.tell_unsealed(2, 0);
        let same = |answer: &Answer| {
            let mut tree = answer.to_json();
            tree["next"] = Json::Null;
            tree["first"] = json!(3);
            let mut bytes = b"before ".to_vec();
            answer.write_json(&mut bytes, &[("next", Json::Null), ("first", json!(3))]);
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("before {tree}"));
        };
        same(&answer);
        answer.rows.clear();
        answer.columns.clear();
        answer.is_storeless = true;
        same(&answer);
    }
}

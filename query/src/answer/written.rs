//! A whole answer as the bytes of its JSON, without a tree of values between: the names of a long
//! answer are copied once. Held to [`Answer::to_json`] by a test.

use serde_json::Value as Json;

use super::{Answer, Table};
use crate::value::{Item, Path, Value, push_time};

/// What a caller says of an answer beside what it says itself.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'a> {
    /// A list of words.
    Words(&'a [&'a str]),
    /// A number.
    Number(u64),
    /// A text, or null.
    Text(Option<&'a str>),
}

const NULL: &[u8] = b"null";
/// Bytes that most answers need beside their rows: asked for at once, with those of the names.
const ABOUT_BYTES: usize = 640;
/// Bytes around a name: quotes, a comma, brackets.
const PLACE_BYTES: usize = 5;

impl Answer {
    /// The answer for programs, as [`Answer::to_json`] has it, and behind that the members that the
    /// caller adds.
    pub fn write_json(&self, out: &mut Vec<u8>, beside: &[(&str, Beside<'_>)]) {
        self.write(out, self.rows.iter().map(Vec::as_slice), self.rows.len(), beside);
    }

    /// The same of an answer whose rows are followed by those of a table ([`crate::Prepared::look_on`]):
    /// so many of them all, after so many that are left out.
    pub fn write_json_with(
        &self,
        out: &mut Vec<u8>,
        table: &Table,
        (skip, most): (usize, usize),
        beside: &[(&str, Beside<'_>)],
    ) {
        let rows = self.rows.iter().map(Vec::as_slice).chain(table.rows());
        let count = (self.rows.len() + table.len()).saturating_sub(skip).min(most);
        self.write(out, rows.skip(skip).take(most), count, beside);
    }

    fn write<'r>(
        &self,
        out: &mut Vec<u8>,
        rows: impl Iterator<Item = &'r [Value]>,
        count: usize,
        beside: &[(&str, Beside<'_>)],
    ) {
        let names = self.names.nodes.bytes() + count * PLACE_BYTES * self.columns.len();
        out.reserve(ABOUT_BYTES + names);
        out.extend_from_slice(b"{\"columns\":");
        list(out, &self.columns, |out, column| text(out, &column.name));
        out.extend_from_slice(b",\"rows\":");
        // All names are looked at together: one by one they are too short for that to be fast.
        let are_plain = is_plain(self.names.nodes.text());
        // Written and hashed in one go: each name is looked up once.
        let (mut digest, mut place) = (self.digest(count), 0);
        list(out, rows, |out, row| {
            // Most questions list nodes of one variable: a row is then written in one go.
            if let ([Value::Node(node)], true) = (row, are_plain) {
                let name = self.names.nodes.near(*node, &mut place);
                digest.row_of_node(name);
                return row_of_name(out, name);
            }
            digest.row(row.len());
            list(out, row, |out, value| match value {
                Value::Node(node) => {
                    let name = self.names.nodes.near(*node, &mut place);
                    digest.node(name);
                    match are_plain {
                        true => quoted(out, name),
                        false => text(out, name),
                    }
                }
                other => {
                    self.add(&mut digest, other);
                    self.write_value(out, other);
                }
            });
        });
        self.write_about(out);
        out.extend_from_slice(b",\"hash\":");
        text(out, &digest.finish());
        for (name, said) in beside {
            out.push(b',');
            text(out, name);
            out.push(b':');
            match said {
                Beside::Words(words) => list(out, *words, |out, word| text(out, word)),
                Beside::Number(value) => number(out, *value),
                Beside::Text(said) => text_or_null(out, *said),
            }
        }
        out.push(b'}');
    }

    /// The members of [`Answer::about`], each after a comma.
    fn write_about(&self, out: &mut Vec<u8>) {
        let known = &self.completeness;
        out.extend_from_slice(b",\"total\":");
        number(out, self.total);
        out.extend_from_slice(b",\"completeness\":{\"state\":");
        text(out, known.state().name());
        out.extend_from_slice(b",\"truncated_by\":");
        text_or_null(out, known.truncated.map(|limit| limit.to_string()).as_deref());
        out.extend_from_slice(b",\"reasons\":");
        list(out, &known.reasons, |out, reason| text(out, &reason.to_string()));
        out.extend_from_slice(b",\"reason_count\":");
        number(out, known.reason_count);
        out.extend_from_slice(b"},\"commit\":");
        match self.has_store() {
            true => number(out, self.commit),
            false => out.extend_from_slice(NULL),
        }
        out.extend_from_slice(b",\"recorded\":");
        match self.has_store() {
            true => time(out, self.recorded),
            false => out.extend_from_slice(NULL),
        }
        out.extend_from_slice(b",\"now\":");
        time(out, self.now);
        out.extend_from_slice(b",\"warnings\":");
        list(out, &self.warnings, |out, warning| text(out, warning));
        out.extend_from_slice(b",\"edges_followed\":");
        number(out, self.edges_followed);
        out.extend_from_slice(b",\"events_read\":");
        number(out, self.events_read);
    }

    /// One value, as [`Answer::json`] has it.
    fn write_value(&self, out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Text(content) => text(out, content),
            Value::Node(node) => text(out, self.node_name(*node)),
            Value::Event(event) => text(out, self.event_name(*event)),
            Value::List(items) => list(out, items, |out, item| self.write_value(out, item)),
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

fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn text(out: &mut Vec<u8>, content: &str) {
    if is_plain(content) {
        return quoted(out, content);
    }
    // A Vec takes everything.
    let _ = serde_json::to_writer(out, content);
}

/// Needs nothing of it an escape? Most names are plain: they are copied in one piece and not looked at
/// byte by byte. No branch on the way, so that the machine looks at many bytes at once.
fn is_plain(content: &str) -> bool {
    let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    !content.bytes().fold(false, |any, byte| any | escaped(byte))
}

/// A text that needs no escape.
fn quoted(out: &mut Vec<u8>, content: &str) {
    out.reserve(content.len() + 2);
    out.push(b'"');
    out.extend_from_slice(content.as_bytes());
    out.push(b'"');
}

/// A row of one text that needs no escape.
fn row_of_name(out: &mut Vec<u8>, name: &str) {
    out.reserve(name.len() + 4);
    out.extend_from_slice(b"[\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\"]");
}

fn text_or_null(out: &mut Vec<u8>, content: Option<&str>) {
    match content {
        Some(content) => text(out, content),
        None => out.extend_from_slice(NULL),
    }
}

fn time(out: &mut Vec<u8>, time: i64) {
    out.push(b'"');
    push_time(out, time);
    out.push(b'"');
}

fn number(out: &mut Vec<u8>, number: u64) {
    // As above. It knows a faster way than `fmt`.
    let _ = serde_json::to_writer(out, &number);
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
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn what_is_written_is_what_the_tree_of_values_says() {
        let name = |name: &str| (Kind::Model, name.to_owned());
        let nodes = [(1, name("model:\"a\\b\"@1")), (2, name("run:ü\u{1}\u{2028}"))];
        let nodes = nodes.into_iter().collect();
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
            tree["then"] = json!("\"");
            tree["first"] = json!(3);
            tree["types"] = json!(["a", "b"]);
            let mut bytes = b"before ".to_vec();
            let beside = [
                ("next", Beside::Text(None)),
                ("then", Beside::Text(Some("\""))),
                ("first", Beside::Number(3)),
                ("types", Beside::Words(&["a", "b"])),
            ];
            answer.write_json(&mut bytes, &beside);
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("before {tree}"));
            // The same rows, most of them in a table, and a row before and behind that is left out.
            let (mut parted, mut table) = (answer.clone(), Table::empty());
            let spare = || vec![Value::Absent; answer.columns.len()];
            let mut behind = parted.rows.split_off(answer.rows.len().min(2));
            parted.rows.insert(0, spare());
            behind.push(spare());
            let values = behind.into_iter().flatten();
            let known = Completeness::default();
            table.refill(answer.columns.len(), 0, known, |all| all.extend(values));
            let mut bytes = b"before ".to_vec();
            parted.write_json_with(&mut bytes, &table, (1, answer.rows.len()), &beside);
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("before {tree}"));
        };
        same(&answer);
        answer.completeness.truncated = Some(crate::limits::Limit::Rows(3));
        same(&answer);
        answer.rows.clear();
        answer.columns.clear();
        answer.is_storeless = true;
        same(&answer);
    }

    #[test]
    fn rows_of_one_node_are_written_and_hashed_as_all_others() {
        for other in ["run:b", "run:\"b", "run:b\u{1}", ""] {
            let named = |name: &str| (Kind::Run, name.to_owned());
            let nodes = [(1, named("run:a")), (2, named(other))].into_iter().collect();
            let answer = Answer {
                columns: vec![Column { name: "run".to_owned(), column_type: Type::Any }],
                rows: [1, 2, 1, 3].map(|node| vec![Value::Node(node)]).into(),
                names: Names { nodes, ..Names::default() },
                total: 4,
                completeness: Completeness::default(),
                commit: 1,
                recorded: 2,
                now: 3,
                warnings: Vec::new(),
                edges_followed: 0,
                events_read: 0,
                format: None,
                is_storeless: false,
            };
            let mut bytes = Vec::new();
            answer.write_json(&mut bytes, &[]);
            assert_eq!(String::from_utf8(bytes).unwrap(), answer.to_json().to_string(), "{other}");
        }
    }
}

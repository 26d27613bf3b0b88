//! One entry of the trail: what it holds, its form in the journal, and the node that it becomes
//! (docs/format.md, sections 4 and 6).

use super::tally::Tally;
use super::weight::outcome;
use lineal_engine::schema::Kind;
use lineal_engine::{Error, NodeDraft, Result, Saying, SealedField, Store};
use lineal_proof::{Key, KeyPart, Map, Value, cbor};

/// Who speaks in the trail, and in which form.
const SOURCE: &str = "trail";
const FORM: &str = "access";
/// Bytes of a question or of parameters that are kept; of a longer text its digest is.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// A use of a store, or a count of uses.
#[derive(Clone, Default, Debug)]
pub(crate) struct Use {
    /// When, ns since 1970 UTC; of a count the begin of its minute.
    pub(crate) time: i64,
    /// `use`, `count`, `job`, `start`, `stop`, or what became of a token.
    pub(crate) what: &'static str,
    /// The id of the token, where one is known.
    pub(crate) token: Option<String>,
    pub(crate) role: Option<&'static str>,
    pub(crate) case: Option<String>,
    /// The store that was meant, where the trail stands in another.
    pub(crate) store: Option<String>,
    /// Method and path, as the table of endpoints has them.
    pub(crate) endpoint: Option<String>,
    /// The digest of the question's shape.
    pub(crate) plan: Option<String>,
    pub(crate) status: Option<u16>,
    /// `answered`, `denied` or `failed`.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) count: u64,
    pub(crate) results: Option<u64>,
    pub(crate) before: Option<u64>,
    pub(crate) after: Option<u64>,
    /// The job that was taken on, or that ended.
    pub(crate) job: Option<String>,
    /// To be sealed: the question, or path and parameters of the request.
    pub(crate) question: Option<String>,
    /// To be sealed: the values of the question's parameters, or what a write was asked to do.
    pub(crate) given: Option<String>,
    /// To be sealed: where it came from.
    pub(crate) address: Option<String>,
    /// To be sealed: who it was, where an identity provider says so.
    pub(crate) person: Option<String>,
}

impl Use {
    /// What happens to the server or to a token.
    pub(super) fn mark(what: &'static str, time: i64, commit: u64) -> Use {
        let (before, after) = (Some(commit), Some(commit));
        Use { time, what, count: 1, before, after, ..Use::default() }
    }
}

impl From<Tally> for Use {
    fn from(tally: Tally) -> Use {
        let Tally { minute, counted, count, results } = tally;
        let status = Some(counted.status);
        Use {
            time: minute,
            what: "count",
            token: counted.token,
            role: counted.role,
            store: counted.store,
            endpoint: Some(counted.endpoint),
            plan: counted.plan,
            outcome: status.map(outcome),
            status,
            count,
            results: (results > 0).then_some(results),
            ..Use::default()
        }
    }
}

/// An entry with its place.
#[derive(PartialEq, Debug)]
pub(super) struct Entry {
    start: String,
    place: i64,
    fields: Map,
    /// What is sealed, by field.
    sealed: Map,
}

impl Entry {
    pub(super) fn of(each: Use, start: &str, place: u64) -> Entry {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name, value);
            }
        };
        let number = |number: u64| Value::Int(number.into());
        put("time", Some(Value::Int(each.time.into())));
        put("what", Some(Value::text(each.what)));
        put("token", each.token.map(Value::Text));
        put("role", each.role.map(Value::text));
        put("case", each.case.map(Value::Text));
        put("store", each.store.map(Value::Text));
        put("endpoint", each.endpoint.map(Value::Text));
        put("plan", each.plan.map(Value::Text));
        put("outcome", each.outcome.map(Value::text));
        put("http_status", each.status.map(|status| number(status.into())));
        put("count", Some(number(each.count)));
        put("results", each.results.map(number));
        put("before", each.before.map(number));
        put("after", each.after.map(number));
        put("job", each.job.map(Value::Text));
        let mut sealed = Map::new();
        let secrets = [
            ("question", each.question),
            ("given", each.given),
            ("address", each.address),
            ("person", each.person),
        ];
        for (name, text) in secrets {
            if let Some(text) = text {
                sealed.insert(name, Value::Text(bounded(text)));
            }
        }
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        Entry { start: start.to_owned(), place, fields, sealed }
    }

    /// As it stands in the journal: what will be sealed is no more legible there.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the store's seeds.
    pub(super) fn veiled(&self, store: &Store) -> Result<Vec<u8>> {
        let veiled = if self.sealed.is_empty() {
            Value::Null
        } else {
            let plain = cbor::encode(&Value::Map(self.sealed.clone()));
            Value::Bytes(store.veil(&name(&self.start, self.place), &plain)?)
        };
        let (start, place) = (Value::text(&self.start), Value::Int(self.place.into()));
        let fields = Value::Map(self.fields.clone());
        Ok(cbor::encode(&Value::List(vec![start, place, fields, veiled])))
    }

    /// Reads what [`Entry::veiled`] wrote.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is no entry, or not of this store; [`Error::NoKey`].
    pub(super) fn read(bytes: &[u8], store: &Store) -> Result<Entry> {
        let wrong = || Error::Corrupt {
            file: "trail".to_owned(),
            at: 0,
            rule: "an entry is start, place, fields and what is veiled".to_owned(),
        };
        let Ok(Value::List(items)) = cbor::decode(bytes) else { return Err(wrong()) };
        let Ok([Value::Text(start), Value::Int(place), Value::Map(fields), veiled]) =
            <[Value; 4]>::try_from(items)
        else {
            return Err(wrong());
        };
        let place = i64::try_from(place).map_err(|_| wrong())?;
        let sealed = match veiled {
            Value::Null => Map::new(),
            Value::Bytes(veiled) => {
                let plain = store.unveil(&name(&start, place), &veiled)?;
                match cbor::decode(&plain) {
                    Ok(Value::Map(sealed)) => sealed,
                    _ => return Err(wrong()),
                }
            }
            _ => return Err(wrong()),
        };
        Ok(Entry { start, place, fields, sealed })
    }

    /// As a node, and who says it.
    pub(super) fn node(self) -> (Saying, NodeDraft) {
        let observed_at = self.fields.get("time").and_then(Value::as_i64).unwrap_or_default();
        let saying = Saying { source: SOURCE.to_owned(), form: FORM.to_owned(), observed_at };
        let key = Key::new(vec![KeyPart::Text(self.start), KeyPart::Int(self.place)]);
        let mut draft = NodeDraft::new(Kind::Access, key);
        draft.fields = self.fields;
        draft.sealed = self
            .sealed
            .into_iter()
            .map(|(field, value)| SealedField { field, value, actor: None })
            .collect();
        (saying, draft)
    }
}

/// What an entry is called where its secrets are veiled.
fn name(start: &str, place: i64) -> Vec<u8> {
    cbor::encode(&Value::List(vec![Value::text(start), Value::Int(place.into())]))
}

/// A text, or the begin of one that is too long, with its length and digest.
fn bounded(text: String) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    let (length, digest) = (text.len(), lineal_proof::Hash::of(text.as_bytes()));
    let end = (0..=TEXT_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{} ... cut: {length} bytes, blake3 {digest}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::Options;

    fn entry() -> Entry {
        let each = Use {
            time: 7,
            what: "use",
            role: Some("auditor"),
            status: Some(200),
            count: 1,
            question: Some("find model:secret".to_owned()),
            ..Use::default()
        };
        Entry::of(each, "0011", 3)
    }

    #[test]
    fn an_entry_is_read_as_it_was_written_and_hides_what_will_be_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("s"), Options::default()).unwrap();
        let bytes = entry().veiled(&store).unwrap();
        assert!(!bytes.windows(6).any(|six| six == b"secret"));
        assert_eq!(Entry::read(&bytes, &store).unwrap(), entry());
        let other = Store::create(folder.path().join("t"), Options::default()).unwrap();
        assert!(Entry::read(&bytes, &other).is_err(), "another store has other keys");
        assert!(Entry::read(b"\x80", &store).is_err());
    }

    #[test]
    fn a_text_that_is_too_long_leaves_its_begin_length_and_digest() {
        let text = "ä".repeat(TEXT_BYTES_MAX);
        let kept = bounded(text.clone());
        assert!(kept.len() < TEXT_BYTES_MAX + 128 && kept.starts_with("ää"));
        assert!(kept.contains(&lineal_proof::Hash::of(text.as_bytes()).to_string()), "{kept:?}");
        assert_eq!(bounded("short".to_owned()), "short");
    }
}

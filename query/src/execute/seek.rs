//! Keys, ids and parameters to nodes and events. What is not found is an error, never an empty
//! set: "no data" and "unknown key" are different findings.

use std::rc::Rc;

use lineal_engine::schema::Kind;

use super::item_set::ItemSet;
use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::error::{Code, Mistake, Said, Span};
use crate::parse::parse_hash_text;
use crate::plan::{KeySource, Kinds, SetId, SetSource};
use crate::source::{NodeNo, Source};
use crate::value::Value;

/// Fewest digits of an id prefix: fewer are ambiguous in any store worth asking.
const ID_DIGITS_MIN: usize = 6;
/// Digits of a whole id.
const ID_DIGITS: usize = 64;
/// Why a shortened id is refused where it is.
const WHOLE: &str = "what is unique today need not be so tomorrow; answers give ids whole";
/// Candidates that an error lists.
const CANDIDATES_MAX: usize = 5;

impl<'a, S: Source> Executor<'a, S> {
    /// The set of that number; looked up once a run, unless it varies from row to row.
    pub(super) fn set(&mut self, id: SetId) -> Run<Rc<ItemSet>> {
        if let Some(Some(known)) = self.sets.get(id) {
            return Ok(known.clone());
        }
        let Some(definition) = self.plan.sets.get(id) else { return Ok(Rc::default()) };
        let span = definition.span;
        let found = match &definition.source {
            SetSource::Key(KeySource::Text(text)) => self.key(definition.kinds, text, span)?,
            SetSource::Key(KeySource::Parameter(place)) => {
                self.with_parameter_text(*place, |run, text| run.key(definition.kinds, text, span))?
            }
            SetSource::Id(digits) => self.id(digits, span)?,
            SetSource::Parameter(place) => {
                self.with_parameter_text(*place, |run, text| run.reference_text(text, span))?
            }
            SetSource::Find(find) => {
                // Its own reasons are looked for apart from its rows.
                let noting = std::mem::replace(&mut self.noting, false);
                let rows = self.find_rows(find);
                self.noting = noting;
                first_items(&rows?)
            }
            SetSource::Slot(slot) => ItemSet::one(self.bound_item(*slot)),
        };
        let found = self.shared(found);
        if !definition.correlated
            && let Some(place) = self.sets.get_mut(id)
        {
            *place = Some(found.clone());
        }
        Ok(found)
    }

    /// Does something with a parameter where a key stands, as text.
    fn with_parameter_text<T>(
        &mut self,
        place: usize,
        work: impl FnOnce(&mut Self, &str) -> Run<T>,
    ) -> Run<T> {
        // Taken out meanwhile, so that no text is copied.
        let Some(own) = self.parameters.get_mut(place) else { return work(self, "") };
        let value = std::mem::replace(own, Value::Absent);
        let done = match &value {
            Value::Text(text) => work(self, text),
            Value::Int(number) => work(self, &number.to_string()),
            Value::Hash(hash) => work(self, &hash.text()),
            _ => work(self, ""),
        };
        if let Some(own) = self.parameters.get_mut(place) {
            *own = value;
        }
        done
    }

    /// `kind:key`, `#id`, a bare hash or a bare key.
    pub(super) fn reference_text(&mut self, text: &str, span: Span) -> Run<ItemSet> {
        if let Some(digits) = text.strip_prefix('#') {
            return self.id(&digits.to_ascii_lowercase(), span);
        }
        if let Some((word, key)) = text.split_once(':') {
            let kind = Kind::parse(word);
            if kind.is_some() || word.eq_ignore_ascii_case("node") {
                let key = lineal_engine::unquoted(key);
                return self.key(Kinds::of(kind), &key, span);
            }
        }
        if parse_hash_text(text).is_some() {
            let events = self.events_of(text)?;
            if !events.is_empty() {
                return Ok(events);
            }
        }
        self.key(Kinds::nodes(), text, span)
    }

    /// What a key names. Several nodes are meant only where the key leaves the version out.
    fn key(&mut self, kinds: Kinds, text: &str, span: Span) -> Run<ItemSet> {
        if kinds.single() == Some(Kind::Inference) {
            let found = self.events_of(text)?;
            if found.is_empty() {
                let missing = Box::new(self.no_event(text, span));
                return Err(Stop::Error(self.or_look_alike_event(missing, text)?.into()));
            }
            return Ok(found);
        }
        let kind = kinds.single();
        let mut found = self.list();
        self.source.find_into(kind, text, &mut found.nodes);
        found.arrange();
        match found.nodes.as_slice() {
            [] => Err(self.no_node(kind, text, span).into()),
            [_] => Ok(found),
            several if self.leaves_version_out(kind, text, several) => Ok(found),
            several => Err(self.several(several, &format!("`{text}`"), span).into()),
        }
    }

    /// Is the key a bare name of a kind that has versions, so that all of them are meant?
    fn leaves_version_out(&self, kind: Option<Kind>, text: &str, nodes: &[NodeNo]) -> bool {
        if kind.is_some_and(|kind| self.source.is_family(kind, text)) {
            return true;
        }
        match kind {
            Some(Kind::Model | Kind::Dataset | Kind::Document) => {
                // A digest that two data sets share is no name: the names tell.
                nodes.iter().all(|node| {
                    let name = self.source.name_of(*node);
                    let key = name.split_once(':').map_or("", |(_, key)| key);
                    let key = lineal_engine::unquoted(key);
                    let base = key.rsplit_once('@').map_or(key.as_str(), |(base, _)| base);
                    base == text
                        || base.strip_suffix(text).is_some_and(|before| before.ends_with('/'))
                })
            }
            Some(Kind::Deployment) => !text.contains('@'),
            _ => false,
        }
    }

    /// Events by a hash, else by an id.
    fn events_of(&mut self, text: &str) -> Run<ItemSet> {
        let mut events = self.list();
        if let Some(hash) = parse_hash_text(text) {
            let (algorithm, bytes) = (hash.algorithm(), hash.bytes());
            let found = &mut events.events;
            self.source.events_by_hash_into(algorithm, bytes, found).map_err(store)?;
            // With its algorithm named it is a hash and no id; ids are not searched for it.
            if !events.is_empty() || algorithm.is_some() {
                events.arrange();
                self.visit_many(&events.events);
                return Ok(events);
            }
        }
        events.events.extend(self.source.events_by_id(text).map_err(store)?);
        events.arrange();
        Ok(events)
    }

    pub(super) fn id(&mut self, digits: &str, span: Span) -> Run<ItemSet> {
        if digits.len() < ID_DIGITS_MIN {
            return Err(Mistake::new(
                Code::Short,
                span,
                format!("an id prefix has at least {ID_DIGITS_MIN} digits"),
            )
            .into());
        }
        if self.source.takes_whole_ids() && digits.len() < ID_DIGITS {
            let message = format!("an id is written whole here, all {ID_DIGITS} digits");
            return Err(Mistake::new(Code::Short, span, message).hint(WHOLE).into());
        }
        let nodes = self.source.find_id(digits);
        match nodes.as_slice() {
            [] => Err(Mistake::new(
                Code::NotFound,
                span,
                format!("no recorded revision has an id that begins with {digits}"),
            )
            .into()),
            [_] => Ok(ItemSet::of(nodes, Vec::new())),
            several => Err(self.several(several, &format!("#{digits}"), span).into()),
        }
    }

    fn no_node(&self, kind: Option<Kind>, text: &str, span: Span) -> Mistake {
        let word = kind.map_or("node", Kind::name);
        let mistake =
            Mistake::new(Code::NotFound, span, format!("no {word} is recorded as `{text}`"));
        if let Some(mistake) = self.or_look_alike(mistake.clone(), kind, text) {
            return mistake;
        }
        let near = self.source.near(kind, text);
        match near.as_slice() {
            [] if self.source.takes_whole_ids() && is_shortened(text) => {
                mistake.hint(format!("ids are written whole here: {WHOLE}"))
            }
            [] => {
                let count = kind.map_or(self.source.node_count(), |kind| {
                    let range = self.source.nodes_of(kind);
                    range.end.saturating_sub(range.start)
                });
                mistake.hint(format!(
                    "{count} of that kind are recorded; `find {word} limit 10` lists some"
                ))
            }
            names => {
                // A replacement may be put in its place unread, so it names the same version.
                let same = names.iter().find_map(|name| self.of_version(kind, text, name));
                match (same, names) {
                    (Some(same), [_]) => mistake.replace(same),
                    (Some(same), several) => {
                        let hint = format!("these look alike: {}", several.join(", "));
                        mistake.hint(hint).replace(same)
                    }
                    (None, several) => {
                        mistake.hint(format!("these look alike: {}", several.join(", ")))
                    }
                }
            }
        }
    }

    /// A name that looks like a text, of the version that the text says; none where no such thing
    /// is recorded.
    fn of_version(&self, kind: Option<Kind>, text: &str, near: &str) -> Option<String> {
        let Some((_, version)) = text.rsplit_once('@') else { return Some(near.to_owned()) };
        let (word, key) = near.split_once(':')?;
        let key = lineal_engine::unquoted(key);
        match key.rsplit_once('@') {
            Some((_, own)) if own == version => Some(near.to_owned()),
            Some((base, _)) => {
                let kind = kind.or_else(|| Kind::parse(word));
                let nodes = self.source.find(kind, &format!("{base}@{version}"));
                let [node] = nodes.as_slice() else { return None };
                Some(self.source.name_of(*node))
            }
            None => Some(near.to_owned()),
        }
    }

    #[inline]
    fn no_event(&self, text: &str, span: Span) -> Mistake {
        let batches = self.source.nodes_of(Kind::Batch);
        let count = batches.end.saturating_sub(batches.start);
        let spanned = self.source.events_span();
        let hint = match spanned {
            _ if is_shortened(text) => {
                "events are found by a whole hash or id: they are looked up under a key that a part \
                 of a hash does not make"
                    .into()
            }
            Some((first, last)) => {
                let of_each = self.source.unshown().iter().map(|of| of.erased + of.restricted);
                Said::Searched { batches: count, first, last, unshown: of_each.sum() }
            }
            None => "no events are recorded at all; import the logs first".into(),
        };
        // Made in one go: each move of a mistake copies more than two lines of the cache.
        let (code, message) = (Code::NotFound, Said::NoEvent(text.into()));
        Mistake { code, span, message, hint: Some(hint), replacement: None }
    }

    /// An error that lists what a key fits.
    pub(super) fn several(&self, nodes: &[NodeNo], what: &str, span: Span) -> Mistake {
        let mut names: Vec<String> =
            nodes.iter().take(CANDIDATES_MAX).map(|node| self.source.name_of(*node)).collect();
        let more = nodes.len().saturating_sub(CANDIDATES_MAX);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        Mistake::new(Code::Several, span, format!("{what} fits {} nodes", nodes.len()))
            .hint(format!("write one of: {}", names.join(", ")))
    }
}

/// The nodes and events in the first column.
pub(super) fn first_items(rows: &RowSet) -> ItemSet {
    let (mut nodes, mut events) = (Vec::new(), Vec::new());
    for row in rows.iter() {
        match row.values.first() {
            Some(Value::Node(node)) => nodes.push(*node),
            Some(Value::Event(event)) => events.push(*event),
            _ => {}
        }
    }
    ItemSet::of(nodes, events)
}

/// Digits that are fewer than any hash has, with or without the name of one.
fn is_shortened(text: &str) -> bool {
    /// MD5, the shortest that is recorded.
    const HASH_DIGITS_MIN: usize = 32;
    let digits = text.rsplit(':').next().unwrap_or(text);
    (1..HASH_DIGITS_MIN).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_hash_is_known_by_its_length() {
        assert!(is_shortened("cdda4d"));
        assert!(is_shortened("sha256:cdda4d341cb6"));
        assert!(!is_shortened("req-1") && !is_shortened(""));
        assert!(!is_shortened(&"0".repeat(32)));
    }
}

//! Completion: the words that may stand at the cursor, with the names that the store holds.

mod names;
mod position;

use super::directive::{self, DIRECTIVES};
use super::validator::is_directive;
use super::words::{Form, pieces};
use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::schema::{COMMON_FIELDS, Direction, KINDS, Kind, RELATIONS, fields};
use lineal_query::told::{NAMES_MAX, begins_with};
pub(crate) use names::Names;
use position::Want;
use std::collections::BTreeSet;

/// The word for any kind.
const ANY_KIND: &str = "node";

/// What completion knows beside the schema.
#[derive(Default)]
pub(crate) struct Completer {
    /// Where the names come from that are offered.
    pub(crate) names: Names,
    /// Functions of a row, as `show functions` lists them.
    pub(crate) functions: Vec<String>,
    /// Figures of a group.
    pub(crate) figures: Vec<String>,
    /// Sets kept with `let`.
    pub(crate) sets: Vec<String>,
    /// Events of the last answer. Names of others are not offered: the index of events is keyed by
    /// whole values on purpose (docs/format.md), so only a scan would find what begins with six
    /// digits, and that takes seconds where it is needed.
    pub(crate) events: Vec<String>,
    /// Parameters that have a value, with their `$`.
    pub(crate) parameters: Vec<String>,
}

impl Completer {
    /// Where the word at the cursor begins, and what it may become: in order, without repeats.
    pub(crate) fn candidates(&self, text: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = text.get(..cursor).unwrap_or(text);
        if is_directive(before) {
            return directive_candidates(before);
        }
        let mut words = pieces(before);
        let last = words.last().copied().filter(|last| last.end() == before.len());
        let partial = last.filter(|last| last.form != Form::Sign);
        let start = partial.map_or(before.len(), |partial| partial.at);
        let typed = partial.map_or("", |partial| partial.text);
        let wanted = match partial.map(|partial| partial.form) {
            Some(Form::Comment | Form::OpenText | Form::Text | Form::Number | Form::Id) => {
                Vec::new()
            }
            Some(Form::Parameter) => return (start, starting(self.parameters.clone(), typed)),
            Some(Form::Key) => return (start, self.keys(typed)),
            Some(Form::Word) => {
                words.pop();
                position::wants(&words)
            }
            Some(Form::Sign) | None => position::wants(&words),
        };
        let mut sets = self.sets.clone();
        sets.extend(position::sets(&words).map(str::to_owned));
        let mut seen = BTreeSet::new();
        let all = wanted.iter().flat_map(|want| starting(self.words(want, &sets), typed));
        (start, all.filter(|word| seen.insert(word.clone())).collect())
    }

    fn words(&self, want: &Want, sets: &[String]) -> Vec<String> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match want {
            Want::Words(words) => owned(words),
            Want::Terms(kinds) => {
                let kinds = if kinds.is_empty() { &KINDS[..] } else { kinds };
                let any = (kinds.len() > 1).then_some(ANY_KIND);
                kinds.iter().map(|kind| kind.name()).chain(any).map(str::to_owned).collect()
            }
            Want::Relations(kind) => leading_from(*kind),
            Want::Fields(kind) => field_names(*kind),
            Want::Names(names) => names.clone(),
            Want::Sets => sets.to_vec(),
            Want::Columns(names) => owned(names),
            Want::Functions => self.functions.iter().map(|name| format!("{name}(")).collect(),
            Want::Figures => self.figures.iter().map(|name| format!("{name}(")).collect(),
            Want::Formats => owned(&lineal_query::FORMATS),
        }
    }

    /// Nodes of a kind whose names begin with what is typed, in any case and with or without quotes.
    fn keys(&self, typed: &str) -> Vec<String> {
        if typed.split(':').next().and_then(Kind::parse) == Some(Kind::Inference) {
            let fitting = self.events.iter().filter(|name| begins_with(name, typed));
            return fitting.filter(|name| *name != typed).take(NAMES_MAX).cloned().collect();
        }
        self.names.beginning(typed)
    }
}

/// Those that begin with what is typed, in any case.
fn starting(mut words: Vec<String>, typed: &str) -> Vec<String> {
    let begins = |word: &String| {
        word.get(..typed.len()).is_some_and(|head| head.eq_ignore_ascii_case(typed))
    };
    words.retain(|word| begins(word) && word != typed);
    words
}

/// The names of relations that leave a kind, in the direction that leaves it.
fn leading_from(kind: Option<Kind>) -> Vec<String> {
    let mut words = Vec::new();
    for spec in &RELATIONS {
        for (name, ends, direction) in [
            (spec.name, spec.from, Direction::Forward),
            (spec.inverse, spec.to, Direction::Inverse),
        ] {
            // An import brings everything: of use only where it is asked for by name.
            let everything = direction == Direction::Inverse && ends.len() > KINDS.len() / 2;
            if kind.is_none_or(|kind| ends.contains(&kind)) && !(kind.is_some() && everything) {
                words.push(name.to_owned());
            }
        }
    }
    words
}

fn field_names(kind: Option<Kind>) -> Vec<String> {
    let own = kind.map(fields).unwrap_or_default().iter().map(|spec| spec.name);
    let events = EVENT_FIELDS.iter().map(|spec| spec.name);
    let events = events.filter(|_| kind == Some(Kind::Inference));
    let shared = COMMON_FIELDS.iter().map(|spec| spec.name);
    own.chain(events).chain(shared).map(str::to_owned).collect()
}

/// Names of directives, and what some of them take.
fn directive_candidates(before: &str) -> (usize, Vec<String>) {
    let Some((name, rest)) = before.trim_start().split_once(char::is_whitespace) else {
        let start = before.len() - before.trim_start().len();
        let names = DIRECTIVES.iter().map(|directive| directive.name.to_owned());
        return (start, starting(names.collect(), before.trim_start()));
    };
    let typed = rest.rsplit(char::is_whitespace).next().unwrap_or_default();
    (before.len() - typed.len(), starting(directive::arguments(name), typed))
}

#[cfg(test)]
mod tests;

//! Reading a rule file: every word is known and every question can be asked, or the file is refused.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_proof::Hash;
use lineal_query::{Prepared, Type};
use serde::Deserialize;

use super::error::Error;
use super::form::{Check, Entry, Form};
use super::pack::{Basis, Head, NodeSet, Pack, Rule, Scope, Severity, Timeline};

/// The rules over the AI Act that the program brings.
pub const EU_AI_ACT: &str = include_str!("../../../rules/eu-ai-act.toml");
/// The reconciliations that the program brings: what is recorded, held against itself.
pub const RECONCILE: &str = include_str!("../../../rules/reconcile.toml");
/// Most bytes of a rule file: twenty times the one that comes with the program.
pub const PACK_BYTES_MAX: usize = 1 << 20;
/// Sets, questions and parameters that each question may name beside those of its rule.
const PARAMETERS: [&str; 3] = ["system", "model", "deployment"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pack: Head,
    #[serde(default)]
    timeline: Vec<Timeline>,
    #[serde(default, rename = "set")]
    sets: Vec<SetEntry>,
    #[serde(default, rename = "scope")]
    scopes: Vec<ScopeEntry>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetEntry {
    name: String,
    kind: String,
    anywhere: Option<String>,
    of_system: Option<String>,
    of_model: Option<String>,
    of_deployment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeEntry {
    name: String,
    #[serde(default)]
    system: BTreeMap<String, String>,
    #[serde(default)]
    subject: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    article: String,
    basis: Basis,
    severity: Severity,
    scope: String,
    #[serde(default)]
    applies: Vec<String>,
    subject: String,
    needs: Vec<String>,
    test: String,
    explain: String,
    #[serde(default)]
    params: BTreeMap<String, f64>,
    #[serde(default, rename = "check")]
    checks: Vec<Entry>,
}

/// What a report is about, as far as it narrows the sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About {
    Anything,
    System,
    Model,
    Deployment,
}

impl Pack {
    /// Reads a rule file; `file` is its name in messages.
    ///
    /// # Errors
    /// What is wrong with it, with the line: an unknown field, a question that cannot be asked.
    pub fn read(text: &str, file: &str) -> Result<Pack, Error> {
        if text.len() > PACK_BYTES_MAX {
            let (file, bytes) = (file.to_owned(), text.len());
            return Err(Error::TooLong { file, bytes, max: PACK_BYTES_MAX });
        }
        let form = |line, message: String| Error::Form { file: file.to_owned(), line, message };
        let raw: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            form(line_at(text, at), error.message().to_owned())
        })?;
        let line_of = |id: &str| {
            let mark = format!("\"{id}\"");
            text.find(&mark).map_or(1, |at| line_at(text, at))
        };
        let mut pack = Pack {
            head: raw.pack,
            digest: Hash::of(text.as_bytes()),
            timeline: raw.timeline,
            sets: Vec::new(),
            rules: Vec::new(),
        };
        for set in raw.sets {
            let line = line_of(&set.name);
            let set = set.read(&pack).map_err(|message| form(line, message))?;
            pack.sets.push(set);
        }
        let mut scopes: BTreeMap<String, Scope> = BTreeMap::new();
        for ScopeEntry { name, system, subject } in raw.scopes {
            scopes.insert(name.clone(), Scope { name, system, subject });
        }
        for rule in raw.rules {
            let (id, line) = (rule.id.clone(), line_of(&rule.id));
            let wrong = |message| Error::Rule { file: file.to_owned(), line, rule: id, message };
            let rule = rule.read(&pack, &scopes).map_err(wrong)?;
            pack.rules.push(rule);
        }
        Ok(pack)
    }

    /// The rules over the AI Act that the program brings.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn eu_ai_act() -> Result<Pack, Error> {
        Pack::read(EU_AI_ACT, "rules/eu-ai-act.toml")
    }

    /// The reconciliations that the program brings.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn reconcile() -> Result<Pack, Error> {
        Pack::read(RECONCILE, "rules/reconcile.toml")
    }

    /// A question with the sets that it names before it.
    pub(crate) fn with_sets(&self, question: &str, about: About) -> String {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut texts = vec![question];
        while let Some(text) = texts.pop() {
            for set in self.sets.iter().filter(|set| says(text, &set.name)) {
                if named.insert(&set.name) {
                    texts.extend(set.text(about));
                }
            }
        }
        let mut whole = String::new();
        for set in self.sets.iter().filter(|set| named.contains(set.name.as_str())) {
            if let Some(text) = set.text(about) {
                whole.push_str(&format!("let {} = {text};\n", set.name));
            }
        }
        whole + question
    }

    /// For which subjects the sets are said.
    fn abouts(&self) -> impl Iterator<Item = About> {
        let all = [About::Anything, About::System, About::Model, About::Deployment];
        let needs_system = self.needs_system();
        all.into_iter().filter(move |about| !needs_system || *about != About::Anything)
    }

    /// Prepares a question in all its forms, and gives one.
    fn prepare(&self, question: &str, params: &BTreeMap<String, f64>) -> Result<Prepared, String> {
        let mut last = None;
        for about in self.abouts() {
            let text = self.with_sets(question, about);
            let prepared = Prepared::new(&text).map_err(|mistake| mistake.render(&text))?;
            for name in prepared.parameters() {
                if !PARAMETERS.contains(&name) && !params.contains_key(name) {
                    return Err(format!("`${name}` is no parameter of this rule"));
                }
            }
            last = Some(prepared);
        }
        last.ok_or_else(|| "there is no set to ask about".to_owned())
    }
}

impl NodeSet {
    /// What is meant, as near to what a report is about as the set says.
    pub(crate) fn text(&self, about: About) -> Option<&str> {
        let (of_system, anywhere) = (self.of_system.as_deref(), self.anywhere.as_deref());
        match about {
            About::Anything => anywhere,
            About::System => of_system.or(anywhere),
            About::Model => self.of_model.as_deref().or(of_system).or(anywhere),
            About::Deployment => self.of_deployment.as_deref().or(of_system).or(anywhere),
        }
    }
}

impl SetEntry {
    fn read(self, before: &Pack) -> Result<NodeSet, String> {
        let kind = Kind::parse(&self.kind)
            .ok_or_else(|| format!("set {}: {} is no kind", self.name, self.kind))?;
        let set = NodeSet {
            name: self.name,
            kind,
            anywhere: self.anywhere,
            of_system: self.of_system,
            of_model: self.of_model,
            of_deployment: self.of_deployment,
        };
        let mut with = before.clone();
        with.sets.push(set.clone());
        let question = format!("find {kind} where it in {}", set.name);
        match with.prepare(&question, &BTreeMap::new()) {
            Ok(_) => Ok(set),
            Err(message) => Err(format!("set {}: {message}", set.name)),
        }
    }
}

impl RuleEntry {
    fn read(self, pack: &Pack, scopes: &BTreeMap<String, Scope>) -> Result<Rule, String> {
        if pack.rules.iter().any(|rule| rule.id == self.id) {
            return Err("another rule has this id".to_owned());
        }
        let scope = scopes.get(&self.scope);
        let scope = scope.ok_or_else(|| format!("no scope is called \"{}\"", self.scope))?.clone();
        let set = pack.set(&self.subject);
        let set = set.ok_or_else(|| format!("no set is called `{}`", self.subject))?;
        for id in &self.applies {
            if !pack.timeline.iter().any(|row| row.id == *id) {
                return Err(format!("no row of the timeline is called `{id}`"));
            }
        }
        for (field, condition) in &scope.system {
            let question = format!("find system where {field} is not null and ({condition})");
            pack.prepare(&question, &self.params)?;
        }
        for (field, condition) in &scope.subject {
            let question = format!("find {} where {field} is not null and ({condition})", set.kind);
            pack.prepare(&question, &self.params)?;
        }
        let mut checks = Vec::new();
        for entry in &self.checks {
            checks.extend(entry.checks(&set.name, set.kind)?);
        }
        if checks.is_empty() {
            return Err("it has no [[rule.check]], so nothing would ever be found".to_owned());
        }
        for check in &checks {
            check.can_be_told(pack, &self.params)?;
        }
        let RuleEntry { id, article, basis, severity, applies, subject, needs, test, .. } = self;
        let (explain, params) = (self.explain, self.params);
        Ok(Rule {
            id,
            article,
            basis,
            severity,
            scope,
            applies,
            subject,
            needs,
            test,
            explain,
            params,
            checks,
        })
    }
}

impl Check {
    /// Can its question be asked, and is every place in its words filled?
    fn can_be_told(&self, pack: &Pack, params: &BTreeMap<String, f64>) -> Result<(), String> {
        for field in self.event_fields.iter().flat_map(|either| either.split('|')) {
            if EventField::parse(field).is_none() {
                return Err(format!("events have no field `{field}`"));
            }
        }
        let Form::Question(question) = &self.form else { return Ok(()) };
        let prepared = pack.prepare(question, params)?;
        let columns = prepared.columns();
        match columns.first() {
            Some(column) if column.column_type == Type::Node => {}
            _ => {
                return Err(
                    "the first column of a question is the node that it is about".to_owned()
                );
            }
        }
        if let Some(name) = &self.unless_approved
            && !columns.iter().any(|it| it.name == *name && it.column_type == Type::Node)
        {
            return Err(format!("`unless_approved = \"{name}\"` is no node of its question"));
        }
        let known = |name: &str| {
            ["node", "system", "system_node"].contains(&name)
                || params.contains_key(name)
                || columns.iter().any(|column| column.name == name)
        };
        for name in places(&self.say).chain(places(&self.fix)) {
            if !known(name) {
                return Err(format!("`{{{name}}}` is no column of its question"));
            }
        }
        Ok(())
    }
}

/// The names in braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Does a question say that word?
fn says(question: &str, word: &str) -> bool {
    question.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

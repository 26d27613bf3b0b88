//! The forms in which a rule is found out: four of question, a handful of built-in tests.

use serde::{Deserialize, Serialize};

use super::pack::Status;
use crate::record::closed::expected;
use crate::record::done::is_done;
use lineal_engine::schema::{FieldType, Kind, fields};

/// A test that the language cannot say, or would need every row for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Days of a deployment's life on which no batch has events.
    LogCoverage,
    /// A silence in the log of a deployment that is longer than expected and that no loss and no
    /// downtime explains.
    Silence,
    /// Events of a deployment before its declared start or behind its declared end.
    OutsideInterval,
    /// Fields that too few events have.
    EventFields,
    /// Hashes of inputs without a key.
    UnkeyedInputs,
    /// Overrides of which the event names no reviewer.
    OverrideReviewers,
    /// Matches in a reference database of which only a hash is kept, or a log in which nothing matched.
    MatchedInputs,
    /// Matches in a reference database that fewer persons verified than are wanted.
    DistinctVerifiers,
    /// Sources of which something could not be read.
    SourceCounts,
    /// Imports of which nobody is recorded who made them.
    ImportActor,
    /// Figures that the system declares and no evaluation of its models has.
    DeclaredMetrics,
    /// Incidents without a hold over what they concern.
    IncidentHold,
    /// Deployments of what an incident concerns that began behind it and before the authority was told.
    StartedUntold,
    /// Batches that are past the declared end of keeping, still hold rows, and are on no hold.
    PastErasure,
    /// Deployments of which events were erased by a recorded decision.
    ErasedEvents,
    /// The log's head is not signed, or no time-stamp authority stamped it.
    Anchored,
    /// Nodes that lie upstream of themselves.
    Cycles,
    /// Words that are none of those that the field `missing` may have.
    ClosedWords,
    /// Role and class of a system that claim a time long before the statement of them was recorded.
    LateDeclarations,
    /// What people state to be done a long time before they stated it.
    LateTimes,
    /// What is said to be done or to have happened at a time that is still to come.
    TimesToCome,
    /// Events of a time that is still to come.
    EventsToCome,
    /// Events that are recorded more than once with different contents.
    ContradictedEvents,
    /// Models of the set `models` that rest on data that was taken back, and are in use or approved since then.
    WithdrawnData,
    /// Models of the set `models` of which an evaluation, or a run of its own, used data with a digest of their training data.
    TestedOnTraining,
    /// Deployments that were not approved when they were put to use.
    ApprovalBeforeUse,
    /// Deployments that were not approved at their declared start.
    ApprovalBeforeStart,
    /// Deployments that were not approved at their first event.
    ApprovalBeforeEvents,
    /// Approvals that count and do not say who approved.
    ApprovalPerson,
    /// Approvals of models that count and rest on no evaluation.
    ApprovalBasis,
    /// Approvals by who is among those that made what they approve.
    ApprovalFourEyes,
    /// Approvals that count of what nobody is recorded to have made.
    ApprovalAuthors,
}

/// How one thing is found out.
#[derive(Clone, PartialEq, Debug)]
pub enum Form {
    /// A question: each row is a finding, its first column the node that it is about.
    Question(String),
    /// A built-in test over the rule's subjects.
    BuiltIn(BuiltIn),
}

/// One thing to find out for a rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// What a finding is: a gap or a conflict.
    pub status: Status,
    /// How it is found.
    pub form: Form,
    /// The field or edge that is missing or does not fit.
    pub missing: String,
    /// What is found, with `{column}` where a value of the row stands.
    pub say: String,
    /// The command that would record it, with `{node}`, `{system}` and columns.
    pub fix: String,
    /// For [`BuiltIn::EventFields`]: fields of events, `a|b` where either will do. For
    /// [`BuiltIn::ContradictedEvents`]: those that are compared; all where there are none.
    pub event_fields: Vec<String>,
    /// A column of the question: rows whose node in it is approved as of today are no findings.
    pub unless_approved: Option<String>,
}

/// One `[[rule.check]]` as it stands in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    status: Option<Status>,
    /// Fields of the subject that must be recorded.
    #[serde(default)]
    fields: Vec<String>,
    /// Types of documents, of which one must be about the subject.
    #[serde(default)]
    documents: Vec<String>,
    /// Also documents about this set will do.
    also_about: Option<String>,
    /// A question.
    find: Option<String>,
    /// A built-in test.
    test: Option<BuiltIn>,
    #[serde(default)]
    event_fields: Vec<String>,
    /// A column of the question; rows whose node in it is approved are left out.
    unless_approved: Option<String>,
    missing: Option<String>,
    say: Option<String>,
    fix: Option<String>,
}

impl Entry {
    /// The checks that it stands for, of subjects of a set and kind.
    pub(super) fn checks(&self, set: &str, kind: Kind) -> Result<Vec<Check>, String> {
        let forms = usize::from(!self.fields.is_empty())
            + usize::from(!self.documents.is_empty())
            + usize::from(self.find.is_some())
            + usize::from(self.test.is_some());
        if forms != 1 {
            return Err("a check has one of `fields`, `documents`, `find` and `test`".to_owned());
        }
        if self.also_about.is_some() && self.documents.is_empty() {
            return Err("`also_about` belongs to `documents`".to_owned());
        }
        let may_have_fields = self.test == Some(BuiltIn::ContradictedEvents);
        let must_have_fields = self.test == Some(BuiltIn::EventFields);
        if !may_have_fields && self.event_fields.is_empty() == must_have_fields {
            return Err("`event_fields` belongs to `test = \"event-fields\"`, and it to them; \
                 `contradicted-events` may have it"
                .to_owned());
        }
        if self.unless_approved.is_some() && self.find.is_none() {
            return Err("`unless_approved` names a column of a `find`".to_owned());
        }
        let status = self.status.unwrap_or(Status::Gap);
        if !status.is_open() {
            return Err("what a check finds is a `gap` or a `conflict`".to_owned());
        }
        let words = |missing: &str, say: &str, fix: &str| {
            let or = |own: &Option<String>, other: &str| own.as_deref().unwrap_or(other).to_owned();
            (or(&self.missing, missing), or(&self.say, say), or(&self.fix, fix))
        };
        let made = |form, (missing, say, fix)| Check {
            status,
            form,
            missing,
            say,
            fix,
            event_fields: self.event_fields.clone(),
            unless_approved: self.unless_approved.clone(),
        };
        if let Some(find) = &self.find {
            let (Some(missing), Some(say), Some(fix)) = (&self.missing, &self.say, &self.fix)
            else {
                return Err("a check with `find` needs `missing`, `say` and `fix`".to_owned());
            };
            return Ok(vec![made(Form::Question(find.clone()), words(missing, say, fix))]);
        }
        if let Some(test) = self.test {
            let (Some(missing), Some(fix)) = (&self.missing, &self.fix) else {
                return Err("a check with `test` needs `missing` and `fix`".to_owned());
            };
            if test == BuiltIn::ClosedWords && expected(missing).is_none() {
                return Err(format!("`test = \"closed-words\"`: {missing} may have any word"));
            }
            return Ok(vec![made(Form::BuiltIn(test), words(missing, "", fix))]);
        }
        if !self.documents.is_empty() {
            return Ok(vec![made(Form::Question(self.about_documents(set, kind)), {
                let types = self.documents.join(" or ");
                let fix = format!(
                    "lineal attach FILE --to {{node}} --type {} --by WHO",
                    self.documents[0]
                );
                words(
                    &format!("document of type {types}"),
                    &format!("no document of type {types} is recorded for it"),
                    &fix,
                )
            })]);
        }
        let declare = match kind {
            Kind::System => "lineal declare system {system}",
            _ => "lineal declare node {node}",
        };
        let of_field = |field: &String| {
            let fix = format!("{declare} {}=... --by WHO", assignable(kind, field));
            let asked = |condition: &str, say: &str| {
                let question = format!("find {kind} as s where s in {set} and {condition}");
                made(Form::Question(question), words(field, say, &fix))
            };
            let lacks = asked(&format!("s.{field} is null"), &format!("{field} is not recorded"));
            // What is still to come was not done.
            let to_come = is_done(field).then(|| {
                let condition = format!("s.{field} > now() return s, s.{field} as said");
                asked(&condition, &format!("{field} is {{said}}, which is still to come"))
            });
            std::iter::once(lacks).chain(to_come)
        };
        Ok(self.fields.iter().flat_map(of_field).collect())
    }

    fn about_documents(&self, set: &str, kind: Kind) -> String {
        let types: Vec<String> = self.documents.iter().map(|word| format!("\"{word}\"")).collect();
        let types = types.join(", ");
        let of =
            |how: &str| format!("not exists (find document as x {how} where x.type in [{types}])");
        let mut question = format!("find {kind} as s where s in {set} and {}", of("documents s"));
        if let Some(also) = &self.also_about {
            question = format!("{question} and {}", of(&format!("documents {also}")));
        }
        question
    }
}

/// A field as `lineal declare` takes a value for it: of a map one of its members, whatever it is called.
fn assignable(kind: Kind, field: &str) -> String {
    let mut of_kind = fields(kind).iter();
    let is_map = of_kind.any(|spec| spec.name == field && spec.field_type == FieldType::Map);
    if is_map { format!("{field}.NAME") } else { field.to_owned() }
}

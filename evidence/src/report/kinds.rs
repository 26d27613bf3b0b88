//! The kinds of reports as one table: what each is about, what it takes, and who makes it. The command
//! line, the server and its tools read it, so that a report is the same wherever it is asked for.

use super::{
    Document, Error, Facts, Incident, Oversight, SAMPLE, SAMPLE_MAX, annex_iv_of, change,
    data_sheet, dpia, incident, oversight, retention,
};
use crate::check::{AsOf, Part};
use crate::own_events::view_of;
use crate::record::time_of;
use crate::retention::Policy;
use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Store};
use lineal_query::told::{Target, resolve};
use lineal_query::{Limits, Source, StoreView};
use serde::{Deserialize, Serialize};

/// What has deployments: a bare name is looked for in this order.
const DEPLOYED: &[Kind] = &[Kind::System, Kind::Model, Kind::Deployment];
/// What a policy that came along is called in messages.
const SENT: &str = "the policy that was given";

/// One kind of report.
pub struct ReportKind {
    /// Its name, in commands and paths: `annex-iv`.
    pub name: &'static str,
    /// What it tells, in a phrase.
    pub summary: &'static str,
    /// What names the things that it is about, in order.
    pub subjects: &'static [&'static str],
    /// May it be of the whole store, with no thing named?
    pub may_be_of_all: bool,
    /// What it takes beside these and `as_of`.
    pub takes: &'static [&'static str],
    /// Does it tell who was erased, held and given what, of the whole store? Not for everybody who reads
    /// lineage.
    pub tells_upkeep: bool,
    /// Does it follow from the view alone, so that no day of another report changes it?
    pub is_timeless: bool,
    /// Can it be made of what belongs to one system, looking at nothing else? The others look at what else
    /// rests on the same data, or tell of the whole store.
    pub is_confined: bool,
    /// Does it tell of batches whole, whichever systems their events name?
    is_of_batches: bool,
    about: &'static [Kind],
    make: fn(&Making<'_, '_>) -> Result<Document, Error>,
}

/// All of them.
pub const KINDS: [ReportKind; 7] = [
    ReportKind {
        name: "annex-iv",
        summary: "the technical documentation, in the order of Annex IV, then the logs",
        subjects: &["target"],
        may_be_of_all: false,
        takes: &[],
        tells_upkeep: false,
        is_timeless: true,
        is_confined: false,
        is_of_batches: false,
        about: DEPLOYED,
        make: |making| {
            let facts = &making.facts;
            annex_iv_of(facts.store, making.view, making.one()?, None, &facts.limits)
        },
    },
    ReportKind {
        name: "oversight",
        summary: "human oversight in use: overrides by version, month and reviewer, with a sample",
        subjects: &["target"],
        may_be_of_all: false,
        takes: &["from", "until", "sample", "names"],
        tells_upkeep: false,
        is_timeless: false,
        is_confined: true,
        is_of_batches: false,
        about: DEPLOYED,
        make: |making| {
            let Asked { from, until, sample, .. } = *making.asked;
            let wanted = Oversight { from, until, sample: sample.unwrap_or(SAMPLE) };
            Ok(oversight(&making.facts, making.one()?, &wanted)?)
        },
    },
    ReportKind {
        name: "incident",
        summary: "an incident: versions, events, blast radius, periods, holds",
        subjects: &["target"],
        may_be_of_all: false,
        takes: &["from", "until", "names"],
        tells_upkeep: false,
        is_timeless: false,
        is_confined: false,
        is_of_batches: false,
        about: &[Kind::Incident],
        make: |making| {
            let Asked { from, until, .. } = *making.asked;
            Ok(incident(&making.facts, making.one()?, &Incident { from, until })?)
        },
    },
    ReportKind {
        name: "change",
        summary: "what changed from one model version to another, and what was decided about it",
        subjects: &["old", "new"],
        may_be_of_all: false,
        takes: &["names"],
        tells_upkeep: false,
        is_timeless: false,
        is_confined: false,
        is_of_batches: false,
        about: &[Kind::Model],
        make: |making| match making.nodes[..] {
            [old, new] => Ok(change(&making.facts, old, new)?),
            _ => Err(Error::Unsaid { report: "change", name: "new" }),
        },
    },
    ReportKind {
        name: "data-sheet",
        summary: "a data set: origin, use, examinations, and what is not recorded",
        subjects: &["target"],
        may_be_of_all: false,
        takes: &["names"],
        tells_upkeep: false,
        is_timeless: false,
        is_confined: false,
        is_of_batches: false,
        about: &[Kind::Dataset],
        make: |making| Ok(data_sheet(&making.facts, making.one()?)?),
    },
    ReportKind {
        name: "retention",
        summary: "how long what is kept, what is due, what is held and what was erased",
        subjects: &["target"],
        may_be_of_all: true,
        takes: &["policy", "names"],
        tells_upkeep: true,
        is_timeless: false,
        is_confined: false,
        is_of_batches: true,
        about: DEPLOYED,
        make: |making| {
            let built_in;
            let policy = match &making.asked.policy {
                Some(policy) => policy,
                None => {
                    built_in = Policy::read(None)?;
                    &built_in
                }
            };
            Ok(retention(&making.facts, making.nodes.first().copied(), policy)?)
        },
    },
    ReportKind {
        name: "dpia",
        summary: "facts for a data protection impact assessment",
        subjects: &["target"],
        may_be_of_all: false,
        takes: &["names"],
        tells_upkeep: true,
        is_timeless: false,
        is_confined: false,
        is_of_batches: false,
        about: &[Kind::System],
        make: |making| Ok(dpia(&making.facts, making.one()?)?),
    },
];

/// A wish for a report as it travels: texts as people write them.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportRequest {
    /// The thing: a node, an id or any name; a bare name goes for a thing of the kind that is meant.
    pub target: Option<String>,
    /// The model version before, of a change.
    pub old: Option<String>,
    /// The one after.
    pub new: Option<String>,
    /// The store as it was: a commit number, or a time, which then counts as today.
    pub as_of: Option<String>,
    /// Only events from then on: RFC 3339, or a date.
    pub from: Option<String>,
    /// Only events before then.
    pub until: Option<String>,
    /// Events of each sample.
    pub sample: Option<usize>,
    /// Names of persons beside their keys, where the view can open them.
    pub names: bool,
    /// A retention policy as TOML in place of the program's.
    pub policy: Option<String>,
}

impl ReportRequest {
    /// What is said, by name, but a policy.
    #[must_use]
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("target", &self.target),
            ("old", &self.old),
            ("new", &self.new),
            ("as_of", &self.as_of),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let said = texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
        let sample = self.sample.map(|sample| ("sample", sample.to_string()));
        let names = self.names.then(|| ("names", "true".to_owned()));
        said.chain(sample).chain(names).collect()
    }
}

/// The same, read.
#[derive(Clone, Default, Debug)]
struct Asked {
    subjects: Vec<String>,
    as_of: Option<AsOf>,
    from: Option<i64>,
    until: Option<i64>,
    sample: Option<usize>,
    policy: Option<Policy>,
    names: bool,
}

/// Within what a report must stay: what somebody may see who is bound to systems.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    /// The part of the view that may be seen. Its questions tell of persons by their keys.
    pub part: &'a dyn Part,
    /// The systems, one of which the report must be of.
    pub systems: &'a [String],
}

impl Within<'_> {
    /// Refuses a thing that is not seen, or is none of the systems.
    fn hold(&self, view: &StoreView, report: &'static str, node: NodeNo) -> Result<(), Error> {
        let snapshot = view.snapshot();
        if !self.part.sees(node) {
            return Err(Error::Unseen);
        }
        let is_own = |name: &String| snapshot.find(Some(Kind::System), name).contains(&node);
        match self.systems.iter().any(is_own) {
            true => Ok(()),
            false => Err(Error::Unconfined { report, name: snapshot.name_of(node) }),
        }
    }
}

/// What a report is made from.
pub struct Basis<'a> {
    /// The store.
    pub store: &'a Store,
    /// Its newest view, as much of it as may be told.
    pub newest: &'a StoreView,
    /// The time, ns since 1970 UTC: what counts as today where nothing else is said.
    pub now: i64,
    /// Is it told why something is held?
    pub with_reasons: bool,
    /// What bounds its questions.
    pub limits: Limits<'a>,
    /// Within what it must stay, for who is bound to systems. The view must be narrowed to that then, and an
    /// earlier one be given in the place of the newest.
    pub within: Option<Within<'a>>,
}

/// A report that is being made.
struct Making<'a, 'v> {
    facts: Facts<'v>,
    view: &'v StoreView,
    nodes: &'a [NodeNo],
    asked: &'a Asked,
    kind: &'a ReportKind,
}

impl Making<'_, '_> {
    /// The thing that it is about.
    fn one(&self) -> Result<NodeNo, Error> {
        let unsaid = Error::Unsaid { report: self.kind.name, name: self.kind.subjects[0] };
        self.nodes.first().copied().ok_or(unsaid)
    }
}

/// A report, and of which commit it is.
#[derive(Clone, PartialEq, Debug)]
pub struct Made {
    /// The report.
    pub document: Document,
    /// The last commit of its view.
    pub commit: u64,
}

impl ReportKind {
    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static ReportKind> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// All that a request for it may say, as it is written in addresses: a policy is no part of these.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let beside = self.takes.iter().copied().filter(|name| *name != "policy");
        self.subjects.iter().copied().chain(["as_of"]).chain(beside)
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`Error`]: something that it does not take or needs, no such thing or one of another kind, or what
    /// the store says.
    pub fn make(&self, request: &ReportRequest, from: &Basis<'_>) -> Result<Made, Error> {
        let asked = self.read(request)?;
        if from.within.is_some() && !self.is_confined {
            return Err(Error::Unconfined { report: self.name, name: self.name.to_owned() });
        }
        let as_of = asked.as_of.unwrap_or(AsOf::Now);
        let (view, today) = as_of.view(from.store, from.newest, from.now)?;
        let mut nodes = Vec::with_capacity(asked.subjects.len());
        for text in &asked.subjects {
            nodes.push(self.node(&view, text)?);
        }
        for node in &nodes {
            if let Some(within) = &from.within {
                within.hold(&view, self.name, *node)?;
            }
        }
        let view = self.own(view, &nodes)?;
        let part = from.within.map(|within| within.part.with_events_of(&view));
        let mut facts = Facts::new(from.store, &view, today)?.within(from.limits);
        if let Some(part) = &part {
            facts = facts.of_part(&**part);
        }
        if asked.names {
            facts = facts.naming_persons();
        }
        if !from.with_reasons {
            facts = facts.without_reasons();
        }
        let (nodes, asked) = (&nodes, &asked);
        let document = (self.make)(&Making { facts, view: &view, nodes, asked, kind: self })?;
        // What is damaged counts as nothing while it is read: no report is made of that.
        match view.damage() {
            Some(damage) => Err(damage.into()),
            None => Ok(Made { document, commit: view.commit() }),
        }
    }

    /// The view for a report about these: about a system with the events of that system alone. What is due
    /// and held is of whole batches.
    fn own(&self, view: StoreView, nodes: &[NodeNo]) -> Result<StoreView, Error> {
        match nodes {
            [one] if view.snapshot().kind_of(*one) == Kind::System && !self.is_of_batches => {
                Ok(view_of(&view, *one)?)
            }
            _ => Ok(view),
        }
    }

    /// Reads what is asked for.
    fn read(&self, request: &ReportRequest) -> Result<Asked, Error> {
        let mut said = request.said();
        said.extend(request.policy.as_ref().map(|_| ("policy", String::new())));
        let knows = |name: &str| {
            self.subjects.contains(&name) || name == "as_of" || self.takes.contains(&name)
        };
        if let Some((name, _)) = said.iter().find(|(name, _)| !knows(name)) {
            return Err(Error::Untaken { report: self.name, name });
        }
        let text = |name: &str| {
            said.iter().find(|(said, text)| *said == name && !text.is_empty()).map(|it| &it.1)
        };
        let mut subjects = Vec::new();
        for name in self.subjects {
            match text(name) {
                Some(text) => subjects.push(text.clone()),
                None if self.may_be_of_all => {}
                None => return Err(Error::Unsaid { report: self.name, name }),
            }
        }
        let time = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(text) => time_of(text).map(Some).ok_or(Error::NoTime { name, text: text.clone() }),
        };
        let as_of = match text("as_of") {
            None => None,
            Some(text) => {
                let none = || Error::NoTime { name: "as_of", text: text.clone() };
                Some(AsOf::parse(text).ok_or_else(none)?)
            }
        };
        if request.sample.is_some_and(|sample| sample > SAMPLE_MAX) {
            return Err(Error::SampleTooLarge { most: SAMPLE_MAX });
        }
        let policy = request.policy.as_ref().map(|text| Policy::parse(text, SENT)).transpose()?;
        let (from, until) = (time("from")?, time("until")?);
        let ReportRequest { sample, names, .. } = *request;
        Ok(Asked { subjects, as_of, from, until, sample, policy, names })
    }

    /// The node that a text names; a bare name goes for one of the kinds that are meant.
    fn node(&self, view: &StoreView, text: &str) -> Result<NodeNo, Error> {
        let snapshot = view.snapshot();
        for kind in self.about {
            if let [node] = snapshot.find(Some(*kind), text)[..] {
                return Ok(node);
            }
        }
        match resolve(snapshot, text) {
            Ok(Target::Node(node)) => Ok(node),
            Ok(Target::Events { .. }) => Err(Error::Event { name: text.to_owned() }),
            Err(why) => Err(Error::Unresolved { commit: view.commit(), why }),
        }
    }
}

impl std::fmt::Debug for ReportKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ReportKind").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_takes_what_its_row_says_and_nothing_else() {
        let all = ReportRequest {
            target: Some("x".to_owned()),
            old: Some("x".to_owned()),
            new: Some("x".to_owned()),
            as_of: Some("3".to_owned()),
            from: Some("2026-03-01".to_owned()),
            until: Some("2026-04-01".to_owned()),
            sample: Some(3),
            names: true,
            policy: Some(String::new()),
        };
        for kind in &KINDS {
            let Err(Error::Untaken { report, .. }) = kind.read(&all) else {
                panic!("{} takes everything", kind.name)
            };
            assert_eq!(report, kind.name);
            let bare = kind.read(&ReportRequest::default());
            assert_eq!(bare.is_ok(), kind.may_be_of_all, "{}", kind.name);
            let mut own = ReportRequest { as_of: Some("3".to_owned()), ..Default::default() };
            for name in kind.parameters() {
                match name {
                    "target" => own.target.clone_from(&all.target),
                    "old" => own.old.clone_from(&all.old),
                    "new" => own.new.clone_from(&all.new),
                    "from" => own.from.clone_from(&all.from),
                    "until" => own.until.clone_from(&all.until),
                    "sample" => own.sample = Some(3),
                    "names" => own.names = true,
                    "as_of" => {}
                    other => panic!("a request has no place for {other}"),
                }
            }
            let asked = kind.read(&own).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
            assert_eq!(asked.subjects.len(), kind.subjects.len());
            assert_eq!(asked.as_of, Some(AsOf::Commit(3)));
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_by_its_name() {
        let oversight = ReportKind::named("oversight").unwrap();
        let of = |change: fn(&mut ReportRequest)| {
            let mut request = ReportRequest { target: Some("x".to_owned()), ..Default::default() };
            change(&mut request);
            oversight.read(&request).unwrap_err().to_string()
        };
        assert!(of(|it| it.from = Some("soon".to_owned())).contains("soon is no time"));
        assert!(of(|it| it.as_of = Some("soon".to_owned())).contains("soon is no time"));
        assert!(of(|it| it.sample = Some(SAMPLE_MAX + 1)).contains("at most"));
        assert!(of(|it| it.target = None).contains("`target`"));
        assert_eq!(ReportKind::named("annex-v").map(|it| it.name), None);
    }
}

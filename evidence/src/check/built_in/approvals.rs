//! Whether what runs was approved before it ran: by how it stood with the decisions on a deployment and on its
//! models at that time.
//!
//! What was taken back, had expired, was about another revision or lacked a key by then is no approval. What was
//! recorded later and claims to be older is told as that: nothing but its word shows that it came first.

use std::collections::BTreeSet;
use std::sync::Arc;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::record::{Counts, Decided, Decisions, Standing, authors};
use crate::rules::Status;

/// Most decisions of which a finding says why they do not count.
const TOLD_MAX: usize = 3;

/// Since when a deployment runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// As declared, else as its source dates it, else since its first event.
    Use,
    /// As declared, else as its source dates it.
    Start,
    /// Since its first event.
    Events,
}

impl Beginning {
    fn of(self, asker: &Asker<'_>, deployment: NodeNo) -> Result<Option<i64>, Error> {
        let fields: &[&str] = match self {
            Beginning::Use => &["from", "time", "first_event"],
            Beginning::Start => &["from", "time"],
            Beginning::Events => &["first_event"],
        };
        for field in fields {
            if let Some(time) = asker.time(deployment, field)? {
                return Ok(Some(time));
            }
        }
        Ok(None)
    }

    /// What it is, with its time behind it.
    fn name(self) -> &'static str {
        match self {
            Beginning::Use | Beginning::Start => "deployment",
            Beginning::Events => "the first event",
        }
    }

    /// What came too early.
    fn words(self) -> &'static str {
        match self {
            Beginning::Use | Beginning::Start => "deployment",
            Beginning::Events => "the first event of",
        }
    }

    /// That every approval is of a later time.
    fn is_after(self, approved: i64, started: i64) -> String {
        let (approved, started) = (time_text(approved), time_text(started));
        match self {
            Beginning::Use | Beginning::Start => {
                format!("approval {approved} is after deployment {started}")
            }
            Beginning::Events => {
                format!("the first event is of {started}, the first approval of {approved}")
            }
        }
    }
}

/// Deployments that have decisions and were not approved when they began.
pub(super) fn before(
    store: &Store,
    asker: &mut Asker<'_>,
    beginning: Beginning,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let release = Release::of(store, asker, *deployment)?;
        let found = match beginning.of(asker, *deployment)? {
            Some(started) => release.fault(asker.snapshot(), beginning, started),
            None if beginning == Beginning::Use && release.has_approval() => {
                let say = "when it started is not recorded, so nobody can say whether it was approved before";
                Some((Status::Gap, say.to_owned()))
            }
            None => None,
        };
        if let Some((status, say)) = found {
            offences.push(Offence::said(*deployment, say).at_most(status));
        }
    }
    Ok(offences)
}

/// Approvals that count and do not say who approved.
pub(super) fn by_nobody(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let is_lacking = |view: &Snapshot, approval: NodeNo| {
        view.edges(approval, Relation::DoneBy, Direction::Forward).is_empty()
    };
    counting(store, asker, subjects, 0, is_lacking, "does not say who approved")
}

/// Approvals of models that count and name no evaluation that they rest on.
pub(super) fn without_basis(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let is_lacking = |view: &Snapshot, approval: NodeNo| {
        let cited = view.edges(approval, Relation::Cites, Direction::Forward);
        !cited.iter().any(|node| view.kind_of(*node) == Kind::Evaluation)
    };
    counting(store, asker, subjects, 1, is_lacking, "names no evaluation as its basis")
}

/// Approvals that count of deployments, the own ones left out where wanted, that lack something.
fn counting(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
    skipped: usize,
    is_lacking: impl Fn(&Snapshot, NodeNo) -> bool,
    words: &str,
) -> Result<Vec<Offence>, Error> {
    of_releases(store, asker, subjects, |asker, deployment, release, started| {
        let view = asker.snapshot();
        let approvals = release.counting(view, skipped, started, asker.now).into_iter();
        let lacking = approvals.filter(|approval| is_lacking(view, *approval));
        let offence = |approval| {
            let name = asker.name(approval);
            Offence::said(deployment, format!("{name} {words}")).with("a", name)
        };
        lacking.map(offence).collect()
    })
}

/// Approvals by who is among those that made what they approve.
pub(super) fn own_work(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    of_releases(store, asker, subjects, |asker, deployment, release, started| {
        let view = asker.snapshot();
        let (mut offences, mut seen) = (Vec::new(), BTreeSet::new());
        for decided in release.words(view, started, asker.now) {
            if !decided.is_approval()
                || decided.own_work.is_empty()
                || !seen.insert(decided.approval)
            {
                continue;
            }
            let names = |nodes: &[NodeNo]| {
                nodes.iter().map(|node| asker.name(*node)).collect::<Vec<_>>().join(", ")
            };
            let by = names(view.edges(decided.approval, Relation::DoneBy, Direction::Forward));
            let say = format!("{by} approved and is an author of {}", names(&decided.own_work));
            let name = asker.name(decided.approval);
            offences.push(Offence::said(deployment, say).with("a", name));
        }
        offences
    })
}

/// Deployments with an approval that counts, and a model of which nobody is recorded as an author: whether the
/// approver is another cannot be told.
pub(super) fn of_nobodys_work(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    of_releases(store, asker, subjects, |asker, deployment, release, started| {
        let view = asker.snapshot();
        if release.counting(view, 0, started, asker.now).is_empty() {
            return Vec::new();
        }
        let models = view.edges(deployment, Relation::Deploys, Direction::Forward).iter();
        let offence = |model: &NodeNo| {
            let name = asker.name(*model);
            let say = format!(
                "nobody is recorded who made {name}, so whether the approver is another cannot be told"
            );
            Offence::said(deployment, say).with("m", name)
        };
        models.filter(|model| authors(view, **model).is_empty()).map(offence).collect()
    })
}

/// What is wrong with the decisions on each deployment, told when it began.
fn of_releases(
    store: &Store,
    asker: &mut Asker<'_>,
    subjects: &[NodeNo],
    told: impl Fn(&Asker<'_>, NodeNo, &Release, Option<i64>) -> Vec<Offence>,
) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let release = Release::of(store, asker, *deployment)?;
        let started = Beginning::Use.of(asker, *deployment)?;
        offences.extend(told(asker, *deployment, &release, started));
    }
    Ok(offences)
}

/// The decisions on a deployment, first, and on each of its models.
struct Release(Vec<Arc<Decisions>>);

impl Release {
    fn of(store: &Store, asker: &mut Asker<'_>, deployment: NodeNo) -> Result<Release, Error> {
        let mut on = vec![asker.decisions(store, deployment)?];
        let models = asker.snapshot().edges(deployment, Relation::Deploys, Direction::Forward);
        for model in models {
            on.push(asker.decisions(store, *model)?);
        }
        Ok(Release(on))
    }

    fn has_approval(&self) -> bool {
        self.0.iter().any(|decisions| decisions.has_approval())
    }

    /// Why it was not approved when it began, if so: a conflict where the decisions themselves say so.
    fn fault(
        &self,
        view: &Snapshot,
        beginning: Beginning,
        started: i64,
    ) -> Option<(Status, String)> {
        let shown: Vec<Standing> = self.0.iter().map(|it| it.at(view, started)).collect();
        if is_approved(&shown) {
            return None;
        }
        let claimed: Vec<Standing> =
            self.0.iter().map(|it| it.as_claimed_at(view, started)).collect();
        let is_rejected = claimed.iter().any(|standing| standing.rejected);
        // That nothing is recorded is another finding.
        if !self.has_approval() && (!is_rejected || beginning == Beginning::Use) {
            return None;
        }
        let words = beginning.words();
        if is_approved(&claimed) {
            let counting = claimed.iter().flat_map(Standing::counting);
            let late = counting.max_by_key(|decided| (decided.recorded, decided.approval))?;
            let say = format!(
                "{}: approved, as stated, at {}, recorded at {}, after {} at {}: that it came first is not shown",
                view.name_of(late.approval),
                time_text(late.claimed()),
                time_text(late.recorded),
                beginning.name(),
                time_text(started)
            );
            return Some((Status::Gap, say));
        }
        let approvals = claimed.iter().flat_map(|standing| &standing.decided);
        let first = approvals.filter(|decided| decided.is_approval()).map(Decided::claimed).min();
        if let Some(first) = first.filter(|first| *first > started && !is_rejected) {
            return Some((Status::Conflict, beginning.is_after(first, started)));
        }
        let why: Vec<String> = claimed.iter().flat_map(|standing| standing.lacks(view)).collect();
        let more = match why.len().saturating_sub(TOLD_MAX) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let why = why.into_iter().take(TOLD_MAX).collect::<Vec<_>>().join("; ");
        let say = format!("no approval stood at {words} {}: {why}{more}", time_text(started));
        Some((Status::Conflict, say))
    }

    /// The approvals that count when it begins, else those that count now.
    fn counting(
        &self,
        view: &Snapshot,
        skipped: usize,
        started: Option<i64>,
        now: i64,
    ) -> Vec<NodeNo> {
        let of = |standing: &Standing| {
            standing.counting().map(|decided| decided.approval).collect::<Vec<_>>()
        };
        let on = self.0.iter().skip(skipped);
        let then: BTreeSet<NodeNo> = match started {
            Some(started) => on.clone().flat_map(|it| of(&it.at(view, started))).collect(),
            None => BTreeSet::new(),
        };
        match then.is_empty() {
            true => on.flat_map(|it| of(&it.now(view, now))).collect::<BTreeSet<_>>(),
            false => then,
        }
        .into_iter()
        .collect()
    }

    /// The words of persons that they did not take back by when it began, and those that they did not until now.
    fn words(&self, view: &Snapshot, started: Option<i64>, now: i64) -> Vec<Decided> {
        let mut words = Vec::new();
        for decisions in &self.0 {
            let then = started.map(|started| (decisions.at(view, started), started));
            for (standing, until) in then.into_iter().chain([(decisions.now(view, now), i64::MAX)])
            {
                let stand = standing.decided.into_iter().filter(|decided| {
                    decided.place <= until && decided.counts != Counts::Superseded
                });
                words.extend(stand);
            }
        }
        words
    }
}

/// Does one of these approve it, and none of them reject it?
fn is_approved(standings: &[Standing]) -> bool {
    standings.iter().any(Standing::is_approved)
        && !standings.iter().any(|standing| standing.rejected)
}

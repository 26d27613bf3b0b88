//! `logs/coverage.csv`: of each deployment and each stretch of its log, from when to when, how many
//! events, and how long nothing came before.

use super::making::Making;
use super::{Error, Files};
use crate::check::time_text;
use crate::quiet;
use lineal_engine::NodeNo;
use lineal_engine::schema::Kind;
use lineal_proof::{Hash, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Ns of a second.
const SECOND: i64 = 1_000_000_000;
/// The columns, each explained in `docs/evidence.md`.
const HEAD: &str = "deployment,batch,file,revision,rows,events,overrides,art12,erased,restricted,first,last,longest_silence_seconds,silence_before_seconds,proof";

/// A part of a batch: what one revision says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Its number in the view, as [`lineal_engine::EventRef`] has it.
    pub(super) number: u32,
    /// Its revision.
    pub(super) revision: Hash,
    /// Rows, erased ones and those that do not count included.
    pub(super) rows: u32,
}

/// A deployment and its log.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    /// Its place in the closure.
    pub(super) member: usize,
    /// Parts of its batches, by the time of the batches' first events.
    pub(super) parts: Vec<Part>,
    /// The batches.
    pub(super) batches: Vec<NodeNo>,
    /// Events that count.
    pub(super) events: u64,
    /// Human overrides among them.
    pub(super) overrides: u64,
    /// First and last event, ns.
    pub(super) span: Option<(i64, i64)>,
    /// The longest time without an event between the first and the last, ns.
    pub(super) silence: i64,
    /// Events of which no row is left, and such as are restricted.
    pub(super) unshown: (u64, u64),
}

/// A cell of a CSV (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// Adds the table; gives what it is of.
pub(super) fn add(making: &mut Making<'_>, files: &mut Files) -> Result<Vec<Covered>, Error> {
    let mut unshown: BTreeMap<NodeNo, (u64, u64)> = BTreeMap::new();
    for of in making.snapshot().unshown() {
        let both = unshown.entry(of.batch).or_default();
        *both = (both.0 + of.erased, both.1 + of.restricted);
    }
    let mut out = format!("{HEAD}\n");
    let mut all = Vec::new();
    let deployments: Vec<usize> = making.closure.of_kind(Kind::Deployment).map(|it| it.0).collect();
    for member in deployments {
        let covered = deployment(making, member, &unshown, &mut out)?;
        making.counts.deployments += 1;
        making.counts.events += covered.events;
        all.push(covered);
    }
    files.add("logs/coverage.csv", out.into_bytes())?;
    Ok(all)
}

fn deployment(
    making: &Making<'_>,
    member: usize,
    unshown: &BTreeMap<NodeNo, (u64, u64)>,
    out: &mut String,
) -> Result<Covered, Error> {
    let view = making.snapshot();
    let named = &making.closure.members[member];
    let mut covered = Covered {
        member,
        parts: Vec::new(),
        batches: view.batches_of(named.node),
        events: 0,
        overrides: 0,
        span: None,
        silence: 0,
        unshown: (0, 0),
    };
    let mut dated = Vec::new();
    for batch in covered.batches.clone() {
        let Some(info) = view.batch(batch) else { continue };
        let field = |name: &str| view.field(batch, name);
        let file = field("name")?;
        let file = file.as_ref().and_then(Value::as_text).unwrap_or_default();
        let within = field("longest_silence")?.as_ref().and_then(Value::as_i64);
        let (erased, restricted) = unshown.get(&batch).copied().unwrap_or_default();
        let has_times = info.first_time <= info.last_time;
        let before = covered.span.filter(|_| has_times).map(|(_, last)| info.first_time - last);
        let before = before.map(|silence| silence.max(0));
        let mut revisions = Vec::new();
        for (number, rows) in view.parts_of(batch) {
            let Some(revision) = making.store.revision_of_part(number) else { continue };
            covered.parts.push(Part { number, revision, rows });
            revisions.push(revision);
        }
        let proof = |revision: &Hash| making.proofs.revisions.get(revision).cloned();
        let proofs: Vec<String> = revisions.iter().filter_map(proof).collect();
        let revisions: Vec<String> = revisions.iter().map(Hash::to_string).collect();
        let time = |time: i64| if has_times { time_text(time) } else { String::new() };
        let seconds = |ns: Option<i64>| ns.map_or_else(String::new, |ns| (ns / SECOND).to_string());
        let cells = [
            named.name.clone(),
            view.name_of(batch),
            file.to_owned(),
            revisions.join(" "),
            info.rows.to_string(),
            info.events.to_string(),
            info.overrides.to_string(),
            info.art12.to_string(),
            erased.to_string(),
            restricted.to_string(),
            time(info.first_time),
            time(info.last_time),
            seconds(within),
            seconds(before),
            proofs.join(" "),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        let _ = writeln!(out, "{}", cells.join(","));
        covered.events += info.events;
        covered.overrides += info.overrides;
        covered.unshown = (covered.unshown.0 + erased, covered.unshown.1 + restricted);
        dated.extend((has_times && info.events > 0).then_some(info));
        if has_times {
            let (first, last) = covered.span.unwrap_or((info.first_time, info.last_time));
            covered.span = Some((first.min(info.first_time), last.max(info.last_time)));
        }
    }
    covered.silence = quiet::longest(view, &dated)?;
    Ok(covered)
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
    }
}

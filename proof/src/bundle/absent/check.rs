//! The check of a statement that something was never recorded.

use super::super::commits::Records;
use super::super::erasure;
use super::super::fault::{Checked, Fault};
use super::{Absent, Asked, KeysPart, KeysShown, Nothing, hash_bytes, told};
use crate::absence::keys::{bucket_leads, bucket_of, value_hash};
use crate::absence::map::RUNS_MAX;
use crate::absence::run::check_run;
use crate::absence::{EntryValue, MapName, MapOpening, Presence, map_root};
use crate::bundle::Known;
use crate::bundle::statement::Named;
use crate::hash::Hash;
use crate::record::Revision;
use crate::value::Value;

const NAMES: &str = "/statement/map/names";

/// The map of a proof, asked name by name.
struct Opened<'a> {
    map: &'a MapOpening,
    records: &'a Records,
    /// How many names were asked.
    asked: usize,
}

impl Asked for Opened<'_> {
    type Error = Fault;

    fn under(&mut self, name: &MapName) -> Checked<Vec<EntryValue>> {
        let number = self.asked;
        let MapOpening { runs, ranges } = self.map;
        let rule = "one opening for each name that the statement asks";
        let ranges = ranges.get(number).ok_or_else(|| Fault::new(NAMES, rule))?;
        let at = format!("{NAMES}/{number}");
        if ranges.len() != runs.len() {
            return Err(Fault::new(at, "a range in each run of the map"));
        }
        let mut found = Vec::new();
        for (run, (head, range)) in runs.iter().zip(ranges).enumerate() {
            let rule = "whole blocks of the run, with all of the name and its neighbours";
            let values = check_run(run, head, name, range);
            found.extend(values.map_err(|_| Fault::new(format!("{at}/{run}"), rule))?);
        }
        self.asked += 1;
        Ok(found)
    }

    fn record(&mut self, value: &EntryValue) -> Checked<(Hash, Known)> {
        let mut least = Hash([0; 32]);
        least.0[..value.len()].copy_from_slice(value);
        let found = self.records.range(least..).next();
        let found = found.filter(|(id, _)| id.0.starts_with(value));
        let at = || format!("{NAMES}/{}", self.asked.saturating_sub(1));
        let rule = "each record under the name stands among the records";
        found.map(|(id, known)| (*id, known.clone())).ok_or_else(|| Fault::new(at(), rule))
    }
}

/// Checks a statement; says whether an erasure took a part of what would show it.
pub(in super::super) fn check(
    absent: &Absent,
    records: &Records,
    root: Option<Hash>,
) -> Checked<bool> {
    let Absent { what, map, batches } = absent;
    let broken = |(member, rule)| Fault::new(format!("/statement/{member}"), rule);
    what.check_form().map_err(broken)?;
    let root = root.ok_or_else(|| {
        Fault::new("/commits", "the last commit of the checkpoint, which states a map_root")
    })?;
    if map.runs.len() > RUNS_MAX || map_root(&map.runs) != root {
        return Err(Fault::new("/statement/map/runs", "the runs that give the map_root"));
    }
    let mut opened = Opened { map, records, asked: 0 };
    let told = told(what, &mut opened)?;
    if opened.asked != map.ranges.len() {
        return Err(Fault::new(NAMES, "one opening for each name that the statement asks"));
    }
    if told.against.is_some() {
        return Err(Fault::new("/statement/node", "nothing that is recorded says otherwise"));
    }
    match what {
        Nothing::Edge { claims, .. } if *claims != told.claims => {
            Err(Fault::new("/statement/claims", "the claims of its name that are recorded"))
        }
        Nothing::Event { named, .. } => {
            if !batches.iter().map(|part| &part.batch).eq(told.batches.keys()) {
                let rule = "each batch of the scope once, ascending, and no other";
                return Err(Fault::new("/statement/batches", rule));
            }
            let mut erased = false;
            for (number, (part, revision)) in batches.iter().zip(told.batches.values()).enumerate()
            {
                let is_shown = keys(part, revision, named, records).is_some();
                let rule = "the value is in no row of the batch, or a recorded erasure took what would show it";
                let fault = || Fault::new(format!("/statement/batches/{number}"), rule);
                is_shown.then_some(()).ok_or_else(fault)?;
                erased |= part.shown.erased().is_some();
            }
            Ok(erased)
        }
        _ => Ok(false),
    }
}

/// Is the value shown to be in no row of a batch, or what would show it to be gone?
fn keys(part: &KeysPart, revision: &Revision, named: &Named, records: &Records) -> Option<()> {
    let root = revision.fields.get("keys_root").and_then(Value::as_bytes);
    let root = root.and_then(Hash::from_slice)?;
    let value = match hash_bytes(named) {
        Some(bytes) => Value::Bytes(bytes),
        None => Value::text(&named.value),
    };
    let field = &named.field;
    let erasure = |id: &Hash| match records.get(id) {
        Some(Known::Erasure(record)) => Some(record),
        _ => None,
    };
    match &part.shown {
        KeysShown::Opened(opening) => {
            let presence = opening.check(&root, field, &value).ok()?;
            (presence == Presence::Absent).then_some(())
        }
        KeysShown::Bucket { bits, fields, path, record } => {
            let hash = value_hash(field, &value);
            let leaf =
                erasure::kept_bucket(erasure(record)?, &part.batch, bucket_of(&hash, *bits))?;
            bucket_leads((*bits, fields, path), (field, &hash), &leaf, &root).ok()
        }
        KeysShown::Gone { record } => {
            erasure::took_all(erasure(record)?, &part.batch).then_some(())
        }
    }
}

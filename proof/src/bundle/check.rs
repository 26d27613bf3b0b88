//! The check of a proof file: what a stranger runs.
//!
//! The order of the checks is part of the form, so that every verifier names the same first fault:
//! the file's form, the checkpoint, commits, records, events, the statement.

use super::absent;
use super::commits::{self, Known, Records};
use super::events::{self, Events};
use super::fault::{Checked, Fault};
use super::hops;
use super::item::{EventName, Item};
use super::layout::Bundle;
use super::statement::{Named, Statement};
use super::words;
use crate::tlog::{self, Checkpoint, SignatureKind, SignedCheckpoint, VerifierKey};

/// What whoever checks a proof trusts.
pub struct Trust {
    key: VerifierKey,
    checkpoint: Option<Checkpoint>,
}

impl Trust {
    /// The verifier key of the log (`name+id+base64`), and the signed note of a checkpoint where one
    /// is known from elsewhere; without, the checkpoint in the proof counts if the key signed it.
    ///
    /// # Errors
    /// If the key is none of a log, or the checkpoint is not signed by it.
    pub fn new(key: &str, checkpoint: Option<&[u8]>) -> Result<Trust, tlog::Error> {
        let key = VerifierKey::parse(key)?;
        if key.kind() != SignatureKind::Ed25519 {
            let rule = "it is the key of a log, not of a witness";
            return Err(tlog::Error::Form { what: "verifier key", rule });
        }
        let checkpoint = checkpoint
            .map(|bytes| {
                let signed = SignedCheckpoint::parse(bytes)?;
                signed.verify(&key)?;
                Ok(signed.checkpoint)
            })
            .transpose()?;
        Ok(Trust { key, checkpoint })
    }
}

/// One of four answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The statement is shown.
    Valid,
    /// It is shown; what an event held is gone by a recorded erasure.
    Redacted,
    /// It is shown; the subject group of an event is kept back.
    Withheld,
    /// Something was changed, or is not what it should be: the first place.
    Tampered(Fault),
}

impl Verdict {
    /// The verdict in words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Redacted => "valid, redacted by a recorded erasure",
            Verdict::Withheld => "valid, withheld",
            Verdict::Tampered(_) => "tampered",
        }
    }

    /// The exit code of verifiers; 2 is for wrong use.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Verdict::Valid => 0,
            Verdict::Tampered(_) => 1,
            Verdict::Redacted => 10,
            Verdict::Withheld => 11,
        }
    }
}

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What is shown, in words; nothing where the file was tampered with.
    pub words: Vec<String>,
    /// What is not shown, in words.
    pub limits: Vec<String>,
    /// The checkpoint that it is shown against.
    pub checkpoint: Option<Checkpoint>,
}

/// Checks a proof file.
#[must_use]
pub fn check(file: &[u8], trust: &Trust) -> Report {
    match checked(file, trust) {
        Ok(report) => report,
        Err(fault) => Report {
            verdict: Verdict::Tampered(fault),
            words: Vec::new(),
            limits: Vec::new(),
            checkpoint: None,
        },
    }
}

fn checked(file: &[u8], trust: &Trust) -> Checked<Report> {
    let bundle = Bundle::read(file)?;
    let checkpoint = checkpoint(&bundle, trust)?;
    let verdict = shown(&bundle, &checkpoint)?;
    let (words, limits) = (bundle.words(), words::limits(&bundle.statement));
    Ok(Report { verdict, words, limits, checkpoint: Some(checkpoint) })
}

impl Bundle {
    /// Is the statement shown against the checkpoint in the proof, whoever signed that? For those who
    /// make proofs; whoever is given one asks [`check`].
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn holds(&self) -> Result<Verdict, Fault> {
        let signed = SignedCheckpoint::parse(self.checkpoint.as_bytes());
        let rule = "the signed note of a checkpoint";
        let signed = signed.map_err(|_| Fault::new("/checkpoint", rule))?;
        shown(self, &signed.checkpoint)
    }
}

/// Checks all but who signed the checkpoint.
fn shown(bundle: &Bundle, checkpoint: &Checkpoint) -> Checked<Verdict> {
    let (records, map_root) = commits::check(bundle, checkpoint)?;
    let events = events::check(&bundle.events, &records)?;
    let lacks = match &bundle.statement {
        Statement::Absent(absent) => absent::check(absent, &records, map_root)?,
        other => stated(other, &records, &events).map(|()| false)?,
    };
    Ok(if lacks || events.values().any(|event| event.erased) {
        Verdict::Redacted
    } else if events.values().any(events::Disclosed::is_withheld) {
        Verdict::Withheld
    } else {
        Verdict::Valid
    })
}

fn stated(statement: &Statement, records: &Records, events: &Events) -> Checked {
    match statement {
        Statement::Revision { node, revision } => {
            let is_there = match records.get(revision) {
                Some(Known::Revision(revision)) => hops::is_of(revision, node),
                _ => false,
            };
            let rule = "a revision of this node that stands among the records";
            is_there.then_some(()).ok_or_else(|| Fault::new("/statement/revision", rule))
        }
        Statement::Events { events: named, named: by } => {
            let mut numbered = named.iter().enumerate();
            numbered.try_for_each(|(number, event)| {
                says(&format!("/statement/events/{number}"), event, by.as_ref(), events)
            })
        }
        Statement::Paths { named, paths } => {
            for (number, path) in paths.iter().enumerate() {
                let at = format!("/statement/paths/{number}");
                hops::check(&at, path, records, events)?;
                let items = path.hops.iter().map(|hop| &hop.to);
                for item in std::iter::once(&path.start).chain(items) {
                    if let Item::Event(event) = item {
                        says(&at, event, named.as_ref(), events)?;
                    }
                }
            }
            Ok(())
        }
        // Checked with the map: [`absent::check`].
        Statement::Absent(_) => Ok(()),
    }
}

/// The checkpoint of the file, signed by the key that is trusted.
fn checkpoint(bundle: &Bundle, trust: &Trust) -> Checked<Checkpoint> {
    let fault = |rule| Fault::new("/checkpoint", rule);
    let signed = SignedCheckpoint::parse(bundle.checkpoint.as_bytes());
    let signed = signed.map_err(|_| fault("the signed note of a checkpoint"))?;
    signed.verify(&trust.key).map_err(|_| fault("a checkpoint that the trusted key signed"))?;
    let found = signed.checkpoint;
    if trust.checkpoint.as_ref().is_some_and(|trusted| *trusted != found) {
        return Err(fault("the checkpoint that is trusted: this proof was made against another"));
    }
    Ok(found)
}

/// An event stands among the events and says of itself what the statement says.
fn says(at: &str, event: &EventName, named: Option<&Named>, events: &events::Events) -> Checked {
    let Some(disclosed) = events.get(event) else {
        return Err(Fault::new(at, "an event that stands among the events"));
    };
    match named {
        Some(named) if !disclosed.says(named) => {
            Err(Fault::new(at, "the event says this of itself, in what is disclosed"))
        }
        _ => Ok(()),
    }
}

//! Asking a witness to sign a checkpoint too (`c2sp.org/tlog-witness`, add-checkpoint). It signs what
//! begins with what it saw before, and nothing else: so it refuses a store that was put back from an
//! old copy and continued, which nobody who has the store alone can see.

use crate::args::Arguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::elsewhere::{Answered, Elsewhere};
use crate::render::counted;
use lineal_engine::Store;
use lineal_proof::tlog::{NoteSignature, SignatureKind, SignedCheckpoint, TreeHash, VerifierKey};

/// What a witness says of a size.
const SIZE: &str = "text/x.tlog.size";

/// Asks, and keeps the signature.
pub(super) fn ask(
    arguments: &Arguments,
    store: &Store,
    size: u64,
    url: &str,
    key: &str,
) -> Outcome<()> {
    let key = self::key(key)?;
    let elsewhere = Elsewhere::new(arguments)?;
    let address = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let note = store.kept_checkpoint(size)?.note;
    let post = |seen: u64| -> Outcome<Answered> {
        let proof = store.consistency_for_witness(seen, size)?;
        elsewhere.post(&address, "text/plain; charset=utf-8", body(seen, &proof, &note).as_bytes())
    };
    let mut seen = seen_before(store, size, &key)?;
    let mut answered = post(seen)?;
    let mut conflict = told_size(url, &answered)?;
    // It tells what it saw last: another copy of this store may have asked meanwhile, or an answer was lost.
    if let Some(told) = conflict.filter(|told| *told != seen) {
        if told > size {
            return Err(refused(
                url,
                &format!(
                    "it has seen {} of this log, and this store holds {size}: this is an older copy. Put the newest one back; what was added to this one since cannot be vouched for",
                    counted(told, "commit")
                ),
            ));
        }
        seen = told;
        answered = post(seen)?;
        conflict = told_size(url, &answered)?;
    }
    match answered.status {
        200 => {}
        // Of the same size it need tell none: then the roots differ.
        409 if conflict.is_none() && seen != size => {
            return Err(refused(
                url,
                &format!("it answered 409 without a size ({SIZE}), which is not of the protocol"),
            ));
        }
        409 => {
            return Err(refused(
                url,
                &format!(
                    "it has seen another log of {} under this name: the history of this store is not the one that it signed",
                    counted(seen, "commit")
                ),
            ));
        }
        422 => {
            return Err(refused(
                url,
                &format!(
                    "the log of {} does not begin with the {seen} that it saw: this store was put back from an older copy and continued, or rewritten",
                    counted(size, "commit")
                ),
            ));
        }
        403 => {
            return Err(refused(
                url,
                "it does not know the key that signed; give its operator the key that `lineal checkpoint` prints",
            ));
        }
        404 => {
            return Err(refused(
                url,
                &format!(
                    "it does not know the log {}, or the address is wrong; give its operator this name and the key that `lineal checkpoint` prints",
                    note.checkpoint.origin
                ),
            ));
        }
        status => return Err(refused(url, &format!("status {status}: {}", answered.words()))),
    }
    let lines = NoteSignature::parse_lines(&answered.body)
        .map_err(|why| refused(url, &format!("its answer is no signature: {why}")))?;
    let ours: Vec<NoteSignature> =
        lines.into_iter().filter(|line| line.name == key.name() && line.id == key.id()).collect();
    let mut with = note.clone();
    ours.iter().for_each(|line| with.note.add(line.clone()));
    with.note
        .verify(&key)
        .map_err(|why| refused(url, &format!("its signature is not kept: {why}")))?;
    // Before its signature: what is kept of it can be checked whenever the store is.
    store.add_witness(&key)?;
    store.add_cosignatures(size, ours)?;
    Ok(())
}

/// The key of a witness, as its operator told it.
pub(in crate::command) fn key(text: &str) -> Outcome<VerifierKey> {
    let key = VerifierKey::parse(text)
        .map_err(|why| Failure::usage(format!("--witness-key {text}: {why}")))?;
    if key.kind() != SignatureKind::Cosignature {
        return Err(Failure::usage(format!(
            "--witness-key {key}: this is the key of a log; a witness's begins, in base64, with BA"
        )));
    }
    Ok(key)
}

/// What a witness is sent: what it saw, what shows that this begins with it, and this.
pub(super) fn body(seen: u64, proof: &[TreeHash], note: &SignedCheckpoint) -> String {
    let mut body = format!("old {seen}\n");
    for hash in proof {
        body.push_str(&format!("{hash}\n"));
    }
    body.push_str(&format!("\n{note}"));
    body
}

/// The size of the newest kept checkpoint, up to this one, that the witness signed; 0 if none.
fn seen_before(store: &Store, size: u64, key: &VerifierKey) -> Outcome<u64> {
    for earlier in store.checkpoint_sizes()?.into_iter().rev().filter(|earlier| *earlier <= size) {
        if store.kept_checkpoint(earlier)?.note.note.verify(key).is_ok() {
            return Ok(earlier);
        }
    }
    Ok(0)
}

/// The size that a witness answers a conflict with; none of other answers, and where it tells none.
fn told_size(url: &str, answered: &Answered) -> Outcome<Option<u64>> {
    if answered.status != 409 || !answered.content_type.starts_with(SIZE) {
        return Ok(None);
    }
    let told = String::from_utf8_lossy(&answered.body);
    let told = told.strip_suffix('\n').unwrap_or(&told);
    // As it is written in checkpoints: decimal digits, no sign, no leading zero.
    match told.parse::<u64>().ok().filter(|size| size.to_string() == told) {
        Some(size) => Ok(Some(size)),
        None => Err(refused(
            url,
            &format!(
                "it answered 409 with what is no size in decimal digits, which is not of the protocol: {}",
                answered.words()
            ),
        )),
    }
}

fn refused(url: &str, why: &str) -> Failure {
    Failure::Remote { message: format!("the witness {url} did not sign: {why}"), exit: Exit::No }
}

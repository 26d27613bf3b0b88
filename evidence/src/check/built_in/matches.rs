//! What matched in a reference database (Article 12(3)(c)): the input data itself, or where it is kept. A hash shows
//! that something is the same, and nobody can look at it.

use lineal_engine::NodeNo;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;

use super::Offence;
use super::event_fields::has_begun;
use super::presence::{Counters, Rows, counted};
use crate::check::Error;
use crate::check::ask::Asker;

/// Lengths of hashes in hexadecimal digits, from MD5 to SHA-512, where nothing says that it is one.
const HASH_DIGITS: [usize; 6] = [32, 40, 56, 64, 96, 128];
/// Names of hash functions begin so; a number may follow, or a hyphen.
const FUNCTIONS: [&str; 7] = ["sha", "md5", "blake", "b3", "hmac", "xxh", "xxhash"];

/// Deployments of which matches are logged as a hash alone; and those with events of which none has a match, as
/// then nobody can tell whether matches are logged.
pub(super) fn only_hashes(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        let batches = Counters::all(asker, *deployment)?;
        if batches.is_empty() {
            asker.cannot_tell(u64::from(has_begun(asker, *deployment)?));
            continue;
        }
        let (mut matches, mut hashes, mut unseen) = (0, 0, 0);
        for batch in &batches {
            let with = batch.of(EventField::ReferenceMatch);
            if with.most == 0 {
                continue;
            }
            let rows = Rows::of(asker, &batch.batch)?;
            let is_match = rows.which(asker, EventField::ReferenceMatch, |_| true)?;
            let is_hash = rows.which(asker, EventField::ReferenceMatch, |value| match value {
                EventValue::Text(text) => is_a_hash(text),
                EventValue::Hash(_) => true,
                _ => false,
            })?;
            let seen = counted(&is_match);
            matches += seen;
            hashes += counted(&is_hash);
            unseen += rows.unseen.min(with.most.saturating_sub(seen));
        }
        if hashes > 0 {
            let say = format!("of {hashes} of {matches} matches only a hash is logged");
            offences.push(Offence::said(*deployment, say));
        } else if matches == 0 && unseen == 0 {
            let say = "no event has a match, so whether matches are logged cannot be told";
            offences.push(Offence::said(*deployment, say.to_owned()));
        }
        // That erased or restricted matches cannot be told `distinct-verifiers` notes of the same log.
    }
    Ok(offences)
}

/// Is this a hash and nothing else: by the name of its function before it, or by its length?
fn is_a_hash(text: &str) -> bool {
    let text = text.trim();
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some((function, digest)) = text.split_once([':', '=']) {
        let function = function.trim().to_ascii_lowercase();
        let is_function = FUNCTIONS.iter().any(|known| {
            let rest = function.strip_prefix(known);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
        });
        let is_digest = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        let digest = digest.trim();
        return is_function && !digest.is_empty() && digest.bytes().all(is_digest);
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    HASH_DIGITS.contains(&digits.len()) && is_hex(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_what_can_be_looked_at() {
        for hash in [
            "sha256:9f86d081884c7d65",
            "SHA-256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
            "md5=0cc175b9c0f1b6a831c399e269772661",
            "0cc175b9c0f1b6a831c399e269772661",
            "0x9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert!(is_a_hash(hash), "{hash}");
        }
        for kept in
            ["entry 7", "s3://faces/7.png", "4711", "deadbeef", "sharepoint:/faces/7", "shared=7"]
        {
            assert!(!is_a_hash(kept), "{kept}");
        }
    }
}

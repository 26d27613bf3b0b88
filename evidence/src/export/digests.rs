//! Names that other people's forms want where a record has none of the kind: UUIDs and URNs, made of
//! ids that are there, so that the same record has the same name in every export.

use crate::Member;
use lineal_proof::Hash;

/// A UUID (RFC 9562, version 8: of the maker's own making) from the first half of a hash.
pub(super) fn uuid_of(hash: &Hash) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.0[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    dashed(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A run's UUID: its own id where that is one (32 hexadecimal digits, dashed or not), else one of its
/// node id.
pub(super) fn uuid_of_run(run: &Member) -> String {
    let own = run.name.strip_prefix("run:").unwrap_or_default();
    let digits: String = own.chars().filter(|digit| *digit != '-').collect();
    let is_uuid = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_uuid { dashed(&digits.to_ascii_lowercase()) } else { uuid_of(&run.id) }
}

fn dashed(digits: &str) -> String {
    let at = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32))
}

/// A member's name as a URN: what may not stand in one (RFC 8141) is percent-encoded.
pub(super) fn urn(member: &Member) -> String {
    let mut out = String::from("urn:lineal:");
    for byte in member.name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The name without its kind.
pub(super) fn bare(member: &Member) -> &str {
    member.name.split_once(':').map_or(member.name.as_str(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_gives_one_uuid_of_version_eight() {
        let uuid = uuid_of(&Hash([0xff; 32]));
        assert_eq!(uuid, "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_eq!(uuid_of(&Hash([0; 32])), "00000000-0000-8000-8000-000000000000");
    }
}

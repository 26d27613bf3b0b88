//! Requests and answers beside those of OpenSSL (tests/fixtures/vectors/rfc3161, made with `openssl ts`).

use super::*;

const TEXT: &[u8] = include_bytes!("../../../tests/fixtures/vectors/rfc3161/text.txt");
const REQUEST: &[u8] = include_bytes!("../../../tests/fixtures/vectors/rfc3161/request.tsq");
const REPLY: &[u8] = include_bytes!("../../../tests/fixtures/vectors/rfc3161/reply.tsr");
const REFUSED: &[u8] = include_bytes!("../../../tests/fixtures/vectors/rfc3161/refused.tsr");

/// When it was stamped, and when the authority's certificate ends.
const TIME: i64 = 1_795_353_657;
const CERTIFICATES_END: i64 = 2_486_553_657;

#[test]
fn a_request_is_that_of_openssl() {
    assert_eq!(request(TEXT), REQUEST);
}

#[test]
fn an_answer_is_of_its_text_alone() {
    let stamp = Timestamp::parse(REPLY).unwrap();
    stamp.covers(TEXT).unwrap();
    assert!(matches!(stamp.covers(b"another"), Err(TimestampError::OtherText { .. })));
    // As `openssl ts -reply -text` and `openssl x509 -enddate` print them.
    assert_eq!(stamp.time(), TIME);
    assert_eq!(stamp.certificates_end(), Some(CERTIFICATES_END));
    assert!(matches!(Timestamp::parse(REFUSED), Err(TimestampError::Refused { status: 2, .. })));
}

#[test]
fn an_answer_that_is_cut_or_changed_is_no_panic() {
    for end in 0..REPLY.len() {
        assert!(Timestamp::parse(&REPLY[..end]).is_err(), "{end} bytes");
    }
    for at in 0..REPLY.len().min(300) {
        for bit in 0..8 {
            let mut changed = REPLY.to_vec();
            changed[at] ^= 1 << bit;
            let _ = Timestamp::parse(&changed);
        }
    }
}

#[test]
fn times_are_read_in_both_forms() {
    let text = |kind, text: &str| der::time(kind, text.as_bytes());
    assert_eq!(text(GENERALIZED_TIME, "19700101000000Z"), Some(0));
    assert_eq!(text(GENERALIZED_TIME, "20000229235959.5Z"), Some(951_868_799));
    assert_eq!(text(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
    assert_eq!(text(UTC_TIME, "700101000000Z"), Some(0));
    for bad in ["20001301000000Z", "20000101000000", "2000010100000Z", "200001010000+0Z", "Z", ""] {
        assert_eq!(text(GENERALIZED_TIME, bad), None, "{bad}");
    }
}

#[test]
fn a_signature_is_taken_apart_and_one_that_names_its_certificate_by_sha1_is_not_read() {
    let parts = signature(REPLY).unwrap();
    assert_eq!(
        (parts.hash, parts.key, parts.public.len()),
        (StampHash::Sha256, StampKey::P256, 65)
    );
    // The last byte of the attribute's name says by which hash the certificate is named.
    let name = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
    let at = REPLY.windows(name.len()).position(|part| part == name).unwrap();
    let mut older = REPLY.to_vec();
    older[at + 10] = 0x0c;
    assert!(matches!(signature(&older), Err(TimestampError::Unknown { .. })));
    older[at + 10] = 0x2e;
    assert!(matches!(signature(&older), Err(TimestampError::Form { .. })), "named by nothing");
    // The stamp itself, the attributes' digest of it, the certificate.
    for (what, bytes) in [("imprint", &Sha256::digest(TEXT)[..]), ("certificate", &parts.public)] {
        let at = REPLY.windows(bytes.len()).position(|part| part == bytes).unwrap();
        let mut other = REPLY.to_vec();
        other[at] ^= 1;
        assert!(matches!(signature(&other), Err(TimestampError::Form { .. })), "{what}");
    }
}

/// A stamp of [`TEXT`] whose certificate, or time, is as the name says (made with `openssl cms -sign -cades`:
/// `openssl ts` signs with no such certificate).
macro_rules! stamped {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/vectors/rfc3161/", $name, ".tsr"))
    };
}

#[test]
fn the_certificate_is_for_stamps_alone_and_valid_when_it_stamps() {
    let sound = stamped!("in-time");
    Timestamp::parse(sound).unwrap().covers(TEXT).unwrap();
    assert_eq!(signature(sound).unwrap().key, StampKey::P256);
    let refused: [(&[u8], &str); 4] = [
        (stamped!("not-critical"), "critically"),
        (stamped!("two-uses"), "alone"),
        (stamped!("too-early"), "valid at the time"),
        (stamped!("too-late"), "valid at the time"),
    ];
    for (reply, why) in refused {
        Timestamp::parse(reply).unwrap().covers(TEXT).unwrap();
        let error = signature(reply).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

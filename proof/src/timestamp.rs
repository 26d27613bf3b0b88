//! Time stamps of RFC 3161: the request over a text's SHA-256, and what can be read of an answer without
//! knowing whom to trust.
//!
//! Checked here: that the answer grants a stamp, in its form (DER, RFC 3161 section 2.4.2), and that it is
//! of the text. What is signed, how and by which certificate, is taken apart (`signature.rs`); that the signature
//! fits is checked where there is a library for it (`engine/src/public_log/stamp.rs`). **Not checked**: whether that
//! certificate is an authority's, which needs its roots of trust; `openssl ts -verify` does that from the same file.

mod der;
mod signature;

pub use signature::{StampHash, StampKey, StampSignature, signature};

use der::{Der, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME};
use sha2::{Digest, Sha256};

/// `2.16.840.1.101.3.4.2.1`, SHA-256.
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// `1.2.840.113549.1.7.2`, signed data.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `1.2.840.113549.1.9.16.1.4`, the content of a time stamp.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// What stands before the 32 bytes of the digest in a request: version 1, and SHA-256 as the algorithm of
/// the imprint. Behind them: give the certificates with the answer. No nonce: an older answer to the same
/// digest would prove more, not less, and so the same text makes the same request.
const REQUEST_HEAD: [u8; 24] = [
    0x30, 0x39, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
const REQUEST_TAIL: [u8; 3] = [0x01, 0x01, 0xff];
/// Bytes of an answer: a token with a long chain of certificates has some 10 KiB.
const REPLY_BYTES_MAX: usize = 1 << 20;

/// Why an answer is no stamp of a text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// Not what RFC 3161 describes.
    #[error("not an answer of a time-stamp authority (RFC 3161): {rule}")]
    Form {
        /// The rule that is broken.
        rule: &'static str,
    },
    /// The authority refused.
    #[error("the time-stamp authority refused (status {status}): {text}")]
    Refused {
        /// `PKIStatus`.
        status: u8,
        /// What it said.
        text: String,
    },
    /// Signed in a way that is not read here.
    #[error(
        "its signature cannot be checked here: the {what} is of another algorithm than RSA or ECDSA with SHA-2; `openssl ts -verify` checks it"
    )]
    Unknown {
        /// What is of another algorithm.
        what: &'static str,
    },
    /// It stamps something else.
    #[error("the stamp is of another text: of the SHA-256 {found}, not {expected}")]
    OtherText {
        /// The digest in the stamp, hexadecimal.
        found: String,
        /// The digest of the text, hexadecimal.
        expected: String,
    },
}

/// What a time-stamp authority says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timestamp {
    imprint: [u8; 32],
    time: i64,
    certificates_end: Option<i64>,
}

/// The request for a stamp of a text (media type `application/timestamp-query`).
#[must_use]
pub fn request(text: &[u8]) -> Vec<u8> {
    let digest: [u8; 32] = Sha256::digest(text).into();
    [&REQUEST_HEAD[..], &digest, &REQUEST_TAIL].concat()
}

impl Timestamp {
    /// Reads an answer (media type `application/timestamp-reply`).
    ///
    /// # Errors
    /// [`TimestampError::Refused`], or [`TimestampError::Form`] with the rule that is broken.
    pub fn parse(reply: &[u8]) -> Result<Timestamp, TimestampError> {
        let form = |rule| TimestampError::Form { rule };
        if reply.len() > REPLY_BYTES_MAX {
            return Err(form("it has at most 1 MiB"));
        }
        let mut whole = Der::new(reply);
        let mut answer = whole.inside(SEQUENCE).ok_or_else(|| form("it is a DER sequence"))?;
        if !whole.is_empty() {
            return Err(form("nothing follows the answer"));
        }
        let mut status = answer.inside(SEQUENCE).ok_or_else(|| form("it begins with a status"))?;
        match status.take(INTEGER) {
            // Granted, or granted with a change: of time stamps both are stamps.
            Some([0 | 1]) => {}
            Some([status_number]) => {
                let mut texts = status.inside(SEQUENCE).unwrap_or(Der::new(&[]));
                let text = texts.any().map_or(&[][..], |(_, text)| text);
                let text = String::from_utf8_lossy(text);
                let text = text.chars().filter(|letter| !letter.is_control()).collect();
                return Err(TimestampError::Refused { status: *status_number, text });
            }
            _ => return Err(form("its status is a number")),
        }
        let token = answer.inside(SEQUENCE).ok_or_else(|| form("a token follows the status"))?;
        read_token(token).ok_or_else(|| form("its token holds a stamp over a SHA-256"))
    }

    /// Is it of this text?
    ///
    /// # Errors
    /// [`TimestampError::OtherText`] if not.
    pub fn covers(&self, text: &[u8]) -> Result<(), TimestampError> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        if digest == self.imprint {
            return Ok(());
        }
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        Err(TimestampError::OtherText { found: hex(&self.imprint), expected: hex(&digest) })
    }

    /// When the authority says that it saw the text, seconds since 1970.
    #[must_use]
    pub fn time(&self) -> i64 {
        self.time
    }

    /// When the first of the certificates in the answer ends, seconds since 1970; none if it holds none.
    /// Before that the text should be stamped anew.
    #[must_use]
    pub fn certificates_end(&self) -> Option<i64> {
        self.certificates_end
    }
}

/// `ContentInfo { signedData, [0] SignedData { version, digestAlgorithms, encapContentInfo { id-ct-TSTInfo,
/// [0] OCTET STRING }, [0] certificates?, ... } }` (RFC 5652).
fn read_token(mut token: Der<'_>) -> Option<Timestamp> {
    (token.take(OID)? == SIGNED_DATA).then_some(())?;
    let mut signed = token.inside(der::context(0))?.inside(SEQUENCE)?;
    signed.take(INTEGER)?;
    signed.take(SET)?;
    let mut content = signed.inside(SEQUENCE)?;
    (content.take(OID)? == TST_INFO).then_some(())?;
    let mut octets = content.inside(der::context(0))?;
    let mut info = Der::new(octets.take(OCTET_STRING)?).inside(SEQUENCE)?;
    (info.take(INTEGER)? == [1]).then_some(())?;
    info.take(OID)?;
    let mut imprint = info.inside(SEQUENCE)?;
    (imprint.inside(SEQUENCE)?.take(OID)? == SHA_256).then_some(())?;
    let digest = imprint.take(OCTET_STRING)?.try_into().ok()?;
    info.take(INTEGER)?;
    let time = der::time(GENERALIZED_TIME, info.take(GENERALIZED_TIME)?)?;
    let mut certificates = signed.inside(der::context(0)).unwrap_or(Der::new(&[]));
    let mut ends = Vec::new();
    while let Some(certificate) = certificates.inside(SEQUENCE) {
        ends.push(certificate_end(certificate)?);
    }
    Some(Timestamp { imprint: digest, time, certificates_end: ends.into_iter().min() })
}

/// `Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, Validity { from, to }, ... } }`
/// (RFC 5280).
fn certificate_end(mut certificate: Der<'_>) -> Option<i64> {
    let mut inner = certificate.inside(SEQUENCE)?;
    let _ = inner.inside(der::context(0));
    inner.take(INTEGER)?;
    inner.take(SEQUENCE)?;
    inner.take(SEQUENCE)?;
    let mut validity = inner.inside(SEQUENCE)?;
    validity.any()?;
    match validity.any()? {
        (kind @ (UTC_TIME | GENERALIZED_TIME), text) => der::time(kind, text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

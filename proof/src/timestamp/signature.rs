//! The signature of a time stamp, taken apart (CMS, RFC 5652, sections 5.3 to 5.6; RFC 3161, section 2.4.2):
//! which bytes are signed, how, and by which certificate of the answer. Hashes are checked here; the
//! signature itself is for who has a library for it (`engine/src/public_log/stamp.rs`).

use super::der::{self, Der, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use super::{SHA_256, SIGNED_DATA, TST_INFO, Timestamp, TimestampError};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::ops::RangeInclusive;

const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
/// `2.16.840.1.101.3.4.2.2` and `.3`.
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// `1.2.840.113549.1.9.3` and `.4`: what kind of content is signed, and its digest.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// `1.2.840.113549.1.9.16.2.47`: which certificate signs (RFC 5035), so that no other can be put in its place.
const SIGNING_CERTIFICATE_V2: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
/// `1.2.840.113549.1.9.16.2.12`: the same by SHA-1 (RFC 3161 knew no other), which is not made here.
const SIGNING_CERTIFICATE_V1: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
/// `1.3.6.1.5.5.7.3.8` and no other use: a certificate that is for time stamps alone (RFC 3161, section 2.3).
const TIME_STAMPING_ALONE: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// `2.5.29.37`, what a certificate may be used for.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// `1.2.840.10045.2.1`, `1.2.840.10045.3.1.7` and `1.3.132.0.34`: keys on the curves P-256 and P-384.
const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P_384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// `1.2.840.113549.1.1.1`, RSA keys, and `.10`, RSASSA-PSS.
const RSA_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// The hash of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StampHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The key of a signature, and its form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StampKey {
    /// RSA, PKCS #1 v1.5.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

/// A signature of a stamp: what is to be checked, all hashes of it being right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StampSignature {
    /// What is signed: the attributes, which hold the digest of the stamp.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// Of which hash.
    pub hash: StampHash,
    /// With which key.
    pub key: StampKey,
    /// The public key: a point, or RSA's two numbers in DER.
    pub public: Vec<u8>,
    /// The certificate that the key stands in, DER.
    pub certificate: Vec<u8>,
    /// The other certificates of the answer, DER: those that lead from it to an authority's root, maybe.
    pub others: Vec<Vec<u8>>,
    /// When the stamp says that it was made, seconds since 1970; the certificate was valid then.
    pub time: i64,
}

impl StampHash {
    fn of(oid: &[u8]) -> Option<StampHash> {
        match oid {
            SHA_256 => Some(StampHash::Sha256),
            SHA_384 => Some(StampHash::Sha384),
            SHA_512 => Some(StampHash::Sha512),
            _ => None,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            StampHash::Sha256 => Sha256::digest(bytes).to_vec(),
            StampHash::Sha384 => Sha384::digest(bytes).to_vec(),
            StampHash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// A value with its tag and length.
#[expect(clippy::big_endian_bytes, reason = "DER says so")]
fn with_head(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut length: Vec<u8> =
        value.len().to_be_bytes().iter().copied().skip_while(|byte| *byte == 0).collect();
    if value.len() > 0x7f {
        length.insert(0, 0x80 | u8::try_from(length.len()).unwrap_or(0x7f));
    } else if length.is_empty() {
        length.push(0);
    }
    [&[tag][..], &length, value].concat()
}

/// The signature of an answer that was read as a stamp.
///
/// # Errors
/// [`TimestampError::Form`] with the rule that is broken, [`TimestampError::Unknown`] for an algorithm that
/// is not read here.
pub fn signature(reply: &[u8]) -> Result<StampSignature, TimestampError> {
    let form = |rule| TimestampError::Form { rule };
    let parts = Parts::of(reply).ok_or_else(|| form("its token is signed data with one signer"))?;
    let hash = StampHash::of(parts.hash).ok_or(TimestampError::Unknown { what: "hash" })?;
    let attribute = |name: &'static [u8]| {
        let mut all = Der::new(parts.attributes);
        while let Some(mut one) = all.inside(SEQUENCE) {
            if one.take(OID) == Some(name) {
                return one.inside(SET);
            }
        }
        None
    };
    let kind = attribute(CONTENT_TYPE).and_then(|mut value| value.take(OID));
    if kind != Some(TST_INFO) {
        return Err(form("its signed attributes say that a time stamp is signed"));
    }
    let said = attribute(MESSAGE_DIGEST).and_then(|mut value| value.take(OCTET_STRING));
    if said != Some(&hash.digest(parts.content)[..]) {
        return Err(form("its signed attributes hold the digest of the stamp"));
    }
    let named = attribute(SIGNING_CERTIFICATE_V2).and_then(certificate_named);
    if named.is_none() && attribute(SIGNING_CERTIFICATE_V1).is_some() {
        return Err(TimestampError::Unknown { what: "certificate's digest (SHA-1)" });
    }
    let (named_hash, named) =
        named.ok_or_else(|| form("its signed attributes name the certificate that signs"))?;
    let mut others = parts.certificates;
    let place = others.iter().position(|bytes| named_hash.digest(bytes) == named);
    let place = place.ok_or_else(|| form("the certificate that signs is in it"))?;
    let certificate = others.swap_remove(place);
    let key =
        CertificateKey::of(&certificate).ok_or_else(|| form("its certificate is in its form"))?;
    if !key.is_for_stamps {
        return Err(form(
            "the certificate that signs is for time stamps alone, and says so critically (RFC 3161, section 2.3)",
        ));
    }
    let time = Timestamp::parse(reply)?.time();
    if !key.valid.contains(&time) {
        return Err(form("the certificate that signs is valid at the time of the stamp"));
    }
    if parts.algorithm == RSA_PSS {
        return Err(TimestampError::Unknown { what: "signature (RSASSA-PSS)" });
    }
    Ok(StampSignature {
        message: with_head(SET, parts.attributes),
        signature: parts.signature.to_vec(),
        hash,
        key: key.key.ok_or(TimestampError::Unknown { what: "key" })?,
        public: key.public,
        certificate,
        others,
        time,
    })
}

/// `SigningCertificateV2 { SEQUENCE OF ESSCertIDv2 { hashAlgorithm (SHA-256 where none is), certHash, ... } }`:
/// the first, which signs.
fn certificate_named(mut value: Der<'_>) -> Option<(StampHash, Vec<u8>)> {
    let mut first = value.inside(SEQUENCE)?.inside(SEQUENCE)?.inside(SEQUENCE)?;
    let hash = match first.inside(SEQUENCE) {
        Some(mut algorithm) => StampHash::of(algorithm.take(OID)?)?,
        None => StampHash::Sha256,
    };
    Some((hash, first.take(OCTET_STRING)?.to_vec()))
}

/// What of a token the signature is about.
struct Parts<'a> {
    /// The stamp.
    content: &'a [u8],
    /// The certificates, each with its head.
    certificates: Vec<Vec<u8>>,
    hash: &'a [u8],
    attributes: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(reply: &'a [u8]) -> Option<Parts<'a>> {
        let mut answer = Der::new(reply).inside(SEQUENCE)?;
        answer.take(SEQUENCE)?;
        let mut token = answer.inside(SEQUENCE)?;
        (token.take(OID)? == SIGNED_DATA).then_some(())?;
        let mut signed = token.inside(der::context(0))?.inside(SEQUENCE)?;
        signed.take(INTEGER)?;
        signed.take(SET)?;
        let mut content = signed.inside(SEQUENCE)?;
        content.take(OID)?;
        let content = content.inside(der::context(0))?.take(OCTET_STRING)?;
        let mut listed = signed.inside(der::context(0)).unwrap_or(Der::new(&[]));
        let mut certificates = Vec::new();
        while let Some(certificate) = listed.take(SEQUENCE) {
            certificates.push(with_head(SEQUENCE, certificate));
        }
        // Lists of what was revoked.
        let _ = signed.take(der::context(1));
        let mut signers = signed.inside(SET)?;
        let mut signer = signers.inside(SEQUENCE)?;
        signers.is_empty().then_some(())?;
        signer.take(INTEGER)?;
        // Issuer and number, or an id of the key: the signed attributes name it by its hash.
        signer.any()?;
        let hash = signer.inside(SEQUENCE)?.take(OID)?;
        let attributes = signer.take(der::context(0))?;
        let algorithm = signer.inside(SEQUENCE)?.take(OID)?;
        let signature = signer.take(OCTET_STRING)?;
        Some(Parts { content, certificates, hash, attributes, algorithm, signature })
    }
}

/// What a certificate says of its key.
struct CertificateKey {
    /// None of a kind that is not read here.
    key: Option<StampKey>,
    public: Vec<u8>,
    /// Is its one extended use, critically, to sign time stamps?
    is_for_stamps: bool,
    /// From when to when it is valid, seconds since 1970.
    valid: RangeInclusive<i64>,
}

impl CertificateKey {
    fn of(bytes: &[u8]) -> Option<CertificateKey> {
        let mut inner = Der::new(bytes).inside(SEQUENCE)?.inside(SEQUENCE)?;
        let _ = inner.take(der::context(0));
        inner.take(INTEGER)?;
        // Algorithm, issuer; behind the validity the subject.
        inner.take(SEQUENCE)?;
        inner.take(SEQUENCE)?;
        let mut validity = inner.inside(SEQUENCE)?;
        let (from, to) = (validity.any()?, validity.any()?);
        let valid = der::time(from.0, from.1)?..=der::time(to.0, to.1)?;
        inner.take(SEQUENCE)?;
        let mut info = inner.inside(SEQUENCE)?;
        let mut algorithm = info.inside(SEQUENCE)?;
        let key = match (algorithm.take(OID)?, algorithm.take(OID)) {
            (RSA_KEY, _) => Some(StampKey::Rsa),
            (EC_KEY, Some(P_256)) => Some(StampKey::P256),
            (EC_KEY, Some(P_384)) => Some(StampKey::P384),
            _ => None,
        };
        let (unused, public) = info.take(BIT_STRING)?.split_first()?;
        (*unused == 0).then_some(())?;
        let _ = (inner.take(0x81), inner.take(0x82));
        let mut extensions = inner.inside(der::context(3))?.inside(SEQUENCE)?;
        let mut is_for_stamps = false;
        while let Some(mut extension) = extensions.inside(SEQUENCE) {
            if extension.take(OID)? == EXTENDED_KEY_USAGE {
                let is_critical = extension.take(BOOLEAN) == Some(&[0xff]);
                let uses = extension.take(OCTET_STRING)?;
                is_for_stamps = is_critical && uses == TIME_STAMPING_ALONE;
            }
        }
        Some(CertificateKey { key, public: public.to_vec(), is_for_stamps, valid })
    }
}

//! Whose a time stamp (RFC 3161) is: whoever knows an authority's root has the certificate that signs led back
//! to it. That the signature fits that certificate is checked first (`engine/src/public_log/stamp.rs`).

use lineal_engine::public_log::{StampError, checked_stamp};
use lineal_proof::timestamp::signature;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// `1.3.6.1.5.5.7.3.8`, to sign time stamps.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// Bytes of a file of roots: that of a whole operating system has some 200 KiB.
const ROOTS_BYTES_MAX: usize = 4 << 20;

/// Why a stamp is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It is not in its form, its signature is wrong, or nothing is known of it.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// No certificates in the file of whom is trusted, or none that can be read.
    #[error(
        "no certificates of authorities ({rule}): expected one or more in PEM, each between BEGIN CERTIFICATE and END CERTIFICATE"
    )]
    Roots {
        /// What is wrong with it.
        rule: &'static str,
    },
    /// The certificate that signs does not lead to whom is trusted.
    #[error(
        "the certificate that signed the stamp (SHA-256 {certificate}) does not lead to one of the {roots} given: {why}. Is it another authority's?"
    )]
    Issuer {
        /// SHA-256 of the certificate, hexadecimal.
        certificate: String,
        /// How many are trusted.
        roots: usize,
        /// What the way to them lacks.
        why: String,
    },
}

/// Certificates of authorities that somebody trusts.
#[derive(Clone, Debug)]
pub struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// Reads certificates in PEM, one or several; other text between them is passed over.
    ///
    /// # Errors
    /// [`Error::Roots`] if there is none, or one that is no certificate.
    pub fn read(pem: &[u8]) -> Result<Roots, Error> {
        let refused = |rule| Error::Roots { rule };
        if pem.len() > ROOTS_BYTES_MAX {
            return Err(refused("the file has more than 4 MiB"));
        }
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let all = all.map_err(|_| refused("a section that is not PEM"))?;
        if all.is_empty() {
            return Err(refused("none is there"));
        }
        if all.iter().any(|root| anchor_from_trusted_cert(root).is_err()) {
            return Err(refused("a section that is no X.509 certificate"));
        }
        Ok(Roots(all))
    }
}

/// Checks the signature of an answer as [`lineal_engine::public_log::stamp_signer`] does, and that the certificate leads to one of these roots: by
/// certificates of the answer, each valid at the time of the stamp and for this use (RFC 5280, section 6.1). Whether one was revoked is not asked.
///
/// # Errors
/// [`Error::Issuer`] if it does not, else as [`lineal_engine::public_log::stamp_signer`].
pub fn issued_by(reply: &[u8], roots: &Roots) -> Result<String, Error> {
    let stamp = signature(reply).map_err(StampError::from)?;
    let sha256 = checked_stamp(&stamp)?;
    let anchors = roots.0.iter().filter_map(|root| anchor_from_trusted_cert(root).ok());
    let anchors: Vec<_> = anchors.collect();
    let between: Vec<CertificateDer<'_>> =
        stamp.others.iter().map(|other| CertificateDer::from(other.as_slice())).collect();
    let certificate = CertificateDer::from(stamp.certificate.as_slice());
    let time =
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(stamp.time).unwrap_or(0)));
    // That the signer's own certificate is for stamps alone was seen where it was read.
    let usage = KeyUsage::required_if_present(TIME_STAMPING);
    let led = EndEntityCert::try_from(&certificate).and_then(|certificate| {
        let algorithms = ALL_VERIFICATION_ALGS;
        certificate
            .verify_for_usage(algorithms, &anchors, &between, time, usage, None, None)
            .map(|_| ())
    });
    match led {
        Ok(()) => Ok(sha256),
        Err(why) => {
            let (roots, why) = (roots.0.len(), why.to_string());
            Err(Error::Issuer { certificate: sha256, roots, why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::public_log::stamp_signer as signer;

    const REPLY: &[u8] = include_bytes!("../../tests/fixtures/vectors/rfc3161/reply.tsr");

    #[test]
    fn a_signer_leads_to_the_root_that_is_given_and_to_no_other() {
        let read = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/vectors/rfc3161/");
            std::fs::read(format!("{folder}{name}")).unwrap()
        };
        let roots = |name: &str| Roots::read(&read(name)).unwrap();
        let (one, other) = (roots("ca.pem"), roots("between-ca.pem"));
        let both = Roots::read(&[read("between-ca.pem"), read("ca.pem")].concat()).unwrap();
        assert_eq!(issued_by(REPLY, &one).ok(), signer(REPLY).ok());
        assert_eq!(issued_by(REPLY, &both).ok(), signer(REPLY).ok());
        // By a certificate of the answer that may issue others.
        let between = read("between.tsr");
        assert_eq!(issued_by(&between, &other).ok(), signer(&between).ok());
        // By one that may not, although it signed: `openssl ts -verify` refuses it too.
        let no_authority = read("between-no-authority.tsr");
        assert!(signer(&no_authority).is_ok());
        for (reply, roots) in [(REPLY, &other), (&between, &one), (&no_authority, &other)] {
            let refused = issued_by(reply, roots);
            assert!(matches!(refused, Err(Error::Issuer { roots: 1, .. })), "{refused:?}");
        }
        for (file, told) in [
            (&b"no certificate"[..], "none is there"),
            (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "not PEM"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no X.509"),
        ] {
            let refused = Roots::read(file).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn a_stamp_of_openssl_checks_and_no_byte_of_what_is_signed_can_change() {
        let certificate = signer(REPLY).unwrap();
        assert_eq!(certificate, "83301426c5354d4380d477dbb01fb667352c252805aab4a82fcc8365a5bb5585");
        let (mut refused, mut silent) = (0, Vec::new());
        for at in 0..REPLY.len() {
            let mut other = REPLY.to_vec();
            other[at] ^= 0x04;
            match signer(&other) {
                Err(_) => refused += 1,
                Ok(_) => silent.push(at),
            }
        }
        // What is not signed may say anything: the status, versions, who issued the certificate.
        assert!(refused > REPLY.len() * 9 / 10, "{refused} of {}: {silent:?}", REPLY.len());
    }
}

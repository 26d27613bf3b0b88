//! Keys of people who approve: Ed25519, as OpenSSH keeps them or as OpenSSL writes them (PKCS #8).
//!
//! A key is known by its fingerprint as `ssh-keygen -l` prints it, so that everybody can compare it
//! with what they were told.

use data_encoding::{BASE64, BASE64_NOPAD};
use lineal_proof::tlog::{NoteSigner, SignatureKind, VerifierKey};
use sha2::{Digest, Sha256};
use ssh_key::private::KeypairData;
use ssh_key::{Algorithm, PrivateKey, public};
use std::fmt;
use std::path::{Path, PathBuf};

/// What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// A note's signer has a name; an envelope knows keys by their fingerprints alone.
const NAME: &str = "approval";
/// Key files are under a kilobyte: whoever names another file by mistake waits for nothing.
const FILE_MAX: u64 = 64 << 10;
/// What stands around a public key of OpenSSL.
const SPKI: &str = "PUBLIC KEY";
/// The DER before the 32 bytes of an Ed25519 key in it (RFC 8410, section 4).
const SPKI_ED25519: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The algorithm's name in OpenSSH's public keys.
const ALGORITHM: &[u8] = b"ssh-ed25519";

/// Encrypted keys that are told by their label and not read.
const NOT_READ: [(&str, &str); 3] = [
    ("ENCRYPTED PRIVATE KEY", "an encrypted key of OpenSSL"),
    ("ENCRYPTED SIGSTORE PRIVATE KEY", "a key of cosign"),
    ("ENCRYPTED COSIGN PRIVATE KEY", "a key of cosign"),
];

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the key file {path} cannot be read: {source}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the medium says.
        source: std::io::Error,
    },
    /// It is encrypted, and no passphrase was given.
    #[error(
        "the key has a passphrase, and there is nobody here to ask for it: put it into a file that only you read \
         (--passphrase-file FILE) or into LINEAL_KEY_PASSPHRASE"
    )]
    Encrypted,
    /// The passphrase is another one.
    #[error("the passphrase does not open the key; nothing is signed")]
    Passphrase,
    /// It is encrypted in a way that is not read here.
    #[error(
        "this is {found}, and its encryption is not read here; keys of `ssh-keygen -t ed25519` are, with a \
         passphrase too: `ssh-keygen -p -f COPY` writes a copy of an SSH key in that form"
    )]
    Cipher {
        /// What it is.
        found: &'static str,
    },
    /// It is of another algorithm.
    #[error("the key is {found}; approvals are signed with Ed25519: `ssh-keygen -t ed25519`")]
    Algorithm {
        /// What it is.
        found: String,
    },
    /// It is no key.
    #[error(
        "this is no {what}; it is a file of `ssh-keygen -t ed25519` or of \
         `openssl genpkey -algorithm ed25519`"
    )]
    Form {
        /// What was expected.
        what: &'static str,
    },
}

/// A secret key.
pub struct SecretKey(NoteSigner);

impl SecretKey {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError`]: unreadable, of another algorithm, or no key; [`KeyError::Encrypted`] if it has a
    /// passphrase and none is given, [`KeyError::Passphrase`] if it has another.
    pub fn read(path: &Path, passphrase: Option<&str>) -> Result<SecretKey, KeyError> {
        let unread = |source| KeyError::Unread { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unread)?.len() > FILE_MAX {
            return Err(KeyError::Form { what: "private key" });
        }
        SecretKey::parse(&std::fs::read(path).map_err(unread)?, passphrase)
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// As [`SecretKey::read`].
    pub fn parse(text: &[u8], passphrase: Option<&str>) -> Result<SecretKey, KeyError> {
        let form = || KeyError::Form { what: "private key" };
        let plain = std::str::from_utf8(text).map_err(|_| form())?;
        if let Some(body) = pem_body(plain, "PRIVATE KEY") {
            let der = BASE64.decode(body.as_bytes()).map_err(|_| form())?;
            let secret = der.strip_prefix(&PKCS8_HEAD[..]).ok_or_else(form)?;
            return SecretKey::of(secret.try_into().map_err(|_| form())?);
        }
        for (label, found) in NOT_READ {
            if plain.contains(&format!("-----BEGIN {label}-----")) {
                return Err(KeyError::Cipher { found });
            }
        }
        let mut key = PrivateKey::from_openssh(text).map_err(|_| form())?;
        if key.is_encrypted() {
            // Of another algorithm it would be of no use opened.
            if key.algorithm() == Algorithm::Ed25519 {
                let passphrase = passphrase.ok_or(KeyError::Encrypted)?;
                key = key.decrypt(passphrase).map_err(|_| KeyError::Passphrase)?;
            }
        }
        match key.key_data() {
            KeypairData::Ed25519(pair) => SecretKey::of(&pair.private.to_bytes()),
            _ => Err(KeyError::Algorithm { found: key.algorithm().to_string() }),
        }
    }

    fn of(secret: &[u8; 32]) -> Result<SecretKey, KeyError> {
        let signer = NoteSigner::new(NAME, SignatureKind::Ed25519, secret);
        Ok(SecretKey(signer.map_err(|_| KeyError::Form { what: "private key" })?))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifier().clone())
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().fingerprint())
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey(VerifierKey);

impl PublicKey {
    /// Reads a line `ssh-ed25519 AAAA... comment`, or a PEM of OpenSSL (`openssl pkey -pubout`, RFC 8410).
    ///
    /// # Errors
    /// [`KeyError::Algorithm`] or [`KeyError::Form`].
    pub fn parse(line: &str) -> Result<PublicKey, KeyError> {
        let form = || KeyError::Form { what: "public key" };
        if let Some(body) = pem_body(line, SPKI) {
            let der = BASE64.decode(body.as_bytes()).map_err(|_| form())?;
            let public = der.strip_prefix(SPKI_ED25519).ok_or_else(|| KeyError::Algorithm {
                found: "one of an OpenSSL PEM that is not Ed25519".to_owned(),
            })?;
            return PublicKey::of(public.try_into().map_err(|_| form())?);
        }
        let key = ssh_key::PublicKey::from_openssh(line.trim()).map_err(|_| form())?;
        match key.key_data() {
            public::KeyData::Ed25519(public) => PublicKey::of(&public.0),
            _ => Err(KeyError::Algorithm { found: key.algorithm().to_string() }),
        }
    }

    fn of(public: &[u8; 32]) -> Result<PublicKey, KeyError> {
        let key = VerifierKey::new(NAME, SignatureKind::Ed25519, public);
        Ok(PublicKey(key.map_err(|_| KeyError::Form { what: "public key" })?))
    }

    /// The key as OpenSSH writes it on a wire: twice a length and that many bytes.
    fn wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(2 * 4 + ALGORITHM.len() + 32);
        for part in [ALGORITHM, &self.0.public()] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            #[expect(clippy::big_endian_bytes, reason = "RFC 4251 says so")]
            wire.extend_from_slice(&length.to_be_bytes());
            wire.extend_from_slice(part);
        }
        wire
    }

    /// `ssh-ed25519 AAAA...`, without a comment: those hold names.
    #[must_use]
    pub fn openssh(&self) -> String {
        format!("ssh-ed25519 {}", BASE64.encode(&self.wire()))
    }

    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(self.wire())))
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0.public()
    }

    /// Is this the signature of the message by this key?
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verifies(message, signature)
    }
}

/// What stands between the lines of a PEM file of a label, without line ends.
fn pem_body(text: &str, label: &str) -> Option<String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let (_, rest) = text.split_once(&begin)?;
    let (body, _) = rest.split_once(&end)?;
    Some(body.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `ssh-keygen -t ed25519`, made for this test.
    const OPENSSH: &str = include_str!("../../tests/approver.key");
    const OPENSSH_PUBLIC: &str = include_str!("../../tests/approver.pub");
    /// Its fingerprint as `ssh-keygen -l` prints it.
    const FINGERPRINT: &str = include_str!("../../tests/approver.fingerprint");

    #[test]
    fn a_key_of_openssh_signs_and_has_the_fingerprint_that_openssh_prints() {
        let secret = SecretKey::parse(OPENSSH.as_bytes(), None).unwrap();
        let public = PublicKey::parse(OPENSSH_PUBLIC).unwrap();
        assert_eq!(secret.public(), public);
        assert_eq!(public.fingerprint(), FINGERPRINT.trim());
        assert!(OPENSSH_PUBLIC.starts_with(&public.openssh()));
        let signature = secret.sign(b"released");
        assert!(public.verifies(b"released", &signature));
        assert!(!public.verifies(b"releasee", &signature));
    }

    #[test]
    fn a_key_of_openssl_is_read_and_what_is_no_key_is_refused() {
        let mut der = PKCS8_HEAD.to_vec();
        der.extend_from_slice(&[7; 32]);
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            BASE64.encode(&der)
        );
        let key = SecretKey::parse(pem.as_bytes(), None).unwrap();
        assert_eq!(key.public(), SecretKey::of(&[7; 32]).unwrap().public());
        for wrong in ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            let error = SecretKey::parse(wrong.as_bytes(), None).unwrap_err();
            assert!(matches!(error, KeyError::Form { .. }), "{wrong}: {error}");
        }
        assert!(PublicKey::parse("ssh-ed25519 AAAA").is_err());
    }
    /// The same key with the passphrase `four words of it`, each of `ssh-keygen -p -a 2 -Z CIPHER`.
    const ENCRYPTED: [&str; 3] = [
        include_str!("../../tests/approver-aes256-ctr.key"),
        include_str!("../../tests/approver-aes256-gcm.key"),
        include_str!("../../tests/approver-chacha20.key"),
    ];

    #[test]
    fn a_key_with_a_passphrase_opens_with_that_passphrase_and_no_other() {
        let public = PublicKey::parse(OPENSSH_PUBLIC).unwrap();
        for text in ENCRYPTED {
            let opened = |passphrase| SecretKey::parse(text.as_bytes(), passphrase);
            assert_eq!(opened(Some("four words of it")).unwrap().public(), public);
            assert!(matches!(opened(None), Err(KeyError::Encrypted)));
            for wrong in ["", "four words of it ", "another"] {
                assert!(matches!(opened(Some(wrong)), Err(KeyError::Passphrase)), "{wrong}");
            }
        }
    }

    #[test]
    fn a_key_whose_encryption_is_not_read_is_told_by_what_it_is() {
        for (label, found) in NOT_READ {
            let text = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
            let error = SecretKey::parse(text.as_bytes(), Some("x")).unwrap_err();
            assert!(error.to_string().contains(found), "{error}");
        }
    }
}

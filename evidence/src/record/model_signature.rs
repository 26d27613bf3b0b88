//! Signatures of models as OpenSSF's model-signing makes them: a bundle of Sigstore around an envelope
//! of DSSE, whose statement names each file of the model with its digest.
//!
//! A signature by a key is checked here. One by a certificate (keyless) needs Sigstore's roots of trust,
//! which are not ours to ship: it is kept as it is.

use super::dsse::{Envelope, STATEMENT_TYPE, pae};
use super::error::{Error, Result};
use data_encoding::{BASE64, HEXLOWER};
use lineal_proof::Hash;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The type of documents that are such signatures.
pub const DOCUMENT_TYPE: &str = "model_signature";
/// What the statement of one says.
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
/// Most files of a model.
const FILES_MAX: usize = 100_000;
/// What stands before the point in a public key of P-256 (RFC 5480).
const P256_HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
/// The same of P-384.
const P384_HEAD: &str = "3076301006072a8648ce3d020106052b81040022036200";

/// A signature of a model, read and found whole in itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelSignature {
    envelope: Envelope,
    /// SHA-256 of the public key's PEM, as the bundle says it.
    hint: Option<String>,
    /// The digest of the model as a whole: SHA-256 over the files' digests.
    digest: String,
    /// Algorithm and digest of each file, by name.
    files: BTreeMap<String, (String, String)>,
    /// Names that were left out.
    ignored: Vec<String>,
}

fn wrong(rule: impl Into<String>) -> Error {
    Error::File { name: "the model's signature".to_owned(), rule: rule.into() }
}

impl ModelSignature {
    /// Reads one, and checks that the digest of the whole is that of the files it names.
    ///
    /// # Errors
    /// [`Error::File`] with the rule that is broken.
    pub fn parse(text: &str) -> Result<ModelSignature> {
        let json: Json = serde_json::from_str(text).map_err(|_| wrong("it is JSON"))?;
        let envelope = Envelope::of_json(&json["dsseEnvelope"])?;
        if envelope.payload_type != STATEMENT_TYPE {
            return Err(wrong("its payload is a statement of in-toto"));
        }
        let said: Json =
            serde_json::from_slice(&envelope.payload).map_err(|_| wrong("its payload is JSON"))?;
        if said["predicateType"] != PREDICATE_TYPE {
            return Err(wrong(format!("its predicate is {PREDICATE_TYPE}")));
        }
        let text = |json: &Json| json.as_str().map(str::to_owned);
        let listed = said["predicate"]["resources"].as_array().map_or(&[][..], Vec::as_slice);
        if listed.is_empty() || listed.len() > FILES_MAX {
            return Err(wrong(format!("it names 1 to {FILES_MAX} files")));
        }
        let mut files = BTreeMap::new();
        let mut whole = Sha256::new();
        for file in listed {
            let parts = (text(&file["name"]), text(&file["algorithm"]), text(&file["digest"]));
            let (Some(name), Some(algorithm), Some(digest)) = parts else {
                return Err(wrong("each file has a name, an algorithm and a digest"));
            };
            let bytes = HEXLOWER.decode(digest.as_bytes());
            whole.update(bytes.map_err(|_| wrong("digests are hexadecimal"))?);
            files.insert(name, (algorithm, digest));
        }
        let digest = text(&said["subject"][0]["digest"]["sha256"]);
        let digest = digest.ok_or_else(|| wrong("its subject has a SHA-256"))?;
        if digest != HEXLOWER.encode(&whole.finalize()) {
            return Err(wrong("the digest of the whole is that of the files it names"));
        }
        let ignored = said["predicate"]["serialization"]["ignore_paths"].as_array();
        Ok(ModelSignature {
            hint: text(&json["verificationMaterial"]["publicKey"]["hint"]),
            envelope,
            digest,
            files,
            ignored: ignored.into_iter().flatten().filter_map(text).collect(),
        })
    }

    /// The digest of the model as a whole.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many files it names.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Does it name a file, or the whole, with this digest?
    #[must_use]
    pub fn names(&self, digest: &str) -> bool {
        let bare = digest.rsplit(':').next().unwrap_or(digest).to_lowercase();
        self.digest == bare || self.files.values().any(|(_, digest)| *digest == bare)
    }

    /// Is it by the key whose public half this PEM is (ECDSA, P-256 or P-384)?
    ///
    /// # Errors
    /// [`Error::File`] if it is not, or the PEM is no such key.
    pub fn check(&self, pem: &str) -> Result<()> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = BASE64.decode(body.trim().as_bytes());
        let hex = HEXLOWER.encode(&key.map_err(|_| wrong("the signer's key is a PEM file"))?);
        let (algorithm, point): (&dyn VerificationAlgorithm, &str) =
            if let Some(point) = hex.strip_prefix(P256_HEAD) {
                (&ECDSA_P256_SHA256_ASN1, point)
            } else if let Some(point) = hex.strip_prefix(P384_HEAD) {
                (&ECDSA_P384_SHA384_ASN1, point)
            } else {
                return Err(wrong("the signer's key is a public key of P-256 or P-384"));
            };
        let normal = normal_pem(&body);
        let is_named = self
            .hint
            .as_ref()
            .is_none_or(|hint| *hint == HEXLOWER.encode(&Sha256::digest(normal.as_bytes())));
        if !is_named {
            return Err(wrong("it is by the signer's key: it names another"));
        }
        let point = HEXLOWER.decode(point.as_bytes()).unwrap_or_default();
        let key = UnparsedPublicKey::new(algorithm, point);
        let message = pae(&self.envelope.payload_type, &self.envelope.payload);
        let signatures = &self.envelope.signatures;
        if signatures.iter().any(|(_, signature)| key.verify(&message, signature).is_ok()) {
            return Ok(());
        }
        Err(wrong("it is by the signer's key: the signature does not check"))
    }

    /// Are the files of a folder exactly those that were signed?
    ///
    /// # Errors
    /// [`Error::File`] with the first file that differs, is missing or was not signed.
    pub fn compare(&self, folder: &Path) -> Result<()> {
        let mut found = BTreeMap::new();
        self.gather(folder, "", &mut found)?;
        if let Some(name) = self.files.keys().find(|name| !found.contains_key(*name)) {
            return Err(wrong(format!("{name} was signed and is not there")));
        }
        for (name, path) in found {
            let Some((algorithm, digest)) = self.files.get(&name) else {
                return Err(wrong(format!("{name} is there and was not signed")));
            };
            let bytes = std::fs::read(&path)
                .map_err(|source| Error::Unread { path: path.clone(), source })?;
            let made = match algorithm.as_str() {
                "sha256" => HEXLOWER.encode(&Sha256::digest(&bytes)),
                "blake3" => Hash::of(&bytes).to_string(),
                other => {
                    return Err(wrong(format!("{name} has a digest of {other}, not read here")));
                }
            };
            if made != *digest {
                return Err(wrong(format!("{name} is not the file that was signed")));
            }
        }
        Ok(())
    }

    /// Files below a folder, by their names from it, without what the signature leaves out.
    fn gather(
        &self,
        folder: &Path,
        below: &str,
        found: &mut BTreeMap<String, std::path::PathBuf>,
    ) -> Result<()> {
        let unread = |source| Error::Unread { path: folder.to_owned(), source };
        for entry in std::fs::read_dir(folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if self.ignored.contains(&name) {
                continue;
            }
            if found.len() >= FILES_MAX {
                return Err(wrong(format!("there are at most {FILES_MAX} files")));
            }
            // Links are not followed: they may lead in circles.
            let is_folder = entry.file_type().map_err(unread)?.is_dir();
            if is_folder {
                self.gather(&entry.path(), &format!("{name}/"), found)?;
            } else {
                found.insert(name, entry.path());
            }
        }
        Ok(())
    }
}

/// A public key as OpenSSL writes it, whose SHA-256 names it in a bundle.
fn normal_pem(body: &str) -> String {
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in body.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + "-----END PUBLIC KEY-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by model-signing 1.x over two files.
    const SIGNATURE: &str = include_str!("../../tests/model.sig");
    const SIGNER: &str = include_str!("../../tests/model-signer.pub");
    const FILES: [(&str, &str); 2] = [("config.json", "{}\n"), ("weights.bin", "weights\n")];

    #[test]
    fn a_signature_of_model_signing_checks_and_a_changed_file_is_named() {
        let signature = ModelSignature::parse(SIGNATURE).unwrap();
        signature.check(SIGNER).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        signature.compare(folder.path()).unwrap();
        assert!(signature.names(signature.digest()) && signature.files() == 2);
        let says =
            |signature: &ModelSignature| signature.compare(folder.path()).unwrap_err().to_string();
        std::fs::write(folder.path().join("more"), "x").unwrap();
        assert!(says(&signature).contains("more is there and was not signed"));
        std::fs::remove_file(folder.path().join("more")).unwrap();
        std::fs::write(folder.path().join("weights.bin"), "other\n").unwrap();
        assert!(says(&signature).contains("weights.bin is not the file"));
        std::fs::remove_file(folder.path().join("weights.bin")).unwrap();
        assert!(says(&signature).contains("weights.bin was signed and is not there"));
    }

    #[test]
    fn a_changed_signature_or_another_key_is_refused() {
        let mut json: Json = serde_json::from_str(SIGNATURE).unwrap();
        let payload = json["dsseEnvelope"]["payload"].as_str().unwrap();
        let said = String::from_utf8(BASE64.decode(payload.as_bytes()).unwrap()).unwrap();
        let put = |json: &mut Json, said: &str| {
            json["dsseEnvelope"]["payload"] = Json::from(BASE64.encode(said.as_bytes()));
        };
        put(&mut json, &said.replace("ca3d", "ca3e"));
        assert!(ModelSignature::parse(&json.to_string()).is_err(), "digests must add up");
        put(&mut json, &said.replace("\"name\": \"model\"", "\"name\": \"other\""));
        let changed = ModelSignature::parse(&json.to_string()).unwrap();
        assert!(changed.check(SIGNER).unwrap_err().to_string().contains("does not check"));
        assert!(changed.check("ssh-ed25519 AAAA").is_err());
    }
}

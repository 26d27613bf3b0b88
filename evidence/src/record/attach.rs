//! Documents: a file is known by its digests; its bytes are kept where that is wished.
//!
//! Kept bytes are a sealed field of the document, so that `lineal verify` reads them, a copy of the
//! store holds them, and `lineal erase field` destroys them, as with everything sealed.

use super::desk::{By, Desk, Recorded, Statement, address, node, said};
use super::error::{Error, Result};
use super::model_signature::{DOCUMENT_TYPE as MODEL_SIGNATURE, ModelSignature};
use data_encoding::HEXLOWER;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Hash, Key, KeyPart, Value};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Most bytes that are kept of a file. Sealed values are read into memory together, so that a few
/// large ones would make each question slow that opens any; what is larger is known by its digests.
pub const CONTENT_MAX: u64 = 4 << 20;
/// Most bytes of a file that is attached at all: it is hashed in memory.
pub const FILE_MAX: u64 = 256 << 20;

/// Media types by the end of a name, where the caller says none.
const MEDIA_TYPES: [(&str, &str); 14] = [
    (".pdf", "application/pdf"),
    (".md", "text/markdown"),
    (".txt", "text/plain"),
    (".html", "text/html"),
    (".csv", "text/csv"),
    (".json", "application/json"),
    (".sig", "application/vnd.dev.sigstore.bundle.v0.3+json"),
    (".xml", "application/xml"),
    (".toml", "application/toml"),
    (".yaml", "application/yaml"),
    (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (".png", "image/png"),
    (".odt", "application/vnd.oasis.opendocument.text"),
];

/// What is known of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFacts {
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3 of its bytes, hexadecimal.
    pub digest: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes, where they are to be kept.
    pub content: Option<Vec<u8>>,
}

impl FileFacts {
    /// Reads a file; with `keep` its bytes come along.
    ///
    /// # Errors
    /// [`Error::Unread`] or [`Error::TooLarge`].
    pub fn read(path: &Path, keep: bool) -> Result<FileFacts> {
        let unread = |source| Error::Unread { path: path.to_owned(), source };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| "document".to_owned());
        let size = std::fs::metadata(path).map_err(unread)?.len();
        let limit = if keep { CONTENT_MAX } else { FILE_MAX };
        if size > limit {
            return Err(Error::TooLarge { name, size, limit });
        }
        let bytes = std::fs::read(path).map_err(unread)?;
        Ok(FileFacts::of(&name, bytes, keep))
    }

    /// What is known of bytes under a name.
    #[must_use]
    pub fn of(name: &str, bytes: Vec<u8>, keep: bool) -> FileFacts {
        let lower = name.to_lowercase();
        let media_type = MEDIA_TYPES.iter().find(|(end, _)| lower.ends_with(end));
        FileFacts {
            name: name.to_owned(),
            size: bytes.len() as u64,
            digest: Hash::of(&bytes).to_string(),
            sha256: HEXLOWER.encode(&Sha256::digest(&bytes)),
            media_type: media_type.map_or("application/octet-stream", |(_, it)| it).to_owned(),
            content: keep.then_some(bytes),
        }
    }

    /// Are the bytes those that the digests are of?
    fn check(&self) -> Result<()> {
        let name = || self.name.clone();
        let is_hex = |text: &str| {
            text.len() == 64
                && text.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
        };
        if !is_hex(&self.digest) || !is_hex(&self.sha256) {
            let rule = "its digests are BLAKE3 and SHA-256, 64 hexadecimal digits each".to_owned();
            return Err(Error::File { name: name(), rule });
        }
        let Some(content) = &self.content else { return Ok(()) };
        let size = content.len() as u64;
        if size > CONTENT_MAX {
            return Err(Error::TooLarge { name: name(), size, limit: CONTENT_MAX });
        }
        let made = FileFacts::of(&self.name, content.clone(), false);
        if (made.size, &made.digest, &made.sha256) != (self.size, &self.digest, &self.sha256) {
            let rule = "its size and digests are not those of its content".to_owned();
            return Err(Error::File { name: name(), rule });
        }
        Ok(())
    }
}

/// A document that is to be attached.
#[derive(Clone, Copy, Debug)]
pub struct Attach<'t> {
    /// The file.
    pub file: &'t FileFacts,
    /// What it documents.
    pub to: &'t str,
    /// What more it covers.
    pub covers: &'t [String],
    /// `risk_management`, `instructions_for_use`, ...
    pub document_type: &'t str,
    /// What to call it; none is the file's name.
    pub name: Option<&'t str>,
    /// Its version.
    pub version: Option<&'t str>,
    /// More fields, as `FIELD=VALUE`.
    pub fields: &'t [String],
}

/// A model's signature is one, and names the digest that is recorded of the model, where one is.
fn signature_of_this(view: &Snapshot, model: NodeNo, file: &FileFacts) -> Result<()> {
    let wrong = |rule: &str| Error::File { name: file.name.clone(), rule: rule.to_owned() };
    let content = file.content.as_deref();
    let content = content.ok_or_else(|| wrong("a model's signature is kept: give --keep"))?;
    let text = std::str::from_utf8(content).map_err(|_| wrong("it is JSON"))?;
    let signature = ModelSignature::parse(text)?;
    let digest = view.field(model, "digest")?;
    match digest.as_ref().and_then(Value::as_text) {
        Some(digest) if !signature.names(digest) => {
            Err(wrong("it names the digest that is recorded of the model; it is of other files"))
        }
        _ => Ok(()),
    }
}

/// A document has one type: attached for a second purpose it would no longer be there for the first.
fn same_type(view: &Snapshot, key: &Key, name: &str, wanted: &str) -> Result<()> {
    let Some(document) = view.node_with_key(Kind::Document, key) else { return Ok(()) };
    let recorded = view.field(document, "type")?;
    match recorded.as_ref().and_then(Value::as_text) {
        Some(recorded) if recorded != wanted.trim() => {
            let rule = format!(
                "it is on record there as `{recorded}`, and a document has one type; --name gives it a name of its \
                 own as `{}`",
                wanted.trim()
            );
            Err(Error::File { name: name.to_owned(), rule })
        }
        _ => Ok(()),
    }
}

impl Desk<'_> {
    /// Attaches a document.
    ///
    /// # Errors
    /// [`Error::File`] where it is on record with another type, and what else is wrong with it; nothing was written.
    pub fn attach(&self, by: &By<'_>, wanted: &Attach<'_>) -> Result<Recorded> {
        let _turn = self.turn();
        wanted.file.check()?;
        let view = self.store().snapshot()?;
        let to = node(&view, wanted.to)?;
        if wanted.document_type == MODEL_SIGNATURE {
            signature_of_this(&view, to, wanted.file)?;
        }
        let name = said("the document's name", wanted.name.unwrap_or(&wanted.file.name))?;
        let version = wanted.version.map_or(KeyPart::Null, KeyPart::from);
        let key = Key::new(vec![view.name_of(to).into(), name.as_str().into(), version]);
        same_type(&view, &key, &name, wanted.document_type)?;
        let mut statement = Statement::new(Kind::Document, key);
        statement.fields = self.fields(Kind::Document, wanted.fields)?;
        statement.set("name", name);
        statement.set("type", said("the document's type (--type)", wanted.document_type)?);
        if let Some(version) = wanted.version {
            statement.set("version", version);
        }
        let file = wanted.file;
        statement.set("digest", file.digest.as_str());
        statement.set("sha256", file.sha256.as_str());
        statement.set("media_type", file.media_type.as_str());
        statement.set("size", Value::from(i64::try_from(file.size).unwrap_or(i64::MAX)));
        statement.set("time", Value::from(self.at(by)?));
        // Bytes of an earlier file must not stand beside the digest of this one.
        statement.fields.removed.push("content".to_owned());
        if let Some(content) = &file.content {
            statement.seal("content", Value::Bytes(content.clone()));
        }
        if let Some(why) = by.reason {
            statement.seal("reason", Value::text(why));
        }
        statement.link(Relation::Documents, address(&view, to))?;
        for text in wanted.covers {
            let covered = node(&view, text)?;
            statement.link(Relation::Documents, address(&view, covered))?;
        }
        if view.kind_of(to) == Kind::System {
            statement.link(Relation::BelongsTo, address(&view, to))?;
        }
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(self.actor(by)?)))?;
        drop(view);
        self.write(by, statement)
    }
}

//! Things that are known by the digest of their bytes: a model or a data set, by what it is called.
//!
//! Where two documents name a file alike and give the same digest, they speak of one node, whatever
//! their formats: that is how a bill of materials, a build's provenance and a pipeline's lock file meet.

use super::fields::set_text;
use super::told::Told;
use crate::mlflow::is_personal;
use crate::record::{Part, Reference};
use lineal_engine::schema::Kind;
use sha2::{Digest as _, Sha256};

/// Algorithms from the one that is preferred to those that are weak. SHA-256 stands first: most
/// documents have it, so most meet by it.
const ALGORITHMS: [&str; 17] = [
    "sha256",
    "sha512",
    "sha384",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "blake3",
    "blake2b-256",
    "blake2b-384",
    "blake2b-512",
    "sha224",
    "sha3-224",
    "gitcommit",
    "sha1",
    "gitblob",
    "md5",
    "md5-dos2unix",
];
/// How files of models end.
const MODEL_ENDINGS: [&str; 21] = [
    "skops",
    "pkl",
    "pickle",
    "joblib",
    "onnx",
    "pt",
    "pth",
    "ckpt",
    "safetensors",
    "gguf",
    "h5",
    "keras",
    "tflite",
    "pb",
    "mlmodel",
    "pmml",
    "cbm",
    "ubj",
    "bin",
    "model",
    "torchscript",
];
/// How files of data end, also those beside a model; `MLmodel` and what a library writes of it
/// (`config.json`) stay with their folder.
const DATA_ENDINGS: [&str; 12] = [
    "csv", "tsv", "parquet", "arrow", "feather", "jsonl", "ndjson", "avro", "orc", "xlsx", "npy",
    "npz",
];
/// How files of programs end: they are no data.
const CODE_ENDINGS: [&str; 17] = [
    "py", "ipynb", "r", "rmd", "jl", "sh", "bash", "sql", "scala", "java", "rs", "go", "js", "ts",
    "c", "cpp", "rb",
];

/// A digest and how it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Digest {
    /// In lower case, as documents name it: `sha256`.
    pub(super) algorithm: String,
    /// As hexadecimal digits in lower case, where it is such.
    pub(super) value: String,
}

impl Digest {
    pub(super) fn new(algorithm: &str, value: &str) -> Option<Digest> {
        let algorithm = spelled(algorithm);
        let value = value.trim();
        if algorithm.is_empty() || value.is_empty() {
            return None;
        }
        let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        // DVC marks the digest of a folder's listing.
        let digits = value.strip_suffix(".dir").unwrap_or(value);
        if !has_length(&algorithm, digits) {
            return None;
        }
        let value = if is_hex { value.to_ascii_lowercase() } else { value.to_owned() };
        Some(Digest { algorithm, value })
    }

    /// Does it name bytes, and not a commit?
    pub(super) fn is_commit(&self) -> bool {
        self.algorithm == "gitcommit"
    }
}

/// The name of an algorithm in one spelling: `SHA-256` of CycloneDX, `sha256` of in-toto and `sha2-256`
/// of multihash are one, as `sha3_256` of SPDX is `SHA3-256` and `blake2b256` is `BLAKE2b-256`.
fn spelled(algorithm: &str) -> String {
    let lower = algorithm.trim().to_ascii_lowercase();
    let bare = lower.replace(['-', '_'], "");
    let known = ALGORITHMS.into_iter().find(|known| known.replace('-', "") == bare);
    let sha2 = bare.strip_prefix("sha2").filter(|bits| ["224", "256", "384", "512"].contains(bits));
    match (known, sha2) {
        (Some(known), _) => known.to_owned(),
        (None, Some(bits)) => format!("sha{bits}"),
        (None, None) => lower,
    }
}

/// Is it as long as a digest of that algorithm, in hexadecimal digits? Of one that is not known anything may be.
fn has_length(algorithm: &str, digits: &str) -> bool {
    let length = match algorithm {
        "md5" | "md5-dos2unix" => 32,
        "sha1" => 40,
        "sha224" | "sha3-224" => 56,
        "sha256" | "sha3-256" | "blake3" | "blake2b-256" => 64,
        "sha384" | "sha3-384" | "blake2b-384" => 96,
        "sha512" | "sha3-512" | "blake2b-512" => 128,
        _ => return true,
    };
    digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The one to go by, of several.
pub(super) fn best(digests: impl Iterator<Item = Digest>) -> Option<Digest> {
    let rank = |digest: &Digest| {
        ALGORITHMS.iter().position(|known| *known == digest.algorithm).unwrap_or(ALGORITHMS.len())
    };
    digests.min_by(|a, b| (rank(a), &a.algorithm, &a.value).cmp(&(rank(b), &b.algorithm, &b.value)))
}

/// The one to go by, of algorithms and values that a document gives; what is as long as no digest of its algorithm is
/// counted, so that it does not vanish.
pub(super) fn best_of(
    given: impl IntoIterator<Item = (String, String)>,
    told: &mut Told,
) -> Option<Digest> {
    let mut sound = Vec::new();
    for (algorithm, value) in given {
        match Digest::new(&algorithm, &value) {
            Some(digest) => sound.push(digest),
            None if value.trim().is_empty() => {}
            None => told.skip("digests that are not as long as their algorithm says"),
        }
    }
    best(sound.into_iter())
}

/// A part of a key, marked if it is personal.
pub(super) fn part(text: &str) -> Part {
    if is_personal(text) { Part::Personal(text.to_owned()) } else { Part::Text(text.to_owned()) }
}

/// The last part of a path or an address.
pub(super) fn base_name(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(path)
}

fn ending(name: &str) -> String {
    base_name(name).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default()
}

/// Is this called as a program's source is?
pub(super) fn is_code(name: &str) -> bool {
    CODE_ENDINGS.contains(&ending(name).as_str())
}

/// Model or data set, by what it is called and its media type.
pub(super) fn kind_of(name: &str, media_type: Option<&str>) -> Kind {
    let media = media_type.is_some_and(|media| media.to_ascii_lowercase().contains("model"));
    let place =
        ["models:/", "pkg:mlflow/", "pkg:huggingface/"].iter().any(|at| name.starts_with(at));
    let lower = name.to_ascii_lowercase();
    let folder =
        lower.split(['/', '\\']).any(|part| matches!(part, "model" | "models" | "mlmodel"));
    // A table or a list of figures in a folder of models is no model.
    let folder = folder && !DATA_ENDINGS.contains(&ending(name).as_str());
    let is_model = media || place || folder || MODEL_ENDINGS.contains(&ending(name).as_str());
    if is_model { Kind::Model } else { Kind::Dataset }
}

/// What a document says of a thing that has bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Artifact<'a> {
    /// What it is called; a path's last part is its name.
    pub(super) name: &'a str,
    /// Where it lies.
    pub(super) uri: Option<&'a str>,
    /// The digest of its bytes.
    pub(super) digest: Option<Digest>,
    /// What kind of thing, where the document says so; else by its name.
    pub(super) kind: Option<Kind>,
    /// What it is.
    pub(super) media_type: Option<&'a str>,
}

impl Artifact<'_> {
    fn kind(&self) -> Kind {
        let name = if self.name.is_empty() { self.uri.unwrap_or_default() } else { self.name };
        self.kind.unwrap_or_else(|| kind_of(name, self.media_type))
    }

    /// The node, and what its key says of it, in the form of what is said in passing.
    pub(super) fn put(&self, form: &'static str, told: &mut Told) -> Reference {
        let full = if self.name.is_empty() { self.uri.unwrap_or_default() } else { self.name };
        let name = base_name(full);
        let source = told.source.clone();
        let (kind, node) = match (self.kind(), &self.digest) {
            (Kind::Model, Some(digest)) => {
                let id = format!("{}:{}", digest.algorithm, digest.value);
                (Kind::Model, vec![Part::Text(id)])
            }
            (Kind::Model, None) => {
                let id = self.uri.unwrap_or(full);
                (Kind::Model, vec![part(&format!("{source}:{id}"))])
            }
            (_, Some(digest)) => {
                let algorithm = Part::Text(digest.algorithm.clone());
                let digest = Part::Text(digest.value.clone());
                (Kind::Dataset, vec![part(name), digest, algorithm, Part::Text(String::new())])
            }
            (_, None) => {
                let place = self.uri.unwrap_or(full);
                (Kind::Dataset, vec![part(name), "".into(), part(&source), part(place)])
            }
        };
        let node = Reference::new(kind, node);
        let record = told.node(form, &node);
        set_text(record, "name", Some(name));
        set_text(record, "uri", self.uri);
        if let Some(digest) = &self.digest {
            record.set("digest", Some(digest.value.as_str()));
            if kind == Kind::Dataset {
                record.set("version", Some(digest.value.as_str()));
                record.set("digest_kind", Some(digest.algorithm.as_str()));
            }
        }
        if kind == Kind::Model {
            record.set("form", Some("logged"));
        }
        node
    }
}

/// How the digest of a listing of files is made: a stranger makes it with `sha256sum`.
pub(super) const LISTING: &str = "sha256 of the lines `SHA256  PATH`, sorted by path";

/// The digest of files by their paths and SHA-256.
pub(super) fn listing_digest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    let mut hasher = Sha256::new();
    for (path, sha256) in files {
        hasher.update(format!("{}  {path}\n", sha256.to_ascii_lowercase()));
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize())
}

/// A name for what has no id of its own: of what it says.
pub(super) fn id_of(format: &str, said: &[u8]) -> String {
    format!("{format}:{}", &blake3::hash(said).to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thing_is_called_says_what_it_is() {
        for name in ["credit-risk-scorer/2/model.skops", "models/lr/MLmodel", "x.ONNX"] {
            assert_eq!(kind_of(name, None), Kind::Model, "{name}");
        }
        for name in ["s3://bank/applications.parquet", "data/model_inputs.csv", ""] {
            assert_eq!(kind_of(name, None), Kind::Dataset, "{name}");
        }
        assert_eq!(kind_of("models/train.csv", None), Kind::Dataset);
        assert_eq!(kind_of("x", Some("application/vnd.acme.model")), Kind::Model);
        assert!(is_code("src/train.PY") && !is_code("data/train.csv"));
        assert_eq!(base_name("s3://b/a/t.csv?versionId=1"), "t.csv");
    }

    /// The best of the members of an object.
    fn of_members(digests: &serde_json::Value) -> Option<Digest> {
        let all = digests.as_object().into_iter().flatten();
        best(all.filter_map(|(name, value)| Digest::new(name, value.as_str()?)))
    }

    #[test]
    fn the_strong_digest_goes_before_the_weak_and_spellings_are_one() {
        let (md5, sha1, sha256) = ("A".repeat(32), "c".repeat(40), "B".repeat(64));
        let digests = serde_json::json!({"md5": md5, "SHA-256": sha256, "sha1": sha1});
        let digest = of_members(&digests).unwrap();
        assert_eq!((digest.algorithm, digest.value), ("sha256".to_owned(), "b".repeat(64)));
    }

    #[test]
    fn an_algorithm_is_one_in_every_spelling() {
        for (said, known) in [
            ("sha3_256", "sha3-256"),
            ("blake2b256", "blake2b-256"),
            ("SHA-256", "sha256"),
            ("sha2-512", "sha512"),
            ("SHA224", "sha224"),
            ("sha1", "sha1"),
            ("gitCommit", "gitcommit"),
            ("version_id", "version_id"),
        ] {
            assert_eq!(spelled(said), known, "{said}");
        }
        let digests = serde_json::json!({"md5": "a".repeat(32), "sha3_256": "b".repeat(64)});
        let digest = of_members(&digests).unwrap();
        assert_eq!(digest.algorithm, "sha3-256");
    }

    #[test]
    fn what_is_not_as_long_as_its_algorithm_says_is_no_digest() {
        let long = |digits: usize| "a".repeat(digits);
        for (algorithm, value) in
            [("md5", long(32)), ("md5", long(32) + ".dir"), ("sha256", long(64)), ("etag", long(5))]
        {
            assert!(Digest::new(algorithm, &value).is_some(), "{algorithm} {value}");
        }
        for (algorithm, value) in [
            ("md5", "not-a-digest".to_owned()),
            ("sha256", long(2)),
            ("sha256", long(65)),
            ("SHA-1", "g".repeat(40)),
            ("sha512", long(64)),
        ] {
            assert_eq!(Digest::new(algorithm, &value), None, "{algorithm} {value}");
        }
    }

    #[test]
    fn the_digest_of_a_listing_is_that_of_sha256sum() {
        // printf '%s  a.csv\n%s  b.csv\n' 00.. 11.. | sha256sum
        let (zeros, ones) = ("0".repeat(64), "1".repeat(64));
        let digest =
            listing_digest([("b.csv", ones.as_str()), ("a.csv", zeros.as_str())].into_iter());
        assert_eq!(
            digest,
            listing_digest([("a.csv", zeros.as_str()), ("b.csv", ones.as_str())].into_iter())
        );
        assert_eq!(digest, "78b98f484f700296fa985a3612f2125de77d1f87ae5c93955ed83ac8bda202e2");
    }
}

//! Names given by hand: a name stands for a node, or for all versions of a model, for past and future.

use lineal_engine::schema::Kind;
use lineal_engine::{Snapshot, Store, unquoted};
use lineal_proof::{Key, KeyPart};

/// Why a name was not given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// A kind that there is not.
    #[error("{kind} is no kind")]
    NoKind {
        /// What was written.
        kind: String,
    },
    /// A target that does not say what kind it is of.
    #[error("{target}: write kind:key, such as model:prod/credit-risk or actor:anna@example.org")]
    Form {
        /// What was written.
        target: String,
    },
    /// A name that stands for nothing, and is to be taken back.
    #[error("{name} stands for no {kind}: nothing to remove")]
    NothingToRemove {
        /// The name.
        name: String,
        /// The kind.
        kind: Kind,
    },
    /// Nothing is called as the target is.
    #[error("nothing is called {target}{}", hint(near))]
    Nothing {
        /// The target.
        target: String,
        /// Names that look alike.
        near: Vec<String>,
    },
    /// The target is several things.
    #[error("{target} fits {what}: {}", names.join(", "))]
    Several {
        /// The target.
        target: String,
        /// Several what.
        what: &'static str,
        /// Which.
        names: Vec<String>,
    },
}

fn hint(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(", ")),
    }
}

/// A name that was given, or taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aliased {
    /// Of which kind.
    pub kind: Kind,
    /// The commit that says so.
    pub commit: u64,
}

/// Gives a name to what `target` names; without one the name stands for no thing of the kind any more.
/// `actor` is the key of who does it, where that is known. The indexes are written.
///
/// # Errors
/// [`Error`]; then nothing was recorded.
pub fn set(
    store: &Store,
    name: &str,
    target: Option<&str>,
    kind: Kind,
    actor: Option<String>,
) -> Result<Aliased, Error> {
    let view = store.snapshot()?;
    let (kind, key) = match target {
        None => (kind, None),
        Some(text) => {
            let (kind, key) = meant(&view, text)?;
            (kind, Some(key))
        }
    };
    let own = if kind == Kind::Actor { store.actor_key(name)? } else { name.to_owned() };
    if key.is_none() && view.alias(kind, &own).is_none() {
        return Err(Error::NothingToRemove { name: name.to_owned(), kind });
    }
    drop(view);
    let mut transaction = store.begin(None, actor)?;
    transaction.add_reference(kind, &own, key);
    let commit = transaction.commit()?.number;
    store.write_indexes()?;
    Ok(Aliased { kind, commit })
}

/// The kind of that name.
///
/// # Errors
/// [`Error::NoKind`].
pub fn kind(text: &str) -> Result<Kind, Error> {
    Kind::parse(text).ok_or_else(|| Error::NoKind { kind: text.to_owned() })
}

/// What a name may stand for: a node, or for models a name with all its versions.
fn meant(view: &Snapshot, text: &str) -> Result<(Kind, Key), Error> {
    let parsed = text.split_once(':').and_then(|(kind, key)| Some((Kind::parse(kind)?, key)));
    let (kind, key) = parsed.ok_or_else(|| Error::Form { target: text.to_owned() })?;
    let key = unquoted(key);
    let nodes = view.find(Some(kind), &key);
    let several = |what| Error::Several {
        target: text.to_owned(),
        what,
        names: nodes.iter().map(|node| view.name_of(*node)).collect(),
    };
    match (kind, nodes.as_slice()) {
        (_, [node]) if key.contains('@') || kind != Kind::Model => Ok((kind, view.key_of(*node))),
        (Kind::Model, [first, ..]) => {
            let family = |node: &u32| {
                let key = view.key_of(*node);
                (key.0.first().cloned(), key.part_text(1).map(str::to_owned))
            };
            let (registry, name) = family(first);
            if nodes.iter().any(|node| family(node) != (registry.clone(), name.clone())) {
                return Err(several("several registries"));
            }
            let registry = registry.unwrap_or(KeyPart::Null);
            Ok((kind, Key(vec![registry, name.into(), KeyPart::Null])))
        }
        (_, []) => {
            Err(Error::Nothing { target: text.to_owned(), near: view.near(Some(kind), &key) })
        }
        _ => Err(several("several")),
    }
}

//! What can go wrong when evidence is put together.

/// Why it was not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// More nodes than are handed over in one piece.
    #[error(
        "{name} rests on more than {most} nodes: name something narrower, or ask with `lineal query`"
    )]
    TooLarge {
        /// What was asked for.
        name: String,
        /// How many there may be.
        most: usize,
    },
    /// A form that has no place for a thing of this kind.
    #[error("{form} describes {wanted}, and {name} is none: name one of these")]
    WrongKind {
        /// The form.
        form: &'static str,
        /// What it describes.
        wanted: &'static str,
        /// What was named.
        name: String,
    },
    /// Something that the form demands is not recorded.
    #[error("{form} wants {what} of {name}, and none is recorded{hint}")]
    Missing {
        /// The form.
        form: &'static str,
        /// What it wants.
        what: &'static str,
        /// Of which node.
        name: String,
        /// What would record it.
        hint: &'static str,
    },
}

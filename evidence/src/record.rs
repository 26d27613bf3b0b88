//! What people state: declarations, documents, decisions, incidents.
//!
//! Every statement is a revision of the source `declared` in a commit of its own: it shows in
//! questions, traces and proofs, and is retracted, as an import is. People are keyed and free text is
//! sealed, as everywhere. What a person states of a node later is added to what was stated before;
//! nothing is overwritten in the log.

mod approval;
mod approve;
mod attach;
mod authors;
pub(crate) mod closed;
mod decided;
mod declare;
mod desk;
pub(crate) mod done;
mod dsse;
mod error;
mod evaluate;
mod events;
mod key;
mod known;
mod model_signature;
mod request;
mod signature;
mod signers;
mod standing;
mod told;
mod verb;
mod whose;
mod words;

pub use approval::{PREDICATE_TYPE, reason_digest};
pub use approve::{Approve, Decision, Signed, Unsigned};
pub use attach::{Attach, CONTENT_MAX, FILE_MAX, FileFacts};
pub use authors::authors;
pub(crate) use authors::same_person;
pub(crate) use decided::heads;
pub use decided::{Counts, Decided, Decisions};
pub use declare::{Declare, What};
pub(crate) use desk::node_of;
pub use desk::{By, Desk, FORM, Recorded, SOURCE};
pub use dsse::{ENVELOPE_MAX, Envelope, EnvelopeError, STATEMENT_TYPE, pae};
pub use error::{Error, Result};
pub use evaluate::Evaluate;
pub use events::{Change, Changed, Waive};
pub use key::{KeyError, PublicKey, SecretKey};
pub use model_signature::{DOCUMENT_TYPE as MODEL_SIGNATURE, ModelSignature};
pub use request::{File, Record, Request, SignedStatement};
pub use signature::{Signature, signature_of, wrong_signatures};
pub use signers::{KeyState, Signer, signers, signers_json};
pub use standing::{Standing, standing};
pub use told::{recorded_facts, recorded_json, standing_json};
pub use verb::{VERBS, Verb, Who, who_states};
pub use words::{Fields, VALUE_MAX, time_of, time_text};

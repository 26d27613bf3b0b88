//! Why something was not recorded, in words for whoever wanted it recorded.

use super::dsse::EnvelopeError;
use super::key::KeyError;
use lineal_query::told::Unresolved;
use std::path::PathBuf;

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A text names no node, or several.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// A text names events, where a node is wanted.
    #[error("`{text}` names events; name a node: their deployment, their batch, the model")]
    Event {
        /// What was given.
        text: String,
    },
    /// A node of another kind is wanted.
    #[error("{node} is a {found}; {wanted} is wanted here")]
    Kind {
        /// The node.
        node: String,
        /// What it is.
        found: &'static str,
        /// What is wanted, with its article.
        wanted: &'static str,
    },
    /// Nobody says it.
    #[error("nobody says it: name a person with --by, by login or e-mail (kept as a key)")]
    Nobody,
    /// Something that must be said was not.
    #[error("{what} is not said: it has 1 to {limit} bytes")]
    Unsaid {
        /// What.
        what: &'static str,
        /// Most bytes.
        limit: usize,
    },
    /// A text that is no field with a value.
    #[error("{text} is no FIELD=VALUE, such as {example}")]
    Assignment {
        /// What was given.
        text: String,
        /// How it may look.
        example: &'static str,
    },
    /// A field that the kind does not have.
    #[error("a {kind} has no field `{name}`; {hint}")]
    NoField {
        /// The kind.
        kind: &'static str,
        /// The name.
        name: String,
        /// Names that look alike, or where all of them are listed.
        hint: String,
    },
    /// What is not declared, as a command of its own records it, or nobody states it.
    #[error("{what} is not declared: {how}")]
    NotStated {
        /// The field or link, and of which kind.
        what: String,
        /// What records it, and who may.
        how: String,
    },
    /// A reason that would take the place of one that is recorded for something else.
    #[error(
        "`reason` of {kind} says {meaning}, and is no place for why something is declared of it: leave --reason out. \
         A document may say why: `lineal attach FILE --to NODE --type TYPE`"
    )]
    OwnReason {
        /// The kind, with its article.
        kind: String,
        /// What its reason says.
        meaning: &'static str,
    },
    /// A value of another type.
    #[error("`{name}` is {expected}; `{found}` is none")]
    Value {
        /// The field.
        name: String,
        /// The type, with an example.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A word that is none of a few.
    #[error("{what} is {words}; `{found}` is not{hint}")]
    Word {
        /// What the word is for.
        what: &'static str,
        /// The words, or their form.
        words: String,
        /// What was given.
        found: String,
        /// `; did you mean ...?` where a word is near, or nothing.
        hint: String,
    },
    /// It is said to have happened at a time that is still to come.
    #[error(
        "it is said to have happened at {at}, which is still to come (it is {now}): leave --at out, \
         or give when it happened"
    )]
    Future {
        /// When it is said to have happened.
        at: String,
        /// What the time is.
        now: String,
    },
    /// A field that says when something was done holds a time to come.
    #[error(
        "{field} says when something was done, and {at} is still to come (it is {now}): give when it was done, \
         or leave the field out until it is"
    )]
    NotYet {
        /// The field.
        field: String,
        /// The time.
        at: String,
        /// What the time is.
        now: String,
    },
    /// A time is given for a statement that has no place for one.
    #[error(
        "what is declared of fields and links has no time but that of its commit, so {at} would be kept nowhere: \
         leave --at out. `lineal declare role` and `declare scope` keep a time (declared_at), and so does a document \
         that shows it: `lineal attach FILE --to {node} --type TYPE --at TIME`"
    )]
    Untimed {
        /// The time that was given.
        at: String,
        /// What it was given for, as a word of a command.
        node: String,
    },
    /// A waiver of a node that no decision leads to.
    #[error(
        "{node} is of the kind {kind}, to which no waiver leads (a waiver is of: {kinds}). One over a system covers \
         each finding of the rule when that system is checked: `lineal waive {rule} --node system:NAME --until TIME \
         --reason TEXT --by WHO`; else mend what the finding names, as its fix says"
    )]
    Unwaivable {
        /// The node.
        node: String,
        /// What it is.
        kind: &'static str,
        /// The kinds that a waiver leads to.
        kinds: String,
        /// The rule.
        rule: String,
    },
    /// A relation that does not exist between the two.
    #[error(
        "a {from} has no relation `{relation}` to a {to}; `lineal query 'show relations'` lists them"
    )]
    Relation {
        /// From what.
        from: &'static str,
        /// The name.
        relation: String,
        /// To what.
        to: &'static str,
    },
    /// A span that ends before it begins.
    #[error("it ends ({until}) before it begins ({from})")]
    Backwards {
        /// The start.
        from: String,
        /// The end.
        until: String,
    },
    /// Who approves is among those who made it.
    #[error(
        "four eyes: who approves {node} is among those who made it ({made}); \
         another person has to approve it"
    )]
    FourEyes {
        /// The node.
        node: String,
        /// What of it the person made.
        made: String,
    },
    /// A key that belongs to somebody else, or to nobody any more.
    #[error("the key {key} {why}; `lineal key list` shows the keys on record")]
    KeyState {
        /// The fingerprint.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The statement that was signed is not the one that is to be recorded.
    #[error(
        "what was signed is not what is to be recorded ({why}); ask for the statement again and sign that"
    )]
    Statement {
        /// What differs.
        why: &'static str,
    },
    /// A signed decision of the same person is on record, of the same time.
    #[error(
        "a decision of this person at this time is on record, signed by the key {key}: it keeps its place; \
         leave --at out, so that this one is a later word"
    )]
    Signed {
        /// The fingerprint of its key.
        key: String,
    },
    /// Nothing is recorded of a node, so that there is nothing to decide about.
    #[error("{node} is only referred to: no revision of it is recorded that could be decided on")]
    NothingRecorded {
        /// The node.
        node: String,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the medium says.
        source: std::io::Error,
    },
    /// A file is too large to be kept.
    #[error(
        "{name} has {size} bytes; at most {limit} are kept in the store: attach it without its \
         content, by digest, and keep it elsewhere"
    )]
    TooLarge {
        /// The file.
        name: String,
        /// Its size.
        size: u64,
        /// What is kept at most.
        limit: u64,
    },
    /// A file that is not in the form it should have.
    #[error("{name}: {rule}")]
    File {
        /// The file.
        name: String,
        /// What was expected.
        rule: String,
    },
    /// A rule file or release policy is wrong.
    #[error("{file}: {rule}")]
    Policy {
        /// The file.
        file: String,
        /// What was expected, and where.
        rule: String,
    },
    /// A rule that is in no file of rules.
    #[error(
        "there is no rule `{found}` in the files of rules that come with the program{hint}; \
         `lineal check` names them, and `--rules FILE` brings those of a file of your own"
    )]
    NoRule {
        /// What was given.
        found: String,
        /// `; did you mean ...?` where one is near, or nothing.
        hint: String,
    },
    /// A file of rules.
    #[error(transparent)]
    Rules(#[from] crate::rules::Error),
    /// A question could not be asked.
    #[error(transparent)]
    Query(#[from] lineal_query::Error),
}

/// What recording gives.
pub type Result<T> = std::result::Result<T, Error>;

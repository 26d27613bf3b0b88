//! Why there is no report.

/// Why a pack could not be evaluated: an evaluation is whole or not at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pack is about a system, and none was named.
    #[error(
        "the rules of {pack} are about a system: name one (`lineal query 'find system'` lists them)"
    )]
    NoSystemNamed {
        /// The pack.
        pack: String,
    },
    /// Nothing of this name is recorded.
    #[error("nothing recorded up to commit {commit} is called {kind}:{name}{near}")]
    Unknown {
        /// The kind.
        kind: &'static str,
        /// The name.
        name: String,
        /// The commit of the view: of an earlier day it may not be there yet.
        commit: u64,
        /// What looks alike, in words.
        near: String,
    },
    /// The store has no such commit.
    #[error("there is no commit {commit}; the newest is {newest}")]
    NoCommit {
        /// The number that was asked for.
        commit: u64,
        /// The last one.
        newest: u64,
    },
    /// What the report is to be narrowed to is of another system, or of none.
    #[error(
        "no record makes {node} a part of {system}: no deployment or run of the system leads to it, and it does not say so itself\n  if it is one, record that: {fix}"
    )]
    NotOfSystem {
        /// The model or the deployment.
        node: String,
        /// The system.
        system: String,
        /// The command that records it.
        fix: String,
    },
    /// A question ended early, so that nobody can say what it would have found.
    #[error(
        "rule {rule}: its question reached the limit `{limit}`; name a --model or --deployment, so that there is less to look at"
    )]
    Cut {
        /// The rule.
        rule: String,
        /// The limit.
        limit: String,
    },
    /// Whoever asked for it no longer waits, or its time is over.
    #[error("the report was ended before it was done: its time was over, or nobody waited for it")]
    Ended,
    /// A question could not be answered.
    #[error("rule {rule}: {message}")]
    Question {
        /// The rule, or the set.
        rule: String,
        /// What is wrong.
        message: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// What a recorded report says is none.
    #[error("the recorded report {node} cannot be read: {why}")]
    Recorded {
        /// Its document.
        node: String,
        /// What is wrong.
        why: String,
    },
}

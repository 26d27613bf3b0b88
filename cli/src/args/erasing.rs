//! Arguments of what destroys, and of what forbids it.

use clap::{Args, Subcommand};
use lineal_proof::record::Decision;
use std::path::PathBuf;

/// On whose decision something goes.
#[derive(Args, Debug)]
pub(crate) struct Decided {
    /// The legal ground, in words: 'GDPR 17(1)(b)'
    #[arg(long, value_name = "TEXT")]
    pub(crate) basis: String,
    /// The reference of the request, without the identity of who made it
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) decision: String,
    /// Who decided (kept as a key)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) decided_by: String,
    /// Who does it: another person (kept as a key); over --url the token says who
    #[arg(long, value_name = "LOGIN")]
    pub(crate) executed_by: Option<String>,
    /// Record that the request is refused, for the reason that --basis gives; nothing is erased
    #[arg(long, group = "instead")]
    pub(crate) refuse: bool,
    /// Restrict it instead (GDPR 18): nothing is erased, and nobody is shown it but with --restricted
    #[arg(long, group = "instead")]
    pub(crate) restrict: bool,
    /// Lift a restriction
    #[arg(long, group = "instead")]
    pub(crate) lift: bool,
    /// Go on where keys/seeds lacks what other records need and no backup has it; the record says so
    #[arg(long, conflicts_with = "instead")]
    pub(crate) despite_missing_seeds: bool,
    /// Say what would be erased, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Erase {
    /// Events, and every other row that is the same event, whichever import brought it
    Event {
        /// Event ids, request ids, log ids, input hashes, or REVISION/ROW
        #[arg(required = true, value_name = "EVENT")]
        targets: Vec<String>,
        /// Where one of them fits several events, erase all of these
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        decided: Decided,
    },
    /// List what was decided: erased, restricted, lifted, refused
    List,
    /// All rows of batches
    Batch {
        /// Batches: #ID or batch:KEY
        #[arg(required = true, value_name = "BATCH")]
        batches: Vec<String>,
        #[command(flatten)]
        decided: Decided,
    },
    /// A sealed field of a node (a name, an e-mail, a note): the key of whom it is about goes, and all
    /// that was sealed under it
    Field {
        /// The node: actor:anna@bank.example
        #[arg(value_name = "NODE")]
        node: String,
        /// The field: email, or tags.NAME
        #[arg(value_name = "FIELD")]
        field: String,
        #[command(flatten)]
        decided: Decided,
    },
}

impl Decided {
    /// What was decided.
    pub(crate) fn decision(&self) -> Decision {
        match (self.refuse, self.restrict, self.lift) {
            (true, ..) => Decision::Refused,
            (_, true, _) => Decision::Restricted,
            (.., true) => Decision::Lifted,
            _ => Decision::Erased,
        }
    }
}

impl Erase {
    pub(crate) fn decided(&self) -> Option<&Decided> {
        match self {
            Erase::List => None,
            Erase::Event { decided, .. }
            | Erase::Batch { decided, .. }
            | Erase::Field { decided, .. } => Some(decided),
        }
    }

    /// What names the things: it must not outlive them in the trail.
    pub(crate) fn named(&self) -> Vec<&str> {
        match self {
            Erase::Event { targets, .. } => targets.iter().map(String::as_str).collect(),
            Erase::Batch { batches, .. } => batches.iter().map(String::as_str).collect(),
            Erase::Field { node, .. } => vec![node.as_str()],
            Erase::List => Vec::new(),
        }
    }
}

#[derive(Subcommand, Debug)]
pub(crate) enum Hold {
    /// Forbid erasures: lineal hold add case-4 deployment:scorer/prod --reason 'authority request' --by WHO
    Add {
        /// What to call it; one of the same name takes the place of the former
        name: String,
        /// What it is about: `store` for all of it, or a system, deployment, batch, actor or run
        scope: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who says so: login or e-mail (kept as a key). Needed beside a store; with --url leave it out: the
        /// token says who it is
        #[arg(long, alias = "actor", value_name = "WHO")]
        by: Option<String>,
    },
    /// End a hold
    Release {
        /// What it is called
        name: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who says so: login or e-mail (kept as a key). Needed beside a store; with --url leave it out: the
        /// token says who it is
        #[arg(long, alias = "actor", value_name = "WHO")]
        by: Option<String>,
    },
    /// List the holds that stand
    List,
}

#[derive(Args, Debug)]
pub(crate) struct Retention {
    /// Periods in place of those that the program brings: see docs/operating.md
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) policy: Option<PathBuf>,
    /// Judge as of this time instead of now: 2027-03-14T09:00Z
    #[arg(long, value_name = "TIME", global = true)]
    pub(crate) at: Option<String>,
    #[command(subcommand)]
    pub(crate) step: Option<RetentionStep>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RetentionStep {
    /// Propose to erase the batches whose ceiling has passed, or execute a proposal
    #[command(after_help = "Examples:
  lineal retention apply --policy our-periods.toml --propose due.json    what is due, with its digest
  lineal retention apply --policy our-periods.toml --execute due.json --digest 9f2c... \\
      --decided-by anna --executed-by bert
The second person executes what the first has read: --digest is that of the proposal. Whether each
thing in it is due, by the same policy, and not held is found out again; else nothing is erased.")]
    Apply(Apply),
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// Write the proposal to this new file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "execute",
        required_unless_present = "execute"
    )]
    pub(crate) propose: Option<PathBuf>,
    /// With --propose: the class whose ceiling has passed (inference-log or access-trail)
    #[arg(long, value_name = "CLASS", requires = "propose", default_value = "inference-log")]
    pub(crate) class: String,
    /// Execute this proposal
    #[arg(long, value_name = "FILE", requires_all = ["digest", "decided_by"])]
    pub(crate) execute: Option<PathBuf>,
    /// The digest that the proposal was given
    #[arg(long, value_name = "SHA256")]
    pub(crate) digest: Option<String>,
    /// Who decided (kept as a key)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) decided_by: Option<String>,
    /// Who does it: another person (kept as a key). Needed beside a store; with --url leave it out: the
    /// token says who it is
    #[arg(long, value_name = "LOGIN")]
    pub(crate) executed_by: Option<String>,
}

//! Arguments of what people state: declarations, documents, decisions, incidents.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Who states it, why, and when it happened.
#[derive(Args, Debug)]
pub(crate) struct Stated {
    /// Who states it: login or e-mail (kept as a key, the name sealed). Needed beside a store; with --url leave
    /// it out: the token says who it is
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// Why; sealed
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// When it happened, if not now: 2026-03-14 or 2026-03-14T09:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

/// A span that is explained.
#[derive(Args, Debug)]
pub(crate) struct Span {
    /// The deployment
    #[arg(value_name = "DEPLOYMENT")]
    pub(crate) deployment: String,
    /// From when
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// Until when
    #[arg(long, value_name = "TIME")]
    pub(crate) until: String,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Recording {
    /// State what a system is, in which role, under which class; or fields of any node
    #[command(
        subcommand,
        after_help = "Examples:
  lineal declare system credit-score provider='Example Bank' version=3 \\
      intended_purpose='scores loan applications' --by a.novak@bank.example
  lineal declare role credit-score provider --by a.novak@bank.example
  lineal declare scope credit-score risk_class=high annex_point='III.5(b)' --by a.novak@bank.example
  lineal declare node model:prod/credit-risk@3 --edge belongs_to=credit-score --by a.novak@bank.example
A statement is added to what was stated before; FIELD= takes it back. `lineal query 'show fields of
system'` lists the fields. Nothing here judges what a system is in law: a named person states it.
--at is kept of role and scope (declared_at); fields and links have no time but their commit's."
    )]
    Declare(Declare),
    /// Attach a document to a node: its digests, and its bytes where they are to be kept
    #[command(after_help = "Examples:
  lineal attach risk.pdf --to system:credit-score --type risk_management --by a.novak@bank.example
  lineal attach card.md --to model:prod/credit-risk@3 --type instructions_for_use --keep \\
      --doc-version 3 reviewed_at=2026-10-12 --by a.novak@bank.example
  lineal attach model.sig --to model:prod/credit-risk@3 --type model_signature --keep \\
      --signer signer.pub --files model/ --by a.novak@bank.example
Kept bytes (at most 4 MiB) are sealed: `lineal erase field DOCUMENT content` destroys them, and the
digests stay.")]
    Attach(Attach),
    /// Record figures of a model on a data set
    #[command(after_help = "Examples:
  lineal evaluate model:prod/credit-risk@3 --on dataset:loans-test@9f2c auc=0.91 --by a.novak@bank.example
  lineal evaluate model:prod/credit-risk@3 --on dataset:loans-test@9f2c auc=0.88 \\
      --type robustness --threshold auc=0.85 --set passed=true --by a.novak@bank.example")]
    Evaluate(Evaluate),
    /// Record an incident, or more of one that is on record
    #[command(after_help = "Examples:
  lineal incident INC-7 --concerns deployment:credit-api declared_serious=true \\
      aware_at=2026-11-03T09:00:00Z harm_class=rights --by a.novak@bank.example
  lineal incident INC-7 reported_at=2026-11-10 authority='...' --by a.novak@bank.example")]
    Incident(Incident),
    /// Record a monitor of deployments, or more of one that is on record
    #[command(after_help = "Examples:
  lineal monitor drift --watches deployment:credit-api metric=psi threshold=0.2 --by a.novak@bank.example")]
    Monitor(Monitor),
    /// Record a change of a node, and whether it is substantial
    #[command(after_help = "Examples:
  lineal change model:prod/credit-risk@3 --decision not_substantial --from model:prod/credit-risk@2 \\
      --reason 'retrained on the same features' --by a.novak@bank.example
  lineal change deployment:credit-api --stop --reason 'INC-7' --by a.novak@bank.example")]
    Change(Change),
    /// Record that logs of a span were lost: silence is explained, the events stay missing
    Loss(Span),
    /// Record that a deployment was out of use for a span
    Downtime(Span),
    /// Take a data set back, and show what it reached: models, deployments, events
    #[command(after_help = "Examples:
  lineal withdraw dataset:vendor-x@9f2c --reason 'licence ended' --by a.novak@bank.example
Nothing is deleted. What was trained on it stays as it is; the answer says what that is.")]
    Withdraw(Withdraw),
    /// Accept a finding of a rule about a node, until a time
    #[command(after_help = "Examples:
  lineal waive OVR-01 --node deployment:credit-api --until 2027-01-31 \\
      --reason 'approval was on paper' --by a.novak@bank.example
  lineal waive LOG-05 --node system:credit-score --until 2027-01-31 \\
      --reason 'see the record of the outage' --by a.novak@bank.example
Over a system it covers each finding of the rule when that system is checked, also those about what
no waiver leads to, as imports.")]
    Waive(Waive),
    /// Approve what is current of a node, signed where there is a key
    #[command(after_help = "Examples:
  lineal approve model:prod/credit-risk@3 --by b.horvat@bank.example --role release_manager \\
      --key ~/.ssh/id_ed25519 --basis '#9f2c1a'
  lineal approve model:prod/credit-risk@3 --by c.kral@bank.example --role risk --key key.pem --of 2
Four eyes: who is among those who made it is refused. The signature is an envelope of DSSE around a
statement of in-toto over the ids of the revisions, by Ed25519: a key of `ssh-keygen -t ed25519` or
`openssl genpkey -algorithm ed25519`. The key never travels. `lineal key add` says whose it is.")]
    Approve(Approve),
    /// Reject a node: a reason must be given
    Reject(Reject),
    /// Say whose a signing key is, revoke one, list them
    #[command(
        subcommand,
        after_help = "Examples:
  lineal key add ~/.ssh/id_ed25519.pub --of b.horvat@bank.example --by a.novak@bank.example
  lineal key revoke SHA256:... --replaced-by SHA256:... --reason 'laptop lost' --by a.novak@bank.example
What a key signed before it was revoked stays valid."
    )]
    Key(Keys),
}

/// Assignments and who states them.
#[derive(Args, Debug)]
pub(crate) struct Fields {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) node: String,
    /// What is stated; a member of a map is `declared_metrics.auc=0.9`
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    /// A link: belongs_to=system:credit-score
    #[arg(long = "edge", value_name = "RELATION=NODE")]
    pub(crate) edges: Vec<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Declare {
    /// Fields of a system; one that nobody spoke of yet comes to be
    System(Fields),
    /// In which roles you stand to a system: provider, deployer, importer, distributor, ...
    Role {
        /// The system
        #[arg(value_name = "SYSTEM")]
        node: String,
        /// The roles
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        stated: Stated,
    },
    /// What decides which rules are in scope: risk_class, annex_point, ...
    Scope {
        /// The system
        #[arg(value_name = "SYSTEM")]
        node: String,
        /// What is stated
        #[arg(required = true, value_name = "FIELD=VALUE")]
        fields: Vec<String>,
        #[command(flatten)]
        stated: Stated,
    },
    /// Fields and links of any other node, which must be on record
    Node {
        #[command(flatten)]
        fields: Fields,
        /// The system that it belongs to: short for --edge belongs_to=SYSTEM
        #[arg(long, value_name = "SYSTEM")]
        belongs_to: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Attach {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What it documents
    #[arg(long, value_name = "NODE")]
    pub(crate) to: String,
    /// What it is: risk_management, technical_documentation, instructions_for_use, model_card, ...
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) document_type: String,
    /// What more it covers
    #[arg(long, value_name = "NODE")]
    pub(crate) covers: Vec<String>,
    /// What to call it, if not by the file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Its version
    #[arg(long = "doc-version", value_name = "VERSION")]
    pub(crate) document_version: Option<String>,
    /// The section of the technical documentation
    #[arg(long, value_name = "SECTION")]
    pub(crate) section: Option<String>,
    /// Of a model_signature (model-signing): the signer's public key, to check it with
    #[arg(long, value_name = "FILE.pem")]
    pub(crate) signer: Option<PathBuf>,
    /// Of a model_signature: the model's folder, whose files must be those that were signed
    #[arg(long, value_name = "DIR")]
    pub(crate) files: Option<PathBuf>,
    /// Keep its bytes in the store, sealed
    #[arg(long)]
    pub(crate) keep: bool,
    /// More fields: reviewed_at=2026-10-12 points.IV_5='section 3'
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Evaluate {
    /// The model
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// The data set
    #[arg(long, value_name = "DATASET")]
    pub(crate) on: String,
    /// The figures
    #[arg(required = true, value_name = "METRIC=VALUE")]
    pub(crate) metrics: Vec<String>,
    /// What was asked of a figure
    #[arg(long = "threshold", value_name = "METRIC=VALUE")]
    pub(crate) thresholds: Vec<String>,
    /// robustness, bias, ...
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) evaluation_type: Option<String>,
    /// More fields: passed=true thresholds_at=2026-10-01 by_group.women/auc=0.9
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Incident {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What it concerns: a deployment, model, system, batch
    #[arg(long, value_name = "NODE")]
    pub(crate) concerns: Vec<String>,
    /// What is known of it
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Monitor {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The deployments that it watches
    #[arg(long, value_name = "DEPLOYMENT")]
    pub(crate) watches: Vec<String>,
    /// What is known of it
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Change {
    /// What is changed
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    /// substantial, predetermined or not_substantial
    #[arg(long, value_name = "DECISION")]
    pub(crate) decision: Option<String>,
    /// What to call it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The model that it was before
    #[arg(long = "from", value_name = "MODEL")]
    pub(crate) before: Option<String>,
    /// It was put out of use
    #[arg(long, conflicts_with_all = ["decision", "before"])]
    pub(crate) stop: bool,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Withdraw {
    /// The data set
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: String,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Waive {
    /// The rule, as `lineal check` names it
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// The node that the finding is about
    #[arg(long, value_name = "NODE")]
    pub(crate) node: String,
    /// Until when
    #[arg(long, value_name = "TIME")]
    pub(crate) until: String,
    /// The rule file that the rule is of, if it does not come with the program
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

/// What a decision is signed with.
#[derive(Args, Debug)]
pub(crate) struct Signing {
    /// Sign with this key; if it has a passphrase, that is asked for at the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The first line of this file is the key's passphrase (or LINEAL_KEY_PASSPHRASE in the environment)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Approve {
    /// What is approved
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    /// In which role
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) signing: Signing,
    /// How many distinct keys must approve it
    #[arg(long = "of", value_name = "COUNT")]
    pub(crate) keys_needed: Option<u32>,
    /// What it rests on: evaluations, documents
    #[arg(long, value_name = "NODE")]
    pub(crate) basis: Vec<String>,
    /// The stage it is for
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<String>,
    /// The end of its validity
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Args, Debug)]
pub(crate) struct Reject {
    /// What is rejected
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    /// In which role
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) signing: Signing,
    #[command(flatten)]
    pub(crate) stated: Stated,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Keys {
    /// Say whose a key is
    Add {
        /// The public key
        #[arg(value_name = "FILE.pub")]
        file: PathBuf,
        /// Whose it is (kept as a key)
        #[arg(long, value_name = "WHO")]
        of: String,
        #[command(flatten)]
        stated: Stated,
    },
    /// Say that a key counts no more, from now or from --at on
    Revoke {
        /// The key: SHA256:...
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        /// The key in its place
        #[arg(long, value_name = "FINGERPRINT")]
        replaced_by: Option<String>,
        #[command(flatten)]
        stated: Stated,
    },
    /// List the keys on record
    List,
}

#[derive(Args, Debug)]
pub(crate) struct Gate {
    /// The model version
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// What it must have on record, in place of what the program brings (rules/release.toml)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

//! All commands and flags. The help texts are the comments here.

mod checking;
mod checkpoint;
mod copies;
mod erasing;
mod exporting;
mod packing;
mod recording;
mod reporting;
mod server;
#[cfg(feature = "server")]
mod serving;
mod sheets;

#[cfg(feature = "server")]
pub(crate) use serving::{CreateToken, RevokeToken, Serve, ServerPlace, Token};

pub(crate) use checking::{Check, FailFrom};
pub(crate) use checkpoint::Checkpoint;
pub(crate) use copies::{Backup, Mirror, Repair, Restore};
pub(crate) use erasing::{Apply, Decided, Erase, Hold, Retention, RetentionStep};
pub(crate) use exporting::{Export, ExportForm, ExportedLogs, LogsFormat, LogsProof};
pub(crate) use packing::{Pack, PackDisclosure};
pub(crate) use recording::{
    Approve, Attach, Declare, Evaluate, Gate, Keys, Recording, Reject, Signing, Span, Stated,
};
pub(crate) use reporting::{Report, ReportForm};
pub(crate) use server::There;
pub(crate) use sheets::{Paper, Sheet};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Which data trained the model behind this inference hash? Lineal keeps the records of ML teams
/// so that this can be answered, with its path, years later.
#[derive(Parser, Debug)]
#[command(name = "lineal", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  lineal demo
  lineal init .lineal && lineal import mlflow.db logs/
  lineal trace 9f2c1a7e44d0...                  (an input hash, a run id, a name)
  lineal query 'find dataset upstream of inference:$hash' --param hash=9f2c1a7e44d0...

Exit codes:
  0  an answer, or done
  1  no: a failed check, nothing recorded, rejects under --strict
  2  wrong use or question; nothing was done
  3  the store is damaged
  4  cannot tell, where that is to be a failure (--fail-on cannot-tell,
     verify --require-keys)
  5  done in part: an import met a damaged file, nothing of a source could be read,
     a witness or time-stamp authority could not be reached, a server that ended
     broke its writer's work off, or the disk was full behind a commit, which stays
130  ended by Ctrl-C; a question then prints what it has found")]
pub(crate) struct Arguments {
    /// The store's folder; else LINEAL_STORE, else .lineal here or in a folder above
    #[arg(long, global = true, env = "LINEAL_STORE", value_name = "DIR", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
    /// Time zone for display, such as Europe/Berlin; the store keeps UTC
    #[arg(long, global = true, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,
    /// Print JSON for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show what is restricted, too: for whoever decides about restrictions
    #[arg(long, global = true)]
    pub(crate) restricted: bool,
    /// Write to a store on a network file system although its locks cannot be trusted
    #[arg(long, global = true, hide = true)]
    pub(crate) force_network: bool,
    #[command(flatten)]
    pub(crate) there: There,
    /// None: ask at a prompt, or from a pipe
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make a new store in an empty folder
    Init(Init),
    /// Import MLflow stores and Datadog log archives; what they are is recognised
    #[command(after_help = "Examples:
  lineal import mlflow.db                        an MLflow database
  lineal import mlruns/ exports/ logs/           folders, files, as many as you like
  lineal import dvc.lock session.zip build.intoto.jsonl   DVC, ClearML, in-toto, and more
  lineal import --follow archive/                go on: new files as they come
  lineal import --explain-mapping logs/          which attributes are seen, mapped, left over
  zcat day.json.gz | lineal import -             log lines from standard input
A line that cannot be read is rejected and listed; with --strict it is a failure (code 1) and
nothing is imported. After a file that is cut off or damaged the code is 5: what could be read
of it is imported.")]
    Import(Import),
    /// Ask a question
    #[command(after_help = "Examples:
  lineal query 'find dataset upstream of inference:$hash' --param hash=9f2c...
  lineal query 'find model where stage = \"Production\" return it, name, version'
  lineal query 'trace run:4cf1c180 to dataset as d return d, path'
  lineal query -f question.lql --format csv
Use single quotes: in double quotes the shell takes $hash for a variable of its own.")]
    Query(Query),
    /// Ask at a prompt, as `lineal` alone does; from a pipe: lineal repl < script.lql
    #[command(after_help = "Examples:
  lineal                                         a prompt; .help lists what it takes
  lineal repl < script.lql                       statements, each ended by `;` or an empty line
From a pipe a mistake is told and the next statement asked; the exit code is that of the worst.")]
    Repl(Repl),
    /// Make a proof that a stranger can check without a store
    #[command(after_help = "Examples:
  lineal prove event:9f2c1a7e44d0... -o event.proof
  lineal prove 'dataset:loans upstream of inference:$hash' --param hash=9f2c... -o path.proof
  lineal prove event:9f2c... --withhold subject -o event.proof --with-verifier
  lineal prove model:credit-risk@3              its newest revision
  lineal prove revision/9f2c...                 the revision with this id
  lineal prove 'trace all model:x@3 to dataset' -o paths.proof
  lineal prove no approval approves model:credit-risk@3 -o none.proof
  lineal prove 'no inference:9f2c... in deployment:scorer/prod as of 12' -o none.proof
  lineal prove 'no inference:9f2c... everywhere from 2025-01-01' --max-size 100 -o none.proof
  lineal prove no dataset:holdout -o none.proof
What it is shown against is a signed checkpoint. To check: lineal-verify FILE --key KEY, or
python3 -I verify.py FILE --key KEY. What is recorded is shown, not that it is true.
`no` means never recorded up to the checkpoint. Of events a scope is said, and how large the proof
will be is told before rows are read.")]
    Prove(Prove),
    /// Print questions in their canonical form
    Fmt(Fmt),
    /// Show where a thing comes from: a tree of edges, times, approvals and what is missing
    Trace(Trace),
    /// Show what is recorded about a thing
    Show(Show),
    /// Write what a thing rests on in a form that tools of others read
    #[command(after_help = "Examples:
  lineal export prov model:credit-risk@3 -o lineage.prov.json
  lineal export cyclonedx model:credit-risk@3 -o bom.json    a bill of materials with model cards
  lineal export slsa model:credit-risk@3                     in-toto statements, one line a run
  lineal export openlineage model:credit-risk@3 | curl --data-binary @- ...
  lineal export spdx model:credit-risk@3 -o model.spdx3.json SPDX 3 with the AI and data set profiles
  lineal export croissant dataset:loans@1 -o loans.json      a data set, its files and columns
  lineal export car model:credit-risk@3 -o lineage.car       the records, each under its own hash
  lineal export logs credit-scoring --out logs/              Article 12 logs: rows, counts, a signed statement
  lineal export logs deployment:scorer@eu-1 --from 2026-03-01 --until 2026-04-01 --format parquet \
    --proof --out march/
Upstream to the origins, with evaluations, approvals and documents. Sealed fields (names, e-mails,
notes) stay out. What nobody recorded is absent.")]
    Export(Export),
    /// Write what is recorded of a thing as a report for people, with what is missing
    #[command(
        subcommand,
        after_help = "Examples:
  lineal report annex-iv system:credit-scoring --out report.html
  lineal report annex-iv model:credit-risk@3 --format md
  lineal report annex-iv credit-scoring --as-of 2026-03-01 --json
  lineal report oversight credit-scoring --from 2026-01-01 --until 2026-04-01
  lineal report incident inc-7 --out inc-7.html
  lineal report change model:prod/credit-risk@2 model:prod/credit-risk@3
  lineal report data-sheet dataset:loans@1
  lineal report retention credit-scoring --policy retention.toml
  lineal report dpia credit-scoring
Each statement names the node that it rests on. What is not recorded is listed with the command that
would record it. The same commit and the same day that counts as today give the same bytes. Whether a system conforms to a law is not decided."
    )]
    Report(Report),
    /// Make the folder that is handed to people who check it without Lineal
    #[command(after_help = "Examples:
  lineal pack model:credit-risk@3                         for third parties, into a folder of its name
  lineal pack system:credit-scoring --disclosure authority --out pack --zip pack.zip
  lineal pack incident:2026-11-bias --as-of 2026-11-20 --out case
  lineal pack model:credit-risk@3 --record --by anna@bank.example     note that it was handed over
What is recorded as of a signed checkpoint (`lineal checkpoint`): records, findings, samples of logs,
documents, custody, proofs, and a manifest that the log's key signs. The same checkpoint gives the
same bytes. VERIFY.md in it says how a stranger checks it with sha256sum, openssl and python3.")]
    Pack(Pack),
    /// Count what the store holds
    Stats,
    /// List the imports
    Imports,
    /// Undo an import: current views leave out what only it brought; nothing is deleted
    Retract(Retract),
    /// Erase events, batches or sealed fields, on a decision that is recorded
    #[command(
        subcommand,
        after_help = "Examples:
  lineal erase event 9f2c1a7e44d0... --basis 'GDPR 17(1)(b)' --decision R-2026-117 \\
      --decided-by officer@bank.example --executed-by admin@bank.example
  lineal erase field actor:anna@bank.example email --basis ... --decision ... \\
      --decided-by ... --executed-by ... --dry-run
Rows, salts, keys and index entries are destroyed; a leaf hash and the counters stay, so that
everything else can still be proved. Importing the same archive again brings nothing back. What a
copy or another program holds is not reached: the record lists the files that must not exist."
    )]
    Erase(Erase),
    /// Forbid erasures while a hold stands
    #[command(subcommand)]
    Hold(Hold),
    #[command(flatten)]
    Record(Recording),
    /// Refuse a promotion unless its release record is there: data, run, evaluation, approval, ...
    #[command(after_help = "Examples:
  lineal gate model:prod/credit-risk@3                     code 0: all there; 1: something is missing
  lineal gate model:prod/credit-risk@3 --policy release.toml
  lineal --json gate model:prod/credit-risk@3              before a pipeline calls
      client.set_registered_model_alias('credit-risk', 'champion', 3)
Each missing item comes with the command that would record it. Code 4: what is recorded does not tell.")]
    Gate(Gate),
    /// Show how long what is kept, and what is due
    Retention(Retention),
    /// Say which evidence is recorded and which is missing, with the command that would record it
    #[command(after_help = "Examples:
  lineal check                                   what is recorded, held against itself
  lineal check credit-scoring                    the rules over the AI Act, of one system
  lineal check credit-scoring --model scorer@12 --fail-on blocker
  lineal check credit-scoring --as-of 2026-03-01 --json
  lineal check credit-scoring --diff 2026-03-01 now
  lineal check credit-scoring --record --by anna@bank.example
Statuses: met, gap (missing, late or incomplete), conflict (records contradict each other),
not_applicable, undeclared (the scope is not declared, so nobody can say), waived. Whether a system
conforms to a law is not decided. With --fail-on the code is 1 where a rule that grave is not met.")]
    Check(Check),
    /// Give a name: lineal alias 'scorer' = model:prod/credit-risk
    Alias(Alias),
    /// Pack small containers of log rows into large ones, and merge the index
    #[command(
        after_help = "Each nightly import leaves a container of its own. Rows, roots and answers stay as they are; it may
be interrupted at any point and called again. Old files go when nobody reads them any more."
    )]
    Compact(Compact),
    /// Copy the store as of its last commit, while it is read and written
    #[command(after_help = "Examples:
  lineal backup /mnt/copies/main                 a folder: a store of its own, to be read there
  lineal backup /mnt/copies/main                 again: only what is new is copied, what went goes
  lineal backup /mnt/copies/main --with-keys /mnt/safe/main.keys     and the keys, in their own file
  lineal backup /mnt/copies/main --check         what is missing, damaged, or must no longer exist
  lineal backup /mnt/copies/main --heal          reads it too, and brings what is damaged anew
  lineal backup copy.tar                         an archive
  lineal backup copy.tar --url https://host      of a store that a server serves, as administrator
What is derived is left out: `lineal rebuild` makes it again. So are the keys, which belong
elsewhere: without them sealed values stay closed and nothing can be written. What a server took
live and has not sealed yet comes along, as it was sent: the next server of the copy seals it.
--check ends with 3 if something is missing or damaged, 1 if something must go.")]
    Backup(Backup),
    /// Pull a copy of a store from a server or a folder, verified as it comes
    #[command(after_help = "Examples:
  lineal mirror https://lineage.example.org /mnt/mirror --token-file admin
  lineal mirror /srv/lineal /mnt/mirror --follow 60       again each minute, until Ctrl-C
  lineal mirror URL /mnt/mirror --key 'lineage.example.org/prod+1a2b3c4d+AQ...'
  lineal --store /mnt/mirror query ...                    read-only: it holds no keys
  lineal repair --from /mnt/mirror                        what was lost comes back from it
Every record, container and checkpoint is hashed before it is kept; what was pulled stays when it is
stopped. A store whose past is another than the mirror's is refused, with the first commit that
differs (code 3). The server must be configured to give copies (`backups = true`).")]
    Mirror(Mirror),
    /// Put a copy back into a new folder, verified on the way
    #[command(after_help = "Examples:
  lineal restore /mnt/copies/main /srv/lineal --with-keys /mnt/safe/main.keys
  lineal restore copy.tar /srv/lineal            without its keys: to be read
  lineal restore old.tar /srv/lineal --with-keys old.keys --erasures-of /mnt/mirror
  lineal restore old.tar /srv/lineal --with-keys old.keys --erasures-of erased.json
A copy that is damaged is refused with the names of its files, and nothing is left. An older copy
holds what was erased since it was made: --erasures-of names a later state of the same store (the
store, a later copy, a mirror), or the list that `lineal erase list --json` wrote of it, and what
was erased there is erased again; what of it is not in the copy yet no import brings back. What cannot
be done (a restriction of what is not there) is named, with code 5. A list is believed: keep it where
you keep the keys.")]
    Restore(Restore),
    /// Sign which commits there are, for strangers to hold on to
    #[command(after_help = "Examples:
  lineal checkpoint                              sign the log as of its last commit
  lineal checkpoint --witness https://w.example --witness-key 'w.example+1a2b3c4d+BA...'
  lineal checkpoint --timestamp https://tsa.example/tsr
  lineal checkpoint --list                       what was signed, by whom else, stamped when
  lineal checkpoint --list --timestamp-ca tsa.pem         and whether by this authority
  lineal checkpoint --consistency 120..345       what shows that the log only grew
  lineal checkpoint --proof 17 > 17.tlog-proof   what shows that commit 17 stands in it
Anybody checks it without Lineal: the forms are C2SP's (tlog-checkpoint, tlog-tiles, tlog-proof),
tiles/ can be served by any web server. The first checkpoint records the log's name and key in the
log. A store that was put back from an older copy and continued is refused by a witness (code 1).")]
    Checkpoint(Checkpoint),
    /// Make everything derived again from the records
    Rebuild,
    /// Re-hash everything and name each fault
    #[command(after_help = "Examples:
  lineal verify                                  records, rows, sealed values, and what is derived
  lineal verify --fast                           the chain of commits, checksums, what is there
  lineal verify --since 120                      only what came behind commit 120
  lineal verify --node deployment:scorer@eu-1    one node, and the events of it
  lineal --json verify                           for programs: each fault with a code that stays
A whole run also makes again what is derived and compares it. `lineal repair` says what it can
bring back, and from where.")]
    Verify(Verify),
    /// Mend a damaged store, without inventing anything
    #[command(after_help = "Examples:
  lineal repair --dry-run --from /mnt/copies/2026-11-22   say what would be done
  lineal repair --from /mnt/copies/2026-11-22             do it
What is derived is set aside and made again. What is recorded comes back only from a copy of this
store (`lineal backup`), and only if with it ids, digests and the chain of commits fit; commits that
came behind the copy stay. What was there is kept in orphans/. Nothing may write the store meanwhile.
Code 3: something that was recorded could not be brought back; it is named.")]
    Repair(Repair),
    /// Move a store to a later format (reserved: there is only one so far)
    #[command(hide = true)]
    Migrate,
    /// Serve stores over HTTP
    #[cfg(feature = "server")]
    #[command(after_help = "Examples:
  lineal serve                                   this store on 127.0.0.1:7413
  lineal serve --config /etc/lineal/server.toml  several stores, TLS, limits
A first token for an administrator is made and printed where there is none. `lineal token` makes
more. Ctrl-C and SIGTERM end it when running requests are answered. docs/operating.md says more.")]
    Serve(Serve),
    /// Speak the Model Context Protocol over standard input and output, for assistants; reads only
    #[cfg(feature = "server")]
    #[command(after_help = "Examples:
  claude mcp add lineal -- lineal mcp --store /srv/lineal     (or any other client that starts one)
Tools: query, trace, schema, explain and others; all of them only read. Whoever starts this reads
all that the store holds but what is restricted. Over a network `lineal serve` speaks the same at
/mcp, with tokens and roles.")]
    Mcp,
    /// Make, list and revoke the tokens of a server
    #[cfg(feature = "server")]
    #[command(subcommand)]
    Token(Token),
    /// Import the bundled exports and ask the question; or walk through the evidence
    #[command(after_help = "Examples:
  lineal demo                                    which data trained the model behind this hash?
  lineal demo --evidence                         what is recorded, what the check finds, what is
                                                 handed over, how a stranger verifies it")]
    Demo(Demo),
    /// Print shell completions
    Completions(Completions),
}

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The folder; .lineal if none is given
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Files and folders; `-` reads log lines from standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take what is given as this form instead of recognising it
    #[arg(long = "as", alias = "form", value_name = "FORM", value_parser = clap::builder::PossibleValuesParser::new(lineal_import::forms()))]
    pub(crate) form: Option<String>,
    /// Name the source (two tracking stores need two names)
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// When the source was in this state, where the export does not say: 2026-03-14T09:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) observed_at: Option<String>,
    /// A mapping file in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Read and count, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Any reject, or file in a folder that no source takes, fails the import as a whole
    #[arg(long)]
    pub(crate) strict: bool,
    /// List which attributes of logs are seen, mapped, or left over; write nothing
    #[arg(long)]
    pub(crate) explain_mapping: bool,
    /// Who imports (kept as a key, the name sealed)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) actor: Option<String>,
    /// Go on: import what comes below the folders, until SIGTERM or Ctrl-C
    #[arg(long, conflicts_with_all = ["dry_run", "explain_mapping"])]
    pub(crate) follow: bool,
    /// Seconds between two looks of --follow
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// End when all that is there was imported, batch by batch
    #[arg(long, requires = "follow")]
    pub(crate) once: bool,
}

/// How to print an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    /// RFC 4180, times in UTC
    Csv,
    /// W3C PROV-JSON
    Prov,
    /// A drawing for Graphviz
    Dot,
    /// A drawing for Markdown pages
    Mermaid,
    /// Waits for the proofs: refused in the language's words (B010)
    #[value(hide = true)]
    Bundle,
}

/// What counts as a failure beside errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FailOn {
    /// An answer that cannot tell.
    CannotTell,
}

#[derive(Args, Debug)]
pub(crate) struct Query {
    /// The question
    #[arg(value_name = "LQL", required_unless_present = "file", conflicts_with = "file")]
    pub(crate) text: Option<String>,
    /// Read the question from a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A parameter: name=value; its type is that of the place where it stands
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// A parameter as JSON: name=["a", 1]
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) param_json: Vec<String>,
    /// A bound: edges, events, rows or bytes of one answer, or seconds: rows=1000. What reaches it
    /// is cut, and says so
    #[arg(long, value_name = "NAME=NUMBER")]
    pub(crate) limit: Vec<String>,
    /// How to print the answer
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// End with code 4 if the answer cannot tell
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Args, Debug)]
pub(crate) struct Repl {
    /// From a pipe: end with code 4 if an answer cannot tell
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Args, Debug)]
pub(crate) struct Fmt {
    /// The file; standard input if none is given
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Print nothing; end with code 1 if the form is another
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Trace {
    /// A node (model:credit-risk@3), an id (#9f2c1a), an input hash, or any name
    #[arg(value_name = "NODE")]
    pub(crate) target: String,
    /// The view as of a commit number
    #[arg(long, value_name = "COMMIT")]
    pub(crate) as_of: Option<u64>,
    /// End with code 4 if something on the way is missing or in conflict
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A node (model:credit-risk@3), an id (#9f2c1a), an input hash, any name; or `schema`
    #[arg(value_name = "NODE")]
    pub(crate) target: String,
    /// With `schema`: nothing but the card of the query language, for the prompt of a language model
    #[arg(long)]
    pub(crate) for_prompt: bool,
    /// The view as of a commit number
    #[arg(long, value_name = "COMMIT")]
    pub(crate) as_of: Option<u64>,
}

/// What of an event may be kept back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Withhold {
    /// What points at a person's data; a commitment stands for it
    Subject,
}

#[derive(Args, Debug)]
pub(crate) struct Prove {
    /// What is to be shown, in words of the language; several words need no quotes
    #[arg(value_name = "STATEMENT", required = true, num_args = 1..)]
    pub(crate) statement: Vec<String>,
    /// The signed checkpoint that it is shown against; else the newest of the store
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Keep a group of each event back
    #[arg(long, value_enum, value_name = "GROUP")]
    pub(crate) withhold: Option<Withhold>,
    /// Write the proof here; else to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write `verify.py` beside the proof: the check in Python's standard library alone
    #[arg(long, requires = "output")]
    pub(crate) with_verifier: bool,
    /// A parameter: name=value
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Of what is not recorded: the largest proof that is made unasked
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=255))]
    pub(crate) max_size: u64,
    /// Make it however large it is
    #[arg(long, conflicts_with = "max_size")]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Retract {
    /// The import: import:7 or 7
    #[arg(value_name = "IMPORT")]
    pub(crate) import: String,
    /// Why; sealed
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Undo the retraction instead
    #[arg(long)]
    pub(crate) restore: bool,
    /// Who decides (kept as a key)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) actor: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Alias {
    /// The name
    pub(crate) name: String,
    /// `=`
    #[arg(value_parser = ["="])]
    pub(crate) equals: String,
    /// What it stands for: model:REGISTRY/NAME, model:NAME@VERSION, actor:LOGIN; `none` removes it
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// The kind, where the target is `none`
    #[arg(long, default_value = "model")]
    pub(crate) kind: String,
}

#[derive(Args, Debug)]
pub(crate) struct Compact {
    /// Say what would be packed, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Only `head`, the chain of commits, checksums of frames, and whether containers are there and
    /// as long as they were
    #[arg(long, conflicts_with_all = ["bytes", "node"])]
    pub(crate) fast: bool,
    /// Every record and container, but not the rows within, nor what is derived
    #[arg(long, conflicts_with = "node")]
    pub(crate) bytes: bool,
    /// Hash only what came behind this commit; what is older is decoded, or looked for
    #[arg(long, value_name = "COMMIT", conflicts_with_all = ["fast", "node"])]
    pub(crate) since: Option<u64>,
    /// Hash only the records of this node, and the containers in which its events stand
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// End with code 4 where there is no fault and keys/seeds or keys/index.key is not here: roots of
    /// batches, sealed values and look-ups by value cannot be checked without, and backups leave
    /// them out on purpose. With a fault the code is 3 or 1 as ever: also of a file of keys that is
    /// here and is damaged, older than the store or another store's
    #[arg(long)]
    pub(crate) require_keys: bool,
    /// Check the signatures of this witness too, beside those of the witnesses whose keys are kept
    #[arg(long, value_name = "KEY")]
    pub(crate) witness_key: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to make the store [default: lineal-demo, with --evidence lineal-demo-evidence]
    pub(crate) dir: Option<PathBuf>,
    /// Walk through what is recorded, checked, handed over and verified, with four things wrong
    #[arg(long)]
    pub(crate) evidence: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

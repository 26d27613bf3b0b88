//! Which commands work over a server, and what to do in place of those that do not: one table, which
//! docs/operating.md holds too.

use crate::args::{
    Arguments, Command, Declare, Erase, Hold, Keys, Recording, Report, Retention, RetentionStep,
    Sheet,
};
use crate::exit::{Failure, Outcome};

/// How a command goes with `--url`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// It asks the server; what is to be known of that.
    There(&'static str),
    /// It does not; what to do instead.
    Here(&'static str),
    /// It needs no store at all.
    Nowhere,
}

use Way::{Here, Nowhere, There};

const STATES: &str = "the server's writer records it, in the name of the token";
const READS: &str = "reads";
const READS_INCIDENTS: &str = "reads; why something is held is told to the roles that read holds";
const READS_UPKEEP: &str = "reads; for the roles that read holds, erasures and the trail";
const ERASES: &str = "the server's writer does it; who asks executes it";
const HOLDS: &str = "the server's writer records it, in the name of the token";
#[cfg(feature = "server")]
const TOKENS: &str =
    "an administrator's; for no store, system or time that its own token is not good for";

/// Every command, with the words behind it where it has some.
const WAYS: &[(&str, Way)] = &[
    (
        "init",
        Here(
            "a store is made where it is to lie: run `lineal init DIR` there, name it in the server's configuration and start the server",
        ),
    ),
    ("import", There("sends files; `--follow` and `--mapping` work beside the store alone")),
    ("query", There(READS)),
    ("repl", There(READS)),
    ("prove", There(READS)),
    ("fmt", Nowhere),
    ("trace", There(READS)),
    ("show", There(READS)),
    (
        "export",
        There(
            "reads; the bytes are those of an export beside the store; `logs` for investigators, privacy officers, auditors and administrators, signed there",
        ),
    ),
    (
        "pack",
        There(
            "for privacy officers, auditors and administrators; the server signs, where the log's key is there; its trail has the pack's digest, so `--record` works beside the store alone",
        ),
    ),
    ("report annex-iv", There(READS)),
    ("report oversight", There(READS)),
    ("report incident", There(READS_INCIDENTS)),
    ("report change", There(READS)),
    ("report data-sheet", There(READS)),
    ("report retention", There(READS_UPKEEP)),
    ("report dpia", There(READS_UPKEEP)),
    ("stats", There(READS)),
    ("imports", There(READS)),
    ("retract", There("an administrator's; the server's writer records it")),
    ("erase event", There(ERASES)),
    ("erase batch", There(ERASES)),
    ("erase field", There(ERASES)),
    ("erase list", There(READS)),
    ("hold add", There(HOLDS)),
    ("hold release", There(HOLDS)),
    ("hold list", There(READS)),
    ("declare system", There(STATES)),
    ("declare role", There(STATES)),
    ("declare scope", There(STATES)),
    ("declare node", There(STATES)),
    ("attach", There(STATES)),
    ("evaluate", There(STATES)),
    ("incident", There(STATES)),
    ("monitor", There(STATES)),
    ("change", There(STATES)),
    ("loss", There(STATES)),
    ("downtime", There(STATES)),
    ("withdraw", There(STATES)),
    ("waive", There(STATES)),
    ("approve", There("the statement comes here to be signed; the key stays")),
    ("reject", There("the statement comes here to be signed; the key stays")),
    ("key add", There(STATES)),
    ("key revoke", There(STATES)),
    ("key list", There(READS)),
    ("gate", There("reads, by the policy that the server was built with")),
    ("retention", There("reads; a policy of --policy goes along")),
    (
        "retention apply",
        There(
            "for privacy officers: the server proposes and its writer erases; who asks executes what another decided",
        ),
    ),
    (
        "check",
        There(
            "reads, by the rules that the server was built with; with --record its writer records the report",
        ),
    ),
    ("alias", There("an engineer's or an administrator's; the server's writer records it")),
    ("compact", There("an administrator's; the server's writer does it")),
    ("backup", There("an administrator's, where the server gives copies")),
    ("mirror", Here("name the address as what is mirrored: lineal mirror URL INTO")),
    (
        "restore",
        Here(
            "a copy is put back into a folder that no server holds: run `lineal restore COPY DIR` where it is to lie, then start the server over DIR",
        ),
    ),
    (
        "checkpoint",
        There(
            "the server's writer signs; witnesses, time stamps and a new key are matters of its machine",
        ),
    ),
    ("rebuild", There("an administrator's; the server's writer does it, while questions go on")),
    (
        "verify",
        There(
            "an administrator's; the server hashes its own files, while its writer does nothing else",
        ),
    ),
    (
        "repair",
        Here(
            "it takes files away that a server holds: end the server, run `lineal --store DIR repair` where the store lies, and start it again",
        ),
    ),
    (
        "migrate",
        Here(
            "a server opens no store of another format: run `lineal --store DIR migrate` where the store lies, before it is served",
        ),
    ),
    #[cfg(feature = "server")]
    ("serve", Here("a server serves stores, not another server")),
    #[cfg(feature = "server")]
    ("mcp", Here("give the assistant the address URL/mcp and a token instead")),
    #[cfg(feature = "server")]
    ("token create", There(TOKENS)),
    #[cfg(feature = "server")]
    ("token list", There(TOKENS)),
    #[cfg(feature = "server")]
    ("token revoke", There(TOKENS)),
    ("demo", Here("the demo makes a store of its own here; leave --url out")),
    ("completions", Nowhere),
];

/// Refuses a command that cannot ask a server where one is named.
///
/// # Errors
/// A sentence that says what to do.
pub(crate) fn refuse(arguments: &Arguments) -> Outcome<()> {
    let (Some(url), Some(command)) = (&arguments.there.url, &arguments.command) else {
        return Ok(());
    };
    let name = name(command);
    match WAYS.iter().find(|(known, _)| *known == name) {
        Some((_, Here(instead))) => Err(Failure::usage(format!(
            "`lineal {name}` does not work over --url {url}: {instead}"
        ))),
        Some((_, There(_) | Nowhere)) | None => Ok(()),
    }
}

/// The words of a command.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Init(_) => "init",
        Command::Import(_) => "import",
        Command::Query(_) => "query",
        Command::Repl(_) => "repl",
        Command::Prove(_) => "prove",
        Command::Fmt(_) => "fmt",
        Command::Trace(_) => "trace",
        Command::Show(_) => "show",
        Command::Export(_) => "export",
        Command::Pack(_) => "pack",
        Command::Report(Report::AnnexIv(_)) => "report annex-iv",
        Command::Report(Report::Sheet(Sheet::Oversight(_))) => "report oversight",
        Command::Report(Report::Sheet(Sheet::Incident(_))) => "report incident",
        Command::Report(Report::Sheet(Sheet::Change(_))) => "report change",
        Command::Report(Report::Sheet(Sheet::Data(_))) => "report data-sheet",
        Command::Report(Report::Sheet(Sheet::Retention(_))) => "report retention",
        Command::Report(Report::Sheet(Sheet::Dpia(_))) => "report dpia",
        Command::Stats => "stats",
        Command::Imports => "imports",
        Command::Retract(_) => "retract",
        Command::Erase(Erase::Event { .. }) => "erase event",
        Command::Erase(Erase::Batch { .. }) => "erase batch",
        Command::Erase(Erase::Field { .. }) => "erase field",
        Command::Erase(Erase::List) => "erase list",
        Command::Hold(Hold::Add { .. }) => "hold add",
        Command::Hold(Hold::Release { .. }) => "hold release",
        Command::Hold(Hold::List) => "hold list",
        Command::Record(stated) => stated_name(stated),
        Command::Gate(_) => "gate",
        Command::Retention(Retention { step: None, .. }) => "retention",
        Command::Retention(Retention { step: Some(RetentionStep::Apply(_)), .. }) => {
            "retention apply"
        }
        Command::Check(_) => "check",
        Command::Alias(_) => "alias",
        Command::Compact(_) => "compact",
        Command::Backup(_) => "backup",
        Command::Mirror(_) => "mirror",
        Command::Restore(_) => "restore",
        Command::Checkpoint(_) => "checkpoint",
        Command::Rebuild => "rebuild",
        Command::Verify(_) => "verify",
        Command::Repair(_) => "repair",
        Command::Migrate => "migrate",
        #[cfg(feature = "server")]
        Command::Serve(_) => "serve",
        #[cfg(feature = "server")]
        Command::Mcp => "mcp",
        #[cfg(feature = "server")]
        Command::Token(crate::args::Token::Create(_)) => "token create",
        #[cfg(feature = "server")]
        Command::Token(crate::args::Token::List(_)) => "token list",
        #[cfg(feature = "server")]
        Command::Token(crate::args::Token::Revoke(_)) => "token revoke",
        Command::Demo(_) => "demo",
        Command::Completions(_) => "completions",
    }
}

/// What a statement's command is called, as it is typed and as the trail notes it.
pub(crate) fn stated_name(stated: &Recording) -> &'static str {
    match stated {
        Recording::Declare(Declare::System(_)) => "declare system",
        Recording::Declare(Declare::Role { .. }) => "declare role",
        Recording::Declare(Declare::Scope { .. }) => "declare scope",
        Recording::Declare(Declare::Node { .. }) => "declare node",
        Recording::Attach(_) => "attach",
        Recording::Evaluate(_) => "evaluate",
        Recording::Incident(_) => "incident",
        Recording::Monitor(_) => "monitor",
        Recording::Change(_) => "change",
        Recording::Loss(_) => "loss",
        Recording::Downtime(_) => "downtime",
        Recording::Withdraw(_) => "withdraw",
        Recording::Waive(_) => "waive",
        Recording::Approve(_) => "approve",
        Recording::Reject(_) => "reject",
        Recording::Key(Keys::Add { .. }) => "key add",
        Recording::Key(Keys::Revoke { .. }) => "key revoke",
        Recording::Key(Keys::List) => "key list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, CommandFactory, Parser};
    use std::collections::BTreeSet;

    /// Commands that can be called, with the words before them.
    fn leaves(of: &clap::Command, before: &str, found: &mut Vec<(String, clap::Command)>) {
        for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
            let words = format!("{before} {}", command.get_name()).trim().to_owned();
            if !command.is_subcommand_required_set() {
                found.push((words.clone(), command.clone()));
            }
            leaves(command, &words, found);
        }
    }

    /// Words that fit an argument.
    fn fitting(argument: &Arg) -> Vec<String> {
        let value = argument.get_possible_values().first().map(|it| it.get_name().to_owned());
        let value = value.unwrap_or_else(|| "1".to_owned());
        match argument.get_long() {
            Some(long) => vec![format!("--{long}={value}")],
            None => {
                let count = argument.get_num_args().map_or(1, |range| range.min_values().max(1));
                vec![value; count]
            }
        }
    }

    #[test]
    fn each_command_goes_over_a_server_or_says_what_to_do_instead() {
        let mut all = Vec::new();
        leaves(&Arguments::command(), "", &mut all);
        let known: BTreeSet<&str> = WAYS.iter().map(|(name, _)| *name).collect();
        let called: BTreeSet<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(known, called, "the table has every command, and no other");
        assert_eq!(known.len(), WAYS.len(), "each once");
        for (name, command) in &all {
            let required = command.get_arguments().filter(|argument| argument.is_required_set());
            let mut words: Vec<String> = vec!["lineal".into(), "--url=http://localhost".into()];
            words.extend(name.split(' ').map(str::to_owned));
            words.extend(required.flat_map(fitting));
            // What is required of two is required of neither by itself.
            match name.as_str() {
                "retention apply" => words.push("--propose=x".to_owned()),
                "query" => words.push("find model".to_owned()),
                _ => {}
            }
            let arguments = Arguments::try_parse_from(&words);
            let arguments = arguments.unwrap_or_else(|error| panic!("{words:?}: {error}"));
            let way = WAYS.iter().find(|(known, _)| known == name).map(|(_, way)| *way);
            match (refuse(&arguments), way) {
                (Ok(()), Some(There(_) | Nowhere)) => {}
                (Err(failure), Some(Here(instead))) => {
                    let told = failure.text();
                    assert!(told.contains(instead) && told.contains(name.as_str()), "{told}");
                    assert_eq!(told.lines().count(), 1, "one sentence: {told}");
                }
                (refused, way) => panic!("{name}: {refused:?}, {way:?}"),
            }
        }
    }

    /// The table as docs/operating.md has it.
    fn table() -> String {
        let row = |(name, way): &(&str, Way)| match way {
            There(note) => format!("| `{name}` | yes | {note} |\n"),
            Here(instead) => format!("| `{name}` | no | {instead} |\n"),
            Nowhere => format!("| `{name}` | it needs no store | |\n"),
        };
        let head = "| command | over `--url` | |\n| --- | --- | --- |\n".to_owned();
        head + &WAYS.iter().map(row).collect::<String>()
    }

    #[test]
    fn the_page_for_operators_has_the_same_table() {
        let page = include_str!("../../../docs/operating.md");
        assert!(page.contains(&table()), "docs/operating.md lacks this:\n{}", table());
    }
}

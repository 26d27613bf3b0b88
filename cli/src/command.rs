//! One file a command.

mod alias;
mod ask;
mod backup;
mod check;
mod checkpoint;
mod compact;
mod completions;
mod demo;
mod erase;
mod export;
mod fmt;
mod gate;
mod hold;
mod import;
pub(crate) mod imports;
mod init;
mod migrate;
mod mirror;
mod pack;
mod prove;
mod query;
mod rebuild;
mod record;
mod repair;
mod repl;
mod report;
mod restore;
mod retention;
mod retract;
#[cfg(feature = "server")]
mod serve;
mod show;
pub(crate) mod stats;
#[cfg(feature = "server")]
mod token;
mod trace;
mod verify;

pub(crate) use ask::statements as questions;
pub(crate) use trace::describe_node;

use crate::args::{Arguments, Command};
use crate::exit::{Exit, Outcome};
use crate::remote::refuse;

/// Is the code of the command a verdict that somebody acts on? Then it never ends with 0 unheard.
pub(crate) fn is_verdict(arguments: &Arguments) -> bool {
    match &arguments.command {
        Some(Command::Check(_) | Command::Gate(_) | Command::Verify(_) | Command::Repair(_)) => {
            true
        }
        Some(Command::Backup(backup)) => backup.check,
        Some(Command::Fmt(fmt)) => fmt.check,
        Some(Command::Query(query)) => query.fail_on.is_some(),
        Some(Command::Repl(repl)) => repl.fail_on.is_some(),
        Some(Command::Trace(trace)) => trace.fail_on.is_some(),
        Some(Command::Demo(demo)) => demo.evidence,
        Some(Command::Import(import)) => !import.explain_mapping,
        _ => false,
    }
}

/// Does what the arguments say.
pub(crate) fn run(arguments: &Arguments) -> Outcome<Exit> {
    refuse(arguments)?;
    let Some(command) = &arguments.command else { return repl::run(arguments, None) };
    match command {
        Command::Init(init) => init::run(arguments, init),
        Command::Import(import) => import::run(arguments, import),
        Command::Query(query) => query::run(arguments, query),
        Command::Repl(repl) => repl::run(arguments, repl.fail_on),
        Command::Prove(prove) => prove::run(arguments, prove),
        Command::Fmt(fmt) => fmt::run(arguments, fmt),
        Command::Trace(trace) => trace::run(arguments, trace),
        Command::Show(show) => show::run(arguments, show),
        Command::Stats => stats::run(arguments),
        Command::Imports => imports::run(arguments),
        Command::Retract(retract) => retract::run(arguments, retract),
        Command::Export(wanted) => export::run(arguments, wanted),
        Command::Report(wanted) => report::run(arguments, wanted),
        Command::Pack(wanted) => pack::run(arguments, wanted),
        Command::Erase(erase) => erase::run(arguments, erase),
        Command::Hold(hold) => hold::run(arguments, hold),
        Command::Record(record) => record::run(arguments, record),
        Command::Gate(gate) => gate::run(arguments, gate),
        Command::Check(check) => check::run(arguments, check),
        Command::Retention(retention) => retention::run(arguments, retention),
        Command::Alias(alias) => alias::run(arguments, alias),
        Command::Compact(compact) => compact::run(arguments, compact),
        Command::Backup(backup) => backup::run(arguments, backup),
        Command::Mirror(mirror) => mirror::run(arguments, mirror),
        Command::Restore(restore) => restore::run(arguments, restore),
        Command::Checkpoint(checkpoint) => checkpoint::run(arguments, checkpoint),
        Command::Rebuild => rebuild::run(arguments),
        Command::Verify(verify) => verify::run(arguments, verify),
        Command::Repair(repair) => repair::run(arguments, repair),
        Command::Migrate => migrate::run(arguments),
        #[cfg(feature = "server")]
        Command::Serve(serve) => serve::run(arguments, serve),
        #[cfg(feature = "server")]
        Command::Mcp => serve::speak(arguments),
        #[cfg(feature = "server")]
        Command::Token(token) => token::run(arguments, token),
        Command::Demo(demo) => demo::run(arguments, demo),
        Command::Completions(completions) => completions::run(completions),
    }
}

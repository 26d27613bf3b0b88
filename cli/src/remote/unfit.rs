//! What has no way to a server, and what to do instead.

use crate::args::{Arguments, Command, Keys, Recording};
use crate::exit::{Failure, Outcome};

/// Refuses a command that cannot ask a server where one is named.
///
/// # Errors
/// A sentence that says what to do.
pub(crate) fn refuse(arguments: &Arguments) -> Outcome<()> {
    let (Some(url), Some(command)) = (&arguments.there.url, &arguments.command) else {
        return Ok(());
    };
    let Some((name, instead)) = instead(command) else { return Ok(()) };
    Err(Failure::usage(format!("`lineal {name}` does not work over --url {url}: {instead}")))
}

fn instead(command: &Command) -> Option<(&'static str, &'static str)> {
    const BESIDE: &str = "run it beside the store, with --store DIR in place of --url";
    Some(match command {
        Command::Query(_)
        | Command::Repl(_)
        | Command::Trace(_)
        | Command::Prove(_)
        | Command::Show(_)
        | Command::Stats
        | Command::Imports
        | Command::Import(_)
        | Command::Backup(_)
        | Command::Gate(_)
        | Command::Erase(_)
        | Command::Hold(_)
        | Command::Checkpoint(_)
        | Command::Fmt(_)
        | Command::Completions(_) => return None,
        Command::Init(_) => ("init", "a store is made where it lies; leave --url out"),
        Command::Demo(_) => ("demo", "the demo makes a store of its own here; leave --url out"),
        Command::Retract(_) => ("retract", BESIDE),
        Command::Export(_) => ("export", BESIDE),
        Command::Pack(_) => (
            "pack",
            "it is signed with the log's key, which a server does not lend; run it beside the store, with --store DIR in place of --url",
        ),
        Command::Record(Recording::Key(Keys::List)) => {
            ("key list", "ask `find document where type = \"signing_key\"` there")
        }
        Command::Record(_) => return None,
        Command::Retention(_) => ("retention", BESIDE),
        Command::Check(_) => ("check", BESIDE),
        Command::Alias(_) => ("alias", BESIDE),
        Command::Compact(_) => ("compact", BESIDE),
        Command::Mirror(_) => {
            ("mirror", "name the address as what is mirrored: lineal mirror URL INTO")
        }
        Command::Restore(_) => ("restore", "a copy is put back where it lies; leave --url out"),
        Command::Rebuild => ("rebuild", BESIDE),
        Command::Repair(_) => ("repair", BESIDE),
        Command::Verify(_) => (
            "verify",
            "files are hashed where they lie; run it beside the store, with --store DIR in place of --url",
        ),
        Command::Migrate => ("migrate", BESIDE),
        #[cfg(feature = "server")]
        Command::Serve(_) => ("serve", "a server serves stores, not another server"),
        #[cfg(feature = "server")]
        Command::Mcp => ("mcp", "give the assistant the address URL/mcp and a token instead"),
        #[cfg(feature = "server")]
        Command::Token(_) => ("token", "tokens are made beside the server that takes them"),
    })
}

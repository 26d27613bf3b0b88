//! The log: structured lines on standard error, so that standard output stays for answers. It holds
//! ids of tokens, never their texts, and no words of questions.

use crate::config::{Log, LogForm};
use crate::error::{Error, Result};
use tracing_subscriber::filter::LevelFilter;

/// Starts it, once a process; where one is running already, that one stays.
///
/// # Errors
/// [`Error::Config`] if there is no such level.
pub fn start(log: &Log) -> Result<()> {
    let level: LevelFilter = log.level.parse().map_err(|_| Error::Config {
        place: "log.level".to_owned(),
        why: format!("`{}` is none of off, error, warn, info, debug, trace", log.level),
    })?;
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = match log.form {
        LogForm::Text => lines.with_ansi(false).try_init(),
        LogForm::Json => lines.json().flatten_event(true).try_init(),
    };
    // A program that embeds the server may have its own.
    let _ = started;
    Ok(())
}

//! `lineal serve`: stores over HTTP.

use crate::args::{Arguments, Serve, ServerPlace};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use lineal_server::{Config, Handle, Server};
use std::io::Write;

/// What a store is called that is named by its folder alone.
const ONLY_STORE: &str = "default";

pub(super) fn run(arguments: &Arguments, wanted: &Serve) -> Outcome {
    let mut config = configuration(arguments, &wanted.place)?;
    if let Some(listen) = wanted.listen {
        config.listen = listen;
    }
    config.force_plain |= wanted.force_plain;
    config.write |= wanted.write;
    config.first_token &= !wanted.no_first_token;
    lineal_server::start_log(&config.log)?;
    let tokens = config.token_path();
    let mut server = Server::bind(config)?;
    let mut out = std::io::stdout().lock();
    let scheme = if server.has_tls() { "https" } else { "http" };
    writeln!(out, "serving {scheme}://{}", server.address())?;
    if let Some(token) = server.take_first_token() {
        writeln!(out, "first token, for an administrator, shown this once:\n  {token}")?;
        writeln!(out, "its hash is in {}; `lineal token create` makes more", tokens.display())?;
    }
    let silent = server.stores_without_trail();
    if !silent.is_empty() {
        writeln!(
            out,
            "no trail of who asked what is kept of what is only read ({}); the log on standard error names token, role and case",
            silent.join(", ")
        )?;
    }
    out.flush()?;
    drop(out);
    if wanted.until_eof {
        end_with_input(server.handle())?;
    }
    server.serve()?;
    Ok(Exit::Answer)
}

/// Ends a server when standard input ends. Whoever started it may be killed before it can say so: the
/// system then closes its end of the pipe.
fn end_with_input(server: Handle) -> std::io::Result<()> {
    let wait = move || {
        // What comes is for nobody; an input that cannot be read has ended too.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        server.stop();
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(wait).map(drop)
}

/// `lineal mcp`: the same for an assistant that has started this program.
pub(super) fn speak(arguments: &Arguments) -> Outcome {
    if arguments.restricted {
        return Err(Failure::usage(
            "what is restricted is for no assistant: leave --restricted out",
        ));
    }
    lineal_server::speak(ONLY_STORE, place::folder(arguments)?)?;
    Ok(Exit::Answer)
}

/// The configuration that is meant: a file, the environment, and where they name no store, the one
/// that every command means.
pub(super) fn configuration(arguments: &Arguments, place: &ServerPlace) -> Outcome<Config> {
    let mut config = Config::read(place.config.as_deref(), texts())?;
    if config.stores.is_empty() || arguments.store.is_some() && place.config.is_none() {
        config.stores.insert(ONLY_STORE.to_owned(), place::folder(arguments)?);
    }
    if place.tokens.is_some() {
        config.tokens.clone_from(&place.tokens);
    }
    Ok(config)
}

/// The environment, as far as it is text.
fn texts() -> impl Iterator<Item = (String, String)> {
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    // `LINEAL_SERVER_CONFIG` names the file and is no key in it.
    texts.filter(|(name, _)| name != "LINEAL_SERVER_CONFIG")
}

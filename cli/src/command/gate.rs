//! `lineal gate`: refuses a promotion unless its release record is there.

use crate::args::{Arguments, Gate};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{Style, texts, visible};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::gate::{BUILT_IN, Policy};
use serde_json::Value as Json;
use std::io::Write;
use std::sync::Arc;

pub(super) fn run(arguments: &Arguments, wanted: &Gate) -> Outcome {
    let told = match Remote::meant(arguments)? {
        Some(_) if wanted.policy.is_some() => {
            return Err(Failure::usage(
                "a server asks by the policy that it was built with; leave --policy out, or run it \
                 beside the store",
            ));
        }
        Some(remote) => remote.gate(&wanted.model)?,
        None => {
            let policy = match &wanted.policy {
                None => Policy::parse(BUILT_IN, "the built-in policy")?,
                Some(path) => {
                    let text = std::fs::read_to_string(path).map_err(|source| {
                        lineal_evidence::record::Error::Unread { path: path.clone(), source }
                    })?;
                    Policy::parse(&text, &path.display().to_string())?
                }
            };
            let store = Arc::new(place::open_read_only(arguments)?);
            policy.gate(&store, &wanted.model, SystemClock.now())?.to_json()
        }
    };
    let missing = told["items"].as_array().into_iter().flatten();
    let missing = missing.filter(|item| item["status"] == "missing").count();
    let exit = match (told["passes"] == true, missing) {
        (true, _) => Exit::Answer,
        (false, 0) => Exit::CannotTell,
        (false, _) => Exit::No,
    };
    let mut out = std::io::stdout().lock();
    exit.after(match arguments.json {
        true => writeln!(out, "{told}").map_err(Failure::from),
        false => print(&mut out, &told),
    })
}

fn print(out: &mut dyn Write, told: &Json) -> Outcome<()> {
    let style = Style::new();
    let text = |json: &Json| visible(json.as_str().unwrap_or_default()).into_owned();
    let policy = &told["policy"];
    writeln!(
        out,
        "{}  as of commit {}  policy {} {}",
        style.strong(&text(&told["model"])),
        told["commit"],
        text(&policy["id"]),
        text(&policy["version"])
    )?;
    let mut missing = Vec::new();
    for item in told["items"].as_array().into_iter().flatten() {
        let (id, status) = (text(&item["id"]), text(&item["status"]).replace('_', " "));
        writeln!(out, "  {status:12} {id:12} {}", text(&item["title"]))?;
        for name in texts(&item["evidence"]).iter().take(3) {
            writeln!(out, "{:28}{}", "", visible(name))?;
        }
        for why in texts(&item["why"]) {
            writeln!(out, "{:28}{}", "", visible(why))?;
        }
        if let Some(fix) = item["fix"].as_str() {
            writeln!(out, "{:28}fix: {}", "", visible(fix))?;
            missing.push(id);
        }
    }
    let uri = told["uri"].as_str().map_or_else(|| text(&told["model"]), str::to_owned);
    if told["passes"] == true {
        writeln!(
            out,
            "{uri}: the release record is there; whether it suffices is for a person to say"
        )?;
    } else {
        writeln!(out, "{uri}: promotion refused, missing {}", missing.join(", "))?;
    }
    Ok(())
}

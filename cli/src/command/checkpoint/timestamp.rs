//! Time stamps of a checkpoint (RFC 3161): asking an authority, or by files where the machine has no way
//! to one. What an answer says is checked as far as `lineal_engine::public_log` and `lineal_evidence::timestamp` go.

use super::text;
use crate::args::Arguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::elsewhere::Elsewhere;
use crate::time::rfc3339;
use lineal_engine::Store;
use lineal_engine::public_log::{StampError, stamp_signer};
use lineal_evidence::timestamp::Roots;
use lineal_proof::timestamp::{self, Timestamp};
use serde_json::json;
use std::io::Write;
use std::path::Path;

/// Asks an authority over HTTP (RFC 3161, section 3.4), and keeps the answer.
pub(super) fn ask(
    arguments: &Arguments,
    store: &Store,
    size: u64,
    url: &str,
    roots: Option<&Roots>,
) -> Outcome<()> {
    let note = store.kept_checkpoint(size)?.note;
    let request = timestamp::request(text(&note));
    let answered = Elsewhere::new(arguments)?.post(url, "application/timestamp-query", &request)?;
    let failed = |why: String| Failure::Remote {
        message: format!("the time-stamp authority {url} gave no stamp: {why}"),
        exit: Exit::No,
    };
    if answered.status != 200 {
        return Err(failed(format!("status {}: {}", answered.status, answered.words())));
    }
    let stamp = Timestamp::parse(&answered.body).map_err(|why| failed(why.to_string()))?;
    stamp.covers(text(&note)).map_err(|why| failed(why.to_string()))?;
    let signer = match roots {
        Some(roots) => issuer(&answered.body, roots).map(Ok),
        None => signer(&answered.body),
    };
    let signer = signer.map_err(failed)?;
    store.add_timestamp(size, &answered.body)?;
    if let Err(why) = signer {
        eprintln!("{}", untold(&why));
    }
    Ok(())
}

/// The certificates of authorities in the file that is named.
pub(super) fn roots(file: Option<&Path>) -> Outcome<Option<Roots>> {
    let read = |file: &Path| {
        let refused = |why: String| Failure::usage(format!("{}: {why}", file.display()));
        let pem = std::fs::read(file).map_err(|why| refused(why.to_string()))?;
        Roots::read(&pem).map_err(|why| refused(why.to_string()))
    };
    file.map(read).transpose()
}

/// The certificate that an answer is signed with; in its place why it cannot be told. One whose signature
/// is wrong is refused.
fn signer(reply: &[u8]) -> Result<Result<String, String>, String> {
    match stamp_signer(reply) {
        Ok(certificate) => Ok(Ok(certificate)),
        Err(why) if why.is_untold() => Ok(Err(why.to_string())),
        Err(why) => Err(why.to_string()),
    }
}

/// What is wrong with the signature of an answer that is kept; none if it fits, or nothing is known of it.
pub(super) fn forged(reply: &[u8]) -> Option<StampError> {
    stamp_signer(reply).err().filter(|why| !why.is_untold())
}

/// The certificate that an answer is signed with, if it leads to one of the roots; else why not.
pub(super) fn issuer(reply: &[u8], roots: &Roots) -> Result<String, String> {
    lineal_evidence::timestamp::issued_by(reply, roots).map_err(|why| why.to_string())
}

/// What is said of a stamp whose signature cannot be checked.
fn untold(why: &str) -> String {
    format!(
        "  checked: granted, and over this checkpoint's SHA-256; who signed it cannot be told here: {why}"
    )
}

/// Writes the request to a file.
pub(super) fn request(arguments: &Arguments, store: &Store, size: u64, file: &Path) -> Outcome {
    let note = store.kept_checkpoint(size)?.note;
    std::fs::write(file, timestamp::request(text(&note)))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "size": size, "request": file }))?;
    } else {
        writeln!(
            out,
            "wrote the request for checkpoint {size} to {0}\n  send it:  curl --data-binary @{0} -H 'Content-Type: application/timestamp-query' -o reply.tsr URL\n  then:     lineal checkpoint --timestamp-reply reply.tsr",
            file.display()
        )?;
    }
    Ok(Exit::Answer)
}

/// Keeps an answer with the checkpoint that it is of: the one that is named, else the newest that it fits.
pub(super) fn keep(
    arguments: &Arguments,
    size: Option<u64>,
    file: &Path,
    roots: Option<&Roots>,
) -> Outcome {
    let refused = |why: String| Failure::usage(format!("{}: {why}", file.display()));
    let reply = std::fs::read(file).map_err(|why| refused(why.to_string()))?;
    let stamp = Timestamp::parse(&reply).map_err(|why| refused(why.to_string()))?;
    let another = |why: String| Failure::Remote {
        message: format!("{}: {why}", file.display()),
        exit: Exit::No,
    };
    let signer = match roots {
        Some(roots) => Ok(issuer(&reply, roots).map_err(another)?),
        None => signer(&reply).map_err(refused)?,
    };
    let store = place::open_read_only(arguments)?;
    let sizes = size.map_or_else(|| store.checkpoint_sizes(), |size| Ok(vec![size]))?;
    let mut why = "no checkpoint is kept; `lineal checkpoint` makes one".to_owned();
    for size in sizes.into_iter().rev() {
        let kept = store.kept_checkpoint(size)?;
        if let Err(other) = stamp.covers(text(&kept.note)) {
            why = format!("of no checkpoint that is kept; of checkpoint {size}: {other}");
            continue;
        }
        let path = store.add_timestamp(size, &reply)?;
        let seconds = |seconds: i64| rfc3339(seconds.saturating_mul(super::SECOND_NS));
        let (time, until) = (seconds(stamp.time()), stamp.certificates_end().map(seconds));
        let mut out = std::io::stdout().lock();
        if arguments.json {
            let object = json!({
                "size": size, "time": time, "renew_by": until, "path": path,
                "signer_sha256": signer.as_ref().ok(), "is_led_to_root": roots.map(|_| true),
            });
            writeln!(out, "{object}")?;
            return Ok(Exit::Answer);
        }
        writeln!(out, "checkpoint {size} is stamped {time}, kept in {path}")?;
        if let Some(until) = until {
            writeln!(
                out,
                "  the certificates in it end {until}: have it stamped anew before that"
            )?;
        }
        match &signer {
            Ok(certificate) => {
                let whose = match roots {
                    Some(_) => "which leads to a certificate that --timestamp-ca gives",
                    None => "whose that is: --list --timestamp-ca FILE, with the authority's root",
                };
                writeln!(
                    out,
                    "  checked: granted, over this checkpoint's SHA-256, and signed with the key of the certificate in it\n  (SHA-256 {certificate}), {whose}"
                )?;
            }
            Err(why) => writeln!(out, "{}", untold(why))?,
        }
        return Ok(Exit::Answer);
    }
    Err(another(why))
}

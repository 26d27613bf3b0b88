//! `VERIFY.md`: how a stranger checks the pack, with programs that are not ours first, and what each
//! step shows and does not.

use super::making::Making;
use super::{Error, Files, keys, manifest};
use lineal_proof::bundle::VERIFIER;
use std::fmt::Write as _;

/// Adds the page.
pub(super) fn add(making: &Making<'_>, files: &mut Files, keys: &keys::Keys) -> Result<(), Error> {
    let text = keys::text_path(making.size());
    let (sha256, signature, blake3) =
        (manifest::OF_SHA256, manifest::SIGNATURE, manifest::OF_BLAKE3);
    let (key, pem) = (&keys.signing, &keys.pem);
    let verifier = manifest::sha256_hex(VERIFIER.as_bytes());
    let mut page = format!(
        "# How to check this pack\n\n\
         Run the steps in this folder. None needs a network, an account, or a program of whoever made the pack but\n\
         the last, which is one file of Python's standard library that you can read.\n\n\
         The key that everything hangs on is\n\n    {key}\n\n\
         Ask whoever gave you the pack for it on another way (their web site, an earlier pack, a letter): a key that\n\
         came with the pack alone shows that its parts belong together, and not from whom they are.\n\n\
         ## 1. The verifier is one that you know\n\n    \
         ls -A verify\n    sha256sum verify/verify.py\n\n\
         `verify` must hold `verify.py` and nothing else: a module that lies beside a script may be run in the place of\n\
         Python's own. When this pack was made the SHA-256 of `verify.py` was\n\n    {verifier}\n\n\
         A script in a pack is only as good as where it comes from, and so is this page, which came with it: whoever\n\
         changed one could change the other. Compare with what the maker of the pack tells on another way, as the key,\n\
         or take `verify.py` from a release of Lineal (`proof/verify.py`) and use it in the place of this one.\n\n\
         ## 2. The files are those that the manifest lists\n\n    sha256sum -c --quiet {sha256}\n\n\
         Shows: no listed file was changed since the manifest was written. Does not show: who wrote it, or that no file\n\
         was added.\n\n\
         ## 3. The log's key signed the manifest\n\n    \
         openssl pkeyutl -verify -pubin -inkey {pem} -rawin -in {sha256} -sigfile {signature}\n\n\
         Shows: whoever holds the log's key made this pack. `{pem}` is the key above in another form: the last 32 of the\n\
         44 bytes of its base64 are the last 32 of the 33 bytes of the key's. Does not show: that what the files say is true.\n"
    );
    page.push_str("\n## 4. Somebody else's clock saw the checkpoint\n\n");
    if keys.stamps.is_empty() {
        page.push_str(
            "No time-stamp authority stamped this checkpoint, so nothing but the store's own clock says when it was there.\n\
             `lineal checkpoint --timestamp URL` has one stamp it; the next pack then holds the stamp.\n",
        );
    }
    for (time, file) in &keys.stamps {
        let time = crate::check::time_text(*time);
        let _ = write!(
            page,
            "    openssl ts -verify -data {text} -in {file} -CAfile ROOTS.pem\n\n\
             ROOTS.pem are certificates of authorities that you trust. Shows: the checkpoint was there at {time}. Does not\n\
             show: how long before, or that the authority is a qualified one (look it up in the trusted list). Step 5 reads\n\
             the stamp too: that it was granted, of this text, and when; whether its signature fits only this step shows.\n"
        );
    }
    let _ = write!(
        page,
        "\n## 5. Records, events and paths stand in the log\n\n    \
         python3 -I verify/verify.py . --key '{key}'\n\n\
         `-I` keeps Python from reading modules that lie beside the script or in its environment: do not leave it out.\n\
         It checks both manifests (`{blake3}` with a BLAKE3 of its own), the signature, that no file was added, every\n\
         checkpoint and that the log only grew from each to the last, that stamps are of the checkpoint, and every proof.\n\
         It names each file that is wrong. In place of `.` it takes the zip too, with a verify.py from elsewhere.\n\
         Samples: it draws again from 0 on, and each draw must be an event of the file, one that the file passes over, or\n\
         a row seen before, until `wanted` are drawn or the draws are used up; no event may be missing or added. A part\n\
         of a log whose record has a proof here must have as many rows as that record states; it says of how many parts\n\
         there is none. The maker's word are: that no part of the log is left out, how many were wanted, and that what is\n\
         passed over tells what another row tells, or is an event of another system.\n\
         One proof alone: `python3 -I verify/verify.py proofs/... --key '{key}'`. Codes: 0 valid; 1 tampered; 2 wrong\n\
         use, or nothing that can be checked;\n\
         10 valid, and something is gone by a recorded erasure; 11 valid, and something is withheld.\n\
         `{blake3}` is in the form of `b3sum -c`, for whoever has that.\n\n\
         Shows: each record and event that has a proof was in the log under the checkpoint, as it is shown here. Does not\n\
         show: that it was true when it was written, that the sources logged everything, or that nothing else is recorded.\n\n\
         ## What no step shows\n\n\
         - Whether what was recorded is true: the log holds what was said, by whom and when.\n\
         - Whether it is complete: what was never recorded is in no pack. `logs/coverage.csv` shows silences.\n\
         - What the law makes of it. This pack decides nothing.\n\
         - Texts that were put together from the records (README, findings.json, graph.json, coverage): the log's key signed\n\
         them with the manifest, and they name the records that they rest on. The proofs show the records.\n"
    );
    files.add("VERIFY.md", page.into_bytes())
}

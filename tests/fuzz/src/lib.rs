//! What must hold of any bytes, one reader a file.
//!
//! Each target of libFuzzer calls one `check`; `tests/tests/corpora.rs` calls all of them with their
//! seeds and with what the fuzzer once found, so that the gate needs no fuzzer.

pub mod ask;
pub mod containers;
pub mod documents;
pub mod exports;
pub mod index_files;
pub mod intake;
pub mod journals;
pub mod log_lines;
pub mod mappings;
pub mod parse;
pub mod pipeline;
pub mod proofs;
pub mod records;
pub mod seeds;
pub mod segments;
mod store_files;
mod tape;

/// A target.
pub struct Target {
    /// Its name: that of the binary, and of its folder below `found/`.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub check: fn(&[u8]),
    /// Where a fuzzer begins.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 14] = [
    Target { name: "ask", check: ask::check, seeds: seeds::questions },
    Target { name: "containers", check: containers::check, seeds: seeds::short_tapes },
    Target { name: "documents", check: documents::check, seeds: seeds::short_tapes },
    Target { name: "exports", check: exports::check, seeds: seeds::short_tapes },
    Target { name: "index_files", check: index_files::check, seeds: seeds::short_tapes },
    Target { name: "intake", check: intake::check, seeds: intake::seeds },
    Target { name: "journals", check: journals::check, seeds: seeds::tapes },
    Target { name: "log_lines", check: log_lines::check, seeds: seeds::log_lines },
    Target { name: "mappings", check: mappings::check, seeds: seeds::mappings },
    Target { name: "parse", check: parse::check, seeds: seeds::questions },
    Target { name: "pipeline", check: pipeline::check, seeds: seeds::tapes },
    Target { name: "proofs", check: proofs::check, seeds: proofs::seeds },
    Target { name: "records", check: records::check, seeds: seeds::records },
    Target { name: "segments", check: segments::check, seeds: seeds::tapes },
];

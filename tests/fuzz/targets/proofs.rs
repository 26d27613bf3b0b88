//! Target `proofs`: see `src/proofs.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::proofs::check(bytes));

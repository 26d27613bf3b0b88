//! Target `exports`: see `src/exports.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::exports::check(bytes));

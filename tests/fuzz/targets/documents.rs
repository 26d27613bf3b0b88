//! Target `documents`: see `src/documents.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::documents::check(bytes));

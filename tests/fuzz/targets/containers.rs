//! Target `containers`: see `src/containers.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::containers::check(bytes));

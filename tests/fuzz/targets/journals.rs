//! Target `journals`: see `src/journals.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::journals::check(bytes));

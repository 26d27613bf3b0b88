//! Target `intake`: bytes as what is brought live.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::intake::check(bytes));

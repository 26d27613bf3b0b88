//! Target `segments`: a store whose segment was edited.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::segments::check(bytes));

//! Target `mappings`: any text as a mapping file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::mappings::check(bytes));

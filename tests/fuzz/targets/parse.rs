//! Target `parse`: any text is read, or refused at a place within it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::parse::check(bytes));

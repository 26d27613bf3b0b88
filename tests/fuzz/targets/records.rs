//! Target `records`: bytes as canonical items, records, frames and headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::records::check(bytes));

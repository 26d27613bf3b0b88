//! Target `pipeline`: questions made by the bytes, of graphs made by the bytes, with both plans.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::pipeline::check(bytes));

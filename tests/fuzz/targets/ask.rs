//! Target `ask`: any text is asked of a small world, with both plans.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::ask::check(bytes));

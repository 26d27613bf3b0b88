//! Target `index_files`: see `src/index_files.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::index_files::check(bytes));

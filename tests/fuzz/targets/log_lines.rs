//! Target `log_lines`: bytes as a file of log lines.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lineal_fuzz::log_lines::check(bytes));

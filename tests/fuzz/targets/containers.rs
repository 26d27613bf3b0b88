//! Target `containers`: see `src/containers.rs`.

#![no_main]

// Panics of the Parquet library are errors of ours (`engine/src/events/contained.rs`): none may end the fuzzer
// before it is caught. One that nobody catches still does.
libfuzzer_sys::fuzz_target!(init: drop(std::panic::take_hook()), |bytes: &[u8]| lineal_fuzz::containers::check(bytes));

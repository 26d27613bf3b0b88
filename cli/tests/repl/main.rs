//! A visit to a store: from a pipe, and at a terminal that tmux plays.

#[path = "../program/mod.rs"]
mod program;

mod pipe;
mod terminal;

//! Any text that has a meaning is asked of a small world: both plans agree, and the bounds hold.

use std::sync::LazyLock;

use lineal_query::{Limits, Parameters, Query, Request};

use super::parse::check_place;
use super::pipeline::graph::Graph;
use super::pipeline::{Asked, agree};

static WORLD: LazyLock<Graph> =
    LazyLock::new(|| Graph::new(include_str!("../../../query/tests/golden/world.txt")));

/// A path may be as long as the world, and there may be many: enough for each question of the
/// corpus, and an end to those that a fuzzer makes up.
const EDGES: u64 = 20_000;
/// As above.
const ROWS: u64 = 500;
/// As above.
const EVENTS: u64 = 5_000;
/// As above.
const BYTES: u64 = 1 << 20;

/// Checks one text.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(query) = Query::parse(&text) else { return };
    let (Ok(planned), Ok(plain)) = (query.prepare(), query.prepare_naively()) else { return };
    let hash = "sha256:aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";
    let parameters = Parameters::new()
        .text("hash", hash)
        .text("req", "req-1")
        .text("ref", "model:prod/credit-risk@3")
        .text("checkpoint", "2");
    let limits =
        Limits { edges: EDGES, rows: ROWS, events: EVENTS, bytes: BYTES, ..Limits::default() };
    let request =
        Request { parameters: &parameters, limits: &limits, now: 1_773_144_000_000_000_000 };
    let asked = Asked { text: &text, graph: &WORLD, planned: &planned, plain: &plain };
    if let Err(error) = planned.run(&*WORLD, &request) {
        let mistake = error.mistake().expect("a graph in memory can be read");
        check_place(&text, mistake);
    }
    agree(&asked, &request);
}

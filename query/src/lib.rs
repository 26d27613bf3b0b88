//! Parses, binds, plans and runs questions about lineage.
//!
//! Stages, each with its own type so that none can be skipped: text, pairs (pest), syntax tree,
//! bound tree and plan, operators, rows. A program that asks needs three lines: prepare a
//! question, choose a view, run it.

#![forbid(unsafe_code)]

mod answer;
pub mod ast;
mod bind;
mod cache;
mod error;
mod execute;
mod habits;
mod layout;
mod limits;
mod openings;
mod parameters;
mod parse;
mod plan;
mod prepare;
pub mod prove;
mod schema_card;
mod shape;
pub mod source;
mod store_view;
mod suggest;
pub mod told;
pub mod value;

pub use answer::{
    Answer, Beside, Completeness, Line, Picture, REASONS_MAX, Reason, State, THINGS_MAX, Table,
    Thing, Uncertainty,
};
pub use bind::FORMATS;
pub use cache::{PLANS_MAX, PlanCache};
pub use error::{CODES, Code, Error, Mistake, Result, Said, Span};
pub use execute::{Machine, Request, Rows};
pub use layout::{COLUMNS_MAX, layout};
pub use limits::{BYTES_MAX, CHECK_EVERY, EDGES_MAX, EVENTS_MAX, Limit, Limits, ROWS_MAX};
pub use lineal_grammar::RESERVED;
pub use parameters::Parameters;
pub use parse::{
    NESTING_MAX, OPERATORS_MAX, QUESTIONS_MAX, RELATIONS_MAX, TEXT_BYTES_MAX, TextBounds, parse,
};
pub use plan::{Column, Type};
pub use prepare::{Prepared, Query};
pub use schema_card::schema_card;
pub use shape::{shape, shape_digest};
pub use source::{BatchCounts, Checked, EventColumns, EventRef, NodeNo, Revision, Source, Unread};
pub use store_view::StoreView;
pub use value::{HashValue, Item, Path, Step, Value};

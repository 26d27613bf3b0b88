//! Reports for people: what is recorded of a thing, put in the order in which a reader asks for it,
//! as one document that renders to Markdown, HTML and JSON.
//!
//! A report states what the graph holds and what it lacks; it decides nothing. Each statement names
//! the node that it rests on, so that a reader can ask for it and check its proof.

mod document;
mod escape;
mod html;
mod markdown;

pub use document::{
    Block, Column, Document, Fact, Gap, Lack, Part, Picture, Reference, Section, Sentence, Table,
};

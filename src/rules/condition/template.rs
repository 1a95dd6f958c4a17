//! Messages: text with `{{ expressions }}` in it.

use std::ops::Range;

use super::Complaint;
use super::context::{Cause, Ctx, Vars};
use super::lower::Valuer;
use crate::model::PartValue;
use crate::text::join_and;

/// A compiled message.
#[derive(Default)]
pub(in crate::rules) struct Template {
    parts: Vec<Piece>,
}

enum Piece {
    Text(String),
    Value(Valuer),
}

impl Template {
    pub(super) fn push_text(&mut self, text: String) {
        self.parts.push(Piece::Text(text));
    }

    pub(super) fn push(&mut self, value: Valuer) {
        self.parts.push(Piece::Value(value));
    }

    /// The message about one resource. What has no value prints as “none”, what is not known as “unknown”.
    pub(in crate::rules) fn print(&self, ctx: &Ctx<'_>) -> String {
        let mut message = String::new();
        for part in &self.parts {
            match part {
                Piece::Text(text) => message.push_str(text),
                Piece::Value(value) => match value(ctx, &Vars::NONE) {
                    Ok(value) => message.push_str(&print(value)),
                    Err(why) => message.push_str(match why.cause {
                        Cause::Absent | Cause::NoNeighbour | Cause::NothingBefore => "none",
                        Cause::Untold | Cause::NeighbourUntold | Cause::NeighbourUnseen | Cause::Unseen => "unknown",
                    }),
                },
            }
        }
        message
    }
}

fn print(value: PartValue) -> String {
    match value {
        PartValue::Bool(yes) => if yes { "yes" } else { "no" }.to_owned(),
        PartValue::Int(number) => number.to_string(),
        PartValue::Time(time) => time.format("%Y-%m-%d").to_string(),
        PartValue::Text(text) => text,
        PartValue::Texts(entries) => join_and(&entries),
    }
}

/// A part of a message as it is written.
pub(super) enum Part {
    Text(String),
    /// The bytes between the braces.
    Expression(Range<usize>),
}

/// Cuts a message into text and expressions. One that has no end is complained of, and the parts before it are given.
pub(super) fn split(message: &str) -> (Vec<Part>, Option<Complaint>) {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut rest = message;
    while let Some((text, after)) = rest.split_once("{{") {
        let open = at + text.len();
        let Some((expression, tail)) = after.split_once("}}") else {
            let help = "close it with `}}`";
            return (parts, Some(Complaint::new(open..open + 2, "this expression has no end", Some(help.to_owned()))));
        };
        parts.push(Part::Text(text.to_owned()));
        let start = open + 2 + expression.len() - expression.trim_start().len();
        parts.push(Part::Expression(start..open + 2 + expression.trim_end().len().max(start - open - 2)));
        at = open + 2 + expression.len() + 2;
        rest = tail;
    }
    parts.push(Part::Text(rest.to_owned()));
    (parts, None)
}

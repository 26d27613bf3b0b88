//! The part of an answer that one response gives, written down or on its way to be.

use super::Asking;
use crate::accept::Form;
use crate::app::App;
use crate::cursor::Cursor;
use crate::reply::{Before, Written};
use lineal_query::{Answer, Beside, Limit, Table};

/// What comes back from it.
pub(super) enum Answered {
    Whole(Written),
    /// The answer, and what must be known before its rows.
    Lines(Box<Answer>, Before),
}

/// A part of an answer, and what its response says of it.
pub(super) struct Page {
    pub(super) answered: Answered,
    /// Gives this page again, of the same commit and time, in whatever form.
    pub(super) again: String,
    pub(super) next: Option<String>,
    pub(super) commit: u64,
    pub(super) total: u64,
    pub(super) completeness: &'static str,
    /// Did time end it? Then another asking may give more.
    pub(super) cut_by_time: bool,
    /// Did something wait that it could be about? The same may be answered otherwise in a moment.
    pub(super) is_passing: bool,
}

impl Asking {
    /// Cuts it out of an answer, some of whose rows may stand in a table; `shown` is the view with what
    /// waits that it is of.
    pub(super) fn page(
        &self,
        app: &App,
        (mut answer, table): (Answer, &Table),
        before: Before,
        shown: u64,
    ) -> Page {
        let most = app.config.limits.page_rows;
        let rows = match (self.request.page, self.form) {
            (Some(rows), _) => rows.min(most),
            (None, Form::Json) => most,
            (None, Form::Ndjson | Form::Csv | Form::Typed | Form::Arrow) => u64::MAX,
        };
        let first = self.cursor.map_or(0, |cursor| cursor.first);
        let all = answer.rows.len() + table.len();
        let start = usize::try_from(first).unwrap_or(usize::MAX).min(all);
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let from = |first| {
            let cursor = Cursor { commit: self.commit, now: self.moment(), first, shown };
            app.seal.text(cursor, &self.question)
        };
        let again = from(first);
        let next = (all - start > rows).then(|| from(first + rows as u64));
        let cut_by_time =
            matches!(answer.completeness.truncated, Some(Limit::Deadline | Limit::Stopped));
        let completeness = answer.completeness.state().name();
        let (commit, total) = (answer.commit, answer.total);
        let answered = match self.form {
            Form::Json => {
                let types: Vec<&str> =
                    answer.columns.iter().map(|column| column.column_type.name()).collect();
                let withheld = self.sight.withheld_words();
                let beside = [
                    ("types", Beside::Words(&types)),
                    ("first", Beside::Number(first)),
                    ("next", Beside::Text(next.as_deref())),
                    ("withheld", Beside::Words(&withheld)),
                ];
                let mut bytes = Vec::new();
                answer.write_json_with(&mut bytes, table, (start, rows), &beside);
                Answered::Whole(Written::of(bytes, self.gzip))
            }
            Form::Ndjson | Form::Csv | Form::Typed | Form::Arrow => {
                answer.rows.drain(..start.min(answer.rows.len()));
                answer.rows.truncate(rows);
                Answered::Lines(Box::new(answer), before)
            }
        };
        let is_passing = false;
        Page { answered, again, next, commit, total, completeness, cut_by_time, is_passing }
    }
}

//! What a row says in each column, as text and as a number: what sorting and filtering go by.

use std::borrow::Cow;
use std::cmp::Ordering;

use compact_str::CompactString;

use crate::command::Pane;
use crate::model::clock::Time;
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::Uid;
use crate::model::meta::Meta;
use crate::model::pod::Pod;
use crate::model::snapshot::Snapshot;
use crate::model::state::{cronjob_state, cronjob_why, job_state, job_why, pod_state, pod_why};

/// A column that rows can be sorted and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The object's name.
    Name,
    /// Its namespace.
    Namespace,
    /// The word for its state.
    Status,
    /// Why it is in that state.
    Why,
    /// Successes.
    Done,
    /// Failures counted so far.
    Fails,
    /// Restarts of its containers.
    Restarts,
    /// How long it ran, in seconds.
    Time,
    /// Seconds since it was made, or since an event was seen last.
    Age,
    /// Seconds until its next run.
    Next,
    /// Seconds since its last success.
    Success,
    /// Runs that are active.
    Active,
    /// The schedule.
    Schedule,
    /// The node.
    Node,
    /// An event's reason.
    Reason,
    /// What an event is about.
    About,
}

impl Column {
    /// Every column.
    pub const ALL: [Column; 16] = [
        Column::Name,
        Column::Namespace,
        Column::Status,
        Column::Why,
        Column::Done,
        Column::Fails,
        Column::Restarts,
        Column::Time,
        Column::Age,
        Column::Next,
        Column::Success,
        Column::Active,
        Column::Schedule,
        Column::Node,
        Column::Reason,
        Column::About,
    ];

    /// The title over the column; in lower case it is the column's word in a filter.
    pub const fn title(self) -> &'static str {
        match self {
            Column::Name => "NAME",
            Column::Namespace => "NAMESPACE",
            Column::Status => "STATUS",
            Column::Why => "WHY",
            Column::Done => "DONE",
            Column::Fails => "FAILS",
            Column::Restarts => "RESTARTS",
            Column::Time => "TIME",
            Column::Age => "AGE",
            Column::Next => "NEXT",
            Column::Success => "SUCCESS",
            Column::Active => "ACTIVE",
            Column::Schedule => "SCHEDULE",
            Column::Node => "NODE",
            Column::Reason => "REASON",
            Column::About => "ABOUT",
        }
    }

    /// The column that a filter means by this word; `ns` is short for the namespace.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = if word == "ns" { "namespace" } else { word };
        Self::ALL.into_iter().find(|column| column.title().eq_ignore_ascii_case(word))
    }

    /// The columns by which a pane's rows can be sorted, in the order in which the key goes through them.
    pub const fn of(pane: Pane) -> &'static [Column] {
        use Column::{About, Active, Age, Done, Fails, Name, Namespace, Next, Reason, Restarts, Status, Success, Time};
        match pane {
            Pane::CronJobs => &[Name, Namespace, Status, Next, Active, Success, Age],
            Pane::Jobs => &[Name, Namespace, Status, Done, Fails, Time, Age],
            Pane::Pods => &[Name, Status, Restarts, Time, Age],
            Pane::Events => &[Age, Reason, About],
            Pane::Logs => &[],
        }
    }
}

/// A row with what is needed to read its columns.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) now: Time,
    pub(super) row: RowRef<'a>,
}

/// A row of one of the lists.
#[derive(Clone, Copy)]
pub(super) enum RowRef<'a> {
    CronJob(&'a CronJob),
    Job(&'a Job),
    Pod(&'a Pod),
    Event(&'a Event),
}

impl<'a> Fields<'a> {
    fn meta(&self) -> &'a Meta {
        match self.row {
            RowRef::CronJob(row) => &row.meta,
            RowRef::Job(row) => &row.meta,
            RowRef::Pod(row) => &row.meta,
            RowRef::Event(row) => &row.meta,
        }
    }

    /// The row's UID.
    pub(super) fn uid(&self) -> Uid {
        self.meta().uid
    }

    /// The row's labels.
    pub(super) fn labels(&self) -> &'a [(CompactString, CompactString)] {
        &self.meta().labels
    }

    /// The columns that a word without a column is looked for in.
    pub(super) fn searched(&self) -> &'static [Column] {
        match self.row {
            RowRef::Event(_) => &[Column::Reason, Column::About, Column::Why],
            _ => &[Column::Name, Column::Namespace, Column::Status, Column::Why],
        }
    }

    /// What the column says; empty where the row has no such column.
    pub(super) fn text(&self, column: Column) -> Cow<'a, str> {
        let snapshot = self.snapshot;
        match (column, self.row) {
            (Column::About, RowRef::Event(event)) => event.about_name.as_str().into(),
            (Column::Reason, RowRef::Event(event)) => event.reason.as_str().into(),
            (Column::Why, RowRef::Event(event)) => event.note.as_str().into(),
            (Column::Status, RowRef::Event(event)) => if event.is_warning { "Warning" } else { "Normal" }.into(),
            (Column::Name, _) => self.meta().name.as_str().into(),
            (Column::Namespace, _) => self.meta().namespace.as_str().into(),
            (Column::Status, RowRef::CronJob(row)) => cronjob_state(snapshot, row).word,
            (Column::Status, RowRef::Job(row)) => job_state(snapshot, row).word,
            (Column::Status, RowRef::Pod(row)) => pod_state(row).word,
            (Column::Why, RowRef::CronJob(row)) => cronjob_why(snapshot, row, self.now).into(),
            (Column::Why, RowRef::Job(row)) => job_why(snapshot, row, self.now).into(),
            (Column::Why, RowRef::Pod(row)) => pod_why(row).into(),
            (Column::Schedule, RowRef::CronJob(row)) => row.schedule.as_str().into(),
            (Column::Node, RowRef::Pod(row)) => row.node.as_str().into(),
            (number, _) => self.number(number).map(|number| number.to_string()).unwrap_or_default().into(),
        }
    }

    /// The column as a number; None where it is none or not known.
    pub(super) fn number(&self, column: Column) -> Option<i64> {
        let since = |time: Option<Time>| time.map(|time| self.now.seconds_since(time));
        match (column, self.row) {
            (Column::Age, RowRef::Event(row)) => since(row.last),
            (Column::Age, _) => since(self.meta().created),
            (Column::Done, RowRef::Job(row)) => Some(row.succeeded.into()),
            (Column::Fails, RowRef::Job(row)) => Some(row.failed.into()),
            (Column::Time, RowRef::Job(row)) => row.duration(self.now),
            (Column::Time, RowRef::Pod(row)) => {
                row.started.map(|started| row.ended().unwrap_or(self.now).seconds_since(started))
            }
            (Column::Restarts, RowRef::Pod(row)) => Some(row.restarts().into()),
            (Column::Next, RowRef::CronJob(row)) => row.next_run(self.now).map(|next| next.seconds_since(self.now)),
            (Column::Success, RowRef::CronJob(row)) => since(row.last_success),
            (Column::Active, RowRef::CronJob(row)) => i64::try_from(row.active.len()).ok(),
            _ => None,
        }
    }

    /// The order of two rows by a column; rows that lack it come last.
    pub(super) fn order(&self, other: &Self, column: Column) -> Ordering {
        match (self.number(column), other.number(column)) {
            (Some(one), Some(two)) => one.cmp(&two),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.text(column).cmp(&other.text(column)),
        }
    }
}

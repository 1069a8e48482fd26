//! What a row says in each column, as text and as a number: what sorting and filtering go by.

use std::borrow::Cow;
use std::cmp::Ordering;

use compact_str::CompactString;

use crate::command::Pane;
use crate::model::clock::{Time, short_duration};
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::Uid;
use crate::model::meta::Meta;
use crate::model::pod::{Container, Pod, Role};
use crate::model::resources::Resources;
use crate::model::snapshot::Snapshot;
use crate::model::state::{
    State, container_state, container_why, cronjob_state, cronjob_why, job_state, job_why, pod_state, pod_why,
};

use super::App;

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
    /// When the object goes away by itself: TTL or deadline.
    Ends,
    /// The schedule in words.
    RunsAt,
    /// The completion index of a pod.
    Index,
    /// A pod's containers, one by one.
    Containers,
    /// CPU: used, asked for, allowed.
    Cpu,
    /// Memory: used, asked for, allowed.
    Memory,
    /// Where in the pod's life a container belongs.
    Role,
    /// How often an event was seen.
    Seen,
    /// The exit code of a container's last run.
    Exit,
}

impl Column {
    /// Every column.
    pub const ALL: [Column; 25] = [
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
        Column::Ends,
        Column::RunsAt,
        Column::Index,
        Column::Containers,
        Column::Cpu,
        Column::Memory,
        Column::Role,
        Column::Seen,
        Column::Exit,
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
            Column::Ends => "ENDS",
            Column::RunsAt => "IN WORDS",
            Column::Index => "INDEX",
            Column::Containers => "CONTAINERS",
            Column::Cpu => "CPU",
            Column::Memory => "MEMORY",
            Column::Role => "ROLE",
            Column::Seen => "SEEN",
            Column::Exit => "EXIT",
        }
    }

    /// The column that a filter means by this word; `ns` is short for the namespace.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = if word == "ns" { "namespace" } else { word };
        Self::ALL.into_iter().find(|column| column.title().eq_ignore_ascii_case(word))
    }

    /// The columns by which a pane's rows can be sorted, in the order in which the key goes through them.
    pub const fn of(pane: Pane) -> &'static [Column] {
        use Column::{
            About, Active, Age, Cpu, Done, Ends, Fails, Index, Memory, Name, Namespace, Next, Node, Reason, Restarts,
            Schedule, Seen, Status, Success, Time,
        };
        match pane {
            Pane::CronJobs => &[Name, Namespace, Status, Schedule, Next, Active, Success, Age],
            Pane::Jobs => &[Name, Namespace, Status, Done, Fails, Time, Age, Ends],
            Pane::Pods => &[Name, Index, Status, Restarts, Time, Age, Cpu, Memory, Node],
            Pane::Events => &[Age, Reason, Seen, About],
            Pane::Why | Pane::Logs => &[],
        }
    }
}

/// A row with what is needed to read its columns.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) app: &'a App,
    pub(super) row: RowRef<'a>,
}

/// A row of one of the lists.
#[derive(Clone, Copy)]
pub(super) enum RowRef<'a> {
    CronJob(&'a CronJob),
    Job(&'a Job),
    Pod(&'a Pod),
    Container(&'a Pod, &'a Container),
    Event(&'a Event),
}

impl<'a> Fields<'a> {
    fn meta(&self) -> &'a Meta {
        match self.row {
            RowRef::CronJob(row) => &row.meta,
            RowRef::Job(row) => &row.meta,
            RowRef::Pod(row) | RowRef::Container(row, _) => &row.meta,
            RowRef::Event(row) => &row.meta,
        }
    }

    /// The row's UID.
    pub(super) fn uid(&self) -> Uid {
        match self.row {
            RowRef::Container(pod, container) => container_uid(pod, container),
            _ => self.meta().uid,
        }
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
        match self.row {
            RowRef::CronJob(row) => self.cronjob_text(row, column),
            RowRef::Job(row) => self.job_text(row, column),
            RowRef::Pod(row) => self.pod_text(row, column),
            RowRef::Container(pod, row) => self.container_text(pod, row, column),
            RowRef::Event(row) => self.event_text(row, column),
        }
    }

    /// What kinds have in common.
    fn common_text(&self, column: Column) -> Cow<'a, str> {
        match column {
            Column::Name => self.meta().name.as_str().into(),
            Column::Namespace => self.meta().namespace.as_str().into(),
            Column::Age | Column::Time | Column::Next | Column::Success => {
                self.number(column).map(short_duration).unwrap_or_default().into()
            }
            _ => self.number(column).map(|number| number.to_string()).unwrap_or_default().into(),
        }
    }

    /// The word of the row's state; while a write of it is under way, that.
    fn state_word(&self, state: impl Fn(&Snapshot) -> State) -> Cow<'a, str> {
        self.app.under_way(self.uid()).map_or_else(|| state(&self.app.snapshot).word, Cow::Borrowed)
    }

    fn cronjob_text(&self, row: &'a CronJob, column: Column) -> Cow<'a, str> {
        match column {
            Column::Status => self.state_word(|snapshot| cronjob_state(snapshot, row)),
            Column::Why => match self.app.verdict(row.meta.uid) {
                Some(verdict) => verdict.into(),
                None => cronjob_why(&self.app.snapshot, row, self.app.now).into(),
            },
            Column::RunsAt => row.plan.as_ref().map(|plan| plan.describe()).unwrap_or_default().into(),
            Column::Schedule => match &row.time_zone {
                None => row.schedule.as_str().into(),
                Some(zone) => format!("{} {}", row.schedule, zone.rsplit('/').next().unwrap_or(zone)).into(),
            },
            _ => self.common_text(column),
        }
    }

    fn job_text(&self, row: &'a Job, column: Column) -> Cow<'a, str> {
        match column {
            Column::Status => self.state_word(|snapshot| job_state(snapshot, row)),
            Column::Why => match self.app.verdict(row.meta.uid) {
                Some(verdict) => verdict.into(),
                None => job_why(&self.app.snapshot, row, self.app.now).into(),
            },
            Column::Done => format!("{}/{}", row.succeeded, row.wanted()).into(),
            // With a limit for each index there is none for the Job.
            Column::Fails => match (row.backoff_limit_per_index, row.backoff_limit) {
                (None, Some(limit)) => format!("{}/{limit}", row.failed).into(),
                _ => format!("{}/-", row.failed).into(),
            },
            Column::Ends => match (row.stops_in(self.app.now), row.gone_in(self.app.now)) {
                (Some(seconds), _) => format!("stops in {}", short_duration(seconds)).into(),
                (_, Some(seconds)) => format!("gone in {}", short_duration(seconds)).into(),
                _ => "".into(),
            },
            _ => self.common_text(column),
        }
    }

    fn pod_text(&self, row: &'a Pod, column: Column) -> Cow<'a, str> {
        let used = self.app.usage_of(row.meta.uid);
        match column {
            Column::Status => pod_state(row).word,
            Column::Why => match self.app.verdict(row.meta.uid) {
                Some(verdict) => verdict.into(),
                None => pod_why(row).into(),
            },
            Column::Node => row.node.as_str().into(),
            Column::Index => row.index.map(|index| index.to_string()).unwrap_or_default().into(),
            Column::Containers => containers_text(row).into(),
            Column::Cpu => amounts([used, Some(row.requests), Some(row.limits)], Resources::cpu_words).into(),
            Column::Memory => amounts([used, Some(row.requests), Some(row.limits)], Resources::memory_words).into(),
            _ => self.common_text(column),
        }
    }

    fn container_text(&self, pod: &'a Pod, row: &'a Container, column: Column) -> Cow<'a, str> {
        match column {
            Column::Name => row.name.as_str().into(),
            Column::Status => container_state(row).word,
            Column::Why => container_why(row).into(),
            Column::Role if row.role == Role::Main => "main".into(),
            Column::Role => row.role.word().into(),
            Column::Cpu => amounts([self.used(pod, row)], Resources::cpu_words).into(),
            Column::Memory => amounts([self.used(pod, row)], Resources::memory_words).into(),
            _ => self.common_text(column),
        }
    }

    fn event_text(&self, row: &'a Event, column: Column) -> Cow<'a, str> {
        match column {
            Column::About => row.about_name.as_str().into(),
            Column::Reason => row.reason.as_str().into(),
            Column::Why => row.note.as_str().into(),
            Column::Status => if row.is_warning { "Warning" } else { "Normal" }.into(),
            Column::Seen => match self.app.times_seen(row) {
                ..=1 => "".into(),
                times => format!("x{times}").into(),
            },
            _ => self.common_text(column),
        }
    }

    /// What a container uses; None where it is not known.
    fn used(&self, pod: &Pod, container: &Container) -> Option<Resources> {
        let used = self.app.usage.get(&pod.meta.uid)?;
        used.iter().find(|(name, _)| *name == container.name).map(|(_, used)| *used)
    }

    /// The column as a number; None where it is none or not known.
    pub(super) fn number(&self, column: Column) -> Option<i64> {
        let now = self.app.now;
        let since = |time: Option<Time>| time.map(|time| now.seconds_since(time));
        match (column, self.row) {
            (Column::Age, RowRef::Event(row)) => since(row.last),
            (Column::Age, RowRef::Container(..)) => None,
            (Column::Age, _) => since(self.meta().created),
            (Column::Done, RowRef::Job(row)) => Some(row.succeeded.into()),
            (Column::Fails, RowRef::Job(row)) => Some(row.failed.into()),
            (Column::Time, RowRef::Job(row)) => row.duration(now),
            (Column::Time, RowRef::Pod(row)) => row.duration(now),
            (Column::Time, RowRef::Container(_, row)) => row.duration(now),
            (Column::Restarts, RowRef::Pod(row)) => Some(row.restarts().into()),
            (Column::Restarts, RowRef::Container(_, row)) => Some(row.restarts.into()),
            (Column::Next, RowRef::CronJob(row)) => row.next_run(now).map(|next| next.seconds_since(now)),
            (Column::Success, RowRef::CronJob(row)) => since(row.last_success),
            (Column::Active, RowRef::CronJob(row)) => i64::try_from(row.active.len()).ok(),
            (Column::Ends, RowRef::Job(row)) => row.stops_in(now).or_else(|| row.gone_in(now)),
            (Column::Index, RowRef::Pod(row)) => row.index.map(i64::from),
            (Column::Cpu, RowRef::Pod(row)) => self.app.usage_of(row.meta.uid).map(|used| used.cpu_millis),
            (Column::Memory, RowRef::Pod(row)) => self.app.usage_of(row.meta.uid).map(|used| used.memory_bytes),
            (Column::Cpu, RowRef::Container(pod, row)) => self.used(pod, row).map(|used| used.cpu_millis),
            (Column::Memory, RowRef::Container(pod, row)) => self.used(pod, row).map(|used| used.memory_bytes),
            (Column::Exit, RowRef::Container(_, row)) => row.exit_code().map(i64::from),
            (Column::Seen, RowRef::Event(row)) => Some(self.app.times_seen(row).into()),
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

/// The UID that a container's row has: derived, since the API gives containers none.
pub(super) fn container_uid(pod: &Pod, container: &Container) -> Uid {
    Uid::new(&format!("{:?}/{}", pod.meta.uid, container.name))
}

/// What follows a container's sign in the list of pods: the exit code of a run that failed, this one or the one before.
pub fn container_code(container: &Container) -> String {
    container.exit_code().filter(|code| *code != 0).map(|code| code.to_string()).unwrap_or_default()
}

/// The containers of a pod as the list of pods shows them, with a blank for each sign: `init _ main _137`.
fn containers_text(pod: &Pod) -> String {
    let words = pod.containers.iter().map(|one| format!("{} _{}", one.name, container_code(one)));
    words.collect::<Vec<_>>().join(" ")
}

/// Used, asked for and allowed, with a dash for what is not known or not set; empty where nothing is.
fn amounts<const N: usize>(amounts: [Option<Resources>; N], words: fn(Resources) -> String) -> String {
    let words = amounts.map(|amount| amount.map(words).unwrap_or_default());
    if words.iter().all(String::is_empty) {
        return String::new();
    }
    words.map(|word| if word.is_empty() { "-".to_owned() } else { word }).join("/")
}

impl App {
    /// The text of a column in the row of this UID; empty where there is no such row.
    pub fn text(&self, pane: Pane, uid: Uid, column: Column) -> Cow<'_, str> {
        self.row(pane, uid).map(|row| Fields { app: self, row }.text(column)).unwrap_or_default()
    }

    pub(super) fn row(&self, pane: Pane, uid: Uid) -> Option<RowRef<'_>> {
        match pane {
            Pane::CronJobs => self.snapshot.cronjobs.get(uid).map(RowRef::CronJob),
            Pane::Jobs => self.snapshot.jobs.get(uid).map(RowRef::Job),
            Pane::Pods if self.opened_pod.is_some() => {
                self.container(uid).map(|(pod, container)| RowRef::Container(pod, container))
            }
            Pane::Pods => self.snapshot.pods.get(uid).map(RowRef::Pod),
            Pane::Events => self.snapshot.events.get(uid).map(RowRef::Event),
            Pane::Why | Pane::Logs => None,
        }
    }
}

//! The inbox: everything that is wrong, by cause, with what came since the program began; and what went meanwhile.
//!
//! `inquiry` knows what is in trouble, `triage` groups it; here it is remembered what a person has seen of it, and written
//! as a page.

use std::collections::{HashMap, HashSet};

use unicode_width::UnicodeWidthStr;

use crate::command::{InboxAction, Pane};
use crate::model::clock::{Time, short_duration};
use crate::model::columns::cell;
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::triage::{Problem, problems};

use super::inquiry::level;
use super::page::{Goto, Line, Page, Role, Text};
use super::{App, Effect, Overlay};

/// A problem is out of sight for so many seconds after it was snoozed.
const SNOOZE_SECONDS: i64 = 3600;

/// So many of what is healthy again are named.
const HEALED: usize = 5;

/// What is wrong, and what a person has seen of it.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    problems: Vec<Problem>,
    /// When each of their members was met first. What is known of a cause changes as more is told; who suffers does not.
    met: HashMap<Uid, Time>,
    /// Members of which a person wants to hear no more for now.
    quiet: HashMap<Uid, Quiet>,
    /// When everything was known for the first time: what comes after that is new.
    known_since: Option<Time>,
    /// What was in trouble and is not any more, the last one last.
    healed: Vec<ObjectKey>,
    /// CronJobs and Jobs that are broken without a cause that is known.
    unexplained: usize,
    /// When it was grouped last.
    grouped: Option<Time>,
    /// Something changed since.
    pub(super) has_changed: bool,
    /// The person is called for each new cause.
    calls: bool,
}

/// How a cause is kept quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quiet {
    /// For as long as it is there.
    Acknowledged,
    /// Until then.
    Snoozed(Time),
}

impl Inbox {
    /// Nobody wants to hear of any of its members.
    fn is_quiet(&self, problem: &Problem, now: Time) -> bool {
        problem.members.iter().all(|member| match self.quiet.get(&member.uid) {
            Some(Quiet::Snoozed(until)) => now < *until,
            Some(Quiet::Acknowledged) => true,
            None => false,
        })
    }

    /// Who suffers from each cause newest.
    pub(super) fn newest(&self) -> Vec<Subject> {
        self.problems.iter().filter_map(|one| one.members.first().copied()).collect()
    }

    /// It suffers from something.
    pub(super) fn has(&self, uid: Uid) -> bool {
        self.met.contains_key(&uid)
    }

    /// All its members came after everything was known, and nobody has said that they were seen.
    fn is_new(&self, problem: &Problem) -> bool {
        let is_later = |uid| self.met.get(uid).zip(self.known_since).is_some_and(|(met, known)| *met > known);
        problem.members.iter().all(|member| is_later(&member.uid) && !self.quiet.contains_key(&member.uid))
    }
}

impl App {
    /// Groups what is in trouble anew where that changed, at most once a second; calls the person for what is new, where
    /// that was asked for.
    pub(super) fn refresh_inbox(&mut self) -> Vec<Effect> {
        self.inbox.has_changed |= self.take_troubles_changed();
        let is_due = self.inbox.known_since.is_none() || self.inbox.has_changed;
        if !self.is_known() || !is_due || self.inbox.grouped == Some(self.now) {
            return Vec::new();
        }
        let broken = self.cronjob_ranking.broken().chain(self.job_ranking.broken());
        let unexplained = broken.filter(|uid| self.verdict(*uid).is_none()).count();
        let found = self.troubles().map(|trouble| (trouble.subject, trouble.finding.clone()));
        let problems = problems(found.collect::<Vec<_>>(), &self.snapshot);
        let members: HashSet<Uid> = problems.iter().flat_map(|one| &one.members).map(|one| one.uid).collect();
        let over = self.inbox.problems.iter().flat_map(|before| &before.members);
        let over = over.filter(|before| !members.contains(&before.uid));
        // What is gone has not become healthy.
        let healed: Vec<ObjectKey> = over.filter_map(|one| self.snapshot.key_of(*one)).collect();
        let (now, inbox) = (self.now, &mut self.inbox);
        inbox.known_since.get_or_insert(now);
        inbox.healed.retain(|key| !healed.contains(key));
        inbox.healed.extend(healed);
        inbox.healed.drain(..inbox.healed.len().saturating_sub(HEALED));
        inbox.met.retain(|uid, _| members.contains(uid));
        inbox.quiet.retain(|uid, _| members.contains(uid));
        let mut new = Vec::new();
        for problem in &problems {
            let mut is_first = true;
            for member in &problem.members {
                is_first &= !inbox.met.contains_key(&member.uid);
                inbox.met.entry(member.uid).or_insert(now);
            }
            new.extend((is_first && inbox.is_new(problem)).then(|| problem.finding.short.clone()));
        }
        inbox.unexplained = unexplained;
        (inbox.problems, inbox.grouped, inbox.has_changed) = (problems, Some(now), false);
        match new.as_slice() {
            [] => Vec::new(),
            _ if !inbox.calls => Vec::new(),
            [one] => vec![Effect::Notify(format!("new problem: {one}"))],
            [first, rest @ ..] => vec![Effect::Notify(format!("{} new problems: {first}, …", rest.len() + 1))],
        }
    }

    /// What is wrong and of which a person wants to hear: how many causes, and how many of them are new. What is broken
    /// without a cause that is known counts each for itself; before all is listed, so does everything that is broken.
    pub fn problems(&self) -> (usize, usize) {
        let inbox = &self.inbox;
        let (mut all, mut new) = (inbox.unexplained, 0);
        if inbox.known_since.is_none() {
            return (self.faults(), 0);
        }
        let loud = inbox.problems.iter().filter(|one| !inbox.is_quiet(one, self.now));
        for problem in loud {
            all += 1;
            new += usize::from(inbox.is_new(problem));
        }
        (all, new)
    }

    /// Opens the inbox.
    pub(super) fn open_inbox(&mut self) {
        self.inbox.grouped = None;
        self.inbox.has_changed = true;
        let mut page = Page::empty("Problems");
        page.is_inbox = true;
        self.overlay = Some(Overlay::Page(page));
    }

    /// Writes the inbox as it is now, where it is open.
    pub(super) fn write_inbox(&mut self) {
        let Some(Overlay::Page(page)) = &self.overlay else { return };
        if !page.is_inbox {
            return;
        }
        let (title, text) = (self.inbox_title(), self.inbox_text(page.width()));
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            page.title = title;
            page.take(text);
        }
    }

    fn inbox_title(&self) -> String {
        let namespaces: HashSet<_> = self.inbox.problems.iter().flat_map(|one| &one.namespaces).collect();
        let (all, new) = self.problems();
        let since = self.inbox.known_since.map(|since| short_duration(self.now.seconds_since(since)));
        let new = match (new, since) {
            (0, _) | (_, None) => String::new(),
            (new, Some(since)) => format!(", {new} new in the last {since}"),
        };
        let quiet = self.inbox.problems.iter().filter(|one| self.inbox.is_quiet(one, self.now)).count();
        let quiet = match quiet {
            0 => String::new(),
            quiet => format!(", {quiet} quiet"),
        };
        let place = match namespaces.len() {
            0 => String::new(),
            1 => " in 1 namespace".to_owned(),
            many => format!(" in {many} namespaces"),
        };
        format!("Problems  {all}{place}{new}{quiet}")
    }

    fn inbox_text(&self, width: usize) -> Text {
        let mut text = Text::default();
        let widest = |of: &dyn Fn(&Problem) -> String| {
            let all = self.inbox.problems.iter().map(|one| safe_line(&of(one)).width());
            all.max().unwrap_or_default()
        };
        let columns = Columns::of(width, widest(&place_of), widest(&|one| self.newest_of(one)));
        let (quiet, loud): (Vec<_>, Vec<_>) =
            self.inbox.problems.iter().partition(|one| self.inbox.is_quiet(one, self.now));
        if loud.is_empty() && self.inbox.unexplained == 0 {
            let words = if self.is_known() { "nothing is wrong" } else { "not everything is listed yet" };
            text.line(Line::new(words, Role::Dim));
        } else if !loud.is_empty() {
            text.line(
                Line::new(columns.row(["CAUSE", "", "JOBS", "WHERE", "SINCE", "LAST", "NEWEST"]), Role::Dim).cut(),
            );
        }
        for problem in loud {
            let new = if self.inbox.is_new(problem) { "new" } else { "" };
            let line = Line::new(self.row_of(problem, new, &columns), Role::Signed(level(problem.severity)));
            text.link(line.cut(), Goto::Problem(problem.group.clone()));
        }
        if !quiet.is_empty() {
            text.line(Line::plain(""));
        }
        for problem in quiet {
            let how = match problem.members.first().and_then(|one| self.inbox.quiet.get(&one.uid)) {
                Some(Quiet::Snoozed(until)) => short_duration(until.seconds_since(self.now)),
                _ => "seen".to_owned(),
            };
            let line = Line::new(self.row_of(problem, &how, &columns), Role::Dim);
            text.link(line.cut(), Goto::Problem(problem.group.clone()));
        }
        if self.inbox.unexplained > 0 {
            let words = format!("  and {} that are broken without a cause that is known", self.inbox.unexplained);
            text.line(Line::new(words, Role::Dim));
        }
        if !self.inbox.healed.is_empty() {
            let names: Vec<String> =
                self.inbox.healed.iter().map(|key| format!("{key} in {}", key.namespace)).collect();
            text.line(Line::plain(""));
            text.line(Line::new(format!("  healthy again: {}", names.join(", ")), Role::Dim).hanging(17));
        }
        let gone = self.gone_troubles();
        if !gone.is_empty() {
            text.line(Line::plain(""));
            text.line(Line::new("  Gone; what was known of them is kept", Role::Heading));
        }
        for (at, trouble) in gone.iter().rev() {
            let (key, age) = (&trouble.key, short_duration(self.now.seconds_since(*at)));
            let words = format!("{}  {}  {}", key, key.namespace, trouble.finding.short);
            text.link(Line::new(format!("  {age:>5}  {words}"), Role::Dim).cut(), Goto::Gone(trouble.subject.uid));
        }
        text
    }

    fn row_of(&self, problem: &Problem, how: &str, columns: &Columns) -> String {
        let age = |at: Option<Time>| at.map(|at| short_duration(self.now.seconds_since(at).max(0))).unwrap_or_default();
        columns.row([
            &problem.finding.short,
            how,
            &problem.members.len().to_string(),
            &place_of(problem),
            &age(problem.since),
            &age(problem.newest),
            &self.newest_of(problem),
        ])
    }

    /// Who suffers from it newest.
    fn newest_of(&self, problem: &Problem) -> String {
        let newest = problem.members.first().and_then(|one| self.snapshot.key_of(*one));
        newest.map(|key| if key.kind == Kind::Job { key.name.to_string() } else { key.to_string() }).unwrap_or_default()
    }

    /// Takes a key's command in the inbox.
    pub(super) fn sort_out(&mut self, page: Page, action: InboxAction) -> Vec<Effect> {
        let target = page.target().cloned();
        match (action, target) {
            (InboxAction::Open, Some(Goto::Problem(group))) if !self.is_of_pods(&group) => {
                self.open_problem(&group);
                return Vec::new();
            }
            (InboxAction::Open | InboxAction::Why, Some(Goto::Gone(uid))) => {
                self.open_gone(page, uid);
                return Vec::new();
            }
            (InboxAction::Open | InboxAction::Why, Some(Goto::Problem(group))) => {
                if let Some(newest) = self.problem(&group).and_then(|one| one.members.first().copied()) {
                    self.behind.push(page);
                    return self.open_why_of(newest);
                }
            }
            (InboxAction::Acknowledge, Some(Goto::Problem(group))) => {
                self.keep_quiet(&group, Quiet::Acknowledged);
            }
            (InboxAction::Snooze, Some(Goto::Problem(group))) => {
                self.keep_quiet(&group, Quiet::Snoozed(self.now.plus_seconds(SNOOZE_SECONDS)));
            }
            (InboxAction::Call, _) => {
                self.inbox.calls = !self.inbox.calls;
                self.notice = Some(match self.inbox.calls {
                    true => "you will be called for each new problem".to_owned(),
                    false => "you will not be called for new problems any more".to_owned(),
                });
            }
            _ => self.notice = Some("there is no problem under the cursor".to_owned()),
        }
        self.overlay = Some(Overlay::Page(page));
        Vec::new()
    }

    /// Keeps a cause quiet for all that suffer from it now; the same again takes that back.
    fn keep_quiet(&mut self, group: &str, how: Quiet) {
        let inbox = &mut self.inbox;
        let Some(problem) = inbox.problems.iter().find(|one| one.group == group) else { return };
        let is_same = |before: &Quiet| std::mem::discriminant(before) == std::mem::discriminant(&how);
        let is_kept = problem.members.iter().all(|one| inbox.quiet.get(&one.uid).is_some_and(is_same));
        for member in &problem.members {
            match is_kept {
                true => drop(inbox.quiet.remove(&member.uid)),
                false => drop(inbox.quiet.insert(member.uid, how)),
            }
        }
    }

    fn problem(&self, group: &str) -> Option<&Problem> {
        self.inbox.problems.iter().find(|one| one.group == group)
    }

    /// Those who suffer from it are pods of no Job, which no list shows.
    fn is_of_pods(&self, group: &str) -> bool {
        self.problem(group).and_then(|one| one.members.first()).is_some_and(|one| one.kind == Kind::Pod)
    }

    /// Shows the members of a problem alone in their list, the cursor on the newest.
    fn open_problem(&mut self, group: &str) {
        self.behind.clear();
        let Some(problem) = self.problem(group) else { return };
        let Some(newest) = problem.members.first().copied() else { return };
        let members: HashSet<Uid> =
            problem.members.iter().filter(|one| one.kind == newest.kind).map(|one| one.uid).collect();
        let words = problem.finding.short.clone();
        self.jump(newest);
        if members.len() > 1 {
            let pane = if newest.kind == Kind::CronJob { Pane::CronJobs } else { Pane::Jobs };
            if let Some(list) = self.list_mut(pane) {
                list.only = Some((words, members));
            }
            self.mark_dirty();
            self.refresh_rows();
        }
    }

    /// Shows what is kept of an object that is gone.
    fn open_gone(&mut self, page: Page, uid: Uid) {
        let Some((at, trouble)) = self.gone_troubles().iter().find(|(_, one)| one.subject.uid == uid) else {
            self.overlay = Some(Overlay::Page(page));
            return;
        };
        let age = short_duration(self.now.seconds_since(*at));
        let mut text = Text::default();
        text.line(Line::new(format!("  It is gone since {age}; this is what was known of it then."), Role::Dim));
        text.line(Line::plain(""));
        text.kept(&trouble.finding, self.now);
        let mut kept = Page::empty(format!("Why  {}  {}, gone", trouble.key, trouble.key.namespace));
        kept.take(text);
        self.behind.push(page);
        self.overlay = Some(Overlay::Page(kept));
    }
}

/// The namespaces of those who suffer from it.
fn place_of(problem: &Problem) -> String {
    problem.namespaces.join(", ")
}

/// How wide the columns of the inbox are.
struct Columns {
    cause: usize,
    place: usize,
    newest: usize,
}

impl Columns {
    /// Columns for a page of this width: on a narrow one the cause keeps its room, and the newest is not named. What the
    /// places and the newest do not need is the cause's, which is read first.
    fn of(width: usize, widest_place: usize, widest_newest: usize) -> Self {
        // Sign, mark, count and two ages, with the blanks between.
        let left = width.saturating_sub(3 + 5 + 6 + 13);
        let newest = if width < 100 { 0 } else { (left / 4).min(widest_newest + 1) };
        let place = if width < 60 { 0 } else { ((left - newest) / 4).min(widest_place.max("WHERE".len()) + 1) };
        Self { cause: (left - newest - place).saturating_sub(1), place, newest }
    }

    /// Cause, mark, how many, where, since when, when the last time, who then.
    fn row(&self, [cause, how, count, place, since, last, newest]: [&str; 7]) -> String {
        let cell = |words: &str, width: usize| cell(&safe_line(words), width);
        let cause = cell(cause, self.cause);
        let (place, newest) = (cell(place, self.place.saturating_sub(1)), cell(newest, self.newest.saturating_sub(1)));
        format!("  {cause} {how:<4} {count:>4}  {place} {since:>5} {last:>5}  {newest}").trim_end().to_owned()
    }
}

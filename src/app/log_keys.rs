//! The keys of the log pane, and the lines that are typed for it.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::command::{Key, LogAction};
use crate::model::clock::{Time, parse_duration};
use crate::model::key::{Kind, Uid};
use crate::model::log::{LineFilter, Search, pretty};
use crate::model::owner::Subject;
use crate::model::snapshot::Touched;

use super::details::COPIED;
use super::logs::{ExportEnd, ExportOutcome, ExportTo, Goal};
use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay, Prompt};
use crate::command::Pane;

/// Columns that one step sideways goes.
const SIDEWAYS: usize = 8;

/// A line that is typed for the log.
#[derive(Debug, Clone)]
pub struct LogPrompt {
    /// The line.
    pub prompt: Prompt,
    /// What it is for.
    pub ask: LogAsk,
    /// What Esc returns to.
    before: String,
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAsk {
    /// What is looked for.
    Search,
    /// Which lines are shown.
    Filter,
    /// From when on.
    Since,
    /// The file that lines are saved to.
    Save,
    /// The same; it is there already, and Enter replaces it.
    Replace,
}

impl LogAsk {
    /// What stands before the line.
    pub const fn sign(self) -> &'static str {
        match self {
            LogAsk::Search => "/",
            LogAsk::Filter => "&",
            LogAsk::Since => "since",
            LogAsk::Save => "save to",
            LogAsk::Replace => "it is there already; enter replaces it",
        }
    }
}

impl App {
    /// Brings the log up to date: whose it is, what is shown, the rows; and tells what it needs.
    pub(super) fn settle_logs(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let is_new = if self.reads_what_is_gone() {
            self.logs.stay(&self.snapshot, self.now)
        } else {
            let (subject, container) = (self.subject(), self.log_container());
            self.logs.turn_to(subject, container, &self.snapshot, self.now)
        };
        if is_new {
            effects.push(Effect::FollowLogs(self.logs.followed.clone()));
        }
        effects.extend(self.logs.take_older().into_iter().map(Effect::ReadOlder));
        let layout = self.layout();
        let area = layout.as_ref().and_then(|layout| layout.panes.iter().find(|(pane, _)| *pane == Pane::Logs));
        let (width, height) = area.map_or((0, 0), |(_, area)| (area.width, area.height));
        // Before the rows are made: lines that are dropped move all others.
        effects.extend(self.logs.keep());
        if let Some(words) = self.logs.work() {
            self.notice = Some(words.to_owned());
        }
        self.logs.lay_out(width.saturating_sub(2).into(), height.saturating_sub(2).into());
        effects.extend(self.logs.fetch());
        effects.extend(self.logs.next_piece());
        effects
    }

    /// Goes on with what is examined, looked for and given away, between two frames.
    pub(super) fn go_on_with_logs(&mut self) -> Vec<Effect> {
        if let Some(words) = self.logs.work() {
            self.notice = Some(words.to_owned());
        }
        let mut effects = self.logs.fetch();
        effects.extend(self.logs.next_piece());
        effects
    }

    /// The Logs pane has the focus, and what it shows was deleted: one goes on reading it.
    pub(super) fn reads_what_is_gone(&self) -> bool {
        let is_gone = self.logs.subject.is_some_and(|subject| self.snapshot.key_of(subject).is_none());
        self.focus == Pane::Logs && is_gone && self.logs.shelf().is_some_and(|shelf| !shelf.store.is_empty())
    }

    /// Takes note of Jobs that came near their backoff limit, or left it.
    pub(super) fn see_risks(&mut self, touched: &Touched) {
        touched.jobs.iter().for_each(|job| self.logs.see_job(*job, &self.snapshot));
    }

    /// Whether a command of the log applies.
    pub(super) fn log_applies(&self, action: LogAction) -> Result<(), Cow<'static, str>> {
        let needs = |is_met: bool, why: &'static str| if is_met { Ok(()) } else { Err(Cow::Borrowed(why)) };
        let has_lines = !self.logs.rows.is_empty();
        match action {
            LogAction::NextMatch | LogAction::PreviousMatch => {
                needs(!self.logs.search.is_empty(), "nothing is looked for; / begins")
            }
            LogAction::Context => needs(
                !self.logs.filter.is_empty() || self.logs.set_aside.is_some(),
                "no filter hides lines here; & sets one",
            ),
            LogAction::Left | LogAction::Right => {
                needs(!self.logs.wraps, "long lines are wrapped; w cuts them instead")
            }
            LogAction::OlderRun | LogAction::NewerRun => {
                let is_older = action == LogAction::OlderRun;
                self.run_beside(is_older).map(drop).map_err(Cow::Borrowed)
            }
            LogAction::MarkTo => needs(self.logs.has_marks(), "no line is marked to begin with; space marks one"),
            LogAction::Save | LogAction::Pager if self.logs.export.is_some() => {
                Err("lines are being saved already".into())
            }
            LogAction::Save | LogAction::Pager | LogAction::Copy | LogAction::Mark | LogAction::Line => {
                needs(has_lines, "there is no line")
            }
            _ => Ok(()),
        }
    }

    /// Carries out a command of the log.
    pub(super) fn log_action(&mut self, action: LogAction) -> Vec<Effect> {
        let logs = &mut self.logs;
        match action {
            LogAction::Search => {
                let before = logs.search.text().to_owned();
                self.ask_for_log(LogAsk::Search, "", before);
            }
            LogAction::Filter => {
                let before = logs.filter.text().to_owned();
                self.ask_for_log(LogAsk::Filter, &before.clone(), before);
            }
            LogAction::SinceTyped => self.ask_for_log(LogAsk::Since, "", String::new()),
            LogAction::Save => {
                let name = self.name_of(self.logs.subject).replace('/', "-");
                self.ask_for_log(LogAsk::Save, &format!("{name}.log"), String::new());
            }
            LogAction::Pager => logs.export(ExportTo::Pager),
            LogAction::NextMatch => logs.seek(Goal::Match, true),
            LogAction::PreviousMatch => logs.seek(Goal::Match, false),
            LogAction::NextError => logs.seek(Goal::Error, true),
            LogAction::PreviousError => logs.seek(Goal::Error, false),
            LogAction::Context => logs.toggle_context(),
            LogAction::Times => logs.times = logs.times.next(),
            LogAction::Wrap => (logs.wraps, logs.left) = (!logs.wraps, 0),
            LogAction::Raw => logs.is_raw = !logs.is_raw,
            LogAction::Fold => {
                logs.folds = !logs.folds;
                logs.show_anew();
            }
            LogAction::Left => logs.left = logs.left.saturating_sub(SIDEWAYS),
            LogAction::Right => logs.left += SIDEWAYS,
            LogAction::OlderRun => self.go_to_run(true),
            LogAction::NewerRun => self.go_to_run(false),
            LogAction::Mark => logs.toggle_mark(),
            LogAction::MarkTo => logs.mark_to_cursor(),
            LogAction::Since(0) => logs.look_back(None),
            LogAction::Since(seconds) => {
                let since = self.now.plus_seconds(-seconds);
                logs.look_back(Some(since));
            }
            LogAction::Head => logs.read_from_start(),
            LogAction::Copy => return self.copy_lines(),
            LogAction::Line => self.open_line(),
        }
        Vec::new()
    }

    fn ask_for_log(&mut self, ask: LogAsk, text: &str, before: String) {
        self.logs.note_origin();
        self.overlay = Some(Overlay::LogPrompt(LogPrompt { prompt: Prompt::new(text), ask, before }));
    }

    /// Takes a key while something is typed for the log.
    pub(super) fn log_prompt_key(&mut self, mut asked: LogPrompt, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "esc" | "ctrl-c" => {
                asked.prompt = Prompt::new(&asked.before);
                match asked.ask {
                    LogAsk::Search => {
                        self.logs.set_search(Search::new(&asked.before));
                        self.logs.go_to_origin();
                    }
                    _ => self.take_typed(&asked),
                }
            }
            "enter" => return self.end_typing(asked),
            _ => {
                if asked.prompt.key(key) {
                    if asked.ask == LogAsk::Replace {
                        asked.ask = LogAsk::Save;
                    }
                    self.take_typed(&asked);
                }
                self.overlay = Some(Overlay::LogPrompt(asked));
            }
        }
        Vec::new()
    }

    /// Takes what is typed so far, where it shows at once.
    pub(super) fn take_typed(&mut self, asked: &LogPrompt) {
        let text = asked.prompt.text();
        match asked.ask {
            LogAsk::Search => {
                self.logs.set_search(Search::new(text));
                self.logs.look_from_origin();
            }
            LogAsk::Filter => self.logs.set_filter(LineFilter::new(text)),
            LogAsk::Since | LogAsk::Save | LogAsk::Replace => {}
        }
    }

    fn end_typing(&mut self, asked: LogPrompt) -> Vec<Effect> {
        let text = asked.prompt.text().trim().to_owned();
        match asked.ask {
            LogAsk::Search if text.is_empty() => self.logs.set_search(Search::new(&asked.before)),
            LogAsk::Search | LogAsk::Filter => {}
            LogAsk::Since => match since(&text, self.now) {
                Some(time) => self.logs.look_back(Some(time)),
                None if text.is_empty() => self.logs.look_back(None),
                None => {
                    self.notice = Some("not a time: 10m, 2h, 02:15 (UTC), or 2026-11-21T02:15:00Z".to_owned());
                    self.overlay = Some(Overlay::LogPrompt(asked));
                }
            },
            LogAsk::Save | LogAsk::Replace if text.is_empty() => {}
            LogAsk::Save | LogAsk::Replace => {
                let replaces = asked.ask == LogAsk::Replace;
                self.logs.export(ExportTo::File { path: PathBuf::from(text), replaces });
            }
        }
        Vec::new()
    }

    /// A piece of the lines that are given away was taken, or was not.
    pub(super) fn take_exported(&mut self, outcome: ExportOutcome, is_last: bool) {
        match self.logs.exported(outcome, is_last) {
            Some(ExportEnd::AskToReplace(path)) if self.overlay.is_none() => {
                self.ask_for_log(LogAsk::Replace, &path.to_string_lossy(), String::new());
            }
            // Something else is being typed or read by now.
            Some(ExportEnd::AskToReplace(path)) => {
                self.notice = Some(format!("not saved: {} is there already", path.display()));
            }
            Some(ExportEnd::Said(words)) => self.notice = Some(words),
            None => {}
        }
    }

    /// The run of the CronJob before the one that is shown, or behind it.
    fn run_beside(&self, is_older: bool) -> Result<Uid, &'static str> {
        let Some(Subject { kind: Kind::CronJob, uid }) = self.logs.subject else {
            return Err("only a CronJob has runs to walk through");
        };
        let runs = self.snapshot.jobs_of(uid);
        let shown = self.logs.run.or_else(|| self.snapshot.cronjob_run_with_pods(uid).map(|job| job.uid));
        let at = runs.iter().position(|job| Some(job.meta.uid) == shown).unwrap_or(0);
        let beside = if is_older { at.checked_add(1) } else { at.checked_sub(1) };
        let run = beside.and_then(|at| runs.get(at)).map(|job| job.meta.uid);
        run.ok_or(if is_older { "there is no older run any more" } else { "this is the newest run" })
    }

    fn go_to_run(&mut self, is_older: bool) {
        if let Ok(run) = self.run_beside(is_older) {
            let newest = self.logs.subject.and_then(|cronjob| self.snapshot.cronjob_run_with_pods(cronjob.uid));
            // The newest is followed on to those that come.
            self.logs.run = Some(run).filter(|run| newest.is_none_or(|newest| newest.uid != *run));
            self.logs.look_again();
        }
    }

    fn copy_lines(&mut self) -> Vec<Effect> {
        let Some(text) = self.logs.text_to_copy() else {
            self.notice = Some("not copied: some of these lines are on disk; S saves to a file".to_owned());
            return Vec::new();
        };
        let lines = text.lines().count();
        if text.len() > COPIED {
            let size = text.len() / 1000;
            self.notice =
                Some(format!("not copied: {size} kB, and terminals take {} kB; S saves to a file", COPIED / 1000));
            return Vec::new();
        }
        let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        self.notice = Some(format!("{lines} given to the terminal's clipboard; some terminals refuse it silently"));
        vec![Effect::Copy(text)]
    }

    /// Shows the line under the cursor whole.
    fn open_line(&mut self) {
        let Some((source, text)) = self.logs.whole_line() else { return };
        let mut lines = vec![Line::new(source, Role::Dim), Line::plain("")];
        lines.extend(text.iter().enumerate().flat_map(|(at, line)| {
            let gap = (at > 0).then(|| Line::plain(""));
            gap.into_iter().chain(pretty(line).into_iter().map(Line::plain)).collect::<Vec<_>>()
        }));
        self.overlay = Some(Overlay::Page(Page::of("Line", lines)));
    }
}

/// A time as typed: `10m`, `1h30m`, `02:15` of the last 24 hours in UTC, or a whole time stamp.
fn since(text: &str, now: Time) -> Option<Time> {
    if let Some(time) = Time::parse(text) {
        return Some(time);
    }
    if let Ok(clock) = text.parse::<jiff::civil::Time>() {
        let today = now.to_timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        let at = today.to_datetime(clock).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        let time = Time::from_timestamp(at.timestamp());
        return Some(if time > now { time.plus_seconds(-86_400) } else { time });
    }
    Some(now.plus_seconds(-parse_duration(text)?))
}

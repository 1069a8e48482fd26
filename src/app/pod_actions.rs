//! Reaching into pods: a shell, one command, a copy of a file. Which container is meant, what is asked of the outside, and
//! what came of it.

use std::path::PathBuf;

use crate::command::pod::{container, debug, split};
use crate::command::{Pane, PodAction, Refusal};
use crate::model::count::grouped;
use crate::model::delta::{Cause, Failure};
use crate::model::exec::{CommandEnd, CommandOutput, ContainerKey, CopyProgress, DebugContainer, Join};
use crate::model::pod::ContainerState;
use crate::model::state::Level;

use super::details::sentence;
use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay};

/// What is under way inside of pods.
#[derive(Debug, Default)]
pub(super) struct PodWork {
    /// How many commands were run; the number of the last one.
    runs: u64,
    /// What is being copied.
    copy: Option<String>,
    /// A debug container that was accepted and does not run yet.
    debug: Option<DebugContainer>,
}

impl PodWork {
    /// Another session begins: what runs in the cluster of the last one is not seen any more.
    pub(super) fn forget_debug(&mut self) {
        self.debug = None;
    }
}

impl App {
    /// Whether something can be done in a pod here and now.
    pub(super) fn pod_applies(&self, action: PodAction) -> Result<(), Refusal> {
        if action == PodAction::Copy && self.pod_work.copy.is_some() {
            return Ok(());
        }
        self.meant_container().map(drop)
    }

    /// The container that is meant: the one under the cursor, or one of the pod under the cursor.
    pub(super) fn meant_container(&self) -> Result<ContainerKey, Refusal> {
        if self.is_read_only {
            return Err(Refusal("kubatch runs read-only (--readonly)".into()));
        }
        if self.focus != Pane::Pods {
            return Err(Refusal("it works on pods and their containers; 3 goes there".into()));
        }
        let row = self.containers.cursor.and_then(|row| self.container(row));
        let pod = match (&row, self.opened_pod.or(self.pods.cursor)) {
            (Some((pod, _)), _) => Some(*pod),
            (None, uid) => uid.and_then(|uid| self.snapshot.pods.get(uid)),
        };
        let Some(pod) = pod else { return Err(Refusal("there is no pod under the cursor".into())) };
        container(pod, row.map(|(_, container)| container.name.as_str()))
    }

    /// Does something in the container that is meant, and says why where that cannot be.
    pub(super) fn reach(&mut self, action: PodAction, argument: &str) -> Vec<Effect> {
        let reached = match action {
            PodAction::Shell => {
                self.meant_container().map(|to| vec![Effect::Join { session: self.session, to, join: Join::Shell }])
            }
            PodAction::Run => self.run_in_pod(argument),
            PodAction::Copy => self.copy_out(argument),
            PodAction::Debug => self.ask_for_debug(argument),
        };
        reached.unwrap_or_else(|Refusal(why)| {
            self.notice = Some(format!("{}: {why}", action.title()));
            Vec::new()
        })
    }

    fn run_in_pod(&mut self, line: &str) -> Result<Vec<Effect>, Refusal> {
        let to = self.meant_container()?;
        let command = split(line)?;
        if command.is_empty() {
            self.ask_for("run ");
            return Ok(Vec::new());
        }
        self.pod_work.runs += 1;
        let run = self.pod_work.runs;
        let mut page = Page::of(format!("{line} in {to}"), vec![Line::new("it runs", Role::Dim)]);
        page.run = run;
        self.overlay = Some(Overlay::Page(page));
        Ok(vec![Effect::RunCommand { session: self.session, run, to, command }])
    }

    fn copy_out(&mut self, line: &str) -> Result<Vec<Effect>, Refusal> {
        let words = split(line)?;
        let (path, to) = match (words.as_slice(), &self.pod_work.copy) {
            ([], Some(_)) => return Ok(vec![Effect::StopCopy]),
            ([], None) => {
                self.ask_for("copy ");
                return Ok(Vec::new());
            }
            (_, Some(what)) => return Err(Refusal(format!("{what} is being copied; :copy alone stops it"))),
            ([path], None) => (path, None),
            ([path, to], None) => (path, Some(PathBuf::from(to))),
            _ => return Err(Refusal("it takes a path, and a file to copy to; quotes keep blanks".into())),
        };
        let from = self.meant_container()?;
        self.notice = Some(format!("copying {path} from {from}"));
        self.pod_work.copy = Some(path.clone());
        Ok(vec![Effect::CopyOut { session: self.session, from, path: path.clone(), to }])
    }

    /// Plans a container that is put into the pod, and shows it.
    fn ask_for_debug(&mut self, image: &str) -> Result<Vec<Effect>, Refusal> {
        let target = self.meant_container()?;
        let pod = self.object_under_cursor().and_then(|(_, uid)| self.snapshot.pods.get(uid));
        let Some(pod) = pod else { return Err(Refusal("the pod is gone".into())) };
        let plan = debug(pod, target, image, self.scene())?;
        Ok(self.review(plan))
    }

    /// The server took a debug container.
    pub(super) fn debug_was_added(&mut self, debug: DebugContainer) {
        self.notice = Some(format!("{} starts; its shell opens when it runs", debug.key()));
        self.pod_work.debug = Some(debug);
    }

    /// Opens the shell of the debug container as soon as the watch shows that it runs. Who has opened something else
    /// meanwhile is told instead.
    pub(super) fn join_debug_container(&mut self) -> Option<Effect> {
        let debug = self.pod_work.debug.as_ref()?;
        let key = debug.key();
        let Some(pod) = self.snapshot.pods.get(debug.uid) else {
            self.notice = Some(format!("{} is gone, and its debug container with it", key.pod));
            self.pod_work.debug = None;
            return None;
        };
        let state = pod.containers.iter().find(|one| one.name == debug.name).map(|one| &one.state)?;
        let told = match state {
            ContainerState::Running(_) if self.overlay.is_none() => None,
            ContainerState::Running(_) => Some(format!("{key} runs: s opens a shell in it")),
            ContainerState::Waiting { reason, .. } if reason.contains("Image") => {
                Some(format!("{key} does not start ({reason}): is {} its image's name?", debug.image))
            }
            ContainerState::Waiting { .. } => return None,
            ContainerState::Ended(end) => {
                Some(format!("{key} ended with exit code {}: its image has no shell", end.exit_code))
            }
        };
        self.pod_work.debug = None;
        let Some(told) = told else {
            return Some(Effect::Join { session: self.session, to: key, join: Join::Attach });
        };
        self.notice = Some(told);
        None
    }

    /// Lets the rest of a command be typed.
    fn ask_for(&mut self, word: &str) {
        self.open_palette();
        drop(self.paste(word));
    }

    /// A terminal is ours again that was joined to a container.
    pub(super) fn take_joined(&mut self, to: &ContainerKey, ended: Result<i32, Failure>) {
        let told = match ended {
            Ok(0) => format!("left {to}"),
            Ok(code) => format!("left {to}; what ran there ended with exit code {code}{}", killed(code)),
            // The server's words and the next step are longer than a line.
            Err(failure) if failure.cause == Cause::Denied && self.overlay.is_none() => {
                let lines = [(&failure.message, Role::State(Level::Broken)), (&failure.hint, Role::Plain)];
                let lines = lines.map(|(text, role)| Line::new(text, role));
                return self.overlay = Some(Overlay::Page(Page::of(format!("{to} was not reached"), lines.into())));
            }
            Err(failure) => sentence(&failure),
        };
        self.notice = Some(told);
    }

    /// A command ended. A page that was closed meanwhile stays closed.
    pub(super) fn take_command_output(&mut self, run: u64, output: Result<CommandOutput, Failure>) {
        let over = match &mut self.overlay {
            Some(Overlay::Page(page)) => Some(page),
            _ => None,
        };
        let pages = over.into_iter().chain(&mut self.behind);
        if let Some(page) = pages.filter(|page| page.run == run).last() {
            page.show(written(output), None);
        }
    }

    /// A copy goes on, or has ended.
    pub(super) fn take_copied(&mut self, progress: CopyProgress) {
        let told = match progress {
            CopyProgress::Bytes(bytes) => {
                let what = self.pod_work.copy.as_deref().unwrap_or_default();
                format!("copying {what}: {} bytes so far; :copy alone stops it", grouped(bytes))
            }
            CopyProgress::Saved { path, bytes, complaints } => {
                self.pod_work.copy = None;
                let saved = format!("{} bytes saved to {}", grouped(bytes), path.display());
                if complaints.is_empty() { saved } else { format!("{saved}; it was said: {complaints}") }
            }
            CopyProgress::Failed(why) => {
                self.pod_work.copy = None;
                why
            }
        };
        self.notice = Some(told);
    }
}

/// What a command wrote, as the lines of a page.
fn written(output: Result<CommandOutput, Failure>) -> Vec<Line> {
    let output = match output {
        Ok(output) => output,
        Err(failure) => {
            return vec![Line::new(failure.message, Role::State(Level::Broken)), Line::plain(failure.hint)];
        }
    };
    let mut lines = vec![match output.end {
        CommandEnd::Exit(0) => Line::new("exit code 0", Role::Dim),
        CommandEnd::Exit(code) => Line::new(format!("exit code {code}{}", killed(code)), Role::State(Level::Broken)),
        CommandEnd::TooLong(bytes) => {
            let text =
                format!("left: it wrote more than the {} bytes that are kept; s opens a shell", grouped(bytes as u64));
            Line::new(text, Role::State(Level::Warning))
        }
        CommandEnd::TooLate(seconds) => {
            let text = format!("left: it still ran after {seconds} seconds; s opens a shell");
            Line::new(text, Role::State(Level::Warning))
        }
    }];
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    lines.extend(stdout.lines().map(Line::plain));
    if !stderr.is_empty() {
        lines.push(Line::new("Standard error", Role::Heading));
        lines.extend(stderr.lines().map(Line::plain));
    }
    if stdout.is_empty() && stderr.is_empty() {
        lines.push(Line::new("it wrote nothing", Role::Dim));
    }
    lines
}

/// The signal behind an exit code above 128.
fn killed(code: i32) -> String {
    match code {
        137 => " (killed, as when its container ends)".to_owned(),
        129..=192 => format!(" (signal {})", code - 128),
        _ => String::new(),
    }
}

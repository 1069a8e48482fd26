//! The impure shell: the loop, effects as tasks, the terminal.
//!
//! The loop is the only place that changes [`App`]. It waits for a key, a report, a signal or the next second, takes in
//! everything that came, and draws one frame where something changed.
#![expect(clippy::disallowed_methods, reason = "the frame pacing asks the monotonic clock")]

mod clipboard;
mod copy_out;
mod drafts;
mod export;
mod input;
mod log_file;
mod memory;
mod multiplexer;
mod notify;
mod shell;
mod terminal;
#[cfg(feature = "test-panic")]
mod test_panic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::app::{App, Effect, ExportOutcome, LogLimits, Msg, Schemas};
use crate::cluster::connect::{self, Place, Target};
use crate::cluster::{Engine, REPORTS, Report, credential};
use crate::manifest::lint::Lint;
use crate::model::clock::Clock;
use crate::model::exec::{ContainerKey, Join};
use crate::model::key::Session;
use crate::model::safe_text::safe_line;
use crate::state_file::journal;
pub use crate::view::theme::Ground;
use crate::view::{draw, theme::Theme};

use drafts::Drafts;
use export::Exporter;
use input::Keys;
use log_file::LogFile;
use memory::Memory;
pub use notify::Call;
use terminal::Screen;
pub use terminal::install_panic_hook;

/// Reports taken in before the next look at the keys.
const TURN: usize = 8;

/// Messages of the shell's own tasks that wait for the loop at most; a task waits for room.
const TOLD: usize = 32;

/// The shortest time between two frames that only new data asks for: twenty a second are read as steadily as sixty,
/// and cost a third. A key is answered at once.
const FRAME: Duration = Duration::from_millis(50);

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub has_colour: bool,
    /// Characters beyond ASCII.
    pub has_unicode: bool,
    /// What lies behind the text.
    pub ground: Ground,
}

/// What a user chose once for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the terminal can show.
    pub look: Look,
    /// What logs may take.
    pub logs: LogLimits,
    /// Contexts in which a change needs the context's name typed.
    pub protected: Vec<String>,
    /// Rules of the linter that do not speak.
    pub lint_off: Vec<&'static Lint>,
    /// How a person is called.
    pub call: Call,
    /// What a person must be told at the start; empty for nothing.
    pub warning: String,
}

/// Runs the program until it is quit or told to end. Ages are told by `clock`.
///
/// # Errors
/// Where the terminal cannot be used.
pub async fn run(mut target: Target, settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<()> {
    let Settings { look, logs, protected, lint_off, call, warning } = settings;
    let is_demo = matches!(target.place, Place::Demo(_));
    let memory = Memory::load(is_demo);
    target.remembered.clone_from(&memory.state().namespaces);
    let (tell, told) = mpsc::channel(TOLD);
    install_panic_hook(tell.clone());
    let screen = Screen::enter()?;
    let (width, height) = crossterm::terminal::size()?;
    let mut app = App::new(clock.now(), (width, height));
    app.is_read_only = target.is_read_only;
    app.logs.zone = jiff::tz::TimeZone::system();
    app.recent.clone_from(&memory.state().recent);
    app.logs.limits = logs;
    app.protected = protected;
    app.lint_off = lint_off;
    app.notice = Some(warning).filter(|warning| !warning.is_empty());
    let (reports, reported) = mpsc::channel(REPORTS);
    let engine = Engine::start(target.clone(), Session::default(), reports.clone());
    let theme = Theme::new(look.has_colour, look.has_unicode).on(look.ground);
    // The system's folder for temporary files is often in memory, which is what these are to spare.
    let folder = crate::state_file::folder().filter(|_| !is_demo).unwrap_or_else(std::env::temp_dir);
    let (log_file, exporter) = (LogFile::new(folder.clone()), Exporter::new(folder));
    let kept = drafts::folder().filter(|_| !is_demo);
    app.desk.saved = kept.as_deref().map(drafts::load).unwrap_or_default();
    app.desk.templates = drafts::own_templates();
    if let (Some(draft), None) = (app.desk.saved.last(), &app.notice) {
        let title = safe_line(draft.content["title"].as_str().unwrap_or("a text"));
        app.notice = Some(match app.desk.saved.len() {
            1 => format!("a text was kept: {title}; :drafts opens it again"),
            count => format!("{count} texts were kept, the newest: {title}; :drafts lists them"),
        });
    }
    let drafts = Drafts::new(kept);
    let mut shell = Shell {
        app,
        screen,
        theme,
        target,
        clock,
        engine,
        reports,
        memory,
        tell,
        log_file,
        exporter,
        drafts,
        copying: None,
        call,
        has_quit: false,
    };
    let ended = shell.run(reported, told).await;
    let Shell { screen, memory, drafts, .. } = shell;
    drop(screen);
    drafts.finish();
    memory.keep().await;
    ended
}

/// What the loop owns.
struct Shell {
    app: App,
    screen: Screen,
    theme: Theme,
    target: Target,
    clock: Arc<dyn Clock>,
    engine: Engine,
    reports: mpsc::Sender<Report>,
    memory: Memory,
    /// Where the tasks that carry out effects tell what became of them.
    tell: mpsc::Sender<Msg>,
    log_file: LogFile,
    exporter: Exporter,
    drafts: Drafts,
    /// What stops the copy that was begun last.
    copying: Option<AbortHandle>,
    /// How a person is called.
    call: Call,
    has_quit: bool,
}

impl Shell {
    async fn run(
        &mut self,
        mut reported: mpsc::Receiver<Report>,
        mut told: mpsc::Receiver<Msg>,
    ) -> std::io::Result<()> {
        let mut keys = Keys::new();
        let mut ends = Ends::new()?;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        self.frame(&mut keys)?;
        let mut drawn = Instant::now();
        let mut has_news = false;
        while !self.has_quit {
            let frame_due = tokio::time::sleep_until((drawn + FRAME).into());
            tokio::select! {
                biased;
                () = ends.next() => break,
                event = keys.next() => {
                    let Some(event) = event else { break };
                    if let Some(msg) = input::message(event?) {
                        if let Msg::Resized(width, height) = msg {
                            self.screen.resized(width, height)?;
                        }
                        self.update(msg, &mut keys)?;
                        self.memory.see_recent(&self.app.recent);
                    }
                    self.frame(&mut keys)?;
                    (drawn, has_news) = (Instant::now(), false);
                }
                Some(msg) = told.recv() => {
                    self.take_told(msg, &mut keys)?;
                    has_news = true;
                }
                () = frame_due, if has_news => {
                    self.frame(&mut keys)?;
                    (drawn, has_news) = (Instant::now(), false);
                }
                Some(report) = reported.recv() => {
                    self.take(report, &mut keys)?;
                    for _ in 1..TURN {
                        let Ok(report) = reported.try_recv() else { break };
                        self.take(report, &mut keys)?;
                    }
                    has_news |= self.app.take_news();
                }
                _ = second.tick() => {
                    self.update(Msg::Tick(self.clock.now()), &mut keys)?;
                    has_news = true;
                }
                // Last: keys, reports and frames that are due go before it.
                () = std::future::ready(()), if self.app.is_searching() => {
                    self.update(Msg::Continue, &mut keys)?;
                    has_news = true;
                    // What a key asked for is found.
                    if !self.app.is_searching() {
                        self.frame(&mut keys)?;
                        (drawn, has_news) = (Instant::now(), false);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes in a report of the engine, and remembers what outlives the session.
    fn take(&mut self, report: Report, keys: &mut Keys) -> std::io::Result<()> {
        if let (Report::Connected { session, context, .. }, Place::Kubeconfig(choice)) =
            (&report, &mut self.target.place)
            && *session == self.app.session
        {
            // The kubeconfig's current context may change while we run; what is looked at changes on a key alone.
            choice.context = Some(context.to_string());
        }
        if let Report::Changed(delta) = &report
            && delta.session == self.app.session
        {
            self.memory.see(delta, &self.app.context);
        }
        self.update(message(report), keys)
    }

    fn update(&mut self, msg: Msg, keys: &mut Keys) -> std::io::Result<()> {
        #[cfg(feature = "test-panic")]
        test_panic::raise(&msg);
        for effect in self.app.update(msg) {
            self.carry_out(effect, keys)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect, keys: &mut Keys) -> std::io::Result<()> {
        match effect {
            Effect::Quit => self.has_quit = true,
            Effect::FollowLogs(logs) => self.engine.follow_logs(logs),
            Effect::ReadOlder(older) => self.engine.fetch_older(older),
            Effect::WriteLog { root, id, bytes } => {
                let file = self.log_file.clone();
                self.in_background(move || Msg::LogWritten { root, id, stored: file.write(&bytes) });
            }
            Effect::FreeLog(stored) => self.log_file.free(stored),
            Effect::FetchLog { root, id, stored } => {
                let file = self.log_file.clone();
                self.in_background(move || Msg::LogFetched { root, id, bytes: file.read(stored) });
            }
            Effect::ExportLog { to, bytes, is_first, is_last } => {
                let exporter = self.exporter.clone();
                self.in_background(move || Msg::LogExported {
                    outcome: exporter.take(&to, &bytes, is_first, is_last),
                    is_last,
                });
            }
            Effect::MeasureUsage(scope) => self.engine.measure_usage(scope),
            Effect::Fetch(key) => self.engine.fetch(key),
            Effect::Prepare { review, mutations } => self.engine.prepare(review, mutations),
            Effect::Execute { session, writes, stops } => self.engine.execute(session, writes, stops),
            Effect::Journal(line) => self.write_journal(line),
            Effect::SaveDraft { name, content } => self.drafts.keep(name, Some(content)),
            Effect::DropDraft(name) => self.drafts.keep(name, None),
            Effect::EditOutside(text) => {
                let edited = self.step_aside(keys, || drafts::edit_outside(&text))?;
                self.update(Msg::EditedOutside(edited), keys)?;
            }
            Effect::ReadSchemas => self.engine.read_schemas(drafts::cache().filter(|_| !self.is_demo())),
            Effect::ReadNames(namespace) => self.engine.read_names(namespace),
            Effect::ReadManifests(path) => self.in_background(move || drafts::read(&path)),
            Effect::Join { session, to, join } => self.join(session, to, join, keys)?,
            Effect::RunCommand { session, run, to, command } => self.engine.run_command(session, run, to, command),
            Effect::CopyOut { session, from, path, to } => {
                let (parts, reading) = self.engine.copy_out(session, from, path.clone());
                self.copying = Some(reading);
                let tell = self.tell.clone();
                self.in_background(move || Msg::Copied(copy_out::save(parts, &path, to.as_deref(), &tell)));
            }
            Effect::StopCopy => {
                if let Some(reading) = self.copying.take() {
                    reading.abort();
                }
            }
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Ask(needs) => self.engine.ask(needs),
            Effect::Notify(words) => self.screen.call(&words, self.call)?,
            Effect::Connect { session, context, namespaces } => {
                // Logs of another session are not looked at again.
                self.log_file.clear();
                if let (Some(context), Place::Kubeconfig(choice)) = (context, &mut self.target.place) {
                    choice.context = Some(context);
                    self.target.namespaces = None;
                }
                if namespaces.is_some() {
                    self.target.namespaces = namespaces;
                }
                self.target.remembered.clone_from(&self.memory.state().namespaces);
                self.engine = Engine::start(self.target.clone(), session, self.reports.clone());
            }
            Effect::LogIn => self.log_in(keys)?,
            Effect::Suspend => {
                self.step_aside(keys, || {
                    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
                })??;
            }
        }
        Ok(())
    }

    fn is_demo(&self) -> bool {
        matches!(self.target.place, Place::Demo(_))
    }

    /// Writes a line to the journal; of the embedded cluster there is none.
    fn write_journal(&self, line: String) {
        let Some(folder) = crate::state_file::folder().filter(|_| !self.is_demo()) else { return };
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(why) = journal::append(&folder, &line) {
                let _ = tell.blocking_send(Msg::JournalLost(why.to_string()));
            }
        });
    }

    /// Does what waits for a disk in a task, which tells the loop what became of it.
    fn in_background(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more where the program ends.
            let _ = tell.blocking_send(work());
        });
    }

    /// Takes in what a task of the shell's own told. A text that is whole goes to the pager.
    fn take_told(&mut self, msg: Msg, keys: &mut Keys) -> std::io::Result<()> {
        let is_whole = matches!(&msg, Msg::LogExported { outcome: ExportOutcome::Taken(None), is_last: true });
        self.update(msg, keys)?;
        if let Some(text) = is_whole.then(|| self.exporter.for_pager()).flatten()
            && let Err(why) = self.step_aside(keys, || export::page(&text))?
        {
            self.app.notice = Some(why);
        }
        Ok(())
    }

    /// Logs in with the terminal where the user's login helper may ask on it, or else by reading the kubeconfig anew.
    fn log_in(&mut self, keys: &mut Keys) -> std::io::Result<()> {
        let target = self.target.clone();
        let helper = tokio::task::block_in_place(|| Handle::current().block_on(connect::helper(&target)));
        let credential = match helper {
            Ok(Some(exec)) => {
                let said = format!("kubatch: logging in with {}; ctrl-c goes back", credential::name(&exec));
                self.step_aside(keys, || terminal::say(&said).map(|()| credential::ask(&exec).map(Some)))??
            }
            Ok(None) => Ok(None),
            Err(failure) => Err(failure),
        };
        match credential {
            Ok(credential) => self.engine.log_in(credential),
            Err(failure) => self.update(Msg::LoginFailed(failure), keys)?,
        }
        Ok(())
    }

    /// Gives the terminal to a container until what runs there ends or is left.
    fn join(&mut self, session: Session, to: ContainerKey, join: Join, keys: &mut Keys) -> std::io::Result<()> {
        let reaching = self.engine.join(session, to.clone(), join);
        let ended = self.step_aside(keys, || {
            let talk = shell::hand_over(reaching, &to, join);
            tokio::task::block_in_place(|| Handle::current().block_on(talk))
        })?;
        self.update(Msg::Joined { to, ended }, keys)
    }

    /// Gives the terminal to others for as long as `act` takes.
    fn step_aside<T>(&mut self, keys: &mut Keys, act: impl FnOnce() -> T) -> std::io::Result<T> {
        self.screen.leave()?;
        keys.leave();
        let done = act();
        self.screen.enter_again()?;
        keys.read_again();
        let (width, height) = crossterm::terminal::size()?;
        self.app.update(Msg::Resized(width, height));
        Ok(done)
    }

    fn frame(&mut self, keys: &mut Keys) -> std::io::Result<()> {
        for effect in self.app.settle() {
            self.carry_out(effect, keys)?;
        }
        self.screen.take_mouse(self.app.takes_mouse())?;
        let (app, theme) = (&self.app, &self.theme);
        self.screen.draw(|frame| draw(frame, app, theme))
    }
}

/// What a report of the engine means for the app.
pub fn message(report: Report) -> Msg {
    match report {
        Report::Connected { session, context, namespaces } => Msg::Connected { session, context, namespaces },
        Report::Contexts { session, names, chosen } => Msg::Contexts { session, names, chosen },
        Report::NotConnected { session, failure, retry_at } => Msg::NotConnected { session, failure, retry_at },
        Report::Changed(delta) => Msg::Changed(delta),
        Report::Log { session, source, stream, change } => Msg::Log { session, source, stream, change },
        Report::Usage { session, scope, pods } => Msg::Usage { session, scope, pods },
        Report::Prepared { session, review, at, outcome } => Msg::Prepared { session, review, at, outcome },
        Report::Schemas { session, catalogue } => Msg::Schemas { session, schemas: Schemas(catalogue) },
        Report::Names { session, names } => Msg::Names { session, names },
        Report::Answered { session, need, answer } => Msg::Answered { session, need, answer },
        Report::Done { session, mutation, outcome } => Msg::EffectDone { session, mutation, outcome },
        Report::CommandEnded { session, run, output } => Msg::CommandEnded { session, run, output },
        Report::Fetched { session, key, object } => Msg::Fetched { session, key, object },
    }
}

/// Signals that end the program as `quit` does: the terminal is restored.
struct Ends {
    terminate: Signal,
    hang_up: Signal,
    /// Held so that ctrl-c in a login helper ends the helper and not us; on our own screen it is a key.
    _interrupt: Signal,
}

impl Ends {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

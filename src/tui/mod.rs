//! The impure shell: the loop, effects as tasks, the terminal.
//!
//! The loop is the only place that changes [`App`]. It waits for a key, a report, a signal or the next second, takes in
//! everything that came, and draws one frame where something changed.
#![expect(clippy::disallowed_methods, reason = "the frame pacing asks the monotonic clock")]

mod input;
mod terminal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::EventStream;
use futures::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::app::{App, Effect, Msg};
use crate::cluster::connect::{Place, Target};
use crate::cluster::{Engine, REPORTS, Report};
use crate::model::clock::Clock;
use crate::model::key::Session;
use crate::view::{draw, theme::Theme};

use terminal::Screen;
pub use terminal::install_panic_hook;

/// Reports taken in before the next look at the keys.
const TURN: usize = 64;

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
}

/// Runs the program until it is quit or told to end. Ages are told by `clock`.
///
/// # Errors
/// Where the terminal cannot be used.
pub async fn run(target: Target, look: Look, clock: Arc<dyn Clock>) -> std::io::Result<()> {
    let (panics, panicked) = mpsc::channel(4);
    install_panic_hook(panics);
    let screen = Screen::enter()?;
    let (width, height) = crossterm::terminal::size()?;
    let app = App::new(clock.now(), (width, height));
    let (reports, reported) = mpsc::channel(REPORTS);
    let engine = Engine::start(target.clone(), Session::default(), reports.clone());
    let theme = Theme::new(look.has_colour, look.has_unicode);
    let mut shell = Shell { app, screen, theme, target, clock, engine, reports, has_quit: false };
    shell.run(reported, panicked).await
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
    has_quit: bool,
}

impl Shell {
    async fn run(
        &mut self,
        mut reported: mpsc::Receiver<Report>,
        mut panicked: mpsc::Receiver<String>,
    ) -> std::io::Result<()> {
        let mut keys = EventStream::new();
        let mut ends = Ends::new()?;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        self.frame()?;
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
                    }
                    self.frame()?;
                    (drawn, has_news) = (Instant::now(), false);
                }
                Some(words) = panicked.recv() => {
                    self.update(Msg::TaskPanicked(words), &mut keys)?;
                    has_news = true;
                }
                () = frame_due, if has_news => {
                    self.frame()?;
                    (drawn, has_news) = (Instant::now(), false);
                }
                Some(report) = reported.recv() => {
                    self.update(message(report), &mut keys)?;
                    for _ in 1..TURN {
                        let Ok(report) = reported.try_recv() else { break };
                        self.update(message(report), &mut keys)?;
                    }
                    has_news = true;
                }
                _ = second.tick() => {
                    self.update(Msg::Tick(self.clock.now()), &mut keys)?;
                    has_news = true;
                }
            }
        }
        Ok(())
    }

    fn update(&mut self, msg: Msg, keys: &mut EventStream) -> std::io::Result<()> {
        for effect in self.app.update(msg) {
            self.carry_out(effect, keys)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect, keys: &mut EventStream) -> std::io::Result<()> {
        match effect {
            Effect::Quit => self.has_quit = true,
            Effect::FollowLogs(sources) => self.engine.follow_logs(sources),
            Effect::FetchManifest(key) => self.engine.fetch_manifest(key),
            Effect::Connect { session, context, namespaces } => {
                if let (Some(context), Place::Kubeconfig(choice)) = (context, &mut self.target.place) {
                    choice.context = Some(context);
                    self.target.namespaces = None;
                }
                if namespaces.is_some() {
                    self.target.namespaces = namespaces;
                }
                self.engine = Engine::start(self.target.clone(), session, self.reports.clone());
            }
            Effect::Suspend => {
                self.screen.leave()?;
                // The reader thread of the event stream would take the shell's keys.
                *keys = EventStream::new();
                signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
                self.screen.enter_again()?;
                *keys = EventStream::new();
                let (width, height) = crossterm::terminal::size()?;
                self.app.update(Msg::Resized(width, height));
            }
        }
        Ok(())
    }

    fn frame(&mut self) -> std::io::Result<()> {
        for effect in self.app.settle() {
            if let Effect::FollowLogs(sources) = effect {
                self.engine.follow_logs(sources);
            }
        }
        let (app, theme) = (&self.app, &self.theme);
        self.screen.draw(|frame| draw(frame, app, theme))
    }
}

/// What a report of the engine means for the app.
pub fn message(report: Report) -> Msg {
    match report {
        Report::Connected { session, context, namespaces } => Msg::Connected { session, context, namespaces },
        Report::Contexts { session, names } => Msg::Contexts { session, names },
        Report::NotConnected { session, failure } => Msg::NotConnected { session, failure },
        Report::Changed(delta) => Msg::Changed(delta),
        Report::Log { session, source, change } => Msg::Log { session, source, change },
        Report::Manifest { session, text } => Msg::Manifest { session, text },
    }
}

/// Signals that end the program as `quit` does: the terminal is restored.
struct Ends {
    terminate: Signal,
    hang_up: Signal,
}

impl Ends {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, hang_up: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

//! The app on the engine on the embedded cluster, without a terminal: press a key, wait for a state, read the screen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compact_str::CompactString;
use kubatch::app::{App, Effect, Msg};
use kubatch::cluster::connect::{Place, Target};
use kubatch::cluster::kubeconfig::KubeconfigChoice;
use kubatch::cluster::scope::Scope;
use kubatch::cluster::{Engine, REPORTS, Report};
use kubatch::command::Key;
use kubatch::demo::Demo;
use kubatch::model::clock::{Clock, SystemClock, Time};
use kubatch::model::key::{Namespaces, Session};
use kubatch::view::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::PATIENCE;
use super::cluster::runtime;

/// The app with its engine.
pub struct Driver {
    pub app: App,
    runtime: &'static Runtime,
    engine: Engine,
    target: Target,
    reports: mpsc::Sender<Report>,
    reported: mpsc::Receiver<Report>,
    clock: Arc<dyn Clock>,
}

/// A clock that always shows the same moment.
struct Stopped(Time);

impl Clock for Stopped {
    fn now(&self) -> Time {
        self.0
    }
}

/// Nothing more is expected when nothing was told for so long, of a time that only goes by where nothing else happens.
/// Longer than a log stream's first look and its second, shorter than the wait between two measurements of usage.
const QUIET: Duration = Duration::from_secs(5);

impl Driver {
    /// Opens the embedded cluster on a large screen.
    pub fn open(demo: &Demo) -> Self {
        Self::start(demo, runtime(), BTreeMap::new(), false, Arc::new(SystemClock))
    }

    /// The same, but nothing may be changed.
    pub fn open_read_only(demo: &Demo) -> Self {
        Self::start(demo, runtime(), BTreeMap::new(), true, Arc::new(SystemClock))
    }

    /// Opens it with namespaces remembered for its context.
    pub fn open_remembering(demo: &Demo, namespaces: &[&str]) -> Self {
        let names = namespaces.iter().map(|name| (*name).into()).collect();
        Self::start(demo, runtime(), [("demo".to_owned(), names)].into(), false, Arc::new(SystemClock))
    }

    /// Opens it where time goes by as fast as nothing else happens, for what waits.
    pub fn open_hurried(demo: &Demo) -> Self {
        Self::start(demo, hurried(), BTreeMap::new(), false, Arc::new(SystemClock))
    }

    /// Opens the story of the embedded cluster at a moment that stays, where time goes by as fast as nothing else
    /// happens: the same screens each time.
    pub fn open_story(moment: Time) -> Self {
        let (runtime, clock) = (hurried(), Arc::new(Stopped(moment)));
        let demo = {
            let _in_runtime = runtime.enter();
            Demo::living(clock.clone(), 1, None)
        };
        Self::start(&demo, runtime, BTreeMap::new(), false, clock)
    }

    /// Opens the cluster of a kubeconfig. Read-only can be the app alone, which plans nothing then, or the engine, which
    /// sends nothing.
    pub fn open_at(kubeconfig: &Path, is_app_read_only: bool, is_engine_read_only: bool) -> Self {
        let choice = KubeconfigChoice { file: Some(kubeconfig.to_owned()), ..KubeconfigChoice::default() };
        let place = Place::Kubeconfig(choice);
        let mut driver = Self::start_at(place, runtime(), BTreeMap::new(), is_engine_read_only, Arc::new(SystemClock));
        driver.app.is_read_only = is_app_read_only;
        driver
    }

    fn start(
        demo: &Demo,
        runtime: &'static Runtime,
        remembered: BTreeMap<String, Vec<CompactString>>,
        is_read_only: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::start_at(Place::Demo(demo.clone()), runtime, remembered, is_read_only, clock)
    }

    fn start_at(
        place: Place,
        runtime: &'static Runtime,
        remembered: BTreeMap<String, Vec<CompactString>>,
        is_read_only: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let _in_runtime = runtime.enter();
        let namespaces = Some(Namespaces::All);
        let target = Target { place, namespaces, scope: Scope::Everything, remembered, is_read_only };
        let (reports, reported) = mpsc::channel(REPORTS);
        let engine = Engine::start(target.clone(), Session::default(), reports.clone());
        let mut app = App::new(clock.now(), (160, 48));
        app.is_read_only = is_read_only;
        Self { app, runtime, engine, target, reports, reported, clock }
    }

    /// Presses a key by its name.
    pub fn press(&mut self, key: &str) {
        self.update(Msg::Key(Key::from(key)));
    }

    /// Types a text.
    pub fn type_in(&mut self, text: &str) {
        text.chars().for_each(|letter| self.press(&letter.to_string()));
    }

    /// Makes the screen so large, in columns and rows.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        self.update(Msg::Resized(columns, rows));
    }

    /// Waits until everything that was asked for is answered and nothing more comes. Needs a driver whose time goes by
    /// as fast as nothing else happens.
    pub fn rest(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let effects = self.app.settle();
            self.carry_out(effects);
            match self.runtime.block_on(async { tokio::time::timeout(QUIET, self.reported.recv()).await }) {
                Ok(report) => self.update(kubatch::tui::message(report.expect("the engine runs"))),
                Err(_) => return,
            }
        }
        panic!("it never came to rest; it shows:\n{}", self.screen());
    }

    /// Waits until the screen is as wanted; fails with the screen otherwise.
    pub fn wait(&mut self, what: &str, is_met: impl Fn(&str) -> bool) -> String {
        self.wait_until(what, |_, screen| is_met(screen))
    }

    /// Waits until the app is as wanted, where no screen shows it; fails with the screen otherwise.
    pub fn wait_for(&mut self, what: &str, is_met: impl Fn(&App) -> bool) {
        self.wait_until(what, |app, _| is_met(app));
    }

    fn wait_until(&mut self, what: &str, is_met: impl Fn(&App, &str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_met(&self.app, &screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let report = self.runtime.block_on(async { tokio::time::timeout(left, self.reported.recv()).await });
            match report {
                Ok(report) => self.update(kubatch::tui::message(report.expect("the engine runs"))),
                Err(_) => panic!("the screen never showed {what}; it shows:\n{screen}"),
            }
        }
    }

    /// Waits until a text is on the screen.
    pub fn shows(&mut self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until a text is no longer on the screen.
    pub fn hides(&mut self, text: &str) -> String {
        self.wait(&format!("no {text}"), |screen| !screen.contains(text))
    }

    /// The screen as text.
    pub fn screen(&mut self) -> String {
        self.drawn(&Theme::new(true, true)).to_string()
    }

    /// The screen with its colours.
    pub fn drawn(&mut self, theme: &Theme) -> TestBackend {
        let effects = self.app.settle();
        self.carry_out(effects);
        let mut terminal = Terminal::new(TestBackend::new(self.app.size.0, self.app.size.1)).unwrap();
        terminal.draw(|frame| kubatch::view::draw(frame, &self.app, theme)).unwrap();
        terminal.backend().clone()
    }

    fn update(&mut self, msg: Msg) {
        self.app.update(Msg::Tick(self.clock.now()));
        let effects = self.app.update(msg);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let _in_runtime = self.runtime.enter();
        for effect in effects {
            match effect {
                Effect::FollowLogs(logs) => self.engine.follow_logs(logs),
                Effect::ReadOlder(older) => self.engine.fetch_older(older),
                // What is kept of a log, and what is saved, is the shell's.
                Effect::WriteLog { .. } | Effect::FreeLog(_) | Effect::FetchLog { .. } | Effect::ExportLog { .. } => {}
                Effect::MeasureUsage(scope) => self.engine.measure_usage(scope),
                Effect::Fetch(key) => self.engine.fetch(key),
                Effect::Prepare { review, mutations } => self.engine.prepare(review, mutations),
                Effect::Execute { session, writes, stops } => self.engine.execute(session, writes, stops),
                Effect::ReadSchemas => self.engine.read_schemas(None),
                Effect::ReadNames(namespace) => self.engine.read_names(namespace),
                // What is kept on disk is the shell's, and so is the user's own editor.
                Effect::Journal(_) | Effect::SaveDraft { .. } | Effect::DropDraft(_) => {}
                Effect::EditOutside(_) | Effect::ReadManifests(_) => {}
                Effect::Connect { session, namespaces, .. } => {
                    self.target.namespaces = namespaces;
                    self.engine = Engine::start(self.target.clone(), session, self.reports.clone());
                }
                Effect::Ask(needs) => self.engine.ask(needs),
                Effect::LogIn => self.engine.log_in(None),
                Effect::RunCommand { session, run, to, command } => self.engine.run_command(session, run, to, command),
                // Those need a terminal, or write files.
                Effect::Join { .. } | Effect::CopyOut { .. } | Effect::StopCopy => {}
                Effect::Suspend | Effect::Quit | Effect::Copy(_) | Effect::Notify(_) => {}
            }
        }
    }
}

/// A runtime of its own in which time goes by as fast as nothing else happens.
fn hurried() -> &'static Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    Box::leak(Box::new(runtime))
}

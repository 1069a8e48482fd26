//! Whole screens from real objects at a fixed time, as text; and a few of their styles.

mod editor;
mod logs;
mod overlays;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::theme::Theme;
use crate::app::{App, Msg};
use crate::command::Key;
use crate::model::delta::{Cause, Change, Row};
use crate::model::fixtures::{busy, delta, event, failed, failure, job, lists, now, pod, renamed};
use crate::model::key::{Kind, Namespaces, Session};
use crate::model::log::{LineClass, LogChange, LogSource};
use crate::model::meta::{Object, Owner};
use crate::model::resources::Resources;

const PLAIN: Theme = Theme::new(false, false);
const COLOUR: Theme = Theme::new(true, true);

/// An app that has connected and was told these rows.
fn app(rows: Option<&[Row]>) -> App {
    let mut app = App::new(now(), (120, 40));
    let namespaces = Namespaces::All;
    app.update(Msg::Connected { session: Session::default(), context: "prod-eu".into(), namespaces });
    rows.map(lists).into_iter().flatten().for_each(|delta| drop(app.update(Msg::Changed(delta))));
    app.settle();
    app
}

fn press(app: &mut App, keys: &[&str]) {
    for key in keys {
        app.update(Msg::Key(Key::from(*key)));
        app.settle();
    }
}

fn typed(app: &mut App, text: &str) {
    press(app, &text.split("").filter(|one| !one.is_empty()).collect::<Vec<_>>());
}

/// The busy namespace, the cursor on the Job of many indexes, whose pod writes a log.
fn busy_app() -> App {
    let mut app = app(Some(&busy()));
    press(&mut app, &[":"]);
    typed(&mut app, "job/shards");
    press(&mut app, &["enter"]);
    log(&mut app, &["shard 2 of 5", "ERROR cannot read block 17: permission denied", "retrying"]);
    app
}

/// Lines of the pod that runs for the Job of many indexes.
fn log(app: &mut App, lines: &[&str]) {
    let pod = pod("pod-running");
    let source = LogSource {
        pod: pod.meta.uid,
        namespace: pod.meta.namespace,
        pod_name: pod.meta.name,
        container: "main".into(),
        restarts: 0,
    };
    let lines = lines.iter().map(|text| (now(), LineClass::default(), text.as_bytes())).collect();
    let stream = app.logs.followed.iter().find(|log| log.source == source).map_or(0, |log| log.stream);
    app.update(Msg::Log { session: app.session, source, stream, change: LogChange::Lines(lines) });
    app.settle();
}

fn draw(app: &mut App, (width, height): (u16, u16), theme: &Theme) -> TestBackend {
    app.update(Msg::Resized(width, height));
    app.settle();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| super::draw(frame, app, theme)).unwrap();
    terminal.backend().clone()
}

fn check(name: &str, screen: &TestBackend) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen));
}

/// The style of the first cell of a text on screen: its colour and whether it is bold.
fn style_of(screen: &TestBackend, text: &str) -> (Color, bool) {
    let buffer = screen.buffer();
    let width = usize::from(buffer.area.width);
    for row in buffer.content.chunks(width) {
        let symbols: Vec<&str> = row.iter().map(|cell| cell.symbol()).collect();
        let starts = |at: &usize| symbols[*at..].concat().starts_with(text);
        if let Some(at) = (0..width).find(starts) {
            return (row[at].fg, row[at].modifier.contains(Modifier::BOLD));
        }
    }
    panic!("{text} is not on screen:\n{screen}");
}

#[test]
fn dashboard_at_every_size() {
    for size in [(200, 60), (160, 48), (120, 40), (80, 24), (40, 10), (1, 1), (0, 0)] {
        let screen = draw(&mut busy_app(), size, &COLOUR);
        if size != (0, 0) {
            check(&format!("dashboard-{}x{}", size.0, size.1), &screen);
        }
    }
}

#[test]
fn every_pane_alone_on_a_small_screen() {
    for (key, pane) in [("1", "cronjobs"), ("3", "pods"), ("5", "events"), ("6", "logs")] {
        let mut app = busy_app();
        if pane == "events" {
            press(&mut app, &[":"]);
            typed(&mut app, "job/settle");
            press(&mut app, &["enter"]);
        }
        press(&mut app, &[key]);
        check(&format!("small-{pane}"), &draw(&mut app, (80, 24), &COLOUR));
    }
}

#[test]
fn loading_says_so_in_every_pane() {
    check("state-loading", &draw(&mut app(None), (120, 40), &COLOUR));
}

#[test]
fn empty_cluster_is_calm() {
    check("state-empty", &draw(&mut app(Some(&[])), (120, 40), &COLOUR));
}

/// Every kind fails for this reason.
fn fail(app: &mut App, cause: Cause) {
    for kind in Kind::ALL {
        app.update(Msg::Changed(delta(kind, vec![failed(cause)])));
    }
    app.settle();
}

/// Every state of the panes on a small, the smallest and a large screen.
#[test]
fn every_state_at_every_size() {
    let told = |rows: Option<&[Row]>, cause: Option<Cause>| {
        let mut app = app(rows);
        if let Some(cause) = cause {
            fail(&mut app, cause);
            app.update(Msg::Tick(now().plus_seconds(7)));
        }
        app
    };
    let busy = busy();
    let states = [
        ("loading", None, None),
        ("empty", Some(&[][..]), None),
        ("stale", Some(&busy[..]), Some(Cause::Unreachable)),
        ("denied", None, Some(Cause::Denied)),
    ];
    for (name, rows, cause) in states {
        for (width, height) in [(80, 24), (40, 10), (200, 60)] {
            let screen = draw(&mut told(rows, cause), (width, height), &COLOUR);
            check(&format!("state-{name}-{width}x{height}"), &screen);
        }
    }
}

#[test]
fn row_that_is_gone_keeps_its_place_until_the_list_may_move() {
    let mut app = app(Some(&busy()));
    press(&mut app, &["j"]);
    app.update(Msg::Changed(delta(Kind::Job, vec![Change::Remove(job("job-failed").uid())])));
    let screen = draw(&mut app, (80, 24), &COLOUR).to_string();
    assert!(screen.contains("(gone)") && screen.contains("1 change held, . takes it"), "{screen}");
    press(&mut app, &["."]);
    let screen = draw(&mut app, (80, 24), &COLOUR).to_string();
    assert!(!screen.contains("(gone)") && !screen.contains("held"), "{screen}");
}

#[test]
fn broken_watches_keep_the_rows_and_tell_their_age() {
    let mut app = busy_app();
    fail(&mut app, Cause::Unreachable);
    app.update(Msg::Tick(now().plus_seconds(7)));
    let screen = draw(&mut app, (120, 40), &COLOUR);
    assert_eq!(style_of(&screen, "stale for"), (Color::Red, true));
    check("state-stale", &screen);
}

#[test]
fn first_list_that_fails_says_why() {
    let mut app = app(None);
    fail(&mut app, Cause::Unreachable);
    check("state-failed", &draw(&mut app, (120, 40), &COLOUR));
}

#[test]
fn denied_kinds_say_why() {
    let mut app = app(None);
    fail(&mut app, Cause::Denied);
    check("state-denied", &draw(&mut app, (120, 40), &COLOUR));
}

#[test]
fn pods_alone_may_be_denied() {
    let mut app = app(None);
    for delta in lists(&[Row::Job(job("job-indexed"))]) {
        let denied = if delta.source.kind == Kind::Pod { vec![failed(Cause::Denied)] } else { delta.changes.clone() };
        app.update(Msg::Changed(crate::model::delta::Delta { changes: denied, ..delta }));
    }
    app.settle();
    check("state-pods-denied", &draw(&mut app, (120, 40), &COLOUR));
}

#[test]
fn no_way_to_a_server_says_why() {
    let mut app = App::new(now(), (80, 24));
    app.update(Msg::NotConnected { session: Session::default(), failure: failure(Cause::Config), retry_at: now() });
    check("state-not-connected", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn filters_that_hide_everything_say_so() {
    let mut app = busy_app();
    press(&mut app, &[":"]);
    typed(&mut app, "job/huge");
    press(&mut app, &["enter"]);
    for pane in ["3", "5", "1", "2"] {
        press(&mut app, &[pane, "/"]);
        typed(&mut app, "zzz");
        press(&mut app, &["enter"]);
        if pane == "5" {
            check("state-hidden-below", &draw(&mut app, (120, 40), &COLOUR));
        }
    }
    check("state-hidden-lists", &draw(&mut app, (120, 40), &COLOUR));
}

/// Every mark of a pane is there at once; where it is narrow the most important one is.
#[test]
fn marks_of_a_pane_do_not_hide_each_other() {
    let mut app = busy_app();
    press(&mut app, &["F", "o", "/"]);
    typed(&mut app, "a");
    press(&mut app, &["enter", "j"]);
    let mut other = job("job-failed");
    other.meta = renamed(&other.meta, "a-new-one");
    app.update(Msg::Changed(delta(Kind::Job, vec![Change::Upsert(Row::Job(other))])));
    fail(&mut app, Cause::Unreachable);
    app.update(Msg::Tick(now().plus_seconds(3)));
    app.settle();
    let wide = draw(&mut app, (200, 60), &COLOUR).to_string();
    for mark in ["stale for 3s", "1 change held, . takes it", "/a", "faults only", "by name"] {
        assert!(wide.contains(mark), "{mark} is not in\n{wide}");
    }
    let narrow = draw(&mut app, (40, 10), &COLOUR).to_string();
    assert!(narrow.contains("[2] Jobs") && narrow.contains("stale for 3s"), "{narrow}");
    check("marks", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn containers_of_a_pod_are_listed() {
    let mut app = app(Some(&busy()));
    for (name, pod) in [("sidecar", "sidecar"), ("badinit", "init"), ("flaky", "restarting")] {
        press(&mut app, &[":"]);
        typed(&mut app, &format!("job/{name}"));
        press(&mut app, &["enter", "enter"]);
        check(&format!("pods-{pod}"), &draw(&mut app, (80, 24), &COLOUR));
        press(&mut app, &["enter"]);
        check(&format!("containers-{pod}"), &draw(&mut app, (120, 40), &COLOUR));
        press(&mut app, &["esc"]);
    }
}

#[test]
fn usage_stands_beside_what_was_asked_for() {
    let mut app = busy_app();
    let pod = pod("pod-running");
    let used = Resources { cpu_millis: 120, memory_bytes: 300 << 20 };
    app.usage.insert(pod.uid(), vec![(pod.containers[0].name.clone(), used)]);
    press(&mut app, &["3", "z"]);
    app.update(Msg::Changed(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(pod))])));
    let screen = draw(&mut app, (120, 40), &COLOUR).to_string();
    assert!(screen.contains("120m/") && screen.contains("300Mi/"), "{screen}");
}

/// A deadline and a TTL are told where nothing else is to say, and in a column of their own on a wide screen.
#[test]
fn what_ends_by_itself_says_when() {
    let mut app = busy_app();
    let mut job = job("job-indexed");
    job.active_deadline_seconds = Some(900);
    app.update(Msg::Changed(delta(Kind::Job, vec![Change::Upsert(Row::Job(job))])));
    for size in [(80, 24), (200, 60)] {
        press(&mut app, &["z"]);
        let screen = draw(&mut app, size, &COLOUR).to_string();
        assert!(screen.contains("stops in 12m") && screen.contains("gone in 23h"), "{screen}");
        press(&mut app, &["z"]);
    }
}

#[test]
fn filter_line_shows_what_is_typed() {
    let mut app = busy_app();
    press(&mut app, &["/"]);
    typed(&mut app, "fla");
    check("filter", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn terminal_without_unicode_and_colours_shows_the_same() {
    let mut app = busy_app();
    let screen = draw(&mut app, (120, 40), &PLAIN);
    check("plain", &screen);
    let cells = &screen.buffer().content;
    assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "no colour anywhere");
    assert!(cells.iter().all(|cell| cell.symbol().is_ascii()), "no Unicode anywhere");
    press(&mut app, &[":"]);
    assert!(draw(&mut app, (120, 40), &PLAIN).buffer().content.iter().all(|cell| cell.symbol().is_ascii()));
    press(&mut app, &["esc", "y"]);
    assert!(draw(&mut app, (120, 40), &PLAIN).buffer().content.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn help_has_every_key() {
    let mut app = busy_app();
    press(&mut app, &["?"]);
    check("help", &draw(&mut app, (120, 40), &COLOUR));
    check("help-small", &draw(&mut app, (40, 10), &COLOUR));
}

/// Nothing from a cluster may move the cursor, retitle the window or reorder what is read.
#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}evil\r\n\u{9b}31m";
    let mut job = job("job-indexed");
    (job.meta.name, job.meta.namespace) = (hostile.into(), hostile.into());
    let mut refused = event("event-quota");
    (refused.about, refused.note, refused.reason, refused.about_name) =
        (job.uid(), hostile.into(), hostile.into(), hostile.into());
    let mut running = pod("pod-running");
    (running.node, running.message) = (hostile.into(), hostile.into());
    running.meta.owner = Some(Owner { kind: Some(Kind::Job), uid: job.uid() });
    let mut app = app(Some(&[Row::Job(job), Row::Pod(running), Row::Event(refused)]));
    app.context = hostile.into();
    log(&mut app, &[hostile, &hostile.replace('\r', "")]);
    let screen = draw(&mut app, (160, 48), &COLOUR);
    check("hostile", &screen);
    app.notice = Some(hostile.into());
    let mut screens = vec![screen, draw(&mut app, (80, 24), &COLOUR)];
    press(&mut app, &["/"]);
    app.update(Msg::Paste(hostile.into()));
    screens.push(draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["esc", ":"]);
    app.update(Msg::Paste("job/".into()));
    screens.push(draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["esc", "y"]);
    overlays::fetched(&mut app, serde_json::json!({ "kind": hostile, "metadata": { "name": hostile } }));
    screens.push(draw(&mut app, (80, 24), &COLOUR));
    for screen in screens {
        let is_harmful = |one: char| one.is_control() || one == '\u{202e}';
        let harmful = screen.buffer().content.iter().find(|cell| cell.symbol().chars().any(is_harmful));
        assert!(harmful.is_none(), "{harmful:?} in\n{screen}");
    }
}

#[test]
fn colours_follow_the_meaning() {
    let mut app = busy_app();
    press(&mut app, &["g"]);
    let screen = draw(&mut app, (160, 48), &COLOUR);
    assert_eq!(style_of(&screen, "✗ import"), (Color::Red, true));
    assert_eq!(style_of(&screen, "Failed"), (Color::Red, true));
    assert_eq!(style_of(&screen, "● sidecar").0, Color::Green);
    assert_eq!(style_of(&screen, "‖ paused").0, Color::Magenta);
    assert_eq!(style_of(&screen, "┌ [2] Jobs"), (Color::Cyan, true));
    assert_eq!(style_of(&screen, "┌ [1] CronJobs"), (Color::Reset, false));
    press(&mut app, &["1"]);
    let screen = draw(&mut app, (160, 48), &COLOUR);
    assert_eq!(style_of(&screen, "┌ [1] CronJobs"), (Color::Cyan, true));
    assert_eq!(style_of(&screen, "┌ [2] Jobs").0, Color::Reset);
}

#[test]
fn calm_cluster_says_so_once_everything_is_known() {
    let rows = [Row::Job(job("job-complete"))];
    let calm = "✓ nothing is wrong";
    assert!(draw(&mut app(Some(&rows)), (80, 24), &COLOUR).to_string().contains(calm));
    assert!(!draw(&mut app(Some(&[])), (80, 24), &COLOUR).to_string().contains(calm), "nothing is there");
    let mut unknown = app(Some(&rows));
    fail(&mut unknown, Cause::Unreachable);
    assert!(!draw(&mut unknown, (80, 24), &COLOUR).to_string().contains(calm));
    assert!(!draw(&mut busy_app(), (80, 24), &COLOUR).to_string().contains(calm));
}

/// Titles and marks lie on a border that steps back; they do not.
#[test]
fn titles_and_marks_on_a_dim_border_are_not_dim() {
    let mut app = busy_app();
    fail(&mut app, Cause::Unreachable);
    for theme in [COLOUR, PLAIN] {
        let screen = draw(&mut app, (160, 48), &theme);
        let is_dim = |text: &str| {
            let buffer = screen.buffer();
            let row = buffer.content.chunks(usize::from(buffer.area.width)).find_map(|row| {
                let symbols: Vec<&str> = row.iter().map(|cell| cell.symbol()).collect();
                let at = (0..row.len()).find(|at| symbols[*at..].concat().starts_with(text))?;
                Some(row[at].modifier.contains(Modifier::DIM))
            });
            row.unwrap_or_else(|| panic!("{text} is not on screen:\n{screen}"))
        };
        assert!(!is_dim("[1] CronJobs") && !is_dim("stale for"));
        assert!(is_dim("NAME"));
    }
}

#[test]
fn notice_takes_the_footer() {
    let mut app = busy_app();
    app.update(Msg::TaskPanicked("index out of bounds".into()));
    let screen = draw(&mut app, (80, 24), &COLOUR);
    assert_eq!(style_of(&screen, "a background task died: index out of bounds"), (Color::Yellow, false));
}

/// Between a resize and the message of it the terminal is of another size than the app believes.
#[test]
fn frame_of_another_size_does_not_panic() {
    let mut app = busy_app();
    draw(&mut app, (120, 40), &COLOUR);
    for size in [(60, 20), (200, 60), (0, 0)] {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| super::draw(frame, &app, &COLOUR)).unwrap();
    }
}

/// Bytes of other characters could be control sequences to a terminal that reads each byte for itself.
#[test]
fn nothing_from_a_cluster_is_more_than_ascii_on_an_ascii_terminal() {
    let mut app = busy_app();
    log(&mut app, &["\x1b]0;title\x07 Ûber 漢字 naïve … \u{202e}"]);
    let screen = draw(&mut app, (160, 48), &PLAIN);
    assert!(screen.buffer().content.iter().all(|cell| cell.symbol().is_ascii()), "{screen}");
    assert!(screen.to_string().contains("^]0;title^ ?ber"), "{screen}");
}

//! Logs: what is followed for which subject, where lines go, and reading them. Long because each rule is a test.

use super::*;
use crate::model::log::{LogBatch, LogStart};
use crate::model::pod::{ContainerState, End};

fn end(exit_code: i32, reason: &str) -> End {
    let (started, finished) = (Some(now().plus_seconds(-60)), Some(now()));
    End { exit_code, signal: 0, reason: reason.into(), message: "".into(), started, finished }
}

/// Lines of these many seconds after now.
fn lines(texts: &[(i64, &str)]) -> LogChange {
    let lines = texts.iter().map(|(at, text)| (now().plus_seconds(*at), LineClass::default(), text.as_bytes()));
    LogChange::Lines(lines.collect())
}

/// All lines of the subject's shelf; marks in brackets.
fn texts(app: &App) -> Vec<String> {
    let store = &app.logs.shelf().unwrap().store;
    let text = |number| {
        let line = store.line(number).unwrap();
        let text = String::from_utf8_lossy(line.text).into_owned();
        if line.class.is_mark() { format!("[{text}]") } else { text }
    };
    (0..store.len()).map(text).collect()
}

/// The lines on screen.
fn shown(app: &App) -> Vec<String> {
    let texts = texts(app);
    app.logs.rows.iter().map(|row| texts[row.line].clone()).collect()
}

/// The Job of many indexes with its running pod, in the log that fills the screen, with these lines.
fn reading(count: usize) -> (App, LogSource) {
    let mut app = app(&indexed());
    let source = source_of(&pod("pod-running"));
    let all: Vec<(i64, String)> = (0..count as i64).map(|at| (at, format!("line {at}"))).collect();
    tell(&mut app, &source, lines(&all.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>()));
    app.update(Msg::Resized(80, 12));
    press(&mut app, &["l"]);
    (app, source)
}

/// Presses keys and gives it the time to find what it looks for.
fn go(app: &mut App, keys: &[&str]) {
    press(app, keys);
    while app.is_searching() {
        app.update(Msg::Continue);
        app.settle();
    }
}

#[test]
fn logs_of_the_subject_are_followed_and_no_others() {
    let mut app = App::new(now(), (160, 48));
    app.update(Msg::Connected { session: app.session, context: "prod".into(), namespaces: Namespaces::All });
    let mut effects = Vec::new();
    for (kind, row) in [(Kind::Job, Row::Job(job("job-indexed"))), (Kind::Pod, Row::Pod(pod("pod-running")))] {
        effects.extend(change(&mut app, kind, vec![Change::Reset(vec![row]), Change::Synced]));
    }
    let source = source_of(&pod("pod-running"));
    assert_eq!(followed(&effects), [(source.clone(), false)]);
    let again = change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(pod("pod-running")))]);
    assert_eq!(again, [], "the same log is not asked for twice");
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    quiet(&mut app);
    let away = press(&mut app, &["2", "G"]);
    assert_eq!(away[0], Effect::FollowLogs(Vec::new()));
    assert_eq!(followed(&press(&mut app, &["g"])), [(source, false)]);
}

#[test]
fn lines_of_a_pod_that_vanished_stay_and_say_so() {
    let mut app = app(&indexed());
    let source = source_of(&pod("pod-running"));
    tell(&mut app, &source, lines(&[(1, "hello"), (2, "world")]));
    let effects = change(&mut app, Kind::Pod, vec![Change::Remove(source.pod)]);
    assert_eq!(followed(&effects), [], "its stream ends by itself");
    tell(&mut app, &source, lines(&[(3, "last words")]));
    tell(&mut app, &source, LogChange::Failed("the pod is gone".into()));
    assert_eq!(app.settle(), []);
    assert!(app.logs.followed.is_empty());
    tell(&mut app, &source, lines(&[(4, "late")]));
    let texts = texts(&app);
    assert_eq!(texts[texts.len() - 4..], ["hello", "world", "last words", "[pod gone, 3 lines kept]"]);
}

#[test]
fn subject_that_is_come_back_to_has_its_lines_and_goes_on_behind_them() {
    let mut app = app(&indexed());
    let source = source_of(&pod("pod-running"));
    tell(&mut app, &source, lines(&[(1, "hello")]));
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    quiet(&mut app);
    press(&mut app, &["2", "G"]);
    assert!(app.logs.shelf().is_none_or(|shelf| shelf.store.is_empty()));
    let old = 1;
    let effects = press(&mut app, &["g"]);
    let Some(Effect::FollowLogs(logs)) = effects.first() else { panic!("{effects:?}") };
    assert!(matches!(logs[0].start, LogStart::After(up_to) if up_to.time == now().plus_seconds(1)));
    assert!(texts(&app).contains(&"hello".to_owned()));
    app.update(Msg::Log { session: app.session, source: source.clone(), stream: old, change: lines(&[(2, "late")]) });
    assert!(!texts(&app).contains(&"late".to_owned()), "what the ended stream told is read again by the new one");
    tell(&mut app, &source, lines(&[(2, "again")]));
    assert!(texts(&app).contains(&"again".to_owned()));
}

#[test]
fn pod_is_read_on_the_shelf_of_its_job() {
    let mut app = app(&indexed());
    let source = source_of(&pod("pod-running"));
    tell(&mut app, &source, lines(&[(1, "hello")]));
    assert_eq!(press(&mut app, &["enter"]), [], "its stream goes on");
    assert_eq!(app.focus, Pane::Pods);
    assert!(texts(&app).contains(&"hello".to_owned()));
}

#[test]
fn run_before_is_read_too_and_can_be_shown_alone() {
    let mut restarted = pod("pod-running");
    restarted.containers[0].restarts = 2;
    restarted.containers[0].last_end = Some(Box::new(end(137, "OOMKilled")));
    restarted.containers[0].state = ContainerState::Running(Some(now().plus_seconds(4)));
    let mut app = app(&[Row::Job(job("job-indexed")), Row::Pod(restarted)]);
    let run = |restarts| LogSource { restarts, ..source_of(&pod("pod-running")) };
    let both: Vec<_> = app.logs.followed.iter().map(|log| (log.source.restarts, log.is_previous)).collect();
    assert_eq!(both, [(1, true), (2, false)]);
    tell(&mut app, &run(1), lines(&[(-30, "it died")]));
    tell(&mut app, &run(1), LogChange::Ended);
    tell(&mut app, &run(2), lines(&[(5, "once more")]));
    app.settle();
    let all = texts(&app);
    assert_eq!(all[..3], ["[began on node-1]", "it died", "[ended: OOMKilled after 60s, exit code 137]"], "{all:?}");
    assert_eq!(app.logs.shelf().unwrap().labels.to_vec(), ["run 2", "run 3"]);
    go(&mut app, &["p"]);
    assert_eq!(app.focus, Pane::Logs);
    assert!(!shown(&app).contains(&"once more".to_owned()) && shown(&app).contains(&"it died".to_owned()));
    go(&mut app, &["p"]);
    assert!(shown(&app).contains(&"once more".to_owned()));
}

#[test]
fn containers_alone_follow_the_cursor_among_them() {
    let sidecar = pod("pod-sidecar");
    let mut app = app(&[Row::Job(crate::model::fixtures::job_of(&sidecar)), Row::Pod(sidecar.clone())]);
    let all = app.logs.followed.len();
    assert!(all > 1);
    press(&mut app, &["3", "enter"]);
    assert_eq!(app.logs.container.as_deref(), Some("main"), "the one that does the work first");
    press(&mut app, &["g"]);
    for container in &sidecar.containers {
        let followed: Vec<_> = app.logs.followed.iter().map(|log| log.source.container.clone()).collect();
        let has_log = !matches!(container.state, ContainerState::Waiting { .. });
        assert_eq!(followed, if has_log { vec![container.name.clone()] } else { vec![] });
        assert_eq!(app.whose(Pane::Logs), Some(format!("pod/{} {}", sidecar.meta.name, container.name)));
        press(&mut app, &["j"]);
    }
    press(&mut app, &["esc"]);
    assert_eq!(app.logs.followed.len(), all);
}

#[test]
fn scrolling_up_pauses_and_counts_what_comes_and_the_end_follows_again() {
    let (mut app, source) = reading(100);
    assert_eq!(shown(&app).last().unwrap(), "line 99");
    press(&mut app, &["k", "k"]);
    let before = shown(&app);
    tell(&mut app, &source, lines(&[(200, "new"), (201, "newer")]));
    assert_eq!((shown(&app), app.logs.new_below()), (before, 2));
    press(&mut app, &["ctrl-b"]);
    assert!(!shown(&app).contains(&"line 99".to_owned()));
    press(&mut app, &["G"]);
    assert_eq!((shown(&app).last().unwrap().as_str(), app.logs.is_paused()), ("newer", false));
    press(&mut app, &["k"]);
    assert!(app.logs.is_paused());
    press(&mut app, &["j", "j"]);
    assert!(!app.logs.is_paused(), "down from the last line follows");
}

#[test]
fn who_reads_stays_on_the_same_lines_when_older_ones_come() {
    let (mut app, source) = reading(100);
    let effects = press(&mut app, &["g"]);
    let is_asked = effects.iter().any(
        |effect| matches!(effect, Effect::ReadOlder(older) if older.source == source && older.start == LogStart::Tail(5_100)),
    );
    assert!(is_asked, "{effects:?}");
    press(&mut app, &["j"]);
    let before = shown(&app);
    let LogChange::Lines(batch) = lines(&[(-20, "old"), (-10, "less old")]) else { unreachable!() };
    let change = LogChange::Older { batch, is_start: true };
    app.update(Msg::Log { session: app.session, source: source.clone(), stream: 0, change });
    app.settle();
    assert_eq!(shown(&app)[1..], before[1..]);
    assert_eq!(press(&mut app, &["g"]), [], "the log begins here");
    assert!(shown(&app)[..3].contains(&"old".to_owned()), "{:?}", shown(&app));
}

#[test]
fn search_goes_to_the_newest_match_and_n_walks() {
    let (mut app, _) = reading(3_000);
    press(&mut app, &["/"]);
    for key in ["1", "7", "7"] {
        go(&mut app, &[key]);
    }
    go(&mut app, &["enter"]);
    let here = |app: &App| texts(app)[app.logs.cursor().unwrap()].clone();
    assert_eq!(here(&app), "line 2177");
    assert_eq!(app.logs.match_count(), Some((13, true)));
    go(&mut app, &["N"]);
    assert_eq!(here(&app), "line 1779");
    go(&mut app, &["n", "n"]);
    assert_eq!(here(&app), "line 2177");
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("no match below")), "{:?}", app.notice);
    // What is typed is looked for above too where nothing is below.
    go(&mut app, &["/", "1", "2", "3", "4"]);
    assert_eq!(here(&app), "line 1234");
    go(&mut app, &["enter", "esc"]);
    assert!(app.logs.search.is_empty() && app.is_zoomed);
}

#[test]
fn filter_hides_lines_and_context_shows_them_around_the_cursor() {
    let (mut app, source) = reading(3_000);
    press(&mut app, &["&"]);
    for key in ["8", "8"] {
        go(&mut app, &[key]);
    }
    go(&mut app, &["enter"]);
    let wanted: Vec<String> =
        (0..3_000).filter(|at| at.to_string().contains("88")).map(|at| format!("line {at}")).collect();
    assert_eq!(shown(&app), wanted[wanted.len() - shown(&app).len()..]);
    assert_eq!(app.logs.count(), (Some(wanted.len() + 1), 3_001), "those lines and the mark");
    tell(&mut app, &source, lines(&[(3_001, "hidden"), (3_002, "88 shown")]));
    assert_eq!(shown(&app).last().unwrap(), "88 shown");
    go(&mut app, &["k", "="]);
    let around = shown(&app);
    assert!(around.contains(&"line 2987".to_owned()) && around.contains(&"line 2989".to_owned()), "{around:?}");
    go(&mut app, &["="]);
    assert!(!shown(&app).contains(&"line 2987".to_owned()));
    go(&mut app, &["esc"]);
    assert!(app.logs.filter.is_empty());
}

#[test]
fn errors_are_gone_to_and_frames_are_folded() {
    let mut app = app(&indexed());
    let source = source_of(&pod("pod-running"));
    let error = LineClass::of(Some(crate::model::log::LogLevel::Error));
    let mut batch = LogBatch::default();
    for at in 0..200 {
        batch.push(now().plus_seconds(at), LineClass::default(), format!("line {at}").as_bytes());
        if at % 50 == 7 {
            batch.push(now().plus_seconds(at), error, b"it broke");
            batch.push(now().plus_seconds(at), error.continuing(), b"  at a frame");
            batch.push(now().plus_seconds(at), error.continuing(), b"  at another");
        }
    }
    tell(&mut app, &source, LogChange::Lines(batch));
    go(&mut app, &["l", "E"]);
    let at = app.logs.cursor().unwrap();
    assert_eq!((texts(&app)[at].as_str(), texts(&app)[at - 1].as_str()), ("it broke", "line 157"));
    assert_eq!(app.logs.folded(at).map(|(count, _)| count), Some(2));
    assert!(!shown(&app).contains(&"  at a frame".to_owned()));
    go(&mut app, &["f"]);
    assert!(shown(&app).contains(&"  at a frame".to_owned()));
    go(&mut app, &["enter"]);
    let Some(Overlay::Page(page)) = &app.overlay else { panic!("no page") };
    assert!(page.text.contains("it broke") && page.text.contains("at another"), "{}", page.text);
}

#[test]
fn keys_of_time_look_back_and_ask_for_what_was_not_read() {
    let (mut app, source) = reading(100);
    app.update(Msg::Tick(now().plus_seconds(100)));
    app.settle();
    let effects = press(&mut app, &["2"]);
    assert_eq!(shown(&app).first().unwrap(), "line 93", "of the 60 seconds as many as fit");
    assert_eq!(effects, [], "what is asked for was read");
    go(&mut app, &["g"]);
    assert_eq!(shown(&app)[0], "line 40");
    let effects = press(&mut app, &["6"]);
    let since = now().plus_seconds(100 - 3_600);
    let wanted = |effect: &Effect| matches!(effect, Effect::ReadOlder(older) if older.start == LogStart::Since(since));
    assert!(effects.iter().any(wanted), "{effects:?}");
    assert_eq!(followed(&effects), [], "{source:?} goes on");
    press(&mut app, &["0"]);
    assert_eq!(app.logs.since, None);
}

#[test]
fn marked_lines_are_copied_together() {
    let (mut app, _) = reading(10);
    press(&mut app, &["k", "space", "k", "k", "v"]);
    assert_eq!(press(&mut app, &["y"]), [Effect::Copy("line 6\nline 7\nline 8\n".to_owned())]);
    press(&mut app, &["esc"]);
    assert_eq!(press(&mut app, &["y"]), [Effect::Copy("line 6\n".to_owned())]);
}

#[test]
fn lines_are_saved_piece_by_piece_as_they_came() {
    let (mut app, source) = reading(10);
    tell(&mut app, &source, lines(&[(20, "\u{1b}[31mred\u{1b}[m")]));
    let all = LogChange::Older { batch: LogBatch::default(), is_start: true };
    press(&mut app, &["g"]);
    app.update(Msg::Log { session: app.session, source, stream: 0, change: all });
    press(&mut app, &["S"]);
    let effects = press(&mut app, &["enter"]);
    let Some(Effect::ExportLog { to: ExportTo::File { path, replaces: false }, bytes, is_first: true, is_last: true }) =
        effects.iter().find(|effect| matches!(effect, Effect::ExportLog { .. }))
    else {
        panic!("{effects:?}")
    };
    assert!(path.to_string_lossy().ends_with(".log"), "{path:?}");
    let text = String::from_utf8_lossy(bytes);
    assert!(text.starts_with("line 0\nline 1\n") && text.ends_with("\u{1b}[31mred\u{1b}[m\n"), "{text}");
}

#[test]
fn what_does_not_fit_is_written_away_and_fetched_when_it_is_read() {
    let mut app = app(&indexed());
    app.logs.limits.memory = 1 << 20;
    let source = source_of(&pod("pod-running"));
    let wide = "x".repeat(1_000);
    let mut disk: Vec<u8> = Vec::new();
    let mut carry_out = |app: &mut App, effects: Vec<Effect>| {
        for effect in effects {
            match effect {
                Effect::WriteLog { root, id, bytes } => {
                    let stored = crate::model::log::Stored { at: disk.len() as u64, len: bytes.len() };
                    disk.extend(bytes);
                    app.update(Msg::LogWritten { root, id, stored: Ok(stored) });
                }
                Effect::FetchLog { root, id, stored } => {
                    let at = stored.at as usize;
                    let bytes = Ok(disk[at..at + stored.len].to_vec());
                    app.update(Msg::LogFetched { root, id, bytes });
                }
                _ => {}
            }
        }
    };
    let stream = app.logs.followed[0].stream;
    for at in 0..5_000 {
        let change = lines(&[(at, &format!("line {at} {wide}"))]);
        app.update(Msg::Log { session: app.session, source: source.clone(), stream, change });
        let effects = app.settle();
        carry_out(&mut app, effects);
    }
    assert!(app.logs.memory() < 2 << 20, "{}", app.logs.memory());
    let mut effects = press(&mut app, &["l", "g"]);
    for _ in 0..20 {
        carry_out(&mut app, effects);
        effects = app.settle();
    }
    let first = app.logs.rows.iter().find(|row| row.line == 1).unwrap();
    let line = app.logs.shelf().unwrap().store.line(first.line).unwrap();
    assert!(line.text.starts_with(b"line 0 "));
    // No room anywhere: the oldest go, and that is told.
    app.logs.limits.disk = 0;
    let change = lines(&[(5_001, &wide.repeat(2_000))]);
    app.update(Msg::Log { session: app.session, source, stream, change });
    app.settle();
    assert!(app.logs.shelf().unwrap().store.dropped().is_some());
}

#[test]
fn log_that_goes_at_the_next_failure_is_read_before_anyone_asks() {
    let mut restarted = pod("pod-running");
    restarted.restarts_in_place = true;
    let mut job = job("job-indexed");
    job.backoff_limit = Some(3);
    let other = Row::Job(crate::model::fixtures::job("job-failed"));
    let mut app = app(&[other, Row::Job(job), Row::Pod(restarted.clone())]);
    assert!(app.logs.followed.is_empty(), "the cursor is on the Job that failed");
    restarted.containers[0].restarts = 2;
    restarted.containers[0].last_end = Some(Box::new(end(1, "Error")));
    let effects = change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(restarted.clone()))]);
    assert_eq!(followed(&effects).len(), 2, "{effects:?}");
    let source = LogSource { restarts: 2, ..source_of(&restarted) };
    tell(&mut app, &source, lines(&[(1, "last words")]));
    change(&mut app, Kind::Pod, vec![Change::Remove(source.pod)]);
    press(&mut app, &["2", "G"]);
    let all = texts(&app);
    assert!(all.contains(&"last words".to_owned()) && all.last().unwrap().contains("pod gone"), "{all:?}");
}

#[test]
fn log_that_is_read_stays_when_its_job_is_deleted() {
    let (mut app, source) = reading(20);
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    change(&mut app, Kind::Pod, vec![Change::Remove(source.pod)]);
    let effects = change(&mut app, Kind::Job, vec![Change::Remove(job("job-indexed").meta.uid)]);
    assert_eq!(followed(&effects), []);
    tell(&mut app, &source, LogChange::Ended);
    quiet(&mut app);
    assert!(shown(&app).contains(&"line 19".to_owned()) && shown(&app).last().unwrap().contains("pod gone"));
    let whose = app.whose(Pane::Logs).unwrap();
    assert!(whose.starts_with("job/") && whose.ends_with(", gone"), "{whose}");
    press(&mut app, &["esc", "esc"]);
    assert_ne!(app.focus, Pane::Logs);
    assert!(!app.whose(Pane::Logs).unwrap().ends_with(", gone"), "the dashboard shows what is there");
}

#[test]
fn log_is_read_from_its_first_line_before_it_is_saved_or_gone_to() {
    let (mut app, source) = reading(20);
    let older = |app: &mut App, seconds: &[i64], is_start: bool| {
        let texts: Vec<(i64, String)> = seconds.iter().map(|at| (*at, format!("older {at}"))).collect();
        let LogChange::Lines(batch) = lines(&texts.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>())
        else {
            unreachable!()
        };
        let change = LogChange::Older { batch, is_start };
        app.update(Msg::Log { session: app.session, source: source.clone(), stream: 0, change });
        app.settle()
    };
    let is_first = |effect: &Effect| matches!(effect, Effect::ReadOlder(older) if older.start == LogStart::First);
    assert!(press(&mut app, &["1"]).iter().any(is_first));
    older(&mut app, &[-10, -9], false);
    assert!(app.settle().iter().any(is_first), "that was not all");
    older(&mut app, &[-30, -20], true);
    assert!(shown(&app).contains(&"older -30".to_owned()), "{:?}", shown(&app));
    press(&mut app, &["S"]);
    let effects = press(&mut app, &["enter"]);
    let saved = effects.iter().find_map(|effect| match effect {
        Effect::ExportLog { bytes, is_last: true, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    assert!(saved.unwrap().starts_with("older -30\nolder -20\nolder -10\n"));
}

/// A CronJob with one run, and its pod.
fn nightly(name: &str, number: usize) -> (Row, Row, Row) {
    let mut cronjob = crate::model::fixtures::cronjob("cronjob");
    cronjob.meta.uid = Uid::new(name);
    cronjob.meta.name = name.into();
    let mut job = job("job-complete");
    job.meta.uid = Uid::new(&format!("{name}-run"));
    job.meta.name = format!("{name}-{number}").into();
    job.meta.owner = Some(Owner { kind: Some(Kind::CronJob), uid: cronjob.meta.uid });
    let mut pod = pod("pod-running");
    pod.meta.uid = Uid::new(&format!("{name}-pod"));
    pod.meta.name = format!("{name}-{number}-x").into();
    pod.meta.owner = Some(Owner { kind: Some(Kind::Job), uid: job.meta.uid });
    (Row::CronJob(cronjob), Row::Job(job), Row::Pod(pod))
}

#[test]
fn run_that_was_gone_to_is_of_its_cronjob_alone_and_a_run_has_lines_of_its_own() {
    let (one, other) = (nightly("aaa", 1), nightly("bbb", 1));
    let mut app = app(&[one.0, one.1, one.2, other.0, other.1, other.2]);
    press(&mut app, &["1", "g"]);
    let of_cronjob = app.logs.followed[0].clone();
    tell(&mut app, &of_cronjob.source, lines(&[(1, "hello")]));
    app.logs.run = Some(Uid::new("aaa-run"));
    app.logs.look_again();
    app.settle();
    let of_run = app.logs.followed[0].clone();
    assert_eq!(of_run.source, of_cronjob.source);
    assert_ne!(of_run.stream, of_cronjob.stream, "its shelf is another, which knows nothing of it yet");
    press(&mut app, &["j"]);
    assert_eq!(app.logs.run, None);
    assert!(app.logs.followed[0].source.pod_name.starts_with("bbb"), "{:?}", app.logs.followed);
}

#[test]
fn what_is_saved_is_the_log_that_it_was_asked_for() {
    let (mut app, source) = reading(10);
    let all = LogChange::Older { batch: LogBatch::default(), is_start: true };
    press(&mut app, &["S", "enter"]);
    // While the lines before are read still, another log is looked at, through a filter.
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    quiet(&mut app);
    press(&mut app, &["esc", "2", "G", "6", "&", "x", "enter"]);
    assert_ne!(app.logs.subject.unwrap().uid, job("job-indexed").meta.uid);
    app.update(Msg::Log { session: app.session, source, stream: 0, change: all });
    let effects = app.settle();
    let saved = effects.iter().find_map(|effect| match effect {
        Effect::ExportLog { bytes, is_last: true, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    assert_eq!(saved.unwrap().lines().count(), 10);
}

#[test]
fn full_disk_takes_the_oldest_lines_and_no_more() {
    let mut app = app(&indexed());
    (app.logs.limits.memory, app.logs.limits.disk) = (1 << 20, 2 << 20);
    let source = source_of(&pod("pod-running"));
    let stream = app.logs.followed[0].stream;
    let wide = "x".repeat(1_000);
    let (mut end, mut free) = (0, 0);
    for at in 0..8_000 {
        let change = lines(&[(at, &format!("line {at} {wide}"))]);
        app.update(Msg::Log { session: app.session, source: source.clone(), stream, change });
        for effect in app.settle() {
            match effect {
                Effect::WriteLog { root, id, bytes } => {
                    let stored = crate::model::log::Stored { at: end, len: bytes.len() };
                    end += bytes.len() as u64;
                    app.update(Msg::LogWritten { root, id, stored: Ok(stored) });
                }
                Effect::FreeLog(stored) => free += stored.len as u64,
                _ => {}
            }
        }
    }
    assert!(end - free <= 2 << 20 && end - free > 3 << 19, "{} bytes are on disk", end - free);
    assert!(app.logs.memory() < 2 << 20, "{}", app.logs.memory());
    let (dropped, _) = app.logs.shelf().unwrap().store.dropped().unwrap();
    assert!((4_500..6_000).contains(&dropped), "{dropped}");
}

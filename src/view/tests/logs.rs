//! The Logs pane: lines of every sort, rules between tries, what stands in the title.

use super::*;
use crate::model::clock::Time;
use crate::model::log::Classifier;
use crate::model::pod::{ContainerState, End, Pod};

/// A try of the Job of many indexes: a pod of this name, created so many seconds before the present one.
fn try_of(name: &str, seconds: i64) -> Pod {
    let mut pod = pod("pod-running");
    pod.meta = renamed(&pod.meta, name);
    pod.meta.created = Some(now().plus_seconds(-seconds));
    pod.containers.truncate(1);
    pod.containers[0].state = ContainerState::Running(Some(now().plus_seconds(-seconds)));
    pod
}

/// The same after its container ended.
fn ended(mut pod: Pod, code: i32, reason: &str, seconds: i64) -> Pod {
    let ContainerState::Running(started) = pod.containers[0].state else { panic!("it does not run") };
    pod.containers[0].state = ContainerState::Ended(End {
        exit_code: code,
        signal: 0,
        reason: reason.into(),
        message: "".into(),
        started,
        finished: started.map(|started| started.plus_seconds(seconds)),
    });
    pod
}

fn source_of(pod: &Pod) -> LogSource {
    LogSource {
        pod: pod.meta.uid,
        namespace: pod.meta.namespace.clone(),
        pod_name: pod.meta.name.clone(),
        container: pod.containers[0].name.clone(),
        restarts: pod.containers[0].restarts,
    }
}

fn tell(app: &mut App, pod: &Pod, change: LogChange) {
    let source = source_of(pod);
    let stream = app.logs.followed.iter().find(|log| log.source == source).map_or(0, |log| log.stream);
    app.update(Msg::Log { session: app.session, source, stream, change });
    app.settle();
}

/// Lines of a pod, one a second from `ago` seconds before now on.
fn write(app: &mut App, pod: &Pod, ago: i64, lines: &[&[u8]]) {
    let mut classifier = Classifier::default();
    let line = |(at, text): (i64, &&[u8])| (second(at - ago), classifier.class(text), text.to_vec());
    let lines: Vec<(Time, LineClass, Vec<u8>)> = (0..).zip(lines).map(line).collect();
    let batch = lines.iter().map(|(time, class, text)| (*time, *class, text.as_slice())).collect();
    tell(app, pod, LogChange::Lines(batch));
}

fn second(from_now: i64) -> Time {
    Time::from_nanos(now().plus_seconds(from_now).nanos() + 123_000_000)
}

fn change(app: &mut App, change: Change) {
    app.update(Msg::Changed(delta(Kind::Pod, vec![change])));
    app.settle();
}

const FIRST: &[&[u8]] = &[
    b"{\"time\":\"2026-11-21T04:57:00Z\",\"level\":\"info\",\"msg\":\"start\",\"orders\":212400,\"chunk\":10000}",
    b"{\"time\":\"2026-11-21T04:57:01Z\",\"level\":\"warn\",\"msg\":\"batch took 9.1 s\",\"batch\":17}",
    b"{\"time\":\"2026-11-21T04:57:02Z\",\"level\":\"debug\",\"msg\":\"cache\",\"hits\":3}",
    b"{\"time\":\"2026-11-21T04:57:03Z\",\"level\":\"error\",\"msg\":\"cannot write\",\"err\":\"disk is full\",\"rows\":81000}",
];

const SECOND: &[&[u8]] = &[
    b"level=info msg=start orders=212400 node=node-4",
    b"ERROR while loading",
    b"Traceback (most recent call last):",
    b"  File \"/app/etl.py\", line 88, in <module>",
    b"    rows = load(path)",
    b"MemoryError: Unable to allocate 512 MiB",
    b"plain text, no level at all, and long enough that it does not fit into a row of the pane that it is shown in",
    "\u{1b}[32mgreen\u{1b}[0m \u{6f22}\u{5b57} and a \u{1b}]0;title\u{7} that is not set".as_bytes(),
    b"10%\r55%\r100% done",
];

/// Two tries that failed, the first of which is gone, and a third that runs.
fn tries() -> (App, [Pod; 3]) {
    let mut app = app(Some(&[Row::Job(job("job-indexed"))]));
    press(&mut app, &[":"]);
    typed(&mut app, "job/shards");
    press(&mut app, &["enter"]);
    let pods = [("shards-0-aaaaa", 300), ("shards-0-bbbbb", 200), ("shards-0-ccccc", 40)];
    let [first, second, third] = pods.map(|(name, seconds)| try_of(name, seconds));
    for (pod, ago, lines, code, reason, took) in
        [(&first, 299, FIRST, 1, "Error", 60), (&second, 199, SECOND, 137, "OOMKilled", 120)]
    {
        change(&mut app, Change::Upsert(Row::Pod(pod.clone())));
        write(&mut app, pod, ago, lines);
        change(&mut app, Change::Upsert(Row::Pod(ended(pod.clone(), code, reason, took))));
        tell(&mut app, pod, LogChange::Ended);
    }
    change(&mut app, Change::Remove(first.uid()));
    change(&mut app, Change::Upsert(Row::Pod(third.clone())));
    write(&mut app, &third, 39, &[b"level=info msg=start orders=212400", b"level=info msg=\"read 40,112 of 212,400\""]);
    press(&mut app, &["l"]);
    (app, [first, second, third])
}

#[test]
fn tries_of_a_job_stand_in_one_log_with_rules_between_them() {
    for (width, height) in [(120, 40), (80, 24), (200, 60), (40, 10)] {
        let (mut app, _) = tries();
        check(&format!("logs-tries-{width}x{height}"), &draw(&mut app, (width, height), &COLOUR));
        press(&mut app, &["esc"]);
        draw(&mut app, (width, height), &COLOUR);
    }
    let screen = draw(&mut tries().0, (120, 40), &COLOUR);
    assert_eq!(style_of(&screen, "✗ ended: OOMKilled"), (Color::Red, true));
    assert_eq!(style_of(&screen, "ERROR cannot write"), (Color::Red, true));
    assert_eq!(style_of(&screen, "WARN  batch"), (Color::Yellow, false));
    assert_eq!(style_of(&screen, "green").0, Color::Green);
}

#[test]
fn log_without_colours_and_unicode_says_the_same() {
    let (mut app, _) = tries();
    press(&mut app, &["t", "t", "t", "k", "space", "k"]);
    let screen = draw(&mut app, (120, 30), &PLAIN);
    let cells = &screen.buffer().content;
    assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset && cell.symbol().is_ascii()));
    check("logs-plain", &screen);
}

#[test]
fn times_stand_before_lines_in_every_form() {
    let (mut app, _) = tries();
    app.logs.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    for (form, time) in [("ago", "3m18s"), ("local", "05:"), ("utc", "04:")] {
        press(&mut app, &["t"]);
        let screen = draw(&mut app, (100, 24), &COLOUR);
        assert!(screen.to_string().contains(time), "{screen}");
        check(&format!("logs-times-{form}"), &screen);
    }
    app.update(Msg::Tick(now().plus_seconds(86_400)));
    app.settle();
    let screen = draw(&mut app, (100, 24), &COLOUR).to_string();
    assert!(screen.contains("21 Nov UTC"), "lines of another day say so\n{screen}");
}

#[test]
fn wrapped_lines_go_on_under_their_text() {
    let (mut app, _) = tries();
    press(&mut app, &["w"]);
    check("logs-wrapped", &draw(&mut app, (60, 24), &COLOUR));
    press(&mut app, &["w", "right", "right"]);
    check("logs-sideways", &draw(&mut app, (60, 24), &COLOUR));
}

#[test]
fn raw_and_unfolded_lines_stand_as_they_came() {
    let (mut app, _) = tries();
    press(&mut app, &["r", "f"]);
    check("logs-raw", &draw(&mut app, (120, 30), &COLOUR));
}

#[test]
fn matches_are_marked_and_counted() {
    let (mut app, _) = tries();
    press(&mut app, &["/"]);
    typed(&mut app, "orders");
    check("logs-search", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["enter", "N"]);
    for theme in [COLOUR, PLAIN] {
        let screen = draw(&mut app, (80, 24), &theme);
        let marked = screen.buffer().content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED));
        let marked: String = marked.map(|cell| cell.symbol()).collect();
        assert_eq!(marked, "orders".repeat(3));
        let here = screen.buffer().content.iter().filter(|cell| cell.modifier.contains(Modifier::UNDERLINED)).count();
        assert_eq!(here, "orders".len(), "the one that was gone to");
    }
    check("logs-search-gone-to", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["/"]);
    typed(&mut app, "/(/");
    check("logs-search-wrong", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn filter_says_what_it_leaves() {
    let (mut app, _) = tries();
    press(&mut app, &["&"]);
    typed(&mut app, "level:warn");
    check("logs-filter-typed", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["enter"]);
    check("logs-filter", &draw(&mut app, (120, 24), &COLOUR));
    press(&mut app, &["="]);
    let screen = draw(&mut app, (120, 24), &COLOUR).to_string();
    assert!(screen.contains("&level:warn lifted, = filters again"), "{screen}");
    press(&mut app, &["=", "&"]);
    typed(&mut app, " level:zzz");
    let screen = draw(&mut app, (100, 24), &COLOUR).to_string();
    assert!(screen.contains("zzz is no level"), "{screen}");
    press(&mut app, &["esc", "T"]);
    check("logs-since-typed", &draw(&mut app, (80, 24), &COLOUR));
    typed(&mut app, "1m");
    press(&mut app, &["enter"]);
    check("logs-since", &draw(&mut app, (120, 24), &COLOUR));
}

#[test]
fn paused_log_tells_what_came_below() {
    let (mut app, [_, _, third]) = tries();
    press(&mut app, &["k", "k", "space", "k"]);
    write(&mut app, &third, 10, &[&b"one"[..]; 12]);
    let screen = draw(&mut app, (80, 24), &COLOUR);
    assert!(screen.to_string().contains("paused, 12 new below"), "{screen}");
    check("logs-paused", &screen);
}

#[test]
fn failure_of_a_stream_leads_the_title() {
    let (mut app, [_, _, third]) = tries();
    tell(&mut app, &third, LogChange::Failed("connection refused".into()));
    let screen = draw(&mut app, (80, 24), &COLOUR);
    assert_eq!(style_of(&screen, "✗ stream broke: connection refused"), (Color::Red, true));
    check("logs-failed", &screen);
}

#[test]
fn what_is_missing_is_told() {
    let (mut app, [_, _, third]) = tries();
    app.logs.limits.memory = 100_000;
    app.logs.limits.disk = 0;
    let long = "x".repeat(5_000);
    write(&mut app, &third, 30, &[long.as_bytes(); 60]);
    (app.logs.left_out, app.logs.left) = (936, 0);
    tell(&mut app, &third, LogChange::Gap { from: second(-9), to: second(-4) });
    let screen = draw(&mut app, (160, 24), &COLOUR);
    assert!(screen.to_string().contains("older lines dropped before"), "{screen}");
    check("logs-missing", &screen);
}

#[test]
fn log_that_is_about_to_vanish_warns() {
    let mut pod = pod("pod-running");
    pod.restarts_in_place = true;
    pod.containers[0].restarts = 5;
    let mut app = busy_app();
    change(&mut app, Change::Upsert(Row::Pod(pod)));
    let mut job = job("job-indexed");
    job.backoff_limit = Some(6);
    app.update(Msg::Changed(delta(Kind::Job, vec![Change::Upsert(Row::Job(job))])));
    app.settle();
    press(&mut app, &["l"]);
    let screen = draw(&mut app, (80, 24), &COLOUR);
    assert_eq!(style_of(&screen, "! log vanishes at the next failure").0, Color::Yellow);
}

/// Labels, marks, fields and messages come from a cluster as lines do.
#[test]
fn hostile_logs_are_shown_and_not_obeyed() {
    let (mut app, [first, ..]) = tries();
    let hostile = "\u{1b}]0;x\u{7}\u{202e}\u{9b}31m";
    let mut pod = first;
    pod.meta = renamed(&pod.meta, hostile);
    (pod.node, pod.containers[0].name) = (hostile.into(), hostile.into());
    pod.meta.created = Some(now());
    change(&mut app, Change::Upsert(Row::Pod(pod.clone())));
    let json = format!(r#"{{"level":"info","msg":"{}","a":"\u001b]0;x\u0007\u202e \u009b"}}"#, r"\u001b[2J\u202e");
    let logfmt = format!("level=warn msg={hostile} {hostile}=x other=\"{hostile} y\"");
    let trace = format!("MemoryError: {hostile}");
    let lines: [&[u8]; 5] = [
        json.as_bytes(),
        logfmt.as_bytes(),
        b"Traceback (most recent call last):",
        b"  File \"x\", line 1, in y",
        trace.as_bytes(),
    ];
    write(&mut app, &pod, 5, &lines);
    change(&mut app, Change::Upsert(Row::Pod(ended(pod.clone(), 1, hostile, 1))));
    tell(&mut app, &pod, LogChange::Ended);
    tell(&mut app, &pod, LogChange::Failed(hostile.into()));
    let mut screens = Vec::new();
    for keys in [&[][..], &["t"], &["w"], &["w", "r"], &["f"], &["enter"]] {
        press(&mut app, keys);
        screens.extend([(160, 48), (80, 24)].map(|size| draw(&mut app, size, &COLOUR)));
    }
    press(&mut app, &["esc", "&"]);
    app.update(Msg::Paste(hostile.into()));
    screens.push(draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["enter", "/"]);
    app.update(Msg::Paste(hostile.into()));
    screens.push(draw(&mut app, (80, 24), &COLOUR));
    for screen in screens {
        let is_harmful = |one: char| one.is_control() || ('\u{202a}'..='\u{202e}').contains(&one);
        let harmful = screen.buffer().content.iter().find(|cell| cell.symbol().chars().any(is_harmful));
        assert!(harmful.is_none(), "{harmful:?} in\n{screen}");
    }
}

#[test]
fn save_asks_for_a_file() {
    let (mut app, _) = tries();
    press(&mut app, &["S"]);
    check("logs-save", &draw(&mut app, (80, 24), &COLOUR));
}

/// Tall, flat and narrow, wrapped and with everything before a line: nothing overflows.
#[test]
fn logs_fit_any_size() {
    for keys in [&[][..], &["w", "t", "t"], &["g", "right", "t"]] {
        let (mut app, _) = tries();
        press(&mut app, keys);
        for size in [(0, 0), (1, 1), (40, 10), (41, 11), (300, 12)] {
            draw(&mut app, size, &COLOUR);
        }
    }
}

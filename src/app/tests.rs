//! Messages in, state and effects out.

mod commands;
mod drafts;
mod fixes;
mod logs;
mod pods;
mod why;
mod writes;

use serde_json::json;

use super::*;
use crate::command::Key;
use crate::model::delta::{Cause, Change, Row};
use crate::model::fixtures::{
    busy, cronjob, delta, event, failed, failure, job, job_of, lists, now, pod, renamed, run_of, snapshot, time,
};
use crate::model::foreign::ForeignPod;
use crate::model::key::Uid;
use crate::model::log::{LineClass, LogChange, LogSource};
use crate::model::meta::{Object, Owner};
use crate::model::pod::{Pod, PodPhase};
use crate::model::resources::Resources;
use crate::model::state::{Level, job_state};
use crate::model::usage::{PodUsage, UsageScope};

/// An app on which every kind is live and holds these rows.
fn app(rows: &[Row]) -> App {
    let mut app = App::new(now(), (120, 40));
    let namespaces = Namespaces::All;
    app.update(Msg::Connected { session: Session::default(), context: "prod".into(), namespaces });
    lists(rows).into_iter().for_each(|delta| drop(app.update(Msg::Changed(delta))));
    app.settle();
    app
}

/// A Job's rows with the pod that runs for it.
fn indexed() -> Vec<Row> {
    vec![Row::Job(job("job-indexed")), Row::Pod(pod("pod-running")), Row::Job(job("job-complete"))]
}

/// A CronJob with one run and the pod of that run, and a Job of nobody.
fn owned() -> Vec<Row> {
    let cronjob = cronjob("cronjob");
    let run = run_of(&cronjob, job("job-indexed"), "ticker-1", "2026-11-21T04:55:00Z");
    let mut pod = pod("pod-running");
    pod.meta.owner = Some(Owner { kind: Some(Kind::Job), uid: run.meta.uid });
    vec![Row::CronJob(cronjob), Row::Job(run), Row::Pod(pod), Row::Job(job("job-failed"))]
}

/// Presses keys one after the other, with a frame after each; the effects of all.
fn press(app: &mut App, keys: &[&str]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys {
        effects.extend(app.update(Msg::Key(Key::from(*key))));
        effects.extend(app.settle());
    }
    effects
}

/// The page that is open.
fn page(app: &App) -> &Page {
    match &app.overlay {
        Some(Overlay::Page(page)) => page,
        other => panic!("no page but {other:?}"),
    }
}

/// The keys have been still for so long that lists may move.
fn quiet(app: &mut App) {
    app.update(Msg::Tick(app.now.plus_seconds(5)));
    app.settle();
}

fn typed(app: &mut App, text: &str) -> Vec<Effect> {
    let keys: Vec<String> = text.chars().map(|one| if one == ' ' { "space".into() } else { one.into() }).collect();
    press(app, &keys.iter().map(String::as_str).collect::<Vec<_>>())
}

fn change(app: &mut App, kind: Kind, changes: Vec<Change>) -> Vec<Effect> {
    let mut effects = app.update(Msg::Changed(delta(kind, changes)));
    effects.extend(app.settle());
    effects
}

/// The names of the Jobs that are listed.
fn job_names(app: &App) -> Vec<&str> {
    app.jobs.rows.iter().filter_map(|uid| app.snapshot.jobs.get(*uid)).map(|job| job.meta.name.as_str()).collect()
}

fn source_of(pod: &crate::model::pod::Pod) -> LogSource {
    LogSource {
        pod: pod.meta.uid,
        namespace: pod.meta.namespace.clone(),
        pod_name: pod.meta.name.clone(),
        container: "main".into(),
        restarts: 0,
    }
}

/// Whose logs these effects follow, and whether as the run before.
fn followed(effects: &[Effect]) -> Vec<(LogSource, bool)> {
    let mut all = effects.iter().filter_map(|effect| match effect {
        Effect::FollowLogs(logs) => Some(logs.iter().map(|log| (log.source.clone(), log.is_previous)).collect()),
        _ => None,
    });
    all.next().unwrap_or_default()
}

/// What a stream tells that is followed now.
fn tell(app: &mut App, source: &LogSource, change: LogChange) {
    let stream = app.logs.followed.iter().find(|log| log.source == *source).map_or(0, |log| log.stream);
    app.update(Msg::Log { session: app.session, source: source.clone(), stream, change });
    app.settle();
}

fn line(text: &str) -> LogChange {
    LogChange::Lines([(now(), LineClass::default(), text.as_bytes())].into_iter().collect())
}

#[test]
fn lists_begin_with_the_worst_and_the_cursor_is_on_it() {
    let app = app(&busy());
    let levels: Vec<Level> = app
        .jobs
        .rows
        .iter()
        .filter_map(|uid| app.snapshot.jobs.get(*uid))
        .map(|job| app.job_state(job).level)
        .collect();
    assert!(levels.is_sorted() && levels[0] == Level::Broken, "{levels:?}");
    assert_eq!(app.jobs.cursor, Some(app.jobs.rows[0]));
    assert_eq!(app.faults(), levels.iter().filter(|level| **level <= Level::Warning).count());
}

#[test]
fn cursor_follows_the_worst_until_the_first_list_is_whole() {
    let mut app = App::new(now(), (120, 40));
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-failed")))]);
    assert_eq!(app.jobs.cursor, Some(job("job-failed").uid()));
}

#[test]
fn cursor_follows_the_worst_until_what_tells_it_is_known() {
    let quota = job("job-quota");
    let mut lists = lists(&[&indexed()[..], &[Row::Job(quota.clone()), Row::Event(event("event-quota"))]].concat());
    lists.sort_by_key(|delta| delta.source.kind == Kind::Event);
    let mut app = App::new(now(), (120, 40));
    let cursors = lists.into_iter().map(|delta| {
        app.update(Msg::Changed(delta));
        app.settle();
        app.jobs.cursor
    });
    let cursors: Vec<_> = cursors.collect();
    assert_ne!(cursors.iter().rev().nth(1), cursors.last(), "the events tell what is wrong");
    assert_eq!(app.jobs.cursor, Some(quota.uid()));
}

#[test]
fn relist_keeps_cursor_on_same_uid() {
    let mut app = app(&[Row::Job(job("job-suspended")), Row::Job(job("job-complete"))]);
    press(&mut app, &["j"]);
    let chosen = Some(job("job-complete").uid());
    assert_eq!(app.jobs.cursor, chosen);
    quiet(&mut app);
    let rows = ["job-complete", "job-failed", "job-indexed"].map(|name| Row::Job(job(name)));
    change(&mut app, Kind::Job, vec![Change::Reset(rows.into()), Change::Synced]);
    assert_eq!(job_names(&app), ["import", "shards", "report"]);
    assert_eq!(app.jobs.cursor, chosen);
    let again = Row::Job({
        let mut same_name = job("job-complete");
        same_name.meta = renamed(&same_name.meta, "report");
        same_name
    });
    change(&mut app, Kind::Job, vec![Change::Remove(job("job-complete").uid()), Change::Upsert(again)]);
    assert_ne!(app.jobs.cursor, chosen, "the same name is not the same object");
}

#[test]
fn enter_goes_down_along_ownership_and_esc_up_again() {
    let mut app = app(&owned());
    press(&mut app, &["1", "enter"]);
    assert_eq!((app.focus, job_names(&app)), (Pane::Jobs, vec!["ticker-1"]));
    assert_eq!(app.whose(Pane::Jobs).as_deref(), Some("cronjob/ticker"));
    press(&mut app, &["enter"]);
    assert_eq!((app.focus, app.pods.rows.len()), (Pane::Pods, 1));
    press(&mut app, &["enter"]);
    let main = pod("pod-running").containers[0].name.clone();
    assert_eq!((app.focus, app.opened_pod), (Pane::Pods, Some(pod("pod-running").uid())));
    assert_eq!((app.list(Pane::Pods).map(|list| list.rows.len()), app.logs.container.clone()), (Some(1), Some(main)));
    press(&mut app, &["enter"]);
    assert_eq!((app.focus, app.is_zoomed), (Pane::Logs, false));
    press(&mut app, &["enter"]);
    assert!(app.is_zoomed);
    press(&mut app, &["esc"]);
    assert_eq!((app.focus, app.is_zoomed), (Pane::Logs, false));
    press(&mut app, &["esc"]);
    assert_eq!((app.focus, app.opened_pod.is_some()), (Pane::Pods, true));
    press(&mut app, &["esc"]);
    assert_eq!((app.focus, app.opened_pod, app.logs.container.clone()), (Pane::Pods, None, None));
    press(&mut app, &["esc"]);
    assert_eq!(app.focus, Pane::Jobs);
    press(&mut app, &["esc"]);
    assert_eq!((app.focus, app.opened, app.cronjobs.cursor), (Pane::CronJobs, None, Some(cronjob("cronjob").uid())));
    assert_eq!(app.jobs.total, 2);
    press(&mut app, &["esc"]);
    assert_eq!(app.focus, Pane::CronJobs);
}

#[test]
fn enter_on_nothing_says_so() {
    let mut app = app(&[]);
    for pane in ["1", "2", "3"] {
        press(&mut app, &[pane, "enter"]);
        assert!(app.notice.is_some(), "{pane}");
        assert_eq!(app.focus.key(), pane);
    }
}

#[test]
fn pods_keep_their_parent_while_they_have_the_focus() {
    let mut app = app(&indexed());
    let (job, pod) = (job("job-indexed").uid(), pod("pod-running").uid());
    let subject = |kind, uid| Some(Subject { kind, uid });
    assert_eq!((app.subject(), app.parent()), (subject(Kind::Job, job), subject(Kind::Job, job)));
    press(&mut app, &["3"]);
    assert_eq!((app.subject(), app.parent()), (subject(Kind::Pod, pod), subject(Kind::Job, job)));
    assert_eq!(app.pods.rows, [pod]);
    press(&mut app, &["5"]);
    assert_eq!(app.subject(), subject(Kind::Pod, pod), "events follow the pod that was looked at");
    press(&mut app, &["2"]);
    assert_eq!(app.subject(), subject(Kind::Job, job));
}

#[test]
fn cronjob_in_focus_has_the_pods_of_its_runs() {
    let mut app = app(&owned());
    press(&mut app, &["1"]);
    assert_eq!(app.parent().map(|parent| parent.kind), Some(Kind::CronJob));
    assert_eq!(app.pods.rows, [pod("pod-running").uid()]);
}

#[test]
fn events_are_newest_first_and_of_the_subject_alone() {
    let quota = job("job-quota");
    let mut older = event("event-quota");
    older.meta = renamed(&older.meta, "older");
    older.last = Some(time("2026-11-21T04:00:00Z"));
    older.note = "something else".into();
    let rows = [Row::Job(quota), Row::Event(older.clone()), Row::Event(event("event-quota"))];
    let mut app = app(&[&rows[..], &[Row::Event(event("event-series"))]].concat());
    assert_eq!(app.events.rows, [event("event-quota").uid(), older.uid()]);
    press(&mut app, &["5", "/"]);
    typed(&mut app, "nothing");
    assert_eq!((app.events.rows.len(), app.events.total), (0, 2));
}

#[test]
fn filter_works_as_it_is_typed_and_esc_restores_it() {
    let mut app = app(&busy());
    let all = app.jobs.total;
    press(&mut app, &["/"]);
    typed(&mut app, "FLA");
    assert_eq!((job_names(&app), app.jobs.total), (vec!["flaky"], all));
    press(&mut app, &["esc"]);
    assert_eq!((app.jobs.rows.len(), app.overlay.is_none()), (all, true));
}

#[test]
fn filter_stays_with_enter_and_esc_clears_it_later() {
    let mut app = app(&busy());
    press(&mut app, &["/"]);
    typed(&mut app, "ticker !13");
    press(&mut app, &["enter"]);
    assert_eq!((job_names(&app), app.jobs.filter.text()), (vec!["ticker-29920612"], "ticker !13"));
    press(&mut app, &["/"]);
    typed(&mut app, " zzz");
    assert!(job_names(&app).is_empty());
    press(&mut app, &["ctrl-c"]);
    assert_eq!(app.jobs.filter.text(), "ticker !13", "what was there before");
    press(&mut app, &["esc"]);
    assert_eq!((app.jobs.rows.len(), app.jobs.filter.is_empty()), (app.jobs.total, true));
}

#[test]
fn filter_that_hides_everything_leaves_no_cursor_and_esc_brings_it_back() {
    let mut app = app(&indexed());
    let before = app.jobs.cursor;
    press(&mut app, &["/"]);
    typed(&mut app, "zzz");
    assert_eq!((app.jobs.cursor, app.subject(), app.jobs.total), (None, None, 2));
    press(&mut app, &["esc"]);
    assert_eq!(app.jobs.cursor, before);
}

#[test]
fn paste_goes_into_the_open_field_alone() {
    let mut app = app(&busy());
    app.update(Msg::Paste("flaky".into()));
    app.settle();
    assert_eq!(app.jobs.rows.len(), app.jobs.total);
    press(&mut app, &["/"]);
    app.update(Msg::Paste("flaky\n".into()));
    app.settle();
    assert_eq!(job_names(&app), ["flaky"]);
}

#[test]
fn faults_alone_are_shown_until_esc() {
    let mut app = app(&busy());
    press(&mut app, &["F"]);
    assert!(app.jobs.faults_only && app.jobs.rows.len() == app.faults());
    assert!(!job_names(&app).contains(&"report"));
    press(&mut app, &["esc"]);
    assert_eq!(app.jobs.rows.len(), app.jobs.total);
}

#[test]
fn late_messages_of_another_session_are_dropped() {
    let mut app = app(&indexed());
    let old = app.session;
    press(&mut app, &["0"]);
    let late = [
        Msg::Changed(delta(Kind::Job, vec![Change::Upsert(Row::Job(job("job-failed")))])),
        Msg::Connected { session: old, context: "old".into(), namespaces: Namespaces::Some(vec!["old".into()]) },
        Msg::NotConnected { session: old, failure: failure(Cause::Unreachable), retry_at: now() },
        Msg::Log { session: old, source: source_of(&pod("pod-running")), stream: 1, change: line("late") },
        Msg::Fetched { session: old, key: job("job-indexed").key(), object: Ok(json!({ "kind": "late" })) },
    ];
    for msg in late {
        assert_eq!(app.update(msg), []);
    }
    app.settle();
    assert!(app.snapshot.jobs.is_empty() && app.logs.is_empty() && app.not_connected.is_none());
    assert_eq!((app.context.as_str(), app.namespaces.clone()), ("prod", Some(Namespaces::All)));
}

#[test]
fn other_namespaces_are_a_new_session_that_knows_nothing() {
    let mut app = app(&owned());
    press(&mut app, &["1", "enter", ":"]);
    typed(&mut app, "ns data,payments");
    let effects = press(&mut app, &["enter"]);
    let namespaces = Namespaces::Some(vec!["data".into(), "payments".into()]);
    let connect = Effect::Connect { session: Session(1), context: None, namespaces: Some(namespaces.clone()) };
    assert_eq!(effects, [connect]);
    assert_eq!((app.session, app.namespaces.clone()), (Session(1), Some(namespaces)));
    assert!(app.snapshot.jobs.is_empty() && app.jobs.rows.is_empty() && app.opened.is_none());
    assert_eq!((app.link(), app.logs.followed.len()), (Link::Connecting, 0));
}

#[test]
fn another_context_chooses_its_own_namespaces() {
    let mut app = app(&indexed());
    press(&mut app, &[":"]);
    typed(&mut app, "ctx staging");
    let effects = press(&mut app, &["enter"]);
    let connect = Effect::Connect { session: Session(1), context: Some("staging".into()), namespaces: None };
    assert_eq!(effects, [connect]);
    assert_eq!((app.context.as_str(), app.namespaces.clone()), ("staging", None), "the header names it at once");
    press(&mut app, &[":"]);
    typed(&mut app, "ctx");
    assert_eq!(press(&mut app, &["enter"]), []);
    assert!(matches!(&app.overlay, Some(Overlay::Palette(palette)) if palette.prompt.text() == "context "));
}

#[test]
fn no_way_to_a_server_is_shown_and_ends_with_a_connection() {
    let mut app = App::new(now(), (120, 40));
    app.update(Msg::NotConnected { session: Session::default(), failure: failure(Cause::Config), retry_at: now() });
    assert_eq!(app.link(), Link::Down(failure(Cause::Config)));
    let namespaces = Namespaces::Some(vec!["data".into()]);
    app.update(Msg::Connected { session: Session::default(), context: "prod".into(), namespaces });
    assert_eq!(app.link(), Link::Connecting);
}

#[test]
fn lost_login_keeps_everything_and_says_when_it_is_tried_again() {
    let mut app = app(&indexed());
    let (session, failure, retry_at) = (Session::default(), failure(Cause::Unauthorized), now().plus_seconds(8));
    app.update(Msg::NotConnected { session, failure: failure.clone(), retry_at });
    app.settle();
    assert_eq!(app.link(), Link::Retrying { at: retry_at, failure });
    assert_eq!(app.jobs.rows.len(), 2);
    app.update(Msg::Connected { session, context: "prod".into(), namespaces: Namespaces::All });
    assert_eq!(app.link(), Link::Live);
}

#[test]
fn login_is_an_effect_and_its_failure_a_notice() {
    let mut app = app(&indexed());
    assert_eq!(press(&mut app, &["L"]), [Effect::LogIn]);
    app.update(Msg::LoginFailed(failure(Cause::Unauthorized)));
    assert!(app.notice.is_some());
}

#[test]
fn palette_goes_to_an_object_and_shows_it_whatever_hides_it() {
    let mut app = app(&busy());
    press(&mut app, &["F", ":"]);
    typed(&mut app, "job/report");
    press(&mut app, &["enter"]);
    assert_eq!((app.focus, app.jobs.cursor), (Pane::Jobs, Some(job("job-complete").uid())));
    assert!(!app.jobs.faults_only && app.overlay.is_none());
}

#[test]
fn palette_moves_its_choice_and_closes_with_esc() {
    let mut app = app(&[]);
    press(&mut app, &[":", "down", "down", "up"]);
    assert!(matches!(&app.overlay, Some(Overlay::Palette(palette)) if palette.at == 1));
    press(&mut app, &["esc"]);
    assert!(app.overlay.is_none());
}

#[test]
fn palette_says_where_a_command_does_not_apply() {
    let mut app = app(&indexed());
    press(&mut app, &["6", ":"]);
    typed(&mut app, "faults");
    press(&mut app, &["enter"]);
    let why = "faults only: it works in lists, and the Logs pane has the focus";
    assert_eq!(app.notice.as_deref(), Some(why));
}

#[test]
fn ctrl_c_quits_but_closes_a_text_field_first() {
    let mut app = app(&indexed());
    for (open, is_field) in
        [(None, false), (Some("?"), false), (Some("y"), false), (Some("/"), true), (Some(":"), true)]
    {
        press(&mut app, open.as_slice());
        let effects = press(&mut app, &["ctrl-c"]);
        assert_eq!(effects, if is_field { vec![] } else { vec![Effect::Quit] }, "{open:?}");
        press(&mut app, &["esc"]);
    }
    press(&mut app, &["6", "z"]);
    assert_eq!(press(&mut app, &["ctrl-c"]), [Effect::Quit]);
    press(&mut app, &[":"]);
    typed(&mut app, "q");
    assert_eq!(press(&mut app, &["enter"]), [Effect::Quit]);
}

#[test]
fn help_scrolls_and_closes_with_esc_and_q() {
    let mut app = app(&[]);
    app.update(Msg::Resized(80, 12));
    press(&mut app, &["?", "G"]);
    let top = |app: &App| match &app.overlay {
        Some(Overlay::Page(page)) => Some(page.top),
        _ => None,
    };
    assert!(top(&app) > Some(0));
    press(&mut app, &["g"]);
    assert_eq!(top(&app), Some(0));
    press(&mut app, &["q"]);
    assert_eq!(top(&app), None);
    press(&mut app, &["?", "esc"]);
    assert_eq!(top(&app), None);
}

#[test]
fn notice_goes_with_the_next_key() {
    let mut app = app(&[]);
    app.update(Msg::TaskPanicked("index out of bounds".into()));
    app.update(Msg::Tick(now().plus_seconds(60)));
    assert_eq!(app.notice.as_deref(), Some("a background task died: index out of bounds"));
    press(&mut app, &["j"]);
    assert_eq!(app.notice, None);
}

#[test]
fn no_key_panics_at_any_size() {
    let keys: Vec<&str> = crate::command::all().flat_map(|spec| spec.keys).copied().collect();
    for size in [(0, 0), (1, 1), (40, 10), (80, 24), (200, 60)] {
        for rows in [Vec::new(), busy()] {
            let mut app = app(&rows);
            app.update(Msg::Resized(size.0, size.1));
            app.settle();
            for key in &keys {
                press(&mut app, &[key, "j", "G", "pageup", "enter", key]);
                press(&mut app, &["esc"]);
            }
        }
    }
}

#[test]
fn cursor_is_always_one_of_the_rows() {
    let mut app = app(&busy());
    let all = snapshot(&busy());
    let uids: Vec<Uid> = all.jobs.iter().map(Object::uid).collect();
    press(&mut app, &["G"]);
    for uid in uids {
        change(&mut app, Kind::Job, vec![Change::Remove(uid)]);
        assert_eq!(app.jobs.cursor.is_some(), !app.jobs.rows.is_empty());
        assert!(app.jobs.cursor.is_none_or(|cursor| app.jobs.rows.contains(&cursor)));
    }
}

#[test]
fn sort_goes_through_the_columns_and_back_to_what_is_wrong() {
    let mut app = app(&busy());
    let by_problem = app.jobs.rows.clone();
    press(&mut app, &["o"]);
    let mut sorted: Vec<String> = job_names(&app).into_iter().map(str::to_owned).collect();
    sorted.sort();
    assert_eq!(job_names(&app), sorted);
    press(&mut app, &["O"]);
    sorted.reverse();
    assert_eq!(job_names(&app), sorted);
    for _ in Column::of(Pane::Jobs) {
        press(&mut app, &["o"]);
    }
    assert_eq!(app.jobs.rows, by_problem);
    press(&mut app, &["O"]);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("not sorted")));
}

#[test]
fn events_that_say_the_same_are_one_row_with_their_count() {
    let newest = event("event-quota");
    let mut older = newest.clone();
    (older.meta, older.count) = (renamed(&newest.meta, "older"), 4);
    older.last = newest.last.map(|last| last.plus_seconds(-60));
    let mut other = older.clone();
    (other.meta, other.reason) = (renamed(&newest.meta, "other"), "SuccessfulCreate".into());
    let app = app(&[Row::Job(job("job-quota")), Row::Event(older), Row::Event(other), Row::Event(newest.clone())]);
    assert_eq!((app.events.rows.len(), app.events.total), (2, 2));
    assert_eq!(app.events.rows[0], newest.uid());
    assert_eq!(app.text(Pane::Events, newest.uid(), Column::Seen), format!("x{}", newest.count + 4));
}

#[test]
fn rows_wait_while_keys_are_pressed_and_settle_after() {
    let mut app = app(&[Row::Job(job("job-suspended")), Row::Job(job("job-complete"))]);
    press(&mut app, &["j"]);
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-failed")))]);
    assert_eq!((job_names(&app), app.jobs.held), (vec!["paused", "report"], 1));
    quiet(&mut app);
    assert_eq!((job_names(&app), app.jobs.held), (vec!["import", "paused", "report"], 0));
    press(&mut app, &["j"]);
    change(&mut app, Kind::Job, vec![Change::Remove(job("job-suspended").uid())]);
    assert_eq!((app.jobs.rows.len(), app.jobs.held), (3, 1), "the row that is gone keeps its place");
    press(&mut app, &["."]);
    assert_eq!((job_names(&app), app.jobs.held), (vec!["import", "report"], 0));
}

#[test]
fn rows_of_another_level_are_news_for_a_moment() {
    let mut app = app(&[Row::Job(job("job-suspended")), Row::Job(job("job-complete"))]);
    let all = |app: &App| [job("job-suspended"), job("job-complete")].map(|job| app.is_news(job.uid()));
    assert_eq!(all(&app), [false, false], "the first list is no news");
    let mut resumed = job("job-suspended");
    resumed.suspend = false;
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(resumed)), Change::Upsert(Row::Job(job("job-complete")))]);
    assert_eq!(all(&app), [true, false]);
    app.update(Msg::Tick(now().plus_seconds(3)));
    assert_eq!(all(&app), [false, false]);
}

#[test]
fn what_the_first_events_explain_is_no_news() {
    let quota = job("job-quota");
    let mut lists = lists(&[Row::Job(quota.clone()), Row::Event(event("event-quota"))]);
    lists.sort_by_key(|delta| delta.source.kind == Kind::Event);
    let mut app = App::new(now(), (120, 40));
    app.update(Msg::Connected { session: Session::default(), context: "prod".into(), namespaces: Namespaces::All });
    let levels = lists.into_iter().map(|delta| {
        app.update(Msg::Changed(delta));
        app.settle();
        app.snapshot.jobs.get(quota.uid()).map(|job| job_state(&app.snapshot, job).level)
    });
    let levels: Vec<_> = levels.collect();
    assert!(levels.iter().rev().nth(1) > levels.last(), "the events tell what is wrong: {levels:?}");
    assert!(!app.is_news(quota.uid()));
}

#[test]
fn lists_without_the_cursor_do_not_wait() {
    let mut app = app(&[Row::Job(job("job-suspended")), Row::Job(job("job-complete"))]);
    press(&mut app, &["1"]);
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-failed")))]);
    assert_eq!(job_names(&app), ["import", "paused", "report"]);
}

#[test]
fn columns_never_shrink_for_the_same_subject() {
    let mut long = job("job-failed");
    long.meta = renamed(&long.meta, "a-name-that-is-longer-than-all-the-others");
    let mut app = app(&[Row::Job(long.clone()), Row::Job(job("job-complete"))]);
    let before = app.jobs.widths.of(Column::Name);
    assert_eq!(usize::from(before), long.meta.name.len());
    change(&mut app, Kind::Job, vec![Change::Remove(long.uid())]);
    assert_eq!(app.jobs.widths.of(Column::Name), before);
}

#[test]
fn panes_keep_their_sizes_while_one_reads() {
    let mut app = app(&busy());
    press(&mut app, &["j"]);
    let before = app.layout();
    let mut rows = Vec::new();
    for number in 0..9 {
        let mut one = pod("pod-running");
        one.meta = renamed(&one.meta, &format!("pod-{number}"));
        one.meta.owner = app.parent().map(|parent| Owner { kind: Some(Kind::Job), uid: parent.uid });
        rows.push(Change::Upsert(Row::Pod(one)));
    }
    change(&mut app, Kind::Pod, rows);
    assert!(app.pods.rows.len() > 8);
    assert_eq!(app.layout(), before);
    quiet(&mut app);
    assert_ne!(app.layout(), before);
}

#[test]
fn containers_close_where_their_pod_is_gone() {
    let mut app = app(&indexed());
    press(&mut app, &["3", "enter"]);
    assert!(app.opened_pod.is_some());
    change(&mut app, Kind::Pod, vec![Change::Remove(pod("pod-running").uid())]);
    assert_eq!((app.opened_pod, app.logs.container.clone()), (None, None));
}

#[test]
fn kinds_that_only_explain_say_nothing_about_the_link() {
    let mut app = App::new(now(), (120, 40));
    for kind in [Kind::CronJob, Kind::Job, Kind::Pod, Kind::Event] {
        change(&mut app, kind, vec![Change::Synced]);
    }
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_background()) {
        for cause in [Cause::Denied, Cause::Busy] {
            change(&mut app, kind, vec![failed(cause)]);
            assert_eq!(app.link(), Link::Live, "{kind:?}");
        }
    }
    assert!(matches!(app.snapshot.freshness(Kind::Node), Freshness::Failed { .. }), "but explanations know");
}

/// An app with one running pod on screen, and the scope that measures it.
fn with_running_pod() -> (App, Pod, UsageScope) {
    let running = pod("pod-running");
    let owner = job_of(&running);
    let scope = UsageScope { namespace: owner.meta.namespace.clone(), jobs: vec![owner.meta.name.clone()] };
    let mut app = App::new(now(), (160, 48));
    for delta in lists(&[Row::Job(owner), Row::Pod(running.clone())]) {
        app.update(Msg::Changed(delta));
    }
    (app, running, scope)
}

fn measured(app: &mut App) -> Vec<Effect> {
    let is_of_usage = |effect: &Effect| matches!(effect, Effect::MeasureUsage(_));
    app.settle().into_iter().filter(is_of_usage).collect()
}

#[test]
fn running_pods_on_screen_are_measured_and_no_others() {
    let (mut app, mut running, scope) = with_running_pod();
    assert_eq!(measured(&mut app), [Effect::MeasureUsage(Some(scope.clone()))]);
    assert_eq!(measured(&mut app), [], "once is enough");
    app.update(Msg::Resized(80, 24));
    assert_eq!(measured(&mut app), [Effect::MeasureUsage(None)], "its pane is hidden");
    app.update(Msg::Resized(160, 48));
    assert_eq!(measured(&mut app), [Effect::MeasureUsage(Some(scope))]);
    running.phase = PodPhase::Succeeded;
    let effects = change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(running))]);
    assert!(effects.contains(&Effect::MeasureUsage(None)), "it ended: {effects:?}");
}

#[test]
fn usage_is_kept_for_the_pods_that_were_asked_for_while_they_run() {
    let (mut app, mut running, scope) = with_running_pod();
    measured(&mut app);
    let used = Resources { cpu_millis: 7, memory_bytes: 9 };
    let usage = |pod: &str| PodUsage { pod: pod.into(), containers: vec![("a".into(), used), ("b".into(), used)] };
    let told = |app: &mut App, scope: &UsageScope, pods| {
        app.update(Msg::Usage { session: app.session, scope: scope.clone(), pods });
    };
    let uid = running.meta.uid;
    let both = Some(Resources { cpu_millis: 14, memory_bytes: 18 });
    told(&mut app, &scope, vec![usage(&running.meta.name), usage("unknown")]);
    assert_eq!((app.usage_of(uid), app.usage.len()), (both, 1));
    let other = UsageScope { jobs: vec!["other".into()], ..scope.clone() };
    told(&mut app, &other, Vec::new());
    assert_eq!(app.usage_of(uid), both, "an answer to an earlier question says nothing");
    told(&mut app, &scope, Vec::new());
    assert_eq!(app.usage_of(uid), None, "the metrics are gone");
    told(&mut app, &scope, vec![usage(&running.meta.name)]);
    running.phase = PodPhase::Failed;
    change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(running))]);
    assert_eq!(app.usage_of(uid), None, "it no longer runs");
}

#[test]
fn changes_to_pods_of_others_ask_for_no_frame() {
    let mut app = app(&indexed());
    assert!(app.take_news() && !app.take_news());
    let foreign = |node: &str| {
        let pod =
            ForeignPod { uid: Uid::new("o"), namespace: "x".into(), node: node.into(), requests: Resources::default() };
        vec![Change::Upsert(Row::ForeignPod(pod))]
    };
    for node in ["", "n"] {
        change(&mut app, Kind::Pod, foreign(node));
        assert!(!app.take_news());
    }
    change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(pod("pod-running")))]);
    assert!(app.take_news());
    app.update(Msg::Tick(now()));
    assert!(app.take_news());
}

/// Jobs are listed first, and what is wrong with one may stand in an event that comes later.
#[test]
fn cursor_starts_on_the_worst_once_everything_that_decides_is_known() {
    let refused = job("job-quota");
    let mut rows = indexed();
    rows.extend([Row::Job(refused.clone()), Row::Event(event("event-quota"))]);
    let mut all = lists(&rows);
    all.sort_by_key(|delta| delta.source.kind == Kind::Event);
    let mut app = App::new(now(), (120, 40));
    for delta in all {
        app.update(Msg::Changed(delta));
        app.settle();
    }
    assert_eq!(app.jobs.rows[0], refused.uid());
    assert_eq!(app.jobs.cursor, Some(refused.uid()), "the cursor stayed on what was first before");
    assert!(!app.is_news(refused.uid()), "what was so before is no news");
}

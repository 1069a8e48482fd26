//! Verdicts, the Why pane and the inbox: judged where something changed, kept when it is gone, quiet when asked.

use super::*;
use crate::model::delta::Source;
use crate::model::fact::{Answer, Fact, LastLine, Need};

/// A Job whose pods a quota refuses, with the event that says so, and one that runs well.
fn refused() -> Vec<Row> {
    vec![
        Row::Job(job("job-quota")),
        Row::Event(event("event-quota")),
        Row::Job(job("job-indexed")),
        Row::Pod(pod("pod-running")),
    ]
}

/// What a page says, in one text.
fn text_of(page: &Page) -> String {
    let lines = page.lines().unwrap_or_default();
    lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The text of the page that is open.
fn open_text(app: &App) -> String {
    text_of(page(app))
}

fn remove(app: &mut App, kind: Kind, uid: Uid) {
    change(app, kind, vec![Change::Remove(uid)]);
}

/// A second passes.
fn tick(app: &mut App) -> Vec<Effect> {
    let mut effects = app.update(Msg::Tick(app.now.plus_seconds(1)));
    effects.extend(app.settle());
    effects
}

#[test]
fn the_first_screen_names_the_worst_with_no_key_pressed() {
    let app = app(&refused());
    assert_eq!(app.subject().map(|subject| subject.uid), Some(job("job-quota").uid()));
    let pane = text_of(&app.why.page);
    assert!(pane.contains("Quota compute") && app.why.is_problem, "{pane}");
    let row = app.text(Pane::Jobs, job("job-quota").uid(), Column::Why);
    assert!(row.starts_with("quota compute"), "{row}");
}

#[test]
fn a_verdict_changes_with_what_it_looks_at_and_with_nothing_else() {
    let mut app = app(&[Row::Job(job("job-quota"))]);
    let uid = job("job-quota").uid();
    let before = app.verdict(uid).map(str::to_owned);
    assert!(before.as_deref().is_none_or(|words| !words.contains("quota")), "{before:?}");
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-complete")))]);
    assert_eq!(app.verdict(uid).map(str::to_owned), before, "another Job says nothing of it");
    change(&mut app, Kind::Event, vec![Change::Upsert(Row::Event(event("event-quota")))]);
    assert!(app.verdict(uid).is_some_and(|words| words.starts_with("quota compute")));
    remove(&mut app, Kind::Event, event("event-quota").uid());
    assert_eq!(app.verdict(uid).map(str::to_owned), before);
}

#[test]
fn time_alone_changes_a_verdict() {
    let mut young = job("job-quota");
    young.meta.created = Some(now());
    young.started = None;
    let mut app = app(&[Row::Job(young)]);
    assert_eq!(app.faults(), 0, "it may still get its first pod");
    for _ in 0..150 {
        tick(&mut app);
    }
    assert!(app.faults() == 1 && app.verdict(job("job-quota").uid()).is_some());
}

#[test]
fn what_was_wrong_is_kept_after_its_object_is_gone() {
    let mut app = app(&refused());
    remove(&mut app, Kind::Job, job("job-quota").uid());
    tick(&mut app);
    press(&mut app, &["i"]);
    let inbox = open_text(&app);
    assert!(inbox.contains("Gone") && inbox.contains("job/settle") && inbox.contains("quota compute"), "{inbox}");
    press(&mut app, &["enter"]);
    let kept = open_text(&app);
    assert!(kept.contains("It is gone since") && kept.contains("exceeded quota"), "{kept}");
    press(&mut app, &["esc"]);
    assert!(page(&app).title.starts_with("Problems  0"), "{}", page(&app).title);
}

#[test]
fn problems_are_counted_by_cause_and_can_be_kept_quiet() {
    let mut app = app(&refused());
    assert_eq!(app.problems(), (1, 0));
    press(&mut app, &["i", "a"]);
    assert_eq!(app.problems(), (0, 0));
    assert!(page(&app).title.contains("1 quiet"), "{}", page(&app).title);
    press(&mut app, &["a"]);
    assert_eq!(app.problems(), (1, 0), "once more puts it back");
    press(&mut app, &["z"]);
    assert_eq!(app.problems(), (0, 0));
    app.update(Msg::Tick(app.now.plus_seconds(3600)));
    app.settle();
    assert_eq!(app.problems(), (1, 0), "an hour later it is told again");
}

#[test]
fn inbox_is_searched_and_what_is_found_is_under_the_cursor() {
    let mut app = app(&refused());
    press(&mut app, &["i", "/"]);
    typed(&mut app, "quota");
    assert!(app.scopes().is_empty(), "what is typed is text");
    press(&mut app, &["enter"]);
    assert_eq!(page(&app).search.hits.first().map(|hit| hit.line), page(&app).cursor());
    press(&mut app, &["n", "N"]);
    assert_eq!(app.problems(), (1, 0), "they go to matches and keep nothing quiet");
    press(&mut app, &["esc"]);
    assert!(page(&app).search.hits.is_empty() && page(&app).title.starts_with("Problems"));
}

#[test]
fn a_problem_that_comes_later_is_new_and_calls_whoever_asked_for_it() {
    let mut app = app(&refused()[2..]);
    assert_eq!(app.problems(), (0, 0));
    press(&mut app, &["i", "b", "esc"]);
    app.update(Msg::Tick(app.now.plus_seconds(1)));
    let rows = refused().into_iter().take(2).collect::<Vec<_>>();
    for row in rows {
        let kind = if matches!(row, Row::Job(_)) { Kind::Job } else { Kind::Event };
        let source = Source { kind, namespace: None };
        let delta = crate::model::delta::Delta { session: app.session, source, changes: vec![Change::Upsert(row)] };
        app.update(Msg::Changed(delta));
    }
    let effects = app.settle();
    let called: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Notify(_))).collect();
    assert!(matches!(called[..], [Effect::Notify(words)] if words.contains("quota compute")), "{effects:?}");
    assert_eq!(app.problems(), (1, 1));
    press(&mut app, &["i"]);
    assert!(open_text(&app).contains("new"), "{}", open_text(&app));
}

#[test]
fn a_problem_opens_its_objects_alone_and_escape_shows_all_again() {
    let mut other = job("job-quota");
    other.meta = renamed(&other.meta, "settle-2");
    let mut told = event("event-quota");
    (told.meta.uid, told.about) = (Uid::new("second"), other.uid());
    let mut rows = refused();
    rows.extend([Row::Job(other.clone()), Row::Event(told)]);
    let mut app = app(&rows);
    assert_eq!(app.problems(), (1, 0), "one cause");
    press(&mut app, &["i", "enter"]);
    let mut shown = app.jobs.rows.clone();
    shown.sort_unstable();
    let mut wanted = vec![job("job-quota").uid(), other.uid()];
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
    press(&mut app, &["esc"]);
    assert_eq!(app.jobs.rows.len(), 3);
}

#[test]
fn what_a_later_run_settles_is_no_problem_any_more() {
    let cronjob = cronjob("cronjob");
    let first = run_of(&cronjob, job("job-failed"), "ticker-1", "2026-11-21T04:00:00Z");
    // Its CronJob may not be read, so that nothing but the run itself tells of it.
    let mut app = app(&[Row::Job(first)]);
    assert_eq!(app.problems(), (1, 0));
    let second = run_of(&cronjob, job("job-complete"), "ticker-2", "2026-11-21T05:00:00Z");
    change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(second))]);
    tick(&mut app);
    assert_eq!(app.problems(), (0, 0));
}

#[test]
fn a_pod_whose_job_is_gone_speaks_for_itself() {
    let mut app = app(&[Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))]);
    assert_eq!(app.problems(), (1, 0));
    remove(&mut app, Kind::Job, job("job-failed").uid());
    let mut left = pod("pod-failed");
    left.meta.owner = None;
    change(&mut app, Kind::Pod, vec![Change::Upsert(Row::Pod(left))]);
    tick(&mut app);
    assert_eq!(app.problems().0, 1);
    press(&mut app, &["i", "enter"]);
    assert!(page(&app).title.starts_with("Why  pod/"), "{}", page(&app).title);
    remove(&mut app, Kind::Pod, pod("pod-failed").uid());
    tick(&mut app);
    press(&mut app, &["esc"]);
    assert_eq!(app.problems(), (0, 0));
    assert_eq!(open_text(&app).matches("pod/").count(), 1, "{}", open_text(&app));
}

#[test]
fn enter_in_the_pane_goes_where_its_line_leads_and_x_to_all_that_is_known() {
    let mut app = app(&[Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))]);
    press(&mut app, &["4", "enter"]);
    assert!(page(&app).object.is_some(), "{}", page(&app).title);
    press(&mut app, &["esc", "x"]);
    assert!(page(&app).why.is_some(), "{}", page(&app).title);
}

#[test]
fn what_was_opened_from_a_page_goes_back_to_it_step_by_step() {
    let mut app = app(&[Row::Job(job("job-failed")), Row::Pod(pod("pod-failed")), Row::Job(job("job-indexed"))]);
    press(&mut app, &["i", "x", "enter"]);
    assert!(page(&app).object.is_some());
    press(&mut app, &["esc"]);
    assert!(page(&app).why.is_some());
    let fixes: Vec<String> = open_text(&app).lines().map(str::to_owned).collect();
    let rerun = fixes.iter().find(|line| line.contains("rerun")).and_then(|line| line.trim().chars().next());
    press(&mut app, &[&rerun.unwrap().to_string()]);
    assert!(!matches!(app.overlay, Some(Overlay::Page(_)) | None), "{:?}", app.overlay);
    press(&mut app, &["esc"]);
    assert!(page(&app).why.is_some());
    press(&mut app, &["esc"]);
    assert!(page(&app).is_inbox);
    press(&mut app, &["esc"]);
    assert!(app.overlay.is_none());
}

#[test]
fn a_fix_that_shows_something_shows_it_of_its_own_object() {
    let mut app = app(&[Row::Job(job("job-indexed")), Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))]);
    app.jump(Subject { kind: Kind::Job, uid: job("job-indexed").uid() });
    app.open_why_of(Subject { kind: Kind::Job, uid: job("job-failed").uid() });
    app.settle();
    let text = open_text(&app);
    let read = text.lines().find(|line| line.contains("read the log")).and_then(|line| line.trim().chars().next());
    press(&mut app, &[&read.unwrap().to_string()]);
    assert_eq!(app.subject().map(|subject| subject.uid), Some(pod("pod-failed").uid()));
    assert_eq!((app.focus, &app.overlay.is_none()), (Pane::Logs, &true));
}

#[test]
fn more_is_asked_of_the_newest_of_each_cause_though_no_cursor_rests_there() {
    let mut app = app(&[Row::Job(job("job-quota")), Row::Event(event("event-quota"))]);
    for row in [Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))] {
        let kind = if matches!(row, Row::Job(_)) { Kind::Job } else { Kind::Pod };
        change(&mut app, kind, vec![Change::Upsert(row)]);
    }
    assert_eq!(app.subject().map(|subject| subject.uid), Some(job("job-quota").uid()));
    for _ in 0..10 {
        for effect in tick(&mut app) {
            let Effect::Ask(needs) = effect else { continue };
            for need in needs {
                let answer = match need {
                    Need::Object(_) => Answer::Object(Fact::Missing),
                    Need::Tail { .. } => Answer::Tail(vec!["ERROR no such table".into()]),
                    Need::LastLine { .. } => Answer::LastLine(LastLine::Unknown),
                };
                app.update(Msg::Answered { session: app.session, need, answer });
            }
        }
    }
    let verdict = app.verdict(job("job-failed").uid()).unwrap();
    assert!(verdict.contains("no such table"), "{verdict}");
}

#[test]
fn the_page_of_an_object_says_what_its_row_says() {
    let mut app = app(&refused());
    press(&mut app, &["d"]);
    let key = app.snapshot.key_of(app.subject().unwrap()).unwrap();
    let object = serde_json::from_str(&crate::model::fixtures::text("job-quota")).unwrap();
    app.update(Msg::Fetched { session: app.session, key, object: Ok(object) });
    app.settle();
    let row = app.text(Pane::Jobs, job("job-quota").uid(), Column::Why).into_owned();
    assert!(open_text(&app).contains(&row), "{row} in\n{}", open_text(&app));
}

#[test]
fn more_is_asked_for_where_the_cursor_rests_and_again_after_a_while() {
    let mut app = app(&[Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))]);
    let needs = |effects: &[Effect]| -> Vec<Need> {
        effects.iter().flat_map(|effect| if let Effect::Ask(needs) = effect { needs.clone() } else { vec![] }).collect()
    };
    let mut wanted = needs(&tick(&mut app));
    assert!(!wanted.is_empty());
    while !wanted.is_empty() {
        for need in std::mem::take(&mut wanted) {
            let answer = match need {
                Need::Object(_) => Answer::Object(Fact::Missing),
                Need::Tail { .. } => Answer::Tail(vec!["ERROR no such table".into()]),
                Need::LastLine { .. } => Answer::LastLine(LastLine::Unknown),
            };
            app.update(Msg::Answered { session: app.session, need, answer });
        }
        wanted = needs(&app.settle());
    }
    assert!(text_of(&app.why.page).contains("no such table"), "{}", text_of(&app.why.page));
    press(&mut app, &["x"]);
    let tries = open_text(&app);
    assert!(tries.lines().any(|line| line.contains("━") && line.contains("ERROR no such table")), "{tries}");
    press(&mut app, &["esc"]);
    assert_eq!(needs(&tick(&mut app)), [], "what is known is not asked for at each tick");
    let later = (0..30).flat_map(|_| needs(&tick(&mut app))).collect::<Vec<_>>();
    assert!(later.iter().all(|need| matches!(need, Need::Object(_))), "a log that ended stays as it is: {later:?}");
}

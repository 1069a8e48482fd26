//! Commands from key to effect: pages, marks, the log before, writes with their questions, and what becomes of them.

use super::*;
use crate::app::layout::MOST_SHARE;
use crate::command::{Action, CONTEXTS, PageAction, Scope, all};
use crate::model::fixtures::text;

fn fetched(app: &mut App, name: &str, key: crate::model::key::ObjectKey) {
    let object = serde_json::from_str(&text(name)).unwrap();
    app.update(Msg::Fetched { session: app.session, key, object: Ok(object) });
    app.settle();
}

#[test]
fn details_are_fetched_and_shown_and_not_opened_again_once_closed() {
    let mut app = app(&indexed());
    let key = job("job-indexed").key();
    for open in ["y", "d"] {
        assert_eq!(press(&mut app, &[open]), [Effect::Fetch(key.clone())]);
        assert!(page(&app).lines().is_none());
        fetched(&mut app, "job-indexed", key.clone());
        assert!(page(&app).text.contains("shards") && !page(&app).text.contains("managedFields"));
        press(&mut app, &["esc"]);
        fetched(&mut app, "job-indexed", key.clone());
        assert!(app.overlay.is_none());
    }
    press(&mut app, &["1", "y"]);
    assert_eq!(app.notice.as_deref(), Some("YAML: there is no CronJob under the cursor"));
}

#[test]
fn the_same_object_is_shown_in_the_other_form_without_another_fetch() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    fetched(&mut app, "job-indexed", job("job-indexed").key());
    assert_eq!(press(&mut app, &["G", "d"]), []);
    assert!(page(&app).text.contains("Pods, newest first") && page(&app).top == 0);
    press(&mut app, &["y"]);
    assert!(page(&app).text.contains("apiVersion: batch/v1"));
}

#[test]
fn managed_fields_are_shown_on_a_key() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    fetched(&mut app, "job-indexed", job("job-indexed").key());
    press(&mut app, &["m"]);
    assert!(page(&app).text.contains("managedFields"));
    press(&mut app, &["m"]);
    assert!(!page(&app).text.contains("managedFields"));
}

#[test]
fn an_answer_about_another_object_is_not_shown() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    fetched(&mut app, "job-complete", job("job-complete").key());
    assert!(page(&app).lines().is_none());
}

#[test]
fn another_object_of_the_same_name_is_told_as_such() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    fetched(&mut app, "job-complete", job("job-indexed").key());
    assert!(page(&app).title.contains("another one of this name"), "{}", page(&app).title);
}

#[test]
fn a_fetch_that_fails_says_why_and_later_keeps_what_was_read() {
    let mut app = app(&indexed());
    let key = job("job-indexed").key();
    press(&mut app, &["d"]);
    let refused = |app: &mut App| {
        let object = Err(failure(Cause::Denied));
        app.update(Msg::Fetched { session: app.session, key: job("job-indexed").key(), object });
    };
    refused(&mut app);
    assert!(page(&app).text.contains("pods is forbidden"));
    fetched(&mut app, "job-indexed", key.clone());
    assert_eq!(press(&mut app, &["r"]), [Effect::Fetch(key)]);
    refused(&mut app);
    assert!(page(&app).text.contains("Pods, newest first"));
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("forbidden")));
}

#[test]
fn page_is_searched_and_esc_ends_the_search_first() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    fetched(&mut app, "job-indexed", job("job-indexed").key());
    press(&mut app, &["/"]);
    typed(&mut app, "name");
    let hits = page(&app).search.hits.len();
    assert!(hits > 1);
    press(&mut app, &["enter", "n"]);
    assert_eq!((page(&app).search.at, page(&app).search.hits.len()), (1, hits));
    press(&mut app, &["esc"]);
    assert!(page(&app).search.hits.is_empty());
    press(&mut app, &["n"]);
    assert!(app.notice.is_some());
    press(&mut app, &["esc"]);
    assert!(app.overlay.is_none());
}

#[test]
fn copy_gives_the_whole_text_and_refuses_what_terminals_drop() {
    let mut app = app(&indexed());
    press(&mut app, &["y", "c"]);
    assert_eq!(app.notice.as_deref(), Some("there is nothing to copy yet"));
    fetched(&mut app, "job-indexed", job("job-indexed").key());
    let text = page(&app).text.clone();
    assert_eq!(press(&mut app, &["c"]), [Effect::Copy(text)]);
    let long = json!({ "kind": "Job", "x": "x".repeat(80_000) });
    app.update(Msg::Fetched { session: app.session, key: job("job-indexed").key(), object: Ok(long) });
    assert_eq!(press(&mut app, &["c"]), []);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.starts_with("not copied: 80 kB")), "{:?}", app.notice);
}

#[test]
fn help_and_palette_over_a_page_lead_back_to_it() {
    let mut app = app(&indexed());
    press(&mut app, &["y"]);
    for key in ["?", ":"] {
        press(&mut app, &[key, "esc"]);
        assert!(page(&app).title.starts_with("YAML"), "{key}");
    }
    press(&mut app, &["?"]);
    fetched(&mut app, "job-indexed", job("job-indexed").key());
    press(&mut app, &["esc"]);
    assert!(page(&app).lines().is_some(), "the answer reaches the page below");
}

#[test]
fn every_page_key_does_something_on_a_page() {
    for spec in all().filter(|spec| matches!(spec.scope, Scope::Page | Scope::Text)) {
        assert!(matches!(spec.action, Action::Page(_)), "{}", spec.id);
        let mut app = app(&indexed());
        press(&mut app, &["y"]);
        fetched(&mut app, "job-indexed", job("job-indexed").key());
        press(&mut app, &["/"]);
        typed(&mut app, "a");
        press(&mut app, &["enter"]);
        app.update(Msg::Resized(44, 10));
        app.settle();
        match spec.action {
            Action::Page(PageAction::Describe) => press(&mut app, &["y"]),
            Action::Page(PageAction::Yaml) => press(&mut app, &["d"]),
            Action::Page(PageAction::Left) => press(&mut app, &["w", "l"]),
            Action::Page(PageAction::Right) => press(&mut app, &["w"]),
            _ => Vec::new(),
        };
        let state = |app: &App| format!("{:?} {:?}", app.overlay, app.notice);
        let before = state(&app);
        let effects = press(&mut app, &[spec.keys[0]]);
        assert!(!effects.is_empty() || state(&app) != before, "{}", spec.id);
    }
}

#[test]
fn marks_stay_with_their_objects_and_esc_takes_them_away() {
    let mut app = app(&busy());
    press(&mut app, &["space", "j", "space"]);
    let marked: Vec<Uid> = app.jobs.rows[..2].to_vec();
    assert_eq!(app.marks.len(), 2);
    press(&mut app, &["o"]);
    assert!(marked.iter().all(|uid| app.marks.contains(uid)));
    assert_eq!(app.marked().count(), 2);
    press(&mut app, &["space"]);
    assert_eq!(app.marked().count(), 1, "the cursor is on one of them still");
    press(&mut app, &["esc"]);
    assert_eq!(app.marked().count(), 0);
}

#[test]
fn footer_shows_only_keys_that_work_here() {
    for (keys, rows) in
        [(&["2"][..], indexed()), (&["1"], indexed()), (&["6"], indexed()), (&["2"], vec![]), (&["d"], indexed())]
    {
        let mut app = app(&rows);
        press(&mut app, keys);
        let (scopes, footer) = (app.scopes(), app.footer());
        assert!(CONTEXTS.contains(&scopes));
        for spec in footer {
            assert!(scopes.contains(&spec.scope), "{}", spec.id);
            let is_page = matches!(spec.action, Action::Page(_)) || scopes.contains(&Scope::Page);
            assert!(is_page || app.applies(spec).is_ok(), "{}", spec.id);
        }
    }
}

#[test]
fn palette_remembers_what_was_run() {
    let mut app = app(&indexed());
    for words in ["faults", "ns data", "faults"] {
        press(&mut app, &[":"]);
        typed(&mut app, words);
        press(&mut app, &["enter"]);
    }
    assert_eq!(app.recent, ["list.faults", "session.namespaces data"]);
    press(&mut app, &[":"]);
    let Some(Overlay::Palette(palette)) = &app.overlay else { panic!("no palette") };
    assert_eq!(palette.entries[0].choice, Choice::Run("list.faults", String::new()));
    assert_eq!(palette.entries[1].label, "namespaces data");
}

#[test]
fn enter_waits_until_every_object_is_matched() {
    let filler = |number: usize| {
        let mut filler = job("job-complete");
        filler.meta = renamed(&filler.meta, &format!("filler-{number:05}"));
        Row::Job(filler)
    };
    let mut app = app(&(0..20_000).map(filler).collect::<Vec<_>>());
    press(&mut app, &[":"]);
    typed(&mut app, "filler-19999");
    assert!(app.is_searching());
    press(&mut app, &["enter"]);
    while app.is_searching() {
        app.update(Msg::Continue);
    }
    app.settle();
    assert!(app.overlay.is_none());
    let cursor = app.jobs.cursor.and_then(|uid| app.snapshot.jobs.get(uid)).map(|job| job.meta.name.as_str());
    assert_eq!(cursor, Some("filler-19999"));
}

#[test]
fn palette_goes_to_a_pod_through_its_job() {
    let mut app = app(&owned());
    let name = pod("pod-running").meta.name;
    press(&mut app, &[":"]);
    typed(&mut app, &format!("pod/{name}"));
    press(&mut app, &["enter"]);
    assert_eq!((app.focus, app.pods.cursor), (Pane::Pods, Some(pod("pod-running").uid())));
}

#[test]
fn share_is_moved_and_bounded_and_refused_where_one_pane_has_all_room() {
    let mut app = app(&indexed());
    press(&mut app, &[">"; 20]);
    assert_eq!(app.share, MOST_SHARE);
    press(&mut app, &["<"; 30]);
    assert_eq!(app.share, -MOST_SHARE);
    press(&mut app, &["z", "<"]);
    assert!(app.notice.is_some());
}

#[test]
fn going_to_a_pod_leaves_the_containers_of_another() {
    let (open, other) = (pod("pod-running"), renamed_pod());
    let mut app = app(&[Row::Job(job_of(&open)), Row::Pod(open.clone()), Row::Pod(other.clone())]);
    press(&mut app, &["3"]);
    app.pods.select(open.uid());
    press(&mut app, &["enter"]);
    assert_eq!(app.opened_pod, Some(open.uid()));
    press(&mut app, &[":"]);
    other.meta.name.chars().for_each(|one| drop(press(&mut app, &[one.to_string().as_str()])));
    while app.is_searching() {
        app.update(Msg::Continue);
    }
    press(&mut app, &["enter"]);
    assert_eq!((app.focus, app.opened_pod, app.pods.cursor), (Pane::Pods, None, Some(other.uid())));
}

/// Another pod of the same Job.
fn renamed_pod() -> Pod {
    let mut other = pod("pod-running");
    other.meta = crate::model::meta::Meta { owner: other.meta.owner, ..renamed(&other.meta, "zebra") };
    other
}

#[test]
fn person_is_called_when_a_job_ends_that_is_waited_for() {
    let mut app = app(&[Row::Job(job("job-indexed"))]);
    assert_eq!(press(&mut app, &["alt-w"]), []);
    assert_eq!((app.awaited(), app.notice.as_deref()), (1, Some("you will be called when job/shards ends")));
    press(&mut app, &["alt-w"]);
    assert_eq!(app.awaited(), 0, "the same key takes it back");
    press(&mut app, &["alt-w"]);
    assert_eq!(change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(job("job-indexed")))]), [], "it runs on");
    let mut over = job("job-indexed");
    over.conditions = job("job-failed").conditions;
    let effects = change(&mut app, Kind::Job, vec![Change::Upsert(Row::Job(over))]);
    let [Effect::Notify(words)] = &effects[..] else { panic!("{effects:?}") };
    assert!(words.starts_with("job/shards failed") && words.ends_with(": BackoffLimitExceeded"), "{words}");
    assert_eq!((app.notice.as_deref(), app.awaited()), (Some(words.as_str()), 0));
    press(&mut app, &["alt-w"]);
    assert_eq!(app.notice.as_deref(), Some("call me at its end: it has ended"));
    // Another session may not list it.
    let mut app = super::app(&[Row::Job(job("job-indexed"))]);
    press(&mut app, &["alt-w", "0"]);
    assert_eq!(app.awaited(), 0);
    assert!(app.notice.as_deref().is_some_and(|words| words.contains("job/shards")), "{:?}", app.notice);
}

#[test]
fn why_is_told_with_its_evidence_and_a_fix_is_carried_out_by_its_number() {
    let mut app = app(&[Row::Job(job("job-failed")), Row::Pod(pod("pod-failed"))]);
    let effects = press(&mut app, &["x"]);
    assert!(matches!(&effects[..], [Effect::Ask(needs)] if !needs.is_empty()), "{effects:?}");
    let text = page(&app).text.clone();
    assert!(text.contains("exit code 3") && text.contains("status.containerStatuses[main]"), "{text}");
    assert_eq!(press(&mut app, &["x"]), [], "what was asked is not asked again");
    let log = text.lines().find_map(|line| line.trim().strip_suffix("read the log of main")).unwrap().trim().to_owned();
    press(&mut app, &[&log]);
    assert!(app.overlay.is_none() && app.focus == Pane::Logs, "the log is not hidden by the page");
}

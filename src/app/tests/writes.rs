//! Writes from key to effect: what is asked of the server, what is shown of it, and what becomes of it.

use serde_json::json;

use super::*;
use crate::model::fixtures::{accept, prepared, suspension, written};
use crate::model::job::Job;
use crate::model::mutation::{self, Mutation, Prepared, Reason, Refused};

/// The Job that runs, with its pod, and nothing else; the cursor is on the Job.
fn suspendable() -> App {
    app(&[Row::Job(job("job-indexed")), Row::Pod(pod("pod-running"))])
}

fn suspend(is_wanted: bool) -> Mutation {
    suspension(&job("job-indexed"), is_wanted)
}

/// What the server says to the first of them in a dry run.
fn tried(is_wanted: bool) -> Prepared {
    prepared(&suspend(is_wanted))
}

/// Presses the keys, and has the server take what it is asked to try.
fn press_accepted(app: &mut App, keys: &[&str]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys {
        let wanted = press(app, &[key]);
        effects.extend(accept(app, wanted));
    }
    effects
}

fn accepted(app: &mut App, is_wanted: bool) -> Vec<Effect> {
    let outcome = Ok(written(&tried(is_wanted)));
    app.update(Msg::EffectDone { session: app.session, mutation: suspend(is_wanted), outcome })
}

fn review(app: &App) -> &Review {
    match &app.overlay {
        Some(Overlay::Review(review)) => review,
        other => panic!("no review but {other:?}; {:?}", app.notice),
    }
}

/// The Job as the watch tells it after the write.
fn told_suspended(app: &mut App) {
    let mut job = job("job-indexed");
    (job.suspend, job.meta.version) = (true, job.meta.version + 1);
    change(app, Kind::Job, vec![Change::Upsert(Row::Job(job))]);
}

#[test]
fn a_write_that_loses_something_takes_no_enter_and_is_shown_as_under_way_until_the_watch_shows_it() {
    let mut app = suspendable();
    assert_eq!(press_accepted(&mut app, &["s", "enter"]), [], "Enter is no yes");
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("something is lost")), "{:?}", app.notice);
    assert_eq!(press(&mut app, &["esc"]), []);
    assert!(
        app.overlay.is_none() && app.notice.as_deref().is_some_and(|notice| notice.starts_with("nothing was changed"))
    );
    assert_eq!(app.under_way(job("job-indexed").uid()), None);
    let execute = Effect::Execute { session: app.session, writes: vec![tried(true)], stops: false };
    assert_eq!(press_accepted(&mut app, &["s", "z", "y"]), [execute]);
    let uid = job("job-indexed").uid();
    assert_eq!(app.under_way(uid), Some("suspending"));
    assert!(matches!(&accepted(&mut app, true)[..], [Effect::Journal(line)] if line.contains("suspended")));
    assert_eq!(app.under_way(uid), Some("suspending"), "accepted is not done");
    press(&mut app, &["s"]);
    assert!(app.overlay.is_none() && app.notice.as_deref().is_some_and(|notice| notice.contains("under way")));
    told_suspended(&mut app);
    assert_eq!(app.under_way(uid), None);
    assert_eq!(app.notice.as_deref(), Some("suspended job/shards"));
    let execute = Effect::Execute { session: app.session, writes: vec![tried(false)], stops: false };
    assert_eq!(press_accepted(&mut app, &["s", "enter"]), [execute], "to resume loses nothing");
}

#[test]
fn nothing_is_sent_before_the_server_has_tried_it() {
    let mut app = suspendable();
    press(&mut app, &["s", "y"]);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("still being asked")), "{:?}", app.notice);
    assert!(review(&app).page.text.contains("asking the server"));
    press(&mut app, &["esc", "s"]);
    // The answer to the first question says nothing of the second one.
    let outcome = Ok(Box::new(tried(true)));
    app.update(Msg::Prepared { session: app.session, review: 1, at: 0, outcome: outcome.clone() });
    assert!(review(&app).page.text.contains("asking the server"));
    app.update(Msg::Prepared { session: app.session, review: 2, at: 0, outcome });
    let text = &review(&app).page.text;
    for words in [
        "context    prod",
        "namespace  unit-fixtures",
        "dry run    accepted",
        "-   suspend: false",
        "+   suspend: true",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn what_the_server_cannot_try_is_asked_for_with_y_alone() {
    let mut app = app(&[Row::Job(job("job-suspended"))]);
    let effects = press(&mut app, &["s"]);
    let [Effect::Prepare { mutations, .. }] = &effects[..] else { panic!("{effects:?}") };
    let untried = Prepared { untried: Some("webhook x does not".into()), ..prepared(&mutations[0]) };
    app.update(Msg::Prepared { session: app.session, review: 1, at: 0, outcome: Ok(Box::new(untried)) });
    for words in ["dry run    not possible", "cannot try it beforehand: webhook x does not"] {
        assert!(review(&app).page.text.contains(words), "{words} in {}", review(&app).page.text);
    }
    assert_eq!(press(&mut app, &["enter"]), []);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("has not tried it")), "{:?}", app.notice);
    assert!(matches!(press(&mut app, &["y"])[..], [Effect::Execute { .. }]));
}

#[test]
fn of_many_what_is_refused_is_told_before_what_is_done_to_each() {
    let names = ["c", "a", "b"];
    let done = job("job-complete");
    let mut app = app(&names.map(|name| Row::Job(Job { meta: renamed(&done.meta, name), ..done.clone() })));
    let effects = press(&mut app, &["*", "ctrl-d"]);
    let [Effect::Prepare { review: number, mutations }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(mutations.iter().map(|one| one.target.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    for (at, mutation) in mutations.iter().enumerate() {
        let outcome = match at {
            1 => Err(failure(Cause::Denied).into()),
            _ => Ok(Box::new(Prepared { mutation: mutation.clone(), after: None, ..tried(true) })),
        };
        app.update(Msg::Prepared { session: app.session, review: *number, at, outcome });
    }
    let text = &review(&app).page.text;
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    assert!(at("1 of 3 refused") < at("job/b\n") && at("job/b\n") < at("job/a is deleted"), "{text}");
    assert_eq!(text.matches("is forbidden").count(), 1, "{text}");
    assert!(!text.contains("job/b is deleted"), "{text}");
}

#[test]
fn what_the_server_does_not_take_is_shown_and_cannot_be_sent() {
    let mut app = suspendable();
    press(&mut app, &["s"]);
    let failure = Failure { message: "spec.suspend: Invalid value".into(), ..failure(Cause::Other) };
    let refused = Refused {
        failure,
        reason: Reason::Invalid,
        fields: vec![("spec.suspend".into(), "field is immutable".into())],
    };
    app.update(Msg::Prepared { session: app.session, review: 1, at: 0, outcome: Err(refused) });
    for words in ["dry run    refused", "spec.suspend: field is immutable", "r deletes job/shards"] {
        assert!(review(&app).page.text.contains(words), "{words} in {}", review(&app).page.text);
    }
    assert_eq!(press(&mut app, &["y"]), []);
    // As a new one, in its place or beside it.
    let effects = press(&mut app, &["R"]);
    let [Effect::Prepare { mutations, .. }] = &effects[..] else { panic!("{effects:?}") };
    let patch = json!({ "spec": { "suspend": true } });
    let rerun = mutation::Change::Rerun { name: "shards-rerun".into(), keeps_owner: false, patch };
    assert_eq!(mutations[0].change, rerun);
}

#[test]
fn a_protected_context_wants_its_name_typed() {
    let mut app = suspendable();
    app.protected = vec!["pr*d".into()];
    assert_eq!(press_accepted(&mut app, &["s", "y", "enter"]), []);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("type the context's name, prod")));
    press(&mut app, &["backspace"]);
    assert!(matches!(press(&mut app, &["p", "r", "o", "d", "enter"])[..], [Effect::Execute { .. }]));
    // While the name is typed, what can be chosen is chosen with alt.
    let mut app = suspendable();
    app.protected = vec!["prod".into()];
    press(&mut app, &["ctrl-d", "alt-c"]);
    let cascade = mutation::Change::Delete(mutation::Cascade::Foreground);
    assert_eq!(review(&app).plan.mutations[0].change, cascade);
    assert_eq!(press(&mut app, &["alt-y"]), [], "that is no name");
    assert_eq!(review(&app).prompt.as_ref().map(Prompt::text), Some(""));
}

#[test]
fn the_last_change_is_taken_back() {
    let mut app = suspendable();
    press(&mut app, &["u"]);
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("nothing was changed")), "{:?}", app.notice);
    press_accepted(&mut app, &["s", "y"]);
    accepted(&mut app, true);
    told_suspended(&mut app);
    let effects = press(&mut app, &["u"]);
    let [Effect::Prepare { mutations, .. }] = &effects[..] else { panic!("{effects:?}") };
    let patch = json!({ "spec": { "suspend": false } });
    assert_eq!(mutations[0].change, mutation::Change::Merge { patch, version: None });
}

#[test]
fn words_that_a_command_needs_are_asked_for_and_judged_as_they_are_typed() {
    let mut app = suspendable();
    press(&mut app, &["alt-p"]);
    let told = |app: &App| match &app.overlay {
        Some(Overlay::Ask(ask)) => ask.told.clone(),
        other => panic!("{other:?}"),
    };
    assert!(told(&app).is_err_and(|why| why.contains("already")), "what is so at present is offered");
    typed(&mut app, "x");
    assert!(told(&app).is_err_and(|why| why.contains("no number")));
    press(&mut app, &["enter"]);
    assert!(matches!(app.overlay, Some(Overlay::Ask(_))), "it stays until it can be meant");
    press(&mut app, &["backspace", "backspace"]);
    typed(&mut app, "1");
    assert!(told(&app).is_ok_and(|effects| effects[0].contains("up to 1 pods at once")), "{:?}", told(&app));
    assert!(matches!(press(&mut app, &["enter"])[..], [Effect::Prepare { .. }]));
}

#[test]
fn all_that_the_filter_shows_are_marked_and_unmarked() {
    let mut app = app(&[Row::Job(job("job-quota")), Row::Job(job("job-complete")), Row::Job(job("job-indexed"))]);
    press(&mut app, &["*"]);
    assert_eq!(app.marked().count(), 3);
    press(&mut app, &["*"]);
    assert_eq!(app.marked().count(), 0);
    press(&mut app, &["/"]);
    typed(&mut app, "shards");
    press(&mut app, &["enter", "*"]);
    assert_eq!(app.marked().collect::<Vec<_>>(), [job("job-indexed").uid()]);
}

#[test]
fn a_refused_write_is_told_with_the_servers_words_until_it_is_read() {
    let mut app = suspendable();
    press_accepted(&mut app, &["s", "y", ":"]);
    let outcome = Err(Failure { hint: "ask for a role".into(), ..failure(Cause::Denied) }.into());
    app.update(Msg::EffectDone { session: app.session, mutation: suspend(true), outcome: outcome.clone() });
    app.settle();
    assert!(matches!(app.overlay, Some(Overlay::Palette(_))), "nobody is torn out of what they type");
    press(&mut app, &["esc"]);
    for words in ["Suspend job/shards", "pods is forbidden", "ask for a role"] {
        assert!(page(&app).text.contains(words), "{words} in {}", page(&app).text);
    }
    assert_eq!(app.under_way(job("job-indexed").uid()), None);
    app.update(Msg::EffectDone { session: app.session, mutation: suspend(false), outcome });
    app.settle();
    assert!(page(&app).text.contains("Resume job/shards") && page(&app).title.starts_with("2 writes"));
    press(&mut app, &["esc"]);
    assert!(app.overlay.is_none(), "read once is enough");
}

#[test]
fn a_write_that_the_watch_never_shows_is_told_as_not_confirmed() {
    let mut app = suspendable();
    press_accepted(&mut app, &["s", "y"]);
    accepted(&mut app, true);
    app.update(Msg::Tick(now().plus_seconds(29)));
    app.settle();
    assert!(app.under_way(job("job-indexed").uid()).is_some() && app.overlay.is_none());
    app.update(Msg::Tick(now().plus_seconds(30)));
    app.settle();
    assert!(page(&app).text.contains("Not confirmed"), "{}", page(&app).text);
    assert_eq!(app.under_way(job("job-indexed").uid()), None);
}

#[test]
fn a_switch_of_session_tells_of_writes_that_were_not_seen() {
    let mut app = suspendable();
    press_accepted(&mut app, &["s", "y", "0"]);
    assert!(page(&app).text.contains("suspend job/shards in prod was sent"), "{}", page(&app).text);
    press(&mut app, &["esc"]);
    let outcome = Err(failure(Cause::Denied).into());
    app.update(Msg::EffectDone { session: Session::default(), mutation: suspend(true), outcome });
    app.settle();
    assert!(page(&app).text.contains("pods is forbidden"), "a refusal of the old session is a fact still");
}

#[test]
fn read_only_says_why_and_asks_nothing() {
    let mut app = suspendable();
    app.is_read_only = true;
    assert_eq!(press(&mut app, &["s"]), []);
    assert!(app.overlay.is_none());
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("read-only")), "{:?}", app.notice);
    press(&mut app, &[":"]);
    typed(&mut app, "suspend");
    let Some(Overlay::Palette(palette)) = &app.overlay else { panic!("no palette") };
    assert!(palette.entries[0].why_not.as_deref().is_some_and(|why| why.contains("read-only")));
}

#[test]
fn marked_jobs_are_written_together_and_those_that_cannot_be_are_left_out() {
    let mut app = app(&[Row::Job(job("job-quota")), Row::Job(job("job-complete")), Row::Job(job("job-indexed"))]);
    press_accepted(&mut app, &["g", "space", "j", "space", "j", "space", "s"]);
    assert_eq!((review(&app).plan.mutations.len(), review(&app).plan.warnings.len()), (2, 1));
    let effects = press(&mut app, &["x", "y"]);
    assert!(matches!(&effects[..], [Effect::Execute { writes, stops: true, .. }] if writes.len() == 2));
    assert_eq!(app.marked().count(), 1, "what was not written is marked still");
}

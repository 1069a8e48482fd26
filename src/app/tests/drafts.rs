//! Texts under edit from key to effect: opened, typed, kept, reviewed, refused, made one with another's change.

use serde_json::{Value, json};

use super::*;
use crate::app::SavedDraft;
use crate::app::draft::Opening;
use crate::command::Write;
use crate::manifest::lint::named;
use crate::manifest::{Severity, Template};
use crate::model::fixtures::{accept, text, written};
use crate::model::mutation::{Change as Meant, Mutation, Prepared, Reason, Refused};

/// The CronJob of the fixture as the server has it.
fn live() -> Value {
    serde_json::from_str(&text("cronjob")).unwrap()
}

/// The editor is open on the CronJob.
fn editing() -> App {
    let mut app = app(&[Row::CronJob(cronjob("cronjob"))]);
    let effects = press(&mut app, &["1", "e"]);
    let key = cronjob("cronjob").key();
    assert!(effects.contains(&Effect::Fetch(key.clone())) && effects.contains(&Effect::ReadSchemas), "{effects:?}");
    app.update(Msg::Fetched { session: app.session, key, object: Ok(live()) });
    app.settle();
    app
}

fn draft(app: &App) -> &crate::app::Draft {
    match &app.overlay {
        Some(Overlay::Editor(draft)) => draft,
        other => panic!("no editor but {other:?}; {:?}", app.notice),
    }
}

/// Puts the cursor behind these words, and types others.
fn type_behind(app: &mut App, words: &str, more: &str) -> Vec<Effect> {
    press(app, &["ctrl-f"]);
    typed(app, words);
    press(app, &["enter", "esc", "end"]);
    let keys: Vec<String> = more.chars().map(|one| if one == ' ' { "space".into() } else { one.to_string() }).collect();
    press(app, &keys.iter().map(String::as_str).collect::<Vec<_>>())
}

fn mutation(effects: &[Effect]) -> &Mutation {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Prepare { mutations, .. } => mutations.first(),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{effects:?}"))
}

#[test]
fn what_was_changed_alone_is_sent_on_the_version_that_was_edited() {
    let mut app = editing();
    let text = draft(&app).editor.text();
    assert!(!text.contains("status:") && !text.contains("resourceVersion"), "{text}");
    press(&mut app, &["ctrl-s"]);
    assert_eq!(draft(&app).editor.notice.as_deref(), Some("nothing was changed"));
    type_behind(&mut app, "concurrencyPolicy", "");
    let effects = press(&mut app, &["ctrl-k", "ctrl-s"]);
    let patch = json!({ "spec": { "concurrencyPolicy": null } });
    let version = live()["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    assert_eq!(mutation(&effects).change, Meant::Merge { patch, version });
    press(&mut app, &["esc"]);
    assert!(!draft(&app).editor.text().contains("concurrencyPolicy"), "the text is there again");
}

#[test]
fn next_runs_are_told_where_the_cursor_is_on_the_schedule() {
    let mut app = editing();
    assert_eq!(draft(&app).editor.outlook(), None);
    type_behind(&mut app, "schedule:", "");
    let next = |app: &App| draft(app).editor.outlook().cloned().expect("it is told").map(|outlook| outlook.next);
    let first = next(&app).unwrap();
    assert_eq!(first.len(), 5);
    app.update(Msg::Tick(app.now.plus_seconds(60)));
    assert_eq!(next(&app).unwrap()[..4], first[1..], "a minute went by");
    press(&mut app, &["x"]);
    assert!(next(&app).unwrap_err().contains('x'), "as it is typed");
    press(&mut app, &["ctrl-home"]);
    assert_eq!(draft(&app).editor.outlook(), None);
}

#[test]
fn what_is_typed_while_the_object_is_fetched_goes_into_the_text() {
    let mut app = app(&[Row::CronJob(cronjob("cronjob"))]);
    // On the list they are commands.
    press(&mut app, &["1", "e", "#", "s", "esc"]);
    assert!(app.overlay.is_none(), "esc gives it up");
    press(&mut app, &["e", "#", "s"]);
    app.update(Msg::Paste("paste".into()));
    let effects = app.update(Msg::Fetched { session: app.session, key: cronjob("cronjob").key(), object: Ok(live()) });
    assert!(draft(&app).editor.text().starts_with("#spasteapiVersion"), "{}", draft(&app).editor.text());
    assert!(effects.iter().all(|effect| matches!(effect, Effect::SaveDraft { .. })), "{effects:?}");
}

#[test]
fn a_text_is_kept_as_it_is_typed_and_no_more_once_it_is_done_with() {
    let mut app = editing();
    let effects = type_behind(&mut app, "failedJobsHistoryLimit", "0");
    let Some(Effect::SaveDraft { name, content }) = effects.last() else { panic!("{effects:?}") };
    let kept: Value = serde_json::from_str(content).unwrap();
    assert_eq!((&kept["purpose"], &kept["text"]), (&json!("edit"), &json!(draft(&app).editor.text())));
    let name = name.clone();
    let effects = press(&mut app, &["ctrl-s"]);
    let mutation = mutation(&effects).clone();
    accept(&mut app, effects);
    press(&mut app, &["enter"]);
    let outcome = Ok(written(&crate::model::fixtures::prepared(&mutation)));
    let effects = app.update(Msg::EffectDone { session: app.session, mutation, outcome });
    assert!(effects.contains(&Effect::DropDraft(name)), "{effects:?}");
    // After a crash it is offered again.
    let mut app = super::app(&[Row::CronJob(cronjob("cronjob"))]);
    app.desk.saved = vec![SavedDraft { name: "1-1".into(), content: kept.clone() }];
    press(&mut app, &["alt-o"]);
    assert_eq!(draft(&app).editor.text(), kept["text"]);
    assert!(matches!(press(&mut app, &["ctrl-s"])[..], [Effect::Prepare { .. }]), "it is still an edit of the object");
}

#[test]
fn of_several_drafts_one_is_chosen_the_newest_first() {
    let mut app = super::app(&[Row::CronJob(cronjob("cronjob"))]);
    let minute = 60_000_000_000;
    app.desk.saved = [(180, "Edit cronjob/old  data"), (2, "Edit job/new  data")]
        .map(|(minutes, title)| SavedDraft {
            name: format!("{}-1", app.now.nanos() - minutes * minute),
            content: json!({ "title": title, "context": "prod-eu", "text": format!("# {title}\n"), "purpose": "apply" }),
        })
        .into();
    let names: Vec<String> = app.desk.saved.iter().map(|draft| draft.name.clone()).collect();
    press(&mut app, &[":"]);
    typed(&mut app, "drafts");
    press(&mut app, &["enter"]);
    let Some(Overlay::Palette(palette)) = &app.overlay else { panic!("{:?}", app.overlay) };
    let shown: Vec<(&str, &str)> =
        palette.entries.iter().take(4).map(|entry| (entry.label.as_str(), entry.about.as_str())).collect();
    let expected = [
        ("draft Edit job/new  data", "begun 2m ago in prod-eu"),
        ("draft Edit cronjob/old  data", "begun 3h ago in prod-eu"),
        ("discard draft Edit job/new  data", "begun 2m ago in prod-eu"),
        ("discard draft Edit cronjob/old  data", "begun 3h ago in prod-eu"),
    ];
    assert_eq!(shown, expected);
    press(&mut app, &["down", "enter"]);
    assert_eq!(draft(&app).editor.text(), "# Edit cronjob/old  data\n");
    press(&mut app, &["esc", "k", "alt-o"]);
    typed(&mut app, "discard new");
    let effects = press(&mut app, &["enter"]);
    assert_eq!(effects, [Effect::DropDraft(names[1].clone())]);
    press(&mut app, &["alt-o"]);
    assert_eq!(draft(&app).editor.text(), "# Edit cronjob/old  data\n", "the only one is opened at once");
}

#[test]
fn what_is_pasted_is_applied() {
    let mut app = app(&[]);
    press(&mut app, &[":"]);
    typed(&mut app, "apply -");
    press(&mut app, &["enter"]);
    app.update(Msg::Paste("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pasted\n".into()));
    let effects = press(&mut app, &["ctrl-s"]);
    assert_eq!(mutation(&effects).target.name, "pasted");
}

#[test]
fn leaving_with_changes_asks() {
    let mut app = editing();
    press(&mut app, &["esc"]);
    assert!(app.overlay.is_none(), "nothing was changed");
    let mut app = editing();
    type_behind(&mut app, "failedJobsHistoryLimit", "0");
    press(&mut app, &["esc"]);
    assert!(draft(&app).editor.notice.as_deref().is_some_and(|notice| notice.contains("d discards it")));
    press(&mut app, &["esc"]);
    assert!(draft(&app).editor.notice.is_none(), "it goes on");
    assert!(matches!(press(&mut app, &["esc", "d"])[..], [Effect::DropDraft(_)]));
    assert!(app.overlay.is_none() && app.desk.saved.is_empty());
}

#[test]
fn a_change_by_somebody_else_is_taken_in_and_told() {
    let mut app = editing();
    type_behind(&mut app, "failedJobsHistoryLimit", "0");
    let effects = press(&mut app, &["ctrl-s"]);
    let Some(Effect::Prepare { review, .. }) = effects.last() else { panic!("{effects:?}") };
    let refused = Refused { failure: failure(Cause::Other), reason: Reason::Changed, fields: Vec::new() };
    let effects = app.update(Msg::Prepared { session: app.session, review: *review, at: 0, outcome: Err(refused) });
    let key = cronjob("cronjob").key();
    assert_eq!(effects, [Effect::Fetch(key.clone())]);
    let mut other = live();
    other["spec"]["schedule"] = json!("1 2 3 4 5");
    other["metadata"]["resourceVersion"] = json!("99999999");
    app.update(Msg::Fetched { session: app.session, key, object: Ok(other) });
    let text = draft(&app).editor.text();
    assert!(text.contains("schedule: 1 2 3 4 5") && text.contains("failedJobsHistoryLimit: 10"), "{text}");
    let notice = draft(&app).editor.notice.clone().unwrap();
    assert!(notice.contains("somebody changed spec.schedule meanwhile"), "{notice}");
    let effects = press(&mut app, &["ctrl-s"]);
    let patch = json!({ "spec": { "failedJobsHistoryLimit": 10 } });
    assert_eq!(mutation(&effects).change, Meant::Merge { patch, version: Some("99999999".into()) });
}

#[test]
fn a_value_that_is_wrong_is_not_told_to_be_fixed() {
    let mut app = editing();
    type_behind(&mut app, "failedJobsHistoryLimit", "0");
    for (why, is_told) in [("must be greater than 0", false), ("field is immutable", true)] {
        let effects = press(&mut app, &["ctrl-s"]);
        let Some(Effect::Prepare { review, .. }) = effects.last() else { panic!("{effects:?}") };
        app.update(Msg::Prepared { session: app.session, review: *review, at: 0, outcome: Err(refusal(why)) });
        let Some(Overlay::Review(shown)) = &app.overlay else { panic!("{:?}", app.overlay) };
        assert_eq!(shown.page.text.contains("makes it anew"), is_told, "{}", shown.page.text);
        assert!(!shown.page.text.contains("new Job"), "it is a CronJob: {}", shown.page.text);
        press(&mut app, &["R"]);
        assert_eq!(app.notice.as_deref(), Some("it is no Job"));
        press(&mut app, &["esc"]);
    }
}

#[test]
fn a_broken_text_stays_and_says_its_line() {
    let mut app = editing();
    type_behind(&mut app, "failedJobsHistoryLimit", ": [");
    assert_eq!(press(&mut app, &["ctrl-s"]), []);
    let notice = draft(&app).editor.notice.clone().unwrap();
    assert!(notice.starts_with("line "), "{notice}");
    assert!(!draft(&app).editor.problems().is_empty());
}

#[test]
fn another_object_is_no_edit_of_this_one() {
    let mut app = editing();
    type_behind(&mut app, "kind: CronJob", "s");
    press(&mut app, &["ctrl-s"]);
    let notice = draft(&app).editor.notice.clone().unwrap();
    assert!(notice.contains("kind, name and namespace cannot be changed"), "{notice}");
}

#[test]
fn what_cannot_be_changed_on_this_job_is_marked_before_it_is_sent() {
    let running = job("job-indexed");
    let mut app = app(&[Row::Job(running.clone())]);
    press(&mut app, &["e"]);
    let object = serde_json::from_str(&text("job-indexed")).unwrap();
    app.update(Msg::Fetched { session: app.session, key: running.key(), object: Ok(object) });
    app.settle();
    let lines = draft(&app).editor.lines().to_vec();
    let image = lines.iter().position(|line| line.contains("image:")).unwrap();
    assert!(draft(&app).editor.frozen(image).is_some(), "{lines:?}");
    let limit = lines.iter().position(|line| line.contains("backoffLimit:")).unwrap();
    assert!(draft(&app).editor.frozen(limit).is_none());
}

#[test]
fn a_template_is_filled_in_before_it_is_applied() {
    let mut app = app(&[Row::Job(job("job-indexed"))]);
    app.desk.templates = vec![Template {
        name: "mine".into(),
        text: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{name:x}}\n  namespace: data\n".into(),
    }];
    press(&mut app, &[":"]);
    typed(&mut app, "template mine");
    press(&mut app, &["enter"]);
    press(&mut app, &["ctrl-s"]);
    assert!(draft(&app).editor.notice.as_deref().is_some_and(|notice| notice.contains("placeholder")));
    typed(&mut app, "settings");
    let effects = press(&mut app, &["ctrl-s"]);
    let mutation = mutation(&effects);
    assert!(matches!(&mutation.change, Meant::Apply { is_forced: false, .. }), "{mutation:?}");
    assert_eq!(mutation.target.to_string(), "configmap/settings");
}

/// A review of three ConfigMaps; the number of the review, and what it plans.
fn applying() -> (App, u32, Vec<Mutation>) {
    let mut app = app(&[Row::Job(job("job-indexed"))]);
    let document = |name: &str| format!("# {name}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let text = Ok(["a", "b", "c"].map(document).join("---\n"));
    app.update(Msg::ManifestsRead { title: "x.yaml".into(), text });
    let effects = press(&mut app, &["ctrl-s"]);
    let Some(Effect::Prepare { review, mutations }) = effects.into_iter().next() else { panic!("nothing is tried") };
    (app, review, mutations)
}

fn tried(mutation: &Mutation) -> Box<Prepared> {
    let Meant::Apply { object, .. } = &mutation.change else { panic!("{mutation:?}") };
    let (sent, after) = (Some(object.clone()), Some(object.clone()));
    let (warnings, requests) = (Vec::new(), Vec::new());
    Box::new(Prepared { mutation: mutation.clone(), before: None, sent, after, untried: None, warnings, requests })
}

fn refusal(message: &str) -> Refused {
    let failure = crate::model::delta::Failure { message: message.into(), ..failure(Cause::Other) };
    Refused { failure, reason: Reason::Invalid, fields: Vec::new() }
}

#[test]
fn only_what_was_not_applied_comes_back() {
    let (mut app, review, mutations) = applying();
    let session = app.session;
    for (at, mutation) in mutations.iter().enumerate() {
        app.update(Msg::Prepared { session, review, at, outcome: Ok(tried(mutation)) });
    }
    press(&mut app, &["enter"]);
    let done = |mutation: &Mutation| Ok(written(&tried(mutation)));
    app.update(Msg::EffectDone { session, mutation: mutations[2].clone(), outcome: done(&mutations[2]) });
    let refused = Err(refusal("no room for b"));
    app.update(Msg::EffectDone { session, mutation: mutations[1].clone(), outcome: refused });
    assert!(app.overlay.is_none(), "one is still to be answered");
    let effects = app.update(Msg::EffectDone { session, mutation: mutations[0].clone(), outcome: done(&mutations[0]) });
    let left = "# b\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    assert_eq!(draft(&app).editor.text(), left);
    assert_eq!(draft(&app).editor.notice.as_deref(), Some("2 of 3 were applied; these remain: no room for b"));
    let is_kept = |effect: &Effect| matches!(effect, Effect::SaveDraft { content, .. } if content.contains("# b") && !content.contains("# a"));
    assert!(effects.iter().any(is_kept), "{effects:?}");
    press(&mut app, &["ctrl-z"]);
    assert!(draft(&app).editor.text().contains("# a"), "it can be taken back");
}

#[test]
fn what_the_dry_run_refused_comes_back_and_nothing_goes_where_nothing_was_applied() {
    let (mut app, review, mutations) = applying();
    let session = app.session;
    app.update(Msg::Prepared { session, review, at: 0, outcome: Err(refusal("a is wrong")) });
    for at in [1, 2] {
        app.update(Msg::Prepared { session, review, at, outcome: Ok(tried(&mutations[at])) });
    }
    press(&mut app, &["enter"]);
    for mutation in [&mutations[1], &mutations[2]] {
        let outcome = Ok(written(&tried(mutation)));
        app.update(Msg::EffectDone { session, mutation: mutation.clone(), outcome });
    }
    assert!(draft(&app).editor.text().starts_with("# a") && !draft(&app).editor.text().contains("# b"));
    assert_eq!(draft(&app).editor.notice.as_deref(), Some("2 of 3 were applied; these remain"));
    let (mut app, review, mutations) = applying();
    let text = app.desk.away.as_ref().unwrap().editor.text();
    for (at, mutation) in mutations.iter().enumerate() {
        app.update(Msg::Prepared { session, review, at, outcome: Ok(tried(mutation)) });
    }
    press(&mut app, &["enter"]);
    for mutation in mutations {
        app.update(Msg::EffectDone { session, mutation, outcome: Err(refusal("no")) });
    }
    assert_eq!(draft(&app).editor.text(), text);
    assert_eq!(draft(&app).editor.notice.as_deref(), Some("nothing was applied: no"));
}

#[test]
fn drafts_of_secrets_are_kept_nowhere() {
    let mut app = app(&[Row::Job(job("job-indexed"))]);
    let text = Ok("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hidden}\n".into());
    app.update(Msg::ManifestsRead { title: "s.yaml".into(), text });
    let effects = press(&mut app, &["x"]);
    assert_eq!(effects, [], "nothing is written");
    press(&mut app, &["esc", "k"]);
    assert!(app.desk.saved.is_empty());
}

#[test]
fn a_run_with_changes_has_them_in_its_containers_alone() {
    let mut app = app(&[Row::CronJob(cronjob("cronjob"))]);
    press(&mut app, &["1", "alt-t"]);
    app.update(Msg::Fetched { session: app.session, key: cronjob("cronjob").key(), object: Ok(live()) });
    app.settle();
    type_behind(&mut app, "image", "-next");
    let effects = press(&mut app, &["ctrl-s"]);
    let Meant::Trigger { patch, .. } = &mutation(&effects).change else { panic!("{effects:?}") };
    let image = patch["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.ends_with("-next"), "{patch}");
}

#[test]
fn what_comes_back_from_the_users_own_editor_is_the_text() {
    let mut app = editing();
    let effects = press(&mut app, &["ctrl-e"]);
    assert_eq!(effects, [Effect::EditOutside(draft(&app).editor.text())]);
    app.update(Msg::EditedOutside(Ok("apiVersion: v1\n".into())));
    assert_eq!(draft(&app).editor.text(), "apiVersion: v1\n");
    app.update(Msg::EditedOutside(Err("vi ended with a failure".into())));
    assert!(draft(&app).editor.notice.as_deref().is_some_and(|notice| notice.contains("vi")));
}

/// What is told of the text, errors and warnings.
fn told(app: &App) -> Vec<String> {
    let problems = draft(app).editor.problems().iter().filter(|one| one.severity > Severity::Note);
    problems.map(|one| format!("{}: {}", one.place.line + 1, one.message)).collect()
}

/// The line of the text with these words.
fn line_with(app: &App, words: &str) -> Option<usize> {
    draft(app).editor.lines().iter().position(|line| line.contains(words)).map(|line| line + 1)
}

#[test]
fn what_will_hurt_is_told_as_it_is_typed_and_mended_in_one_step() {
    let mut app = editing();
    assert!(!told(&app).iter().any(|one| one.contains("L042")), "{:?}", told(&app));
    type_behind(&mut app, "startingDeadlineSeconds: 200", "");
    press(&mut app, &["backspace", "backspace"]);
    let line = line_with(&app, "startingDeadlineSeconds: 2").unwrap();
    let found = format!("{line}: L042 a controller that is busy for 2 s leaves the run out");
    assert!(told(&app).contains(&found), "{:?}", told(&app));
    let before = draft(&app).editor.text();
    press(&mut app, &["alt-."]);
    assert_eq!(draft(&app).editor.text(), before.replace("Seconds: 2\n", "Seconds: 60\n"));
    assert!(!told(&app).iter().any(|one| one.contains("L042")));
    press(&mut app, &["ctrl-z"]);
    assert_eq!(draft(&app).editor.text(), before);
    assert!(told(&app).contains(&found));
}

#[test]
fn fixes_of_one_line_are_made_one_after_the_other() {
    let mut app = editing();
    type_behind(&mut app, "jobTemplate:", "");
    press(&mut app, &["down", "down", "alt-."]);
    let limits = |app: &App| ["activeDeadlineSeconds:", "backoffLimit:"].map(|field| line_with(app, field).is_some());
    assert_eq!(limits(&app), [true, false], "{}", draft(&app).editor.text());
    assert!(
        draft(&app).editor.notice.as_deref().is_some_and(|told| told.starts_with("set spec.activeDeadlineSeconds to "))
    );
}

#[test]
fn rules_that_are_switched_off_say_nothing() {
    let mut app = editing();
    let is_told = |app: &App| told(app).iter().any(|one| one.contains("L020"));
    assert!(is_told(&app));
    app.lint_off = vec![named("L020").unwrap()];
    press(&mut app, &["#"]);
    assert!(!is_told(&app), "{:?}", told(&app));
}

#[test]
fn nothing_is_advised_that_a_live_job_cannot_have_any_more() {
    let mut app = app(&[Row::Job(job("job-quota"))]);
    press(&mut app, &["2", "e"]);
    let object = serde_json::from_str(&text("job-quota")).unwrap();
    app.update(Msg::Fetched { session: app.session, key: job("job-quota").key(), object: Ok(object) });
    let ids: Vec<String> = told(&app).iter().filter_map(|one| Some(one.split(' ').nth(1)?.to_owned())).collect();
    assert!(ids.contains(&"L020".to_owned()) && ids.contains(&"L021".to_owned()), "{ids:?}");
    for id in ["L009", "L071", "L061", "L070", "L080", "L082"] {
        assert!(!ids.contains(&id.to_owned()), "{ids:?}");
    }
}

/// These words were run in the palette, and the CronJob under the cursor has come.
fn run_by_name(words: &str) -> (App, Vec<Effect>) {
    let mut app = app(&[Row::CronJob(cronjob("cronjob"))]);
    press(&mut app, &["1", ":"]);
    typed(&mut app, words);
    press(&mut app, &["enter"]);
    let key = cronjob("cronjob").key();
    let effects = app.update(Msg::Fetched { session: app.session, key, object: Ok(live()) });
    app.settle();
    (app, effects)
}

#[test]
fn a_change_that_is_named_stands_in_the_text_with_the_cursor_on_it() {
    let (mut app, _) = run_by_name("edit spec.concurrencyPolicy=Replace");
    let editor = &draft(&app).editor;
    assert!(editor.lines()[editor.cursor().0].ends_with("concurrencyPolicy: Replace"), "{:?}", editor.cursor());
    assert!(editor.is_changed());
    let effects = press(&mut app, &["ctrl-s"]);
    let Meant::Merge { patch, .. } = &mutation(&effects).change else { panic!("{effects:?}") };
    assert_eq!(*patch, json!({ "spec": { "concurrencyPolicy": "Replace" } }));
}

#[test]
fn what_does_not_fit_the_object_is_refused_and_opens_nothing() {
    let (app, _) = run_by_name("edit spec.jobTemplate.spec.template.spec.containers[name=none].image=a");
    assert!(app.overlay.is_none());
    assert!(app.notice.as_deref().is_some_and(|why| why.contains("has none whose name is none")), "{:?}", app.notice);
}

#[test]
fn a_run_with_a_change_that_no_form_has_is_shown_at_once() {
    let mut app = app(&[Row::CronJob(cronjob("cronjob"))]);
    let key = cronjob("cronjob").key();
    let opening = |changes: &str| Opening::Form(Write::Trigger, changes.to_owned());
    let fetched = |app: &App| Msg::Fetched { session: app.session, key: cronjob("cronjob").key(), object: Ok(live()) };
    let uid = cronjob("cronjob").meta.uid;
    drop(app.open_editor_of(key.clone(), uid, opening("spec.jobTemplate.spec.backoffLimit=0")));
    // What is typed meanwhile must not answer the question whether to send it.
    press(&mut app, &["y"]);
    let effects = app.update(fetched(&app));
    let Meant::Trigger { patch, .. } = &mutation(&effects).change else { panic!("{effects:?}") };
    assert_eq!(*patch, json!({ "spec": { "backoffLimit": 0 } }));
    assert!(matches!(app.overlay, Some(Overlay::Review(_))), "it waits for a yes");
    app.overlay = None;
    let container = live()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["name"].clone();
    let image =
        format!("spec.jobTemplate.spec.template.spec.containers[name={}].image=other:2", container.as_str().unwrap());
    drop(app.open_editor_of(key, uid, opening(&image)));
    app.update(fetched(&app));
    let editor = &draft(&app).editor;
    assert!(editor.lines()[editor.cursor().0].ends_with("image: other:2"), "{}", editor.text());
}

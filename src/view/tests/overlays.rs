//! What lies over the dashboard, as text: pages, the palette with its states and reasons, questions.

use serde_json::{Value, json};

use super::*;
use crate::app::Effect;
use crate::model::fixtures::{accept, prepared, text};
use crate::model::key::ObjectKey;
use crate::model::mutation::Reason;

/// The object that the open page asked for is here.
pub(super) fn fetched(app: &mut App, object: Value) {
    let Some(crate::app::Overlay::Page(page)) = &app.overlay else { panic!("no page is open") };
    let key: ObjectKey = page.object.as_ref().unwrap().key.clone();
    app.update(Msg::Fetched { session: app.session, key, object: Ok(object) });
    app.settle();
}

/// Presses the keys, and has the server take what it is asked to try.
fn press_accepted(app: &mut App, keys: &[&str]) {
    for key in keys {
        let mut effects = app.update(Msg::Key(Key::from(*key)));
        effects.extend(app.settle());
        accept(app, effects);
    }
}

fn fixture(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

#[test]
fn yaml_page_waits_and_shows_and_marks_what_is_looked_for() {
    let mut app = busy_app();
    press(&mut app, &["y"]);
    check("yaml-fetching", &draw(&mut app, (80, 10), &COLOUR));
    fetched(&mut app, fixture("job-indexed"));
    check("yaml", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["/"]);
    typed(&mut app, "batch");
    let screen = draw(&mut app, (80, 24), &COLOUR);
    check("yaml-search", &screen);
    let marked = screen.buffer().content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED));
    let marked: String = marked.map(|cell| cell.symbol()).collect();
    assert!(marked.starts_with("batch"), "{marked}");
    press(&mut app, &["enter", "w", "l", "l"]);
    check("yaml-sideways", &draw(&mut app, (40, 12), &COLOUR));
}

#[test]
fn describe_pages_of_every_kind() {
    for (goto, name, size) in [
        ("job/shards", "job-indexed", (120, 40)),
        ("cronjob/ticker", "cronjob", (120, 40)),
        ("pod/hungry", "pod-oom", (120, 40)),
        ("job/shards", "job-indexed", (80, 24)),
    ] {
        let mut app = busy_app();
        press(&mut app, &[":"]);
        typed(&mut app, goto);
        press(&mut app, &["enter", "d"]);
        fetched(&mut app, fixture(name));
        check(&format!("describe-{name}-{}x{}", size.0, size.1), &draw(&mut app, size, &COLOUR));
    }
    let mut app = busy_app();
    press(&mut app, &[":"]);
    typed(&mut app, "job/settle");
    press(&mut app, &["enter", "5", "d"]);
    fetched(&mut app, fixture("event-quota"));
    check("describe-event", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn palette_shows_states_keys_and_reasons() {
    let mut app = busy_app();
    app.contexts = vec!["prod-eu".into(), "staging".into()];
    press(&mut app, &[":"]);
    for size in [(120, 40), (80, 24)] {
        check(&format!("palette-{}x{}", size.0, size.1), &draw(&mut app, size, &COLOUR));
    }
    typed(&mut app, "s");
    check("palette-typed", &draw(&mut app, (120, 40), &COLOUR));
    typed(&mut app, "hards");
    check("palette-object", &draw(&mut app, (80, 24), &COLOUR));
    check("palette-small", &draw(&mut app, (40, 10), &COLOUR));
    typed(&mut app, "zzz");
    check("palette-nothing", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn drafts_are_listed_to_open_or_to_discard_one() {
    let mut app = busy_app();
    let draft = |minutes: i64, title: &str| crate::app::SavedDraft {
        name: format!("{}-1", now().plus_seconds(-60 * minutes).nanos()),
        content: json!({ "title": title, "context": "prod-eu", "text": "x" }),
    };
    let hostile = "Edit \u{1b}[31mjob/settle-2990\u{202e}  payments";
    app.desk.saved = vec![
        draft(2000, "New from template one-shot"),
        draft(95, hostile),
        draft(1, "Edit cronjob/nightly-report  data"),
    ];
    press(&mut app, &["alt-o"]);
    for size in [(120, 40), (80, 24)] {
        check(&format!("palette-drafts-{}x{}", size.0, size.1), &draw(&mut app, size, &COLOUR));
    }
}

#[test]
fn questions_say_where_and_what_is_lost() {
    let mut app = busy_app();
    press_accepted(&mut app, &["s"]);
    for size in [(120, 40), (80, 24), (40, 10)] {
        check(&format!("review-{}x{}", size.0, size.1), &draw(&mut app, size, &COLOUR));
    }
    press(&mut app, &["y"]);
    let screen = draw(&mut app, (120, 40), &COLOUR);
    assert_eq!(style_of(&screen, "suspending").0, Color::Cyan);
    press_accepted(&mut app, &["g", "space", "j", "space", "j", "j", "space", "s"]);
    check("review-many", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["esc"]);
    let screen = draw(&mut app, (80, 24), &COLOUR);
    assert_eq!(style_of(&screen, "✗ flaky"), (Color::Red, true), "a mark takes no colour away");
    check("marked", &screen);
}

#[test]
fn before_and_after_stand_side_by_side_where_there_is_room() {
    let mut app = busy_app();
    let effects = app.update(Msg::Key(Key::from("s")));
    let Some(Effect::Prepare { review, mutations }) = effects.into_iter().next() else { panic!("nothing is tried") };
    let before = fixture("job-indexed");
    let mut sent = before.clone();
    sent["spec"]["parallelism"] = json!(1);
    sent["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.example.com/shards/worker:2.8.0");
    sent["spec"]["template"]["spec"]["containers"][0]["args"] =
        json!(["a long argument ".repeat(12), "漢字", "\u{1b}[2J"]);
    sent["spec"].as_object_mut().unwrap().remove("completionMode");
    let mut after = sent.clone();
    after["spec"]["podReplacementPolicy"] = json!("Failed");
    let mut prepared = prepared(&mutations[0]);
    (prepared.before, prepared.sent, prepared.after) = (Some(before), Some(sent), Some(after));
    app.update(Msg::Prepared { session: app.session, review, at: 0, outcome: Ok(Box::new(prepared)) });
    for size in [(80, 24), (120, 40), (200, 60)] {
        check(&format!("review-changes-{}x{}", size.0, size.1), &draw(&mut app, size, &COLOUR));
    }
    check("review-changes-ascii", &draw(&mut app, (160, 48), &PLAIN));
}

#[test]
fn a_review_says_what_the_server_refuses_and_words_are_asked_for() {
    let mut app = busy_app();
    press(&mut app, &["s"]);
    check("review-asking", &draw(&mut app, (80, 24), &COLOUR));
    let failure = crate::model::delta::Failure {
        cause: Cause::Other,
        message: "cannot suspend job/shards: Job.batch \"shards\" is invalid: spec.template: field is immutable".into(),
        hint: String::new(),
    };
    let fields = vec![("spec.template".into(), "field is immutable".into())];
    let refused = crate::model::mutation::Refused { failure, reason: Reason::Invalid, fields };
    app.update(Msg::Prepared { session: app.session, review: 1, at: 0, outcome: Err(refused) });
    app.settle();
    check("review-refused", &draw(&mut app, (80, 24), &COLOUR));
    press(&mut app, &["esc", "alt-p"]);
    typed(&mut app, "0");
    check("ask", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn refused_write_is_shown_with_the_next_step() {
    let mut app = busy_app();
    press_accepted(&mut app, &["s", "y"]);
    let mutation = crate::model::fixtures::suspension(&job("job-indexed"), true);
    let failure = crate::model::delta::Failure {
        cause: Cause::Denied,
        message:
            "cannot suspend job/shards: jobs.batch \"shards\" is forbidden: User \"viewer\" cannot patch resource \
                  \"jobs\" in API group \"batch\" in the namespace \"data\""
                .into(),
        hint: "ask for a role that allows it".into(),
    };
    app.update(Msg::EffectDone { session: app.session, mutation, outcome: Err(failure.into()) });
    app.settle();
    check("write-refused", &draw(&mut app, (80, 24), &COLOUR));
}

#[test]
fn read_only_stands_in_the_header() {
    let mut app = busy_app();
    app.is_read_only = true;
    for size in [(120, 40), (80, 24), (40, 10)] {
        let screen = draw(&mut app, size, &COLOUR).to_string();
        assert!(screen.contains("read-only"), "{screen}");
    }
}

#[test]
fn footer_ends_with_whole_words_at_every_width() {
    let mut app = busy_app();
    for width in 40..160 {
        let screen = draw(&mut app, (width, 30), &COLOUR).to_string();
        let footer = screen.lines().last().unwrap().trim_matches('"').trim_end().to_owned();
        let last = footer.rsplit("  ").next().unwrap();
        let is_whole = app.footer().iter().any(|spec| last.trim() == format!("{} {}", spec.keys[0], spec.title));
        assert!(is_whole, "{width}: {footer}");
    }
}

#[test]
fn pages_and_questions_fit_any_size() {
    for size in [(0, 0), (1, 1), (39, 9), (40, 10), (200, 60)] {
        for keys in [&["?"][..], &["s"], &["d"], &["y", "/"], &[":"]] {
            let mut app = busy_app();
            press(&mut app, keys);
            draw(&mut app, size, &COLOUR);
        }
    }
    let value = json!({ "kind": "Job", "metadata": { "name": "x".repeat(500) } });
    let mut app = busy_app();
    press(&mut app, &["y"]);
    fetched(&mut app, value);
    press(&mut app, &["w", "l", "l", "G"]);
    draw(&mut app, (40, 10), &COLOUR);
}

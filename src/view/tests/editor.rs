//! The editor at every size, as keys bring it there.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use super::{COLOUR, PLAIN, check, style_of};
use crate::app::Editor;
use crate::command::{EDITOR, Key, all};
use crate::manifest::{Completion, Edit, Field, Fix, Path, Place, Problem, Severity};
use crate::model::fixtures::now;
use crate::model::schedule::Outlook;
use crate::view::theme::{Ground, Theme};
use crate::view::{chrome, editor, keep_ascii};

const CRONJOB: &str = "\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report # made by hand
  namespace: data
spec:
  schedule: \"0 2 * * *\"
  timeZone: Europe/Berlin
  startingDeadlineSeconds: 5
  concurrencyPolicy: Forbid
  suspend: false
  jobTemplate:
    speck:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: registry.example.com/data/report:2.7.1
            args: [--day, \"yesterday\", 1]
            command:
            - sh
            - -c
            - |
              set -e
              report: made | tee log
";

fn fix(title: &str, line: usize, column: usize, end_column: usize, text: &str) -> Option<Fix> {
    let edits = vec![Edit::at(Place { line, column, end_column }, text)];
    Some(Fix { title: title.to_owned(), edits })
}

/// The editor of a CronJob with an error, a warning and help, the cursor on the warning.
fn cronjob() -> Editor {
    let mut editor = Editor::new("Edit cronjob/nightly-report  data", CRONJOB);
    editor.set_problems(vec![
        Problem {
            place: Place { line: 8, column: 2, end_column: 28 },
            severity: Severity::Warning,
            message: "a deadline under 10 s: runs may be skipped".to_owned(),
            fix: fix("set 60", 8, 27, 28, "60"),
        },
        Problem {
            place: Place { line: 12, column: 4, end_column: 9 },
            severity: Severity::Error,
            message: "unknown field \"speck\", did you mean spec?".to_owned(),
            fix: fix("rename to spec", 12, 4, 9, "spec"),
        },
    ]);
    editor.set_frozen(vec![(3..4, "a name cannot be changed; a new CronJob can have another".to_owned())]);
    editor.set_help(Some(Field {
        name: "startingDeadlineSeconds".to_owned(),
        path: Path::default(),
        is_required: false,
        enum_values: Vec::new(),
        type_name: "integer (int64)".to_owned(),
        description: "How late a run may still start when its time was missed; later, it is skipped. Below 10 \
                      seconds it may never run at all."
            .to_owned(),
        default: None,
    }));
    editor.resize((80, 24));
    press(&mut editor, &["alt-n"]);
    editor
}

fn press(editor: &mut Editor, keys: &[&str]) {
    keys.iter().for_each(|key| drop(editor.key(&Key::from(*key))));
}

fn draw(shown: &mut Editor, (width, height): (u16, u16), theme: &Theme) -> TestBackend {
    shown.resize((width, height));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut keys: Vec<_> = all().filter(|spec| EDITOR.contains(&spec.scope) && spec.footer.is_some()).collect();
    keys.sort_by_key(|spec| spec.footer);
    let draw = |frame: &mut ratatui::Frame<'_>| {
        let area = frame.area();
        let footer = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
        chrome::keys(frame.buffer_mut(), footer, &keys, theme);
        if let Some(cursor) = editor::draw(frame.buffer_mut(), area, footer, shown, theme) {
            frame.set_cursor_position(cursor);
        }
        if !theme.has_unicode() {
            keep_ascii(frame.buffer_mut());
        }
    };
    terminal.draw(draw).unwrap();
    terminal.backend().clone()
}

#[test]
fn editor_at_every_size() {
    for size in [(200, 60), (120, 40), (80, 24), (40, 10), (10, 4), (1, 1), (0, 0)] {
        let screen = draw(&mut cronjob(), size, &COLOUR);
        if size.0 > 1 {
            check(&format!("editor-{}x{}", size.0, size.1), &screen);
        }
    }
}

#[test]
fn next_runs_stand_beside_the_schedule() {
    let mut editor = Editor::new("Edit cronjob/nightly-report  data", CRONJOB);
    editor.set_help(Some(Field {
        name: "schedule".to_owned(),
        path: Path::default(),
        is_required: true,
        enum_values: Vec::new(),
        type_name: "string".to_owned(),
        description: "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.".to_owned(),
        default: None,
    }));
    editor.set_outlook(Some(Outlook::of("0 2 * * *", Some("Europe/Berlin"), now().to_timestamp())));
    for size in [(120, 40), (80, 24), (40, 10)] {
        check(&format!("editor-schedule-{}x{}", size.0, size.1), &draw(&mut editor, size, &COLOUR));
    }
    editor.set_outlook(Some(Outlook::of("0 2 * *", None, now().to_timestamp())));
    check("editor-schedule-wrong", &draw(&mut editor, (120, 40), &COLOUR));
    check("editor-schedule-wrong-small", &draw(&mut editor, (80, 24), &PLAIN));
}

#[test]
fn no_size_makes_it_fail() {
    let mut editor = cronjob();
    editor.set_completions(completions());
    for width in 0..130 {
        for height in 0..30 {
            draw(&mut editor, (width, height), &PLAIN);
        }
    }
}

#[test]
fn changes_are_marked_and_what_is_frozen_says_why() {
    let mut editor = cronjob();
    press(&mut editor, &["alt-.", "up", "end", "enter"]);
    press(&mut editor, &["#", "space", "n", "e", "w", "ctrl-g", "4", "enter"]);
    editor.set_help(None);
    check("editor-changed", &draw(&mut editor, (120, 40), &COLOUR));
    check("editor-changed-ascii", &draw(&mut editor, (80, 24), &PLAIN));
}

#[test]
fn what_is_asked_stands_in_place_of_the_keys() {
    let mut editor = cronjob();
    press(&mut editor, &["ctrl-f", "s", "p", "e", "c"]);
    let screen = draw(&mut editor, (80, 24), &COLOUR);
    check("editor-find", &screen);
    press(&mut editor, &["x", "enter"]);
    check("editor-find-nothing", &draw(&mut editor, (40, 10), &COLOUR));
    press(&mut editor, &["esc", "ctrl-r", "backspace", "enter", "x", "enter"]);
    check("editor-replace", &draw(&mut editor, (80, 24), &COLOUR));
}

fn completions() -> Vec<Completion> {
    let completion = |label: &str, detail: &str| Completion {
        label: label.to_owned(),
        insert: format!("{label}: "),
        detail: detail.to_owned(),
        start: 2,
        end: 3,
    };
    vec![
        completion("successfulJobsHistoryLimit", "integer  successful runs that are kept"),
        completion("startingDeadlineSeconds", "integer  how late a run may start"),
        completion("failedJobsHistoryLimit", "integer  failed runs that are kept"),
        completion("jobTemplate", "object  what each run is made of\u{202e}"),
    ]
}

#[test]
fn completions_stand_under_what_they_replace() {
    let mut editor = cronjob();
    press(&mut editor, &["end", "enter", "s"]);
    editor.set_completions(completions());
    press(&mut editor, &["down"]);
    check("editor-complete", &draw(&mut editor, (80, 24), &COLOUR));
    check("editor-complete-small", &draw(&mut editor, (40, 10), &COLOUR));
}

#[test]
fn hostile_text_is_shown_and_does_no_harm() {
    let long = "x".repeat(300);
    let text = format!(
        "tab:\tvalue\ncolour: \"\x1b[31mred\"\nbidi: a\u{202e}b\nwide: 漢字漢字\nzero\u{200b}width: 1\nend: 1\r\n\
         c1: \u{9b}2J\nlong: {long}漢\n\u{feff}bom: e\u{301}\n"
    );
    let mut editor = Editor::new("Edit \x1b[31mhostile\u{202e}", &text);
    editor.set_help(Some(Field {
        name: "\x1b]0;t\x07".to_owned(),
        path: Path::default(),
        is_required: false,
        enum_values: Vec::new(),
        type_name: "\u{202e}".to_owned(),
        description: "a\x1b[2Jb\r\nc".to_owned(),
        default: Some("\t".to_owned()),
    }));
    check("editor-hostile", &draw(&mut editor, (80, 24), &COLOUR));
    press(&mut editor, &["ctrl-g", "8", "enter", "end", "left"]);
    check("editor-hostile-right", &draw(&mut editor, (80, 24), &COLOUR));
    assert_eq!(editor.text(), text, "it stays as it is");
}

#[test]
fn parts_of_yaml_have_their_colours_and_without_colours_their_weight() {
    let mut editor = cronjob();
    press(&mut editor, &["ctrl-home"]);
    let screen = draw(&mut editor, (120, 40), &COLOUR);
    for (text, colour) in [
        ("kind", Color::Cyan),
        ("CronJob", Color::Reset),
        ("\"0 2", Color::Green),
        ("false", Color::Magenta),
        ("set -e", Color::Green),
        ("report: made", Color::Green),
        ("speck:", Color::Red),
        ("nightly-report #", Color::Reset),
    ] {
        assert_eq!(style_of(&screen, text).0, colour, "{text}");
    }
    let light = draw(&mut editor, (120, 40), &COLOUR.on(Ground::Light));
    assert_eq!(style_of(&light, "kind").0, Color::Blue);
    let plain = draw(&mut editor, (120, 40), &PLAIN);
    assert!(plain.buffer().content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(style_of(&plain, "kind").1 && !style_of(&plain, "CronJob").1, "keys are heavier");
}

#[test]
fn what_is_selected_is_reversed_with_its_line_breaks() {
    let mut editor = Editor::new("t", "ab\n\ncd\n");
    press(&mut editor, &["right", "shift-down", "shift-down"]);
    let screen = draw(&mut editor, (40, 10), &COLOUR);
    let reversed = |row: u16| {
        let is_reversed = |x: &u16| screen.buffer()[(*x, row)].modifier.contains(Modifier::REVERSED);
        (0..40).filter(is_reversed).collect::<Vec<_>>()
    };
    assert_eq!([reversed(2), reversed(3), reversed(4)], [vec![7, 8], vec![6], vec![6]]);
}

#[test]
fn ten_thousand_lines_are_shown_where_one_is() {
    let text: String = (0..10_000).map(|number| format!("key{number}: {number}\n")).collect();
    let mut editor = Editor::new("t", &text);
    press(&mut editor, &["ctrl-end", "x"]);
    check("editor-end", &draw(&mut editor, (80, 24), &COLOUR));
}

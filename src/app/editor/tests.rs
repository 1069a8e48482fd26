//! What keys do to the text.

use super::*;
use crate::manifest::{Completion, Edit, Fix, Place as Part, Severity};

/// An editor of this text, the cursor where the last `|` stands.
fn editor(marked: &str) -> Editor {
    let place = marked.rfind('|').expect("the place of the cursor is marked");
    let (before, after) = (&marked[..place], &marked[place + 1..]);
    let mut editor = Editor::new("test", &format!("{before}{after}"));
    editor.resize((80, 24));
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    editor.buffer.go_to((before.matches('\n').count(), column), false);
    editor
}

/// The text with the cursor in it.
fn marked(editor: &Editor) -> String {
    let mut lines = editor.lines().to_vec();
    let (line, column) = editor.cursor();
    let at = lines[line].char_indices().nth(column).map_or(lines[line].len(), |(at, _)| at);
    lines[line].insert(at, '|');
    lines.join("\n")
}

fn press(editor: &mut Editor, keys: &[&str]) -> EditorOutcome {
    keys.iter().map(|key| editor.key(&Key::from(*key))).last().unwrap_or(EditorOutcome::Nothing)
}

fn typed(editor: &mut Editor, text: &str) {
    text.chars().for_each(|one| {
        drop(editor.key(&Key::from(if one == ' ' { "space".to_owned() } else { one.to_string() }.as_str())))
    });
}

/// From a text these keys make another.
fn check(before: &str, keys: &[&str], after: &str) {
    let mut editor = editor(before);
    press(&mut editor, keys);
    assert_eq!(marked(&editor), after, "{before:?} {keys:?}");
}

#[test]
fn typing_says_that_the_text_changed_and_moving_does_not() {
    let mut editor = editor("a|b");
    assert_eq!(press(&mut editor, &["x"]), EditorOutcome::Edited);
    assert!(editor.is_changed());
    assert_eq!(press(&mut editor, &["right"]), EditorOutcome::Moved);
    assert_eq!(press(&mut editor, &["right"]), EditorOutcome::Nothing);
    assert_eq!(press(&mut editor, &["ctrl-z"]), EditorOutcome::Edited);
    assert!(!editor.is_changed());
    assert_eq!(press(&mut editor, &["ctrl-z"]), EditorOutcome::Nothing);
    assert!(editor.notice.is_some());
    assert_eq!(editor.text(), "ab\n");
    assert_eq!(press(&mut editor, &["ctrl-y"]), EditorOutcome::Edited);
    assert_eq!(editor.text(), "axb\n");
}

#[test]
fn keys_that_leave_the_text_are_handed_on() {
    let mut editor = editor("|a");
    for (key, outcome) in [
        ("ctrl-s", EditorOutcome::Review),
        ("ctrl-e", EditorOutcome::External),
        ("ctrl-space", EditorOutcome::Complete),
        ("esc", EditorOutcome::Leave),
        ("f5", EditorOutcome::Nothing),
        ("alt-x", EditorOutcome::Nothing),
    ] {
        assert_eq!(press(&mut editor, &[key]), outcome, "{key}");
    }
    press(&mut editor, &["shift-right"]);
    assert_eq!(press(&mut editor, &["esc"]), EditorOutcome::Moved, "the selection goes first");
    assert_eq!(editor.text(), "a\n");
}

#[test]
fn every_command_of_the_editor_does_something() {
    for spec in crate::command::all().filter(|spec| EDITOR.contains(&spec.scope)) {
        for key in spec.keys {
            let mut editor = editor("spec:\n  on|e: two three\n    four");
            editor.set_problems(vec![problem(0, 0, 4, None), problem(2, 4, 8, None)]);
            let state = |editor: &Editor| {
                let asking = editor.asking.is_some();
                (editor.text(), editor.cursor(), editor.selection(), editor.notice.clone(), asking)
            };
            let before = state(&editor);
            let outcome = press(&mut editor, &[key]);
            let is_told = !matches!(outcome, EditorOutcome::Nothing | EditorOutcome::Moved | EditorOutcome::Edited);
            let is_paste = spec.action == Action::Editor(EditorAction::Paste);
            assert!(is_told || state(&editor) != before || is_paste, "{key} {outcome:?}");
        }
    }
}

#[test]
fn a_new_line_is_as_deep_as_one_expects() {
    check("spec:|", &["enter", "a"], "spec:\n  a|");
    check("- name: x|", &["enter"], "- name: x\n  |");
    check("  a: |  b", &["enter"], "  a: \n    |b");
    check("  run: |-|", &["enter"], "  run: |-\n    |");
    check("a: >\n  if x:|", &["enter"], "a: >\n  if x:\n  |");
    check("|a", &["enter"], "\n|a");
}

#[test]
fn tab_and_backspace_go_by_steps_of_indentation() {
    check("|a", &["tab"], "  |a");
    check(" |a", &["tab"], "  |a");
    check("   |a", &["backspace"], "  |a");
    check("  |a", &["backspace"], "|a");
    check("a  |b", &["backspace"], "a |b");
    check("a\n|b", &["backspace"], "a|b");
    check("    a|", &["shift-tab"], "  a|");
    check(" |a", &["shift-tab"], "|a");
}

#[test]
fn selected_lines_are_changed_together_and_stay_selected() {
    let mut editor = editor("a:|\n\n  b\nc");
    press(&mut editor, &["home", "shift-down", "shift-down", "shift-down", "tab"]);
    assert_eq!(editor.text(), "  a:\n\n    b\nc\n");
    press(&mut editor, &["shift-tab", "shift-tab"]);
    assert_eq!(editor.text(), "a:\n\nb\nc\n");
    assert_eq!(editor.selection(), Some(((0, 0), (2, 1))));
    press(&mut editor, &["ctrl-z", "ctrl-z", "ctrl-z"]);
    assert!(!editor.is_changed());
}

#[test]
fn comments_come_and_go_at_the_depth_of_the_lines() {
    check("  a: |1", &["ctrl-/"], "  # a: |1");
    check("  # a: |1", &["alt-/"], "  a: |1");
    check("  #a|", &["ctrl-/"], "  a|");
    let mut editor = editor("|  a:\n\n    b");
    press(&mut editor, &["ctrl-a", "ctrl-/"]);
    assert_eq!(editor.text(), "  # a:\n\n  #   b\n");
    press(&mut editor, &["ctrl-/"]);
    assert_eq!(editor.text(), "  a:\n\n    b\n");
}

#[test]
fn copy_and_cut_take_the_selection_or_the_line() {
    let mut editor = editor("one t|wo\nthree");
    assert_eq!(press(&mut editor, &["shift-end", "ctrl-c"]), EditorOutcome::Copied("wo".to_owned()));
    assert_eq!(press(&mut editor, &["end", "ctrl-v"]), EditorOutcome::Edited);
    assert_eq!(marked(&editor), "one twowo|\nthree");
    assert_eq!(press(&mut editor, &["ctrl-x"]), EditorOutcome::Cut("one twowo\n".to_owned()));
    assert_eq!(marked(&editor), "three|");
    press(&mut editor, &["ctrl-v"]);
    assert_eq!(marked(&editor), "one twowo\nthree|");
    press(&mut editor, &["ctrl-z", "ctrl-z", "ctrl-z"]);
    assert_eq!(editor.text(), "one two\nthree\n");
    check("a\nb|\nc", &["ctrl-k", "ctrl-k", "ctrl-k"], "|");
}

#[test]
fn a_paste_is_one_step_and_its_line_breaks_are_those_of_the_text() {
    let mut editor = editor("a|b");
    assert_eq!(editor.paste("1\r2\r\n3"), EditorOutcome::Edited);
    assert_eq!(marked(&editor), "a1\n2\n3|b");
    press(&mut editor, &["ctrl-z"]);
    assert_eq!(marked(&editor), "a|b");
}

#[test]
fn words_are_moved_over_selected_and_deleted() {
    check("one two| three", &["ctrl-left", "ctrl-left"], "|one two three");
    check("one |two three", &["ctrl-right"], "one two |three");
    check("one two| x", &["ctrl-w"], "one | x");
    check("one |two x", &["ctrl-delete"], "one | x");
    let mut editor = editor("one |two");
    press(&mut editor, &["ctrl-shift-left", "x"]);
    assert_eq!(marked(&editor), "x|two");
    press(&mut editor, &["ctrl-shift-end", "delete"]);
    assert_eq!(marked(&editor), "x|");
}

#[test]
fn home_goes_to_the_text_and_then_to_the_margin() {
    check("  a|b", &["home"], "  |ab");
    check("  a|b", &["home", "home"], "|  ab");
    check("  |ab", &["home", "home", "end"], "  ab|");
    check("a\nb|\nc", &["ctrl-home"], "|a\nb\nc");
    check("a\n|b\nc", &["ctrl-end"], "a\nb\nc|");
    check("|ab", &["shift-right", "shift-right", "left"], "|ab");
}

#[test]
fn find_goes_from_match_to_match_and_selects_it() {
    let mut editor = editor("|one\ntwo one\nOne");
    press(&mut editor, &["ctrl-f"]);
    typed(&mut editor, "one");
    assert_eq!(editor.selection(), Some(((0, 0), (0, 3))));
    assert_eq!(editor.hits("two one").len(), 1);
    press(&mut editor, &["enter"]);
    assert_eq!(editor.selection(), Some(((1, 4), (1, 7))));
    press(&mut editor, &["shift-tab", "shift-tab"]);
    assert_eq!(editor.selection(), Some(((2, 0), (2, 3))), "round at the beginning");
    press(&mut editor, &["esc", "ctrl-n"]);
    assert_eq!(editor.selection(), Some(((0, 0), (0, 3))), "round at the end");
    press(&mut editor, &["ctrl-f"]);
    typed(&mut editor, "zzz");
    assert_eq!(editor.notice.as_deref(), Some("zzz is nowhere"));
    press(&mut editor, &["esc"]);
    assert_eq!(press(&mut editor, &["esc"]), EditorOutcome::Leave, "what asks is closed before");
}

#[test]
fn replace_asks_for_each_match_or_takes_all() {
    let mut editor = editor("a a\n|a b a");
    press(&mut editor, &["ctrl-r"]);
    typed(&mut editor, "a");
    press(&mut editor, &["enter"]);
    typed(&mut editor, "xy");
    press(&mut editor, &["enter", "n", "y"]);
    assert_eq!(editor.text(), "a a\na b xy\n");
    assert!(editor.asking().is_none(), "nothing is left below");
    press(&mut editor, &["ctrl-home", "ctrl-r", "enter", "enter", "y", "a"]);
    assert_eq!(editor.text(), "xy xy\nxy b xy\n");
    assert_eq!(editor.notice.as_deref(), Some("2 replaced; ctrl-z takes it back"));
    press(&mut editor, &["ctrl-z"]);
    assert_eq!(editor.text(), "xy a\na b xy\n", "all at once");
}

#[test]
fn a_line_is_gone_to_by_its_number() {
    let mut editor = editor("|a\nb\nc");
    press(&mut editor, &["ctrl-g", "2", "enter"]);
    assert_eq!(editor.cursor(), (1, 0));
    press(&mut editor, &["ctrl-g", "9", "9", "enter"]);
    assert_eq!(editor.cursor(), (2, 0));
    press(&mut editor, &["ctrl-g", "x", "enter"]);
    assert_eq!(editor.notice.as_deref(), Some("x is no number of a line"));
}

fn problem(line: usize, column: usize, end_column: usize, edit: Option<Edit>) -> Problem {
    let fix = edit.map(|edit| Fix { title: "mend it".to_owned(), edits: vec![edit] });
    Problem { place: Part { line, column, end_column }, severity: Severity::Error, message: "wrong".to_owned(), fix }
}

#[test]
fn problems_are_gone_to_and_mended() {
    let mut editor = editor("|speck:\n  a: 1\n  a: 1\n");
    let edit = Edit::at(Part { line: 0, column: 0, end_column: 5 }, "spec");
    editor.set_problems(vec![problem(2, 2, 3, None), problem(0, 0, 5, Some(edit)), problem(1, 2, 3, None)]);
    press(&mut editor, &["alt-n"]);
    assert_eq!(editor.cursor(), (1, 2));
    assert_eq!(press(&mut editor, &["alt-."]), EditorOutcome::Nothing);
    assert!(editor.notice.is_some());
    press(&mut editor, &["f8", "f8"]);
    assert_eq!(editor.cursor(), (0, 0), "round at the end");
    assert_eq!(press(&mut editor, &["alt-."]), EditorOutcome::Edited);
    editor.set_problems(vec![problem(2, 2, 3, Some(Edit { start: (1, 6), end: (2, 6), text: String::new() }))]);
    press(&mut editor, &["shift-f8", "alt-."]);
    assert_eq!(editor.text(), "spec:\n  a: 1\n");
    press(&mut editor, &["ctrl-z", "ctrl-z"]);
    assert!(!editor.is_changed());
}

#[test]
fn problems_of_another_text_do_no_harm() {
    let mut editor = editor("|a");
    let edit = Edit::at(Part { line: 0, column: 7, end_column: 9 }, "x");
    editor.set_problems(vec![
        problem(0, 7, 9, Some(edit)),
        problem(40, 1, 2, Some(Edit { start: (40, 0), end: (42, 0), text: String::new() })),
    ]);
    press(&mut editor, &["alt-.", "alt-n", "alt-.", "alt-n"]);
    editor.set_frozen(vec![(7..90, "gone".to_owned())]);
    press(&mut editor, &["alt-."]);
    assert!(editor.lines().len() <= 1);
}

fn completion(label: &str, insert: &str, start: usize, end: usize) -> Completion {
    Completion { label: label.to_owned(), insert: insert.to_owned(), detail: String::new(), start, end }
}

fn labels(editor: &Editor) -> Vec<&str> {
    editor.popup().map(|popup| popup.shown().map(|one| one.label.as_str()).collect()).unwrap_or_default()
}

#[test]
fn completions_narrow_as_one_types_and_are_taken() {
    let mut editor = editor("spec:\n  p|");
    let all = ["parallelism", "podFailurePolicy", "podReplacementPolicy", "template"];
    editor.set_completions(all.map(|label| completion(label, &format!("{label}: "), 2, 3)).to_vec());
    assert_eq!(labels(&editor), &all[..3]);
    press(&mut editor, &["o"]);
    assert_eq!(labels(&editor), &all[1..3]);
    press(&mut editor, &["backspace", "down", "down", "down", "up", "enter"]);
    assert_eq!(marked(&editor), "spec:\n  podReplacementPolicy: |");
    assert!(editor.popup().is_none());
    press(&mut editor, &["ctrl-z"]);
    assert_eq!(marked(&editor), "spec:\n  p|");
}

#[test]
fn a_completion_takes_the_place_of_the_whole_word() {
    let mut editor = editor("policy: \"Fo|rbid\"");
    editor.set_completions(vec![completion("Forbid", "Forbid", 8, 16), completion("Replace", "Replace", 8, 16)]);
    press(&mut editor, &["r"]);
    assert_eq!(labels(&editor), ["Forbid"]);
    press(&mut editor, &["tab"]);
    assert_eq!(marked(&editor), "policy: Forbid|");
}

#[test]
fn the_cursor_stays_on_its_line_where_a_fix_changes_others() {
    let edit = |start, end, text: &str| Edit { start, end, text: text.to_owned() };
    let cases = [
        (vec![edit((0, 0), (0, 0), "x\n")], "x\na\nb\nc|"),
        (vec![edit((0, 0), (2, 0), "")], "c|"),
        (vec![edit((1, 0), (2, 0), ""), edit((2, 1), (2, 1), "\ny")], "a\nc|\ny"),
        (vec![edit((1, 1), (2, 1), "")], "a\nb|"),
        (vec![edit((0, 0), (0, 1), "x"), edit((2, 0), (2, 1), "zz")], "x\nb\nz|z"),
        (vec![edit((2, 0), (2, 1), "zz")], "a\nb\nzz|"),
    ];
    for (edits, after) in cases {
        let mut editor = editor("a\nb\nc|");
        editor.set_problems(vec![Problem {
            fix: Some(Fix { title: "mend it".to_owned(), edits }),
            ..problem(2, 0, 1, None)
        }]);
        press(&mut editor, &["alt-."]);
        assert_eq!(marked(&editor), after);
        press(&mut editor, &["ctrl-z"]);
        assert_eq!(marked(&editor), "a\nb\nc|", "one step");
    }
}

#[test]
fn of_several_problems_in_a_line_the_first_that_can_be_mended_is() {
    let mut editor = editor("a: 1|\n");
    let fix = |text: &str| Some(Edit::at(Part { line: 0, column: 3, end_column: 4 }, text));
    let mild = Problem { severity: Severity::Warning, ..problem(0, 3, 4, fix("3")) };
    editor.set_problems(vec![problem(0, 3, 4, None), mild, problem(0, 3, 4, fix("2"))]);
    press(&mut editor, &["alt-."]);
    assert_eq!(editor.text(), "a: 2\n");
}

#[test]
fn completions_close_where_nothing_fits_and_elsewhere() {
    for keys in [&["x"][..], &["esc"], &["backspace", "backspace"], &["up"], &["left"]] {
        let mut editor = editor("a:\n p|");
        editor.set_completions(vec![completion("parallelism", "parallelism: ", 1, 2)]);
        assert_eq!(labels(&editor), ["parallelism"]);
        let is_up = keys == ["up"];
        press(&mut editor, keys);
        assert_eq!(editor.popup().is_some(), is_up, "{keys:?}");
    }
    let mut editor = editor("x|");
    editor.set_completions(Vec::new());
    assert!(editor.popup().is_none());
}

#[test]
fn tab_walks_the_placeholders_of_a_template() {
    let mut editor = Editor::of_template("new", "name: {{name}}\nttl: {{ttl:3600}}\nimage: {{image}}\n");
    typed(&mut editor, "report");
    press(&mut editor, &["tab", "tab"]);
    assert_eq!(editor.selection(), Some(((2, 7), (2, 16))), "the default was taken");
    typed(&mut editor, "busybox");
    assert_eq!(editor.text(), "name: report\nttl: 3600\nimage: busybox\n");
    press(&mut editor, &["home", "tab"]);
    assert_eq!(editor.lines()[2], "  image: busybox", "none is left");
    check("|a: {{x}}", &["tab"], "  |a: {{x}}");
}

#[test]
fn another_text_is_one_step_and_the_cursor_stays_on_its_line() {
    let mut editor = editor("a\nb|\nc");
    editor.replace_all("x\ny\nz\nw\n");
    assert_eq!(marked(&editor), "x\ny|\nz\nw");
    assert!(editor.is_changed());
    press(&mut editor, &["ctrl-z"]);
    assert_eq!(marked(&editor), "a\nb|\nc");
    editor.replace_all("");
    assert_eq!((editor.text().as_str(), editor.cursor()), ("", (0, 0)));
}

#[test]
fn text_stays_as_it_is_but_for_its_last_line_break() {
    for (text, same) in
        [("a\n", "a\n"), ("a", "a\n"), ("a\n\n", "a\n\n"), ("", ""), ("\ta\r\n\u{202e}\x1b[", "\ta\r\n\u{202e}\x1b[\n")]
    {
        let mut editor = Editor::new("t", text);
        press(&mut editor, &["ctrl-end", "left", "up", "home"]);
        assert_eq!(editor.text(), same);
        assert!(!editor.is_changed());
    }
}

#[test]
fn the_cursor_stays_on_screen() {
    let lines: Vec<String> = (0..200).map(|number| format!("{number}: {}", "x".repeat(number))).collect();
    let mut editor = Editor::new("t", &lines.join("\n"));
    for size in [(80, 24), (40, 10), (0, 0), (120, 40)] {
        editor.resize(size);
        for key in ["pagedown", "ctrl-end", "up", "home", "ctrl-home", "end", "pagedown", "pageup", "down"] {
            press(&mut editor, &[key]);
            let text = editor.layout().text;
            let (line, column) = editor.cursor();
            assert!((editor.top..editor.top + usize::from(text.height).max(1)).contains(&line), "{size:?} {key}");
            assert!((editor.left..=editor.left + usize::from(text.width)).contains(&column), "{size:?} {key}");
        }
    }
}

//! What can be done in the editor. Its keys are alone: a text field takes all keys first.

use super::{Action, Argument, CommandSpec, Scope};

/// What a command does in the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorAction {
    /// Goes on to the review of what would be changed.
    Review,
    /// Leaves the editor.
    Leave,
    /// Goes on in the editor that the environment names.
    External,
    /// Offers what can be typed here.
    Complete,
    /// Mends the problem under the cursor.
    Fix,
    /// Goes to the next problem.
    NextProblem,
    /// Goes to the problem before.
    PreviousProblem,
    /// Takes the last change back.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// Starts typing what is looked for.
    Find,
    /// Goes to the next match.
    NextMatch,
    /// Goes to the match before.
    PreviousMatch,
    /// Starts typing what is replaced.
    Replace,
    /// Starts typing the number of a line.
    GoToLine,
    /// Goes to the next placeholder, or indents.
    Indent,
    /// Takes indentation away.
    Outdent,
    /// Makes comments of lines, or lines of comments.
    Comment,
    /// Copies what is selected, or the line.
    Copy,
    /// Cuts what is selected, or the line.
    Cut,
    /// Puts in what was copied or cut.
    Paste,
    /// Deletes the line.
    DeleteLine,
    /// Deletes back to the beginning of a word.
    DeleteWord,
    /// Deletes on to the beginning of the next word.
    DeleteNextWord,
    /// Selects the whole text.
    SelectAll,
    /// Goes to the word before.
    WordLeft,
    /// Goes to the next word.
    WordRight,
    /// Goes to the beginning of the text.
    First,
    /// Goes to the end of the text.
    Last,
}

const fn editor(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    action: EditorAction,
    footer: Option<u8>,
) -> CommandSpec {
    let action = Action::Editor(action);
    CommandSpec { id, title, help, keys, words: &[], scope: Scope::Editor, argument: Argument::None, action, footer }
}

/// Commands of the editor.
pub(super) const COMMANDS: &[CommandSpec] = &[
    editor(
        "editor.review",
        "review and apply",
        "Asks the server what the text would change and shows it, before anything is changed.",
        &["ctrl-s"],
        EditorAction::Review,
        Some(10),
    ),
    editor(
        "editor.leave",
        "leave",
        "Leaves the editor; where the text was changed, it asks what becomes of it.",
        &["esc"],
        EditorAction::Leave,
        Some(11),
    ),
    editor(
        "editor.complete",
        "complete",
        "Offers the fields, values and names that can stand here.",
        &["ctrl-space"],
        EditorAction::Complete,
        Some(12),
    ),
    editor("editor.fix", "fix", "Mends the problem under the cursor.", &["alt-."], EditorAction::Fix, Some(13)),
    editor(
        "editor.next-problem",
        "next problem",
        "Goes to the next problem.",
        &["f8", "alt-n"],
        EditorAction::NextProblem,
        Some(16),
    ),
    editor(
        "editor.previous-problem",
        "previous problem",
        "Goes to the problem before.",
        &["shift-f8", "alt-p"],
        EditorAction::PreviousProblem,
        None,
    ),
    editor("editor.undo", "undo", "Takes the last change back.", &["ctrl-z"], EditorAction::Undo, Some(14)),
    editor("editor.redo", "redo", "Makes the change again that was taken back.", &["ctrl-y"], EditorAction::Redo, None),
    editor(
        "editor.find",
        "find",
        "Looks for a text, or a /regex/, as it is typed; `enter` goes to the next match, `shift-tab` to the one before.",
        &["ctrl-f"],
        EditorAction::Find,
        Some(15),
    ),
    editor(
        "editor.next-match",
        "next match",
        "Goes to the next match.",
        &["f3", "ctrl-n"],
        EditorAction::NextMatch,
        None,
    ),
    editor(
        "editor.previous-match",
        "previous match",
        "Goes to the match before.",
        &["shift-f3", "ctrl-p"],
        EditorAction::PreviousMatch,
        None,
    ),
    editor(
        "editor.replace",
        "replace",
        "Replaces a text, or what matches a /regex/, one by one or all at once.",
        &["ctrl-r"],
        EditorAction::Replace,
        Some(17),
    ),
    editor(
        "editor.go-to-line",
        "go to line",
        "Goes to the line of a number.",
        &["ctrl-g"],
        EditorAction::GoToLine,
        Some(19),
    ),
    editor(
        "editor.indent",
        "indent",
        "Goes to the next {{placeholder}} of a template and takes its default; in a text without any, indents.",
        &["tab"],
        EditorAction::Indent,
        None,
    ),
    editor(
        "editor.outdent",
        "outdent",
        "Takes indentation away, of all selected lines.",
        &["shift-tab"],
        EditorAction::Outdent,
        None,
    ),
    editor(
        "editor.comment",
        "comment",
        "Makes comments of the selected lines, or lines of comments.",
        &["ctrl-/", "alt-/"],
        EditorAction::Comment,
        Some(18),
    ),
    editor(
        "editor.copy",
        "copy",
        "Copies what is selected, or the line, also to the terminal's clipboard. Movements with shift select.",
        &["ctrl-c"],
        EditorAction::Copy,
        None,
    ),
    editor("editor.cut", "cut", "Cuts what is selected, or the line.", &["ctrl-x"], EditorAction::Cut, None),
    editor("editor.paste", "paste", "Puts in what was copied or cut last.", &["ctrl-v"], EditorAction::Paste, None),
    editor("editor.select-all", "select all", "Selects the whole text.", &["ctrl-a"], EditorAction::SelectAll, None),
    editor("editor.delete-line", "delete line", "Deletes the line.", &["ctrl-k"], EditorAction::DeleteLine, None),
    editor(
        "editor.delete-word",
        "delete word",
        "Deletes back to the beginning of a word.",
        &["ctrl-w", "ctrl-backspace", "alt-backspace", "ctrl-h"],
        EditorAction::DeleteWord,
        None,
    ),
    editor(
        "editor.delete-next-word",
        "delete next word",
        "Deletes on to the next word.",
        &["ctrl-delete", "alt-d"],
        EditorAction::DeleteNextWord,
        None,
    ),
    editor(
        "editor.word-left",
        "word left",
        "Goes to the beginning of a word.",
        &["ctrl-left", "alt-left", "alt-b"],
        EditorAction::WordLeft,
        None,
    ),
    editor(
        "editor.word-right",
        "word right",
        "Goes to the next word.",
        &["ctrl-right", "alt-right", "alt-f"],
        EditorAction::WordRight,
        None,
    ),
    editor(
        "editor.first",
        "first line",
        "Goes to the beginning of the text.",
        &["ctrl-home"],
        EditorAction::First,
        None,
    ),
    editor("editor.last", "last line", "Goes to the end of the text.", &["ctrl-end"], EditorAction::Last, None),
    editor(
        "editor.external",
        "other editor",
        "Goes on with the text in $KUBE_EDITOR or $EDITOR.",
        &["ctrl-e", "alt-e"],
        EditorAction::External,
        Some(20),
    ),
];

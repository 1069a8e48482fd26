//! What can be done in a log: search, filter, look back, mark, copy, save.

use super::{Action, Argument, CommandSpec, LogAction, Scope};

const fn log(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    action: LogAction,
    footer: Option<u8>,
) -> CommandSpec {
    let action = Action::Log(action);
    CommandSpec { id, title, help, keys, words: &[], scope: Scope::Log, argument: Argument::None, action, footer }
}

/// The same, in the log that fills the screen alone: elsewhere its keys go to panes.
const fn full(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    action: LogAction,
) -> CommandSpec {
    CommandSpec { scope: Scope::FullLog, ..log(id, title, help, keys, action, None) }
}

/// Commands of the log pane.
pub(super) const COMMANDS: &[CommandSpec] = &[
    log("log.search", "search", "Looks for a text, or a /regex/, as it is typed.", &["/"], LogAction::Search, Some(23)),
    log("log.next-match", "next match", "Goes to the next match below.", &["n"], LogAction::NextMatch, Some(25)),
    log(
        "log.previous-match",
        "previous match",
        "Goes to the next match above.",
        &["N"],
        LogAction::PreviousMatch,
        None,
    ),
    log(
        "log.filter",
        "filter",
        "Shows only lines with these words: text, !text, /regex/, level:warn, pod:text, container:text, index:3, try:2.",
        &["&"],
        LogAction::Filter,
        Some(24),
    ),
    log(
        "log.context",
        "context",
        "Shows the lines around the one under the cursor that the filter hides, or hides them again.",
        &["="],
        LogAction::Context,
        Some(26),
    ),
    log("log.next-error", "next error", "Goes to the next error below.", &["e"], LogAction::NextError, Some(27)),
    log(
        "log.previous-error",
        "previous error",
        "Goes to the next error above.",
        &["E"],
        LogAction::PreviousError,
        None,
    ),
    full(
        "log.line",
        "whole line",
        "Shows the line under the cursor whole, its structure spread out and its stack trace unfolded.",
        &["enter"],
        LogAction::Line,
    ),
    log("log.times", "times", "Shows no times, how long ago, local time, or UTC.", &["t"], LogAction::Times, Some(28)),
    log("log.wrap", "wrap", "Wraps long lines, or cuts them again.", &["w"], LogAction::Wrap, Some(29)),
    log("log.raw", "raw", "Shows structured lines as they came, or taken apart again.", &["r"], LogAction::Raw, None),
    log(
        "log.fold",
        "fold",
        "Folds stack traces under their first line, or unfolds them.",
        &["f"],
        LogAction::Fold,
        None,
    ),
    full("log.left", "left", "Scrolls to the left where lines are cut.", &["left"], LogAction::Left),
    full("log.right", "right", "Scrolls to the right where lines are cut.", &["right"], LogAction::Right),
    log(
        "log.older-run",
        "older run",
        "Shows the run of the CronJob before this one.",
        &["["],
        LogAction::OlderRun,
        Some(32),
    ),
    log(
        "log.newer-run",
        "newer run",
        "Shows the run of the CronJob after this one.",
        &["]"],
        LogAction::NewerRun,
        None,
    ),
    log(
        "log.mark",
        "mark line",
        "Marks the line under the cursor, or takes its mark away.",
        &["space"],
        LogAction::Mark,
        None,
    ),
    log(
        "log.mark-to",
        "mark to here",
        "Marks all lines from the last marked one to here.",
        &["v"],
        LogAction::MarkTo,
        None,
    ),
    log(
        "log.copy",
        "copy",
        "Copies the marked lines, or the one under the cursor, to the terminal's clipboard.",
        &["y", "c"],
        LogAction::Copy,
        Some(33),
    ),
    log("log.save", "save", "Saves all lines that are shown to a file.", &["S"], LogAction::Save, Some(34)),
    log("log.pager", "pager", "Opens all lines that are shown in $PAGER.", &["P"], LogAction::Pager, None),
    log(
        "log.since",
        "since",
        "Shows lines from a time on: 10m, 2h, 02:15, or a whole time stamp.",
        &["T"],
        LogAction::SinceTyped,
        None,
    ),
    full("log.tail", "tail", "Follows the newest lines again, however old.", &["0"], LogAction::Since(0)),
    full("log.head", "head", "Reads the log from its first line.", &["1"], LogAction::Head),
    full("log.1m", "last minute", "Shows the last minute.", &["2"], LogAction::Since(60)),
    full("log.5m", "last 5 minutes", "Shows the last five minutes.", &["3"], LogAction::Since(300)),
    full("log.15m", "last 15 minutes", "Shows the last fifteen minutes.", &["4"], LogAction::Since(900)),
    full("log.30m", "last 30 minutes", "Shows the last thirty minutes.", &["5"], LogAction::Since(1_800)),
    full("log.1h", "last hour", "Shows the last hour.", &["6"], LogAction::Since(3_600)),
];

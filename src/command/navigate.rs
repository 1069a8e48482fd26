//! Moving about: the cursor, the panes, going in and back.

use super::{Action, Argument, CommandSpec, Motion, Pane, Scope};

/// A command that moves: the dashboard's, without argument.
const fn moves(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    motion: Motion,
) -> CommandSpec {
    let action = Action::Move(motion);
    CommandSpec {
        id,
        title,
        help,
        keys,
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action,
        footer: None,
    }
}

/// A command that goes to a pane.
const fn pane(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    words: &'static [&'static str],
    pane: Pane,
) -> CommandSpec {
    let action = Action::Focus(pane);
    let argument = Argument::Namespaces;
    CommandSpec { id, title, help, keys, words, scope: Scope::Dashboard, argument, action, footer: None }
}

/// Commands that move about.
pub(super) const COMMANDS: &[CommandSpec] = &[
    moves("move.down", "down", "Moves the cursor down.", &["j", "down"], Motion::Down),
    moves("move.up", "up", "Moves the cursor up.", &["k", "up"], Motion::Up),
    moves("move.page-down", "page down", "Moves the cursor down by a page.", &["ctrl-f", "pagedown"], Motion::PageDown),
    moves("move.page-up", "page up", "Moves the cursor up by a page.", &["ctrl-b", "pageup"], Motion::PageUp),
    moves("move.first", "first row", "Moves the cursor to the first row.", &["g", "home"], Motion::First),
    moves(
        "move.last",
        "last row",
        "Moves the cursor to the last row; in the log, follows new lines again.",
        &["G", "end"],
        Motion::Last,
    ),
    pane("pane.cronjobs", "CronJobs", "Goes to the CronJobs.", &["1"], &["cronjobs", "cronjob", "cj"], Pane::CronJobs),
    pane("pane.jobs", "Jobs", "Goes to the Jobs.", &["2"], &["jobs", "job"], Pane::Jobs),
    pane("pane.pods", "Pods", "Goes to the Pods of the subject.", &["3"], &["pods", "pod", "po"], Pane::Pods),
    pane(
        "pane.events",
        "Events",
        "Goes to the Events of the subject.",
        &["5"],
        &["events", "event", "ev"],
        Pane::Events,
    ),
    pane("pane.logs", "Logs", "Goes to the Logs of the subject.", &["6"], &["logs", "log"], Pane::Logs),
    CommandSpec {
        id: "pane.next",
        title: "next pane",
        help: "Gives the next pane the focus.",
        keys: &["tab", "right"],
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action: Action::NextPane,
        footer: Some(80),
    },
    CommandSpec {
        id: "pane.previous",
        title: "previous pane",
        help: "Gives the pane before the focus.",
        keys: &["shift-tab", "left"],
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action: Action::PreviousPane,
        footer: None,
    },
    CommandSpec {
        id: "pane.zoom",
        title: "zoom",
        help: "Shows the focused pane alone, or all panes again.",
        keys: &["z"],
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action: Action::Zoom,
        footer: Some(85),
    },
    CommandSpec {
        id: "view.open",
        title: "open",
        help: "Goes to what the object under the cursor owns: Jobs of a CronJob, Pods of a Job, logs of a Pod.",
        keys: &["enter"],
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action: Action::Open,
        footer: Some(10),
    },
    CommandSpec {
        id: "view.back",
        title: "back",
        help: "Closes what is open, clears the filter, or goes back to where Enter came from.",
        keys: &["esc"],
        words: &[],
        scope: Scope::Everywhere,
        argument: Argument::None,
        action: Action::Back,
        footer: Some(15),
    },
    CommandSpec {
        id: "view.logs",
        title: "logs",
        help: "Shows the log of the object under the cursor alone.",
        keys: &["l"],
        words: &[],
        scope: Scope::Dashboard,
        argument: Argument::None,
        action: Action::Logs,
        footer: Some(20),
    },
    CommandSpec {
        id: "view.yaml",
        title: "YAML",
        help: "Shows the object under the cursor as YAML.",
        keys: &["y"],
        words: &["yaml"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Yaml,
        footer: Some(30),
    },
    CommandSpec {
        id: "list.filter",
        title: "filter",
        help: "Shows only rows that contain the text; !text those that do not.",
        keys: &["/"],
        words: &[],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Filter,
        footer: Some(40),
    },
    CommandSpec {
        id: "list.faults",
        title: "faults only",
        help: "Shows only what is broken or warns, or everything again.",
        keys: &["F"],
        words: &["faults"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Faults,
        footer: Some(50),
    },
];

//! What can be done in the inbox of problems.

use super::{Action, Argument, CommandSpec, InboxAction, Scope};

const fn inbox(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    key: &'static [&'static str],
    action: InboxAction,
    footer: Option<u8>,
) -> CommandSpec {
    let action = Action::Inbox(action);
    CommandSpec {
        id,
        title,
        help,
        keys: key,
        words: &[],
        scope: Scope::Inbox,
        argument: Argument::None,
        action,
        footer,
    }
}

/// Commands of the inbox.
pub(super) const COMMANDS: &[CommandSpec] = &[
    inbox(
        "problem.open",
        "open",
        "Shows alone what suffers from the cause; of what is gone, what is kept.",
        &["enter"],
        InboxAction::Open,
        Some(10),
    ),
    inbox(
        "problem.why",
        "why",
        "Tells why the newest of them fails, and what fixes it.",
        &["x"],
        InboxAction::Why,
        Some(16),
    ),
    inbox(
        "problem.acknowledge",
        "acknowledge",
        "Takes the cause out of the count for as long as it is there; once more puts it back.",
        &["a"],
        InboxAction::Acknowledge,
        Some(23),
    ),
    inbox(
        "problem.snooze",
        "snooze",
        "Takes the cause out of the count for an hour; once more puts it back.",
        &["z"],
        InboxAction::Snooze,
        Some(24),
    ),
    inbox(
        "problem.call",
        "call me",
        "Calls you for each new problem, by bell and notification; once more ends that.",
        &["b"],
        InboxAction::Call,
        Some(35),
    ),
];

//! What can be done in a page of text: search, wrap, copy.

use super::{Action, Argument, CommandSpec, PageAction, Scope};

const fn page(
    scope: Scope,
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    action: PageAction,
    footer: Option<u8>,
) -> CommandSpec {
    let action = Action::Page(action);
    CommandSpec { id, title, help, keys, words: &[], scope, argument: Argument::None, action, footer }
}

/// Commands of pages.
pub(super) const COMMANDS: &[CommandSpec] = &[
    page(
        Scope::Page,
        "page.follow",
        "go to",
        "Goes to what the line under the cursor tells of: an object, an event, a log.",
        &["enter"],
        PageAction::Follow,
        Some(10),
    ),
    page(
        Scope::Text,
        "page.search",
        "search",
        "Looks for a text as it is typed.",
        &["/"],
        PageAction::Search,
        Some(20),
    ),
    page(
        Scope::Text,
        "page.next-match",
        "next match",
        "Goes to the next match.",
        &["n"],
        PageAction::NextMatch,
        Some(21),
    ),
    page(
        Scope::Text,
        "page.previous-match",
        "previous match",
        "Goes to the match before.",
        &["N"],
        PageAction::PreviousMatch,
        Some(22),
    ),
    page(
        Scope::Text,
        "page.copy",
        "copy",
        "Copies the whole text to the terminal's clipboard.",
        &["c"],
        PageAction::Copy,
        Some(30),
    ),
    page(
        Scope::Page,
        "page.refresh",
        "fetch again",
        "Fetches the object again; a page does not follow its changes.",
        &["r"],
        PageAction::Refresh,
        Some(40),
    ),
    page(
        Scope::Page,
        "page.managed-fields",
        "managed fields",
        "Shows in YAML who set which field, or hides it again.",
        &["m"],
        PageAction::ManagedFields,
        Some(65),
    ),
    page(
        Scope::Page,
        "page.describe",
        "describe",
        "Shows the same object in words.",
        &["d"],
        PageAction::Describe,
        Some(61),
    ),
    page(Scope::Page, "page.yaml", "YAML", "Shows the same object as YAML.", &["y"], PageAction::Yaml, Some(62)),
    page(Scope::Page, "page.wrap", "wrap", "Wraps long lines, or cuts them again.", &["w"], PageAction::Wrap, Some(50)),
    page(
        Scope::Page,
        "page.left",
        "left",
        "Scrolls to the left where lines are cut.",
        &["h", "left"],
        PageAction::Left,
        None,
    ),
    page(
        Scope::Page,
        "page.right",
        "right",
        "Scrolls to the right where lines are cut.",
        &["l", "right"],
        PageAction::Right,
        None,
    ),
    page(Scope::Text, "page.close", "close", "Closes the page.", &["q"], PageAction::Close, None),
];

//! Objects as text: edited, made from templates, applied from files.

use super::{Action, Argument, CommandSpec, EditAction, Scope, Write};

const fn spec(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    words: &'static [&'static str],
    scope: Scope,
    action: EditAction,
) -> CommandSpec {
    CommandSpec {
        id,
        title,
        help,
        keys,
        words,
        scope,
        argument: Argument::None,
        action: Action::Edit(action),
        footer: None,
    }
}

/// Changes that stand in the text already when it is opened.
const CHANGES: Argument = Argument::Text("FIELD=VALUE… FIELD-…");

/// Commands for text.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        footer: Some(72),
        argument: CHANGES,
        ..spec(
            "object.edit",
            "edit",
            "Edits the object under the cursor; what was changed is tried and shown before it is sent.",
            &["e"],
            &["edit"],
            Scope::Lists,
            EditAction::Object,
        )
    },
    spec(
        "object.edit-outside",
        "edit in EDITOR",
        "Edits the object in $KUBE_EDITOR or $EDITOR, and comes back the same way.",
        &["E"],
        &[],
        Scope::Lists,
        EditAction::Outside,
    ),
    CommandSpec {
        argument: CHANGES,
        ..spec(
            "job.rerun-with-changes",
            "rerun with changes",
            "Makes a new Job like this one with other images, commands, variables or resources.",
            &["alt-r"],
            &[],
            Scope::Lists,
            EditAction::Form(Write::Rerun),
        )
    },
    CommandSpec {
        argument: CHANGES,
        ..spec(
            "cronjob.trigger-with-changes",
            "trigger with changes",
            "Starts a run of a CronJob now with other images, commands, variables or resources.",
            &["alt-t"],
            &[],
            Scope::Lists,
            EditAction::Form(Write::Trigger),
        )
    },
    spec(
        "manifest.new",
        "new",
        "Opens the editor on an empty Job, to be filled in and applied.",
        &["alt-i"],
        &["new"],
        Scope::Panes,
        EditAction::New,
    ),
    CommandSpec {
        argument: Argument::Text("NAME"),
        ..spec(
            "manifest.template",
            "template",
            "Opens the editor on a template; tab walks through what is to be filled in. Without a name it tells the names.",
            &["alt-m"],
            &["template"],
            Scope::Panes,
            EditAction::Template,
        )
    },
    CommandSpec {
        argument: Argument::Text("FILE|FOLDER|-"),
        ..spec(
            "manifest.apply",
            "apply",
            "Reads manifests from a file or a folder into the editor, from where they are tried, shown and applied.",
            &["alt-y"],
            &["apply"],
            Scope::Panes,
            EditAction::Apply,
        )
    },
    spec(
        "draft.open",
        "drafts",
        "Opens a text that was kept and not applied; of several, the palette lists them, to open or to discard one.",
        &["alt-o"],
        &["drafts", "draft"],
        Scope::Panes,
        EditAction::Drafts,
    ),
];

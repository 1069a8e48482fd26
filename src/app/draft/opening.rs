//! How a text comes under edit: an object that is fetched for it, a template, a file.

use serde_json::Value;

use super::{Meant, Purpose};
use crate::app::details::sentence;
use crate::app::editor::Editor;
use crate::app::{App, Effect, Msg, Overlay};
use crate::command::{EditAction, Key, Plan, Refusal, Write, changed};
use crate::manifest::object::tidy;
use crate::manifest::{Assigned, Imported, Path, Place, assign, import, parse, rerun, templates, to_yaml};
use crate::model::delta::Failure;
use crate::model::key::{Namespaces, ObjectKey, Uid};

/// What an object is fetched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Opening {
    /// To be edited, with these changes in the text already; empty for none.
    Edit(String),
    /// To be edited in the user's own editor.
    EditOutside,
    /// For the containers of a Job that is made like it, with these changes already; empty for none.
    Form(Write, String),
    /// It has changed while it was edited.
    Rebase,
}

impl App {
    /// Asks for the object under the cursor, to edit it.
    pub(in crate::app) fn open_editor(&mut self, opening: Opening) -> Vec<Effect> {
        let Some((key, uid)) = self.object_under_cursor() else { return Vec::new() };
        self.open_editor_of(key, uid, opening)
    }

    /// Asks for an object, to edit it.
    pub(in crate::app) fn open_editor_of(&mut self, key: ObjectKey, uid: Uid, opening: Opening) -> Vec<Effect> {
        self.notice = Some(fetching(&key));
        self.desk.opening = Some((key.clone(), uid, opening));
        self.overlay = Some(Overlay::Opening(Vec::new()));
        let mut effects = vec![Effect::Fetch(key)];
        effects.extend(self.ask_for_schemas());
        effects
    }

    /// What the fields of objects are is asked once in a session, when it is wanted first.
    pub(super) fn ask_for_schemas(&mut self) -> Vec<Effect> {
        let namespace = self.default_namespace();
        let schemas = (self.desk.schemas_of != Some(self.session)).then_some(Effect::ReadSchemas);
        self.desk.schemas_of = Some(self.session);
        schemas.into_iter().chain([Effect::ReadNames(namespace)]).collect()
    }

    /// The namespace of what names none: that of the object under the cursor, else the one that is looked at.
    pub(in crate::app) fn default_namespace(&self) -> String {
        let here = self.object_under_cursor().map(|(key, _)| key.namespace.to_string()).filter(|name| !name.is_empty());
        let looked_at = match &self.namespaces {
            Some(Namespaces::Some(names)) => names.first().map(ToString::to_string),
            _ => None,
        };
        here.or(looked_at).unwrap_or_else(|| "default".to_owned())
    }

    /// Keeps what is typed while the object is on its way; Esc gives it up.
    pub(in crate::app) fn opening_key(&mut self, mut typed: Vec<Msg>, key: &Key) -> Vec<Effect> {
        let Some((wanted, ..)) = &self.desk.opening else { return Vec::new() };
        if matches!(key.0.as_str(), "esc" | "ctrl-c") {
            self.desk.opening = None;
            return Vec::new();
        }
        self.notice = Some(fetching(wanted));
        typed.push(Msg::Key(key.clone()));
        self.overlay = Some(Overlay::Opening(typed));
        Vec::new()
    }

    /// An object came; None where it was not asked for to be edited. What was typed meanwhile goes into the text.
    pub(in crate::app) fn take_edited(
        &mut self,
        key: &ObjectKey,
        object: &Result<Value, Failure>,
    ) -> Option<Vec<Effect>> {
        let (_, uid, opening) = self.desk.opening.take_if(|(wanted, ..)| wanted == key)?;
        self.notice = None;
        let typed = match self.overlay.take_if(|overlay| matches!(overlay, Overlay::Opening(_))) {
            Some(Overlay::Opening(typed)) => typed,
            _ => Vec::new(),
        };
        let live = match object {
            Ok(live) => live.clone(),
            Err(failure) => {
                self.notice = Some(sentence(failure));
                return Some(Vec::new());
            }
        };
        if live["metadata"]["uid"].as_str().map(Uid::new) != Some(uid) {
            self.notice = Some(format!("{key} was deleted and made anew: look at it and try again"));
            return Some(Vec::new());
        }
        if opening == Opening::Rebase {
            return Some(self.rebase(live));
        }
        let meant = Meant { key: key.clone(), uid, live };
        match opening {
            Opening::Form(write, changes) => match self.edit_form(write, meant, &changes) {
                // What was typed was meant for a text: it must not answer the question whether to send it.
                Ok(Some(plan)) => return Some(self.review(plan)),
                Ok(None) => {}
                Err(Refusal(why)) => self.notice = Some(why),
            },
            Opening::Edit(changes) => {
                if let Err(Refusal(why)) = self.edit_object(meant, &changes) {
                    self.notice = Some(why);
                }
            }
            _ => {
                let text = to_yaml(&tidy(&meant.live));
                self.edit(Editor::new(format!("Edit {key}  {}", key.namespace), &text), Purpose::Edit(meant));
                return Some(vec![Effect::EditOutside(text)]);
            }
        }
        Some(typed.into_iter().flat_map(|msg| self.update(msg)).collect())
    }

    /// Opens the containers of a Job that is to be made, with the changes in the text; the plan where these are to other
    /// fields than a form has.
    fn edit_form(&mut self, write: Write, meant: Meant, changes: &str) -> Result<Option<Plan>, Refusal> {
        let Meant { key, uid, live } = &meant;
        let verb = crate::app::capital(write.verb().plain);
        let mut editor = Editor::new(format!("{verb} {key} with changes  {}", key.namespace), &rerun::form(live));
        if !changes.is_empty() {
            let Assigned { object, paths } = assign(live, changes).map_err(Refusal)?;
            if !rerun::is_of_form(live, &object) {
                return changed(Some(write), (key, *uid), live, changes, self.scene()).map(Some);
            }
            let place = paths.last().and_then(|path| rerun::path_in_form(live, path));
            write_in(&mut editor, &rerun::form(&object), place.as_ref());
        }
        self.edit(editor, Purpose::Form(write, meant));
        Ok(None)
    }

    /// Opens an object, with the changes in its text.
    fn edit_object(&mut self, meant: Meant, changes: &str) -> Result<(), Refusal> {
        let Meant { key, live, .. } = &meant;
        let mut editor = Editor::new(format!("Edit {key}  {}", key.namespace), &to_yaml(&tidy(live)));
        if !changes.is_empty() {
            let Assigned { object, paths } = assign(live, changes).map_err(Refusal)?;
            write_in(&mut editor, &to_yaml(&tidy(&object)), paths.last());
        }
        self.edit(editor, Purpose::Edit(meant));
        Ok(())
    }

    /// Opens what a command wants to be edited.
    pub(in crate::app) fn open_text(&mut self, action: EditAction, argument: &str) -> Vec<Effect> {
        match action {
            EditAction::Object => self.open_editor(Opening::Edit(argument.to_owned())),
            EditAction::Outside => self.open_editor(Opening::EditOutside),
            EditAction::Form(write) => self.open_editor(Opening::Form(write, argument.to_owned())),
            EditAction::New => self.open_template("one-shot"),
            EditAction::Template => self.open_template(argument),
            EditAction::Apply if argument.is_empty() => {
                self.open_palette();
                self.paste("apply ")
            }
            EditAction::Apply if argument == "-" => {
                let mut editor = Editor::new("Apply what is pasted".to_owned(), "");
                editor.notice = Some("paste manifests here; ctrl-s looks at what they would change".to_owned());
                self.edit(editor, Purpose::Apply);
                self.ask_for_schemas()
            }
            EditAction::Apply => vec![Effect::ReadManifests(argument.into())],
            EditAction::Drafts => self.open_drafts(),
        }
    }

    fn open_template(&mut self, name: &str) -> Vec<Effect> {
        let templates = templates(&self.desk.templates);
        let Some(template) = templates.iter().find(|one| one.name == name) else {
            let names: Vec<&str> = templates.iter().map(|one| one.name.as_str()).collect();
            self.open_palette();
            let effects = self.paste("template ");
            self.notice = Some(format!("templates: {}", names.join(", ")));
            return effects;
        };
        let editor = Editor::of_template(format!("New from template {name}"), &template.text);
        self.edit(editor, Purpose::Apply);
        self.ask_for_schemas()
    }

    /// Manifests were read from files.
    pub(in crate::app) fn take_manifests(&mut self, title: String, text: Result<String, String>) -> Vec<Effect> {
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.notice = Some(why);
                return Vec::new();
            }
        };
        let Imported { text, notes } = import(&text);
        let mut editor = Editor::new(format!("Apply {title}"), &text);
        editor.notice = (!notes.is_empty()).then(|| notes.join("; "));
        self.edit(editor, Purpose::Apply);
        self.ask_for_schemas()
    }
}

/// Puts the changed text in, in one step that can be taken back, with the cursor where the last change is.
fn write_in(editor: &mut Editor, text: &str, path: Option<&Path>) {
    editor.replace_all(text);
    if let (Some(path), Some(document)) = (path, parse(text).documents.first()) {
        let Place { line, column, .. } = document.find_nearest(path).value;
        editor.go_to((line, column));
    }
    editor.notice = Some("this is written in and not sent: change it as you like, ctrl-s looks at it".to_owned());
}

fn fetching(key: &ObjectKey) -> String {
    format!("fetching {key}; esc gives it up")
}

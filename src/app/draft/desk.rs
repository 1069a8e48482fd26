//! What lies around a text under edit: others that were kept, templates, what is known of fields and names.

use super::{Draft, Opening, SavedDraft};
use crate::app::Schemas;
use crate::manifest::{Names, Template};
use crate::model::key::{ObjectKey, Session, Uid};

/// Texts under edit, and what is known for them.
#[derive(Debug, Default)]
pub struct Desk {
    /// Texts that were kept and not applied, the newest last.
    pub saved: Vec<SavedDraft>,
    /// The user's own templates.
    pub templates: Vec<Template>,
    /// What is known of the fields of objects from the server; None before it is read.
    pub schemas: Option<Schemas>,
    /// The session that they were asked in.
    pub(super) schemas_of: Option<Session>,
    /// Names that a text may want.
    pub names: Names,
    /// The object that is fetched to be edited.
    pub(super) opening: Option<(ObjectKey, Uid, Opening)>,
    /// The text that is reviewed or sent.
    pub(in crate::app) away: Option<Box<Draft>>,
    /// How many texts were edited.
    pub(super) count: u32,
}

//! Values that can be typed: words of a field that has few, kinds, and names that exist.

use super::keys::QUEUE;
use super::{Completion, Names, Spot};
use crate::manifest::parse::resolve;
use crate::manifest::path::Path;
use crate::manifest::schema::{Catalogue, Type};

/// The values that fit at the cursor.
pub(super) fn values(spot: &Spot, catalogue: &Catalogue, names: &Names) -> Vec<Completion> {
    let offer = |word: &str, detail: &str| Completion {
        label: word.to_owned(),
        insert: word.to_owned(),
        detail: detail.to_owned(),
        start: spot.start,
        end: spot.end,
    };
    let version = spot.version(catalogue);
    match spot.path.to_string().as_str() {
        "apiVersion" => {
            let mut versions: Vec<&str> = catalogue.kinds().map(|(version, _)| version).collect();
            versions.dedup();
            return versions.into_iter().map(|version| offer(version, "")).collect();
        }
        "kind" => {
            let is_meant = |known: &str| spot.api_version.is_empty() || known == version;
            return catalogue
                .kinds()
                .filter(|(known, _)| is_meant(known))
                .map(|(known, kind)| offer(kind, known))
                .collect();
        }
        _ => {}
    }
    let (existing, what) = existing(&spot.path, names);
    let mut found: Vec<Completion> =
        existing.iter().map(|name| Completion { insert: quoted(name), ..offer(name, what) }).collect();
    let Some(schema) = catalogue.at(version, &spot.kind, &spot.path).map(|schema| catalogue.resolve(schema)) else {
        return found;
    };
    found.extend(schema.enum_values.iter().map(|word| Completion { insert: quoted(word), ..offer(word, "") }));
    if schema.type_ == Type::Flag {
        found.extend(["true", "false"].map(|word| offer(word, "")));
    }
    found
}

/// The names that exist of what a field names, and what they are names of.
fn existing<'a>(path: &Path, names: &'a Names) -> (&'a [String], &'static str) {
    let mut keys = path.keys_from_end();
    match (keys.next().unwrap_or_default(), keys.next().unwrap_or_default()) {
        ("name", "configMapRef" | "configMapKeyRef" | "configMap") => (&names.config_maps, "ConfigMap"),
        ("name", "secretRef" | "secretKeyRef" | "secret" | "imagePullSecrets") | ("secretName", _) => {
            (&names.secrets, "Secret")
        }
        ("serviceAccountName" | "serviceAccount", _) => (&names.service_accounts, "ServiceAccount"),
        ("claimName", _) => (&names.claims, "PersistentVolumeClaim"),
        ("image", "containers" | "initContainers" | "ephemeralContainers") => (&names.images, "image"),
        (QUEUE, _) => (&names.queues, "queue"),
        _ => (&[], ""),
    }
}

/// A word as it has to be written to be text.
fn quoted(word: &str) -> String {
    if resolve(word).is_string() { word.to_owned() } else { format!("\"{word}\"") }
}

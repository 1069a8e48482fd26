//! The one place where requests leave that are more than watching and reading logs. Writes pass here and nowhere else,
//! and here alone read-only is enforced.

use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};

use super::error::explain;
use crate::model::delta::{Cause, Failure};
use crate::model::key::ObjectKey;

/// Fetches an object and writes it as YAML, without the managed fields.
///
/// # Errors
/// Where the server refuses or the object cannot be written as YAML.
pub async fn manifest(client: &kube::Client, key: &ObjectKey) -> Result<String, Failure> {
    let group_version_kind = GroupVersionKind::gvk(key.kind.group(), "v1", key.kind.name());
    let resource = ApiResource::from_gvk_with_plural(&group_version_kind, key.kind.plural());
    let api: Api<DynamicObject> = if key.namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), &key.namespace, &resource)
    };
    let mut object = api.get(&key.name).await.map_err(|error| explain(&format!("get {key}"), &error))?;
    object.metadata.managed_fields = None;
    serde_yaml::to_string(&object).map_err(|error| Failure {
        cause: Cause::Other,
        message: format!("cannot write {key} as YAML: {error}"),
        hint: String::new(),
    })
}

//! The server's own schemas, as OpenAPI v3: where each API version has them, and one of them. What they mean is
//! [`crate::manifest::Catalogue`]'s, and keeping them by their hash the caller's.

use std::path::{Path, PathBuf};

use http::{Request, header};
use serde_json::Value;

use super::execute;
use crate::manifest::Catalogue;
use crate::model::delta::Failure;

/// Where the schemas of an API version are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The version as objects name it: `batch/v1`, or `v1` for the core.
    pub api_version: String,
    /// Changes when the schemas do; None where the server names none, and they have to be read anew.
    pub hash: Option<String>,
    path: String,
}

/// Where the server has its schemas, by API version.
///
/// # Errors
/// Where the server refuses or does not answer; one before 1.24 has none.
pub async fn addresses(client: &kube::Client) -> Result<Vec<Address>, Failure> {
    let index = get(client, "list the schemas", "/openapi/v3").await?;
    let index: Value = serde_json::from_str(&index).unwrap_or_default();
    let paths = index["paths"].as_object();
    Ok(paths.into_iter().flatten().filter_map(|(name, about)| address(name, about)).collect())
}

/// The schemas of an API version, as [`crate::manifest::Catalogue::add`] takes them.
///
/// # Errors
/// Where the server refuses or does not answer.
pub async fn document(client: &kube::Client, address: &Address) -> Result<Vec<u8>, Failure> {
    let doing = format!("get the schemas of {}", address.api_version);
    Ok(get(client, &doing, &address.path).await?.into_bytes())
}

/// The groups whose kinds are edited as a rule.
const WANTED: [&str; 2] = ["batch/v1", "v1"];

/// What the fields of the batch kinds and the core kinds are on this server. A folder keeps what was read under its hash,
/// so that a server is asked once.
///
/// # Errors
/// Where the server does not tell which schemas it has.
pub async fn catalogue(client: &kube::Client, cache: Option<PathBuf>) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::built_in().clone();
    for address in addresses(client).await?.iter().filter(|one| WANTED.contains(&one.api_version.as_str())) {
        let kept = cache.as_ref().zip(file_name(address)).map(|(folder, name)| folder.join(name));
        let known = match &kept {
            Some(path) => tokio::fs::read(path).await.ok(),
            None => None,
        };
        let text = match known {
            Some(text) => text,
            None => {
                let Ok(text) = document(client, address).await else { continue };
                keep(kept.as_deref(), &text).await;
                text
            }
        };
        // Megabytes of JSON: not on a thread that others wait for.
        let grown = tokio::task::spawn_blocking(move || {
            // One that cannot be read is left out; what is known stays.
            let _ = catalogue.add(&text);
            catalogue
        });
        catalogue = grown.await.unwrap_or_else(|_| Catalogue::built_in().clone());
    }
    Ok(catalogue)
}

/// The name of a document in the cache; None where the server gives no hash.
fn file_name(address: &Address) -> Option<String> {
    let hash = address.hash.as_ref()?;
    let is_plain = hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| format!("openapi-{}-{hash}.json", address.api_version.replace('/', "-")))
}

/// Keeps a document; that it cannot be kept is no error.
async fn keep(path: Option<&Path>, text: &[u8]) {
    let Some((path, folder)) = path.and_then(|path| Some((path, path.parent()?))) else { return };
    let beside = path.with_extension("new");
    let is_there = tokio::fs::create_dir_all(folder).await.is_ok();
    if is_there && tokio::fs::write(&beside, text).await.is_ok() {
        let _ = tokio::fs::rename(&beside, path).await;
    }
}

/// The address of an entry such as `apis/batch/v1`; None for those that are no API version, and for what would lead
/// elsewhere.
fn address(name: &str, about: &Value) -> Option<Address> {
    let api_version = match name.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => (*version).to_owned(),
        ["apis", group, version] => format!("{group}/{version}"),
        _ => return None,
    };
    let path = about["serverRelativeURL"].as_str().filter(|path| path.starts_with("/openapi/v3/"))?;
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let hash = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "hash");
    Some(Address { api_version, hash: hash.map(|(_, hash)| hash.into_owned()), path: path.to_owned() })
}

async fn get(client: &kube::Client, doing: &str, path: &str) -> Result<String, Failure> {
    let request = Request::get(path).header(header::ACCEPT, "application/json").body(Vec::new());
    let request = request.map_err(|error| execute::unaskable(doing, &error))?;
    execute::answer(doing, client.request_text(request)).await
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::Response;
    use http_body_util::Full;
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn schemas_are_read_where_the_server_says_and_nowhere_else() {
        let index = json!({ "paths": {
            ".well-known/openid-configuration": { "serverRelativeURL": "/openapi/v3/.well-known?hash=1" },
            "api/v1": { "serverRelativeURL": "/openapi/v3/api/v1" },
            "apis/batch/v1": { "serverRelativeURL": "/openapi/v3/apis/batch/v1?hash=A%20B" },
            "apis/evil/v1": { "serverRelativeURL": "https://example.com/x" },
        } });
        let sent = Arc::new(Mutex::new(Vec::new()));
        let notes = sent.clone();
        let client = kube::Client::new(
            tower::service_fn(move |request: Request<Body>| {
                notes.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
                let body = bytes::Bytes::from(index.to_string());
                async move { Ok::<_, tower::BoxError>(Response::new(Full::new(body))) }
            }),
            "default",
        );
        let found = addresses(&client).await.unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.api_version.as_str(), one.hash.as_deref())).collect();
        assert_eq!(told, [("v1", None), ("batch/v1", Some("A B"))]);
        assert!(!document(&client, &found[1]).await.unwrap().is_empty());
        assert_eq!(*sent.lock().unwrap(), ["GET /openapi/v3", "GET /openapi/v3/apis/batch/v1?hash=A%20B"]);
    }

    #[tokio::test]
    async fn a_server_without_schemas_says_so() {
        let client = kube::Client::new(
            tower::service_fn(|_: Request<Body>| async {
                let answer = Response::builder().status(404).body(Full::new(bytes::Bytes::from("{}")));
                Ok::<_, tower::BoxError>(answer?)
            }),
            "default",
        );
        let failure = addresses(&client).await.unwrap_err();
        assert!(failure.message.starts_with("cannot list the schemas: "), "{}", failure.message);
    }
}

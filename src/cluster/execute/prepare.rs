//! From what is meant to what is sent: reads the object as it is, works out the requests, and has the server try them
//! (`dryRun=All`, strict about fields). What a person then confirms is sent to the letter.

use compact_str::CompactString;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, ask};
use crate::manifest::rerun;
use crate::model::delta::{Cause, Failure};
use crate::model::key::Uid;
use crate::model::mutation::{Address, Change, Mutation, Prepared, Reason, Refused, Request, Send};

/// Has the server try a write. Nothing is changed.
///
/// # Errors
/// Where the server does not take it, with what can be done about it.
pub async fn prepare(client: &kube::Client, mutation: Mutation) -> Result<Prepared, Refused> {
    let doing = mutation.to_string();
    let collection = collection(client, &mutation.target).await?;
    let path = format!("{collection}/{}", mutation.target.name);
    let before = match mutation.change {
        Change::Create(_) => None,
        Change::Apply { .. } => existing(client, &doing, &path).await?,
        _ => Some(read(client, &doing, &path).await?),
    };
    if let (Some(uid), Some(before)) = (mutation.uid, &before)
        && uid_of(before) != Some(uid)
    {
        return Err(another(&doing).into());
    }
    let place = Place { collection, path };
    let drafted = draft(&mutation, &place, before.as_ref()).map_err(|why| Failure {
        cause: Cause::Other,
        message: format!("cannot {doing}: {why}"),
        hint: "look at the object with y".into(),
    })?;
    let mut prepared = Prepared {
        sent: drafted.sent,
        after: None,
        untried: None,
        warnings: Vec::new(),
        requests: drafted.requests,
        before: drafted.before,
        mutation,
    };
    try_out(client, &doing, &mut prepared).await?;
    Ok(prepared)
}

/// Where an object and its like are on the server.
struct Place {
    collection: String,
    path: String,
}

/// What is sent, before the server has tried it.
struct Drafted {
    before: Option<Value>,
    sent: Option<Value>,
    requests: Vec<Request>,
}

fn draft(mutation: &Mutation, place: &Place, before: Option<&Value>) -> Result<Drafted, String> {
    let at = |path: &str, send| Request { path: path.to_owned(), send };
    let object = |send| at(&place.path, send);
    let create = |path: &str, new: Value| Drafted {
        before: None,
        sent: Some(new.clone()),
        requests: vec![at(path, Send::Create(new))],
    };
    let live = before.unwrap_or(&Value::Null);
    let uid = mutation.uid.or_else(|| uid_of(live));
    let drafted = match &mutation.change {
        Change::Merge { patch, version } => {
            let mut patch = patch.clone();
            let sent = patched(live.clone(), &patch);
            // The server refuses where another object has the name, or where it has changed since.
            patch["metadata"]["uid"] = json!(uid.map(|uid| uid.to_string()));
            if let Some(version) = version {
                patch["metadata"]["resourceVersion"] = json!(version);
            }
            Drafted { before: before.cloned(), sent: Some(sent), requests: vec![object(Send::Merge(patch))] }
        }
        Change::Apply { object: manifest, is_forced } => Drafted {
            before: before.cloned(),
            sent: Some(manifest.clone()),
            requests: vec![object(Send::Apply(manifest.clone(), *is_forced))],
        },
        Change::Create(new) => create(&place.collection, new.clone()),
        Change::Trigger { name, patch } => {
            create(&job_collection(&mutation.target), patched(rerun::trigger(live, name), patch))
        }
        Change::Rerun { name, keeps_owner, patch } => {
            create(&place.collection, patched(rerun::clone(live, name, *keeps_owner), patch))
        }
        Change::Replace { object: new, patch } => {
            let uid = uid.ok_or("it has no UID")?;
            let delete = Send::Delete(delete_options(uid, "Background"));
            let like_it = || rerun::clone(live, &mutation.target.name, true);
            let new = patched(new.clone().unwrap_or_else(like_it), patch);
            Drafted {
                before: before.cloned(),
                sent: Some(new.clone()),
                requests: vec![
                    object(delete),
                    object(Send::AwaitGone(uid)),
                    at(&place.collection, Send::Create(new.clone())),
                ],
            }
        }
        Change::Delete(cascade) => {
            let uid = uid.ok_or("it has no UID")?;
            let delete = Send::Delete(delete_options(uid, cascade.policy()));
            Drafted { before: before.cloned(), sent: None, requests: vec![object(delete)] }
        }
        Change::Debug(debug) => {
            // As kubectl debug does: the subresource takes nothing else, and the list is added to by name.
            let container = json!({
                "name": debug.name, "image": debug.image, "targetContainerName": debug.target.container,
                "stdin": true, "tty": true, "terminationMessagePolicy": "File",
            });
            let mut sent = live.clone();
            match sent.pointer_mut("/spec/ephemeralContainers").and_then(Value::as_array_mut) {
                Some(there) => there.push(container.clone()),
                None => sent["spec"]["ephemeralContainers"] = json!([container]),
            }
            let uid = uid.map(|uid| uid.to_string());
            let patch = json!({ "metadata": { "uid": uid }, "spec": { "ephemeralContainers": [container] } });
            let path = format!("{}/ephemeralcontainers", place.path);
            Drafted { before: before.cloned(), sent: Some(sent), requests: vec![at(&path, Send::Extend(patch))] }
        }
        Change::Evict => {
            let Address { namespace, name, .. } = &mutation.target;
            let eviction = json!({
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name, "namespace": namespace },
                "deleteOptions": { "preconditions": { "uid": uid.map(|uid| uid.to_string()) } },
            });
            let path = format!("{}/eviction", place.path);
            Drafted { before: before.cloned(), sent: None, requests: vec![at(&path, Send::Evict(eviction))] }
        }
    };
    Ok(drafted)
}

fn delete_options(uid: Uid, policy: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
        "preconditions": { "uid": uid.to_string() },
    })
}

fn patched(mut object: Value, patch: &Value) -> Value {
    json_patch::merge(&mut object, patch);
    object
}

/// Has the server try each request, and notes what it would store and what it warns of. What cannot be tried is noted
/// as such, so that it can be sent all the same: elsewhere nothing that such a server has could be changed.
async fn try_out(client: &kube::Client, doing: &str, prepared: &mut Prepared) -> Result<(), Refused> {
    let is_replaced = prepared.requests.len() > 1;
    for request in &prepared.requests {
        let tried = match &request.send {
            Send::AwaitGone(_) => continue,
            // The name is taken until the one before is gone: it is tried under another one of the same length.
            Send::Create(new) if is_replaced => {
                let (new, name) = under_another_name(new);
                let other = Request { send: Send::Create(new), ..request.clone() };
                ask(client, doing, &Ask::of(&other, true)).await.map(|mut answer| {
                    rename(&mut answer.body, &name);
                    answer
                })
            }
            _ => ask(client, doing, &Ask::of(request, true)).await,
        };
        let Answer { body, warnings } = match tried {
            Err(Refused { reason: Reason::Untriable, failure, .. }) => {
                let told = failure.message.strip_prefix(&format!("cannot {doing}: ")).unwrap_or(&failure.message);
                prepared.untried = Some(told.to_owned());
                Answer { body: asked_for(request, prepared), warnings: Vec::new() }
            }
            tried => tried?,
        };
        // One for each field that has a default, and the same for both tries of a replacement.
        prepared
            .warnings
            .extend(warnings.into_iter().filter(|one| !prepared.warnings.contains(one)).collect::<Vec<_>>());
        if !matches!(request.send, Send::Delete(_) | Send::Evict(_)) {
            prepared.after = Some(body);
        }
    }
    Ok(())
}

/// The object as it would be by what was asked for alone: without defaults, and of an applied manifest without what the
/// server knows of its lists.
fn asked_for(request: &Request, prepared: &Prepared) -> Value {
    let sent = prepared.sent.clone().unwrap_or_default();
    match (&request.send, &prepared.before) {
        (Send::Apply(..), Some(before)) => patched(before.clone(), &sent),
        _ => sent,
    }
}

/// Gives the object of a trial its own name back; the Job controller's labels repeat it.
fn rename(object: &mut Value, name: &Value) {
    let trial = std::mem::replace(&mut object["metadata"]["name"], name.clone());
    for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
        let values = object.pointer_mut(labels).and_then(Value::as_object_mut);
        values.into_iter().flat_map(|labels| labels.values_mut()).filter(|value| **value == trial).for_each(|value| {
            *value = name.clone();
        });
    }
}

/// The object under a name that is not taken, with the name that it had.
fn under_another_name(object: &Value) -> (Value, Value) {
    let mut other = object.clone();
    let name = other["metadata"]["name"].take();
    let text = name.as_str().unwrap_or_default();
    let end = if text.ends_with('0') { '1' } else { '0' };
    let mut short: String = text.to_owned();
    short.pop();
    other["metadata"]["name"] = json!(format!("{short}{end}"));
    (other, name)
}

/// The object at this path.
///
/// # Errors
/// Where it is not there, or the server does not give it.
async fn read(client: &kube::Client, doing: &str, path: &str) -> Result<Value, Refused> {
    Ok(ask(client, doing, &Ask::get(path)).await?.body)
}

/// The object at this path, where there is one.
async fn existing(client: &kube::Client, doing: &str, path: &str) -> Result<Option<Value>, Refused> {
    match read(client, doing, path).await {
        Ok(object) => Ok(Some(object)),
        Err(refused) if refused.failure.cause == Cause::NotFound => Ok(None),
        Err(refused) => Err(refused),
    }
}

fn uid_of(object: &Value) -> Option<Uid> {
    object["metadata"]["uid"].as_str().map(Uid::new)
}

/// Another object has the name by now.
pub(super) fn another(doing: &str) -> Failure {
    Failure {
        cause: Cause::Other,
        message: format!("cannot {doing}: another object has this name by now, with another UID"),
        hint: "it was deleted and made anew: look at it and try again".into(),
    }
}

fn job_collection(cronjob: &Address) -> String {
    format!("/apis/batch/v1/namespaces/{}/jobs", cronjob.namespace)
}

/// The path of the objects of an address's kind in its namespace.
///
/// # Errors
/// Where the server does not know the kind.
pub(in crate::cluster) async fn collection(client: &kube::Client, address: &Address) -> Result<String, Refused> {
    let base = if address.api_version.contains('/') { "/apis" } else { "/api" };
    let (plural, is_namespaced) = match address.known() {
        Some(kind) => (CompactString::const_new(kind.plural()), !kind.is_cluster_wide()),
        None => resource(client, base, address).await?,
    };
    let namespace = if is_namespaced { format!("/namespaces/{}", address.namespace) } else { String::new() };
    Ok(format!("{base}/{}{namespace}/{plural}", address.api_version))
}

/// How the server calls a kind that is not known here, and whether it lives in namespaces.
async fn resource(client: &kube::Client, base: &str, address: &Address) -> Result<(CompactString, bool), Refused> {
    let Address { api_version, kind, .. } = address;
    let unknown = || Failure {
        cause: Cause::NotFound,
        message: format!("the server knows no kind {kind} in {api_version}"),
        hint: "check apiVersion and kind, and whether its custom resource definition is installed".into(),
    };
    let doing = format!("look up the kind {kind}");
    let list = match ask(client, &doing, &Ask::get(&format!("{base}/{api_version}"))).await {
        Ok(answer) => answer.body,
        Err(refused) if refused.failure.cause == Cause::NotFound => return Err(unknown().into()),
        Err(refused) => return Err(refused),
    };
    let is_meant =
        |one: &&Value| one["kind"] == kind.as_str() && one["name"].as_str().is_some_and(|name| !name.contains('/'));
    let found = list["resources"].as_array().into_iter().flatten().find(is_meant).ok_or_else(unknown)?;
    let name = found["name"].as_str().unwrap_or_default().into();
    Ok((name, found["namespaced"].as_bool().unwrap_or(true)))
}

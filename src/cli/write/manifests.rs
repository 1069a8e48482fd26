//! `kubatch apply`: what manifests describe becomes a plan.

use serde_json::Value;

use super::perform::perform;
use super::{Apply, Errand, Manifests};
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cluster::scope::Scope;
use crate::command::apply::documents;
use crate::command::{Plan, Refusal};
use crate::manifest::{self, Imported, Problem, Severity, import};
use crate::manifest_file::{Source, read};
use crate::model::key::Namespaces;

/// Applies manifests.
pub(super) async fn apply(Apply { manifests, force }: &Apply, errand: Errand<'_>) -> Result<u8, Stop> {
    let manner = errand.manner;
    let (mut server, plan) = plan(manifests, *force, errand).await?;
    let account = perform(&mut server, plan, manifests.replace, manner).await?;
    Ok(account.code())
}

/// Reads manifests, connects, and plans to apply them.
///
/// # Errors
/// Where they cannot be read, mean no objects, or there is no way to the server.
pub(super) async fn plan(
    manifests: &Manifests,
    is_forced: bool,
    Errand { mut target, clock, .. }: Errand<'_>,
) -> Result<(Server, Plan), Stop> {
    let (mut objects, mut notes) = (Vec::new(), Vec::new());
    for source in read(&manifests.filename)? {
        let (found, told) = parse(&source)?;
        objects.extend(found);
        notes.extend(told);
    }
    let chosen = target.namespaces.clone();
    // Nothing has to be known beforehand: each object is read when it is tried.
    target.scope = Scope::Kinds(&[]);
    let server = Server::connect(target, &[], clock).await?;
    let planned = documents(objects, &server.namespace, is_forced);
    let mut plan = planned.map_err(|Refusal(why)| Stop::new(format!("cannot apply: {why}"), "correct the manifest"))?;
    plan.warnings.extend(notes);
    if let Some(Namespaces::Some(_)) = chosen {
        check_namespaces(&plan, &server.namespace)?;
    }
    Ok((server, plan))
}

/// A namespace that was named with `-n` is meant.
fn check_namespaces(plan: &Plan, namespace: &str) -> Result<(), Stop> {
    let is_other = |other: &&str| !other.is_empty() && *other != namespace;
    let other = plan.mutations.iter().find(|one| is_other(&one.target.namespace.as_str()));
    match other {
        Some(one) => Err(Stop::new(
            format!("{} is for namespace {}, not for {namespace}", one.target, one.target.namespace),
            "leave -n out, or correct the manifest",
        )),
        None => Ok(()),
    }
}

/// The objects of a text, and what had to be done to read it.
fn parse(Source { name, text }: &Source) -> Result<(Vec<Value>, Vec<String>), Stop> {
    let Imported { text, notes } = import(text);
    let parsed = manifest::parse(&text);
    if let Some(Problem { place, message, .. }) = parsed.problems.iter().find(|one| one.severity == Severity::Error) {
        let place = format!("{name}:{}:{}", place.line + 1, place.column + 1);
        return Err(Stop::new(format!("{place}: {message}"), "correct the manifest"));
    }
    let notes = notes.into_iter().map(|note| format!("{name}: {note}"));
    Ok((parsed.documents.into_iter().map(|document| document.object).collect(), notes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<(Vec<Value>, Vec<String>), Stop> {
        parse(&Source { name: "all.yaml".into(), text: text.into() })
    }

    #[test]
    fn objects_are_read_in_any_form_and_what_was_done_is_told() {
        let (objects, notes) = parse_text("# a comment\nkind: A\n---\n---\nkind: B\n").unwrap();
        assert_eq!((objects.len(), notes.len()), (2, 0));
        let old = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: { name: c }\n";
        let (objects, notes) = parse_text(old).unwrap();
        assert_eq!(objects[0]["apiVersion"], "batch/v1");
        assert!(notes.len() == 1 && notes[0].starts_with("all.yaml: ") && notes[0].contains("v1beta1"), "{notes:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let refused = |text| parse_text(text).unwrap_err().message;
        assert!(refused("kind: A\n---\nkind: [\n").starts_with("all.yaml:"), "{}", refused("kind: A\n---\nkind: [\n"));
        assert!(refused("kind: A\nkind: B\n").starts_with("all.yaml:2:1: "), "{}", refused("kind: A\nkind: B\n"));
    }
}

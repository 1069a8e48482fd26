//! Files that are not where a program looks for them: the volume that has them is mounted elsewhere or not at all, or
//! there is no folder for what it writes. [`super::files`] asks.

use serde_json::Value;

use super::super::Case;
use super::Run;
use super::files::source;
use super::log::path_in;
use super::slip::Why;
use crate::triage::container::remake;
use crate::triage::grammar::near;
use crate::triage::mend::{Changes, mend, of_container};

/// A file that lies in a volume of the pod which this container has elsewhere, or not at all; or for which there is no
/// folder.
pub(super) fn no_mount(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    const WORDS: [&str; 3] = ["no such file or directory", "nonexistent directory", "directory nonexistent"];
    let text = line.to_lowercase();
    let path = path_in(line).filter(|_| WORDS.iter().any(|words| text.contains(words)))?;
    if case.volume_at(&run.container.name, path).is_some() {
        return None;
    }
    let (folder, file) = path.rsplit_once('/').filter(|(folder, file)| !folder.is_empty() && !file.is_empty())?;
    let spec = case.container_spec(&run.container.name)?;
    let mounts = || spec["volumeMounts"].as_array().into_iter().flatten();
    let volumes = case.pod_spec()?["volumes"].as_array().into_iter().flatten();
    let has_file = |volume: &&Value| {
        let map = volume["configMap"]["name"].as_str();
        let map = map.and_then(|map| case.found("v1", "ConfigMap", &case.key.namespace, map));
        map.is_some_and(|map| !map["data"][file].is_null() || !map["binaryData"][file].is_null())
    };
    if let Some(volume) = volumes.into_iter().find(has_file) {
        let (name, source) = (volume["name"].as_str()?, source(volume)?);
        let mount = mounts().find(|mount| mount["name"] == volume["name"] && mount["subPath"].is_null());
        let at = mount.and_then(|mount| mount["mountPath"].as_str());
        let (where_it_is, changes) = match at {
            Some(at) => (
                format!("{source}, which has {file}, is mounted at {at}"),
                Changes::set(of_container(run.container, &format!("volumeMounts[mountPath={at}].mountPath")), folder),
            ),
            None => {
                let mount = serde_json::json!({ "name": name, "mountPath": folder });
                (
                    format!("volume {name} is made of {source}, which has {file}, but the container does not mount it"),
                    Changes::set(of_container(run.container, "volumeMounts[+]"), mount),
                )
            }
        };
        return Some(Why {
            what: format!("finds no file {path}: {where_it_is}"),
            short: match at {
                Some(at) => format!("{file} is in {at} and not in {folder}"),
                None => format!("volume {name} with {file} is not mounted"),
            },
            fixes: mend(case, format!("rerun with volume {name} mounted at {folder}"), &changes),
        });
    }
    if let Some(near) = near(folder, mounts().filter_map(|mount| mount["mountPath"].as_str())) {
        let changes =
            Changes::set(of_container(run.container, &format!("volumeMounts[mountPath={near}].mountPath")), folder);
        return Some(Why {
            what: format!("finds no {path}: its volume is mounted at {near}"),
            short: format!("a volume is mounted at {near} and not at {folder}"),
            fixes: mend(case, format!("rerun with that volume mounted at {folder}"), &changes),
        });
    }
    // A volume that nobody mounts was mostly meant for something.
    let pod = case.pod_spec()?;
    let all = ["containers", "initContainers"].into_iter().filter_map(|field| pod[field].as_array()).flatten();
    let mounted: Vec<&Value> =
        all.filter_map(|one| one["volumeMounts"].as_array()).flatten().map(|mount| &mount["name"]).collect();
    let idle = pod["volumes"].as_array().into_iter().flatten().find(|volume| !mounted.contains(&&volume["name"]));
    if let Some(name) = idle.and_then(|volume| volume["name"].as_str()) {
        let mount = serde_json::json!({ "name": name, "mountPath": folder });
        let changes = Changes::set(of_container(run.container, "volumeMounts[+]"), mount);
        return Some(Why {
            what: format!("finds no {path}: the pod has volume {name}, which no container mounts"),
            short: format!("volume {name} is not mounted"),
            fixes: mend(
                case,
                format!("rerun with volume {name} mounted at {folder}, where it is meant for that"),
                &changes,
            ),
        });
    }
    let creates = text.contains("nonexistent") || text.contains("can't create") || text.contains("cannot create");
    creates.then(|| Why {
        what: format!("may not make {path}: its image has no folder {folder}, and no volume is mounted there"),
        short: format!("there is no folder {folder}"),
        fixes: remake(
            case,
            format!("mount a volume at {folder} in a new Job: a claim, or an emptyDir for what may go with the pod"),
        )
        .into_iter()
        .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::triage::Finding;
    use crate::triage::scene_of_pod::Scene;

    /// What leads where a container with these mounts ended with this line.
    fn found(volumes: &Value, mounts: &Value, line: &str) -> Finding {
        let settings = json!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "settings", "namespace": "batch" }, "data": { "app.yaml": "a: 1" } });
        let mut scene = Scene::ended(1, "Error").tail("etl-a", &[line]).with(settings);
        let spec = &mut scene.job()["spec"]["template"]["spec"];
        spec["volumes"] = volumes.clone();
        spec["containers"][0]["volumeMounts"] = mounts.clone();
        scene.find().remove(0)
    }

    fn change(found: &Finding) -> &str {
        &found.fixes[0].call.as_ref().unwrap().argument
    }

    #[test]
    fn file_is_told_with_where_its_volume_is_mounted() {
        let line = "cat: can't open '/etc/etl/app.yaml': No such file or directory";
        let of_map = json!([{ "name": "c", "configMap": { "name": "settings" } }]);
        let told = found(&of_map, &json!([{ "name": "c", "mountPath": "/etc/elt" }]), line);
        assert!(
            told.verdict.contains("ConfigMap settings, which has app.yaml, is mounted at /etc/elt"),
            "{}",
            told.verdict
        );
        let container = "spec.template.spec.containers[name=worker]";
        assert_eq!(change(&told), format!("{container}.volumeMounts[mountPath=/etc/elt].mountPath=/etc/etl"));
        let told = found(&of_map, &json!([]), line);
        assert!(told.verdict.contains("but the container does not mount it"), "{}", told.verdict);
        assert_eq!(change(&told), format!(r#"{container}.volumeMounts[+]={{"mountPath":"/etc/etl","name":"c"}}"#));
        let idle = json!([{ "name": "d", "emptyDir": {} }]);
        let told = found(&idle, &json!([]), line);
        assert!(told.verdict.contains("has volume d, which no container mounts"), "{}", told.verdict);
        let told = found(&idle, &json!([{ "name": "d", "mountPath": "/etc/elt" }]), line);
        assert!(told.verdict.contains("its volume is mounted at /etc/elt"), "{}", told.verdict);
        // It lies in a volume, or has nothing to do with any.
        let at = json!([{ "name": "d", "mountPath": "/etc/etl" }]);
        assert!(found(&idle, &at, line).verdict.starts_with("Container worker ended"));
        assert!(found(&json!([]), &json!([]), line).verdict.starts_with("Container worker ended"));
    }

    #[test]
    fn folder_that_is_not_there_is_told_of_what_is_written_alone() {
        let line = "sh: can't create /out/result.csv: nonexistent directory";
        let told = found(&json!([]), &json!([]), line);
        assert!(
            told.verdict.contains("its image has no folder /out, and no volume is mounted there"),
            "{}",
            told.verdict
        );
    }
}

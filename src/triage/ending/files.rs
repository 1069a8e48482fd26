//! Files that a program may not read or write: which volume they lie in or which setting of the template forbids it, by
//! what the end of the log names. [`super::exit`] asks.

use serde_json::Value;

use super::super::Case;
use super::Run;
use super::log::{near_end, path_in};
use super::mounts::no_mount;
use super::slip::{Why, words_of};
use crate::model::pod::{Container, Role};
use crate::triage::container::{remake, rerun};
use crate::triage::finding::Fix;
use crate::triage::grammar::Pattern;
use crate::triage::last_words::LastWords;
use crate::triage::mend::{Changes, POD, mend, of_container};
use crate::triage::starting::{key_missing, windows_script};

/// Where the kubelet puts the token of a pod's service account (admission plugin `ServiceAccount`).
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Why a file cannot be used, where the template says it.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Why> {
    let rules = [token, no_key, no_mount, read_only, denied, not_permitted, port_taken];
    let of_lines = || near_end(words).find_map(|line| rules.into_iter().find_map(|rule| rule(case, run, line)));
    let of_all =
        || words.lines.iter().find_map(|line| too_open(case, run, line).or_else(|| no_cluster(case, run, line)));
    of_all().or_else(of_lines).or_else(|| windows_lines(case, run))
}

/// The key is refused, whatever the server says then.
fn too_open(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    let found = TOO_OPEN.captures(line)?;
    let (mode, path) = (&found["mode"], &found["path"]);
    let (_, volume) = case.volume_at(&run.container.name, path)?;
    let kind = ["secret", "configMap", "projected"].into_iter().find(|kind| volume[*kind].is_object())?;
    let (name, source) = (volume["name"].as_str()?, source(volume)?);
    let has_group = !case.pod_spec()?["securityContext"]["fsGroup"].is_null();
    let fixes = match has_group {
        // The kubelet lets that group read, whatever the mode says.
        true => {
            vec![Fix::outside("fsGroup lets its group read the key: copy it into an emptyDir first, with chmod 600")]
        }
        false => {
            let changes = Changes::set(format!("{POD}.volumes[name={name}].{kind}.defaultMode"), 0o400);
            mend(case, format!("rerun with defaultMode 0400 (256) for volume {name}"), &changes)
        }
    };
    Some(Why {
        what: format!(
            "was refused its key {path} by ssh: it has mode {mode}, so that others may read it too. Volume {name} makes it \
             of {source}"
        ),
        short: format!("ssh takes no key with mode {mode}: {path}"),
        fixes,
    })
}

/// kubectl does not know whom to talk to.
fn no_cluster(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    if !line.contains(NO_CLUSTER) {
        return None;
    }
    let no_token = token(case, run, &format!("{TOKEN}: no such file"));
    Some(no_token.unwrap_or_else(|| Why {
        what: "found no cluster to talk to: kubectl asks localhost:8080 where it has neither a kubeconfig nor the token of a \
               service account"
            .to_owned(),
        short: "kubectl has no kubeconfig and asks localhost:8080".to_owned(),
        fixes: remake(case, "set KUBECONFIG to a file that is mounted, or unset what leads it astray, in a new Job")
            .into_iter()
            .collect(),
    }))
}

/// A script with the line ends of Windows.
fn windows_lines(case: &Case<'_>, run: &Run<'_>) -> Option<Why> {
    let words = words_of(case.container_spec(&run.container.name)?);
    let takes = "a shell takes the carriage return for a part of the last word of each line";
    if words.iter().any(|word| word.contains("\r\n")) {
        return Some(Why {
            what: format!("runs a script with Windows line ends (CRLF), which stands in its command: {takes}"),
            short: "the script in its command has Windows line ends".to_owned(),
            fixes: rerun(case, "rerun with Unix line ends in its command").into_iter().collect(),
        });
    }
    let mut paths = words.iter().filter_map(|word| path_in(word));
    let (what, short, fixes) = paths.find_map(|path| windows_script(case, run.container, path))?;
    Some(Why { what: format!("{what}: {takes}"), short, fixes })
}

/// A file is why a login was refused, and is told of.
pub(super) fn explains_refusal(words: &LastWords<'_>) -> bool {
    words.lines.iter().any(|line| TOO_OPEN.captures(line).is_some() || line.contains(NO_CLUSTER))
}

/// ssh takes no key that others may read.
static TOO_OPEN: Pattern = Pattern::new(r"^Permissions (?<mode>\d+) for '(?<path>[^']+)' are too open");

/// kubectl found neither a kubeconfig nor a service account's token.
const NO_CLUSTER: &str = "localhost:8080 was refused - did you specify the right host or port";

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&TOO_OPEN];

/// The file in a line that has these words.
fn file<'l>(line: &'l str, words: &str) -> Option<&'l str> {
    if line.to_lowercase().contains(words) { path_in(line) } else { None }
}

/// What a volume is made of that nobody can write into, `ConfigMap settings`.
pub(super) fn source(volume: &Value) -> Option<String> {
    let name = |field: &str| volume[field]["name"].as_str().or_else(|| volume[field]["secretName"].as_str());
    if let Some(name) = name("configMap") {
        return Some(format!("ConfigMap {name}"));
    }
    if let Some(name) = name("secret") {
        return Some(format!("Secret {name}"));
    }
    let others = ["projected", "downwardAPI"].into_iter().find(|field| volume[*field].is_object());
    others.map(|_| "objects of the cluster".to_owned())
}

/// A setting of the container, else the one of the pod.
fn setting<'a>(case: &Case<'a>, run: &Run<'_>, field: &str) -> Option<&'a Value> {
    let own = &case.container_spec(&run.container.name)?["securityContext"][field];
    let all = &case.pod_spec()?["securityContext"][field];
    [own, all].into_iter().find(|value| !value.is_null())
}

/// Folders that images keep nothing in, so that an empty one may lie over them.
const SCRATCH: [&str; 6] = ["/tmp", "/var/tmp", "/run", "/var/run", "/var/log", "/var/cache"];

/// `Read-only file system`.
fn read_only(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    let path = file(line, "read-only file system")?;
    let container = run.container;
    let Some((mount, volume)) = case.volume_at(&container.name, path) else {
        let root = of_container(container, "securityContext.readOnlyRootFilesystem");
        let spec = case.container_spec(&container.name)?;
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        if spec["securityContext"]["readOnlyRootFilesystem"] != true {
            return None;
        }
        let fixes = match SCRATCH.contains(&folder) {
            true => {
                let name = format!("scratch{}", folder.replace('/', "-"));
                let volume = serde_json::json!({ "name": name, "emptyDir": {} });
                let mount = serde_json::json!({ "name": name, "mountPath": folder });
                let changes = Changes::set(format!("{POD}.volumes[+]"), volume)
                    .and_set(of_container(container, "volumeMounts[+]"), mount);
                mend(case, format!("rerun with an emptyDir at {folder}"), &changes)
            }
            false => {
                let mut fixes: Vec<Fix> =
                    rerun(case, "rerun with what it writes in a volume, such as an emptyDir").into_iter().collect();
                let changes = Changes::set(root, false);
                fixes.extend(mend(case, "or rerun without readOnlyRootFilesystem, where that is allowed", &changes));
                fixes
            }
        };
        return Some(Why {
            what: format!("may not write {path}: with readOnlyRootFilesystem it may write into volumes alone"),
            short: format!("{path} is read-only (readOnlyRootFilesystem)"),
            fixes,
        });
    };
    let name = volume["name"].as_str().unwrap_or_default();
    if let Some(source) = source(volume) {
        return Some(Why {
            what: format!("may not write {path}: volume {name} is made of {source}, and such volumes are read-only"),
            short: format!("{path} is read-only: {source}"),
            fixes: remake(case, "let it write elsewhere, or copy the file into an emptyDir first, in a new Job")
                .into_iter()
                .collect(),
        });
    }
    if volume["persistentVolumeClaim"]["readOnly"] == true {
        let claim = volume["persistentVolumeClaim"]["claimName"].as_str().unwrap_or_default();
        let changes = Changes::remove(format!("{POD}.volumes[name={name}].persistentVolumeClaim.readOnly"));
        return Some(Why {
            what: format!("may not write {path}: volume {name} takes claim {claim} with readOnly"),
            short: format!("{path} is read-only: volume {name} takes its claim so"),
            fixes: mend(case, format!("rerun with claim {claim} for writing"), &changes),
        });
    }
    let at = mount["mountPath"].as_str().filter(|_| mount["readOnly"] == true)?;
    let changes = Changes::remove(of_container(container, &format!("volumeMounts[mountPath={at}].readOnly")));
    Some(Why {
        what: format!("may not write {path}: volume {name} is mounted at {at} with readOnly"),
        short: format!("{path} is read-only: volume {name} is mounted so"),
        fixes: mend(case, format!("rerun with volume {name} mounted for writing"), &changes),
    })
}

/// `Permission denied`, for a user that is not root.
fn denied(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    let path = file(line, "permission denied")?;
    let user = setting(case, run, "runAsUser")?.as_i64().filter(|user| *user != 0)?;
    let has_group = !case.pod_spec()?["securityContext"]["fsGroup"].is_null();
    let group = || {
        let changes = Changes::set(format!("{POD}.securityContext.fsGroup"), user);
        let words = format!("let the volume's files belong to a group of its own (fsGroup {user}) in a new Job");
        if has_group { Vec::new() } else { mend(case, words, &changes) }
    };
    let as_root = || {
        let changes = Changes::set(of_container(run.container, "securityContext.runAsUser"), 0)
            .and_set(of_container(run.container, "securityContext.runAsNonRoot"), false);
        mend(case, "or run it as root in a new Job, where that is allowed", &changes)
    };
    let Some((_, volume)) = case.volume_at(&run.container.name, path) else {
        let mut fixes: Vec<Fix> =
            rerun(case, "rerun with another path, one in a volume, or as the user that the image is made for")
                .into_iter()
                .collect();
        fixes.extend(as_root());
        return Some(Why {
            what: format!("runs as user {user} (runAsUser), who may not use {path} of its image"),
            short: format!("user {user} may not use {path}"),
            fixes,
        });
    };
    let name = volume["name"].as_str().unwrap_or_default();
    let (why, fixes) = if let Some(source) = source(volume) {
        let of_volume = ["configMap", "secret", "projected"].into_iter().map(|field| &volume[field]["defaultMode"]);
        let mode = of_volume.into_iter().find_map(Value::as_i64).filter(|mode| mode & 0o004 == 0)?;
        (format!("the files of {source} have mode {mode:04o} (defaultMode), which is for root alone"), group())
    } else if let Some(folder) = volume["hostPath"]["path"].as_str() {
        let chown = format!("give {folder} on node {} to user {user}; fsGroup does not change it", run.pod.node);
        let fixes = [vec![Fix::outside(chown)], as_root()].concat();
        (format!("volume {name} is folder {folder} of the node, which belongs to another user"), fixes)
    } else {
        let claim = volume["persistentVolumeClaim"]["claimName"].as_str()?;
        (format!("the volume of claim {claim} belongs to another user"), group())
    };
    Some(Why {
        what: format!("runs as user {user} (runAsUser), who may not use {path}: {why}"),
        short: format!("user {user} may not use {path}"),
        fixes,
    })
}

/// What programs need which capability for (capabilities(7)).
const CAPABILITIES: [(&str, &str); 8] = [
    ("chown", "CHOWN"),
    ("chmod", "FOWNER"),
    ("ping", "NET_RAW"),
    ("mount", "SYS_ADMIN"),
    ("mknod", "MKNOD"),
    ("chroot", "SYS_CHROOT"),
    ("setuid", "SETUID"),
    ("setgid", "SETGID"),
];

/// `Operation not permitted`, for want of a capability that the template takes away.
fn not_permitted(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    if !line.to_lowercase().contains("operation not permitted") {
        return None;
    }
    let has_word = |what: &str| line.split([':', ' ', '(']).any(|word| word == what);
    let (what, capability) = CAPABILITIES.into_iter().find(|(what, _)| has_word(what))?;
    let capabilities = &case.container_spec(&run.container.name)?["securityContext"]["capabilities"];
    let has =
        |list: &str, name: &str| capabilities[list].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let dropped = ["ALL", capability].into_iter().find(|name| has("drop", name))?;
    if has("add", capability) {
        return None;
    }
    let mut add = capabilities["add"].as_array().cloned().unwrap_or_default();
    add.push(capability.into());
    let changes = Changes::set(of_container(run.container, "securityContext.capabilities.add"), add);
    Some(Why {
        what: format!("may not {what}: that takes capability {capability}, and the template drops {dropped}"),
        short: format!("lacks capability {capability} for {what}"),
        fixes: mend(case, format!("add capability {capability} in a new Job, where that is allowed"), &changes),
    })
}

/// A program that looks for the token of its service account, in a pod that is given none.
fn token(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    if !line.contains(TOKEN) || !line.to_lowercase().contains("no such file") {
        return None;
    }
    let spec = case.pod_spec()?;
    let account = spec["serviceAccountName"].as_str().unwrap_or("default");
    let is_of_pod = spec["automountServiceAccountToken"] == false;
    let of_account = || {
        let object = case.found("v1", "ServiceAccount", &run.pod.meta.namespace, account)?;
        (object["automountServiceAccountToken"] == false).then(|| format!("serviceaccount/{account}"))
    };
    let whose = if is_of_pod { "the pod template".to_owned() } else { of_account()? };
    let changes = Changes::set(format!("{POD}.automountServiceAccountToken"), true);
    Some(Why {
        what: format!("finds no token of its service account: automountServiceAccountToken is false in {whose}"),
        short: "without a service account token (automountServiceAccountToken is false)".to_owned(),
        fixes: mend(case, "rerun with automountServiceAccountToken true", &changes),
    })
}

/// `No such file`, or a folder where a file belongs, which the kubelet makes for a `subPath` that is not there.
fn no_key(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    let text = line.to_lowercase();
    let is_folder = text.contains("is a directory");
    if !is_folder && !text.contains("no such file") {
        return None;
    }
    let mounts = case.container_spec(&run.container.name)?["volumeMounts"].as_array()?;
    let single = mounts.iter().filter(|mount| is_folder && mount["subPath"].is_string());
    let places = single.filter_map(|mount| mount["mountPath"].as_str()).chain(path_in(line));
    let (path, (why, short, fixes)) =
        places.into_iter().find_map(|path| Some((path, key_missing(case, run.container, path)?)))?;
    let folder = if is_folder { "; the kubelet makes an empty folder in its place" } else { "" };
    Some(Why { what: format!("finds no file {path}: {why}{folder}"), short, fixes })
}

/// `Address already in use`: containers of a pod have one network, and pods with `hostNetwork` that of their node.
fn port_taken(case: &Case<'_>, run: &Run<'_>, line: &str) -> Option<Why> {
    if !line.to_lowercase().contains("address already in use") {
        return None;
    }
    let is_other = |one: &&Container| one.name != run.container.name && one.role != Role::Ephemeral;
    let others: Vec<&str> = run.pod.containers.iter().filter(is_other).map(|one| one.name.as_str()).collect();
    let is_on_node = case.pod_spec()?["hostNetwork"] == true;
    let (whose, cure) = match (is_on_node, others.is_empty()) {
        (true, _) => (
            format!("with hostNetwork it is a port of node {}, where something else holds it", run.pod.node),
            "leave hostNetwork out in a new Job, or use another port",
        ),
        (false, false) => (
            format!("all containers of a pod have one network, so that {} may hold it", others.join(" or ")),
            "let each container use a port of its own in a new Job",
        ),
        (false, true) => return None,
    };
    Some(Why {
        what: format!("cannot listen on its port, which is taken: {whose}"),
        short: format!("its port is taken on the {}", if is_on_node { "node" } else { "pod's network" }),
        fixes: remake(case, cure).into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::triage::Finding;
    use crate::triage::scene_of_pod::Scene;

    /// What leads where a container failed with this last line, and its pod template has these fields.
    fn found(template: &Value, container: &Value, line: &str) -> Finding {
        let mut scene = Scene::ended(1, "Error").tail("etl-a", &[line]);
        let spec = &mut scene.job()["spec"]["template"]["spec"];
        json_patch::merge(&mut spec["containers"][0], container);
        json_patch::merge(spec, template);
        scene.find().remove(0)
    }

    fn mounted(more: Value) -> Value {
        let mut mount = json!({ "name": "v", "mountPath": "/v" });
        json_patch::merge(&mut mount, &more);
        json!({ "volumeMounts": [mount] })
    }

    fn volume(source: Value) -> Value {
        let mut volume = json!({ "name": "v" });
        json_patch::merge(&mut volume, &source);
        json!({ "volumes": [volume] })
    }

    fn change(found: &Finding) -> &str {
        &found.fixes[0].call.as_ref().unwrap().argument
    }

    const POD: &str = "spec.template.spec";

    #[test]
    fn file_that_may_not_be_written_is_told_with_what_it_lies_in() {
        let line = "sh: can't create /v/out: Read-only file system";
        let told = found(&volume(json!({ "configMap": { "name": "settings" } })), &mounted(json!({})), line);
        let wanted = "Container worker may not write /v/out: volume v is made of ConfigMap settings";
        assert!(told.verdict.starts_with(wanted), "{}", told.verdict);
        let told = found(&volume(json!({ "emptyDir": {} })), &mounted(json!({ "readOnly": true })), line);
        assert_eq!(change(&told), format!("{POD}.containers[name=worker].volumeMounts[mountPath=/v].readOnly-"));
        let root = json!({ "securityContext": { "readOnlyRootFilesystem": true } });
        let told = found(&json!({}), &root, "open /tmp/a: read-only file system");
        assert!(told.verdict.contains("with readOnlyRootFilesystem"), "{}", told.verdict);
        assert!(
            change(&told).contains(r#"volumeMounts[+]={"mountPath":"/tmp","name":"scratch-tmp"}"#),
            "{}",
            change(&told)
        );
        let told = found(&json!({}), &json!({}), line);
        assert!(told.verdict.starts_with("Container worker ended"), "{}", told.verdict);
    }

    #[test]
    fn user_who_may_not_use_a_file_is_told_with_what_would_let_him() {
        let user = json!({ "securityContext": { "runAsUser": 1000 } });
        let line = "cat: can't open '/v/key': Permission denied";
        let mut of_secret = volume(json!({ "secret": { "secretName": "key", "defaultMode": 0o400 } }));
        json_patch::merge(&mut of_secret, &user);
        let told = found(&of_secret, &mounted(json!({})), line);
        assert!(told.verdict.contains("the files of Secret key have mode 0400"), "{}", told.verdict);
        assert_eq!(change(&told), format!("{POD}.securityContext.fsGroup=1000"));
        let mut of_node = volume(json!({ "hostPath": { "path": "/srv" } }));
        json_patch::merge(&mut of_node, &user);
        let told = found(&of_node, &mounted(json!({})), line);
        assert!(told.verdict.contains("folder /srv of the node"), "{}", told.verdict);
        // Root may use all of it: something else is wrong.
        let told = found(&volume(json!({ "hostPath": { "path": "/srv" } })), &mounted(json!({})), line);
        assert!(told.verdict.starts_with("Container worker ended"), "{}", told.verdict);
    }

    #[test]
    fn capability_that_the_template_drops_is_named() {
        let dropped = json!({ "securityContext": { "capabilities": { "drop": ["ALL"], "add": ["NET_RAW"] } } });
        let told = found(&json!({}), &dropped, "chown: /out/a: Operation not permitted");
        assert!(told.verdict.contains("takes capability CHOWN, and the template drops ALL"), "{}", told.verdict);
        let wanted =
            r#"spec.template.spec.containers[name=worker].securityContext.capabilities.add=["NET_RAW","CHOWN"]"#;
        assert_eq!(change(&told), wanted);
        let told = found(&json!({}), &dropped, "ping: permission denied (are you root?): Operation not permitted");
        assert!(told.verdict.starts_with("Container worker ended"), "{}", told.verdict);
    }

    #[test]
    fn port_that_another_container_holds_is_told_with_who_may() {
        let line = "nc: bind: Address already in use";
        let told = found(&json!({ "hostNetwork": true }), &json!({}), line);
        assert!(told.verdict.contains("with hostNetwork it is a port of node worker-1"), "{}", told.verdict);
        let told = found(&json!({}), &json!({}), line);
        assert!(told.verdict.starts_with("Container worker ended"), "it is alone in its pod: {}", told.verdict);
    }

    #[test]
    fn token_that_is_not_mounted_is_told_with_who_left_it_out() {
        let line = "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory";
        let told = found(&json!({ "automountServiceAccountToken": false }), &json!({}), line);
        assert!(told.verdict.contains("is false in the pod template"), "{}", told.verdict);
        assert_eq!(change(&told), format!("{POD}.automountServiceAccountToken=true"));
        let told = found(&json!({}), &json!({}), line);
        assert!(told.verdict.starts_with("Container worker ended"), "{}", told.verdict);
    }

    #[test]
    fn key_that_others_may_read_is_told_before_the_login_that_was_refused() {
        let lines =
            ["Permissions 0644 for '/v/key' are too open.", "etl@sftp.example.com: Permission denied (publickey)."];
        let scene = |pod: Value| {
            let mut scene = Scene::ended(255, "Error").tail("etl-a", &lines);
            let spec = &mut scene.job()["spec"]["template"]["spec"];
            json_patch::merge(spec, &volume(json!({ "secret": { "secretName": "sftp" } })));
            json_patch::merge(spec, &pod);
            json_patch::merge(&mut spec["containers"][0], &mounted(json!({})));
            scene.find().remove(0)
        };
        let told = scene(json!({}));
        assert!(told.verdict.contains("Volume v makes it of Secret sftp"), "{}", told.verdict);
        assert_eq!(change(&told), format!("{POD}.volumes[name=v].secret.defaultMode=256"));
        let shared = scene(json!({ "securityContext": { "fsGroup": 1000 } }));
        assert!(shared.fixes[0].words.contains("emptyDir"), "{}", shared.fixes[0].words);
    }

    #[test]
    fn script_with_windows_lines_is_told() {
        let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "scripts", "namespace": "batch" },
            "data": { "load": "set -e\r\ncd /tmp\r\n" } });
        let mut scene = Scene::ended(2, "Error").tail("etl-a", &["/v/load: set: line 1: illegal option -"]).with(map);
        let spec = &mut scene.job()["spec"]["template"]["spec"];
        json_patch::merge(spec, &volume(json!({ "configMap": { "name": "scripts" } })));
        json_patch::merge(&mut spec["containers"][0], &mounted(json!({ "readOnly": true })));
        spec["containers"][0]["command"] = json!(["sh", "/v/load"]);
        let told = scene.find().remove(0);
        assert!(
            told.verdict.contains("key load of ConfigMap scripts") && told.verdict.contains("CRLF"),
            "{}",
            told.verdict
        );
    }
}

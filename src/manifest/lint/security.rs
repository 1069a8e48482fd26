//! What a pod may do to its node and to the cluster, and which secrets it shows.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::Lint;
use super::subject::{Draft, Field, Subject};
use crate::manifest::problem::Severity;

/// Names of variables that hold secrets, and of those that only say where one is.
static SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)PASSW(?:OR)?D|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL").ok());

/// Ends of names whose variables say where a secret is.
const POINTERS: [&str; 4] = ["_FILE", "_PATH", "_NAME", "_DIR"];

/// A URL with a user and a password.
static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/\s:@]+:([^/\s@]+)@").ok());

/// Where programs write that nobody told otherwise.
const SCRATCH: &str = "/tmp";

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L080",
        name: "default-service-account",
        severity: Severity::Warning,
        help: "A Job needs a service account of its own with the least rights.",
        check: |it, found| {
            let account = it.pod().key("serviceAccountName");
            if matches!(account.text(), None | Some("" | "default")) {
                let told = "it has whatever rights others gave to the account `default`: give it one of its own";
                found.push(account.told(told));
            }
        },
    },
    Lint {
        id: "L081",
        name: "token-automount",
        severity: Severity::Note,
        help: "Most batch work never asks the API, and needs no token for it.",
        check: |it, found| {
            let mount = it.pod().key("automountServiceAccountToken");
            if *mount.value != false {
                let told = "a token for the API is mounted, although most batch work does not need one";
                found.push(mount.told(told).mended([mount.set(false)]));
            }
        },
    },
    Lint {
        id: "L082",
        name: "may-run-as-root",
        severity: Severity::Warning,
        help: "Pods or containers need runAsNonRoot.",
        check: |it, found| {
            let of_pod = it.pod().at("securityContext.runAsNonRoot");
            for own in it.all_containers().map(|one| one.at("securityContext.runAsNonRoot")) {
                if !own.is_true() && (!own.is_absent() || !of_pod.is_true()) {
                    let told = "it may run as root, and is refused where pods have to be restricted";
                    let mut changes = vec![of_pod.set(true)];
                    // What the container says itself stands above it.
                    changes.extend((!own.is_absent()).then(|| own.set(true)));
                    found.push(own.told(told).mended(changes));
                }
            }
        },
    },
    Lint {
        id: "L083",
        name: "privilege-escalation",
        severity: Severity::Warning,
        help: "Containers need allowPrivilegeEscalation false.",
        check: |it, found| {
            for container in it.all_containers() {
                let context = container.key("securityContext");
                let escalation = context.key("allowPrivilegeEscalation");
                if *escalation.value != false {
                    let told = "a program in it may gain more rights than it was started with (setuid)";
                    // The server refuses one that is privileged and must not become so.
                    let is_free = !context.key("privileged").is_true() && !adds(&context, "SYS_ADMIN");
                    found.push(escalation.told(told).mended_if(is_free.then(|| escalation.set(false))));
                }
            }
        },
    },
    Lint {
        id: "L084",
        name: "capabilities-kept",
        severity: Severity::Note,
        help: "Containers should drop all capabilities.",
        check: |it, found| {
            for drop in it.all_containers().map(|one| one.at("securityContext.capabilities.drop")) {
                if !drop.items().any(|one| one.text().is_some_and(|name| name.eq_ignore_ascii_case("ALL"))) {
                    let told = "it keeps capabilities that hardly any batch work needs";
                    found.push(drop.told(told).mended([drop.set(json!(["ALL"]))]));
                }
            }
        },
    },
    Lint {
        id: "L085",
        name: "no-seccomp",
        severity: Severity::Note,
        help: "Pods or containers need a seccomp profile.",
        check: |it, found| {
            let of_pod = it.pod().at("securityContext.seccompProfile");
            for own in it.all_containers().map(|one| one.at("securityContext.seccompProfile")) {
                if own.is_absent() && of_pod.is_absent() {
                    let told =
                        "no seccomp profile: where pods have to be restricted it is refused without RuntimeDefault";
                    found.push(own.told(told).mended([of_pod.set(json!({ "type": "RuntimeDefault" }))]));
                }
            }
        },
    },
    Lint {
        id: "L086",
        name: "writable-root-fs",
        severity: Severity::Note,
        help: "Containers should have a root file system that cannot be written, and scratch space beside it.",
        check: |it, found| {
            for container in it.all_containers() {
                let read_only = container.at("securityContext.readOnlyRootFilesystem");
                if !read_only.is_true() {
                    let told = "its file system can be changed by whoever breaks into it, and fills up unseen";
                    let mut changes = vec![read_only.set(true)];
                    changes.extend(scratch(it, &container));
                    found.push(read_only.told(told).mended(changes));
                }
            }
        },
    },
    Lint {
        id: "L087",
        name: "host-access",
        severity: Severity::Warning,
        help: "Batch work should not reach into the node it runs on.",
        check: |it, found| {
            let told = "this reaches into the node, with all that runs there, and is refused where pods are restricted";
            let pod = it.pod();
            let of_pod = ["hostNetwork", "hostPID", "hostIPC"].map(|name| pod.key(name));
            let privileged = it.all_containers().map(|one| one.at("securityContext.privileged"));
            found.extend(of_pod.into_iter().chain(privileged).filter(Field::is_true).map(|field| field.told(told)));
            let volumes = pod.key("volumes").items().map(|volume| volume.key("hostPath"));
            found.extend(volumes.filter(|path| !path.is_absent()).map(|path| path.told(told)));
        },
    },
    Lint {
        id: "L088",
        name: "secret-in-env",
        severity: Severity::Error,
        help: "Secrets belong into a Secret, not into the manifest that everybody reads.",
        check: secret_in_env,
    },
];

fn adds(context: &Field<'_>, capability: &str) -> bool {
    let added = context.at("capabilities.add");
    added.items().any(|one| one.text().is_some_and(|name| name.trim_start_matches("CAP_") == capability))
}

/// What gives a container a folder to write to, unless it has one.
fn scratch(it: &Subject<'_>, container: &Field<'_>) -> Vec<super::FieldChange> {
    let mounts = container.key("volumeMounts");
    if mounts.items().any(|one| one.key("mountPath").text() == Some(SCRATCH)) {
        return Vec::new();
    }
    let volumes = it.pod().key("volumes");
    let names: Vec<&str> = volumes.items().filter_map(|one| one.key("name").text()).collect();
    let name = ["tmp", "kubatch-tmp"].into_iter().find(|name| !names.contains(name)).unwrap_or("scratch");
    vec![
        mounts.append(json!({ "name": name, "mountPath": SCRATCH })),
        volumes.append(json!({ "name": name, "emptyDir": { "sizeLimit": "1Gi" } })),
    ]
}

fn secret_in_env(it: &Subject<'_>, found: &mut Vec<Draft>) {
    for variable in it.all_containers().flat_map(|one| one.key("env").items()) {
        let (name, value) = (variable.key("name").text().unwrap_or_default(), variable.key("value"));
        let Some(text) = value.text().filter(|text| !text.is_empty() && !is_reference(text)) else { continue };
        let is_pointer = POINTERS.iter().any(|end| name.to_ascii_uppercase().ends_with(end));
        // Words of a language model are counted in tokens.
        let is_number = name.ends_with("TOKENS") && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_flag = matches!(text, "true" | "false");
        let is_named =
            !(is_pointer || is_number || is_flag) && SECRET.as_ref().is_some_and(|pattern| pattern.is_match(name));
        let password = LOGIN.as_ref().and_then(|pattern| pattern.captures(text)).and_then(|found| found.get(1));
        if is_named || password.is_some_and(|password| !is_reference(password.as_str())) {
            let told =
                format!("`{name}` looks like a secret, and everybody who may read Jobs reads it: use secretKeyRef");
            found.push(value.told(told));
        }
    }
}

/// Whether it is the value of another variable: `$(NAME)`.
fn is_reference(text: &str) -> bool {
    text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).is_some_and(|name| !name.contains(['(', ')']))
}

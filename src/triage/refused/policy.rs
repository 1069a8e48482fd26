//! Pods that a policy refuses: Pod Security, admission webhooks and admission policies; and webhooks that do not answer.

use serde_json::json;

use super::super::Case;
use super::super::finding::{Finding, Fix};
use super::super::grammar::Pattern;
use super::super::mend::{self, Changes, POD};
use super::refusal;
use crate::model::event::Event;
use crate::model::job::Job;

/// `violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set …), …`
/// (`k8s.io/pod-security-admission/admission/admission.go`).
pub(super) static POD_SECURITY: Pattern =
    Pattern::new(r#"(?s)violates PodSecurity "(?<level>[^:"]+)(?::[^"]*)?": (?<checks>.+)$"#);

/// OpenShift's own form of it.
const SECURITY_CONTEXT: &str = "unable to validate against any security context constraint";

/// The checks of Pod Security by the words that they begin with, and what a pod template sets to pass them.
const CURES: [(&str, &str); 10] = [
    ("allowPrivilegeEscalation != false", "allowPrivilegeEscalation: false"),
    ("unrestricted capabilities", "capabilities.drop: [ALL]"),
    ("non-default capabilities", "no added capabilities"),
    ("runAsNonRoot != true", "runAsNonRoot: true"),
    ("runAsUser=0", "a runAsUser other than 0"),
    ("seccompProfile", "seccompProfile.type: RuntimeDefault"),
    ("privileged", "privileged: false"),
    ("host namespaces", "no hostNetwork, hostPID and hostIPC"),
    ("hostPath volumes", "no hostPath volumes"),
    ("hostPort", "no hostPort"),
];

/// T009: the namespace's Pod Security level, or OpenShift's constraints, forbid what the pod template asks for.
pub(super) fn pod_security(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    let namespace = &job.meta.namespace;
    let finding = refusal(case, event, "T009");
    if event.note.contains(SECURITY_CONTEXT) {
        return Some(Finding {
            verdict: format!(
                "No security context constraint allows the pods of this Job in namespace {namespace}, so none may be \
                 created. The event names what each constraint objects to."
            ),
            short: "no security context constraint allows it".to_owned(),
            fixes: vec![
                case.rerun("set a security context that a constraint allows in a new Job"),
                Fix::outside("let the Job's service account use a constraint that allows it"),
            ],
            group: format!("T009/{namespace}/scc"),
            ..finding
        });
    }
    let found = POD_SECURITY.captures(&event.note)?;
    let level = &found["level"];
    let checks: Vec<&str> = top_level(&found["checks"]).into_iter().map(name_of).collect();
    let cures: Vec<&str> = checks.iter().filter_map(|check| cure(check)).collect();
    let cure = match cures.is_empty() {
        true => "change the pod template so that it passes, in a new Job".to_owned(),
        false => format!("set {} in a new Job", cures.join(", ")),
    };
    let names = checks.join(", ");
    Some(Finding {
        verdict: format!(
            "Namespace {namespace} enforces the Pod Security level {level}, and the pod template breaks it: {names}. No \
             pod may be created."
        ),
        short: match &checks[..] {
            [first, _, ..] => format!("Pod Security {level}: {first} and {} more", checks.len() - 1),
            _ => format!("Pod Security {level}: {names}"),
        },
        fixes: mend::mend(case, cure, &secured(case, &checks))
            .into_iter()
            .chain([Fix::outside(format!("relax label pod-security.kubernetes.io/enforce of namespace {namespace}"))])
            .collect(),
        group: format!("T009/{namespace}/{level}/{names}"),
        ..finding
    })
}

fn cure(check: &str) -> Option<&'static str> {
    CURES.iter().find(|(name, _)| check.starts_with(name)).map(|(_, cure)| *cure)
}

/// The pod template with what the checks want. Host paths and ports stay: what to use instead only people know.
fn secured(case: &Case<'_>, checks: &[&str]) -> Changes {
    let Some(spec) = case.pod_spec() else { return Changes::NONE };
    let has = |name: &str| checks.iter().any(|check| check.starts_with(name));
    let mut changes = Changes::NONE;
    if has("runAsNonRoot != true") {
        changes = changes.and_set(format!("{POD}.securityContext.runAsNonRoot"), true);
    }
    if has("seccompProfile") {
        changes = changes.and_set(format!("{POD}.securityContext.seccompProfile.type"), "RuntimeDefault");
    }
    if has("host namespaces") {
        let set = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| spec[*field] == true);
        changes = set.fold(changes, |changes, field| changes.and_remove(format!("{POD}.{field}")));
    }
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array().into_iter().flatten() {
            let path = format!("{POD}.{list}[name={}].securityContext", container["name"].as_str().unwrap_or_default());
            let context = &container["securityContext"];
            if has("allowPrivilegeEscalation != false") {
                changes = changes.and_set(format!("{path}.allowPrivilegeEscalation"), false);
            }
            if has("unrestricted capabilities") {
                changes = changes.and_set(format!("{path}.capabilities"), json!({ "drop": ["ALL"] }));
            } else if has("non-default capabilities") && !context["capabilities"]["add"].is_null() {
                changes = changes.and_remove(format!("{path}.capabilities.add"));
            }
            if has("privileged") && context["privileged"] == true {
                changes = changes.and_set(format!("{path}.privileged"), false);
            }
            if has("runAsNonRoot != true") && context["runAsNonRoot"] == false {
                changes = changes.and_remove(format!("{path}.runAsNonRoot"));
            }
        }
    }
    changes
}

/// The check without what it says of single containers.
fn name_of(check: &str) -> &str {
    check.split(" (").next().unwrap_or(check).trim()
}

/// Splits at the commas that stand outside of all brackets.
fn top_level(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let at_top = |letter: char| {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    };
    text.split(at_top).map(str::trim).collect()
}

/// `admission webhook "validate.example.com" denied the request: image tag latest is not allowed`
/// (apiserver `pkg/admission/plugin/webhook/errors/statuserror.go`).
pub(super) static WEBHOOK_DENIED: Pattern = Pattern::new(
    r#"(?s)admission webhook "(?<webhook>[^"]+)" denied the request(?:: (?<text>.*)| without explanation)"#,
);

/// `ValidatingAdmissionPolicy 'no-host' with binding 'no-host' denied request: hostNetwork is not allowed`
/// (apiserver `pkg/admission/plugin/policy/validating/dispatcher.go`).
pub(in crate::triage) static POLICY_DENIED: Pattern = Pattern::new(
    r"(?s)(?:ValidatingAdmissionPolicy|policy) '(?<policy>[^']+)'(?: with binding '(?<binding>[^']+)')? denied request: (?<text>.*)$",
);

/// `expression 'object.spec.securityContext.runAsNonRoot' resulted in error: no such key: runAsNonRoot`
/// (apiserver `pkg/admission/plugin/policy/validating/validator.go`).
pub(super) static NO_KEY: Pattern =
    Pattern::new(r"(?s)expression '(?<expression>.*)' resulted in error: no such key: (?<key>\S+)$");

/// Words of a policy that does not come to judge the pod at all: it is itself at fault.
const BROKEN: [&str; 4] = ["failed to configure", "error applying patch", "resulted in error", "compilation failed"];

/// What a policy means that says this, with what helps. None where it says it in words of its own.
fn meant(case: &Case<'_>, policy: &str, binding: Option<&str>, text: &str) -> Option<(String, Vec<Fix>)> {
    if let Some(found) = NO_KEY.captures(text) {
        let (expression, key) = (&found["expression"], &found["key"]);
        let paths = expression.split(|letter: char| !(letter.is_alphanumeric() || "._[]".contains(letter)));
        let mut meant = paths.filter(|path| path.starts_with("object.") && path.ends_with(&format!(".{key}")));
        let field = meant.next().map_or(key, |path| path.trim_start_matches("object."));
        return Some((
            format!("it reads {field}, which the pod does not set (its rule: {expression})"),
            vec![
                case.rerun(format!("set {field} as the policy wants it, in a new Job")),
                Fix::outside(format!("or have {policy} look first whether it is set: has(…)")),
            ],
        ));
    }
    if text.contains("no params found for policy binding") {
        let missing = parameters(case, policy, binding).unwrap_or_else(|| "its parameters".to_owned());
        return Some((
            format!("what it takes its parameters from does not exist: {missing}"),
            vec![Fix::outside(format!("create {missing}: the Job goes on by itself within a minute"))],
        ));
    }
    BROKEN.iter().any(|words| text.contains(words)).then(|| {
        let cure = "have those who run it mend it, or take its binding away: the Job goes on by itself within a minute";
        (
            format!("it is itself at fault and lets nobody through: {}", text.trim_end_matches('.')),
            vec![Fix::outside(cure)],
        )
    })
}

/// Where a binding says that the parameters of its policy are, `configmap/settings in namespace batch`.
fn parameters(case: &Case<'_>, policy: &str, binding: Option<&str>) -> Option<String> {
    const GROUP: &str = "admissionregistration.k8s.io/v1";
    let binding = case.found(GROUP, "ValidatingAdmissionPolicyBinding", "", binding?);
    let policy = case.found(GROUP, "ValidatingAdmissionPolicy", "", policy);
    let of = &binding?["spec"]["paramRef"];
    let kind = policy?["spec"]["paramKind"]["kind"].as_str()?.to_lowercase();
    let namespace = of["namespace"].as_str().unwrap_or(&case.key.namespace);
    Some(format!("{kind}/{} in namespace {namespace}", of["name"].as_str()?))
}

/// T010: a policy of the cluster says no.
pub(super) fn denied(case: &Case<'_>, _: &Job, event: &Event) -> Option<Finding> {
    let (who, policy, found) = match WEBHOOK_DENIED.captures(&event.note) {
        Some(found) => (format!("admission webhook {}", &found["webhook"]), None, found),
        None => {
            let found = POLICY_DENIED.captures(&event.note)?;
            let policy = found["policy"].to_owned();
            (format!("admission policy {policy}"), Some(policy), found)
        }
    };
    let text = found.name("text").map(|text| text.as_str().trim()).filter(|text| !text.is_empty());
    let (said, short) = match text {
        Some(text) => (format!("says no: {}", text.trim_end_matches('.')), text.to_owned()),
        None => ("says no and does not say why".to_owned(), format!("{who} says no")),
    };
    let binding = found.name("binding").map(|binding| binding.as_str());
    if let Some((why, fixes)) = policy.zip(text).and_then(|(policy, text)| meant(case, &policy, binding, text)) {
        return Some(Finding {
            verdict: format!("The {who} says no: {why}. No pod of this Job may be created until that changes."),
            short: format!("{who}: {why}"),
            fixes,
            group: format!("T010/{who}/{}", text.unwrap_or_default()),
            ..refusal(case, event, "T010")
        });
    }
    Some(Finding {
        verdict: format!("The {who} {said}. No pod of this Job may be created until the Job or the policy changes."),
        short,
        fixes: vec![
            case.rerun("make a new Job that the policy allows"),
            Fix::outside(format!("ask for an exception from {who}: the Job goes on by itself within a minute")),
        ],
        group: format!("T010/{who}/{}", text.unwrap_or_default()),
        ..refusal(case, event, "T010")
    })
}

/// `failed calling webhook "inject.example.com": failed to call webhook: Post "https://injector.mesh.svc:443/…": dial tcp
/// 10.96.14.2:443: connect: connection refused` (apiserver `pkg/util/webhook/error.go`).
pub(super) static WEBHOOK_DOWN: Pattern = Pattern::new(
    r#"(?s)failed calling webhook "(?<webhook>[^"]+)":(?:.*?Post "https?://(?<host>[^/:"]+)[^"]*":)? ?(?<error>.*)$"#,
);

/// What went wrong with a call by the words that its error has, and the plain words for it.
const CALL_ERRORS: [(&str, &str); 8] = [
    ("connection refused", "refuses the connection"),
    ("no endpoints available", "has no running pod behind its service"),
    ("context deadline exceeded", "does not answer in time"),
    ("Timeout exceeded", "does not answer in time"),
    ("i/o timeout", "cannot be reached"),
    ("x509", "has a certificate that the API server does not trust"),
    ("not found", "has no service"),
    ("no such host", "has an address that cannot be resolved"),
];

/// T011: a webhook that must be asked does not answer, which blocks whatever it looks at.
pub(super) fn webhook_down(case: &Case<'_>, _: &Job, event: &Event) -> Option<Finding> {
    let found = WEBHOOK_DOWN.captures(&event.note)?;
    let webhook = &found["webhook"];
    let error = found["error"].trim();
    let known = CALL_ERRORS.iter().find(|(text, _)| error.contains(text));
    let words = known.map_or_else(|| format!("cannot be asked: {error}"), |(_, words)| (*words).to_owned());
    // In a cluster its host is `service.namespace.svc`.
    let service = found.name("host").and_then(|host| {
        let mut parts = host.as_str().split('.');
        let (name, namespace) = (parts.next()?, parts.next()?);
        parts.next().filter(|part| *part == "svc").map(|_| format!("service {name} in namespace {namespace}"))
    });
    let repair = service.unwrap_or_else(|| format!("webhook {webhook}"));
    Some(Finding {
        verdict: format!(
            "The admission webhook {webhook} {words}. It must be asked before a pod is created, so this Job and whatever \
             else it looks at gets no new pods until it is back."
        ),
        short: format!("webhook {webhook} {words}"),
        fixes: vec![Fix::outside(format!(
            "repair {repair}, or set failurePolicy: Ignore for the webhook: the Job goes on by itself within a minute"
        ))],
        group: format!("T011/{webhook}"),
        ..refusal(case, event, "T011")
    })
}

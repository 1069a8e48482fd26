//! Errors of the client, the server and the configuration, told in one sentence with the next step.

use kube::config::KubeconfigError;
use kube::core::Status;
use kube::runtime::watcher;

use crate::model::delta::{Cause, Failure};
use crate::model::safe_text::safe_line;

/// The next step where a login is missing or ran out.
pub(super) const LOG_IN: &str = "press L to log in; kubatch tries again by itself";

/// Says what a request's error means for a person. `doing` completes the sentence "cannot …", such as "list jobs".
pub fn explain(doing: &str, error: &kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) => explain_status(doing, status),
        kube::Error::Auth(auth) => Failure {
            cause: Cause::Unauthorized,
            message: format!("cannot log in: {}", one_line(auth)),
            hint: LOG_IN.into(),
        },
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Failure {
            cause: Cause::Other,
            message: format!("cannot {doing}: the answer is no Kubernetes object ({})", one_line(error)),
            hint: "check that the context's server is a Kubernetes API server".into(),
        },
        other => explain_transport(doing, &one_line(other)),
    }
}

/// Says what a watch's error means for a person.
pub fn explain_watch(doing: &str, error: &watcher::Error) -> Failure {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => explain(doing, error),
        WatchError(status) => explain_status(doing, status),
        NoResourceVersion => explain_transport(doing, "the answer has no resourceVersion"),
    }
}

fn explain_status(doing: &str, status: &Status) -> Failure {
    let (cause, hint) = match status.code {
        401 => (Cause::Unauthorized, LOG_IN),
        403 => {
            (Cause::Denied, "choose a namespace that you may look at with :ns NAME, or ask for a role that allows it")
        }
        404 => (Cause::NotFound, "the server does not have this object or API"),
        429 | 500..=599 => (Cause::Busy, "the server cannot answer now; kubatch tries again by itself"),
        _ => (Cause::Other, ""),
    };
    let told = if status.message.is_empty() { &status.reason } else { &status.message };
    Failure { cause, message: format!("cannot {doing}: {}", safe_line(told)), hint: hint.into() }
}

fn explain_transport(doing: &str, told: &str) -> Failure {
    let lower = told.to_lowercase();
    let (cause, hint) = if lower.contains("certificate") || lower.contains("tls") {
        (Cause::Tls, "check certificate-authority in the kubeconfig, and the machine's clock")
    } else if lower.contains("dns") || lower.contains("lookup") || lower.contains("resolve") {
        (Cause::Unreachable, "the server's name is unknown here: check the VPN and the context's server")
    } else {
        (Cause::Unreachable, "check the network, the VPN and the context's server; kubatch tries again by itself")
    };
    Failure { cause, message: format!("cannot {doing}: {told}"), hint: hint.into() }
}

/// Says why a kubeconfig cannot be used.
pub fn explain_kubeconfig(error: &KubeconfigError) -> Failure {
    let hint = match error {
        KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath => {
            "give one with --kubeconfig FILE or in KUBECONFIG"
        }
        KubeconfigError::CurrentContextNotSet => "choose one with --context NAME, or kubectl config use-context NAME",
        KubeconfigError::LoadContext(_) => "choose another one: type :ctx and its name",
        _ => "check the kubeconfig with kubectl config view",
    };
    Failure {
        cause: Cause::Config,
        message: format!("cannot use the kubeconfig: {}", one_line(error)),
        hint: hint.into(),
    }
}

/// The error with what is behind it, from the outermost to the innermost, each told once, on one line.
pub(super) fn one_line(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        match parts.last_mut() {
            // Some errors repeat their source's words behind their own.
            Some(last) if last.contains(&text) => {}
            _ => parts.push(text),
        }
        next = error.source();
    }
    safe_line(&parts.join(": ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_name_their_cause() {
        let cases = [
            (401, Cause::Unauthorized),
            (403, Cause::Denied),
            (404, Cause::NotFound),
            (429, Cause::Busy),
            (503, Cause::Busy),
            (418, Cause::Other),
        ];
        for (code, cause) in cases {
            let status = Status { code, message: "no".into(), ..Status::default() };
            let failure = explain("list jobs", &kube::Error::Api(status.boxed()));
            assert_eq!((failure.cause, failure.message.as_str()), (cause, "cannot list jobs: no"), "{code}");
        }
    }

    #[test]
    fn the_innermost_cause_of_a_broken_connection_is_told_once() {
        let inner = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let error = kube::Error::Service(Box::new(std::io::Error::other(inner)));
        let failure = explain("list jobs", &error);
        assert_eq!(failure.cause, Cause::Unreachable);
        assert_eq!(failure.message.matches("connection refused").count(), 1, "{}", failure.message);
    }
}

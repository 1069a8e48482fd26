//! Errors of the client, the server and the configuration, told in one sentence with the next step.

use std::error::Error;
use std::io::ErrorKind;

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
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => no_kubernetes(doing, innermost(&one_line(error))),
        other => explain_transport(doing, other),
    }
}

fn no_kubernetes(doing: &str, told: &str) -> Failure {
    Failure {
        cause: Cause::Other,
        message: format!("cannot {doing}: the answer is no Kubernetes object ({told})"),
        hint: "check that the context's server is a Kubernetes API server".into(),
    }
}

/// Says what a watch's error means for a person.
pub fn explain_watch(doing: &str, error: &watcher::Error) -> Failure {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    match error {
        // A list exists even where nothing is in it: what is missing is the API.
        InitialListFailed(kube::Error::Api(status)) | WatchStartFailed(kube::Error::Api(status))
            if status.code == 404 =>
        {
            Failure {
                cause: Cause::NotFound,
                message: format!("cannot {doing}: the server does not have this API"),
                hint: "kubatch needs Kubernetes 1.21 or later; check that the context's server is one".into(),
            }
        }
        InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => explain(doing, error),
        WatchError(status) => explain_status(doing, status),
        NoResourceVersion => no_kubernetes(doing, "it has no resourceVersion"),
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

/// Says why no answer came, from the innermost cause that is known to us.
fn explain_transport(doing: &str, error: &(dyn Error + 'static)) -> Failure {
    let tls = chain(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    let text = one_line(error);
    let io: Vec<ErrorKind> =
        chain(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind).collect();
    let is_closed = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof]
        .into_iter()
        .any(|kind| io.contains(&kind))
        || text.contains("connection closed");
    let (cause, told, hint) = if let Some(error) = tls {
        explain_tls(error)
    } else if text.contains("tunnel error") || text.contains("configured proxy") || text.contains("SOCKS") {
        (Cause::Unreachable, format!("the proxy does not let us through ({})", innermost(&text)), PROXY)
    } else if text.contains("dns error") {
        (Cause::Unreachable, "the server's name is not known here".to_owned(), "check the VPN and the context's server")
    } else if io.contains(&ErrorKind::ConnectionRefused) {
        (Cause::Unreachable, "the server's address refuses connections".to_owned(), NETWORK)
    } else if is_closed {
        (Cause::Unreachable, "the connection was closed or reset".to_owned(), NETWORK)
    } else if text.contains("deadline has elapsed") {
        (Cause::Unreachable, "the server did not answer in time".to_owned(), NETWORK)
    } else if text.contains("invalid HTTP") {
        (Cause::Other, "what answers there does not speak HTTP".to_owned(), ADDRESS)
    } else {
        (Cause::Unreachable, innermost(&text).to_owned(), NETWORK)
    };
    Failure { cause, message: format!("cannot {doing}: {told}"), hint: hint.into() }
}

const NETWORK: &str = "check the network, the VPN and the context's server; kubatch tries again by itself";
const PROXY: &str = "check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY";
const ADDRESS: &str = "check the address and the port of the context's server";

fn explain_tls(error: &rustls::Error) -> (Cause, String, &'static str) {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    let tls = |told: &str, hint| (Cause::Tls, told.to_owned(), hint);
    match error {
        InvalidCertificate(UnknownIssuer) => tls(
            "the server's certificate is not signed by the authority that the kubeconfig trusts",
            "check certificate-authority of the cluster in the kubeconfig; if it is right, somebody is in between",
        ),
        InvalidCertificate(Expired | ExpiredContext { .. }) => tls(
            "the server's certificate has expired",
            "renew it on the server; if it should be valid, check this machine's clock",
        ),
        InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            tls("the server's certificate is not valid yet", "check this machine's clock")
        }
        InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => tls(
            "the server's certificate is for another name than the context's server",
            "check the server's address, or name the certificate's in tls-server-name",
        ),
        AlertReceived(alert) => {
            (Cause::Unauthorized, format!("the server does not accept our certificate ({alert:?})"), LOG_IN)
        }
        InvalidMessage(_) => tls("what answers there does not speak TLS", ADDRESS),
        other => {
            let told = safe_line(&other.to_string()).into_owned();
            (Cause::Tls, told, "check the server's certificate, and certificate-authority in the kubeconfig")
        }
    }
}

/// What stands behind the last colon: errors of the network wrap each other.
fn innermost(text: &str) -> &str {
    text.rsplit(": ").next().unwrap_or(text)
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
pub(super) fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in chain(error) {
        let text = cause.to_string();
        match parts.last_mut() {
            // Some errors repeat their source's words behind their own.
            Some(last) if last.contains(&text) => {}
            _ => parts.push(text),
        }
    }
    safe_line(&parts.join(": ")).into_owned()
}

/// An error and what is behind it. An I/O error made from another one hides it from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests;

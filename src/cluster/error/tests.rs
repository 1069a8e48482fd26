//! Errors as the client really makes them, against listeners that misbehave, and what is told of each.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

/// What is told where a server at this address is asked, through this proxy, trusting this certificate.
async fn asked(server: &str, proxy: Option<&str>, trusted: Option<&CertificateDer<'static>>) -> Failure {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = kube::Config::new(server.parse().unwrap());
    config.connect_timeout = Some(Duration::from_secs(1));
    config.default_retry = false;
    config.root_cert = trusted.map(|certificate| vec![certificate.to_vec()]);
    config.proxy_url = proxy.map(|proxy| proxy.parse().unwrap());
    let answer = match kube::Client::try_from(config) {
        Ok(client) => kube::Api::<Job>::all(client).list(&kube::api::ListParams::default()).await.map(drop),
        Err(error) => Err(error),
    };
    explain("list jobs", &answer.unwrap_err())
}

/// A listener that does this with each connection; its host and port.
fn listener(answer: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    address
}

/// A listener that answers whatever is said with this.
fn saying(words: &'static str) -> String {
    listener(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(words.as_bytes());
    })
}

fn check(failure: &Failure, cause: Cause, told: &str, hint: &str) {
    assert_eq!(failure.cause, cause, "{failure:?}");
    assert!(failure.message.starts_with("cannot list jobs: ") && failure.message.contains(told), "{failure:?}");
    assert!(failure.hint.contains(hint), "{failure:?}");
    assert!(!failure.message.contains("Error"), "the client's own words are no sentence: {failure:?}");
}

#[tokio::test]
async fn server_that_cannot_be_reached_is_told_by_what_is_wrong() {
    let closing = listener(drop);
    let silent = listener(std::mem::forget);
    let cases = [
        ("http://127.0.0.1:1".to_owned(), "refuses connections", "VPN"),
        // A label of 64 letters: no resolver has to be asked to know that there is none.
        (format!("http://{}.invalid", "a".repeat(64)), "name is not known", "VPN"),
        (format!("https://{closing}"), "closed or reset", "tries again"),
        (format!("http://{closing}"), "closed or reset", "tries again"),
        (format!("https://{silent}"), "did not answer in time", "tries again"),
    ];
    for (server, told, hint) in cases {
        check(&asked(&server, None, None).await, Cause::Unreachable, told, hint);
    }
}

#[tokio::test]
async fn proxy_that_does_not_work_is_told_as_such() {
    let refusing = saying("HTTP/1.1 403 Forbidden\r\n\r\n");
    let proxies = ["http://127.0.0.1:1".to_owned(), format!("http://{refusing}"), "ftp://127.0.0.1:1".to_owned()];
    for proxy in proxies {
        let failure = asked("https://192.0.2.1:6443", Some(&proxy), None).await;
        check(&failure, Cause::Unreachable, "the proxy does not let us through", "HTTPS_PROXY");
    }
}

#[tokio::test]
async fn server_that_speaks_something_else_is_told_as_such() {
    let ssh = saying("SSH-2.0-OpenSSH_9.6\r\n");
    check(&asked(&format!("http://{ssh}"), None, None).await, Cause::Other, "does not speak HTTP", "the port");
    check(&asked(&format!("https://{ssh}"), None, None).await, Cause::Tls, "does not speak TLS", "the port");
    let page = saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>");
    let failure = asked(&format!("http://{page}"), None, None).await;
    check(&failure, Cause::Other, "no Kubernetes object", "Kubernetes API server");
}

#[tokio::test]
async fn certificates_are_told_by_what_is_wrong_with_them() {
    // Signed by itself, for the name other.example, until 2126.
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../../tests/fixtures/tls/cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../tests/fixtures/tls/key.pem")).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = rustls::ServerConfig::builder().with_no_client_auth();
    let server = Arc::new(server.with_single_cert(vec![certificate.clone()], key).unwrap());
    let address = listener(move |mut stream| {
        let _ = rustls::ServerConnection::new(server.clone()).unwrap().complete_io(&mut stream);
    });
    let server = format!("https://{address}");
    check(&asked(&server, None, None).await, Cause::Tls, "not signed by the authority", "certificate-authority");
    check(&asked(&server, None, Some(&certificate)).await, Cause::Tls, "for another name", "tls-server-name");
}

#[test]
fn certificates_and_clocks_that_disagree_are_told() {
    let explained = |error: rustls::Error| {
        let inner = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        explain("list jobs", &kube::Error::Service(Box::new(std::io::Error::other(inner))))
    };
    let expired = explained(rustls::Error::InvalidCertificate(rustls::CertificateError::Expired));
    check(&expired, Cause::Tls, "has expired", "clock");
    let early = explained(rustls::Error::InvalidCertificate(rustls::CertificateError::NotValidYet));
    check(&early, Cause::Tls, "not valid yet", "clock");
    let ours = explained(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired));
    check(&ours, Cause::Unauthorized, "does not accept our certificate", "press L");
}

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
fn server_without_the_api_is_too_old() {
    let status = Status { code: 404, message: "404 page not found".into(), ..Status::default() };
    let error = watcher::Error::InitialListFailed(kube::Error::Api(status.boxed()));
    let failure = explain_watch("list jobs", &error);
    check(&failure, Cause::NotFound, "does not have this API", "needs Kubernetes 1.21 or later");
}

#[test]
fn the_innermost_cause_of_an_unknown_error_is_told_once() {
    let inner = std::io::Error::other("the line is mute");
    let error = kube::Error::Service(Box::new(std::io::Error::other(inner)));
    let failure = explain("list jobs", &error);
    assert_eq!(failure.message, "cannot list jobs: the line is mute");
}

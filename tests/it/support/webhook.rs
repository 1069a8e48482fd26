//! An admission webhook on a socket of this machine: the API server asks it about each write of a namespace, as it asks
//! those that companies run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use super::cluster::{Space, runtime};

/// Signed by itself, for 127.0.0.1, until 2126.
const CERTIFICATE: &str = include_str!("../../fixtures/tls/webhook-cert.pem");
const KEY: &str = include_str!("../../fixtures/tls/webhook-key.pem");

/// What the webhook says to a request for admission: fields of an `AdmissionResponse`.
type Verdict = fn(&Value) -> Value;

/// A webhook that is asked about changes and deletions of Jobs and CronJobs of one namespace, until it is dropped.
pub struct Webhook {
    configurations: Api<ValidatingWebhookConfiguration>,
    name: String,
}

impl Webhook {
    /// Starts a webhook of this name for the namespace, and has the server ask it.
    pub fn start(space: &Space, name: &str, verdict: Verdict) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = config.clone();
                std::thread::spawn(move || serve(stream, config, verdict));
            }
        });
        let full_name = format!("{}.{name}.example", space.namespace);
        let configuration = json!({
            "metadata": { "name": full_name },
            "webhooks": [{
                "name": format!("{name}.kubatch.example"),
                "clientConfig": { "url": format!("https://{address}/"), "caBundle": encoded(CERTIFICATE) },
                "rules": [{
                    "apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs", "cronjobs"],
                    "operations": ["UPDATE", "DELETE"],
                }],
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": space.namespace } },
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }],
        });
        let configuration = serde_json::from_value(configuration).unwrap();
        let configurations: Api<ValidatingWebhookConfiguration> = Api::all(space.client.clone());
        runtime().block_on(configurations.create(&PostParams::default(), &configuration)).unwrap();
        Self { configurations, name: full_name }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let deleted = runtime().block_on(self.configurations.delete(&self.name, &DeleteParams::default()));
        if let Err(error) = deleted {
            println!("webhook {} was not deleted: {error}", self.name);
        }
    }
}

fn encoded(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap()
}

/// Answers the requests of one connection until it ends.
fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, verdict: Verdict) {
    let tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream);
    let mut tls = BufReader::new(tls);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if tls.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if tls.read_exact(&mut body).is_err() {
            return;
        }
        let review: Value = serde_json::from_slice(&body).unwrap();
        let mut response = verdict(&review["request"]);
        response["uid"] = review["request"]["uid"].clone();
        let answer = json!({ "apiVersion": review["apiVersion"], "kind": review["kind"], "response": response });
        let answer = answer.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", answer.len());
        let sent = tls.get_mut().write_all((head + &answer).as_bytes());
        if sent.and_then(|()| tls.get_mut().flush()).is_err() {
            return;
        }
    }
}

//! The embedded cluster behind a socket where every request is noted before it is answered: what a client sends, whatever
//! it says of itself.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use kubatch::demo::{Demo, serve};
use tower::ServiceExt;

use super::cluster::runtime;

/// A request as it was sent.
#[derive(Debug, Clone)]
pub struct Noted {
    pub method: Method,
    /// Path and query.
    pub uri: String,
    pub body: String,
}

impl Noted {
    /// It reads, or asks what one may do, and nothing more.
    pub fn is_read(&self) -> bool {
        let path = self.uri.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        match self.method {
            // These reach into pods and nodes, by GET too.
            Method::GET => {
                !["exec", "attach", "portforward", "proxy"].iter().any(|word| path.split('/').any(|part| part == *word))
            }
            Method::POST => ["selfsubjectaccessreviews", "selfsubjectrulesreviews"].contains(&last),
            _ => false,
        }
    }

    /// The server only tries it.
    pub fn is_trial(&self) -> bool {
        self.uri.contains("dryRun=All") || self.body.contains(r#""dryRun":["All"]"#)
    }
}

/// The server.
pub struct Noting {
    noted: Arc<Mutex<Vec<Noted>>>,
    server: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Noting {
    /// Serves this cluster.
    pub fn serve(demo: &Demo) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = runtime().block_on(serve::listen(([127, 0, 0, 1], 0).into())).unwrap();
        std::fs::write(folder.path().join("config"), serve::kubeconfig(listener.local_addr().unwrap())).unwrap();
        let noted: Arc<Mutex<Vec<Noted>>> = Arc::default();
        let (demo, notes) = (demo.clone(), noted.clone());
        let server = runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (demo, notes) = (demo.clone(), notes.clone());
                let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                    let (demo, notes) = (demo.clone(), notes.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let text = String::from_utf8_lossy(&body).into_owned();
                        notes.lock().unwrap().push(Noted {
                            method: head.method.clone(),
                            uri: head.uri.to_string(),
                            body: text,
                        });
                        let Ok(answer) = demo.oneshot(Request::from_parts(head, Full::new(body))).await;
                        Ok::<_, hyper::Error>(answer)
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { noted, server, folder }
    }

    /// A kubeconfig that leads there.
    pub fn kubeconfig(&self) -> PathBuf {
        Path::join(self.folder.path(), "config")
    }

    /// What was sent so far that does more than read.
    pub fn writes(&self) -> Vec<Noted> {
        self.noted.lock().unwrap().iter().filter(|one| !one.is_read()).cloned().collect()
    }
}

//! The embedded cluster over HTTP, so that kubectl, any other client or a second kubatch can look at it. It listens on
//! loopback addresses alone, since whoever reaches it may do everything. Started by `cli`.
#![expect(clippy::disallowed_methods, reason = "each connection is a task")]

use std::net::SocketAddr;

use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::Demo;

/// Takes an address to listen on; port 0 takes a free one.
///
/// # Errors
/// Where the address is not one of this machine alone, or cannot be taken.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        let why = "the embedded cluster knows no passwords: only loopback addresses such as 127.0.0.1 are allowed";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    }
    TcpListener::bind(address).await
}

/// Serves until the task is dropped; connections that are open then go on until their clients leave.
pub async fn serve(demo: Demo, listener: TcpListener) {
    loop {
        // A connection that failed before it was one is the client's loss alone.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let demo = demo.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| demo.clone().oneshot(request));
            let mut server = hyper::server::conn::http1::Builder::new();
            // The same holds for one that breaks off.
            let _ = server.keep_alive(true).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A kubeconfig for the address, as kubectl reads it.
pub fn kubeconfig(address: SocketAddr) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: kubatch-demo
clusters:
- name: kubatch-demo
  cluster:
    server: http://{address}
contexts:
- name: kubatch-demo
  context:
    cluster: kubatch-demo
    user: demo
users:
- name: demo
  user: {{}}
"
    )
}

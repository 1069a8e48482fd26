//! The embedded cluster from the command line: made for the screen, or served to other programs.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::refuse;
use crate::demo::{Demo, serve};
use crate::model::clock::SystemClock;

/// What `kubatch demo` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen, on this machine alone; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write the kubeconfig to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    kubeconfig_out: Option<PathBuf>,
    /// What is left to chance is decided by this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// So many Jobs with their pods, instead of the story.
    #[arg(long, value_name = "JOBS")]
    size: Option<usize>,
}

/// Serves the embedded cluster until the program is interrupted.
pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}"), "check the limits on threads and open files"),
    };
    runtime.block_on(async {
        let listener = match serve::listen(arguments.listen).await {
            Ok(listener) => listener,
            Err(error) => {
                return refuse(&format!("cannot listen on {}: {error}", arguments.listen), "choose another address");
            }
        };
        let address = listener.local_addr().unwrap_or(arguments.listen);
        let kubeconfig = serve::kubeconfig(address);
        let written = match &arguments.kubeconfig_out {
            Some(file) => std::fs::write(file, kubeconfig),
            None => std::io::stdout().write_all(kubeconfig.as_bytes()).and_then(|()| std::io::stdout().flush()),
        };
        if let Err(error) = written {
            return refuse(&format!("the kubeconfig cannot be written: {error}"), "choose another place");
        }
        let demo = Demo::living(Arc::new(SystemClock), arguments.seed, arguments.size);
        let _ = writeln!(std::io::stderr(), "kubatch: the embedded cluster is at http://{address}; Ctrl-C ends it");
        tokio::select! {
            () = serve::serve(demo, listener) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        ExitCode::SUCCESS
    })
}

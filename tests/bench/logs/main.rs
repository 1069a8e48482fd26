//! kubatch reads logs of a real node: how long it takes beside `kubectl logs`, whether every line comes, how fast the
//! whole program answers keys meanwhile, what the lines cost in memory, and what search and scrolling cost in a million.
//!
//! `cargo bench --bench logs` starts a cluster of its own with a node (which needs root), measures and ends it.
//! `KUBATCH_BENCH_KEEP=1` leaves it up for the next run.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a benchmark asks the clock and starts tasks")]

mod pane;
mod speed;
#[path = "../../it/support/terminal.rs"]
mod terminal;
mod writer;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

/// How long something may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a verb of the cluster's script for a cluster that is the benchmark's own.
fn cluster(arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster");
    let output = Command::new(script).args(arguments).env("KUBATCH_CLUSTER_NAME", "bench-logs").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cluster {}: {told}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The kubectl that belongs to the cluster: called itself, as the script around it would be measured too.
fn kubectl(kubeconfig: &Path) -> PathBuf {
    let programs = kubeconfig.parent().and_then(Path::parent).unwrap().join("bin");
    let all = std::fs::read_dir(programs).unwrap().map(|one| one.unwrap().path().join("kubectl"));
    all.filter(|path| path.exists()).max().unwrap()
}

/// The middle one.
fn median<T: Ord + Copy>(values: &[T]) -> T {
    at(values, 50)
}

/// The value below which so many of a hundred lie.
fn at<T: Ord + Copy>(values: &[T], percent: usize) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * percent / 100]
}

fn main() -> ExitCode {
    // `cargo test --benches` asks for a list or a quick pass; there is neither.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let kubeconfig = PathBuf::from(cluster(&["up", "--node"]).lines().last().unwrap());
    runtime.block_on(async {
        let read = Kubeconfig::read_from(&kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let only = std::env::var("KUBATCH_BENCH_ONLY").unwrap_or_default();
        if only != "pane" {
            speed::measure(&client, &kubeconfig).await;
        }
        if only != "speed" {
            pane::measure(&client, &kubeconfig).await;
        }
    });
    if std::env::var_os("KUBATCH_BENCH_KEEP").is_none() {
        cluster(&["down"]);
    }
    ExitCode::SUCCESS
}

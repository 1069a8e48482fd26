//! kubatch on a real control plane that holds 10,000 Jobs, 20,000 Pods, 5,000 Events and 200 CronJobs: how soon it
//! shows them, what it costs at rest and under change, and how fast it answers a key.
//!
//! `cargo bench --bench scale` starts a control plane of its own with controllers off, fills it, measures and ends it.
//! `KUBATCH_BENCH_KEEP=1` leaves it up for the next run, which then fills nothing.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a benchmark asks the clock and starts tasks")]

mod fill;
mod measure;
#[path = "../../it/support/terminal.rs"]
mod terminal;

use std::process::{Command, ExitCode};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

/// How long something may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the control plane is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub jobs: usize,
    pub pods: usize,
    pub events: usize,
    pub cronjobs: usize,
    pub namespaces: usize,
}

const SIZE: Size = Size { jobs: 10_000, pods: 20_000, events: 5_000, cronjobs: 200, namespaces: 10 };

/// Runs a verb of the cluster's script for a cluster that is the benchmark's own.
fn cluster(arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster");
    let output = Command::new(script).args(arguments).env("KUBATCH_CLUSTER_NAME", "bench").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cluster {}: {told}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn main() -> ExitCode {
    // `cargo test --benches` asks for a list or a quick pass; there is neither.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let kubeconfig = cluster(&["up", "--no-node"]).lines().last().unwrap().to_owned();
    for part in ["kube-controller-manager", "kube-scheduler"] {
        cluster(&["stop", part]);
    }
    runtime.block_on(async {
        let read = Kubeconfig::read_from(&kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
        let client = kube::Client::try_from(config.clone()).unwrap();
        fill::fill(&client, SIZE).await;
        measure::measure(&client, &config, kubeconfig.as_ref(), SIZE).await;
    });
    if std::env::var_os("KUBATCH_BENCH_KEEP").is_none() {
        cluster(&["down"]);
    }
    ExitCode::SUCCESS
}

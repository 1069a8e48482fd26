//! The integration tests, linked once: structure, scenarios on the embedded cluster, pictures of it, kubectl on it, the binary in a
//! pseudo-terminal, the contract between the embedded cluster and a real one, and end-to-end tests on a real Kubernetes.
//!
//! `KUBATCH_E2E=on` starts the local cluster and fails where an end-to-end test could not run; `off` runs none; unset
//! uses the cluster if it is up. A test that cannot run says why by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub, reason = "nobody but these tests uses them")]
#![allow(clippy::disallowed_methods, reason = "tests wait for conditions with a deadline")]

mod cli;
mod cluster;
mod commands;
mod contract;
mod editing;
mod faults;
mod kubectl;
mod lint_cli;
mod lint_online;
mod live;
mod log_files;
mod login;
mod logs;
mod logs_cli;
mod pictures;
mod pods;
mod problems_cli;
mod recorded;
mod safety;
mod scenarios;
mod streams;
mod support;
mod terminal;
mod tidy;
mod why;
mod write_cli;
mod writes;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Trial};
use support::cluster::{Available, Need};

/// An end-to-end test, with what it needs.
pub struct EndToEnd {
    pub name: &'static str,
    pub need: Need,
    pub run: fn(&support::cluster::Cluster),
}

/// A test that needs no cluster.
pub struct Local {
    pub name: &'static str,
    pub run: fn(),
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let available = if arguments.list { Available::no("only listed") } else { Available::find() };
    let contract = [contract::DEMO, contract::requests::DEMO, contract::writes::DEMO, contract::runs::DEMO];
    let local = [
        tidy::TESTS,
        pictures::TESTS,
        safety::TESTS,
        scenarios::TESTS,
        cli::TESTS,
        lint_cli::TESTS,
        problems_cli::TESTS,
        logs_cli::TESTS,
        write_cli::TESTS,
        login::TESTS,
        log_files::TESTS,
        commands::TESTS,
        pods::TESTS,
        terminal::TESTS,
    ];
    let local = local.into_iter().chain(contract).flatten();
    let mut trials: Vec<Trial> = local.map(|test| Trial::test(test.name, move || outcome(test.run))).collect();
    let has_kubectl = kubectl::find().is_some();
    trials.extend(kubectl::TESTS.iter().map(|test| {
        let trial = Trial::test(test.name, move || outcome(test.run));
        if has_kubectl { trial } else { trial.with_kind("skipped: no kubectl").with_ignored_flag(true) }
    }));
    let ran = Arc::new(AtomicUsize::new(0));
    let (mut total, mut skipped) = (0, 0);
    let contract = [contract::REAL, contract::requests::REAL, contract::writes::REAL, contract::runs::REAL];
    let commands = [
        commands::LIVE,
        pods::LIVE,
        logs_cli::LIVE,
        write_cli::LIVE,
        writes::TESTS,
        writes::refused::TESTS,
        editing::TESTS,
        faults::TESTS,
        lint_online::TESTS,
        recorded::TESTS,
        why::TESTS,
    ];
    let end_to_end = [cluster::TESTS, live::TESTS, logs::TESTS, streams::TESTS].into_iter().chain(commands);
    for test in end_to_end.chain(contract).flatten() {
        let why_not = available.why_not(test.need);
        total += 1;
        skipped += usize::from(why_not.is_some());
        let (cluster, ran) = (available.cluster.clone(), ran.clone());
        let trial = Trial::test(test.name, move || match cluster {
            Some(cluster) => {
                ran.fetch_add(1, Ordering::Relaxed);
                outcome(|| cluster.run(test.need, test.run))
            }
            None => Err("no cluster".into()),
        });
        trials.push(match why_not {
            None => trial,
            Some(why) => trial.with_kind(format!("skipped: {why}")).with_ignored_flag(true),
        });
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let ran = ran.load(Ordering::Relaxed);
    println!("end-to-end: {ran} of {total} ran, {skipped} skipped, {} filtered out", total - ran - skipped);
    if skipped > 0 && available.must_run_all {
        println!("error: KUBATCH_E2E=on, and {skipped} end-to-end tests could not run");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// A panic is the test's failure; its words are its message.
fn outcome(test: impl FnOnce() + std::panic::UnwindSafe) -> Result<(), libtest_mimic::Failed> {
    std::panic::catch_unwind(test).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        words.unwrap_or("panicked").into()
    })
}

//! The command line: arguments to a target, outcomes to exit codes.

mod demo;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::cluster::connect::{KubeconfigChoice, Place, Target};
use crate::demo::Demo;
use crate::model::clock::{Clock, FastClock, SystemClock};
use crate::model::key::Namespaces;
use crate::tui::{self, Look};

/// Exit code for a command line or an environment that cannot be used, as clap and kubectl plugins have it.
const USAGE: u8 = 2;

/// Watch Kubernetes Jobs, CronJobs, Pods, events and logs, live, in the terminal.
#[derive(Debug, Parser)]
#[command(name = "kubatch", version)]
pub struct Arguments {
    /// The kubeconfig file, instead of KUBECONFIG or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The cluster of the kubeconfig, instead of the context's.
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// The user of the kubeconfig, instead of the context's.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The user to act as, where the logged-in one may impersonate.
    #[arg(long = "as", value_name = "NAME")]
    impersonate: Option<String>,
    /// A group to act as, with --as; may be given more than once.
    #[arg(long = "as-group", value_name = "NAME", requires = "impersonate")]
    impersonate_groups: Vec<String>,
    /// The namespaces to look at, separated by commas; the context's by default, or all where it names none.
    #[arg(short, long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "all_namespaces")]
    namespace: Vec<String>,
    /// Look at all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Open the embedded cluster: a small company's batch work, with its faults, in memory alone.
    #[arg(long, conflicts_with_all = ["kubeconfig", "context", "cluster", "user", "impersonate"])]
    demo: bool,
    /// What the embedded cluster leaves to chance is decided by this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "demo")]
    demo_seed: u64,
    /// So many Jobs with their pods in the embedded cluster, instead of its story.
    #[arg(long, value_name = "JOBS", requires = "demo")]
    demo_size: Option<usize>,
    /// How many times as fast as the clock the embedded cluster lives.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_600), requires = "demo")]
    demo_speed: u32,
    /// Use no colours; NO_COLOR does the same.
    #[arg(long)]
    no_color: bool,
    /// Use no characters beyond ASCII for signs and borders.
    #[arg(long)]
    ascii: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else the program does.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve the embedded cluster to kubectl and other programs on this machine.
    Demo(demo::Arguments),
}

/// Runs the program with these arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { command: Some(Command::Demo(arguments)), .. }) => demo::run(&arguments),
        Ok(arguments) => run(arguments),
        Err(error) => {
            // Help and version are answers, not errors: clap prints them on stdout and gives them code 0.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
        }
    }
}

fn run(arguments: Arguments) -> ExitCode {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return refuse(
            "kubatch needs a terminal: stdin or stdout is none",
            "run it without pipes; over ssh use ssh -t",
        );
    }
    // kube links two TLS providers' traits; one must be chosen before the first connection. An error means it was.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let look = look(arguments.no_color, arguments.ascii);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}"), "check the limits on threads and open files"),
    };
    let clock: Arc<dyn Clock> = match arguments.demo_speed {
        1 => Arc::new(SystemClock),
        speed => Arc::new(FastClock::new(SystemClock, speed)),
    };
    let outcome = runtime.block_on(async { tui::run(target(arguments, &clock), look, clock).await });
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("the terminal cannot be used: {error}"), "check TERM and the connection"),
    }
}

fn target(arguments: Arguments, clock: &Arc<dyn Clock>) -> Target {
    let names = arguments.namespace.into_iter().map(Into::into).collect::<Vec<_>>();
    let namespaces = match (arguments.all_namespaces, names.is_empty()) {
        (true, _) => Some(Namespaces::All),
        (false, false) => Some(Namespaces::Some(names)),
        (false, true) => None,
    };
    if arguments.demo {
        let demo = Demo::living(Arc::clone(clock), arguments.demo_seed, arguments.demo_size);
        return Target { place: Place::Demo(demo), namespaces };
    }
    let choice = KubeconfigChoice {
        file: arguments.kubeconfig,
        context: arguments.context,
        cluster: arguments.cluster,
        user: arguments.user,
        impersonate: arguments.impersonate,
        impersonate_groups: arguments.impersonate_groups,
    };
    Target { place: Place::Kubeconfig(choice), namespaces }
}

/// What the flags and the environment say of the terminal: NO_COLOR (no-color.org), and a locale without UTF-8.
fn look(no_color: bool, ascii: bool) -> Look {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let is_utf8 = locale.is_none_or(|name| name.to_lowercase().replace('-', "").contains("utf8"));
    Look { has_colour: !(no_color || is_set("NO_COLOR")), has_unicode: !ascii && is_utf8 }
}

fn refuse(message: &str, hint: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "kubatch: {message}; {hint}");
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn namespaces_are_chosen_as_kubectl_does() {
        let chosen = |line: &str| {
            let words = std::iter::once("kubatch").chain(line.split_whitespace());
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            target(Arguments::try_parse_from(words).unwrap(), &clock).namespaces
        };
        assert_eq!(chosen(""), None);
        assert_eq!(chosen("-A"), Some(Namespaces::All));
        assert_eq!(chosen("-n a,b"), Some(Namespaces::Some(vec!["a".into(), "b".into()])));
        assert!(Arguments::try_parse_from(["kubatch", "-A", "-n", "a"]).is_err());
    }
}

//! The command line: arguments to a target, outcomes to exit codes.

mod demo;
mod examine;
mod findings;
mod lint;
mod logs;
mod problems;
mod reference;
mod report;
mod server;
mod stop;
mod why;
mod write;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::app::LogLimits;
use crate::cluster::connect::{Place, Target};
use crate::cluster::kubeconfig::{self, KubeconfigChoice};
use crate::cluster::scope::Scope;
use crate::config::{self, Background, Config};
use crate::demo::Demo;
use crate::model::clock::{Clock, FastClock, SystemClock};
use crate::model::delta::{Cause, Failure};
use crate::model::key::Namespaces;
use crate::model::safe_text::safe_line;
use crate::tui::{self, Call, Ground, Look, Settings};
use stop::Stop;

/// Exit code for a command line or an environment that cannot be used, as clap and kubectl plugins have it.
const USAGE: u8 = 2;

/// Watch Kubernetes Jobs, CronJobs, Pods, events and logs, live, in the terminal.
#[derive(Debug, Parser)]
#[command(name = "kubatch", version)]
pub struct Arguments {
    /// The kubeconfig file, instead of KUBECONFIG or ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// The cluster of the kubeconfig, instead of the context's.
    #[arg(long, global = true, value_name = "NAME")]
    cluster: Option<String>,
    /// The user of the kubeconfig, instead of the context's.
    #[arg(long, global = true, value_name = "NAME")]
    user: Option<String>,
    /// The user to act as, where the logged-in one may impersonate.
    #[arg(long = "as", global = true, value_name = "NAME")]
    impersonate: Option<String>,
    /// A group to act as, with --as; may be given more than once.
    #[arg(long = "as-group", global = true, value_name = "NAME", requires = "impersonate")]
    impersonate_groups: Vec<String>,
    /// The namespaces to look at, separated by commas; the context's by default, or all where it names none.
    #[arg(short, long, global = true, value_name = "NAMES", value_delimiter = ',', conflicts_with = "all_namespaces")]
    namespace: Vec<String>,
    /// Look at all namespaces.
    #[arg(short = 'A', long, global = true)]
    all_namespaces: bool,
    /// Change nothing: requests that do more than read are not sent.
    #[arg(long, global = true, env = "KUBATCH_READONLY", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::FalseyValueParser::new())]
    readonly: Option<bool>,
    /// The configuration file, instead of ~/.config/kubatch/config.yaml.
    #[arg(long, global = true, env = "KUBATCH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Open the embedded cluster: a small company's batch work, with its faults, in memory alone.
    #[arg(long, global = true, conflicts_with_all = ["kubeconfig", "context", "cluster", "user", "impersonate"])]
    demo: bool,
    /// What the embedded cluster leaves to chance is decided by this number.
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 1, requires = "demo")]
    demo_seed: u64,
    /// So many Jobs with their pods in the embedded cluster, instead of its story.
    #[arg(long, global = true, value_name = "JOBS", requires = "demo")]
    demo_size: Option<usize>,
    /// How many times as fast as the clock the embedded cluster lives.
    #[arg(long, global = true, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_600), requires = "demo")]
    demo_speed: u32,
    /// Use no colours; NO_COLOR does the same.
    #[arg(long, global = true)]
    no_color: bool,
    /// Use no characters beyond ASCII for signs and borders.
    #[arg(long)]
    ascii: bool,
    /// Colours for a dark or a light background; auto asks COLORFGBG, and takes dark where that is not set.
    #[arg(long, value_enum, value_name = "GROUND")]
    theme: Option<Background>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else the program does.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve the embedded cluster to kubectl and other programs on this machine.
    Demo(demo::Arguments),
    /// Print the log of a Job, a CronJob or a pod, follow it, or wait for its end: for scripts and pipes.
    Logs(logs::Arguments),
    /// Say what will hurt in manifests of Jobs and CronJobs, and what would mend it; nothing is changed.
    Lint(lint::Arguments),
    /// Say why a Job, a CronJob or a pod does not start, fails or is stuck, and what fixes it; --fix carries that out.
    Why(why::Arguments),
    /// List what is wrong with Jobs and CronJobs, a line for each cause, the worst first; nothing is changed.
    Problems(problems::Arguments),
    /// Write what happened to a Job, a CronJob or a pod as Markdown for an incident channel; nothing is changed.
    Report(report::Arguments),
    #[command(flatten)]
    Write(write::Command),
}

/// Runs the program with these arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(mut arguments) => match arguments.command.take() {
            Some(Command::Demo(demo)) => demo::run(&demo),
            Some(Command::Lint(lint)) if !(lint.live || lint.online) => lint::files(&lint, &arguments),
            Some(Command::Lint(lint)) => with_target(arguments, |program| lint::in_cluster(&lint, program)),
            Some(Command::Logs(logs)) => with_target(arguments, |program| logs::run(&logs, program)),
            Some(Command::Why(why)) => with_target(arguments, |program| why::run(&why, program)),
            Some(Command::Problems(problems)) => with_target(arguments, |program| problems::run(&problems, program)),
            Some(Command::Report(report)) => with_target(arguments, |program| report::run(&report, program)),
            Some(Command::Write(write)) => with_target(arguments, |program| write::run(&write, program)),
            None => with_target(arguments, show),
        },
        Err(error) => {
            // Help and version are answers, not errors: clap prints them on stdout and gives them code 0.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
        }
    }
}

/// What every way to use a cluster begins with.
struct Program {
    target: Target,
    settings: Settings,
    clock: Arc<dyn Clock>,
    runtime: tokio::runtime::Runtime,
}

/// Does what a command line asked for; the exit code is what comes of it, or that of a refusal.
fn carry_out(runtime: tokio::runtime::Runtime, work: impl Future<Output = Result<u8, Stop>>) -> ExitCode {
    let done = runtime.block_on(work);
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Stop { message, hint }) => refuse(&message, &hint),
    }
}

/// Prints an answer.
fn print_out(text: &str) {
    // A reader that has gone wants no more.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Reads the configuration, and what has to be told of it; where it cannot be used, says so and gives the exit code.
fn configuration(arguments: &Arguments) -> Result<(Config, String), ExitCode> {
    let hint = "correct the file, or choose another one with --config FILE";
    Config::load(arguments.config.as_deref()).map_err(|message| refuse(&message, hint))
}

/// Reads what the flags, the environment and the configuration say of the cluster and the terminal, and goes on with it.
fn with_target(mut arguments: Arguments, go_on: impl FnOnce(Program) -> ExitCode) -> ExitCode {
    let (config, warning) = match configuration(&arguments) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let Config { lint, logs, notify, protected, readonly, theme } = config;
    // What flags and environment leave open is as the file has it.
    arguments.readonly.get_or_insert(readonly);
    arguments.theme.get_or_insert(theme);
    let look = look(&arguments, |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()));
    let clock: Arc<dyn Clock> = match arguments.demo_speed {
        1 => Arc::new(SystemClock),
        speed => Arc::new(FastClock::new(SystemClock, speed)),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}"), "check the limits on threads and open files"),
    };
    let (lint_off, warning) = lint::switched_off(&lint.off, warning);
    let settings = Settings { look, logs: log_limits(&logs), protected, lint_off, call: call(notify), warning };
    // The embedded cluster lives in a task.
    let mut target = runtime.block_on(async { target(arguments, &clock) });
    if let Place::Kubeconfig(choice) = &mut target.place
        && let Err(failure) = kubeconfig::check(choice)
    {
        return refuse(&failure.message, &failure.hint);
    }
    // kube links two TLS providers' traits; one must be chosen before the first connection. An error means it was.
    let _ = rustls::crypto::ring::default_provider().install_default();
    go_on(Program { target, settings, clock, runtime })
}

/// The full screen.
fn show(Program { target, settings, clock, runtime, .. }: Program) -> ExitCode {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return refuse(
            "kubatch needs a terminal: stdin or stdout is none",
            "run it without pipes, over ssh with ssh -t; in scripts use kubatch logs, and kubectl get jobs for lists",
        );
    }
    let outcome = runtime.block_on(tui::run(target, settings, clock));
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("the terminal cannot be used: {error}"), "check TERM and the connection"),
    }
}

fn call(notify: config::Notify) -> Call {
    match notify {
        config::Notify::Auto => Call::Auto,
        config::Notify::Bell => Call::Bell,
        config::Notify::Osc9 => Call::Osc9,
        config::Notify::Osc99 => Call::Osc99,
        config::Notify::Osc777 => Call::Osc777,
        config::Notify::None => Call::Silent,
    }
}

fn log_limits(logs: &config::Logs) -> LogLimits {
    LogLimits { memory: logs.memory.in_memory(), disk: logs.disk.0, streams: logs.streams.get().into() }
}

fn target(arguments: Arguments, clock: &Arc<dyn Clock>) -> Target {
    let scope = Scope::Everything;
    let names = arguments.namespace.into_iter().map(Into::into).collect::<Vec<_>>();
    let namespaces = match (arguments.all_namespaces, names.is_empty()) {
        (true, _) => Some(Namespaces::All),
        (false, false) => Some(Namespaces::Some(names)),
        (false, true) => None,
    };
    let is_read_only = arguments.readonly.unwrap_or_default();
    if arguments.demo {
        let place = Place::Demo(Demo::living(Arc::clone(clock), arguments.demo_seed, arguments.demo_size));
        return Target { place, namespaces, scope, remembered: BTreeMap::new(), is_read_only };
    }
    let choice = KubeconfigChoice {
        file: arguments.kubeconfig,
        piped: BTreeMap::new(),
        context: arguments.context,
        cluster: arguments.cluster,
        user: arguments.user,
        impersonate: arguments.impersonate,
        impersonate_groups: arguments.impersonate_groups,
    };
    Target { place: Place::Kubeconfig(choice), namespaces, scope, remembered: BTreeMap::new(), is_read_only }
}

/// What the flags and the environment say of the terminal: NO_COLOR (no-color.org), a locale without UTF-8, terminals
/// that lack signs or colours by their name, and COLORFGBG.
fn look(arguments: &Arguments, variable: impl Fn(&str) -> Option<String>) -> Look {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let is_utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(set)
        .is_none_or(|name| name.to_lowercase().replace('-', "").contains("utf8"));
    let terminal = set("TERM").unwrap_or_default();
    // The Linux console has 512 glyphs, and the signs are not among them.
    let has_glyphs = !matches!(terminal.as_str(), "dumb" | "linux" | "vt100" | "vt220");
    let has_colours = !(matches!(terminal.as_str(), "dumb" | "vt100" | "vt220") || terminal.ends_with("-mono"));
    Look {
        has_colour: has_colours && !arguments.no_color && set("NO_COLOR").is_none(),
        has_unicode: has_glyphs && !arguments.ascii && is_utf8,
        ground: match arguments.theme.unwrap_or_default() {
            Background::Dark => Ground::Dark,
            Background::Light => Ground::Light,
            Background::Auto => set("COLORFGBG").map_or(Ground::Dark, |value| Ground::from_colorfgbg(&value)),
        },
    }
}

fn refuse(message: &str, hint: &str) -> ExitCode {
    tell(&if hint.is_empty() { message.to_owned() } else { format!("{message}; {hint}") });
    ExitCode::from(USAGE)
}

/// One sentence on stderr, which may be a terminal.
fn tell(words: &str) {
    let _ = writeln!(std::io::stderr(), "kubatch: {}", safe_line(words));
}

/// The next step after a failure for who has no screen on which it is tried again.
fn next_step(failure: &Failure) -> &str {
    match failure.cause {
        Cause::Denied => "choose another namespace with -n, or ask for a role that allows it",
        Cause::Unauthorized => "log in again, and check with kubectl auth whoami",
        Cause::Unreachable => "check the network, the VPN, the proxy and the context's server",
        Cause::Busy => "try again in a moment",
        _ => failure.hint.as_str(),
    }
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
    fn look_is_what_the_terminal_can_do() {
        let look = |line: &str, variables: &[(&str, &str)]| {
            let words = std::iter::once("kubatch").chain(line.split_whitespace());
            look(&Arguments::try_parse_from(words).unwrap(), |name| {
                variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let plain = Look { has_colour: true, has_unicode: true, ground: Ground::Dark };
        assert_eq!(look("", &[("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8"), ("NO_COLOR", "")]), plain);
        assert_eq!(look("", &[("TERM", "linux")]), Look { has_unicode: false, ..plain });
        assert_eq!(look("", &[("TERM", "dumb")]), Look { has_unicode: false, has_colour: false, ..plain });
        assert_eq!(look("", &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]), Look { has_unicode: false, ..plain });
        assert_eq!(look("", &[("NO_COLOR", "1")]), Look { has_colour: false, ..plain });
        assert_eq!(look("", &[("COLORFGBG", "0;15")]), Look { ground: Ground::Light, ..plain });
        assert_eq!(look("--theme dark", &[("COLORFGBG", "0;15")]), plain);
        assert_eq!(
            look("--theme light --no-color --ascii", &[]),
            Look { has_colour: false, has_unicode: false, ground: Ground::Light }
        );
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    #[test]
    fn namespaces_are_chosen_as_kubectl_does() {
        let chosen = |line: &str| {
            let words = std::iter::once("kubatch").chain(line.split_whitespace());
            target(Arguments::try_parse_from(words).unwrap(), &clock()).namespaces
        };
        assert_eq!(chosen(""), None);
        assert_eq!(chosen("-A"), Some(Namespaces::All));
        assert_eq!(chosen("-n a,b"), Some(Namespaces::Some(vec!["a".into(), "b".into()])));
        assert!(Arguments::try_parse_from(["kubatch", "-A", "-n", "a"]).is_err());
    }

    #[test]
    fn logs_may_take_the_same_by_default_wherever_one_asks() {
        assert_eq!(log_limits(&Config::default().logs), LogLimits::default());
    }

    #[test]
    fn read_only_is_a_flag() {
        let is_read_only = |words: &[&str]| target(Arguments::try_parse_from(words).unwrap(), &clock()).is_read_only;
        assert!(is_read_only(&["kubatch", "--readonly"]));
        assert!(!is_read_only(&["kubatch", "--readonly=false"]), "it may take back what the file says");
        assert_eq!(is_read_only(&["kubatch"]), std::env::var_os("KUBATCH_READONLY").is_some());
    }
}

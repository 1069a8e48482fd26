//! `kubatch logs`: the log of a Job, a CronJob or a pod for scripts and pipes, with an exit code that says what became of
//! it. The same engine and the same idea of what runs there are as on screen; nothing is kept that has been written.

mod merge;
mod outcome;
mod print;
mod reference;
mod session;

use std::io::{BufWriter, IsTerminal};
use std::process::ExitCode;

use compact_str::CompactString;
use tokio::sync::mpsc;

use super::{Program, refuse};
use crate::cluster::{Engine, REPORTS};
use crate::model::clock::Clock;
use crate::model::key::{Namespaces, Session as SessionNumber};
use outcome::Ending;
use print::{Format, Printer, Style};
use reference::{Reference, Since};
use session::{Session, Wanted};

/// What `kubatch logs` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Whose log: job/NAME, cronjob/NAME (its newest run), pod/NAME or a pod's NAME.
    #[arg(value_name = "KIND/NAME", value_parser = Reference::parse)]
    object: Reference,
    /// Go on with new lines, new pods and, of a CronJob, new runs; ends when a Job or a pod has ended.
    #[arg(short, long)]
    follow: bool,
    /// Follow through all retries until the Job, the pod or the CronJob's newest run ends: 0 where it completed, 1 where
    /// it failed, 2 where that cannot be told.
    #[arg(long)]
    until_done: bool,
    /// Only lines that are newer: 90s, 5m, 1h30m, 2d, or a time such as 2026-11-21T03:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// Only so many lines before the end of each container's log; -1 is all.
    #[arg(long, value_name = "LINES", allow_negative_numbers = true)]
    tail: Option<i64>,
    /// Only this container of each pod.
    #[arg(short, long, value_name = "NAME")]
    container: Option<CompactString>,
    /// Only the run before the present one, of containers that were started again.
    #[arg(short, long, conflicts_with_all = ["follow", "until_done"])]
    previous: bool,
    /// Put each line's time in front of it.
    #[arg(long)]
    timestamps: bool,
    /// Put pod and container in front of each line, or never; without it, as soon as there are several.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    prefix: Option<bool>,
    /// Lines as they are, or each as a JSON object.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
}

impl Arguments {
    fn wanted(&self, clock: &dyn Clock) -> Wanted {
        Wanted {
            reference: self.object.clone(),
            container: self.container.clone(),
            is_followed: self.follow || self.until_done,
            is_until_done: self.until_done,
            is_previous: self.previous,
            // More than fit are all.
            tail: self.tail.and_then(|lines| u32::try_from(lines).ok()),
            since: self.since.map(|since| since.time(clock.now())),
        }
    }
}

/// Reads the log and writes it to stdout.
pub(super) fn run(arguments: &Arguments, Program { mut target, settings, clock, runtime }: Program) -> ExitCode {
    if matches!(&target.namespaces, Some(Namespaces::All))
        || target.namespaces.as_ref().is_some_and(|chosen| chosen.scopes().len() > 1)
    {
        return refuse("a log is read in one namespace", "leave -A out, and name one namespace with -n");
    }
    target.scope = arguments.object.scope();
    let is_terminal = std::io::stdout().is_terminal();
    let style = Style {
        format: arguments.output,
        has_times: arguments.timestamps,
        has_prefix: arguments.prefix,
        is_terminal,
        has_colour: is_terminal && settings.look.has_colour,
    };
    let ending = runtime.block_on(async {
        let (reports, reported) = mpsc::channel(REPORTS);
        let engine = Engine::start(target, SessionNumber::default(), reports);
        let printer = Printer::new(BufWriter::with_capacity(1 << 16, std::io::stdout().lock()), style);
        Session::new(arguments.wanted(&*clock), (engine, reported), clock, printer).run().await
    });
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match &ending {
        Ending::Refused(message, hint) => refuse(message, hint),
        _ => ExitCode::from(ending.code(arguments.until_done)),
    }
}

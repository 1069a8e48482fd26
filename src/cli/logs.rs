//! `kubatch logs`: the log of a Job, a CronJob or a pod for scripts and pipes, with an exit code that says what became of
//! it. The same engine and the same idea of what runs there are as on screen; nothing is kept that has been written.

mod merge;
mod outcome;
mod print;
mod session;

use std::io::{BufWriter, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use compact_str::CompactString;
use tokio::sync::mpsc;

use super::reference::{Reference, Since};
use super::{Program, refuse};
use crate::cluster::connect::Target;
use crate::cluster::{Engine, REPORTS};
use crate::model::clock::Clock;
use crate::model::key::{Kind, Namespaces, Session as SessionNumber};
use crate::tui::Settings;
use outcome::Ending;
use print::{Format, Printer, Style};
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

/// Follows the log of a Job to stdout until it has ended. The exit code that says what became of it, and whether it has
/// ended.
pub(super) async fn until_done(
    job: &str,
    is_json: bool,
    mut target: Target,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> (u8, bool) {
    let reference = Reference { kind: Kind::Job, name: job.to_owned() };
    target.scope = reference.scope();
    let wanted = Wanted {
        reference,
        container: None,
        is_followed: true,
        is_until_done: true,
        is_previous: false,
        tail: None,
        since: None,
    };
    let format = if is_json { Format::Json } else { Format::Text };
    let ending = read(wanted, target, style(format, settings), clock).await;
    if let Ending::Refused(message, hint) = &ending {
        refuse(message, hint);
    }
    (ending.code(true), matches!(ending, Ending::Became(_)))
}

fn style(format: Format, settings: &Settings) -> Style {
    let is_terminal = std::io::stdout().is_terminal();
    let has_colour = is_terminal && settings.look.has_colour;
    Style { format, has_times: false, has_prefix: None, is_terminal, has_colour }
}

async fn read(wanted: Wanted, target: Target, style: Style, clock: Arc<dyn Clock>) -> Ending {
    let (reports, reported) = mpsc::channel(REPORTS);
    let engine = Engine::start(target, SessionNumber::default(), reports);
    let printer = Printer::new(BufWriter::with_capacity(1 << 16, std::io::stdout().lock()), style);
    Session::new(wanted, (engine, reported), clock, printer).run().await
}

/// Reads the log and writes it to stdout.
pub(super) fn run(arguments: &Arguments, Program { mut target, settings, clock, runtime, .. }: Program) -> ExitCode {
    if matches!(&target.namespaces, Some(Namespaces::All))
        || target.namespaces.as_ref().is_some_and(|chosen| chosen.scopes().len() > 1)
    {
        return refuse("a log is read in one namespace", "leave -A out, and name one namespace with -n");
    }
    target.scope = arguments.object.scope();
    let style =
        Style { has_times: arguments.timestamps, has_prefix: arguments.prefix, ..style(arguments.output, &settings) };
    let ending = runtime.block_on(read(arguments.wanted(&*clock), target, style, clock.clone()));
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match &ending {
        Ending::Refused(message, hint) => refuse(message, hint),
        _ => ExitCode::from(ending.code(arguments.until_done)),
    }
}

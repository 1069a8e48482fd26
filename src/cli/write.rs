//! `kubatch suspend`, `apply`, `run` and the other commands that change things, for scripts and one-liners: the same
//! planners, the same dry run and the same requests as on screen. The plan and the question go to stderr, what became of
//! each object to stdout.

mod ask;
mod fix;
mod manifests;
mod objects;
mod outcome;
mod perform;
mod run;
mod show;

pub(super) use fix::{Choice, fix};
pub(super) use outcome::is_immutable;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::reference::Reference;
use super::stop::Stop;
use super::{Program, carry_out};
use crate::cluster::connect::{Place, Target};
use crate::command::Write;
use crate::model::clock::Clock;
use crate::model::key::Namespaces;
use crate::model::mutation::Cascade;
use crate::tui::Settings;
use outcome::Format;

/// What changes things.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Suspend Jobs, which deletes their running pods, or CronJobs, whose runs go on.
    Suspend(Objects),
    /// Resume suspended Jobs or CronJobs.
    Resume(Objects),
    /// Start a run of CronJobs now.
    Trigger(Objects),
    /// Make a new Job like the one that is named, without what the controllers added to it; with changes if wanted.
    Rerun(Rerun),
    /// Set how many pods of a Job run at once, or how many indexes an Indexed Job has.
    Scale(Scale),
    /// Delete Jobs, CronJobs or pods, with what they own.
    Delete(Delete),
    /// Make or change what manifests describe, by server-side apply.
    Apply(Apply),
    /// Make a Job of a manifest, print its log, and exit with its result.
    Run(Run),
}

/// What all of them take.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// Only show the plan and what the server says to it; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Show what differs, line by line; of a deletion, what goes.
    #[arg(long)]
    diff: bool,
    /// Do not ask. Without a terminal nothing is done without it.
    #[arg(short, long)]
    yes: bool,
    /// Go on with the others where the server refuses one; without it nothing more is done then.
    #[arg(long)]
    continue_on_error: bool,
    /// What became of each object in words, or as a JSON object a line; of run, the lines of the log.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
}

/// What commands for objects take.
#[derive(Debug, clap::Args)]
pub(super) struct Objects {
    /// What is meant: job/NAME, cronjob/NAME or pod/NAME.
    #[arg(value_name = "KIND/NAME", required = true, value_parser = Reference::parse)]
    objects: Vec<Reference>,
    #[command(flatten)]
    options: Options,
}

/// What `kubatch rerun` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Rerun {
    #[command(flatten)]
    objects: Objects,
    /// The new Job belongs to the same CronJob as the one before, which counts it among its runs.
    #[arg(long)]
    keep_owner: bool,
    /// What differs in the new Job: FIELD=VALUE sets a field, FIELD- takes it away; may be given more than once. A
    /// container is chosen by its name: spec.template.spec.containers[name=main].image=etl:2
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
}

/// What `kubatch scale` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Scale {
    /// What is meant: job/NAME, and perhaps the number behind it, as --parallelism.
    #[arg(value_name = "KIND/NAME|NUMBER", required = true, value_parser = Word::parse)]
    words: Vec<Word>,
    #[command(flatten)]
    options: Options,
    /// Pods that run at once.
    #[arg(long, value_name = "NUMBER")]
    parallelism: Option<u32>,
    /// Indexes of an Indexed Job, and as many pods at once: the API takes no other numbers for the two.
    #[arg(long, value_name = "NUMBER")]
    completions: Option<u32>,
}

/// An object, or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Object(Reference),
    Number(u32),
}

impl Word {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Word::Number).or_else(|_| Reference::parse(text).map(Word::Object))
    }
}

/// What `kubatch delete` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Delete {
    #[command(flatten)]
    objects: Objects,
    /// What becomes of what they own: it follows, it goes first, or it stays without an owner.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = CascadeChoice::Background)]
    cascade: CascadeChoice,
}

/// [`Cascade`] as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CascadeChoice {
    Background,
    Foreground,
    Orphan,
}

impl From<CascadeChoice> for Cascade {
    fn from(choice: CascadeChoice) -> Self {
        match choice {
            CascadeChoice::Background => Cascade::Background,
            CascadeChoice::Foreground => Cascade::Foreground,
            CascadeChoice::Orphan => Cascade::Orphan,
        }
    }
}

/// Where manifests are, and what they may do.
#[derive(Debug, clap::Args)]
pub(super) struct Manifests {
    /// A file, a folder of *.yaml, *.yml and *.json, or - for stdin; may be given more than once.
    #[arg(short, long, value_name = "FILE|DIR|-", required = true)]
    filename: Vec<PathBuf>,
    /// Delete and make anew what exists and cannot be changed so: a Job's template, for one.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    options: Options,
}

/// What `kubatch apply` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    #[command(flatten)]
    manifests: Manifests,
    /// Take over fields that others own (field managers such as kubectl).
    #[arg(long)]
    force: bool,
}

/// What `kubatch run` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    manifests: Manifests,
    /// Delete the Job when it has ended.
    #[arg(long)]
    rm: bool,
}

impl Command {
    fn options(&self) -> &Options {
        match self {
            Command::Suspend(objects) | Command::Resume(objects) | Command::Trigger(objects) => &objects.options,
            Command::Rerun(Rerun { objects, .. }) | Command::Delete(Delete { objects, .. }) => &objects.options,
            Command::Scale(scale) => &scale.options,
            Command::Apply(Apply { manifests, .. }) | Command::Run(Run { manifests, .. }) => &manifests.options,
        }
    }
}

/// How it is done, whatever it is.
#[derive(Debug)]
pub(super) struct Manner {
    options: Options,
    /// The context that was named with `--context`.
    named_context: Option<String>,
    /// Contexts in which a change needs the context's name.
    protected: Vec<String>,
    /// What is done in the embedded cluster is not written down.
    is_demo: bool,
    /// stderr takes colours.
    has_colour: bool,
    /// stdout has the lines of a log: what else there is to say goes to stderr.
    is_log: bool,
}

/// Where it is done and how.
struct Errand<'a> {
    target: Target,
    clock: Arc<dyn Clock>,
    manner: &'a Manner,
}

/// How something is done with these options in this place.
fn manner_of(options: Options, is_log: bool, target: &Target, settings: &Settings) -> Manner {
    let named_context = match &target.place {
        Place::Kubeconfig(choice) => choice.context.clone(),
        Place::Demo(_) => None,
    };
    Manner {
        options,
        named_context,
        protected: settings.protected.clone(),
        is_demo: matches!(target.place, Place::Demo(_)),
        has_colour: std::io::IsTerminal::is_terminal(&std::io::stderr()) && settings.look.has_colour,
        is_log,
    }
}

/// Carries out the command.
pub(super) fn run(command: &Command, program: Program) -> ExitCode {
    let Program { target, settings, clock, runtime, .. } = program;
    let manner = manner_of(command.options().clone(), matches!(command, Command::Run(_)), &target, &settings);
    carry_out(runtime, async {
        check(&target, &manner)?;
        let errand = Errand { target, clock, manner: &manner };
        match command {
            Command::Suspend(one) => objects::change(Write::Suspend(true), &one.objects, errand).await,
            Command::Resume(one) => objects::change(Write::Suspend(false), &one.objects, errand).await,
            Command::Trigger(one) => objects::change(Write::Trigger, &one.objects, errand).await,
            Command::Rerun(rerun) => objects::rerun(rerun, errand).await,
            Command::Scale(scale) => objects::scale(scale, errand).await,
            Command::Delete(delete) => objects::delete(delete, errand).await,
            Command::Apply(apply) => manifests::apply(apply, errand).await,
            Command::Run(wanted) => run::run(wanted, &settings, errand).await,
        }
    })
}

/// What is refused before anything is asked of the server.
fn check(target: &Target, manner: &Manner) -> Result<(), Stop> {
    if target.is_read_only {
        return Err(Stop::new("nothing can be changed: kubatch runs read-only", "start it without --readonly"));
    }
    let is_one =
        target.namespaces.as_ref().is_none_or(|names| matches!(names, Namespaces::Some(all) if all.len() == 1));
    if !is_one {
        return Err(Stop::new("changes are made in one namespace", "leave -A out, and name one namespace with -n"));
    }
    ask::may_ask(&manner.options)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Arguments;

    #[test]
    fn commands_are_read_with_what_they_need() {
        let parsed = |line: &str| Arguments::try_parse_from(line.split_whitespace()).is_ok();
        for line in [
            "kubatch suspend job/a cronjob/b --yes --dry-run",
            "kubatch -n data scale job/a --parallelism 3",
            "kubatch scale job/a --completions 3 --continue-on-error",
            "kubatch scale job/a job/b 3",
            "kubatch rerun job/a --keep-owner -o json",
            "kubatch delete pod/a --cascade orphan --diff",
            "kubatch apply -f a.yaml -f - --force --replace -y",
            "kubatch run -f job.yaml --rm",
        ] {
            assert!(parsed(line), "{line}");
        }
        for line in [
            "kubatch suspend",
            "kubatch scale",
            "kubatch apply",
            "kubatch delete job/a --cascade none",
            "kubatch trigger deployment/a",
        ] {
            assert!(!parsed(line), "{line}");
        }
    }
}

//! `kubatch why`: the answer to why a Job, CronJob or Pod does not start, fails or is stuck, for scripts and one-liners.
//!
//! It reads one namespace, the nodes, and what the rules ask for beyond that; it changes nothing, unless a fix is chosen.

mod print;

use std::process::ExitCode;

use super::reference::Reference;
use super::server::Server;
use super::stop::Stop;
use super::write::{Choice, fix};
use super::{Program, refuse};
use crate::cluster::scope::Scope;
use crate::model::key::{Kind, Namespaces};
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;
use crate::triage::{Diagnosis, Facts, Known, diagnose};

/// What `kubatch why` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What is meant: job/NAME, cronjob/NAME or pod/NAME.
    #[arg(value_name = "KIND/NAME", value_parser = Reference::parse)]
    object: Reference,
    /// In words, the verdict first, or as one JSON object.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
    #[command(flatten)]
    choice: Choice,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// In words.
    Text,
    /// One JSON object.
    Json,
}

/// What is looked at. Pods of others are among it, since they hold what a node or a quota has.
const KINDS: &[Kind] = &[
    Kind::CronJob,
    Kind::Job,
    Kind::Pod,
    Kind::Event,
    Kind::Node,
    Kind::ResourceQuota,
    Kind::LimitRange,
    Kind::PersistentVolumeClaim,
];

/// Without these there is no answer; without one of the others it is told with less.
const NEEDED: [Kind; 2] = [Kind::Job, Kind::Pod];

/// How often rules may ask for more: an answer can lead to another question, and no rule needs more than two in a row.
const ROUNDS: usize = 4;

/// What became of the question.
enum Done {
    /// The answer, and its exit code.
    Told(String, u8),
    /// A fix was carried out, with this exit code.
    Fixed(u8),
}

/// What was found, and what could not be looked at.
struct Answer {
    subject: Subject,
    diagnosis: Diagnosis,
    /// Kinds that could not be read, with the reason of the first.
    unread: Vec<(Kind, String)>,
}

/// Examines an object. The exit code is 0 where nothing is wrong, 1 where a problem is named, 2 where it cannot be told; of
/// a fix that is carried out, that of the commands that change things.
pub(super) fn run(arguments: &Arguments, program: Program) -> ExitCode {
    let Program { target, settings, clock, runtime, .. } = program;
    let done = runtime.block_on(async {
        if !matches!(&target.namespaces, None | Some(Namespaces::Some(_))) {
            return Err(Stop::new("an object is in one namespace", "leave -A out, and name the namespace with -n"));
        }
        let is_json = arguments.output == Format::Json;
        let manner = match arguments.choice.fix {
            Some(number) => Some((number, arguments.choice.manner(is_json, &target, &settings)?)),
            None => None,
        };
        let target = crate::cluster::connect::Target { scope: Scope::Kinds(KINDS), ..target };
        let mut server = Server::connect(target, KINDS, clock).await?;
        let answer = examine(&server, &arguments.object).await?;
        if let Some((number, manner)) = manner {
            let fixes = answer.diagnosis.findings.first().map_or(&[][..], |first| &first.fixes[..]);
            return fix(&mut server, fixes, number, &manner).await.map(Done::Fixed);
        }
        let text = match arguments.output {
            Format::Text => print::text(&server, &answer, settings.look.has_unicode),
            Format::Json => print::json(&server, &answer),
        };
        Ok(Done::Told(text, answer.code()))
    });
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match done {
        Ok(Done::Told(text, code)) => {
            // A reader that has gone wants no more.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
            ExitCode::from(code)
        }
        Ok(Done::Fixed(code)) => ExitCode::from(code),
        Err(Stop { message, hint }) => refuse(&message, &hint),
    }
}

impl Answer {
    /// Something is wrong.
    fn is_problem(&self) -> bool {
        self.diagnosis.findings.iter().any(|finding| finding.severity.is_problem())
    }

    /// 0 nothing is wrong, 1 a problem, 2 it cannot be told.
    fn code(&self) -> u8 {
        match (self.is_problem(), self.unread.iter().any(|(kind, _)| NEEDED.contains(kind))) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        }
    }
}

/// Asks the rules, answers what they ask, and asks them again.
async fn examine(server: &Server, object: &Reference) -> Result<Answer, Stop> {
    let subject = server.find(object).await?;
    let mut facts = Facts::default();
    let mut diagnosis = Diagnosis::default();
    for _ in 0..ROUNDS {
        diagnosis = diagnose(Known { snapshot: &server.snapshot, facts: &facts, now: server.clock.now() }, subject);
        if diagnosis.needs.is_empty() {
            break;
        }
        for (need, answer) in server.answers(diagnosis.needs.clone()).await {
            facts.take(need, answer);
        }
    }
    let unread = KINDS.iter().filter_map(|kind| match server.snapshot.freshness(*kind) {
        Freshness::Denied(failure) | Freshness::Failed { failure, .. } | Freshness::Stale { failure, .. } => {
            Some((*kind, failure.message.clone()))
        }
        _ => None,
    });
    Ok(Answer { subject, diagnosis, unread: unread.collect() })
}

/// How an object is called.
fn name(server: &Server, subject: Subject) -> String {
    server.snapshot.key_of(subject).map(|key| key.to_string()).unwrap_or_default()
}

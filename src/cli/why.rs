//! `kubatch why`: the answer to why a Job, CronJob or Pod does not start, fails or is stuck, for scripts and one-liners.
//!
//! It reads the object with its pods and events, of others what [`read`] finds to matter, and what the rules ask for beyond
//! that; it changes nothing, unless a fix is chosen.

mod print;
mod read;

use std::process::ExitCode;

use super::examine::{Format, code, examine, unread};
use super::reference::Reference;
use super::server::Server;
use super::stop::Stop;
use super::write::{Choice, fix};
use super::{Program, refuse};
use crate::cluster::scope::Scope;
use crate::model::key::{Kind, Namespaces};
use crate::model::owner::Subject;
use crate::triage::Diagnosis;

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

/// What became of the question.
enum Done {
    /// What to print, and the exit code.
    Told(String, u8),
    /// A fix was carried out, with this exit code.
    Fixed(u8),
}

/// What was found, and what could not be looked at.
pub(super) struct Answer {
    pub(super) subject: Subject,
    pub(super) diagnosis: Diagnosis,
    /// Kinds that could not be read, with the reason of the first.
    pub(super) unread: Vec<(Kind, String)>,
}

/// Examines an object. The exit code is 0 where nothing is wrong, 1 where a problem is named, 2 where it cannot be told; of
/// a fix that is carried out, that of the commands that change things.
pub(super) fn run(arguments: &Arguments, program: Program) -> ExitCode {
    let has_unicode = program.settings.look.has_unicode;
    answer(&arguments.object, Some(arguments), program, async |server, answer| match arguments.output {
        Format::Text => print::text(server, answer, has_unicode),
        Format::Json => print::json(server, answer),
    })
}

/// Examines an object and prints what is made of the answer.
pub(super) fn answer_with(
    object: &Reference,
    program: Program,
    write: impl AsyncFnOnce(&mut Server, &Answer) -> String,
) -> ExitCode {
    answer(object, None, program, write)
}

/// The same; carries out a fix instead where one is chosen.
fn answer(
    object: &Reference,
    arguments: Option<&Arguments>,
    program: Program,
    write: impl AsyncFnOnce(&mut Server, &Answer) -> String,
) -> ExitCode {
    let Program { target, settings, clock, runtime, .. } = program;
    let done = runtime.block_on(async {
        if !matches!(&target.namespaces, None | Some(Namespaces::Some(_))) {
            return Err(Stop::new("an object is in one namespace", "leave -A out, and name the namespace with -n"));
        }
        let chosen = arguments.and_then(|arguments| Some((arguments.choice.fix?, arguments)));
        let chosen = match chosen {
            Some((number, arguments)) => {
                let is_json = arguments.output == Format::Json;
                Some((number, arguments.choice.manner(is_json, &target, &settings)?))
            }
            None => None,
        };
        let target = crate::cluster::connect::Target { scope: Scope::Kinds(&[]), ..target };
        let mut server = Server::connect(target, &[], clock).await?;
        let subject = read::read(&mut server, object).await?;
        let mut examined = examine(&server, vec![subject]).await;
        let diagnosis = examined.diagnoses.pop().map(|(_, diagnosis)| diagnosis).unwrap_or_default();
        let answer = Answer { subject, diagnosis, unread: unread(&server) };
        if let Some((number, manner)) = chosen {
            let fixes = answer.diagnosis.findings.first().map_or(&[][..], |first| &first.fixes[..]);
            return fix(&mut server, fixes, number, &manner).await.map(Done::Fixed);
        }
        let text = write(&mut server, &answer).await;
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
    pub(super) fn is_problem(&self) -> bool {
        self.diagnosis.findings.iter().any(|finding| finding.severity.is_problem())
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        code(self.is_problem(), &self.unread)
    }
}

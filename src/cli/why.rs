//! `kubatch why`: the answer to why a Job, CronJob or Pod does not start, fails or is stuck, for scripts and one-liners.
//!
//! It reads the object with its pods and events, of others what [`read`] finds to matter, and what the rules ask for beyond
//! that; it changes nothing, unless a fix is chosen.

mod print;
mod read;

use std::process::ExitCode;

use super::examine::{Format, code, examine, unread};
use super::reference::Named;
use super::server::Server;
use super::stop::Stop;
use super::write::{Choice, fix};
use super::{Program, carry_out, print_out, refuse};
use crate::cluster::scope::Scope;
use crate::model::key::{Kind, Namespaces};
use crate::model::owner::Subject;
use crate::triage::Diagnosis;

/// What `kubatch why` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    object: Named,
    /// In words, the verdict first, or as one JSON object.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
    #[command(flatten)]
    choice: Choice,
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
    let is_json = arguments.output == Format::Json;
    let chosen = arguments.choice.fix.map(|number| {
        let manner = arguments.choice.manner(is_json, &program.target, &program.settings);
        manner.map(|manner| (number, manner))
    });
    let chosen = match chosen.transpose() {
        Ok(chosen) => chosen,
        Err(Stop { message, hint }) => return refuse(&message, &hint),
    };
    answer(&arguments.object, program, async |server, answer| {
        if let Some((number, manner)) = &chosen {
            let fixes = answer.diagnosis.findings.first().map_or(&[][..], |first| &first.fixes[..]);
            return fix(server, fixes, *number, manner).await;
        }
        print_out(&if is_json { print::json(server, answer) } else { print::text(server, answer, has_unicode) });
        Ok(answer.code())
    })
}

/// Examines an object; `then` does something with the answer and says the exit code.
pub(super) fn answer(
    object: &Named,
    program: Program,
    then: impl AsyncFnOnce(&mut Server, &Answer) -> Result<u8, Stop>,
) -> ExitCode {
    let Program { target, clock, runtime, .. } = program;
    carry_out(runtime, async {
        if !matches!(&target.namespaces, None | Some(Namespaces::Some(_))) {
            return Err(Stop::new("an object is in one namespace", "leave -A out, and name the namespace with -n"));
        }
        let target = crate::cluster::connect::Target { scope: Scope::Kinds(&[]), ..target };
        let object = object.reference()?;
        let mut server = Server::connect(target, &[], clock).await?;
        let subject = read::read(&mut server, &object).await?;
        let mut examined = examine(&server, vec![subject]).await;
        let diagnosis = examined.diagnoses.pop().map(|(_, diagnosis)| diagnosis).unwrap_or_default();
        let answer = Answer { subject, diagnosis, unread: unread(&server) };
        then(&mut server, &answer).await
    })
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

//! `kubatch problems`: all that is wrong over the chosen namespaces, by cause, for scripts and for who comes on call.
//!
//! It reads these namespaces, the nodes, and what the rules ask for beyond that; it changes nothing.

mod print;

use std::process::ExitCode;

use super::examine::{Examined, Format, KINDS, code, examine, unread};
use super::reference::Since;
use super::server::Server;
use super::{Program, carry_out, print_out};
use crate::cluster::scope::Scope;
use crate::model::key::{Kind, Namespaces};
use crate::triage::{Problem, problems, subjects};

/// What `kubatch problems` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Those alone that began within this time, such as 90s, 5m, 1h30m or 2d, or since this moment (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// In words, a line for each cause, or as one JSON object.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
}

/// What is wrong, and what could not be looked at.
struct Answer {
    problems: Vec<Problem>,
    /// Nothing was left out for its age.
    is_all: bool,
    /// How many objects were examined.
    examined: usize,
    /// Questions of the rules that were left, since there were too many.
    unasked: usize,
    /// Kinds that could not be read, with the reason of the first.
    unread: Vec<(Kind, String)>,
}

impl Answer {
    /// The exit code.
    fn code(&self) -> u8 {
        code(!self.problems.is_empty(), &self.unread)
    }
}

/// Lists what is wrong. The exit code is 0 where nothing is, 1 where something is, 2 where it cannot be told.
pub(super) fn run(arguments: &Arguments, program: Program) -> ExitCode {
    let Program { target, settings, clock, runtime, .. } = program;
    carry_out(runtime, async {
        let target = crate::cluster::connect::Target { scope: Scope::Kinds(KINDS), ..target };
        let server = Server::connect(target, KINDS, clock).await?;
        let subjects = subjects(&server.snapshot);
        let count = subjects.len();
        let is_one = matches!(&server.namespaces, Namespaces::Some(names) if names.len() == 1);
        if count == 0 && is_one && unread(&server).is_empty() {
            server.has_namespace().await?;
        }
        let examined = examine(&server, subjects).await;
        let answer = answer(&server, &examined, count, arguments.since);
        print_out(&match arguments.output {
            Format::Text => print::text(&server, &answer, settings.look.has_unicode),
            Format::Json => print::json(&server, &answer),
        });
        Ok(answer.code())
    })
}

fn answer(server: &Server, examined: &Examined, count: usize, since: Option<Since>) -> Answer {
    let mut problems = problems(examined.headlines(), &server.snapshot);
    let after = since.map(|since| since.time(server.clock.now()));
    // What began nobody knows when is shown rather than hidden.
    problems.retain(|one| after.is_none_or(|after| one.since.is_none_or(|since| since >= after)));
    Answer { problems, is_all: after.is_none(), examined: count, unasked: examined.unasked, unread: unread(server) }
}

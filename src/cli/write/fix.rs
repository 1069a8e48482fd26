//! `kubatch why … --fix N`: what triage offers, carried out like any other command: planned, tried, shown, confirmed.

use super::outcome::Format;
use super::perform::perform;
use super::{Manner, Options, ask, check, manner_of};
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cli::tell;
use crate::cluster::connect::Target;
use crate::command::{Action, EditAction, Plan, Refusal, all, changed, plan};
use crate::model::command_call::CommandCall;
use crate::triage::Fix;
use crate::tui::Settings;

/// Which fix is carried out, and how.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Choice {
    /// Carry out this fix of the first finding, by its number; it is tried, shown and asked about before it is sent.
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) fix: Option<usize>,
    /// Only show what the fix would do and what the server says to it; change nothing.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Do not ask before the fix is sent. Without a terminal nothing is sent without it.
    #[arg(short, long, requires = "fix")]
    yes: bool,
}

impl Choice {
    /// How the fix is carried out, for one that is wanted.
    ///
    /// # Errors
    /// Where nothing may be changed, or nobody can be asked.
    pub(in crate::cli) fn manner(&self, is_json: bool, target: &Target, settings: &Settings) -> Result<Manner, Stop> {
        let output = if is_json { Format::Json } else { Format::Text };
        let options = Options { dry_run: self.dry_run, diff: false, yes: self.yes, continue_on_error: false, output };
        let manner = manner_of(options, false, target, settings);
        check(target, &manner)?;
        ask::may_ask(&manner.options)?;
        Ok(manner)
    }
}

/// Carries out the fix of this number, from 1. The exit code is that of the commands that change things.
///
/// # Errors
/// Where there is no such fix, it is done elsewhere or by looking, or it cannot be planned or was not confirmed.
pub(in crate::cli) async fn fix(
    server: &mut Server,
    fixes: &[Fix],
    number: usize,
    manner: &Manner,
) -> Result<u8, Stop> {
    let Some(fix) = number.checked_sub(1).and_then(|at| fixes.get(at)) else {
        let hint = match fixes.len() {
            0 => "what is found has no fix".to_owned(),
            1 => "there is one: --fix 1".to_owned(),
            many => format!("they are numbered 1 to {many}, as kubatch why lists them"),
        };
        return Err(Stop::new(format!("there is no fix {number}"), hint));
    };
    let Some(call) = &fix.call else {
        return Err(Stop::new(format!("fix {number} is done elsewhere: {}", fix.words), "do it there"));
    };
    let plan = planned(server, call).await?;
    // The number is that of this moment: what was found may be another cause than a moment ago.
    tell(&format!("fix {number}: {}", fix.words));
    Ok(perform(server, plan, false, manner).await?.code())
}

/// What a fix would do.
async fn planned(server: &mut Server, call: &CommandCall) -> Result<Plan, Stop> {
    let spec = all().find(|spec| spec.id == call.id);
    let gone = || Stop::new("what the fix is about is gone", "ask again: kubatch why");
    let key = server.snapshot.key_of(call.target).ok_or_else(gone)?;
    let open = || {
        let why = format!("what exactly is to be changed in {key} only you can say");
        Stop::new(why, "open it on screen: kubatch, the cursor on it, x, then the number of the fix")
    };
    let write = match spec.map(|spec| spec.action) {
        Some(Action::Write(write)) if call.argument.is_empty() && write.argument().is_some() => return Err(open()),
        Some(Action::Write(write)) => {
            let planned = plan(write, &[call.target], &call.argument, server.scene());
            return planned.map_err(|Refusal(why)| Stop::new(format!("cannot {}: {why}", write.verb().plain), ""));
        }
        Some(Action::Edit(EditAction::Form(write))) => Some(write),
        Some(Action::Edit(EditAction::Object)) => None,
        _ => {
            let why = format!("this fix changes nothing: it looks at {key}");
            return Err(Stop::new(why, "kubatch logs shows its log; on screen the number of the fix opens it"));
        }
    };
    if call.argument.is_empty() {
        return Err(open());
    }
    let live = server.fetch(key.clone()).await.ok_or_else(gone)?;
    let planned = changed(write, (&key, call.target.uid), &live, &call.argument, server.scene());
    planned.map_err(|Refusal(why)| Stop::new(format!("cannot change {key}: {why}"), ""))
}

//! From a plan to what became of it: the server tries it, it is shown, confirmed, sent one write after the other, and
//! written to the journal.

use std::time::Duration;

use super::Manner;
use super::ask::confirm;
use super::outcome::{Account, Outcome, is_immutable};
use super::show::{Shown, Verdict, show};
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cli::tell;
use crate::command::Plan;
use crate::command::apply::{APPLY, effect, fixed_fields, needs, replacing};
use crate::manifest::object::hide_secrets;
use crate::model::delta::Cause;
use crate::model::journal::Entry;
use crate::model::key::ObjectKey;
use crate::model::mutation::{Change, Mutation, Prepared, Reason, Refused, Written};
use crate::state_file;

/// Carries out a plan. With `replaces` what exists and cannot be changed is deleted and made anew.
///
/// # Errors
/// Where nothing was sent: it was not confirmed.
pub(super) async fn perform(
    server: &mut Server,
    mut plan: Plan,
    replaces: bool,
    manner: &Manner,
) -> Result<Account, Stop> {
    let options = &manner.options;
    let verdicts = try_out(server, &mut plan, replaces).await;
    let is_refused = verdicts.iter().any(|one| matches!(one, Verdict::Refused(_)));
    let is_any_left = verdicts.iter().any(|one| !matches!(one, Verdict::Refused(_)));
    let goes_on = is_any_left && (!is_refused || options.continue_on_error) && !options.dry_run;
    let has_difference = options.diff || (goes_on && !options.yes && !is_deletion(&plan));
    let shown = Shown { has_refusals: goes_on, has_difference, has_colour: manner.has_colour };
    show(&plan, &verdicts, &server.context, shown);
    let mut account = Account::default();
    if goes_on {
        confirm(&plan, &server.context, manner)?;
        send_all(server, &plan, verdicts, manner, &mut account).await;
    } else {
        for (mutation, verdict) in plan.mutations.iter().zip(verdicts) {
            let outcome = match verdict {
                Verdict::Refused(refused) => Outcome::Refused(refused),
                _ if !options.dry_run => Outcome::NotSent,
                Verdict::Ready(prepared) => Outcome::Tried(prepared),
                Verdict::Waits(_) => Outcome::Untried,
            };
            account.add(mutation, outcome, manner);
        }
    }
    account.sum_up();
    Ok(account)
}

fn is_deletion(plan: &Plan) -> bool {
    plan.mutations.iter().all(|one| matches!(one.change, Change::Delete(_)))
}

/// Has the server try the plan, and completes its effects with what that shows.
async fn try_out(server: &mut Server, plan: &mut Plan, replaces: bool) -> Vec<Verdict> {
    let mut answers = server.prepare(plan.mutations.clone()).await;
    let mut blocked = Vec::new();
    for (at, (answer, mutation)) in answers.iter_mut().zip(&plan.mutations).enumerate() {
        if let Err(refused) = answer
            && (is_fixed(server, mutation, refused).await || refused.reason == Reason::Exists)
        {
            blocked.push(at);
        }
    }
    if replaces {
        for at in &blocked {
            plan.mutations[*at] = replacing(&plan.mutations[*at]);
            plan.is_dangerous = true;
        }
        let again = server.prepare(blocked.iter().map(|at| plan.mutations[*at].clone()).collect()).await;
        for (at, answer) in blocked.into_iter().zip(again) {
            answers[at] = answer;
        }
    }
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (at, answer) in answers.into_iter().enumerate() {
        verdicts.push(match answer {
            Ok(prepared) => Verdict::Ready(prepared),
            Err(refused) => match needs(&plan.mutations, at) {
                Some(first) if is_missing(&refused) && !matches!(verdicts[first], Verdict::Refused(_)) => {
                    Verdict::Waits(first)
                }
                _ => Verdict::Refused(refused),
            },
        });
    }
    if plan.verb == APPLY {
        let tried = plan.mutations.iter().zip(&verdicts).zip(&mut plan.effects);
        for ((mutation, verdict), told) in tried {
            *told = match verdict {
                Verdict::Ready(prepared) => effect(prepared),
                Verdict::Waits(first) => {
                    format!("{} is tried and made when {} is there", mutation.target, plan.mutations[*first].target)
                }
                Verdict::Refused(_) => format!("{} stays as it is", mutation.target),
            };
        }
    }
    verdicts
}

/// Whether a manifest is refused for fields that cannot be changed in the object that is there. They are named more closely
/// than the server does. Where others own them, it says no more than that.
async fn is_fixed(server: &mut Server, mutation: &Mutation, refused: &mut Refused) -> bool {
    let Mutation { target, change: Change::Apply { object, .. }, .. } = mutation else { return false };
    let is_immutable = is_immutable(refused);
    let Some(kind) = target.known().filter(|_| is_immutable || refused.reason == Reason::Owned) else {
        return is_immutable;
    };
    let key = ObjectKey { kind, namespace: target.namespace.clone(), name: target.name.clone() };
    let found = server.fetch(key).await.map(|live| fixed_fields(object, &live)).unwrap_or_default();
    let is_found = !found.is_empty();
    if is_immutable && is_found {
        refused.fields.clear();
    }
    refused.fields.extend(found);
    is_immutable || is_found
}

fn is_missing(refused: &Refused) -> bool {
    refused.failure.cause == Cause::NotFound
}

/// Sends what the server would take, in the plan's order. After a refusal no more is sent, unless that is wished.
async fn send_all(server: &mut Server, plan: &Plan, verdicts: Vec<Verdict>, manner: &Manner, account: &mut Account) {
    // Whether each one so far is done: what waits for one that is not cannot be done either.
    let mut is_done: Vec<bool> = Vec::new();
    for (mutation, verdict) in plan.mutations.iter().zip(verdicts) {
        let stops = is_done.contains(&false) && !manner.options.continue_on_error;
        let sent = match verdict {
            Verdict::Refused(refused) => Some(Err(refused)),
            _ if stops => None,
            Verdict::Waits(first) if !is_done[first] => None,
            Verdict::Ready(prepared) => Some(server.send(*prepared).await),
            Verdict::Waits(_) => Some(match prepare_late(server, mutation).await {
                Ok(prepared) => server.send(*prepared).await,
                Err(refused) => Err(refused),
            }),
        };
        is_done.push(matches!(sent, Some(Ok(_))));
        let outcome = match sent {
            Some(Ok(written)) => {
                note(server, mutation, written.clone(), manner);
                Outcome::Accepted(written)
            }
            Some(Err(refused)) => Outcome::Refused(refused),
            None => Outcome::NotSent,
        };
        account.add(mutation, outcome, manner);
    }
}

/// A kind that was just defined is known to the server after a moment; so often is it asked for, that far apart.
const LATE_TRIES: usize = 20;
const LATE_PAUSE: Duration = Duration::from_millis(500);

/// Has the server try what needed something that is there by now.
async fn prepare_late(server: &mut Server, mutation: &Mutation) -> Result<Box<Prepared>, Refused> {
    let mut tries = 0;
    loop {
        let answer = server.prepare(vec![mutation.clone()]).await.remove(0);
        tries += 1;
        match answer {
            Err(refused) if is_missing(&refused) && tries < LATE_TRIES => tokio::time::sleep(LATE_PAUSE).await,
            answer => return answer,
        }
    }
}

/// Writes what was done to the journal; of the embedded cluster there is none.
pub(super) fn note(server: &Server, mutation: &Mutation, mut stored: Written, manner: &Manner) {
    let Some(folder) = state_file::folder().filter(|_| !manner.is_demo) else { return };
    [&mut stored.before, &mut stored.after].into_iter().flatten().for_each(hide_secrets);
    let line = Entry::new(server.clock.now(), &server.context, 0, mutation, stored).line();
    if let Err(why) = state_file::journal::append(&folder, &line) {
        tell(&format!("it was done, but not written to the journal: {why}"));
    }
}

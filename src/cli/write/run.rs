//! `kubatch run`: a Job from its manifest to its result, as if it were a program on this machine.

use tokio::signal::unix::{SignalKind, signal};

use super::manifests;
use super::outcome::{Account, Format, Outcome};
use super::perform::{note, perform};
use super::{Errand, Manner, Run};
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cli::{logs, tell};
use crate::command::{Plan, Write};
use crate::model::key::{Namespaces, Uid};
use crate::model::mutation::{Address, Cascade, Change, Mutation};
use crate::tui::Settings;

/// Makes the Job, with what its manifests describe beside it, prints its log, and waits for its end. The exit code is its
/// result.
pub(super) async fn run(
    Run { manifests: wanted, rm }: &Run,
    settings: &Settings,
    errand: Errand<'_>,
) -> Result<u8, Stop> {
    let (manner, clock, mut target) = (errand.manner, errand.clock.clone(), errand.target.clone());
    let (mut server, mut plan) = manifests::plan(wanted, false, errand).await?;
    create_job(&mut plan)?;
    let account = perform(&mut server, plan, wanted.replace, manner).await?;
    let mut made = account.made.iter().filter_map(|object| Some((Address::of(object)?, object)));
    let Some((job, object)) = made.find(|(address, _)| is_job(address)) else { return Ok(account.code()) };
    if account.code() != 0 {
        return Ok(account.code());
    }
    target.namespaces = Some(Namespaces::Some(vec![job.namespace.clone()]));
    let is_json = manner.options.output == Format::Json;
    let uid = object["metadata"]["uid"].as_str().map(Uid::new);
    let followed = logs::until_done(&job.name, is_json, target, settings, clock);
    let (code, has_ended) = tokio::select! {
        followed = followed => followed,
        // It ends as a program of this machine would: with what it began where that was to go, else with a word of it.
        code = interrupted() => {
            if *rm {
                remove(&mut server, job, uid, manner).await;
            } else {
                tell(&format!("{job} goes on: kubatch logs -f {job} follows it, kubatch delete {job} ends it"));
            }
            return Ok(code);
        }
    };
    if *rm && has_ended {
        return Ok(code.max(remove(&mut server, job, uid, manner).await));
    }
    if *rm {
        tell(&format!("{job} was not deleted: its end was not seen"));
    }
    Ok(code)
}

/// Waits until the program is told to end; the exit code of that, as shells have it: 128 and the signal's number.
async fn interrupted() -> u8 {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let waits = signals.into_iter().map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut signal) => drop(signal.recv().await),
                // Such a system ends the program by itself.
                Err(_) => std::future::pending().await,
            }
            u8::try_from(128 + kind.as_raw_value()).unwrap_or(u8::MAX)
        })
    });
    futures::future::select_all(waits).await.0
}

fn is_job(address: &Address) -> bool {
    address.kind == "Job" && address.api_version == "batch/v1"
}

/// A run begins anew: the Job is made, never changed.
fn create_job(plan: &mut Plan) -> Result<(), Stop> {
    let mut jobs: Vec<&mut Mutation> = plan.mutations.iter_mut().filter(|one| is_job(&one.target)).collect();
    match &mut jobs[..] {
        [job] => {
            if let Change::Apply { object, .. } = &job.change {
                job.change = Change::Create(object.clone());
            }
            Ok(())
        }
        [] => Err(Stop::new("there is no Job to run", "name its manifest with -f; kubatch apply is for other objects")),
        many => Err(Stop::new(format!("there are {} Jobs, and one alone can be run", many.len()), "use kubatch apply")),
    }
}

/// Deletes the Job that has ended; 0, or 2 where it could not be deleted.
async fn remove(server: &mut Server, job: Address, uid: Option<Uid>, manner: &Manner) -> u8 {
    let change = Change::Delete(Cascade::default());
    let mutation = Mutation { verb: Write::Delete.verb(), target: job, uid, change };
    let sent = match server.prepare(vec![mutation.clone()]).await.remove(0) {
        Ok(prepared) => server.send(*prepared).await,
        Err(refused) => Err(refused),
    };
    let outcome = match sent {
        Ok(written) => {
            note(server, &mutation, written.clone(), manner);
            Outcome::Accepted(written)
        }
        Err(refused) => Outcome::Refused(refused),
    };
    let mut account = Account::default();
    account.add(&mutation, outcome, manner);
    if account.code() == 0 { 0 } else { 2 }
}

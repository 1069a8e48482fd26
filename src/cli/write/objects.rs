//! The commands for objects that are named: suspend, resume, trigger, rerun, scale, delete.

use super::perform::perform;
use super::{Delete, Errand, Rerun, Scale, Word};
use crate::cli::reference::Reference;
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cluster::scope::Scope;
use crate::command::{Plan, Refusal, Write, changed, plan};
use crate::model::key::Kind;
use crate::model::mutation::Change;
use crate::model::owner::Subject;

/// Does to these objects what needs no more words.
pub(super) async fn change(write: Write, objects: &[Reference], errand: Errand<'_>) -> Result<u8, Stop> {
    carry_out((write, ""), |_| {}, objects, errand).await
}

/// Makes Jobs like these.
pub(super) async fn rerun(Rerun { objects, keep_owner, set }: &Rerun, errand: Errand<'_>) -> Result<u8, Stop> {
    let keep = |change: &mut Change| {
        if let Change::Rerun { keeps_owner, .. } = change {
            *keeps_owner = *keep_owner;
        }
    };
    carry_out((Write::Rerun, &set.join(" ")), keep, &objects.objects, errand).await
}

/// Deletes.
pub(super) async fn delete(Delete { objects, cascade }: &Delete, errand: Errand<'_>) -> Result<u8, Stop> {
    let choose = |change: &mut Change| {
        if let Change::Delete(chosen) = change {
            *chosen = (*cascade).into();
        }
    };
    carry_out((Write::Delete, ""), choose, &objects.objects, errand).await
}

/// Sets how many pods run at once.
pub(super) async fn scale(scale: &Scale, errand: Errand<'_>) -> Result<u8, Stop> {
    let (objects, write, number) = read(scale)?;
    carry_out((write, &number.to_string()), |_| {}, &objects, errand).await
}

/// What is to be scaled, and to which number.
fn read(Scale { words, parallelism, completions, .. }: &Scale) -> Result<(Vec<Reference>, Write, u32), Stop> {
    let mut objects = Vec::new();
    let mut numbers: Vec<u32> = parallelism.iter().copied().collect();
    for word in words {
        match word {
            Word::Object(reference) => objects.push(reference.clone()),
            Word::Number(number) => numbers.push(*number),
        }
    }
    match (objects.is_empty(), &numbers[..], completions) {
        (true, ..) => Err(Stop::new("there is nothing to scale", "name a job/NAME")),
        (_, [], None) => Err(Stop::new("there is no number to scale to", "add --parallelism NUMBER")),
        (_, [_, _, ..], _) => Err(Stop::new("there are two numbers for the parallelism", "leave one out")),
        (_, [parallelism], Some(completions)) if parallelism != completions => Err(Stop::new(
            "completions can be changed only together with parallelism, to the same number",
            "leave --parallelism out",
        )),
        (_, _, Some(completions)) => Ok((objects, Write::Completions, *completions)),
        (_, [parallelism], None) => Ok((objects, Write::Parallelism, *parallelism)),
    }
}

/// Plans a change of objects, with what was typed and chosen for it, and carries it out.
async fn carry_out(
    (write, argument): (Write, &str),
    choose: impl Fn(&mut Change),
    objects: &[Reference],
    Errand { mut target, clock, manner }: Errand<'_>,
) -> Result<u8, Stop> {
    let objects = once(objects);
    let kinds = kinds(write, &objects);
    target.scope = match &objects[..] {
        // Whether the name of another Job is taken only all of them say.
        [one] if write != Write::Rerun => one.scope(),
        _ => Scope::Kinds(kinds),
    };
    let mut server = Server::connect(target, kinds, clock).await?;
    let mut subjects: Vec<Subject> = Vec::new();
    for reference in &objects {
        subjects.push(server.find(reference).await?);
    }
    let planned = match (write, &subjects[..]) {
        // What differs in a new Job is worked out from the whole of the one before.
        (Write::Rerun, [one]) if !argument.is_empty() => made(&mut server, *one, argument).await,
        (Write::Rerun, _) if !argument.is_empty() => Err(Refusal("--set is for one Job".into())),
        _ => plan(write, &subjects, argument, server.scene()),
    };
    let mut plan = planned.map_err(|Refusal(why)| Stop::new(format!("cannot {}: {why}", write.verb().plain), ""))?;
    plan.choose(choose, server.scene());
    let is_whole = plan.mutations.len() == subjects.len();
    let account = perform(&mut server, plan, false, manner).await?;
    // What could not even be planned was not done.
    Ok(if is_whole { account.code() } else { account.code().max(1) })
}

/// The plan of a Job like this one with changes.
async fn made(server: &mut Server, subject: Subject, changes: &str) -> Result<Plan, Refusal> {
    let gone = || Refusal("the Job is gone".into());
    let key = server.snapshot.key_of(subject).ok_or_else(gone)?;
    let live = server.fetch(key.clone()).await.ok_or_else(gone)?;
    changed(Some(Write::Rerun), (&key, subject.uid), &live, changes, server.scene())
}

/// The objects, each once.
fn once(objects: &[Reference]) -> Vec<Reference> {
    let mut kept: Vec<Reference> = Vec::new();
    for reference in objects {
        if !kept.contains(reference) {
            kept.push(reference.clone());
        }
    }
    kept
}

/// What has to be known to plan this: the kinds of the objects, and of what they own.
fn kinds(write: Write, objects: &[Reference]) -> &'static [Kind] {
    let has = |kind: Kind| objects.iter().any(|one| one.kind == kind);
    match (has(Kind::CronJob), has(Kind::Job), has(Kind::Pod)) {
        (true, false, false) if matches!(write, Write::Suspend(_)) => &[Kind::CronJob],
        (true, false, false) => &[Kind::CronJob, Kind::Job],
        (false, true, false) if write == Write::Rerun => &[Kind::Job],
        (false, true, _) => &[Kind::Job, Kind::Pod],
        (false, false, _) => &[Kind::Pod],
        (true, ..) => &[Kind::CronJob, Kind::Job, Kind::Pod],
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::write::{Command, Options, outcome::Format};

    fn scale_of(line: &str) -> Result<(usize, Write, u32), Stop> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(subcommand)]
            command: Command,
        }
        let words = ["kubatch", "scale"].into_iter().chain(line.split_whitespace());
        let Command::Scale(scale) = Line::try_parse_from(words).unwrap().command else { panic!("{line}") };
        let Options { output, yes, .. } = scale.options;
        assert_eq!((output, yes), (Format::Text, false));
        read(&scale).map(|(objects, write, number)| (objects.len(), write, number))
    }

    #[test]
    fn number_to_scale_to_is_a_word_or_a_flag() {
        assert_eq!(scale_of("job/a job/b 3"), Ok((2, Write::Parallelism, 3)));
        assert_eq!(scale_of("job/a --parallelism 0"), Ok((1, Write::Parallelism, 0)));
        assert_eq!(scale_of("job/a --completions 5"), Ok((1, Write::Completions, 5)));
        assert_eq!(scale_of("job/a --completions 5 --parallelism 5"), Ok((1, Write::Completions, 5)));
        for line in ["job/a", "3", "job/a 3 4", "job/a 3 --parallelism 3", "job/a --completions 5 --parallelism 4"] {
            assert!(scale_of(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_more_is_watched_than_the_plan_needs() {
        let kinds = |write, names: &[&str]| {
            kinds(write, &names.iter().map(|name| Reference::parse(name).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(kinds(Write::Suspend(true), &["cj/a"]), [Kind::CronJob]);
        assert_eq!(kinds(Write::Trigger, &["cj/a"]), [Kind::CronJob, Kind::Job]);
        assert_eq!(kinds(Write::Rerun, &["job/a"]), [Kind::Job]);
        assert_eq!(kinds(Write::Delete, &["job/a", "pod/b"]), [Kind::Job, Kind::Pod]);
        assert_eq!(kinds(Write::Delete, &["pod/b"]), [Kind::Pod]);
        assert_eq!(kinds(Write::Delete, &["pod/b", "cj/a"]), [Kind::CronJob, Kind::Job, Kind::Pod]);
    }
}

//! What triage offers can be done: every fix of everything that is recorded names a command that takes its target, with
//! an argument that it understands.

use serde_json::Value;

use crate::command::{Action, EditAction, Plan, Refusal, Scene, all, changed, may, plan};
use crate::model::command_call::CommandCall;
use crate::model::key::{Kind, ObjectKey};
use crate::triage::tests::{Told, told};

/// Commands that want to be told something which only a person knows.
const OPEN: [&str; 4] = ["cronjob.schedule", "cronjob.timezone", "job.deadline", "object.label"];

fn live<'t>(told: &'t Told, key: &ObjectKey) -> &'t Value {
    let is_meant = |one: &&Value| one["kind"] == key.kind.name() && one["metadata"]["name"] == *key.name;
    told.objects.iter().find(is_meant).unwrap()
}

/// What a fix would do; None where it changes nothing, or opens a text as it is.
fn planned(told: &Told, call: &CommandCall) -> Result<Option<Plan>, String> {
    let scene = Scene { snapshot: &told.snapshot, now: told.now, is_read_only: false };
    let refused = |Refusal(why)| why;
    let spec = all().find(|spec| spec.id == call.id).ok_or("no such command")?;
    let key = told.snapshot.key_of(call.target).ok_or("its target is not there")?;
    let edits = |write| {
        let plan = changed(write, (&key, call.target.uid), live(told, &key), &call.argument, scene).map_err(refused)?;
        // Such a change is offered as a new Job, never in place.
        if plan.verb.plain == "change" && !plan.warnings.is_empty() { Err(plan.warnings.join("; ")) } else { Ok(plan) }
    };
    match spec.action {
        Action::Write(write) => {
            may(write, &[call.target], scene).map_err(refused)?;
            match (write.argument(), call.argument.as_str()) {
                (Some(_), "") if OPEN.contains(&call.id) => Ok(None),
                (None, argument) if !argument.is_empty() => Err(format!("it takes no {argument:?}")),
                _ => plan(write, &[call.target], &call.argument, scene).map(Some).map_err(refused),
            }
        }
        Action::Edit(EditAction::Form(write)) => {
            may(write, &[call.target], scene).map_err(refused)?;
            if call.argument.is_empty() { Ok(None) } else { edits(Some(write)).map(Some) }
        }
        Action::Edit(EditAction::Object) => {
            if call.argument.is_empty() {
                Ok(None)
            } else {
                edits(None).map(Some)
            }
        }
        // Logs, shells and commands are of pods.
        _ if key.kind == Kind::Pod => Ok(None),
        _ => Err(format!("{} is for pods", call.id)),
    }
}

#[test]
fn every_fix_can_be_carried_out() {
    let (mut wrong, mut planned_count, mut with_values) = (Vec::new(), 0, 0);
    for told in told() {
        for finding in &told.findings {
            for fix in &finding.fixes {
                let Some(call) = &fix.call else { continue };
                match planned(&told, call) {
                    Ok(plan) => {
                        planned_count += usize::from(plan.is_some());
                        with_values += usize::from(plan.is_some() && call.id == "job.rerun-with-changes");
                    }
                    Err(why) => wrong.push(format!(
                        "{}: {} {:?}: {} {:?}: {why}",
                        told.name, finding.rule.0, fix.words, call.id, call.argument
                    )),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} fixes:\n{}", wrong.len(), wrong.join("\n"));
    assert!(planned_count >= 50 && with_values >= 20, "{planned_count} planned, {with_values} with values");
}

//! What is said of a write, and the exit code.

use serde_json::json;

use super::*;
use crate::command::Write;
use crate::model::delta::Failure;
use crate::model::mutation::Cascade;

fn job(name: &str) -> Value {
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name, "namespace": "data", "uid": name } })
}

fn mutation(write: Write, change: Change) -> Mutation {
    Mutation { verb: write.verb(), target: Address::of(&job("etl")).unwrap(), uid: None, change }
}

fn applied(change: Change) -> Mutation {
    Mutation { verb: APPLY, ..mutation(Write::Delete, change) }
}

fn apply() -> Mutation {
    applied(Change::Apply { object: job("etl"), is_forced: false })
}

fn accepted(before: Option<Value>, after: Option<Value>) -> Outcome {
    Outcome::Accepted(Written { before, after })
}

fn refused(reason: Reason, cause: Cause, message: &str) -> Refused {
    let failure = Failure { cause, message: message.into(), hint: "press f".into() };
    Refused { failure, reason, fields: vec![("spec.template".to_owned(), "field is immutable".to_owned())] }
}

#[test]
fn words_say_what_was_done_and_how_the_log_of_a_new_job_is_read() {
    let suspended = mutation(Write::Suspend(true), Change::Merge { patch: json!({}), version: None });
    let told = |mutation: &Mutation, outcome| words(mutation, &outcome).unwrap();
    assert_eq!(told(&suspended, accepted(Some(job("etl")), Some(job("etl")))), "job/etl suspended");
    let deleted = mutation(Write::Delete, Change::Delete(Cascade::default()));
    assert_eq!(told(&deleted, accepted(Some(job("etl")), None)), "job/etl deleted");
    let rerun = mutation(Write::Rerun, Change::Rerun { name: "new".into(), keeps_owner: false, patch: json!({}) });
    let follow = "; kubatch logs -n data -f job/new follows it";
    assert_eq!(told(&rerun, accepted(None, Some(job("new")))), format!("job/etl rerun as job/new{follow}"));
    let created = applied(Change::Create(job("")));
    assert_eq!(told(&created, accepted(None, Some(job("new")))), format!("job/new created{follow}"));
    assert_eq!(told(&apply(), accepted(Some(job("etl")), Some(job("etl")))), "job/etl unchanged");
    let mut paused = job("etl");
    paused["spec"] = json!({ "suspend": true });
    assert_eq!(told(&apply(), accepted(None, Some(paused.clone()))), "job/etl created");
    assert_eq!(told(&apply(), accepted(Some(job("etl")), Some(paused))), "job/etl changed");
}

#[test]
fn refusals_are_told_with_their_fields_and_a_next_step_of_the_command_line() {
    let told = |reason, cause| {
        let refused = refused(reason, cause, "cannot apply job/etl: no: conflict with \"x\"");
        words(&apply(), &Outcome::Refused(refused)).unwrap_err()
    };
    let owned = told(Reason::Owned, Cause::Other);
    assert!(owned[0].starts_with("cannot apply job/etl: no; --force takes"), "{owned:?}");
    assert_eq!(owned[1], "  spec.template: field is immutable");
    let cases = [
        (Reason::Invalid, Cause::Other, "apply --replace deletes job/etl"),
        (Reason::InDoubt, Cause::Unreachable, "it may have been done"),
        (Reason::Other, Cause::Denied, "ask for a role"),
        (Reason::Other, Cause::Busy, "try again in a moment"),
        (Reason::Other, Cause::Other, "kubectl get -o yaml"),
    ];
    for (reason, cause, expected) in cases {
        let told = told(reason, cause);
        assert!(told[0].contains(expected) && !told[0].contains("press"), "{told:?}");
    }
}

#[test]
fn exit_code_is_1_where_the_server_refused_and_2_where_it_did_not_answer() {
    let account = |refusals: &[(Reason, Cause)]| {
        let mut account = Account::default();
        for (reason, cause) in refusals {
            account.refused += 1;
            account.is_in_doubt |= is_unanswered(&refused(reason.clone(), *cause, ""));
        }
        account.code()
    };
    assert_eq!(account(&[]), 0);
    assert_eq!(account(&[(Reason::Invalid, Cause::Other), (Reason::Other, Cause::Denied)]), 1);
    assert_eq!(account(&[(Reason::Invalid, Cause::Other), (Reason::InDoubt, Cause::Unreachable)]), 2);
    assert_eq!(account(&[(Reason::Other, Cause::Unauthorized)]), 2);
}

#[test]
fn objects_hold_what_became_of_a_write() {
    let read = |mutation: &Mutation, outcome| -> Value { serde_json::from_str(&object(mutation, &outcome)).unwrap() };
    let trigger = mutation(Write::Trigger, Change::Trigger { name: "new".into(), patch: json!({}) });
    let wanted = json!({
        "kind": "Job", "namespace": "data", "name": "etl", "verb": "trigger", "outcome": "accepted",
        "result": "triggered as job/new", "made": "job/new",
    });
    assert_eq!(read(&trigger, accepted(None, Some(job("new")))), wanted);
    let told = read(&apply(), Outcome::Refused(refused(Reason::Invalid, Cause::Other, "cannot")));
    assert_eq!((&told["outcome"], &told["message"]), (&json!("refused"), &json!("cannot")));
    assert_eq!(told["fields"], json!([{ "field": "spec.template", "message": "field is immutable" }]));
    assert_eq!(read(&apply(), Outcome::NotSent)["outcome"], "notTried");
}

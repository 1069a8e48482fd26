//! The contract of what kubatch writes: what a server says to each write in a dry run, and what it makes of it when it is
//! sent. The requests are made by the code that sends them.

use kubatch::cluster::execute::{prepare, send};
use kubatch::command::Write;
use kubatch::model::delta::Cause;
use kubatch::model::key::{Kind, Uid};
use kubatch::model::mutation::{Cascade, Change, Mutation, Prepared, Reason, Refused, Request, Send, Written};

use super::requests::place;
use super::*;

suite![Server::demo, ControlPlane:
    only_the_meant_object_is_suspended,
    a_dry_run_changes_nothing_and_tells_what_would_be_stored,
    what_is_immutable_is_refused_in_the_dry_run,
    an_edit_of_an_older_version_is_refused_as_changed,
    a_field_that_another_manager_owns_is_told_and_taken_by_force_alone,
    unknown_fields_are_refused,
    a_run_by_hand_belongs_to_its_cronjob,
    a_rerun_is_a_new_job_like_the_one_before,
    a_replacement_has_the_name_of_the_one_before,
    a_deletion_is_for_the_meant_object,
    an_eviction_is_tried_before_it_is_done,
];

impl Server {
    fn mutation(&self, kind: Kind, name: &str, uid: Option<Uid>, change: Change) -> Mutation {
        Mutation { verb: Write::Label.verb(), target: self.key(kind, name).into(), uid, change }
    }

    fn tried(&self, mutation: Mutation) -> Result<Prepared, Refused> {
        runtime().block_on(prepare(&self.client, mutation))
    }

    fn sent(&self, mutation: Mutation) -> Result<Written, Refused> {
        let prepared = self.tried(mutation)?;
        runtime().block_on(send(&self.client, &prepared))
    }

    /// Makes a suspended Job, which no controller touches; its UID.
    fn paused_job(&self, name: &str) -> Uid {
        uid(&self.job(name))
    }
}

fn uid(object: &Value) -> Uid {
    Uid::new(object["metadata"]["uid"].as_str().unwrap())
}

fn merge(patch: Value) -> Change {
    Change::Merge { patch, version: None }
}

fn suspend(is_wanted: bool) -> Change {
    merge(json!({ "spec": { "suspend": is_wanted } }))
}

fn only_the_meant_object_is_suspended(server: &Server) {
    for (kind, object) in [(Kind::Job, job("a")), (Kind::CronJob, cronjob("a", json!({ "suspend": true })))] {
        let path = format!("{}/a", place(kind));
        let uid = uid(&server.post(&place(kind), &object).expect(201).body);
        let set = |uid: Uid, wanted: bool| server.sent(server.mutation(kind, "a", Some(uid), suspend(wanted)));
        set(uid, false).unwrap();
        let resumed = server.get(&path).expect(200).has("/spec/suspend", json!(false));
        let managed = resumed.body["metadata"]["managedFields"].as_array().unwrap();
        let ours = managed.iter().find(|one| one["manager"] == "kubatch").expect("fields that kubatch set");
        assert_eq!(
            (&ours["operation"], &ours["fieldsV1"]),
            (&json!("Update"), &json!({ "f:spec": { "f:suspend": {} } }))
        );
        set(uid, false).expect("the same once more is no failure");
        let refused = set(Uid::new("11111111-2222-4333-8444-555555555555"), true).unwrap_err().failure;
        assert!(refused.message.contains("another object has this name by now"), "{refused:?}");
        server.get(&path).expect(200).has("/spec/suspend", json!(false));
        set(uid, true).unwrap();
        server.get(&path).expect(200).has("/spec/suspend", json!(true));
    }
    let refused = server.sent(server.mutation(Kind::Job, "nope", None, suspend(true))).unwrap_err().failure;
    assert_eq!(refused.cause, Cause::NotFound, "{refused:?}");
}

fn a_dry_run_changes_nothing_and_tells_what_would_be_stored(server: &Server) {
    let uid = server.paused_job("a");
    let patch = json!({ "spec": { "backoffLimit": 2 } });
    let prepared = server.tried(server.mutation(Kind::Job, "a", Some(uid), merge(patch))).unwrap();
    assert_eq!(prepared.after.unwrap()["spec"]["backoffLimit"], 2);
    server.get(&format!("{}/a", place(Kind::Job))).expect(200).has("/spec/backoffLimit", json!(6));
    let deletion = Change::Delete(Cascade::Background);
    server.tried(server.mutation(Kind::Job, "a", Some(uid), deletion)).unwrap();
    server.get(&format!("{}/a", place(Kind::Job))).expect(200);
}

fn what_is_immutable_is_refused_in_the_dry_run(server: &Server) {
    let uid = server.paused_job("a");
    let containers = json!([{ "name": "main", "image": "busybox:2" }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
    let refused = server.tried(server.mutation(Kind::Job, "a", Some(uid), merge(patch))).unwrap_err();
    assert_eq!(refused.reason, Reason::Invalid, "{refused:?}");
    assert!(refused.failure.message.contains("field is immutable"), "{refused:?}");
    assert!(refused.failure.message.len() < 200, "the dump of the template is left out: {refused:?}");
    assert_eq!(refused.fields[0].0, "spec.template.spec");
}

fn an_edit_of_an_older_version_is_refused_as_changed(server: &Server) {
    // One that is suspended, so that no controller writes to it meanwhile.
    let made = server.post(&place(Kind::CronJob), &cronjob("a", json!({ "suspend": true }))).expect(201).body;
    let edit = |limit: i32, object: &Value| {
        let patch = json!({ "spec": { "failedJobsHistoryLimit": limit } });
        let version = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        server.sent(server.mutation(Kind::CronJob, "a", Some(uid(&made)), Change::Merge { patch, version }))
    };
    let edited = edit(2, &made).unwrap().after.unwrap();
    let refused = edit(3, &made).unwrap_err();
    assert_eq!(refused.reason, Reason::Changed, "{refused:?}");
    edit(3, &edited).unwrap();
}

fn a_field_that_another_manager_owns_is_told_and_taken_by_force_alone(server: &Server) {
    let other = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "a" },
        "spec": cronjob("a", json!({ "suspend": true }))["spec"],
    });
    let path = format!("{}/a?fieldManager=other&fieldValidation=Strict", place(Kind::CronJob));
    server.patch(&path, "application/apply-patch+yaml", &other).expect(201);
    let mut object = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "a", "namespace": server.namespace },
        "spec": { "schedule": "1 2 3 4 5" },
    });
    let applied = |object: &Value, is_forced| {
        let change = Change::Apply { object: object.clone(), is_forced };
        server.sent(server.mutation(Kind::CronJob, "a", None, change))
    };
    let refused = applied(&object, false).unwrap_err();
    assert_eq!((refused.reason.clone(), refused.fields[0].0.as_str()), (Reason::Owned, ".spec.schedule"));
    assert!(refused.fields[0].1.contains("other"), "{refused:?}");
    let stored = applied(&object, true).unwrap();
    assert_eq!(stored.after.unwrap()["spec"]["schedule"], "1 2 3 4 5");
    object["spec"]["schedule"] = json!("2 2 3 4 5");
    applied(&object, false).expect("it is ours now");
}

fn unknown_fields_are_refused(server: &Server) {
    let uid = server.paused_job("a");
    let patch = json!({ "spec": { "backofLimit": 2 } });
    let refused = server.tried(server.mutation(Kind::Job, "a", Some(uid), merge(patch))).unwrap_err();
    assert_eq!(refused.reason, Reason::Invalid, "{refused:?}");
    assert!(refused.failure.message.contains("backofLimit"), "{refused:?}");
}

fn a_run_by_hand_belongs_to_its_cronjob(server: &Server) {
    let made = server.post(&place(Kind::CronJob), &cronjob("a", json!({ "suspend": true }))).expect(201).body;
    let change = Change::Trigger { name: "a-manual-1".into(), patch: json!({ "spec": { "suspend": true } }) };
    let run = server.sent(server.mutation(Kind::CronJob, "a", Some(uid(&made)), change)).unwrap().after.unwrap();
    assert_eq!(run["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"], "manual");
    let owner = &run["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["uid"], &owner["controller"]), (&made["metadata"]["uid"], &json!(true)));
}

fn a_rerun_is_a_new_job_like_the_one_before(server: &Server) {
    let uid = server.paused_job("a");
    let rerun = |name: &str| {
        let patch = json!({ "spec": { "suspend": true } });
        let change = Change::Rerun { name: name.into(), keeps_owner: false, patch };
        server.sent(server.mutation(Kind::Job, "a", Some(uid), change))
    };
    let made = rerun("a-rerun").unwrap().after.unwrap();
    let before = server.get(&format!("{}/a", place(Kind::Job))).expect(200).body;
    assert_eq!(made["spec"]["template"]["spec"], before["spec"]["template"]["spec"]);
    assert_eq!(rerun("a-rerun").unwrap_err().reason, Reason::Exists);
}

fn a_replacement_has_the_name_of_the_one_before(server: &Server) {
    let before = server.paused_job("a");
    let containers = json!([{ "name": "main", "image": "busybox:2" }]);
    let patch = json!({ "spec": { "suspend": true, "template": { "spec": { "containers": containers } } } });
    let change = Change::Replace { object: None, patch };
    let made = server.sent(server.mutation(Kind::Job, "a", Some(before), change)).unwrap().after.unwrap();
    assert_eq!(made["metadata"]["name"], "a");
    assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["image"], "busybox:2");
    assert_ne!(uid(&made), before);
}

fn a_deletion_is_for_the_meant_object(server: &Server) {
    let meant = server.paused_job("a");
    let delete = |uid: Uid| {
        let change = Change::Delete(Cascade::Background);
        server.sent(server.mutation(Kind::Job, "a", Some(uid), change))
    };
    delete(Uid::new("11111111-2222-4333-8444-555555555555")).unwrap_err();
    server.get(&format!("{}/a", place(Kind::Job))).expect(200);
    delete(meant).unwrap();
    let refused = delete(meant).unwrap_err().failure;
    assert_eq!(refused.cause, Cause::NotFound, "{refused:?}");
}

fn an_eviction_is_tried_before_it_is_done(server: &Server) {
    // One that no scheduler places, so that nothing happens to it by itself.
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": { "schedulerName": "nobody", "containers": [{ "name": "main", "image": "busybox:1.35" }] },
    });
    let path = format!("{}/a", place(Kind::Pod));
    let uid = uid(&server.post(&place(Kind::Pod), &pod).expect(201).body);
    let evict = || server.mutation(Kind::Pod, "a", Some(uid), Change::Evict);
    let prepared = server.tried(evict()).unwrap();
    server.get(&path).expect(200);
    let mut other = prepared.clone();
    let [Request { send: Send::Evict(eviction), .. }] = &mut other.requests[..] else { panic!("{other:?}") };
    eviction["deleteOptions"]["preconditions"]["uid"] = json!("11111111-2222-4333-8444-555555555555");
    runtime().block_on(send(&server.client, &other)).expect_err("another pod is meant");
    server.get(&path).expect(200);
    runtime().block_on(send(&server.client, &prepared)).unwrap();
    server.get(&path).expect(404);
}

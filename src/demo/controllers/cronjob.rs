//! The CronJob controller: starts the run that is due, keeps the list of active Jobs, and deletes finished ones beyond
//! the history limits. When a run is due is [`crate::model::schedule`]'s business; choices, texts and names are those of
//! `pkg/controller/cronjob` in Kubernetes 1.36.

use serde_json::{Value, json};

use super::event::From;
use super::object::{
    batch_folder, condition, controller_reference, int, is_controlled_by, is_deleting, items, name, namespace, stamp,
    text, time, uid,
};
use super::{World, garbage, job};
use crate::model::clock::Time;
use crate::model::schedule::{Missed, Schedule, base_time};

/// Who tells the events.
const CONTROLLER: From<'static> = From::Controller("cronjob-controller");

/// Looks at a CronJob; answers when its next run is planned.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let mut cronjob = world.store.get(path)?.clone();
    if is_deleting(&cronjob) {
        return None;
    }
    let folder = batch_folder(namespace(&cronjob), "jobs");
    let owner = uid(&cronjob).to_owned();
    let jobs = world.store.under(&folder).filter(|job| is_controlled_by(job, &owner));
    let jobs: Vec<Value> = jobs.cloned().collect();
    take_stock(world, &mut cronjob, &jobs);
    clean_up(world, &cronjob, jobs);
    let next = start_due(world, &mut cronjob);
    world.update(path, cronjob);
    next
}

fn active_mut(cronjob: &mut Value) -> Vec<Value> {
    super::object::take_items(&mut cronjob["status"]["active"])
}

fn set_active(cronjob: &mut Value, active: Vec<Value>) {
    let Some(status) = cronjob["status"].as_object_mut() else { return };
    status.remove("active");
    if !active.is_empty() {
        status.insert("active".into(), active.into());
    }
}

/// Brings the list of active Jobs and the time of the last success up to date.
fn take_stock(world: &mut World<'_>, cronjob: &mut Value, jobs: &[Value]) {
    let known = active_mut(cronjob);
    let mut active = Vec::new();
    for reference in &known {
        match jobs.iter().find(|job| job["metadata"]["uid"] == reference["uid"]) {
            None => {
                let note = format!("Active job went missing: {}", text(&reference["name"]));
                world.event(cronjob, CONTROLLER, "Normal", "MissingJob", &note);
            }
            Some(job) if job::is_finished(job) => {
                let is_complete = condition(job, "Complete").is_some();
                let end = if is_complete { "Complete" } else { "Failed" };
                let note = format!("Saw completed job: {}, condition: {end}", name(job));
                world.event(cronjob, CONTROLLER, "Normal", "SawCompletedJob", &note);
            }
            Some(_) => active.push(reference.clone()),
        }
    }
    for job in jobs.iter().filter(|job| !job::is_finished(job)) {
        if !known.iter().any(|one| one["uid"] == job["metadata"]["uid"]) {
            let note = format!("Saw a job that the controller did not create or forgot: {}", name(job));
            world.event(cronjob, CONTROLLER, "Warning", "UnexpectedJob", &note);
        }
    }
    set_active(cronjob, active);
    let successes = jobs.iter().filter_map(|job| time(&job["status"]["completionTime"]));
    if let Some(latest) = successes.chain(time(&cronjob["status"]["lastSuccessfulTime"])).max() {
        cronjob["status"]["lastSuccessfulTime"] = json!(stamp(latest));
    }
}

/// Deletes the oldest finished Jobs beyond the history limits.
fn clean_up(world: &mut World<'_>, cronjob: &Value, jobs: Vec<Value>) {
    let limit = |field: &str, default| usize::try_from(int(&cronjob["spec"][field], default)).unwrap_or(0);
    let finished = jobs.into_iter().filter(|job| job::is_finished(job) && !is_deleting(job));
    let (good, bad): (Vec<Value>, Vec<Value>) = finished.partition(|job| condition(job, "Complete").is_some());
    let limits = [limit("successfulJobsHistoryLimit", 3), limit("failedJobsHistoryLimit", 1)];
    for (mut group, limit) in [good, bad].into_iter().zip(limits) {
        group.sort_by_key(|job| time(&job["status"]["startTime"]));
        let surplus = group.len().saturating_sub(limit);
        for job in group.into_iter().take(surplus) {
            delete(world, cronjob, job);
        }
    }
}

fn delete(world: &mut World<'_>, cronjob: &Value, job: Value) {
    let note = format!("Deleted job {}", name(&job));
    let path = format!("{}{}", batch_folder(namespace(&job), "jobs"), name(&job));
    garbage::delete(world, &path, job);
    world.event(cronjob, CONTROLLER, "Normal", "SuccessfulDelete", &note);
}

/// Starts the run that is due; answers when the next one is planned.
fn start_due(world: &mut World<'_>, cronjob: &mut Value) -> Option<Time> {
    if cronjob["spec"]["suspend"] == true {
        return None;
    }
    let (schedule, zone) = (text(&cronjob["spec"]["schedule"]).to_owned(), cronjob["spec"]["timeZone"].as_str());
    let plan = match Schedule::parse(&schedule, zone) {
        Ok(plan) => plan,
        Err(error) => {
            let note = format!("unparseable schedule: \"{schedule}\" : {error}");
            world.event(cronjob, CONTROLLER, "Warning", "UnparseableSchedule", &note);
            return None;
        }
    };
    let now = world.now.to_timestamp();
    let created = time(&cronjob["metadata"]["creationTimestamp"]).unwrap_or(world.now).to_timestamp();
    let last = time(&cronjob["status"]["lastScheduleTime"]).map(Time::to_timestamp);
    let deadline = cronjob["spec"]["startingDeadlineSeconds"].as_i64();
    let missed = plan.most_recent_missed(base_time(created, last, deadline, now), now);
    if let Missed::Start { run, estimate } = missed
        && last.is_none_or(|last| run > last)
    {
        if estimate > 100 {
            let note = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            world.event(cronjob, CONTROLLER, "Warning", "TooManyMissedTimes", note);
        }
        start(world, cronjob, Time::from_timestamp(run), &plan);
    }
    plan.next_run(base_time(created, last, None, now), now).map(Time::from_timestamp)
}

/// Starts a run, unless others are active and the policy says no.
fn start(world: &mut World<'_>, cronjob: &mut Value, run: Time, plan: &Schedule) {
    let active = items(&cronjob["status"]["active"]).to_vec();
    match text(&cronjob["spec"]["concurrencyPolicy"]) {
        "Forbid" if !active.is_empty() => {
            let note = "Not starting job because prior execution is running and concurrency policy is Forbid";
            world.event(cronjob, CONTROLLER, "Normal", "JobAlreadyActive", note);
            return;
        }
        "Replace" => {
            for reference in &active {
                let path = format!("{}{}", batch_folder(namespace(cronjob), "jobs"), text(&reference["name"]));
                let Some(job) = world.store.get(&path).cloned() else { continue };
                delete(world, cronjob, job);
            }
            set_active(cronjob, Vec::new());
        }
        _ => {}
    }
    let made = make_job(cronjob, run, plan);
    let job_name = name(&made).to_owned();
    let path = format!("{}{job_name}", batch_folder(namespace(cronjob), "jobs"));
    if world.store.get(&path).is_none() {
        super::create::apply(world.store, made, world.now);
    }
    let Some(job) = world.store.get(&path) else { return };
    let reference = json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job_name, "namespace": namespace(cronjob),
        "uid": job["metadata"]["uid"], "resourceVersion": job["metadata"]["resourceVersion"],
    });
    world.event(cronjob, CONTROLLER, "Normal", "SuccessfulCreate", &format!("Created job {job_name}"));
    let mut active = active_mut(cronjob);
    active.push(reference);
    cronjob["status"]["lastScheduleTime"] = json!(stamp(run));
    set_active(cronjob, active);
}

/// The Job of a run, named by the minutes of its planned time.
fn make_job(cronjob: &Value, run: Time, plan: &Schedule) -> Value {
    let template = &cronjob["spec"]["jobTemplate"];
    let mut metadata = json!({
        "name": format!("{}-{}", name(cronjob), run.seconds() / 60),
        "namespace": namespace(cronjob),
        "ownerReferences": [controller_reference(cronjob)],
    });
    for part in ["labels", "annotations"] {
        if template["metadata"][part].is_object() {
            metadata[part] = template["metadata"][part].clone();
        }
    }
    let planned = run.to_timestamp().to_zoned(plan.zone().clone());
    let offset = if planned.offset().is_zero() { "Z".to_owned() } else { planned.strftime("%:z").to_string() };
    metadata["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
        json!(format!("{}{offset}", planned.strftime("%Y-%m-%dT%H:%M:%S")));
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"], "status": {} })
}

//! Patches and merges, also of objects made by chance.

use serde_json::{Value, json};

use super::*;

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// A value of a few fields and elements, alike enough that two of them often share parts.
    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0 => json!(self.below(3)),
            1 => json!("a text"),
            2 => json!(self.below(2) == 0),
            3 => Value::Array((0..self.below(3)).map(|_| self.value(depth - 1)).collect()),
            4 => {
                let names = ["main", "sidecar", "init"].into_iter().filter(|_| self.below(2) == 0);
                let names: Vec<&str> = names.collect();
                names.iter().map(|name| json!({ "name": name, "image": self.below(3) })).collect()
            }
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: u64) -> Value {
        let names = ["spec", "image", "env", "example.com/x"];
        let mut object = Map::new();
        for name in names {
            if self.below(3) > 0 {
                object.insert(name.to_owned(), self.value(depth));
            }
        }
        Value::Object(object)
    }
}

fn paths(before: &Value, after: &Value) -> Vec<String> {
    changed_paths(before, after).iter().map(Path::to_string).collect()
}

#[test]
fn a_patch_makes_after_of_before() {
    let mut chance = Chance(7);
    for _ in 0..5_000 {
        let (before, after) = (chance.object(3), chance.object(3));
        let mut patched = before.clone();
        let patch = patch(&before, &after);
        json_patch::merge(&mut patched, &patch);
        assert_eq!(patched, after, "{before} with {patch}");
        let is_same = before == after;
        assert_eq!(patch == json!({}), is_same);
        assert_eq!(changed_paths(&before, &after).is_empty(), is_same, "{before} {after}");
    }
}

#[test]
fn a_null_is_an_absent_field() {
    let with = json!({ "metadata": { "creationTimestamp": null, "name": "j" } });
    let without = json!({ "metadata": { "name": "j" } });
    assert_eq!((patch(&with, &without), patch(&without, &with)), (json!({}), json!({})));
    assert_eq!(paths(&with, &without), [""; 0]);
    assert_eq!(patch(&json!({ "spec": 1 }), &json!({ "spec": null })), json!({ "spec": null }));
}

#[test]
fn a_patch_holds_changed_fields_alone() {
    let before = json!({ "spec": { "suspend": false, "schedule": "0 2 * * *", "timeZone": "Etc/UTC" } });
    let after = json!({ "spec": { "suspend": false, "schedule": "30 2 * * *" } });
    assert_eq!(patch(&before, &after), json!({ "spec": { "schedule": "30 2 * * *", "timeZone": null } }));
}

#[test]
fn paths_lead_to_the_leaves_that_differ() {
    let before = json!({
        "metadata": { "annotations": { "example.com/owner": "a" } },
        "spec": { "containers": [
            { "name": "main", "image": "a:1", "args": ["x"], "env": [{ "name": "A", "value": "1" }] },
            { "name": "old", "image": "b" },
        ], "tolerations": [{ "key": "x", "value": "1" }], "resources": { "limits": { "cpu": "1", "memory": "1Gi" } } },
    });
    let after = json!({
        "metadata": { "annotations": { "example.com/owner": "b" } },
        "spec": { "containers": [
            { "name": "new", "image": "b" },
            { "name": "main", "image": "a:2", "args": ["x", "y"], "env": [{ "name": "A", "value": "2" }] },
        ], "tolerations": [{ "key": "x", "value": "2" }] },
    });
    let wanted = [
        "metadata.annotations[example.com/owner]",
        "spec.containers[0].args",
        "spec.containers[0].env[0].value",
        "spec.containers[0].image",
        "spec.containers[1]",
        "spec.containers[0]",
        "spec.resources.limits.cpu",
        "spec.resources.limits.memory",
        "spec.tolerations[0].value",
    ];
    assert_eq!(paths(&before, &after), wanted);
}

#[test]
fn another_order_is_a_change_of_the_list() {
    let [one, two] = ["a", "b"].map(|name| json!({ "name": name }));
    assert_eq!(paths(&json!({ "env": [one, two] }), &json!({ "env": [two, one] })), ["env"]);
}

#[test]
fn one_writers_changes_come_through_a_rebase_whole() {
    let mut chance = Chance(11);
    for _ in 0..5_000 {
        let (base, other) = (chance.object(3), chance.object(3));
        let mine = rebase(&base, &other, &base);
        assert_eq!((mine.object, mine.theirs.len(), mine.both.len()), (other.clone(), 0, 0));
        let theirs = rebase(&base, &base, &other);
        assert_eq!((&theirs.object, theirs.both.len()), (&other, 0));
        assert_eq!(theirs.theirs, paths(&base, &other));
        let same = rebase(&base, &other, &other);
        assert_eq!((same.object, same.theirs.len(), same.both.len()), (other, 0, 0));
    }
}

#[test]
fn nothing_of_mine_is_lost_and_nothing_of_theirs_goes_untold() {
    let mut chance = Chance(13);
    for _ in 0..5_000 {
        let [base, mine, theirs] = [(); 3].map(|()| chance.object(3));
        let rebased = rebase(&base, &mine, &theirs);
        for path in changed_paths(&base, &mine) {
            let is_field = matches!(path.0.last(), Some(Step::Field(_)));
            // A list or an object may hold parts of both.
            if let Some(wanted) = path.of(&mine).filter(|value| is_field && !value.is_array() && !value.is_object()) {
                assert_eq!(path.of(&rebased.object), Some(wanted), "{path} of {base} {mine} {theirs}");
            }
        }
        if rebased.theirs.is_empty() {
            assert_eq!(rebased.object, mine, "{base} {mine} {theirs}");
        }
    }
}

#[test]
fn changes_of_two_writers_become_one_object() {
    let base = json!({ "spec": { "suspend": false, "containers": [
        { "name": "main", "image": "a:1", "env": [{ "name": "A", "value": "1" }], "args": ["x"] },
    ] } });
    let mine = json!({ "spec": { "suspend": false, "containers": [
        { "name": "main", "image": "a:2", "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }], "args": ["y"] },
    ] } });
    let theirs = json!({ "spec": { "suspend": true, "containers": [
        { "name": "first", "image": "s" },
        { "name": "main", "image": "a:1", "env": [{ "name": "A", "value": "3" }], "args": ["z"] },
    ] } });
    let rebased = rebase(&base, &mine, &theirs);
    let merged = json!({ "spec": { "suspend": true, "containers": [
        { "name": "first", "image": "s" },
        { "name": "main", "image": "a:2", "env": [{ "name": "A", "value": "3" }, { "name": "B", "value": "2" }], "args": ["y"] },
    ] } });
    assert_eq!(rebased.object, merged);
    assert_eq!(rebased.theirs, ["spec.containers[0].env[0].value", "spec.containers[0]", "spec.suspend"]);
    assert_eq!(rebased.both, ["spec.containers[0].args"]);
}

#[test]
fn what_one_removed_and_the_other_changed_is_told() {
    let base = json!({ "spec": { "schedule": "a", "timeZone": "b" } });
    let mine = json!({ "spec": { "schedule": "c" } });
    let theirs = json!({ "spec": { "timeZone": "d" } });
    let rebased = rebase(&base, &mine, &theirs);
    assert_eq!((rebased.object, rebased.both), (mine, vec!["spec.schedule".to_owned(), "spec.timeZone".to_owned()]));
}

#[test]
fn volumes_that_are_mounted_twice_are_told_apart_by_their_place() {
    let mount = |path: &str, sub: &str| json!({ "name": "v", "mountPath": path, "subPath": sub });
    let base = json!({ "volumeMounts": [mount("/a", "1"), mount("/b", "1")] });
    let mine = json!({ "volumeMounts": [mount("/a", "2"), mount("/b", "1")] });
    let theirs = json!({ "volumeMounts": [mount("/a", "1"), mount("/b", "2")] });
    let rebased = rebase(&base, &mine, &theirs);
    assert_eq!(rebased.object, json!({ "volumeMounts": [mount("/a", "2"), mount("/b", "2")] }));
    assert!(rebased.both.is_empty());
}

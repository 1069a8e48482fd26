//! Variables that a program wants and its container does not set: which, and where the template has one of that name or
//! nearly so. [`super::slip`] asks.

use serde_json::Value;

use super::super::Case;
use super::Run;
use super::log::near_end;
use super::slip::{Why, words_of};
use crate::triage::container::rerun;
use crate::triage::finding::Fix;
use crate::triage::grammar::{Pattern, near};
use crate::triage::last_words::LastWords;
use crate::triage::mend::{Changes, mend, of_container};

/// How programs say that a variable is missing: shells (`sh: IN: parameter not set`, `${IN:?must be set}`), Python, Ruby,
/// and in words.
static MISSING: Pattern = Pattern::new(concat!(
    r"(?:^|: )(?<shell>[A-Za-z_]\w*): (?:parameter (?:null or )?not set|unbound variable|must be set|is not set|not set)",
    r#"|^KeyError: '(?<python>[A-Z][A-Z0-9_]{2,})'|KeyError: key (?:not found: )?"(?<ruby>[A-Z][A-Z0-9_]{2,})""#,
    r#"|(?i:\benv(?:ironment)?\b[ -]?(?:var(?:iable)?s?)?)\b[^A-Z]{0,60}["'`]?(?<named>[A-Z][A-Z0-9_]{2,})\b"#,
    r#"|\b(?<said>[A-Z][A-Z0-9_]{2,})["'`]? (?:env(?:ironment)? var(?:iable)? )?(?:is|was|must|not)\b"#,
));

/// That it is missing, and nothing else, is said of it.
static LACKS: Pattern = Pattern::new(concat!(
    r"(?i)not set|must be set|unset|unbound|required|missing|empty|not (?:defined|found|provided|present)|undefined|",
    r"keyerror|no such (?:env|variable)",
));

/// The index of a pod in a Job of completion mode `Indexed` (batch/v1, `JobCompletionIndexAnnotation`).
const INDEX: &str = "JOB_COMPLETION_INDEX";
const INDEX_ANNOTATION: &str = "batch.kubernetes.io/job-completion-index";

/// A variable that the container does not have.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Why> {
    let name = near_end(words).find_map(|line| missing(line, words))?;
    let spec = case.container_spec(&run.container.name)?;
    // What a script sets itself is none of the template's.
    let script = words_of(spec).join(" ");
    let sets_itself = [format!("{name}="), format!("for {name} in"), format!("read {name}")];
    if sets_itself.iter().any(|words| script.contains(words.as_str())) {
        return None;
    }
    let own = spec["env"].as_array().into_iter().flatten().find(|one| one["name"] == name);
    let is_index = own.map_or(name == INDEX, |own| own.to_string().contains(INDEX_ANNOTATION));
    if is_index && case.job.is_some_and(|job| !job.indexed) {
        return Some(not_indexed(case, name));
    }
    match own {
        Some(own) => empty(case, name, own),
        None => Some(unset(case, run, spec, name)?),
    }
}

/// The variable that a line says is missing.
fn missing<'l>(line: &'l str, words: &LastWords<'_>) -> Option<&'l str> {
    let line = line.trim();
    let found = MISSING.captures(line).filter(|_| LACKS.captures(line).is_some())?;
    let of_python = found.name("python");
    // Any dictionary may lack a key: only the one of the environment is meant.
    let is_of_environment = || words.lines.iter().any(|line| line.contains("environ") || line.contains("getenv"));
    if of_python.is_some() && !is_of_environment() {
        return None;
    }
    let name = ["shell", "python", "ruby", "named", "said"].into_iter().find_map(|name| found.name(name))?.as_str();
    // Words in capitals are no names of variables, but for shells' own.
    let is_name =
        found.name("shell").is_some() || found.name("ruby").is_some() || of_python.is_some() || name.contains('_');
    is_name.then_some(name)
}

/// Only a Job with completion mode `Indexed` gives its pods an index.
fn not_indexed(case: &Case<'_>, name: &str) -> Why {
    let has_count = case.job.is_some_and(|job| job.completions.is_some());
    let fixes = match has_count {
        true => mend(
            case,
            "rerun with completionMode Indexed: each pod then has an index, from 0",
            &Changes::set("spec.completionMode", "Indexed"),
        ),
        false => vec![Fix::outside("make it an Indexed Job: completionMode Indexed, and completions")],
    };
    Why {
        what: format!(
            "wants variable {name}, the index of its pod: only Jobs with completionMode Indexed give their pods one, and this \
             one is not"
        ),
        short: format!("no {name}: the Job is not Indexed"),
        fixes,
    }
}

/// The variable is there, and yet not.
fn empty(case: &Case<'_>, name: &str, own: &Value) -> Option<Why> {
    let short = format!("variable {name} is empty");
    if own["value"].as_str().is_some_and(str::is_empty) || (own["value"].is_null() && own["valueFrom"].is_null()) {
        return Some(Why {
            what: format!("wants variable {name}, which its template sets to nothing"),
            short,
            fixes: rerun(case, format!("rerun with a value for {name}")).into_iter().collect(),
        });
    }
    let of = |field: &str, kind: &str| {
        let source = &own["valueFrom"][field];
        let is_optional = source["optional"] == true;
        is_optional.then(|| (kind.to_owned(), source["name"].as_str().unwrap_or_default(), source["key"].as_str()))
    };
    let (kind, object, key) = of("configMapKeyRef", "ConfigMap").or_else(|| of("secretKeyRef", "Secret"))?;
    let key = key.unwrap_or_default();
    let has = kind == "ConfigMap"
        && case.found("v1", "ConfigMap", &case.key.namespace, object).is_some_and(|map| !map["data"][key].is_null());
    (!has).then(|| Why {
        what: format!(
            "wants variable {name}, which comes from key {key} of {kind} {object}: the template says that it is optional, and \
             it is not there"
        ),
        short: format!("no key {key} in {kind} {object} for variable {name}"),
        fixes: vec![Fix::outside(format!("put key {key} into {}/{object}; then rerun", kind.to_lowercase()))],
    })
}

/// Nothing in the template sets the variable; what is named nearly so, and where it is set.
fn unset(case: &Case<'_>, run: &Run<'_>, spec: &Value, name: &str) -> Option<Why> {
    let set = |spec: &'_ Value| -> Vec<String> {
        let names = spec["env"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
        names.map(str::to_owned).collect()
    };
    let own = set(spec);
    let (mut given, mut secrets) = (Vec::new(), Vec::new());
    for source in spec["envFrom"].as_array().into_iter().flatten() {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        if let Some(map) = source["configMapRef"]["name"].as_str() {
            let keys = case.found("v1", "ConfigMap", &case.key.namespace, map)?["data"].as_object();
            given.extend(keys.into_iter().flatten().map(|(key, _)| (format!("{prefix}{key}"), map)));
        }
        secrets.extend(source["secretRef"]["name"].as_str());
    }
    if given.iter().any(|(one, _)| one == name) {
        return None;
    }
    let base = format!("wants variable {name}, which its template does not set");
    let short = format!("variable {name} is not set");
    if let Some(near) = near(name, own.iter().map(String::as_str)) {
        let changes = Changes::set(of_container(run.container, &format!("env[name={near}].name")), name);
        return Some(Why {
            what: format!("{base}: it sets {near}"),
            short: format!("{short}, but {near}"),
            fixes: mend(case, format!("rerun with {near} called {name}"), &changes),
        });
    }
    if let Some(near) = near(name, given.iter().map(|(one, _)| one.as_str())) {
        let map = given.iter().find(|(one, _)| *one == near).map_or("", |(_, map)| map);
        return Some(Why {
            what: format!("{base}: ConfigMap {map}, from which it takes its variables, has {near}"),
            short: format!("{short}, but {near}"),
            fixes: vec![Fix::outside(format!("call the key {name} in configmap/{map}; then rerun"))],
        });
    }
    let pod = case.pod_spec()?;
    let all = ["containers", "initContainers"].into_iter().filter_map(|field| pod[field].as_array()).flatten();
    let mut others = all.filter(|one| one["name"] != spec["name"] && set(one).iter().any(|one| one == name));
    let entry = |other: &Value| other["env"].as_array()?.iter().find(|one| one["name"] == name).cloned();
    if let Some((other, entry)) = others.next().and_then(|other| Some((other, entry(other)?))) {
        let changes = Changes::set(of_container(run.container, "env[+]"), entry);
        return Some(Why {
            what: format!(
                "wants variable {name}, which its template sets for container {} alone",
                other["name"].as_str().unwrap_or_default()
            ),
            short,
            fixes: mend(case, format!("rerun with {name} set here as well"), &changes),
        });
    }
    let maybe = match secrets.first() {
        Some(secret) => format!(". It may be meant to come from Secret {secret}, whose keys are not looked at"),
        None => String::new(),
    };
    Some(Why {
        what: format!("{base}{maybe}"),
        short,
        fixes: rerun(case, format!("rerun with variable {name} set")).into_iter().collect(),
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&MISSING, &LACKS];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::triage::Finding;
    use crate::triage::scene_of_pod::Scene;

    fn found(container: Value, lines: &[&str]) -> Finding {
        let mut scene = Scene::ended(1, "Error").tail("etl-a", lines);
        json_patch::merge(&mut scene.job()["spec"]["template"]["spec"]["containers"][0], &container);
        scene.find().remove(0)
    }

    fn env(name: &str) -> Value {
        json!({ "env": [{ "name": name, "value": "x" }] })
    }

    #[test]
    fn variable_that_the_template_does_not_set_is_told_with_the_one_that_it_sets() {
        let trace = [
            "Traceback (most recent call last):",
            "  File \"/app/run.py\", line 5, in <module>",
            "    url = os.environ[\"DATABASE_URL\"]",
            "KeyError: 'DATABASE_URL'",
        ];
        let told = found(env("DATABSE_URL"), &trace);
        assert!(told.verdict.contains("wants variable DATABASE_URL") && told.verdict.contains("it sets DATABSE_URL"));
        let change = &told.fixes[0].call.as_ref().unwrap().argument;
        assert_eq!(change, "spec.template.spec.containers[name=worker].env[name=DATABSE_URL].name=DATABASE_URL");
        assert!(found(env("DATABASE_URL"), &trace).verdict.contains("ended with exit code"), "it is set");
        let of_a_dictionary = ["Traceback (most recent call last):", "    row['PRICE']", "KeyError: 'PRICE'"];
        assert!(!found(env("X"), &of_a_dictionary).verdict.contains("wants variable"));
        for line in [
            "sh: INPUT_PATH: parameter not set",
            "/run.sh: line 3: INPUT_PATH: unbound variable",
            "sh: INPUT_PATH: must be set",
            "Error: Missing required environment variable: INPUT_PATH",
            "Env var required but not provided: 'INPUT_PATH'",
            "ERROR INPUT_PATH is not set",
            "KeyError: key not found: \"INPUT_PATH\"",
        ] {
            let told = found(json!({}), &["start", line]);
            assert!(told.verdict.contains("wants variable INPUT_PATH, which its template does not set"), "{line}");
        }
        let own = json!({ "command": ["sh", "-uc", "for INPUT_PATH in $LIST; do :; done; echo $INPUT_PATH"] });
        assert!(!found(own, &["sh: INPUT_PATH: parameter not set"]).verdict.contains("wants variable"));
        for line in
            ["ERROR HTTP_404 is what the server says", "ERROR row 7: PRICE is missing", "ERROR FOO_BAR is locked"]
        {
            assert!(!found(json!({}), &["start", line]).verdict.contains("wants variable"), "{line}");
        }
    }

    #[test]
    fn index_is_for_indexed_jobs_alone() {
        let told = found(json!({}), &["sh: JOB_COMPLETION_INDEX: parameter not set"]);
        assert!(told.verdict.contains("only Jobs with completionMode Indexed"), "{}", told.verdict);
        assert_eq!(told.fixes[0].call.as_ref().unwrap().argument, "spec.completionMode=Indexed");
    }

    #[test]
    fn sources_of_variables_are_looked_through() {
        let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings", "namespace": "batch" },
            "data": { "URL": "x" } });
        let line = "ERROR DB_URI is not set";
        let with = |container: Value| {
            let mut scene = Scene::ended(1, "Error").tail("etl-a", &[line]).with(map.clone());
            json_patch::merge(&mut scene.job()["spec"]["template"]["spec"]["containers"][0], &container);
            scene.find().remove(0).verdict
        };
        let told = with(json!({ "envFrom": [{ "prefix": "DB_", "configMapRef": { "name": "settings" } }] }));
        assert!(told.contains("ConfigMap settings, from which it takes its variables, has DB_URL"), "{told}");
        let told = with(json!({ "envFrom": [{ "secretRef": { "name": "login" } }] }));
        assert!(told.contains("may be meant to come from Secret login"), "{told}");
        let optional = json!({ "configMapKeyRef": { "name": "settings", "key": "uri", "optional": true } });
        let told = with(json!({ "env": [{ "name": "DB_URI", "valueFrom": optional }] }));
        assert!(told.contains("key uri of ConfigMap settings") && told.contains("optional"), "{told}");
    }
}

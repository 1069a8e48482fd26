//! What holds the house up: which module may import which, and the README's tables in step with the registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubatch::manifest::lint::{self, Lint};

use crate::Local;

pub const TESTS: &[Local] = &[
    Local { name: "tidy::modules_import_only_what_they_may", run: modules_import_only_what_they_may },
    Local { name: "tidy::only_connect_knows_the_embedded_cluster", run: only_connect_knows_the_embedded_cluster },
    Local { name: "tidy::modules_say_what_they_own", run: modules_say_what_they_own },
    Local { name: "tidy::long_files_say_why", run: long_files_say_why },
    Local { name: "tidy::readme_has_what_is_generated", run: readme_has_what_is_generated },
];

/// Which modules each module may import. The table in `src/lib.rs` says the same in words.
const MAY_IMPORT: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("state_file", &[]),
    ("manifest_file", &[]),
    ("config", &[]),
    ("manifest", &["model"]),
    ("triage", &["model"]),
    ("demo", &["model"]),
    ("cluster", &["manifest", "model", "demo"]),
    ("command", &["manifest", "model"]),
    ("app", &["command", "manifest", "model", "triage"]),
    ("view", &["app", "command", "manifest", "model", "triage"]),
    ("tui", &["app", "view", "cluster", "command", "manifest", "manifest_file", "model", "state_file"]),
    (
        "cli",
        &[
            "tui",
            "app",
            "cluster",
            "command",
            "config",
            "demo",
            "manifest",
            "manifest_file",
            "model",
            "state_file",
            "triage",
        ],
    ),
    ("main.rs", &["cli"]),
];

/// Source files by their path below `src`, with their text.
fn sources() -> BTreeMap<PathBuf, String> {
    fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, String>, root: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found, root);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(root).unwrap().to_owned(), text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    collect(&root, &mut found, &root);
    found
}

/// The modules of ours that a text names by `crate::…` or `kubatch::…`.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in code {
        for marker in ["crate::", "kubatch::"] {
            for (at, _) in line.match_indices(marker) {
                let rest = &line[at + marker.len()..];
                let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                found.push(name.to_owned());
            }
        }
    }
    found
}

fn modules_import_only_what_they_may() {
    for (path, text) in sources() {
        let module = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let key = if module == "main" { "main.rs" } else { module.as_str() };
        let (_, allowed) =
            MAY_IMPORT.iter().find(|(name, _)| *name == key).unwrap_or_else(|| panic!("{module} is new"));
        for name in imports(&text) {
            let is_fine = name == module || name.is_empty() || allowed.contains(&name.as_str());
            assert!(is_fine, "{} imports {name}, which {module} may not", path.display());
        }
    }
}

fn only_connect_knows_the_embedded_cluster() {
    for (path, text) in sources() {
        let is_cluster = path.starts_with("cluster") && path != Path::new("cluster/connect.rs");
        assert!(!(is_cluster && imports(&text).contains(&"demo".to_owned())), "{}", path.display());
    }
}

fn modules_say_what_they_own() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not begin with what it is for", path.display());
    }
}

/// Lines of code from which on a file needs a reason, which stands at its top as "Long because …".
const LONG: usize = 500;

fn long_files_say_why() {
    for (path, text) in sources().into_iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let lines = text.lines().count();
        let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(lines <= LONG || head.contains("Long because"), "{} has {lines} lines", path.display());
    }
}

/// The keys and commands as the README has them.
fn table() -> String {
    let mut table = "| key | palette | what it does |\n|---|---|---|\n".to_owned();
    for scope in kubatch::command::Scope::ALL {
        table += &format!("| | | **{}** |\n", scope.title());
        for spec in kubatch::command::all().filter(|spec| spec.scope == scope) {
            let keys: Vec<String> = spec.keys.iter().map(|key| format!("`{key}`")).collect();
            let words: Vec<String> = spec.words.iter().map(|word| format!("`:{word}`")).collect();
            table += &format!("| {} | {} | {} |\n", keys.join(" "), words.join(" "), spec.help);
        }
    }
    table
}

/// What each key of the configuration is for.
const CONFIGURATION: [(&str, &str); 8] = [
    ("lint.off", "rules that `kubatch lint`, the editor and the notes on pages leave out, by number or name"),
    (
        "logs.disk",
        "bytes on disk for log lines beyond `logs.memory`; what is more is dropped, oldest first, with a mark",
    ),
    ("logs.memory", "bytes of memory for log lines, as a Kubernetes quantity"),
    ("logs.streams", "logs that are followed at once; the newest pods of a subject come first"),
    (
        "notify",
        "how you are called when a Job that you wait for ends: `bell`, `osc9`, `osc99`, `osc777` (each with a bell), \
         `none`; `auto` goes by the terminal's name",
    ),
    ("protected", "contexts, `*` for any characters, in which a change needs the context's name typed"),
    ("readonly", "`true` lets no request out that could change anything, as `--readonly`"),
    ("theme", "`dark`, `light` or `auto`, as `--theme`"),
];

/// The keys of the configuration as the README has them, with the defaults of the code.
fn configuration() -> String {
    fn leaves(value: &serde_json::Value, above: &str, found: &mut Vec<(String, String)>) {
        for (key, value) in value.as_object().unwrap() {
            match value {
                serde_json::Value::Object(_) => leaves(value, &format!("{above}{key}."), found),
                value => found.push((format!("{above}{key}"), value.to_string().replace('"', ""))),
            }
        }
    }
    let mut keys = Vec::new();
    leaves(&serde_json::to_value(kubatch::config::Config::default()).unwrap(), "", &mut keys);
    let told: Vec<&str> = CONFIGURATION.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), told, "a key is told of in no words");
    let rows = keys.iter().zip(CONFIGURATION);
    let rows: String =
        rows.map(|((key, default), (_, words))| format!("| `{key}` | `{default}` | {words} |\n")).collect();
    format!("| key | default | what it is for |\n|---|---|---|\n{rows}")
}

/// The rules of the linter as the README has them.
fn rules() -> String {
    let mut lints: Vec<_> = lint::all().collect();
    lints.sort_by_key(|lint| lint.id);
    let row = |lint: &Lint| format!("| {} | `{}` | {} | {} |\n", lint.id, lint.name, lint.severity.word(), lint.help);
    let rows: String = lints.into_iter().map(row).collect();
    format!("\n| rule | name | severity | what it is about |\n|---|---|---|---|\n{rows}\n")
}

fn readme_has_what_is_generated() {
    holds("<!-- rules: generated -->\n", "<!-- end of rules -->", &rules());
    holds("<!-- keys: generated -->\n", "<!-- end -->", &table());
    holds("<!-- configuration: generated -->\n", "<!-- end of configuration -->", &configuration());
}

/// The README has this between the marks; with UPDATE it is written there.
fn holds(begin: &str, end: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(begin).expect("the README has the mark where the part begins");
    let (found, after) = rest.split_once(end).expect("the README has the mark where the part ends");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(
            found, wanted,
            "the README is out of date; UPDATE=1 cargo test --test it -- tidy writes what is generated"
        );
    }
}

//! The binary without a terminal: what cannot be used is told on stderr in a sentence with the next step, exit code 2.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::Local;
use crate::support::terminal::BINARY;

pub const TESTS: &[Local] = &[
    Local { name: "cli::no_terminal_is_refused", run: no_terminal_is_refused },
    Local { name: "cli::unknown_flag_is_refused", run: unknown_flag_is_refused },
    Local {
        name: "cli::kubeconfigs_that_cannot_be_read_are_refused",
        run: kubeconfigs_that_cannot_be_read_are_refused,
    },
    Local { name: "cli::files_that_are_no_kubeconfig_are_refused", run: files_that_are_no_kubeconfig_are_refused },
    Local {
        name: "cli::unknown_names_are_told_with_those_there_are",
        run: unknown_names_are_told_with_those_there_are,
    },
    Local {
        name: "cli::kubeconfig_of_the_environment_is_checked_too",
        run: kubeconfig_of_the_environment_is_checked_too,
    },
    Local { name: "cli::several_kubeconfigs_are_merged", run: several_kubeconfigs_are_merged },
    Local { name: "cli::configuration_that_cannot_be_used_is_refused", run: configuration_is_checked },
    Local { name: "cli::kubeconfig_may_be_a_pipe", run: kubeconfig_may_be_a_pipe },
];

const USABLE: &str = "
apiVersion: v1
kind: Config
contexts: [{name: prod, context: {cluster: eu, user: admin}}, {name: dev, context: {cluster: eu, user: admin}}]
clusters: [{name: eu, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: admin, user: {token: secret-token}}]
current-context: prod
";

/// What is told of a kubeconfig that is usable: the next thing that is missing.
const NO_TERMINAL: &str = "kubatch needs a terminal";

/// A path for a test's files, emptied.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Runs kubatch without a terminal and with no kubeconfig but those given.
fn kubatch(kubeconfig: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", folder("no-home")).args(arguments);
    if let Some(list) = kubeconfig {
        command.env("KUBECONFIG", list);
    }
    command.output().unwrap()
}

/// What a refusal says: one line on stderr, nothing on stdout, exit code 2.
fn told(output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(output.stdout.is_empty());
    assert!(told.starts_with("kubatch: ") && told.lines().count() == 1, "{told}");
    assert!(told.contains("; "), "there is no next step: {told}");
    assert!(!told.contains("secret-token"), "{told}");
    told
}

fn no_terminal_is_refused() {
    let told = told(&kubatch(None, &[]));
    assert!(told.contains(NO_TERMINAL) && told.contains("ssh -t") && told.contains("kubectl get jobs"), "{told}");
}

fn unknown_flag_is_refused() {
    let output = kubatch(None, &["--colour"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("--colour"), "{told}");
}

fn kubeconfigs_that_cannot_be_read_are_refused() {
    let folder = folder("kubeconfig-unreadable");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(path("two"), path("one")).unwrap();
    std::os::unix::fs::symlink(path("one"), path("two")).unwrap();
    // Longer than is read, with no byte on the disk.
    std::fs::File::create(path("huge")).unwrap().set_len(1 << 40).unwrap();
    std::fs::write(path("binary"), [0xC3, 0x28, 0xFE]).unwrap();
    let cases = [
        (path("missing"), "no such file"),
        (path(""), "it is a folder"),
        (path("one"), "too many levels of symbolic links"),
        (path("huge"), "larger than 16 MiB"),
        (path("binary"), "utf-8"),
        ("/dev/zero".to_owned(), "larger than 16 MiB"),
        // Not even root can read it at its beginning.
        ("/proc/self/mem".to_owned(), "input/output error"),
    ];
    for (file, expected) in cases {
        let told = told(&kubatch(None, &["--kubeconfig", &file]));
        assert!(told.to_lowercase().contains(&expected.to_lowercase()) && told.contains(&file), "{expected}: {told}");
    }
}

fn files_that_are_no_kubeconfig_are_refused() {
    let folder = folder("kubeconfig-odd");
    let path = folder.join("config").to_str().unwrap().to_owned();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    let cases = [
        ("", "has no context"),
        ("# nothing\n", "has no context"),
        ("just text: [", "cannot use"),
        ("- a\n- list\n", "cannot use"),
        ("contexts: secret-token", "cannot use"),
        ("{apiVersion: v1, kind: Config}", "has no context"),
        (&format!("{USABLE}\n{bomb}"), "cannot use"),
        (&USABLE.replace("current-context: prod", ""), "no current context; there are prod, dev"),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let told = told(&kubatch(None, &["--kubeconfig", &path]));
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

fn unknown_names_are_told_with_those_there_are() {
    let path = folder("kubeconfig-names").join("config");
    std::fs::write(&path, USABLE).unwrap();
    let path = path.to_str().unwrap();
    let cases = [
        (["--context", "nowhere"], "no context nowhere; there are prod, dev"),
        (["--cluster", "us"], "no cluster us; there are eu"),
        (["--user", "root"], "no user root; there are admin"),
    ];
    for (flags, expected) in cases {
        let told = told(&kubatch(Some(path), &flags));
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let without = told(&kubatch(None, &["--context", "prod"]));
    assert!(without.contains("there is no kubeconfig"), "{without}");
}

fn kubeconfig_of_the_environment_is_checked_too() {
    let folder = folder("kubeconfig-environment");
    let path = folder.join("config").to_str().unwrap().to_owned();
    std::fs::write(&path, "[").unwrap();
    assert!(told(&kubatch(Some(&path), &[])).contains("cannot use"));
    // What the list names and does not exist is passed over, as by kubectl; then there is simply none.
    let missing = folder.join("missing").to_str().unwrap().to_owned();
    assert!(told(&kubatch(Some(&missing), &[])).contains(NO_TERMINAL));
}

fn several_kubeconfigs_are_merged() {
    let folder = folder("kubeconfig-merged");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name).to_str().unwrap().to_owned()
    };
    let first = write("first", "current-context: far\ncontexts: [{name: far, context: {cluster: eu, user: admin}}]");
    let second = write("second", USABLE);
    let list = format!("{first}:/nowhere:{second}");
    assert!(told(&kubatch(Some(&list), &[])).contains(NO_TERMINAL), "the clusters of the second file count");
    let told = told(&kubatch(Some(&list), &["--context", "x"]));
    assert!(told.contains("there are far, prod, dev"), "{told}");
}

fn configuration_is_checked() {
    let folder = folder("configuration");
    let path = folder.join("config.yaml").to_str().unwrap().to_owned();
    assert!(told(&kubatch(None, &["--config", &path])).contains("no such file"));
    for (text, expected) in [("theme: dark\nlogs:\n  memory: lots\n", "config.yaml:3: "), ("[", "config.yaml:")] {
        std::fs::write(&path, text).unwrap();
        let told = told(&kubatch(None, &["--config", &path]));
        assert!(told.contains(expected), "{told}");
    }
    std::fs::write(&path, "nonsense: 1\n").unwrap();
    assert!(told(&kubatch(None, &["--config", &path])).contains(NO_TERMINAL), "unknown keys are told of in the app");
}

fn kubeconfig_may_be_a_pipe() {
    let mut command = Command::new("bash");
    let script = "exec \"$0\" --kubeconfig <(printf '%s' \"$1\") --context \"$2\"";
    let run = |command: &mut Command, context: &str| {
        let output = command.env_remove("KUBECONFIG").args(["-c", script, BINARY, USABLE, context]).output().unwrap();
        told(&output)
    };
    assert!(run(&mut command, "dev").contains(NO_TERMINAL));
    let told = run(&mut Command::new("bash"), "x");
    assert!(told.contains("there are prod, dev"), "{told}");
}

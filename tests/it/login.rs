//! What a session keeps and what it begins anew: logins that run out while the binary runs in a pseudo-terminal: renewed by themselves where that is possible, asked
//! for outside the full screen where it is not.

use std::path::{Path, PathBuf};

use portable_pty::CommandBuilder;

use crate::Local;
use crate::support::server::Server;
use crate::support::terminal::{BINARY, Terminal};

pub const TESTS: &[Local] = &[
    Local { name: "login::asks_outside_the_screen_on_a_key", run: asks_outside_the_screen_on_a_key },
    Local { name: "login::refused_login_is_renewed_with_everything_kept", run: refused_login_is_renewed },
    Local { name: "login::login_that_runs_out_is_renewed_before", run: login_that_runs_out_is_renewed_before },
    Local { name: "login::token_in_the_kubeconfig_is_read_again", run: token_in_the_kubeconfig_is_read_again },
    Local { name: "login::ctrl_c_ends_the_helper_alone", run: ctrl_c_ends_the_helper_alone },
    Local { name: "login::namespaces_that_worked_are_remembered", run: namespaces_that_worked_are_remembered },
    Local { name: "login::kubeconfig_from_a_pipe_lasts", run: kubeconfig_from_a_pipe_lasts },
    Local { name: "login::proxy_of_the_environment_is_used", run: proxy_of_the_environment_is_used },
    Local { name: "login::login_that_is_good_after_all_needs_no_helper", run: good_after_all },
    Local { name: "login::context_does_not_change_by_itself", run: context_does_not_change_by_itself },
];

/// A folder for one test, emptied.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("login").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Writes a kubeconfig for the server, whose user is this.
fn kubeconfig(folder: &Path, server: &str, user: &str) -> PathBuf {
    let path = folder.join("config");
    let text = format!(
        "contexts: [{{name: one, context: {{cluster: c, user: u}}}}]
current-context: one
clusters: [{{name: c, cluster: {{server: '{server}'}}}}]
users: [{{name: u, user: {user}}}]
"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// A user whose login helper is this script; it notes each of its runs.
fn helper(folder: &Path, script: &str) -> String {
    let path = folder.join("helper");
    std::fs::write(&path, format!("cd '{}'\necho run >>runs\n{script}\n", folder.display())).unwrap();
    let (version, path) = ("client.authentication.k8s.io/v1", path.display());
    format!("{{exec: {{apiVersion: {version}, command: sh, args: ['{path}'], interactiveMode: IfAvailable}}}}")
}

const PRINT: &str = r#"printf '{"kind":"ExecCredential","status":{"token":"%s"%s}}' "$token" "$end""#;

fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).unwrap_or_default().lines().count()
}

fn open(config: &Path) -> Terminal {
    Terminal::kubatch((120, 40), Some(config), &[])
}

fn asks_outside_the_screen_on_a_key() {
    let (folder, server) = (folder("asks"), Server::start("opensesame"));
    let asking = format!(
        r#"case "$KUBERNETES_EXEC_INFO" in
        *'"interactive":true'*) printf 'your code: ' >&2; read token; {PRINT};;
        *) echo 'the session has expired' >&2; exit 1;;
        esac"#
    );
    let mut terminal = open(&kubeconfig(&folder, &server.address, &helper(&folder, &asking)));
    let screen = terminal.shows("cannot log in: sh failed: the session has expired");
    assert!(screen.contains("press L to log in") && screen.contains("retrying"), "{screen}");
    assert!(screen.starts_with(" kubatch  one "), "the context is known without a login:\n{screen}");
    terminal.press("L");
    terminal.shows("your code: ");
    assert!(!terminal.is_full_screen());
    terminal.press("opensesame\r");
    terminal.shows("from-the-server");
    terminal.shows("● live");
    assert!(terminal.is_full_screen());
    terminal.press("?");
    terminal.shows("Keys and commands");
}

fn refused_login_is_renewed() {
    let (folder, server) = (folder("refused"), Server::start("first"));
    std::fs::write(folder.join("token"), "first").unwrap();
    let user = helper(&folder, &format!("token=$(cat token); {PRINT}"));
    let mut terminal = open(&kubeconfig(&folder, &server.address, &user));
    terminal.shows("from-the-server");
    terminal.shows("● live");
    assert_eq!(runs(&folder), 1, "one login is one run");
    terminal.press("z");
    terminal.hides("[6] Logs");
    server.accept("second");
    let screen = terminal
        .wait("that the login is refused", |screen| screen.contains("Unauthorized") && screen.contains("press L"));
    assert!(screen.contains("from-the-server") && screen.contains("stale"), "{screen}");
    std::fs::write(folder.join("token"), "second").unwrap();
    terminal.shows("● live");
    let screen = terminal.hides("stale");
    assert!(screen.contains("from-the-server") && !screen.contains("[6] Logs"), "what was chosen is lost:\n{screen}");
}

fn login_that_runs_out_is_renewed_before() {
    let (folder, server) = (folder("ends"), Server::start("good"));
    // Past its end already: the server here does not mind, and the next login is due as soon as one may be.
    let ending = format!(r#"token=good; end=',"expirationTimestamp":"2020-01-01T00:00:00Z"'; {PRINT}"#);
    let terminal = open(&kubeconfig(&folder, &server.address, &helper(&folder, &ending)));
    terminal.shows("● live");
    terminal.wait("a second login", |screen| {
        assert!(screen.contains("● live"), "{screen}");
        runs(&folder) == 2
    });
}

fn token_in_the_kubeconfig_is_read_again() {
    let (folder, server) = (folder("token"), Server::start("first"));
    let config = kubeconfig(&folder, &server.address, "{token: first}");
    let mut terminal = open(&config);
    terminal.shows("● live");
    server.accept("second");
    terminal.shows("Unauthorized");
    kubeconfig(&folder, &server.address, "{token: second}");
    terminal.press("L");
    terminal.shows("● live");
    terminal.hides("stale");
}

fn ctrl_c_ends_the_helper_alone() {
    let (folder, server) = (folder("interrupt"), Server::start("good"));
    let asking =
        r#"case "$KUBERNETES_EXEC_INFO" in *'"interactive":true'*) echo asking >&2; read token;; esac; exit 1"#;
    let mut terminal = open(&kubeconfig(&folder, &server.address, &helper(&folder, asking)));
    terminal.shows("press L");
    terminal.press("L");
    terminal.shows("asking");
    terminal.press("\x03");
    terminal.shows("not log in");
    assert!(terminal.is_full_screen());
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

fn context_does_not_change_by_itself() {
    let (folder, server) = (folder("context"), Server::start("first"));
    let config = kubeconfig(&folder, &server.address, "{token: first}");
    let mut terminal = open(&config);
    terminal.shows("● live");
    let other = Server::start("other");
    kubeconfig(&folder, &other.address, "{token: other}");
    terminal.press("L");
    let screen = terminal.shows("context one leads to another server now");
    assert!(screen.contains(":ctx one") && screen.contains("from-the-server"), "{screen}");
}

fn namespaces_that_worked_are_remembered() {
    let (folder, server) = (folder("remembered"), Server::start("good"));
    let config = kubeconfig(&folder, &server.address, "{token: good}");
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "XDG_STATE_HOME=\"$1\" exec \"$0\" -n data,ml", BINARY, folder.to_str().unwrap()]);
    let mut terminal = Terminal::start((120, 40), command, Some(&config));
    terminal.shows("● live");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    let text = std::fs::read_to_string(folder.join("kubatch/state.yaml")).unwrap();
    let state: kubatch::state_file::State = serde_yaml::from_str(&text).unwrap();
    let mut names = state.namespaces["one"].clone();
    names.sort();
    assert_eq!(names, ["data", "ml"], "{text}");
}

fn kubeconfig_from_a_pipe_lasts() {
    let (folder, server) = (folder("pipe"), Server::start("good"));
    let config = kubeconfig(&folder, &server.address, "{token: good}");
    let scripts = ["exec \"$0\" --kubeconfig <(cat \"$1\")", "KUBECONFIG=<(cat \"$1\") exec \"$0\""];
    for script in scripts {
        let mut command = CommandBuilder::new("bash");
        command.args(["-c", script, BINARY, config.to_str().unwrap()]);
        let mut terminal = Terminal::start((120, 40), command, None);
        terminal.shows("from-the-server");
        // A new session and a new login read it again.
        terminal.press(":ctx one\r");
        terminal.shows("from-the-server");
        terminal.shows("● live");
        server.accept("another");
        terminal.shows("Unauthorized");
        server.accept("good");
        terminal.hides("stale");
        terminal.shows("● live");
    }
}

fn proxy_of_the_environment_is_used() {
    let folder = folder("proxy");
    let config = kubeconfig(&folder, "http://kube.example:6443", "{token: good}");
    let open = |proxy: &Server, without: &str| {
        let mut command = CommandBuilder::new("sh");
        let script = "HTTP_PROXY=\"$1\" NO_PROXY=\"$2\" exec \"$0\"";
        command.args(["-c", script, BINARY, &proxy.address, without]);
        Terminal::start((120, 40), command, Some(&config))
    };
    let proxy = Server::start("good");
    let terminal = open(&proxy, "other.example");
    terminal.shows("from-the-server");
    assert!(proxy.tunnels().iter().all(|line| line == "CONNECT kube.example:6443 HTTP/1.1"), "{:?}", proxy.tunnels());
    let unused = Server::start("good");
    let terminal = open(&unused, ".example");
    terminal.wait("that there is no such server", |screen| screen.contains("cannot watch jobs"));
    assert_eq!(unused.tunnels(), [""; 0], "the proxy was asked in spite of NO_PROXY");
}

fn good_after_all() {
    let (folder, server) = (folder("good"), Server::start("good"));
    // It works once; from then on it would have to ask.
    let once = format!("test -e used && {{ echo 'no session' >&2; exit 1; }}; touch used; token=good; {PRINT}");
    let terminal = open(&kubeconfig(&folder, &server.address, &helper(&folder, &once)));
    terminal.shows("● live");
    server.accept("nobody's");
    terminal.shows("cannot log in: sh failed: no session");
    server.accept("good");
    terminal.shows("● live");
    terminal.hides("stale");
}

//! What leaves the log pane, in a pseudo-terminal: lines saved to files, given to a pager, and written away where memory
//! is small.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kubatch::demo::{Demo, serve};
use portable_pty::CommandBuilder;

use crate::Local;
use crate::scenarios;
use crate::support::PATIENCE;
use crate::support::cluster::runtime;
use crate::support::terminal::{BINARY, Terminal};

pub const TESTS: &[Local] = &[
    Local { name: "log_files::log_is_saved_and_never_over_a_file_unasked", run: log_is_saved },
    Local { name: "log_files::pager_has_the_terminal_and_gives_it_back", run: pager_round_trip },
    Local { name: "log_files::what_memory_does_not_hold_is_read_back", run: spill },
    Local { name: "log_files::lines_are_dropped_where_there_is_no_room", run: no_room },
];

/// A Job whose pod logs, a folder of its own, and kubatch in it.
struct Bench {
    demo: Demo,
    folder: PathBuf,
    terminal: Terminal,
    server: tokio::task::JoinHandle<()>,
}

impl Bench {
    /// Starts it in a new folder, which is its home too, with these variables.
    fn start(name: &str, variables: &[&str], config: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join(".config/kubatch")).unwrap();
        std::fs::write(folder.join(".config/kubatch/config.yaml"), config).unwrap();
        let demo = Demo::default();
        scenarios::running(&demo, "talk");
        say(&demo, "line 0");
        let listener = runtime().block_on(serve::listen(([127, 0, 0, 1], 0).into())).unwrap();
        let kubeconfig = folder.join("kubeconfig.yaml");
        std::fs::write(&kubeconfig, serve::kubeconfig(listener.local_addr().unwrap())).unwrap();
        let server = runtime().spawn(serve::serve(demo.clone(), listener));
        let mut command = CommandBuilder::new("env");
        command.arg(format!("HOME={}", folder.display()));
        command.args(variables);
        command.arg(BINARY);
        command.cwd(&folder);
        let terminal = Terminal::start((160, 48), command, Some(&kubeconfig));
        terminal.shows("line 0");
        Self { demo, folder, terminal, server }
    }

    /// The text of a file in the folder, once it is as long as wanted.
    fn file(&self, name: &str, least: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            if text.len() >= least {
                return text;
            }
            assert!(Instant::now() < deadline, "{name} holds {text:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes lines of a hundred bytes, and waits until the last is on screen.
    fn write_lines(&self, count: usize) {
        let filler = "x".repeat(80);
        (1..=count).for_each(|number| say(&self.demo, &format!("line {number} {filler}")));
        self.terminal.shows(&format!("line {count} "));
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn say(demo: &Demo, text: &str) {
    demo.write_log("data", "talk-abcde", "main", &format!("2026-11-21T03:00:01Z {text}"));
}

fn log_is_saved() {
    let mut bench = Bench::start("log-saved", &[], "");
    say(&bench.demo, "raw \x1b[31mred\x1b[0m \x07");
    bench.terminal.shows("red");
    bench.terminal.press("6S");
    bench.terminal.shows("save to");
    bench.terminal.press("\r");
    let path = bench.folder.join("job-talk.log");
    bench.terminal.shows("2 lines saved to /");
    let raw = "line 0\nraw \x1b[31mred\x1b[0m \x07\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), raw, "it is what came, and nothing else");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    std::fs::write(&path, "mine").unwrap();
    bench.terminal.press("S\r");
    bench.terminal.shows("it is there already; enter replaces it");
    bench.terminal.press("\x1b");
    bench.terminal.hides("enter replaces it");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    bench.terminal.press("S\r");
    bench.terminal.shows("enter replaces it");
    bench.terminal.press("\r");
    bench.terminal.shows("2 lines saved to /");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), raw);

    bench.terminal.press(&format!("S{}/no/such/a.log\r", "\x7f".repeat("job-talk.log".len())));
    bench.terminal.shows("no such folder");
}

fn pager_round_trip() {
    // The shell itself waits at the end: one that is told to end while it begins a command may miss it.
    let pager = "PAGER=cat > paged; echo now type; read word < /dev/tty; echo $word > word; read never < /dev/tty";
    let mut bench = Bench::start("log-paged", &[pager], "");
    say(&bench.demo, "calm \x1b]0;owned\x07");
    bench.terminal.shows("calm");
    bench.terminal.press("6P");
    bench.terminal.shows("now type");
    assert!(!bench.terminal.is_full_screen());
    bench.terminal.press("hello\r");
    assert_eq!(bench.file("word", 6), "hello\n");
    assert_eq!(bench.file("paged", 10), "line 0\ncalm ␛]0;owned␇\n");
    // It ends the pager's command and not kubatch.
    bench.terminal.press("\x03");
    bench.terminal.shows("● live");
    assert!(bench.terminal.is_full_screen());
    bench.terminal.press("j?");
    bench.terminal.shows("Keys and commands");
}

/// Files without a name in a folder that a process has open.
fn nameless_files(process: u32, folder: &Path) -> usize {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.filter(|path| path.starts_with(folder) && path.to_string_lossy().ends_with("(deleted)")).count()
}

fn spill() {
    let mut bench = Bench::start("log-spilled", &["A=b"], "logs: {memory: 128Ki, nonsense: 1}\n");
    bench.terminal.shows("config.yaml has a key that nothing is known of: logs.nonsense");
    bench.write_lines(20_000);
    bench.terminal.press("6z");
    let state = bench.folder.join(".local/state/kubatch");
    assert_eq!(nameless_files(bench.terminal.process(), &state), 1);
    bench.terminal.press("g");
    bench.terminal.wait("the first line", |screen| screen.contains("line 0") && screen.contains("line 9 "));
    bench.terminal.press("/line 12345 \r");
    bench.terminal.shows("line 12340 ");
    bench.terminal.press("S\r");
    bench.terminal.shows("20001 lines saved to /");
    let saved = bench.file("job-talk.log", 1_000_000);
    let numbers = saved.lines().map(|line| line.split(' ').nth(1).unwrap().parse::<usize>().unwrap());
    assert!(numbers.eq(0..=20_000), "every line is there once, in order");
    let folder = bench.folder.clone();
    drop(bench);
    let left: Vec<_> = std::fs::read_dir(folder.join(".local/state/kubatch")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "state.yaml"), "{left:?}");
}

fn no_room() {
    // A plain file stands where the folder would be.
    let mut bench = Bench::start("log-no-room", &["XDG_STATE_HOME=/dev/null"], "logs: {memory: 128Ki}\n");
    bench.write_lines(20_000);
    bench.terminal.shows("the oldest lines of logs are dropped");
    bench.terminal.press("6zg");
    bench.terminal.hides("line 20000 ");
    let screen = bench.terminal.shows("line 1");
    assert!(!screen.contains("line 0"), "{screen}");
}

//! The whole program in a pseudo-terminal, on a Job that writes a million lines: keys while they come, what they cost
//! in memory, search and scrolling once they are there.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use kube::Client;
use portable_pty::CommandBuilder;

use crate::at;
use crate::terminal::Terminal;
use crate::writer::{NAMESPACE, Writer, line};

/// Lines of the log.
const LINES: usize = 1_000_000;
/// Seconds from the Job's creation to its first line: the pane shows its log by then.
const WAIT: u64 = 10;
/// From the first line on, before keys are pressed: the screen is full.
const SETTLE: Duration = Duration::from_secs(1);
/// How long keys are pressed while the pod writes, which takes it longer.
const WATCHED: Duration = Duration::from_secs(6);
/// The time between two keys; no multiple of the time between two frames.
const KEYS: Duration = Duration::from_millis(37);
/// A screen up, ctrl-b, and down, ctrl-f.
const UP: &str = "\x02";
const DOWN: &str = "\x06";
/// Keys at each place.
const PRESSED: usize = 100;

pub async fn measure(client: &Client, kubeconfig: &Path) {
    let writer = Writer::start(client, "million", LINES, WAIT).await;
    let mut pane = Pane(Terminal::kubatch((120, 40), Some(kubeconfig), &["-n", NAMESPACE]), Echo::start());
    pane.0.shows("million");
    pane.0.press("l");
    pane.0.shows("Logs of job/million");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let empty = pane.memory("VmRSS");
    let begin = writer.begin.duration_since(SystemTime::now()).expect("the pane is there before the first line");
    tokio::time::sleep(begin + SETTLE).await;
    pane.page(UP);
    pane.scroll("keys while lines come", [UP, DOWN], |_, since| since < WATCHED);
    pane.0.press("G");
    pane.0.shows(&line(LINES));
    let text = (LINES * line(0).len()) as f64 / f64::from(1 << 20);
    let peak = pane.memory("VmHWM") - empty;
    println!("{LINES} lines, {text:.1} MB, cost {peak:.1} MB at most: {:.2} bytes for each byte", peak / text);
    writer.end(client).await;
    pane.page(UP);
    pane.scroll("scrolling at the end", [UP, DOWN], |keys, _| keys < PRESSED);
    pane.search();
    pane.scroll("scrolling in the middle", [UP, DOWN], |keys, _| keys < PRESSED);
    pane.0.press("g");
    pane.0.shows(&line(1));
    pane.page(DOWN);
    pane.scroll("scrolling at the start", [DOWN, UP], |keys, _| keys < PRESSED);
    pane.0.press("\x03");
    Writer::remove(client, &writer.job).await;
}

/// What a key costs on this machine at this moment: a program that does nothing but give back what it gets. The node
/// whose pod writes has the same processors.
struct Echo(Terminal);

impl Echo {
    fn start() -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", "stty raw -echo; printf ready; exec cat"]);
        let terminal = Terminal::start((80, 24), command, None);
        terminal.shows("ready");
        Self(terminal)
    }

    fn answer(&mut self) -> Duration {
        let before = self.0.wait("the answers before", |_| true);
        let pressed = Instant::now();
        self.0.press("k");
        self.0.wait("its own answer", |screen| screen != before);
        pressed.elapsed()
    }
}

struct Pane(Terminal, Echo);

impl Pane {
    /// Goes away from the end or the start, so that there are lines on both sides.
    fn page(&mut self, key: &str) {
        let before = self.0.wait("numbered lines", |screen| top(screen).is_some());
        self.0.press(key);
        self.0.wait("other lines", |screen| top(screen) != top(&before));
    }

    /// Presses keys that scroll, ten away and ten back, as long as told by how many there were and the time; tells how soon each was answered.
    fn scroll(&mut self, what: &str, [away, back]: [&str; 2], goes_on: impl Fn(usize, Duration) -> bool) {
        let (started, mut waits, mut echoes) = (Instant::now(), Vec::new(), Vec::new());
        while goes_on(waits.len(), started.elapsed()) {
            let before = self.0.wait("numbered lines", |screen| top(screen).is_some());
            let pressed = Instant::now();
            self.0.press(if waits.len() % 20 < 10 { away } else { back });
            self.0.wait("other lines", |screen| top(screen) != top(&before));
            waits.push(pressed.elapsed());
            std::thread::sleep(KEYS / 2);
            echoes.push(self.1.answer());
            std::thread::sleep(KEYS / 2);
        }
        told(what, &waits);
        told("  cat beside it", &echoes);
    }

    /// Looks for a line in the middle, and for one that is not there.
    fn search(&mut self) {
        let wanted = line(LINES / 2);
        let mut waits = Vec::new();
        let found = self.type_search(&wanted[..8], &mut waits);
        self.0.shows(&wanted);
        println!("{:24} {:6.1} ms from its last key on", "found in the middle", found.elapsed().as_secs_f64() * 1e3);
        self.0.press("\r");
        self.type_search("nowhere", &mut waits);
        self.0.press("\x1b");
        self.0.hides("text or /regex/");
        told("keys of a search", &waits);
        self.0.shows(&wanted);
    }

    /// Types what is looked for; when the last key was pressed.
    fn type_search(&mut self, text: &str, waits: &mut Vec<Duration>) -> Instant {
        self.0.press("/");
        self.0.shows("\n / ");
        let mut typed = String::from("\n / ");
        let mut pressed = Instant::now();
        for key in text.chars() {
            typed.push(key);
            pressed = Instant::now();
            self.0.press(&key.to_string());
            self.0.shows(&typed);
            waits.push(pressed.elapsed());
        }
        pressed
    }

    /// A figure of /proc/PID/status, in MB.
    fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.process())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

/// The number of the first numbered line on the screen.
fn top(screen: &str) -> Option<usize> {
    screen.lines().find_map(|line| line.strip_prefix("│ ")?.get(..8)?.parse().ok())
}

fn told(what: &str, waits: &[Duration]) {
    let [half, most, last] = [50, 99, 100].map(|percent| at(waits, percent).as_secs_f64() * 1e3);
    let (count, soon) = (waits.len(), waits.iter().filter(|wait| **wait <= Duration::from_millis(33)).count());
    println!(
        "{what:24} {half:6.1} ms median, {most:.1} ms at 99 %, {last:.1} ms at most ({soon} of {count} keys within 33 ms)"
    );
}

//! A program in a pseudo-terminal, with its screen read back.
#![allow(dead_code, reason = "the tests and the benchmark each use a part")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::PATIENCE;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_kubatch");

/// A program that runs in a pseudo-terminal. Dropping it ends it.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    /// What the program keeps from one run to the next is this run's alone.
    _home: tempfile::TempDir,
}

/// What came out.
struct Seen {
    screen: vt100::Parser,
    /// The bytes so far.
    written: Vec<u8>,
    has_ended: bool,
}

impl Seen {
    /// No frame is half drawn: what the program writes between the two marks of a synchronised update belongs together.
    fn is_whole(&self) -> bool {
        const MARK: &[u8] = b"\x1b[?2026";
        let last = self.written.windows(MARK.len() + 1).rfind(|bytes| bytes.starts_with(MARK));
        last.is_none_or(|mark| mark.ends_with(b"l"))
    }
}

impl Terminal {
    /// Starts kubatch with these arguments, and with no kubeconfig but the one given.
    pub fn kubatch(size: (u16, u16), kubeconfig: Option<&Path>, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(BINARY);
        command.args(arguments);
        Self::start(size, command, kubeconfig)
    }

    /// Starts a program in a terminal of this many columns and rows.
    pub fn start((columns, rows): (u16, u16), mut command: CommandBuilder, kubeconfig: Option<&Path>) -> Self {
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let home = tempfile::tempdir().unwrap();
        command.env("HOME", home.path());
        if let Some(path) = kubeconfig {
            command.env("KUBECONFIG", path);
        }
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let screen = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { screen, written: Vec::new(), has_ended: false }), Condvar::new()));
        let shared = seen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            loop {
                let read = reader.read(&mut bytes).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.screen.process(&bytes[..read]);
                seen.written.extend(&bytes[..read]);
                seen.has_ended = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { writer: pair.master.take_writer().unwrap(), master: pair.master, child, seen, _home: home }
    }

    /// Types text or control characters.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Changes the size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.seen.0.lock().unwrap().screen.screen_mut().set_size(nonzero(rows), nonzero(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until the screen is as wanted; fails with the screen otherwise.
    pub fn wait(&self, what: &str, is_met: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let text = seen.screen.screen().contents();
            if seen.is_whole() && is_met(&text) {
                return text;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.has_ended || left.is_zero() {
                panic!("the screen never showed {what}; it shows:\n{text}");
            }
            // What is waited for may be beside the screen, which says nothing where nothing changes on it.
            seen = self.seen.1.wait_timeout(seen, left.min(Duration::from_millis(100))).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    pub fn shows(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until a text is no longer on the screen.
    pub fn hides(&self, text: &str) -> String {
        self.wait(&format!("no {text}"), |screen| !screen.contains(text))
    }

    /// Presses a key that moves the cursor; the time until its mark stands elsewhere.
    pub fn answer(&mut self, key: &str) -> std::time::Duration {
        let marked = |screen: &str| -> Vec<usize> { screen.match_indices('▌').map(|(at, _)| at).collect() };
        let before = marked(&self.seen.0.lock().unwrap().screen.screen().contents());
        let pressed = Instant::now();
        self.press(key);
        self.wait("the cursor elsewhere", |screen| marked(screen) != before);
        pressed.elapsed()
    }

    /// How many bytes the program has written.
    pub fn written(&self) -> u64 {
        self.seen.0.lock().unwrap().written.len() as u64
    }

    /// What the program has written since it had written so many bytes.
    pub fn written_since(&self, before: u64) -> Vec<u8> {
        self.seen.0.lock().unwrap().written[before as usize..].to_vec()
    }

    /// Waits until the program has written this since it had written so many bytes.
    pub fn writes(&self, since: u64, wanted: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.written[since as usize..].windows(wanted.len()).any(|bytes| bytes == wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!seen.has_ended && !left.is_zero(), "{wanted:?} was never written");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// The alternate screen is in use.
    pub fn is_full_screen(&self) -> bool {
        self.seen.0.lock().unwrap().screen.screen().alternate_screen()
    }

    /// The terminal tells the program what the mouse does.
    pub fn tells_mouse(&self) -> bool {
        self.seen.0.lock().unwrap().screen.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Waits until it does, or does not any more.
    pub fn mouse_is_told(&self, is_wanted: bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.tells_mouse() != is_wanted {
            assert!(Instant::now() < deadline, "the mouse is told: {}", !is_wanted);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process that was started.
    pub fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end; the exit code.
    pub fn end(mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}

fn nonzero(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

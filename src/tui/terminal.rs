//! The terminal: entered once, restored whatever ends the program (SIGKILL aside).

use std::io::{BufWriter, Stdout, Write, stdout};
use std::sync::OnceLock;
use std::thread::ThreadId;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

/// Bytes of a frame that are written at once; a full screen of 200x60 is about 60 kB.
const WRITE_BUFFER: usize = 64 * 1024;

/// The terminal in full-screen use. Dropping it restores what was there.
pub(super) struct Screen(Terminal<CrosstermBackend<BufWriter<Stdout>>>);

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> std::io::Result<Self> {
        take().map(Self)
    }

    /// Draws one frame; the terminal shows it whole where it can.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> std::io::Result<()> {
        queue!(self.0.backend_mut(), BeginSynchronizedUpdate)?;
        self.0.draw(draw)?;
        queue!(self.0.backend_mut(), EndSynchronizedUpdate)?;
        Write::flush(self.0.backend_mut())
    }

    /// The terminal's size changed, perhaps to and fro: what it shows is not known, so everything is drawn anew.
    pub(super) fn resized(&mut self, width: u16, height: u16) -> std::io::Result<()> {
        self.0.resize(Rect::new(0, 0, width, height))
    }

    /// Gives a text to the terminal's clipboard (OSC 52), where the terminal takes it; it gives no answer.
    pub(super) fn copy(&mut self, text: &str) -> std::io::Result<()> {
        execute!(self.0.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave(&mut self) -> std::io::Result<()> {
        restore();
        Ok(())
    }

    /// Takes it again, to be drawn anew from nothing.
    pub(super) fn enter_again(&mut self) -> std::io::Result<()> {
        self.0 = take()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // In a panic the hook has done it: leaving the alternate screen a second time would move the cursor back over
        // the panic's words.
        if !std::thread::panicking() {
            restore();
        }
    }
}

/// Takes the terminal, with a memory of an empty screen: what was there before is wiped. (ratatui's own `clear` asks
/// the terminal where its cursor is, which not every terminal answers.)
fn take() -> std::io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    enable_raw_mode()?;
    let entered = execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, cursor::Hide);
    let writer = BufWriter::with_capacity(WRITE_BUFFER, stdout());
    let terminal = entered.and_then(|()| Terminal::new(CrosstermBackend::new(writer)));
    terminal.inspect_err(|_| restore())
}

/// Puts everything back that [`take`] changed. Errors are of no use here: the terminal may be gone.
fn restore() {
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// Writes a line for whoever looks at the terminal while it is not ours.
///
/// # Errors
/// Where the terminal cannot be written.
pub(super) fn say(line: &str) -> std::io::Result<()> {
    writeln!(stdout(), "{line}")
}

/// The thread that draws; set once.
static SCREEN_THREAD: OnceLock<ThreadId> = OnceLock::new();

/// From now on a panic on this thread restores the terminal before its message is printed; one on any other thread is
/// told to the loop instead, since the message would land on the screen that is still being drawn.
pub fn install_panic_hook(told: mpsc::Sender<String>) {
    SCREEN_THREAD.get_or_init(|| std::thread::current().id());
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if SCREEN_THREAD.get() == Some(&std::thread::current().id()) {
            restore();
            default(panic);
        } else {
            // A full channel holds four panics already; a fifth says nothing new.
            let _ = told.try_send(panic.to_string());
        }
    }));
}

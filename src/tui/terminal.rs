//! The terminal: entered once, restored whatever ends the program (SIGKILL aside).

use std::cell::RefCell;
use std::io::{Write, stdout};
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread::ThreadId;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

use super::clipboard::clipboard_sequence;
use super::multiplexer::Multiplexer;
use super::notify::{Call, notification};
use crate::app::Msg;

/// The terminal in full-screen use. Dropping it restores what was there.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Held>>,
    held: Held,
    /// The terminal tells what the mouse does.
    has_mouse: bool,
}

/// Has the terminal tell of buttons, of the wheel and of moves with a button held, in the form that knows no last
/// column (SGR); moves without a button, which crossterm's own sequence asks for too, would wake us in vain.
const TAKE_MOUSE: &str = "\x1b[?1002h\x1b[?1006h";

/// Has it tell nothing of the mouse, and select by itself again.
const LEAVE_MOUSE: &str = "\x1b[?1006l\x1b[?1002l";

/// What a frame writes, held until it is whole; a full screen of 200x60 is about 60 kB. Clones share it.
#[derive(Clone, Default)]
struct Held(Rc<RefCell<Frames>>);

#[derive(Default)]
struct Frames {
    /// What is written of the next one.
    bytes: Vec<u8>,
    /// How the last one left the cursor.
    cursor: Vec<u8>,
}

/// Shows the cursor, behind every cell of a frame that has one; its place follows (DECTCEM).
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";

impl Held {
    /// Takes the frame; None where it shows nothing new. Every changed cell is gone to first (CUP, which ends in `H`);
    /// without that, and with the cursor where it was, there are but the resets that are written around any frame.
    fn frame(&self) -> Option<Vec<u8>> {
        let Frames { bytes, cursor: before } = &mut *self.0.borrow_mut();
        let bytes = std::mem::take(bytes);
        let shown = bytes.windows(SHOW_CURSOR.len()).rposition(|one| one == SHOW_CURSOR);
        let (cells, cursor) = bytes.split_at(shown.unwrap_or(bytes.len()));
        let is_new = cells.contains(&b'H') || cursor != before.as_slice();
        *before = cursor.to_vec();
        is_new.then_some(bytes)
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> std::io::Result<Self> {
        let (terminal, held) = take()?;
        Ok(Self { terminal, held, has_mouse: false })
    }

    /// Has the terminal tell what the mouse does, or not any more.
    pub(super) fn take_mouse(&mut self, is_wanted: bool) -> std::io::Result<()> {
        if self.has_mouse == is_wanted {
            return Ok(());
        }
        self.has_mouse = is_wanted;
        let mut out = stdout().lock();
        out.write_all(if is_wanted { TAKE_MOUSE } else { LEAVE_MOUSE }.as_bytes())?;
        out.flush()
    }

    /// Draws one frame; the terminal shows it whole where it can. One in which nothing changed writes nothing.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> std::io::Result<()> {
        self.terminal.draw(draw)?;
        let Some(frame) = self.held.frame() else { return Ok(()) };
        let mut whole = Vec::with_capacity(frame.len() + 16);
        queue!(whole, BeginSynchronizedUpdate)?;
        whole.extend(frame);
        queue!(whole, EndSynchronizedUpdate)?;
        let mut out = stdout().lock();
        out.write_all(&whole)?;
        out.flush()
    }

    /// The terminal's size changed, perhaps to and fro: what it shows is not known, so everything is drawn anew.
    pub(super) fn resized(&mut self, width: u16, height: u16) -> std::io::Result<()> {
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Gives a text to the terminal's clipboard (OSC 52), where the terminal takes it; it gives no answer.
    pub(super) fn copy(&mut self, text: &str) -> std::io::Result<()> {
        let mut out = stdout().lock();
        out.write_all(&clipboard_sequence(text, Multiplexer::of_environment()))?;
        out.flush()
    }

    /// Calls a person.
    pub(super) fn call(&mut self, words: &str, how: Call) -> std::io::Result<()> {
        let mut out = stdout().lock();
        out.write_all(&notification(words, how))?;
        out.flush()
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave(&mut self) -> std::io::Result<()> {
        restore();
        self.has_mouse = false;
        Ok(())
    }

    /// Takes it again, to be drawn anew from nothing.
    pub(super) fn enter_again(&mut self) -> std::io::Result<()> {
        (self.terminal, self.held) = take()?;
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
fn take() -> std::io::Result<(Terminal<CrosstermBackend<Held>>, Held)> {
    enable_raw_mode()?;
    let entered = execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, cursor::Hide);
    let held = Held::default();
    let terminal = entered.and_then(|()| Terminal::new(CrosstermBackend::new(held.clone())));
    terminal.map(|terminal| (terminal, held)).inspect_err(|_| restore())
}

/// Puts everything back that [`take`] and [`Screen::take_mouse`] changed. Errors are of no use here: the terminal may be gone.
fn restore() {
    let leave_mouse = Print(LEAVE_MOUSE);
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        leave_mouse,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
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
pub fn install_panic_hook(told: mpsc::Sender<Msg>) {
    SCREEN_THREAD.get_or_init(|| std::thread::current().id());
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if SCREEN_THREAD.get() == Some(&std::thread::current().id()) {
            restore();
            default(panic);
        } else {
            // Where the channel is full the loop is far behind, and a panic is not worth to wait for it.
            let _ = told.try_send(Msg::TaskPanicked(panic.to_string()));
        }
    }));
}

#[cfg(test)]
mod tests {
    use ratatui::{TerminalOptions, Viewport};

    use super::*;

    #[test]
    fn frame_in_which_nothing_changed_is_none() {
        let held = Held::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 20, 2));
        let backend = CrosstermBackend::new(held.clone());
        let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        let mut drawn = |text: &str| {
            terminal.draw(|frame| frame.render_widget(text, frame.area())).unwrap();
            held.frame().map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert!(drawn("age 4m").is_some_and(|bytes| bytes.contains("age") && bytes.contains("4m")));
        assert_eq!(drawn("age 4m"), None);
        let ticked = drawn("age 5m").unwrap();
        assert!(ticked.contains('5') && !ticked.contains("age"), "{ticked:?}");
    }

    #[test]
    fn cursor_is_written_where_it_moved_came_or_went_alone() {
        let held = Held::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 20, 2));
        let backend = CrosstermBackend::new(held.clone());
        let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        let mut is_written = |text: &str, cursor: Option<(u16, u16)>| {
            let draw = |frame: &mut Frame<'_>| {
                frame.render_widget(text, frame.area());
                cursor.into_iter().for_each(|cursor| frame.set_cursor_position(cursor));
            };
            terminal.draw(draw).unwrap();
            held.frame().is_some()
        };
        assert!(is_written("H", Some((1, 0))));
        assert!(!is_written("H", Some((1, 0))), "nothing changed");
        assert!(is_written("H", Some((2, 0))), "it moved");
        assert!(is_written("H", None), "it went");
        assert!(!is_written("H", None));
        assert!(is_written("H", Some((2, 0))), "it came");
        assert!(is_written("I", Some((2, 0))), "a cell changed");
    }
}

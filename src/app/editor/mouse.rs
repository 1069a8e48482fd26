//! The mouse in the editor: a click sets the cursor, dragging selects, the wheel scrolls the text under the cursor.

use ratatui::layout::{Position, Rect};

use super::glyph::{Glyph, glyphs};
use super::{Editor, EditorOutcome, Place, column_of};

/// Lines that one step of the wheel goes.
const WHEEL: usize = 3;

/// What the mouse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub action: MouseAction,
    /// In which column of the screen, from 0.
    pub column: u16,
    /// In which row of the screen, from 0.
    pub row: u16,
}

/// What can be done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAction {
    /// The left button is pressed.
    Press,
    /// The mouse moves with the left button held.
    Drag,
    /// The wheel turns away.
    WheelUp,
    /// The wheel turns to the user.
    WheelDown,
}

impl Editor {
    /// Takes what the mouse does. A click beside the text does nothing; one on a line's number is its beginning.
    pub fn mouse(&mut self, mouse: Mouse) -> EditorOutcome {
        let before = (self.buffer.cursor(), self.buffer.selection());
        match mouse.action {
            MouseAction::WheelUp => self.scroll_to(self.top.saturating_sub(WHEEL)),
            MouseAction::WheelDown => self.scroll_to((self.top + WHEEL).min(self.lowest_top().max(self.top))),
            MouseAction::Press => {
                let layout = self.layout();
                self.is_dragging = body(layout.gutter, layout.text).contains(Position::new(mouse.column, mouse.row));
                if self.is_dragging {
                    self.point_to(mouse, false);
                }
            }
            MouseAction::Drag if self.is_dragging => self.point_to(mouse, true),
            MouseAction::Drag => {}
        }
        if before == (self.buffer.cursor(), self.buffer.selection()) {
            EditorOutcome::Nothing
        } else {
            EditorOutcome::Moved
        }
    }

    /// Shows the text from this line on. The cursor stays behind, without what is offered there; the next key brings it
    /// on screen again.
    fn scroll_to(&mut self, top: usize) {
        (self.top, self.popup) = (top, None);
    }

    /// Moves the cursor to where the mouse is. What was asked or offered for another place ends. Nothing scrolls but
    /// where the mouse has left the text: what is under it stays there.
    fn point_to(&mut self, mouse: Mouse, selects: bool) {
        (self.notice, self.popup, self.asking) = (None, None, None);
        let place = self.place_under(mouse);
        self.buffer.go_to(place, selects);
        // A key that follows begins a step of its own.
        self.buffer.end_step(None);
        let text = self.layout().text;
        let (rows, columns) = (usize::from(text.height).max(1), usize::from(text.width).max(1));
        let (line, column) = self.buffer.cursor();
        self.top = self.top.min(line).max((line + 1).saturating_sub(rows));
        let column = column_of(self.buffer.line(line), column);
        self.left = self.left.min(column).max((column + 1).saturating_sub(columns));
    }

    /// The place in the text that is under the mouse, or would be if the text went on beyond its area.
    fn place_under(&self, mouse: Mouse) -> Place {
        let text = self.layout().text;
        let beyond = |at: u16, start: u16, scrolled: usize| (scrolled + usize::from(at)).saturating_sub(start.into());
        let line = beyond(mouse.row, text.y, self.top).min(self.buffer.end().0);
        // A number of a line is no place behind what is scrolled out.
        let column = if mouse.column < text.x { 0 } else { beyond(mouse.column, text.x, self.left) };
        let shown = self.buffer.line(line);
        let is_under = |glyph: &Glyph| (glyph.column..glyph.column + glyph.width).contains(&column);
        let under = glyphs(shown, column, column + 1).into_iter().find(is_under);
        (line, under.map_or_else(|| self.buffer.length(line), |glyph| glyph.at))
    }
}

/// The text with the numbers of its lines.
fn body(gutter: Rect, text: Rect) -> Rect {
    Rect { width: gutter.width + text.width, ..gutter }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Key;

    /// An editor on 40 columns and 14 rows: the text begins in column 6 and row 2, and has 33 columns and 6 rows.
    fn editor(text: &str) -> Editor {
        let mut editor = Editor::new("test", text);
        editor.resize((40, 14));
        assert_eq!(editor.layout().text, Rect::new(6, 2, 33, 6));
        editor
    }

    fn at(action: MouseAction, column: u16, row: u16) -> Mouse {
        Mouse { action, column, row }
    }

    fn click(editor: &mut Editor, column: u16, row: u16) -> Place {
        editor.mouse(at(MouseAction::Press, column, row));
        editor.cursor()
    }

    fn numbered(count: usize) -> String {
        (0..count).map(|number| format!("line {number}\n")).collect()
    }

    #[test]
    fn a_click_sets_the_cursor_under_the_mouse() {
        let mut editor = editor("ab\n漢字x\ne\u{301}f\n");
        assert_eq!(click(&mut editor, 7, 2), (0, 1));
        assert_eq!(click(&mut editor, 20, 2), (0, 2), "behind the end of a line");
        assert_eq!([6, 7, 8, 9, 10, 11].map(|column| click(&mut editor, column, 3).1), [0, 0, 1, 1, 2, 3]);
        assert_eq!([6, 7, 8].map(|column| click(&mut editor, column, 4).1), [0, 2, 3]);
        assert_eq!(click(&mut editor, 2, 3), (1, 0), "on the number of a line");
        assert_eq!(click(&mut editor, 8, 6), (2, 3), "below the text");
    }

    #[test]
    fn a_click_beside_the_text_does_nothing() {
        let mut editor = editor("ab\ncd\n");
        click(&mut editor, 7, 3);
        for (column, row) in [(0, 3), (39, 3), (7, 1), (7, 0), (7, 9), (7, 13), (200, 100)] {
            assert_eq!(editor.mouse(at(MouseAction::Press, column, row)), EditorOutcome::Nothing);
            assert_eq!(
                editor.mouse(at(MouseAction::Drag, 6, 2)),
                EditorOutcome::Nothing,
                "nor does dragging from there"
            );
            assert_eq!(editor.cursor(), (1, 1));
        }
    }

    #[test]
    fn what_is_scrolled_out_counts() {
        let mut editor = editor(&format!("short\n{}漢字\n", "x".repeat(60)));
        editor.key(&Key::from("down"));
        editor.key(&Key::from("end"));
        let left = editor.left;
        assert!(left > 0);
        assert_eq!(click(&mut editor, 6 + 10, 3), (1, left + 10));
        assert_eq!(editor.left, left, "what is under the mouse stays there");
        assert_eq!(click(&mut editor, 6, 2), (0, 5), "behind the end of a short line");
        assert_eq!(editor.left, 5, "the cursor is on screen");
    }

    #[test]
    fn dragging_selects_and_scrolls_where_it_leaves_the_text() {
        let mut editor = editor(&numbered(30));
        click(&mut editor, 6 + 5, 4);
        assert_eq!(editor.mouse(at(MouseAction::Drag, 6 + 5, 4)), EditorOutcome::Nothing);
        assert_eq!(editor.mouse(at(MouseAction::Drag, 6 + 2, 5)), EditorOutcome::Moved);
        assert_eq!((editor.selection(), editor.top), (Some(((2, 5), (3, 2))), 0));
        editor.mouse(at(MouseAction::Drag, 6 + 2, 8));
        editor.mouse(at(MouseAction::Drag, 6 + 2, 8));
        assert_eq!((editor.selection(), editor.top), (Some(((2, 5), (7, 2))), 2));
        editor.mouse(at(MouseAction::Drag, 6, 1));
        editor.mouse(at(MouseAction::Drag, 6, 0));
        assert_eq!((editor.selection(), editor.top), (Some(((0, 0), (2, 5))), 0));
        editor.key(&Key::from("x"));
        assert!(editor.text().starts_with("x2\nline 3"), "what is typed takes its place");
        assert_eq!(click(&mut editor, 6, 2), (0, 0));
        assert_eq!(editor.selection(), None);
    }

    #[test]
    fn the_wheel_scrolls_between_the_ends_and_a_key_comes_back_to_the_cursor() {
        let mut editor = editor(&numbered(30));
        let wheel = |editor: &mut Editor, action| {
            assert_eq!(editor.mouse(at(action, 10, 4)), EditorOutcome::Nothing);
            editor.top
        };
        assert_eq!(wheel(&mut editor, MouseAction::WheelDown), 3);
        editor.resize((40, 14));
        assert_eq!((editor.top, editor.cursor()), (3, (0, 0)), "a frame changes nothing");
        assert_eq!([(); 9].map(|()| wheel(&mut editor, MouseAction::WheelDown)).last(), Some(&24));
        assert_eq!(wheel(&mut editor, MouseAction::WheelUp), 21);
        editor.key(&Key::from("down"));
        assert_eq!((editor.top, editor.cursor()), (0, (1, 0)));
        assert_eq!(wheel(&mut editor, MouseAction::WheelUp), 0);
    }

    #[test]
    fn no_place_makes_it_fail() {
        let text = format!("{}\n漢\n\n\tx\u{202e}y\n", "é".repeat(100));
        let actions = [MouseAction::Press, MouseAction::Drag, MouseAction::WheelUp, MouseAction::WheelDown];
        for size in [(0, 0), (1, 1), (5, 3), (40, 14), (120, 40)] {
            let mut editor = Editor::new("test", &text);
            editor.resize(size);
            for (action, column, row) in
                actions.into_iter().flat_map(|action| [0, 6, 7, 39, u16::MAX].map(|at| (action, at, at)))
            {
                editor.mouse(at(action, column, row));
                let (line, column) = editor.cursor();
                assert!(column <= editor.lines()[line].chars().count());
            }
        }
    }
}

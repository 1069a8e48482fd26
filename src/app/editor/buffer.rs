//! The text under edit: the text area of the library, with changes grouped into the steps that a person takes back.
//!
//! The area takes back one insertion or deletion at a time; a step here is what one key did, and a run of typed
//! characters up to the end of a word. Everything that changes the text goes through [`Buffer`], which counts.

use tui_textarea::{CursorMove, TextArea};

/// A place in the text: line and column from 0, the column in characters.
pub type Place = (usize, usize);

/// How many of the area's edits can be taken back.
const MOST_EDITS: usize = 10_000;

/// How far the area jumps in one go.
const FARTHEST: usize = u16::MAX as usize;

/// The text under edit.
#[derive(Debug)]
pub(super) struct Buffer {
    area: TextArea<'static>,
    done: Vec<Step>,
    undone: Vec<Step>,
    /// Where the step under way began, and how many edits it has.
    open: Option<(Place, usize)>,
    /// The column that moving up and down keeps to, through lines that are shorter.
    goal: Option<usize>,
}

/// What is taken back at once.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Edits of the area.
    edits: usize,
    /// Where the cursor was before.
    before: Place,
    /// Where it was then.
    after: Place,
    /// The last character, where it was typed; the next one may belong to the same step.
    typed: Option<char>,
}

impl Buffer {
    pub(super) fn new(lines: Vec<String>) -> Self {
        let mut area = TextArea::new(lines);
        area.set_max_histories(MOST_EDITS);
        Self { area, done: Vec::new(), undone: Vec::new(), open: None, goal: None }
    }

    /// The lines; there is at least one.
    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// A line; empty where there is none.
    pub(super) fn line(&self, line: usize) -> &str {
        self.lines().get(line).map_or("", String::as_str)
    }

    /// Characters in a line.
    pub(super) fn length(&self, line: usize) -> usize {
        self.line(line).chars().count()
    }

    /// Where the text ends.
    pub(super) fn end(&self) -> Place {
        let last = self.lines().len() - 1;
        (last, self.length(last))
    }

    pub(super) fn cursor(&self) -> Place {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// What is selected, from its first character to behind its last one; None for nothing.
    pub(super) fn selection(&self) -> Option<(Place, Place)> {
        self.area.selection_range().filter(|(start, end)| start != end)
    }

    /// The text between two places.
    pub(super) fn text(&self, (start, end): (Place, Place)) -> String {
        let mut text = String::new();
        for line in start.0..=end.0 {
            let from = if line == start.0 { start.1 } else { 0 };
            let to = if line == end.0 { end.1 } else { usize::MAX };
            text.extend(self.line(line).chars().take(to).skip(from));
            if line != end.0 {
                text.push('\n');
            }
        }
        text
    }

    /// Moves the cursor there, or as near as there is text. What lies between is added to the selection, or nothing is
    /// selected any more.
    pub(super) fn go_to(&mut self, place: Place, selects: bool) {
        self.goal = None;
        self.prepare(selects);
        self.jump((place.0.min(self.end().0), place.1));
    }

    /// Selects from one place to another, where the cursor is then.
    pub(super) fn select(&mut self, start: Place, end: Place) {
        self.go_to(start, false);
        self.go_to(end, true);
    }

    /// Moves the cursor by lines; it keeps to its column.
    pub(super) fn go_by(&mut self, lines: isize, selects: bool) {
        let (line, column) = self.cursor();
        let goal = self.goal.unwrap_or(column);
        let line = line.saturating_add_signed(lines).min(self.end().0);
        self.go_to((line, goal.min(self.length(line))), selects);
        self.goal = Some(goal);
    }

    /// Moves the cursor as the area does.
    pub(super) fn go(&mut self, way: CursorMove, selects: bool) {
        self.goal = None;
        self.prepare(selects);
        self.area.move_cursor(way);
    }

    fn prepare(&mut self, selects: bool) {
        match (selects, self.area.is_selecting()) {
            (true, false) => self.area.start_selection(),
            (false, true) => self.area.cancel_selection(),
            _ => {}
        }
    }

    /// Whether the cursor could be moved there: columns that the area's 16 bits do not reach are reached at the end of a
    /// line alone.
    fn jump(&mut self, (line, column): Place) -> bool {
        let near = |number: usize| number.min(FARTHEST) as u16;
        self.area.move_cursor(CursorMove::Jump(near(line), near(column)));
        while self.cursor().0 < line.min(self.end().0) {
            self.area.move_cursor(CursorMove::Down);
        }
        if column > FARTHEST && column == self.length(line) {
            self.area.move_cursor(CursorMove::End);
        }
        self.cursor() == (line, column)
    }

    /// Puts a text in the place of another; false where nothing changed. The cursor is behind the new text then.
    pub(super) fn replace(&mut self, start: Place, end: Place, text: &str) -> bool {
        let before = self.cursor();
        self.area.cancel_selection();
        let is_there = self.jump(start) && {
            self.area.start_selection();
            self.jump(end)
        };
        if !is_there {
            self.area.cancel_selection();
            return false;
        }
        self.put(before, usize::from(start != end), text)
    }

    /// Puts a text in the place of what is selected, or at the cursor.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        self.put(self.cursor(), usize::from(self.selection().is_some()), text)
    }

    fn put(&mut self, before: Place, deleted: usize, text: &str) -> bool {
        // The area knows line feeds alone; terminals paste carriage returns.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.area.insert_str(&text);
        self.area.cancel_selection();
        self.count(before, deleted + usize::from(!text.is_empty()))
    }

    /// Deletes what is selected, or what this function of the area deletes.
    pub(super) fn delete(&mut self, how: fn(&mut TextArea<'static>) -> bool) -> bool {
        let before = self.cursor();
        if self.selection().is_none() {
            self.area.cancel_selection();
        }
        let edits = usize::from(how(&mut self.area));
        self.count(before, edits)
    }

    fn count(&mut self, before: Place, edits: usize) -> bool {
        self.goal = None;
        if edits > 0 {
            self.open.get_or_insert((before, 0)).1 += edits;
            self.undone.clear();
        }
        edits > 0
    }

    /// Ends a step, in which this character was typed and nothing else done, or something else; false where nothing
    /// changed.
    pub(super) fn end_step(&mut self, typed: Option<char>) -> bool {
        let Some((before, edits)) = self.open.take() else { return false };
        let after = self.cursor();
        // A blank belongs to the word before it.
        let goes_on = |last: &Step| {
            let (Some(one), Some(next)) = (last.typed, typed) else { return false };
            last.after == before && !(one == ' ' && next != ' ')
        };
        match self.done.last_mut().filter(|last| goes_on(last)) {
            Some(last) => *last = Step { edits: last.edits + edits, after, typed, ..*last },
            None => self.done.push(Step { edits, before, after, typed }),
        }
        true
    }

    /// Takes the last step back; false where there is none.
    pub(super) fn undo(&mut self) -> bool {
        let Some(step) = self.done.pop() else { return false };
        let undone = (0..step.edits).filter(|_| self.area.undo()).count();
        self.go_to(step.before, false);
        self.undone.push(Step { typed: None, ..step });
        undone > 0
    }

    /// Makes the step again that was taken back last; false where there is none.
    pub(super) fn redo(&mut self) -> bool {
        let Some(step) = self.undone.pop() else { return false };
        let redone = (0..step.edits).filter(|_| self.area.redo()).count();
        self.go_to(step.after, false);
        self.done.push(step);
        redone > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(text: &str) -> Buffer {
        Buffer::new(text.split('\n').map(str::to_owned).collect())
    }

    fn text(buffer: &Buffer) -> String {
        buffer.lines().join("\n")
    }

    fn typed(buffer: &mut Buffer, text: &str) {
        for one in text.chars() {
            buffer.insert(&one.to_string());
            buffer.end_step(Some(one));
        }
    }

    #[test]
    fn typed_words_are_taken_back_one_by_one() {
        let mut buffer = buffer("");
        typed(&mut buffer, "one two");
        assert!(buffer.undo());
        assert_eq!(text(&buffer), "one ");
        assert!(buffer.undo());
        assert_eq!(text(&buffer), "");
        assert!(!buffer.undo());
        assert!(buffer.redo() && buffer.redo() && !buffer.redo());
        assert_eq!((text(&buffer).as_str(), buffer.cursor()), ("one two", (0, 7)));
    }

    #[test]
    fn several_changes_of_one_step_are_taken_back_at_once_and_the_cursor_comes_back() {
        let mut buffer = buffer("a\nb\nc");
        buffer.go_to((2, 1), false);
        assert!(buffer.replace((0, 0), (0, 1), "x\r\ny"));
        assert!(buffer.replace((2, 0), (2, 1), ""));
        assert!(buffer.end_step(None));
        assert_eq!(text(&buffer), "x\ny\n\nc");
        assert!(buffer.undo());
        assert_eq!((text(&buffer).as_str(), buffer.cursor()), ("a\nb\nc", (2, 1)));
    }

    #[test]
    fn up_and_down_keep_to_the_column() {
        let mut buffer = buffer("four\nx\nlonger");
        buffer.go_to((0, 4), false);
        buffer.go_by(1, false);
        assert_eq!(buffer.cursor(), (1, 1));
        buffer.go_by(9, true);
        assert_eq!(buffer.cursor(), (2, 4));
        assert_eq!(buffer.selection(), Some(((1, 1), (2, 4))));
        assert_eq!(buffer.text(((1, 1), (2, 4))), "\nlong");
    }

    #[test]
    fn what_cannot_be_reached_is_not_changed() {
        let mut buffer = buffer(&"x".repeat(FARTHEST + 10));
        assert!(!buffer.replace((0, FARTHEST + 3), (0, FARTHEST + 4), "y"));
        assert!(buffer.replace((0, 0), (0, FARTHEST + 10), "y"), "its end can");
        assert_eq!(text(&buffer), "y");
        assert!(!buffer.replace((0, 0), (3, 0), "z"), "there is no such line");
        assert_eq!(text(&buffer), "y");
        let mut buffer = Buffer::new(vec![String::new(); FARTHEST + 10]);
        buffer.go_to((FARTHEST + 5, 0), false);
        assert_eq!(buffer.cursor(), (FARTHEST + 5, 0));
    }
}

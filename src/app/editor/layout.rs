//! Where the parts of the editor are, and which part of the text is shown: pure geometry from the terminal's size.

use ratatui::layout::{Margin, Rect};

use super::Editor;
use super::glyph::column_of;

/// From this width on help stands beside the text.
const WIDE: u16 = 100;

/// Lines around the cursor that stay on screen.
const MARGIN: usize = 2;

/// The places of everything in the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EditorLayout {
    /// The whole, with its border: all but the first and the last line of the screen.
    pub outer: Rect,
    /// Signs and numbers of lines.
    pub gutter: Rect,
    /// The text.
    pub text: Rect,
    /// The line between text and help, one column or one row; empty where there is no room for it.
    pub rule: Rect,
    /// Help and problems; empty where there is no room for them.
    pub aside: Rect,
    /// Help stands beside the text, not below it.
    pub is_wide: bool,
}

/// The places for a terminal of this size and a text of so many lines.
fn layout((width, height): (u16, u16), lines: usize) -> EditorLayout {
    let outer = Rect::new(0, 0, width, height).inner(Margin::new(0, 1));
    let inner = outer.inner(Margin::new(1, 1));
    let is_wide = inner.width >= WIDE - 2;
    let (body, rule, aside) = if is_wide { beside(inner) } else { below(inner) };
    let digits = lines.max(10).ilog10() as u16 + 1;
    let gutter = Rect { width: (digits + 3).min(body.width), ..body };
    let text = Rect { x: gutter.right(), width: body.width - gutter.width, ..body };
    EditorLayout { outer, gutter, text, rule, aside, is_wide }
}

fn beside(inner: Rect) -> (Rect, Rect, Rect) {
    let width = (inner.width * 2 / 5).min(60);
    let body = Rect { width: inner.width - width - 3, ..inner };
    let rule = Rect { x: body.right() + 1, width: 1, ..inner };
    (body, rule, Rect { x: rule.right() + 1, width, ..inner })
}

fn below(inner: Rect) -> (Rect, Rect, Rect) {
    let (rule, rows) = match inner.height {
        16.. => (1, 4),
        10..16 => (1, 3),
        5..10 => (0, 2),
        _ => (0, 0),
    };
    let body = Rect { height: inner.height - rule - rows, ..inner };
    let rule = Rect { y: body.bottom(), height: rule, ..inner };
    let aside = Rect { x: inner.x + 1, y: rule.bottom(), width: inner.width.saturating_sub(2), height: rows };
    (body, rule, aside)
}

impl Editor {
    /// Takes the size of the terminal.
    pub fn resize(&mut self, size: (u16, u16)) {
        // What the wheel scrolled stays so from frame to frame.
        if self.size != size {
            self.size = size;
            self.follow_cursor();
        }
    }

    /// Where everything is.
    pub fn layout(&self) -> EditorLayout {
        layout(self.size, self.buffer.lines().len())
    }

    /// Lines of the text that are on screen at once.
    pub(super) fn page(&self) -> usize {
        usize::from(self.layout().text.height).max(1)
    }

    /// The first line on screen at most: no room is left empty below while there are lines above.
    pub(super) fn lowest_top(&self) -> usize {
        self.buffer.lines().len().saturating_sub(self.page())
    }

    /// Brings the cursor on screen.
    pub(super) fn follow_cursor(&mut self) {
        let text = self.layout().text;
        let (rows, columns) = (usize::from(text.height).max(1), usize::from(text.width).max(1));
        let (line, column) = self.buffer.cursor();
        let margin = MARGIN.min((rows - 1) / 4);
        let last = (line + margin).min(self.buffer.end().0);
        let lowest = self.lowest_top();
        self.top = self.top.min(line.saturating_sub(margin)).max((last + 1).saturating_sub(rows)).min(lowest);
        let column = column_of(self.buffer.line(line), column);
        // Room for a wide character.
        let least = (column + columns.min(2)).saturating_sub(columns);
        self.left = if least == 0 { 0 } else { self.left.min(column).max(least) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_never_lie_outside_each_other() {
        for width in 0..240 {
            for height in 0..70 {
                let layout = layout((width, height), 12_345);
                let screen = Rect::new(0, 0, width, height);
                let parts = [layout.outer, layout.gutter, layout.text, layout.rule, layout.aside];
                for part in parts.into_iter().filter(|part| !part.is_empty()) {
                    assert_eq!(part.intersection(screen), part, "{width}x{height} {layout:?}");
                }
                assert!(!layout.aside.intersects(layout.text) && !layout.aside.intersects(layout.rule));
            }
        }
    }

    #[test]
    fn text_has_most_of_the_room() {
        assert_eq!(layout((80, 24), 40).text, Rect::new(6, 2, 73, 15));
        assert_eq!(layout((40, 10), 40).text, Rect::new(6, 2, 33, 4));
        assert_eq!(layout((120, 40), 40).aside, Rect::new(72, 2, 47, 36));
    }
}

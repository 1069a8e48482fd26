//! What things look like, by meaning: one style and one sign for each level, and whether colours and Unicode are used.
//!
//! Colours are eight of the terminal's own, so that its palette decides their shades: the bright half is left out, since
//! some palettes (solarized) make greys of it and its black is their background. What steps back is dim and has no
//! colour of its own. Signs and words carry the meaning without any of them. Log lines alone may use all sixteen: they
//! bring their own.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Class;
use crate::model::state::Level;
use crate::model::styled_line::{PaletteColour, TextStyle};

/// What lies behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Light text on dark.
    #[default]
    Dark,
    /// Dark text on light, on which yellow and cyan are hard to read.
    Light,
}

impl Ground {
    /// The ground that `COLORFGBG` tells (rxvt, Konsole and others set it): `15;0` is white on black. The last number is
    /// the background's; 7 and 9 to 15 are light. Dark where it tells none.
    pub fn from_colorfgbg(value: &str) -> Self {
        match value.rsplit(';').next().and_then(|last| last.parse::<u8>().ok()) {
            Some(7 | 9..=15) => Ground::Light,
            _ => Ground::Dark,
        }
    }
}

/// Styles and signs by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    has_colour: bool,
    has_unicode: bool,
    ground: Ground,
}

impl Theme {
    /// A theme for a terminal that shows colours and Unicode or not, on dark ground.
    pub const fn new(has_colour: bool, has_unicode: bool) -> Self {
        Self { has_colour, has_unicode, ground: Ground::Dark }
    }

    /// The same theme on this ground.
    #[must_use]
    pub const fn on(self, ground: Ground) -> Self {
        Self { ground, ..self }
    }

    /// The terminal shows more than ASCII.
    pub const fn has_unicode(self) -> bool {
        self.has_unicode
    }

    fn colour(self, colour: Color) -> Style {
        let readable = match (self.ground, colour) {
            (Ground::Light, Color::Cyan) => Color::Blue,
            (Ground::Light, Color::Yellow) => Color::Magenta,
            (_, colour) => colour,
        };
        // Also on something dim, such as a title on a border.
        let bright = Style::new().remove_modifier(Modifier::DIM);
        if self.has_colour { bright.fg(readable) } else { bright }
    }

    /// The style of a level's sign and word.
    pub fn level(self, level: Level) -> Style {
        match level {
            Level::Broken => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Level::Warning => self.colour(Color::Yellow),
            Level::Running => self.colour(Color::Green),
            Level::Waiting => self.colour(Color::Cyan),
            // On light ground magenta warns.
            Level::Suspended if self.ground == Ground::Light => self.colour(Color::Blue),
            Level::Suspended => self.colour(Color::Magenta),
            Level::Ending | Level::Done => self.dim(),
        }
    }

    /// The sign of a level; one column.
    pub const fn sign(self, level: Level) -> &'static str {
        match (level, self.has_unicode) {
            (Level::Broken, true) => "✗",
            (Level::Broken, false) => "x",
            (Level::Warning, _) => "!",
            (Level::Running, true) => "●",
            (Level::Running, false) => "*",
            (Level::Waiting, true) => "○",
            (Level::Waiting, false) => "o",
            (Level::Suspended, true) => "‖",
            (Level::Suspended, false) => "=",
            (Level::Ending, true) => "…",
            (Level::Ending, false) => "~",
            (Level::Done, true) => "✓",
            (Level::Done, false) => "+",
        }
    }

    /// Plain text: the terminal's own colour, also inside something dim.
    pub fn text(self) -> Style {
        self.colour(Color::Reset)
    }

    /// Text that leads: titles, the focused tab.
    pub fn strong(self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// Text that steps back: done work, column titles, what does not apply.
    pub fn dim(self) -> Style {
        self.text().add_modifier(Modifier::DIM)
    }

    /// Keys in the footer, the focused border.
    pub fn accent(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The row under the cursor: as bright as the terminal's text, on its own background, so that no palette can hide it.
    pub fn cursor(self, is_focused: bool) -> Style {
        let readable = Style::new().remove_modifier(Modifier::DIM);
        if is_focused { readable.add_modifier(Modifier::BOLD) } else { readable }
    }

    /// A row that changed a moment ago: heavier, nothing blinks.
    pub fn news(self) -> Style {
        Style::new().remove_modifier(Modifier::DIM).add_modifier(Modifier::BOLD)
    }

    /// The mark before the row under the cursor; one column.
    pub const fn cursor_mark(self) -> &'static str {
        if self.has_unicode { "▌" } else { ">" }
    }

    /// The mark before a marked row, under the cursor or not; one column.
    pub const fn mark(self, is_cursor: bool) -> &'static str {
        match (is_cursor, self.has_unicode) {
            (false, true) => "◆",
            (true, true) => "◈",
            (false, false) => "#",
            (true, false) => "@",
        }
    }

    /// A line that is there after a change.
    pub fn added(self) -> Style {
        self.colour(Color::Green)
    }

    /// A line that is there no more after a change.
    pub fn removed(self) -> Style {
        self.colour(Color::Red)
    }

    /// The very words of a line that a change touches.
    pub fn differs(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// A match of a search; the one that was gone to stands out among them.
    pub fn hit(self, is_current: bool) -> Style {
        let hit = Style::new().add_modifier(Modifier::REVERSED);
        if is_current { hit.add_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { hit }
    }

    /// A part of a line of YAML. Without colours keys are heavier and what holds the structure steps back.
    pub fn syntax(self, class: Class) -> Style {
        match class {
            Class::Key if self.has_colour => self.colour(Color::Cyan),
            Class::Key | Class::Mark => self.strong(),
            Class::Quoted | Class::Block => self.colour(Color::Green),
            Class::Number | Class::Constant => self.colour(Color::Magenta),
            Class::Anchor => self.colour(Color::Yellow),
            Class::Comment | Class::Indicator => self.dim(),
            Class::Placeholder => self.strong().add_modifier(Modifier::UNDERLINED),
        }
    }

    /// The mark before a line of text that is new; one column.
    pub const fn new_line(self) -> &'static str {
        if self.has_unicode { "▎" } else { "|" }
    }

    /// The mark of text that was cut; one column.
    pub const fn cut(self) -> &'static str {
        if self.has_unicode { "…" } else { "~" }
    }

    /// The mark of a sorted column: up for rising, down for falling; one column.
    pub const fn direction(self, is_reversed: bool) -> &'static str {
        match (is_reversed, self.has_unicode) {
            (false, true) => "▲",
            (true, true) => "▼",
            (false, false) => "^",
            (true, false) => "v",
        }
    }

    /// The line between a log line's source and its text.
    pub const fn separator(self) -> &'static str {
        if self.has_unicode { "┊" } else { "|" }
    }

    /// The colour of a log source's label, by its index: neighbours differ. Blue is hard to read on dark ground.
    pub fn source(self, index: u32) -> Style {
        const COLOURS: [Color; 4] = [Color::Cyan, Color::Magenta, Color::Green, Color::Yellow];
        self.colour(COLOURS[index as usize % COLOURS.len()])
    }

    /// How a piece of a log line is shown that would be shown as `plain` had it no style of its own. A log's colours must
    /// not hide what it says: text without a ground of its own takes a colour that can be read on the pane's, text on
    /// one can be read on that.
    pub fn of_log(self, style: TextStyle, plain: Style) -> Style {
        let mut shown = plain;
        for (is_on, modifier) in [
            (style.is_bold, Modifier::BOLD),
            (style.is_dim, Modifier::DIM),
            (style.is_underlined, Modifier::UNDERLINED),
            (style.is_reversed, Modifier::REVERSED),
        ] {
            shown = if is_on { shown.add_modifier(modifier) } else { shown };
        }
        if !self.has_colour {
            return shown;
        }
        match (style.text, style.ground) {
            (None, None) => shown,
            (Some(text), None) => self.readable(shown, text),
            // Red on bright red is as good as hidden.
            (Some(text), Some(ground)) if text.dark() == ground.dark() => self.readable(shown, text),
            (Some(text), Some(ground)) => shown.fg(palette(text)).bg(palette(ground)),
            (None, Some(ground)) => {
                let is_dark = matches!(ground.number(), 0 | 1 | 4 | 5 | 8);
                shown.fg(if is_dark { Color::Gray } else { Color::Black }).bg(palette(ground))
            }
        }
    }

    /// The text colour of this number on the pane's own ground. Greys are told by weight: which of them can be read
    /// depends on the palette. Blue is hard to read on dark ground; light ground wants the darker half.
    fn readable(self, shown: Style, colour: PaletteColour) -> Style {
        match (self.ground, colour.number()) {
            (_, 0 | 7 | 15) => shown.fg(Color::Reset),
            (_, 8) => shown.fg(Color::Reset).add_modifier(Modifier::DIM),
            (Ground::Dark, 4) => shown.fg(Color::LightBlue),
            (Ground::Dark, _) => shown.fg(palette(colour)),
            (Ground::Light, _) => Style { fg: self.colour(palette(colour.dark())).fg, ..shown },
        }
    }

    /// The characters of a pane's border.
    pub const fn border(self) -> ratatui::symbols::border::Set<'static> {
        const ASCII: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        };
        if self.has_unicode { ratatui::symbols::border::PLAIN } else { ASCII }
    }

    /// A bar of `width` columns of which `part` in `whole` is full, in eighths of a column where Unicode allows.
    pub fn bar(self, part: i32, whole: i32, width: usize) -> String {
        let (part, whole) = (part.max(0).unsigned_abs() as usize, whole.max(1).unsigned_abs() as usize);
        let eighths = (part.min(whole) * width * 8) / whole;
        let (full, rest) = (eighths / 8, eighths % 8);
        let (block, empty) = if self.has_unicode { ("█", "·") } else { ("#", ".") };
        let mut bar = block.repeat(full);
        if rest > 0 && self.has_unicode {
            bar.extend(char::from_u32(0x2590 - rest as u32));
        }
        let drawn = bar.chars().count();
        bar + &empty.repeat(width.saturating_sub(drawn))
    }
}

/// The terminal's colour of this number.
fn palette(colour: PaletteColour) -> Color {
    const COLOURS: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    COLOURS[usize::from(colour.number())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_their_width_exactly() {
        let theme = Theme::new(true, true);
        assert_eq!(theme.bar(0, 4, 4), "····");
        assert_eq!(theme.bar(1, 2, 4), "██··");
        assert_eq!(theme.bar(97, 100, 8), "███████▊");
        assert_eq!(theme.bar(9, 4, 4), "████");
        assert_eq!(theme.bar(1, 0, 4), "████");
        assert_eq!(Theme::new(false, false).bar(1, 2, 4), "##..");
        for part in -1..50 {
            assert_eq!(theme.bar(part, 47, 7).chars().count(), 7);
        }
    }

    /// The style that a piece behind this sequence is shown in.
    fn of_log(theme: Theme, sequence: &str) -> Style {
        let line = crate::model::styled_line::styled_line(format!("{sequence}x").as_bytes(), 9);
        theme.of_log(line.pieces[0].style, Style::new())
    }

    #[test]
    fn colours_of_a_log_cannot_hide_its_text() {
        let dark = Theme::new(true, true);
        for ground in [Ground::Dark, Ground::Light] {
            let theme = dark.on(ground);
            for text in 0..16 {
                for behind in 0..16 {
                    let shown = of_log(theme, &format!("\x1b[38;5;{text};48;5;{behind}m"));
                    assert_eq!(shown.bg.is_none(), text % 8 == behind % 8, "{text} on {behind}: {shown:?}");
                }
                let shown = of_log(theme, &format!("\x1b[38;5;{text}m"));
                let hidden = [Color::Black, Color::Gray, Color::White, Color::DarkGray, Color::Blue];
                assert!(ground == Ground::Light || !hidden.contains(&shown.fg.unwrap()), "{text}: {shown:?}");
                let pale = [Color::Yellow, Color::Cyan, Color::LightYellow, Color::Gray, Color::White];
                assert!(ground == Ground::Dark || !pale.contains(&shown.fg.unwrap()), "{text}: {shown:?}");
                let shown = of_log(theme, &format!("\x1b[48;5;{text}m"));
                assert!(shown.fg.is_some() && shown.fg != shown.bg, "ground {text}: {shown:?}");
            }
        }
    }

    #[test]
    fn without_colours_a_log_keeps_weight_alone() {
        let shown = of_log(Theme::new(false, true), "\x1b[1;4;31;42m");
        assert_eq!(shown, Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED));
        let shown = of_log(Theme::new(true, true), "\x1b[1;31m");
        assert_eq!(shown, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
    }

    #[test]
    fn ground_is_what_the_terminal_tells() {
        for (value, ground) in
            [("15;0", Ground::Dark), ("0;15", Ground::Light), ("0;default;7", Ground::Light), ("7;8", Ground::Dark)]
        {
            assert_eq!(Ground::from_colorfgbg(value), ground, "{value}");
        }
        assert_eq!(Ground::from_colorfgbg("default"), Ground::Dark);
    }

    #[test]
    fn light_ground_has_no_yellow_and_no_cyan() {
        use Level::{Broken, Done, Ending, Running, Suspended, Waiting, Warning};
        let theme = Theme::new(true, true).on(Ground::Light);
        let levels = [Broken, Warning, Running, Waiting, Suspended, Ending, Done].map(|level| theme.level(level));
        let sources = (0..5).map(|index| theme.source(index));
        for style in levels.into_iter().chain(sources).chain([theme.accent(), theme.dim(), theme.text()]) {
            assert!(!matches!(style.fg, Some(Color::Yellow | Color::Cyan)), "{style:?}");
        }
    }

    #[test]
    fn every_level_has_its_own_sign() {
        use Level::{Broken, Done, Ending, Running, Suspended, Waiting, Warning};
        for theme in [Theme::new(true, true), Theme::new(false, false)] {
            let levels = [Broken, Warning, Running, Waiting, Suspended, Ending, Done];
            let signs: std::collections::HashSet<_> = levels.iter().map(|level| theme.sign(*level)).collect();
            assert_eq!(signs.len(), levels.len());
        }
    }
}

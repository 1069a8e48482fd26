//! Log lines as they are drawn: harmless text in pieces, each with the style that the line's own colours ask for.
//!
//! Of everything that a terminal would obey, only SGR sequences (ECMA-48, 8.3.117: `ESC [ … m`) are taken for what they
//! mean; all else becomes visible, as [`super::safe_text`] has it. Only as much of a line is read as can be shown, so
//! that a line of ten megabytes costs no more than a long one. Called by the Logs pane for the rows on screen.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::safe_text::push_harmless;

/// Bytes of a line that are read at most. Every column of a wide screen in two true colours of its own needs 8 KiB; what
/// lies behind, in a line of nothing but colours or combining marks, is cut.
const MOST_READ: usize = 16 * 1024;

/// The longest SGR sequence that is taken for one, in bytes; true colours for text and ground take 38.
const LONGEST_SGR: usize = 64;

/// One of the terminal's sixteen colours, by its number: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan,
/// 7 white, and the same again from 8 on, bright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaletteColour(u8);

/// xterm's shades of the sixteen colours: what 256 colours and true ones are compared with.
const SHADES: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

impl PaletteColour {
    /// Its number, 0 to 15.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The same colour of the darker half.
    #[must_use]
    pub fn dark(self) -> Self {
        Self(self.0 % 8)
    }

    /// The colour of xterm's 256 or the nearest of the sixteen: 16 to 231 are a cube of six shades each of red, green
    /// and blue, the rest are greys.
    fn of_256(number: u8) -> Self {
        let shade = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
        match number {
            0..=15 => Self(number),
            16..=231 => {
                let place = number - 16;
                Self::nearest([shade(place / 36), shade(place / 6 % 6), shade(place % 6)])
            }
            232.. => Self::nearest([8 + 10 * (number - 232); 3]),
        }
    }

    fn nearest(wanted: [u8; 3]) -> Self {
        let distance = |shade: &[u8; 3]| -> u32 {
            shade.iter().zip(wanted).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
        };
        let numbered = (0..).zip(&SHADES);
        Self(numbered.min_by_key(|(_, shade)| distance(shade)).map_or(7, |(number, _)| number))
    }
}

/// What SGR sequences ask for. Blinking and concealed text stay as they are: a log must not hide what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextStyle {
    /// The text's colour; None is the pane's.
    pub text: Option<PaletteColour>,
    /// The colour behind it; None is the pane's.
    pub ground: Option<PaletteColour>,
    /// SGR 1.
    pub is_bold: bool,
    /// SGR 2.
    pub is_dim: bool,
    /// SGR 4.
    pub is_underlined: bool,
    /// SGR 7: text and ground change places.
    pub is_reversed: bool,
}

impl TextStyle {
    /// Takes in the parameters of one sequence: what stands between `ESC [` and `m`. Unknown ones change nothing.
    fn apply(&mut self, parameters: &str) {
        let mut rest = parameters.split(';');
        while let Some(parameter) = rest.next() {
            // A colon joins what belongs to one parameter: `4:3` is a curly underline, `38:2::1:2:3` a true colour.
            let mut parts = parameter.split(':');
            let first = parts.next().unwrap_or_default();
            let code = if first.is_empty() { 0 } else { first.parse().unwrap_or(u16::MAX) };
            match code {
                0 => *self = Self::default(),
                1 => self.is_bold = true,
                2 => self.is_dim = true,
                4 => self.is_underlined = parts.next() != Some("0"),
                21 => self.is_underlined = true,
                7 => self.is_reversed = true,
                22 => (self.is_bold, self.is_dim) = (false, false),
                24 => self.is_underlined = false,
                27 => self.is_reversed = false,
                30..=37 => self.text = Some(PaletteColour((code - 30) as u8)),
                40..=47 => self.ground = Some(PaletteColour((code - 40) as u8)),
                90..=97 => self.text = Some(PaletteColour((code - 82) as u8)),
                100..=107 => self.ground = Some(PaletteColour((code - 92) as u8)),
                39 => self.text = None,
                49 => self.ground = None,
                38 | 48 | 58 => {
                    let colour =
                        if parameter.contains(':') { joined_colour(parts) } else { separate_colour(&mut rest) };
                    match code {
                        38 => self.text = colour.or(self.text),
                        48 => self.ground = colour.or(self.ground),
                        // 58 colours the underline; its numbers are no parameters of their own.
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

impl TextStyle {
    /// The SGR sequence that asks for this style and no other, whatever was asked for before.
    fn sequence(self) -> String {
        // 30 to 37 and 40 to 47 are the dark colours, 90 to 97 and 100 to 107 the bright ones.
        let code = |colour: PaletteColour, dark: u8| dark + colour.0 % 8 + if colour.0 < 8 { 0 } else { 60 };
        let weights = [(self.is_bold, 1), (self.is_dim, 2), (self.is_underlined, 4), (self.is_reversed, 7)];
        let weights = weights.into_iter().filter(|(is_on, _)| *is_on).map(|(_, code)| code);
        let colours = self.text.map(|text| code(text, 30)).into_iter();
        let codes = weights.chain(colours).chain(self.ground.map(|ground| code(ground, 40)));
        let codes: String = codes.map(|code| format!(";{code}")).collect();
        format!("\x1b[0{codes}m")
    }
}

/// `5;N` or `2;R;G;B`, each a parameter of its own; None where it is neither.
fn separate_colour<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Option<PaletteColour> {
    match rest.next()? {
        "5" => Some(PaletteColour::of_256(rest.next()?.parse().ok()?)),
        "2" => true_colour([rest.next()?, rest.next()?, rest.next()?]),
        _ => None,
    }
}

/// `5:N`, `2:R:G:B` or `2:SPACE:R:G:B`, where the colour space is mostly left empty; None where it is none of them.
fn joined_colour<'a>(parts: impl Iterator<Item = &'a str>) -> Option<PaletteColour> {
    match parts.collect::<Vec<_>>()[..] {
        ["5", number, ..] => Some(PaletteColour::of_256(number.parse().ok()?)),
        ["2", red, green, blue] | ["2", _, red, green, blue, ..] => true_colour([red, green, blue]),
        _ => None,
    }
}

/// An amount that is left out is none of that colour.
fn true_colour(amounts: [&str; 3]) -> Option<PaletteColour> {
    let amount = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u8>().ok() };
    let [red, green, blue] = amounts.map(amount);
    Some(PaletteColour::nearest([red?, green?, blue?]))
}

/// A run of harmless text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text; nothing in it is obeyed by a terminal.
    pub text: String,
    /// What it looks like.
    pub style: TextStyle,
}

/// A line, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StyledLine {
    /// The pieces from left to right; none is empty, and neighbours differ in style.
    pub pieces: Vec<Piece>,
    /// The line goes on behind them.
    pub is_cut: bool,
}

impl StyledLine {
    /// Columns that it takes.
    pub fn columns(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.width()).sum()
    }

    fn push(&mut self, text: &str, style: TextStyle) {
        match self.pieces.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => self.pieces.push(Piece { text: text.to_owned(), style }),
        }
    }
}

/// The line, at most `columns` wide. Where carriage returns let it write over itself, as progress bars do, its last state
/// is shown, behind a `␍` that says so. Bytes that are not UTF-8 become `\xff`-like escapes.
pub fn styled_line(raw: &[u8], columns: usize) -> StyledLine {
    let (state, wrote_over) = last_state(raw);
    let shown = readable(state);
    let mut line = StyledLine::default();
    let (mut style, mut column) = (TextStyle::default(), 0);
    let mut harmless = String::new();
    let before = wrote_over.then_some('\r').into_iter().map(Token::Character);
    for token in before.chain(tokens(shown)) {
        harmless.clear();
        let width = match token {
            Token::Sgr(parameters) => {
                style.apply(parameters);
                continue;
            }
            Token::Character(character) => {
                push_harmless(&mut harmless, column, character);
                harmless.chars().map(|one| one.width().unwrap_or(0)).sum()
            }
            Token::Invalid(byte) => {
                harmless = format!("\\x{byte:02x}");
                harmless.len()
            }
        };
        if column + width > columns {
            line.is_cut = true;
            return line;
        }
        column += width;
        line.push(&harmless, style);
    }
    line.is_cut = shown.len() < state.len();
    line
}

/// The whole line for printing to a terminal: harmless text, with its colours asked for anew where they are kept, and
/// ended. Where the line writes over itself its last state stands, behind a `␍`. A line of any length takes time and room
/// in proportion to it.
pub fn harmless_line(raw: &[u8], keeps_colours: bool) -> String {
    let end = raw.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let start = raw[..end].iter().rposition(|byte| *byte == b'\r').map_or(0, |at| at + 1);
    let before = (start > 0).then_some('\r').into_iter().map(Token::Character);
    let mut line = String::with_capacity(end - start);
    let (mut style, mut written, mut column) = (TextStyle::default(), TextStyle::default(), 0);
    for token in before.chain(tokens(&raw[start..end])) {
        if let Token::Sgr(parameters) = token {
            style.apply(parameters);
            continue;
        }
        if keeps_colours && style != written {
            line.push_str(&style.sequence());
            written = style;
        }
        let before = line.len();
        match token {
            Token::Character(character) => push_harmless(&mut line, column, character),
            Token::Invalid(byte) => line.push_str(&format!("\\x{byte:02x}")),
            Token::Sgr(_) => {}
        }
        column += line[before..].chars().map(|one| one.width().unwrap_or(0)).sum::<usize>();
    }
    if written != TextStyle::default() {
        line.push_str("\x1b[0m");
    }
    line
}

/// The line as text to be understood and not to be shown: without colours, and in its last state where it writes over
/// itself. Nothing in it is made harmless.
pub fn plain_line(raw: &str) -> Cow<'_, str> {
    let state = raw.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    if !state.contains('\x1b') {
        return Cow::Borrowed(state);
    }
    let characters = tokens(state.as_bytes()).filter_map(|token| match token {
        Token::Character(character) => Some(character),
        Token::Sgr(_) | Token::Invalid(_) => None,
    });
    Cow::Owned(characters.collect())
}

/// What stands behind the last carriage return, and whether one stands before it. Those at the end belong to the line
/// break. Only the end of a long line is searched: a last state that is longer than that is shown with all before it.
fn last_state(raw: &[u8]) -> (&[u8], bool) {
    let end = raw.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let searched = end.saturating_sub(MOST_READ);
    match raw[searched..end].iter().rposition(|byte| *byte == b'\r') {
        Some(at) => (&raw[searched + at + 1..end], true),
        None => (&raw[..end], false),
    }
}

/// The start that is read, without half a character at its end.
fn readable(state: &[u8]) -> &[u8] {
    if state.len() <= MOST_READ {
        return state;
    }
    let is_inside = |at: &usize| state[*at] & 0b1100_0000 == 0b1000_0000;
    let end = (MOST_READ - 3..=MOST_READ).rev().find(|at| !is_inside(at)).unwrap_or(MOST_READ);
    &state[..end]
}

/// What a line is made of.
enum Token<'a> {
    /// The parameters of an SGR sequence.
    Sgr(&'a str),
    /// A character, harmful or not.
    Character(char),
    /// A byte that belongs to no character.
    Invalid(u8),
}

fn tokens(raw: &[u8]) -> impl Iterator<Item = Token<'_>> {
    raw.utf8_chunks().flat_map(|chunk| {
        let mut rest = chunk.valid();
        let of_text = std::iter::from_fn(move || {
            if let Some((parameters, behind)) = sgr(rest) {
                rest = behind;
                return Some(Token::Sgr(parameters));
            }
            let mut characters = rest.chars();
            let character = characters.next()?;
            rest = characters.as_str();
            Some(Token::Character(character))
        });
        of_text.chain(chunk.invalid().iter().copied().map(Token::Invalid))
    })
}

/// The parameters of the SGR sequence with which the text begins, and what follows it. One with other bytes in it, such
/// as xterm's `ESC [ > … m`, which changes how keys are told, is none.
fn sgr(text: &str) -> Option<(&str, &str)> {
    let behind = text.strip_prefix("\x1b[")?;
    let end = behind.bytes().take(LONGEST_SGR).position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let (parameters, last) = behind.split_at(end);
    Some((parameters, last.strip_prefix('m')?))
}

#[cfg(test)]
mod tests;

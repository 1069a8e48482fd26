//! A screen as an SVG file: the cells of a ratatui buffer, as a terminal would show them. Lines and blocks are drawn as
//! shapes and every run of text is given its width, so that it lines up in whatever font the reader has.

use std::collections::BTreeMap;
use std::fmt::Write;

use kubatch::view::theme::Ground;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The width and height of a cell and the space around the screen, in pixels.
const CELL: (usize, usize) = (8, 17);
const MARGIN: usize = 12;

/// Where in its cell a letter stands, in pixels from the top.
const BASELINE: usize = 13;

/// Seven of the terminal's colours, as a terminal of this ground has them, then the ground itself and its edge.
fn palette(ground: Ground) -> [(&'static str, &'static str); 9] {
    let colours = match ground {
        Ground::Dark => "d0d7de ff7b72 56d364 e3b341 79c0ff d2a8ff 56d4dd 0d1117 3d444d",
        Ground::Light => "1f2328 c4201f 116329 7d4e00 0550ae 7a2fb5 0f6a72 ffffff c8d1da",
    };
    let names = ["text", "red", "green", "yellow", "blue", "magenta", "cyan", "ground", "edge"];
    let mut colours = colours.split(' ');
    names.map(|name| (name, colours.next().unwrap()))
}

/// Draws the buffer on this ground; `title` says what it shows to who cannot see it.
pub fn draw(buffer: &Buffer, ground: Ground, title: &str) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{}</title>
<style>
svg {{ font: 13.3px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.bold {{ font-weight: bold }} .dim {{ opacity: .65 }} .underlined {{ text-decoration: underline }}
"#,
        escaped(title)
    );
    for (name, colour) in palette(ground) {
        writeln!(svg, ".{name} {{ fill: #{colour} }}").unwrap();
    }
    let inside = (width - 2, height - 2);
    write!(
        svg,
        r#"</style>
<rect class="edge" width="{width}" height="{height}" rx="7"/>
<rect class="ground" x="1" y="1" width="{}" height="{}" rx="6"/>
<g transform="translate({MARGIN} {MARGIN})">
"#,
        inside.0, inside.1
    )
    .unwrap();
    // One path for each style.
    let mut shapes: BTreeMap<String, String> = BTreeMap::new();
    let mut texts = String::new();
    for row in 0..rows {
        let cells = &buffer.content[row * columns..(row + 1) * columns];
        for run in runs(cells) {
            draw_run(cells, &run, row, &mut shapes, &mut texts);
        }
    }
    for (class, path) in shapes {
        writeln!(svg, r#"<path class="{class}" d="{path}"/>"#).unwrap();
    }
    svg + &texts + "</g>\n</svg>\n"
}

/// Columns that are drawn at once: those of one style, and of ASCII or of one other character.
fn runs(cells: &[Cell]) -> Vec<std::ops::Range<usize>> {
    let is_same = |one: &Cell, other: &Cell| {
        let is_ascii = one.symbol().is_ascii() && other.symbol().is_ascii();
        one.style() == other.style() && (is_ascii || one.symbol() == other.symbol())
    };
    let mut found = Vec::new();
    let mut begin = 0;
    for at in 1..=cells.len() {
        if at == cells.len() || !is_same(&cells[begin], &cells[at]) {
            found.push(begin..at);
            begin = at;
        }
    }
    found
}

fn draw_run(
    cells: &[Cell],
    run: &std::ops::Range<usize>,
    row: usize,
    shapes: &mut BTreeMap<String, String>,
    texts: &mut String,
) {
    let cell = &cells[run.start];
    let classes = classes(cell);
    let (x, y, width) = (run.start * CELL.0, row * CELL.1, run.len() * CELL.0);
    let parts = parts(cell.symbol());
    for (left, top, part_width, part_height) in &parts {
        // Lines and blocks that go on in the next cell are one.
        let is_whole = *part_width == CELL.0;
        let path = shapes.entry(classes.clone()).or_default();
        for nth in 0..if is_whole { 1 } else { run.len() } {
            let x = x + nth * CELL.0 + left;
            let width = if is_whole { width } else { *part_width };
            write!(path, "M{x} {}h{width}v{part_height}h-{width}z", y + top).unwrap();
        }
    }
    if !parts.is_empty() {
        return;
    }
    let text: String = cells[run.clone()].iter().map(Cell::symbol).collect();
    // Words that stand apart are placed apart: viewers make one blank of many.
    let mut column = run.start;
    for words in text.split_inclusive("  ") {
        let (x, blanks) = (column * CELL.0, words.len() - words.trim_start().len());
        column += columns(words);
        let words = words.trim();
        if !words.is_empty() {
            let (x, y, length) = (x + blanks * CELL.0, y + BASELINE, columns(words) * CELL.0);
            let words = escaped(words);
            writeln!(
                texts,
                r#"<text class="{classes}" x="{x}" y="{y}" textLength="{length}" lengthAdjust="spacingAndGlyphs">{words}</text>"#
            )
            .unwrap();
        }
    }
}

/// The columns that a text takes.
fn columns(text: &str) -> usize {
    ratatui::text::Line::raw(text).width()
}

/// The classes of a cell: its colour and its weight.
fn classes(cell: &Cell) -> String {
    let (bold, dim, underlined) = (Modifier::BOLD, Modifier::DIM, Modifier::UNDERLINED);
    let is_plain = cell.bg == Color::Reset && (bold | dim | underlined).contains(cell.modifier);
    assert!(is_plain, "no picture needed {:?} so far: draw it first", cell.style());
    let mut classes = colour(cell.fg).to_owned();
    for (modifier, name) in [(bold, " bold"), (dim, " dim"), (underlined, " underlined")] {
        classes += if cell.modifier.contains(modifier) { name } else { "" };
    }
    classes
}

fn colour(colour: Color) -> &'static str {
    match colour {
        Color::Reset => "text",
        Color::Red => "red",
        Color::Green => "green",
        Color::Yellow => "yellow",
        Color::Blue => "blue",
        Color::Magenta => "magenta",
        Color::Cyan => "cyan",
        other => panic!("pictures have no {other}: the theme does without it"),
    }
}

/// The rectangles that a line or a block is made of: left, top, width, height; none for what is text.
fn parts(symbol: &str) -> Vec<(usize, usize, usize, usize)> {
    let (width, height) = CELL;
    let (x, y) = (width / 2, height / 2);
    let (to_right, to_left) = ((x, y, width - x, 1), (0, y, x + 1, 1));
    let (to_bottom, to_top) = ((x, y, 1, height - y), (x, 0, 1, y + 1));
    match symbol {
        "─" => vec![(0, y, width, 1)],
        "│" => vec![(x, 0, 1, height)],
        "┌" => vec![to_right, to_bottom],
        "┐" => vec![to_left, to_bottom],
        "└" => vec![to_right, to_top],
        "┘" => vec![to_left, to_top],
        // From the whole block to its left eighth.
        _ => match symbol.chars().next().map(u32::from) {
            Some(code @ 0x2588..=0x258f) => vec![(0, 0, width * (0x2590 - code as usize) / 8, height)],
            _ => Vec::new(),
        },
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

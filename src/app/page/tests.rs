//! Scrolling, wrapping, searching and going from link to link.

use super::*;

fn page(texts: &[&str], size: (usize, usize)) -> Page {
    let mut page = Page::of("t", texts.iter().map(Line::plain).collect());
    page.lay_out(size.0, size.1);
    page
}

#[test]
fn rows_break_between_characters_whatever_their_length() {
    assert_eq!(rows(&page(&["a…é"], (1, 5))), ["a", "…", "é"]);
}

fn rows(page: &Page) -> Vec<&str> {
    let lines = page.lines().unwrap();
    page.rows().iter().map(|row| &lines[row.line].text[row.start..row.end]).collect()
}

#[test]
fn long_lines_break_at_blanks_and_long_words_anywhere() {
    let page = page(&["one two three", "", "abcdefghijk", "  漢字漢字"], (6, 3));
    assert_eq!(rows(&page), ["one", "two", "three", "", "abcdef", "ghijk", "  漢字", "漢字"]);
}

#[test]
fn every_row_fits_at_every_width() {
    let text = "name  a sentence of words, and averyveryverylongword 漢字漢字漢字 end x…y…z…";
    for width in 1..40 {
        let mut page = Page::of("t", vec![Line::plain(text).hanging(6)]);
        page.lay_out(width, 5);
        for row in page.rows() {
            let piece = &text[row.start..row.end];
            let is_one_wide = piece.chars().count() == 1;
            assert!(piece.width() + row.indent <= width || is_one_wide, "{width}: {piece}");
        }
        let shown: String = rows(&page).concat();
        assert_eq!(shown.replace(' ', ""), text.replace(' ', ""), "{width}: nothing is lost");
    }
}

#[test]
fn wrapping_and_resizing_keep_what_is_read() {
    let texts: Vec<String> = (0..50).map(|number| format!("line {number} with several words in it")).collect();
    let mut page = page(&texts.iter().map(String::as_str).collect::<Vec<_>>(), (12, 5));
    page.go(Motion::PageDown);
    page.go(Motion::PageDown);
    let reading = page.rows()[page.top].line;
    page.toggle_wrap();
    assert_eq!(page.rows()[page.top].line, reading);
    page.toggle_wrap();
    page.lay_out(20, 7);
    assert_eq!(page.rows()[page.top].line, reading);
}

#[test]
fn the_cursor_goes_from_link_to_link_and_stays_on_screen() {
    let mut text = Text::default();
    for number in 0..40 {
        let line = Line::plain(format!("line {number}"));
        match number % 4 {
            0 => text.link(line, Goto::Problem(number.to_string())),
            _ => text.line(line),
        }
    }
    let mut page = Page::empty("t");
    page.take(text);
    page.lay_out(20, 6);
    assert_eq!(page.cursor(), Some(0));
    page.go(Motion::Down);
    page.go(Motion::Down);
    assert_eq!((page.cursor(), page.top), (Some(8), 3), "it is scrolled to");
    page.go(Motion::Up);
    assert_eq!(page.cursor(), Some(4));
    page.go(Motion::PageDown);
    assert!(page.cursor().is_some_and(|line| (page.top..page.top + 6).contains(&line)));
    page.go(Motion::Last);
    assert_eq!(page.cursor(), Some(36));
    page.go(Motion::First);
    assert_eq!((page.cursor(), page.top), (Some(0), 0));
}

#[test]
fn search_goes_round_and_scrolls_to_each_match() {
    let texts: Vec<String> = (0..50).map(|number| format!("line {number}")).collect();
    let mut page = page(&texts.iter().map(String::as_str).collect::<Vec<_>>(), (20, 5));
    page.begin_search();
    page.look_for("LINE 3");
    assert_eq!(page.search.hits.len(), 0, "an upper case letter is meant");
    page.look_for("line 3");
    page.end_search(true);
    assert_eq!((page.search.hits.len(), page.search.at), (11, 0));
    for _ in 0..3 {
        page.next_hit(true);
    }
    let hit = page.search.hits[page.search.at];
    assert_eq!(hit.line, 32);
    assert!((page.top..page.top + 5).contains(&hit.line));
    page.next_hit(false);
    page.next_hit(false);
    page.next_hit(false);
    page.next_hit(false);
    assert_eq!(page.search.hits[page.search.at].line, 39);
}

#[test]
fn cursor_goes_to_the_line_that_was_looked_for() {
    let mut page = Page::default();
    page.lay_out(20, 5);
    let goto = |number: usize| (number, Goto::Problem(number.to_string()));
    let lines = (0..50).map(|number| Line::plain(format!("line {number}"))).collect();
    page.take(Text { lines, links: (0..50).map(goto).collect() });
    page.look_for("line 33");
    assert_eq!(page.cursor(), Some(33));
    page.look_for("line 4");
    assert_eq!(page.cursor(), Some(40), "the first from here on");
    page.next_hit(true);
    assert_eq!(page.cursor(), Some(41));
}

#[test]
fn search_that_is_given_up_leaves_the_one_before() {
    let mut page = page(&["one", "two"], (20, 5));
    page.begin_search();
    page.look_for("two");
    page.end_search(true);
    page.begin_search();
    page.look_for("zzz");
    page.end_search(false);
    assert_eq!((page.search.wanted.as_str(), page.search.hits.len()), ("two", 1));
}

#[test]
fn sideways_stops_at_the_longest_line_and_a_match_is_scrolled_to() {
    let long = format!("{}needle", "x".repeat(60));
    let mut page = page(&["short", &long], (20, 5));
    page.toggle_wrap();
    (0..20).for_each(|_| page.go_sideways(true));
    assert_eq!(page.left, 48);
    (0..20).for_each(|_| page.go_sideways(false));
    assert_eq!(page.left, 0);
    page.look_for("needle");
    assert!(page.left <= 60 && page.left + 20 >= 66, "{}", page.left);
}

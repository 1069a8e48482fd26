//! The README's pictures: the program on the story of the embedded cluster, drawn from its own screen, for dark and for
//! light pages. A test fails when one is out of date; `UPDATE=1 cargo test --test it -- pictures` draws them anew.

use std::path::{Path, PathBuf};

use kubatch::model::clock::Time;
use kubatch::view::theme::{Ground, Theme};

use crate::Local;
use crate::support::driver::Driver;
use crate::support::svg;

pub const TESTS: &[Local] = &[
    Local { name: "pictures::dashboard_is_as_drawn", run: || is_as_drawn(&DASHBOARD) },
    Local { name: "pictures::small_screen_is_as_drawn", run: || is_as_drawn(&SMALL) },
    Local { name: "pictures::why_is_as_drawn", run: || is_as_drawn(&WHY) },
    Local { name: "pictures::problems_are_as_drawn", run: || is_as_drawn(&PROBLEMS) },
    Local { name: "pictures::question_is_as_drawn", run: || is_as_drawn(&QUESTION) },
    Local { name: "pictures::log_is_as_drawn", run: || is_as_drawn(&LOG) },
    Local { name: "pictures::readme_shows_each_and_no_other_is_kept", run: readme_shows_each_and_no_other_is_kept },
];

/// The moment of all pictures.
const MOMENT: &str = "2026-11-21T03:07:31Z";

/// What a picture shows, and how one comes there.
struct Picture {
    name: &'static str,
    title: &'static str,
    /// Columns and rows.
    size: (u16, u16),
    /// The object that is gone to.
    object: &'static str,
    /// Keys that are pressed then.
    keys: &'static [&'static str],
    /// What must be on the screen: a picture of something else teaches something else.
    shows: &'static [&'static str],
}

const DASHBOARD: Picture = Picture {
    name: "dashboard",
    title: "kubatch: CronJobs, Jobs and the pods of a Job at the left, its events and its log at the right",
    size: (132, 34),
    object: "dns-probe",
    keys: &[],
    shows: &["● live", "CrashLoopBackOff", "BackOff", "FAIL kafka"],
};

const SMALL: Picture = Picture {
    name: "small",
    title: "kubatch on a terminal of 80 columns and 24 rows: the Jobs, and why the one under the cursor does not start",
    size: (80, 24),
    object: "settle-2990",
    keys: &[],
    shows: &["● live", "quota payments-cpu"],
};

const WHY: Picture = Picture {
    name: "why",
    title: "kubatch says why a Job failed: the memory that each try ran out of, the tries, what it knows that from, what mends it",
    size: (110, 26),
    object: "etl-orders-0412",
    keys: &["x"],
    shows: &["hit its memory limit of 512Mi", "HOW IT ENDED", "OOMKilled"],
};

const PROBLEMS: Picture = Picture {
    name: "problems",
    title: "kubatch lists all that is wrong by its cause, the newest first",
    size: (100, 18),
    object: "settle-2990",
    keys: &["i"],
    shows: &["Problems", "quota payments-cpu", "LAST"],
};

const QUESTION: Picture = Picture {
    name: "question",
    title: "kubatch shows what suspending a Job would change, where, and what is lost",
    size: (80, 24),
    object: "reprice-7",
    keys: &["s"],
    shows: &["Suspend job/reprice-7", "accepted"],
};

const LOG: Picture = Picture {
    name: "log",
    title: "kubatch shows the log of a CronJob's runs, with the stack trace that ended each",
    size: (100, 24),
    object: "nightly-report",
    keys: &["l"],
    shows: &["KeyError"],
};

const ALL: [&Picture; 6] = [&DASHBOARD, &SMALL, &WHY, &PROBLEMS, &QUESTION, &LOG];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures")
}

impl Picture {
    fn file(&self, ground: Ground) -> String {
        let ground = if ground == Ground::Dark { "dark" } else { "light" };
        format!("{}-{ground}.svg", self.name)
    }
}

fn is_as_drawn(picture: &Picture) {
    let mut driver = Driver::open_story(Time::parse(MOMENT).unwrap());
    driver.shows("● live");
    driver.rest();
    // Where the borders are tells in which order the lists came; now that all are here they are put anew.
    driver.resize(picture.size);
    driver.press(":");
    driver.type_in(picture.object);
    driver.press("enter");
    driver.rest();
    picture.keys.iter().for_each(|key| driver.press(key));
    driver.rest();
    picture.shows.iter().for_each(|text| {
        driver.shows(text);
    });
    for ground in [Ground::Dark, Ground::Light] {
        let screen = driver.drawn(&Theme::new(true, true).on(ground));
        let drawn = svg::draw(screen.buffer(), ground, picture.title);
        let path = folder().join(picture.file(ground));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, drawn).unwrap();
        } else {
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == drawn,
                "{} is out of date; UPDATE=1 cargo test --test it -- pictures draws it anew. It should show:\n{screen}",
                path.display()
            );
        }
    }
}

fn readme_shows_each_and_no_other_is_kept() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut files: Vec<String> =
        ALL.iter().flat_map(|one| [Ground::Dark, Ground::Light].map(|ground| one.file(ground))).collect();
    for file in &files {
        assert!(readme.contains(&format!("\"assets/pictures/{file}\"")), "the README does not show {file}");
    }
    let kept = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kept: Vec<String> = kept.collect();
    kept.sort();
    files.sort();
    assert_eq!(kept, files, "assets/pictures has pictures that nobody draws");
}

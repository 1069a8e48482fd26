//! Saving to files: what is never written over, and what is left where it fails.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn exporter() -> (tempfile::TempDir, Exporter) {
    let folder = tempfile::tempdir().unwrap();
    let exporter = Exporter::new(folder.path().join("state"));
    (folder, exporter)
}

fn save(exporter: &Exporter, path: &Path, replaces: bool) -> ExportOutcome {
    let to = ExportTo::File { path: path.to_owned(), replaces };
    match exporter.take(&to, b"first\n", true, false) {
        ExportOutcome::Taken(_) => exporter.take(&to, b"last\n", false, true),
        other => other,
    }
}

fn words(outcome: ExportOutcome) -> String {
    match outcome {
        ExportOutcome::Failed(words) => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_become_a_file_for_its_owner_alone() {
    let (folder, exporter) = exporter();
    let path = folder.path().join("a.log");
    assert_eq!(save(&exporter, &path, false), ExportOutcome::Taken(Some(path.clone())));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nlast\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn file_that_is_there_is_replaced_only_where_that_was_asked() {
    let (folder, exporter) = exporter();
    let path = folder.path().join("a.log");
    std::fs::write(&path, "old").unwrap();
    assert_eq!(save(&exporter, &path, false), ExportOutcome::IsThere);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    let to = ExportTo::File { path: path.clone(), replaces: true };
    exporter.take(&to, b"half", true, false);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old", "the old one stands until the new one is whole");
    assert_eq!(save(&exporter, &path, true), ExportOutcome::Taken(Some(path.clone())));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nlast\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing else is left");
}

#[test]
fn what_was_begun_and_not_ended_is_removed() {
    let (folder, exporter) = exporter();
    let to = ExportTo::File { path: folder.path().join("a.log"), replaces: false };
    assert!(matches!(exporter.take(&to, b"half", true, false), ExportOutcome::Taken(_)));
    drop(exporter);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn places_that_are_no_file_are_refused_with_path_and_reason() {
    let (folder, exporter) = exporter();
    let plain_file = folder.path().join("plain");
    std::fs::write(&plain_file, "").unwrap();
    let cases = [
        (folder.path().to_owned(), "it is a folder"),
        (PathBuf::from(format!("{}/new/", folder.path().display())), "it names a folder"),
        (folder.path().join("no/such/a.log"), "no such folder"),
        (plain_file.join("a.log"), "not a directory"),
        (PathBuf::from("/dev/null"), "it is a device"),
    ];
    for (path, reason) in cases {
        for replaces in [false, true] {
            let words = words(save(&exporter, &path, replaces));
            let name = path.to_str().unwrap().trim_end_matches('/');
            assert!(words.contains(reason) && words.contains(name), "{words}");
        }
    }
}

#[test]
fn link_is_replaced_and_what_it_points_to_stays() {
    let (folder, exporter) = exporter();
    let [target, link, loose] = ["target", "link", "loose"].map(|name| folder.path().join(name));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &loose).unwrap();
    for path in [&link, &loose] {
        assert_eq!(save(&exporter, path, false), ExportOutcome::IsThere);
        assert_eq!(save(&exporter, path, true), ExportOutcome::Taken(Some(path.clone())));
        assert!(path.symlink_metadata().unwrap().is_file());
    }
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "old");
}

#[test]
fn paths_are_meant_from_home_or_the_working_directory() {
    let home = std::env::home_dir().unwrap();
    assert_eq!(absolute(Path::new("~/a.log")).unwrap(), home.join("a.log"));
    assert_eq!(absolute(Path::new("a.log")).unwrap(), std::env::current_dir().unwrap().join("a.log"));
    assert_eq!(absolute(Path::new("/tmp/~/a.log")).unwrap(), Path::new("/tmp/~/a.log"));
}

#[test]
fn pager_gets_all_pieces_from_a_file_without_a_name() {
    let (folder, exporter) = exporter();
    assert_eq!(exporter.take(&ExportTo::Pager, b"first\n", true, false), ExportOutcome::Taken(None));
    assert_eq!(exporter.take(&ExportTo::Pager, b"last\n", false, true), ExportOutcome::Taken(None));
    assert_eq!(folder.path().join("state").read_dir().unwrap().count(), 0);
    let text = std::io::read_to_string(exporter.for_pager().unwrap()).unwrap();
    assert_eq!(text, "first\nlast\n");
    assert!(exporter.for_pager().is_none());
}

//! Scheduled copies.

use std::fs;

use crate::support::api::{Scene, files_with};
use crate::support::{store, wait_until};

fn scene() -> Scene {
    let mut scene = Scene::default();
    let folder = scene.beside("copies").display().to_string();
    scene.environment.push(("BACKUP_DIR", folder));
    scene.environment.push(("BACKUP_EVERY", "1s".to_owned()));
    scene
}

fn made_copies(journal: &str) {
    let mut scene = scene();
    scene.environment.push(("DB_JOURNAL", journal.to_owned()));
    let api = scene.start_ready();
    api.post("kept");
    let folder = scene.beside("copies");
    // All of one hour, or of two: the newest of each hour is kept.
    wait_until("a copy has the task", || {
        folder.exists()
            && files_with(&folder, "tasks-").last().is_some_and(|copy| {
                !copy.display().to_string().contains(".part-") && store::read(copy).rows.len() == 1
            })
    });
    let age = api.liveness()["last_backup_age_seconds"].as_u64().unwrap();
    assert!(age < 60, "{age}");
    assert!(api.logged("made a scheduled copy"));
    assert_eq!(api.stop().code, Some(0));
    let copies = files_with(&folder, "");
    assert!(copies.len() <= 2, "{copies:?}");
}

#[test]
fn are_made_verified_and_reported() {
    made_copies("wal");
}

#[test]
fn also_with_the_journal_that_is_used_on_nfs() {
    made_copies("truncate");
}

#[test]
fn old_ones_and_what_a_killed_process_left_are_deleted() {
    let scene = scene();
    let folder = scene.beside("copies");
    fs::create_dir(&folder).unwrap();
    // Two an hour for three days of last year: of these, the later of each of 23 hours (the copy made now is the 24th)
    // and the last of each day stay.
    for day in 1..=3 {
        for hour in 0..24 {
            for minute in ["00", "30"] {
                let name = format!("tasks-202501{day:02}T{hour:02}{minute}00.000Z.db");
                fs::write(folder.join(name), "").unwrap();
            }
        }
    }
    let unfinished = folder.join("tasks-20250103T235900.000Z.db.part-1");
    fs::write(&unfinished, "half a copy").unwrap();
    fs::write(folder.join("notes.txt"), "not ours").unwrap();
    let api = scene.start_ready();
    wait_until("old copies are deleted", || {
        files_with(&folder, "tasks-202501").len() < 30
    });
    wait_until("the unfinished copy is deleted", || !unfinished.exists());
    assert_eq!(api.stop().code, Some(0));
    let left = files_with(&folder, "tasks-202501");
    let names: Vec<_> = left
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert!((24..=25).contains(&names.len()), "{names:?}");
    assert_eq!(names[0], "tasks-20250101T233000.000Z.db");
    assert_eq!(names[1], "tasks-20250102T233000.000Z.db");
    assert!(folder.join("notes.txt").exists());
}

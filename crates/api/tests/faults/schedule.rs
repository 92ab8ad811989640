//! Scheduled copies.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::api::{Scene, files_with};
use crate::support::shim::Number;
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

/// Copies as another program, or this one under a wrong clock, has left them.
fn put_copies(scene: &Scene, stamps: impl IntoIterator<Item = String>) -> PathBuf {
    let folder = scene.beside("copies");
    fs::create_dir(&folder).unwrap();
    for stamp in stamps {
        fs::write(folder.join(format!("tasks-{stamp}.db")), "").unwrap();
    }
    folder
}

/// Those that were really made.
fn made(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_with(folder, "tasks-20");
    found.retain(|path| !path.display().to_string().contains(".part-"));
    found.retain(|path| fs::metadata(path).is_ok_and(|found| found.len() > 0));
    found
}

#[test]
fn copies_stamped_in_the_future_push_no_fresh_one_out_and_are_not_the_last() {
    let scene = scene();
    let future = (0..168).map(|hour| {
        let (day, hour) = (1 + hour / 24, hour % 24);
        format!("209901{day:02}T{hour:02}0000.000Z")
    });
    let folder = put_copies(&scene, future);
    let api = scene.start_ready();
    wait_until("a copy is made", || api.logged("made a scheduled copy"));
    assert_eq!(api.liveness()["backup_failing"], false);
    assert!(api.liveness()["last_backup_age_seconds"].as_u64().is_some());
    wait_until("it has a second copy", || {
        let lines = api.log();
        let made = lines
            .iter()
            .filter(|line| line.contains("made a scheduled copy"));
        made.count() > 1
    });
    let fresh = made(&folder);
    assert!((1..=2).contains(&fresh.len()), "{fresh:?}");
    // Those stay within bounds of their own.
    assert_eq!(files_with(&folder, "tasks-2099").len(), 30);
    assert_eq!(api.stop().code, Some(0));
    assert!(!made(&folder).is_empty());
}

#[test]
fn a_clock_that_goes_back_leaves_the_newest_copy_and_a_true_age() {
    let scene = scene();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let into_hour = now.as_secs() as i64 % 3600;
    // All in one hour, of which only the newest copy is kept: at half past, and then at ten past.
    scene.control.set(Number::ClockOffset, 1800 - into_hour);
    let api = scene.start_ready();
    let count = || {
        let lines = api.log();
        let made = |line: &&String| line.contains("made a scheduled copy");
        lines.iter().filter(made).count()
    };
    wait_until("a copy is made", || count() > 0);
    scene.control.set(Number::ClockOffset, 600 - into_hour);
    let before = count();
    wait_until("copies are made by the clock that went back", || {
        count() > before + 2
    });
    let age = api.liveness()["last_backup_age_seconds"].as_u64().unwrap();
    assert!(age < 60, "{age}");
    assert_eq!(api.stop().code, Some(0));
    let copies = made(&scene.beside("copies"));
    assert_eq!(copies.len(), 2, "one of each time: {copies:?}");
}

#[test]
fn copies_that_cannot_be_made_are_told_by_the_log_and_by_liveness() {
    let mut scene = scene();
    let folder = scene.beside("copies");
    let api = scene.start_ready();
    wait_until("a copy is made", || api.logged("made a scheduled copy"));
    assert_eq!(api.liveness()["backup_failing"], false);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    wait_until("it says so", || {
        api.logged("the scheduled copy was not made")
    });
    assert_eq!(api.liveness()["backup_failing"], true);
    fs::remove_file(&folder).unwrap();
    wait_until("it has recovered", || {
        api.liveness()["backup_failing"] == false
    });
    assert_eq!(api.stop().code, Some(0));

    // Where none are asked for there is nothing to say.
    scene.environment.clear();
    let api = scene.start_ready();
    assert_eq!(api.liveness()["backup_failing"], serde_json::Value::Null);
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn the_last_copy_is_one_that_is_there() {
    let mut scene = scene();
    scene
        .environment
        .retain(|(name, _)| *name != "BACKUP_EVERY");
    let folder = scene.beside("copies");
    let api = scene.start_ready();
    wait_until("a copy is made", || {
        api.liveness()["last_backup_age_seconds"].as_u64().is_some()
    });
    for copy in made(&folder) {
        fs::remove_file(copy).unwrap();
    }
    wait_until("it is missed", || {
        let liveness = api.liveness();
        liveness["last_backup_age_seconds"].is_null() && liveness["backup_failing"] == true
    });
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn a_folder_with_the_name_of_a_copy_stops_nothing() {
    let scene = scene();
    let folder = put_copies(&scene, []);
    for minute in ["00", "30"] {
        let name = format!("tasks-20200101T00{minute}00.000Z.db");
        fs::create_dir(folder.join(name)).unwrap();
    }
    let api = scene.start_ready();
    wait_until("a copy is made", || api.logged("made a scheduled copy"));
    assert!(!api.logged("was not made"));
    assert_eq!(api.stop().code, Some(0));
}

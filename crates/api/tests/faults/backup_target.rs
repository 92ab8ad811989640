//! What a copy must not be written over, nor be made from: the store itself by any name, and what is no file.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::api::{Api, Scene, assert_exit, files_with};
use crate::support::store;

const PARTS: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];

/// A store with one task and a copy of it; the api is stopped.
fn used(scene: &Scene) {
    let api = scene.start_ready();
    api.post("kept");
    assert_eq!(api.stop().code, Some(0));
}

fn bytes(folder: &Path) -> Vec<(String, u64)> {
    files_with(folder, "")
        .iter()
        .map(|path| {
            let length = fs::symlink_metadata(path).unwrap().len();
            (path.display().to_string(), length)
        })
        .collect()
}

#[track_caller]
fn assert_refused(scene: &Scene, target: &Path, says: &str) {
    let before = bytes(&scene.store());
    let said = assert_exit(&scene.run(["backup".as_ref(), target.as_os_str()]), 64);
    assert!(said.contains(says), "{}: {said}", target.display());
    assert_eq!(bytes(&scene.store()), before);
}

#[test]
fn a_copy_over_the_running_store_or_a_part_of_it_is_refused_and_nothing_is_lost() {
    for journal in ["wal", "truncate"] {
        let scene = Scene::with_journal(journal);
        let api = scene.start_ready();
        api.post("before");
        let name = |suffix: &str| scene.store().join(format!("tasks.db{suffix}"));
        let relative = scene.store().join("../store/tasks.db");
        let linked_folder = scene.beside("linked");
        symlink(scene.store(), &linked_folder).unwrap();
        let link = scene.beside("link.db");
        symlink(scene.db(), &link).unwrap();
        let hard_link = scene.beside("hard.db");
        fs::hard_link(scene.db(), &hard_link).unwrap();
        let mut targets = vec![relative, linked_folder.join("tasks.db"), link, hard_link];
        targets.extend(PARTS.map(name));
        for target in targets {
            let said = assert_exit(&scene.run(["backup".as_ref(), target.as_os_str()]), 64);
            assert!(said.contains("is the store itself"), "{said}");
        }
        api.post("after");
        assert_eq!(api.stop().code, Some(0));
        let content = store::read(&scene.db());
        assert_eq!((content.corrupt, content.rows.len()), (None, 2));
    }
}

#[test]
fn a_copy_over_what_is_no_copy_is_refused() {
    let scene = Scene::default();
    used(&scene);
    let fifo = scene.beside("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let folder = scene.beside("folder");
    fs::create_dir(&folder).unwrap();
    let dangling = scene.beside("dangling.db");
    symlink(scene.beside("nowhere"), &dangling).unwrap();
    let letter = scene.beside("letter.txt");
    fs::write(&letter, "Dear diary").unwrap();
    let in_use = scene.beside("other.db");
    fs::write(scene.beside("other.db-wal"), "").unwrap();
    assert_refused(&scene, &fifo, "is a named pipe");
    assert_refused(&scene, &folder, "is a folder");
    assert_refused(&scene, &folder.join("new/"), "names a folder");
    assert_refused(&scene, Path::new("/dev/null"), "is a device");
    assert_refused(&scene, &dangling, "leads to no file");
    assert_refused(&scene, &letter, "is no copy of a store");
    assert_refused(&scene, &in_use, "is a database in use");
    assert_refused(&scene, &scene.beside("x.db-wal"), "ends with -wal");
    let unfinished = scene.beside("x.db.part-0123456789abcdef");
    assert_refused(&scene, &unfinished, "not finished");
    assert_eq!(fs::read_to_string(&letter).unwrap(), "Dear diary");
}

#[test]
fn an_older_copy_is_replaced_also_through_a_link_and_only_its_owner_can_read_it() {
    let scene = Scene::default();
    used(&scene);
    let (copy, link) = (scene.beside("copy.db"), scene.beside("latest.db"));
    symlink(&copy, &link).unwrap();
    fs::write(&copy, "").unwrap();
    for _ in 0..2 {
        assert_exit(&scene.run(["backup".as_ref(), link.as_os_str()]), 0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(store::read(&copy).rows.len(), 1);
        let mode = fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn standard_output_that_is_the_store_is_refused() {
    let scene = Scene::default();
    used(&scene);
    let before = fs::read(scene.db()).unwrap();
    let append = File::options().append(true).open(scene.db()).unwrap();
    let output = scene.command(["backup", "-"]).stdout(append).output();
    let said = assert_exit(&output.unwrap(), 64);
    assert!(said.contains("is the store itself"), "{said}");
    assert!(fs::read(scene.db()).unwrap() == before);
}

#[test]
fn a_store_is_not_restored_from_itself() {
    let scene = Scene::default();
    used(&scene);
    let link = scene.beside("link.db");
    symlink(scene.db(), &link).unwrap();
    for source in [scene.db(), link, scene.store().join("tasks.db.lock")] {
        let said = assert_exit(&scene.run(["restore".as_ref(), source.as_os_str()]), 64);
        assert!(said.contains("is the store itself"), "{said}");
    }
    let input = File::open(scene.db()).unwrap();
    let output = scene.command(["restore", "-"]).stdin(input).output();
    assert_exit(&output.unwrap(), 64);
    assert_eq!(files_with(&scene.store(), ".replaced-"), [] as [&Path; 0]);
}

#[test]
fn a_place_that_is_no_file_is_refused() {
    let scene = Scene::default();
    used(&scene);
    let copy = scene.beside("copy.db");
    assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
    for make in [
        (|path: &Path| fs::create_dir(path).unwrap()) as fn(&Path),
        |path| mkfifo(path, Mode::S_IRWXU).unwrap(),
    ] {
        let elsewhere = Scene::default();
        make(&elsewhere.db());
        for arguments in [
            vec!["restore".as_ref(), copy.as_os_str()],
            vec!["check".as_ref()],
            vec!["backup".as_ref(), elsewhere.beside("new.db").as_os_str()],
        ] {
            let said = assert_exit(&elsewhere.run(arguments), 78);
            assert!(said.contains("where a file is needed"), "{said}");
        }
        assert_eq!(files_with(&elsewhere.store(), ".replaced-").len(), 0);
    }
}

#[track_caller]
fn assert_not_started(scene: &Scene, folder: &Path, says: &str) {
    let mut command = scene.command([] as [&str; 0]);
    let started = Api::start(command.env("BACKUP_DIR", folder));
    let ended = started.expect_err("it does not start");
    assert_eq!(ended.code, Some(78), "{:?}", ended.log);
    let last = ended.log.last().unwrap();
    assert!(last.contains("BACKUP_DIR") && last.contains(says), "{last}");
}

#[test]
fn a_folder_of_copies_that_is_the_store_or_no_folder_is_refused() {
    let scene = Scene::with_journal("truncate");
    used(&scene);
    for part in PARTS {
        let path = scene.store().join(format!("tasks.db{part}"));
        assert_not_started(&scene, &path, "is the store itself");
        assert!(!path.is_dir());
    }
    let fifo = scene.beside("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    assert_not_started(&scene, &fifo, "is not a folder");
}

#[test]
fn a_store_that_is_named_as_copies_are_is_not_kept_among_them() {
    let mut scene = Scene::default();
    let path = scene.store().join("tasks-20240101T000000.000Z.db");
    scene
        .environment
        .push(("DB_PATH", path.display().to_string()));
    // Before there is a store as well as after.
    for _ in 0..2 {
        assert_not_started(&scene, &scene.store(), "under a name that copies have");
        let link = scene.beside("copies");
        let _ = symlink(scene.store(), &link);
        assert_not_started(&scene, &link, "under a name that copies have");
        let api = scene.start_ready();
        assert_eq!(api.stop().code, Some(0));
    }
}

//! What kill -9 leaves of copies and restores does not stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::api::{Scene, assert_exit, binary, files_with};
use crate::support::shim::{NAME, Number};
use crate::support::{sleep_up_to, store};

/// A store of some megabytes, so that a copy takes some time.
fn large(scene: &Scene) {
    let api = scene.start_ready();
    assert_eq!(api.stop().code, Some(0));
    store::add_long_tasks(&scene.db(), 4_000);
}

/// A store with its log beside it, and a copy from before its last task.
fn killed_after_a_copy() -> (Scene, PathBuf) {
    let scene = Scene::default();
    let api = scene.start_ready();
    api.post("in the copy");
    let copy = scene.beside("copy.db");
    assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
    api.post("after the copy");
    api.kill();
    (scene, copy)
}

fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_with(folder, "");
    found.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        [".part-", ".stream-", ".restore-"]
            .iter()
            .any(|marker| name.contains(marker))
    });
    found
}

/// Starts a command and kills it once it has begun to write, or is done.
fn kill_while_it_copies(command: &mut Command, folder: &Path) {
    let mut child: Child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while unfinished(folder).is_empty()
        && child.try_wait().unwrap().is_none()
        && start.elapsed() < Duration::from_secs(20)
    {}
    sleep_up_to(Duration::from_millis(20));
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn killed_copies_and_restores_do_not_fill_the_disk() {
    let scene = Scene::default();
    large(&scene);
    let whole = scene.beside("whole.db");
    assert_exit(&scene.run(["backup".as_ref(), whole.as_os_str()]), 0);
    let out = scene.beside("out");
    fs::create_dir(&out).unwrap();
    let mut left_once = false;
    for round in 0..10 {
        let copy = out.join(format!("copy-{round}.db"));
        let store = scene.store();
        kill_while_it_copies(
            &mut scene.command(["backup".as_ref(), copy.as_os_str()]),
            &out,
        );
        kill_while_it_copies(&mut scene.command(["backup", "-"]), &store);
        kill_while_it_copies(
            &mut scene.command(["restore".as_ref(), whole.as_os_str()]),
            &store,
        );
        for folder in [&out, &store] {
            let left = unfinished(folder);
            left_once |= !left.is_empty();
            // One, with what SQLite keeps beside it.
            assert!(left.len() <= 4, "round {round}: {left:?}");
        }
        for aside in files_with(&store, ".replaced-") {
            fs::remove_file(aside).unwrap();
        }
    }
    assert!(left_once, "none was killed in the middle");
    let copy = out.join("last.db");
    assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
    assert_eq!(unfinished(&out), [] as [PathBuf; 0]);
    let api = scene.start_ready();
    assert_eq!(unfinished(&scene.store()), [] as [PathBuf; 0]);
    assert_eq!(api.stop().code, Some(0));
    let content = store::read(&scene.db());
    assert_eq!((content.corrupt, content.rows.len()), (None, 4000));
}

#[test]
fn a_copy_that_does_not_fit_takes_no_room_and_says_how_much_it_needs() {
    let scene = Scene::default();
    large(&scene);
    let out = scene.beside("out");
    fs::create_dir(&out).unwrap();
    // In a mount namespace of its own, so that nobody needs to be root for this.
    let script = r#"mount -t tmpfs -o size=2m tmpfs "$0" || exit 99
        "$1" backup "$0/copy.db" && exit 98
        DB_PATH="$0/tasks.db" "$1" restore "$2" && exit 97
        ls "$0""#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .args([&out, &binary(), &scene.db()])
        .env("DB_PATH", scene.db())
        .output()
        .unwrap();
    let said = assert_exit(&output, 0);
    assert_eq!(said.matches("bytes are needed and").count(), 2, "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "tasks.db.lock\n");
}

#[test]
fn a_start_takes_nothing_from_a_process_that_is_copying() {
    let scene = Scene::default();
    large(&scene);
    // Standard output that nobody reads: it waits, with its copy beside the store.
    let mut copying = scene
        .command(["backup", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while unfinished(&scene.store()).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(copying.try_wait().unwrap(), None);
    }
    let left = scene.store().join("tasks.db.stream-0000000000000001");
    fs::write(&left, "half a copy").unwrap();
    let api = scene.start_ready();
    assert!(!left.exists());
    assert_eq!(unfinished(&scene.store()).len(), 1);
    assert_eq!(api.stop().code, Some(0));
    let output = copying.wait_with_output().unwrap();
    assert!(output.status.success());
    let copy = scene.beside("streamed.db");
    fs::write(&copy, output.stdout).unwrap();
    assert_eq!(store::read(&copy).rows.len(), 4000);
    assert_eq!(unfinished(&scene.store()).len(), 0);
}

#[test]
fn an_interrupted_restore_is_finished_at_the_next_start() {
    let (scene, copy) = killed_after_a_copy();
    // As a process that was killed between its renames has left it.
    let time = "20261121T094200.123Z";
    let at = |name: &str| scene.store().join(format!("tasks.db{name}"));
    fs::copy(&copy, at(&format!(".restored-{time}"))).unwrap();
    fs::rename(at(""), at(&format!(".replaced-{time}"))).unwrap();

    let api = scene.start_ready();
    assert!(api.logged("finished a restore that was interrupted"));
    assert_eq!(api.titles(), ["in the copy"]);
    assert_eq!(api.stop().code, Some(0));
    assert_eq!(store::read(&at(&format!(".replaced-{time}"))).rows.len(), 2);
}

/// Restores while the call `after` of those that change names fails; false where there are not so many.
fn restore_with_a_failure(after: i64) -> bool {
    let (scene, copy) = killed_after_a_copy();
    scene.control.fail(NAME, after, 1);
    let output = scene.run(["restore".as_ref(), copy.as_os_str()]);
    scene.control.heal();
    let failed = scene.control.get(Number::Failed) > 0;
    // What only tidies up may fail without anybody being told.
    if output.status.code() == Some(0) {
        return failed;
    }
    let said = assert_exit(&output, 1);
    let api = scene.start_ready();
    assert_eq!(
        api.titles(),
        ["after the copy", "in the copy"],
        "{after}: {said}"
    );
    api.kill();
    failed
}

#[test]
fn a_restore_that_fails_between_its_renames_is_undone() {
    let failures = (0..).take_while(|after| restore_with_a_failure(*after));
    assert!(failures.count() > 3, "it renames at least three times");
}

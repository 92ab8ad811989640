//! What holds the store decides how it is kept.

use crate::support::api::{Api, Scene, assert_exit};
use crate::support::shim::Number;

/// `linux/magic.h`.
const NFS: i64 = 0x6969;
const SMB2: i64 = 0xFE53_4D42;
const CIFS: i64 = 0xFF53_4D42;

#[test]
fn a_share_over_smb_is_refused() {
    for number in [SMB2, CIFS] {
        let scene = Scene::default();
        scene.control.set(Number::FileSystem, number);
        let ended = Api::start(&mut scene.command([] as [&str; 0])).unwrap_err();
        assert_eq!(ended.code, Some(78));
        let said = ended.log.last().unwrap();
        assert!(said.contains("SMB") && said.contains("NFS"), "{said}");
        assert!(!scene.db().exists());
    }
}

#[test]
fn a_share_over_smb_is_used_when_the_journal_is_chosen_by_hand() {
    let scene = Scene::with_journal("truncate");
    scene.control.set(Number::FileSystem, SMB2);
    let api = scene.start_ready();
    assert!(api.logged("WARN"));
    assert_eq!(api.liveness()["journal"], "truncate");
    api.post("kept");
    api.stop();
    // As are the commands.
    let copy = scene.beside("copy.db");
    let copy = copy.to_str().unwrap();
    for command in [&["backup", copy][..], &["check"], &["restore", copy]] {
        assert_exit(&scene.run(command), 0);
    }
}

#[test]
fn a_share_over_nfs_gets_the_journal_that_works_there() {
    let scene = Scene::default();
    scene.control.set(Number::FileSystem, NFS);
    let api = scene.start_ready();
    assert_eq!(api.liveness()["journal"], "truncate");
    assert_eq!(api.post("on nfs").status, 201);
    // No shared memory, and the journal is emptied after each change.
    assert!(!scene.store().join("tasks.db-shm").exists());
    assert!(!scene.store().join("tasks.db-wal").exists());
    let journal = scene.store().join("tasks.db-journal");
    assert_eq!(journal.metadata().unwrap().len(), 0);
    assert!(api.logged("\"journal\":\"truncate\""));
    assert_eq!(api.stop().code, Some(0));

    // The same store on a local disk again.
    scene.control.set(Number::FileSystem, 0);
    let api = scene.start_ready();
    assert_eq!(api.liveness()["journal"], "wal");
    assert_eq!(api.titles(), ["on nfs"]);
    assert!(scene.store().join("tasks.db-wal").exists());
    api.kill();
    // And back, with a log left behind.
    scene.control.set(Number::FileSystem, NFS);
    let api = scene.start_ready();
    assert_eq!(api.titles(), ["on nfs"]);
    assert_eq!(api.stop().code, Some(0));
}

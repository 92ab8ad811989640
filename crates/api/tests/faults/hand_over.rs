//! An api that is replaced by another one on the same store, under load.

use std::fs::{File, OpenOptions};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rusqlite::Connection;

use crate::support::api::{Api, Ended, Scene};
use crate::support::load::{Load, Mix};
use crate::support::shim::{Control, Number, SYNC};
use crate::support::{sleep_up_to, store, wait_until};

const HOLDER: i64 = 0;
const SUCCESSOR: i64 = 1;

/// Locks, or lets go, one byte of the lock file: this test is a process that holds the store, or waits for it.
fn lock(file: &File, byte: i64, kind: i32) -> bool {
    let range = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&range)).is_ok()
}

fn lock_file(scene: &Scene) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(scene.store().join("tasks.db.lock"))
        .unwrap()
}

fn assert_standby(api: &Api) {
    let liveness = api.liveness();
    assert_eq!(liveness["role"], "standby", "{liveness}");
    assert_eq!(api.get("/health").status, 503);
    let answer = api.get("/api/tasks");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body["type"], "urn:task-tracker:problem:standby");
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    assert_eq!(api.post("refused").status, 503);
}

fn nothing_is_lost(scene: &Scene, load: Load, apis: Vec<Api>) {
    let report = load.finish();
    for api in apis {
        assert_eq!(api.stop().code, Some(0));
    }
    let content = store::read(&scene.db());
    assert_eq!(content.corrupt, None);
    let faults = report.compare(&content.rows);
    assert!(faults.none(), "{faults:#?}");
    assert_eq!(scene.control.get(Number::ForeignWrites), 0);
    assert!(scene.control.get(Number::Writes) > 0);
}

fn goes_over(scene: &Scene) {
    let mut old = scene.start_ready();
    let load = Load::start(&[old.address], 6, Mix::All);
    load.wait_for(30);
    for _ in 0..3 {
        let new = scene.start();
        load.set_targets(&[old.address, new.address]);
        new.wait_ready();
        assert_standby(&old);
        let holder = scene.control.get(Number::Holder);
        assert_eq!(holder, i64::from(new.pid().as_raw()));
        // No ping-pong: the old one waits without asking for it.
        thread::sleep(Duration::from_millis(400));
        assert_eq!(new.role(), "holder");
        assert_eq!(old.role(), "standby");
        load.wait_for(20);
        assert_eq!(old.stop().code, Some(0));
        load.set_targets(&[new.address]);
        old = new;
    }
    load.wait_for(20);
    nothing_is_lost(scene, load, vec![old]);
}

#[test]
fn the_store_goes_to_the_newer_process() {
    goes_over(&Scene::default());
}

#[test]
fn also_with_the_journal_that_is_used_on_nfs() {
    goes_over(&Scene::with_journal("truncate"));
}

#[test]
fn the_holder_notices_a_successor_within_250_ms() {
    let scene = Scene::default();
    let api = scene.start_ready();
    let file = lock_file(&scene);
    for _ in 0..5 {
        assert!(lock(&file, SUCCESSOR, libc::F_WRLCK));
        let start = std::time::Instant::now();
        wait_until("the holder lets go", || lock(&file, HOLDER, libc::F_WRLCK));
        // On a machine that does much else as well; 50 ms is what it takes by itself.
        assert!(
            start.elapsed() < Duration::from_millis(250),
            "{:?}",
            start.elapsed()
        );
        assert_standby(&api);
        // The successor dies: the old holder takes over again.
        assert!(lock(&file, HOLDER, libc::F_UNLCK));
        assert!(lock(&file, SUCCESSOR, libc::F_UNLCK));
        api.wait_ready();
    }
}

#[test]
fn a_successor_that_dies_before_it_takes_over_leaves_the_store_to_the_holder() {
    let scene = Scene::default();
    let old = scene.start_ready();
    let load = Load::start(&[old.address], 4, Mix::All);
    for _ in 0..5 {
        load.wait_for(5);
        // Not waited for: it dies while it starts, announces itself, opens the store or serves.
        let mut successor = scene.command([] as [&str; 0]).spawn().unwrap();
        sleep_up_to(Duration::from_millis(150));
        successor.kill().unwrap();
        successor.wait().unwrap();
        old.wait_ready();
    }
    load.wait_for(20);
    nothing_is_lost(&scene, load, vec![old]);
}

#[test]
fn a_successor_that_dies_after_it_took_over_gives_the_store_back() {
    let scene = Scene::default();
    let old = scene.start_ready();
    let load = Load::start(&[old.address], 4, Mix::All);
    for _ in 0..3 {
        let new = scene.start();
        load.set_targets(&[old.address, new.address]);
        new.wait_ready();
        load.wait_for(10);
        new.kill();
        old.wait_ready();
        load.wait_for(10);
    }
    nothing_is_lost(&scene, load, vec![old]);
}

#[test]
fn a_holder_that_is_killed_during_the_hand_over_does_not_hold_it_up() {
    let scene = Scene::default();
    let mut old = scene.start_ready();
    let load = Load::start(&[old.address], 4, Mix::All);
    for _ in 0..5 {
        load.wait_for(10);
        let new = scene.start();
        load.set_targets(&[old.address, new.address]);
        sleep_up_to(Duration::from_millis(80));
        old.kill();
        new.wait_ready();
        old = new;
    }
    nothing_is_lost(&scene, load, vec![old]);
}

#[test]
fn a_third_process_waits_for_its_turn() {
    let scene = Scene::default();
    let first = scene.start_ready();
    let load = Load::start(&[first.address], 4, Mix::All);
    load.wait_for(10);
    let (second, third) = (scene.start(), scene.start());
    load.set_targets(&[first.address, second.address, third.address]);
    // Each newcomer gets it once; then it stays.
    wait_until("both newcomers have had the store", || {
        [&second, &third]
            .iter()
            .all(|api| api.logged("opened the store"))
    });
    let opened = |apis: [&Api; 3]| -> usize {
        apis.iter()
            .flat_map(|api| api.log())
            .filter(|line| line.contains("opened the store"))
            .count()
    };
    load.wait_for(20);
    let before = opened([&first, &second, &third]);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(opened([&first, &second, &third]), before);
    assert_eq!(before, 3);
    let roles = [first.role(), second.role(), third.role()];
    assert_eq!(roles.iter().filter(|role| *role == "holder").count(), 1);
    assert_eq!(first.role(), "standby");
    nothing_is_lost(&scene, load, vec![first, second, third]);
}

#[test]
fn a_stop_while_it_waits_ends_it() {
    let scene = Scene::default();
    let holder = scene.start_ready();
    let file = lock_file(&scene);
    // Somebody else is next.
    assert!(lock(&file, SUCCESSOR, libc::F_WRLCK));
    wait_until("the holder lets go", || lock(&file, HOLDER, libc::F_WRLCK));
    let candidate = scene.start();
    assert_eq!(candidate.role(), "standby");
    for api in [candidate, holder] {
        let Ended { code, signal, log } = api.stop();
        assert_eq!((code, signal), (Some(0), None), "{log:#?}");
    }
}

/// Makes the store one of the next schema version, which it gives. Whether this binary may serve it stands in the store.
fn newer_schema(scene: &Scene, may_be_served: bool) -> i32 {
    let store = Connection::open(scene.db()).unwrap();
    let known = schema_version(&store);
    let next = known + 1;
    let served_from = if may_be_served { known } else { next };
    let change = format!(
        "INSERT INTO schema_compatibility (version, served_from) VALUES ({next}, {served_from}); \
         PRAGMA user_version = {next}"
    );
    store.execute_batch(&change).unwrap();
    next
}

fn schema_version(store: &Connection) -> i32 {
    let version = store.query_row("PRAGMA user_version", [], |row| row.get(0));
    version.unwrap()
}

#[test]
fn an_old_binary_stays_a_standby_of_a_newer_schema_and_says_why() {
    for journal in ["wal", "truncate"] {
        let scene = Scene::with_journal(journal);
        let old = scene.start_ready();
        old.post("made by the old one");
        // A newer one takes over and changes the schema.
        let file = lock_file(&scene);
        assert!(lock(&file, SUCCESSOR, libc::F_WRLCK));
        wait_until("the holder lets go", || lock(&file, HOLDER, libc::F_WRLCK));
        let newer = newer_schema(&scene, false);
        assert!(lock(&file, SUCCESSOR, libc::F_UNLCK));

        // Another old one, started while the newer one serves (a rollback), does not disturb it.
        let another = scene.start();
        if journal == "wal" {
            wait_until("it says why", || says_newer(&another, newer));
            thread::sleep(Duration::from_millis(200));
            assert!(
                lock(&file, SUCCESSOR, libc::F_WRLCK),
                "it asks for the store"
            );
            assert!(lock(&file, SUCCESSOR, libc::F_UNLCK));
        }
        // The newer one dies.
        assert!(lock(&file, HOLDER, libc::F_UNLCK));
        wait_until("both say why", || {
            says_newer(&old, newer) && says_newer(&another, newer)
        });
        assert_standby(&old);
        assert_standby(&another);
        for api in [old, another] {
            assert_eq!(api.stop().code, Some(0));
        }
        let store = Connection::open(scene.db()).unwrap();
        assert_eq!(schema_version(&store), newer);
    }
}

fn says_newer(api: &Api, version: i32) -> bool {
    api.liveness()["standby_reason"]
        .as_str()
        .is_some_and(|why| why.contains(&format!("schema version {version}")))
}

#[test]
fn an_old_binary_serves_a_newer_schema_that_allows_it() {
    let scene = Scene::default();
    let old = scene.start_ready();
    let file = lock_file(&scene);
    assert!(lock(&file, SUCCESSOR, libc::F_WRLCK));
    wait_until("the holder lets go", || lock(&file, HOLDER, libc::F_WRLCK));
    newer_schema(&scene, true);
    assert!(lock(&file, SUCCESSOR, libc::F_UNLCK));
    let another = scene.start();
    assert!(lock(&file, HOLDER, libc::F_UNLCK));
    another.wait_ready();
    assert_eq!(another.post("by the old one").status, 201);
    another.kill();
    old.wait_ready();
    assert_eq!(old.titles(), ["by the old one"]);
    assert_eq!(old.stop().code, Some(0));
}

#[test]
fn a_new_version_that_cannot_start_leaves_the_old_one_serving() {
    let scene = Scene::default();
    let old = scene.start_ready();
    old.post("before");
    let mut broken = scene.command([] as [&str; 0]);
    broken.env("DB_JOURNAL", "neither");
    assert_eq!(Api::start(&mut broken).unwrap_err().code, Some(78));
    assert_eq!(old.role(), "holder");

    // One that fails when it opens the store it was handed.
    let control = Control::new(scene.beside("control of the new one"));
    control.fail(SYNC, 0, -1);
    let mut failing = scene.command([] as [&str; 0]);
    failing.env("FAULT_CONTROL", &control.path);
    let ended = Api::start(&mut failing).map_or_else(|ended| ended, |mut new| new.wait());
    assert_ne!(ended.code, Some(0), "{:#?}", ended.log);
    assert!(control.get(Number::Failed) > 0);
    old.wait_ready();
    assert!(old.logged("handed the store over"));
    assert_eq!(old.titles(), ["before"]);
    assert_eq!(old.post("after").status, 201);
    assert_eq!(old.stop().code, Some(0));
}

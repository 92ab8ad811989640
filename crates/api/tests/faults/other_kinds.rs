//! Folders, pipes, sockets and devices where files are to be, and files where folders are to be.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::api::{Scene, assert_exit, binary};

type Make = fn(&Path);

const FOLDER: Make = |path| fs::create_dir(path).unwrap();
const PIPE: Make = |path| mkfifo(path, Mode::S_IRWXU).unwrap();
const SOCKET: Make = |path| drop(UnixListener::bind(path).unwrap());
const DEVICE: Make = |path| symlink("/dev/null", path).unwrap();

/// Asks the api to do `arguments`, which it must refuse soon.
#[track_caller]
fn refused(scene: &Scene, arguments: &[&str], variables: &[(&str, &Path)]) -> String {
    let output = Command::new("timeout")
        .arg("20")
        .arg(binary())
        .args(arguments)
        .env_clear()
        .env("BIND_ADDR", "127.0.0.1:0")
        .env("DB_PATH", scene.db())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert_exit(&output, 78)
}

#[test]
fn what_is_no_file_is_refused_with_a_line_and_never_waited_for() {
    for (suffix, make, says) in [
        ("", FOLDER, "a folder"),
        ("", PIPE, "a named pipe"),
        ("", SOCKET, "a socket"),
        ("", DEVICE, "a device"),
        (".lock", FOLDER, "a folder"),
        (".lock", PIPE, "a named pipe"),
        (".lock", DEVICE, "a symbolic link"),
        ("-wal", FOLDER, "a folder"),
        ("-wal", PIPE, "a named pipe"),
        ("-shm", PIPE, "a named pipe"),
        ("-journal", FOLDER, "a folder"),
    ] {
        let scene = Scene::default();
        make(&scene.store().join(format!("tasks.db{suffix}")));
        let said = refused(&scene, &[], &[]);
        let last = said.lines().last().unwrap();
        assert!(
            last.starts_with("api: DB_PATH: ") && last.contains(says),
            "{suffix}: {last}"
        );
    }
}

#[test]
fn also_by_the_commands() {
    let scene = Scene::default();
    PIPE(&scene.db());
    let copy = scene.beside("copy.db").display().to_string();
    for arguments in [&["check"][..], &["backup", &copy]] {
        assert!(refused(&scene, arguments, &[]).contains("a named pipe"));
    }
}

#[test]
fn a_file_where_copies_are_to_be_is_refused() {
    let scene = Scene::default();
    let file = scene.beside("copies");
    fs::write(&file, "").unwrap();
    let said = refused(&scene, &[], &[("BACKUP_DIR", &file)]);
    assert!(
        said.contains("BACKUP_DIR: ") && said.contains("is not a folder"),
        "{said}"
    );
}

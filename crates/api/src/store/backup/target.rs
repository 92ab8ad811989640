//! Where a copy may be written to and read from: never the store itself, and only regular files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sys::stat::fstat;

use super::BackupError;
use super::restore::is_ready_name;
use super::staged::is_unfinished;
use crate::store::location::{PARTS, beside, folder_of, other_kind};
use crate::store::open_files::FileId;
use crate::store::schema::Head;

/// What is wrong with the files that a copy is made of, or put in the place of.
const IS_STORE: &str = "is the store itself, or a part of it";

/// The files of one store, by name and, where they exist, by device and inode.
#[derive(Debug)]
pub(in crate::store) struct StoreFiles {
    names: Vec<PathBuf>,
    ids: Vec<FileId>,
}

impl StoreFiles {
    /// Those of the store at `db_path`, and of the one it leads to where it is a symbolic link.
    pub(in crate::store) fn of(db_path: &Path) -> Self {
        let mut stores = vec![in_real_folder(db_path)];
        stores.extend(fs::canonicalize(db_path));
        stores.dedup();
        let part = |store: &PathBuf| PARTS.map(|suffix| beside(store, suffix));
        let names: Vec<_> = stores.iter().flat_map(part).collect();
        let ids = names
            .iter()
            .filter_map(|name| fs::metadata(name).ok())
            .map(|metadata| FileId::from(&metadata))
            .collect();
        Self { names, ids }
    }

    /// Their names.
    pub(in crate::store) fn names(&self) -> impl Iterator<Item = &Path> {
        self.names.iter().map(PathBuf::as_path)
    }

    /// Whether `path` is one of them, or a link to one.
    pub(in crate::store) fn has(&self, path: &Path) -> bool {
        let real = fs::canonicalize(path);
        self.names.contains(&in_real_folder(path))
            || real.is_ok_and(|real| self.names.contains(&real))
            || fs::metadata(path).is_ok_and(|found| self.ids.contains(&FileId::from(&found)))
    }

    /// Whether an open file is one of them.
    pub(super) fn has_open(&self, file: impl AsFd) -> bool {
        fstat(file).is_ok_and(|found| self.ids.contains(&FileId::from(&found)))
    }
}

/// `path` with its folder's links resolved, but not its own.
fn in_real_folder(path: &Path) -> PathBuf {
    match (fs::canonicalize(folder_of(path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Makes sure that a copy of the store at `db_path` can take the place of `target`, and says which file that is.
pub(super) fn check_target(db_path: &Path, target: &Path) -> Result<PathBuf, BackupError> {
    let refuse = |why: String| {
        let path = target.to_owned();
        Err(BackupError::Target { path, why })
    };
    if StoreFiles::of(db_path).has(target) {
        return refuse(IS_STORE.to_owned());
    }
    let name = target.file_name().map(|name| name.to_string_lossy());
    let Some(name) = name.filter(|_| !target.as_os_str().as_bytes().ends_with(b"/")) else {
        return refuse("names a folder".to_owned());
    };
    // SQLite would take it for a part of the database before it.
    if let Some(suffix) = PARTS.iter().skip(1).find(|suffix| name.ends_with(*suffix)) {
        return refuse(format!("ends with {suffix}, as parts of a store do"));
    }
    if is_unfinished(&name) || is_ready_name(&name) {
        return refuse("is named as copies are that are not finished".to_owned());
    }
    let target = match (fs::symlink_metadata(target), fs::metadata(target)) {
        (Ok(_), Ok(found)) if let Some(kind) = other_kind(found.file_type()) => {
            return refuse(format!("is {kind} (- writes to standard output)"));
        }
        (Ok(link), Ok(_)) if link.is_symlink() => {
            fs::canonicalize(target).map_err(|source| BackupError::Io {
                path: target.to_owned(),
                source,
            })?
        }
        (Ok(link), Err(_)) if link.is_symlink() => {
            return refuse("is a link that leads to no file".to_owned());
        }
        _ => target.to_owned(),
    };
    for suffix in &PARTS[1..] {
        let part = beside(&target, suffix);
        if fs::symlink_metadata(&part).is_ok() {
            return refuse(format!(
                "is a database in use, since {} is there",
                part.display()
            ));
        }
    }
    let replaceable = |file: File| {
        let is_ours = Head::read(&file)?.is_some_and(|head| head.is_ours());
        Ok(is_ours || file.metadata()?.len() == 0)
    };
    match File::open(&target).and_then(replaceable) {
        Ok(false) => refuse("exists and is no copy of a store".to_owned()),
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(BackupError::Io {
            path: target,
            source,
        }),
        _ => Ok(target),
    }
}

/// Makes sure that an open file, from or to which a copy is streamed, is no part of the store at `db_path`. `name` is what
/// messages call it.
pub(super) fn refuse_own(db_path: &Path, name: &Path, file: impl AsFd) -> Result<(), BackupError> {
    if StoreFiles::of(db_path).has_open(file) {
        return Err(BackupError::Target {
            path: name.to_owned(),
            why: IS_STORE.to_owned(),
        });
    }
    Ok(())
}

/// Opens a regular file for reading, and nothing else: a FIFO would wait for somebody who writes.
pub(super) fn open_regular(path: &Path) -> Result<File, BackupError> {
    let io_error = |source| BackupError::Io {
        path: path.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(io_error)?;
    match other_kind(file.metadata().map_err(io_error)?.file_type()) {
        None => Ok(file),
        Some(kind) => Err(BackupError::NotAFile(path.to_owned(), kind)),
    }
}

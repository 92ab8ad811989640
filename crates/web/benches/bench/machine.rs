//! Where and how the figures came about.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::Result;

use crate::server::Programs;

/// A few lines to stand above the figures.
pub fn describe(folder: &Path, programs: &Programs, command: &[String]) -> Result<String> {
    let cores = available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")?
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let busy = fs::read_to_string("/proc/loadavg")?;
    let busy = busy.split(' ').next().unwrap_or_default();
    Ok(format!(
        "{now:.0}, make bench {command}\n{cores} cores of {processor}, Linux {kernel}, store on {file_system}, load average {busy} at the start\n{api}, {web}, {oha}",
        now = jiff::Timestamp::now(),
        command = command.join(" "),
        kernel = kernel.trim(),
        file_system = file_system(&folder.canonicalize()?)?,
        api = version(&programs.api)?,
        web = version(&programs.web)?,
        oha = version(&programs.oha)?,
    ))
}

/// The type of what is mounted where `folder` is.
fn file_system(folder: &Path) -> Result<String> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (_device, at, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(at).then_some((at, kind))
    });
    // The last of several at one place is the one that is seen.
    let mount = mounts.max_by_key(|(at, _)| at.len());
    Ok(mount.map_or("unknown", |(_, kind)| kind).to_owned())
}

fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#![allow(clippy::unwrap_used)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use super::*;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose other end takes a piece only when it is asked to.
struct Pipe(SyncSender<Vec<u8>>);

fn pipe() -> (Pipe, Receiver<Vec<u8>>) {
    let (sender, receiver) = sync_channel(0);
    (Pipe(sender), receiver)
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.send(bytes.to_vec());
        sent.map(|()| bytes.len())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn dropped(lines: u64) -> Vec<u8> {
    format!("{lines} dropped\n").into_bytes()
}

#[test]
fn every_line_is_written_in_order_before_the_end() {
    let memory = Memory::default();
    let (mut writer, thread) = start(memory.clone(), dropped).unwrap();
    let lines: String = (0..20_000)
        .map(|number| format!("line {number} of many\n"))
        .collect();
    for line in lines.split_inclusive('\n') {
        writer.write_all(line.as_bytes()).unwrap();
    }
    drop(thread);
    assert!(*memory.0.lock().unwrap() == lines.as_bytes());
}

#[test]
fn lines_that_nobody_reads_are_dropped_and_counted_and_nobody_waits() {
    let (pipe, reader) = pipe();
    let (mut writer, thread) = start(pipe, dropped).unwrap();
    let start = Instant::now();
    for _ in 0..30_000 {
        writer.write_all(&[b'x'; 100]).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    let mut read = Vec::new();
    while !read.ends_with(b"dropped\n") {
        read.extend(reader.recv_timeout(Duration::from_secs(5)).unwrap());
    }
    let text = String::from_utf8(read).unwrap();
    let kept = text.matches('x').count() as u64 / 100;
    let told = text.rsplit('x').next().unwrap();
    assert_eq!(told, format!("{} dropped\n", 30_000 - kept));
    assert!(kept >= 10_000, "{kept}");
    writer.write_all(b"read again\n").unwrap();
    let last = reader.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(last, b"read again\n");
    drop(thread);
}

#[test]
fn the_end_does_not_wait_for_a_reader_that_never_comes() {
    let (pipe, _reader) = pipe();
    let (mut writer, thread) = start(pipe, dropped).unwrap();
    writer.write_all(b"unread\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    drop(thread);
    assert!(start.elapsed() < 3 * LAST_LINES, "{:?}", start.elapsed());
}

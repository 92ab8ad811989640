//! SIGTERM of the web under load.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Service, add, free_address, titles, wait_until};

#[test]
fn it_ends_within_ten_seconds_and_every_form_sent_makes_one_task() {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    let mut web = Service::web(api.address);
    let target = Arc::new(RwLock::new(web.address));
    let stop = Arc::new(AtomicBool::new(false));
    let added = Arc::new(AtomicUsize::new(0));
    let people: Vec<_> = (0..4)
        .map(|person| {
            let (target, stop, added) = (target.clone(), stop.clone(), added.clone());
            thread::spawn(move || person_at_work(person, &target, &stop, &added))
        })
        .collect();
    for _ in 0..3 {
        let before = added.load(Ordering::Relaxed);
        wait_until("forms are answered", || {
            added.load(Ordering::Relaxed) >= before + 10
        });
        let start = Instant::now();
        assert_eq!(web.stop(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(10));
        web = Service::web(api.address);
        *target.write().unwrap() = web.address;
    }
    stop.store(true, Ordering::Relaxed);
    let sent: Vec<String> = people
        .into_iter()
        .flat_map(|person| person.join().unwrap())
        .collect();
    let found = titles(api.address);
    for title in &sent {
        let times = found.iter().filter(|found| *found == title).count();
        assert_eq!(times, 1, "{title}");
    }
    assert_eq!(found.len(), sent.len());
}

/// Adds tasks, and sends each form again until it is answered; at most 100, which one page of the api has room for.
fn person_at_work(
    person: usize,
    target: &RwLock<SocketAddr>,
    stop: &AtomicBool,
    added: &AtomicUsize,
) -> Vec<String> {
    let mut sent = Vec::new();
    while sent.len() < 100 && !stop.load(Ordering::Relaxed) {
        let title = format!("task {} of {person}", sent.len());
        let key = title.replace(' ', "-");
        loop {
            let web = *target.read().unwrap();
            match add(web, &title, &key) {
                Ok(page) => {
                    assert_eq!(page.status, 303, "{}", page.body);
                    break;
                }
                // Refused: the next web is not there yet. What was accepted is answered.
                Err(ureq::Error::Io(_)) => thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("{error}"),
            }
        }
        added.fetch_add(1, Ordering::Relaxed);
        sent.push(title);
        thread::sleep(Duration::from_millis(10));
    }
    sent
}

//! An api that hangs, refuses, resets the connection after the commit, or is late.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Page, Service, add, free_address, get, key, titles, wait_until};

/// The page is an honest one, within web's own deadline.
fn assert_down(page: &Page) {
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.retry_after);
    assert!(!page.body.contains("Nothing to do"));
}

/// The form came back with what was typed and the same key.
fn assert_form_is_back(page: &Page, title: &str, key: &str) {
    assert!([502, 503].contains(&page.status), "{}", page.body);
    assert!(page.body.contains(&format!("value=\"{title}\"")));
    assert!(page.body.contains(&format!("name=\"key\" value=\"{key}\"")));
}

#[test]
fn hung_it_is_reported_and_nothing_typed_is_lost() {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    let web = Service::web(api.address);
    let key = key(web.address);
    api.signal(Signal::SIGSTOP);
    let start = Instant::now();
    assert_down(&get(web.address, "/tasks").unwrap());
    assert_form_is_back(&add(web.address, "typed", &key).unwrap(), "typed", &key);
    // 3 seconds each, and what a busy machine adds.
    assert!(start.elapsed() < Duration::from_secs(12));
    assert_eq!(get(web.address, "/health").unwrap().status, 200);
    api.signal(Signal::SIGCONT);
    wait_until("pages are back", || {
        get(web.address, "/tasks").unwrap().status == 200
    });
    assert_eq!(add(web.address, "typed", &key).unwrap().status, 303);
    assert_eq!(titles(api.address), ["typed"]);
}

#[test]
fn refusing_it_is_reported_and_all_is_well_once_it_is_back() {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    let web = Service::web(api.address);
    let (key, address) = (key(web.address), api.address);
    api.kill();
    assert_down(&get(web.address, "/tasks").unwrap());
    assert_form_is_back(&add(web.address, "typed", &key).unwrap(), "typed", &key);
    let api = Service::api(&store, address);
    assert_eq!(add(web.address, "typed", &key).unwrap().status, 303);
    assert_eq!(titles(api.address), ["typed"]);
}

#[test]
fn late_at_the_start_the_web_is_ready_without_it() {
    let store = tempfile::tempdir().unwrap();
    let address = free_address();
    let web = Service::web(address);
    assert_eq!(get(web.address, "/health").unwrap().status, 200);
    assert_down(&get(web.address, "/tasks").unwrap());
    let api = Service::api(&store, address);
    let key = key(web.address);
    assert_eq!(add(web.address, "at last", &key).unwrap().status, 303);
    assert_eq!(titles(api.address), ["at last"]);
}

#[test]
fn reset_after_the_commit_the_request_is_repeated_and_makes_one_task() {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    let (proxy, resets) = resetting_proxy(api.address);
    let web = Service::web(proxy);
    let key = key(web.address);
    resets.store(1, Ordering::SeqCst);
    assert_eq!(add(web.address, "once", &key).unwrap().status, 303);
    assert_eq!(resets.load(Ordering::SeqCst), 0);
    assert_eq!(titles(api.address), ["once"]);
    // However often: the form comes back, and is sent again.
    resets.store(usize::MAX, Ordering::SeqCst);
    let page = add(web.address, "twice", "another-key").unwrap();
    assert_form_is_back(&page, "twice", "another-key");
    resets.store(0, Ordering::SeqCst);
    assert_eq!(
        add(web.address, "twice", "another-key").unwrap().status,
        303
    );
    assert_eq!(titles(api.address), ["twice", "once"]);
}

/// Passes requests on to the api; of those that write, as many as the number says lose their answer.
fn resetting_proxy(api: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let resets = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&resets);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let left = Arc::clone(&left);
            thread::spawn(move || pass_on(client, api, &left));
        }
    });
    (address, resets)
}

/// One request a connection is enough, as its end tells web not to use it again.
fn pass_on(mut client: TcpStream, api: SocketAddr, resets: &AtomicUsize) -> Option<()> {
    let mut server = TcpStream::connect(api).ok()?;
    let mut bytes = [0; 65536];
    loop {
        let length = client.read(&mut bytes).ok().filter(|length| *length > 0)?;
        let writes = bytes.starts_with(b"POST");
        server.write_all(&bytes[..length]).ok()?;
        let length = server.read(&mut bytes).ok().filter(|length| *length > 0)?;
        let lost = writes
            && resets
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
        if lost {
            return None;
        }
        client.write_all(&bytes[..length]).ok()?;
    }
}

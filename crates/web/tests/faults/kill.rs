//! kill -9 of the web between its request to the api and the api's answer.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Service, add, free_address, key, titles, wait_until};

#[test]
fn the_form_sent_again_with_the_same_key_makes_one_task() {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    let web = Service::web(api.address);
    let key = key(web.address);
    api.signal(Signal::SIGSTOP);
    let (address, same) = (web.address, key.clone());
    let sent = thread::spawn(move || add(address, "only once", &same));
    // The web's request waits in the api's socket.
    thread::sleep(Duration::from_millis(500));
    web.kill();
    sent.join().unwrap().unwrap_err();
    api.signal(Signal::SIGCONT);
    wait_until("the api has carried it out", || {
        titles(api.address) == ["only once"]
    });

    let web = Service::web(api.address);
    assert_eq!(add(web.address, "only once", &key).unwrap().status, 303);
    assert_eq!(titles(api.address), ["only once"]);
}

#![allow(clippy::unwrap_used)]

use super::*;

fn places(most: usize, most_per_address: usize) -> Rc<Places> {
    Rc::new(Places {
        most,
        most_per_address,
        taken: RefCell::default(),
        closed: Cell::new(0),
        told: Cell::new(None),
    })
}

fn waiting(address: u8, seconds: u64) -> Rc<State> {
    let state = State::accepted(Some([10, 0, 0, address].into()));
    let since = state.waiting_since.get().unwrap();
    let since = since.checked_sub(Duration::from_secs(seconds));
    state.waiting_since.set(since);
    state
}

#[test]
fn the_longest_waiting_of_all_goes_when_all_places_are_taken() {
    let places = places(3, 3);
    let states = [waiting(1, 5), waiting(2, 9), waiting(3, 7)];
    let _taken = states.each_ref().map(|state| places.admit(state).unwrap());
    assert!(states.iter().all(|state| !state.evicted.get()));
    let _new = places.admit(&waiting(4, 0)).unwrap();
    let _newer = places.admit(&waiting(5, 0)).unwrap();
    assert_eq!(states.map(|state| state.evicted.get()), [false, true, true]);
}

#[test]
fn an_address_with_its_share_loses_its_own() {
    let places = places(10, 2);
    let states = [waiting(1, 9), waiting(2, 1), waiting(2, 2)];
    let _taken = states.each_ref().map(|state| places.admit(state).unwrap());
    let _new = places.admit(&waiting(2, 0)).unwrap();
    assert_eq!(
        states.map(|state| state.evicted.get()),
        [false, false, true]
    );
}

#[test]
fn what_is_being_answered_stays_and_one_more_of_its_address_is_refused() {
    let places = places(10, 2);
    let states = [waiting(1, 9), waiting(1, 9)];
    let mut taken: Vec<_> = states.iter().map(|state| places.admit(state)).collect();
    for state in &states {
        state.waiting_since.set(None);
    }
    assert!(places.admit(&waiting(1, 0)).is_none());
    assert!(places.admit(&waiting(2, 0)).is_some());
    taken.pop();
    assert!(places.admit(&waiting(1, 0)).is_some());
}

#[test]
fn neighbours_in_a_network_of_ipv6_count_as_one() {
    let network = |text: &str| network_of(text.parse().unwrap());
    assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::2"));
    assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
}

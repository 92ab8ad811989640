#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use super::table::{Count, MAX_KEYS};
use super::*;

/// Attempts on a clock that is moved by hand.
struct Trial {
    attempts: Attempts,
    millis: Arc<AtomicU64>,
}

impl Trial {
    fn start() -> Self {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let clock = move || Duration::from_millis(clock.load(Ordering::Relaxed));
        Self {
            attempts: Attempts::with_clock(Arc::new(clock)),
            millis,
        }
    }

    fn now(&self) -> Duration {
        (self.attempts.clock)()
    }

    fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// One that fails.
    fn guess(&self, account: &str, address: IpAddr) -> Result<(), Duration> {
        self.attempts
            .begin(Tried::Password(account), Some(address))
            .map(drop)
    }

    /// As many as are let through without waiting.
    fn guesses(&self, account: &str, address: IpAddr) -> usize {
        (0..100)
            .take_while(|_| self.guess(account, address).is_ok())
            .count()
    }

    /// Waits for as long as it is told to, and has guessed then; a millisecond less is too early.
    fn guess_when_told(&self, account: &str, address: IpAddr) {
        if let Err(wait) = self.guess(account, address) {
            self.pass(wait - Duration::from_millis(1));
            let early = self.guess(account, address);
            assert_eq!(early, Err(Duration::from_millis(1)));
            self.pass(Duration::from_millis(1));
            assert_eq!(self.guess(account, address), Ok(()), "after {wait:?}");
        }
    }
}

fn address(number: usize) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap()).into()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_thousand_guesses_of_an_account_from_one_address_take_ten_days() {
    let trial = Trial::start();
    for _ in 0..1000 {
        trial.guess_when_told("anna", address(1));
    }
    // Five at once; 1, 2, 4 ... 512 seconds before the next ten; a quarter of an hour before each of 985.
    assert_eq!(trial.now(), seconds(1023 + 985 * 900));
}

#[test]
fn a_thousand_guesses_of_an_account_from_a_thousand_addresses_take_eight_hours() {
    let trial = Trial::start();
    for number in 0..1000 {
        trial.guess_when_told("anna", address(number));
    }
    // 20 at once, and one each half a minute.
    assert_eq!(trial.now(), seconds(980 * 30));
}

#[test]
fn a_thousand_guesses_of_a_thousand_accounts_from_one_address_take_three_hours() {
    let trial = Trial::start();
    for number in 0..1000 {
        trial.guess_when_told(&format!("user {number}"), address(1));
    }
    // 30 at once, and one each ten seconds.
    assert_eq!(trial.now(), seconds(970 * 10));
}

#[test]
fn asking_too_early_makes_nothing_later_and_an_hour_makes_all_forgotten() {
    let trial = Trial::start();
    assert_eq!(trial.guesses("anna", address(1)), 5);
    for _ in 0..100 {
        assert_eq!(trial.guess("anna", address(1)), Err(seconds(1)));
    }
    trial.pass(seconds(3599));
    assert_eq!(trial.guesses("anna", address(1)), 1);
    trial.pass(seconds(3600));
    assert_eq!(trial.guesses("anna", address(1)), 5);
}

#[test]
fn all_addresses_of_a_subscriber_are_one() {
    let trial = Trial::start();
    let network = |network: u16, host: u16| {
        IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host))
    };
    for host in 0..5 {
        assert_eq!(trial.guess("anna", network(1, host)), Ok(()));
    }
    assert_eq!(trial.guess("anna", network(1, 9)), Err(seconds(1)));
    assert_eq!(trial.guess("anna", network(2, 9)), Ok(()));
    // Nor is an IPv4 address another one where it is written as IPv6.
    assert_eq!(trial.guesses("anna", "10.0.0.1".parse().unwrap()), 5);
    assert_eq!(trial.guesses("anna", "::ffff:10.0.0.1".parse().unwrap()), 0);
    // Nor are those who have gone already several.
    let gone = (0..100).take_while(|_| trial.attempts.begin(Tried::Password("bob"), None).is_ok());
    assert_eq!(gone.count(), 5);
}

#[test]
fn who_succeeds_is_given_back_this_attempt_and_begins_anew_on_this_account() {
    let trial = Trial::start();
    let sign_in = |account: &str| {
        let begun = trial
            .attempts
            .begin(Tried::Password(account), Some(address(1)));
        begun.map(Begun::succeeded)
    };
    for _ in 0..200 {
        assert_eq!(sign_in("anna"), Ok(()));
    }
    assert_eq!(trial.guesses("anna", address(1)), 5);
    trial.pass(seconds(1));
    assert_eq!(sign_in("anna"), Ok(()));
    assert_eq!(trial.guesses("anna", address(1)), 5);
    // What was guessed of others stays counted of the address: it is no way to guess on.
    let mut guessed = 10;
    for number in 0..100 {
        guessed += trial.guesses(&format!("user {number}"), address(1));
        let _ = sign_in("anna");
    }
    assert_eq!(guessed, 30);
}

#[test]
fn what_was_not_made_is_no_guess() {
    let trial = Trial::start();
    let not_made = |account: &str| {
        let begun = trial
            .attempts
            .begin(Tried::Password(account), Some(address(1)));
        begun.map(Begun::not_made)
    };
    for _ in 0..200 {
        assert_eq!(not_made("anna"), Ok(()));
    }
    assert_eq!(trial.guesses("anna", address(1)), 5);
    trial.pass(seconds(1));
    trial
        .attempts
        .begin(Tried::Password("anna"), Some(address(1)))
        .unwrap()
        .succeeded();
    for _ in 0..200 {
        assert_eq!(not_made("anna"), Ok(()));
    }
    assert_eq!(trial.guesses("anna", address(1)), 5);
}

#[test]
fn others_attempts_do_not_keep_out_who_comes_from_where_they_came_from_before() {
    let trial = Trial::start();
    let owner = trial
        .attempts
        .begin(Tried::Password("anna"), Some(address(1)));
    owner.unwrap().succeeded();
    for number in 2..22 {
        assert_eq!(trial.guess("anna", address(number)), Ok(()));
    }
    assert_eq!(trial.guess("anna", address(50)), Err(seconds(30)));
    assert_eq!(
        trial
            .attempts
            .begin(Tried::Password("anna"), None)
            .map(drop),
        Err(seconds(30))
    );
    // Known for this account alone, and with no more guesses than anybody.
    assert_eq!(trial.guesses("anna", address(1)), 5);
    assert_eq!(trial.guess("anna", address(1)), Err(seconds(1)));
    trial.pass(seconds(1));
    let owner = trial
        .attempts
        .begin(Tried::Password("anna"), Some(address(1)));
    owner.unwrap().succeeded();
    // These have taken nothing from the account, nor has the success given back what others took.
    assert_eq!(trial.guess("anna", address(50)), Err(seconds(29)));
    for number in 2..22 {
        assert_eq!(trial.guess("bob", address(number)), Ok(()));
    }
    assert_eq!(trial.guess("bob", address(1)), Err(seconds(30)));
}

#[test]
fn who_has_gone_already_is_known_for_nothing() {
    let trial = Trial::start();
    for _ in 0..3 {
        let failed = (0..4).map(|_| {
            trial
                .attempts
                .begin(Tried::Password("anna"), None)
                .map(drop)
        });
        assert!(failed.collect::<Result<Vec<_>, _>>().is_ok());
        trial
            .attempts
            .begin(Tried::Password("anna"), None)
            .unwrap()
            .succeeded();
        trial.pass(seconds(4 * 30));
    }
    for number in 0..20 {
        assert_eq!(trial.guess("anna", address(number)), Ok(()));
    }
    assert_eq!(
        trial
            .attempts
            .begin(Tried::Password("anna"), None)
            .map(drop),
        Err(seconds(30))
    );
}

#[test]
fn many_addresses_and_names_make_no_counts_forgotten() {
    let trial = Trial::start();
    let guessed = trial.guesses("anna", address(0));
    for number in 1..=15 {
        assert_eq!(trial.guess("anna", address(number)), Ok(()), "{number}");
    }
    assert_eq!(guessed, 5);
    // Each of them three times what is kept, at the same moment.
    for number in 0..3 * MAX_KEYS {
        let _ = trial.guess(&format!("user {number}"), address(1000 + number));
    }
    let counted = trial.attempts.counted();
    let kept = [
        counted.pairs.len(),
        counted.addresses.len(),
        counted.accounts.len(),
    ];
    drop(counted);
    for kept in kept {
        assert!(kept <= MAX_KEYS && kept > MAX_KEYS / 2, "{kept}");
    }
    assert_eq!(trial.guess("anna", address(50)), Err(seconds(30)));
    assert_eq!(trial.guess("bob", address(0)).map_err(|_| ()), Ok(()));
    assert!(trial.guess("anna", address(0)).is_err());
}

#[test]
fn nothing_is_counted_as_less_than_it_was() {
    let (mut table, now) = (Table::<Failures>::default(), seconds(1));
    let keys = 3 * MAX_KEYS as u64;
    for _ in 0..3 {
        for key in 0..keys {
            table.change(key, now, |failures| failures.add(now));
        }
    }
    let least = (0..keys).map(|key| table.get(key).order()).min();
    assert!(least >= Some((3, now)), "{least:?}");
}

#[test]
fn two_keys_that_push_each_other_out_count_on() {
    let trial = Trial::start();
    for number in 0..MAX_KEYS {
        for _ in 0..2 {
            let _ = trial.guess(&format!("user {number}"), address(1000 + number));
        }
    }
    let mut guessed = 0;
    for turn in 0..100 {
        let account = ["anna", "bob"][turn % 2];
        guessed += usize::from(trial.guess(account, address(turn)).is_ok());
    }
    assert!(guessed <= 2 * 20, "{guessed}");
    let again = (0..100).filter(|turn| {
        let account = ["anna", "bob"][turn % 2];
        trial.guess(account, address(1)).is_ok()
    });
    assert!(again.count() <= 2 * 5);
}

#[test]
fn what_is_over_makes_room() {
    let trial = Trial::start();
    for number in 0..MAX_KEYS {
        let _ = trial.guess(&format!("user {number}"), address(1000 + number));
    }
    trial.pass(seconds(3600));
    assert_eq!(trial.guess("anna", address(1)), Ok(()));
    let counted = trial.attempts.counted();
    assert_eq!((counted.pairs.len(), counted.accounts.len()), (1, 1));
    drop(counted);
    assert_eq!(
        trial.guesses("anna", address(2)),
        5,
        "nothing was forgotten"
    );
}

#[test]
fn long_names_take_no_more_memory() {
    let trial = Trial::start();
    let long = "x".repeat(100_000);
    assert_eq!(trial.guesses(&long, address(1)), 5);
    assert_eq!(trial.guesses(&format!("{long}y"), address(1)), 5);
}

#[test]
fn strangers_keep_nobody_from_a_code_or_from_ones_own_password() {
    let user = UserId::new(7);
    for tried in [Tried::Code, Tried::OwnPassword(user)] {
        let trial = Trial::start();
        for number in 0..1000 {
            let guess = trial.attempts.begin(tried, Some(address(1000 + number)));
            assert!(guess.is_ok(), "each is the first of its address");
            let _ = trial.guess("anna", address(2000 + number));
        }
        assert!(trial.attempts.begin(tried, Some(address(1))).is_ok());
        // One address is slowed down as ever.
        let again = (0..100).filter(|_| trial.attempts.begin(tried, Some(address(2))).is_ok());
        assert_eq!(again.count(), 5);
    }
}

#[test]
fn of_one_address_and_of_all_that_are_not_known_few_are_under_way() {
    let trial = Trial::start();
    trial.attempts.remember("owner", Some(address(1)));
    let begin = |name: &str, from| trial.attempts.begin(Tried::Password(name), Some(from));
    let mut under_way: Vec<_> = (0..4).map(|_| begin("anna", address(2)).unwrap()).collect();
    assert_eq!(begin("bob", address(2)).map(drop), Err(A_MOMENT));
    under_way.extend((3..11).map(|number| begin("bob", address(number)).unwrap()));
    assert_eq!(begin("carol", address(20)).map(drop), Err(A_MOMENT));
    // The owner has a place, and so has everybody once others are done.
    drop(begin("owner", address(1)).unwrap());
    drop(under_way);
    assert!(begin("carol", address(20)).is_ok());
    let counted = trial.attempts.counted();
    assert_eq!((counted.under_way.len(), counted.unknown_under_way), (0, 0));
}

#[test]
fn who_was_let_in_by_a_code_is_known() {
    let trial = Trial::start();
    trial.attempts.remember("anna", Some(address(1)));
    for number in 0..100 {
        let _ = trial.guess("anna", address(100 + number));
    }
    assert!(trial.guess("anna", address(99)).is_err());
    assert_eq!(trial.guess("anna", address(1)), Ok(()));
}

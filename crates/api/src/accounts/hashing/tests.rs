#![allow(clippy::unwrap_used)]

use futures_util::future::join_all;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};

use super::*;

/// "password" and the salt "somesalt", as the reference implementation computes it in its own tests.
const REFERENCE: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn password() -> Password {
    Password::parse("a long way to go", None).unwrap()
}

fn stored(phc: &str) -> PasswordHash {
    PasswordHash::new(phc.to_owned())
}

#[tokio::test]
async fn a_password_is_known_by_its_hash_and_no_other_is() {
    let hasher = Hasher::new();
    let hash = hasher.hash(&password()).await.unwrap();
    assert!(!hash.is_outdated());
    let phc = hash.as_str();
    assert!(phc.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{phc}");
    let again = hasher.hash(&password()).await.unwrap();
    assert_ne!(hash, again, "the salt is another one");
    for (text, is_it) in [
        ("a long way to go", true),
        ("a long way to gO", false),
        ("a long way to go ", false),
        ("", false),
    ] {
        let verified = hasher.verify(&Attempt::new(text), Some(&hash)).await;
        assert_eq!(verified.unwrap(), is_it, "{text:?}");
    }
}

#[tokio::test]
async fn a_text_longer_than_any_password_is_no_password_and_not_the_empty_one() {
    let hasher = Hasher::new();
    let empty = new_hash("", &mut Vec::new()).unwrap();
    let verify = async |text: &str| {
        let verified = hasher.verify(&Attempt::new(text), Some(&empty)).await;
        verified.unwrap()
    };
    assert!(verify("").await);
    assert!(!verify(&"x".repeat(257)).await);
}

#[tokio::test]
async fn as_much_is_computed_for_nobody() {
    let hasher = Hasher::new();
    let attempt = Attempt::new("a long way to go");
    assert!(!hasher.verify(&attempt, None).await.unwrap());
    let memory = hasher.memory.lock().await;
    assert_eq!(memory.len(), 7168, "of 1 KiB each");
}

#[tokio::test]
async fn a_stored_hash_is_verified_with_its_own_costs() {
    let hasher = Hasher::new();
    let hash = stored(REFERENCE);
    let verified = hasher.verify(&Attempt::new("password"), Some(&hash)).await;
    assert!(verified.unwrap());
    assert!(hash.is_outdated());
    assert_eq!(hasher.memory.lock().await.len(), 256);
    // What has more memory than it needs makes the same of it.
    let hash = hasher.hash(&password()).await.unwrap();
    let verified = hasher
        .verify(&Attempt::new("password"), Some(&stored(REFERENCE)))
        .await;
    assert!(verified.unwrap());
    let attempt = Attempt::new("a long way to go");
    assert!(hasher.verify(&attempt, Some(&hash)).await.unwrap());
}

#[tokio::test]
async fn what_costs_too_much_or_cannot_be_read_is_not_computed() {
    let hasher = Hasher::new();
    let verify = async |phc: &str| {
        let attempt = Attempt::new("password");
        match hasher.verify(&attempt, Some(&stored(phc))).await {
            Err(HashingError::Failed(failure)) => failure.to_string(),
            other => format!("{other:?}"),
        }
    };
    let too_expensive = "the stored hash takes";
    for costs in ["m=65537,t=2,p=1", "m=4294967295,t=1,p=1", "m=256,t=11,p=1"] {
        let told = verify(&REFERENCE.replace("m=256,t=2,p=1", costs)).await;
        assert!(told.starts_with(too_expensive), "{costs}: {told}");
    }
    for phc in [
        "",
        "plain text",
        "$argon2id$v=19$m=256,t=2,p=1",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=0,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$2b$12$KIXxPfn6ZbLlfO2pT1cF1u",
    ] {
        assert_eq!(verify(phc).await, "the stored hash cannot be read", "{phc}");
        assert!(stored(phc).is_outdated());
    }
    assert!(hasher.memory.lock().await.is_empty());
}

#[test]
fn a_hash_of_other_costs_is_outdated() {
    let output = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let current = format!("$argon2id$v=19$m=7168,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg${output}");
    assert!(!stored(&current).is_outdated());
    for (part, other) in [
        ("argon2id", "argon2i"),
        ("v=19", "v=16"),
        ("v=19$", ""),
        ("m=7168", "m=7167"),
        ("t=5", "t=6"),
        ("p=1", "p=2"),
        ("MDEyMzQ1Njc4OWFiY2RlZg", "c29tZXNhbHQ"),
        (output, "nf65EOgLrQMR/uIPnA4rEg"),
    ] {
        let other = current.replace(part, other);
        assert!(stored(&other).is_outdated(), "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_wait_five_seconds_each() {
    let hasher = Hasher::new();
    let turn = Arc::clone(&hasher.memory).lock_owned().await;
    let (start, password) = (Instant::now(), password());
    let seventeen = (0..=MAX_WAITING).map(|_| async {
        let outcome = hasher.hash(&password).await;
        assert!(matches!(outcome, Err(HashingError::Crowded)), "{outcome:?}");
        start.elapsed().as_secs()
    });
    let mut waited = join_all(seventeen).await;
    waited.sort_unstable();
    assert_eq!(waited[..2], [0, 5]);
    assert_eq!(waited[MAX_WAITING], 5);
    drop(turn);
    assert_eq!(hasher.places.available_permits(), MAX_WAITING);
}

#[tokio::test(start_paused = true)]
async fn who_has_gone_gives_up_the_place_and_nothing_is_computed() {
    let hasher = Hasher::new();
    let turn = Arc::clone(&hasher.memory).lock_owned().await;
    let waiting: Vec<_> = (0..MAX_WAITING)
        .map(|_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.hash(&password()).await })
        })
        .collect();
    yield_now().await;
    assert_eq!(hasher.places.available_permits(), 0);
    for gone in waiting {
        gone.abort();
    }
    advance(Duration::from_millis(1)).await;
    assert_eq!(hasher.places.available_permits(), MAX_WAITING);
    drop(turn);
    let memory = hasher.memory.try_lock().unwrap();
    assert!(memory.is_empty(), "it was computed");
}

#[tokio::test]
async fn many_are_hashed_one_after_the_other_in_the_same_memory() {
    let hasher = Hasher::new();
    let attempt = Attempt::new("password");
    let reference = stored(REFERENCE);
    let verified =
        join_all((0..MAX_WAITING).map(|_| hasher.verify(&attempt, Some(&reference)))).await;
    for verified in verified {
        assert!(verified.unwrap());
    }
    assert_eq!(hasher.memory.lock().await.len(), 256);
}

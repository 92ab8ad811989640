//! Slow hashes of passwords: Argon2id (RFC 9106), with one of the settings that OWASP's Password Storage Cheat Sheet has.
//!
//! One is computed at a time, in one piece of memory that is kept: 7 MB, from the first sign-in on. It is not freed
//! between two hashes, since glibc 2.36 does not find it again: the next aligned piece is taken from the system, and after
//! ten hashes the process has 70 MB more.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::domain::{Attempt, Password, PasswordHash};

/// Memory of a hash, in KiB.
const MEMORY: u32 = 7168;
/// Passes over the memory.
const PASSES: u32 = 5;
/// Lanes, which nothing here computes in parallel.
const LANES: u32 = 1;
/// A salt, in bytes: RFC 9106, section 3.1.
const SALT: usize = 16;
/// A hash, in bytes.
const OUTPUT: usize = 32;

/// Most memory that a stored hash may ask for, in KiB. The whole container has 64 MB.
const MAX_MEMORY: u32 = 19 * 1024;
/// Most passes that a stored hash may ask for.
const MAX_PASSES: u32 = 10;

/// Hashes that may wait for the one that is computed.
const MAX_WAITING: usize = 16;
/// How long each may wait.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Why there is no answer about a password.
#[derive(Debug, Error)]
pub enum HashingError {
    /// As many hashes wait as may, or this one has waited for its turn for as long as it may: try again in some seconds.
    #[error("too many passwords are waiting to be hashed")]
    Crowded,
    /// It could not be computed.
    #[error("cannot hash a password: {0}")]
    Failed(#[from] HashingFailure),
}

/// Why a hash cannot be computed.
#[derive(Debug, Error)]
pub enum HashingFailure {
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The thread ended early.
    #[error("it was interrupted")]
    Interrupted,
    /// The system has no memory left.
    #[error("there is no memory for it")]
    OutOfMemory,
    /// What is stored is no Argon2 hash in the PHC string format.
    #[error("the stored hash cannot be read")]
    Unreadable,
    /// What is stored takes more than is given.
    #[error(
        "the stored hash takes {memory} KiB and {passes} passes, of {MAX_MEMORY} KiB and {MAX_PASSES} at the most"
    )]
    Expensive {
        /// Memory in KiB.
        memory: u32,
        /// Passes over it.
        passes: u32,
    },
    /// What the computation says.
    #[error(transparent)]
    Argon2(#[from] argon2::Error),
}

impl PasswordHash {
    /// Whether a hash made today would have another algorithm or other costs. Make it anew when the password is at hand.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        let Ok(stored) = Stored::read(self) else {
            return true;
        };
        let params = &stored.params;
        stored.algorithm != Algorithm::Argon2id
            || stored.version != Version::V0x13
            || (params.m_cost(), params.t_cost(), params.p_cost()) != (MEMORY, PASSES, LANES)
            || !params.keyid().is_empty()
            || !params.data().is_empty()
            || (stored.salt.len(), stored.output.len()) != (SALT, OUTPUT)
    }
}

/// The parts of a stored hash.
struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: phc::Salt,
    output: phc::Output,
}

impl Stored {
    fn read(hash: &PasswordHash) -> Result<Self, HashingFailure> {
        let read = || {
            let hash = phc::PasswordHash::new(hash.as_str()).ok()?;
            let version = hash.version.map(Version::try_from);
            Some(Self {
                algorithm: Algorithm::new(hash.algorithm).ok()?,
                // RFC 9106's predecessor wrote none.
                version: version.unwrap_or(Ok(Version::V0x10)).ok()?,
                params: Params::try_from(&hash).ok()?,
                salt: hash.salt?,
                output: hash.hash?,
            })
        };
        read().ok_or(HashingFailure::Unreadable)
    }

    /// # Errors
    /// [`HashingFailure::Expensive`]
    fn affordable(self) -> Result<Self, HashingFailure> {
        let (memory, passes) = (self.params.m_cost(), self.params.t_cost());
        if memory > MAX_MEMORY || passes > MAX_PASSES {
            return Err(HashingFailure::Expensive { memory, passes });
        }
        Ok(self)
    }

    fn matches(&self, text: &str, memory: &mut Vec<Block>) -> Result<bool, HashingFailure> {
        let mut output = vec![0; self.output.len()];
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        compute(&argon2, text, self.salt.as_ref(), &mut output, memory)?;
        // In constant time.
        Ok(phc::Output::new(&output).is_ok_and(|output| output == self.output))
    }
}

/// What is computed for new passwords.
fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    let params = Params::new(MEMORY, PASSES, LANES, Some(OUTPUT))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Takes more memory where there is too little. A stored hash of other costs leaves more of it behind than is needed
/// later, which is made up for when that hash is made anew.
fn compute(
    argon2: &Argon2<'_>,
    text: &str,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Vec<Block>,
) -> Result<(), HashingFailure> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        *memory = Vec::new();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| HashingFailure::OutOfMemory)?;
        memory.resize(blocks, Block::new());
    }
    argon2.hash_password_into_with_memory(text.as_bytes(), salt, output, &mut memory[..blocks])?;
    Ok(())
}

fn new_hash(text: &str, memory: &mut Vec<Block>) -> Result<PasswordHash, HashingFailure> {
    let (argon2, salt) = (argon2()?, rand::random::<[u8; SALT]>());
    let mut output = [0; OUTPUT];
    compute(&argon2, text, &salt, &mut output, memory)?;
    let made = || {
        Some(phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: argon2.params().try_into().ok()?,
            salt: Some(phc::Salt::new(&salt).ok()?),
            hash: Some(phc::Output::new(&output).ok()?),
        })
    };
    let made = made().ok_or(HashingFailure::Unreadable)?;
    Ok(PasswordHash::new(made.to_string()))
}

/// Hashes passwords, one after the other in the order they came. Clones share the queue.
#[derive(Clone)]
pub struct Hasher {
    /// Whoever has it computes.
    memory: Arc<Mutex<Vec<Block>>>,
    places: Arc<Semaphore>,
}

impl Hasher {
    /// Nothing waits, and no memory is taken.
    #[must_use]
    pub fn new() -> Self {
        Self {
            memory: Arc::default(),
            places: Arc::new(Semaphore::new(MAX_WAITING)),
        }
    }

    /// Makes what is to be stored of a new password, with a salt of its own.
    ///
    /// Where nobody waits for the answer any more, it is not computed, unless that has begun.
    ///
    /// # Errors
    /// [`HashingError`]
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let text = password.secret().clone();
        self.in_turn(move |memory| new_hash(&text, memory)).await
    }

    /// Whether this is the password that was hashed. With no `hash`, of a name that nobody has, as much is computed, and
    /// the answer is no.
    ///
    /// Where nobody waits for the answer any more, it is not computed, unless that has begun.
    ///
    /// # Errors
    /// [`HashingError`]
    pub async fn verify(
        &self,
        attempt: &Attempt,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, HashingError> {
        let stored = hash.map(|hash| Stored::read(hash)?.affordable());
        let stored = stored.transpose()?;
        let text = attempt.secret().cloned();
        self.in_turn(move |memory| {
            let is_too_long = text.is_none();
            let text = text.unwrap_or_else(|| Zeroizing::new(String::new()));
            let is_it = match stored {
                Some(stored) => stored.matches(&text, memory)?,
                None => new_hash(&text, memory).map(|_| false)?,
            };
            Ok(is_it && !is_too_long)
        })
        .await
    }

    /// Computes on a thread of its own. Blocking threads of the runtime are of no use here: each worker has its own, and
    /// where the system has no thread left, asking for one panics.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, HashingFailure> + Send + 'static,
    ) -> Result<T, HashingError> {
        let mut memory = self.turn().await?;
        let (reply, answer) = oneshot::channel();
        thread::Builder::new()
            .name("password-hash".to_owned())
            .spawn(move || {
                let outcome = work(&mut memory);
                // The next one's turn begins before this one is answered.
                drop(memory);
                let _ = reply.send(outcome);
            })
            .map_err(HashingFailure::Thread)?;
        let outcome = answer.await;
        Ok(outcome.unwrap_or(Err(HashingFailure::Interrupted))?)
    }

    async fn turn(&self) -> Result<OwnedMutexGuard<Vec<Block>>, HashingError> {
        let place = self.places.try_acquire();
        let _place = place.map_err(|_| HashingError::Crowded)?;
        let memory = Arc::clone(&self.memory).lock_owned();
        let memory = timeout(MAX_WAIT, memory).await;
        memory.map_err(|_| HashingError::Crowded)
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;

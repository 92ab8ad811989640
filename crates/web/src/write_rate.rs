//! How many changes one address may make: so many a second, and those of ten seconds at once.
//!
//! Far more than people do, and far less than a program that fills the disk. Who has many addresses is not stopped by it.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::error::WebError;
use crate::process::client::Client;
use crate::process::connection::network_of;
use crate::process::networks::Networks;
use crate::process::refusal::refuse;

/// `WRITE_RATE`: changes a second that one address may make.
pub const WRITE_RATE: &str = "WRITE_RATE";
/// `WRITE_RATE_EXEMPT`: who may make any number of them.
pub const WRITE_RATE_EXEMPT: &str = "WRITE_RATE_EXEMPT";
/// What `WRITE_RATE` must be.
pub const EXPECTED: &str = "a number of changes a second from 1 to 10000, or off";

/// What is left, and what there is: draft-ietf-httpapi-ratelimit-headers-10.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// See [`RATE_LIMIT`].
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The time after which an address that has used up everything may make as many changes as one that has made none.
const WINDOW: u32 = 10;
/// So many addresses are remembered, in about a megabyte. One more is not limited.
const MAX_ADDRESSES: usize = 16 * 1024;
/// How often those are forgotten that may make all changes again, where so many are remembered.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Changes a second; none is any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteRate(Option<NonZeroU32>);

impl WriteRate {
    /// Any number.
    pub const OFF: Self = Self(None);

    /// Reads [`EXPECTED`].
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        if value == "off" {
            return Some(Self::OFF);
        }
        let rate: NonZeroU32 = value.parse().ok()?;
        (rate.get() <= 10_000).then_some(Self(Some(rate)))
    }
}

type Limiter =
    RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// Counts the changes of each address.
pub struct WriteLimit {
    limited: Option<Limited>,
    exempt: Networks,
}

struct Limited {
    rate: NonZeroU32,
    most: NonZeroU32,
    limiter: Limiter,
    clock: DefaultClock,
    forgotten: Mutex<Instant>,
}

/// What an address may still do.
#[derive(Debug, PartialEq, Eq)]
struct Allowance {
    /// Changes a second.
    rate: u32,
    /// Changes at once at the most.
    most: u32,
    /// Of these, what is left.
    left: u32,
    /// Seconds until there is one again, where none is left.
    wait: Option<u64>,
}

impl WriteLimit {
    /// Nobody has made a change yet.
    #[must_use]
    pub fn new(WriteRate(rate): WriteRate, exempt: Networks) -> Self {
        let limited = rate.map(|rate| {
            let most = rate.saturating_mul(NonZeroU32::MIN.saturating_add(WINDOW - 1));
            let quota = Quota::per_second(rate).allow_burst(most);
            Limited {
                rate,
                most,
                limiter: RateLimiter::hashmap(quota).with_middleware(),
                clock: DefaultClock::default(),
                forgotten: Mutex::new(Instant::now()),
            }
        });
        Self { limited, exempt }
    }

    /// One more change of `address`. None where it is not counted.
    fn take(&self, address: IpAddr) -> Option<Allowance> {
        let limited = self.limited.as_ref()?;
        if self.exempt.contains(address) || limited.is_full() {
            return None;
        }
        let Limited { rate, most, .. } = limited;
        let taken = limited.limiter.check_key(&network_of(address));
        let (left, wait) = match taken {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(limited.clock.now());
                (0, Some(wait.as_secs_f64().ceil().max(1.0) as u64))
            }
        };
        Some(Allowance {
            rate: rate.get(),
            most: most.get(),
            left,
            wait,
        })
    }
}

impl Limited {
    /// Whether no more addresses can be remembered.
    fn is_full(&self) -> bool {
        if self.limiter.len() < MAX_ADDRESSES {
            return false;
        }
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if forgotten.elapsed() >= FORGET_EVERY {
            *forgotten = Instant::now();
            self.limiter.retain_recent();
        }
        self.limiter.len() >= MAX_ADDRESSES
    }
}

impl Allowance {
    fn add_to(&self, headers: &mut HeaderMap) {
        let Self {
            rate, most, left, ..
        } = self;
        let until_all = (most - left).div_ceil(*rate);
        let texts = [
            (RATE_LIMIT_POLICY, format!("\"writes\";q={most};w={WINDOW}")),
            (RATE_LIMIT, format!("\"writes\";r={left};t={until_all}")),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
        if let Some(wait) = self.wait {
            headers.insert(RETRY_AFTER, wait.into());
        }
    }
}

/// Middleware: refuses a change of an address that has made too many, and tells all others what is left.
///
/// # Errors
/// Those of the handlers.
pub async fn limit_writes(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let allowance = allowance(&request);
    let mut response = match &allowance {
        Some(Allowance {
            wait: Some(seconds),
            ..
        }) => {
            let error = WebError::TooManyChanges { seconds: *seconds };
            refuse(request, error).map_into_right_body()
        }
        Some(_) | None => next.call(request).await?.map_into_left_body(),
    };
    if let Some(allowance) = allowance {
        allowance.add_to(response.headers_mut());
    }
    Ok(response)
}

fn allowance(request: &ServiceRequest) -> Option<Allowance> {
    if request.method().is_safe() {
        return None;
    }
    let limit = request.app_data::<web::Data<WriteLimit>>()?;
    // One that is gone already counts with all others that are.
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let client = Client::of(request.request());
    limit.take(client.address.unwrap_or(unknown))
}

#[cfg(test)]
mod tests;

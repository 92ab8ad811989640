//! Lists of networks, as variables of the environment have them.

use std::env::VarError;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::process::environment::{ConfigError, Environment};

/// `TRUSTED_PROXIES`: the proxies that are believed what they say of a request's client.
pub const TRUSTED_PROXIES: &str = "TRUSTED_PROXIES";

/// What such a variable must be.
pub const EXPECTED: &str = "addresses or networks separated by commas, such as 10.0.0.0/8,::1";

/// Networks and single addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads the variable `name`, whose default is nobody.
    ///
    /// # Errors
    /// When it is set to anything but addresses and networks.
    pub fn from_environment<F>(
        environment: &Environment<F>,
        name: &'static str,
    ) -> Result<Self, ConfigError>
    where
        F: Fn(&'static str) -> Result<String, VarError>,
    {
        let networks = environment.parse_optional(name, EXPECTED, Self::parse)?;
        Ok(networks.unwrap_or_default())
    }

    /// Whether one of the networks has this address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Reads networks (`10.0.0.0/8`) and addresses (`::1`), separated by commas.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let networks = value.split(',').map(|network| {
            let network = network.trim();
            let single = || network.parse::<IpAddr>().ok().map(IpNet::from);
            network.parse().ok().or_else(single)
        });
        networks.collect::<Option<_>>().map(Self)
    }
}
